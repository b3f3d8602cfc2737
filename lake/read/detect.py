"""What a file is, by its content; its name is never asked.

A name says what somebody hoped: `.xls` files are HTML pages, `.csv` files are workbooks. What the house does not read
is refused by what it is, with what to do about it.
"""

import re
import zipfile
from pathlib import Path
from typing import Literal

from infra.errors import Place, Refused
from infra.language import Text
from infra.workbook import encrypted
from lake.read.archive import check_directory
from lake.read.source import Format
from lake.read.utf16 import byte_order

_HEAD = 64 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SHP, _SHP_VERSION = b"\x00\x00\x27\x0a", b"\xe8\x03\x00\x00"
_DBF, _DBF_HEAD = b"\x03\x30\x83\x8b\xf5", 32
_DBF_FIELDS = re.compile(rb"[^\0]{1,10}\0{1,10}[A-Z@+]", re.S)
_WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_ZEROS = 8
_TO_XLSX = Text(
    "用 Excel 或 WPS 打开后另存为 .xlsx 再报送", "open it in Excel or WPS, save it as .xlsx and deliver that"
)
UNPACK = Text("解压后报送其中的数据文件", "unpack it and deliver the data file inside")
_WHOLE_SHAPEFILE = Text(
    "与同名的 .shp、.shx 打成一个 ZIP 报送，或另存为 CSV",
    "deliver it in one ZIP with the .shp and .shx of its name, or save it as CSV",
)
_EXPORT = Text("从源系统导出为 CSV、Excel 或 JSON 再报送", "export CSV, Excel or JSON from the source system")

