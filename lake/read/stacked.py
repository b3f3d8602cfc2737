"""Tables that stand below one another in one sheet: which of them a row is of. Pure.

A table ends at an empty row or at a heading merged across it. What comes behind is

- another table of the contract, when a row says its header again: at least half of the columns that the first one had,
  below at most two lines of title. Its own order of columns holds from there on. Where the header is repeated word for
  word, as on each printed page, no empty row is needed;
- another table altogether, when a row reads like a header (`lake.read.header`) and says what the contract does not
  know, where the table so far has numbers or dates, or above some. Whoever spools its rows sets them aside: under the
  columns of the table above, each of them would be a wrong record. That lasts until the contract's header comes again.
  Right below, without an empty row, such a row begins another table only above rows that have texts where ours has
  numbers or dates, and would be no records of it: words for what was not measured look like a header too;
- the same table going on, else. In a table of nothing but texts that cannot be proved, so it is said.
"""

from collections.abc import Callable, Sequence
from itertools import takewhile

from contracts.infer.profile import ABSENT
from infra.errors import Refused
from infra.text import fold
from lake.read.header import header_row, is_data, is_year
from lake.read.match import Header, find_header
from lake.read.names import Names, Row, Wanted, spellings

AHEAD = 8
_TITLES = 2
_HEIGHT = 3
_LEARNT = 500


class Tables:
    """Follows the tables of a sheet as its rows go by.

    Attributes:
        header: of the table that the present row is of.
        again: how many more headers of the contract came.
        is_other: whether the present row is of a table that the contract does not speak of.
        others: the rows, from 1, where such tables begin.
        unproved: the rows, from 1, behind gaps in a table of nothing but texts.
        gap: whether an empty row or a merged heading came before the present row; told from outside.
    """

    def __init__(self, header: Header, first: Row, fields: Sequence[Wanted], wide: str | None) -> None:
        self.header = header
        self.again = 0
        self.is_other = False
        self.others: list[int] = []
        self.unproved: list[int] = []
        self.gap = False
        self._fields, self._wide = fields, wide
        self._spellings = spellings(fields)
        self._words = _cut(first)
        self._enough = max(min(2, len(header.columns)), -(-len(header.columns) // 2))
        self._data = [0] * len(header.names)
        self._filled = [0] * len(header.names)
        self._learnt = 0

    def headed(self, index: int, row: Row, ahead: Callable[[], Sequence[Row]]) -> int:
        """How many rows, from this one on, are title and header of the contract's table; 0: the row is a record.

        Args:
            index: of the row in the sheet.
            row: it is not empty.
            ahead: the next rows, at most `AHEAD`.
        """
        after_gap, self.gap = self.gap, False
        if not self.header.height or not (after_gap or _cut(row) == self._words):
            other = self.header.height and not self.is_other and self._breaks(row)
            if other and self._turns([row, *takewhile(lambda one: _count(one) and _cut(one) != self._words, ahead())]):
                self.is_other = True
                self.others.append(index + 1)
            self._learn(row)
            return 0
        block = [row, *takewhile(_count, ahead())]
        titles = self._titles(block)
        for at in range(titles + 1):
            found = self._found(block[at:])
            if found is not None:
                self.header, self._words = found, _cut(block[at])
                self.again, self.is_other = self.again + 1, False
                return at + found.height
        if not self.is_other and self._begins_other(block[titles:]):
            self.is_other = True
            self.others.append(index + 1)
        elif not self.is_other and self._learnt and not self._columns_of_data():
            self.unproved.append(index + 1)
        self._learn(row)
        return 0

    def _titles(self, block: Sequence[Row]) -> int:
        """How many of the block's first rows may be lines of title: a single cell in a table of several columns."""
        if len(self.header.names) < 2:
            return 0
        last = min(_TITLES, len(block) - 1)
        return next((at for at, row in enumerate(block[:last]) if _count(row) > 1), last)

    def _found(self, rows: Sequence[Row]) -> Header | None:
        if not any(fold(cell) in self._spellings for row in rows[:_HEIGHT] for cell in row if cell) and not self._wide:
            return None
        found = self._header(rows)
        if found is None or (self._words and _cut(rows[0]) == self._words):
            return found
        if found.height > 1:
            below = self._header(rows[1:])
            if below is not None and len(below.columns) >= len(found.columns):
                return None  # the header is below this row, which is a title or a record
        return found if self._enough and len(found.columns) >= self._enough else None

    def _header(self, rows: Sequence[Row]) -> Header | None:
        try:
            return find_header(rows, self._fields, declared=0, wide=self._wide)
        except Refused:
            return None

    def _begins_other(self, block: Sequence[Row]) -> bool:
        """Whether the block's first row is a header of which the contract knows nothing, or too little."""
        data = self._columns_of_data()
        if len(block) < 2 or _count(block[0]) < 2:
            return False
        if any(is_data(cell) and not is_year(cell) for at, cell in enumerate(block[0]) if cell and at in data):
            return False
        if header_row(block) != 0:
            return False
        for at, cell in enumerate(block[0]):
            if not cell or fold(cell) in ABSENT or (is_data(cell) and not is_year(cell)):
                continue
            below = [value for row in block[1:] if (value := row[at])]
            if at in data or sum(map(is_data, below)) * 2 > len(below):
                return True
        return False

    def _breaks(self, row: Row) -> bool:
        """Whether the row has texts, no two alike, where the table so far has numbers or dates."""
        data = self._columns_of_data()
        texts = [fold(cell) for at, cell in enumerate(row) if at in data and cell and not is_data(cell)]
        return bool(texts) and len(texts) == len(set(texts)) and not ABSENT & set(texts)

    def _turns(self, block: Sequence[Row]) -> bool:
        """Whether the first row is the header of another table that has texts where this one has numbers or dates."""
        columns = [[row[at] for row in block[1:]] for at in self._columns_of_data()]
        turned = any(all(cell and not is_data(cell) for cell in column) for column in columns)
        return len(block) > 2 and turned and self._begins_other(block)

    def _learn(self, row: Row) -> None:
        if self.is_other or self._learnt >= _LEARNT:
            return
        self._learnt += 1
        for at, cell in enumerate(row[: len(self._filled)]):
            if cell:
                self._filled[at] += 1
                self._data[at] += is_data(cell)

    def _columns_of_data(self) -> set[int]:
        """The columns of which most values are numbers or dates."""
        return {at for at, filled in enumerate(self._filled) if filled and self._data[at] * 2 > filled}


def first_table(rows: Sequence[Row], found: Header, known: Names) -> int | None:
    """Where a table of the contract stands above the one whose header was found, for it had more columns; else None.

    A row that says at least half of its columns is a header too when records and then an empty row stand between.
    """
    enough = max(min(2, len(found.columns)), -(-len(found.columns) // 2))
    for at, row in enumerate(rows[: found.row]):
        between = [_count(one) for one in rows[at + 1 : found.row]]
        if 0 in between and max(between[: between.index(0)], default=0) > 1 and known.hits(row)[0] >= enough > 0:
            return at
    return None


def _count(row: Row) -> int:
    return sum(bool(cell and cell.strip()) for cell in row)


def _cut(row: Row) -> list[str | None]:
    cells = list(row)
    while cells and not cells[-1]:
        cells.pop()
    return cells
