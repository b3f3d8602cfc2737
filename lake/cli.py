"""`hub ingest`, `hub quarantine list|show`, `hub lake history|compact|expire`: thin commands over the store."""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalogs.words import DeliveryState
from infra.console import emit, help_text, json_option, progress, table
from infra.errors import Place, Refused, Unavailable
from infra.language import Text
from infra.local_time import local_time
from lake.describe_cli import describe
from lake.parts_cli import files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lake.quarantine import Page
    from lake.record import Outcome

_STAGES = {
    "split": Text("读取与分流 {} 条", "reading and splitting, {} records"),
    "audit": Text("检验 {} 条", "auditing {} records"),
    "store": Text("写入数据湖 {} 条", "storing {} records"),
}
_RULES_SHOWN = 3
_AS = click.option(
    "--as", "as_", metavar="PERSON", help=help_text("演示模式下以此人身份", "as this person, in the demo")
)


@click.command(
    help=help_text(
        "归集文件：接收、读取、分流、检验、发布到数据集。目录作为一个批次。被拒绝或整批未发布时退出码为 1。",
        "Take FILES into DATASET: land, read, split, audit, publish. A folder is one delivery. Exits 1 when one is "
        "refused or blocked.",
    )
)
@click.argument("dataset")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--together", is_flag=True, help=help_text("所有文件作为一个批次", "all files are one delivery"))
@_AS
@json_option
def ingest(dataset: str, files: tuple[Path, ...], together: bool, as_: str | None) -> int:
    """Ingest each file or folder, or all files as one; one that fails does not stop the others."""
    from catalogs.asking import deliverer
    from infra.ground import open_ground
    from lake.describe import preloaded
    from lake.groups import datasets
    from lake.ingest import Session
    from lake.ingest import ingest as take
    from lake.outbox import drain_quietly

    with open_ground(os.environ) as ground, progress(help_text("归集", "ingesting")) as say:
        lang = ground.lang
        fed = datasets(ground, dataset)
        actors = [deliverer(ground, one, as_).id for one in fed]
        _all_there(files)

        def tell(stage: str, rows: int) -> None:
            say(_STAGES[stage].say(lang).format(f"{rows:,}"))

        with Session(ground, tell) as session, preloaded(ground, session.auditing):
            taken = [files] if together else files
            outcomes = [
                take(ground, to, one, actor=actor, session=session)
                for one in taken
                for to, actor in zip(fed, actors, strict=True)
            ]
        shapes = [outcome.as_dict(lang) for outcome in outcomes]
        emit(ground, shapes[0] if len(shapes) == 1 else {"deliveries": shapes}, lambda _: _report(outcomes, lang))
        # The verdict stands and is shown; describing it can neither change nor fail it.
        say(Text("登记元数据", "describing").say(lang))
        drain_quietly(ground)
        with contextlib.suppress(Unavailable):  # another process is signing: its checkpoint covers ours
            ground.ledger.sequence()
    return 0 if all(outcome.state in ("finished", "repeated") for outcome in outcomes) else 1


def _all_there(files: tuple[Path, ...]) -> None:
    """Before the first is taken: a name typed wrongly leaves nothing half told."""
    for path in files:
        if not path.exists():
            raise Refused(
                "LANDING_NOT_A_FILE",
                "没有这个文件，什么都没有接收",
                "there is no such file; nothing was taken",
                place=Place(file=path.name),
                remedy=Text("核对文件的路径", "check the path"),
            )


