"""What the database knows of deliveries: the state machine of `lake.tables`, each step one transaction.

A step writes the delivery's row, its ledger entries and, at the end, its outbox row together. Every step asks for the
state that it leaves, so that a step done twice changes nothing the second time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.life.withdrawn import stands
from infra.database import read, write
from infra.errors import HubError, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.lease import Lease
from infra.ledger import Act, NewEntry
from lake import tables
from lake.read.source import Part
from lake.records import parts, tickets

ACTOR = "program:lake"
COUNTS = ("read", "published", "quarantined", "duplicates")
Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery; counts are None while it is not final.

    Attributes:
        version: of the curated table; None when nothing was published.
        replaced: rows of earlier deliveries that gave way to this one's; they are no part of what was read.
        audit: the verdict's summary (`lake.audit.audit.Verdict.summary`), None when it did not come to that.
        repeated: the id of the delivery whose content this one repeats.
        seconds: how long this process worked on it.
    """

    dataset: str | None
    delivery: str
    state: str
    read: int | None
    published: int | None
    quarantined: int | None
    duplicates: int | None
    replaced: int | None
    version: int | None
    audit: Mapping[str, Any] | None
    seconds: float
    code: str | None = None
    message: Text | None = None
    repeated: str | None = None
    notes: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @classmethod
    def of(cls, row: Row, seconds: float = 0.0) -> "Outcome":
        """The outcome that a delivery's row tells."""
        names = ["dataset", "state", *COUNTS, "replaced", "version", "audit", "code"]
        said = Text(row["message_zh"], row["message_en"] or "") if row["message_zh"] else None
        return cls(
            **{name: row[name] for name in names},
            delivery=row["id"],
            seconds=seconds,
            message=said,
            repeated=row["repeats"],
            notes=tuple(row["notes"] or ()),
        )

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape that commands print."""
        return {
            "dataset": self.dataset,
            "delivery": self.delivery,
            "state": self.state,
            "read": self.read,
            "published": self.published,
            "quarantined": self.quarantined,
            "duplicates": self.duplicates,
            "replaced": self.replaced,
            "version": self.version,
            "audit": self.audit,
            "seconds": round(self.seconds, 3),
            "code": self.code,
            "message": self.message.say(lang) if self.message else None,
            "repeated": self.repeated,
            "notes": [{"code": note["code"], "text": note[lang], "count": note["count"]} for note in self.notes],
        }


def load(engine: Engine, delivery: str) -> Row:
    """The delivery's row.

    Raises:
        WrongUse: `LANDING_UNKNOWN`.
    """
    with read(engine) as connection:
        row = connection.execute(sa.select(tables.delivery).where(tables.delivery.c.id == delivery)).mappings().first()
    if row is None:
        raise WrongUse("LANDING_UNKNOWN", f"没有归集批次 {delivery[:60]}", f"there is no delivery {delivery[:60]}")
    return row


def interrupted(engine: Engine, dataset: str) -> list[Row]:
    """The dataset's deliveries whose publication was begun and not finished, in the order of their beginning."""
    table = tables.delivery
    query = sa.select(table).where(table.c.dataset == dataset, table.c.state == tables.AUDITED)
    with read(engine) as connection:
        return list(connection.execute(query.order_by(table.c.attempt)).mappings())


def repeats(engine: Engine, row: Row, mode: str) -> str | None:
    """The finished delivery that `row` repeats: for a snapshot the newest one if equal, else any that is equal."""
    table = tables.delivery
    # What was purged is nobody's repeat, and after it the snapshot before it is no longer what the table holds.
    states = (tables.FINISHED, tables.PURGED)
    query = sa.select(table.c.id, table.c.sha256).where(
        table.c.dataset == row["dataset"], table.c.state.in_(states), table.c.id != row["id"]
    )
    query = query.where(table.c.publish_no.is_not(None)).order_by(table.c.publish_no.desc())
    if mode == "append":
        query = query.where(table.c.sha256 == row["sha256"])
    with read(engine) as connection:
        newest = connection.execute(query.limit(1)).mappings().first()
    return newest["id"] if newest is not None and newest["sha256"] == row["sha256"] else None


@dataclass(frozen=True, slots=True)
class Intent:
    """Everything that publishing a delivery needs, durable before the first Delta commit.

    Attributes:
        curated: files of the curated table, [path, size, rows] each; None when the delivery is blocked.
        quarantine: files of the quarantine table.
        gone: files of the curated table that its files take the place of: they hold rows that an upsert replaces.
        replaced: the number of a delivery → its rows that are replaced.
        base: the version of the curated table that the delivery was compared with.
        mode: append or overwrite.
        facts: the contents of the ledger's entries read, split and audited.
        schema: the columns that an overwrite gives the table; None: as they are.
    """

    curated: Sequence[Sequence[Any]] | None
    quarantine: Sequence[Sequence[Any]]
    base: int
    mode: str
    facts: Mapping[str, Mapping[str, Any]]
    gone: Sequence[Sequence[Any]] = ()
    replaced: Mapping[int, int] = field(default_factory=dict)
    schema: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "facts"}


def intend(
    ground: Ground, row: Row, lease: Lease, intent: Intent, values: Mapping[str, Any], of: Sequence[Part] = ()
) -> None:
    """landed → audited: from here on publishing needs nothing but the intent; `of` are the files of several.

    Raises:
        Refused: `RESOURCE_WITHDRAWN`; nothing was written.
        Unavailable: `LEASE_LOST`; nothing was written.
    """
    again = f":{lease.token}" if row["attempt"] is not None else ""
    acts = {"read": Act.DELIVERY_READ, "split": Act.DELIVERY_SPLIT, "audited": Act.DELIVERY_AUDITED}
    entries = [
        NewEntry(act, ACTOR, row["id"], intent.facts[name], f"{name}:{row['id']}{again}") for name, act in acts.items()
    ]
    with write(ground.engine) as connection:
        lease.check(connection)
        stands(connection, row["dataset"])
        changed = _step(
            connection,
            row,
            tables.LANDED,
            {**values, "state": tables.AUDITED, "attempt": lease.token, "intent": intent.as_dict()},
        )
        if changed:
            parts.keep(connection, row["number"], of, values["read"])
            ground.ledger.append(entries, connection=connection)


