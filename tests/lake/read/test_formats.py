"""What each format's records are, and that values arrive as they stand in the file."""

import datetime as dt
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlwt

from contracts.model import Contract, Field, Reading
from lake.read import Source, read


def contract(*names: str | tuple[str, ...], required: bool = True, **reading: Any) -> Contract:
    spelled = [name if isinstance(name, tuple) else (name,) for name in names]
    fields = tuple(Field(name[0], name, required) for name in spelled)
    return Contract("u.d.n", "1.0.0", (), fields, (), (), "append", reading=Reading(**reading))


def rows(source: Source) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(source.sql, source.parameters).fetchall()


def codes(source: Source) -> dict[str, int | None]:
    return {note.code: note.count for note in source.notes}


ABC = contract("a", "b", "c")
CITIES = "城市,区,值\n郑州市,中原区,１２\n郑州市,“二七”区,3\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_text_tables_of_any_encoding_delimiter_and_line_end(
    encoding: str, line_end: str, delimiter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CITIES.replace("\n", line_end).replace(",", delimiter)
    path = tmp_path / "t"
    path.write_bytes(text.encode(encoding))
    expected = [("郑州市", "中原区", "１２"), ("郑州市", "“二七”区", "3")]
    for small in (0, 1 << 20):
        monkeypatch.setattr("lake.read.csv._SMALL", small)
        source = read(path, contract("城市", "区", "值"), tmp_path)
        assert [row[:3] for row in rows(source)] == expected
        assert source.lines_of([0, 1], 2) == {0: 2, 1: 3}


