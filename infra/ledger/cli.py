"""`hub ledger show|verify|prove|export`: what was recorded, whether it still is what it was, and how to prove it."""

import contextlib
import getpass
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.console import emit, help_text, json_option, json_text, progress
from infra.language import Text, language
from infra.ledger.shown import entry_fields, entry_lines, export_lines, receipt_lines, report_lines

if TYPE_CHECKING:
    from infra.ground import Ground
    from infra.ledger.note import Verifier
    from infra.ledger.receipt import Receipt
    from infra.ledger.report import Report
    from infra.ledger.store import StoredEntry

_MAX_SHOWN = 1000
_MAX_RECEIPT_BYTES = 8 << 20


@click.group(
    help=help_text(
        "存证账本：查看、验证、证明、导出。", "The ledger: what was recorded, and the proof that it still is."
    )
)
def ledger() -> None:
    """Hold the ledger's commands."""


@contextlib.contextmanager
def _ground() -> "Iterator[Ground]":
    """The ground of a log that exists: looking for a log in the wrong place must not make an empty one."""
    from infra.ground import open_ground

    with open_ground() as ground:
        _ = ground.keys  # says HOME_MISSING
        ground.prepare()
        yield ground


@ledger.command(help=help_text("列出最新的存证，或显示一条。", "List the newest entries, or show one."))
@click.argument("number", type=click.IntRange(1), required=False)
@click.option(
    "--count", type=click.IntRange(1, _MAX_SHOWN), default=20, show_default=True, help=help_text("条数", "how many")
)
@click.option("--before", type=click.IntRange(1), help=help_text("只列编号更小的", "only numbers below this"))
@click.option(
    "--content",
    is_flag=True,
    help=help_text("连同内容显示；此次读取记入存证", "show contents too; the reading is recorded"),
)
@json_option
def show(number: int | None, count: int, before: int | None, content: bool) -> None:
    """Print entries, newest first."""
    from infra.ledger.log import unknown_entry

    with _ground() as ground:
        first = before if number is None else number + 1
        found = ground.ledger.entries(before=first, count=count if number is None else 1)
        if number is not None and [row.number for row in found] != [number]:
            raise unknown_entry(number)
        if content:
            _record_reading(ground, found)
        value = {"entries": [entry_fields(row, content=content) for row in found]}
        emit(ground, value, lambda shown: entry_lines(shown["entries"], ground.lang))


def _record_reading(ground: "Ground", rows: "Sequence[StoredEntry]") -> None:
    from infra.ledger.acts import Act
    from infra.ledger.entry import NewEntry

    read = [row.number for row in rows]
    ground.ledger.append([NewEntry(Act.LEDGER_CONTENT_READ, _local_user(), "infra.ledger", {"numbers": read})])


def _local_user() -> str:
    return f"local:{getpass.getuser()}"


@ledger.command(
    help=help_text(
        "重新计算全部存证；或离线验证存证包、回执。",
        "Recompute the whole log; or check a bundle or a receipt, offline.",
    )
)
@click.option("--bundle", type=click.Path(path_type=Path), help=help_text("存证包", "a bundle: ZIP or folder"))
@click.option("--receipt", type=click.Path(path_type=Path), help=help_text("存证回执（JSON）", "a receipt (JSON)"))
@click.option(
    "--key",
    "keys",
    multiple=True,
    help=help_text("可信公钥（名称+编号+base64），可多次", "a trusted key (name+id+base64), repeatable"),
)
@json_option
def verify(bundle: Path | None, receipt: Path | None, keys: tuple[str, ...]) -> int:
    """Check the log, a bundle or a receipt; exit 1 when anything does not fit."""
    from infra.errors import WrongUse

    if bundle is not None and receipt is not None:
        raise WrongUse("USAGE", "--bundle 与 --receipt 只能给一个", "give --bundle or --receipt, not both")
    trusted = [_key(text) for text in keys] or None
    if receipt is not None:
        return _verify_receipt(receipt, trusted)
    with progress(Text("重新计算存证", "recomputing the ledger").say(language(os.environ))):
        report = _report(bundle, trusted)
    lang = language(os.environ)
    emit(None, report.as_dict(lang), lambda _: report_lines(report, lang))
    return 0 if report.ok else 1


