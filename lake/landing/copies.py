"""A delivery's bytes on their way into the store: read once from their source, then hashed and sealed from the copy.

The kernel copies; nobody else writes to the copy, so that its hash is the hash of exactly what is kept. The copy is
made durable while it is hashed: both wait for other things than each other.
"""

import os
import threading
from pathlib import Path
from typing import BinaryIO

from infra import crypto
from infra.copying import copy
from infra.crypto import Sealed

_BLOCK = 4 << 20


class Bounded:
    """A source that ends after `size` bytes, whatever is appended to it meanwhile."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        self._source = source
        self._left = size

    def readinto(self, buffer: memoryview) -> int:
        """As a raw file reads."""
        count: int = self._source.readinto(buffer[: self._left])  # type: ignore[attr-defined]
        self._left -= count
        return count


def copied(source: BinaryIO, size: int, target: Path, plain: Path | None) -> Sealed:
    """Copy the first `size` bytes of `source` into the new file `target` (and `plain`), and hash them.

    Args:
        source: an unbuffered file.
        size: in bytes.
        target: gets the bytes, durable.
        plain: a second name of the same file, until one of the two is replaced.
    """
    _kernel_copy(source, size, target)
    saved = _Saved(target)
    taken = crypto.sha256_file(target)
    saved.wait()
    if plain is not None:
        plain.hardlink_to(target)
    return taken


def sealed_copy(source: BinaryIO, size: int, target: Path, sealing: tuple[bytes, bytes], plain: Path | None) -> Sealed:
    """Seal the first `size` bytes of `source` into the new file `target`; a plaintext copy of them goes to `plain`.

    Args:
        source: an unbuffered file.
        size: in bytes.
        target: gets the sealed bytes.
        sealing: the data key, and what the seal is bound to.
        plain: gets the bytes as they are, for who reads them next.
    """
    key, bound = sealing
    if plain is None:
        return crypto.seal_file(Bounded(source, size), target, key, bound)  # type: ignore[arg-type]
    _kernel_copy(source, size, plain)
    return crypto.seal_file(plain, target, key, bound)


def copied_stream(source: BinaryIO, target: Path) -> Sealed:
    """Copy all of a stream, which need not be a file, into the new file `target`, and hash it."""
    digest, taken = crypto.hasher(), 0
    with target.open("xb") as made:
        target.chmod(0o600)
        while block := source.read(_BLOCK):
            digest.update(block)
            made.write(block)
            taken += len(block)
    return Sealed(digest.hexdigest(), taken)


def _kernel_copy(source: BinaryIO, size: int, target: Path) -> None:
    with target.open("xb", buffering=0) as made:
        target.chmod(0o600)
        copy(source, made, size)


class _Saved:
    """Makes a file durable in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with self._path.open("rb") as file:
                os.fsync(file.fileno())
        except BaseException as error:  # handed to the thread that waits
            self._error = error

    def wait(self) -> None:
        """Wait until it is.

        Raises:
            OSError: what the disk said.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
