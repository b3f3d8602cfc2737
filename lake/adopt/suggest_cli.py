"""`hub catalog suggest`: what a file shows of its items' classes, roles and grades, for the officer to decide."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, progress, table, wants_json
from infra.language import Text

if TYPE_CHECKING:
    from catalogs.rules.grading import Trigger
    from catalogs.values.model import Grade, Resource
    from infra.ground import Ground
    from lake.adopt.suggest import Suggestion


@click.command(
    short_help=help_text("由文件提出分类、标识和分级建议", "Propose classes, roles and grades from files."),
    help=help_text(
        "由文件推断各数据项的个人信息类别、标识角色和分级，逐项给出依据和把握，供填报员决定："
        "在终端上逐项询问，或用 --accept 指明；没有采纳的什么都不改。",
        "Suggest from FILES, which are one delivery, each item's personal class, identifier role and grade, with "
        "evidence and how sure it is. On a terminal each is asked about, elsewhere --accept names them; what is taken "
        "is saved as a draft of the entry, and nothing else is changed.",
    ),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dataset", required=True, metavar="ID", help=help_text("数据集：单位.领域.名称", "unit.domain.name"))
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    help=help_text("采纳的数据项，可多次；all 为全部", "an item to accept; or all"),
)
@click.option(
    "--yes",
    "sure",
    is_flag=True,
    help=help_text("不涉及个人信息的不再询问；个人信息类别仍逐项确认", "take what is no personal class without asking"),
)
@as_option
@json_option
def suggest(files: tuple[Path, ...], dataset: str, accepted: tuple[str, ...], sure: bool, as_: str | None) -> None:
    """Look, show, ask on a terminal, and save what was accepted."""
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.adopt.adopt import Wishes, propose
    from lake.adopt.suggest import accept, entry, overall, raised, suggestions

    with open_ground(os.environ) as ground:
        someone = current(ground, as_)
        with progress(help_text("查看文件", "looking at the file")):
            found = suggestions(propose(ground, files, dataset, Wishes()).draft)
        known = entry(ground, dataset)
        doubts = raised(known[0], found) if known else ()
        edited: Mapping[str, Suggestion] = {}
        if known is not None and not accepted:
            edited = _decided(ground, known[0], found, sure=sure)
            accepted = tuple(edited)
        saved = accept(ground, dataset, found, accepted, someone, edited) if accepted else None
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


def on_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and not wants_json()


def _decided(
    ground: "Ground", known: "Resource", found: "tuple[Suggestion, ...]", *, sure: bool
) -> "Mapping[str, Suggestion]":
    """What a person on a terminal takes, item by item; elsewhere, with `sure`, what is no personal class."""
    from catalogs.own_city import own_city
    from catalogs.personal.read_personal import personal_rules
    from lake.adopt.suggest_ask import ask, open_questions

    if not on_terminal():
        waiting = open_questions(known, found) if sure else []
        return {one.item: one for one in waiting if one.personal is None}
    return ask(known, found, ground.lang, personal_rules(own_city(ground)).edition, sure=sure)


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
