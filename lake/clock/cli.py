"""`hub run`."""

import os
from typing import TYPE_CHECKING

import click

from catalogs.values.words import DeliveryState
from infra.console import emit, help_text, json_option, progress
from infra.language import Text

if TYPE_CHECKING:
    from lake.clock.run import Report

_MARKS = {"finished": "✓", "repeated": "=", "blocked": "✗", "refused": "✗"}


@click.command(
    "run",
    help=help_text(
        "接收各渠道到达的数据，并由 Airflow 处理到期批次（可只处理指定的数据集）。"
        "hub up 在运行时用它的 Airflow，否则临时启动并在结束时全部停止。有批次未发布或渠道不可用时退出码为 1。",
        "Land what has arrived and take what is due through Airflow, of DATASET… or of all. Uses the Airflow of a "
        "running hub up; else starts one and ends it. Exits 1 when a delivery was refused, blocked or is not done, or "
        "a door is broken.",
    ),
)
@click.argument("datasets", nargs=-1)
@json_option
def run_due(datasets: tuple[str, ...]) -> int:
    """Run what is due."""
    from infra.ground import open_ground
    from lake.clock.run import run_due as run

    with open_ground(os.environ) as ground, progress(help_text("处理到期批次", "taking what is due")) as say:
        lang = ground.lang
        report = run(ground, datasets, progress=lambda said: say(said.say(lang)))
    emit(None, report.as_dict(lang), lambda _value: _lines(report, lang))
    done = all(outcome.state in ("finished", "repeated") for outcome in report.deliveries)
    return 0 if done and not report.broken else 1


def _lines(report: "Report", lang: str) -> list[str]:
    zh = lang == "zh"
    lines = [error.sentence(lang) for error in report.broken.values()]
    for one in report.deliveries:
        counts = (
            f"{one.read} = {one.published} + {one.quarantined} + {one.duplicates}"
            if one.read is not None
            else DeliveryState.said(one.state).say(lang)
        )
        version = "" if one.version is None else f"  v{one.version}"
        lines.append(f"{_MARKS.get(one.state, '…')} {one.dataset or '?'}  {one.delivery}  {counts}{version}")
        if one.code:
            lines.append(f"    {one.code}: {one.message.say(lang) if one.message else ''}")
    if not report.deliveries:
        return [*lines, "没有到期的批次。" if zh else "Nothing is due."]
    if report.run_seconds is not None:
        ran = Text(f"运行 {report.run_seconds:g} 秒", f"ran {report.run_seconds:g} s")
        start = Text("原已启动", "was up already")
        if report.start_seconds is not None:
            start = Text(f"启动 {report.start_seconds:g} 秒", f"started in {report.start_seconds:g} s")
        lines.append(Text(f"Airflow：{start.zh}，{ran.zh}", f"Airflow: {start.en}, {ran.en}").say(lang))
    lines.append("读取 = 发布 + 问题 + 重复" if zh else "read = published + quarantined + duplicates")
    return lines
