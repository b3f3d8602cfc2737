"""`hub quarantine replay`: what a corrected contract lets pass leaves quarantine.

A thin command over `lake.replay.replay`.
"""

import contextlib
import os
from typing import TYPE_CHECKING

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, progress
from infra.errors import Unavailable
from infra.language import Text

if TYPE_CHECKING:
    from lake.replay.replay import Replayed

_DELIVERIES_SHOWN = 20


@click.command(
    "replay",
    help=help_text(
        "契约或目录修正后重放：现在合格的行从问题数据区转入标准层，重复运行不再改动。",
        "After a contract or the catalogue was put right: the rows that now pass are published. Twice is once.",
    ),
)
@click.argument("dataset")
@click.option("--delivery", help=help_text("只重放一个批次", "of one delivery"))
@click.option(
    "--dry-run", is_flag=True, help=help_text("试运行：只看结果，什么都不改动", "show what would come of it alone")
)
@as_option
@json_option
def replay(dataset: str, delivery: str | None, dry_run: bool, as_: str | None) -> None:
    """Replay, and print what moved, what stays and why."""
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.describe.outbox import drain_quietly
    from lake.ingest import Session
    from lake.replay.replay import replay as move

    with open_ground(os.environ) as ground, progress(help_text("重放", "replaying")):
        someone = current(ground, as_)
        with Session(ground) as session:
            done = move(session, someone, dataset, delivery, dry_run=dry_run)
        emit(ground, done.as_dict(ground.lang), lambda _: _lines(done, ground.lang))
        if done.replay is not None:
            drain_quietly(ground)
            with contextlib.suppress(Unavailable):  # another process is signing: its checkpoint covers ours
                ground.ledger.sequence()


def _lines(done: "Replayed", lang: str) -> list[str]:
    published = sum(one.published for one in done.deliveries)
    twice = sum(one.duplicates for one in done.deliveries)
    many = sum(one.replaced for one in done.deliveries)
    moved = Text(f"发布 {published}", f"published {published}")
    if many:
        moved = Text(f"{moved.zh}，替换 {many}", f"{moved.en}, replaced {many}")
    version = "" if done.version is None else Text(f"，版本 {done.version}", f", version {done.version}").say(lang)
    begins = Text("试运行 ", "dry run of ").say(lang) if done.dry_run else ""
    counts = Text(
        f"{moved.zh}，重复 {twice}，仍为问题数据 {done.left}（契约 {done.contract}）",
        f"{moved.en}, duplicates {twice}, left in quarantine {done.left} (contract {done.contract})",
    )
    colon = Text("：", ": ").say(lang)
    said = [f"{begins}{done.dataset}{version}{colon}{counts.say(lang)}"]
    for one in done.deliveries[:_DELIVERIES_SHOWN]:
        line = Text(
            f"  批次 {one.id}：发布 {one.published}，重复 {one.duplicates}",
            f"  delivery {one.id}: published {one.published}, duplicates {one.duplicates}",
        )
        said.append(line.say(lang))
    more = len(done.deliveries) - _DELIVERIES_SHOWN
    if more > 0:
        said.append(Text(f"  另有 {more} 个批次", f"  and {more} more deliveries").say(lang))
    for rule, (count, text) in done.broken.items():
        said.append(f"  {rule} {count}: {text.say(lang)}")
    for identity, reasons in list(done.held.items())[:_DELIVERIES_SHOWN]:
        held = Text(f"  批次 {identity} 整批未动：", f"  delivery {identity} stays as it is: ").say(lang)
        said.append(held + Text("", " ").say(lang).join(one.say(lang) for one in reasons))
    if done.dry_run:
        said.append(Text("什么都没有改动。", "Nothing was changed.").say(lang))
    return said
