"""UTF-16 without a byte order mark is known by its content, and nothing else is taken for it; marks on every line."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contracts.model import Contract, Field, Reading
from infra.errors import Place, Refused
from lake.read import Source, read
from lake.read.detect import detect
from lake.read.utf16 import byte_order

SETTINGS = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=12)
LATIN = st.text(st.sampled_from("abcxyzABC0123456789 ,.;:-_/"), max_size=12)
TEXT = st.lists(st.one_of(CHINESE, LATIN), min_size=1, max_size=40).map("\n".join)
STREETS = ("中原区", "二七区", "管城回族区", "金水区", "上街区", "惠济区", "航空港区", "中牟县", "巩义市", "新郑市")
NAMES = "\n".join(f"{a},{b},第一人民医院" for a in STREETS for b in STREETS) + "\n"


def contract(*names: str, **reading: Any) -> Contract:
    fields = tuple(Field(name, (name,)) for name in names)
    return Contract("u.d.n", "1.0.0", (), fields, (), (), "append", reading=Reading(**reading))


def values(source: Source, count: int) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return [row[:count] for row in connection.execute(source.sql, source.parameters).fetchall()]


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("marked", [False, True])
def test_chinese_in_utf_16_is_read_whichever_its_byte_order(order: str, marked: bool, tmp_path: Path) -> None:
    table = "区县,街道,医院\n" + NAMES
    path = tmp_path / "t.csv"
    path.write_bytes((("\ufeff" if marked else "") + table).encode(order))
    source = read(path, contract("区县", "街道", "医院"), tmp_path)
    assert values(source, 3) == [tuple(line.split(",")) for line in NAMES.splitlines()]
    assert source.encoding == order


def test_json_and_pages_in_utf_16_are_told_by_their_content(tmp_path: Path) -> None:
    path = tmp_path / "t"
    rows = [{"区": one, "医院": "第一人民医院" * 20} for one in STREETS]
    path.write_bytes(json.dumps(rows, ensure_ascii=False, indent=0).encode("utf-16-be"))
    assert values(read(path, contract("区", "医院"), tmp_path), 1) == [(one,) for one in STREETS]
    path.write_bytes(("<html><body>" + NAMES).encode("utf-16-le"))
    with pytest.raises(Refused, match="HTML"):
        detect(path, Place())


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("length", [40, 100, 1001, 65_537])
def test_a_text_that_is_cut_anywhere_keeps_its_byte_order(order: str, length: int) -> None:
    head = (NAMES * 20).encode(order)[:length]
    assert byte_order(head) == order


@SETTINGS
@given(text=TEXT, encoding=st.sampled_from(["utf-8", "gb18030", "gbk"]))
def test_no_text_in_utf_8_or_gb18030_is_taken_for_utf_16(text: str, encoding: str) -> None:
    assert byte_order(text.encode(encoding, "ignore")) is None


@SETTINGS
@given(
    text=TEXT,
    encoding=st.sampled_from(["utf-8", "gb18030"]),
    places=st.lists(st.integers(0, 400), min_size=1, max_size=4),
)
@example(text="abcd\n", encoding="utf-8", places=[5])
@example(text="丁七万" * 30 + "\n", encoding="utf-8", places=[271])
def test_nor_is_a_damaged_one(text: str, encoding: str, places: list[int]) -> None:
    content = bytearray((text * 3).encode(encoding))
    for at in places:
        content.insert(min(at, len(content)), 0)
    zeros = content.count(0)
    if zeros * 10 < len(content):  # a fifth of zeros on one side would be another sign
        assert byte_order(bytes(content)) is None


@SETTINGS
@given(text=TEXT, order=st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_the_other_byte_order_is_never_taken(text: str, order: str) -> None:
    assert byte_order((text + "\n").encode(order)) in {None, order}


MARK = "\ufeff"
EVERY = [
    ("plain", "a,b\n1,2\n3,4\n", [("1", "2"), ("3", "4")]),
    ("quoted", 'a,b\n"1,5",2\n"3",4\n', [("1,5", "2"), ("3", "4")]),
    ("CRLF", "a,b\r\n1,2\r\n", [("1", "2")]),
    ("a line of nothing else", "a,b\n1,2\n\n3,4\n", [("1", "2"), ("3", "4")]),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in EVERY], ids=[case[0] for case in EVERY])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030"])
def test_a_byte_order_mark_before_each_line_is_no_part_of_it(
    text: str, expected: list[tuple[str, str]], encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("".join(MARK + line for line in text.splitlines(keepends=True)).encode(encoding))
    for small in (1 << 20, 0):
        monkeypatch.setattr("lake.read.csv._SMALL", small)
        source = read(path, contract("a", "b"), tmp_path)
        assert values(source, 2) == expected


def test_a_mark_late_in_a_large_file_ends_the_fast_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.read.csv._SMALL", 0)
    monkeypatch.setattr("lake.read.csv._TRIED_AT_ONCE", 0)
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * 3000 + MARK + "3,4\n", encoding="utf-8")
    source = read(path, contract("a", "b"), tmp_path)
    assert source.precise is not None
    with pytest.raises(duckdb.Error):
        values(source, 2)
    assert values(source.precise(), 2)[-1] == ("3", "4")


def test_a_mark_inside_a_value_stays(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'a,b\n1{MARK},{MARK}2\n"x\n{MARK}y",3\n', encoding="utf-8")
    assert values(read(path, contract("a", "b"), tmp_path), 2) == [(f"1{MARK}", f"{MARK}2"), (f"x\n{MARK}y", "3")]


def test_lines_of_json_with_a_mark_each(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(f'{MARK}{{"a": {n}, "b": 1}}\n' for n in range(3)), encoding="utf-8")
    assert values(read(path, contract("a", "b"), tmp_path), 1) == [("0",), ("1",), ("2",)]
