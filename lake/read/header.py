"""Which of a table's first rows is its header. Pure: rows of texts in, an index out.

A header is a row of texts, wide as the table, no two alike, above values that look otherwise. Where columns of numbers
and dates begin with a number or a date in the first row, that row is data and there is no header.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from infra.text import fold
from lake.read.names import numbered

_DATA = re.compile(
    r"\s*[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]*)?([eE][+-]?[0-9]+)?\s*%?"
    r"|\s*[0-9]{4}[-/.年][0-9]{1,2}([-/.月][0-9]{1,2}.*)?|\s*[0-9]{1,2}[-/:][0-9]{1,2}([-/:][0-9]{2,4})?.*"
)
_YEAR = re.compile(r"\s*(19|20)[0-9]{2}年?\s*")
# What reads like data and names the columns of a wide table: years, days, hours above values that are none.
_NAMING = (
    _YEAR,
    re.compile(r"\s*[0-9]{4}[-/.年][0-9]{1,2}([-/.月][0-9]{1,2}日?)?月?\s*|\s*[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}\s*"),
    re.compile(r"\s*[0-9]{1,2}:[0-9]{2}\s*"),
)
_CODES = 8
_SEARCHED = 30
Row = Sequence[str | None]
_folded = lru_cache(10_000)(fold)


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
    first = rows[wide[0]]
    if _filled(first) >= width and _likeness(rows, wide[0], width) <= -1 and not any(is_data(c or "") for c in first):
        return None  # below texts of the table's whole width, which are a record, no header is looked for
    best = max(wide, key=lambda at: (_likeness(rows, at, width), -at))
    if _likeness(rows, best, width) <= 0:
        return None
    if _leads(rows[wide[0] :], width) and not any(
        _values_below(rows[best + 1 :], position) for position in range(width)
    ):
        return wide[0]  # among nothing but texts, names that come twice are no reason to look further down
    return best + 1 if _goes_on(rows, best) else best


def header_names(rows: Sequence[Row], at: int) -> tuple[str, ...]:
    """The names in the header: a column without one, and one whose name came before, is called by its number.

    Names that come twice are told apart by the row above where that can be done (`PM2.5` over `日均`: `PM2.5日均`).
    A column without a name is left out where it is empty, as far as was looked.
    """
    names: list[str] = []
    seen: set[str] = set()
    for position, cell in enumerate(_grouped(rows, at) or rows[at]):
        blank = cell is None or not cell.strip()
        if cell is not None and not blank and fold(cell) not in seen:
            names.append(cell)
            seen.add(fold(cell))
        elif not blank or any(row[position] for row in rows[at + 1 :] if position < len(row)):
            names.append(numbered(cell, position))
    return tuple(names)


def _goes_on(rows: Sequence[Row], at: int) -> bool:
    """Whether the row below is the header's second: texts under each of its gaps, above values that are none."""
    if at + 2 >= len(rows):
        return False
    above, row = rows[at], rows[at + 1]
    gaps = [position for position in range(len(row)) if not (position < len(above) and (above[position] or "").strip())]
    named = [position for position, cell in enumerate(row) if cell and cell.strip()]
    if not gaps or not set(gaps) <= set(named) or any(is_data(row[position] or "") for position in named):
        return False
    return len(named) < len(row) and all(_values_below(rows[at + 2 :], position) for position in named)


def _values_below(rows: Sequence[Row], position: int) -> bool:
    column = _column(rows, position)
    return sum(map(is_data, column)) * 2 > len(column)


def _column(rows: Sequence[Row], position: int) -> list[str]:
    return [cell for row in rows if position < len(row) and (cell := row[position])]


