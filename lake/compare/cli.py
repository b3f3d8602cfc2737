"""`hub catalog compare`: where the register and the lake differ, since when, and whose turn it is."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, progress, table
from infra.language import Text
from infra.local_time import local_time

if TYPE_CHECKING:
    from lake.compare.reconcile import Latest
    from lake.compare.rules import Difference

_STATES = ("undelivered", "uncatalogued", "late", "drifted", "withdrawn_live")


@click.command(
    short_help=help_text("核对目录与数据是否一致", "Compare the register with the lake."),
    help=help_text(
        "核对目录与数据：已编目未归集、已报送未编目、逾期未更新、与数据项不一致、已撤销仍有数据。"
        "每日自动核对一次，此命令立即核对并保存结果。",
        "Compare the register with the lake now, and keep the result: catalogued but never delivered, delivered but "
        "not catalogued, late, drifted from the items, withdrawn with data. It is done daily by itself.",
    ),
)
@click.option("--unit", help=help_text("只看一个单位", "of one unit"))
@click.option("--state", type=click.Choice(_STATES), help=help_text("只看一种结果", "of one kind"))
@click.option(
    "--kept", is_flag=True, help=help_text("只显示上次的结果，不核对", "show the last result, compare nothing")
)
@as_option
@json_option
def compare(unit: str | None, state: str | None, kept: bool, as_: str | None) -> None:
    """Compare, keep, and print what is of the units that the reader may have described."""
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.arrival.doors import visible
    from lake.compare.reconcile import latest, reconcile
    from lake.compare.rules import State

    with open_ground(os.environ) as ground:
        someone = current(ground, as_)
        units = visible(ground, someone, unit)
        if not kept:
            with progress(help_text("核对", "comparing")):
                reconcile(ground, someone.id)
        states = [one for one in State if str(one) == state]
        found = latest(ground.engine, units & {unit} if unit else units, states=states)
        emit(ground, _plain(found), lambda _: _lines(found, ground.lang))


def _plain(found: "Latest") -> dict[str, Any]:
    return {
        "at": found.at,
        "resources": found.resources,
        "open_years": dict(found.open_years),
        "differences": [plain(one) for one in found.differences],
    }


def plain(one: "Difference") -> dict[str, Any]:
    """The shape of one difference in JSON."""
    from lake.compare.words import remedy, sentence

    said, todo = sentence(one), remedy(one)
    return {
        "subject": one.subject,
        "unit": one.unit,
        "department": one.department,
        "state": str(one.state),
        "since": one.since,
        "turn": str(one.turn),
        "said": {"zh": said.zh, "en": said.en},
        "remedy": {"zh": todo.zh, "en": todo.en},
        "detail": dict(one.detail),
    }


def _lines(found: "Latest", lang: str) -> Iterator[str]:
    from lake.compare.words import remedy, sentence

    if found.at is None:
        yield Text("还没有核对过，运行 hub catalog compare", "never compared: run `hub catalog compare`").say(lang)
        return
    at = local_time(found.at)
    if not found.differences:
        yield Text(f"{at} 核对：目录与数据一致", f"compared at {at}: register and lake agree").say(lang)
    else:
        zh = ("数据资源", "结果", "起始", "由谁办理", "部门")
        en = ("resource", "result", "since", "whose turn", "department")
        rows = [
            (
                one.subject,
                one.state.text.say(lang),
                local_time(one.since)[:10],
                one.turn.text.say(lang),
                one.department or one.unit,
            )
            for one in found.differences
        ]
        yield table(rows, zh if lang == "zh" else en)
        yield from (f"  {sentence(one).say(lang)}" for one in found.differences if one.state.value != "undelivered")
        for state in dict.fromkeys(one.state for one in found.differences):
            several = [one for one in found.differences if one.state is state]
            todo = remedy(several[0]).say(lang)
            yield Text(f"{state.text.zh} {len(several)} 项：{todo}", f"{state.text.en}, {len(several)}: {todo}").say(
                lang
            )
    for year, count in found.open_years.items():
        yield Text(
            f"缺 {year} 年工作日表，{count} 项资源暂不判定是否逾期",
            f"there is no working-day table of {year}: of {count} resources it stays open whether they are late",
        ).say(lang)