def _report(bundle: Path | None, trusted: "list[Verifier] | None") -> "Report":
    if bundle is not None:
        from infra.ledger.bundle_check import verify_bundle

        return verify_bundle(bundle, trusted)
    with _ground() as ground:
        return ground.ledger.verify(trusted)


def _key(text: str) -> "Verifier":
    from infra.errors import WrongUse
    from infra.ledger.note import NoteFault, Verifier

    try:
        return Verifier.parse(text)
    except NoteFault as fault:
        raise WrongUse(
            "LEDGER_KEY",
            "--key 不是存证公钥（形如 cityhub/zhengzhou+1a2b3c4d+AY…）",
            "--key is no key of a ledger, which looks like cityhub/zhengzhou+1a2b3c4d+AY…",
        ) from fault


def _verify_receipt(path: Path, trusted: "list[Verifier] | None") -> int:
    receipt = _read_receipt(path)
    candidates = trusted or []
    key = next((key for key in candidates if str(key) == receipt.verifier), candidates[0] if candidates else None)
    checkpoint = receipt.verify(key)
    value = {
        "ok": True,
        "entry": dict(receipt.entry),
        "leaf_index": receipt.index,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "key": receipt.verifier,
        "trusted": None if key is None else True,
        "content_checked": receipt.content is not None,
    }
    lang = language(os.environ)
    emit(None, value, lambda _: receipt_lines(value, lang))
    return 0


def _read_receipt(path: Path) -> "Receipt":
    from infra.errors import Refused, Unavailable
    from infra.ledger.receipt import Receipt

    try:
        if path.stat().st_size > _MAX_RECEIPT_BYTES:
            raise Refused("LEDGER_RECEIPT", "回执过大", "the receipt is too large")
        given = json.loads(path.read_bytes())
    except OSError as error:
        raise Unavailable("LEDGER_RECEIPT_READ", f"无法读取 {path.name}", f"{path.name} cannot be read") from error
    except (ValueError, RecursionError) as error:
        raise Refused("LEDGER_RECEIPT", "回执不是 JSON", "the receipt is no JSON") from error
    return Receipt.from_dict(given if isinstance(given, dict) else {})


@ledger.command(help=help_text("给出一条存证的回执。", "The receipt of one entry."))
@click.argument("number", type=click.IntRange(1))
@click.option("--out", type=click.Path(path_type=Path), help=help_text("写入文件", "write it to a file"))
@click.option(
    "--content",
    is_flag=True,
    help=help_text("回执含内容；此次读取记入存证", "put the content into it; the reading is recorded"),
)
@json_option
def prove(number: int, out: Path | None, content: bool) -> None:
    """Print the receipt of an entry, or write it to a file."""
    with _ground() as ground:
        if content:
            _record_reading(ground, ground.ledger.entries(before=number + 1, count=1))
        receipt = ground.ledger.prove(number)
        value = (receipt if content else receipt.without_content()).as_dict()
        if out is not None:
            _write_new(out, json_text(value) + "\n")
        # For a person too the receipt is its JSON: that is what one keeps and hands on.
        said = (
            json_text(value) if out is None else Text(f"回执已写入 {out}", f"the receipt is in {out}").say(ground.lang)
        )
        emit(ground, value, lambda _: said)


def _write_new(path: Path, text: str) -> None:
    from infra.errors import Unavailable

    try:
        with path.open("x", encoding="utf-8") as target:
            target.write(text)
    except OSError as error:
        raise Unavailable(
            "LEDGER_EXPORT",
            f"无法写入 {path.name}，或文件已存在",
            f"{path.name} cannot be written, or exists already",
        ) from error


@ledger.command(help=help_text("导出可离线验证的存证包（.zip 或文件夹）。", "Export a bundle that verifies offline."))
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--no-contents",
    is_flag=True,
    help=help_text("不含内容：只含记录与证明", "withhold the contents: entries and proofs only"),
)
@json_option
def export(path: Path, no_contents: bool) -> None:
    """Write the bundle; the export is itself an act."""
    from infra.ledger.acts import Act
    from infra.ledger.entry import NewEntry

    with _ground() as ground, progress(Text("导出存证", "exporting the ledger").say(ground.lang)):
        act = NewEntry(Act.LEDGER_EXPORTED, _local_user(), "infra.ledger", {"contents": not no_contents})
        ground.ledger.append([act])
        written = ground.ledger.export(path, contents=not no_contents)
        emit(ground, written, lambda _: export_lines(written, ground.lang))
