"""Totals, notes and signatures below a table: no records where the contract says so, and only at its very end."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.model import Contract, Field, Reading
from lake.read import Source, read
from lake.read.below import Below, without_below
from lake.read.workbook import run

HEAD = ["街道", "户数", "人口", "面积"]
ROWS: list[list[Any]] = [["文化路", 120, 340, 1.2], ["花园路", 90, 260, 0.8], ["大石桥", 77, 200, 0.5]]
TAIL: list[list[Any]] = [
    ["合计", 287, 800, 2.5],
    [],
    ["注：数据截至 2024 年底"],
    ["制表人：张三", None, "审核人：李四", "日期：1 月 3 日"],
]


def left(rows: list[list[str | None]], width: int = 4) -> tuple[list[int], Below]:
    """The numbers of the rows that stay, and what was left out."""
    below = Below()
    kept = without_below(iter(enumerate(rows)), lambda one: one[1], width, below, lambda one: one[0])
    return [at for at, _ in kept], below


def contract(below: Any) -> Contract:
    fields = tuple(Field(name, (name,)) for name in HEAD)
    return Contract("u.d.n", "1.0.0", (), fields, (), (), "append", reading=Reading(below=below))


def told(source: Source) -> list[str]:
    return [note.text.zh for note in source.notes if note.code == "rows_below"]


@pytest.mark.parametrize("below", ["records", "leave_out"])
def test_a_workbook_ends_where_its_table_ends(below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.read.excel.ask", lambda _module, question, *_: run(question))
    book = openpyxl.Workbook()
    for row in [HEAD, *ROWS, *TAIL]:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    source = read(tmp_path / "t.xlsx", contract(below), tmp_path)
    (count,) = _count(source)
    assert (count, told(source)) == (
        (3, ["第5行起是表格下方的合计、注释或签章，共 3 行，不作为记录"]) if below == "leave_out" else (6, [])
    )


@pytest.mark.parametrize("records", [3, 40_000], ids=["small", "large"])
@pytest.mark.parametrize(
    "last",
    [["合计,1,2,3", ",,,", "注：截至 2024 年底,,,"], ["以下,,,", ',"以, 此, 为准",,']],
    ids=["said", "unlike"],
)
def test_a_text_table_ends_where_its_table_ends(records: int, last: list[str], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = [",".join(HEAD), *(f"路{at},1,2,3" for at in range(records)), *last]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    source = read(path, contract("leave_out"), tmp_path)
    assert _count(source) == (records,)
    assert told(source) == [f"第{records + 2}行起是表格下方的合计、注释或签章，共 2 行，不作为记录"]


def test_a_subtotal_inside_the_table_stays_a_record_and_so_does_all_behind_it() -> None:
    rows: list[list[str | None]] = [
        ["a", "1", "2", "3"],
        ["合计", "1", "2", "3"],
        [None] * 4,
        ["注：x"],
        ["b", "1", "2", "3"],
    ]
    kept, below = left(rows)
    assert (kept, below.rows) == (list(range(5)), 0)


@pytest.mark.parametrize(
    ("last", "stays"),
    [
        (["总 计", "1", "2", "3"], False),
        (["Grand Total", "1", "2", "3"], False),
        ([None, "TOTAL", None, None], False),
        (["Source: the survey", None, None, None], False),
        (["资料来源：统计局", None, None, None], False),
        (["注：x", "1", "2", "3"], True),  # as wide as a record, and no empty row before it
        (["合计路", "1", "2", "3"], True),  # a street
        (["Notebook", None, None, None], True),
        (["注销户", "1", None, None], True),
    ],
)
def test_what_counts_as_standing_below(last: list[str | None], stays: bool) -> None:
    kept, below = left([["a", "1", "2", "3"], last])
    assert (1 in kept, below.rows) == (stays, 0 if stays else 1)


def test_a_single_cell_behind_an_empty_row_stands_below_but_the_first_record_never_does() -> None:
    assert left([["a", "1", "2", "3"], [None] * 4, ["anything", None, None, None]])[1].rows == 1
    assert left([["1", "b", "2", "3"], [None] * 4, ["2", None, None, None]])[1].rows == 0, "a record and its number"
    assert left([["合计", "1", "2", "3"]])[0] == [0]
    many: list[list[str | None]] = [["注：x", None, None, None]] * 80
    assert len(left([["a", "1", "2", "3"], *many])[0]) > 30, "a hundred notes are a table of notes"


FULL: list[list[str | None]] = [[name, "musician", "69", "2016-01-10"] for name in ("Bowie", "Fisher", "Berry")]


@pytest.mark.parametrize(
    ("end", "stay"),
    [
        ([["Some", None, None, None], [None, "like to write", None, None], [None, None, "at the", None]], 0),
        ([[None, None, "216", None]], 0),  # a total that is not called one
        ([["Some", None, None, None]], 1),  # a record of which no more is known
        ([["Some", None, None, None], ["合计", "", "216", None], [None, None, None, "x"]], 1),
        ([[None, None, None, "缺测"]], 0),
        ([["Ryan", None, "缺测", None]], 1),
        ([["Ryan"]], 1),  # cut off
        ([[None, None, "at the", None], ["Ryan", "actor", "65", "2016-12-27"]], 2),
    ],
)
def test_rows_that_could_be_no_records_stand_below(end: list[list[str | None]], stay: int) -> None:
    kept, below = left([*FULL, *end])
    assert (len(kept), below.rows) == (3 + stay, len(end) - stay)
    assert left([*FULL[:2], [None, None, "216", None]])[1].rows == 0, "of two records nobody can tell"
    assert left([*FULL, ["Ryan", None, None, None], *FULL, *end])[1].rows == left([["a"] * 4, *end])[1].rows


def test_a_record_of_merged_cells_stands_not_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.read.excel.ask", lambda _module, question, *_: run(question))
    book = openpyxl.Workbook()
    for row in [HEAD, *ROWS, ["黄河路", 50, 90, 0.1], [None, None, None, 0.2]]:
        book.active.append(row)
    for column in "ABC":
        book.active.merge_cells(f"{column}5:{column}6")
    book.save(tmp_path / "t.xlsx")
    source = read(tmp_path / "t.xlsx", contract("leave_out"), tmp_path)
    assert (_count(source), told(source)) == ((5,), [])


@given(st.lists(st.lists(st.sampled_from([None, "", "a", "合计", "注：x", "7"]), min_size=4, max_size=4)))
def test_nothing_is_lost_or_turned_around(rows: list[list[str | None]]) -> None:
    kept, below = left(rows)
    filled = [at for at, row in enumerate(rows) if any(row)]
    assert kept == list(range(len(kept))), "what is left out stands at the end"
    assert len([at for at in kept if at in filled]) + below.rows == len(filled)


def _count(source: Source) -> tuple[int]:
    import duckdb

    with duckdb.connect() as connection:
        return connection.execute(f"SELECT count(*) FROM ({source.sql})", source.parameters).fetchall()[0]  # type: ignore[return-value]
