"""`hub catalog draft|drafts|save|assess|approve|sheet|approve-paper|paper` and a command for each step of an entry."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalogs.as_dataset import dataset_argument, datasets_argument
from catalogs.life.several_cli import each, told
from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, table
from infra.language import Text

if TYPE_CHECKING:
    from catalogs.life.drafts import Draft
    from infra.ground import Ground

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_OUT = click.Path(path_type=Path, dir_okay=False)


def shown(draft: "Draft") -> dict[str, Any]:
    """A draft as `--json` prints it: without its body."""
    names = ("resource", "unit", "provider", "revision", "state", "base", "digest", "holder", "by", "at", "why")
    return {name: getattr(draft, name) for name in names}


def _line(draft: "Draft", ground: "Ground") -> str:
    state = draft.state.text
    title = draft.body.title
    return Text(
        f"“{title.zh}”（{draft.resource}）：{state.zh}，第 {draft.revision} 次修订",
        f"{title.en} ({draft.resource}): {state.en}, revision {draft.revision}",
    ).say(ground.lang)


@click.command(help=help_text("查看一项目录的草稿（YAML）与修订号。", "Show a draft as YAML, with its revision."))
@dataset_argument
@as_option
@json_option
def draft(dataset: str, as_: str | None) -> None:
    """Print the draft; where there is none, what is registered, to begin from."""
    from catalogs.folder.drafts import yaml_text
    from catalogs.folder.write import resource_document
    from catalogs.life.drafts import draft as find
    from catalogs.lookup import resource
    from catalogs.people.asking import may_act, sees
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        who, found = current(ground, as_), find(ground.engine, dataset)
        if found is not None and not sees(ground, who, found.ref):
            may_act(ground, who, "edit_draft", found.ref)
        body = resource_document(found.body if found else resource(ground.engine, dataset))
        head = Text("# 没有草稿，以下为已登记内容", "# no draft; this is what is registered").say(ground.lang)
        value = {"draft": shown(found) if found else None, "body": body}
        emit(ground, value, lambda _: [f"# {_line(found, ground)}" if found else head, yaml_text(body)])


@click.command(help=help_text("列出草稿及其状态。", "List the drafts and where each stands."))
@click.option("--unit", help=help_text("只列该单位", "of this unit"))
@click.option("--provider", help=help_text("只列该部门", "of this department"))
@click.option("--state", help=help_text("只列该状态，如 submitted 或 已提交", "in this state"))
@as_option
@json_option
def drafts(unit: str | None, provider: str | None, state: str | None, as_: str | None) -> None:
    """Print one line a draft."""
    from catalogs.life.drafts import drafts as listing
    from catalogs.life.machine import State
    from catalogs.lookup import people_names
    from catalogs.people.asking import sees
    from catalogs.people.people import current
    from catalogs.values.word import find
    from infra.errors import WrongUse
    from infra.ground import open_ground
    from infra.local_time import local_time

    wanted = find(State, state) if state else None
    if state and wanted is None:
        known = Text("可选：" + "、".join(one.text.zh for one in State), "one of: " + ", ".join(map(str, State)))
        raise WrongUse("DRAFT_STATE_WORD", f"没有状态 {state[:40]}", f"there is no state {state[:40]}", remedy=known)
    with open_ground() as ground:
        ground.prepare()
        who = current(ground, as_)
        found = [one for one in listing(ground.engine, unit, wanted, provider=provider) if sees(ground, who, one.ref)]
        zh, en = (
            ("名称", "状态", "修订", "最近办理", "时间", "事由", "资源"),
            ("title", "state", "revision", "by", "at", "why", "resource"),
        )
        called = people_names(ground.engine)
        rows = [
            (one.body.title.say(ground.lang), one.state.text.say(ground.lang), one.revision, called.get(one.by, one.by),
             local_time(one.at), one.why, one.resource)
            for one in found
        ]  # fmt: skip
        none = Text("没有草稿", "no draft").say(ground.lang)
        human = table(rows, zh if ground.lang == "zh" else en) if rows else none
        emit(ground, {"drafts": [shown(one) for one in found]}, lambda _: human)


@click.command(help=help_text("把一项目录（YAML 文件）保存为草稿。", "Save an entry, a YAML file, as a draft."))
@click.argument("file", type=_FILE)
@click.option(
    "--revision",
    type=click.IntRange(1),
    help=help_text("您所改的修订号；新草稿不填", "the revision you read; none for a new one"),
)
@click.option("--why", required=True, help=help_text("事由", "why"))
@as_option
@json_option
def save(file: Path, revision: int | None, why: str, as_: str | None) -> None:
    """Save and print the new revision."""
    from catalogs.life.document import read_entry
    from catalogs.life.drafts import save as keep
    from catalogs.people.people import current
    from catalogs.personal.read_personal import personal_rules
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        kept = keep(
            ground, read_entry(file, personal_rules(ground.city)), current(ground, as_), revision=revision, why=why
        )
        emit(ground, shown(kept), lambda _: _line(kept, ground))


@click.command(help=help_text("登记风险评估（保密、个人信息）及其材料。", "Record a risk assessment and its paper."))
@datasets_argument
@click.argument("paper", type=_FILE)
@click.option(
    "--kind",
    required=True,
    type=click.Choice(["secrecy", "personal", "保密", "个人信息"]),
    help=help_text("种类：保密（secrecy）或个人信息（personal）", "which"),
)
@click.option("--result", required=True, help=help_text("评估结论", "what it found"))
@as_option
@json_option
def assess(datasets: tuple[str, ...], paper: Path, kind: str, result: str, as_: str | None) -> None:
    """Seal the paper and record the act."""
    from catalogs.life.machine import Paper
    from catalogs.life.papers import assess as record
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        which = next(one for one in Paper if str(one) == kind or one.text.zh.startswith(kind))
        who = current(ground, as_)
        told(ground, datasets, lambda one: record(ground, one, which, paper, who, result=result))


@click.command(help=help_text("部门负责人批准草稿的现有内容。", "The head approves the draft as it stands."))
@datasets_argument
@click.option("--revision", type=int, help=help_text("只批准该次修订", "approve this revision and no other"))
@as_option
@json_option
def approve(datasets: tuple[str, ...], revision: int | None, as_: str | None) -> None:
    """Record the head's approval."""
    from catalogs.life.papers import approve as record
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        who = current(ground, as_)
        told(ground, datasets, lambda one: record(ground, one, who, revision=revision))


