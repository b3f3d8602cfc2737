"""One workbook in a process of its own: `python -m lake.read.workbook`, the job as JSON on stdin, the answer on stdout.

A broken or hostile workbook can drive any parser into taking all memory and time. This process limits its own address
space and processor time before it opens the file, knows no secret, and hands back a spool file and a few plain values.

What one record is: a row of the sheet below its header with at least one value. A row that is one merged cell across at
least half of the table (a title, a province's heading) is none. A cell merged over several rows has its value in each.
"""

import json
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import python_calamine as calamine

from infra.errors import HubError, Place, Refused
from infra.language import Text
from lake.read.cells import Flaws, cell_text, flaws
from lake.read.detect import encrypted
from lake.read.match import SEARCH_ROWS, Header, find_header
from lake.read.refusals import blank_header, header_notes, no_records, too_wide
from lake.read.source import Note
from lake.read.spool import Spool, cells_json, extra_json

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


def main() -> int:
    """Reads the job, answers, returns the exit status."""
    job = json.load(sys.stdin)
    limit_self(job["memory"], job["seconds"])
    try:
        answer = run(job)
    except HubError as error:
        place = error.place.as_dict() if error.place else {}
        remedy = [error.remedy.zh, error.remedy.en] if error.remedy else None
        answer = {
            "error": {"code": error.code, "zh": error.text.zh, "en": error.text.en, "place": place, "remedy": remedy}
        }
    except MemoryError:
        return 3
    json.dump(answer, sys.stdout, ensure_ascii=False)
    return 0


def limit_self(memory: int, seconds: int) -> None:
    """Bounds this process: address space in bytes, processor time in seconds, no core file."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the workbook into the spool at `job["target"]`."""
    place = Place(file=job["name"], dataset=job["dataset"])
    path = Path(job["path"])
    fields = [Asked(field["name"], tuple(field["names"]), field["required"]) for field in job["fields"]]
    with _opened(path, place) as book:
        sheet, notes = _choose(book, path, job, fields, place)
        here = Place(file=place.file, sheet=sheet.name, dataset=place.dataset)
        with Spool(Path(job["target"]), [field.name for field in fields]) as spool:
            counts = _spool(sheet, fields, spool, job["skip_merged"], here)
    if not spool.count:
        raise no_records(here, sheet.header.row + sheet.header.height)
    notes += [*header_notes(sheet.header, sheet.header.row + 1), *_counted(counts)]
    return {
        "sheet": sheet.name,
        "count": spool.count,
        "first_line": spool.first_line,
        "notes": [note.as_dict() for note in notes],
    }


def _opened(path: Path, place: Place) -> Any:
    try:
        return calamine.CalamineWorkbook.from_path(path)
    except calamine.PasswordError:
        raise encrypted(place) from None
    except (calamine.CalamineError, OSError, ValueError):
        raise _damaged(place) from None


def _damaged(place: Place) -> Refused:
    return Refused(
        "READ_DAMAGED",
        "工作簿已损坏，不能打开",
        "the workbook is damaged and cannot be opened",
        place=place,
        remedy=Text(
            "用 Excel 或 WPS 打开后另存为 .xlsx 再报送", "open it in Excel or WPS, save it as .xlsx and deliver that"
        ),
    )


def _choose(
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
            f"有多个工作表都符合合同：{listed}",
            f"several sheets match the contract: {listed}",
            place=place,
            remedy=Text(
                "合并到一个工作表，或在合同中写明工作表名",
                "put the data into one sheet, or name the sheet in the contract",
            ),
        )
    if not found:
        refusals.sort(key=lambda error: error.code == "READ_HEADER_NOT_FOUND")
        raise (
            refusals[0] if refusals else Refused("READ_EMPTY", "工作簿中没有内容", "the workbook is empty", place=place)
        )
    others = [name for name in names if name != found[0].name]
    text = "、".join(others[:10])
    note = Note("sheets_not_read", Text(f"未读取的工作表：{text}", f"sheets not read: {text}"), len(others))
    return found[0], [note] if others else []


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
    raise Refused(
        "READ_SHEET_MISSING",
        f"工作簿中没有合同要求的工作表“{declared}”",
        f"the workbook has no sheet “{declared}”, which the contract asks for",
        place=place,
        remedy=Text("按合同命名工作表", "name the sheet as the contract does"),
    )


