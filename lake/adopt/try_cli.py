"""`hub contract try`: what a draft contract's rules would have caught in the published data; nothing is kept."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, progress, wants_json
from infra.language import Text

if TYPE_CHECKING:
    from lake.adopt.try_rules import Tried


@click.command(
    "try",
    help=help_text(
        "用契约草稿的规则检查已发布的数据：每条规则会拦下多少行，附样例。什么都不保留；超出可阅级别的字段不参与。",
        "What the rules of a draft contract FILE would have caught in the published data, with samples. Nothing is "
        "kept; rules on fields above your clearance are not tried.",
    ),
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--samples", default=3, show_default=True, type=click.IntRange(0, 20), help=help_text("每条规则的样例数", "a rule")
)
@click.option("--purpose", help=help_text("读取目的（本人职责之一）", "why: one of your duties"))
@as_option
@json_option
def try_(file: Path, samples: int, purpose: str | None, as_: str | None) -> None:
    """Try the rules, and print counts, sentences and samples."""
    from catalogs.people.people import current
    from contracts.compare import read_contract
    from infra.ground import open_ground
    from lake.adopt.try_rules import try_rules
    from lake.query.query import Asked

    with open_ground(os.environ) as ground, progress(help_text("试用规则", "trying the rules")):
        # As in `hub query`: what a program reads is an export.
        asked = Asked("", purpose=purpose, export=wants_json() and not sys.stdout.isatty())
        found = try_rules(ground, current(ground, as_), read_contract(file), asked, samples=samples)
        emit(ground, found.as_dict(ground.lang), lambda _: _lines(found, ground.lang))


def _lines(found: "Tried", lang: str) -> list[str]:
    caught = [one for one in found.rules if one.count]
    head = Text(
        f"契约 {found.contract} 试用于 {found.dataset} 版本 {found.version} 的 {found.rows} 行："
        f"{len(found.rules)} 条规则，{len(caught)} 条会拦下记录",
        f"contract {found.contract} tried on {found.rows} rows of {found.dataset}, version {found.version}: "
        f"{len(found.rules)} rules, {len(caught)} would have caught rows",
    )
    said = [head.say(lang)]
    for one in caught:
        said.append(f"  {one.rule} ({one.severity}) {one.count}: {one.said.say(lang)}")
        for sample in one.samples:
            shown = ", ".join(f"{name}={'' if value is None else value}" for name, value in sample.values.items())
            # A control character in data must not move the terminal's cursor or change its colours.
            shown = "".join(char if char.isprintable() else "\ufffd" for char in shown)
            said.append(f"    {sample.delivery} {sample.place.say(lang)}  {shown}")
    for rule, columns in found.hidden.items():
        line = Text(f"  {rule} 未试用：涉及不可阅的字段", f"  {rule} was not tried: fields that you may not see")
        said.append(f"{line.say(lang)} {', '.join(columns)}")
    if found.whole:
        line = Text("  整批规则未试用", "  rules of a delivery as a whole were not tried")
        said.append(f"{line.say(lang)}: {', '.join(found.whole)}")
    return [*said, Text("什么都没有保留。", "Nothing was kept.").say(lang)]
