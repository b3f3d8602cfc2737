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

_BLOCK = 4 << 20
_AHEAD = 4


class _Behind:
    """Runs `take` over blocks in a thread; `with` waits for it and raises what it raised."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take
        self._blocks: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "_Behind":
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


class _Tee:
    """A source whose every byte also goes to `behind`."""

    def __init__(self, source: BinaryIO, behind: _Behind) -> None:
        self._source = source
        self._behind = behind

    def readinto(self, buffer: memoryview) -> int:
        """As a raw file reads."""
        count: int = self._source.readinto(buffer)  # type: ignore[attr-defined]
        if count:
            self._behind.put(bytes(buffer[:count]))
        return count


def _write_all(target: BinaryIO, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[target.write(view) :]


def sealed_copy(source: BinaryIO, target: Path, key: bytes, bound: bytes, plain: Path | None) -> crypto.Sealed:
    """Seals `source` into the new file `target`; a plaintext copy of the same bytes goes to `plain` when given."""
    if plain is None:
        return crypto.seal_file(source, target, key, bound)
    with plain.open("xb", buffering=0) as copy, _Behind(partial(_write_all, copy)) as behind:
        plain.chmod(0o600)
        return crypto.seal_file(_Tee(source, behind), target, key, bound)  # type: ignore[arg-type]


def copied(source: BinaryIO, target: Path, plain: Path | None) -> crypto.Sealed:
    """Copies `source` into the new file `target` (and `plain`, which may share its blocks) and hashes it."""
    digest, size = crypto.hasher(), 0
    with target.open("xb", buffering=0) as copy, _Behind(partial(_write_all, copy)) as behind:
        target.chmod(0o600)
        while block := source.read(_BLOCK):
            behind.put(block)
            digest.update(block)
            size += len(block)
    if plain is not None:
        plain.hardlink_to(target)
    return crypto.Sealed(digest.hexdigest(), size)
