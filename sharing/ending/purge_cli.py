"""`hub purge`: propose, decide, look. It stands at the door, for an erasure reaches what has left through it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, progress, table
from infra.language import Text
from infra.local_time import local_time

if TYPE_CHECKING:
    from catalogs.values.model import Person
    from infra.ground import Ground
    from lake.purge.purge import Plan
    from lake.records.tombstones import Purge

F = TypeVar("F", bound=Callable[..., Any])


class _Named(click.Group):
    """`hub purge d-…` proposes the purge of that delivery."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command in that is meant."""
        return super().parse_args(ctx, ["propose", *args] if args and args[0].startswith("d-") else args)


@click.group(
    cls=_Named,
    help=help_text(
        "依法清除一个归集批次：一人提出，另一人审批，批准后立即在各处清除并出具凭证。",
        "Erase a delivery everywhere, by law: one person proposes, another approves; it is done at once, with a proof.",
    ),
)
def purge() -> None:
    """Hold the commands of the purge together."""


def _command(name: str, zh: str, en: str) -> Callable[[F], Any]:
    """A command of the group with `--as` and `--json`."""

    def wrap(function: F) -> Any:
        return purge.command(name, help=help_text(zh, en))(as_option(json_option(function)))

    return wrap


@contextmanager
def _acting(as_: str | None) -> "Iterator[tuple[Ground, Person]]":
    from catalogs.people.people import current
    from infra.ground import open_ground

    with open_ground(os.environ) as ground:
        yield ground, current(ground, as_)


_ID = click.argument("purge_id", metavar="PURGE")
_REASON = click.option(
    "--reason", required=True, help=help_text("理由（一行，不写个人信息）", "why, one line, no person")
)


@_command("propose", "提出清除一个归集批次。", "Propose to purge a delivery.")
@click.argument("delivery")
@click.option(
    "--basis",
    required=True,
    help=help_text("清除依据，写错时列出全部", "the legal basis; a wrong one is answered with the list"),
)
@_REASON
def propose(as_: str | None, delivery: str, basis: str, reason: str) -> None:
    """Propose, and show what it would take."""
    from lake.purge import purge as purges
    from sharing.ending.purging import Extracts

    with _acting(as_) as (ground, person), progress(help_text("查找", "looking")):
        one = purges.propose(ground, delivery, basis, reason, person)
        _show(ground, one, purges.plan(ground, one.delivery, Extracts()))


@_command("approve", "批准并立即清除；中断后再次运行即续办。", "Approve and carry out; run again if interrupted.")
@_ID
@click.option("--opinion", default="", help=help_text("审批意见", "opinion"))
def approve(as_: str | None, purge_id: str, opinion: str) -> None:
    """Approve, carry out, tell the catalogue, print the proof."""
    import contextlib

    from infra.errors import Unavailable
    from lake.describe.outbox import drain_quietly
    from lake.purge import purge as purges
    from lake.purge.purging import carry_out
    from sharing.ending.purging import Extracts

    with _acting(as_) as (ground, person), progress(help_text("清除", "purging")) as say:
        purges.approve(ground, purge_id, person, Extracts(), opinion)
        one = carry_out(ground, purge_id, Extracts(), lambda step: say(step.say(ground.lang)))
        drain_quietly(ground)
        with contextlib.suppress(Unavailable):  # another process is signing: its checkpoint covers ours
            ground.ledger.sequence()
        _show(ground, one, None)


@_command("refuse", "驳回；提出人可以撤回。", "Refuse; who proposed it may take it back.")
@_ID
@_REASON
def refuse(as_: str | None, purge_id: str, reason: str) -> None:
    """Refuse."""
    from lake.purge import purge as purges

    with _acting(as_) as (ground, person):
        _show(ground, purges.refuse(ground, purge_id, person, reason), None)


