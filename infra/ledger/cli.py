"""`hub ledger verify`: whether what was recorded still is what it was. It shows no content, so it asks for nobody.

The ledger's other commands may show contents, and so must ask the register who reads: they stand in
`catalogs.ledger_cli`, which mounts this one beside them.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra.console import emit, help_text, json_option, progress
from infra.language import Text, language
from infra.ledger.shown import growth_lines, receipt_lines, report_lines

if TYPE_CHECKING:
    from infra.ground import Ground
    from infra.ledger.growth import Head
    from infra.ledger.note import Verifier
    from infra.ledger.receipt import Receipt
    from infra.ledger.report import Report

_MAX_PROOF_BYTES = 8 << 20


@contextlib.contextmanager
def existing_log() -> "Iterator[Ground]":
    """The ground of a log that exists: looking for a log in the wrong place must not make an empty one."""
    from infra.ground import open_ground

    with open_ground() as ground:
        _ = ground.keys  # says HOME_MISSING
        ground.prepare()
        yield ground


@click.command(
    help=help_text(
        "重新计算全部存证；或离线验证存证包、回执、一致性证明。",
        "Recompute the whole log; or check a bundle, a receipt or a consistency proof, offline.",
    )
)
@click.option("--bundle", type=click.Path(path_type=Path), help=help_text("存证包", "a bundle: ZIP or folder"))
@click.option("--receipt", type=click.Path(path_type=Path), help=help_text("存证回执（JSON）", "a receipt (JSON)"))
@click.option(
    "--consistency",
    type=click.Path(path_type=Path),
    help=help_text("一致性证明（JSON）", "a consistency proof (JSON)"),
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    help=help_text("可信公钥（名称+编号+base64），可多次", "a trusted key (name+id+base64), repeatable"),
)
@json_option
def verify(bundle: Path | None, receipt: Path | None, consistency: Path | None, keys: tuple[str, ...]) -> int:
    """Check the log, a bundle, a receipt or a consistency proof; exit 1 when anything does not fit."""
    from infra.errors import WrongUse

    if sum(path is not None for path in (bundle, receipt, consistency)) > 1:
        raise WrongUse(
            "USAGE",
            "--bundle、--receipt、--consistency 只能给一个",
            "give one of --bundle, --receipt and --consistency",
        )
    trusted = [_key(text) for text in keys] or None
    if receipt is not None:
        return _verify_receipt(receipt, trusted)
    if consistency is not None:
        return _verify_growth(consistency, trusted)
    with progress(Text("重新计算存证", "recomputing the ledger").say(language(os.environ))):
        report = _report(bundle, trusted)
    lang = language(os.environ)
    emit(None, report.as_dict(lang), lambda _: report_lines(report, lang))
    return 0 if report.ok else 1


def _report(bundle: Path | None, trusted: "list[Verifier] | None") -> "Report":
    if bundle is not None:
        from infra.ledger.bundle_check import verify_bundle

        return verify_bundle(bundle, trusted)
    with existing_log() as ground:
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
    receipt = _receipt(path)
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


def _receipt(path: Path) -> "Receipt":
    from infra.ledger.receipt import Receipt

    return Receipt.from_dict(_read_proof(path, "LEDGER_RECEIPT"))


def _verify_growth(path: Path, trusted: "list[Verifier] | None") -> int:
    from infra.ledger.growth import Growth

    growth = Growth.from_dict(_read_proof(path, "LEDGER_CONSISTENCY"))
    origin = growth.verify(trusted or ())
    value = {
        "ok": True,
        "origin": origin,
        "old": _head(growth.old),
        "new": _head(growth.new),
        "trusted": True if trusted else None,
    }
    lang = language(os.environ)
    emit(None, value, lambda _: growth_lines(value, lang))
    return 0


def _head(head: "Head") -> dict[str, Any]:
    signed = head.checkpoint is not None
    return {"size": head.size, "root": head.root.hex(), "signed": signed, "key": head.verifier}


def _read_proof(path: Path, code: str) -> dict[str, Any]:
    """The JSON object in a file that somebody handed on; not yet believed to be anything."""
    from infra.errors import Refused, Unavailable

    try:
        if path.stat().st_size > _MAX_PROOF_BYTES:
            raise Refused(code, "证明文件过大", "the file is too large for a proof")
        given = json.loads(path.read_bytes())
    except OSError as error:
        raise Unavailable(f"{code}_READ", f"无法读取 {path.name}", f"{path.name} cannot be read") from error
    except (ValueError, RecursionError) as error:
        raise Refused(code, "证明文件不是 JSON", "the file is no JSON") from error
    return given if isinstance(given, dict) else {}
