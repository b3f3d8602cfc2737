"""Carrying a replay out: rows go from quarantine into the published table by two Delta commits and one transaction.

The order is what readers rely on: a row stands in the published table before it is gone from quarantine, and the
database counts it last. What moves is durable before the first commit (`lake_replay`); each commit bears the replay's
id, is asked for first, and succeeds only as the version right after the one that the rows were compared with. Killed
anywhere in between, the same call does what is left; every act that holds the dataset's lease does so first
(`lake.publish.interrupted`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from infra import crypto
from infra.database import read, write
from infra.ground import Ground
from infra.lease import Lease
from infra.ledger import Act, NewEntry
from lake import tables
from lake.records import tickets
from lake.records.record import COUNTS, Row
from lake.store.delta import Commit, DataFile, Moved, Tables, curated_key, quarantine_key
from lake.store.versions import moved
from lake.tables import BLOCKED, FINISHED, INTENDED, delivery, outbox
from lake.tables import replay as table

REPLAY = "replay"
Files = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Moving:
    """What leaves quarantine of one delivery: how many rows are published, how many repeat published ones.

    Attributes:
        broken: rule id → how many of these rows stood in quarantine under it.
        replaced: of an upsert, the published rows that give way to them.
    """

    number: int
    id: str
    published: int
    duplicates: int
    broken: Mapping[str, int]
    replaced: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Intent:
    """Everything that a replay needs, durable before its first commit; files are [path, size, rows] each.

    Attributes:
        curated: files that the published table gains.
        mode: append, or overwrite for a snapshot that was blocked.
        gone, kept: files that leave the quarantine table, and what stays of them, in new files.
        base, aside_base: the versions of the two tables that the rows were compared with.
        taken: files that leave the published table: they hold rows that an upsert replaces.
        replaced: the number of a delivery → its rows that are replaced.
    """

    curated: Files
    mode: str
    gone: Files
    kept: Files
    base: int
    aside_base: int
    taken: Files = ()
    replaced: Mapping[int, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


def identity(dataset: str, base: int, aside_base: int) -> str:
    """The replay's id: from these two versions there is one replay that commits."""
    return "r-" + crypto.sha256_hex(f"{dataset}|{base}|{aside_base}".encode())[:24]


def intend(
    ground: Ground, held: Lease, intent: Intent, moving: Sequence[Moving], about: Mapping[str, Any]
) -> Row | None:
    """Make the replay durable; None, and nothing, when a purge took one of its deliveries meanwhile.

    Args:
        ground: where.
        held: the dataset's lease.
        intent: what the commits need.
        moving: the deliveries whose rows move.
        about: dataset, actor, contract_version.

    Raises:
        Unavailable: `LEASE_LOST`; nothing was written.
    """
    named = identity(about["dataset"], intent.base, intent.aside_base)
    values = {"id": named, **about, "state": INTENDED, "attempt": held.token, "intent": intent.as_dict()}
    values |= {"deliveries": [one.as_dict() for one in moving], "begun_at": ground.now()}
    standing = sa.select(delivery.c.number).where(
        delivery.c.number.in_([one.number for one in moving]), delivery.c.state.in_((FINISHED, BLOCKED))
    )
    with write(ground.engine) as connection:
        held.check(connection)
        if len(connection.execute(standing.with_for_update()).all()) < len(moving):
            return None
        connection.execute(table.insert().values(**values))
    return load(ground.engine, named)


def load(engine: Engine, identity: str) -> Row:
    """The replay's row."""
    with read(engine) as connection:
        return connection.execute(sa.select(table).where(table.c.id == identity)).mappings().one()


def interrupted(engine: Engine, dataset: str) -> list[Row]:
    """The dataset's replays that were begun and not finished."""
    query = sa.select(table).where(table.c.dataset == dataset, table.c.state == INTENDED)
    with read(engine) as connection:
        return list(connection.execute(query.order_by(table.c.number)).mappings())


def carry_out(ground: Ground, lake: Tables, row: Row) -> bool:
    """Do what is left of a replay; False when the table moved on before anything was committed: it is withdrawn.

    Raises:
        Unavailable: a table cannot be reached; calling again goes on where this ended.
    """
    intent, key = row["intent"], curated_key(row["dataset"])
    version, at = lake.standing(key, row["id"])
    if at is None:
        about, gone = _metadata(row), _files(intent.get("taken", ()))
        if gone:
            about["replaced"] = json.dumps(intent["replaced"])
        files, mode = _files(intent["curated"]), intent["mode"]
        commit = Commit(files, mode, row["id"], intent["base"], about, ground.now(), gone)
        try:
            at = lake.commit(key, commit) if version == intent["base"] else None
        except Moved:
            at = lake.committed(key, row["id"])
    if at is None:
        with write(ground.engine) as connection:
            mine = table.c.id == row["id"], table.c.state == INTENDED, table.c.attempt == row["attempt"]
            connection.execute(table.delete().where(*mine))
        return False
    _finish(ground, row, at, _out_of_quarantine(ground, lake, row))
    return True


