"""Exporting the log: a bundle that anyone can check offline with nothing but the log's public key.

One canonical JSON document a line; line i of the entries is leaf i-1 of the tree, byte for byte.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Connection

from infra.crypto import sha256_file
from infra.errors import Unavailable, WrongUse
from infra.language import Text
from infra.ledger import store
from infra.ledger.archive import ArchiveTooLarge, write_archive
from infra.ledger.checkpoint import parse_checkpoint
from infra.ledger.entry import canonical, canonical_object
from infra.ledger.keys import Signer, verifiers
from infra.ledger.manifest import CHECKPOINTS, CONTENTS, ENTRIES, KEYS, MANIFEST, NEWEST, Listed, Manifest
from infra.ledger.note import sign_note

_PAGE = 1024


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: where, the log's size, whether with contents, and the key to check it with."""

    path: Path
    size: int
    contents: bool
    key: str
    fingerprint: str


def export_bundle(connection: Connection, path: Path, signer: Signer, *, contents: bool = True) -> Exported:
    """Writes the log up to its newest checkpoint as a bundle: a ZIP file if `path` ends in `.zip`, else a folder.

    Args:
        connection: a reading transaction, which gives one consistent log.
        path: must not exist; it appears only when it is whole.
        signer: signs the manifest.
        contents: False withholds every content and its salt; all proofs hold without them.

    Raises:
        WrongUse: `LEDGER_EXPORT_EXISTS`, `LEDGER_EXPORT_SIZE`.
        Unavailable: `LEDGER_EXPORT`, it cannot be written there.
    """
    with _beside(path) as folder:
        size = _write_files(connection, folder, contents=contents)
        _write_manifest(folder, signer, contents=contents)
        _place(folder, path)
    return Exported(path, size, contents, str(signer.verifier), signer.verifier.fingerprint)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    if path.exists() or path.is_symlink():
        raise WrongUse(
            "LEDGER_EXPORT_EXISTS",
            f"{path.name} 已存在，导出不覆盖任何文件",
            f"{path.name} exists already; an export replaces nothing",
            remedy=Text("换一个文件名", "choose another name"),
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".ledger-", dir=path.parent))
    except OSError as error:
        raise _unwritable(path) from error
    try:
        yield folder
    except OSError as error:
        raise _unwritable(path) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_files(connection: Connection, folder: Path, *, contents: bool) -> int:
    newest = store.newest_note(connection) or ""
    size = parse_checkpoint(newest).size
    with (folder / ENTRIES).open("wb") as entries, (folder / CONTENTS).open("wb") as beside:
        for first in range(0, size, _PAGE):
            for row in store.indexed(connection, first, min(_PAGE, size - first)):
                entries.write(row.body + b"\n")
                if contents and row.salt is not None and row.content is not None:
                    content = canonical_object(row.content)
                    line = {"content": content, "index": row.leaf_index, "salt": row.salt.hex()}
                    beside.write(canonical(line) + b"\n")
    with (folder / CHECKPOINTS).open("wb") as checkpoints:
        for number, (_, _, note) in enumerate(store.checkpoints(connection), start=1):
            checkpoints.write(canonical({"note": note, "number": number}) + b"\n")
    (folder / NEWEST).write_text(newest, encoding="utf-8")
    keys = [str(key) for key in verifiers(connection)]
    (folder / KEYS).write_text("\n".join(keys) + "\n", encoding="utf-8")
    return size


def _write_manifest(folder: Path, signer: Signer, *, contents: bool) -> None:
    files = {}
    for path in folder.iterdir():
        digest = sha256_file(path)
        files[path.name] = Listed(digest.sha256, digest.size)
    manifest = Manifest(signer.verifier.name, contents, files)
    note = sign_note(manifest.text(), [(signer.verifier, signer.sign)])
    (folder / MANIFEST).write_text(str(note), encoding="utf-8")


def _place(folder: Path, path: Path) -> None:
    files = {each.name: each for each in folder.iterdir()}
    if path.suffix.lower() != ".zip":
        whole = folder / "bundle"
        whole.mkdir()
        for name, each in files.items():
            each.rename(whole / name)
        whole.rename(path)
        return
    whole = folder / "bundle.zip"
    try:
        with whole.open("xb") as target:
            write_archive(target, files)
            target.flush()
            os.fsync(target.fileno())
    except ArchiveTooLarge:
        raise WrongUse(
            "LEDGER_EXPORT_SIZE",
            "存证超过 ZIP 的 4 GiB 上限",
            "the log is larger than the 4 GiB a ZIP file takes",
            remedy=Text("导出为文件夹（路径不以 .zip 结尾）", "export a folder: a path that does not end in .zip"),
        ) from None
    whole.rename(path)


def _unwritable(path: Path) -> Unavailable:
    return Unavailable(
        "LEDGER_EXPORT",
        f"无法写入 {path.name}",
        f"{path.name} cannot be written",
        remedy=Text("检查目录权限与磁盘空间", "check the folder's permissions and the disk's space"),
    )
