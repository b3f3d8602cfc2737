"""What is measured of a table before anything is known of it: the values that inference decides on. Pure.

Counts are over the rows looked at (`Table.rows`), which may be the first of a long file (`Table.total` is None then
when nobody counted the rest). Texts are trimmed of blanks at both ends before they are counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.infer.written import Written

ABSENT = frozenset(
    (
        "nan",
        "null",
        "none",
        "nil",
        "na",
        "n/a",
        "#n/a",
        "-",
        "--",
        "---",
        "—",
        "——",
        "/",
        "\\n",
        "[]",
        "{}",
        "无数据",
        "缺测",
    )
)
"""Texts that mean "no value" in files of all kinds, in lower case."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many of a column's values are written as numbers, and which.

    Attributes:
        integers: whole numbers without point or exponent; `padded` of them begin with a needless zero.
        decimals: with a point.
        exponents: with an exponent.
        whole: digits before the point, at most.
        scale: digits behind it, at most.
        least: the smallest value, None where no value is a number; `most` the largest.
        negative: how many are below 0.
    """

    integers: int = 0
    padded: int = 0
    decimals: int = 0
    exponents: int = 0
    whole: int = 0
    scale: int = 0
    least: float | None = None
    most: float | None = None
    negative: int = 0

    @property
    def all(self) -> int:
        """Values that are numbers in any notation."""
        return self.integers + self.decimals + self.exponents


@dataclass(frozen=True, slots=True)
class Measured:
    """One column as it stands in the file.

    Attributes:
        header: its name there; a number from 1 in a table without a header.
        filled: rows with a value that is not one of `ABSENT`.
        absent: the texts that mean "no value", with their counts.
        distinct: how many different values.
        blanks: values with blanks at an end.
        booleans: values that are true or false, yes or no, or their first letters.
        shapes: the most frequent shapes (a digit is 9, a Latin letter a) with their counts; empty for long texts.
        top: the most frequent values with their counts, none longer than 80 characters.
        sample: some distinct values, chosen by their hash, cut at 400 characters.
        shortest: length of the shortest value; `longest` of the longest.
        runs: how often a value is another than the one before it, in the order of the file; of few values only.
        written: what stands beside the digits, where `numbers` were counted without it.
    """

    header: str
    filled: int
    absent: Mapping[str, int] = field(default_factory=dict)
    distinct: int = 0
    blanks: int = 0
    booleans: int = 0
    numbers: Numbers = Numbers()
    shapes: Mapping[str, int] = field(default_factory=dict)
    top: Mapping[str, int] = field(default_factory=dict)
    sample: tuple[str, ...] = ()
    shortest: int = 0
    longest: int = 0
    runs: int = 0
    written: Written | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was measured.

    Attributes:
        rows: how many rows were looked at.
        whole: whether these were all.
        faulty: records that cannot be laid out into fields, beside them.
        distinct: different rows among them.
        columns: in the order of the file.
        header: whether the file names its columns.
        crs: the coordinate system that the file states.
    """

    rows: int
    whole: bool
    distinct: int
    columns: tuple[Measured, ...]
    faulty: int = 0
    header: bool = True
    crs: str | None = None
