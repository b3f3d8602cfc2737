"""`hub ledger show|verify|prove|export`: what was recorded, whether it still is what it was, and how to prove it.

Entries, proofs and checks tell who did what only to those who hold the keys of pseudonyms, and are open to whoever
holds the machine. Contents, and the log as a whole, are given to a person alone who may have them (`records.cedar`);
that person is the actor of the entry that the showing is.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, json_text, progress
from infra.language import Text
from infra.ledger.cli import existing_log, verify
from infra.ledger.shown import entry_fields, entry_lines, export_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.ground import Ground
    from infra.ledger.store import StoredEntry

_MAX_SHOWN = 1000


@click.group(
    help=help_text(
        "存证账本：查看、验证、证明、导出。", "The ledger: what was recorded, and the proof that it still is."
    )
)
def ledger() -> None:
    """Hold the ledger's commands."""


ledger.add_command(verify)


@ledger.command(help=help_text("列出最新的存证，或显示一条。", "List the newest entries, or show one."))
@click.argument("number", type=click.IntRange(1), required=False)
@click.option(
    "--count", type=click.IntRange(1, _MAX_SHOWN), default=20, show_default=True, help=help_text("条数", "how many")
)
@click.option("--before", type=click.IntRange(1), help=help_text("只列编号更小的", "only numbers below this"))
@click.option(
    "--content",
    is_flag=True,
    help=help_text(
        "连同内容显示（审计员、主管部门审核人）；此次读取记入存证",
        "show contents too (auditor, authority's reviewer); the reading is recorded",
    ),
)
@as_option
@json_option
def show(number: int | None, count: int, before: int | None, content: bool, as_: str | None) -> None:
    """Print entries, newest first."""
    with existing_log() as ground:
        if number is None:
            found: Sequence[StoredEntry] = ground.ledger.entries(before=before, count=count)
        else:
            found = [_entry(ground, number)]
        if content:
            _record_reading(ground, found, as_)
        value = {"entries": [entry_fields(row, content=content) for row in found]}
        emit(ground, value, lambda shown: entry_lines(shown["entries"], ground.lang))


def _entry(ground: "Ground", number: int) -> "StoredEntry":
    from infra.ledger.log import unknown_entry

    found = ground.ledger.entries(before=number + 1, count=1)
    if [row.number for row in found] != [number]:
        raise unknown_entry(number)
    return found[0]


def _record_reading(ground: "Ground", rows: "Sequence[StoredEntry]", as_: str | None) -> None:
    """Durable before a content is printed, under the name of who reads it."""
    from catalogs.people.asking import may
    from catalogs.permission.decide import LEDGER
    from infra.ledger.acts import Act
    from infra.ledger.entry import NewEntry

    reader = may(ground, "read_contents", LEDGER, as_)
    read = [row.number for row in rows]
    ground.ledger.append([NewEntry(Act.LEDGER_CONTENT_READ, reader.id, "infra.ledger", {"numbers": read})])


@ledger.command(
    help=help_text(
        "给出一条存证的回执；或用 --from 给出存证只增未改的一致性证明。",
        "The receipt of one entry; or with --from the proof that the log only grew since it had so many entries.",
    )
)
@click.argument("number", type=click.IntRange(1), required=False)
@click.option(
    "--from", "old", type=click.IntRange(0), help=help_text("较早的存证树大小", "the earlier size of the log")
)
@click.option(
    "--to",
    "new",
    type=click.IntRange(0),
    help=help_text("较新的大小，默认到最新", "the later size; the newest if omitted"),
)
@click.option("--out", type=click.Path(path_type=Path), help=help_text("写入文件", "write it to a file"))
@click.option(
    "--content",
    is_flag=True,
    help=help_text(
        "回执含内容（审计员、主管部门审核人）；此次读取记入存证",
        "put the content into it (auditor, authority's reviewer); the reading is recorded",
    ),
)
@as_option
@json_option
def prove(
    number: int | None, old: int | None, new: int | None, out: Path | None, content: bool, as_: str | None
) -> None:
    """Print the receipt of an entry or the proof of a growth, or write it to a file."""
    from infra.errors import WrongUse

    if (number is None) == (old is None) or (old is None and new is not None) or (old is not None and content):
        raise WrongUse(
            "USAGE",
            "给出一个编号，或用 --from 大小 [--to 大小]；--content 只用于编号",
            "give a number, or --from SIZE [--to SIZE]; --content goes with a number",
        )
    with existing_log() as ground:
        value = _receipt(ground, number, content, as_) if number else ground.ledger.consistency(old or 0, new).as_dict()
        if out is not None:
            _write_new(out, json_text(value) + "\n")
        # For a person too the proof is its JSON: that is what one keeps and hands on.
        said = json_text(value) if out is None else Text(f"证明已写入 {out}", f"the proof is in {out}").say(ground.lang)
        emit(ground, value, lambda _: said)


def _receipt(ground: "Ground", number: int, content: bool, as_: str | None) -> dict[str, Any]:
    if content:
        _record_reading(ground, [_entry(ground, number)], as_)
    receipt = ground.ledger.prove(number)
    return (receipt if content else receipt.without_content()).as_dict()


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


@ledger.command(
    help=help_text(
        "导出可离线验证的存证包（.zip 或文件夹）；须审计员或主管部门审核人。",
        "Export a bundle that verifies offline; for an auditor or the authority's reviewer.",
    )
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--no-contents",
    is_flag=True,
    help=help_text("不含内容：只含记录与证明", "withhold the contents: entries and proofs only"),
)
@as_option
@json_option
def export(path: Path, no_contents: bool, as_: str | None) -> None:
    """Write the bundle; the export is itself an act."""
    from catalogs.people.asking import may
    from catalogs.permission.decide import LEDGER
    from infra.ledger.acts import Act
    from infra.ledger.entry import NewEntry

    with existing_log() as ground, progress(Text("导出存证", "exporting the ledger").say(ground.lang)):
        someone = may(ground, "export_ledger", LEDGER, as_)
        act = NewEntry(Act.LEDGER_EXPORTED, someone.id, "infra.ledger", {"contents": not no_contents})
        ground.ledger.append([act])
        written = ground.ledger.export(path, contents=not no_contents)
        emit(ground, written, lambda _: export_lines(written, ground.lang))
