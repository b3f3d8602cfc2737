"""`hub catalog suggest`: what a file shows of its items' classes, roles and grades, for the officer to decide."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalogs.as_option import as_option
from infra.console import emit, help_text, json_option, progress, table
from infra.language import Text

if TYPE_CHECKING:
    from catalogs.grading import Trigger
    from catalogs.model import Grade
    from lake.suggest import Suggestion


@click.command(
    help=help_text(
        "由文件推断各数据项的个人信息类别、标识角色和分级，逐项给出依据和把握，供填报员决定；"
        "不加 --accept 什么都不改。",
        "Suggest from FILES, which are one delivery, each item's personal class, identifier role and grade, with "
        "evidence and how sure it is. Nothing is changed without --accept, which saves a draft of the entry.",
    )
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dataset", required=True, metavar="ID", help=help_text("数据集：单位.领域.名称", "unit.domain.name"))
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    help=help_text("采纳的数据项，可多次；all 为全部", "an item to accept; or all"),
)
@as_option
@json_option
def suggest(files: tuple[Path, ...], dataset: str, accepted: tuple[str, ...], as_: str | None) -> None:
    """Look, show, and save what was accepted."""
    from catalogs.people import current
    from infra.ground import open_ground
    from lake.adopt import Wishes, propose
    from lake.suggest import accept, entry, overall, raised, suggestions

    with open_ground(os.environ) as ground:
        someone = current(ground, as_)
        with progress(help_text("查看文件", "looking at the file")):
            found = suggestions(propose(ground, files, dataset, Wishes()).draft)
        known = entry(ground, dataset)
        doubts = raised(known[0], found) if known else ()
        saved = accept(ground, dataset, found, accepted, someone) if accepted else None
        value = {
            "dataset": dataset,
            "grade": overall(found).id,
            "items": [one.plain() | {"evidence": {"zh": one.evidence.zh, "en": one.evidence.en}} for one in found],
            "triggers": [
                {"id": one.id, "raises": one.raises.id, "zh": one.text.zh, "en": one.text.en} for one in doubts
            ],
            "accepted": sorted(accepted),
            "revision": saved.revision if saved else None,
        }
        revision = saved.revision if saved else None
        emit(ground, value, lambda _: _lines(found, overall(found), doubts, revision, ground.lang))


def _lines(
    found: "tuple[Suggestion, ...]", grade: "Grade", doubts: "tuple[Trigger, ...]", revision: int | None, lang: str
) -> Iterator[str]:
    zh = ("数据项", "个人信息", "标识角色", "分级", "把握", "依据")
    en = ("item", "personal", "role", "grade", "sure", "evidence")
    rows = [
        (
            one.item,
            f"{one.personal.kind.text.say(lang)} ({one.personal.edition})" if one.personal else "",
            one.identifier.text.say(lang),
            one.grade.text.say(lang),
            f"{one.confidence:.2f}",
            one.evidence.say(lang),
        )
        for one in found
    ]
    yield table(rows, zh if lang == "zh" else en)
    said = Text(f"就高从严，资源分级建议：{grade.text.zh}", f"the highest counts, so for the resource: {grade.text.en}")
    yield said.say(lang)
    yield from (f"  {one.text.say(lang)} → {one.raises.text.say(lang)}" for one in doubts)
    if revision is None:
        yield Text("未改动；用 --accept 数据项 采纳", "nothing was changed: accept with --accept ITEM").say(lang)
    else:
        yield Text(f"已存为草稿第 {revision} 次修订", f"saved as revision {revision} of the draft").say(lang)
