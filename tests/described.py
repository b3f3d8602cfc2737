"""Tables described column by column, with what is true of them: labels for the measure of inference.

A description is shaped like a table that is published somewhere; its values are made here from a seed and are of nobody
and no place. A row is a number from 0; what a column holds is a function of it and of chance.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from catalogs.values.uscc import ALPHABET
from lake.invented.persons import invent, plate

Make = Callable[[Random, int], str]
START = datetime(2026, 1, 2)  # noqa: DTZ001 - the local time that the files hold


@dataclass(frozen=True)
class Col:
    """A column and what is true of it.

    Attributes:
        header: in the file.
        type: one of `contracts.model.COLUMN_TYPES`.
        make: its values.
        marks: kinds of findings that are true of it: required, enumeration, range, pattern, personal, coordinates.
        unit: in which it counts.
    """

    header: str
    type: str
    make: Make
    marks: str = ""
    unit: str | None = None

    def has(self, kind: str) -> bool:
        """Whether a finding of this kind is true."""
        if kind == "unit":
            return self.unit is not None
        return kind in self.marks.split() or (kind == "instants" and self.type in ("date", "timestamp"))


@dataclass(frozen=True)
class Described:
    """A table: its name, how many rows, the headers of its key, its columns."""

    name: str
    rows: int
    key: tuple[str, ...]
    columns: tuple[Col, ...]

    def write(self, folder: Path) -> Path:
        """The table as CSV; the same bytes each time."""
        random = Random(self.name)
        path = folder / f"{self.name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow([column.header for column in self.columns])
            rows.writerows([column.make(random, at) for column in self.columns] for at in range(self.rows))
        return path


def serial(form: str, first: int = 1, every: int = 1, of: int = 1_000_000, step: int = 1) -> Make:
    """`form` filled with a number that grows by `step` each `every` rows and begins anew after `of`."""
    return lambda _, at: form.format(first + at // every % of * step)


def cycle(words: str, every: int = 1) -> Make:
    """Each of the words for `every` rows, in turn."""
    some = words.split()
    return lambda _, at: some[at // every % len(some)]


def one_of(words: str) -> Make:
    """Any of the words, the first most often."""
    some = words.split()
    return lambda random, _: some[min(random.randrange(len(some)), random.randrange(len(some)))]


def text(words: str, least: int, most: int) -> Make:
    """A text of some of the words."""
    some = words.split()
    return lambda random, _: "".join(random.choices(some, k=random.randint(least, most)))


def whole(low: int, high: int) -> Make:
    """A whole number, small ones more often."""
    return lambda random, _: str(low + int((high - low) * random.random() ** 2))


def number(low: float, high: float, digits: int = 1, form: str = "{}") -> Make:
    """A number with decimals."""
    return lambda random, _: form.format(f"{random.uniform(low, high):.{digits}f}")


def when(form: str, minutes: int = 1440, every: int = 1, of: int = 1_000_000) -> Make:
    """A time that moves on by `minutes` each `every` rows; `-` after a percent sign leaves out zeros."""
    return lambda _, at: (START + timedelta(minutes=minutes * (at // every % of))).strftime(form)


def some_day(form: str) -> Make:
    """A day of ten years."""
    return lambda random, _: (START - timedelta(days=random.randrange(3650))).strftime(form)


def blank(make: Make, share: float) -> Make:
    """Without a value in this share of the rows."""
    return lambda random, at: "" if random.random() < share else make(random, at)


def person(what: str, every: int = 1) -> Make:
    """Something of an invented person; the same person for `every` rows."""

    def make(_: Random, at: int) -> str:
        random = Random(f"person {at // every}")
        one = invent(random, datetime(1990, 1, 1), datetime(1940, 1, 1), at // every)  # noqa: DTZ001
        return {
            "name": one.name,
            "identity": one.identity,
            "gender": one.gender,
            "age": str(2026 - one.birth.year),
            "mobile": f"19{random.randrange(10**9):09d}",
            "card": luhn(f"622202{random.randrange(10**12):012d}"),
            "plate": plate(at // every + 1),
        }[what]

    return make


def luhn(digits: str) -> str:
    """The digits with their check digit (ISO/IEC 7812)."""
    doubled = [int(digit) * (1 if at % 2 else 2) for at, digit in enumerate(reversed(digits))]
    return f"{digits}{-sum(value - 9 if value > 9 else value for value in doubled) % 10}"


def uscc(_: Random, at: int) -> str:
    """A credit code (GB 32100) of a division that does not exist."""
    body = f"91410199MA{at:07d}"
    total = sum(ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(body))
    return body + ALPHABET[-total % 31]


def table(name: str, rows: int, key: Sequence[str] | str, *columns: Col) -> Described:
    """A description; `key` is one header or several."""
    return Described(name, rows, (key,) if isinstance(key, str) else tuple(key), columns)
