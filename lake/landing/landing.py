"""Landing: a delivery's bytes, stored untouched and sealed before anything reads them.

`land` promises, whatever line it is killed at:

- the source is read once; what is hashed, sealed and kept are the bytes read then, whatever happens to it afterwards;
- the sealed object is durable before the row and the ledger entry that speak of it, and these two are one transaction;
- landing the same bytes for the same dataset again, before they were taken, finds the delivery and adds nothing;
- two that land the same delivery at once give one row, one entry and one object;
- several files, a folder or files named together, land as one (`lake.landing.bundle`);
- what nobody registered, or has no contract, lands all the same and is refused in the same transaction (`ARRIVAL_…`).

An object is `landing/<unit>/<sha256>/<delivery>-<random>.sealed`, sealed with a key of its own, wrapped in its row:
erasing that key erases the bytes. Of two landings at once neither overwrites what the other's key opens.
"""

import base64
import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from infra import crypto
from infra.database import lock, read, write
from infra.errors import HubError, Place, Refused, Unavailable
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry
from infra.settings import Settings, load
from lake import tables
from lake.landing import quota
from lake.landing.bundle import bundled, changed, not_a_file, pack, too_large
from lake.landing.copies import copied, copied_stream, sealed_copy
from lake.landing.delivery import Arrival, Delivery, delivery_id, file_name, find
from lake.landing.delivery import known as known_delivery
from lake.landing.unregistered import DATASET, UNKNOWN, WAITED, unregistered
from lake.records import tickets, tombstones

PURPOSE = "landing"
__all__ = ["UNKNOWN", "Arrival", "Delivery", "LandingSettings", "find", "land", "land_arrival", "open_landed"]
NOBODY = "unknown"


class LandingSettings(Settings, frozen=True):
    """How bytes land: sealed or plain, how many at most, and how many files may be one delivery."""

    section: ClassVar[str] = "landing"

    seal: bool = True
    max_bytes: int = 64 << 30
    max_files: int = 100_000


def land(ground: Ground, dataset: str, path: Path, *, channel: str, arrived_at: datetime, actor: str) -> Delivery:
    """Lands `path` for `dataset`; see the module. A refused delivery is returned, its state says so.

    Raises:
        Refused: LANDING_TOO_LARGE, LANDING_NOT_A_FILE, DELIVERY_PURGED, ARRIVAL_QUOTA; nothing landed then.
        Unavailable: LANDING_CHANGED (the file was written to meanwhile), STORE_…, DATABASE_….
    """
    with ground.scratch() as scratch:
        return land_arrival(ground, Arrival(dataset, path, channel, arrived_at, actor), scratch)


def land_arrival(ground: Ground, arrival: Arrival, scratch: Path, plain: Path | None = None) -> Delivery:
    """`land`, keeping a plaintext copy of exactly the landed bytes at `plain` (a new file) when that is given."""
    settings = load(LandingSettings, ground.environ)
    temporary = scratch / f"landing-{crypto.random_token(6)}"
    packed = temporary.with_name(f"{temporary.name}.zip")
    data_key = crypto.random_bytes(32) if settings.seal else None
    label = crypto.random_token(9)
    try:
        with disk(arrival.path):
            sealing = (data_key, label.encode()) if data_key else None
            bundle = bundled(arrival.path, arrival.together)
            if bundle is not None:
                pack(bundle, packed, settings.max_files, settings.max_bytes)
            taken = _take(arrival.path if bundle is None else packed, temporary, sealing, plain, settings.max_bytes)
        return _record(ground, arrival, taken, temporary, data_key, label)
    finally:
        temporary.unlink(missing_ok=True)
        packed.unlink(missing_ok=True)


def plain_copy(ground: Ground, arrival: Arrival, target: Path) -> crypto.Sealed:
    """A plaintext copy at `target` of what `land_arrival` would land; lands nothing.

    Raises:
        Refused, Unavailable: as `land`.
    """
    settings = load(LandingSettings, ground.environ)
    packed = target.with_name(f"{target.name}.zip")
    try:
        with disk(arrival.path):
            bundle = bundled(arrival.path, arrival.together)
            if bundle is not None:
                pack(bundle, packed, settings.max_files, settings.max_bytes)
            return _take(arrival.path if bundle is None else packed, target, None, None, settings.max_bytes)
    finally:
        packed.unlink(missing_ok=True)


