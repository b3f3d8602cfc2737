"""The rules that a column's values suggest: bounds, lists of values, forms. Pure.

What today's file shows is no law for tomorrow's: these rules warn and let the record through. Types and keys alone keep
records out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from contracts.infer.finding import share
from contracts.infer.profile import Measured
from infra.language import Text

_LISTED, _ROWS = 20, 50
_HOUR = re.compile(r"小时$|(^|_)(hour|hh)(_|$)")
_MONTH = re.compile(r"月份?$|(^|_)(month|mm)(_|$)")
_LNG = re.compile(r"经度|(^|_)(lon|lng|longitude)(_|$)")
_LAT = re.compile(r"纬度|(^|_)(lat|latitude)(_|$)")
MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Suggested:
    """A rule: its kind and values as the contract writes them, how sure, what shows it."""

    kind: str
    args: Mapping[str, Any]
    confidence: float
    evidence: Text


def axis(names: str) -> str | None:
    """Whether a name is that of a longitude (`lng`) or a latitude (`lat`)."""
    return "lng" if _LNG.search(names) else "lat" if _LAT.search(names) else None


def degrees(column: Measured, names: str) -> int | None:
    """1 when the values are degrees of their axis, `MICRO` when they are millionths of them, None when neither."""
    side = axis(names)
    least, most = column.numbers.least, column.numbers.most
    if side is None or least is None or most is None or column.numbers.all < column.filled * 0.95:
        return None
    bound = 180 if side == "lng" else 90
    # A few points of nowhere are common; the bulk decides, and the bulk lies between the bounds or far beyond them.
    middle = sorted(value for value in map(_float, column.sample) if value is not None)
    typical = abs(middle[len(middle) // 2]) if middle else abs(most)
    if typical <= bound:
        return 1
    return MICRO if 1000 * bound < typical <= MICRO * bound else None


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def suggested(column: Measured, names: str, kind: str, *, code: bool) -> Iterator[Suggested]:
    """The rules of a column that holds nothing personal."""
    if kind in ("integer", "number", "decimal"):
        yield from _bounds(column, names)
    elif kind == "string" and not code:
        yield from _listed(column)
    if kind == "string":
        yield from _form(column)


def _bounds(column: Measured, names: str) -> Iterator[Suggested]:
    least, most = column.numbers.least, column.numbers.most
    if least is None or most is None or column.filled < 20:
        return
    shown = Text(f"在 {least:g} 与 {most:g} 之间", f"between {least:g} and {most:g}")
    for pattern, low, high in ((_HOUR, 0, 23), (_MONTH, 1, 12)):
        if pattern.search(names) and low <= least and most <= high:
            yield Suggested("range", {"min": low, "max": high}, 0.95, shown)
            return
    if axis(names) is not None:
        return
    if "%" in names and least >= 0 and most <= 100:
        yield Suggested("range", {"min": 0, "max": 100}, 0.9, shown)
    elif least >= 0:
        yield Suggested("range", {"min": 0}, share(column.filled, column.filled) * 0.9, shown)


def _listed(column: Measured) -> Iterator[Suggested]:
    few = 1 < column.distinct <= _LISTED and column.longest <= 40
    if not few or column.filled < _ROWS or column.filled < column.distinct * 10 or len(column.top) < column.distinct:
        return
    # A value that stands once among thousands is as likely a slip as a word of the list.
    values = [value for value, count in column.top.items() if count > 1 or column.filled < 500]
    part = sum(column.top[value] for value in values)
    said = Text(f"{part} 个值只有 {len(values)} 种", f"{part} values are of {len(values)} kinds")
    if len(values) > 1:
        yield Suggested("enumeration", {"values": sorted(values)}, share(part, column.filled) * 0.95, said)


def _form(column: Measured) -> Iterator[Suggested]:
    """One shape of letters and digits that (nearly) all values have: an identifier's form."""
    if not column.shapes or column.filled < 20 or column.distinct < 5:
        return
    shape, count = next(iter(column.shapes.items()))
    if count < column.filled * 0.98 or not re.fullmatch(r"[9a._/-]{3,32}", shape) or "9" not in shape:
        return
    parts = []
    for char, run in groupby(shape):
        size = len(list(run))
        parts.append(
            ({"9": "[0-9]", "a": "[A-Za-z]"}.get(char) or re.escape(char)) + (f"{{{size}}}" if size > 1 else "")
        )
    said = Text(f"{column.filled} 个值中 {count} 个写法相同", f"{count} of {column.filled} values are of one form")
    yield Suggested("pattern", {"pattern": "".join(parts)}, share(count, column.filled), said)
