"""Tables that are no list of named columns: wide ones, ones without a header, headers of several rows."""

import io
import json
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.compile import compile as compiled
from contracts.compile import split_sql
from contracts.model import Contract, Field, Reading, Unpivot
from contracts.odcs import load
from contracts.parse import parse
from infra.errors import Refused
from infra.language import Text
from lake.read import FAULTS, Source, read
from lake.read.match import find_header
from lake.read.place import MOST_COLUMNS, decoded, encoded, filled

WIDE = Unpivot(r"\d+", "sensor", "speed", "n")


def contract(*names: str, **reading: Any) -> Contract:
    fields = tuple(Field(name, (name,)) for name in names)
    return Contract("u.d.n", "1.0.0", (), fields, (), (), "append", reading=Reading(**reading))


def rows(source: Source) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(source.sql, source.parameters).fetchall()


def workbook(*lines: list[Any]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for line in lines:
        book.active.append(line)
    book.save(out)
    return out.getvalue()


def parquet(**columns: list[str | None]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), out)
    return out.getvalue()


SAME = {
    "csv": b"date,773869,767541\nd1,1.5,2\nd2,,4\n",
    "xlsx": workbook(["date", "773869", "767541"], ["d1", "1.5", 2], ["d2", None, 4]),
    "json": b'[{"date":"d1","773869":1.5,"767541":2},{"date":"d2","773869":null,"767541":4}]',
    "parquet": parquet(date=["d1", "d2"], **{"773869": ["1.5", None], "767541": ["2", "4"]}),
}