def _sheet(
    book: Any, path: Path, name: str, job: Mapping[str, Any], fields: Sequence[Asked], place: Place
) -> Sheet | None:
    """The sheet with its header; None when it holds nothing at all."""
    try:
        raw = book.get_sheet_by_name(name)
    except (calamine.CalamineError, OSError, ValueError):
        raise _damaged(place) from None
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
    declared = job["header_row"]
    header = find_header(head, fields, declared=declared and declared - 1, place=place)
    known = flaws(path, name) if job["format"] == "xlsx" else Flaws()
    return Sheet(name, rows, head, header, raw.merged_cell_ranges or (), left, known)


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


def _rows(sheet: Sheet) -> Iterator[tuple[int, Cells]]:
    """Index and cells of each row below the header."""
    first = sheet.header.row + sheet.header.height
    yield from enumerate(sheet.head[first:], first)
    yield from enumerate(sheet.rows, max(len(sheet.head), first))


def _spool(
    sheet: Sheet,
    fields: Sequence[Asked],
    spool: Spool,
    skip_merged: bool,
    place: Place,
) -> dict[str, int]:
    """Writes the records; how many rows and cells were treated in what way."""
    header, width = sheet.header, len(sheet.header.names)
    positions = [header.columns.get(field.name) for field in fields]
    across = _across(sheet, width) if skip_merged else frozenset()
    down = _Downwards(sheet)
    counts = {"merged_rows_skipped": 0, "merged_cells_filled": 0}
    for index, row in _rows(sheet):
        if index in across and sum(cell is not None for cell in row) <= 1:
            counts["merged_rows_skipped"] += 1
            continue
        flawed = sheet.flaws.apply(index, sheet.left, row)
        counts["merged_cells_filled"] += down.fill(index, row)
        if not flawed and all(cell is None for cell in row):
            continue
        if flawed or any(cell is not None for cell in row[width:]):
            spool.add_fault("formula" if flawed else "ragged", index + 1, cells_json(row))
            continue
        for blank in header.blanks:
            if row[blank] is not None:
                raise blank_header(place, blank, index + 1)
        extra = extra_json({name: row[at] for at, name in header.extras}) if header.extras else None
        spool.add([None if at is None else row[at] for at in positions], index + 1, extra)
    return counts


def _across(sheet: Sheet, width: int) -> frozenset[int]:
    """Rows that are one merged cell across at least half of the table."""
    wide = max(2, (width + 1) // 2)
    return frozenset(top for (top, left), (bottom, right) in sheet.merged if top == bottom and right - left + 1 >= wide)


class _Downwards:
    """Cells merged over several rows: the value of the first row holds in the others."""

    def __init__(self, sheet: Sheet) -> None:
        first = sheet.header.row + sheet.header.height
        self._left = sheet.left
        self._spans = sorted((top, bottom, left) for (top, left), (bottom, _) in sheet.merged if bottom > top >= first)
        self._open: list[tuple[int, int, str]] = []
        self._next = 0

    def fill(self, index: int, row: Cells) -> int:
        """Fills `row`; how many cells."""
        self._open = [span for span in self._open if span[0] >= index]
        filled = 0
        for _, column, value in self._open:
            if row[column] is None:
                row[column] = value
                filled += 1
        while self._next < len(self._spans) and self._spans[self._next][0] <= index:
            top, bottom, left = self._spans[self._next]
            self._next += 1
            column = left - self._left
            if top == index and 0 <= column < len(row) and row[column] is not None:
                self._open.append((bottom, column, row[column] or ""))
        return filled


def _counted(counts: Mapping[str, int]) -> Iterator[Note]:
    texts = {
        "merged_rows_skipped": ("跳过合并的标题行 {} 行", "{} merged heading rows hold no record"),
        "merged_cells_filled": (
            "按合并单元格补值 {} 处",
            "{} cells take the value of the merged cell that covers them",
        ),
    }
    for code, count in counts.items():
        if count:
            zh, en = texts[code]
            yield Note(code, Text(zh.format(count), en.format(count)), count)


if __name__ == "__main__":
    sys.exit(main())
