"""`hub ticket list|again|close|tell`: what is wrong with what was delivered, cause by cause."""

import os
import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from catalogs.people.as_option import as_option
from infra.console import emit, help_text, json_option, progress, table
from infra.errors import WrongUse
from infra.language import Text
from infra.local_time import local_time

if TYPE_CHECKING:
    from infra.ground import Ground
    from lake.records.tickets import Ticket
    from lake.tickets.notice_post import Notice
    from lake.tickets.notices import Told

_NONE_REFUSED = Text(
    "没有未受理的批次可再次处理；问题数据在契约或目录修正后用 hub quarantine replay 重放",
    "no refused delivery to take again; rows in quarantine: `hub quarantine replay`, once the cause is mended",
)
_NUMBER = re.compile(r"(?:q-)?([0-9]{1,15})")


@click.group(help=help_text("质量问题单：按原因归并。", "Quality tickets, one a cause."))
def ticket() -> None:
    """Hold the commands on tickets together."""


@ticket.command("list", help=help_text("未解决的问题单，最新的在前。", "What is open, newest first."))
@click.option("--unit", help=help_text("只看一个单位", "of one unit"))
@click.option("--all", "closed", is_flag=True, help=help_text("包括已解决的", "those that are over too"))
@as_option
@json_option
def list_(unit: str | None, closed: bool, as_: str | None) -> None:
    """Print the tickets of the units that the reader may have described."""
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.arrival.doors import visible
    from lake.records.tickets import listing

    with open_ground(os.environ) as ground:
        units = visible(ground, current(ground, as_), unit)
        found = listing(ground, units & {unit} if unit else units, closed=closed)
        emit(ground, {"tickets": [shown(one) for one in found]}, lambda _: _lines(found, ground.lang))


def shown(one: "Ticket") -> dict[str, Any]:
    """The shape of one ticket in JSON."""
    names = ("subject", "unit", "kind", "cause", "deliveries", "records", "first_delivery", "last_delivery")
    times = ("opened_at", "last_at", "closed_at", "closed_by")
    said = {"said": {"zh": one.said.zh, "en": one.said.en}}
    return {"id": one.id, **{name: getattr(one, name) for name in (*names, *times)}, **said}


def _lines(found: list["Ticket"], lang: str) -> Iterator[str]:
    from lake.records.tickets import KINDS

    if not found:
        yield Text("没有未解决的质量问题单", "no quality ticket is open").say(lang)
        return
    zh = ("问题单", "数据集", "结果", "原因", "批次", "记录", "最近", "最近批次", "解决")
    en = ("ticket", "dataset", "result", "cause", "deliveries", "records", "last", "last delivery", "closed")
    rows = [
        (
            one.id,
            one.subject,
            KINDS[one.kind].say(lang),
            one.cause,
            one.deliveries,
            one.records,
            local_time(one.last_at),
            one.last_delivery,
            local_time(one.closed_at),
        )
        for one in found
    ]
    yield table(rows, zh if lang == "zh" else en)
    yield from (f"  {one.id}  {one.said.say(lang)}" for one in found)


@ticket.command(
    help=help_text("未受理的批次再处理一次（原因已排除后）。", "Take refused deliveries again, once mended.")
)
@click.argument("ticket_id", metavar="[TICKET]", required=False)
@click.option("--unit", help=help_text("单位", "of this unit"))
@click.option("--dataset", help=help_text("数据集", "of this dataset"))
@click.option("--cause", help=help_text("未受理的代码，如 READ_HEADER", "refused with this code"))
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help=help_text("到达日期（本市时间）", "arrived on this day of the city"),
)
@click.option("--dry-run", is_flag=True, help=help_text("只列出，不处理", "only say which"))
@as_option
@json_option
def again(
    ticket_id: str | None,
    unit: str | None,
    dataset: str | None,
    cause: str | None,
    day: datetime | None,
    dry_run: bool,
    as_: str | None,
) -> int:
    """Run again; exits 1 when one is refused or blocked as before."""
    from catalogs.people.people import current
    from catalogs.values.model import Role
    from infra.ground import open_ground
    from lake.arrival.doors import visible
    from lake.tables import FINISHED, REPEATED
    from lake.tickets.again import Wanted, deliverable, refused
    from lake.tickets.again import again as take

    with open_ground(os.environ) as ground:
        someone = current(ground, as_)
        units = frozenset(one for one in visible(ground, someone, unit) if unit in (None, one))
        if ticket_id is not None:
            one = _found(ground, ticket_id, units)
            dataset, cause = one.subject, one.cause
        elif not (unit or dataset or cause or day):
            raise WrongUse(
                "TICKET_WHICH",
                "请给出问题单，或 --unit、--dataset、--cause、--day 之一",
                "name a ticket, or give --unit, --dataset, --cause or --day",
            )
        elif dataset is None and not someone.has(Role.ENGINEER):
            units &= {someone.unit}  # deliveries of others would leave no room for their own
        found = refused(ground, Wanted(units, dataset, cause, day.date() if day else None))
        ids = deliverable(ground, someone, found)
        if dry_run:
            emit(
                ground,
                {"deliveries": ids},
                lambda _: [*ids, Text(f"共 {len(ids)} 个批次", f"{len(ids)} deliveries").say(ground.lang)],
            )
            return 0
        if not ids:
            emit(ground, {"deliveries": []}, lambda _: _NONE_REFUSED.say(ground.lang))
            return 0
        with progress(help_text("处理", "taking")):
            done = take(ground, ids, someone.id, cause)
        shown = [outcome.as_dict(ground.lang) for outcome in done]
        well = sum(outcome.state in (FINISHED, REPEATED) for outcome in done)
        said = Text(f"{len(done)} 个批次：{well} 个已发布", f"{len(done)} deliveries: {well} published")
        others = [f"  {one['delivery']}  {one['code']}: {one['message']}" for one in shown if one["code"]]
        emit(ground, {"deliveries": shown}, lambda _: [said.say(ground.lang), *others])
    return 0 if well == len(done) else 1