@click.command(
    "approve-paper", help=help_text("交回负责人签字的审批表扫描件。", "Take back the scan of the signed sheet.")
)
@dataset_argument
@click.argument("scan", type=_FILE)
@click.option("--check", help=help_text("签字审批表上的核对码", "the check number on the signed sheet"))
@click.option("--signed-by", help=help_text("签字的负责人姓名", "the name of the head who signed"))
@as_option
@json_option
def approve_paper(dataset: str, scan: Path, check: str | None, signed_by: str | None, as_: str | None) -> None:
    """Seal the scan and record the approval."""
    from catalogs.life.papers import approve_on_paper
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        who = current(ground, as_)
        taken = approve_on_paper(ground, dataset, scan, who, check=check, signed_by=signed_by)
        told(ground, [dataset], lambda _: taken)


@click.command(help=help_text("打印供负责人签字的审批表（A4，HTML）。", "A sheet for the head to sign (A4, HTML)."))
@dataset_argument
@click.argument("out", type=_OUT)
@as_option
@json_option
def sheet(dataset: str, out: Path, as_: str | None) -> None:
    """Write the sheet and print its check number."""
    from catalogs.life.document import approval_sheet
    from catalogs.life.papers import check_number
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        made = approval_sheet(ground, dataset, current(ground, as_), out)
        check = check_number(made.digest)
        said = Text(f"已写入 {out}，核对码 {check}", f"wrote {out}, check number {check}").say(ground.lang)
        emit(ground, {"file": str(out), "digest": made.digest, "check": check}, lambda _: said)


@click.command(help=help_text("取出一份已登记的材料。", "Take a recorded paper out of the store."))
@click.argument("number", type=click.IntRange(1))
@click.argument("out", type=_OUT)
@as_option
@json_option
def paper(number: int, out: Path, as_: str | None) -> None:
    """Open the sealed file into a new one."""
    from catalogs.life.papers import write_paper
    from catalogs.people.people import current
    from infra.errors import Refused
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        if out.exists():
            raise Refused(
                "PAPER_OUT", f"{out.name} 已经存在，没有覆盖", f"{out.name} is there already; not overwritten"
            )
        opened = write_paper(ground, number, current(ground, as_), out)
        told(ground, [""], lambda _: opened)


def _review_due(draft: "Draft", ground: "Ground") -> list[str]:
    """Until when the authority has to review what was handed to it."""
    from catalogs.life.clocks import Kind
    from catalogs.life.machine import State
    from catalogs.life.tasks import clockwork, local_day, tasks

    if draft.state is not State.SUBMITTED:
        return []
    clocks, today = clockwork(ground), local_day(ground.now())
    due = [one for one in tasks(ground, kinds=[Kind.REVIEW]) if one.resource == draft.resource]
    return [
        Text(f"主管部门审核：{where.zh}", f"review by the authority: {where.en}").say(ground.lang)
        for where in (clocks.standing(one, today).say() for one in due)
    ]


def _step(name: str, function: str, zh: str, en: str, *, why: bool) -> click.Command:
    """A command that takes one step of `catalogs.life.steps`."""

    def run(datasets: tuple[str, ...], why: str, as_: str | None) -> None:
        from importlib import import_module

        from catalogs.people.people import current
        from infra.ground import open_ground

        with open_ground() as ground:
            ground.prepare()
            take: Callable[..., Any] = getattr(import_module("catalogs.life.steps"), function)
            who = current(ground, as_)
            each(
                ground,
                datasets,
                lambda one: take(ground, one, who, why=why),
                shown,
                lambda done: [_line(done, ground), *_review_due(done, ground)],
            )

    said = help_text("事由", "why")
    # An explicit default, even None, would satisfy `required`.
    reason = click.option("--why", required=True, help=said) if why else click.option("--why", default="", help=said)
    command = click.command(name, help=help_text(zh, en))
    return command(datasets_argument(reason(as_option(json_option(run)))))


submit = _step("submit", "submit", "提交目录，由主管部门审核。", "Submit an entry for review.", why=False)
recall = _step("recall", "recall", "撤回已提交的目录。", "Recall what was submitted.", why=True)
return_ = _step("return", "give_back", "退回修改，说明理由。", "Return an entry, with reasons.", why=True)
review = _step("review", "review", "审核通过。", "Find an entry in order.", why=False)
publish = _step("publish", "publish", "发布目录。", "Publish an entry.", why=False)
discard = _step("discard", "discard", "放弃草稿。", "Give a draft up.", why=True)
