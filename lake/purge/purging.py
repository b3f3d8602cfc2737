"""Carrying a purge out: everything that an approved one names is erased, wherever it stands, and that is proved.

In this order, so that it may be killed at any line and called again:

1. what holds the rows is found and written down; whoever reads what was made of it is shut out (`Downstream.close`);
2. the newest versions are committed without the rows, then every file that holds them is deleted
   (`lake.store.rewrite`);
3. the landed objects, the pages of the audit, what a killed process left; what was made downstream;
4. the deliveries' rows lose name, digest, key and messages, the ledger the contents that hold the digest, and the
   database the freed bytes;
5. everything is searched once more; what was found, and that nothing is left, becomes a certificate, whose digest
   stands in the ledger with the last act.

The counts of the deliveries stay, and so does every entry of the ledger: entries hold salted commitments alone. The id
of a delivery is a digest too, and stays: who has it can confirm a guess of the whole file, byte for byte.
"""

import json
import shutil
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from catalogs.values.erasure_words import PurgeState
from infra import database
from infra.crypto import sha256_hex
from infra.database import read, write
from infra.errors import Unavailable
from infra.ground import Ground
from infra.language import Text
from infra.lease import Lease, kept, lease
from infra.ledger import Act, NewEntry
from infra.scratch import sweep
from infra.settings import load
from lake.audit import docs
from lake.landing.landing import NOBODY
from lake.publish.interrupted import finish_interrupted
from lake.purge import rules
from lake.purge.purge import Downstream
from lake.records import tombstones
from lake.records.record import ACTOR
from lake.records.tombstones import Purge
from lake.store import rewrite
from lake.store.delta import Tables, curated_key, quarantine_key
from lake.store.duck import LakeSettings
from lake.store.holdings import Holding, holding
from lake.tables import delivery, notice, outbox, part
from lake.tables import purge as table

Say = Callable[[Text], None]
BLANK = {
    **dict.fromkeys(("object_key", "message_zh", "message_en", "intent", "audit", "notes", "key_id", "wrapped_key")),
    "sha256": "",
    "file_name": "",
}
_TABLES = ("lake_delivery", "lake_part", "lake_outbox", "lake_notice", "infra_ledger_content")


def carry_out(ground: Ground, identity: str, downstream: Downstream, say: Say = lambda _: None) -> Purge:
    """Carry out an approved purge, or what is left of it; one that is carried out changes nothing.

    Raises:
        WrongUse: `PURGE_UNKNOWN`.
        Refused: `PURGE_STATE`.
        Unavailable: `LEASE_TAKEN`, `LEASE_LOST`, `PURGE_UNREADABLE`, `PURGE_LEFT`, STORE_…, DATABASE_…; call again.
    """
    one = tombstones.load(ground.engine, identity)
    if one.state is PurgeState.CARRIED_OUT:
        return one
    rules.must_be(one.state, PurgeState.APPROVED)
    settings = load(LakeSettings, ground.environ)
    name = f"lake:{one.dataset or one.delivery}"
    with (
        lease(ground.engine, name, seconds=settings.lease_seconds, wait_seconds=settings.wait_seconds) as held,
        kept(held),
    ):
        if one.dataset is not None:
            finish_interrupted(ground, Tables(ground.store), one.dataset)
        say(Text("查找该批次的数据", "finding what holds the delivery"))
        found = _found(ground, one)
        one = _remember(ground, one, found, downstream)
        downstream.close(ground, one)
        say(Text("重写数据表并删除文件", "rewriting the tables, deleting files"))
        _rewrite(ground, held, one, found)
        _erase_objects(ground, one)
        extracts = downstream.erase(ground, one)
        say(Text("清除登记内容", "erasing what the register holds"))
        _blank(ground, one)
        say(Text("逐处复查", "searching everything once more"))
        searched = _searched(ground, one, extracts)
        return _finish(ground, held, one, searched)