_OLD_BOOKS = (b"\x09\x04\x06\x00", b"\x09\x02\x06\x00", b"\x09\x00\x04\x00")  # none lies in an OLE container
_MAGIC: tuple[tuple[bytes, str, str, Text], ...] = (
    (b"%PDF", "PDF 文档", "a PDF document", _EXPORT),
    (b"Rar!", "RAR 压缩包", "a RAR archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "7z 压缩包", "a 7z archive", UNPACK),
    (b"BZh", "bzip2 压缩包", "a bzip2 archive", UNPACK),
    (b"PARE", "加密的 Parquet 文件", "an encrypted Parquet file", _EXPORT),
    (b"SQLite format 3\0", "SQLite 数据库", "an SQLite database", _EXPORT),
    (b"\x89PNG", "PNG 图片", "a PNG image", _EXPORT),
    (b"\xff\xd8\xff", "JPEG 图片", "a JPEG image", _EXPORT),
    *((head, "Excel 4.0 及更早的工作簿", "a workbook of Excel 4.0 or older", _TO_XLSX) for head in _OLD_BOOKS),
    (b"{\\rtf", "RTF 文档", "an RTF document", _EXPORT),
)
_HTML = re.compile(rb"^\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|table|meta|div|script|style)\b", re.I | re.S)
_SPREADSHEET_XML = re.compile(rb"urn:schemas-microsoft-com:office:spreadsheet")
_JSON_START = re.compile(rb"""^\s*(\{\s*(["']|\}|/[/*]|$)|\[\s*([\[{"\]\d\-tfnNI]|$))""")
# A line of YAML at the left margin: a mark of a document, a comment, an element, or a key. Of a text table the
# header at least is none of these.
_YAML_LINE = re.compile(
    rb"(---|\.\.\.)(\s|$)|%YAML |#|-(\s|$)|\"[^\"]+\"\s*:(\s|$)|'[^']+'\s*:(\s|$)|[^\s,;\"'#:][^\t,;:]*:(\s|$)"
)


def refused_format(place: Place, zh: str, en: str, remedy: Text) -> Refused:
    """The refusal of what the file is."""
    return Refused(
        "READ_FORMAT", f"该文件其实是{zh}，不能读取", f"the file is {en}; it cannot be read", place=place, remedy=remedy
    )


def packed_twice(place: Place) -> Refused:
    """The refusal of an archive within an archive."""
    return refused_format(place, "压缩包里的压缩包", "an archive within an archive", UNPACK)


def detect(path: Path, place: Place) -> Format | Literal["zip", "gzip"]:
    """The format by content; "json" stands for JSON, JSON Lines and GeoJSON, which only parsing tells apart.

    Raises:
        Refused: READ_EMPTY, READ_FORMAT or READ_ENCRYPTED.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
        raise _empty_or_zeros(head, place)
    if head.startswith(_OLE):
        return _ole(path, place)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(path, place)
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(_SHP) and head[28:32] == _SHP_VERSION:
        return "shapefile"
    if head[0] in _DBF and b"\0" in head[:_DBF_HEAD] and _DBF_FIELDS.match(head, _DBF_HEAD):
        raise refused_format(
            place, "Shapefile 的属性表（.dbf）", "the attributes of a shapefile (.dbf)", _WHOLE_SHAPEFILE
        )
    if head[257:262] == b"ustar":
        raise refused_format(place, "TAR 包", "a TAR archive", UNPACK)
    for magic, zh, en, remedy in _MAGIC:
        if head.startswith(magic):
            raise refused_format(place, zh, en, remedy)
    return _text(_narrow(head), place)


def _text(text: bytes, place: Place) -> Format:
    if _HTML.match(text):
        raise refused_format(place, "网页（HTML）", "a web page (HTML)", _TO_XLSX)
    if text.lstrip().startswith(b"<"):
        if _SPREADSHEET_XML.search(text):
            raise refused_format(place, "XML 电子表格（Excel 2003）", "an XML spreadsheet (Excel 2003)", _TO_XLSX)
        raise refused_format(place, "XML 文档", "an XML document", _EXPORT)
    if _JSON_START.match(text):
        return "json"
    return "yaml" if _is_yaml(text) else "csv"


def _is_yaml(text: bytes) -> bool:
    """Whether every line that begins at the left margin is one of YAML, and not all of them are comments."""
    lines = text.splitlines()[: -1 if len(text) >= _HEAD // 2 else None]  # the last one may be cut
    margin = [line for line in lines if line.strip() and not line[:1].isspace()]
    first = next((line for line in lines if line.strip()), b" ")
    return (
        not first[:1].isspace()
        and all(_YAML_LINE.match(line) for line in margin)
        and not all(line.startswith(b"#") for line in margin)
    )


def _empty_or_zeros(head: bytes, place: Place) -> Refused:
    if b"\0" in head.strip(b"\xff\xfe"):
        return Refused(
            "READ_NUL",
            "文件开头全是空字节（NUL），文件可能已损坏",
            "the file begins with nothing but NUL bytes; it may be damaged",
            place=place,
            remedy=Text("重新导出该文件", "export the file again"),
        )
    return Refused(
        "READ_EMPTY",
        "文件是空的",
        "the file is empty",
        place=place,
        remedy=Text("重新导出并报送", "export it again and deliver it"),
    )


def _narrow(head: bytes) -> bytes:
    """The beginning of a text as UTF-8, or as the single bytes that it is."""
    wide = _WIDE.get(head[:2]) or byte_order(head)
    if wide is not None:
        return head.decode(wide, "ignore").removeprefix("\ufeff").encode("utf-8", "ignore")
    return (head.replace(b"\0", b"") if head[:64].count(0) > _ZEROS else head).removeprefix(b"\xef\xbb\xbf")


def _ole(path: Path, place: Place) -> Format:
    with path.open("rb") as file:
        names = file.read(16 * 1024 * 1024)
    if "EncryptedPackage".encode("utf-16-le") in names:
        raise encrypted(place)
    if not any(name.encode("utf-16-le") in names for name in ("Workbook", "Book")):
        raise refused_format(place, "Office 文档，不是工作簿", "an Office document, not a workbook", _TO_XLSX)
    return "xls"


def _zip(path: Path, place: Place) -> Format | Literal["zip"]:
    check_directory(path, place)
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Refused(
            "READ_DAMAGED",
            "压缩结构已损坏，文件可能没有传完",
            "the file's ZIP structure is damaged; it may be cut off",
            place=place,
            remedy=Text("重新导出并报送", "export it again and deliver it"),
        ) from None
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise refused_format(place, "二进制工作簿（.xlsb）", "a binary workbook (.xlsb)", _TO_XLSX)
    if "content.xml" in names and "mimetype" in names:
        raise refused_format(place, "OpenDocument 文档", "an OpenDocument file", _TO_XLSX)
    if "word/document.xml" in names:
        raise refused_format(place, "Word 文档", "a Word document", _TO_XLSX)
    return "zip"
