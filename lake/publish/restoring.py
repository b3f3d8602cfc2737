"""Carrying a restore out: what leaves the published table for quarantine, the table's own commit, one transaction.

The order is what readers rely on: a row that a replay had published stands in quarantine again before the version that
lacks it can be seen, and the database says last which deliveries stand. All that is needed is durable before the first
commit (`lake_restore`); each commit bears the restore's id and is asked for first. Killed anywhere in between, the same
call does what is left; every act that holds the dataset's lease does so first (`lake.publish.interrupted`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from infra.database import lock, read, write
from infra.ground import Ground
from infra.lease import Lease
from infra.ledger import Act, NewEntry
from lake.records import tickets, tombstones
from lake.records.record import COUNTS, Row
from lake.records.tickets import REVERTED as TAKEN_BACK
from lake.store.delta import Commit, DataFile, Moved, Tables, curated_key, quarantine_key
from lake.tables import BLOCKED, FINISHED, INTENDED, REVERTED, delivery, outbox, replay
from lake.tables import restore as table

RESTORE = "restore"
Files = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Intent:
    """Everything that a restore needs, durable before its first commit; files are [path, size, rows] each.

    Attributes:
        adds, removes: files that the published table gets again, and that leave it.
        back: files that the quarantine table gains.
        base: the version of the published table that was looked at.
    """

    adds: Files
    removes: Files
    back: Files
    base: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


def intend(ground: Ground, held: Lease, intent: Intent, about: Mapping[str, Any]) -> Row | None:
    """Make the restore durable; None, and nothing, when a delivery it speaks of changed its state meanwhile.

    Args:
        ground: where.
        held: the dataset's lease.
        intent: what the commits need.
        about: dataset, actor, reason, target, reverted, returned, replays.

    Raises:
        Refused: `LAKE_VERSION_PURGED`, a purge of what the target held was approved meanwhile.
        Unavailable: `LEASE_LOST`; nothing was written.
    """
    now = ground.now()
    mine = delivery.c.dataset == about["dataset"]
    standing = sa.select(delivery.c.id, delivery.c.state).where(mine, delivery.c.state.in_((FINISHED, REVERTED)))
    with write(ground.engine) as connection:
        lock(connection, "lake:restore")
        held.check(connection)
        states = {row.id: row.state for row in connection.execute(standing.with_for_update())}
        tombstones.refuse_lost_in(connection, about["dataset"], about["target"])
        wanted = dict.fromkeys(about["reverted"], FINISHED) | dict.fromkeys(about["returned"], REVERTED)
        if any(states.get(one) != state for one, state in wanted.items()):
            return None
        last = connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0
        identity = f"{RESTORE}-{now.year}-{last + 1:04d}"
        newest = connection.execute(sa.select(sa.func.max(delivery.c.number)).where(mine)).scalar() or 0
        values = {"id": identity, **about, "state": INTENDED, "attempt": held.token, "intent": intent.as_dict()}
        connection.execute(table.insert().values(**values, newest=newest, begun_at=now))
    return load(ground.engine, identity)


def load(engine: Engine, identity: str) -> Row:
    """The restore's row."""
    with read(engine) as connection:
        return connection.execute(sa.select(table).where(table.c.id == identity)).mappings().one()


def made(engine: Engine, dataset: str, version: int) -> Row | None:
    """The restore that made this version of the dataset's published table, if one did."""
    query = sa.select(table).where(table.c.dataset == dataset, table.c.version == version)
    with read(engine) as connection:
        return connection.execute(query).mappings().first()


def interrupted(engine: Engine, dataset: str) -> list[Row]:
    """The dataset's restores that were begun and not finished."""
    query = sa.select(table).where(table.c.dataset == dataset, table.c.state == INTENDED)
    with read(engine) as connection:
        return list(connection.execute(query.order_by(table.c.number)).mappings())


