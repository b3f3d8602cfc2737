"""The officer's own workbook back with each fault at its cell: a comment, a fill, and 问题清单 with links.

The copy is made in a process of its own (`infra.apart`), for it parses the officer's file once more. What stood in the
cells stays; pictures, charts and macros do not come along, and an .xls or .et comes back as .xlsx.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalogs.rules.faults import Fault
from infra.apart import Bounds, answer, ask
from infra.errors import Place
from infra.workbook_rows import WORKBOOK

if TYPE_CHECKING:
    from openpyxl import Workbook

BOUNDS = Bounds(memory=4 * 1024**3, seconds=180)
LIST = "问题清单"
_MARKED = 10_000
"""How many cells are marked; the list names all faults."""
_LINE = 24
"""Chinese characters in a line of a comment."""
_RED, _AUTHOR = "FFFFC7CE", "cityhub"


def write_marked(
    source: Path, target: Path, faults: Sequence[Fault], lang: str, stamps: Mapping[str, str] | None = None
) -> None:
    """Writes the marked copy of `source` to `target`; `stamps` are what its rows are held against next time.

    Raises:
        Refused: READ_DAMAGED, READ_MEMORY, READ_TIME.
        Unavailable: SHEET_WRITE, READ_PROCESS.
    """
    told = [
        {
            "sheet": fault.place.sheet,
            "row": fault.place.row,
            "column": fault.place.column,
            "text": fault.text.say(lang),
            "remedy": fault.remedy.say(lang) if fault.remedy else "",
        }
        for fault in faults
    ]
    job = {
        "source": str(source.resolve()),
        "target": str(target.resolve()),
        "faults": told,
        "stamps": dict(stamps or {}),
    }
    ask("catalogs.sheet.marking", job, BOUNDS, Place(file=source.name), WORKBOOK)


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """The process's side."""
    from catalogs.sheet.putting import put_in_place  # noqa: PLC0415
    from catalogs.sheet.writing import write_stamps  # noqa: PLC0415

    book = _opened(Path(job["source"]))
    by_cell: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for fault in job["faults"]:
        if fault["sheet"] in book.sheetnames and fault["row"]:
            by_cell[fault["sheet"], f"{fault['column'] or 'A'}{fault['row']}"].append(fault)
    for (sheet, cell), faults in list(by_cell.items())[:_MARKED]:
        _mark(book[sheet], cell, faults)
    if job["stamps"]:
        write_stamps(book, job["stamps"])
    _list(book, job["faults"])
    put_in_place(Path(job["target"]), book.save)
    return {}


def _opened(source: Path) -> "Workbook":
    """The workbook itself, or its cells where it is no .xlsx."""
    from openpyxl import Workbook, load_workbook  # noqa: PLC0415

    from catalogs.sheet.writing import write_value  # noqa: PLC0415
    from infra.workbook_rows import Most, kind_of, rows_of  # noqa: PLC0415

    place = Place(file=source.name)
    if kind_of(source, place, Most().bytes)[0] == "xlsx":
        # The editor's own name decides for the library; its content was looked at.
        with source.open("rb") as file:
            return load_workbook(file)
    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in rows_of(source, source.name).sheets:
        made = book.create_sheet(sheet.name)
        made.sheet_state = "hidden" if sheet.hidden else "visible"
        for number, row in enumerate(sheet.rows, 1):
            for at, text in enumerate(row, 1):
                if text is not None:
                    write_value(made.cell(number, at), text)
        for top, left, bottom, right in sheet.merged:
            made.merge_cells(start_row=top + 1, end_row=bottom + 1, start_column=left + 1, end_column=right + 1)
    return book


def _mark(sheet: Any, at: str, faults: Sequence[Mapping[str, Any]]) -> None:
    from openpyxl.cell.cell import MergedCell  # noqa: PLC0415
    from openpyxl.comments import Comment  # noqa: PLC0415
    from openpyxl.styles import PatternFill  # noqa: PLC0415

    cell = sheet[at]
    if isinstance(cell, MergedCell):
        over = next((each for each in sheet.merged_cells.ranges if at in each), None)
        cell = sheet.cell(over.min_row, over.min_col) if over else cell
    said = "\n".join(f"{one['text']}\n→ {one['remedy']}" if one["remedy"] else one["text"] for one in faults)
    before = f"{cell.comment.text}\n" if cell.comment else ""
    comment = Comment(before + said, _AUTHOR)
    lines = sum(len(line) // _LINE + 1 for line in comment.text.splitlines())
    comment.width, comment.height = 360, 20 + 18 * lines
    cell.comment = comment
    _unfold(sheet, cell.column_letter)
    cell.fill = PatternFill("solid", fgColor=_RED)


def _unfold(sheet: Any, letter: str) -> None:
    """Shows the column of a fault: a folded one would hide it."""
    for dimension in sheet.column_dimensions.values():
        if dimension.hidden and _covers(dimension, letter):
            dimension.hidden = False


def _covers(dimension: Any, letter: str) -> bool:
    from openpyxl.utils import column_index_from_string  # noqa: PLC0415

    first = column_index_from_string(dimension.index)
    return bool((dimension.min or first) <= column_index_from_string(letter) <= (dimension.max or first))


def _list(book: "Workbook", faults: Sequence[Mapping[str, Any]]) -> None:
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415

    from catalogs.sheet.writing import write_value  # noqa: PLC0415

    if LIST in book.sheetnames:
        book.remove(book[LIST])
    sheet = book.create_sheet(LIST)
    for number, (title, width) in enumerate((("序号", 6), ("位置", 18), ("问题", 60), ("处理办法", 80)), 1):
        sheet.cell(1, number, title).font = Font(bold=True)
        sheet.column_dimensions["ABCD"[number - 1]].width = width
    for row, fault in enumerate(faults, 2):
        at = f"{fault['column'] or 'A'}{fault['row']}" if fault["row"] else ""
        place = f"{fault['sheet']}!{at}" if fault["sheet"] else ""
        for number, value in enumerate((row - 1, place, fault["text"], fault["remedy"]), 1):
            cell = sheet.cell(row, number)
            write_value(cell, value)
            cell.alignment = Alignment(vertical="top", wrap_text=True)
        if place and at:
            quoted = str(fault["sheet"]).replace("'", "''")
            sheet.cell(row, 2).hyperlink = f"#'{quoted}'!{at}"
            sheet.cell(row, 2).font = Font(color="FF0563C1", underline="single")
    sheet.freeze_panes = "A2"
    book.active = len(book.sheetnames) - 1


if __name__ == "__main__":
    sys.exit(answer(run))
