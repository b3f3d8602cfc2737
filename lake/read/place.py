"""A record's place in a delivery: a line; with a file where the delivery is of several; with a column in a wide table.

All stand in one number, `_line`, for more columns a row are dear: ``part << 40 | line``. Part 0 is a delivery of one
file, so that its lines are plain lines; the parts of others count from 1, in the order of their names. In a wide table
a place has a column too, counted from 1 among those that become records: bit 62 says so, and 11 bits above the line's
29 hold it. A number is read back in SQL as ``_line >> 40`` and ``_line & 1099511627775``, below bit 62. What part 3 is
called stands in `lake_part`.
"""

from infra.language import Text

BITS = 40
_LINES = (1 << BITS) - 1
_WIDE = 1 << 62
_COLUMN = 29
MOST_COLUMNS = (1 << (BITS - _COLUMN)) - 1
MOST_PARTS = (1 << (62 - BITS)) - 1


def encoded(part: int, line: int, column: int = 0) -> int:
    """The number of a line of a part, or of one column in it."""
    place = part << BITS | line
    return _WIDE | place | column << _COLUMN if column else place


def decoded(place: int) -> tuple[int, int]:
    """Part (0: the delivery is one file) and line of a number."""
    lines = (1 << _COLUMN) - 1 if place & _WIDE else _LINES
    return (place & ~_WIDE) >> BITS, place & lines


def filled(sentence: Text, place: int) -> Text:
    """`sentence` with its `{line}` filled: 第7行, 第3个文件第7行 of several, 第2列第7行 in a wide table."""
    part, line = decoded(place)
    column = place >> _COLUMN & MOST_COLUMNS if place & _WIDE else 0
    before = (f"第{part}个文件" if part else "") + (f"第{column}列" if column else "")
    behind = (f", column {column}," if column else "") + (f" of file {part}" if part else "")
    zh = sentence.zh.replace("第{line}", f"{before}第{line}").replace("{line}", str(line))
    return Text(zh, sentence.en.replace("{line}", f"{line}{behind}"))