def _found(ground: "Ground", ticket_id: str, units: frozenset[str]) -> "Ticket":
    from lake.records.tickets import listing

    match = _NUMBER.fullmatch(ticket_id)
    for one in listing(ground, units, closed=True, limit=100_000):
        if match and one.number == int(match[1]):
            return one
    raise WrongUse(
        "TICKET_UNKNOWN",
        f"没有质量问题单 {ticket_id[:40]}",
        f"there is no ticket {ticket_id[:40]}",
        remedy=Text("用 hub ticket list 查看", "see `hub ticket list`"),
    )


@ticket.command(help=help_text("手工办结一张问题单。", "Close a ticket by hand."))
@click.argument("ticket_id", metavar="TICKET")
@as_option
@json_option
def close(ticket_id: str, as_: str | None) -> None:
    """Close what no later delivery will."""
    from catalogs.people.people import current
    from infra.ground import open_ground
    from lake.arrival.doors import visible
    from lake.records.tickets import close as close_one

    with open_ground(os.environ) as ground:
        someone = current(ground, as_)
        one = _found(ground, ticket_id, frozenset(visible(ground, someone, None)))
        close_one(ground, one.number, someone)
        emit(ground, {"closed": one.id}, lambda _: Text(f"已办结 {one.id}", f"{one.id} is closed").say(ground.lang))


@ticket.command(
    help=help_text("把新情况告知 notices.yaml 中的接收人。", "Tell the people of notices.yaml what is new.")
)
@click.option("--dry-run", is_flag=True, help=help_text("只显示将发送的内容", "only show what would be sent"))
@as_option
@json_option
def tell(dry_run: bool, as_: str | None) -> int:
    """Tell now; exits 1 when somebody could not be told."""
    from catalogs.people.asking import may
    from catalogs.permission.decide import NOTICES
    from infra.ground import open_ground
    from lake.tickets.notices import tell as tell_all

    with open_ground(os.environ) as ground, progress(help_text("通知", "telling")):
        someone = may(ground, "send_notices", NOTICES, as_)
        told, notices = tell_all(ground, someone.id, dry=dry_run)
        value = {
            "told": [{"recipient": one.recipient, "tickets": one.tickets, "code": _code(one)} for one in told],
            "notices": [{"recipient": one.recipient.name, **one.plain()} for one in notices] if dry_run else [],
        }
        emit(ground, value, lambda _: _telling(told, notices, ground.lang, dry_run))
        return 1 if any(one.error for one in told) else 0


def _code(one: "Told") -> str | None:
    return one.error.code if one.error else None


def _telling(told: list["Told"], notices: list["Notice"], lang: str, dry: bool) -> Iterator[str]:
    if not notices:
        yield Text("没有需要告知的新情况", "there is nothing new to tell").say(lang)
    if dry:
        for notice in notices:
            yield from (f"→ {notice.recipient.name}: {notice.subject()}", notice.text())
    for one in told:
        said = Text(f"{one.recipient}：已告知 {one.tickets} 项", f"{one.recipient}: told of {one.tickets}")
        yield one.error.sentence(lang) if one.error else said.say(lang)
