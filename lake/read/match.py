"""Which of a file's columns is which field of the contract; where the header stands.

Pure: rows of texts in, a `Header` out. A header is found by its names (name, Chinese name, alias; `infra.text.fold`),
not by its position: title rows above it and (merged) headers of up to three rows are recognised because the contract's
names are known. Nothing is guessed: missing required fields are refused, and so are columns
of one name unless the contract calls them by their numbers (`numbered`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from infra.errors import Place, Refused
from infra.language import Text
from infra.text import fold
from lake.read.names import Names, Row, Wanted, chinese, names_of, numbered

SEARCH_ROWS = 30
_HEIGHT = 3


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header stands and what it says.

    Attributes:
        row: index of its first row among those searched.
        height: how many rows it has, up to three; 0 for a table without one.
        names: the name of each file column, None where it is blank; trailing blank columns are cut off.
        columns: field name → position in the file.
        extras: (position, name) of the columns that the contract does not know.
        blanks: positions before the last named column whose header is blank.
        missing: optional fields that the file does not have.
    """

    row: int
    height: int
    names: tuple[str | None, ...]
    columns: dict[str, int]
    extras: tuple[tuple[int, str], ...]
    blanks: tuple[int, ...]
    missing: tuple[str, ...]


def _cut(row: Row) -> list[str | None]:
    cells = [cell if cell and cell.strip() else None for cell in row]
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def _stacked(rows: Sequence[Row], known: Names) -> list[str | None]:
    """The names that header rows make together; a text above holds to the right while there are texts below it."""
    levels = [_cut(row) for row in rows]
    names: list[str | None] = []
    held: list[str | None] = [None] * len(levels)
    for position in range(max(map(len, levels))):
        cells = [level[position] if position < len(level) else None for level in levels]
        for depth, cell in enumerate(cells):
            if cell is not None:
                held[depth:] = [cell, *([None] * (len(levels) - depth - 1))]
            elif not any(cells[depth + 1 :]):
                held[depth] = None
        names.append(_joined([text for text in held if text is not None], known))
    return names


def _joined(parts: list[str], known: Names) -> str | None:
    """One name of texts above one another: a spelling that the contract knows, of as many of them as can be."""
    for size in range(len(parts), 0, -1):
        for some in reversed(list(combinations(parts, size))):
            spelled = [mark.join(some) for mark in ("", " ", "_", "-", "/", "·", ".")]
            spelled += [f"{''.join(some[:-1])}{left}{some[-1]}{right}" for left, right in ("()", "（）")]
            for one in spelled[: None if size > 1 else 1]:
                if known.has(one):
                    return one
    return " ".join(parts) or None


def _candidates(rows: Sequence[Row], declared: int | None) -> Iterator[tuple[int, int]]:
    """Where a header may begin, and how many rows it may have: one row before two, and two before three."""
    indexes = range(min(len(rows), SEARCH_ROWS)) if declared is None else range(declared, min(declared + 1, len(rows)))
    for height in range(1, _HEIGHT + 1):
        yield from ((index, height) for index in indexes if index + height <= len(rows))


def by_position(width: int, fields: Sequence[Wanted], place: Place) -> Header:
    """The header of a table that has none: the fields in their order, then columns named by their numbers from 1.

    Raises:
        Refused: READ_COLUMN_MISSING.
    """
    columns = {wanted.name: at for at, wanted in enumerate(fields[:width])}
    extras = [(at, str(at + 1)) for at in range(len(columns), width)]
    _check_missing(fields, columns, extras, place)
    missing = tuple(wanted.name for wanted in fields[width:])
    return Header(0, 0, (*columns, *(name for _, name in extras)), columns, tuple(extras), (), missing)


def _is_better(found: tuple[int, int], most: tuple[int, int]) -> bool:
    """Whether a row is rather the header than the best one above it.

    Names of fields decide. Values may well look like the names of wide columns, so that more of them make no header;
    only a lone cell above (a title, "2020") gives way to them.
    """
    return found[0] > most[0] or (found[0] == most[0] and sum(most) < 2 and found > most)