@pytest.mark.parametrize("kind", SAME)
def test_a_wide_table_of_any_format_becomes_long(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(SAME[kind])
    source = read(path, contract("n", "date", "sensor", "speed", unpivot=WIDE), tmp_path)
    first = 1 if kind in {"json", "parquet"} else 2
    assert [(*row[:4], row[6]) for row in rows(source)] == [
        ("1", "d1", "773869", "1.5", encoded(0, first, 1)),
        ("1", "d1", "767541", "2", encoded(0, first, 2)),
        ("2", "d2", "773869", None, encoded(0, first + 1, 1)),
        ("2", "d2", "767541", "4", encoded(0, first + 1, 2)),
    ]
    assert {note.code: note.count for note in source.notes}["unpivoted"] == 2


def test_a_wide_table_of_nothing_but_values(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("773869,767541\n1,2\n3\n4,5\n")
    source = read(path, contract("sensor", "speed", unpivot=Unpivot(r"\d{6}", "sensor", "speed")), tmp_path)
    assert [(row[:2], row[3], row[4]) for row in rows(source)] == [
        (("773869", "1"), None, encoded(0, 2, 1)),
        (("767541", "2"), None, encoded(0, 2, 2)),
        ((None, None), "ragged", 3),
        (("773869", "4"), None, encoded(0, 4, 1)),
        (("767541", "5"), None, encoded(0, 4, 2)),
    ]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("fields", [("date",), ()])
def test_values_that_look_like_wide_columns_are_no_header(kind: str, fields: tuple[str, ...], tmp_path: Path) -> None:
    """A row of more such cells than the header has is ragged, and the rows above it are records."""
    table = [["date", "101", "102"], ["1", "7", "7"], ["2", "3", "4", "5", "6"], ["3", "8", "9"]]
    if not fields:
        table = [["2020"], *(line[1:] for line in table)]
    path = tmp_path / "t"
    path.write_bytes(workbook(*table) if kind == "xlsx" else "".join(",".join(x) + "\n" for x in table).encode())
    source = read(path, contract(*fields, "sensor", "speed", unpivot=Unpivot(r"\d+", "sensor", "speed")), tmp_path)
    found = [(*row[len(fields) : len(fields) + 2], row[-2]) for row in rows(source)]
    long = [("101", "7", None), ("102", "7", None), (None, None, "ragged"), ("101", "8", None), ("102", "9", None)]
    assert found == long


def test_columns_that_nobody_speaks_of_stay_beside_each_record(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,2,note\n7,8,x\n")
    source = read(path, contract("sensor", "speed", unpivot=Unpivot(r"\d", "sensor", "speed")), tmp_path)
    assert [row[:3] for row in rows(source)] == [("1", "7", '{"note":"x"}'), ("2", "8", '{"note":"x"}')]


def test_no_column_that_matches_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("date,a\nd,1\n")
    with pytest.raises(Refused) as refused:
        read(path, contract("date", "sensor", "speed", unpivot=Unpivot(r"\d+", "sensor", "speed")), tmp_path)
    assert refused.value.code == "READ_NO_WIDE_COLUMN"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.lists(st.lists(st.integers(0, 99), min_size=3, max_size=3), min_size=1, max_size=30))
def test_every_cell_of_a_matrix_is_one_record(table: list[list[int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("wide")
    path = folder / "t.csv"
    path.write_text("".join(",".join(map(str, line)) + "\n" for line in table))
    found = rows(read(path, contract("n", "sensor", "speed", header="none", unpivot=WIDE), folder))
    expected = [(str(at), str(col), str(cell)) for at, line in enumerate(table, 1) for col, cell in enumerate(line, 1)]
    assert [row[:3] for row in found] == expected
    assert len({row[-1] for row in found}) == len(found)


@given(part=st.integers(0, 10_000), line=st.integers(1, (1 << 29) - 1), column=st.integers(0, MOST_COLUMNS))
def test_a_place_is_read_back_whatever_its_column(part: int, line: int, column: int) -> None:
    place = encoded(part, line, column)
    assert decoded(place) == (part, line)
    assert 0 <= place < 1 << 63
    said = filled(Text("{line}", "{line}"), place).en
    assert said == f"{line}" + (f", column {column}," if column else "") + (f" of file {part}" if part else "")


@given(part=st.integers(0, 10_000), line=st.integers(1, (1 << 40) - 1))
def test_a_line_beyond_half_a_milliard_is_a_line_still(part: int, line: int) -> None:
    assert decoded(encoded(part, line)) == (part, line)


def test_a_place_is_told_with_its_column_and_file() -> None:
    said = FAULTS["ragged"]
    assert filled(said, encoded(0, 7, 2)).zh.startswith("第2列第7行")
    assert filled(said, encoded(3, 7, 2)).zh.startswith("第3个文件第2列第7行")
    assert filled(said, encoded(3, 7, 2)).en.startswith("Line 7, column 2, of file 3")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_table_without_a_header_has_its_columns_by_position(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"1,2,3\n4,5,6\n" if kind == "csv" else workbook([1, 2, 3], [4, 5, 6]))
    found = rows(read(path, contract("a", "b", header="none"), tmp_path))
    assert [(*row[:3], row[4]) for row in found] == [("1", "2", '{"3":"3"}', 1), ("4", "5", '{"3":"6"}', 2)]
    with pytest.raises(Refused) as refused:
        read(path, contract("a", "b", "c", "d", header="none"), tmp_path)
    assert refused.value.code == "READ_COLUMN_MISSING"


def test_one_record_too_long_widens_no_table_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"1,english\n2,chinese\n3,german,extra\n")
    found = rows(read(path, contract("a", "b", header="none"), tmp_path))
    assert [(*row[:2], row[3]) for row in found] == [
        ("1", "english", None), ("2", "chinese", None), (None, None, "ragged"),
    ]  # fmt: skip


HEADERS: dict[str, tuple[list[list[str | None]], list[str], list[int]]] = {
    "three rows": (
        [
            ["站点", "浓度", None, None, None, "备注"],
            [None, "PM2.5", None, "PM10", None, None],
            [None, "日均", "小时", "日均", "小时", None],
        ],
        ["站点", "浓度PM2.5日均", "浓度_PM2.5_小时", "PM10日均", "PM10(小时)", "备注"],
        [0, 1, 2, 3, 4, 5],
    ),
    "a title above three": (
        [
            ["某市空气质量", None, None],
            ["站点", "浓度", None],
            [None, "PM2.5", None],
            [None, "日均", "小时"],
        ],
        ["站点", "浓度 PM2.5 日均", "PM2.5小时"],
        [0, 1, 2],
    ),
    "two rows, lower names alone": (
        [["站点", "浓度", None], [None, "PM2.5", "PM10"]],
        ["站点", "PM2.5", "PM10"],
        [0, 1, 2],
    ),
}


@pytest.mark.parametrize("case", HEADERS)
def test_merged_header_rows_name_a_column_together(case: str) -> None:
    lines, names, positions = HEADERS[case]
    header = find_header([*lines, ["甲", "1", "2", "3", "4", "x"]], contract(*names).fields)
    assert [header.columns[name] for name in names] == positions
    assert header.row + header.height == len(lines)


DOCUMENT = """
apiVersion: v3.1.0
kind: DataContract
id: traffic.road.speed
name: 车速
version: 1.0.0
status: draft
schema:
- name: speed
  customProperties:
  - {property: cityhub.mode, value: append}
  - {property: cityhub.reading, value: {unpivot: UNPIVOT}}
  properties:
  - {name: sensor, logicalType: string, required: true}
  - name: observed_at
    logicalType: timestamp
    customProperties:
    - {property: cityhub.from, value: {fields: [{name: n}]}}
    - {property: cityhub.steps, value: [{series: {start: '2012-03-01 00:00:00', seconds: 300}}, {timezone: '-08:00'}]}
  - {name: speed, logicalType: number, physicalType: number}
"""


def test_a_contract_declares_a_wide_table_and_its_time(tmp_path: Path) -> None:
    document, faults = load(
        DOCUMENT.replace("UNPIVOT", json.dumps({"columns": r"\d+", "name": "sensor", "value": "speed", "row": "n"}))
    )
    assert document is not None, faults
    made, faults = parse(document)
    assert made is not None, [str(one) for one in faults]
    assert made.reading.unpivot == WIDE
    path = tmp_path / "t.csv"
    path.write_text("773869\n64.375\n62.5\n")
    source = read(path, made, tmp_path)
    with duckdb.connect() as connection:
        sql = split_sql(compiled(made), source.sql)
        found = connection.execute(f"SELECT observed_at, speed FROM ({sql}) ORDER BY 1", source.parameters).fetchall()
    assert [(str(at)[:19], speed) for at, speed in found] == [
        ("2012-03-01 08:00:00", 64.375),
        ("2012-03-01 08:05:00", 62.5),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "long",
        {"columns": "(", "name": "sensor", "value": "speed"},
        {"columns": "x", "name": "sensor", "value": "sensor"},
        {"columns": "x", "name": "sensor", "value": "other"},
        {"columns": "x", "name": "sensor"},
        {"columns": "x", "name": "sensor", "value": "speed", "more": "1"},
    ],
)
def test_a_wrong_declaration_is_a_fault(wrong: Any) -> None:
    document, _ = load(DOCUMENT.replace("UNPIVOT", json.dumps(wrong)))
    assert document is not None
    assert [fault.code for fault in parse(document)[1]] == ["CONTRACT_READING"]
