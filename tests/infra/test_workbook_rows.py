"""Rows of a workbook, read in a process of its own: what stands in cells, and one sentence for what cannot be read."""

from datetime import date
from pathlib import Path

import openpyxl
import pytest
import xlwt

from infra.apart import Bounds
from infra.errors import Refused
from infra.workbook_rows import Most, read_rows

BOUNDS = Bounds(2 * 1024**3, 60)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "目录"
    sheet["B2"], sheet["C2"], sheet["B3"] = "名称", date(2026, 3, 31), 4111010001
    sheet["C3"], sheet["D3"] = "=1/0", "=B3"
    sheet.merge_cells("B4:C5")
    sheet["B4"] = "合并"
    made.create_sheet("藏").sheet_state = "hidden"
    path = tmp_path / "报送.et"
    made.save(path)
    return path


def test_cells_stand_where_the_editor_shows_them(book: Path) -> None:
    found = read_rows(book, book.name, BOUNDS)
    assert (found.kind, found.macros, [(one.name, one.hidden) for one in found.sheets]) == (
        "xlsx",
        False,
        [("目录", False), ("藏", True)],
    )
    sheet = found.sheets[0]
    assert sheet.rows[1][:3] == [None, "名称", "2026-03-31"]
    assert sheet.rows[2][1] == "4111010001"
    assert sheet.merged == ((3, 1, 4, 2),)
    assert sheet.formulas == {(2, 2), (2, 3)}
    assert (2, 3) in sheet.unsolved


def test_an_old_workbook_reads_the_same(tmp_path: Path) -> None:
    made = xlwt.Workbook(encoding="utf-8")
    sheet = made.add_sheet("目录")
    sheet.write(1, 1, "名称")
    sheet.write_merge(2, 3, 1, 2, "合并")
    made.save(str(tmp_path / "a.xls"))
    found = read_rows(tmp_path / "a.xls", "a.xls", BOUNDS)
    assert found.kind == "xls"
    assert found.sheets[0].rows[1][1] == "名称"
    assert found.sheets[0].merged == ((2, 1, 3, 2),)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "READ_EMPTY"),
        (b"PK\x03\x04 cut off", "READ_DAMAGED"),
        (b"<html><table></table></html>", "READ_FORMAT"),
        ("名称,格式\n".encode("gbk"), "READ_FORMAT"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "READ_ENCRYPTED"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "READ_DAMAGED"),
    ],
)
def test_what_is_no_workbook_is_one_sentence(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(Refused) as caught:
        read_rows(tmp_path / "a.xlsx", "a.xlsx", BOUNDS)
    assert caught.value.code == code
    assert "\n" not in caught.value.text.zh
    assert caught.value.remedy is not None


def test_more_than_is_allowed_is_refused_before_it_is_held(book: Path) -> None:
    for most, code in (
        (Most(rows=2), "READ_SHEET_SIZE"),
        (Most(columns=2), "READ_SHEET_SIZE"),
        (Most(cells=5), "READ_SHEET_SIZE"),
        (Most(cell=1), "READ_CELL_TOO_LONG"),
        (Most(sheets=1), "READ_SHEETS_MANY"),
        (Most(bytes=10), "READ_SHEET_SIZE"),
    ):
        with pytest.raises(Refused) as caught:
            read_rows(book, book.name, BOUNDS, most)
        assert caught.value.code == code


def test_a_bound_of_memory_ends_the_process_and_not_the_caller(book: Path) -> None:
    with pytest.raises(Refused) as caught:
        read_rows(book, book.name, Bounds(16 * 1024**2, 60))
    assert caught.value.code == "READ_MEMORY"
