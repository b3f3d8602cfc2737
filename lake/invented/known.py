"""What is known of an invented delivery before anybody reads it: its records, its duplicates, its faults."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """The counts that reading and publishing must come to.

    Attributes:
        records: records in the file.
        duplicates: records that repeat an earlier one of the same file word for word.
        quarantined: rule id → records planted to break it; each planted record breaks it and perhaps others with it.
    """

    records: int
    duplicates: int
    quarantined: dict[str, int]

    @property
    def published(self) -> int:
        """Records that go into the table when nothing of the same key stands there already."""
        return self.records - self.duplicates - sum(self.quarantined.values())


@dataclass(slots=True)
class Plan:
    """Good records, into which faulty and repeated ones are mixed at seeded places.

    A repeat is put behind its original, and a faulty record has a key of its own, so that no plan changes another.
    """

    random: Random
    records: list[Any] = field(default_factory=list)
    duplicates: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)

    def repeat(self, share: float) -> None:
        """Repeats a share of the good records, at least one."""
        good = self.records
        chosen = set(self.random.sample(range(len(good)), max(1, int(len(good) * share))))
        mixed: list[Any] = []
        for at, record in enumerate(good):
            mixed.append(record)
            if at in chosen:
                mixed.append(record)
        self.records = mixed
        self.duplicates += len(chosen)

    def plant(self, rule: str, count: int, make: Callable[[int], Any]) -> None:
        """Puts `count` faulty records at random places."""
        for number in range(count):
            self.records.insert(self.random.randrange(len(self.records) + 1), make(number))
        self.quarantined[rule] = self.quarantined.get(rule, 0) + count

    def conflict(self, rule: str, key: Sequence[str], change: Callable[[Record], Record]) -> None:
        """Appends one record with the key of an earlier good one and another content."""
        first = next(record for record in self.records if isinstance(record, dict) and all(record[k] for k in key))
        self.records.append(change(dict(first)))
        self.quarantined[rule] = self.quarantined.get(rule, 0) + 1

    def known(self) -> Known:
        """The counts."""
        return Known(len(self.records), self.duplicates, dict(self.quarantined))


def share(count: int, part: float) -> int:
    """That part of `count`, at least one."""
    return max(1, int(count * part))