def _grouped(rows: Sequence[Row], at: int) -> Row | None:
    """The header with their group's before names that come twice, None where that does not make each its own.

    A group holds to the right while nothing else stands above, as a header of several rows is read (`read.match`).
    """
    counted = Counter(fold(cell) for cell in rows[at] if cell and cell.strip())
    if not at or (all(count == 1 for count in counted.values()) and not _goes_on(rows, at - 1)):
        return None
    names: list[str | None] = []
    group, filled = "", _filled(rows[at - 1])
    for position, cell in enumerate(rows[at]):
        above = ((rows[at - 1][position] if position < len(rows[at - 1]) else None) or "").strip()
        group, name = above or group, (cell or "").strip()
        twice = counted[fold(name)] > 1 and fold(name) != fold(group)
        names.append((group + name if twice else name or (above if filled > 1 else "")) or None)
    made = [fold(name) for name in names if name]
    return names if len(set(made)) == len(made) else None


def _leads(rows: Sequence[Row], width: int) -> bool:
    """Whether the first row names all columns, or all but the last ones above a row that fills them."""
    first = rows[0]
    named = _filled(first)
    begins = all(cell and cell.strip() for cell in first[:named])
    full = named >= width or (begins and len(rows) > 1 and _filled(rows[1]) >= width)
    return full and not any(is_data(cell or "") for cell in first)


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
    texts = [_folded(cell) for _, cell in cells]
    named = _naming(cells, rows, at)
    data = sum(is_data(cell) for position, cell in cells if position not in named)
    below = rows[at + 1 :]
    against, towards = 0.0, 0
    for number, (position, cell) in enumerate(cells):
        column = [row[position] for row in below if position < len(row) and row[position]]
        looks = sum(is_data(value) for value in column if value)
        if column and looks * 2 > len(column):
            towards += not is_data(cell) or position in named
            against += is_data(cell) and position not in named
        elif column and not is_data(cell):
            # Among texts a value that comes again below is a value; a text above numbers says more.
            against += (sum(_folded(value) == texts[number] for value in column if value) * 2 > len(column) / 4) / 2
    if against > towards or (data * 2 > len(cells) and not towards):
        return -1.0
    if not towards and (data or against):
        return -0.5
    distinct = len(set(texts)) / len(texts)
    return distinct + len(cells) / max(1, width) + towards / len(cells) - data / len(cells) - at * 0.02


def _naming(cells: Sequence[tuple[int, str]], rows: Sequence[Row], at: int) -> set[int]:
    """The cells that read like data and name their columns: several of one kind, above values of another.

    One alone is such a name where all beside it are texts and no other cell of its column is of its kind.
    """
    found: set[int] = set()
    below = rows[at + 1 :]
    for pattern in (*_NAMING, *_codes(cells)):
        some = [position for position, cell in cells if pattern.fullmatch(cell)]
        if len(some) > 1:
            found |= {position for position in some if not _below(below, position, pattern)}
        elif some and 1 < len(cells) == 1 + sum(not is_data(cell) for _, cell in cells):
            others = [*rows[:at], *below]
            if _values_below(below, some[0]) and not any(map(pattern.fullmatch, _column(others, some[0]))):
                found.add(some[0])
    return found


def _codes(cells: Sequence[tuple[int, str]]) -> list[re.Pattern[str]]:
    """Whole numbers of one length, most of the row, no two alike: codes of what the columns are about."""
    lengths = Counter(len(cell.strip()) for _, cell in cells if cell.strip().isdigit())
    size, count = max(lengths.items(), key=lambda one: one[1], default=(0, 0))
    alike = len({cell.strip() for _, cell in cells if len(cell.strip()) == size and cell.strip().isdigit()})
    fits = size >= 3 and count >= _CODES and alike == count and count * 5 >= len(cells) * 4
    return [re.compile(rf"\s*[0-9]{{{size}}}\s*")] if fits else []


def _below(rows: Sequence[Row], position: int, pattern: re.Pattern[str]) -> bool:
    """Whether the column below is of that kind too: then the cell above is one of its values, and else a name."""
    column = _column(rows, position)
    return not rows or sum(pattern.fullmatch(cell) is not None for cell in column) * 2 >= max(1, len(column))


def is_data(cell: str) -> bool:
    """Whether a cell is a number, a date or a time."""
    return _DATA.fullmatch(cell) is not None


def is_year(cell: str) -> bool:
    """Whether a cell is a year, which is a number and may all the same be a column's name."""
    return _YEAR.fullmatch(cell) is not None
