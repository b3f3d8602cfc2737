"""Where the records of a text table begin: no second reading when records and lines run in step."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

_BLOCK = 256 * 1024  # what stays in a processor's own cache
_FIRST = 2  # the header stands alone on line 1


class LineMap:
    """Record ordinal → physical line.

    A header, a line a record, nothing else: then the file has exactly one line more than records, and only then, for
    a record takes at least one line and a blank line takes one more. Otherwise the records are walked once, forwards.
    """

    def __init__(self, path: Path, walk: Callable[[], Iterator[int]]) -> None:
        self._path = path
        self._walk = walk
        self._lines: int | None = None
        self._walker: Iterator[int] = iter(())
        self._next = -1

    def __call__(self, ordinals: Iterable[int], total: int | None) -> dict[int, int]:
        """The line of each ordinal; `total` is the number of records of the whole file, where known."""
        wanted = sorted(set(ordinals))
        if total is not None and self.in_step(total):
            return {ordinal: _FIRST + ordinal for ordinal in wanted}
        found: dict[int, int] = {}
        for ordinal in wanted:
            if self._next < 0 or ordinal < self._next:
                self._walker, self._next = self._walk(), 0
            while self._next <= ordinal:
                line = next(self._walker)
                self._next += 1
            found[ordinal] = line
        return found

    def in_step(self, total: int) -> bool:
        """Whether a file of `total` records is a header, a line a record, and nothing else."""
        return total >= 0 and self._line_count() == total + 1

    def _line_count(self) -> int:
        """How many lines the file has; 0 when its line ends are of several kinds, so that counting proves nothing."""
        if self._lines is None:
            feeds, returns, pairs = _line_ends(self._path)
            several = feeds > 0 and returns > 0 and not feeds == returns == pairs
            self._lines = 0 if several else (feeds or returns) + 1
        return self._lines


def _line_ends(path: Path) -> tuple[int, int, int]:
    """Line feeds, carriage returns, and pairs of both, before the text's last line end."""
    left = _end_of_text(path)
    buffer = bytearray(_BLOCK)
    bytes_ = np.frombuffer(buffer, dtype=np.uint8)
    feeds = returns = pairs = 0
    after_return = False
    with path.open("rb", buffering=0) as file:
        while left and (count := file.readinto(memoryview(buffer)[: min(left, _BLOCK)])):
            left -= count
            is_feed = bytes_[:count] == ord("\n")
            feeds += int(np.count_nonzero(is_feed))
            pairs += after_return and bool(is_feed[0])
            after_return = buffer[count - 1] == ord("\r")
            if buffer.find(b"\r", 0, count) >= 0:
                is_return = bytes_[:count] == ord("\r")
                returns += int(np.count_nonzero(is_return))
                pairs += int(np.count_nonzero(is_return[:-1] & is_feed[1:]))
    return feeds, returns, pairs


def _end_of_text(path: Path) -> int:
    """Where the last line ends, without its line end and without empty lines behind it."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        while size:
            start = max(0, size - 65_536)
            file.seek(start)
            kept = len(file.read(size - start).rstrip(b"\r\n"))
            if kept:
                return start + kept
            size = start
    return 0