def carry_out(ground: Ground, lake: Tables, row: Row) -> bool:
    """Do what is left of a restore; False when the table moved on before anything was committed: it is withdrawn.

    Raises:
        Unavailable: a table cannot be reached; calling again goes on where this ended.
    """
    intent, key = row["intent"], curated_key(row["dataset"])
    version, at = lake.standing(key, row["id"])
    aside = None
    if at is not None or version == intent["base"]:
        aside = _into_quarantine(ground, lake, row)
    if at is None and version == intent["base"]:
        about = {RESTORE: row["id"], "restored": str(row["target"])}
        adds, removes = _files(intent["adds"]), _files(intent["removes"])
        try:
            at = lake.commit(key, Commit(adds, "append", row["id"], version, about, ground.now(), gone=removes))
        except Moved:
            at = lake.committed(key, row["id"])
    if at is None:
        _withdraw(ground, lake, row)
        return False
    _finish(ground, row, at, aside)
    return True


def _withdraw(ground: Ground, lake: Tables, row: Row) -> None:
    """Forget the restore; what it had put into quarantine already leaves it first, for it is published still."""
    files, key, name = _files(row["intent"]["back"]), quarantine_key(row["dataset"]), _aside(row)
    if files and lake.committed(key, name) is not None:
        undo = f"{name}-withdrawn"
        base, done = lake.standing(key, undo)
        if done is None:
            lake.commit(key, Commit((), "append", undo, base, {RESTORE: row["id"]}, ground.now(), gone=files))
    with write(ground.engine) as connection:
        mine = table.c.id == row["id"], table.c.state == INTENDED, table.c.attempt == row["attempt"]
        connection.execute(table.delete().where(*mine))


def _aside(row: Row) -> str:
    """The transaction in quarantine; the id of a restore that was withdrawn is given again, from a newer version."""
    return f"{row['id']}-{row['intent']['base']}"


def _into_quarantine(ground: Ground, lake: Tables, row: Row) -> int | None:
    files = _files(row["intent"]["back"])
    if not files:
        return None
    key = quarantine_key(row["dataset"])
    base, done = lake.standing(key, _aside(row))
    if done is not None:
        return done
    return lake.commit(key, Commit(files, "append", _aside(row), base, {RESTORE: row["id"]}, ground.now()))


def _files(listed: Files) -> tuple[DataFile, ...]:
    return tuple(DataFile(path, size, rows) for path, size, rows in listed)


def _finish(ground: Ground, row: Row, version: int, aside: int | None) -> None:
    now = ground.now()
    done = {"state": FINISHED, "intent": None, "version": version, "quarantine_version": aside, "finished_at": now}
    mine = table.c.id == row["id"], table.c.state == INTENDED, table.c.attempt == row["attempt"]
    with write(ground.engine) as connection:
        if not connection.execute(table.update().where(*mine).values(**done)).rowcount:
            return
        for identity in row["replays"]:
            _unreplay(connection, identity, row)
        tickets.reopen(connection, row["dataset"], [*row["reverted"], *row["replays"]])
        for identity in row["reverted"]:
            _revert(connection, identity, row, now)
        _stand_again(connection, row, now)
        content = {"dataset": row["dataset"], "to": row["target"], "version": version, "reason": row["reason"]}
        content |= {name: row[name] for name in ("reverted", "returned", "replays")}
        content |= {"rows_added": _rows(row, "adds"), "rows_removed": _rows(row, "removes")}
        content |= {"quarantined_again": _rows(row, "back"), "quarantine_version": aside}
        entry = NewEntry(Act.TABLE_RESTORED, row["actor"], row["dataset"], content, f"restored:{row['id']}")
        ground.ledger.append([entry], connection=connection)
        told = {"kind": RESTORE, "subject": row["id"], "created_at": now, "attempts": 0}
        connection.execute(outbox.insert().values(**told, payload=_payload(connection, row, version, now)))


def _rows(row: Row, name: str) -> int:
    return sum(rows or 0 for _, _, rows in row["intent"][name])


