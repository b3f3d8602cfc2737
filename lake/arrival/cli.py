"""`hub arrival list|scan|pull|serve`: what came by which door, what waits at one and why; and taking it now."""

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from catalogs.people.as_option import as_option
from catalogs.values.words import DeliveryState
from infra.console import emit, help_text, json_option, progress, table
from infra.language import Text
from infra.local_time import local_time
from lake.arrival.push_cli import serve

if TYPE_CHECKING:
    from lake.arrival.doors import Taken

DOORS = {
    "command": Text("命令", "command"),
    "folder": Text("目录", "folder"),
    "s3": Text("对象存储", "bucket"),
    "push": Text("推送", "push"),
    "pull": Text("数据库", "database"),
}


@click.group(help=help_text("报送：经何种渠道到达、在等什么、立即接收。", "What came, what waits, and why."))
def arrival() -> None:
    """Hold the commands on doors together."""


arrival.add_command(serve)


@arrival.command(
    "list",
    help=help_text(
        "已到达的批次，及各渠道在等待的文件和上次查看的时间。",
        "What came, newest first; what waits, and how long ago each door was looked at.",
    ),
)
@click.option("--unit", help=help_text("只看一个单位", "of one unit"))
@click.option("--waiting", is_flag=True, help=help_text("只看等待接收的", "only what is not taken yet"))
@click.option("--refused", is_flag=True, help=help_text("只看未受理的", "only what was refused"))
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help=help_text("最多条数", "at most")
)
@as_option
@json_option
def list_(unit: str | None, waiting: bool, refused: bool, limit: int, as_: str | None) -> None:
    """Print what came and what waits."""
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.arrival.doors import came, looked, waits

    with open_ground(os.environ) as ground:
        who, lang = current(ground, as_), ground.lang
        ahead = waits(ground, who, unit=unit, refused=refused)
        behind = [] if waiting else came(ground, who, unit=unit, refused=refused, limit=limit)
        at, now = looked(ground, who, unit=unit), ground.now()
        value = {"deliveries": behind, "waiting": ahead, "looked_at": at}
        emit(ground, value, lambda _: _came(behind, lang) + _waits(ahead, at, now, lang))


def _came(behind: list[dict[str, Any]], lang: str) -> list[str]:
    said = []
    if behind:
        zh = ("到达", "渠道", "单位", "数据集", "批次", "状态")
        en = ("arrived", "door", "unit", "dataset", "delivery", "state")
        rows = [
            (
                local_time(one["arrived_at"]),
                DOORS[one["door"]].say(lang) if one["door"] in DOORS else one["door"],
                one["unit"],
                one["dataset"] or one["file"] or "…",
                one["delivery"],
                DeliveryState.said(one["state"]).say(lang),
            )
            for one in behind
        ]
        said.append(table(rows, zh if lang == "zh" else en))
        said += [f"  {one['delivery']}  {one['code']}: {one['reason'][lang]}" for one in behind if one["code"]]
    return said


def _waits(ahead: list[dict[str, Any]], at: datetime | None, now: datetime, lang: str) -> list[str]:
    said = []
    for one in ahead:
        door = DOORS[one["door"]].say(lang)
        reason = f"{one['code']}: {one['reason'][lang]}" if one["code"] else one["reason"][lang]
        name = one["name"] or "…"
        age = f"  ({_ago(one['looked_at'], now).say(lang)})" if one["looked_at"] else ""
        said.append(Text("等待", "waits").say(lang) + f"  {one['unit']} {door}  {name}  {reason}{age}")
    if not said:
        said = [Text("没有等待接收的", "nothing waits").say(lang)]
    last = Text("从未查看过渠道", "no door was ever looked at") if at is None else _ago(at, now)
    scan = Text("hub arrival scan 立即查看并接收", "`hub arrival scan` looks now and takes")
    return [*said, f"{last.say(lang)}{Text('；', ': ').say(lang)}{scan.say(lang)}"]


def _ago(at: datetime, now: datetime) -> Text:
    minutes = max(0, int((now - at).total_seconds() // 60))
    zh, en = ("分钟", "min") if minutes < 120 else ("小时", "h")
    count = minutes if minutes < 120 else minutes // 60
    when = local_time(at)
    return Text(f"上次查看 {when}，{count} {zh}前", f"last look {when}, {count} {en} ago")


_NEXT = Text("接着归集：hub run", "take them in: hub run")


@arrival.command(help=help_text("立即接收各渠道的完整数据。", "Take now what is complete at every door."))
@click.argument("unit", required=False)
@as_option
@json_option
def scan(unit: str | None, as_: str | None) -> int:
    """Scan; exits 1 when a door is broken."""
    from catalogs.people.people import current, require
    from catalogs.values.model import Role
    from infra.ground import open_ground
    from lake.arrival.doors import take

    with open_ground(os.environ) as ground, progress(help_text("接收", "taking")):
        require(current(ground, as_), Role.ENGINEER)
        done = take(ground, unit=unit)
        emit(ground, _plain(done), lambda _: _taken(done, ground.lang))
    return 1 if done.broken else 0


def _plain(done: "Taken") -> dict[str, Any]:
    landed = [{"delivery": one.id, "dataset": one.dataset, "door": one.channel} for one in done.deliveries]
    return {"landed": landed, "broken": done.broken}


def _taken(done: "Taken", lang: str) -> list[str]:
    said = [Text(f"接收 {len(done.deliveries)} 个批次", f"{len(done.deliveries)} deliveries landed").say(lang)]
    unknown = sum(one.dataset is None for one in done.deliveries)
    if unknown:
        said.append(
            Text(
                f"其中 {unknown} 个未受理：hub arrival list --refused",
                f"{unknown} of them refused: hub arrival list --refused",
            ).say(lang)
        )
    if len(done.deliveries) > unknown:
        said.append(_NEXT.say(lang))
    return said + [error.sentence(lang) for error in done.broken.values()]


@arrival.command("pull", help=help_text("立即从来源数据库抽取新数据。", "Draw what is new for DATASET, now."))
@click.argument("dataset")
@as_option
@json_option
def pull_(dataset: str, as_: str | None) -> None:
    """Draw once."""
    from catalogs.people.asking import deliverer
    from infra.ground import open_ground
    from lake.arrival.pull import pull

    with open_ground(os.environ) as ground, progress(help_text("抽取", "drawing")):
        done = pull(ground, dataset, actor=deliverer(ground, dataset, as_).id, now=ground.now())
        found = None if done.delivery is None else done.delivery.id
        value = {"dataset": dataset, "delivery": found, "rows": done.rows, "more": done.more}
        none = Text("没有新数据，未生成批次", "nothing new; nothing landed")
        more = Text("；还有更多，请再次抽取", "; there is more: draw again") if done.more else Text("", "")
        some = Text(f"{found}：{done.rows} 条{more.zh}", f"{found}: {done.rows} rows{more.en}")
        said = [none] if found is None else [some, _NEXT]
        emit(ground, value, lambda _: [one.say(ground.lang) for one in said])
