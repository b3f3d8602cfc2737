"""Both ways through a text table give the same records, and the same as Python's csv module where that is defined."""

import csv
import io
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contracts.model import Contract, Field, Reading
from infra.errors import Place, Refused
from lake.read import read
from lake.read.records import physical_lines, read_records
from lake.read.source import Limits, Source

SETTINGS = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def contract(*names: str, **reading: Any) -> Contract:
    fields = tuple(Field(name, (name,)) for name in names)
    return Contract("u.d.n", "1.0.0", (), fields, (), (), "append", reading=Reading(**reading))


def rows(source: Source) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(source.sql, source.parameters).fetchall()


def values(source: Source, count: int) -> list[tuple[Any, ...]]:
    return [row[:count] for row in rows(source)]


@pytest.fixture(autouse=True)
def _the_fast_way_for_small_files_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.read.csv._SMALL", 0)


ABC = contract("a", "b", "c")
CELL = st.text(st.sampled_from(list("x1 \"',;\n\r\t郑０\\|#")), max_size=5)
TABLE = st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8)


@SETTINGS
@given(
    table=TABLE, line_end=st.sampled_from(["\n", "\r\n"]), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
)
def test_records_equal_those_of_the_csv_module(
    table: list[list[str]], line_end: str, quoting: Any, tmp_path: Path
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=line_end, quoting=quoting).writerows([["a", "b", "c"], *table])
    path = tmp_path / "t.csv"
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    expected = [
        expect(row)
        for row in csv.reader(io.StringIO(out.getvalue(), newline=""))
        if "".join(row[:1]).strip(" ") or len(row) > 1
    ][1:]
    if not expected:
        return
    source = read(path, ABC, tmp_path)
    assert [None if row[4] else row[:3] for row in rows(source)] == expected
    if source.precise:
        assert values(source.precise(), 3) == expected


def expect(row: list[str]) -> tuple[str | None, ...] | None:
    """What a record of the csv module is here: a surplus of empty fields is nothing, another count is a fault."""
    while len(row) > 3 and not row[-1]:
        row.pop()
    return tuple(cell or None for cell in row) if len(row) == 3 else None


BODY = st.text(st.sampled_from(list('x1 ",\n\r')), max_size=40)
MARKED = st.text(st.sampled_from(list('x1 ",\n\r\ufeff')), max_size=40)


@SETTINGS
@given(body=MARKED)
@example(body="1,2,3,\n4,5,6\n")
@example(body='1,2,3\n\ufeff"4",5,6\n')
@example(body='1, "x,y" ,3\n')
@example(body='1,"x\ny",3\n\n4,5,6')
@example(body="1,2\r,3\n")
@example(body="\r,,")
@example(body="  \n1,2,3\n")
@example(body='1,"x"y,3\n')
@example(body=' "1",2,3\n"')
def test_whatever_the_fast_way_reads_the_precise_way_reads_alike(body: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n" + body, encoding="utf-8", newline="")
    try:
        source = read(path, ABC, tmp_path)
    except Refused as error:
        assert error.code in {"READ_QUOTE_OPEN", "READ_NO_RECORDS"}
        return
    if source.precise is None:
        return
    fast = rows(source)
    precise = rows(source.precise())
    assert [row[:5] for row in fast] == [row[:5] for row in precise]
    lines = source.lines_of(range(len(fast)), len(fast))
    assert [lines[at] for at in range(len(fast))] == [row[5] for row in precise]
    assert source.lines_of(range(len(fast))) == lines


@SETTINGS
@given(body=BODY)
def test_records_of_unquoted_text_are_its_lines(body: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(body.replace('"', ""), encoding="utf-8", newline="")
    place = Place()
    found = [record.cells for record in read_records(physical_lines(path, Limits(), place), ",", Limits(), place)]
    text = path.read_bytes().decode()
    expected = [row for row in csv.reader(io.StringIO(text, newline="")) if len(row) > 1 or "".join(row).strip(" ")]
    assert found == expected


WIDE = f"9,9,{'9' * 120}\n" * 8


@pytest.mark.parametrize("inner", [WIDE, ",a,b\n" + WIDE])
def test_records_across_scan_borders_keep_together(inner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quoted fields that look like records, in a file that is scanned in several parts at once."""
    path = tmp_path / "large.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("a,b,c\n")
        for number in range(36_000):
            file.write(f'{number},"{inner}",{number}\n' if number % 3 == 0 else f"{number},x,{number}\n")
    source = read(path, ABC, tmp_path)
    with duckdb.connect(config={"threads": 4}) as connection:
        sql = f"SELECT count(*), count(*) FILTER (a = c), sum(a::BIGINT) FROM ({source.sql})"
        found = connection.execute(sql, source.parameters).fetchone()
    assert found == (36_000, 36_000, 36_000 * 35_999 // 2)
    height = inner.count("\n")
    assert source.lines_of([0, 1, 35_999]) == {0: 2, 1: 3 + height, 35_999: 2 + 35_999 + height * 12_000}
    # A file too large to be tried at once: whoever executes the query finds that records and lines are not in step.
    monkeypatch.setattr("lake.read.csv._TRIED_AT_ONCE", 0)
    fast = read(path, ABC, tmp_path)
    assert fast.precise is not None
    assert fast.lines_of([35_999], 36_000) != {35_999: 2 + 35_999}


def test_the_precise_way_tells_ragged_records_apart(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'a,b,c\n1,2,3\n4,5\n\n6,7,8,9\n"x\ny",2,3\n"p"q,1,2\n1,2,3,,\n')
    source = read(path, ABC, tmp_path)
    assert [(row[:3], row[3], row[4], row[5]) for row in rows(source)] == [
        (("1", "2", "3"), None, None, 2),
        ((None, None, None), '{"_cells":["4","5"]}', "ragged", 3),
        ((None, None, None), '{"_cells":["6","7","8","9"]}', "ragged", 5),
        (("x\ny", "2", "3"), None, None, 6),
        ((None, None, None), '{"_cells":["\\"p\\"q,1,2"]}', "quote", 8),
        (("1", "2", "3"), None, None, 9),
    ]


def test_a_large_file_that_breaks_late_falls_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.read.csv._TRIED_AT_ONCE", 0)
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b,c\n" + b"1,2,3\n" * 5000 + b"1,2\n")
    source = read(path, ABC, tmp_path)
    assert source.precise is not None
    with pytest.raises(duckdb.Error):
        rows(source)
    assert rows(source.precise())[-1] == (None, None, None, '{"_cells":["1","2"]}', "ragged", 5002)
