"""A backup: one moment of database, store, keys and city, in a folder; the manifest, written last, makes it one.

Promises:

- the moment is one: while the database is copied and the store is listed, no dataset is written to. What the copied
  database names stands in the listing; what is listed is copied afterwards, and never changes under its name;
- a second backup into the same folder copies what is new and removes what is gone, purged data among it;
- a folder without `manifest.json` is no backup: a killed one has none, and the same call makes it whole;
- keys stand sealed under a passphrase and nothing beside them opens them: who has the folder alone has the published
  rows and the register, but no landed bytes, and can sign and recompute nothing;
- every file's size and SHA-256 stand in the manifest, whose own digest stands in the ledger.

What is not in it: temporary files, Airflow's folder (made anew), DataHub Lite (told anew), files that wait in watched
folders.
"""

import base64
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa

from infra import crypto, dump
from infra.database import read
from infra.errors import HubError, Refused, Unavailable
from infra.ground import Ground
from infra.language import Text
from infra.lease import lease
from infra.ledger import Act, NewEntry
from infra.settings import Secret, Settings, load
from infra.storage import ObjectStat
from lake.store.duck import LakeSettings
from lake.tables import delivery

MANIFEST, PREVIOUS, KEYS = "manifest.json", "manifest.previous.json", "keys.sealed"
FORMAT = 1
Say = Callable[[Text], None]
_LEASE_SECONDS = 3600.0
_ROUNDS = 3
_BLOCK = 4 << 20


class BackupSettings(Settings, frozen=True):
    """What seals the keys of a backup."""

    section: ClassVar[str] = "backup"

    passphrase: Secret | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup: its manifest's digest, how many objects and bytes it holds, and how many were copied now."""

    digest: str
    at: datetime
    objects: int
    size: int
    copied: int


class _Gone(Exception):
    """An object that was listed is not there any more."""


def make(ground: Ground, folder: Path, actor: str, passphrase: str, say: Say = lambda _: None) -> Made:
    """Make `folder` a backup of this moment.

    Raises:
        Refused: `BACKUP_FOLDER`, it holds something else; `BACKUP_PASSPHRASE`, a short one.
        Unavailable: `LEASE_TAKEN`, `BACKUP_MOVED`, `BACKUP_DISK`, STORE_…, DATABASE_….
    """
    if len(passphrase) < 12:
        raise Refused("BACKUP_PASSPHRASE", "备份口令至少 12 个字符", "the passphrase has at least 12 characters")
    _not_inside(ground, folder)
    for _ in range(_ROUNDS):
        with disk(), suppress(_Gone):
            return _make(ground, folder, actor, passphrase, say)
    raise Unavailable(
        "BACKUP_MOVED",
        "备份期间存储中的文件一再被清理，备份未完成",
        "files kept being removed from the store meanwhile; the backup is not complete",
        remedy=Text("清理结束后再试", "try again when retention and purges are done"),
    )


def _make(ground: Ground, folder: Path, actor: str, passphrase: str, say: Say) -> Made:
    before = _opened(ground, folder)
    now = ground.now()
    with suppress(Unavailable):  # another process is signing: its checkpoint does as well
        ground.ledger.sequence()  # the restored log must know the key that signs what comes after
    say(Text("复制数据库，列出存储", "copying the database, listing the store"))
    with _still(ground):
        anchor = _anchor(ground)  # before the database: the kept checkpoint is then never ahead of it
        files = dump.dump(ground.engine, folder)
        # The pointer to the newest checkpoint is the one object that changes under its name; a table is read without.
        listed = [found for found in ground.store.list() if not found.key.endswith("/_delta_log/_last_checkpoint")]
    salt = crypto.random_bytes(16)
    _seal_keys(ground, folder / KEYS, anchor, crypto.stretch(passphrase, salt))
    files.append(KEYS)
    files += _city(ground, folder)
    objects, copied = _objects(ground, folder, listed, before, say)
    manifest = {
        "format": FORMAT,
        "at": now.isoformat(),
        "origin": ground.ledger.origin,
        "demo": ground.demo,
        "salt": base64.b64encode(salt).decode(),
        "files": {name: _sha(folder / name) for name in files},
        "objects": objects,
    }
    shown = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()
    digest = crypto.sha256_hex(shown)
    write_whole(folder / MANIFEST, shown)
    (folder / PREVIOUS).unlink(missing_ok=True)
    size = sum(one["size"] for one in objects.values())
    content = {"manifest": digest, "objects": len(objects), "bytes": size, "at": now.isoformat()}
    ground.ledger.append([NewEntry(Act.BACKUP_MADE, actor, "backup", content, f"backup:{digest}")])
    return Made(digest, now, len(objects), size, copied)


