"""`hub demo`: the whole house, on invented or public data."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalogs.values.words import DeliveryState
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
    help=help_text("改用此目录中的真实公开数据集", "use the real public sets in this folder instead"),
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
        emit(ground, story.as_dict(), lambda _: lines(story, ground.lang))


_COUNTS = ("read", "published", "quarantined", "duplicates")
_FEW = 3
_MARGIN = "  "


def lines(story: "Story", lang: str) -> Iterator[str]:
    """The story for a person, and where to look next."""

    def said(zh: str, en: str) -> str:
        return Text(zh, en).say(lang)

    counted, described, ledger = story.registered, story.described, story.ledger
    yield said(
        f"1 登记  {counted['units']} 个单位、{counted['resources']} 项资源、{counted['contracts']} 份契约",
        f"1 register  {counted['units']} units, {counted['resources']} resources, {counted['contracts']} contracts",
    )
    yield from _arrived(story, said)
    yield said(
        f"3 归集  由 Airflow 处理（启动用时 {story.airflow_seconds} 秒）；每批读入 = 发布 + 问题数据 + 重复",
        f"3 ingest    by Airflow (started in {story.airflow_seconds} s); for each delivery "
        "read = published + quarantined + duplicates",
    )
    yield from _deliveries(story, said)
    yield from _unpublished(story, lang, said)
    waiting = said(f"，{described['waiting']} 项待登记", f", {described['waiting']} wait")
    yield said(
        f"4 描述  DataHub 登记 {described['delivery']} 个批次、{described['extract']} 份交付数据集",
        f"4 describe  {described['delivery']} deliveries and {described['extract']} extract in DataHub",
    ) + (waiting if described["waiting"] else "")
    yield from _issued(story, lang, said)
    yield said(
        f"7 存证  账本 {ledger['origin']} 的 {ledger['entries']} 条记录已核验，{ledger['faults']} 处不符；"
        "证书与回执已离线核验",
        f"7 prove     ledger {ledger['origin']}: {ledger['entries']} entries verified, {ledger['faults']} faults; "
        "certificate and receipt verified offline",
    )
    yield from _next(story, said)


def _arrived(story: "Story", said: Any) -> Iterator[str]:
    # A file may be data of several datasets; it arrived once.
    data = len({file["file"] for file in story.files if file["data"]})
    other = sum(not file["data"] for file in story.files)
    none = said(f"，另有 {other} 个不是数据", f" of data, {other} of none") if other else ""
    yield said(f"2 到达  {data} 个数据文件", f"2 arrive    {data} files") + none
    if not other:
        return
    sets: dict[str, list[dict[str, Any]]] = {}
    for file in story.files:
        sets.setdefault(file["file"].partition("/")[0], []).append(file)
    rows = []
    for folder, files in sets.items():
        shown: tuple[Any, ...] = (folder, len({file["file"] for file in files if file["data"]}))
        reasons: dict[str, list[str]] = {}
        for file in files:
            if not file["data"]:
                reasons.setdefault(file["reason"], []).append(file["file"].partition("/")[2])
        for reason, names in reasons.items() or [("", [""])]:
            more = said(f" 等 {len(names)} 个文件", f" and {len(names) - 1} more") if len(names) > 1 else ""
            rows.append((*shown, names[0] + more, reason))
            shown = ("", None)
    heads = said("目录|数据文件|不是数据|原因", "folder|data|no data|why")
    yield from (f"{_MARGIN}{line}" for line in table(rows, heads.split("|")).splitlines())


def _deliveries(story: "Story", said: Any) -> Iterator[str]:
    sums: dict[str, dict[str, int]] = {}
    states: dict[str, dict[str, int]] = {}
    for one in story.deliveries:
        name = one["dataset"] or one["file"]
        kept = sums.setdefault(name, dict.fromkeys(_COUNTS, 0))
        for count in _COUNTS:
            kept[count] += one[count] or 0
        ended = states.setdefault(name, {})
        ended[one["state"]] = ended.get(one["state"], 0) + 1
    rows = [
        (name, sum(states[name].values()), *kept.values(), _ended(states[name], said)) for name, kept in sums.items()
    ]
    heads = said(
        "数据集 批次 读入 发布 问题数据 重复 结果", "dataset deliveries read published quarantined duplicates result"
    )
    yield from (f"{_MARGIN}{line}" for line in table(rows, heads.split()).splitlines())


def _ended(states: dict[str, int], said: Any) -> str:
    words = [(DeliveryState.said(state), count) for state, count in states.items()]
    shown = [(said(state.zh, state.en), count) for state, count in words]
    if len(shown) == 1:
        return str(shown[0][0])
    together: str = said("，", ", ").join(said(f"{state} {count} 批", f"{count} {state}") for state, count in shown)
    return together


def _unpublished(story: "Story", lang: str, said: Any) -> Iterator[str]:
    """Why deliveries were not published, each reason once, with the files it holds for."""
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for one in story.deliveries:
        if one["code"] is not None:
            key = (
                DeliveryState.said(one["state"]).say(lang),
                one["dataset"] or "?",
                f"{one['message']} ({one['code']})",
            )
            reasons.setdefault(key, []).append(one["file"])
    for (state, dataset, why), files in reasons.items():
        more = said(f" 等 {len(files)} 个文件", f" and {len(files) - _FEW} more") if len(files) > _FEW else ""
        names = said("、", ", ").join(files[:_FEW])
        yield f"{_MARGIN}{state}  {dataset}  {names}{more}"
        yield f"{_MARGIN * 2}{why}"


def _issued(story: "Story", lang: str, said: Any) -> Iterator[str]:
    from sharing.extract import certificate

    text = story.extract["certificate"]
    yield said(
        f"5 申请  {story.case}：预审通过，提供单位与主管部门各一人批准，协议已签，已交付",
        f"5 case      {story.case}: pre-checked, approved by provider and authority, agreement signed, issued",
    )
    yield from (f"{_MARGIN}{line}" for line in certificate.lines(text, lang))
    firm = story.firm
    if firm["client"] is None:
        yield said(
            "6 读取  未安装企业端客户端（infra/setup.py），略过",
            "6 read      skipped: the firm's client is not installed (infra/setup.py)",
        )
    else:
        yield said(
            f"6 读取  企业用 delta-sharing {firm['client']} 读入 pandas，共 {firm['rows']} 行，前几行：",
            f"6 read      the firm's delta-sharing {firm['client']} loaded {firm['rows']} rows into pandas; the first:",
        )
        yield from (f"{_MARGIN}{line}" for line in table(firm["head"], firm["columns"]).splitlines())


def _next(story: "Story", said: Any) -> Iterator[str]:
    home = story.home.relative_to(Path.cwd()) if story.home.is_relative_to(Path.cwd()) else story.home
    yield said(
        f"用时 {story.seconds} 秒。演示目录 {home}（不适用于真实数据）。接下来可以看：",
        f"{story.seconds} s. The demo's home is {home} (unfit for real data). Where to look:",
    )
    looks = []
    if "query" in story.looks:
        unit, domain, name = story.looks["query"].split(".")
        looks.append((f'hub query "FROM {unit}.{domain}_{name} LIMIT 5"', said("已发布的数据", "published data")))
    if "read_quarantine" in story.looks:
        aside = f"hub quarantine show {story.looks['read_quarantine']}"
        looks.append((aside, said("问题数据及原因", "quarantined records and why")))
    looks += [
        (f"hub share show {story.case}", said("申请与证书", "the case and its certificate")),
        ("hub ledger show", said("账本的记录", "the ledger's entries")),
        ("hub ledger verify", said("核验账本", "verify the ledger")),
        ("hub up", said("Airflow 页面与共享服务", "Airflow's pages and the sharing server")),
    ]
    width = max(len(command) for command, _ in looks)
    yield from (f"{_MARGIN}{command.ljust(width)}  {what}" for command, what in looks)
