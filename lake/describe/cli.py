"""`hub lake describe`: tell the metadata catalogue now what it was not told yet."""

import os
from typing import TYPE_CHECKING

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, progress
from infra.language import Text

if TYPE_CHECKING:
    from lake.describe.outbox import Drained, Standing

_PATIENCE = 30.0  # seconds for another sender to end


@click.command(
    help=help_text(
        "立即向元数据目录登记尚未登记的目录资源（没有数据的也登记，已撤销的移除）、批次和交付数据集。多次失败的间隔越来越长，十次后不再自动重试；"
        "--retry 立即全部重试。仍有未登记的，退出码为 1。",
        "Tell the metadata catalogue now which resources (without data too; the withdrawn are removed), "
        "deliveries and extracts it does not know yet. What failed is tried "
        "longer and longer apart, and not at all after ten times; --retry tries everything again. "
        "Exits 1 when something is left.",
    )
)
@click.option(
    "--retry", is_flag=True, help=help_text("已失败或已放弃的也立即重试", "what failed or was given up too, at once")
)
@as_option
@json_option
def describe(retry: bool, as_: str | None) -> int:
    """Drain the outbox and print what is told and what is left."""
    from catalogs.people.people import current, require
    from catalogs.values.model import Role
    from infra.ground import open_ground
    from lake.describe import outbox
    from lake.describe.register import enqueue

    with open_ground(os.environ) as ground, progress(help_text("登记元数据", "describing")):
        require(current(ground, as_), Role.ENGINEER)
        enqueue(ground)
        if retry:
            outbox.retry(ground)
        done = outbox.drain(ground, wait_seconds=_PATIENCE)
        left = outbox.standing(ground)
        value = {"told": done.sent, "failed": done.failed, "waiting": left.waiting, "given_up": left.given_up}
        emit(ground, {**value, "codes": left.codes}, lambda _: _lines(done, left, ground.lang))
    return 1 if left.waiting or left.given_up else 0


def _lines(done: "Drained", left: "Standing", lang: str) -> list[str]:
    counts = Text(
        f"登记 {done.sent}，失败 {done.failed}，等待 {left.waiting}，已放弃 {left.given_up}",
        f"{done.sent} told, {done.failed} failed, {left.waiting} waiting, {left.given_up} given up",
    )
    said = [counts.say(lang)]
    if left.codes:
        why = ", ".join(f"{code} {count}" for code, count in left.codes.items())
        said.append(Text(f"  原因：{why}", f"  because: {why}").say(lang))
    if left.waiting or left.given_up:
        see = Text(
            "  hub doctor 检查元数据目录；hub lake describe --retry 立即重试",
            "  hub doctor examines the catalogue; hub lake describe --retry tries again at once",
        )
        said.append(see.say(lang))
    return said
