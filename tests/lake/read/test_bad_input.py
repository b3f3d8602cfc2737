"""Each bad input gets one clear sentence in both languages, with its code, its place and what to do."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.model import Contract, Field, Reading
from infra.errors import Refused
from lake.read import Limits, read


def contract(*names: str, **reading: Any) -> Contract:
    fields = tuple(Field(name, (name,)) for name in names)
    return Contract("u.d.n", "1.0.0", (), fields, (), (), "append", reading=Reading(**reading))


ABC = contract("a", "b", "c")
HTML = "<html><head><meta charset='gbk'></head><table><tr><td>a</td></tr></table></html>"
SPREADSHEET_XML = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>'


def zipped(*members: str | tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member in members:
            name, content = (member, b"a,b,c\n1,2,3\n") if isinstance(member, str) else member
            archive.writestr(name, content)
    return out.getvalue()


def parquet(**columns: list[str]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), out)
    return out.getvalue()


REFUSED: list[tuple[str, str, bytes, str, int | None]] = [
    ("empty", "t.csv", b"", "READ_EMPTY", None),
    ("blanks alone", "t.csv", b"\xef\xbb\xbf \r\n\r\n", "READ_EMPTY", None),
    ("header alone", "t.csv", b"a,b,c\r\n", "READ_NO_RECORDS", 1),
    ("header alone, json", "t.json", b"[]", "READ_NO_RECORDS", None),
    ("bytes of no encoding", "t.csv", b"a,b,c\n1,\xff\xff,3\n", "READ_ENCODING", 2),
    ("GBK cut in a character", "t.csv", "a,b,c\n1,郑州,3\n".encode("gbk") + b"\xd6", "READ_ENCODING", 3),
    ("two encodings", "t.csv", "a,b,c\n1,郑州,3\n".encode() + "2,开封,4\n".encode("gbk"), "READ_ENCODING_MIXED", 3),
    (
        "two encodings, other order",
        "t.csv",
        "a,b,c\n1,郑州,3\n".encode("gbk") + "2,开封,4\n".encode(),
        "READ_ENCODING_MIXED",
        3,
    ),
    ("UTF-32", "t.csv", "a,b,c\n1,2,3\n".encode("utf-32"), "READ_ENCODING", 1),
    ("UTF-16 cut", "t.csv", "a,b,c\n1,2,3\n".encode("utf-16")[:-1], "READ_ENCODING", 2),
    ("NUL", "t.csv", b"a,b,c\n1,2,3\n1,\x00,3\n", "READ_NUL", 3),
    ("only NUL", "t.csv", b"\x00" * 100, "READ_NUL", None),
    ("open quote", "t.csv", b'a,b,c\n1,2,3\n4,"5,6\n7,8,9\n', "READ_QUOTE_OPEN", 3),
    ("open quote that a later one tears", "t.csv", b'a,b,c\n4,"5,6\n7,"8,9\n', "READ_QUOTE_OPEN", 2),
    ("10,000 columns", "t.csv", ",".join(f"c{i}" for i in range(10_000)).encode() + b"\n1\n", "READ_COLUMNS", 1),
    ("same header twice", "t.csv", b"a,b,c,a\n1,2,3,4\n", "READ_HEADER_DUPLICATE", None),
    ("same extra header twice", "t.csv", b"a,b,c,x,X\n1,2,3,4,5\n", "READ_HEADER_DUPLICATE", None),
    ("blank header with values", "t.csv", b"a,,b,c\n1,,2,3\n1,9,2,3\n", "READ_HEADER_BLANK", 3),
    ("missing column", "t.csv", b"a,b\n1,2\n", "READ_COLUMN_MISSING", None),
    ("no header", "t.csv", b"1,2,3\n4,5,6\n", "READ_HEADER_NOT_FOUND", None),
    ("endless line", "t.csv", b"a,b,c\n1,2," + b"9" * (3 << 20) + b"\n", "READ_LINE_TOO_LONG", 2),
    ("HTML named .xls", "t.xls", HTML.encode(), "READ_FORMAT", None),
    ("HTML in UTF-16", "t.xls", HTML.encode("utf-16"), "READ_FORMAT", None),
    ("spreadsheet XML", "t.xls", SPREADSHEET_XML.encode(), "READ_FORMAT", None),
    ("PDF", "t.csv", b"%PDF-1.7\n", "READ_FORMAT", None),
    ("ZIP of a table and a note", "t.zip", zipped("t.csv", ("readme.txt", b"as agreed")), "READ_PARTS_FAULTY", None),
    ("ZIP of files without a record", "t.zip", zipped(("t.csv", b""), ("u.csv", b"a,b,c\n")), "READ_NO_RECORDS", None),
    ("ZIP of none", "t.zip", zipped("__MACOSX/t.csv"), "READ_ARCHIVE", None),
    ("ZIP in a ZIP", "t.zip", zipped(("t.zip", zipped("t.csv"))), "READ_FORMAT", None),
    ("PDF in a ZIP", "t.zip", zipped(("t.csv", b"%PDF-1.7")), "READ_FORMAT", None),
    ("ZIP whose content was changed", "t.zip", zipped("t.csv").replace(b"1,2,3", b"1,2,4"), "READ_DAMAGED", None),
    ("Parquet cut off", "t.parquet", parquet(a=["1"], b=["2"], c=["3"])[:-9], "READ_DAMAGED", None),
    ("Parquet that is a name", "t.parquet", b"PAR1" + b"x" * 100, "READ_DAMAGED", None),
    ("Parquet without a row", "t.parquet", parquet(a=[], b=[], c=[]), "READ_NO_RECORDS", 1),
    ("Parquet without a column", "t.parquet", parquet(a=["1"], b=["2"]), "READ_COLUMN_MISSING", None),
    (
        "Parquet with a column twice",
        "t.parquet",
        parquet(a=["1"], b=["2"], c=["3"], B=["4"]),
        "READ_HEADER_DUPLICATE",
        None,
    ),
    ("Parquet of 2,001 columns", "t.parquet", parquet(**{f"c{n}": ["1"] for n in range(2001)}), "READ_COLUMNS", 1),
    ("encrypted Parquet", "t.parquet", b"PARE" + b"x" * 100, "READ_FORMAT", None),
    ("Word", "t.xlsx", zipped("word/document.xml"), "READ_FORMAT", None),
    ("xlsb", "t.xlsx", zipped("xl/workbook.bin"), "READ_FORMAT", None),
    ("cut ZIP", "t.xlsx", zipped("xl/workbook.xml")[:-30], "READ_DAMAGED", None),
    ("empty shell of an xlsx", "t.xlsx", zipped("xl/workbook.xml"), "READ_DAMAGED", None),
    ("broken OLE", "t.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 2000, "READ_FORMAT", None),
    (
        "broken xls",
        "t.xls",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le") * 90,
        "READ_DAMAGED",
        None,
    ),
    (
        "encrypted workbook",
        "t.xlsx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") * 90,
        "READ_ENCRYPTED",
        None,
    ),
    ("JSON cut off", "t.json", b'[{"a":1,"b":2,"c":3},\n{"a":1', "READ_JSON", 2),
    ("single quotes for JSON's own", "t.json", b"{\n  'a': 'bad',\n}", "READ_JSON", 2),
    ("JSON with remarks", "t.json", b'{\n  // what\n  "a": "bad"\n}', "READ_JSON", 2),
    ("text behind JSON", "t.json", b'[{"a":1,"b":2,"c":3}]\n]', "READ_JSON", 2),
    ("JSON without end of depth", "t.json", b"[" * 100_000, "READ_DEPTH", 1),
    ("JSON of numbers", "t.json", b"[1,2,3]", "READ_RECORD_PATH", None),
    (
        "TopoJSON",
        "t.json",
        b'{"type":"Topology","arcs":[],"objects":{"a":{}}}',
        "READ_FORMAT",
        None,
    ),
    (
        "too many keys",
        "t.json",
        b"[%s]" % b",".join(b'{"a":1,"k%d":2}' % at for at in range(2100)),
        "READ_COLUMNS",
        2000,
    ),
    ("several lists", "t.json", b'{"p":[{"a":1}],"q":[{"a":1}]}', "READ_RECORD_PATH", None),
    ("the list twice", "t.json", b'{"p":[{"a":1,"b":2,"c":3}],"p":[{"a":4,"b":5,"c":6}]}', "READ_RECORD_PATH", None),
    (
        "features twice",
        "t.json",
        b'{"features":[{"a":1,"b":2,"c":3}],"features":[{"a":4,"b":5,"c":6}]}',
        "READ_RECORD_PATH",
        None,
    ),
    ("no line is JSON", "t.jsonl", b'{"a":1,\n{"a":2,\n', "READ_JSON", None),
    ("JSON without a column", "t.json", b'[{"a":1,"b":2}]', "READ_COLUMN_MISSING", None),
]


FAULTY: dict[str, tuple[bytes, str, str]] = {
    "NUL in the only record": (
        b'[{"a": 1, "b": "x\\u0000", "c": 3}]',
        "第1条记录含有空字节（NUL）",
        "Record 1 holds a NUL byte",
    ),
    "a key twice in the only record": (
        b'[{"a": 1, "a": 2, "b": 2, "c": 3}]',
        "第1条记录中同一字段出现两次",
        "Record 1 holds the same field twice",
    ),
    "a key twice in a record by itself": (
        b'{"a": 1, "a": 2, "b": 2, "c": 3}',
        "第1条记录中同一字段出现两次",
        "Record 1 holds the same field twice",
    ),
    "too deep, each of them": (
        b"[" + b",".join([b'{"x": ' * 80 + b"1" + b"}" * 80] * 2) + b"]",
        "第1条记录嵌套过深",
        "Record 1 is nested too deeply",
    ),
    "each by a fault of its own": (
        b'[{"a": 1, "a": 2}, 3, {"a": "\\u0000"}]',
        "第1条记录中同一字段出现两次",
        "Record 1 holds the same field twice",
    ),
    "lines, the first of which is none": (
        b'{"a":1,\n{"a":1,"a":2}\n{"a":2,"a":2}\n',
        "第1行不是完整的 JSON",
        "Line 1: not valid JSON",
    ),
    "a list of one faulty object beside a name": (
        b'{"name": "x", "rows": [{"a": "\\u0000"}]}',
        "第1条记录含有空字节（NUL）",
        "Record 1 holds a NUL byte",
    ),
}


@pytest.mark.parametrize(("content", "zh", "en"), FAULTY.values(), ids=FAULTY.keys())
def test_json_without_one_good_record_is_refused_by_the_first_one_s_fault(
    content: bytes, zh: str, en: str, tmp_path: Path
) -> None:
    path = tmp_path / "delivered.json"
    path.write_bytes(content)
    with pytest.raises(Refused) as caught:
        read(path, ABC, tmp_path)
    assert caught.value.code == "READ_RECORD_FAULTY"
    assert zh in caught.value.sentence("zh")
    assert en in caught.value.sentence("en")
    assert "recordPath" not in str(caught.value.remedy)


def test_a_list_that_stands_twice_where_the_contract_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "delivered.json"
    path.write_bytes(b'{"in": {"rows": [{"a": "1"}], "rows": [{"a": "2"}]}}')
    with pytest.raises(Refused, match="READ_RECORD_PATH"):
        read(path, contract("a", record_path="in.rows"), tmp_path)


def test_one_good_record_is_enough_and_the_faulty_ones_are_set_aside(tmp_path: Path) -> None:
    records = b'[{"a": 1, "a": 2}, {"a": "1", "b": "2", "c": "3"}, {"a": "\\u0000"}]'
    for number, content in enumerate((records, b'{"of": {"x": 1, "x": 2}, "records": ' + records + b"}")):
        assert _faults(tmp_path / f"{number}.json", content) == [(None, "duplicate_key"), ("1", None), (None, "nul")]


def _faults(path: Path, content: bytes) -> list[tuple[str | None, str | None]]:
    path.write_bytes(content)
    source = read(path, ABC, path.parent)
    with duckdb.connect() as connection:
        for name, table in source.tables.items():
            connection.register(name, table)
        return connection.execute(f"SELECT a, _fault FROM ({source.sql})", list(source.parameters)).fetchall()


@pytest.mark.parametrize(
    ("name", "content", "code", "row"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_bad_input_is_refused_in_one_sentence(
    name: str, content: bytes, code: str, row: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "delivered"
    path.write_bytes(content)
    with pytest.raises(Refused) as caught:
        read(path, ABC, tmp_path, name=name)
    error = caught.value
    assert error.code == code
    assert error.place is not None
    assert error.place.file == name
    assert error.place.row == row or row is None
    for lang in ("zh", "en"):
        assert len(error.text.say(lang)) >= 5
        assert "Traceback" not in error.sentence(lang)
        assert str(tmp_path) not in error.sentence(lang)
    assert error.remedy is not None or code in {"READ_ENCODING"}


def test_a_sheet_of_too_many_cells_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b", "c"])
    book.active["C5000"] = 1
    path = tmp_path / "t.xlsx"
    book.save(path)
    with pytest.raises(Refused) as caught:
        read(path, ABC, tmp_path, limits=Limits(sheet_cells=1000))
    assert caught.value.code == "READ_SHEET_SIZE"


def test_a_workbook_that_takes_all_memory_is_stopped(tmp_path: Path) -> None:
    """Two cells in opposite corners make the library lay out seventeen thousand million cells."""
    book = openpyxl.Workbook()
    book.active.append(["a", "b", "c"])
    book.active["XFD1048576"] = 1
    path = tmp_path / "t.xlsx"
    book.save(path)
    with pytest.raises(Refused) as caught:
        read(path, ABC, tmp_path)
    assert caught.value.code in {"READ_MEMORY", "READ_COLUMNS"}


def test_a_workbook_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b", "c"])
    path = tmp_path / "t.xlsx"
    book.save(path)
    with pytest.raises(Refused) as caught:
        read(path, ABC, tmp_path, limits=Limits(sheet_seconds=0))
    assert caught.value.code == "READ_TIME"


def test_a_workbook_without_memory_is_stopped(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b", "c"])
    path = tmp_path / "t.xlsx"
    book.save(path)
    with pytest.raises(Refused) as caught:
        read(path, ABC, tmp_path, limits=Limits(sheet_memory=64 << 20))
    assert caught.value.code == "READ_MEMORY"


def test_records_with_faults_of_their_own_do_not_stop_the_others(tmp_path: Path) -> None:
    lines = ['{"a":1,"b":2,"c":3}', '{"a":1', "[1]", '{"a":1,"a":2,"b":2,"c":3}', '{"a":"\\u0000","b":2,"c":3}']
    lines += [
        '{"a":"\\ud800","b":2,"c":3}',
        '{"a":' + "[" * 40 + "]" * 40 + ',"b":2,"c":3}',
        json.dumps({"a": 1, "b": None, "c": ""}),
    ]
    deep = {"a": 1, "b": 2, "c": 3, "d": {}}
    inner = deep["d"]
    for _ in range(70):
        inner["e"] = {"f": 1}  # type: ignore[index]
        inner = inner["e"]  # type: ignore[index]
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join([*lines, json.dumps(deep)]), encoding="utf-8")
    import duckdb

    source = read(path, ABC, tmp_path)
    found = duckdb.execute(source.sql, source.parameters).fetchall()
    assert [row[4] for row in found] == [
        None, "json", "not_object", "duplicate_key", "nul", "json", None, None, "too_deep"
    ]  # fmt: skip
    assert [row[5] for row in found] == list(range(1, 10))
    assert found[7][:3] == ("1", None, None)


def test_an_archive_is_unpacked_within_its_limit_whatever_it_claims(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../bomb.csv", b"a,b,c\n" + b"0" * 50_000_000)
    path = tmp_path / "bomb.zip"
    path.write_bytes(out.getvalue())
    assert path.stat().st_size < 100_000
    with pytest.raises(Refused) as caught:
        read(path, ABC, tmp_path, limits=Limits(max_unpacked=1_000_000))
    assert caught.value.code == "READ_ARCHIVE_SIZE"
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["bomb.zip", "bomb.zip.member"]
    assert (tmp_path / "bomb.zip.member").stat().st_size <= 1_000_000 + (1 << 20)


def test_an_archive_with_a_password_is_refused_as_that(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    path.write_bytes(zipped("t.csv"))
    locked = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + at] |= 1
    path.write_bytes(locked)
    with pytest.raises(Refused) as caught:
        read(path, ABC, tmp_path)
    assert caught.value.code == "READ_ENCRYPTED"


def test_a_missing_column_is_called_as_the_officer_knows_it(tmp_path: Path) -> None:
    fields = (Field("flow", ("flow", "流量", "车流量"), required=True), Field("b", ("b",), required=True))
    wanted = replace(ABC, fields=(*ABC.fields[:1], *fields))
    for name, content in (("t.csv", b"a,c\n1,2\n"), ("t.json", b'[{"a": 1}]')):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Refused, match="READ_COLUMN_MISSING") as caught:
            read(tmp_path / name, wanted, tmp_path)
        assert "缺少必需字段：流量（flow）、b" in caught.value.text.zh
        assert "missing: flow, b" in caught.value.text.en
