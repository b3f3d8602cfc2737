"""Bytes that are copied while something else takes them: one pass, two processors.

The copy is written by a thread of its own; a queue of a few blocks keeps memory flat. Hashing, sealing and writing all
let go of the interpreter, so the pass takes as long as its slowest part.
"""

import queue
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from infra import crypto
from infra.crypto import Sealed

_BLOCK = 4 << 20
_AHEAD = 4


class Behind:
    """Runs `take` over blocks in a thread; `with` waits for it and raises what it raised."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take
        self._blocks: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Behind":
        self._thread.start()
        return self

    def put(self, block: bytes) -> None:
        """Hands a block over."""
        self._blocks.put(block)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._blocks.put(None)
        self._thread.join()
        if self._error is not None and kind is None:
            raise self._error

    def _run(self) -> None:
        while (block := self._blocks.get()) is not None:
            if self._error is None:
                try:
                    self._take(block)
                except BaseException as error:  # handed to the thread that waits
                    self._error = error


class Bounded:
    """A source that ends after `size` bytes, whatever is appended to it meanwhile; each also goes to `behind`."""

    def __init__(self, source: BinaryIO, size: int, behind: Behind | None = None) -> None:
        self._source = source
        self._left = size
        self._behind = behind

    def readinto(self, buffer: memoryview) -> int:
        """As a raw file reads."""
        count: int = self._source.readinto(buffer[: self._left])  # type: ignore[attr-defined]
        self._left -= count
        if count and self._behind is not None:
            self._behind.put(bytes(buffer[:count]))
        return count


def _write_all(target: BinaryIO, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[target.write(view) :]


def sealed_copy(source: BinaryIO, size: int, target: Path, sealing: tuple[bytes, bytes], plain: Path | None) -> Sealed:
    """Seals the first `size` bytes of `source` into the new file `target`; a plaintext copy of them goes to `plain`.

    Args:
        source: an unbuffered file.
        sealing: the data key, and what the seal is bound to.
    """
    key, bound = sealing
    if plain is None:
        return crypto.seal_file(Bounded(source, size), target, key, bound)  # type: ignore[arg-type]
    with plain.open("xb", buffering=0) as copy, Behind(partial(_write_all, copy)) as behind:
        plain.chmod(0o600)
        return crypto.seal_file(Bounded(source, size, behind), target, key, bound)  # type: ignore[arg-type]


def copied(source: BinaryIO, size: int | None, target: Path, plain: Path | None) -> Sealed:
    """Copies the first `size` bytes (None: all) of `source` into the new file `target` (and `plain`); hashes them."""
    digest, taken = crypto.hasher(), 0
    with target.open("xb", buffering=0) as copy, Behind(partial(_write_all, copy)) as behind:
        target.chmod(0o600)
        while block := source.read(_BLOCK if size is None else min(_BLOCK, size - taken)):
            behind.put(block)
            digest.update(block)
            taken += len(block)
    if plain is not None:
        plain.hardlink_to(target)
    return Sealed(digest.hexdigest(), taken)
