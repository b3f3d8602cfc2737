"""All rows of a workbook's sheets as texts, read in a process of its own (`infra.apart`): forms that people fill in.

`read_rows` is the caller's side. What a cell says is `infra.cells`; a formula is its stored result, and where it stood
is told. Macros are never run, and that there are some is told. What the file is, its content says and not its name.
"""

import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.apart import Bounds, Kind, answer, ask
from infra.cells import cell_text, flaws, formulas
from infra.errors import Place, Refused
from infra.language import Text
from infra.workbook import damaged, encrypted, open_workbook

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD = 16 * 1024 * 1024
_REMEDY = Text(
    "用 Excel 或 WPS 打开后另存为 .xlsx，删去多余的工作表、空行和空列，再交一次",
    "open it in Excel or WPS, save it as .xlsx without needless sheets, rows and columns, and hand it in again",
)
WORKBOOK = Kind(Text("工作簿", "workbook"), _REMEDY)


@dataclass(frozen=True, slots=True)
class Most:
    """How much a form may hold: bytes of the file, sheets, rows and columns of a sheet, cells, characters of a cell."""

    bytes: int = 64 * 1024 * 1024
    sheets: int = 200
    rows: int = 100_100
    columns: int = 600
    cells: int = 6_000_000
    cell: int = 32_767

    def as_dict(self) -> dict[str, int]:
        """Plain values, for the process."""
        return {key: getattr(self, key) for key in self.__slots__}


@dataclass(frozen=True, slots=True)
class SheetRows:
    """One sheet: its cells from A1 on, None where empty; merged ranges, errors and formulas by (row, column) from 0."""

    name: str
    hidden: bool
    rows: list[list[str | None]]
    merged: tuple[tuple[int, int, int, int], ...]
    formulas: frozenset[tuple[int, int]]
    unsolved: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Rows:
    """A workbook's sheets; `kind` is "xlsx" or "xls" (as .et is), `macros` whether it carries some."""

    kind: str
    macros: bool
    sheets: tuple[SheetRows, ...]


def read_rows(path: Path, name: str, bounds: Bounds, most: Most | None = None) -> Rows:
    """The sheets of the workbook at `path`, which is called `name` in sentences.

    Raises:
        Refused: READ_EMPTY, READ_FORMAT, READ_ENCRYPTED, READ_DAMAGED, READ_SHEET_SIZE, READ_SHEETS_MANY,
            READ_CELL_TOO_LONG, READ_MEMORY, READ_TIME.
        Unavailable: READ_PROCESS.
    """
    job = {"path": str(path), "name": name, "most": (most or Most()).as_dict()}
    return _rows(ask("infra.workbook_rows", job, bounds, Place(file=name), WORKBOOK))


def rows_of(path: Path, name: str) -> Rows:
    """`read_rows` in this process: for one that is a guarded one already.

    Raises:
        Refused: as `read_rows`.
    """
    return _rows(run({"path": str(path), "name": name, "most": Most().as_dict()}))


def _rows(said: Mapping[str, Any]) -> Rows:
    return Rows(said["kind"], said["macros"], tuple(_sheet(one) for one in said["sheets"]))


def _sheet(said: Mapping[str, Any]) -> SheetRows:
    pairs = [frozenset((row, column) for row, column in said[key]) for key in ("formulas", "unsolved")]
    merged = tuple((top, left, bottom, right) for top, left, bottom, right in said["merged"])
    return SheetRows(said["name"], said["hidden"], said["rows"], merged, pairs[0], pairs[1])


