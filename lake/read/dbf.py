"""A .dbf: the attributes of a shapefile's features, as the texts that stand in it.

Numbers keep every digit, dates become ISO texts, blanks that fill a field up are none of its value. A number written as
stars, which dBASE writes where one does not fit, is no value.

Encoding: what the .cpg says, else the language byte where it is sure, else UTF-8 if all is, else GB18030. Fields have a
width in bytes, and programs cut texts there in the middle of a character: what is left of that character is dropped and
counted. Anything else that is no text in the encoding refuses the file.
"""

import codecs
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from infra.errors import Place, Refused
from infra.language import Text

_HEADER, _DESCRIPTOR = 32, 32
_END_OF_FIELDS = 0x0D
_DELETED = ord("*")
# Language bytes that programs set on purpose; 0x03 and 0x57 (ANSI) stand in files of every encoding.
_LANGUAGES = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "cp950", 0x78: "cp950", 0x7B: "cp932", 0xC8: "cp1250"}
_CHINESE = {"gbk", "gb2312", "936", "cp936", "ansi 936", "gb18030"}
_EXPORT = Text("用地理信息软件重新导出 Shapefile（UTF-8）", "export the shapefile again, in UTF-8, from a GIS program")


@dataclass(frozen=True, slots=True)
class Column:
    """One field: its name as bytes, its type, and where it stands in a row."""

    name: bytes
    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A .dbf whose head is understood."""

    path: Path
    columns: tuple[Column, ...]
    count: int
    first: int
    width: int
    language: int

    def rows(self) -> Iterator[bytes]:
        """The rows' bytes in their order, deleted ones among them."""
        with self.path.open("rb") as file:
            file.seek(self.first)
            for _ in range(self.count):
                yield file.read(self.width)


def open_table(path: Path, place: Place) -> Table:
    """The table.

    Raises:
        Refused: READ_DAMAGED.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEADER)
        if len(head) < _HEADER:
            raise _damaged(place)
        count, first, width = struct.unpack("<LHH", head[4:12])
        described = head + file.read(max(0, first - _HEADER))
    columns, start = [], 1
    for at in range(_HEADER, first - _DESCRIPTOR + 1, _DESCRIPTOR):
        one = described[at : at + _DESCRIPTOR]
        if not one or one[0] == _END_OF_FIELDS or len(one) < _DESCRIPTOR:
            break
        columns.append(Column(one[:11].split(b"\0")[0], chr(one[11]), start, start + one[16]))
        start += one[16]
    if (
        (not columns and described[_HEADER:] != b"\r") or start > width or first + count * width > size + 1
    ):  # the mark of its end may be missing
        raise _damaged(place)
    return Table(path, tuple(columns), count, first, width, head[29])


def choose_encoding(table: Table, said: str | None, place: Place) -> str:
    """The codec's name; `said` is the content of the .cpg.

    Raises:
        Refused: READ_ENCODING.
    """
    declared = _codec(said, place) if said else _LANGUAGES.get(table.language)
    for name in [declared] if declared else ["utf-8", "gb18030"]:
        bad = _first_bad(table, name)
        if bad is None:
            return name
    raise Refused(
        "READ_ENCODING",
        f"属性表第 {bad} 条记录不是有效的文本编码（按 {name} 解读失败）",
        f"record {bad} of the attributes is not text in a known encoding (read as {name})",
        place=replace(place, row=bad),
        remedy=_EXPORT,
    )


def _codec(said: str, place: Place) -> str:
    plain = said.strip().lower()
    if plain in _CHINESE:
        return "gb18030"
    for name in (plain, f"cp{plain}", plain.replace("ansi ", "cp").replace("oem ", "cp")):
        try:
            b"a".decode(name)
        except (LookupError, ValueError):
            continue
        return name
    raise Refused(
        "READ_ENCODING",
        ".cpg 文件所写的编码不可识别",
        "the encoding that the .cpg file states is unknown",
        place=place,
        remedy=_EXPORT,
    )


def _first_bad(table: Table, name: str) -> int | None:
    """The number of the first row with a text that is none in this encoding; 0 for the names."""
    texts = [column for column in table.columns if column.kind == "C"]
    try:
        for column in table.columns:
            column.name.decode(name)
    except UnicodeDecodeError:
        return 0
    for number, row in enumerate(table.rows(), 1):
        for column in texts:
            if not row[column.start : column.end].isascii():
                try:
                    decoded(row[column.start : column.end], name)
                except UnicodeDecodeError:
                    return number
    return None


def decoded(raw: bytes, name: str) -> tuple[str, bool]:
    """The text without what fills it up, and whether a character was cut at its end."""
    kept = raw.split(b"\0", 1)[0]
    decoder = codecs.getincrementaldecoder(name)("strict")
    text = decoder.decode(kept)
    left = decoder.getstate()[0]
    return text.rstrip(" "), bool(left)


def values(row: bytes, columns: Sequence[Column], name: str) -> tuple[list[str | None], int] | None:
    """The row's texts, and how many of them were cut; None for a deleted row."""
    if row[:1] == b"*":
        return None
    texts: list[str | None] = []
    cut = 0
    for column in columns:
        raw = row[column.start : column.end]
        if column.kind == "C":
            text, torn = decoded(raw, name)
            cut += torn
            texts.append(text or None)
        else:
            texts.append(_plain(raw.decode("latin-1").strip(" \0"), column.kind))
    return texts, cut


def _plain(text: str, kind: str) -> str | None:
    if kind == "D":
        return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == len("20260101") and text.isdigit() else text or None
    if kind == "L":
        return {"T": "true", "Y": "true", "F": "false", "N": "false", "?": None, "": None}.get(text.upper(), text)
    return None if not text.strip("*") else text


def _damaged(place: Place) -> Refused:
    return Refused(
        "READ_DAMAGED",
        "属性表（.dbf）已损坏，可能没有传完",
        "the attributes (.dbf) are damaged; they may be cut off",
        place=place,
        remedy=_EXPORT,
    )