def _unreplay(connection: Connection, identity: str, restored: Row) -> None:
    """Count the replay's rows in quarantine again; a delivery that it published is blocked again."""
    one = connection.execute(sa.select(replay).where(replay.c.id == identity)).mappings().one()
    connection.execute(replay.update().where(replay.c.id == identity).values(state=REVERTED))
    for moved in one["deliveries"]:
        here = delivery.c.number == moved["number"]
        was = connection.execute(sa.select(delivery).where(here).with_for_update()).mappings().one()
        values: dict[str, Any] = {
            "published": was["published"] - moved["published"],
            "quarantined": was["quarantined"] + moved["published"] + moved["duplicates"],
            "duplicates": was["duplicates"] - moved["duplicates"],
        }
        if moved.get("replaced"):  # of an upsert
            values["replaced"] = (was["replaced"] or 0) - moved["replaced"]
        audit = dict(was["audit"] or {})
        if audit:
            broken = dict(audit.get("broken") or {})
            for rule, count in moved["broken"].items():
                broken[rule] = broken.get(rule, 0) + count
            audit["broken"] = broken
        if was["state"] == FINISHED and was["version"] == one["version"]:
            audit |= {"passed": False} if audit else {}
            values |= {"state": BLOCKED, "version": None, "publish_no": None, **_said(restored)}
        connection.execute(delivery.update().where(here).values(**values, audit=audit or was["audit"]))


def _said(restored: Row) -> dict[str, str]:
    """Why the delivery no longer stands, as its sender is told it."""
    target, why = restored["target"], restored["reason"]
    return {
        "code": tickets.TAKEN_BACK,
        "message_zh": f"数据集已还原到版本 {target}（{restored['id']}），本批次不再有效：{why}",
        "message_en": f"the dataset was put back to version {target} ({restored['id']}), the delivery no longer "
        f"stands: {why}",
    }


def _revert(connection: Connection, identity: str, restored: Row, now: datetime) -> None:
    here = delivery.c.id == identity, delivery.c.state == FINISHED
    was = connection.execute(sa.select(delivery).where(*here).with_for_update()).mappings().first()
    if was is None:  # purged meanwhile
        return
    values = {"state": REVERTED, "publish_no": None, **_said(restored)}
    connection.execute(delivery.update().where(*here).values(**values))
    tickets.note(connection, {**was, **values}, REVERTED, now)


def _stand_again(connection: Connection, restored: Row, now: datetime) -> None:
    newest = sa.select(sa.func.coalesce(sa.func.max(delivery.c.publish_no), 0))
    number = connection.execute(newest.where(delivery.c.dataset == restored["dataset"])).scalar_one()
    blank = dict.fromkeys(("code", "message_zh", "message_en"))
    for identity in restored["returned"]:
        number += 1
        here = delivery.c.id == identity, delivery.c.state == REVERTED
        connection.execute(delivery.update().where(*here).values(state=FINISHED, publish_no=number, **blank))
    if restored["returned"] and not restored["reverted"]:
        tickets.over(connection, restored["dataset"], TAKEN_BACK, restored["id"], now)


def _payload(connection: Connection, row: Row, version: int, now: datetime) -> dict[str, Any]:
    """What the metadata catalogue is told: the restore, and the delivery that is the newest to stand now."""
    newest = sa.select(delivery).where(delivery.c.dataset == row["dataset"], delivery.c.state == FINISHED)
    last = connection.execute(newest.order_by(delivery.c.publish_no.desc()).limit(1)).mappings().first()
    told = {"dataset": row["dataset"], "to": row["target"], "version": version, "at": now.isoformat()}
    told |= {"reverted": row["reverted"], "returned": row["returned"], "delivery": None}
    if last is not None:
        told |= {name: last[name] for name in (*COUNTS, "contract_version", "audit", "state")}
        told["delivery"] = last["id"]
    return told
