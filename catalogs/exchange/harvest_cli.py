"""`hub catalog harvest`, `hub catalog harvested` and `hub catalog draft-from`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, table
from infra.language import Text

if TYPE_CHECKING:
    from catalogs.exchange.harvest import Harvest
    from catalogs.exchange.records import Found

_KINDS = ("ckan", "dcat", "portal", "csv")


@click.command(
    short_help=help_text("从其他目录采集参考记录", "Harvest records of another catalogue."),
    help=help_text(
        "从其他目录采集：CKAN、DCAT、开放平台导出文件、CSV（地址或文件）。采集到的是参考记录，不是本市已登记的资源。",
        "Harvest another catalogue (CKAN, DCAT, a portal's export, CSV): records, no governed resources.",
    ),
)
@click.argument("source")
@click.option("--from", "kind", type=click.Choice(_KINDS), help=help_text("来源种类", "the kind of the source"))
@click.option("--name", help=help_text("来源在本市的名称", "the source's name here"))
@click.option("--believe", is_flag=True, help=help_text("来源骤减过半也采信", "believe a source that lost over half"))
@click.option("--dry-run", "dry", is_flag=True, help=help_text("只报告，不写入", "report, write nothing"))
@as_option
@json_option
def harvest(source: str, kind: str | None, name: str | None, believe: bool, dry: bool, as_: str | None) -> None:
    """Harvest and print what became of every object."""
    from catalogs.exchange.harvest import How, Wish
    from catalogs.exchange.harvest import harvest as run
    from catalogs.people.people import current, require
    from catalogs.values.words import Role
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        someone = current(ground, as_)
        require(someone, Role.ENGINEER, Role.AUTHORITY_REVIEWER)
        done = run(ground, Wish(source, kind, name), someone.id, How(believe, dry))
        emit(ground, done, lambda _: _said(done, ground.lang))


def _said(done: "Harvest", lang: str) -> list[str]:
    change = done.change
    sums = Text(
        f"{done.source}（{done.kind}）共 {done.objects} 条 = 采集 {done.harvested} + 并入同一数据集 {done.merged}"
        f" + 完全重复 {done.duplicates} + 未采集 {done.refused}",
        f"{done.source} ({done.kind}): {done.objects} objects = {done.harvested} harvested + {done.merged} merged into "
        f"one dataset + {done.duplicates} exact duplicates + {done.refused} refused",
    )
    changed = Text(
        f"现有记录 {done.records} 条：新增 {len(change.new)}，变更 {len(change.changed)}，恢复 {len(change.back)}，"
        f"未变 {change.same}，来源已删除 {len(change.gone)}，暂留 {len(change.kept)}",
        f"{done.records} records: {len(change.new)} new, {len(change.changed)} changed, {len(change.back)} back, "
        f"{change.same} the same, {len(change.gone)} gone at the source, {len(change.kept)} kept back",
    )
    lines = [sums.say(lang), changed.say(lang)]
    lines += _part(Text("未采集的原因：", "refused because:"), done.refusals, lang)
    lines += _part(Text("发现的问题：", "found wrong:"), done.findings, lang)
    if done.conflicts:
        lines.append(
            Text(f"名称与提供单位相同 {len(done.conflicts)} 处：", f"{len(done.conflicts)} conflicts:").say(lang)
        )
        lines += [f"  {one.title}（{one.provider or '?'}） {one.meets}: {one.other}" for one in done.conflicts[:20]]
        lines += ["  ……"] * (len(done.conflicts) > 20)
    if done.dry:
        lines.append(Text("试运行：什么都没有写入", "dry run: nothing was written").say(lang))
    return lines


def _part(title: Text, found: "Sequence[Found]", lang: str) -> list[str]:
    if not found:
        return []
    rows = [
        f"  {one.count} × {one.code} {one.text.say(lang)} "
        + Text(f"（如第 {'、'.join(map(str, one.places))} 条）", f"(as no. {', '.join(map(str, one.places))})").say(
            lang
        )
        for one in found
    ]
    return [title.say(lang), *rows]


@click.command(
    help=help_text(
        "列出采集到的记录，或来源最近一次采集的逐条结果。", "List harvested records, or what became of each object."
    )
)
@click.option("--source", help=help_text("只列该来源", "of this source"))
@click.option("--state", type=click.Choice(("present", "gone")), help=help_text("只列该状态", "of this state"))
@click.option("--lines", is_flag=True, help=help_text("逐条结果（须有 --source）", "each object (with --source)"))
@click.option("--show", metavar="ID", help=help_text("一条记录的全部内容（须有 --source）", "all of one record"))
@as_option
@json_option
def harvested(source: str | None, state: str | None, lines: bool, show: str | None, as_: str | None) -> None:
    """Print one line a record, or a line for each object of the last harvest."""
    from catalogs.exchange import listing
    from catalogs.people.people import current
    from infra.errors import WrongUse
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        current(ground, as_)
        if source is None and (lines or show):
            raise WrongUse("HARVEST_NAME", "请用 --source 指明来源", "name the source with --source")
        if show is not None:
            found = listing.body(ground.engine, source or "", show)
            emit(
                ground, found, lambda value: [f"{key}: {each}" for key, each in value.items() if each not in (None, {})]
            )
        elif lines:
            rows = listing.lines(ground.engine, source or "")
            keys = ("position", "outcome", "record", "first", "code", "said_zh" if ground.lang == "zh" else "said_en")
            emit(
                ground, {"lines": rows}, lambda _: table([tuple(row[key] or "" for key in keys) for row in rows], keys)
            )
        else:
            records = listing.harvested(ground.engine, source=source, state=state)
            emit(ground, {"records": records}, lambda _: _table(records, ground.lang))


def _table(records: "Sequence[Any]", lang: str) -> str:
    zh, en = ("来源", "标识", "状态", "提供单位", "名称"), ("source", "id", "state", "provider", "title")
    rows = [(one.source, one.id, one.state, one.provider, one.title) for one in records]
    return table(rows, zh if lang == "zh" else en) if rows else Text("没有采集记录", "nothing was harvested").say(lang)


@click.command(
    "draft-from",
    help=help_text(
        "把一条采集记录起草为本部门的目录：来源已有的内容自动填好并注明来源，其余由填报员补齐。",
        "Draft an entry of your department from a harvested record: what the source says is filled in and noted, the "
        "officer adds the rest.",
    ),
)
@click.argument("source")
@click.argument("identity", metavar="ID")
@click.option("--domain", help=help_text("所属领域（看不出时）", "the domain, where it cannot be told"))
@click.option("--dataset", help=help_text("数据集标识，默认自动给定", "the dataset's id; given by default"))
@as_option
@json_option
def draft_from(source: str, identity: str, domain: str | None, dataset: str | None, as_: str | None) -> None:
    """Save the draft and print what the check still asks for."""
    from catalogs.exchange.drafting import draft_from as make
    from catalogs.lookup import departments, units
    from catalogs.people.people import current
    from catalogs.rules.checking import check_resources
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        done = make(ground, source, identity, current(ground, as_), domain=domain, dataset=dataset)
        asked = check_resources([done.body], departments(ground.engine), units(ground.engine))
        said = Text(
            f"已起草 {done.resource}（第 {done.revision} 次修订），还需补齐 {len(asked)} 处：",
            f"drafted {done.resource} (revision {done.revision}); {len(asked)} things are still asked for:",
        )
        value = {"resource": done.resource, "revision": done.revision, "source": done.body.source}
        value["faults"] = [one.as_dict(ground.lang) for one in asked]
        lines = [said.say(ground.lang), *(f"  {one.text.say(ground.lang)}" for one in asked)]
        emit(ground, value, lambda _: lines)
