"""`hub quarantine list|show|replay`, `hub lake history|restore|compact|expire|verify`: thin commands over the store."""

import os
from typing import TYPE_CHECKING, Any

import click

from infra.console import emit, help_text, json_option, progress, table
from infra.language import Text
from infra.local_time import local_time
from lake.describe.cli import describe
from lake.evolve.cli import evolve
from lake.parts_cli import files
from lake.replay.cli import replay
from lake.restore.cli import restore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lake.query.quarantine import Page

_RULES_SHOWN = 3
_AS = click.option(
    "--as", "as_", metavar="PERSON", help=help_text("演示模式下以此人身份", "as this person, in the demo")
)


@click.group(help=help_text("问题数据区", "Rows that failed a rule, and why."))
def quarantine() -> None:
    """Hold the quarantine commands together."""


quarantine.add_command(replay)


@quarantine.command("list", help=help_text("有问题数据的批次", "Deliveries with rows in quarantine."))
@click.argument("dataset", required=False)
@_AS
@json_option
def list_(dataset: str | None, as_: str | None) -> None:
    """Print counts and rules."""
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.query.quarantine import listing

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
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.query.quarantine import Question
    from lake.query.quarantine import show as read

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
        if row.sheet:
            line = Text(f"第{row.sheet}个工作表{line}", f"sheet {row.sheet}, {line}").say(lang)
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
lake.add_command(evolve)
lake.add_command(files)
lake.add_command(restore)


@lake.command(help=help_text("数据集的版本", "The versions of a dataset."))
@click.argument("dataset")
@click.option("--limit", type=click.IntRange(min=1), help=help_text("最多版本数", "at most so many versions"))
@_AS
@json_option
def history(dataset: str, limit: int | None, as_: str | None) -> None:
    """Print version, time and delivery."""
    from catalogs.people.asking import described
    from infra.ground import open_ground
    from lake.upkeep.maintain import history as versions

    with open_ground(os.environ) as ground:
        described(ground, dataset, as_)
        found = versions(ground, dataset, limit)
        names = _names(ground.lang, ("版本", "version"), ("时间", "at"), ("操作", "operation"), ("批次", "delivery"))
        rows = [(one["version"], local_time(one["at"]), _operation(one, ground.lang), one["delivery"]) for one in found]
        emit(ground, {"dataset": dataset, "versions": found}, lambda _: table(rows, names))


_OPERATIONS = {"CREATE TABLE": "建表", "WRITE": "写入", "OPTIMIZE": "合并小文件"}
_ACTS = {"purge": Text("清除", "PURGE"), "evolve": Text("列变更", "EVOLVE")}  # begin the name of a transaction


def _operation(version: "Mapping[str, Any]", lang: str) -> str:
    act = _ACTS.get(str(version["transaction"]).partition("-")[0])
    if act is not None:
        return act.say(lang)
    if version["restored"] is None:
        operation = str(version["operation"])
        return _OPERATIONS.get(operation, operation) if lang == "zh" else operation
    target, restored = version["restored"], version["restore"]
    return Text(f"还原到 {target}（{restored}）", f"RESTORE to {target} ({restored})").say(lang)


@lake.command(help=help_text("合并小文件", "Swap many small files for few large ones."))
@click.argument("dataset")
@_AS
@json_option
def compact(dataset: str, as_: str | None) -> None:
    """Compact the dataset's tables."""
    from catalogs.people.people import current, require
    from catalogs.values.model import Role
    from infra.ground import open_ground
    from lake.upkeep.maintain import compact as swap

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
    from catalogs.people.people import current, require
    from catalogs.values.model import Role
    from infra.ground import open_ground
    from lake.upkeep.maintain import expire as delete

    with open_ground(os.environ) as ground, progress(help_text("清理", "expiring")):
        someone = current(ground, as_)
        require(someone, Role.ENGINEER)
        gone = delete(ground, dataset, someone.id, days=days)
        said = Text(f"删除 {gone} 个文件", f"{gone} files deleted")
        emit(ground, {"dataset": dataset, "files": gone}, lambda _: said.say(ground.lang))


@lake.command(
    help=help_text(
        "逐文件核对数据集：版本、文件、行数、统计信息；有一处不符即退出码 1",
        "Read every stored file once more and hold it against log and register; exit 1 when anything does not fit.",
    )
)
@click.argument("dataset")
@_AS
@json_option
def verify(dataset: str, as_: str | None) -> int:
    """Print one sentence for each fault."""
    from catalogs.people.people import current, require
    from catalogs.values.model import Role
    from infra.ground import open_ground
    from lake.upkeep.verify import verify as check

    with open_ground(os.environ) as ground, progress(help_text("核对", "verifying")):
        someone = current(ground, as_)
        require(someone, Role.ENGINEER, Role.AUDITOR)
        done = check(ground, dataset, someone.id)
        lang = ground.lang
        good = Text("全部相符", "everything fits") if not done.flaws else Text("不符", "does not fit")
        said = Text(
            f"{dataset}：{good.zh}；{done.files} 个文件，{done.rows} 行，{done.deliveries} 个批次",
            f"{dataset}: {good.en}; {done.files} files, {done.rows} rows, {done.deliveries} deliveries",
        )
        lines = [said.say(lang), *(f"  {flaw.code}: {flaw.said.say(lang)}" for flaw in done.flaws)]
        emit(ground, done.as_dict(lang), lambda _: lines)
    return 1 if done.flaws else 0
