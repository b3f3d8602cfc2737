"""One workbook in a process of its own (`infra.apart`), which writes the spool.

What one record is: a row of the sheet below its header with at least one value. A row that is one merged cell across at
least half of the table (a title, a province's heading) is none. A cell merged over several rows has its value in each.
Tables that stand below one another are told apart (`lake.read.stacked`).
"""

import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from infra.apart import answer
from infra.errors import Place
from infra.language import Text
from infra.workbook import open_workbook
from lake.read.below import Below, without_below
from lake.read.match import Header
from lake.read.place import encoded, filled
from lake.read.refusals import SHEETS, below_notes, blank_header, header_notes, joined_notes, no_records
from lake.read.sheets import Asked, Cells, Sheet, all_sheets, choose_sheet, is_pattern, not_read
from lake.read.source import Note
from lake.read.spool import Spool, cells_json, extra_json
from lake.read.stacked import AHEAD, Tables

_TOLD = 10
_ROW = Text("第{line}行", "row {line}")


@dataclass(slots=True)
class Seen:
    """What was noticed in the sheets that were read; places are those of `lake.read.place`."""

    merged_rows: int = 0
    merged_cells: int = 0
    again: int = 0
    others: list[int] = field(default_factory=list)
    unproved: list[int] = field(default_factory=list)
    below: Below = field(default_factory=Below)

    def take(self, tables: Tables, sheet: int) -> None:
        """Add what is known of the tables of one sheet."""
        self.again += tables.again
        self.others += [encoded(0, row, sheet=sheet) for row in tables.others]
        self.unproved += [encoded(0, row, sheet=sheet) for row in tables.unproved]

    def notes(self) -> Iterator[Note]:
        """What there is to say."""
        others, unproved = _listed(self.others), _listed(self.unproved)
        said = (
            (
                "merged_rows_skipped",
                self.merged_rows,
                "跳过合并的标题行 {} 行",
                "{} merged heading rows hold no record",
            ),
            (
                "merged_cells_filled",
                self.merged_cells,
                "按合并单元格补值 {} 处",
                "{} cells take the value of the merged cell that covers them",
            ),
            (
                "headers_again",
                self.again,
                "契约的表头在下方又出现 {} 次，其下的行各按该表头读取",
                "the contract's header comes again {} times; the rows below each are read by it",
            ),
            (
                "other_tables",
                len(self.others),
                f"{others.zh}起是契约之外的另一张表，其各行列入问题数据",
                f"another table, of which the contract knows nothing, begins at {others.en}; its rows are set aside",
            ),
            (
                "rows_behind_gap",
                len(self.unproved),
                f"{unproved.zh}在空行或合并标题行之后，按同一张表读取",
                f"{unproved.en} came behind an empty row or a merged heading and was read as the same table",
            ),
        )
        for code, count, zh, en in said:
            if count:
                yield Note(code, Text(zh.format(count), en.format(count)), count)
        yield from below_notes(self.below.first, self.below.rows)


def _listed(places: Sequence[int]) -> Text:
    told = [filled(_ROW, place) for place in places[:_TOLD]]
    more = len(places) > _TOLD
    return Text(
        "、".join(one.zh for one in told) + ("等" if more else ""),
        ", ".join(one.en for one in told) + (", …" if more else ""),
    )


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the workbook into the spool at `job["target"]`."""
    place = Place(file=job["name"], dataset=job["dataset"])
    path = Path(job["path"])
    fields = [Asked(field["name"], tuple(field["names"]), field["required"]) for field in job["fields"]]
    names = [field.name for field in fields]
    seen = Seen()
    with open_workbook(path, place) as book, Spool(Path(job["target"]), names) as spool:
        if is_pattern(job["sheet"]):
            read, notes = _several(book, path, job, fields, spool, seen)
        else:
            sheet, notes = choose_sheet(book, path, job, fields, place)
            _spool(sheet, fields, spool, job, seen, 0)
            read, place = sheet.name, replace(place, sheet=sheet.name, row=sheet.header.row + sheet.header.height)
            notes += header_notes(sheet.header, sheet.header.row + 1)
    if not spool.count:
        raise no_records(place, place.row or 1)
    notes += seen.notes()
    return {
        "sheet": read,
        "count": spool.count,
        "first_line": spool.first_line,
        "notes": [note.as_dict() for note in notes],
    }


def _several(
    book: Any, path: Path, job: Mapping[str, Any], fields: Sequence[Asked], spool: Spool, seen: Seen
) -> tuple[str, list[Note]]:
    """Spools every sheet that is meant and has the contract's header; what was read, and what there is to say."""
    place = Place(file=job["name"], dataset=job["dataset"])
    read: list[str] = []
    others: list[str] = []
    notes: list[Note] = []
    for number, name, sheet in all_sheets(book, path, job, fields, place):
        if sheet is None:
            others.append(name)
            continue
        _spool(sheet, fields, spool, job, seen, number)
        read.append(f"{number} {name}")
        notes += header_notes(sheet.header, sheet.header.row + 1)
    listed = "、".join(read[:_TOLD]) + ("…" if len(read) > _TOLD else "")
    said = Text(f"读取了 {len(read)} 个工作表：{listed}", f"{len(read)} sheet(s) read: {listed}")
    return listed, [
        Note("sheets_read", said, len(read)),
        *([not_read(others)] if others else []),
        *joined_notes(notes, SHEETS),
    ]


