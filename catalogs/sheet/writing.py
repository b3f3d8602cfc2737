"""The form written: template, last year's entries in it, and export, with lists, explanations and checks of cells.

Texts are written as texts: one that begins with `=` is no formula. What is written is put in place whole or not at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from catalogs.sheet import guide
from catalogs.sheet.column import Column, Kind
from catalogs.sheet.fill import choices
from catalogs.sheet.item_columns import GROUP
from catalogs.sheet.layout import CATALOGUE, CHOICES, GUIDE, ITEMS, NATIONAL, OWN, Placed, catalogue, items
from catalogs.sheet.putting import put_in_place
from catalogs.sheet.register import Register
from catalogs.sheet.spell import Value, item_cells, resource_cells
from catalogs.sheet.stamps import STAMPS, stamp_rows
from catalogs.values.model import Department, Resource

_ROOM = 500
"""Rows below what is filled in that have lists and checks too."""
_NEEDED, _FIRST, _PLAIN = "FFC55A11", "FF1F4E78", "FF7F7F7F"
_HEAD_FONT = Font(bold=True, color="FFFFFFFF")
_MIDDLE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_TOP = Alignment(vertical="top", wrap_text=True)


def write_book(
    path: Path,
    register: Register,
    resources: Sequence[Resource],
    *,
    layout: str = OWN,
    providers: Sequence[Department],
    stamps: Mapping[str, str] | None = None,
) -> None:
    """Writes the form at `path`, filled with `resources`; `providers` are those that its list offers.

    `stamps` gives the digest of what each row comes from, by id (`catalogs.sheet.stamps`).

    Raises:
        Unavailable: SHEET_WRITE.
    """
    book = Workbook()
    first = book.active
    assert isinstance(first, Worksheet)  # noqa: S101 - a new workbook has a sheet
    first.title = CATALOGUE
    lists = _Lists(book, register, providers)
    placed = catalogue(layout)
    rows = list(_rows(register, resources, per_item=layout == NATIONAL))
    below = _head(first, placed, two=layout == NATIONAL)
    _fill(first, placed, rows, below)
    _dress(first, placed, lists, (below, below + len(rows) + _ROOM))
    if layout == NATIONAL:
        _merge(first, placed, resources, below)
    else:
        _write_items(book, register, resources, lists)
    guide.write(book.create_sheet(GUIDE), placed, items())
    lists.sheet.sheet_state = "hidden"
    if stamps:
        write_stamps(book, stamps)
    put_in_place(path, book.save)


def write_stamps(book: Workbook, stamps: Mapping[str, str]) -> None:
    """Writes the hidden sheet with the stamps, in the place of one that is there."""
    if STAMPS in book.sheetnames:
        book.remove(book[STAMPS])
    sheet = book.create_sheet(STAMPS)
    for row in stamp_rows(stamps):
        sheet.append(row)
    sheet.sheet_state = "hidden"


def _write_items(book: Workbook, register: Register, resources: Sequence[Resource], lists: "_Lists") -> None:
    sheet, placed = book.create_sheet(ITEMS, 1), items()
    departments, domains = _known(register)
    rows = []
    for resource in resources:
        of = resource_cells(resource, departments, domains)
        link = {("r", key): of.get(key) for key in ("title", "provider", "id")}
        rows += [
            link | {("i", key): value for key, value in item_cells(item, departments).items()}
            for item in resource.items
        ]
    below = _head(sheet, placed, two=False)
    _fill(sheet, placed, rows, below)
    _dress(sheet, placed, lists, (below, below + len(rows) + 4 * _ROOM))


def _known(register: Register) -> tuple[Mapping[str, Department], Mapping[str, Any]]:
    return register.by_id, {domain.id: domain for domain in register.domains}


def _rows(
    register: Register, resources: Iterable[Resource], *, per_item: bool
) -> Iterator[dict[tuple[str, str], Value]]:
    departments, domains = _known(register)
    for resource in resources:
        of = {("r", key): value for key, value in resource_cells(resource, departments, domains).items()}
        if not per_item or not resource.items:
            yield of
            continue
        for number, item in enumerate(resource.items):
            own = {("i", key): value for key, value in item_cells(item, departments).items()}
            yield own if number else of | own


def _head(sheet: Worksheet, placed: Sequence[Placed], *, two: bool) -> int:
    """Writes the header; the first row below it, from 1."""
    height = 2 if two else 1
    for number, one in enumerate(placed, 1):
        _dress_head(sheet.cell(2 if two and one.of_item else 1, number, one.heading), one)
        if two and not one.of_item:
            sheet.merge_cells(start_row=1, end_row=2, start_column=number, end_column=number)
    inside = [number for number, one in enumerate(placed, 1) if one.of_item] if two else []
    if inside:
        over: Any = sheet.cell(1, inside[0], GROUP)
        over.font, over.fill, over.alignment = _HEAD_FONT, PatternFill("solid", fgColor=_FIRST), _MIDDLE
        sheet.merge_cells(start_row=1, end_row=1, start_column=inside[0], end_column=inside[-1])
    for row in range(1, height + 1):
        sheet.row_dimensions[row].height = 32
    sheet.freeze_panes = f"B{height + 1}"
    return height + 1


def _dress_head(cell: Any, one: Placed) -> None:
    column = one.column
    colour = _NEEDED if column.needed else _FIRST if column.first else _PLAIN
    cell.font, cell.fill, cell.alignment = _HEAD_FONT, PatternFill("solid", fgColor=colour), _MIDDLE
    comment = Comment(f"{column.asked}。{column.explained}", "cityhub")
    comment.width, comment.height = 320, 90
    cell.comment = comment


def _fill(
    sheet: Worksheet, placed: Sequence[Placed], rows: Iterable[Mapping[tuple[str, str], Value]], below: int
) -> None:
    keys = [("i" if one.of_item else "r", one.column.key) for one in placed]
    for number, row in enumerate(rows, below):
        for at, key in enumerate(keys, 1):
            value = row.get(key)
            if value is not None:
                write_value(sheet.cell(number, at), value)


def write_value(cell: Any, value: Value) -> None:
    """A value into a cell: a text stays a text whatever it begins with."""
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
        if value.startswith(("=", "+", "-", "@")):
            cell.quotePrefix = True
        cell.alignment = _TOP
        return
    cell.value = value
    if isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"


def _merge(sheet: Worksheet, placed: Sequence[Placed], resources: Sequence[Resource], below: int) -> None:
    row = below
    own = [number for number, one in enumerate(placed, 1) if not one.of_item]
    for resource in resources:
        end = row + max(len(resource.items), 1) - 1
        for number in own if end > row else ():
            if sheet.cell(row, number).value is not None:
                sheet.merge_cells(start_row=row, end_row=end, start_column=number, end_column=number)
        row = end + 1


def _dress(sheet: Worksheet, placed: Sequence[Placed], lists: "_Lists", rows: tuple[int, int]) -> None:
    """Widths, folded columns, lists and checks."""
    for number, one in enumerate(placed, 1):
        letter = get_column_letter(number)
        dimension = sheet.column_dimensions[letter]
        dimension.width = one.column.width
        if one.folded:
            dimension.outlineLevel, dimension.hidden = 1, True
        check = _check(one.column, lists)
        if check is not None:
            sheet.add_data_validation(check)
            check.add(f"{letter}{rows[0]}:{letter}{rows[1]}")


def _check(column: Column, lists: "_Lists") -> DataValidation | None:
    """What a cell of the column may hold, as the editor checks it."""
    listed = lists.range(column)
    if listed is not None:
        check = DataValidation(type="list", formula1=listed, allow_blank=True)
        # Several values in one cell are no member of the list; the list is offered all the same.
        check.showErrorMessage = column.kind is not Kind.WORDS
    elif column.kind in (Kind.DECIMAL, Kind.COUNT):
        number: Literal["decimal", "whole"] = "decimal" if column.kind is Kind.DECIMAL else "whole"
        check = DataValidation(type=number, operator="greaterThanOrEqual", formula1="0", allow_blank=True)
        check.showErrorMessage = True
    elif column.kind in (Kind.TEXT, Kind.NAME):
        most = str(column.longest)
        check = DataValidation(type="textLength", operator="lessThanOrEqual", formula1=most, allow_blank=True)
        check.showErrorMessage = True
    else:
        return None
    check.errorTitle, check.error = column.zh[:30], column.note[:200]
    return check


class _Lists:
    """The hidden sheet of closed lists: a list in the check itself may have only 255 characters."""

    def __init__(self, book: Workbook, register: Register, providers: Sequence[Department]) -> None:
        self.sheet = book.create_sheet(CHOICES)
        self._given = {
            Kind.PROVIDER: [one.name.zh for one in providers],
            Kind.DOMAIN: [one.name.zh for one in register.domains],
        }
        self._ranges: dict[tuple[str, ...], str] = {}

    def range(self, column: Column) -> str | None:
        """The range with the words of a column, None for one without a list."""
        words = tuple(self._given.get(column.kind) or choices(column))
        if not words:
            return None
        if words not in self._ranges:
            number = len(self._ranges) + 1
            for row, word in enumerate((column.zh, *words), 1):
                write_value(self.sheet.cell(row, number), word)
            letter = get_column_letter(number)
            self._ranges[words] = f"'{CHOICES}'!${letter}$2:${letter}${len(words) + 1}"
        return self._ranges[words]
