"""What stands below a table and is none of its records: totals, notes, who made it and signed. Pure.

Statistical tables end with such rows. Where a contract's reading hints say `below: leave_out` they hold no record; the
delivery's notes name the first of them and their number. They are, at the very end of the table and nowhere else,

- a row that begins with a word for a total and nothing more in that cell (`合计`, `总计`, `Total`);
- a row that begins with a word for a note, a source or a signature (`注：`, `制表人：`, `Source:`), narrow or behind an
  empty row;
- a single cell behind an empty row, in a table of three columns or more, but a number in the first column;
- narrow rows where no record is narrow, of which at least one could be none: it has a text in a column of nothing but
  numbers and dates, or nothing in the first column, which every record fills;
- below one of these, what is narrow: at most a third of the columns are filled.

A row that is none of these shows that the table goes on, and all are records again.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from contracts.infer.profile import ABSENT
from infra.text import fold
from lake.read.header import is_data

MOST = 50  # rows that may stand below a table; more of them are a table
_ENOUGH, _LEARNT = 3, 500  # records that show what a record looks like, and as many as are looked at for that
_TOTAL = re.compile(r"\s*(合\s*计|总\s*计|共\s*计|累\s*计|(grand\s+)?totals?|sum)\s*[:：]?\s*", re.IGNORECASE)
_NOTE = re.compile(
    r"\s*[（(\[【*※]*\s*("
    r"(备|附)?注(释|意)?|说明|(资料|数据)?来源|(制|填)表(人|单位|日期|时间)?|填报(人|单位|日期|时间)?|(单位|统计)?负责人"
    r"|审核人?|复核人?|经办人|联系(人|电话|方式)|报出日期|签(字|章|名)|盖章|单位(盖章|公章)"
    r"|(foot)?notes?|sources?|disclaimer|remarks?|(prepared|compiled|checked|approved|reviewed|signed)(\s+by)?|signatures?"
    r")\s*[0-9一二三四五六七八九十]*\s*([:：.、)）\]】]|$)",
    re.IGNORECASE,
)
Row = Sequence[str | None]
One = TypeVar("One")


@dataclass(slots=True)
class Below:
    """What was left out: the place of the first row of each table that had some (`lake.read.place`), and all rows."""

    first: list[int] = field(default_factory=list)
    rows: int = 0


class _Records:
    """What the records above look like."""

    def __init__(self, width: int) -> None:
        self._narrow = _narrow(width)
        self._columns = width
        self._filled = [0] * width
        self._data = [0] * width
        self.count = 0
        self.any_narrow = width < 3

    def learn(self, rows: list[One], cells: Callable[[One], Row]) -> list[One]:
        """The rows, which are records but for the empty ones."""
        for one in rows:
            row = cells(one)
            if count := _count(row):
                self._learn(row, count)
        return rows

    def _learn(self, row: Row, count: int) -> None:
        self.count += 1
        self.any_narrow = self.any_narrow or count <= self._narrow
        if self.count <= _LEARNT:
            for at, cell in enumerate(row[: self._columns]):
                if cell and cell.strip():
                    self._filled[at] += 1
                    self._data[at] += is_data(cell)

    def doubts(self, count: int) -> bool:
        """Whether a row of so many cells is unlike all of them."""
        return not self.any_narrow and self.count >= _ENOUGH and count <= self._narrow

    def exclude(self, row: Row) -> bool:
        """Whether the row can be none of them."""
        if len(row) < self._columns:
            return False  # a line cut off is a record with a fault
        if self._filled[0] == min(self.count, _LEARNT) and not (row[0] and row[0].strip()):
            return True
        return any(
            cell and cell.strip() and fold(cell) not in ABSENT and not is_data(cell)
            and self._filled[at] >= _ENOUGH and self._data[at] == self._filled[at]
            for at, cell in enumerate(row[: self._columns])
        )  # fmt: skip


@dataclass(slots=True)
class _Held(Generic[One]):
    """Rows that may stand below the table: where those begin that are unlike the records, and those that say it."""

    rows: list[One] = field(default_factory=list)
    unlike: int | None = None
    said: int | None = None
    proved: bool = False

    def take(self, one: One, *, said: bool, proof: bool) -> None:
        if said and self.said is None:
            self.said = len(self.rows)
        elif self.said is None:
            self.unlike = len(self.rows) if self.unlike is None else self.unlike
            self.proved = self.proved or proof
        self.rows.append(one)

    @property
    def begin(self) -> int:
        first = self.unlike if self.proved else self.said
        return len(self.rows) if first is None else first


def without_below(
    rows: Iterator[One],
    cells: Callable[[One], Row],
    width: int,
    below: Below,
    place: Callable[[One], int],
    covered: Callable[[One], bool] = lambda _: False,
) -> Iterator[One]:
    """The rows of a table below its header, but for those that stand below the table, which `below` takes account of.

    Args:
        rows: in their order; at most `MOST` are held back.
        cells: of a row.
        width: of the table, in columns.
        place: of a row.
        covered: whether a row has values that it does not show, of cells that were merged downwards.
    """
    records, held, gap = _Records(width), _Held[One](), False
    for one in rows:
        row = cells(one)
        count = _count(row)
        if len(held.rows) == MOST:
            yield from records.learn(held.rows, cells)
            held = _Held()
        if not count:
            held.rows.append(one)
            gap = True
            continue
        said = _marked(row) or count <= _narrow(width)
        if held.said is None:
            said = bool(records.count) and _begins(row, count, width, gap=gap)
        if said or (records.doubts(count) and not covered(one)):
            held.take(one, said=said, proof=records.exclude(row))
        else:
            yield from records.learn([*held.rows, one], cells)
            held = _Held()
        gap = False
    yield from held.rows[: held.begin]
    left = [one for one in held.rows[held.begin :] if _count(cells(one))]
    if left:
        below.first.append(place(left[0]))
        below.rows += len(left)


def may_end(text: str) -> bool:
    """Whether the last part of a text table holds a line that could stand below it, under whatever delimiter."""
    for line in text.splitlines():
        first = line.strip(' ",;|\t')
        if not first or _NOTE.match(first) or _TOTAL.fullmatch(re.split(r'[",;|\t]', first, maxsplit=1)[0]):
            return True
    return any(_is_narrow(line, delimiter) for line in text.splitlines()[-1:] for delimiter in ",;|\t")


def _is_narrow(line: str, delimiter: str) -> bool:
    row = re.sub(r'"([^"]?)[^"]*"', r"\1", line).split(delimiter)  # of a quoted field its first character is enough
    return len(row) > 2 and _count(row) <= _narrow(len(row))


def _begins(row: Row, count: int, width: int, *, gap: bool) -> bool:
    first = _first(row)
    if _TOTAL.fullmatch(first):
        return True
    if _NOTE.match(first):
        return gap or count <= _narrow(width)
    # A number that stands alone in the first column is a record's own.
    return gap and count == 1 and width > 2 and not (row[0] and is_data(row[0]))


def _count(row: Row) -> int:
    return sum(bool(cell and cell.strip()) for cell in row)


def _marked(row: Row) -> bool:
    first = _first(row)
    return _TOTAL.fullmatch(first) is not None or _NOTE.match(first) is not None


def _first(row: Row) -> str:
    return next((cell for cell in row if cell and cell.strip()), "")


def _narrow(width: int) -> int:
    return max(1, width // 3)