def test_characters_outside_gbk_and_the_basic_plane(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("a,b,c\n㐂,𠮷,镕\n".encode("gb18030"))
    assert rows(read(path, ABC, tmp_path))[0][:3] == ("㐂", "𠮷", "镕")


def test_headers_match_by_alias_width_and_case_and_extras_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("ＡＱＩ , 备注,City\n5,x,郑州\n6,,\n", encoding="utf-8")
    source = read(path, contract(("city", "城市"), ("aqi", "空气质量指数")), tmp_path)
    assert [row[:3] for row in rows(source)] == [("郑州", "5", '{" 备注":"x"}'), (None, "6", '{" 备注":null}')]
    assert codes(source) == {"extra_columns": 1}


def test_a_text_table_with_title_and_two_header_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('小时值,,,\n"填报：\n某局",,,\n站点,浓度,,\n,PM2.5,PM10,\nA,1,2,\nB,3,4,\n', encoding="utf-8")
    source = read(path, contract("站点", "PM2.5", "PM10"), tmp_path)
    assert [(row[:3], row[5]) for row in rows(source)] == [(("A", "1", "2"), 6), (("B", "3", "4"), 7)]
    assert "header_found" in codes(source)


def test_optional_fields_may_be_absent(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    source = read(path, contract("a", "b", "c", required=False), tmp_path)
    assert rows(source)[0][:3] == ("1", "2", None)
    assert codes(source) == {"optional_columns_missing": 1}


def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["学生情况表"])
    sheet.merge_cells("A1:G1")
    sheet.append(["学号", "姓名", "体检", None, "日期", "时间", "合计"])
    sheet.append([None, None, "身高", "体重", None, None, None])
    sheet.merge_cells("C2:D2")
    sheet.merge_cells("A2:A3")
    sheet.append(["大学路街道（2人）"])
    sheet.merge_cells("A4:G4")
    sheet.append([4111010001, "甲", 140.5, 35, dt.date(2026, 3, 1), dt.datetime(2026, 3, 1, 8, 30), 1])  # noqa: DTZ001
    sheet.append(["007", None, 1e21, 0.1, "1899-01-01", dt.time(8, 30), True])
    sheet.merge_cells("B5:B6")
    sheet.append([])
    sheet.append(["８", "乙", "#DIV/0!", -0.5, dt.timedelta(hours=30), None, None])
    path = tmp_path / "t.xlsx"
    book.save(path)
    return path


PUPILS = contract("学号", "姓名", "身高", "体重", "日期", "时间", "合计")


def test_a_workbook_with_title_merged_headers_and_group_rows(tmp_path: Path) -> None:
    source = read(workbook(tmp_path), PUPILS, tmp_path)
    assert [(row[:7], row[8], row[9]) for row in rows(source)] == [
        (("4111010001", "甲", "140.5", "35", "2026-03-01", "2026-03-01 08:30:00", "1"), None, 5),
        (("007", "甲", "1000000000000000000000", "0.1", "1899-01-01", "08:30:00", "true"), None, 6),
        (("８", "乙", "#DIV/0!", "-0.5", "30:00:00", None, None), None, 8),
    ]
    assert codes(source)["merged_rows_skipped"] == 1
    assert codes(source)["merged_cells_filled"] == 1
    assert source.lines_of([0, 2]) == {0: 5, 2: 8}


def test_formulas_count_by_their_stored_result_and_are_faults_without_one(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b", "c"])
    book.active.append([1, "=A2+1", 3])
    book.active.append([1, "=A3+1", 3])
    book.active.append([1, 2, 3])
    book.save(tmp_path / "t.xlsx")
    # The first formula gets the result that a spreadsheet program would have stored.
    with zipfile.ZipFile(tmp_path / "t.xlsx") as source, zipfile.ZipFile(tmp_path / "u.xlsx", "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(
                name,
                data.replace(b"<f>A2+1</f><v />", b"<f>A2+1</f><v>2</v>").replace(
                    b"<f>A2+1</f><v></v>", b"<f>A2+1</f><v>2</v>"
                ),
            )
    found = rows(read(tmp_path / "u.xlsx", ABC, tmp_path))
    assert [(row[:3], row[4], row[5]) for row in found] == [
        (("1", "2", "3"), None, 2), ((None, None, None), "formula", 3), (("1", "2", "3"), None, 4)
    ]  # fmt: skip
    assert found[1][3] == '{"_cells":["1",null,"3"]}'


def test_binary_workbooks_and_the_epoch_of_1904(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    book.dates_1904 = True
    sheet = book.add_sheet("x")
    for column, name in enumerate("abc"):
        sheet.write(2, column + 1, name)
    sheet.write(3, 1, 1.0)
    sheet.write(3, 2, 44621, xlwt.easyxf(num_format_str="yyyy-mm-dd"))
    sheet.write(3, 3, "１２")
    path = tmp_path / "t.xls"
    book.save(str(path))
    source = read(path, ABC, tmp_path)
    assert [(row[:3], row[5]) for row in rows(source)] == [(("1", "2026-03-02", "１２"), 4)]
    assert source.format == "xls"


def test_the_one_sheet_that_matches_is_read_and_two_are_too_many(tmp_path: Path) -> None:
    from infra.errors import Refused

    book = openpyxl.Workbook()
    book.active.append(["说明"])
    for name in ("一月", "二月"):
        sheet = book.create_sheet(name)
        sheet.append(["a", "b", "c"])
        sheet.append([name, 2, 3])
    path = tmp_path / "t.xlsx"
    book.save(path)
    with pytest.raises(Refused) as caught:
        read(path, ABC, tmp_path)
    assert caught.value.code == "READ_SHEETS_SEVERAL"
    declared = read(path, contract("a", "b", "c", sheet="二月"), tmp_path)
    assert rows(declared)[0][0] == "二月"
    with pytest.raises(Refused) as caught:
        read(path, contract("a", "b", "c", sheet="三月"), tmp_path)
    assert caught.value.code == "READ_SHEET_MISSING"
    book["二月"].sheet_state = "hidden"
    book.save(path)
    source = read(path, ABC, tmp_path)
    assert rows(source)[0][0] == "一月"
    assert source.sheet == "一月"
    assert codes(source) == {"sheets_not_read": 1}


def test_json_keeps_numbers_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(
        '[{"a":1.10,"b":123456789012345678901234567890,"c":true},\n {"a":-0.0,"b":NaN,"c":{"k":[1,2.50]}}]',
        encoding="utf-8",
    )
    source = read(path, ABC, tmp_path)
    assert [(row[:3], row[5]) for row in rows(source)] == [
        (("1.10", "123456789012345678901234567890", "true"), 1), (("-0.0", "NaN", '{"k":[1,2.5]}'), 2)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"data": {"rows": [{"a": 1}, {"a": 2}], "n": 2}, "ok": true}', "data.rows"),
        ('{"total": 2, "rows": [{"a": 1}, {"a": 2}]}', None),
        ('[{"a": 1},\n\n{"a": 2}]', None),
        ('{"a": 1}\n\n{"a": 2}\n', None),
        ('{"a": 1}\r\n{"a": 2}', None),
    ],
)
def test_records_are_found_in_every_shape_of_json(text: str, path: str | None, tmp_path: Path) -> None:
    file = tmp_path / "t"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        file.write_bytes(text.encode(encoding))
        assert [row[0] for row in rows(read(file, contract("a", record_path=path), tmp_path))] == ["1", "2"]


def test_nested_objects_are_flattened_unless_the_contract_names_them(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('[{"place": {"lng": 1, "at": {"x": 2}}, "tags": ["u", "v"], "more": {"k": 1}}]', encoding="utf-8")
    source = read(path, contract("place.lng", "place.at", "tags"), tmp_path)
    assert rows(source)[0][:4] == ("1", '{"x":2}', '["u","v"]', '{"more.k":1}')


def test_geojson_features_are_records(tmp_path: Path) -> None:
    feature = {"type": "Feature", "id": 7, "properties": {"name": "中原区", "parent": {"adcode": 410100}},
               "geometry": {"type": "Point", "coordinates": [113.6, 34.75]}}  # fmt: skip
    document = {
        "type": "FeatureCollection",
        "crs": {"type": "name"},
        "features": [feature, {**feature, "geometry": None}],
    }
    path = tmp_path / "t"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    source = read(path, contract("name", "parent.adcode", "geometry", "id"), tmp_path)
    point = '{"type":"Point","coordinates":[113.6,34.75]}'
    assert [row[:4] for row in rows(source)] == [("中原区", "410100", point, "7"), ("中原区", "410100", None, "7")]
    assert source.format == "geojson"
    assert "crs_stated" in codes(source)
    path.write_text(json.dumps(feature), encoding="utf-8")
    assert len(rows(read(path, contract("name", "geometry"), tmp_path))) == 1


def test_a_document_larger_than_the_buffer_streams(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    records = [{"a": number, "b": "郑" * 300, "c": number / 7} for number in range(4000)]
    path.write_text(json.dumps({"rows": records, "n": 4000}, ensure_ascii=False), encoding="utf-8")
    found = rows(read(path, contract("a", "b", "c", record_path="rows"), tmp_path))
    assert [(row[0], row[1], float(row[2])) for row in found] == [
        (str(record["a"]), record["b"], record["c"]) for record in records
    ]


def test_a_parquet_row_is_a_record_and_its_values_are_texts(tmp_path: Path) -> None:
    east = dt.timezone(dt.timedelta(hours=8))
    table = pa.table(
        {
            "站点": pa.array(["郑州", "", None], pa.string()),
            "whole": pa.array([2**63 - 1, -5, None], pa.int64()),
            "half": pa.array([0.1, float("nan"), 1e20], pa.float64()),
            "money": pa.array([Decimal("12.5000"), None, None], pa.decimal128(18, 4)),
            "day": pa.array([dt.date(2026, 3, 1), None, dt.date(1899, 12, 31)]),
            "at": pa.array([dt.datetime(2026, 3, 1, 8, tzinfo=east), None, None], pa.timestamp("us", "Asia/Shanghai")),
            "local": pa.array([1_772_352_000_000_005, None, None], pa.timestamp("us")),
            "ok": pa.array([True, False, None]),
            "raw": pa.array([b"\x00\xff", b"", None]),
            "deep": pa.array([{"x": [1, 2]}, None, {"x": []}]),
            "beyond": pa.array(["kept", None, None]),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    names = ("站点", "whole", "half", "money", "day", "at", "local", "ok", "raw", "deep")
    source = read(tmp_path / "t.parquet", contract(*names), tmp_path)
    first, second, third = rows(source)
    assert first == (
        *("郑州", "9223372036854775807", "0.1", "12.5000", "2026-03-01", "2026-03-01T00:00:00.000000+00:00"),
        *("2026-03-01 08:00:00.000005", "true", "00FF", '{"x":[1,2]}', '{"beyond":"kept"}', None),
    )
    assert second[:3] == (None, "-5", "nan")
    assert (third[2], third[4], third[9]) == ("1e+20", "1899-12-31", '{"x":[]}')
    assert (source.format, source.lines_of([0, 2], 3)) == ("parquet", {0: 1, 2: 3})
    assert codes(source) == {"extra_columns": 1}


def test_a_parquet_files_own_words_never_become_sql(tmp_path: Path) -> None:
    names = ['a"; DROP TABLE x; --', "c0", "nul", "_fault", "A'b", ""]
    table = pa.table([pa.array([f"{at}", f"{at}\0"]) for at in range(len(names))], names=names)
    pq.write_table(table, tmp_path / "x=1.parquet")
    source = read(tmp_path / "x=1.parquet", contract("c0", "nul", names[0]), tmp_path)
    kept, torn = rows(source)
    assert kept[:3] == ("1", "2", "0")
    assert json.loads(kept[3]) == {"_fault": "3", "A'b": "4"}
    assert torn[:3] == (None, None, None)
    assert torn[4] == "nul"
    assert json.loads(torn[3])["_cells"][1] == "1\0"


@pytest.mark.parametrize("inner", ["t.csv", "数据/表.csv", "../../t.csv", "C:\\t.csv"])
def test_an_archive_of_one_file_is_that_file(inner: str, tmp_path: Path) -> None:
    for content in ("a,b,c\n1,郑州,3\n".encode("gbk"), b'[{"a": 1, "b": "\xe9\x83\x91\xe5\xb7\x9e", "c": 3}]'):
        with zipfile.ZipFile(tmp_path / "t.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(inner, content)
            archive.writestr("__MACOSX/._t.csv", b"litter")
            archive.writestr("folder/.DS_Store", b"litter")
        scratch = tmp_path / f"scratch-{len(content)}"
        scratch.mkdir()
        assert [row[:3] for row in rows(read(tmp_path / "t.zip", ABC, scratch))] == [("1", "郑州", "3")]
        assert all(path.parent == scratch and path.name.startswith("t.zip.member") for path in scratch.rglob("*"))
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {"t.zip", "scratch"}
