"""`hub lake evolve`: a person decides what becomes of columns that a contract renamed, dropped or gave another type."""

import contextlib
import os
from typing import TYPE_CHECKING

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, progress
from infra.errors import Unavailable, WrongUse
from infra.language import Text

if TYPE_CHECKING:
    from lake.evolve.evolve import Plan


@click.command(
    "evolve",
    help=help_text(
        "按最新契约变更已发布的表：更名、删除、改类型；以前的版本不变。",
        "Give the published table the columns of the newest contract; older versions stay as they are.",
    ),
)
@click.argument("dataset")
@click.option("--rename", metavar="OLD=NEW", multiple=True, help=help_text("列更名", "a column's new name"))
@click.option("--drop", metavar="COLUMN", multiple=True, help=help_text("删除列", "the column goes"))
@click.option(
    "--retype",
    metavar="COLUMN",
    multiple=True,
    help=help_text("改类型，每个值都须能原样还原", "its new type, if each value comes back the same"),
)
@click.option("--dry-run", is_flag=True, help=help_text("试运行：只看差异，什么都不改动", "show the differences alone"))
@as_option
@json_option
def evolve(
    dataset: str,
    rename: tuple[str, ...],
    drop: tuple[str, ...],
    retype: tuple[str, ...],
    dry_run: bool,
    as_: str | None,
) -> None:
    """Carry it out, and print what changed."""
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.evolve.evolve import Asked
    from lake.evolve.evolving import decided, may_evolve

    with open_ground(os.environ) as ground, progress(help_text("变更", "evolving")):
        someone = current(ground, as_)
        may_evolve(ground, someone, dataset)
        asked = Asked(frozenset(drop), dict(map(_renamed, rename)), frozenset(retype))
        contract, plan, version = decided(ground, dataset, asked, someone.id, dry_run=dry_run)
        told = {"dataset": dataset, "contract": contract.version, "dry_run": dry_run, "version": version}
        told |= plan.as_dict() | {"undecided": [*plan.gone, *plan.changed]}
        emit(ground, told, lambda _: _lines(dataset, plan, version, ground.lang, dry_run=dry_run))
        if plan.any and not dry_run:
            with contextlib.suppress(Unavailable):  # another process is signing: its checkpoint covers ours
                ground.ledger.sequence()


def _renamed(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise WrongUse("EVOLVE_RENAME", "--rename 写作 旧列名=新列名", "--rename is OLD=NEW")
    return old, new


def _lines(dataset: str, plan: "Plan", version: int, lang: str, *, dry_run: bool) -> list[str]:
    begins = Text("试运行 ", "dry run of ").say(lang) if dry_run else ""
    said = [begins + Text(f"{dataset}：版本 {version}", f"{dataset}: version {version}").say(lang)]
    said += [f"  {one.say(lang)}" for one in plan.said()]
    if len(said) == 1:
        said.append("  " + Text("表与契约一致", "table and contract agree").say(lang))
    if dry_run:
        said.append(Text("什么都没有改动。", "Nothing was changed.").say(lang))
    return said
