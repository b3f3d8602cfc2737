"""Where the table of a sheet begins and which column holds what.

A sheet is looked at for its first rows: the row (or the two rows, when merged headings stand over others) in which most
headings are known is the header; titles above are passed over. A heading is known by one of its names, compared without
width, blanks, punctuation and marks such as （必填）; else by its likeness to a name from `FLOOR` on, which is told.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from catalogs.sheet import columns, item_columns
from catalogs.sheet.column import Column
from catalogs.sheet.likeness import likeness
from infra.text import fold

FLOOR = 80
"""The least likeness, of 100, from which a heading passes for a name that it is not."""
LOOKED_AT = 40
_LEAST = 3
_MARKS = re.compile(r"[\s\*＊:：()（）\[\]【】《》<>“”\"'、,，./／\-—_·]+")
_ASIDE = re.compile(r"[（(【\[](?:必填|选填|可选|必选|下拉|单选|多选|可多选|自动生成)[^）)】\]]*[）)】\]]")
_NUMBERED = re.compile(r"^\d{1,2}(?=[^\d])")

Cells = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Alike:
    """A heading that was taken for a column by likeness alone."""

    column: int
    text: str
    meant: Column


@dataclass(slots=True)
class Header:
    """The header of a sheet: its first row and its height, and the place of each column by key."""

    row: int
    height: int
    resource: dict[str, int] = field(default_factory=dict)
    item: dict[str, int] = field(default_factory=dict)
    alike: list[Alike] = field(default_factory=list)
    extra: list[tuple[int, str]] = field(default_factory=list)
    twice: list[tuple[int, Column]] = field(default_factory=list)

    @property
    def known(self) -> int:
        """How many headings are known."""
        return len(self.resource) + len(self.item)

    @property
    def lists_items(self) -> bool:
        """Whether the table is one of items alone, which name their resource."""
        return "zh" in self.item and not self.resource.keys() - {"title", "provider", "id", "code", "uscc"}

    @property
    def width(self) -> int:
        """The column behind the last one that is known."""
        return max((*self.resource.values(), *self.item.values()), default=-1) + 1


@lru_cache(maxsize=10_000)
def plain(heading: str) -> str:
    """A heading in the form in which headings are compared."""
    return _NUMBERED.sub("", _MARKS.sub("", fold(_ASIDE.sub("", heading))))


def _names(listed: Sequence[Column]) -> dict[str, Column]:
    return {plain(name): column for column in reversed(listed) for name in (*reversed(column.also), column.zh)}


_RESOURCE = _names((*columns.RESOURCE, *columns.VENDOR_ONLY))
_ITEM = _names(item_columns.ITEM)
_GROUPS = {plain(name) for name in item_columns.GROUPS}
_ITEM_ALONE = {name: column for name, column in _ITEM.items() if name not in _RESOURCE}


def find_header(rows: Sequence[Cells], merged: Sequence[tuple[int, int, int, int]]) -> Header | None:
    """The header of a sheet; None where no row has the headings of a catalogue or of items."""
    best: Header | None = None
    for row in range(min(len(rows), LOOKED_AT)):
        for height in (1, 2):
            if row + height > len(rows) or not any(rows[row]):
                continue
            found = _header(rows, merged, row, height)
            if best is None or found.known > best.known:
                best = found
    if best is None or best.known < _LEAST or not ({"title", "code"} & best.resource.keys() or "zh" in best.item):
        return None
    return best


def _header(rows: Sequence[Cells], merged: Sequence[tuple[int, int, int, int]], row: int, height: int) -> Header:
    header = Header(row, height)
    wanted = list(_headings(rows, merged, row, height))
    items_first = _is_item_list([text for _, _, text in wanted])
    open_: list[tuple[int, bool, str]] = []
    for column, inside, text in wanted:
        found = _exact(text, inside or items_first)
        if found is None:
            open_.append((column, inside or items_first, text))
        else:
            _take(header, column, found)
    if header.known >= _LEAST - 1:
        _take_alike(header, open_)
    else:
        header.extra += [(column, text) for column, _, text in open_]
    return header


def _is_item_list(texts: Sequence[str]) -> bool:
    """Whether headings that both tables know are those of items: no heading is one that only resources have."""
    names = {plain(text) for text in texts}
    own = {name for name in names if name in _RESOURCE and name not in _ITEM}
    linked = {"title", "provider", "id", "code", "uscc"}
    return bool(names & _ITEM_ALONE.keys()) and all(_RESOURCE[name].key in linked for name in own)


def _headings(
    rows: Sequence[Cells], merged: Sequence[tuple[int, int, int, int]], row: int, height: int
) -> Iterator[tuple[int, bool, str]]:
    """Column, whether it stands below the items' heading, and text of each heading."""
    upper = _spread(rows[row], merged, row)
    if height == 1:
        yield from ((column, False, text) for column, text in enumerate(upper) if text)
        return
    lower = rows[row + 1]
    over = ""
    for column in range(max(len(upper), len(lower))):
        top = upper[column] if column < len(upper) else None
        below = lower[column] if column < len(lower) else None
        # An upper heading that was not merged stands over the columns to its right that have none.
        over = top or (over if below else "")
        text = below or top
        if text:
            yield column, bool(below) and plain(over) in _GROUPS, text


def _spread(cells: Cells, merged: Sequence[tuple[int, int, int, int]], row: int) -> list[str | None]:
    spread = list(cells)
    for top, left, bottom, right in merged:
        if top == row and right > left and bottom == row and left < len(spread):
            spread[left : right + 1] = [spread[left]] * (min(right + 1, len(spread)) - left)
    return spread


def _exact(text: str, inside: bool) -> Column | None:
    name = plain(text)
    tables = (_ITEM, _RESOURCE) if inside else (_RESOURCE, _ITEM)
    return next((table[name] for table in tables if name in table), None)


def _is_item(column: Column) -> bool:
    return item_columns.EVERY.get(column.key) is column


def _take(header: Header, at: int, column: Column) -> None:
    known = header.item if _is_item(column) else header.resource
    if column.key in known:
        header.twice.append((at, column))
    else:
        known[column.key] = at


def _take_alike(header: Header, wanted: Sequence[tuple[int, bool, str]]) -> None:
    """Headings that are no name, the most alike first; each column is found once."""
    scored = []
    for at, inside, text in wanted:
        table = _ITEM if inside else {**_ITEM_ALONE, **_RESOURCE}
        best = likeness(plain(text), table, FLOOR)
        if best is None:
            header.extra.append((at, text))
        else:
            scored.append((best[1], at, text, table[best[0]]))
    for _, at, text, column in sorted(scored, key=lambda one: (-one[0], one[1])):
        known = header.item if _is_item(column) else header.resource
        if column.key in known:
            header.extra.append((at, text))
        else:
            known[column.key] = at
            header.alike.append(Alike(at, text, column))
