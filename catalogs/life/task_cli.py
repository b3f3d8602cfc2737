"""`hub catalog tasks|change-event|extend|correct|answer|report|diff|history`, `hub people hand-over`."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from catalogs.as_dataset import dataset_argument
from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, table
from infra.language import Text

if TYPE_CHECKING:
    from catalogs.life.tasks import Clockwork, Task
    from infra.ground import Ground

_DAY = click.DateTime(["%Y-%m-%d"])


def _said(ground: "Ground", task: "Task", clocks: "Clockwork") -> dict[str, Any]:
    from dataclasses import asdict

    from catalogs.life.tasks import local_day

    where = clocks.standing(task, local_day(ground.now()))
    return {"id": task.id, **asdict(task), "due": where.due, "missing_year": where.missing_year, "late": where.late}


def _told(ground: "Ground", task: "Task") -> None:
    from catalogs.life.tasks import clockwork, local_day

    clocks = clockwork(ground)
    where = clocks.standing(task, local_day(ground.now())).say()
    said = Text(
        f"{task.id} {task.kind.text.zh}：{where.zh}，由 {task.department} 办理",
        f"{task.id} {task.kind.text.en}: {where.en}, for {task.department}",
    )
    emit(ground, _said(ground, task, clocks), lambda _: said.say(ground.lang))


@click.command(help=help_text("列出本部门的待办任务与期限。", "List your department's tasks and when they are due."))
@click.option("--all", "everything", is_flag=True, help=help_text("所有部门", "of every department"))
@click.option("--closed", is_flag=True, help=help_text("含已办结的", "those that are over too"))
@as_option
@json_option
def tasks(everything: bool, closed: bool, as_: str | None) -> None:
    """Print one line a task; one department's alone but for the authority and auditors."""
    from catalogs.life.drafts import drafts
    from catalogs.life.duties import seen_by
    from catalogs.life.machine import State
    from catalogs.life.tasks import clockwork, local_day
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        who = current(ground, as_)
        found = seen_by(ground, who, everything=everything, closed=closed)
        clocks, today = clockwork(ground), local_day(ground.now())
        zh, en = (
            ("任务", "种类", "资源", "部门", "经办人", "期限", "事由"),
            ("task", "kind", "resource", "department", "holder", "due", "why"),
        )
        rows = [
            (one.id, one.kind.text.say(ground.lang), one.resource, one.department, one.holder or "",
             clocks.standing(one, today).say().say(ground.lang), one.why)
            for one in found
        ]  # fmt: skip
        back = [] if everything else drafts(ground.engine, state=State.RETURNED, provider=who.department)
        none = Text("没有待办任务", "no open task").say(ground.lang)
        human = [table(rows, zh if ground.lang == "zh" else en)] if rows else [] if back else [none]
        human += [
            Text(
                f"退回修改：“{one.body.title.zh}”（{one.resource}）：{one.why}",
                f"returned: {one.body.title.en} ({one.resource}): {one.why}",
            ).say(ground.lang)
            for one in back
        ]
        value = {"tasks": [_said(ground, one, clocks) for one in found], "returned": [one.resource for one in back]}
        emit(ground, value, lambda _: human)


@click.command(
    "change-event", help=help_text("登记职责或法规变化，开立目录更新任务。", "A duty or law changed: opens a task.")
)
@dataset_argument
@click.option(
    "--kind",
    required=True,
    type=click.Choice(["duty", "law", "职责", "法规"]),
    help=help_text("职责（duty）或法规（law）", "duty or law"),
)
@click.option("--why", required=True, help=help_text("变化的内容", "what changed"))
@click.option("--on", type=_DAY, help=help_text("变化的日期，默认今天", "the day it changed; today by default"))
@as_option
@json_option
def change_event(dataset: str, kind: str, why: str, on: datetime | None, as_: str | None) -> None:
    """Open the task and print when it is due."""
    from catalogs.life.duties import change_event as record
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        day, meant = on.date() if on else None, {"职责": "duty", "法规": "law"}.get(kind, kind)
        _told(ground, record(ground, dataset, current(ground, as_), kind=meant, why=why, on=day))


@click.command(help=help_text("主管部门同意任务延期（一次）。", "The authority consents to an extension, once."))
@click.argument("task")
@click.option("--why", required=True, help=help_text("同意的事由", "why it consents"))
@click.option(
    "--days", type=click.IntRange(1), help=help_text("工作日数，默认法定最长", "working days; the most by default")
)
@as_option
@json_option
def extend(task: str, why: str, days: int | None, as_: str | None) -> None:
    """Extend, and print when it is due now."""
    from catalogs.life.duties import consent, number_of
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        _told(ground, consent(ground, number_of(task), current(ground, as_), why=why, days=days))


@click.command(help=help_text("对使用的数据提出校核。", "Ask for the correction of data that you use."))
@dataset_argument
@click.option("--what", required=True, help=help_text("哪里不对", "what is wrong"))
@as_option
@json_option
def correct(dataset: str, what: str, as_: str | None) -> None:
    """File the ticket and print when its answer is due."""
    from catalogs.life.duties import file_correction
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        _told(ground, file_correction(ground, dataset, current(ground, as_), what=what))


