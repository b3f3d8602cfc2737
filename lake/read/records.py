"""One delimited record after another, with the line where each begins: the precise way through a text table.

The fast way is DuckDB's own CSV reader; this one reads the same grammar in Python, slower, and says exactly what is
wrong where. The grammar (RFC 4180, with what real files do):

- a physical line ends with LF, CRLF or CR; a line of nothing but spaces is no record;
- byte order marks before a record are no part of it: a program that opens its file anew for each line leaves them;
- a field that begins with a quotation mark, spaces before it ignored, runs to the closing one; two in a row stand for
  one; line ends inside belong to the value; spaces behind the closing mark are ignored;
- a quotation mark inside an unquoted field is a character like any other;
- a field closed and then continued (`"a"b`) is the fault `quote`; a quoted field that began on an earlier line and
  ends so, or never ends, refuses the file, for nobody can know where its records begin.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.errors import Place, Refused
from infra.language import Text
from lake.read.source import Limits

BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the line where it begins, its cells, or its fault with the whole text as the only cell."""

    line: int
    cells: list[str]
    fault: str | None = None


def _fields(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    mark = re.escape(delimiter)
    quoted = re.compile(rf' *"((?:[^"]++|"")*+)" *({mark}|\Z)')
    opened = re.compile(r' *"(?:[^"]++|"")*+("?)')
    return quoted, opened


class _Unclosed(Exception):
    """The text ended inside a quoted field."""


class _Torn(Exception):
    """A quoted field was closed and then continued."""


def _split(text: str, delimiter: str, patterns: tuple[re.Pattern[str], re.Pattern[str]]) -> list[str]:
    quoted, opened = patterns
    cells: list[str] = []
    position = 0
    while True:
        match = quoted.match(text, position)
        if match:
            cells.append(match[1].replace('""', '"'))
            position = match.end()
            if not match[2]:
                return cells
            continue
        begun = opened.match(text, position)
        if begun:
            if begun[1]:
                raise _Torn
            raise _Unclosed
        end = text.find(delimiter, position)
        if end < 0:
            cells.append(text[position:])
            return cells
        cells.append(text[position:end])
        position = end + 1


def physical_lines(path: Path, limits: Limits, place: Place) -> Iterator[str]:
    """The lines of a UTF-8 file with their line ends.

    Raises:
        Refused: READ_LINE_TOO_LONG.
    """
    number = 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        while line := file.readline(limits.max_line):
            number += 1
            if len(line) >= limits.max_line:
                raise Refused(
                    "READ_LINE_TOO_LONG",
                    f"第 {number} 行超过 {limits.max_line} 个字符",
                    f"line {number} is longer than {limits.max_line} characters",
                    place=Place(file=place.file, row=number, dataset=place.dataset),
                    remedy=Text(
                        "检查该行是否缺少换行或引号", "see whether a line break or a quotation mark is missing there"
                    ),
                )
            yield line


def open_quote(place: Place, line: int) -> Refused:
    """The refusal of a quotation mark that is opened and never properly closed."""
    return Refused(
        "READ_QUOTE_OPEN",
        f"第 {line} 行开始的引号没有正确闭合，其后的记录无法划分",
        f"the quotation mark opened on line {line} is not closed properly; the records behind it cannot be told apart",
        place=Place(file=place.file, row=line, dataset=place.dataset),
        remedy=Text("补上该引号，或删除多余的引号", "close it, or remove it"),
    )


def read_records(lines: Iterator[str], delimiter: str, limits: Limits, place: Place) -> Iterator[Record]:
    """The records of a text table, the header among them.

    Raises:
        Refused: READ_QUOTE_OPEN.
    """
    patterns = _fields(delimiter)
    number = 0
    for physical in lines:
        number += 1
        line = physical.lstrip(BOM)
        text = line.rstrip("\r\n")
        if not text.strip(" "):
            continue
        if '"' not in text:
            yield Record(number, text.split(delimiter))
            continue
        begins, raw = number, [line]
        while True:
            try:
                yield Record(begins, _split(text, delimiter, patterns))
                break
            except _Torn:
                if len(raw) > 1:
                    raise open_quote(place, begins) from None
                yield Record(begins, [text], "quote")
                break
            except _Unclosed:
                number += _take_until_quote(lines, raw, limits, open_quote(place, begins))
                text = "".join(raw).rstrip("\r\n")


def _take_until_quote(lines: Iterator[str], raw: list[str], limits: Limits, unclosed: Refused) -> int:
    """Appends lines to `raw` up to one that may close the open field; how many."""
    size = 0
    for taken, line in enumerate(lines, 1):
        raw.append(line)
        size += len(line)
        if size > limits.max_cell:
            raise unclosed
        if line.count('"') % 2:
            return taken
    raise unclosed
