"""`hub catalog send-records|receive-records` and `hub share use`: what goes to other platforms beside the catalogue.

They stand here because requests, replies and use records are sharing's; corrections are the register's.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option
from infra.language import Text

if TYPE_CHECKING:
    from catalogs.exchange.kinds import RecordKind
    from catalogs.exchange.passing import Passed

_KIND = click.argument("kind", type=click.Choice(("requests", "replies", "corrections", "uses")))
_MAP = click.option("--map", "name", required=True, help=help_text("映射的名称", "the map, by its name"))


@click.command(
    "send-records",
    help=help_text(
        "按映射写出需求申请、答复、校核或使用记录（CSV 或 JSON）。",
        "Write requests, replies, corrections or use records in the words of a map (CSV or JSON).",
    ),
)
@_KIND
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@_MAP
@as_option
@json_option
def send_records(kind: str, out: Path, name: str, as_: str | None) -> None:
    """Write the file whole or not at all."""
    from catalogs.exchange.kit_cli import check_form
    from catalogs.exchange.mapping import find_map
    from catalogs.exchange.passing import give
    from catalogs.people.people import current
    from catalogs.sheet.putting import put_in_place
    from infra.ground import open_ground
    from sharing.passing.passing import LEDGES

    check_form(out)
    with open_ground() as ground:
        ground.prepare()
        used, form = find_map(name, ground.city), out.suffix.lower().removeprefix(".")
        data, count = give(ground, LEDGES[kind](ground), used, current(ground, as_), form)
        put_in_place(out, lambda part: Path(part).write_bytes(data))
        said = Text(f"已写入 {out}（{count} 条）", f"wrote {out} ({count} records)")
        value = {"file": str(out), "map": name, "kind": kind, "records": count, "uncertain": list(used.uncertain)}
        emit(ground, value, lambda _: [said.say(ground.lang), *_unsure(used.uncertain, ground.lang)])


@click.command(
    "receive-records",
    help=help_text(
        "按映射读入需求申请、答复、校核或使用记录：一次指出全部错误，重复的不再登记，不一致的列出。",
        "Take requests, replies, corrections or use records of a map in: every fault at its place; what came before "
        "changes nothing, what says otherwise is shown.",
    ),
)
@_KIND
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_MAP
@as_option
@json_option
@click.pass_context
def receive_records(context: click.Context, kind: str, file: Path, name: str, as_: str | None) -> None:
    """Take it in and print what became of it; exit 1 with a fault or a conflict."""
    from catalogs.exchange.flat import BYTES
    from catalogs.exchange.kinds import KINDS
    from catalogs.exchange.kit_cli import check_form
    from catalogs.exchange.mapping import find_map
    from catalogs.exchange.passing import reported, take
    from catalogs.people.people import current
    from infra.ground import open_ground
    from sharing.passing.passing import LEDGES

    check_form(file)
    with open_ground() as ground:
        ground.prepare()
        used = find_map(name, ground.city)
        with file.open("rb") as opened:
            data = opened.read(BYTES + 1)
        done = take(ground, LEDGES[kind](ground), used, current(ground, as_), (file.name, data))
        value = {"file": file.name, "map": name, "kind": kind, **reported(done, used.uncertain, ground.lang)}
        emit(ground, value, lambda _: [*_lines(done, KINDS[kind], ground.lang), *_unsure(used.uncertain, ground.lang)])
    if done.faults or done.conflicts:
        context.exit(1)


def _lines(done: "Passed", kind: "RecordKind", lang: str) -> list[str]:
    lines = [one.sentence(lang) for one in done.faults]
    for one in done.conflicts:
        head = Text(f"第 {one.line} 行 {one.number} 与 {one.ours} 不一致，没有改动：",
                    f"line {one.line}, {one.number} differs from {one.ours}; nothing was changed:")  # fmt: skip
        lines.append(head.say(lang))
        for key, (ours, theirs) in one.differ.items():
            named = kind.columns[key]
            both = Text(
                f"  {named.zh}：本市“{ours}”，对方“{theirs}”", f"  {named.en}: here {ours!r}, theirs {theirs!r}"
            )
            lines.append(both.say(lang))
    lines += [f"  + {number} → {ours}" for number, ours in done.new.items()]
    lines += [f"  ~ {number}" for number in done.gone_on]
    sums = Text(
        f"新增 {len(done.new)}，后续 {len(done.gone_on)}，已有 {done.same}，"
        f"不一致 {len(done.conflicts)}，错误 {len(done.faults)}",
        f"{len(done.new)} new, {len(done.gone_on)} gone on, {done.same} known, "
        f"{len(done.conflicts)} in conflict, {len(done.faults)} faults",
    )
    return [*lines, sums.say(lang)]


def _unsure(uncertain: tuple[str, ...], lang: str) -> list[str]:
    return [Text("映射中未核实：", "not certain in the map: ").say(lang) + one for one in uncertain]


@click.command(
    "use",
    help=help_text(
        "登记使用记录：场景、过程、成效、存储、销毁（政务数据共享条例第二十九条）。",
        "Record a use: scene, process, results, storage, destruction (Decree 809 Art. 29).",
    ),
)
@click.argument("case")
@click.option("--scene", required=True, help=help_text("使用场景", "scene"))
@click.option("--process", default="", help=help_text("使用过程", "process"))
@click.option("--results", default="", help=help_text("使用成效", "results"))
@click.option("--storage", default="", help=help_text("存储情况", "storage"))
@click.option("--destruction", default="", help=help_text("销毁情况", "destruction"))
@as_option
@json_option
def use(case: str, as_: str | None, **said: Any) -> None:
    """Record it and print its number."""
    from catalogs.people.asking import may_use
    from catalogs.people.people import current
    from catalogs.permission.decide import CATALOGUE
    from infra.ground import open_ground
    from sharing.case.uses import Use, record

    with open_ground() as ground:
        ground.prepare()
        person = current(ground, as_)
        may_use(ground, person, "exchange", CATALOGUE)
        number = record(ground, case, Use(**said), person.id)
        done = Text(f"已登记使用记录 {number}", f"recorded as {number}")
        emit(ground, {"use": number, "case": case}, lambda _: done.say(ground.lang))
