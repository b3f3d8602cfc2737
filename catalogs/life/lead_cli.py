"""`hub catalog disputes|lead|run-clock`: lead sources, and what the clock does daily."""

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, table
from infra.language import Text


@click.command(
    help=help_text("数源争议：几个部门登记同一数据项。", "Lead-source disputes: departments with the same item.")
)
@click.option("--settled", is_flag=True, help=help_text("含已确定的", "those that are settled too"))
@as_option
@json_option
def disputes(settled: bool, as_: str | None) -> None:
    """Print one line a dispute."""
    from catalogs.life import disputes as source
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        current(ground, as_)
        found = source.disputes(ground, settled=settled)
        zh, en = (
            ("争议", "数据项", "登记部门", "资源", "数源"),
            ("dispute", "item", "departments", "resources", "lead source"),
        )
        rows = [
            (one.id, one.said, "、".join(one.departments), "、".join(sorted({side[0] for side in one.parties})),
             one.lead or "") for one in found
        ]  # fmt: skip
        none = Text("没有数源争议", "no dispute").say(ground.lang)
        human = table(rows, zh if ground.lang == "zh" else en) if rows else none
        emit(ground, {"disputes": found}, lambda _: human)


@click.command(help=help_text("主管部门确定数源部门。", "The authority names the lead source."))
@click.argument("dispute")
@click.argument("department")
@click.option("--why", required=True, help=help_text("事由", "why"))
@as_option
@json_option
def lead(dispute: str, department: str, why: str, as_: str | None) -> None:
    """Settle the dispute."""
    from catalogs.life.duties import number_of
    from catalogs.life.lead import set_lead
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        done = set_lead(ground, number_of(dispute), department, current(ground, as_), why=why)
        said = Text(
            f"{done.id}：“{done.said}”的数源部门为 {done.lead}，已记入目录：{'、'.join(done.resources)}",
            f"{done.id}: {done.lead} is the lead source of {done.said}, as entered: {', '.join(done.resources)}",
        )
        emit(ground, done, lambda _: said.say(ground.lang))


@click.command(
    "run-clock",
    help=help_text(
        "立即运行每日的逾期上报和数源比对（主管部门审核人、运行值守员）。",
        "Do now what the clock does daily: escalate what is late, compare lead sources.",
    ),
)
@as_option
@json_option
def run_clock(as_: str | None) -> None:
    """Escalate and compare, and print how many of each are new."""
    from catalogs.life.duties import run_clock as run
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        late, found = run(ground, current(ground, as_))
        said = Text(
            f"新上报逾期任务 {len(late)} 件，新发现数源争议 {len(found)} 件",
            f"{len(late)} late tasks escalated, {len(found)} disputes of lead sources found",
        )
        emit(ground, {"escalated": [one.id for one in late], "disputes": found}, lambda _: said.say(ground.lang))
