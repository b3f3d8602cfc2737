"""`hub catalog component`: what a code of a component or event says, and whether it can be one of this city."""

import click

from infra.console import emit, help_text, json_option
from infra.language import Text


@click.command(
    help=help_text("核对部件、事件代码（16 位）。", "Check the code of a component or an event (16 digits).")
)
@click.argument("code")
@click.option("--name", help=help_text("小类名称", "the name of its minor class"))
@json_option
def component(code: str, name: str | None) -> None:
    """Print the parts of the code."""
    from catalogs.components import parse
    from catalogs.lookup import units
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        known = units(ground.engine)
        by_code = {each: unit for unit in known for each in (unit.stat_code, unit.gbt2260_code) if each}
        found = parse(code, by_code, name)
        unit = by_code[found.division]
        value = {
            "code": str(found),
            "unit": unit.id,
            "major": found.major,
            "minor": found.minor,
            "sequence": found.sequence,
            "extension": found.extension,
        }
        own = Text("，本地扩展", ", of this place's own") if found.extension else Text("", "")
        said = Text(
            f"{unit.name.zh}，大类 {found.major}，小类 {found.minor}{own.zh}，顺序码 {found.sequence}",
            f"{unit.name.en}, major class {found.major}, minor class {found.minor}{own.en}, number {found.sequence}",
        )
        emit(ground, value, lambda _: said.say(ground.lang))
