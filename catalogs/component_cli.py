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
    from catalogs.component_of import component_of
    from infra.ground import open_ground

    with open_ground() as ground:
        ground.prepare()
        unit, value = component_of(ground, code, name)
        major, minor, sequence = value["major"], value["minor"], value["sequence"]
        own = Text("，本地扩展", ", of this place's own") if value["extension"] else Text("", "")
        said = Text(
            f"{unit.name.zh}，大类 {major}，小类 {minor}{own.zh}，顺序码 {sequence}",
            f"{unit.name.en}, major class {major}, minor class {minor}{own.en}, number {sequence}",
        )
        emit(ground, value, lambda _: said.say(ground.lang))