def _report(outcomes: "list[Outcome]", lang: str) -> list[str]:
    said = []
    for one in outcomes:
        state = DeliveryState.said(one.state).say(lang)
        if one.state == "repeated":
            said.append(f"{one.dataset} {one.delivery}: {state} {one.repeated}")
            continue
        if one.read is None:
            said.append(f"{one.dataset or '?'} {one.delivery}: {state}")
        else:
            version = "" if one.version is None else Text(f"，版本 {one.version}", f", version {one.version}").say(lang)
            seconds = Text("秒", "s").say(lang)
            counts = Text(
                f"读取 {one.read} = 发布 {one.published} + 问题 {one.quarantined} + 重复 {one.duplicates}",
                f"read {one.read} = published {one.published} + quarantined {one.quarantined}"
                f" + duplicates {one.duplicates}",
            )
            said.append(
                f"{one.dataset} {one.delivery}: {state}{version}; {counts.say(lang)}; {one.seconds:.1f} {seconds}"
            )
        if one.code:
            said.append(f"  {one.code}: {one.message.say(lang) if one.message else ''}")
        said += [f"  {note[lang]}" for note in one.notes if note["code"].startswith("parts")]
        said += [f"  {found['rule']}: {found[lang]}" for found in (one.audit or {}).get("warnings", ())]
        if one.quarantined and one.dataset:
            see = f"hub quarantine show {one.dataset} --delivery {one.delivery}"
            said.append(Text(f"  逐行原因：{see}", f"  line by line: {see}").say(lang))
    return said


@click.group(help=help_text("问题数据区", "Rows that failed a rule, and why."))
def quarantine() -> None:
    """Hold the quarantine commands together."""


@quarantine.command("list", help=help_text("有问题数据的批次", "Deliveries with rows in quarantine."))
@click.argument("dataset", required=False)
@_AS
@json_option
def list_(dataset: str | None, as_: str | None) -> None:
    """Print counts and rules."""
    from catalogs.people import current
    from infra.ground import open_ground
    from lake.quarantine import listing

    with open_ground(os.environ) as ground:
        found = listing(ground, current(ground, as_), dataset)
        names = _names(
            ground.lang,
            ("数据集", "dataset"),
            ("批次", "delivery"),
            ("文件", "file"),
            ("行数", "rows"),
            ("规则", "rules"),
        )
        emit(
            ground,
            {"deliveries": found},
            lambda _: table(
                [
                    (one["dataset"], one["delivery"], one["file"], one["quarantined"], _rules(one["rules"]))
                    for one in found
                ],
                names,
            ),
        )


def _rules(rules: dict[str, int]) -> str:
    """The rules that most rows broke, as many as a line of a terminal takes; `--json` has all."""
    most = sorted(rules.items(), key=lambda rule: -rule[1])
    more = f", +{len(most) - _RULES_SHOWN}" if len(most) > _RULES_SHOWN else ""
    return ", ".join(f"{rule} {count}" for rule, count in most[:_RULES_SHOWN]) + more


def _names(lang: str, *pairs: tuple[str, str]) -> list[str]:
    return [Text(*pair).say(lang) for pair in pairs]


@quarantine.command(
    help=help_text("查看问题数据（按可阅级别遮蔽，查看留痕）", "Show rows; masked by clearance, recorded.")
)
@click.argument("dataset")
@click.option("--delivery", help=help_text("只看一个批次", "of one delivery"))
@click.option("--rule", help=help_text("只看违反该规则的行", "that broke this rule"))
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help=help_text("最多行数", "at most so many rows"),
)
@click.option("--purpose", help=help_text("读取目的（本人职责之一）", "why: one of your duties"))
@_AS
@json_option
def show(as_: str | None, **asked: Any) -> None:
    """Print line, rules, sentence and what the row was."""
    from catalogs.people import current
    from infra.ground import open_ground
    from lake.quarantine import Question
    from lake.quarantine import show as read

    with open_ground(os.environ) as ground:
        question = Question(**asked)
        page = read(ground, current(ground, as_), question)
        emit(ground, page, lambda _: _blocks(page, question.limit, ground.lang))


