"""A backup brought back into an empty home, database and store: verified, and without what was purged since.

Promises:

- it is built beside the home, as `<home>.restoring`, and takes the home's name last: a killed restore is no home, and
  the same call finishes it;
- nothing is taken that does not have the size and the digest of the manifest, and the keys only by the passphrase;
- purges that were approved after the backup was made are carried out in it before anybody can open it, from the list of
  tombstones that is kept elsewhere (`hub purge export`). Who has no such list says so.
"""

import base64
import json
import os
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import crypto, demo, dump
from infra.database import write
from infra.errors import Refused, WrongUse
from infra.ground import Ground, open_ground
from infra.language import Text
from infra.ledger import Act, NewEntry
from infra.storage import ObjectStore, check_key
from lake.backup import backup
from lake.backup.backup import FORMAT, KEYS, MANIFEST
from lake.purge import replayed
from lake.purge.purge import Downstream
from lake.tables import outbox

Say = Callable[[Text], None]
ACTOR = "program:restore"
LOADED = ".loaded"


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored home, the manifest's digest, and the purges that were carried out in it again."""

    home: Path
    digest: str
    objects: int
    purges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What shall be restored.

    Attributes:
        folder: the backup.
        home: a folder that is not there yet, or empty.
        passphrase: what the backup's keys were sealed under.
        tombstones: the list of purges kept elsewhere; None: there is none.
    """

    folder: Path
    home: Path
    passphrase: str
    tombstones: Sequence[Mapping[str, Any]] | None


def restore(environ: Mapping[str, str], asked: Asked, downstream: Downstream, say: Say = lambda _: None) -> Restored:
    """Bring the backup back; database and store are those that `environ` names, below the new home by default.

    Raises:
        Refused: `BACKUP_INCOMPLETE`, `BACKUP_DAMAGED`, `BACKUP_PASSPHRASE`, `BACKUP_PLACE_USED`, `BACKUP_REVISION`,
            `BACKUP_DATABASE_OTHER`.
        Unavailable: `BACKUP_DISK`, STORE_…, DATABASE_….
    """
    shown, manifest = _manifest(asked.folder)
    digest = crypto.sha256_hex(shown)
    building = _building(asked.home)
    within = {**environ, "HUB_HOME": str(building)}
    if not _loaded(building, digest):
        _load(within, asked, manifest, building, say)
        backup.write_whole(building / LOADED, digest.encode())
    with open_ground(within) as ground:
        ground.prepare()
        _tell_anew(ground)
        say(Text("补办备份之后的清除", "carrying out what was purged since"))
        done = replayed.replay(ground, asked.tombstones or (), downstream)
        content = {"manifest": digest, "purges": list(done), "tombstones": asked.tombstones is not None}
        ground.ledger.append([NewEntry(Act.BACKUP_RESTORED, ACTOR, "backup", content, f"restored:{digest}")])
        ground.ledger.sequence()
    with backup.disk():
        (building / LOADED).unlink()
        if asked.home.exists():
            asked.home.rmdir()
        building.rename(asked.home)
    return Restored(asked.home, digest, len(manifest["objects"]), done)


def checked(folder: Path) -> tuple[str, int]:
    """Read every file of a backup: the manifest's digest, and how many objects it names.

    Raises:
        Refused: `BACKUP_INCOMPLETE`, `BACKUP_DAMAGED`.
        Unavailable: `BACKUP_DISK`.
    """
    shown, manifest = _manifest(folder)
    with backup.disk():
        _check(folder, manifest["files"])
        _check(folder / "objects", {key: told["sha256"] for key, told in manifest["objects"].items()})
    return crypto.sha256_hex(shown), len(manifest["objects"])


def _load(within: Mapping[str, str], asked: Asked, manifest: Mapping[str, Any], building: Path, say: Say) -> None:
    with backup.disk():
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700, parents=True)
        say(Text("核对并放回密钥、数据库", "checking, putting back keys and database"))
        _check(asked.folder, manifest["files"])
        _keys(asked, manifest, building)
        shutil.copytree(asked.folder / "city", building / "city")
        if manifest["demo"]:
            (building / demo.HOME_MARK).touch(mode=0o600)
    _database(asked.folder, within, building)
    with open_ground(within) as ground:
        _objects(ground.store, asked.folder, manifest["objects"], say)


def _building(home: Path) -> Path:
    """The folder beside the home in which it is built."""
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise dump.used("HUB_HOME")
    return home.with_name(home.name + ".restoring")


def _loaded(building: Path, digest: str) -> bool:
    """Whether a killed call had put back all of this backup."""
    try:
        return (building / LOADED).read_text(encoding="utf-8") == digest
    except OSError:
        return False


def _manifest(folder: Path) -> tuple[bytes, dict[str, Any]]:
    try:
        shown = (folder / MANIFEST).read_bytes()
        manifest = json.loads(shown)
        whole = manifest["format"] == FORMAT and {"at", "demo"} <= manifest.keys() and KEYS in manifest["files"]
        whole = whole and all(isinstance(told["sha256"], str) for told in manifest["objects"].values())
        base64.b64decode(manifest["salt"], validate=True)
    except FileNotFoundError:
        raise Refused(
            "BACKUP_INCOMPLETE",
            "该目录中没有完成的备份（缺 manifest.json）",
            "there is no finished backup in the folder (manifest.json is missing)",
            remedy=Text(
                "对同一目录再次运行 hub backup make，或换一个备份",
                "run `hub backup make` into it again, or take another",
            ),
        ) from None
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise damaged(MANIFEST) from None
    if not whole:
        raise damaged(MANIFEST)
    return shown, manifest


def damaged(name: str) -> Refused:
    """The error for a file that is not what the manifest says."""
    return Refused(
        "BACKUP_DAMAGED",
        f"备份中的 {name} 缺失或与清单不符",
        f"{name} of the backup is missing, or not what the manifest says",
        remedy=Text("换一个备份", "take another backup"),
    )


def _check(folder: Path, files: Mapping[str, str]) -> None:
    for name, digest in files.items():
        _same(_inside(folder, name), name, digest)


def _inside(folder: Path, name: str) -> Path:
    """A file of the backup; a name that leads out of it, or a link, is none of its own."""
    try:
        path = folder / check_key(name)
        plain = stat.S_ISREG(path.lstat().st_mode) and path.resolve().is_relative_to(folder.resolve())
    except (OSError, WrongUse):
        plain = False
    if not plain:
        raise damaged(name)
    return path


def _same(path: Path, name: str, digest: str) -> None:
    if crypto.sha256_file(path).sha256 != digest:
        raise damaged(name)


def _keys(asked: Asked, manifest: Mapping[str, Any], building: Path) -> None:
    key = crypto.stretch(asked.passphrase, base64.b64decode(manifest["salt"]))
    opened = building / "keys.opened"
    try:
        crypto.unseal_file(asked.folder / KEYS, opened, key, KEYS.encode())
    except Refused:
        raise Refused(
            "BACKUP_PASSPHRASE",
            "口令不对，备份中的密钥打不开",
            "the passphrase does not open the backup's keys",
        ) from None
    held = json.loads(opened.read_text(encoding="utf-8"))
    opened.unlink()
    (building / "keys").mkdir(mode=0o700)
    for name, data in held.items():
        path = building / "keys" / Path(name).name
        with open(path, "xb", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
            file.write(base64.b64decode(data))


def _database(folder: Path, environ: Mapping[str, str], building: Path) -> None:
    own = not environ.get("HUB_DATABASE")
    if own != (folder / dump.SQLITE).exists():
        raise Refused(
            "BACKUP_DATABASE_OTHER",
            "备份的数据库与 HUB_DATABASE 不是同一种（SQLite 或 PostgreSQL）",
            "the backup's database and HUB_DATABASE are of different kinds (SQLite, PostgreSQL)",
            remedy=Text("按备份时的种类设置 HUB_DATABASE", "set HUB_DATABASE to the kind that was backed up"),
        )
    if own:
        with backup.disk():
            shutil.copyfile(folder / dump.SQLITE, building / "hub.db")
            (building / "hub.db").chmod(0o600)
        return
    with open_ground(environ) as ground:
        dump.restore(ground.engine, folder)


def _objects(store: ObjectStore, folder: Path, objects: Mapping[str, Any], say: Say) -> None:
    """Put every object back under its key; a store that holds anything else is not taken."""
    store.prepare()
    there = {found.key: found.size for found in store.list()}
    if not there.keys() <= objects.keys():
        raise dump.used("HUB_STORE")
    for number, (key, told) in enumerate(objects.items()):
        if number % 50 == 0:
            say(Text(f"放回 {number} / {len(objects)}", f"putting back {number} of {len(objects)}"))
        path = _inside(folder / "objects", key)
        _same(path, key, told["sha256"])
        store.put_file(key, path)


def _tell_anew(ground: Ground) -> None:
    """The catalogue below the home is a new one: it is told everything again, which the ledger has already."""
    with write(ground.engine) as connection:
        connection.execute(outbox.update().values(sent_at=None, attempts=0, error=None))