def kind_of(path: Path, place: Place, most: int) -> tuple[str, bool]:
    """What the workbook is, and whether it carries macros.

    Raises:
        Refused: READ_EMPTY, READ_FORMAT, READ_ENCRYPTED, READ_DAMAGED, READ_SHEET_SIZE.
    """
    if path.stat().st_size > most:
        raise Refused(
            "READ_SHEET_SIZE",
            f"文件超过 {most // 1024**2} MB",
            f"the file is larger than {most // 1024**2} MB",
            place=place,
            remedy=_REMEDY,
        )
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise Refused("READ_EMPTY", "文件是空的", "the file is empty", place=place, remedy=_REMEDY)
    if head.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in head:
            raise encrypted(place)
        return "xls", "_VBA_PROJECT".encode("utf-16-le") in head
    if head.startswith(_ZIP):
        try:
            with zipfile.ZipFile(path) as archive:
                names = set(archive.namelist())
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            raise damaged(place) from None
        if "xl/workbook.xml" in names:
            return "xlsx", "xl/vbaProject.bin" in names
    raise Refused(
        "READ_FORMAT",
        "该文件不是 Excel 或 WPS 工作簿（.xlsx、.xls、.et）",
        "the file is no workbook of Excel or WPS (.xlsx, .xls, .et)",
        place=place,
        remedy=_REMEDY,
    )


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the workbook at `job["path"]`, whole."""
    most, place, path = Most(**job["most"]), Place(file=job["name"]), Path(job["path"])
    kind, macros = kind_of(path, place, most.bytes)
    book = open_workbook(path, place)
    sheets = _worksheets(book)
    if len(sheets) > most.sheets:
        raise Refused(
            "READ_SHEETS_MANY",
            f"工作簿有 {len(sheets)} 个工作表，超过上限 {most.sheets} 个",
            f"the workbook has {len(sheets)} sheets, more than the {most.sheets} allowed",
            place=place,
            remedy=_REMEDY,
        )
    found, left = [], most.cells
    for name, hidden in sheets:
        sheet = _read(book, name, most, left, Place(file=job["name"], sheet=name))
        left -= sum(map(len, sheet["rows"]))
        found.append({"name": name, "hidden": hidden, **sheet, **_computed(path, kind, name, sheet["rows"])})
    return {"kind": kind, "macros": macros, "sheets": found}


def _worksheets(book: Any) -> list[tuple[str, bool]]:
    import python_calamine as calamine  # noqa: PLC0415 - the caller's side reads no workbook

    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet]
    return [(sheet.name, sheet.visible != calamine.SheetVisibleEnum.Visible) for sheet in sheets]


def _read(book: Any, name: str, most: Most, left: int, place: Place) -> dict[str, Any]:
    try:
        raw = book.get_sheet_by_name(name)
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        raise damaged(place) from None  # the library's own errors, of which there are many kinds
    if raw.start is None:
        return {"rows": [], "merged": []}
    margin = raw.start[1]
    width = margin + raw.width
    if raw.total_height > most.rows or width > most.columns or raw.total_height * width > left:
        raise Refused(
            "READ_SHEET_SIZE",
            f"工作表有 {raw.total_height} 行 {width} 列，超过上限（{most.rows} 行、{most.columns} 列）",
            f"the sheet has {raw.total_height} rows and {width} columns, more than the limit "
            f"({most.rows} rows, {most.columns} columns)",
            place=place,
            remedy=_REMEDY,
        )
    before: list[str | None] = [None] * margin
    rows = [before + [cell_text(value) for value in row] for row in raw.iter_rows()]
    for number, row in enumerate(rows, 1):
        if any(text is not None and len(text) > most.cell for text in row):
            raise Refused(
                "READ_CELL_TOO_LONG",
                f"第 {number} 行有单元格超过 {most.cell} 个字符",
                f"row {number} has a cell of more than {most.cell} characters",
                place=Place(file=place.file, sheet=place.sheet, row=number),
            )
    merged = [[top, start, bottom, end] for (top, start), (bottom, end) in raw.merged_cell_ranges or ()]
    return {"rows": rows, "merged": merged}


def _computed(path: Path, kind: str, name: str, rows: list[list[str | None]]) -> dict[str, Any]:
    """Puts error values into `rows`; where formulas stand, and where one has no stored result."""
    if kind != "xlsx":
        return {"formulas": [], "unsolved": []}
    known = flaws(path, name)
    for (row, column), text in known.errors.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = text
    unsolved = [(row, column) for row, columns in known.unsolved.items() for column in columns]
    return {"formulas": sorted(formulas(path, name)), "unsolved": sorted(unsolved)}


if __name__ == "__main__":
    sys.exit(answer(run))
