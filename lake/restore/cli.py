"""`hub lake restore`: a table put back to an earlier version; a thin command over `lake.restore.restore`."""

import contextlib
import os
from typing import TYPE_CHECKING, Any

import click

from catalogs.people.as_option import as_option
from infra.console import confirmed, emit, help_text, json_option, progress, wants_json
from infra.errors import Unavailable
from infra.language import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = 20


@click.command(
    "restore",
    help=help_text(
        "把数据集还原到以前的版本（产生新版本，历史不改写）：先列出恢复和撤回的内容，确认后执行。其后的批次不再有效，可重新报送。",
        "Put a dataset back to what an earlier version held, as a new version: shows what comes back and which "
        "deliveries no longer stand, and asks. The history stays; what no longer stands may be delivered again.",
    ),
)
@click.argument("dataset")
@click.option("--to", "target", type=click.IntRange(min=0), required=True, help=help_text("版本", "the version"))
@click.option("--reason", help=help_text("理由（必填，试运行除外；报送单位会看到）", "why; the provider is told it"))
@click.option("--dry-run", is_flag=True, help=help_text("只列出，不改动", "show what would come of it alone"))
@click.option("--yes", is_flag=True, help=help_text("不再询问", "do not ask"))
@as_option
@json_option
def restore(dataset: str, target: int, reason: str | None, dry_run: bool, yes: bool, as_: str | None) -> int:
    """Show the plan, ask, put back."""
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.describe.outbox import drain_quietly
    from lake.restore.plan import plan
    from lake.restore.restore import Asked, may_restore, reason_of
    from lake.restore.restore import restore as put_back
    from lake.store.delta import Tables

    if not dry_run and reason is None:
        raise click.UsageError(help_text("须用 --reason 说明理由", "say why with --reason"))
    if wants_json() and not (yes or dry_run):
        raise click.UsageError(help_text("--json 须与 --yes 或 --dry-run 同用", "--json goes with --yes or --dry-run"))
    with open_ground(os.environ) as ground:
        someone, lang = current(ground, as_), ground.lang
        may_restore(ground, someone, dataset)
        seen = None
        if dry_run or not yes:
            if reason is not None:
                reason_of(reason)
            found = plan(ground, Tables(ground.store), dataset, target)
            if dry_run:
                nothing = Text("什么都没有改动。", "Nothing was changed.").say(lang)
                emit(ground, {**found.as_dict(), "dry_run": True}, lambda value: [*_lines(value, lang), nothing])
                return 0
            click.echo("\n".join(_lines(found.as_dict(), lang)))
            if not found.nothing:
                seen = found.newest
                if not confirmed(Text("还原？", "Put it back?")):
                    click.echo(Text("什么都没有改动。", "Nothing was changed.").say(lang))
                    return 1
        with progress(help_text("还原", "restoring")):
            done = put_back(ground, someone, Asked(dataset, target, reason or "", seen))
        told = done.as_dict()
        emit(ground, told, lambda value: [*(_lines(value, lang) if yes else ()), _end(value, lang)])
        if done.done is not None:
            drain_quietly(ground)
            with contextlib.suppress(Unavailable):  # another process is signing: its checkpoint covers ours
                ground.ledger.sequence()
    return 0


def _lines(told: "Mapping[str, Any]", lang: str) -> list[str]:
    newest, target = told["newest"], told["target"]
    head = Text(
        f"{told['dataset']}：版本 {newest}（{told['rows_now']} 行）还原到版本 {target}（{told['rows_then']} 行）",
        f"{told['dataset']}: version {newest} ({told['rows_now']} rows) back to version {target} "
        f"({told['rows_then']} rows)",
    )
    said = [head.say(lang)]
    for name, zh, en in (
        ("reverted", "不再有效的批次", "no longer stands: delivery"),
        ("returned", "重新有效的批次", "stands again: delivery"),
    ):
        for one in told[name][:_SHOWN]:
            line = Text(
                f"  {zh} {one['delivery']}：版本 {one['version']}，当时发布 {one['published']} 行",
                f"  {en} {one['delivery']}, version {one['version']}, {one['published']} rows published then",
            )
            said.append(line.say(lang))
        said += _more(len(told[name]) - _SHOWN, lang)
    drawn = sum(one["channel"] == "pull" for one in told["reverted"])
    if drawn:
        line = Text(
            f"  其中 {drawn} 个批次由数据库抽取：水位不回退，不会自动再次抽取",
            f"  {drawn} of them were drawn from the unit's database: the watermark stays, they are not drawn again",
        )
        said.append(line.say(lang))
    if told["replays"]:
        line = Text(
            f"  退回问题数据区 {told['quarantined_again']} 行（撤销重放 {'、'.join(told['replays'][:_SHOWN])}）",
            f"  back into quarantine: {told['quarantined_again']} rows (of replay "
            f"{', '.join(told['replays'][:_SHOWN])})",
        )
        said.append(line.say(lang))
    for name, zh, en in (("leaving", "移出", "rows leave"), ("coming", "恢复", "rows come back")):
        for identity, rows in list(told[name].items())[:_SHOWN]:
            line = Text(f"  {zh} {rows} 行，批次 {identity}", f"  {rows} {en}, of delivery {identity}")
            said.append(line.say(lang))
        said += _more(len(told[name]) - _SHOWN, lang)
    return said


def _more(many: int, lang: str) -> list[str]:
    return [Text(f"  另有 {many} 个批次", f"  and {many} more deliveries").say(lang)] if many > 0 else []


def _end(told: "Mapping[str, Any]", lang: str) -> str:
    if told["restore"] is None:
        return Text(
            f"现有版本 {told['version']} 的内容已与该版本相同，没有改动",
            f"version {told['version']} holds already what that version held; nothing was changed",
        ).say(lang)
    return Text(
        f"已还原为版本 {told['version']}（{told['restore']}）",
        f"put back as version {told['version']} ({told['restore']})",
    ).say(lang)