@click.command(help=help_text("答复校核或办结目录更新任务。", "Answer a correction, or end a task of updating."))
@click.argument("task")
@click.option("--result", required=True, help=help_text("处理结果", "the result"))
@click.option("--version", type=click.IntRange(1), help=help_text("更正所在的版本", "the version that is corrected"))
@as_option
@json_option
def answer(task: str, result: str, version: int | None, as_: str | None) -> None:
    """End the task."""
    from catalogs.life.duties import answer as record
    from catalogs.life.duties import number_of
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        _told(ground, record(ground, number_of(task), current(ground, as_), result=result, corrected=version))


@click.command(
    help=help_text("监督检查报告：谁逾期、逾期几个工作日。", "The supervision report: who is late, and by how much.")
)
@as_option
@json_option
def report(as_: str | None) -> None:
    """Print the report."""
    from catalogs.life.report import sentences
    from catalogs.life.supervision import supervision
    from catalogs.people.asking import may
    from catalogs.permission.decide import CATALOGUE
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        may(ground, "supervise", CATALOGUE, as_)
        found, names = supervision(ground)
        emit(ground, found, lambda _: sentences(found, names, ground.lang))


@click.command(help=help_text("用文字说明两版目录的差别。", "What differs between two versions, in words."))
@dataset_argument
@click.option(
    "--from",
    "old",
    help=help_text("从哪一版：版本号、draft，或 r2（第 2 次修订）", "a version, draft, or r2 (revision 2)"),
)
@click.option("--to", "new", help=help_text("到哪一版，写法相同", "to which, written alike"))
@as_option
@json_option
def diff(dataset: str, old: str | None, new: str | None, as_: str | None) -> None:
    """Print a sentence a change."""
    from catalogs.life.versions import difference, sees_drafts
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        shown = sees_drafts(ground, current(ground, as_), dataset)
        since, to, found = difference(ground, dataset, old, new, drafts=shown)
        head = _compared(dataset, since, to)
        same = Text("没有差别", "no difference")
        lines = [f"  {one.say(ground.lang)}" for one in found] or [f"  {same.say(ground.lang)}"]
        emit(ground, {"from": since, "to": to, "changes": found}, lambda _: [head.say(ground.lang), *lines])


def _compared(dataset: str, since: str, to: str) -> Text:
    if since == "0":
        return Text(
            f"{dataset}：尚未登记，{_version(to).zh}的内容", f"{dataset}: not registered before {_version(to).en}"
        )
    return Text(
        f"{dataset}：{_version(since).zh}与{_version(to).zh}相比",
        f"{dataset}: {_version(since).en} against {_version(to).en}",
    )


def _version(word: str) -> Text:
    if word == "draft":
        return Text("草稿", "the draft")
    if word.startswith("r"):
        return Text(f"第 {word[1:]} 次修订", f"revision {word[1:]}")
    return Text(f"第 {word} 版", f"version {word}")


@click.command(help=help_text("一项目录的办理经过。", "All that was done to an entry."))
@dataset_argument
@as_option
@json_option
def history(dataset: str, as_: str | None) -> None:
    """Print one line a step."""
    from catalogs.life.machine import State
    from catalogs.life.versions import history as steps
    from catalogs.life.versions import sees_drafts
    from catalogs.people.people import current
    from infra.ground import open_ground
    from infra.ledger.act_words import ACT_ZH
    from infra.local_time import local_time

    with open_ground() as ground:
        ground.prepare()
        found = steps(ground, dataset, drafts=sees_drafts(ground, current(ground, as_), dataset))
        states = {str(state): state.text.say(ground.lang) for state in State}
        zh = ("时间", "办理", "状态", "修订", "版本", "办理人", "事由", "材料", "存证")
        en = ("at", "act", "state", "revision", "version", "by", "why", "paper", "entry")
        rows = [
            (local_time(one.at), ACT_ZH[one.act] if ground.lang == "zh" else one.act, states.get(one.state, ""),
             one.revision or "", one.version or "", one.by, one.why, one.paper if one.sha256 else "", one.entry)
            for one in found
        ]  # fmt: skip
        emit(ground, {"history": found}, lambda _: table(rows, zh if ground.lang == "zh" else en))


@click.command(
    "hand-over",
    help=help_text("人员调岗：移交在办目录和任务，撤销其密钥。", "Hand open work over; the leaver's keys end."),
)
@click.argument("leaver")
@click.argument("successor")
@click.option("--why", "--reason", "reason", required=True, help=help_text("事由", "why"))
@json_option
def hand_over(leaver: str, successor: str, reason: str) -> None:
    """Hand over, and print what went."""
    from catalogs.life.handover import hand_over as give
    from catalogs.people.people import registrar
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        done = give(ground, leaver, successor, registrar(ground), reason=reason)
        said = Text(
            f"已移交 {done.drafts} 项目录、{done.tasks} 件任务，撤销 {done.keys} 个密钥",
            f"{done.drafts} entries and {done.tasks} tasks handed over, {done.keys} keys ended",
        )
        emit(ground, done, lambda _: said.say(ground.lang))
