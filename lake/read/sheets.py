"""The sheets of a workbook that a contract speaks of, found by their header: one, or all of some names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import python_calamine as calamine

from infra.cells import Flaws, cell_text, flaws
from infra.errors import Place, Refused
from infra.language import Text
from infra.workbook import damaged
from lake.read.match import SEARCH_ROWS, Header, by_position, find_header, not_found
from lake.read.names import names_of
from lake.read.place import MOST_SHEETS
from lake.read.refusals import too_wide
from lake.read.source import Note
from lake.read.stacked import first_table

_HEAD = SEARCH_ROWS + 30
Cells = list[str | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the contract's fields, as it came over the pipe."""

    name: str
    names: tuple[str, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with a header that matches: its rows as texts, from row 1 of the sheet on."""

    name: str
    rows: Iterator[Cells]
    head: list[Cells]
    header: Header
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]
    left: int
    flaws: Flaws


def is_pattern(declared: str | None) -> bool:
    """Whether the contract means every sheet of some names; no sheet's own name can hold these marks."""
    return declared is not None and any(mark in declared for mark in "*?")


def choose_sheet(
    book: Any, path: Path, job: Mapping[str, Any], fields: Sequence[Asked], place: Place
) -> tuple[Sheet, list[Note]]:
    """The one sheet whose header matches.

    Raises:
        Refused: READ_SHEET_MISSING, READ_SHEETS_SEVERAL, READ_EMPTY, or why the header of no sheet matches.
    """
    names = _sheet_names(book, job["sheet"], place)
    found: list[Sheet] = []
    refusals: list[Refused] = []
    for name in names:
        here = Place(file=place.file, sheet=name, dataset=place.dataset)
        try:
            sheet = _sheet(book, path, name, job, fields, here)
        except Refused as error:
            refusals.append(error)
            continue
        if sheet is not None:
            found.append(sheet)
    if len(found) > 1:
        listed = "、".join(sheet.name for sheet in found[:10])
        raise Refused(
            "READ_SHEETS_SEVERAL",
            f"有多个工作表都可能是所要的表：{listed}",
            f"several sheets may be the table that is meant: {listed}",
            place=place,
            remedy=Text(
                "在契约 cityhub.reading 的 sheet 中写明工作表名；各表都要时写 '*'",
                "name the sheet with `sheet` in the contract's cityhub.reading, or all of them with '*'",
            ),
        )
    if not found:
        raise _none(refusals, place)
    others = [name for name in names if name != found[0].name]
    return found[0], [not_read(others)] if others else []


def all_sheets(
    book: Any, path: Path, job: Mapping[str, Any], fields: Sequence[Asked], place: Place
) -> Iterator[tuple[int, str, Sheet | None]]:
    """Number (from 1, among those that can be seen), name, and the sheet; None where it holds another table or nothing.

    One sheet is held at a time.

    Raises:
        Refused: READ_SHEET_MISSING, READ_SHEETS_MANY; what is wrong with a sheet that has the contract's header; why
            none has it.
    """
    names = _sheet_names(book, None, place)
    meant = [(number, name) for number, name in enumerate(names, 1) if fnmatchcase(name, job["sheet"])]
    if not meant:
        raise _missing(job["sheet"], place)
    if len(names) > MOST_SHEETS:
        raise Refused(
            "READ_SHEETS_MANY",
            f"工作簿有 {len(names)} 个工作表，超过上限 {MOST_SHEETS} 个",
            f"the workbook has {len(names)} sheets, more than the {MOST_SHEETS} allowed",
            place=place,
            remedy=Text("拆成几个工作簿报送", "split it into several workbooks"),
        )
    refusals: list[Refused] = []
    count = 0
    for number, name in meant:
        here = Place(file=place.file, sheet=name, dataset=place.dataset)
        try:
            sheet = _sheet(book, path, name, job, fields, here)
            if sheet is not None and not _is_meant(sheet.header, fields):
                raise not_found(here)
        except Refused as error:
            if error.code != "READ_HEADER_NOT_FOUND":
                raise
            refusals.append(error)
            sheet = None
        count += sheet is not None
        yield number, name, sheet
    if not count:
        raise _none(refusals, place)


def _is_meant(header: Header, fields: Sequence[Asked]) -> bool:
    """Whether it is more than a word in common where no field is required: half of them."""
    return any(field.required for field in fields) or len(header.columns) * 2 >= len(fields)


def _none(refusals: list[Refused], place: Place) -> Refused:
    refusals.sort(key=lambda error: error.code == "READ_HEADER_NOT_FOUND")
    again = Text("重新导出并报送", "export it again and deliver it")
    nothing = Refused("READ_EMPTY", "工作簿中没有内容", "the workbook is empty", place=place, remedy=again)
    return refusals[0] if refusals else nothing


def not_read(names: Sequence[str]) -> Note:
    """The note of the sheets that were not read."""
    text = "、".join(names[:10])
    return Note("sheets_not_read", Text(f"未读取的工作表：{text}", f"sheets not read: {text}"), len(names))


def _sheet_names(book: Any, declared: str | None, place: Place) -> list[str]:
    visible = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == calamine.SheetTypeEnum.WorkSheet and sheet.visible == calamine.SheetVisibleEnum.Visible
    ]
    if declared is None:
        return visible
    if declared in book.sheet_names:
        return [declared]
    raise _missing(declared, place)


