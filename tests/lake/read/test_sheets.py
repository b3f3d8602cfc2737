"""Several sheets of a workbook, and several tables in a sheet: whose a row is, and where it stands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from contracts.model import Contract, Field, Reading, Unpivot
from infra.errors import Refused
from infra.language import Text
from lake.read import Source, read
from lake.read.place import MOST_COLUMNS, MOST_SHEETS, decoded, encoded, filled, sheet_of
from lake.read.workbook import run

Rows = list[list[Any]]


def contract(*names: str, required: bool = True, **reading: Any) -> Contract:
    fields = tuple(Field(name, (name,), required) for name in names)
    return Contract("u.d.n", "1.0.0", (), fields, (), (), "append", reading=Reading(**reading))


def rows(source: Source) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(source.sql, source.parameters).fetchall()


def codes(source: Source) -> dict[str, int | None]:
    return {note.code: note.count for note in source.notes}


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process for each workbook would take ten times as long; test_formats.py goes through one."""
    monkeypatch.setattr("lake.read.excel.ask", lambda _module, question, *_: run(question))


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    def write(_merged: str = "", /, **sheets: Rows) -> Path:
        made = openpyxl.Workbook()
        made.remove(made.active)
        for name, lines in sheets.items():
            sheet = made.create_sheet(name)
            for line in lines:
                sheet.append(line)
            if _merged:
                sheet.merge_cells(_merged)
        path = tmp_path / "t.xlsx"
        made.save(path)
        return path

    return write


HEAD = ["站点", "街道", "数量"]
SITES = contract(*HEAD)
ONE: Rows = [["A", "甲", 1], ["B", "乙", 2]]
TWO: Rows = [["C", "丙", 3], ["D", "丁", 4]]


def good(source: Source) -> list[tuple[str, str, str, int]]:
    return [(*row[:3], row[5]) for row in rows(source) if row[4] is None]


def aside(source: Source) -> list[tuple[str, int]]:
    return [(row[4], row[5]) for row in rows(source) if row[4] is not None]


def test_a_header_that_comes_again_begins_the_next_table(book: Callable[..., Path], tmp_path: Path) -> None:
    turned = [[count, site, street] for site, street, count in TWO]
    second = ["数量", "站点", "街道"]
    source = read(book(s=[HEAD, *ONE, [], ["二月份"], second, *turned]), SITES, tmp_path)
    assert good(source) == [("A", "甲", "1", 2), ("B", "乙", "2", 3), ("C", "丙", "3", 7), ("D", "丁", "4", 8)]
    assert codes(source) == {"headers_again": 1}


def test_a_header_on_every_printed_page_is_no_record(book: Callable[..., Path], tmp_path: Path) -> None:
    source = read(book(s=[HEAD, *ONE, HEAD, *TWO, HEAD]), SITES, tmp_path)
    assert [row[0] for row in good(source)] == ["A", "B", "C", "D"]
    assert aside(source) == []
    assert codes(source) == {"headers_again": 2}


def test_a_record_above_a_repeated_header_stays_a_record(book: Callable[..., Path], tmp_path: Path) -> None:
    source = read(book(s=[HEAD, *ONE, [], TWO[0], HEAD, TWO[1]]), SITES, tmp_path)
    assert [row[0] for row in good(source)] == ["A", "B", "C", "D"]


def test_headers_of_two_rows_come_again_too(book: Callable[..., Path], tmp_path: Path) -> None:
    head: Rows = [["站点", "浓度", None], [None, "PM2.5", "PM10"]]
    lines: Rows = [*head, ["A", 1, 2], [], ["B", 3, 4], [], *head, ["C", 5, 6], *head, ["D", 7, 8]]
    source = read(book(s=lines), contract("站点", "PM2.5", "PM10"), tmp_path)
    assert [row[:3] for row in good(source)] == [("A", "1", "2"), ("B", "3", "4"), ("C", "5", "6"), ("D", "7", "8")]