def _take(
    path: Path, target: Path, sealing: tuple[bytes, bytes] | None, plain: Path | None, most: int
) -> crypto.Sealed:
    """Copy, SHA-256 and seal the source, read once. It must be the same file, unchanged, at the end."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise not_a_file(path.name) from error
    before = os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        os.close(handle)  # a folder can be opened and not be made a stream of
        raise not_a_file(path.name)
    with os.fdopen(handle, "rb", buffering=0) as source:
        if before.st_size > most:
            raise too_large(before.st_size, most, path.name)
        if sealing is not None:
            taken = sealed_copy(source, before.st_size, target, sealing, plain)
        else:
            taken = copied(source, before.st_size, target, plain)
        after = os.fstat(source.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or taken.size != before.st_size:
        target.unlink(missing_ok=True)
        raise changed(path.name)
    return taken


@contextlib.contextmanager
def disk(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into LANDING_DISK."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise Unavailable(
            "LANDING_DISK",
            "磁盘空间不足" if full else "读写文件失败",
            "the disk is full" if full else "the file could not be read or copied",
            place=Place(file=file_name(path)),
            remedy=Text("检查磁盘后重试", "check the disk, then try again"),
        ) from error


def _record(
    ground: Ground, arrival: Arrival, taken: crypto.Sealed, temporary: Path, data_key: bytes | None, label: str
) -> Delivery:
    refusal = unregistered(ground, arrival.dataset, arrival.unit)
    unit = arrival.unit or NOBODY if refusal and refusal.code == UNKNOWN else arrival.dataset.split(".")[0]
    with read(ground.engine) as connection:
        first = _welcome(ground, connection, arrival, taken.sha256)
        known, ordinal = known_delivery(ground, connection, arrival.dataset, taken.sha256, first)
    if known is not None:
        _sweep(ground, known)
        if arrival.also is not None:
            with write(ground.engine) as connection:
                arrival.also(connection, known)
        return known if refusal or known.code not in WAITED else _adopt(ground, arrival, known)
    identity = delivery_id(arrival.dataset, taken.sha256, ordinal)
    key = f"landing/{unit}/{taken.sha256}/{identity}-{label}.{'sealed' if data_key else 'raw'}"
    master = ground.keys.current(PURPOSE, life=None) if data_key else None
    row = {
        "id": identity,
        "dataset": None if refusal else arrival.dataset,
        "unit": unit,
        "sha256": taken.sha256,
        "size": taken.size,
        "file_name": arrival.file_name,
        "object_key": key,
        "channel": arrival.channel,
        "arrived_at": arrival.arrived_at,
        "ordinal": ordinal,
        "state": tables.REFUSED if refusal else tables.LANDED,
        "key_id": master.id if master else None,
        "wrapped_key": _wrapped(master, data_key, label) if master and data_key else None,
    }
    if refusal:
        row |= {"code": refusal.code, "message_zh": refusal.text.zh, "message_en": refusal.text.en}
        row |= {"finished_at": ground.now()}
    quota.check(ground, unit, taken.size, arrival.arrived_at)
    ground.store.put_file(key, temporary, move=True)
    try:
        delivery = _insert(ground, arrival, row)
    except HubError:  # purged, or beyond the unit's quota, in this very moment: nothing of it stays
        ground.store.delete(key)
        raise
    _sweep(ground, delivery)
    return delivery


def _welcome(ground: Ground, connection: Connection, arrival: Arrival, sha256: str) -> int:
    """The first ordinal that a delivery of these bytes may have.

    Raises:
        Refused: `DELIVERY_PURGED`.
    """
    gone, first = tombstones.recognised(ground, connection, arrival.dataset, sha256)
    if gone is not None:
        raise tombstones.barred(gone, arrival.file_name)
    return first


def _adopt(ground: Ground, arrival: Arrival, known: Delivery) -> Delivery:
    """A delivery that came before its resource, or the contract of it, was registered goes its way now."""
    table = tables.delivery
    values: dict[str, Any] = dict.fromkeys(("code", "message_zh", "message_en", "finished_at"))
    values |= {"dataset": arrival.dataset, "unit": arrival.dataset.split(".")[0], "state": tables.LANDED}
    with write(ground.engine) as connection:
        connection.execute(table.update().where(table.c.id == known.id, table.c.code.in_(WAITED)).values(**values))
        content = {"dataset": arrival.dataset, "sha256": known.sha256}
        entry = NewEntry(Act.DELIVERY_LANDED, arrival.actor, known.id, content, f"landed:{known.id}:registered")
        ground.ledger.append([entry], connection=connection)
    return find(ground, known.id)


def _wrapped(master: crypto.Key, data_key: bytes, label: str) -> str:
    return base64.b64encode(crypto.wrap(master, data_key, label.encode())).decode()


def _insert(ground: Ground, arrival: Arrival, row: dict[str, Any]) -> Delivery:
    """Row and ledger entries, or what another landing of the same delivery wrote first, published already perhaps."""
    wanted = sa.select(tables.delivery).where(tables.delivery.c.id == row["id"])
    with write(ground.engine) as connection:
        lock(connection, f"landing:{row['id']}")
        found = connection.execute(wanted).mappings().first()
        if found is None:
            lock(connection, f"content:{row['sha256']}")
            _welcome(ground, connection, arrival, row["sha256"])
            quota.check(ground, row["unit"], row["size"], row["arrived_at"], connection)
            connection.execute(tables.delivery.insert().values(**row))
            if row["state"] == tables.REFUSED:
                tickets.note(connection, row, tables.REFUSED, row["finished_at"])
            ground.ledger.append(_entries(arrival, row), connection=connection)
            found = connection.execute(wanted).mappings().one()
        delivery = Delivery.of(found)
        if arrival.also is not None:
            arrival.also(connection, delivery)
        return delivery


def _entries(arrival: Arrival, row: Mapping[str, Any]) -> list[NewEntry]:
    # Not the file's name: people put people's names there, and the ledger is read by who may not see them.
    content = {name: row[name] for name in ("dataset", "unit", "sha256", "size", "channel", "ordinal")}
    content["arrived_at"] = arrival.arrived_at.isoformat()
    content["sealed"] = row["wrapped_key"] is not None
    identity = row["id"]
    entries = [NewEntry(Act.DELIVERY_LANDED, arrival.actor, identity, content, f"landed:{identity}")]
    if row["state"] == tables.REFUSED:
        asked = arrival.dataset if DATASET.fullmatch(arrival.dataset) else None  # anything else may be a file's name
        why = {"code": row["code"], "asked_for": asked}
        entries.append(NewEntry(Act.DELIVERY_REFUSED, arrival.actor, identity, why, f"refused:{identity}"))
    return entries


def _sweep(ground: Ground, delivery: Delivery) -> None:
    """Removes objects that a killed or slower landing of the same delivery left: no row will ever name them."""
    folder, _, _ = delivery.object_key.rpartition("/")
    for found in list(ground.store.list(folder)):
        if found.key.startswith(f"{folder}/{delivery.id}-") and found.key != delivery.object_key:
            ground.store.delete(found.key)


def open_landed(ground: Ground, delivery: Delivery, scratch: Path) -> Path:
    """The delivery's plaintext as a new file in `scratch`, its digest checked.

    Raises:
        Refused: SEAL_BROKEN, LANDING_DIGEST.
        Unavailable: STORE_MISSING, KEY_UNKNOWN.
    """
    target = scratch / f"{delivery.id}.{crypto.random_token(4)}.plain"
    if delivery.wrapped_key is None:
        with ground.store.open(delivery.object_key) as source:
            taken = copied_stream(source, target)
    else:
        label = _label(delivery.object_key)
        master = ground.keys.by_id(delivery.key_id or "")
        data_key = crypto.unwrap(master, base64.b64decode(delivery.wrapped_key), label)
        with ground.store.open(delivery.object_key) as source:
            taken = crypto.unseal_file(source, target, data_key, label)
    if taken.sha256 != delivery.sha256:
        target.unlink(missing_ok=True)
        raise Refused(
            "LANDING_DIGEST",
            "封存的文件与登记的摘要不符",
            "the stored bytes do not have the recorded digest",
            place=Place(delivery=delivery.id),
            remedy=Text("从备份恢复该对象", "restore the object from the backup"),
        )
    return target


def _label(object_key: str) -> bytes:
    """What binds the sealed object to its own name: the random end of it."""
    return object_key.rpartition("/")[2].partition(".")[0][27:].encode()