def _missing(declared: str, place: Place) -> Refused:
    return Refused(
        "READ_SHEET_MISSING",
        f"工作簿中没有契约要求的工作表“{declared}”",
        f"the workbook has no sheet “{declared}”, which the contract asks for",
        place=place,
        remedy=Text("按契约命名工作表", "name the sheet as the contract does"),
    )


def _sheet(
    book: Any, path: Path, name: str, job: Mapping[str, Any], fields: Sequence[Asked], place: Place
) -> Sheet | None:
    """The sheet with its header; None when it holds nothing at all."""
    try:
        raw = book.get_sheet_by_name(name)
    except (calamine.CalamineError, OSError, ValueError):
        raise damaged(place) from None
    if raw.start is None:
        return None
    left = raw.start[1]
    if raw.width > job["max_columns"]:
        raise too_wide(place, 1, raw.width, job["max_columns"])
    if raw.total_height * raw.width > job["max_cells"]:
        raise Refused(
            "READ_SHEET_SIZE",
            f"工作表有 {raw.total_height} 行 {raw.width} 列，超过上限",
            f"the sheet has {raw.total_height} rows and {raw.width} columns, more than the limit",
            place=place,
            remedy=Text(
                "删除数据之外带格式的空行空列，或改报 CSV", "remove formatted empty rows and columns, or deliver CSV"
            ),
        )
    rows = (_texts(row, job["max_cell"], place, number) for number, row in enumerate(raw.iter_rows(), 1))
    head: list[Cells] = []
    for row in rows:
        head.append(row)
        if len(head) >= _HEAD:
            break
    header = _header(head, job, fields, place)
    known = flaws(path, name) if job["format"] == "xlsx" else Flaws()
    return Sheet(name, rows, head, header, raw.merged_cell_ranges or (), left, known)


def _header(head: Sequence[Cells], job: Mapping[str, Any], fields: Sequence[Asked], place: Place) -> Header:
    if job["header"] == "none":
        return by_position(max(map(len, head)), fields, place)
    declared, wide = job["header_row"], job["wide"]
    found = find_header(head, fields, declared=declared and declared - 1, place=place, wide=wide)
    first = None if declared else first_table(head, found, names_of(fields))
    return found if first is None else find_header(head, fields, declared=first, place=place, wide=wide)


def _texts(row: Sequence[Any], most: int, place: Place, number: int) -> Cells:
    texts = [cell_text(value) for value in row]
    for text in texts:
        if text is not None and len(text) > most:
            raise Refused(
                "READ_CELL_TOO_LONG",
                f"第 {number} 行有单元格超过 {most} 个字符",
                f"row {number} has a cell of more than {most} characters",
                place=Place(file=place.file, sheet=place.sheet, row=number, dataset=place.dataset),
            )
    return texts
