"""Tombstones kept outside a home, and their purges carried out again in one that was restored from before them.

Each tombstone carries the ledger's receipt of its approval. A list is believed as far as a key that the restored ledger
knows has signed it: what two people did not approve is not erased by whoever can write a file.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalogs.values.erasure_words import PurgeBasis, PurgeState
from infra.database import write
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry, Receipt
from infra.ledger.note import Verifier
from lake.purge.purge import Downstream
from lake.purge.purging import carry_out
from lake.records import tombstones
from lake.records.record import ACTOR
from lake.records.tombstones import Purge
from lake.tables import PURGED, delivery
from lake.tables import purge as table

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
    told = []
    for one in tombstones.purges(ground.engine, gone):
        once = _approval(one.id)
        receipt = ground.ledger.prove(ground.ledger.find([once])[once].number)
        told.append({**_plain(one), "receipt": receipt.as_dict()})
    return {"format": FORMAT, "tombstones": told}


def _approval(identity: str) -> str:
    return f"purge:approved:{identity}"


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
        whole = told["format"] == FORMAT and all({*_KEPT, "receipt"} <= one.keys() for one in found)
        for one in found:
            PurgeBasis[one["basis"].upper()]
            [datetime.fromisoformat(one[name]) for name in _INSTANTS if one[name]]
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

    Raises:
        Refused: `BACKUP_TOMBSTONE_UNPROVEN`; nothing was carried out.
    """
    for one in told:
        _proven(ground, one)
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


def _proven(ground: Ground, told: Mapping[str, Any]) -> None:
    """Refuses a tombstone that is not of an approval in this log."""
    receipt = Receipt.from_dict(told["receipt"])
    content = json.loads(receipt.content or b"{}")
    ids = [one["id"] for one in told["deliveries"]]
    fits = (receipt.entry.get("act"), receipt.entry.get("subject")) == (Act.PURGE_APPROVED.value, told["id"])
    if fits and content.get("deliveries") == ids and any(_holds(receipt, key) for key in ground.ledger.verifiers()):
        return
    raise Refused(
        "BACKUP_TOMBSTONE_UNPROVEN",
        "清除名单中有一项没有本账本对其审批的存证，什么都没有清除",
        "a tombstone of the list is not proved by an approval in this ledger; nothing was purged",
        remedy=Text(
            "由 hub purge export 重新导出；账本密钥在备份之后更换过的，改用更换之后的备份",
            "export it again with `hub purge export`; if the ledger's key was changed since, take a later backup",
        ),
    )


def _holds(receipt: Receipt, key: Verifier) -> bool:
    try:
        receipt.verify(key)
    except Refused:
        return False
    return True


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
        if rows:
            values["dataset"] = rows[0]["dataset"]
        values["versions"] = []  # those of another history: which are lost here is found when it is carried out
        values["deliveries"] = [{"id": row["id"], "number": row["number"]} for row in rows]
        if mine is None:
            connection.execute(table.insert().values(**values))
        else:
            connection.execute(table.update().where(table.c.id == told["id"]).values(**values))
        connection.execute(delivery.update().where(delivery.c.id.in_(ids)).values(state=PURGED))
        content = {"deliveries": ids, "versions": list(told["versions"]), "replayed": True}
        entry = NewEntry(Act.PURGE_APPROVED, ACTOR, told["id"], content, _approval(told["id"]))
        ground.ledger.append([entry], connection=connection)
    return True
