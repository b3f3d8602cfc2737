"""Which of a file's columns is which field of the contract; where the header stands.

Pure: rows of texts in, a `Header` out. A header is found by its names (name, Chinese name, alias; `infra.text.fold`),
not by its position: title rows above it and two-row (merged) headers are recognised because the contract's names are
known. Nothing is guessed: duplicate headers and missing required fields are refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from infra.errors import Place, Refused
from infra.language import Text
from infra.text import fold

SEARCH_ROWS = 30
Row = Sequence[str | None]


class Wanted(Protocol):
    """The part of a contract's field that matching looks at."""

    @property
    def name(self) -> str:
        """The handed-over column's name."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every spelling."""

    @property
    def required(self) -> bool:
        """Refused without it."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header stands and what it says.

    Attributes:
        row: index of its first row among those searched.
        height: 1, or 2 for a two-row header.
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


def spellings(fields: Sequence[Wanted]) -> dict[str, str]:
    """Folded spelling → field name."""
    return {fold(spelling): wanted.name for wanted in fields for spelling in (wanted.name, *wanted.names)}


def _cut(row: Row) -> list[str | None]:
    cells = [cell if cell and cell.strip() else None for cell in row]
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def _two_rows(upper: Row, lower: Row, known: dict[str, str]) -> list[str | None]:
    """The names that two header rows make together; the upper text holds to the right while there are subtitles."""
    top, sub = _cut(upper), _cut(lower)
    names: list[str | None] = []
    group: str | None = None
    for position in range(max(len(top), len(sub))):
        above = top[position] if position < len(top) else None
        below = sub[position] if position < len(sub) else None
        group = above or (group if below else None)
        names.append(_joined(group, below, known))
    return names


def _joined(above: str | None, below: str | None, known: dict[str, str]) -> str | None:
    if above is None or below is None:
        return below or above
    candidates = [f"{above}{mark}{below}" for mark in ("", " ", "_", "-", "/", "·", ".")]
    candidates += [f"{above}({below})", f"{above}（{below}）", below, above]
    for candidate in candidates:
        if fold(candidate) in known:
            return candidate
    return f"{above} {below}"


def _candidates(rows: Sequence[Row], declared: int | None) -> Iterator[tuple[int, int]]:
    """Where a header may begin, and how many rows it may have: one row before two."""
    indexes = range(min(len(rows), SEARCH_ROWS)) if declared is None else range(declared, min(declared + 1, len(rows)))
    yield from ((index, 1) for index in indexes)
    yield from ((index, 2) for index in indexes if index + 1 < len(rows))


def hits(names: Row, known: dict[str, str]) -> int:
    """How many different fields the names stand for."""
    return len({known[fold(name)] for name in names if name and fold(name) in known})


def find_header(
    rows: Sequence[Row], fields: Sequence[Wanted], *, declared: int | None = None, place: Place | None = None
) -> Header:
    """The header among the first rows of a table.

    Args:
        rows: the first rows, as texts.
        fields: what the contract asks for.
        declared: the 0-based row where the contract says it stands.
        place: the file (and sheet), for sentences.

    Raises:
        Refused: READ_HEADER_NOT_FOUND, READ_HEADER_DUPLICATE or READ_COLUMN_MISSING.
    """
    known = spellings(fields)
    best: tuple[int, int, list[str | None]] | None = None
    most = 0
    widths = [len(_cut(row)) for row in rows[: SEARCH_ROWS + 1 if declared is None else declared + 2]]
    for index, height in _candidates(rows, declared):
        if max(widths[index : index + height]) <= most:
            continue  # with so few cells it names no more fields than the best one
        names = _cut(rows[index]) if height == 1 else _two_rows(rows[index], rows[index + 1], known)
        found = hits(names, known)
        if found > most:
            best, most = (index, height, names), found
    if best is None:
        raise Refused(
            "READ_HEADER_NOT_FOUND",
            "文件前部没有找到与数据契约相符的表头",
            "no row at the top of the file holds a column name of the contract",
            place=place,
            remedy=Text(
                "首行写契约所列的字段名、中文名或别名",
                "put the contract's column names, or their aliases, into a header row",
            ),
        )
    return _header(best, fields, known, place)


def _header(
    best: tuple[int, int, list[str | None]], fields: Sequence[Wanted], known: dict[str, str], place: Place | None
) -> Header:
    row, height, names = best
    columns: dict[str, int] = {}
    extras: list[tuple[int, str]] = []
    seen: dict[str, int] = {}
    for position, name in enumerate(names):
        if name is None:
            continue
        folded = fold(name)
        target = known.get(folded)
        twin = columns.get(target) if target is not None else seen.get(folded)
        if twin is not None:
            raise _duplicate(target, twin, position, place)
        seen[folded] = position
        if target is None:
            extras.append((position, name))
        else:
            columns[target] = position
    _check_missing(fields, columns, extras, place)
    return Header(
        row=row,
        height=height,
        names=tuple(names),
        columns=columns,
        extras=tuple(extras),
        blanks=tuple(position for position, name in enumerate(names) if name is None),
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
    missing = [wanted.name for wanted in fields if wanted.required and wanted.name not in columns]
    if missing:
        raise missing_fields(missing, listed([position for position, _ in extras]), place)


def listed(positions: Sequence[int]) -> Text | None:
    """Columns by their numbers, None for none. Never by the file's own names, which may be data or people's names."""
    if not positions:
        return None
    numbers = ", ".join(str(position + 1) for position in positions[:20]) + (", …" if len(positions) > 20 else "")
    return Text(f"第 {numbers} 列", f"{'column' if len(positions) == 1 else 'columns'} {numbers}")


def missing_fields(missing: Sequence[str], others: Text | None, place: Place | None) -> Refused:
    """The refusal of a file without required fields; `others` says where it has something instead."""
    lacks = ", ".join(missing[:10])
    return Refused(
        "READ_COLUMN_MISSING",
        f"缺少必需字段：{lacks}" + (f"；未识别：{others.zh}" if others else ""),
        f"required columns are missing: {lacks}" + (f"; not recognised: {others.en}" if others else ""),
        place=place,
        remedy=Text(
            "补上缺少的列，或在契约中为现有列名登记别名",
            "add them, or register the file's own names as aliases in the contract",
        ),
    )
