"""Tombstones kept outside a home, and their purges carried out again in one that was restored from before them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalogs.erasure_words import PurgeState
from infra.database import write
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry
from lake import tombstones
from lake.purge import Downstream
from lake.purging import carry_out
from lake.record import ACTOR
from lake.tables import PURGED, delivery
from lake.tables import purge as table
from lake.tombstones import Purge

FORMAT = "cityhub tombstones 1"
_KEPT = (
    "id", "delivery", "dataset", "unit", "basis", "reason", "proposed_by", "proposed_at", "decided_by", "decided_at",
    "opinion", "finished_at", "deliveries", "versions", "ordinal", "readmitted_by", "readmitted_at", "readmitted_basis",
    "readmitted_why",
)  # fmt: skip
_INSTANTS = ("proposed_at", "decided_at", "finished_at", "readmitted_at")


def exported(ground: Ground) -> dict[str, Any]:
    """The tombstones of every purge that was approved, as one document: no value, no digest, no mark."""
    gone = table.c.state.in_((PurgeState.APPROVED.value, PurgeState.CARRIED_OUT.value))
    return {"format": FORMAT, "tombstones": [_plain(one) for one in tombstones.purges(ground.engine, gone)]}


def _plain(one: Purge) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in _KEPT}
    instants = {name: told[name].isoformat() for name in _INSTANTS if told[name] is not None}
    return {
        **told,
        "basis": one.basis.value,
        "deliveries": list(one.deliveries),
        "versions": list(one.versions),
    } | instants


def read_tombstones(path: Path) -> list[dict[str, Any]]:
    """The tombstones of a document.

    Raises:
        Refused: `BACKUP_TOMBSTONES`.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = told["tombstones"]
        whole = told["format"] == FORMAT and all(set(_KEPT) <= one.keys() for one in found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole, found = False, []
    if not whole:
        raise Refused(
            "BACKUP_TOMBSTONES",
            "清除名单无法读取",
            "the list of tombstones cannot be read",
            remedy=Text("由 hub purge export 重新导出", "export it again with `hub purge export`"),
        )
    return found


def replay(ground: Ground, told: Sequence[Mapping[str, Any]], downstream: Downstream) -> tuple[str, ...]:
    """Carry out every purge of the list that this database does not know as carried out; their ids, oldest first.

    Of bytes that the backup does not hold only the tombstone is taken over: their mark cannot be made again.
    """
    done = []
    for one in sorted(told, key=lambda each: str(each["proposed_at"])):
        if _adopt(ground, one):
            carry_out(ground, one["id"], downstream)
            done.append(str(one["id"]))
    unfinished = tombstones.purges(ground.engine, table.c.state == PurgeState.APPROVED.value)
    for left in reversed(unfinished):  # approved when the backup was made, and not carried out yet
        carry_out(ground, left.id, downstream)
        done.append(left.id)
    return tuple(done)


def _adopt(ground: Ground, told: Mapping[str, Any]) -> bool:
    """Enter one purge as approved here; whether it is to be carried out."""
    ids = [one["id"] for one in told["deliveries"]]
    values = {name: told[name] for name in _KEPT if name != "finished_at"}
    values |= {name: datetime.fromisoformat(told[name]) for name in _INSTANTS if told[name] and name in values}
    with write(ground.engine) as connection:
        mine = connection.execute(sa.select(table).where(table.c.id == told["id"])).mappings().first()
        if mine is not None and mine["state"] == PurgeState.CARRIED_OUT.value:
            return False
        here = sa.select(delivery).where(delivery.c.id.in_(ids)).order_by(delivery.c.number)
        rows = connection.execute(here).mappings().all()
        digest = next((row["sha256"] for row in rows if row["sha256"]), None)
        key, mark = tombstones.marked(ground, digest) if digest else (None, None)
        values |= {"state": PurgeState.APPROVED.value, "key_id": key, "mark": mark, "erased": None, "certificate": None}
        values["versions"] = []  # those of another history: which are lost here is found when it is carried out
        values["deliveries"] = [{"id": row["id"], "number": row["number"]} for row in rows]
        if mine is None:
            connection.execute(table.insert().values(**values))
        else:
            connection.execute(table.update().where(table.c.id == told["id"]).values(**values))
        connection.execute(delivery.update().where(delivery.c.id.in_(ids)).values(state=PURGED))
        content = {"deliveries": ids, "versions": list(told["versions"]), "replayed": True}
        entry = NewEntry(Act.PURGE_APPROVED, ACTOR, told["id"], content, f"purge:approved:{told['id']}")
        ground.ledger.append([entry], connection=connection)
    return True