@_command("readmit", "准许已清除的内容按新的依据再次归集。", "Let purged bytes be delivered again, on a new basis.")
@_ID
@click.option(
    "--basis", required=True, help=help_text("新的依据（法条或文号）", "the new basis: an article, a document")
)
@_REASON
def readmit(as_: str | None, purge_id: str, basis: str, reason: str) -> None:
    """Let in again."""
    from lake.purge import purge as purges

    with _acting(as_) as (ground, person):
        _show(ground, purges.readmit(ground, purge_id, person, basis, reason), None)


@_command("list", "列出清除事项。", "List purges.")
def list_(as_: str | None) -> None:
    """Print id, delivery, basis, state."""
    from infra.errors import Refused
    from lake.purge.rules import may_look
    from lake.records.tombstones import purges

    def seen(person: "Person", one: "Purge") -> bool:
        try:
            may_look(person, one.unit)
        except Refused:
            return False
        return True

    with _acting(as_) as (ground, person):
        found = [one for one in purges(ground.engine) if seen(person, one)]
        names = [
            Text(*pair).say(ground.lang)
            for pair in (
                ("编号", "purge"),
                ("批次", "delivery"),
                ("数据集", "dataset"),
                ("状态", "state"),
                ("提出", "at"),
            )
        ]
        rows = [
            (one.id, one.delivery, one.dataset, one.state.text.say(ground.lang), local_time(one.proposed_at))
            for one in found
        ]
        emit(ground, {"purges": [_plain(one) for one in found]}, lambda _: table(rows, names))


@_command(
    "show", "查看清除事项：批准前将清除什么，清除后的凭证。", "What a purge will take, or the proof of what it took."
)
@_ID
def show(as_: str | None, purge_id: str) -> None:
    """Print plan or proof."""
    from catalogs.values.erasure_words import PurgeState
    from lake.purge.purge import plan
    from lake.purge.rules import may_look
    from lake.records import tombstones
    from sharing.ending.purging import Extracts

    with _acting(as_) as (ground, person), progress(help_text("查找", "looking")):
        one = tombstones.load(ground.engine, purge_id)
        may_look(person, one.unit)
        waits = one.state is PurgeState.PROPOSED
        _show(ground, one, plan(ground, one.delivery, Extracts()) if waits else None)


@_command(
    "export", "导出清除名单，与备份分开保管，恢复备份时须用。", "Export the tombstones; keep them apart from backups."
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(as_: str | None, file: Path) -> None:
    """Write the list that a restore needs."""
    from catalogs.people.people import require
    from catalogs.values.model import Role
    from infra.console import json_text
    from lake.backup.backup import disk, write_whole
    from lake.purge.replayed import exported

    with _acting(as_) as (ground, person):
        require(person, Role.ENGINEER, Role.OPERATOR, Role.AUTHORITY_REVIEWER)
        told = exported(ground)
        with disk():
            write_whole(file, json_text(told).encode())
        count = len(told["tombstones"])
        said = Text(f"已导出 {count} 项清除", f"{count} tombstones exported")
        emit(ground, {"tombstones": count, "file": str(file)}, lambda _: said.say(ground.lang))


def _plain(one: "Purge") -> dict[str, Any]:
    """The purge as one JSON object; the mark is the key holder's affair."""
    names = [name for name in type(one).__slots__ if name not in ("mark", "key_id", "ordinal")]
    return {name: getattr(one, name) for name in names}


def _show(ground: "Ground", one: "Purge", plan: "Plan | None") -> None:
    from lake.purge.purging import certificate_key
    from sharing.ending import purge_telling as telling

    value: dict[str, Any] = {"purge": _plain(one), "plan": plan, "proof": None}
    if one.certificate is not None:
        import json

        with ground.store.open(certificate_key(one.id)) as stream:
            value["proof"] = json.loads(stream.read())
    said = telling.story(one) + (telling.planned(plan) if plan else []) + telling.proven(value["proof"])
    emit(ground, value, lambda _: [line.say(ground.lang).rstrip() for line in said])
