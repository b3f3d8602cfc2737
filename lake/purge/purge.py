"""Purges: proposed by one person, decided by another, then carried out; each act in the ledger with its state.

    proposed ──► refused
        └──────► approved ──► carried_out        `lake.purge.purging` does what lies between

An approval is the durable intent: from its transaction on the deliveries are `purged`, the versions that hold their
rows are refused to readers, and the same bytes are recognised. What it names is all of the same bytes for the same
dataset, for a repeat has an object of its own.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.folder.doors import FILE, Taken, load_doors
from catalogs.values.erasure_words import PurgeState
from catalogs.values.model import Person
from infra.database import lock, read, write
from infra.errors import HubError, Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry
from lake.purge import rules
from lake.records import record, tombstones
from lake.records.record import Row
from lake.records.tombstones import Purge
from lake.store.delta import Tables, curated_key, quarantine_key
from lake.store.holdings import Holding, holding
from lake.tables import PURGED, delivery
from lake.tables import purge as table


class Downstream(Protocol):
    """What was made from the lake's versions, and by whom it is looked after: extracts."""

    def affected(self, ground: Ground, dataset: str, versions: tuple[int, ...]) -> list[dict[str, Any]]:
        """What was made from those versions, each with id, case, state, and whether its grant is alive."""

    def close(self, ground: Ground, purge: Purge) -> None:
        """Let nobody read any of it any more. Safe to repeat."""

    def erase(self, ground: Ground, purge: Purge) -> list[str]:
        """Delete all of it, what is in the making too; the ids. Safe to repeat."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a purge will take, found by looking.

    Attributes:
        deliveries: those of the same bytes for the same dataset, id and number.
        elsewhere: deliveries of the same bytes for other datasets, which stay: dataset and id.
        curated, quarantine: what the two tables hold of them; None where no dataset is known.
        downstream: what was made from the versions that hold them.
        empties: the newest version is theirs alone, so that the dataset will be empty.
        keepers: units whose bucket keeps what landed (`taken: move`): nothing there is reached.
        unread: the city's files that could not be read, so that nobody knows of keepers; no purge waits for them.
    """

    deliveries: tuple[dict[str, Any], ...]
    elsewhere: tuple[dict[str, Any], ...]
    curated: Holding | None
    quarantine: Holding | None
    downstream: tuple[dict[str, Any], ...]
    empties: bool
    keepers: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions of the curated table that will be read no more."""
        return self.curated.versions if self.curated else ()


def propose(ground: Ground, named: str, basis: str, reason: str, person: Person) -> Purge:
    """Propose to purge a delivery.

    Raises:
        WrongUse: `LANDING_UNKNOWN`, `PURGE_BASIS`.
        Refused: `PURGE_ROLE`, `PURGE_REASON`, `PURGE_OPEN`, `PURGE_DONE`.
    """
    row = record.load(ground.engine, named)
    rules.may_propose(person, row["unit"])
    why, on = rules.reason_of(reason), rules.basis_of(basis)
    now = ground.now()
    with write(ground.engine) as connection:
        lock(connection, "lake:purge")
        _none_other(connection, row)
        last = connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0
        identity = f"purge-{now.year}-{last + 1:04d}"
        values = {"id": identity, "delivery": row["id"], "dataset": row["dataset"], "unit": row["unit"]}
        values |= {"basis": on.value, "reason": why, "state": PurgeState.PROPOSED.value}
        connection.execute(table.insert().values(**values, proposed_by=person.id, proposed_at=now))
        content = {"delivery": row["id"], "dataset": row["dataset"], "basis": on.value, "reason": why}
        entry = NewEntry(Act.PURGE_PROPOSED, person.id, identity, content, f"purge:proposed:{identity}")
        ground.ledger.append([entry], connection=connection)
    return tombstones.load(ground.engine, identity)


def _none_other(connection: Connection, row: Row) -> None:
    if row["state"] == PURGED:
        raise _done()
    mine = sa.select(table.c.id).where(table.c.delivery == row["id"], table.c.state == PurgeState.PROPOSED.value)
    other = connection.execute(mine).scalar()
    if other is not None:
        raise Refused(
            "PURGE_OPEN",
            f"该批次已有待审批的清除事项 {other}",
            f"the purge {other} of this delivery waits for its decision",
            remedy=Text(f"hub purge show {other}", f"hub purge show {other}"),
        )


def _done() -> Refused:
    return Refused("PURGE_DONE", "该批次已清除，或清除已获批准", "the delivery is purged, or its purge is approved")


def plan(ground: Ground, named: str, downstream: Downstream) -> Plan:
    """What the purge of a delivery that is not purged yet would take. Changes nothing.

    Raises:
        Unavailable: `PURGE_UNREADABLE`, STORE_….
    """
    row = record.load(ground.engine, named)
    same = sa.select(delivery.c.id, delivery.c.number, delivery.c.dataset, delivery.c.ordinal, delivery.c.unit)
    same = same.where(delivery.c.sha256 == row["sha256"], delivery.c.state != PURGED).order_by(delivery.c.number)
    with read(ground.engine) as connection:
        found = [dict(one) for one in connection.execute(same).mappings()]
    mine = tuple(one for one in found if one["dataset"] in (row["dataset"], None) or one["id"] == row["id"])
    others = tuple(one for one in found if one not in mine)
    keepers, unread = _keepers(ground, mine)
    if row["dataset"] is None:
        return Plan(mine, others, None, None, (), empties=False, keepers=keepers, unread=unread)
    lake, numbers = Tables(ground.store), [one["number"] for one in mine]
    curated = holding(ground, lake, curated_key(row["dataset"]), numbers)
    aside = holding(ground, lake, quarantine_key(row["dataset"]), numbers)
    made = tuple(downstream.affected(ground, row["dataset"], curated.versions))
    empties = False
    if curated.live:
        rows = [file.rows for file in lake.snapshot(curated.key).files]
        empties = sum(count or 0 for count in rows) == curated.live
    return Plan(mine, others, curated, aside, made, empties=empties, keepers=keepers, unread=unread)


def _keepers(ground: Ground, mine: tuple[dict[str, Any], ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        buckets = load_doors(ground.city).buckets
    except (HubError, OSError):  # to erase is owed by law, whatever is wrong with a file beside
        return (), (FILE,)
    moving = {one.unit for one in buckets if one.taken is Taken.MOVE}
    return tuple(sorted(moving & {one["unit"] for one in mine})), ()


def approve(ground: Ground, identity: str, person: Person, downstream: Downstream, opinion: str = "") -> Purge:
    """Approve a purge: it is durable from here on, and `lake.purge.purging.carry_out` does it.

    Repeating changes nothing.

    Raises:
        WrongUse: `PURGE_UNKNOWN`.
        Refused: `PURGE_ROLE`, `PURGE_SAME_PERSON`, `PURGE_STATE`, `PURGE_REASON`.
        Unavailable: as `plan`.
    """
    one = tombstones.load(ground.engine, identity)
    rules.may_decide(person, one.proposed_by)
    if one.state in (PurgeState.APPROVED, PurgeState.CARRIED_OUT):
        return one
    rules.must_be(one.state, PurgeState.PROPOSED)
    said = rules.reason_of(opinion) if opinion else None
    digest = record.load(ground.engine, one.delivery)["sha256"]
    if not digest:
        raise _done()
    found = plan(ground, one.delivery, downstream)
    key, mark = tombstones.marked(ground, digest)
    values = {"state": PurgeState.APPROVED.value, "decided_by": person.id, "decided_at": ground.now(), "opinion": said}
    values |= {"key_id": key, "mark": mark, "versions": list(found.versions)}
    with write(ground.engine) as connection:
        lock(connection, f"content:{digest}")  # whoever lands these bytes now is before the approval or sees it
        same = delivery.c.sha256 == digest, delivery.c.state != PURGED
        here = sa.or_(delivery.c.dataset.is_(None), delivery.c.dataset == one.dataset)
        rows = connection.execute(sa.select(delivery).where(*same, here).order_by(delivery.c.number)).mappings().all()
        if not rows:
            raise _done()
        values["deliveries"] = [{"id": row["id"], "number": row["number"]} for row in rows]
        values["ordinal"] = max((row["ordinal"] for row in rows), default=-1) + 1
        changed = connection.execute(
            table.update().where(table.c.id == identity, table.c.state == PurgeState.PROPOSED.value).values(**values)
        )
        if changed.rowcount:
            gone = delivery.c.number.in_([row["number"] for row in rows])
            connection.execute(delivery.update().where(gone).values(state=PURGED))
            content = {"deliveries": [row["id"] for row in rows], "versions": values["versions"], "opinion": said}
            entry = NewEntry(Act.PURGE_APPROVED, person.id, identity, content, f"purge:approved:{identity}")
            ground.ledger.append([entry], connection=connection)
    return tombstones.load(ground.engine, identity)


def refuse(ground: Ground, identity: str, person: Person, reason: str) -> Purge:
    """Refuse a proposed purge; its proposer may take it back so. Repeating changes nothing.

    Raises:
        WrongUse: `PURGE_UNKNOWN`.
        Refused: `PURGE_ROLE`, `PURGE_STATE`, `PURGE_REASON`.
    """
    one = tombstones.load(ground.engine, identity)
    if person.id != one.proposed_by:
        rules.may_decide(person, one.proposed_by)
    rules.must_be(one.state, PurgeState.PROPOSED, PurgeState.REFUSED)
    why = rules.reason_of(reason)
    values = {"state": PurgeState.REFUSED.value, "decided_by": person.id, "decided_at": ground.now(), "opinion": why}
    with write(ground.engine) as connection:
        changed = connection.execute(
            table.update().where(table.c.id == identity, table.c.state == PurgeState.PROPOSED.value).values(**values)
        )
        if changed.rowcount:
            entry = NewEntry(Act.PURGE_REFUSED, person.id, identity, {"reason": why}, f"purge:refused:{identity}")
            ground.ledger.append([entry], connection=connection)
    return tombstones.load(ground.engine, identity)


def readmit(ground: Ground, identity: str, person: Person, basis: str, reason: str) -> Purge:
    """Let bytes that were purged be delivered again, on a basis of its own: a text, for it may be any law's.

    Raises:
        WrongUse: `PURGE_UNKNOWN`.
        Refused: `PURGE_ROLE`, `PURGE_SAME_PERSON`, `PURGE_STATE`, `PURGE_REASON`.
    """
    one = tombstones.load(ground.engine, identity)
    rules.may_decide(person, one.proposed_by)
    rules.must_be(one.state, PurgeState.CARRIED_OUT)
    on, why = rules.reason_of(basis), rules.reason_of(reason)
    values = {"readmitted_by": person.id, "readmitted_at": ground.now(), "readmitted_basis": on, "readmitted_why": why}
    with write(ground.engine) as connection:
        changed = connection.execute(
            table.update().where(table.c.id == identity, table.c.readmitted_at.is_(None)).values(**values)
        )
        if changed.rowcount:
            content = {"basis": on, "reason": why}
            entry = NewEntry(Act.PURGE_READMITTED, person.id, identity, content, f"purge:readmitted:{identity}")
            ground.ledger.append([entry], connection=connection)
    return tombstones.load(ground.engine, identity)