OTHERS: dict[str, Rows] = {
    "other names": [["机构", "电话", "人数"], ["甲院", "371", 5], ["乙院", "372", 6]],
    "narrower": [["机构", "人数"], ["甲院", 5], ["乙院", 6]],
    "years as names": [["区县", "2019", "2020"], ["金水区", 5, 6], ["中原区", 7, 8]],
    "a title above": [["附：机构一览"], ["机构", "电话", "人数"], ["甲院", "371", 5]],
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_rows_of_another_table_are_set_aside_and_none_is_under_a_wrong_name(
    other: Rows, book: Callable[..., Path], tmp_path: Path
) -> None:
    source = read(book(s=[HEAD, *ONE, [], *other, [], ["丙院", "373", 7], [], HEAD, *TWO]), SITES, tmp_path)
    assert [row[0] for row in good(source)] == ["A", "B", "C", "D"]
    found = aside(source)
    assert {fault for fault, _ in found} == {"other_table"}
    assert [place for _, place in found] == [*range(5, 5 + len(other)), 6 + len(other)]
    assert codes(source) == {"headers_again": 1, "other_tables": 1}


def test_another_table_right_below_is_told_by_texts_where_ours_has_numbers(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    other: Rows = [["机构", "人数", "电话"], ["甲院", 5, "急诊 371"], ["乙院", 6, "门诊 372"]]
    source = read(book(s=[HEAD, *ONE, *other, HEAD, *TWO]), SITES, tmp_path)
    assert [row[0] for row in good(source)] == ["A", "B", "C", "D"]
    assert aside(source) == [("other_table", 4), ("other_table", 5), ("other_table", 6)]
    assert codes(source) == {"headers_again": 1, "other_tables": 1}


@pytest.mark.parametrize(
    "words",
    [
        [["E", "戊", "停运"], *TWO],  # numbers go on below
        [["E", "戊", "停运"], ["F", "己", "停运"], ["G", "庚", "停运"]],  # the same word below
        [["E", "戊", "缺测"], ["F", "己", "停运"], ["G", "庚", "检修"]],
        [["E", "戊", "停运"], ["F", "己", "检修"]],  # one row below shows nothing
    ],
)
def test_words_for_what_was_not_measured_begin_no_table(words: Rows, book: Callable[..., Path], tmp_path: Path) -> None:
    source = read(book(s=[HEAD, *ONE, *words]), SITES, tmp_path)
    assert len(good(source)) == 2 + len(words)
    assert codes(source) == {}


def test_empty_rows_between_records_end_no_table(book: Callable[..., Path], tmp_path: Path) -> None:
    lines = [line for row in [*ONE, ["E", None, None], ["F", "缺测", "缺测"], *TWO] for line in (row, [])]
    source = read(book(s=[HEAD, *lines]), SITES, tmp_path)
    assert [row[0] for row in good(source)] == ["A", "B", "E", "F", "C", "D"]
    assert codes(source) == {}


def test_in_a_table_of_texts_alone_a_gap_is_told(book: Callable[..., Path], tmp_path: Path) -> None:
    lines = [["姓名", "街道"], ["甲", "东"], [], ["乙", "西"], ["丙", "南"]]
    source = read(book(s=lines), contract("姓名", "街道"), tmp_path)
    assert [row[:2] for row in rows(source)] == [("甲", "东"), ("乙", "西"), ("丙", "南")]
    assert codes(source) == {"rows_behind_gap": 1}
    assert "4" in next(note.text.en for note in source.notes)


def test_the_first_of_two_tables_is_read_though_the_second_has_more_columns(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    lines = [["站点", "街道"], ["A", "甲"], [], HEAD, *TWO]
    source = read(book(s=lines), contract(*HEAD, required=False), tmp_path)
    assert good(source) == [("A", "甲", None, 2), ("C", "丙", "3", 5), ("D", "丁", "4", 6)]
    with pytest.raises(Refused, match="READ_COLUMN_MISSING"):
        read(book(s=lines), SITES, tmp_path)


def test_merged_headings_between_groups_end_no_table(book: Callable[..., Path], tmp_path: Path) -> None:
    source = read(book("A3:C3", s=[HEAD, ONE[0], ["金水区"], ONE[1], *TWO]), SITES, tmp_path)
    assert [row[0] for row in good(source)] == ["A", "B", "C", "D"]
    assert codes(source) == {"merged_rows_skipped": 1}
    first = read(book("A2:B2", s=[["站点", "街道"], ["金水区"], ["A", "甲"]]), contract("站点", "街道"), tmp_path)
    assert codes(first) == {"merged_rows_skipped": 1}


def test_a_wide_table_whose_header_comes_again(book: Callable[..., Path], tmp_path: Path) -> None:
    wide = contract("date", "sensor", "speed", unpivot=Unpivot(r"\d+", "sensor", "speed", None))
    lines: Rows = [["date", "101", "102"], ["d1", 1, 2], [], ["d2", 3, 4], [], ["date", "101", "102"], ["d3", 5, 6]]
    source = read(book(s=lines), wide, tmp_path)
    assert [row[:3] for row in rows(source)] == [
        (day, sensor, str(speed)) for day, sensor, speed in
        (("d1", "101", 1), ("d1", "102", 2), ("d2", "101", 3), ("d2", "102", 4), ("d3", "101", 5), ("d3", "102", 6))
    ]  # fmt: skip


EVERY = {
    "说明": [["本表由某局填报"]],
    "一月": [HEAD, *ONE],
    "二月": [["2026年2月"], ["数量", "街道", "站点"], *([count, street, site] for site, street, count in TWO)],
    "空": [HEAD],
    "机构": [["机构", "电话"], ["甲院", 371]],
}


def test_every_sheet_with_the_header_is_read_where_the_contract_says_so(
    book: Callable[..., Path], tmp_path: Path
) -> None:
    path = book(**EVERY)
    source = read(path, contract(*HEAD, sheet="*"), tmp_path)
    found = good(source)
    assert [(row[:3], sheet_of(row[3]), decoded(row[3])) for row in found] == [
        (("A", "甲", "1"), 2, (0, 2)), (("B", "乙", "2"), 2, (0, 3)),
        (("C", "丙", "3"), 3, (0, 3)), (("D", "丁", "4"), 3, (0, 4)),
    ]  # fmt: skip
    assert codes(source) == {"sheets_read": 3, "sheets_not_read": 2, "header_found": 1}
    assert source.lines_of([2])[2] == found[2][3]
    some = read(path, contract(*HEAD, sheet="?月"), tmp_path)
    assert [row[0] for row in good(some)] == ["A", "B", "C", "D"]
    with pytest.raises(Refused, match="READ_SHEET_MISSING"):
        read(path, contract(*HEAD, sheet="三*"), tmp_path)
    with pytest.raises(Refused, match="READ_HEADER_NOT_FOUND"):
        read(path, contract(*HEAD, sheet="机*"), tmp_path)
    with pytest.raises(Refused, match="READ_NO_RECORDS"):
        read(path, contract(*HEAD, sheet="空*"), tmp_path)


def test_a_sheet_that_lacks_a_required_column_refuses_them_all(book: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        read(book(一月=[HEAD, *ONE], 二月=[HEAD[:2], ["C", "丙"]]), contract(*HEAD, sheet="*"), tmp_path)
    assert caught.value.code == "READ_COLUMN_MISSING"
    assert caught.value.place is not None
    assert caught.value.place.sheet == "二月"


def test_a_place_says_file_sheet_column_and_row() -> None:
    said = Text("第{line}行不对。", "Row {line} is wrong.")
    place = encoded(3, 1_048_576, MOST_COLUMNS, MOST_SHEETS)
    assert place < 1 << 63
    assert (decoded(place), sheet_of(place)) == ((3, 1_048_576), MOST_SHEETS)
    assert filled(said, encoded(0, 7, sheet=2)) == Text("第2个工作表第7行不对。", "Row 7 of sheet 2 is wrong.")
    assert filled(said, encoded(3, 7, sheet=2)).zh == "第3个文件第2个工作表第7行不对。"
    assert sheet_of(encoded(3, 7, 5)) == sheet_of(7) == 0
