"""Files that no one prepared for us: each with how many records it holds, told when it is written, or the codes with
which it may be refused. They follow what breaks readers in public CSV test suites and what districts send; the numbers
come from those who write the files, not from a reader of ours.
"""

import csv
import gzip
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import xlwt


@dataclass(frozen=True)
class Odd:
    """One file: its content, how many records it holds (None: it must be refused, with one of `codes`)."""

    name: str
    content: bytes
    records: int | None
    codes: tuple[str, ...] = ()


HEAD = ["编号", "名称", "数量", "日期"]
PLAIN = [[f"A{at:03d}", f"名{at}", str(at * 7 % 13), f"2026-01-{at % 28 + 1:02d}"] for at in range(30)]


def table(rows: list[list[str]], *, mark: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue()


TEXT = table([HEAD, *PLAIN])


def texts() -> Iterator[Odd]:
    """Encodings, line ends, delimiters, quotes."""
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"):
        content = TEXT.encode(encoding)
        bom = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
        yield Odd(f"{encoding}.csv", bom + content, 30)
    for name, end in (("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")):
        yield Odd(f"{name}.csv", table([HEAD, *PLAIN], end=end).encode(), 30)
        yield Odd(f"{name}-quoted.csv", table([HEAD, *PLAIN], end=end, quoting=csv.QUOTE_ALL).encode(), 30)
        yield Odd(f"{name}-no-last.csv", table([HEAD, *PLAIN], end=end).rstrip("\r\n").encode(), 30)
    for name, mark in (("tab", "\t"), ("semicolon", ";"), ("pipe", "|")):
        yield Odd(f"{name}.txt", table([HEAD, *PLAIN], mark=mark).encode(), 30)
        commas = [[*row[:1], "一,二,三", *row[2:]] for row in PLAIN]
        yield Odd(f"{name}-commas.txt", table([HEAD, *commas], mark=mark).encode(), 30)
    mixed = "".join(line + ("\r\n" if at % 3 else "\n") for at, line in enumerate(TEXT.splitlines()))
    yield Odd("mixed-ends.csv", mixed.encode(), 30)
    yield Odd("blank-lines.csv", TEXT.replace("\n", "\n\n").encode(), 30)
    yield Odd("blank-at-the-end.csv", (TEXT + "\n\n   \n").encode(), 30)
    yield Odd("trailing-commas.csv", "".join(line + ",\n" for line in TEXT.splitlines()).encode(), 30)
    lines = [[*row[:1], f"上\n下{at}\r\n末", *row[2:]] for at, row in enumerate(PLAIN)]
    yield Odd("breaks-inside.csv", table([HEAD, *lines]).encode(), 30)
    quotes = [[*row[:1], f'他说"好{at}"，""完', *row[2:]] for at, row in enumerate(PLAIN)]
    yield Odd("quotes-inside.csv", table([HEAD, *quotes]).encode(), 30)
    yield Odd("quoted-header.csv", table([['编"号', "名,称", "数\n量", "日期"], *PLAIN]).encode(), 30)
    yield Odd("spaces.csv", "".join(line.replace(",", " , ") + " \n" for line in TEXT.splitlines()).encode(), 30)
    yield Odd("single-quotes.csv", TEXT.replace("名", "'名'").encode(), 30)
    yield Odd("unicode.csv", TEXT.replace("名", "𠮷👩\u200d👩\u200d👧e\u0301\u202e").encode(), 30)
    yield Odd("full-width.csv", TEXT.replace("A0", "Ａ０").encode(), 30)
    yield Odd("formula.csv", TEXT.replace("名", "=cmd|' /C calc'!A").encode(), 30)
    yield Odd("sql.csv", TEXT.replace("名", "'); DROP TABLE t; --").encode(), 30)
    yield Odd("sql-header.csv", table([['a"; DROP TABLE x; --', "b'", "c)", "d%s{0}"], *PLAIN]).encode(), 30)
    yield Odd("bom-each-line.csv", "".join("\ufeff" + line + "\n" for line in TEXT.splitlines()).encode(), 30)
    yield Odd("two-encodings.csv", TEXT.encode() + "A999,混合,1,2026-01-01\n".encode("gb18030"), None, ("READ_ENC",))
    yield Odd("latin-1.csv", "id,name\n1,caf\xe9\n2,na\xefve\n".encode("latin-1"), 2, ("READ_ENC",))
    yield Odd("nul.csv", TEXT.replace("名3", "名\0三").encode(), None, ("READ_NUL",))
    yield Odd("open-quote.csv", (TEXT + 'A999,"没有结束,1,2026-01-01\n').encode(), None, ("READ_QUOTE_OPEN",))
    yield Odd("torn-quote.csv", (TEXT + 'A999,"引"号,1,2026-01-01\n').encode(), 31)


def shapes() -> Iterator[Odd]:
    """Headers, widths, lengths."""
    yield Odd("empty.csv", b"", None, ("READ_EMPTY",))
    yield Odd("blank.csv", b"  \n\n \n", None, ("READ_EMPTY",))
    yield Odd("bom-alone.csv", b"\xef\xbb\xbf", None, ("READ_EMPTY",))
    yield Odd("zeros.csv", bytes(4096), None, ("READ_NUL",))
    yield Odd("header-alone.csv", table([HEAD]).encode(), None, ("READ_NO_RECORDS",))
    yield Odd("one-record.csv", table([HEAD, PLAIN[0]]).encode(), 1)
    yield Odd("one-column.csv", "名称\n甲\n乙\n丙\n".encode(), 3)
    yield Odd("one-column-of-numbers.csv", b"value\n1\n2\n3\n4\n", 4)
    yield Odd("one-cell.csv", b"1\n", 1, ("READ_NO_RECORDS",))
    yield Odd("no-header.csv", table(PLAIN).encode(), 30)
    yield Odd("no-header-numbers.csv", "".join(f"{at},{at * 2},{at / 3:.3f}\n" for at in range(50)).encode(), 50)
    yield Odd("numbers-as-names.csv", b"area,2019,2020,2021\nx,1,2,3\ny,4,5,6\nz,7,8,9\n", 3)
    yield Odd("one-year-as-name.csv", "国家,2013\n加拿大,35160000\n".encode(), 1)
    yield Odd("no-header-one-too-long.csv", b"1,english\n2,chinese\n3,german,extra\n", 3)
    widths = "".join(f"{at:05d}  {'名' * (at % 5 + 1):<8}{at * 7:>6}\n" for at in range(30))
    yield Odd("aligned.txt", widths.encode(), None, ("SURVEY_ALIGNED",))
    yield Odd("prose-with-commas.txt", "一,二\n三\n四\n五,六,七\n八\n".encode(), None, ("SURVEY_NO_TABLE",))
    yield Odd("title-above.csv", ("2026年统计表\n制表：某局\n\n" + TEXT).encode(), 30)
    yield Odd("title-with-commas.csv", ("2026年统计表,,,\n" + TEXT).encode(), 30)
    yield Odd("comment-above.csv", ("# exported 2026\n" + TEXT).encode(), 30)
    yield Odd("same-names.csv", b"a,b,a\n1,2,3\n4,5,6\n", 2)
    yield Odd("same-names-folded.csv", "Name,ＮＡＭＥ,b\n1,2,3\n4,5,6\n".encode(), 2)
    yield Odd("a-name-missing.csv", b"a,,c\n1,2,3\n4,5,6\n", 2)
    yield Odd("index-without-name.csv", b",a,b\n0,x,3\n1,y,6\n2,z,9\n", 3)
    yield Odd("ragged-short.csv", (TEXT + "A777,短\n").encode(), 31)
    yield Odd("ragged-long.csv", (TEXT + "A777,长,1,2026-01-01,多,余\n").encode(), 31)
    yield Odd("empty-column.csv", table([[*HEAD, "空"], *([*row, ""] for row in PLAIN)]).encode(), 30)
    yield Odd("all-empty.csv", b"a,b,c\n,,\n,,\n,,\n", 3, ("READ_NO_RECORDS",))
    wide = [[f"列{at}" for at in range(300)], *([str(at * row) for at in range(300)] for row in range(5))]
    yield Odd("wide.csv", table(wide).encode(), 5)
    yield Odd("too-wide.csv", table([[f"c{at}" for at in range(3000)], ["1"] * 3000]).encode(), None, ("READ_COLUMNS",))
    yield Odd("long-name.csv", table([["长" * 900, "b"], ["1", "x"], ["2", "y"], ["3", "z"]]).encode(), 3)
    yield Odd("long-field.csv", table([HEAD, *PLAIN, ["A998", "x" * 900_000, "1", "2026-01-01"]]).encode(), 31)
    huge = table([HEAD, *PLAIN, ["A998", "x" * 10_000_000, "1", "2026-01-01"]])
    yield Odd("field-of-ten-megabytes.csv", huge.encode(), None, ("READ_LINE_TOO_LONG", "READ_CELL_TOO_LONG"))
    yield Odd("no-line-end.csv", b"x" * 9_000_000, None, ("READ_LINE_TOO_LONG",))
    names = ["_line", "_delivery", "select", "order", "from", "group"]
    yield Odd("reserved-names.csv", table([names, *([str(at * n) for n in range(6)] for at in range(9))]).encode(), 9)
    yield Odd("symbols-as-names.csv", table([["!", "@#", "￥", "…"], *PLAIN]).encode(), 30)
    yield Odd(
        "same-after-cutting.csv", table([["列" * 80 + "甲", "列" * 80 + "乙"], ["1", "2"], ["3", "4"]]).encode(), 2
    )
    yield Odd(
        "prose.txt", "今天天气很好。\n我们出去玩，看见了山。\n然后回家了。\n".encode(), 2
    )  # its first line is a header


def values() -> Iterator[Odd]:
    """Numbers, dates, codes and absences in every spelling."""

    def column(name: str, some: list[str], times: int = 8) -> bytes:
        rows = [[str(at), some[at % len(some)]] for at in range(len(some) * times)]
        return table([["编号", name], *rows]).encode()

    kinds = {
        "leading-zeros": ["007", "0123", "00001", "9"],
        "long-digits": ["110101199001011234567890", "1" * 40],
        "plus-and-minus": ["+1", "-1", "−1", "1-"],
        "thousands": ["1,000", "2,345,678", "12"],
        "exponents": ["1e5", "2.5E-3", "1e400", "nan", "inf"],
        "hexadecimal": ["0x10", "0xFF", "10"],
        "percent": ["10%", "99.9%", "0%"],
        "money": ["￥1.00", "¥2,000.50", "3元"],
        "comma-decimals": ["1,5", "2,75", "0,1"],
        "dates-mixed": ["2026-01-02", "2026/1/3", "2026年1月4日", "20260105"],
        "dates-day-first": ["31/01/2026", "28/02/2026", "01/03/2026"],
        "dates-either": ["01/02/2026", "03/04/2026"],
        "dates-impossible": ["2026-02-30", "2026-13-01", "0000-00-00"],
        "instants": ["2026-01-02 03:04:05", "2026-01-02T03:04:05", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+08:00"],
        "epochs": ["1767225600", "1767225601"],
        "absences": ["NULL", "NaN", "-", "无数据", "", "12", "13"],
        "answers": ["是", "否", "Y", "N"],
        "booleans": ["true", "FALSE", "True"],
        "one-value": ["同"],
        "json": ['{"a": 1}', "[1, 2]", '{"b": {"c": null}}'],
        "nearly-json": ["{a: 1}", "[1, 2", "{}"],
        "geometries": ['{"type": "Point", "coordinates": [113.6, 34.7]}'],
        "emails": ["a@b.cn", "c.d@e.org"],
        "mixed": ["1", "x", "2026-01-01", "3.5"],
    }
    for name, some in kinds.items():
        yield Odd(f"{name}.csv", column("值", some), len(some) * 8)
    numbers = random.Random(5)
    rows = [[str(at), f"{numbers.uniform(-180, 180):.6f}", f"{numbers.uniform(-90, 90):.6f}"] for at in range(60)]
    yield Odd("points.csv", table([["id", "lon", "lat"], *rows]).encode(), 60)
    yield Odd("micro-degrees.csv", table([["id", "lng", "lat"], *([str(at), str(113_600_000 + at), str(34_700_000 + at)]
                                         for at in range(40))]).encode(), 40)  # fmt: skip
    doubled = [*PLAIN, *PLAIN[:5]]
    yield Odd("doubles.csv", table([HEAD, *doubled]).encode(), 35)


def documents() -> Iterator[Odd]:
    """JSON, JSON Lines, GeoJSON, YAML and what only looks like them."""
    some = [{"id": at, "name": f"名{at}", "at": {"lng": 113.5 + at / 100, "lat": 34.5}} for at in range(20)]

    def text(value: object) -> bytes:
        return json.dumps(value, ensure_ascii=False).encode()

    yield Odd("list.json", text(some), 20)
    yield Odd("indented.json", json.dumps(some, indent=2).encode(), 20)
    yield Odd("in-data.json", text({"code": 0, "data": some}), 20)
    yield Odd("one-that-wraps-one.json", text({"a": [{"b": {"c": some}}]}), 1)
    yield Odd("two-lists.json", text({"a": some, "b": some}), None, ("READ_RECORD_PATH",))
    yield Odd("lines.jsonl", b"\n".join(map(text, some)), 20)
    yield Odd("torn-line.jsonl", b"\n".join([*map(text, some), b'{"id": 99, "na']), 21)
    yield Odd("one-object.json", text(some[0]), 1)
    yield Odd("numbers.json", b"[1, 2, 3]", None, ("READ_",))
    yield Odd("nothing.json", b"[]", None, ("READ_NO_RECORDS",))
    yield Odd("empty-objects.json", b"[{}, {}]", None, ("READ_NO_RECORDS",))
    yield Odd("cut.json", text(some)[:-30], None, ("READ_JSON",))
    yield Odd("behind.json", text(some) + b"x", None, ("READ_JSON",))
    yield Odd("deep.json", b"[" * 10_000 + b"]" * 10_000, None, ("READ_",))
    yield Odd("deep-object.json", b'{"a":' * 200 + b"1" + b"}" * 200, None, ("READ_",))
    yield Odd("doubled-key.json", b'[{"a": 1, "a": 2}, {"a": 3}, {"a": 4}]', 3)
    yield Odd("other-keys.json", text([{f"k{at}": at, "id": at} for at in range(30)]), 30)
    yield Odd("mixed-types.json", text([{"v": value} for value in (1, "a", None, True, [1], {"b": 2}, 1.5)]), 7)
    yield Odd("nan.json", b'[{"v": NaN}, {"v": 1}, {"v": Infinity}]', 3)
    yield Odd("surrogate.json", b'[{"v": "\\ud800"}, {"v": "ok"}]', 2)
    shape = {"type": "Polygon", "coordinates": [[[113, 34], [114, 34], [114, 35], [113, 34]]]}
    features = [{"type": "Feature", "properties": {"id": at, "n": f"区{at}"}, "geometry": shape} for at in range(6)]
    yield Odd("features.geojson", text({"type": "FeatureCollection", "features": features}), 6)
    yield Odd("no-geometry.geojson", text({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"id": at}, "geometry": None} for at in range(4)]}), 4)  # fmt: skip
    yield Odd("page.csv", b"<!DOCTYPE html><html><body><table><tr><td>1</td></tr></table>", None, ("READ_FORMAT",))
    yield Odd("document.xml", b"<?xml version='1.0'?><rows><row a='1'/></rows>", None, ("READ_FORMAT",))
    yield Odd("paper.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", None, ("READ_FORMAT",))
    yield Odd("packed.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\3", None, ("READ_DAMAGED",))
    yield Odd("old.xls", b"\x09\x04\x06\x00\x00\x00\x10\x00" + bytes(64), None, ("READ_FORMAT",))
    yield Odd("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(64), None, ("READ_FORMAT",))


def _xlsx(fill: Callable[[openpyxl.Workbook], None]) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill(sheet: object, rows: list[list[object]]) -> None:
    for row in rows:
        sheet.append(row)  # type: ignore[attr-defined]


def sheets() -> Iterator[Odd]:
    """Sheets with more than a table, or with none."""
    people: list[list[object]] = [[f"A{at}", f"名{at}", at, date(2026, 1, 1) + timedelta(days=at)] for at in range(25)]
    above: list[list[object]] = [["Lots of people"], ["write", None, None, "notes"], ["above", "their", "tables"]]
    below: list[list[object]] = [["Some"], [None, "write"], [None, None, "below"], [None, None, None, "too"]]
    form: list[list[object]] = [["登记表"], ["姓名", "张三", "性别", "男"], ["单位", "数据局", "电话", "0371"]]

    def book(*rows: list[object]) -> bytes:
        return _xlsx(lambda book: _fill(book.active, list(rows)))

    yield Odd("remarks-around.xlsx", book(*above, list(HEAD), *people, *below), 25)
    yield Odd("form.xlsx", book(*form), None, ("SURVEY_FORM",))


def workbooks() -> Iterator[Odd]:  # noqa: C901 - a list of writers
    """Workbooks of both kinds."""
    cells: list[list[object]] = [[f"A{at}", f"名{at}", at, date(2026, 1, 1) + timedelta(days=at)] for at in range(25)]

    def plain(book: openpyxl.Workbook) -> None:
        _fill(book.active, [list(HEAD), *cells])

    def titled(book: openpyxl.Workbook) -> None:
        _fill(book.active, [["二〇二六年登记表"], list(HEAD), *cells])
        book.active.merge_cells("A1:D1")

    def stacked(book: openpyxl.Workbook) -> None:
        _fill(book.active, [["编号", "名称", "情况", None], [None, None, "数量", "日期"], *cells])
        for reach in ("A1:A2", "B1:B2", "C1:D1"):
            book.active.merge_cells(reach)

    def several(book: openpyxl.Workbook) -> None:
        plain(book)
        _fill(book.create_sheet("另一张"), [["甲", "乙"], [1, 2], [3, 4]])

    def beside_empty(book: openpyxl.Workbook) -> None:
        plain(book)
        book.create_sheet("Sheet2")

    def hidden(book: openpyxl.Workbook) -> None:
        plain(book)
        other = book.create_sheet("藏")
        _fill(other, [["甲", "乙"], [1, 2]])
        other.sheet_state = "hidden"

    def gaps(book: openpyxl.Workbook) -> None:
        _fill(book.active, [[], [], list(HEAD), *[row for cell in cells for row in (cell, [])]])

    def down(book: openpyxl.Workbook) -> None:
        _fill(
            book.active,
            [["区", "名称", "数量"], *[["金水" if at % 5 == 0 else None, f"名{at}", at] for at in range(20)]],
        )
        for at in range(4):
            book.active.merge_cells(start_row=2 + at * 5, end_row=6 + at * 5, start_column=1, end_column=1)

    def right(book: openpyxl.Workbook) -> None:
        for at, row in enumerate([list(HEAD), *cells]):
            for to, value in enumerate(row):
                book.active.cell(at + 4, to + 3, value)

    def times(book: openpyxl.Workbook) -> None:
        start = datetime(2026, 1, 1, 8)  # noqa: DTZ001 - a workbook's cells have no zone
        _fill(book.active, [["id", "time", "share"], *[[at, start + timedelta(hours=at), at / 3] for at in range(30)]])

    for name, fill in (("plain", plain), ("titled", titled), ("stacked", stacked), ("beside-empty", beside_empty),
                       ("hidden", hidden), ("gaps", gaps), ("right", right)):  # fmt: skip
        yield Odd(f"{name}.xlsx", _xlsx(fill), 25)
    yield Odd("down.xlsx", _xlsx(down), 20)
    yield Odd("times.xlsx", _xlsx(times), 30)
    yield Odd("several.xlsx", _xlsx(several), None, ("READ_SHEETS_SEVERAL",))
    yield Odd("empty.xlsx", _xlsx(lambda _: None), None, ("READ_EMPTY", "READ_NO_RECORDS"))
    yield Odd("header-alone.xlsx", _xlsx(lambda book: _fill(book.active, [list(HEAD)])), None, ("READ_NO_RECORDS",))
    yield Odd("cut.xlsx", _xlsx(plain)[:3000], None, ("READ_DAMAGED",))
    yield Odd("named.csv", _xlsx(plain), 25)
    yield Odd("named.et", _xlsx(plain), 25)
    book = xlwt.Workbook()
    sheet = book.add_sheet("表")
    for at, row in enumerate([HEAD, *PLAIN]):
        for to, value in enumerate(row):
            sheet.write(at, to, value)
    out = io.BytesIO()
    book.save(out)
    yield Odd("plain.xls", out.getvalue(), 30)
    yield Odd("binary.et", out.getvalue(), 30)
    yield Odd("cut.xls", out.getvalue()[:1500], None, ("READ_",))


def _parquet(table_: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table_, out)
    return out.getvalue()


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def binaries() -> Iterator[Odd]:
    """Parquet and archives."""
    plain = pa.table({"id": range(40), "名称": [f"名{at}" for at in range(40)], "v": [at / 7 for at in range(40)]})
    nested = pa.table(
        {"id": [1, 2, 3], "at": [{"x": 1}, {"x": 2}, None], "l": [[1], [], None], "b": [b"\0\1", b"", None]}
    )
    stamps = pa.table(
        {"t": pa.array([0, 10**15, None], pa.timestamp("us", "UTC")), "d": pa.array([0, 1, 2], pa.date32())}
    )
    yield Odd("plain.parquet", _parquet(plain), 40)
    yield Odd("nested.parquet", _parquet(nested), 3)
    yield Odd("stamps.parquet", _parquet(stamps), 3)
    yield Odd("no-rows.parquet", _parquet(plain.slice(0, 0)), None, ("READ_NO_RECORDS",))
    yield Odd("cut.parquet", _parquet(plain)[:-20], None, ("READ_DAMAGED",))
    opened = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<office/>"}
    yield Odd("table.ods", _zip(opened), None, ("READ_FORMAT",))
    yield Odd("table.xlsb", _zip({"xl/workbook.bin": b"\x83\x01\x00"}), None, ("READ_FORMAT",))
    yield Odd("one.zip", _zip({"a.csv": TEXT.encode()}), 30)
    yield Odd("two-alike.zip", _zip({"a.csv": TEXT.encode(), "b.csv": TEXT.replace("A0", "B0").encode("gb18030")}), 60)
    yield Odd(
        "two-tables.zip",
        _zip({"a.csv": TEXT.encode(), "b.csv": "甲,乙\n1,2\n3,4\n".encode()}),
        None,
        ("SURVEY_TABLES",),
    )
    yield Odd("with-litter.zip", _zip({"__MACOSX/._a.csv": b"x", "a.csv": TEXT.encode(), ".DS_Store": b"y"}), 30)
    yield Odd("leaves.zip", _zip({"../../etc/passwd.csv": TEXT.encode()}), 30, ("READ_ARCHIVE",))
    yield Odd("one.csv.gz", gzip.compress(TEXT.encode("gb18030")), 30)
    yield Odd(
        "archive.tar.gz", gzip.compress(b"a.csv".ljust(257, b"\0") + b"ustar".ljust(255, b"\0")), None, ("READ_FORMAT",)
    )
    yield Odd("gzip-in-gzip.gz", gzip.compress(gzip.compress(TEXT.encode())), None, ("READ_FORMAT",))
    yield Odd("bomb.gz", gzip.compress(bytes(80_000_000)), None, ("READ_ARCHIVE_SIZE",))
    yield Odd("nothing.zip", _zip({}), None, ("READ_",))
    yield Odd("zip-in-zip.zip", _zip({"a.zip": _zip({"a.csv": TEXT.encode()})}), None, ("READ_",))
    yield Odd(
        "bomb.zip", _zip({"a.csv": b"a,b\n" + b"0" * 300_000_000}), None, ("READ_ARCHIVE_SIZE", "READ_LINE_TOO_LONG")
    )
    yield Odd("cut.zip", _zip({"a.csv": TEXT.encode() * 50})[:400], None, ("READ_DAMAGED",))
    dbf = (
        struct.pack("<BBBBIHH20x", 3, 126, 1, 1, 1, 65, 11)
        + b"NAME".ljust(11, b"\0")
        + b"C"
        + bytes(4)
        + b"\x0a"
        + bytes(15)
    )
    yield Odd("attributes.dbf", dbf + b"\r" + b" abcdefghij", None, ("READ_FORMAT",))


def odd_files() -> list[Odd]:
    """All of them."""
    return [*texts(), *shapes(), *values(), *documents(), *sheets(), *workbooks(), *binaries()]


def written(odd: Odd, folder: Path) -> Path:
    path = folder / odd.name
    path.write_bytes(odd.content)
    return path
