"""What a push that came whole becomes: a landed delivery, and the receipt that says so."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.people.asking import may_deliver
from catalogs.values.model import Person
from infra import crypto
from infra.database import lock, read
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from lake import tables
from lake.landing.delivery import Arrival, Delivery
from lake.landing.landing import land_arrival
from lake.records import record

CHANNEL = "push"
_TOLD = ("state", "read", "published", "quarantined", "duplicates", "version", "code", "message", "repeated", "notes")


@dataclass(frozen=True, slots=True)
class Pushed:
    """A body that came whole: what it is for, its file and SHA-256 (hex), who sent it, and their key for it."""

    dataset: str
    path: Path
    sha256: str
    person: Person
    key: str | None


def land_pushed(ground: Ground, pushed: Pushed, scratch: Path) -> tuple[dict[str, Any], bool]:
    """Land it, and the receipt; whether it is new. What its key named before is told again, if it is the same.

    Raises:
        Refused: PUSH_KEY_OTHER, PUSH_KEY_RACED, and as `land`.
        Unavailable: as `land`.
    """
    now = ground.now()
    with read(ground.engine) as connection:
        before = _named(connection, pushed.person.id, pushed.key)
        last = connection.execute(sa.select(sa.func.max(tables.delivery.c.number))).scalar() or 0
    if before is not None:
        _must_be_same(record.load(ground.engine, before), pushed)
        return receipt_of(ground, before, pushed.person.unit), False
    unit = pushed.dataset.partition(".")[0]
    also = None if pushed.key is None else _Remembering(pushed, now)
    arrival = Arrival(pushed.dataset, pushed.path, CHANNEL, now, pushed.person.id, unit, also=also)
    delivery = land_arrival(ground, arrival, scratch)
    return receipt_of(ground, delivery.id, unit), delivery.number > last


def size_before(ground: Ground, person: Person, key: str | None) -> int | None:
    """The size of what the person's key names already; None when it names nothing."""
    if key is None:
        return None
    with read(ground.engine) as connection:
        before = _named(connection, person.id, key)
    return None if before is None else int(record.load(ground.engine, before)["size"])


def receipt_for(ground: Ground, identity: str, person: Person) -> dict[str, Any]:
    """The receipt of a delivery, for whoever may deliver what it is of.

    Raises:
        WrongUse: LANDING_UNKNOWN, for what is another's too.
        Refused: POLICY_INVALID.
    """
    told = receipt_of(ground, identity, person.unit)
    try:
        if told["dataset"] is not None:
            may_deliver(ground, person, told["dataset"])
    except Refused as error:
        if error.code not in ("DELIVERY_DENIED", "CATALOG_UNKNOWN_RESOURCE"):
            raise
        raise _unknown(identity) from None
    return told


def receipt_of(ground: Ground, identity: str, unit: str) -> dict[str, Any]:
    """The receipt of a delivery of `unit`, and what became of it.

    Raises:
        WrongUse: LANDING_UNKNOWN, for another unit's too.
    """
    row = record.load(ground.engine, identity)
    if row["unit"] != unit:
        raise _unknown(identity)
    entry = ground.ledger.find([f"landed:{identity}"]).get(f"landed:{identity}")
    outcome = record.Outcome.of(row).as_dict(ground.lang)
    return {
        "delivery": identity,
        "dataset": row["dataset"],
        "file": row["file_name"],
        "size": row["size"],
        "sha256": row["sha256"],
        "door": row["channel"],
        "arrived_at": row["arrived_at"],
        "finished_at": row["finished_at"],
        "ledger": None if entry is None else {"entry": entry.number, "hash": entry.entry_hash},
        "links": {"state": f"/arrivals/{identity}"},
        **{name: outcome[name] for name in _TOLD},
    }


def _unknown(identity: str) -> WrongUse:
    return WrongUse("LANDING_UNKNOWN", f"没有归集批次 {identity}", f"there is no delivery {identity}")


@dataclass(frozen=True, slots=True)
class _Remembering:
    """Writes the sender's key in the transaction that lands what it names."""

    pushed: Pushed
    now: datetime

    def __call__(self, connection: Connection, delivery: Delivery) -> None:
        whose, key = self.pushed.person.id, _digest(self.pushed.key or "")
        lock(connection, f"push:{whose}:{key}")
        before = _named(connection, whose, self.pushed.key)
        if before is None:
            row = {"person": whose, "key": key, "delivery": delivery.id, "at": self.now}
            connection.execute(tables.push.insert().values(**row))
        elif before != delivery.id:
            raise Refused(
                "PUSH_KEY_RACED",
                "同一 Idempotency-Key 的另一次推送刚刚完成",
                "another push with the same Idempotency-Key has just ended",
                remedy=Text("再发送一次，即得其回执", "send it again for its receipt"),
            )


def _named(connection: Connection, whose: str, key: str | None) -> str | None:
    """The delivery that the sender's key names already."""
    if key is None:
        return None
    mine = tables.push.c.person == whose, tables.push.c.key == _digest(key)
    found: str | None = connection.execute(sa.select(tables.push.c.delivery).where(*mine)).scalar()
    return found


def _digest(key: str) -> str:
    return crypto.sha256_hex(key.encode())


def _must_be_same(row: record.Row, pushed: Pushed) -> None:
    # Of a purged delivery no digest is kept: whatever comes under its key is another content.
    if (row["dataset"], row["sha256"]) != (pushed.dataset, pushed.sha256):
        raise key_of_another()


def key_of_another() -> Refused:
    """The refusal of a content under the key of another one."""
    return Refused(
        "PUSH_KEY_OTHER",
        "此 Idempotency-Key 已用于另一内容",
        "this Idempotency-Key was used for another content",
        remedy=Text("换用新的 Idempotency-Key", "choose a new Idempotency-Key"),
    )
