"""Telling officers and engineers what is wrong: by mail or webhook, each recipient once in a while and all together.

Promises:

- a notice holds what changed of the quality tickets since the recipient was last told: what is new, what goes on (once
  a day at most), what is over. It holds ids, counts and the contract's sentences, never a value of the data;
- it is kept before it is sent, with its id, and forgotten when it was taken: killed in between, or failed, the next
  call sends the very same under the same id, whatever happened meanwhile; what did is the next notice. A receiver that
  drops an id it knows is told everything once;
- one that cannot be sent holds back no other recipient and fails no delivery;
- who had notices sent, to whom and how many tickets they told of stands in the ledger.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from catalogs.folder.notices import Recipient, load_notices
from catalogs.own_city import own_city
from infra import crypto
from infra.database import read, write
from infra.errors import HubError
from infra.ground import Ground
from infra.language import Text
from infra.lease import kept, lease
from infra.ledger import Act, NewEntry
from lake import tables
from lake.records import tickets
from lake.records.tickets import Ticket
from lake.tickets.notice_post import NEW, OVER, STILL, Notice, send

AGAIN = timedelta(days=1)
_MOST = 200  # tickets of one notice; the rest comes with the next
_TIMES = ("opened_at", "last_at", "closed_at")


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one recipient: how many tickets they were told of, or the error that kept it from them."""

    recipient: str
    tickets: int
    error: HubError | None = None


def changed(
    known: Sequence[Ticket], told: Mapping[int, tuple[int, bool, datetime]], now: datetime
) -> tuple[tuple[str, Ticket], ...]:
    """What is new to who was told `told` (ticket → its deliveries, whether closed, when). Pure."""
    found = []
    for one in sorted(known, key=lambda ticket: ticket.number):
        before = told.get(one.number)
        if before is None or (before[1] and one.closed_at is None):  # one that is open again is as a new one
            if one.closed_at is None:
                found.append((NEW, one))
        elif one.closed_at is not None:
            if not before[1]:
                found.append((OVER, one))
        elif one.deliveries > before[0] and now - before[2] >= AGAIN:
            found.append((STILL, one))
    return tuple(found[:_MOST])


def tell(ground: Ground, actor: str, *, dry: bool = False) -> tuple[list[Told], list[Notice]]:
    """Tell every recipient of the city what is new to them; with `dry` only say what is sent next.

    Raises:
        Refused: CATALOG_FAULTY, the city's file of notices cannot be read.
        Unavailable: `LEASE_TAKEN`, another process is telling.
    """
    recipients = load_notices(own_city(ground))
    told: list[Told] = []
    notices: list[Notice] = []
    if not recipients:
        return told, notices
    with lease(ground.engine, "lake:notices", seconds=60.0) as held, kept(held):
        for one in recipients:
            unsent = _unsent(ground, one)
            notice = unsent or _new(ground, one)
            while notice is not None:
                notices.append(notice)
                if dry:
                    break
                told.append(_tell(ground, notice, actor))
                if told[-1].error or notice is not unsent:
                    break
                notice = _new(ground, one)  # what happened since the one that had stayed behind
    return told, notices


def _unsent(ground: Ground, recipient: Recipient) -> Notice | None:
    """The notice of which nobody knows whether it was taken; none that tells of what is no longer the recipient's."""
    table = tables.notice
    with read(ground.engine) as connection:
        row = connection.execute(sa.select(table).where(table.c.recipient == recipient.name)).first()
    if row is None:
        return None
    changes = tuple((kind, _ticket(ticket)) for kind, ticket in row.changes)
    if recipient.unit is not None and any(one.unit != recipient.unit for _, one in changes):
        return None
    return Notice(row.id, recipient, changes, row.at)


def _new(ground: Ground, recipient: Recipient) -> Notice | None:
    known = tickets.listing(ground, None if recipient.unit is None else [recipient.unit], closed=True, limit=10_000)
    table = tables.told
    query = sa.select(table).where(table.c.recipient == recipient.name)
    with read(ground.engine) as connection:
        told = {row.ticket: (row.deliveries, row.closed, row.at) for row in connection.execute(query)}
    now = ground.now()
    changes = changed(known, told, now)
    if not changes:
        return None
    what = [recipient.name, now.isoformat(), [(kind, one.number, one.deliveries) for kind, one in changes]]
    return Notice(f"n-{crypto.sha256_hex(json.dumps(what).encode())[:24]}", recipient, changes, now)


def _tell(ground: Ground, notice: Notice, actor: str) -> Told:
    name = notice.recipient.name
    _keep(ground, notice)
    try:
        send(ground, notice)
    except HubError as error:
        return Told(name, 0, error)
    _remember(ground, notice, actor)
    return Told(name, len(notice.changes))


def _keep(ground: Ground, notice: Notice) -> None:
    """Durable before the first byte is sent, so that it is the same however often it is."""
    table = tables.notice
    changes = [[kind, _plain(one)] for kind, one in notice.changes]
    row = {"recipient": notice.recipient.name, "id": notice.id, "at": notice.at, "changes": changes}
    with write(ground.engine) as connection:
        connection.execute(table.delete().where(table.c.recipient == row["recipient"]))
        connection.execute(table.insert().values(**row))


def _remember(ground: Ground, notice: Notice, actor: str) -> None:
    table, name = tables.told, notice.recipient.name
    numbers = [one.number for _, one in notice.changes]
    rows = [
        {"recipient": name, "ticket": one.number, "deliveries": one.deliveries, "closed": kind == OVER}
        | {"at": notice.at}
        for kind, one in notice.changes
    ]
    with write(ground.engine) as connection:
        connection.execute(table.delete().where(table.c.recipient == name, table.c.ticket.in_(numbers)))
        connection.execute(table.insert(), rows)
        connection.execute(tables.notice.delete().where(tables.notice.c.recipient == name))
        content = {"recipient": name, "tickets": len(numbers)}
        entry = NewEntry(Act.NOTICE_SENT, actor, notice.id, content, f"notice:{notice.id}")
        ground.ledger.append([entry], connection=connection)


def _plain(one: Ticket) -> dict[str, Any]:
    times = {name: at.isoformat() for name in _TIMES if (at := getattr(one, name)) is not None}
    return asdict(one) | dict.fromkeys(_TIMES) | times


def _ticket(plain: Mapping[str, Any]) -> Ticket:
    times = {name: datetime.fromisoformat(plain[name]) for name in _TIMES if plain[name] is not None}
    return Ticket(**{**plain, **times, "said": Text(**plain["said"])})
