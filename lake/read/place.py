"""A record's place in a delivery: a line; with a file where the delivery is of several; with a column in a wide table.

All stand in one number, `_line`, for more columns a row are dear: ``part << 40 | line``. Part 0 is a delivery of one
file, so that its lines are plain lines; the parts of others count from 1, in the order of their names. In a wide table
a place has a column too, counted from 1 among those that become records: bit 62 says so, and 11 bits above the line's
29 hold it. Where a workbook's sheets are read together a place has the sheet's number from 1: bit 61 says so, and 8
bits above the row's 21 hold it. A number is read back in SQL as ``_line >> 40`` and ``_line & 1099511627775``, below
these two bits. What part 3 is called stands in `lake_part`.
"""

from infra.language import Text

BITS = 40
_WIDE = 1 << 62
_COLUMN = 29
MOST_COLUMNS = (1 << (BITS - _COLUMN)) - 1
_SHEET = 1 << 61
SHEET_BITS = 21
MOST_SHEETS = (1 << (_COLUMN - SHEET_BITS)) - 1
MOST_PARTS = (1 << (61 - BITS)) - 1


def encoded(part: int, line: int, column: int = 0, sheet: int = 0) -> int:
    """The number of a line of a part, or of one column in it, or of a row of one sheet."""
    place = part << BITS | line
    if sheet:
        place |= _SHEET | sheet << SHEET_BITS
    return _WIDE | place | column << _COLUMN if column else place


def decoded(place: int) -> tuple[int, int]:
    """Part (0: the delivery is one file) and line of a number."""
    bits = SHEET_BITS if place & _SHEET else _COLUMN if place & _WIDE else BITS
    return (place & ~(_WIDE | _SHEET)) >> BITS, place & ((1 << bits) - 1)


def sheet_of(place: int) -> int:
    """The sheet of a number, 0 where the sheet is not told."""
    return place >> SHEET_BITS & MOST_SHEETS if place & _SHEET else 0


def filled(sentence: Text, place: int) -> Text:
    """`sentence` with its `{line}` filled: 第7行, 第3个文件第7行 of several, 第2列第7行 in a wide table."""
    part, line = decoded(place)
    column, sheet = place >> _COLUMN & MOST_COLUMNS if place & _WIDE else 0, sheet_of(place)
    before = (f"第{part}个文件" if part else "") + (f"第{sheet}个工作表" if sheet else "")
    before += f"第{column}列" if column else ""
    behind = (f" of sheet {sheet}" if sheet else "") + (f", column {column}," if column else "")
    behind += f" of file {part}" if part else ""
    zh = sentence.zh.replace("第{line}", f"{before}第{line}").replace("{line}", str(line))
    return Text(zh, sentence.en.replace("{line}", f"{line}{behind}"))
