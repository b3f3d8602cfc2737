"""`hub catalog personal list|rejudge`: what is flagged as personal information and by which edition, and anew."""

from typing import TYPE_CHECKING, Any

import click

from infra.console import emit, help_text, json_option, table
from infra.language import Text

if TYPE_CHECKING:
    from catalogs.personal.rejudge import Outcome
    from infra.ground import Ground


@click.group(help=help_text("个人信息标记及其判定依据的版本。", "Flags of personal information and their edition."))
def personal() -> None:
    """Hold the commands on flags."""


@personal.command(
    "list", help=help_text("列出个人信息数据项、敏感与否和依据。", "List the flags, each with its basis.")
)
@click.argument("dataset", required=False)
@json_option
def personal_list(dataset: str | None) -> None:
    """Print one line an item; say how many were flagged by another edition than the one in force."""
    from catalogs.lookup import resource, resources
    from catalogs.own_city import own_city
    from catalogs.personal.personal import said_flag
    from catalogs.personal.read_personal import personal_rules
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        rules, lang = personal_rules(own_city(ground)), ground.lang
        known = [resource(ground.engine, dataset)] if dataset else resources(ground.engine)
        found = [(one.id, item, item.personal) for one in known for item in one.items if item.personal]
        value = {
            "edition": str(rules.edition),
            "rules": rules.version,
            "flags": [
                {
                    "dataset": name,
                    "item": item.name,
                    "class": str(flag.kind),
                    "sensitive": flag.sensitive,
                    "edition": str(flag.edition),
                    "basis": said.say(lang) if (said := rules.basis(item)) else None,
                }
                for name, item, flag in found
            ],
        }
        other = sum(flag.edition is not rules.edition for _, _, flag in found)

        def human(_: Any) -> list[str]:
            zh, en = ("数据集", "数据项", "标记", "依据"), ("dataset", "item", "flag", "basis")
            rows = [
                (name, item.name, said_flag(flag).say(lang), said.say(lang) if (said := rules.basis(item)) else "")
                for name, item, flag in found
            ]
            head = Text(f"本市采用 {rules.edition}", f"in force here: {rules.edition}").say(lang)
            tail = Text(
                f"{other} 项按其他版本标记；用 hub catalog personal rejudge 重新判定",
                f"{other} were flagged by another edition: `hub catalog personal rejudge` judges them anew",
            )
            return [head, table(rows, zh if lang == "zh" else en), *([tail.say(lang)] if other else [])]

        emit(ground, value, human)


@personal.command("rejudge", help=help_text("按本市采用的版本重新判定。", "Judge every flag by the edition in force."))
@json_option
def personal_rejudge() -> None:
    """Write the new versions and print what changed."""
    from catalogs.folder.read_thresholds import thresholds
    from catalogs.own_city import own_city
    from catalogs.people.people import registrar
    from catalogs.personal.read_personal import personal_rules
    from catalogs.personal.rejudge import rejudge
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        city = own_city(ground)
        rules = personal_rules(city)
        done = rejudge(ground, rules, thresholds(city), registrar(ground))
        value = {
            "edition": str(rules.edition),
            "changed": [
                {
                    "dataset": one.resource,
                    "item": one.item,
                    "sensitive": [one.before.sensitive, one.after.sensitive],
                    "edition": [str(one.before.edition), str(one.after.edition)],
                    "grade": [one.grade.id, one.raised.id],
                }
                for one in done.changed
            ],
            "held": [{"dataset": name, "trigger": trigger.id} for name, trigger in done.held],
        }
        emit(ground, value, lambda _: _lines(ground, done))


def _lines(ground: "Ground", done: "Outcome") -> list[str]:
    lang = ground.lang
    lines = [f"{one.resource} {one.text.say(lang)}" for one in done.changed]
    for name, trigger in done.held:
        said = Text(
            f"{name} 未改：先由主管部门复核 {trigger.id}（{trigger.text.zh}）",
            f"{name} is held: the authority first reviews {trigger.id} ({trigger.text.en})",
        )
        lines.append(said.say(lang))
    return lines or [Text("没有变化", "nothing changed").say(lang)]