def find_header(
    rows: Sequence[Row],
    fields: Sequence[Wanted],
    *,
    declared: int | None = None,
    place: Place | None = None,
    wide: str | None = None,
) -> Header:
    """The header among the first rows of a table.

    Args:
        rows: the first rows, as texts.
        fields: what the contract asks for.
        declared: the 0-based row where the contract says it stands.
        place: the file (and sheet), for sentences.
        wide: the pattern of columns that are unpivoted.

    Raises:
        Refused: READ_HEADER_NOT_FOUND, READ_HEADER_DUPLICATE or READ_COLUMN_MISSING.
    """
    known = names_of(fields, wide)
    best: tuple[int, int, list[str | None]] | None = None
    most = (0, 0)
    widths = [len(_cut(row)) for row in rows[: SEARCH_ROWS + _HEIGHT if declared is None else declared + _HEIGHT]]
    for index, height in _candidates(rows, declared):
        if wide is not None and height > 1:
            continue  # the next row's values may well look like the names of wide columns
        if max(widths[index : index + height]) <= most[0]:
            continue  # with so few cells it names no more fields than the best one
        names = _cut(rows[index]) if height == 1 else _stacked(rows[index : index + height], known)
        found = known.hits(names)
        if _is_better(found, most):
            best, most = (index, height, names), found
    if best is None:
        raise not_found(place)
    row, height, names = best
    names += [None] * (_reach(known.fields, max(map(len, rows[row : row + height]))) - len(names))
    return _header((row, height, names), fields, known.fields, place)


def _reach(known: dict[str, str], width: int) -> int:
    """How far the columns go that the contract calls by their numbers, in a header of so many cells."""
    return max((at for at in range(1, width + 1) if numbered(None, at - 1) in known), default=0)


def not_found(place: Place | None) -> Refused:
    """The refusal of a table without the contract's header."""
    return Refused(
        "READ_HEADER_NOT_FOUND",
        "文件前部没有找到与数据契约相符的表头",
        "no row at the top of the file holds a column name of the contract",
        place=place,
        remedy=Text(
            "首行写契约所列的字段名、中文名或别名",
            "put the contract's column names, or their aliases, into a header row",
        ),
    )


def _header(
    best: tuple[int, int, list[str | None]], fields: Sequence[Wanted], known: dict[str, str], place: Place | None
) -> Header:
    row, height, names = best
    columns: dict[str, int] = {}
    extras: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    for position, name in enumerate(names):
        folded = None if name is None else fold(name)
        target = None if folded is None else known.get(folded)
        twin = columns.get(target) if target is not None else None if folded is None else seen.get(folded)
        by_number = known.get(fold(numbered(name, position))) if name is None or twin is not None else None
        if by_number is not None:
            columns[by_number] = position
        elif twin is not None:
            raise _duplicate(target, twin, position, place)
        elif target is not None:
            columns[target] = position
        elif name is not None and folded is not None:
            seen[folded] = position
            extras.append((position, name))
    _check_missing(fields, columns, extras, place)
    found = set(columns.values())
    return Header(
        row=row,
        height=height,
        names=tuple(names),
        columns=columns,
        extras=tuple(extras),
        blanks=tuple(position for position, name in enumerate(names) if name is None and position not in found),
        missing=tuple(wanted.name for wanted in fields if wanted.name not in columns),
    )


def _duplicate(target: str | None, first: int, second: int, place: Place | None) -> Refused:
    # The file's own words stay out of the sentence: in a file without a header they are somebody's data.
    zh, en = (
        (f"是同一字段“{target}”", f"are the same field “{target}”") if target else ("列名相同", "have the same name")
    )
    return Refused(
        "READ_HEADER_DUPLICATE",
        f"第 {first + 1} 列和第 {second + 1} 列{zh}",
        f"columns {first + 1} and {second + 1} {en}",
        place=place,
        remedy=Text("删除其中一列，或改用不同的列名", "remove one of them, or give them different names"),
    )


def _check_missing(
    fields: Sequence[Wanted], columns: dict[str, int], extras: Sequence[tuple[int, str]], place: Place | None
) -> None:
    missing = [wanted for wanted in fields if wanted.required and wanted.name not in columns]
    if missing:
        raise missing_fields(missing, listed([position for position, _ in extras]), place)


def listed(positions: Sequence[int]) -> Text | None:
    """Columns by their numbers, None for none. Never by the file's own names, which may be data or people's names."""
    if not positions:
        return None
    numbers = ", ".join(str(position + 1) for position in positions[:20]) + (", …" if len(positions) > 20 else "")
    return Text(f"第 {numbers} 列", f"{'column' if len(positions) == 1 else 'columns'} {numbers}")


def missing_fields(missing: Sequence[Wanted], others: Text | None, place: Place | None) -> Refused:
    """The refusal of a file without required fields; `others` says where it has something instead."""
    lacks = ", ".join(wanted.name for wanted in missing[:10])
    called = "、".join(chinese(wanted) for wanted in missing[:10])
    return Refused(
        "READ_COLUMN_MISSING",
        f"缺少必需字段：{called}" + (f"；未识别：{others.zh}" if others else ""),
        f"required columns are missing: {lacks}" + (f"; not recognised: {others.en}" if others else ""),
        place=place,
        remedy=Text(
            "补上缺少的列，或在契约中为现有列名登记别名",
            "add them, or register the file's own names as aliases in the contract",
        ),
    )
