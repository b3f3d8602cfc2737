"""One workbook in a process of its own (`lake.read.apart`), which writes the spool.

What one record is: a row of the sheet below its header with at least one value. A row that is one merged cell across at
least half of the table (a title, a province's heading) is none. A cell merged over several rows has its value in each.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.errors import Place
from infra.language import Text
from lake.read.apart import answer
from lake.read.refusals import blank_header, header_notes, no_records
from lake.read.sheets import Asked, Cells, Sheet, choose_sheet, open_workbook
from lake.read.source import Note
from lake.read.spool import Spool, cells_json, extra_json


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the workbook into the spool at `job["target"]`."""
    place = Place(file=job["name"], dataset=job["dataset"])
    path = Path(job["path"])
    fields = [Asked(field["name"], tuple(field["names"]), field["required"]) for field in job["fields"]]
    with open_workbook(path, place) as book:
        sheet, notes = choose_sheet(book, path, job, fields, place)
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
    sys.exit(answer(run))
