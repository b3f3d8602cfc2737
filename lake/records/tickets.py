"""Quality tickets (质量问题单): what is wrong with a dataset's deliveries, one ticket a cause and not one a delivery.

A cause is the code for which deliveries are refused, or a rule of the contract that they break. Tickets open, grow and
close in the transaction that says what became of a delivery, so they are as sure as its state:

- a delivery that is refused, blocked, warned of, or leaves records in quarantine opens a ticket for each cause, or adds
  to it;
- one that is published closes the tickets of the rules that it keeps;
- a ticket of refused deliveries closes when none of them stands refused for its code: each was taken again, or a later
  one bears its file's name, or a later snapshot took the place of all (`_standing`);
- a replay closes those whose cause no record in quarantine has any more, and none of what was published all the same;
- a delivery that a restore takes back opens one, and those that it had closed are open again;
- what nobody registered opens one of its unit, which a person closes (`close`).

A ticket holds ids and counts, never a value of the data and no file's name; its words are looked up where it is shown.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.folder.read_resource import DATASET
from catalogs.lookup import resource
from catalogs.people.asking import may_close
from catalogs.permission.decide import TicketRef
from catalogs.values.model import Person
from contracts.register import contract
from contracts.sentences import general
from infra.database import read, write
from infra.errors import HubError, Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry
from lake import tables

REFUSED, BLOCKED, QUARANTINED, REVERTED, WARNED = "refused", "blocked", "quarantined", "reverted", "warned"
TAKEN_BACK = "DELIVERY_REVERTED"
KINDS = {
    REFUSED: Text("未受理", "refused"),
    BLOCKED: Text("整批未发布", "blocked"),
    QUARANTINED: Text("部分进入问题数据区", "in quarantine"),
    REVERTED: Text("发布后撤回", "published, then taken back"),
    WARNED: Text("已发布，有警告", "published, with a warning"),
}
_PLACE = re.compile(r"（文件 | \(file ")
_CALLED = re.compile(
    r"“(.*)”(?=属于|; it is kept|，文件已原样| is registered)"
)  # in the words of `lake.landing.unregistered`
Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Ticket:
    """One cause of one dataset (`subject`; the unit's id where nobody registered what came), with its words."""

    number: int
    subject: str
    unit: str
    kind: str
    cause: str
    deliveries: int
    records: int
    first_delivery: str
    last_delivery: str
    opened_at: datetime
    last_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    said: Text

    @property
    def id(self) -> str:
        """What people call it."""
        return f"q-{self.number}"


def causes(row: Row, state: str) -> dict[str, tuple[str, int]]:
    """Cause → kind and records, of a delivery that came to `state`; none where nothing is wrong. Pure."""
    if state == tables.REFUSED:
        return {row["code"]: (REFUSED, 0)}
    if state == tables.REVERTED:
        return {row["code"]: (REVERTED, int(row["published"]))}
    if state == tables.REPEATED:
        return {}
    audit = row["audit"] or {}
    warned = {finding["rule"] for finding in audit.get("warnings") or ()}
    found = {
        rule: (WARNED if rule in warned else QUARANTINED, int(count))
        for rule, count in (audit.get("broken") or {}).items()
        if count
    }
    if state == tables.BLOCKED:
        failed = [finding["rule"] for finding in audit.get("failed") or ()]
        found = {rule: (BLOCKED, count) for rule, (_, count) in found.items()}
        found = {rule: (BLOCKED, 0) for rule in failed if rule not in found} | found
    return found


def note(connection: Connection, row: Row, state: str, now: datetime) -> None:
    """Open, extend and close tickets for what became of the delivery `row`, within the caller's transaction."""
    table, found = tables.ticket, causes(row, state)
    subject = row["dataset"] or row["unit"]
    query = sa.select(table.c.number, table.c.cause, table.c.kind)
    query = query.where(table.c.subject == subject, table.c.closed_at.is_(None))
    known = {one["cause"]: one for one in connection.execute(query).mappings()}
    for cause, (kind, records) in found.items():
        if cause in known:
            more = {
                "kind": kind,
                "deliveries": table.c.deliveries + 1,
                "records": table.c.records + records,
                "last_delivery": row["id"],
                "last_at": now,
            }
            connection.execute(table.update().where(table.c.number == known[cause]["number"]).values(**more))
            continue
        made = {"subject": subject, "unit": row["unit"] or "", "kind": kind, "cause": cause, "deliveries": 1}
        made |= {"records": records, "first_delivery": row["id"], "last_delivery": row["id"]}
        connection.execute(table.insert().values(**made, opened_at=now, last_at=now))
    over = list(_answered(connection, row, state, found, known))
    if over:
        connection.execute(table.update().where(table.c.number.in_(over)).values(closed_at=now, closed_by=row["id"]))


def _answered(
    connection: Connection, row: Row, state: str, found: Iterable[str], known: Mapping[str, Row]
) -> Iterator[int]:
    """The numbers of the open tickets `known` that what became of `row` closes."""
    if row["dataset"] is None:  # a unit's ticket: a person closes it
        return
    refused = {cause for cause, one in known.items() if one["kind"] == REFUSED}
    standing = _standing(connection, row, state, refused) if refused else set()
    for cause, one in known.items():
        if cause not in found and (cause not in standing if cause in refused else state == tables.FINISHED):
            yield one["number"]


def _standing(connection: Connection, row: Row, state: str, codes: Collection[str]) -> set[str]:
    """Those of `codes` for which a delivery of the dataset is refused that neither it nor a later one made good."""
    table = tables.delivery
    taken = (
        sa.select(table.c.file_name, sa.func.max(table.c.number).label("number"))
        .where(table.c.dataset == row["dataset"], table.c.state.in_((tables.FINISHED, tables.REPEATED)))
        .group_by(table.c.file_name)
        .subquery()
    )
    left = (
        sa.select(table.c.code)
        .outerjoin(taken, taken.c.file_name == table.c.file_name)
        .where(table.c.dataset == row["dataset"], table.c.state == tables.REFUSED, table.c.code.in_(sorted(codes)))
        .where(sa.or_(taken.c.number.is_(None), taken.c.number < table.c.number))
    )
    if state == tables.FINISHED and (row.get("intent") or {}).get("mode") == "overwrite":  # a snapshot: all that was
        left = left.where(table.c.number > row["number"])
    return set(connection.execute(left.distinct()).scalars())


def settle(connection: Connection, dataset: str, by: str, now: datetime) -> None:
    """Close the tickets of causes that left quarantine, within the transaction of the replay `by`."""
    table, row = tables.ticket, tables.delivery
    left = sa.select(row).where(
        row.c.dataset == dataset, row.c.quarantined > 0, row.c.state.in_((tables.FINISHED, tables.BLOCKED))
    )
    standing = {cause for one in connection.execute(left).mappings() for cause in causes(one, one["state"])}
    gone = [table.c.subject == dataset, table.c.closed_at.is_(None), table.c.kind.not_in((REFUSED, REVERTED, WARNED))]
    gone.append(table.c.cause.not_in(sorted(standing)))
    connection.execute(table.update().where(*gone).values(closed_at=now, closed_by=by))


def reopen(connection: Connection, dataset: str, by: Sequence[str]) -> None:
    """Open again the tickets that deliveries or replays closed which no longer stand, unless the cause has one."""
    table, wanted = tables.ticket, set(by)
    query = sa.select(table).where(table.c.subject == dataset).order_by(table.c.number.desc())
    known = connection.execute(query).mappings().all()
    there = {one["cause"] for one in known if one["closed_at"] is None}
    for one in known:
        if one["closed_by"] in wanted and one["cause"] not in there:
            there.add(one["cause"])
            here = table.c.number == one["number"]
            connection.execute(table.update().where(here).values(closed_at=None, closed_by=None))
            connection.execute(tables.told.delete().where(tables.told.c.ticket == one["number"]))  # it is news again


def over(connection: Connection, dataset: str, cause: str, by: str, now: datetime) -> None:
    """Close the dataset's ticket of this cause, within the transaction of `by`."""
    table = tables.ticket
    here = table.c.subject == dataset, table.c.cause == cause, table.c.closed_at.is_(None)
    connection.execute(table.update().where(*here).values(closed_at=now, closed_by=by))


def listing(
    ground: Ground, units: Iterable[str] | None = None, *, closed: bool = False, limit: int = 1000
) -> list[Ticket]:
    """The open tickets, of `units` alone when given, newest first; with `closed` those that are over too."""
    table = tables.ticket
    query = sa.select(table)
    if units is not None:
        query = query.where(table.c.unit.in_(sorted(units)))
    if not closed:
        query = query.where(table.c.closed_at.is_(None))
    with read(ground.engine) as connection:
        rows = list(connection.execute(query.order_by(table.c.number.desc()).limit(limit)).mappings())
        wanted = sorted({row["last_delivery"] for row in rows})
        deliveries = sa.select(tables.delivery).where(tables.delivery.c.id.in_(wanted))
        last = {one["id"]: one for one in connection.execute(deliveries).mappings()}
    sentences: dict[str, Mapping[str, Text]] = {}
    return [Ticket(**row, said=_said(ground, row, last.get(row["last_delivery"]), sentences)) for row in rows]


def close(ground: Ground, number: int, who: Person) -> None:
    """Close an open ticket at the word of `who`, if the rules let them; the ledger keeps it.

    Raises:
        WrongUse: `TICKET_UNKNOWN`, `CITY_NOT_THIS`.
        Refused: `TICKET_DENIED`, `POLICY_INVALID`.
    """
    table = tables.ticket
    one = [table.c.number == number, table.c.closed_at.is_(None)]
    with read(ground.engine) as connection:
        row = connection.execute(sa.select(table).where(*one)).mappings().first()
    if row is None:
        raise _unknown(number)
    may_close(ground, who, TicketRef(f"q-{number}", row["unit"], _provider(ground, row["subject"])))
    with write(ground.engine) as connection:
        done = connection.execute(table.update().where(*one).values(closed_at=ground.now(), closed_by=who.id))
        if not done.rowcount:  # somebody, or a delivery, was first
            raise _unknown(number)
        content = {name: row[name] for name in ("subject", "cause", "deliveries", "records")}
        entry = NewEntry(Act.TICKET_CLOSED, who.id, f"q-{number}", content, f"ticket:q-{number}:closed")
        ground.ledger.append([entry], connection=connection)


def _provider(ground: Ground, subject: str) -> str:
    """Who provides what a ticket is about; empty where it is a unit's, or no longer registered."""
    try:
        return resource(ground.engine, subject).provider
    except Refused:
        return ""


def _unknown(number: int) -> WrongUse:
    return WrongUse(
        "TICKET_UNKNOWN",
        f"没有未结的质量问题单 q-{number}",
        f"there is no open ticket q-{number}",
        remedy=Text("用 hub ticket list 查看", "see `hub ticket list`"),
    )


def _said(ground: Ground, row: Row, delivery: Row | None, sentences: dict[str, Mapping[str, Text]]) -> Text:
    """The cause in words: the last delivery's message, the finding of its audit, or the contract's rule."""
    if delivery is not None and row["kind"] == REFUSED and delivery["message_zh"]:
        return Text(without_place(delivery["message_zh"]), without_place(delivery["message_en"] or ""))
    if delivery is not None and row["kind"] == REFUSED and delivery["state"] in (tables.FINISHED, tables.REPEATED):
        return Text("所报送的文件此后已受理，可以办结", "what came has been taken since; the ticket can be closed")
    if row["kind"] == REVERTED:
        if delivery is None or not delivery["message_zh"]:  # purged since
            return KINDS[REVERTED]
        return Text(delivery["message_zh"], delivery["message_en"])
    for finding in ((delivery or {}).get("audit") or {}).get("failed") or ():
        if finding["rule"] == row["cause"]:
            return Text(finding["zh"], finding["en"])
    if row["subject"] not in sentences:
        sentences[row["subject"]] = _rules(ground, row["subject"])
    return sentences[row["subject"]].get(row["cause"], Text(row["cause"], row["cause"]))


def without_place(message: str) -> str:
    """The sentence of a refusal without its place, its reasons and a sender's own words: they may name a person."""
    said = _PLACE.split(message.partition("\n")[0], maxsplit=1)[0]
    return _CALLED.sub(lambda called: called[0] if DATASET.fullmatch(called[1]) else "“…”", said)


def _rules(ground: Ground, dataset: str) -> Mapping[str, Text]:
    from contracts.compile import compile as compiled  # noqa: PLC0415 - a state that is kept needs no words
    from lake.read.source import FAULTS  # noqa: PLC0415
    from lake.split.duplicates import CONFLICT  # noqa: PLC0415

    said = {f"record.{name}": general(words) for name, words in FAULTS.items()} | {CONFLICT.rules[0]: CONFLICT.said}
    try:
        rules = compiled(contract(ground.engine, dataset)).rules
    except HubError:  # a unit's, or taken out of the register meanwhile
        return said
    return said | {rule.id: general(rule.sentence) for rule in rules}
