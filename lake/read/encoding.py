"""Which encoding a text file has, and the same text as UTF-8.

A file is looked at whole, because a file whose first megabyte is ASCII may turn to GBK later: NUL bytes by one
`memchr`, UTF-8 by Arrow's validator; together about 0.25 s per GB. UTF-8 comes first, then GB18030 (of which GBK is a
part). A file of both is refused with the first line that differs: read with either one, it would be silently wrong.
"""

import codecs
import mmap
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from infra.errors import Place, Refused
from infra.language import Text
from lake.read.source import Job
from lake.read.utf16 import SAMPLE, byte_order

BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BLOCK = 16 * 1024 * 1024
_CHINESE_UTF8 = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}")
_RESAVE = Text("另存为 UTF-8 编码后重新报送", "save the file as UTF-8 and deliver it again")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text file's encoding.

    Attributes:
        name: Python's codec name: utf-8, utf-8-sig, gb18030, utf-16-le or utf-16-be.
        bom: how many bytes of byte order mark stand at the beginning.
    """

    name: str
    bom: int = 0

    @property
    def is_utf8(self) -> bool:
        """Whether DuckDB can read the file as it stands."""
        return self.name in {"utf-8", "utf-8-sig"}


def release(data: mmap.mmap, start: int, end: int) -> None:
    """Let go of the pages of a part that was read, so that a large file never stands in memory as a whole."""
    begin = start - start % mmap.ALLOCATIONGRANULARITY
    data.madvise(mmap.MADV_DONTNEED, begin, end - begin)


def find_byte(data: mmap.mmap, byte: bytes) -> int:
    """The offset of the first such byte, -1 when there is none; keeps no more than a block in memory."""
    for start in range(0, len(data), _BLOCK):
        end = min(start + _BLOCK, len(data))
        found = data.find(byte, start, end)
        if found >= 0:
            return found
        release(data, start, end)
    return -1


def line_at(data: mmap.mmap, offset: int) -> int:
    """The physical line (from 1) of a byte offset; LF, CRLF or CR end a line."""
    feeds, returns = 0, 0
    for start in range(0, offset, _BLOCK):
        block = data[start : min(start + _BLOCK, offset)]
        feeds += block.count(b"\n")
        returns += block.count(b"\r")
    return 1 + (feeds or returns)


def first_bad_utf8(data: mmap.mmap) -> int | None:
    """The offset of the first byte that is not UTF-8, None when all is."""
    with memoryview(data) as view:
        return _first_bad(view, data)


def _first_bad(view: memoryview, data: mmap.mmap) -> int | None:
    start, size = 0, len(data)
    while start < size:
        end = min(start + _BLOCK, size)
        if end < size:
            end = _character_start(view, end)
        if not _valid(view[start:end]):
            with view[start:end] as part:
                try:
                    codecs.utf_8_decode(part, "strict", True)
                except UnicodeDecodeError as error:
                    return start + error.start
        release(data, start, end)
        start = end
    return None


def _character_start(view: memoryview, end: int) -> int:
    for back in range(4):
        if view[end - back] & 0xC0 != 0x80:
            return end - back
    return end


def _valid(part: memoryview) -> bool:
    offsets = pa.py_buffer(struct.pack("<qq", 0, len(part)))
    one = pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(part)])
    try:
        one.cast(pa.large_utf8())
    except pa.ArrowInvalid:
        return False
    return True


def detect_encoding(data: mmap.mmap, place: Place, declared: str | None = None) -> Encoding:
    """The encoding of a file's whole content.

    Raises:
        Refused: READ_ENCODING (none fits), READ_ENCODING_MIXED, READ_NUL.
    """
    for mark, name in BOMS:
        if data[:4].startswith(mark) and name not in {"utf-32-le", "utf-32-be"}:
            found = Encoding(name, len(mark))
            break
        if data[:4].startswith(mark):
            raise _refused_encoding(place, 1, "UTF-32")
    else:
        wide = byte_order(data[:SAMPLE]) or _declared_wide(declared)
        found = Encoding(wide) if wide else Encoding("utf-8")
    if found.name.startswith("utf-16"):
        return found
    nul = find_byte(data, b"\0")
    if nul >= 0:
        raise nul_found(place, line_at(data, nul))
    if declared is not None and not found.bom and not _same(declared, found.name):
        return Encoding(_codec(declared, place), found.bom)
    bad = first_bad_utf8(data)
    if bad is None:
        return found
    if found.bom or declared is not None:
        raise _refused_encoding(place, line_at(data, bad), found.name)
    _check_gb18030(data, bad, place)
    return Encoding("gb18030")


def _same(declared: str, found: str) -> bool:
    plain = declared.lower().replace("_", "-")
    return plain in {"utf-8", "utf8", "utf-8-sig"} and found in {"utf-8", "utf-8-sig"}


def _declared_wide(declared: str | None) -> str | None:
    """UTF-16 with its byte order, where the contract declares that."""
    plain = (declared or "").lower().replace("_", "-")
    return plain if plain in {"utf-16-le", "utf-16-be"} else None


def _codec(declared: str, place: Place) -> str:
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        raise Refused(
            "READ_ENCODING",
            f"契约声明的编码“{declared}”不可识别",
            f"the contract declares an unknown encoding “{declared}”",
            place=place,
        ) from None
    return "gb18030" if name in {"gbk", "gb2312"} else name


def nul_found(place: Place, line: int) -> Refused:
    """The refusal of NUL bytes."""
    return Refused(
        "READ_NUL",
        f"第 {line} 行含有空字节（NUL），文件可能已损坏",
        f"line {line} holds a NUL byte; the file may be damaged",
        place=_at(place, line),
        remedy=Text("重新导出该文件", "export the file again"),
    )


def _at(place: Place, line: int) -> Place:
    return Place(file=place.file, sheet=place.sheet, row=line, dataset=place.dataset, delivery=place.delivery)


def _refused_encoding(place: Place, line: int, name: str) -> Refused:
    return Refused(
        "READ_ENCODING",
        f"第 {line} 行起不是有效的文本编码（按 {name} 解读失败）",
        f"from line {line} on the file is not text in a known encoding (read as {name})",
        place=_at(place, line),
        remedy=_RESAVE,
    )


def _check_gb18030(data: mmap.mmap, bad: int, place: Place) -> None:
    """Refuses a file that has lines which are plainly UTF-8; whether the rest is GB18030, transcoding shows."""
    start = 0
    while match := _CHINESE_UTF8.search(data, start):
        begin = data.rfind(b"\n", 0, match.start()) + 1
        end = data.find(b"\n", match.end())
        start = len(data) if end < 0 else end
        try:
            data[begin:start].decode("utf-8")
        except UnicodeDecodeError:
            start = match.end()
            continue
        this, other = line_at(data, match.start()), line_at(data, bad)
        raise Refused(
            "READ_ENCODING_MIXED",
            f"文件混用两种编码：第 {this} 行是 UTF-8，第 {other} 行不是",
            f"the file mixes two encodings: line {this} is UTF-8, line {other} is not",
            place=_at(place, max(this, other)),
            remedy=_RESAVE,
        )


def transcode(path: Path, encoding: Encoding, target: Path, place: Place) -> None:
    """Writes the text of `path` to `target` as UTF-8 without a byte order mark; line ends stay as they are.

    Raises:
        Refused: READ_ENCODING or READ_NUL with the line.
    """
    decoder = codecs.getincrementaldecoder(encoding.name)("strict")
    lines = 1
    with path.open("rb") as source, target.open("wb") as out:
        source.seek(encoding.bom)
        while True:
            block = source.read(4 * 1024 * 1024)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(encoding.name, "replace")
                raise _refused_encoding(place, lines + good.count("\n"), encoding.name) from None
            nul = text.find("\0")
            if nul >= 0:
                raise nul_found(place, lines + text.count("\n", 0, nul))
            out.write(text.encode("utf-8"))
            lines += text.count("\n")
            if not block:
                return


def as_utf8(job: Job, place: Place) -> tuple[Path, str]:
    """The file itself when it is UTF-8, else a transcoded copy in the scratch folder; and its encoding's name.

    Raises:
        Refused: as `detect_encoding` and `transcode`.
    """
    with job.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        encoding = detect_encoding(data, place, job.contract.reading.encoding)
    if encoding.is_utf8:
        return job.path, encoding.name
    target = job.scratch / f"{job.path.name}.utf8"
    transcode(job.path, encoding, target, place)
    return target, encoding.name
