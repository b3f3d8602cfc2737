"""Whether rows are a table, or a form, or lines of any width of which one happens to look like a header. Pure.

A wrong guess here is worse than a refusal: what stands above a header is no record, so a header taken too low loses
what is above it.
"""

from collections.abc import Sequence
from dataclasses import replace

from contracts.infer.words import ENGLISH, english
from infra.errors import Place, Refused
from infra.language import Text
from infra.text import fold
from lake.read.header import is_data

_LABELS = (":", "：")
_LABELLED = 3  # names that make a form
_ALIGNED = 3  # lines that show columns of blanks
_TALLEST = 3  # rows of a header that are read as one
_HEADERS = 2  # rows above the last row of a header that may be its groups
Row = Sequence[str | None]


def check_table(rows: Sequence[Row], at: int | None, lines: Sequence[int], place: Place) -> None:
    """Refuses what is no table; `at` is the header that was found among the first rows, None for none.

    `lines` are where the rows stand in the file.

    Raises:
        Refused: SURVEY_FORM where half of the rows name what stands beside them (`姓名：`), SURVEY_NO_TABLE where as
            many full rows stand above the header as below it.
    """
    if _is_form(rows):
        raise Refused(
            "SURVEY_FORM",
            "不是表格，而是表单：每行写明项目及其内容，没有表头和记录",
            "this is a form and no table: each row names a thing and says what it is; there is no header with records",
            place=place,
            remedy=Text(
                "整理为一行表头、每条记录一行后再接入",
                "lay it out as one row of names with a row for each record, and adopt that",
            ),
        )
    if at is None or at < 1:
        return
    enough = max(2, -(-_filled(rows[at]) // 2))
    above = sum(_filled(row) >= enough and not (at - n <= _HEADERS and _texts(row)) for n, row in enumerate(rows[:at]))
    below = sum(_filled(row) > 0 for row in rows[at + 1 :])
    if above and above >= below and at >= _TALLEST and all(_texts(row) for row in rows[: at + 1]):
        raise Refused(
            "SURVEY_NO_TABLE",
            f"第 {lines[0]} 至 {lines[at]} 行像是一个占多行的表头，表头至多三行",
            f"rows {lines[0]} to {lines[at]} look like one header over several rows; a header has at most three",
            place=replace(place, row=lines[0]),
            remedy=Text(
                "把表头并为一行（每列一个名称）后再接入",
                "put the header into one row, a name for each column, and adopt that",
            ),
        )
    if above and above >= below:
        raise Refused(
            "SURVEY_NO_TABLE",
            f"看不出是一张表：最像表头的是第 {lines[at]} 行，其上有 {above} 行数据，其下只有 {below} 行",
            f"no one table can be made out: row {lines[at]} is most like a header, with {above} row(s) of data above "
            f"it and only {below} below",
            place=replace(place, row=lines[at]),
            remedy=Text(
                "整理为一行表头、每条记录一行后再接入；行列颠倒的表先转置",
                "lay it out as one row of names with a row for each record; transpose a table that lies on its side",
            ),
        )


def check_aligned(lines: Sequence[str], records: int, place: Place) -> None:
    """Refuses columns that only blanks hold apart; `lines` are those of the records that no delimiter divides.

    Raises:
        Refused: SURVEY_ALIGNED where most lines are such, and all leave blank where most have text on both sides.
    """
    if len(lines) < _ALIGNED or len(lines) * 2 < records:
        return
    longest = max(map(len, lines))
    filled = [any(at < len(line) and not line[at].isspace() for line in lines) for at in range(longest)]
    gaps = [at for at in range(1, longest) if not filled[at - 1] and not filled[at]]
    if any(sum(bool(line[:at].strip() and line[at:].strip()) for line in lines) * 2 > len(lines) for at in gaps):
        raise Refused(
            "SURVEY_ALIGNED",
            "各列靠空格对齐，没有分隔符，无法可靠分列",
            "the columns are held apart by blanks alone, without a delimiter, and cannot be told reliably",
            place=place,
            remedy=Text(
                "在电子表格中按固定宽度分列，另存为 CSV 后再接入",
                "split it by fixed width in a spreadsheet, save it as CSV, and adopt that",
            ),
        )


def _is_form(rows: Sequence[Row]) -> bool:
    filled = [[cell.strip() for cell in row if cell and cell.strip()] for row in rows]
    filled = [row for row in filled if row]
    labelled = sum(any(cell.endswith(_LABELS) for cell in row) for row in filled)
    if len(filled) > 1 and labelled * 2 >= len(filled):
        return True
    several = [row for row in filled if len(row) > 1]
    paired = [row for row in several if _is_paired(row)]
    labels = [fold(cell) for row in paired for cell in row[::2]]
    if not paired or paired[0] is not several[0] or len(set(labels)) < len(labels):
        return False  # the first row of a table is its header, or a record like those below it
    if all(is_data(cell) for row in paired for cell in row[1::2]):
        return False  # things and their numbers
    return len(labels) >= _LABELLED and len(paired) * 4 >= len(several) * 3


def _is_paired(row: Sequence[str]) -> bool:
    """Whether each second cell is a name for what a value may be, and the others are none."""
    return len(row) % 2 == 0 and all(_is_name(cell) != at % 2 for at, cell in enumerate(row))


def _is_name(cell: str) -> bool:
    words = fold(cell).split()
    return all(word in ENGLISH for word in words) if cell.isascii() else all(known for _, known in english(cell))


def _filled(row: Row) -> int:
    return sum(bool(cell and cell.strip()) for cell in row)


def _texts(row: Row) -> bool:
    return not any(cell and is_data(cell) for cell in row)
