"""The methods that make a value coarser, as values and as SQL expressions.

Promises:

- every method sends equal values to equal values and never invents one: no noise, no swap, no rounding up or down of a
  figure that keeps its name. What was made coarser carries another column name (``age`` → ``age_band``), so that
  nobody reads a band as an exact age;
- ``code`` is the integer or text that names the class, ``label`` is what the extract shows for it; both are pure
  functions of the row and of the plan, so the class of a row can be recomputed from the extract alone;
- the steps of a ladder nest: whoever shares a class on one step shares it on every later one.

Families are those of GB/T 37964-2019: generalisation (rounding, bands, grid, parents) and suppression (a dropped
column). Days and months are those of Asia/Shanghai, without daylight saving time, so plain arithmetic is exact. A date
that is kept to the day is a date that is kept, and is called so.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from infra.text import quote_identifier

Method = Literal["keep", "hour", "day", "month", "band", "grid", "parent", "drop"]
Kind = Literal["time", "date", "place", "number", "category"]

SHANGHAI_MICROSECONDS = 8 * 3600 * 10**6
METRES_A_DEGREE = 111_320.0
_HOUR = 3600 * 10**6
_EPOCHS = 20_000 * 366  # days; DuckDB's // turns to zero: counted from so long before 1970, nothing there is negative
TOP_BAND = 200  # numbers from this on are one band, those as far below zero another: top and bottom codes of GB/T 37964


@dataclass(frozen=True, slots=True)
class Step:
    """One method with its parameter. `loss` is between 0 (exact) and 1 (dropped)."""

    method: Method
    size: float = 0.0  # metres of a grid, width of a band
    loss: float = 0.0

    def named(self, field: str) -> str:
        """The extract's column name for `field` after this step."""
        suffix = {"hour": "_hour", "day": "_day", "month": "_month", "band": "_band", "grid": "_grid"}
        return field + suffix.get(self.method, "_group" if self.method == "parent" else "")


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing a person could be recognised by: a field, or the two coordinates of a place.

    Attributes:
        name: of the dimension, used to order and to report.
        kind: which ladder it has.
        fields: source columns; (longitude, latitude) for a place.
        parents: value → parent, for a category that has them.
        latitude: the reference latitude of the grid in whole degrees, one for all rows so that the grid is regular.
        sensitive: its values are what is protected, not what identifies.
    """

    name: str
    kind: Kind
    fields: tuple[str, ...]
    parents: tuple[tuple[str, str], ...] = ()
    latitude: int = 35
    sensitive: bool = False

    def outputs(self, step: Step) -> tuple[str, ...]:
        """The extract's columns of this dimension."""
        return () if step.method == "drop" else tuple(step.named(field) for field in self.fields)


_LADDERS: dict[str, tuple[Step, ...]] = {
    "time": (Step("hour", loss=0.2), Step("day", loss=0.4), Step("month", loss=0.7), Step("drop", loss=1.0)),
    "date": (Step("keep"), Step("month", loss=0.7), Step("drop", loss=1.0)),
    "place": (
        Step("grid", 500, 0.2),
        Step("grid", 1000, 0.35),
        Step("grid", 2000, 0.5),
        Step("grid", 4000, 0.65),
        Step("grid", 8000, 0.8),
        Step("drop", loss=1.0),
    ),
    "number": (Step("band", 5, 0.3), Step("band", 10, 0.5), Step("band", 20, 0.7), Step("drop", loss=1.0)),
    "category": (Step("keep"), Step("drop", loss=1.0)),
}


def ladder(dimension: Dimension) -> tuple[Step, ...]:
    """The steps from finest to coarsest. The finest of a time, place or number is already coarser than the source."""
    steps = _LADDERS[dimension.kind]
    return (Step("keep"), Step("parent", loss=0.5), Step("drop", loss=1.0)) if dimension.parents else steps