def _blocks(page: "Page", limit: int, lang: str) -> list[str]:
    """A row is three lines: a sentence and raw values fit no column of a terminal."""
    said, last = [], None
    for row in page.rows:
        if row.delivery != last:
            said.append(Text(f"批次 {row.delivery}", f"delivery {row.delivery}").say(lang))
            last = row.delivery
        line = "" if row.line is None else Text(f"第{row.line}行", f"line {row.line}").say(lang)
        if row.part:
            named = "" if row.file is None else f" {row.file}"
            line = Text(f"第{row.part}个文件{named} {line}", f"file {row.part}{named}, {line}").say(lang)
        said += [f"  {line}  {' '.join(row.rules)}", f"    {row.say(lang)}", f"    {_raw(row.raw)}"]
    if not page.rows:
        said.append(Text("没有符合条件的行", "no such row").say(lang))
    if page.masked:
        hidden = ", ".join(page.masked)
        said.append(Text(f"已遮蔽：{hidden}", f"masked for you: {hidden}").say(lang))
    if len(page.rows) == limit:
        said.append(Text(f"只列前 {limit} 行，更多用 --limit", f"the first {limit} rows; more with --limit").say(lang))
    return said


def _raw(raw: "Mapping[str, Any]") -> str:
    said = ", ".join(f"{name}={'' if value is None else value}" for name, value in raw.items())
    # A control character in data must not move the terminal's cursor or change its colours.
    return "".join(char if char.isprintable() else "\ufffd" for char in said)


@click.group(help=help_text("版本历史、压缩、保留与登记元数据", "History, compaction, retention, describing."))
def lake() -> None:
    """Hold the commands on tables together."""


lake.add_command(describe)
lake.add_command(files)


@lake.command(help=help_text("数据集的版本", "The versions of a dataset."))
@click.argument("dataset")
@click.option("--limit", type=click.IntRange(min=1), help=help_text("最多版本数", "at most so many versions"))
@_AS
@json_option
def history(dataset: str, limit: int | None, as_: str | None) -> None:
    """Print version, time and delivery."""
    from catalogs.asking import described
    from infra.ground import open_ground
    from lake.maintain import history as versions

    with open_ground(os.environ) as ground:
        described(ground, dataset, as_)
        found = versions(ground, dataset, limit)
        names = _names(ground.lang, ("版本", "version"), ("时间", "at"), ("操作", "operation"), ("批次", "delivery"))
        rows = [(one["version"], local_time(one["at"]), one["operation"], one["delivery"]) for one in found]
        emit(ground, {"dataset": dataset, "versions": found}, lambda _: table(rows, names))


@lake.command(help=help_text("合并小文件", "Swap many small files for few large ones."))
@click.argument("dataset")
@_AS
@json_option
def compact(dataset: str, as_: str | None) -> None:
    """Compact the dataset's tables."""
    from catalogs.model import Role
    from catalogs.people import current, require
    from infra.ground import open_ground
    from lake.maintain import compact as swap

    with open_ground(os.environ) as ground, progress(help_text("合并文件", "compacting")):
        someone = current(ground, as_)
        require(someone, Role.ENGINEER)
        done = swap(ground, dataset, someone.id)
        names = _names(ground.lang, ("表", "table"), ("原文件数", "before"), ("现文件数", "after"), ("版本", "version"))
        emit(ground, {"tables": done}, lambda _: table([(d.table, d.before, d.after, d.version) for d in done], names))


@lake.command(help=help_text("删除过期版本的文件", "Delete the files of versions that are too old."))
@click.argument("dataset")
@click.option("--days", type=click.IntRange(min=0), help=help_text("保留天数", "how many days stay readable"))
@_AS
@json_option
def expire(dataset: str, days: int | None, as_: str | None) -> None:
    """Expire old versions."""
    from catalogs.model import Role
    from catalogs.people import current, require
    from infra.ground import open_ground
    from lake.maintain import expire as delete

    with open_ground(os.environ) as ground, progress(help_text("清理", "expiring")):
        someone = current(ground, as_)
        require(someone, Role.ENGINEER)
        gone = delete(ground, dataset, someone.id, days=days)
        said = Text(f"删除 {gone} 个文件", f"{gone} files deleted")
        emit(ground, {"dataset": dataset, "files": gone}, lambda _: said.say(ground.lang))
