"""The rows of a sheet as entries: each resource with its cells and its items' cells.

One row is one resource, or one item of the resource above it where the table lists items beside them. A merged cell's
value holds in all of its rows. Blank rows, notes below the table and totals are no entry.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from catalogs.sheet.column import Column
from catalogs.sheet.headers import Header
from catalogs.sheet.values import stripped

_NOTE = re.compile(
    r"(?:注|备注|说明|填表说明|填报说明|填报人|填表人|审核人|联系人|联系电话|制表|合计|总计|小计|负责人|单位盖章|盖章)\s*[:：\d一二三(（]|(?:合计|总计|小计)$"
)
_SUMS = ("合计", "总计", "小计")
_EXAMPLE = ("例", "示例", "样例", "例如", "填写示例", "填报示例", "示例行")
_HINT = re.compile(
    r"(?:必填|选填|可填|可空|按情况填|自动生成|下拉(?:选择|框|列表)?|单选|多选|可多选|请(?:填|选|输入).*|填写?(?:写)?(?:单位)?"
    r"(?:全称|名称|说明|日期).*|.*\d+字以内|文本|日期|数字|数值)(?:项|[（(].*[）)])?[。；;]?"
)
_HINTS = 3
_LETTERS = 26


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: the index of its sheet, its row and column from 0, and its text."""

    sheet: int
    row: int
    column: int
    text: str

    @property
    def letters(self) -> str:
        """Its column as the editor names it."""
        return letters(self.column)


def letters(column: int) -> str:
    """A column from 0 as A, B, … AA."""
    said, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, _LETTERS)
        said = chr(65 + digit) + said
    return said


@dataclass(slots=True)
class Entry:
    """One resource as it stands in a sheet: cells by the keys of columns; `row` is its first."""

    sheet: int
    row: int
    header: Header
    cells: dict[str, Cell] = field(default_factory=dict)
    items: list["Entry"] = field(default_factory=list)

    def text(self, key: str) -> str:
        """The text of a cell without blanks at its ends; empty where there is none."""
        cell = self.cells.get(key)
        return stripped(cell.text) if cell else ""


def entries(
    sheet: int, rows: Sequence[list[str | None]], header: Header, passed: list[int] | None = None
) -> Iterator[Entry]:
    """The entries below a header; `rows` with merged cells filled (`filled`).

    Rows that show how to fill the form in are passed over, and noted in `passed`.
    """
    current: Entry | None = None
    per_item = "zh" in header.item and not header.lists_items
    for row, cells in _told_of(rows, header, [] if passed is None else passed):
        found = _taken(sheet, row, cells, header, header.resource)
        item = _taken(sheet, row, cells, header, header.item)
        if not found.cells and not item.cells:
            continue
        if header.lists_items:
            found.items = [item]
            yield found
            continue
        if not per_item:
            yield found
            continue
        if current is None or _begins(found, current):
            if current is not None:
                yield current
            current = found
        else:
            for key, cell in found.cells.items():
                current.cells.setdefault(key, cell)
        if item.cells:
            current.items.append(item)
    if current is not None:
        yield current


def _told_of(
    rows: Sequence[list[str | None]], header: Header, passed: list[int]
) -> Iterator[tuple[int, list[str | None]]]:
    """The rows below a header that may hold an entry."""
    for row in range(header.row + header.height, len(rows)):
        cells = rows[row]
        if not any(cells) or _is_note(cells, header) or _is_header_again(cells, rows[header.row]):
            continue
        if _shows_how(cells, header):
            passed.append(row)
        else:
            yield row, cells


def _taken(sheet: int, row: int, cells: Sequence[str | None], header: Header, places: Mapping[str, int]) -> Entry:
    entry = Entry(sheet, row, header)
    for key, column in places.items():
        text = cells[column] if column < len(cells) else None
        if text is not None and stripped(text):
            entry.cells[key] = Cell(sheet, row, column, text)
    return entry


def _begins(found: Entry, current: Entry) -> bool:
    """Whether a row begins a resource of its own: it names one, and not the one above."""
    named = [key for key in ("title", "code", "id", "provider") if key in found.cells]
    return any(found.text(key) != current.text(key) for key in named)


def _is_note(cells: Sequence[str | None], header: Header) -> bool:
    """A line below the table: one text that begins as notes do, or that begins where the table ends."""
    held = [(column, stripped(text)) for column, text in enumerate(cells) if text is not None and stripped(text)]
    if not held:
        return True
    # Notes are one cell; signatures below a table are a few, each with its own label.
    alike = [text for _, text in held]
    return (
        (bool(_NOTE.match(alike[0])) and (len(set(alike)) == 1 or all(_NOTE.match(text) for text in alike)))
        or alike[0] in _SUMS
        or all(column >= header.width for column, _ in held)
    )


def _shows_how(cells: Sequence[str | None], header: Header) -> bool:
    """Whether a row is an example, marked so beside the columns that are known, or says what to write in each."""
    known = {*header.resource.values(), *header.item.values()}
    beside = [stripped(text) for column, text in enumerate(cells) if text and column not in known]
    inside = [stripped(text) for column, text in enumerate(cells) if text and column in known]
    hints = sum(bool(_HINT.fullmatch(text)) for text in inside)
    return any(text.rstrip("：:") in _EXAMPLE for text in beside) or (hints >= _HINTS and 2 * hints > len(inside))


def _is_header_again(cells: Sequence[str | None], heading: Sequence[str | None]) -> bool:
    held = [text for text in cells if text]
    return len(held) > 1 and list(cells) == list(heading)


def filled(rows: Sequence[list[str | None]], merged: Sequence[tuple[int, int, int, int]], first: int) -> list[int]:
    """Puts the value of a cell merged over several rows, from row `first` on, into each of its rows, in place.

    Gives the rows that had no text of their own.
    """
    empty = [row for row in range(first, len(rows)) if not any(rows[row])]
    for top, left, bottom, _ in merged:
        if top < first or bottom <= top or top >= len(rows) or left >= len(rows[top]):
            continue
        for row in range(top + 1, min(bottom + 1, len(rows))):
            if left < len(rows[row]) and rows[row][left] is None:
                rows[row][left] = rows[top][left]
    return empty


def missing_columns(header: Header, columns: Sequence[Column]) -> list[Column]:
    """Those of `columns` that the header lacks."""
    return [column for column in columns if column.key not in header.resource]