def codes(dimension: Dimension, step: Step) -> tuple[str, ...]:
    """SQL expressions over the source columns that name the class of a row, one per output column."""
    columns = [quote_identifier(field) for field in dimension.fields]
    if step.method == "drop":
        return ()
    if step.method == "keep":
        return tuple(columns)
    if step.method == "parent":
        return (_choice(columns[0], [(_text(value), _text(parent)) for value, parent in dimension.parents]),)
    if step.method == "band":
        band, top = f"floor({columns[0]} / {step.size:g})", f"{TOP_BAND / step.size:g}"
        coded = f"WHEN {band} > {top} THEN {top} WHEN {band} < -{top} THEN -{top}"  # least() would hide a NULL
        return (f"(CASE {coded} ELSE {band} END)::INTEGER",)
    if step.method == "grid":
        east, north = degrees(step.size, dimension.latitude)
        cells = zip(columns, (east, north), strict=True)  # what is no number of cells is no place
        return tuple(f"TRY_CAST(floor({column} / {size!r}::DOUBLE) AS BIGINT)" for column, size in cells)
    early = f"(epoch_us({columns[0]}) + {SHANGHAI_MICROSECONDS + 24 * _HOUR * _EPOCHS})"
    hour = f"({early} // {_HOUR} - {24 * _EPOCHS})"
    day = f"(DATE '1970-01-01' + ({early} // {24 * _HOUR} - {_EPOCHS})::INTEGER)"
    month = f"date_trunc('month', {day})::DATE"
    return ({"hour": hour, "day": day, "month": month}[step.method],)


def labels(dimension: Dimension, step: Step) -> tuple[str, ...]:
    """SQL expressions over the source columns for the extract's columns, in the order of `outputs`."""
    return shown(dimension, step, codes(dimension, step))


def shown(dimension: Dimension, step: Step, coded: Sequence[str]) -> tuple[str, ...]:
    """SQL expressions for the extract's columns from the codes of a class."""
    if step.method == "hour":
        return (f"to_timestamp(({coded[0]}::BIGINT - 8) * 3600)",)
    if step.method == "band":
        low = f"{coded[0]} * {step.size:g}"  # a negative number has a band too, if a rare one
        rare = f"(({low})::INTEGER || '-' || ({low} + {step.size - 1:g})::INTEGER)"
        return (_choice(coded[0], _bands(int(step.size)), rare),)
    if step.method == "grid":
        east, north = degrees(step.size, dimension.latitude)
        return tuple(
            f"round(({code}::DOUBLE + 0.5) * {size!r}::DOUBLE, 6)"
            for code, size in zip(coded, (east, north), strict=True)
        )
    return tuple(coded)


def representatives(dimension: Dimension, step: Step) -> tuple[str, ...]:
    """SQL expressions for one value of the source's own type in the row's class, one per source column.

    `codes` of any later step gives the same class for a representative as for the row itself, so that a search can
    count on the finest classes instead of on all rows.
    """
    if step.method == "band":
        return (f"({codes(dimension, step)[0]} * {step.size:g})",)
    return labels(dimension, step)


def sentence(step: Step) -> tuple[str, str]:
    """What was done to a dimension, in Chinese and in English, for the certificate."""
    said = {
        "keep": ("原值保留", "kept as it is"),
        "hour": ("泛化到小时（北京时间）", "generalised to the hour (Asia/Shanghai)"),
        "day": ("泛化到日（北京时间）", "generalised to the day (Asia/Shanghai)"),
        "month": ("泛化到月（以当月首日表示）", "generalised to the month, shown by its first day"),
        "band": (f"泛化为宽 {step.size:g} 的区间", f"generalised to bands of {step.size:g}"),
        "grid": (f"泛化到 {step.size:g} 米网格中心", f"generalised to the centre of a {step.size:g} m grid cell"),
        "parent": ("泛化到上级类别", "generalised to the parent category"),
        "drop": ("整列抑制", "suppressed as a column"),
    }
    return said[step.method]


def degrees(metres: float, latitude: int) -> tuple[float, float]:
    """Width of a grid cell in degrees of longitude and of latitude."""
    east = metres / (METRES_A_DEGREE * math.cos(math.radians(latitude)))
    return east, metres / METRES_A_DEGREE


def _bands(size: int) -> list[tuple[str, str]]:
    last = TOP_BAND // size
    shown = [(str(band), _text(f"{band * size}-{(band + 1) * size - 1}")) for band in range(last)]
    return [*shown, (str(last), _text(f"{TOP_BAND}+")), (str(-last), _text(f"<{size - TOP_BAND}"))]


def _choice(value: str, pairs: list[tuple[str, str]], otherwise: str = "NULL") -> str:
    # Constants instead of string building per row: a third of the cost on ten million rows.
    return f"CASE {value} " + " ".join(f"WHEN {when} THEN {then}" for when, then in pairs) + f" ELSE {otherwise} END"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
