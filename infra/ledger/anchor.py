"""The newest signed checkpoint, kept in a file beside the keys: what the database says is held against it.

Whoever can write to the database but not to the folder of keys can put an earlier state of it back, and all that is
left then fits together. It does not extend this checkpoint, and so it is refused.

The file follows the database: it is written when the database has committed, and before anything that names the new
checkpoint leaves the house. A crash between the two leaves the file behind, which is no fault; it never runs ahead. It
only ever moves to a larger log.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from infra.errors import Unavailable
from infra.language import Text
from infra.ledger.checkpoint import Checkpoint, parse_checkpoint
from infra.ledger.note import NoteFault

KEPT = "ledger.checkpoint"
GIVEN_UP = "ledger.checkpoint.given-up"


class Anchor:
    """The checkpoint kept in `folder`, the folder of keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> Checkpoint | None:
        """The newest checkpoint, None before the first.

        Raises:
            Unavailable: `LEDGER_KEPT`, the file cannot be read, or holds something else.
        """
        return self._read(KEPT)

    def given_up(self) -> Checkpoint | None:
        """The checkpoint that an operator laid aside to restore an older backup on purpose; None if there is none.

        Raises:
            Unavailable: as `read`.
        """
        return self._read(GIVEN_UP)

    def advance(self, checkpoint: Checkpoint) -> None:
        """Keeps `checkpoint`, which extends the one kept, durably; does nothing when a larger one is kept already.

        Raises:
            Unavailable: `LEDGER_KEPT`, the file cannot be read or written.
        """
        kept = self.read()
        if kept is not None and kept.size >= checkpoint.size:
            return
        with _files(), self._locked():
            kept = self.read()
            if kept is None or kept.size < checkpoint.size:
                self._replace(checkpoint.note)

    def _read(self, name: str) -> Checkpoint | None:
        with _files():
            try:
                return parse_checkpoint((self._folder / name).read_bytes().decode())
            except FileNotFoundError:
                return None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among processes: of two that advance at once, the smaller must not come last."""
        descriptor = os.open(self._folder / f"{KEPT}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _replace(self, note: str) -> None:
        new = self._folder / f"{KEPT}.new"
        descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(note.encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._folder / KEPT)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def _files() -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError, NoteFault) as error:
        raise Unavailable(
            "LEDGER_KEPT",
            f"密钥旁留存的检查点 {KEPT} 无法读写或已损坏",
            f"the checkpoint kept beside the keys, {KEPT}, is damaged, or cannot be read or written",
            remedy=Text(
                "检查 HUB_HOME 下 keys 的权限与磁盘空间；文件若已损坏，从备份恢复",
                "check keys below HUB_HOME, permissions and the disk's space; restore a damaged file from its backup",
            ),
        ) from error
