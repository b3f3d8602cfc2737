"""`hub catalog regrade list|propose|settle|triggers|review`: grades lowered by two people, and what raises them."""

from typing import TYPE_CHECKING, Any

import click

from catalogs.as_dataset import dataset_argument
from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, table
from infra.language import Text

if TYPE_CHECKING:
    from catalogs.regrade.lowering import Regrading
    from catalogs.rules.grading import Trigger
    from infra.ground import Ground

_WHY = help_text("理由", "why")
_BASIS = help_text("依据", "on what basis")


@click.group(help=help_text("降低级别（两人办理）和复核触发事项。", "Lower grades by two people; review triggers."))
def regrade() -> None:
    """Hold the commands on grades."""


@regrade.command("list", help=help_text("列出降级建议和结果。", "List the proposed lowerings and what became of them."))
@click.argument("dataset", required=False)
@json_option
def regrade_list(dataset: str | None) -> None:
    """Print one line a lowering."""
    from catalogs.regrade.regrading import regradings
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        _show(ground, regradings(ground.engine, dataset))


@regrade.command("propose", help=help_text("建议降低资源或数据项的级别。", "Propose to lower a grade."))
@dataset_argument
@click.option("--to", required=True, help=help_text("级别，如 general_2", "the grade, e.g. general_2"))
@click.option("--item", default="", help=help_text("只降该数据项", "of this item alone"))
@click.option("--why", required=True, help=_WHY)
@as_option
@json_option
def regrade_propose(dataset: str, to: str, item: str, why: str, as_: str | None) -> None:
    """Record the proposal."""
    from catalogs.people.people import current
    from catalogs.regrade.regrading import propose
    from catalogs.values.words import find_grade
    from infra.ground import open_ground

    grade = find_grade(to)
    if grade is None:
        raise click.BadParameter(to, param_hint="--to")
    with open_ground() as ground:
        ground.prepare()
        _show(ground, [propose(ground, dataset, grade, current(ground, as_), item=item, why=why)])


@regrade.command("settle", help=help_text("核准或不同意降级（主管部门另一人）。", "Approve or refuse it."))
@click.argument("number", type=click.IntRange(1))
@click.option("--yes/--no", "yes", required=True, help=help_text("核准或不同意", "approve or refuse"))
@click.option("--basis", required=True, help=_BASIS)
@as_option
@json_option
def regrade_settle(number: int, yes: bool, basis: str, as_: str | None) -> None:
    """Record the decision."""
    from catalogs.people.people import current
    from catalogs.regrade.regrading import settle
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        _show(ground, [settle(ground, number, current(ground, as_), yes=yes, basis=basis)])


@regrade.command("triggers", help=help_text("列出使资源暂升级别的事项。", "List what raises a grade."))
@dataset_argument
@json_option
def regrade_triggers(dataset: str) -> None:
    """Print one line a trigger."""
    from catalogs.regrade.raising import raised
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        found = raised(ground, dataset)
        known, seen, lang = found.triggers, found.reviewed, ground.lang

        def human(_: Any) -> str:
            head = Text("编号、事项、暂定级别、依据、已复核", "id, what, grade until then, source, reviewed").say(lang)
            titles = head.split("、") if lang == "zh" else head.split(", ")
            if not known:
                return Text("没有触发事项", "nothing raises it").say(lang)
            marks = ("是", "否") if lang == "zh" else ("yes", "no")
            rows = [(one.id, *_said(lang, one), marks[one.id not in seen]) for one in known]
            return table(rows, titles)

        emit(ground, found.plain(), human)


@regrade.command("review", help=help_text("登记某事项经复核不属重要数据。", "Record a trigger as reviewed."))
@dataset_argument
@click.argument("trigger")
@click.option("--basis", required=True, help=_BASIS)
@as_option
@json_option
def regrade_review(dataset: str, trigger: str, basis: str, as_: str | None) -> None:
    """Record the review."""
    from catalogs.people.people import current
    from catalogs.regrade.raising import review_one
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        someone = current(ground, as_)
        review_one(ground, dataset, trigger, someone, basis=basis)
        said = Text("已登记复核", "the review is recorded").say(ground.lang)
        emit(ground, {"dataset": dataset, "trigger": trigger, "by": someone.id}, lambda _: [said])


def _said(lang: str, one: "Trigger") -> tuple[str, str, str]:
    return one.text.say(lang), one.raises.text.say(lang), one.article.say(lang)


def _show(ground: "Ground", found: "list[Regrading]") -> None:
    lang = ground.lang
    states = {"proposed": Text("待核准", "proposed"), "approved": Text("已核准", "approved")}
    states["refused"] = Text("不同意", "refused")
    zh = ("编号", "资源", "数据项", "原级别", "新级别", "状态", "理由")
    en = ("number", "resource", "item", "from", "to", "state", "why")
    rows = [
        (
            str(each.number),
            each.resource,
            each.item or "-",
            each.from_grade.text.say(lang),
            each.to_grade.text.say(lang),
            states[each.state].say(lang),
            each.why,
        )
        for each in found
    ]
    emit(ground, {"regradings": [each.plain() for each in found]}, lambda _: table(rows, zh if lang == "zh" else en))