def _rows(sheet: Sheet) -> Iterator[tuple[int, Cells]]:
    """Index and cells of each row below the header."""
    first = sheet.header.row + sheet.header.height
    yield from enumerate(sheet.head[first:], first)
    yield from enumerate(sheet.rows, max(len(sheet.head), first))


class _Ahead:
    """Rows one by one, with a look at those that follow."""

    def __init__(self, rows: Iterator[tuple[int, Cells]]) -> None:
        self._rows = rows
        self._waiting: deque[tuple[int, Cells]] = deque()

    def __iter__(self) -> Iterator[tuple[int, Cells]]:
        while True:
            one = self._waiting.popleft() if self._waiting else next(self._rows, None)
            if one is None:
                return
            yield one

    def look(self) -> list[Cells]:
        """The next rows, as many as `lake.read.stacked` looks at."""
        self._waiting.extend(islice(self._rows, AHEAD - len(self._waiting)))
        return [row for _, row in self._waiting]


def _spool(
    sheet: Sheet, fields: Sequence[Asked], spool: Spool, job: Mapping[str, Any], seen: Seen, number: int
) -> None:
    """Writes the records of the sheet; `number` is its own among several, else 0."""
    place = Place(file=job["name"], sheet=sheet.name, dataset=job["dataset"])
    across = _across(sheet, len(sheet.header.names)) if job["skip_merged"] else frozenset()
    down = _Downwards(sheet)
    tables = Tables(sheet.header, sheet.head[sheet.header.row], fields, job["wide"])
    meant = _rows(sheet)
    if job["below"] == "leave_out":
        width = len(sheet.header.names)
        meant = without_below(
            meant,
            lambda one: one[1],
            width,
            seen.below,
            lambda one: encoded(0, one[0] + 1, sheet=number),
            lambda one: down.covers(one[0]),
        )
    rows, columns, heading = _Ahead(meant), _Columns(sheet.header, fields), 0
    for index, row in rows:
        if heading:
            heading -= 1
            down.fill(index, row)
            continue
        if index in across and sum(cell is not None for cell in row) <= 1:
            seen.merged_rows += 1
            tables.gap = True
            continue
        flawed = sheet.flaws.apply(index, sheet.left, row)
        seen.merged_cells += down.fill(index, row)
        if not flawed and all(cell is None for cell in row):
            tables.gap = True
            continue
        heading = tables.headed(index, row, rows.look)
        if heading:
            heading -= 1
            columns = _Columns(tables.header, fields)
            continue
        at = encoded(0, index + 1, sheet=number)
        if flawed or tables.is_other:
            spool.add_fault("other_table" if tables.is_other else "formula", at, cells_json(row))
        else:
            columns.add(row, spool, at, index, place)
    seen.take(tables, number)


class _Columns:
    """Where the fields stand below one header."""

    def __init__(self, header: Header, fields: Sequence[Asked]) -> None:
        self._header, self._width = header, len(header.names)
        self._positions = [header.columns.get(field.name) for field in fields]

    def add(self, row: Cells, spool: Spool, at: int, index: int, place: Place) -> None:
        """Write one record."""
        header = self._header
        if any(cell is not None for cell in row[self._width :]):
            spool.add_fault("ragged", at, cells_json(row))
            return
        for blank in header.blanks:
            if row[blank] is not None:
                raise blank_header(place, blank, index + 1)
        extra = extra_json({name: row[column] for column, name in header.extras}) if header.extras else None
        spool.add([None if column is None else row[column] for column in self._positions], at, extra)


def _across(sheet: Sheet, width: int) -> frozenset[int]:
    """Rows that are one merged cell across at least half of the table."""
    wide = max(2, (width + 1) // 2)
    return frozenset(top for (top, left), (bottom, right) in sheet.merged if top == bottom and right - left + 1 >= wide)


class _Downwards:
    """Cells merged over several rows: the value of the first row holds in the others."""

    def __init__(self, sheet: Sheet) -> None:
        first = sheet.header.row + sheet.header.height
        self._left = sheet.left
        self._spans = sorted(
            (top, bottom, left, right) for (top, left), (bottom, right) in sheet.merged if bottom > top >= first
        )
        self._open: list[tuple[int, int, str]] = []
        self._next = 0

    def covers(self, index: int) -> bool:
        """Whether such a cell of one column reaches into the row from above; asked of few rows."""
        return any(top < index <= bottom for top, bottom, left, right in self._spans if left == right)

    def fill(self, index: int, row: Cells) -> int:
        """Fills `row`; how many cells."""
        self._open = [span for span in self._open if span[0] >= index]
        filled = 0
        for _, column, value in self._open:
            if row[column] is None:
                row[column] = value
                filled += 1
        while self._next < len(self._spans) and self._spans[self._next][0] <= index:
            top, bottom, left, _ = self._spans[self._next]
            self._next += 1
            column = left - self._left
            if top == index and 0 <= column < len(row) and row[column] is not None:
                self._open.append((bottom, column, row[column] or ""))
        return filled


if __name__ == "__main__":
    sys.exit(answer(run))
