"""What stands below a table and is none of its records: totals, notes, who made it and signed. Pure.

Statistical tables end with such rows. Where a contract's reading hints say `below: leave_out` they hold no record; the
delivery's notes name the first of them and their number. They are, at the very end of the table and nowhere else,

- a row that begins with a word for a total and nothing more in that cell (`合计`, `总计`, `Total`);
- a row that begins with a word for a note, a source or a signature (`注：`, `制表人：`, `Source:`), narrow or behind an
  empty row;
- a single cell behind an empty row, in a table of three columns or more;
- below one of these, what is narrow: at most a third of the columns are filled.

A row that is none of these shows that the table goes on, and all are records again.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

MOST = 50  # rows that may stand below a table; more of them are a table
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


def without_below(
    rows: Iterator[One], cells: Callable[[One], Row], width: int, below: Below, place: Callable[[One], int]
) -> Iterator[One]:
    """The rows of a table below its header, but for those that stand below the table, which `below` takes account of.

    Args:
        rows: in their order; at most `MOST` are held back.
        cells: of a row.
        width: of the table, in columns.
        place: of a row.
    """
    held: list[One] = []
    begun = gap = records = False
    for one in rows:
        row = cells(one)
        count = sum(bool(cell and cell.strip()) for cell in row)
        if len(held) >= MOST:
            yield from held
            held, begun = [], False
        if not count:
            held.append(one)
            gap = True
            continue
        if (begun and (_marked(row) or count <= _narrow(width))) or (records and _begins(row, count, width, gap=gap)):
            held.append(one)
            begun = True
        else:
            yield from held
            held, begun, records = [], False, True
            yield one
        gap = False
    if not begun:
        yield from held
        return
    left = [at for at, one in enumerate(held) if any(cell and cell.strip() for cell in cells(one))]
    yield from held[: left[0]]
    below.first.append(place(held[left[0]]))
    below.rows += len(left)


def may_end(text: str) -> bool:
    """Whether the last part of a text table holds a line that could stand below it, under whatever delimiter."""
    for line in text.splitlines():
        first = line.strip(' ",;|\t')
        if not first or _NOTE.match(first) or _TOTAL.fullmatch(re.split(r'[",;|\t]', first, maxsplit=1)[0]):
            return True
    return False


def _begins(row: Row, count: int, width: int, *, gap: bool) -> bool:
    first = _first(row)
    if _TOTAL.fullmatch(first):
        return True
    if _NOTE.match(first):
        return gap or count <= _narrow(width)
    return gap and count == 1 and width > 2


def _marked(row: Row) -> bool:
    first = _first(row)
    return _TOTAL.fullmatch(first) is not None or _NOTE.match(first) is not None


def _first(row: Row) -> str:
    return next((cell for cell in row if cell and cell.strip()), "")


def _narrow(width: int) -> int:
    return max(1, width // 3)