def _not_inside(ground: Ground, folder: Path) -> None:
    if folder.absolute().resolve().is_relative_to(ground.home.resolve()):
        raise Refused("BACKUP_FOLDER", "备份不得放在 HUB_HOME 之内", "a backup does not stand below HUB_HOME")


def _opened(ground: Ground, folder: Path) -> Mapping[str, Any]:
    """The objects of the backup that was here, which is none from now on until this one is done."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / MANIFEST).exists():
        (folder / MANIFEST).replace(folder / PREVIOUS)
    elif not (folder / PREVIOUS).exists() and any(folder.iterdir()):
        raise Refused(
            "BACKUP_FOLDER",
            "该目录不是空的，也不是备份",
            "the folder is neither empty nor a backup",
            remedy=Text("另选一个空目录", "choose an empty folder"),
        )
    try:
        previous = json.loads((folder / PREVIOUS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        previous = {"origin": ground.ledger.origin, "objects": {}}
        write_whole(folder / PREVIOUS, json.dumps(previous).encode())
    if previous["origin"] != ground.ledger.origin:
        raise Refused("BACKUP_FOLDER", "该目录是另一城市的备份", "the folder is the backup of another city")
    objects: Mapping[str, Any] = previous["objects"]
    return objects


@contextmanager
def _still(ground: Ground) -> Iterator[None]:
    """Nobody writes to a dataset while the block runs: the lease of each is held."""
    settings = load(LakeSettings, ground.environ)
    with read(ground.engine) as connection:
        datasets = connection.execute(sa.select(delivery.c.dataset).where(delivery.c.dataset.is_not(None)).distinct())
        names = [f"lake:{dataset}" for dataset in sorted(datasets.scalars())]
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(lease(ground.engine, name, seconds=_LEASE_SECONDS, wait_seconds=settings.wait_seconds))
        yield


def _anchor(ground: Ground) -> dict[str, bytes]:
    """What is kept beside the keys and must not be newer than the database."""
    return {path.name: path.read_bytes() for path in (ground.home / "keys").glob("ledger.checkpoint*")}


def _seal_keys(ground: Ground, target: Path, anchor: Mapping[str, bytes], key: bytes) -> None:
    folder = ground.home / "keys"
    held = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name.endswith(".json")}
    shown = {name: base64.b64encode(data).decode() for name, data in {**held, **anchor}.items()}
    target.unlink(missing_ok=True)
    crypto.seal_file(BytesIO(json.dumps(shown).encode()), target, key, KEYS.encode())
    _sync(target)


def _city(ground: Ground, folder: Path) -> list[str]:
    shutil.rmtree(folder / "city", ignore_errors=True)
    shutil.copytree(ground.city, folder / "city")
    return sorted(path.relative_to(folder).as_posix() for path in (folder / "city").rglob("*") if path.is_file())


def _objects(
    ground: Ground, folder: Path, listed: list[ObjectStat], before: Mapping[str, Any], say: Say
) -> tuple[dict[str, Any], int]:
    """Copy what is new, remove what is gone; each object's size, tag and digest."""
    root, objects, copied = folder / "objects", dict[str, Any](), 0
    for number, found in enumerate(listed):
        known, path = before.get(found.key), root / found.key
        same = known is not None and (known["size"], known["etag"]) == (found.size, found.etag)
        if known is not None and same and path.is_file() and path.stat().st_size == found.size:
            objects[found.key] = known
            continue
        if number % 50 == 0:
            say(Text(f"复制 {number} / {len(listed)}", f"copying {number} of {len(listed)}"))
        objects[found.key] = {"size": found.size, "etag": found.etag, "sha256": _copy(ground, found, path)}
        copied += 1
    for path in sorted(root.rglob("*"), reverse=True) if root.is_dir() else ():
        if path.is_dir():
            with suppress(OSError):  # not empty
                path.rmdir()
        elif path.relative_to(root).as_posix() not in objects:
            path.unlink()
    return objects, copied


def _copy(ground: Ground, found: ObjectStat, path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        ground.store.get_file(found.key, path)
    except HubError as error:
        if error.code != "STORE_MISSING":
            raise
        raise _Gone from None
    taken = crypto.sha256_file(path)
    if taken.size != found.size:
        raise _Gone
    return taken.sha256


def _sha(path: Path) -> str:
    return crypto.sha256_file(path).sha256


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all, durably."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(data)
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk() -> Iterator[None]:
    """Turn the disk's errors into ours.

    Raises:
        Unavailable: `BACKUP_DISK`.
    """
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "BACKUP_DISK",
            "备份目录读写失败，备份或恢复未完成",
            "the backup's folder cannot be read or written; it is not complete",
            remedy=Text("检查磁盘空间与权限后重试", "check space and permissions, then try again"),
        ) from error
