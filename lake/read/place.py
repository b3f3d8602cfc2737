"""A record's place in a delivery: a line, or, where the delivery is of several files, a file and a line in it.

Both stand in one number, `_line`, for two columns a row are dear: ``part << 40 | line``. Part 0 is a delivery of one
file, so that its lines are plain lines; the parts of others count from 1, in the order of their names. A number is
read back in SQL as ``_line >> 40`` and ``_line & 1099511627775``. What part 3 is called stands in `lake_part`.
"""

from infra.language import Text

BITS = 40
_LINES = (1 << BITS) - 1
MOST_PARTS = (1 << (63 - BITS)) - 1


def encoded(part: int, line: int) -> int:
    """The number of a line of a part."""
    return part << BITS | line


def decoded(place: int) -> tuple[int, int]:
    """Part (0: the delivery is one file) and line of a number."""
    return place >> BITS, place & _LINES


def filled(sentence: Text, place: int) -> Text:
    """`sentence` with its `{line}` filled: 第7行, and 第3个文件第7行 where there are several."""
    part, line = decoded(place)
    if not part:
        return Text(sentence.zh.replace("{line}", str(line)), sentence.en.replace("{line}", str(line)))
    zh = sentence.zh.replace("第{line}", f"第{part}个文件第{line}").replace("{line}", str(line))
    return Text(zh, sentence.en.replace("{line}", f"{line} of file {part}"))
