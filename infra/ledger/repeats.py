"""Leaves that stand twice. A body holds a random salt's commitment, so two equal entries are one and its copy. Pure.

A copy of a genuine entry bears a genuine mark: by the mark alone, whoever can write to the database but not read the
keys could have an act recorded twice.
"""

from collections.abc import Iterator

from infra.language import Text
from infra.ledger.report import Fault

_PRINT = 12  # bytes of a leaf hash, after the first, that tell it from every other
_RECORD = _PRINT + 9


class Repeats:
    """Remembers every leaf in twenty-one bytes, parted by its first byte so that few are compared at a time."""

    def __init__(self) -> None:
        self._parts = [bytearray() for _ in range(256)]

    def add(self, leaf: bytes, place: int, *, waiting: bool = False) -> None:
        """Notes a leaf hash: at `place` in the log, or waiting under the number `place`."""
        self._parts[leaf[0]] += leaf[1 : 1 + _PRINT] + (2 * place + waiting).to_bytes(9, "big", signed=True)

    def faults(self) -> Iterator[Fault]:
        """One fault for each leaf that was noted before; it names both places."""
        for part in self._parts:
            first: dict[bytes, bytes] = {}
            for start in range(0, len(part), _RECORD):
                record = bytes(part[start : start + _RECORD])
                earlier = first.setdefault(record[:_PRINT], record)
                if earlier is not record:
                    yield _fault(_place(earlier), _place(record))


def _place(record: bytes) -> tuple[int, bool]:
    place, waiting = divmod(int.from_bytes(record[_PRINT:], "big", signed=True), 2)
    return place, bool(waiting)


def _fault(earlier: tuple[int, bool], later: tuple[int, bool]) -> Fault:
    place, waits = earlier
    number, waiting = later
    where = Text(f"编号 {place} 的待编记录", f"the waiting entry number {place}") if waits else _in_log(place)
    text = Text(f"该记录是{where.zh}的复制品", f"this entry is a copy of {where.en}")
    return Fault("entry_repeated", text, number if waiting else None, None if waiting else number)


def _in_log(place: int) -> Text:
    return Text(f"第 {place} 位记录", f"the entry at place {place}")
