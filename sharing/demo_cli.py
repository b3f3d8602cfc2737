"""`hub demo` and `hub up`: the whole house, on invented or public data, and as a service."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra.console import emit, help_text, json_option, progress, table
from infra.language import Text

if TYPE_CHECKING:
    from sharing.demo import Story


@click.command(
    help=help_text(
        "在全新的演示目录中跑通主流程：登记、到达、归集、检验、发布、申请、审批、交付、存证。",
        "The main job in a fresh demo home: register, arrive, ingest, audit, publish, apply, approve, issue, prove.",
    )
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help=help_text("改用此目录中的六个真实公开数据集", "use the six real public sets in this folder instead"),
)
@click.option(
    "--seed", default=1, show_default=True, help=help_text("生成数据的种子", "seed of the invented deliveries")
)
@click.option(
    "--rows",
    default=2000,
    show_default=True,
    type=click.IntRange(20, 1_000_000),
    help=help_text("中等数据集的行数", "rows of a middle-sized delivery"),
)
@json_option
def demo(data: Path | None, seed: int, rows: int) -> None:
    """Tell the story from arrival to the firm's pandas."""
    from sharing import demo as telling

    with telling.fresh(dict(os.environ)) as ground, progress("cityhub") as say:
        story = telling.tell(ground, data=data, seed=seed, rows=rows, say=say)
        emit(ground, story.as_dict(), lambda _: _told(story, ground.lang))


def _told(story: "Story", lang: str) -> Iterator[str]:
    def said(zh: str, en: str) -> str:
        return Text(zh, en).say(lang)

    counted = story.registered
    yield said(
        f"1 登记   {counted['units']} 个单位、{counted['resources']} 项资源、{counted['contracts']} 份契约",
        f"1 register  {counted['units']} units, {counted['resources']} resources, {counted['contracts']} contracts",
    )
    yield from _arrived(story, said)
    yield said(
        f"3 归集   由 Airflow 处理（启动 {story.airflow_seconds} 秒）：读入 = 发布 + 问题数据 + 重复",
        f"3 ingest  by Airflow (up after {story.airflow_seconds} s): read = published + quarantined + duplicates",
    )
    yield _deliveries(story, said)
    yield from _issued(story, lang, said)
    yield from _proven(story, said)


def _arrived(story: "Story", said: Any) -> Iterator[str]:
    data = [file for file in story.files if file["data"]]
    yield said(f"2 到达   {len(data)} 个文件", f"2 arrive  {len(data)} files")
    for file in story.files:
        if not file["data"]:
            yield said(
                f"    不是数据：{file['file']}（{file['reason']}）", f"    no data: {file['file']} ({file['reason']})"
            )


def _deliveries(story: "Story", said: Any) -> str:
    names = ("read", "published", "quarantined", "duplicates")
    sums: dict[str, dict[str, Any]] = {}
    for one in story.deliveries:
        kept = sums.setdefault(one["dataset"] or one["file"], {"count": 0, "state": set(), **dict.fromkeys(names, 0)})
        kept["count"] += 1
        kept["state"].add(one["state"] if one["code"] is None else f"{one['state']} {one['code']}")
        for name in names:
            kept[name] += one[name] or 0
    rows = [
        (dataset, of["count"], *(of[name] for name in names), ", ".join(sorted(of["state"])))
        for dataset, of in sums.items()
    ]
    heads = said(
        "数据集 批次 读入 发布 问题数据 重复 状态", "dataset deliveries read published quarantined duplicates state"
    )
    return table(rows, heads.split())


def _issued(story: "Story", lang: str, said: Any) -> Iterator[str]:
    from sharing import certificate

    text = story.extract["certificate"]
    yield said(
        f"4 申请   {story.case}：预审通过，提供单位与主管部门两人批准，协议已签，已交付",
        f"4 case    {story.case}: pre-checked, approved by provider and authority, agreed, issued",
    )
    yield from (f"    {line}" for line in certificate.lines(text, lang))
    firm = story.firm
    if firm["client"] is None:
        yield said(
            "5 读取   未安装企业端客户端（infra/setup.py）",
            "5 read    the firm's client is not installed (infra/setup.py)",
        )
    else:
        yield said(
            f"5 读取   delta-sharing {firm['client']} 读到 {firm['rows']} 行：{', '.join(firm['columns'])}",
            f"5 read    delta-sharing {firm['client']} loaded {firm['rows']} rows: {', '.join(firm['columns'])}",
        )
        yield from (f"    {'  '.join(row)}" for row in firm["head"])


def _proven(story: "Story", said: Any) -> Iterator[str]:
    ledger = story.ledger
    yield said(
        f"6 存证   {ledger['origin']}：{ledger['entries']} 条记录，{ledger['faults']} 处不符；证书与回执已离线核验",
        f"6 prove   {ledger['origin']}: {ledger['entries']} entries, {ledger['faults']} faults; the certificate holds",
    )
    yield said(
        f"用时 {story.seconds} 秒。接下来（目录 {story.home}，演示专用，不适用于真实数据）：",
        f"{story.seconds} s. Where to look (home {story.home}, a demo's, unfit for real data):",
    )
    dataset = story.deliveries[0]["dataset"]
    unit, domain, name = dataset.split(".")
    yield f'  hub query "FROM {unit}.{domain}_{name} LIMIT 5"'
    yield f"  hub quarantine show {dataset}"
    yield f"  hub share show {story.case}"
    yield "  hub ledger show; hub ledger verify"
    yield "  hub up"


@click.command(
    help=help_text(
        "启动 Airflow（含页面）与 Delta Sharing 服务，按 Ctrl-C 结束并清理全部进程。",
        "Serve Airflow with its pages and Delta Sharing; Ctrl-C ends everything that it started.",
    )
)
def up() -> None:
    """Serve until interrupted."""
    from infra.ground import open_ground
    from lake.clock import start_airflow
    from lake.clock_run import Keeper
    from sharing.serving import endpoint, serve

    with open_ground() as ground:
        ground.prepare()
        with progress("Airflow") as say:
            airflow = start_airflow(ground, ui=True, progress=say)
        with airflow:
            password = Text(
                f"用户 admin，口令见 {airflow.password_file}", f"user admin, password in {airflow.password_file}"
            )
            click.echo(f"Airflow        {airflow.address}  ({password.say(ground.lang)})")
            click.echo(f"Delta Sharing  {endpoint(ground)}")
            click.echo(Text("按 Ctrl-C 结束", "Ctrl-C ends").say(ground.lang))
            keeper = Keeper(ground)
            keeper.start()
            try:
                serve(ground)
            finally:
                keeper.stop()
