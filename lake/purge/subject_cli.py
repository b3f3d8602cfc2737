"""`hub subject find`: where rows of one person stand. The identifier is never an argument."""

import os
import sys
from typing import TYPE_CHECKING

import click

from catalogs.people.as_option import as_option
from catalogs.values.words import DeliveryState
from infra.console import emit, help_text, json_option, progress, table
from infra.language import Text

if TYPE_CHECKING:
    from lake.purge.subject import Found

_LONGEST = 1000  # characters of standard input


@click.group(help=help_text("办理个人的查阅、复制、更正、删除请求", "For a person's request on data about them."))
def subject() -> None:
    """Hold the commands on persons together."""


@subject.command(
    help=help_text(
        "查找某人的数据在哪些数据集、哪些批次中，只列数量。标识（如身份证号）从标准输入读取一行，或在终端输入，不作为参数。",
        "Find in which datasets and deliveries rows of a person stand; counts alone. The identifier is one line of "
        "standard input, or asked for on a terminal; it is never an argument.",
    )
)
@click.option(
    "--purpose", help=help_text("办理目的：本人职责之一，如 review", "why: one of your duties, such as review")
)
@click.option("--dataset", help=help_text("只查一个数据集", "in one dataset alone"))
@as_option
@json_option
def find(purpose: str | None, dataset: str | None, as_: str | None) -> None:
    """Search and print counts."""
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.purge.subject import find as seek
    from lake.purge.subject import may_seek

    with open_ground(os.environ) as ground:
        someone = current(ground, as_)
        may_seek(someone, purpose)  # before anybody types what identifies a person
        value = _identifier()
        with progress(help_text("查找", "searching")):
            found = seek(ground, someone, value, purpose, dataset)
        emit(ground, found, lambda _: _lines(found, ground.lang))


def _identifier() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt(
            help_text("个人标识（不显示）", "the identifier (not shown)"), hide_input=True, err=True
        )
        return asked
    return sys.stdin.read(_LONGEST).removesuffix("\n").removesuffix("\r")


def _lines(found: "Found", lang: str) -> list[str]:
    said = []
    if found.standings:
        names = [
            Text(*pair).say(lang)
            for pair in (
                ("数据集", "dataset"), ("批次", "delivery"), ("状态", "state"), ("现行行数", "rows"),
                ("问题数据", "quarantined"), ("旧版本", "older versions"),
            )
        ]  # fmt: skip
        yes = Text("有", "yes").say(lang)
        rows = [
            (
                one.dataset, one.delivery, DeliveryState.said(one.state).say(lang), one.rows, one.quarantined,
                yes if one.older else "",
            )
            for one in found.standings
        ]  # fmt: skip
        said.append(table(rows, names))
    else:
        said.append(Text("没有找到", "nothing found").say(lang))
    said.append(
        Text(
            f"已查 {len(found.searched)} 个数据集，存证 #{found.ledger.number}",
            f"datasets searched: {len(found.searched)}; ledger entry {found.ledger.number}",
        ).say(lang)
    )
    if found.left_out:
        names_of = ", ".join(found.left_out)
        said.append(
            Text(f"未查（没有个人标识项）：{names_of}", f"not searched, no identifying column: {names_of}").say(lang)
        )
    for dataset, count in found.unread.items():
        said.append(
            Text(
                f"未查：{dataset} 有 {count} 个批次原文封存、未能读取",
                f"not searched: {count} deliveries of {dataset} are kept as they came and were not read",
            ).say(lang)
        )
    if found.standings:
        said.append(
            Text(
                "删除请求：hub purge propose 批次 --basis … --reason …",
                "for an erasure: hub purge propose DELIVERY --basis … --reason …",
            ).say(lang)
        )
    return said