def _found(ground: Ground, one: Purge) -> list[Holding]:
    if one.dataset is None:
        return []
    lake = Tables(ground.store)
    return [holding(ground, lake, key, one.numbers) for key in (curated_key(one.dataset), quarantine_key(one.dataset))]


def _remember(ground: Ground, one: Purge, found: list[Holding], downstream: Downstream) -> Purge:
    """Write down what holds the rows before any of it goes: afterwards nobody could tell."""
    curated = next((each for each in found if one.dataset and each.key == curated_key(one.dataset)), None)
    versions = tuple(sorted({*one.versions, *(curated.versions if curated else ())}))
    made = downstream.affected(ground, one.dataset, versions) if one.dataset else []
    erased = dict(one.erased) or {
        "tables": {each.key: {"files": len(each.files), "rows": each.live} for each in found},
        "landed": sum(len(_landed(ground, identity)) for identity in one.ids),
    }
    erased["extracts"] = sorted({*one.erased.get("extracts", ()), *(each["extract"] for each in made)})
    with write(ground.engine) as connection:
        connection.execute(table.update().where(table.c.id == one.id).values(versions=list(versions), erased=erased))
    return tombstones.load(ground.engine, one.id)


def _rewrite(ground: Ground, held: Lease, one: Purge, found: list[Holding]) -> None:
    for each in found:
        rewrite.without(ground, held, each, rewrite.Gone(str(one.dataset), one.numbers, {"purge": one.id}))


def _landed(ground: Ground, identity: str) -> list[str]:
    """The keys of the delivery's objects: its own and what a killed landing left. None once its row is blank."""
    with read(ground.engine) as connection:
        key = connection.execute(sa.select(delivery.c.object_key).where(delivery.c.id == identity)).scalar()
    if not key:
        return []
    folder = key.rpartition("/")[0]
    mine = f"{folder}/{identity}"
    return [found.key for found in ground.store.list(folder) if found.key.startswith((f"{mine}-", f"{mine}."))]


def _erase_objects(ground: Ground, one: Purge) -> None:
    for identity in one.ids:
        with read(ground.engine) as connection:
            row = connection.execute(sa.select(delivery).where(delivery.c.id == identity)).mappings().one()
        for key in _landed(ground, identity):
            ground.store.delete(key)
        if row["object_key"]:
            ground.store.sweep(row["object_key"].rpartition("/")[0])
        if row["dataset"]:
            page = docs.key(row)
            ground.store.delete(page)
            ground.store.sweep(page.rpartition("/")[0])
        for taken in (ground.home / "arrivals").glob(f"*/.taken/{identity}-*"):
            shutil.rmtree(taken, ignore_errors=True)
    sweep(ground.home / "tmp")


def _blank(ground: Ground, one: Purge) -> None:
    """The rows lose what tells of the content; the ledger's entries of the landing lose their contents, and say so."""
    keys = [key for identity in one.ids for key in (f"landed:{identity}", f"landed:{identity}:registered")]
    numbers = [ref.number for ref in ground.ledger.find(keys).values()]
    if numbers:
        ground.ledger.erase(numbers, actor=one.decided_by or ACTOR, basis=f"{one.id}: {one.basis.value}")
    with write(ground.engine) as connection:
        again = (outbox.c.subject.startswith(f"{identity}/") for identity in one.ids)  # replays of it
        mine = sa.or_(sa.and_(outbox.c.kind == "delivery", outbox.c.subject.in_(one.ids)), *again)
        connection.execute(outbox.delete().where(mine, outbox.c.sent_at.is_(None)))
        connection.execute(outbox.update().where(mine).values(payload={"dataset": one.dataset, "purge": one.id}))
        mine_too = sa.select(delivery.c.number).where(delivery.c.id.in_(one.ids))
        connection.execute(part.delete().where(part.c.delivery.in_(mine_too)))
        connection.execute(notice.delete())  # one that waits to be sent tells what deliveries were refused for
        connection.execute(delivery.update().where(delivery.c.id.in_(one.ids)).values(**BLANK))
    database.scrub(ground.engine, _TABLES)