def _out_of_quarantine(ground: Ground, lake: Tables, row: Row) -> int:
    intent, key = row["intent"], quarantine_key(row["dataset"])
    gone = _files(intent["gone"])
    base, done = lake.standing(key, row["id"])
    if done is not None:
        return done
    if base != intent["aside_base"] and not {file.path for file in gone} <= _live(lake, key, base):
        raise moved(key)
    # Whatever was appended since touches none of these files: what was decided of their rows holds still.
    commit = Commit(_files(intent["kept"]), "append", row["id"], base, _metadata(row), ground.now(), gone=gone)
    return lake.commit(key, commit)


def _live(lake: Tables, key: str, version: int) -> set[str]:
    return {file.path for file in lake.snapshot(key, version=version).files}


def _files(listed: Files) -> tuple[DataFile, ...]:
    return tuple(DataFile(path, size, rows) for path, size, rows in listed)


def _metadata(row: Row) -> dict[str, Any]:
    return {REPLAY: row["id"], "contract": row["contract_version"]}


def _finish(ground: Ground, row: Row, version: int, aside: int) -> None:
    now = ground.now()
    done = {"state": FINISHED, "intent": None, "version": version, "quarantine_version": aside, "finished_at": now}
    mine = table.c.id == row["id"], table.c.state == INTENDED, table.c.attempt == row["attempt"]
    with write(ground.engine) as connection:
        if not connection.execute(table.update().where(*mine).values(**done)).rowcount:
            return
        entries = []
        for one in row["deliveries"]:
            counted = _count(connection, row, one, version, done)
            content = {"dataset": row["dataset"], REPLAY: row["id"], "contract": row["contract_version"]}
            content |= {"published": one["published"], "duplicates": one["duplicates"]}
            content |= {"version": version, "quarantine_version": aside}
            if one.get("replaced"):
                content["replaced"] = one["replaced"]
            once = f"replayed:{row['id']}:{one['id']}"
            entries.append(NewEntry(Act.QUARANTINE_REPLAYED, row["actor"], one["id"], content, once))
            if counted["state"] != tables.PURGED:
                told = {"kind": REPLAY, "subject": f"{one['id']}/{row['id']}", "created_at": now, "attempts": 0}
                connection.execute(outbox.insert().values(**told, payload=_payload(counted, version, aside, now)))
        tickets.settle(connection, row["dataset"], row["id"], now)
        ground.ledger.append(entries, connection=connection)


def _count(
    connection: Connection, row: Row, one: Mapping[str, Any], version: int, done: Mapping[str, Any]
) -> dict[str, Any]:
    """Move the counts of a delivery; one that was blocked is published now. The delivery as it stands then."""
    here = delivery.c.number == one["number"]
    was = connection.execute(sa.select(delivery).where(here).with_for_update()).mappings().one()
    moved_ = one["published"] + one["duplicates"]
    values: dict[str, Any] = {
        "published": was["published"] + one["published"],
        "quarantined": was["quarantined"] - moved_,
        "duplicates": was["duplicates"] + one["duplicates"],
    }
    if one.get("replaced"):
        values["replaced"] = (was["replaced"] or 0) + one["replaced"]
    if was["audit"] is not None:
        left = {rule: n - one["broken"].get(rule, 0) for rule, n in was["audit"].get("broken", {}).items()}
        values["audit"] = was["audit"] | {"broken": {rule: n for rule, n in left.items() if n > 0}}
    if was["state"] == BLOCKED:
        newest = sa.select(sa.func.coalesce(sa.func.max(delivery.c.publish_no), 0))
        number = connection.execute(newest.where(delivery.c.dataset == row["dataset"])).scalar_one() + 1
        values |= {"state": FINISHED, "version": version, "publish_no": number, "finished_at": done["finished_at"]}
        values |= {"contract_version": row["contract_version"]}
        values |= dict.fromkeys(("code", "message_zh", "message_en"))
        if "audit" in values:
            values["audit"] |= {"passed": True, "failed": []}
    connection.execute(delivery.update().where(here).values(**values))
    return {**was, **values}


def _payload(one: Mapping[str, Any], version: int, aside: int, now: Any) -> dict[str, Any]:
    told = {name: one[name] for name in ("dataset", "unit", *COUNTS, "contract_version", "audit", "state")}
    return told | {"delivery": one["id"], "version": version, "quarantine_version": aside, "at": now.isoformat()}