def withdraw(ground: Ground, row: Row) -> None:
    """audited → landed: the table moved on before the delivery was committed; it is read anew."""
    with write(ground.engine) as connection:
        _step(connection, row, tables.AUDITED, {"state": tables.LANDED, "intent": None})


def finish(ground: Ground, row: Row, versions: tuple[int | None, int | None], now: datetime) -> None:
    """audited → finished or blocked, with the versions of the curated and the quarantine table."""
    version, aside = versions
    blocked = row["intent"]["curated"] is None
    table = tables.delivery
    with write(ground.engine) as connection:
        newest = sa.select(sa.func.coalesce(sa.func.max(table.c.publish_no), 0)).where(
            table.c.dataset == row["dataset"]
        )
        values: dict[str, Any] = {"state": tables.BLOCKED if blocked else tables.FINISHED, "finished_at": now}
        values |= {"version": version, "quarantine_version": aside, "intent": None}
        if not blocked:
            values["publish_no"] = connection.execute(newest).scalar_one() + 1
        if not _step(connection, row, tables.AUDITED, values):
            return
        tickets.note(connection, row, values["state"], now)
        ground.ledger.append(_final_entries(row, version, aside), connection=connection)
        connection.execute(tables.outbox.insert().values(**_outbox(row, values, now)))


def _final_entries(row: Row, version: int | None, aside: int | None) -> list[NewEntry]:
    identity, dataset = row["id"], row["dataset"]
    entries = []
    if row["quarantined"]:
        content = {"dataset": dataset, "rows": row["quarantined"], "version": aside}
        entries.append(NewEntry(Act.DELIVERY_QUARANTINED, ACTOR, identity, content, f"quarantined:{identity}"))
    counts = {name: row[name] for name in COUNTS}
    if version is None:
        content = {"dataset": dataset, "code": row["code"], **counts}
        entries.append(NewEntry(Act.DELIVERY_REFUSED, ACTOR, identity, content, f"refused:{identity}"))
    else:
        content = {"dataset": dataset, "version": version, "contract": row["contract_version"], **counts}
        if row["replaced"]:
            content["replaced"] = row["replaced"]
        entries.append(NewEntry(Act.DELIVERY_PUBLISHED, ACTOR, identity, content, f"published:{identity}"))
    return entries


def _outbox(row: Row, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    names = ["dataset", "unit", "sha256", "size", "file_name", *COUNTS, "contract_version", "audit"]
    payload = {name: row[name] for name in names} | {
        "delivery": row["id"],
        "state": values["state"],
        "version": values["version"],
        "quarantine_version": values["quarantine_version"],
        "at": now.isoformat(),
    }
    return {"kind": "delivery", "subject": row["id"], "payload": payload, "created_at": now, "attempts": 0}


def refuse(ground: Ground, row: Row, error: HubError, contract_version: str | None, now: datetime) -> None:
    """landed → refused: the delivery cannot be read; its bytes stay landed."""
    values = {
        "state": tables.REFUSED,
        "code": error.code,
        "message_zh": error.sentence("zh").partition(": ")[2],
        "message_en": error.sentence("en").partition(": ")[2],
        "contract_version": contract_version,
        "finished_at": now,
    }
    with write(ground.engine) as connection:
        if _step(connection, row, tables.LANDED, values):
            tickets.note(connection, {**row, **values}, tables.REFUSED, now)
            content = {"dataset": row["dataset"], "code": error.code}
            once = f"refused:{row['id']}:{contract_version}"
            entry = NewEntry(Act.DELIVERY_REFUSED, ACTOR, row["id"], content, once)
            ground.ledger.append([entry], connection=connection)


def reopen(ground: Ground, row: Row) -> None:
    """refused → landed: another contract version may read what this one could not."""
    with write(ground.engine) as connection:
        reopened(connection, row)


def reopened(connection: Connection, row: Row) -> bool:
    """`reopen` within the caller's transaction; whether it was refused still."""
    blank = dict.fromkeys(("code", "message_zh", "message_en", "finished_at", "contract_version"))
    return _step(connection, row, tables.REFUSED, {**blank, "state": tables.LANDED})


def repeat(ground: Ground, row: Row, of: str, now: datetime) -> None:
    """landed → repeated: the same content was published already."""
    with write(ground.engine) as connection:
        if _step(connection, row, tables.LANDED, {"state": tables.REPEATED, "repeats": of, "finished_at": now}):
            content = {"dataset": row["dataset"], "repeats": of}
            tickets.note(connection, row, tables.REPEATED, now)
            entry = NewEntry(Act.DELIVERY_REPEATED, ACTOR, row["id"], content, f"repeated:{row['id']}")
            ground.ledger.append([entry], connection=connection)


def _step(connection: Connection, row: Row, state: str, values: Mapping[str, Any]) -> bool:
    table = tables.delivery
    here = [table.c.number == row["number"], table.c.state == state]
    if state == tables.AUDITED:
        # Of this attempt alone: who lost the lease must not touch what a successor intends.
        here.append(table.c.attempt == row["attempt"])
    changed = connection.execute(table.update().where(*here).values(**values))
    return bool(changed.rowcount)