def _searched(ground: Ground, one: Purge, extracts: list[str]) -> list[dict[str, Any]]:
    """Look everywhere once more.

    Raises:
        Unavailable: `PURGE_LEFT`, something is there still.
    """
    looks: list[dict[str, Any]] = [
        {"where": each.key, "looked_at": each.looked_at, "found": sum(each.files.values())}
        for each in _found(ground, one)
    ]
    units = {one.unit, NOBODY} - {None}  # what came before its resource was registered lies under nobody's name
    landing = [found.key for unit in units for found in ground.store.list(f"landing/{unit}")]
    left = [key for key in landing if key.rpartition("/")[2][:26] in one.ids]
    looks.append({"where": "landing", "looked_at": len(landing), "found": len(left)})
    if one.dataset is not None:
        pages = [found.key for found in ground.store.list("docs/" + one.dataset.replace(".", "/"))]
        left = [key for key in pages if key.rpartition("/")[2].removesuffix(".html") in one.ids]
        looks.append({"where": "docs", "looked_at": len(pages), "found": len(left)})
    made = [found.key for identity in extracts for found in ground.store.list(f"extracts/{identity}")]
    looks.append({"where": "extracts", "looked_at": len(extracts), "found": len(made)})
    with read(ground.engine) as connection:
        rows = connection.execute(sa.select(delivery).where(delivery.c.id.in_(one.ids))).mappings().all()
    told = sum(any(row[name] != value for name, value in BLANK.items()) for row in rows)
    looks.append({"where": "database", "looked_at": len(rows), "found": told})
    if any(look["found"] for look in looks):
        places = ", ".join(look["where"] for look in looks if look["found"])
        raise Unavailable(
            "PURGE_LEFT",
            f"复查仍发现残留：{places}",
            f"the search still finds something: {places}",
            remedy=Text("再次运行 hub purge approve", "run `hub purge approve` again"),
        )
    return looks


def certificate_key(identity: str) -> str:
    """Where the certificate of a purge stands in the store."""
    return f"purges/{identity}.json"


def _finish(ground: Ground, held: Lease, one: Purge, searched: list[dict[str, Any]]) -> Purge:
    now = ground.now()
    text = {
        "purge": one.id,
        "dataset": one.dataset,
        "deliveries": one.ids,
        "basis": {"id": one.basis.value, "zh": one.basis.text.zh, "en": one.basis.text.en},
        "reason": one.reason,
        "proposed": {"by": one.proposed_by, "at": one.proposed_at.isoformat()},
        "approved": {"by": one.decided_by, "at": one.decided_at.isoformat() if one.decided_at else None},
        "carried_out_at": now.isoformat(),
        "versions": list(one.versions),
        "erased": one.erased,
        "searched": searched,
        "demo": ground.demo,
    }
    shown = json.dumps(text, ensure_ascii=False, indent=2, sort_keys=True).encode()
    digest = sha256_hex(shown)
    ground.store.put_bytes(certificate_key(one.id), shown)
    told = {"dataset": one.dataset, "deliveries": one.ids, "extracts": one.erased["extracts"], "at": now.isoformat()}
    done = {"state": PurgeState.CARRIED_OUT.value, "finished_at": now, "certificate": digest}
    with write(ground.engine) as connection:
        held.check(connection)
        here = table.c.id == one.id, table.c.state == PurgeState.APPROVED.value
        if connection.execute(table.update().where(*here).values(**done)).rowcount:
            content = {"certificate": digest, "versions": list(one.versions), "extracts": one.erased["extracts"]}
            once = f"purge:carried_out:{one.id}"
            entry = NewEntry(Act.PURGE_CARRIED_OUT, ACTOR, one.id, content, once)
            ground.ledger.append([entry], connection=connection)
            row = {"kind": "purge", "subject": one.id, "payload": told, "created_at": now, "attempts": 0}
            connection.execute(outbox.insert().values(**row))
    return tombstones.load(ground.engine, one.id)
