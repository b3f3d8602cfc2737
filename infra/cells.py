"""What a workbook's cell says, as text; and the cells whose value is not in the workbook.

Numbers are written without exponent and without a needless `.0`, so that a code kept as a number (4111010001) stays
that code; dates and times are ISO texts. A formula is its stored result. Two things that the library passes over in
silence are looked up in the sheet's XML: error values (`#N/A`), which stay as their text, and formulas without a stored
result, whose row must not pass as if the cell were empty.
"""

import posixpath
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.S)
_REF = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_VALUE = re.compile(rb"<v[^>]*>([^<]*)</v>")
_SHEET = re.compile(r"<sheet\b[^>]*>")
_RELATION = re.compile(r"<Relationship\b[^>]*>")
_PART_BYTES = 1024**3


def cell_text(value: Any) -> str | None:
    """The text of a cell's value, None when it is empty."""
    if value is None or isinstance(value, str):
        return value or None
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    return str(value)


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return format(Decimal(repr(value)), "f") if abs(value) < 1e300 else repr(value)


def _duration(value: timedelta) -> str:
    sign = "-" if value < timedelta(0) else ""
    whole = abs(value)
    seconds = whole.days * 86_400 + whole.seconds
    fraction = f".{whole.microseconds:06d}" if whole.microseconds else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


# In this order: a bool is an int, a datetime is a date.
_WRITERS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (float, _number),
    (int, str),
    (datetime, lambda value: str(value.isoformat(sep=" "))),
    (date, date.isoformat),
    (time, time.isoformat),
    (timedelta, _duration),
)


@dataclass(frozen=True, slots=True)
class Flaws:
    """Cells by (row index, column index): error texts, and formulas without a result."""

    errors: Mapping[tuple[int, int], str] = field(default_factory=dict)
    unsolved: Mapping[int, frozenset[int]] = field(default_factory=dict)
    error_rows: frozenset[int] = frozenset()

    def apply(self, index: int, left: int, row: list[str | None]) -> bool:
        """Puts the row's error texts in; whether the row has a formula without a result."""
        if index in self.error_rows:
            for column in range(len(row)):
                if row[column] is None:
                    row[column] = self.errors.get((index, column + left))
        return any(
            row[column - left] is None for column in self.unsolved.get(index, ()) if 0 <= column - left < len(row)
        )


def formulas(path: Path, sheet: str) -> set[tuple[int, int]]:
    """Where formulas stand in one sheet of an .xlsx, as (row index, column index)."""
    found = set()
    data = _sheet_xml(path, sheet)
    for match in _CELL.finditer(data) if b"<f" in data else ():
        reference = _REF.search(match[1])
        if reference is not None and b"<f" in (match[2] or b""):
            found.add((int(reference[2]) - 1, _column(reference[1])))
    return found


def _sheet_xml(path: Path, sheet: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        part = _part(archive, sheet)
        if part is None or archive.getinfo(part).file_size > _PART_BYTES:
            return b""
        return archive.read(part)


def flaws(path: Path, sheet: str) -> Flaws:
    """The flaws of one sheet of an .xlsx."""
    data = _sheet_xml(path, sheet)
    if b"<f" not in data and b't="e"' not in data:
        return Flaws()
    errors: dict[tuple[int, int], str] = {}
    unsolved: dict[int, set[int]] = {}
    for match in _CELL.finditer(data):
        attributes, inner = match[1], match[2] or b""
        is_error, is_formula = b't="e"' in attributes, b"<f" in inner
        if not (is_error or is_formula):
            continue
        reference = _REF.search(attributes)
        if reference is None:
            continue
        column, row = _column(reference[1]), int(reference[2]) - 1
        value = _VALUE.search(inner)
        if is_error and value:
            errors[row, column] = unescape(value[1].decode("utf-8", "replace"))
        elif is_formula and not (value and value[1]) and b't="str"' not in attributes:
            unsolved.setdefault(row, set()).add(column)
    return Flaws(
        errors, {row: frozenset(columns) for row, columns in unsolved.items()}, frozenset(row for row, _ in errors)
    )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The archive member that holds the sheet."""
    names = set(archive.namelist())
    relations = "xl/_rels/workbook.xml.rels"
    if "xl/workbook.xml" not in names or relations not in names:
        return None
    book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    wanted = next((tag for tag in _SHEET.findall(book) if _attribute(tag, "name") == sheet), None)
    identity = _attribute(wanted, "r:id") if wanted else None
    for tag in _RELATION.findall(archive.read(relations).decode("utf-8", "replace")):
        if identity and _attribute(tag, "Id") == identity:
            target = _attribute(tag, "Target") or ""
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
            return part if part in names else None
    return None


def _attribute(tag: str, name: str) -> str | None:
    match = re.search(rf'\s{re.escape(name)}="([^"]*)"', tag)
    return unescape(match[1], {"&quot;": '"', "&apos;": "'"}) if match else None
