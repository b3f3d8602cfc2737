"""Whether rows are a table, or a form, or lines of any width of which one happens to look like a header. Pure.

A wrong guess here is worse than a refusal: what stands above a header is no record, so a header taken too low loses
what is above it.
"""

from collections.abc import Sequence
from dataclasses import replace

from infra.errors import Place, Refused
from infra.language import Text
from lake.survey_header import is_data

_LABELS = (":", "：")
_HEADERS = 2  # rows above the last row of a header that may be its groups
Row = Sequence[str | None]


def check_table(rows: Sequence[Row], at: int | None, place: Place) -> None:
    """Refuses what is no table; `at` is the header that was found among the first rows, None for none.

    Raises:
        Refused: SURVEY_FORM where half of the rows name what stands beside them (`姓名：`), SURVEY_NO_TABLE where as
            many full rows stand above the header as below it.
    """
    filled = [row for row in rows if _filled(row)]
    labelled = sum(any(cell and cell.strip().endswith(_LABELS) for cell in row) for row in filled)
    if len(filled) > 1 and labelled * 2 >= len(filled):
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
    if above and above >= below:
        raise Refused(
            "SURVEY_NO_TABLE",
            f"看不出是一张表：最像表头的是第 {at + 1} 行，其上有 {above} 行数据，其下只有 {below} 行",
            f"no one table can be made out: row {at + 1} is most like a header, with {above} row(s) of data above it "
            f"and only {below} below",
            place=replace(place, row=at + 1),
            remedy=Text(
                "整理为一行表头、每条记录一行后再接入；行列颠倒的表先转置",
                "lay it out as one row of names with a row for each record; transpose a table that lies on its side",
            ),
        )


def _filled(row: Row) -> int:
    return sum(bool(cell and cell.strip()) for cell in row)


def _texts(row: Row) -> bool:
    return not any(cell and is_data(cell) for cell in row)
