"""Which of a table's first rows is its header. Pure: rows of texts in, an index out.

A header is a row of texts, wide as the table, no two alike, above values that look otherwise. Where columns of numbers
and dates begin with a number or a date in the first row, that row is data and there is no header.
"""

import re
from collections import Counter
from collections.abc import Sequence

from infra.text import fold
from lake.read.names import numbered

_DATA = re.compile(
    r"\s*[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]*)?([eE][+-]?[0-9]+)?\s*%?"
    r"|\s*[0-9]{4}[-/.年][0-9]{1,2}([-/.月][0-9]{1,2}.*)?|\s*[0-9]{1,2}[-/:][0-9]{1,2}([-/:][0-9]{2,4})?.*"
)
_YEAR = re.compile(r"\s*(19|20)[0-9]{2}年?\s*")
_SEARCHED = 30
Row = Sequence[str | None]


def header_row(rows: Sequence[Row]) -> int | None:
    """The index of the header among the first rows, None where the first row of the table's width is data already.

    -1 where the table begins only below the rows that are searched.
    """
    width = _width(rows)
    enough = max(1, -(-width * 3 // 5))
    wide = [at for at, row in enumerate(rows[:_SEARCHED]) if _filled(row) >= enough or _indexed(row, width)]
    if len(wide) > 1 and wide[-1] == len(rows) - 1:
        wide.pop()  # nothing stands below the last row that could speak against it
    if not wide:
        return (0 if width < 2 else -1) if rows else None
    best = max(wide, key=lambda at: (_likeness(rows, at, width), -at))
    return best if _likeness(rows, best, width) > 0 else None


def header_names(rows: Sequence[Row], at: int) -> tuple[str, ...]:
    """The names in the header: a column without one, and one whose name came before, is called by its number.

    A column without a name is left out where it is empty, as far as was looked.
    """
    names: list[str] = []
    seen: set[str] = set()
    for position, cell in enumerate(rows[at]):
        blank = cell is None or not cell.strip()
        if cell is not None and not blank and fold(cell) not in seen:
            names.append(cell)
            seen.add(fold(cell))
        elif not blank or any(row[position] for row in rows[at + 1 :] if position < len(row)):
            names.append(numbered(cell, position))
    return tuple(names)


def _indexed(row: Row, width: int) -> bool:
    """Whether every column but the first, an index, has a name."""
    return 1 < len(row) == width == _filled(row) + 1 and not (row[0] and row[0].strip())


def _width(rows: Sequence[Row]) -> int:
    counted = Counter(_filled(row) for row in rows if _filled(row))
    # Empty cells make rows narrower; a title makes one row narrow: the widest of the frequent widths is the table's.
    most = max(counted.values(), default=0)
    return max((width for width, count in counted.items() if count * 4 >= most), default=0)


def _filled(row: Row) -> int:
    return sum(bool(cell and cell.strip()) for cell in row)


def _likeness(rows: Sequence[Row], at: int, width: int) -> float:
    """How much the row is a header, negative for data."""
    cells = [(position, cell) for position, cell in enumerate(rows[at]) if cell and cell.strip()]
    texts = [fold(cell) for _, cell in cells]
    years = [position for position, cell in cells if is_year(cell)]
    named = {position for position in years if len(years) > 1 and not _years_below(rows[at + 1 :], position)}
    data = sum(is_data(cell) for position, cell in cells if position not in named)
    below = rows[at + 1 :]
    against, towards = 0.0, 0
    for position, cell in cells:
        column = [row[position] for row in below if position < len(row) and row[position]]
        looks = sum(is_data(value) for value in column if value)
        if column and looks * 2 > len(column):
            towards += not is_data(cell) or position in named
            against += is_data(cell) and position not in named
        elif column and not is_data(cell):
            # Among texts a value that comes again below is a value; a text above numbers says more.
            against += (sum(fold(value) == fold(cell) for value in column if value) * 2 > len(column) / 4) / 2
    if against > towards or (data * 2 > len(cells) and not towards):
        return -1.0
    if not towards and (data or against):
        return -0.5
    distinct = len(set(texts)) / len(texts)
    return distinct + len(cells) / max(1, width) + towards / len(cells) - data / len(cells) - at * 0.02


def _years_below(rows: Sequence[Row], position: int) -> bool:
    """Whether the column holds years: then a year above them is one of them, and else a year is a name."""
    column = [cell for row in rows if position < len(row) and (cell := row[position])]
    return sum(is_year(cell) for cell in column) * 2 >= max(1, len(column))


def is_data(cell: str) -> bool:
    """Whether a cell is a number, a date or a time."""
    return _DATA.fullmatch(cell) is not None


def is_year(cell: str) -> bool:
    """Whether a cell is a year, which is a number and may all the same be a column's name."""
    return _YEAR.fullmatch(cell) is not None
