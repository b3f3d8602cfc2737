"""Which tables are wide: the headers are of one family, and what stands below is of one kind."""

import re
from collections.abc import Sequence

import pytest
from plain_measure import measured

from contracts.infer.profile import Table
from contracts.infer.wide import SURE, Wide, wide

ROWS = 12


def turned(headers: Sequence[str], *kept: str) -> Wide | None:
    """A table of texts under `kept` that tell the rows apart, and numbers under `headers`."""
    texts = {header: [f"甲{at}" for at in range(ROWS)] for header in kept}
    numbers = {header: [str(at * 3 + place) for at in range(ROWS)] for place, header in enumerate(headers)}
    columns = tuple(measured(header, values) for header, values in (texts | numbers).items())
    return wide(Table(ROWS, True, ROWS, columns), lambda some: ROWS if some else 0)


@pytest.mark.parametrize(
    ("headers", "kept", "name"),
    [
        ([f"{year}" for year in range(2015, 2021)], ("地区",), "年份"),
        (["2021年", "2022年", "2023年"], ("地区", "指标"), "年份"),
        ([f"2025-{month:02d}" for month in range(1, 13)], ("地区",), "月份"),
        ([f"{month}月" for month in range(1, 13)], ("地区",), "月份"),
        ([f"1/{day}/20" for day in range(1, 29)], ("Country",), "日期"),
        ([f"{hour}时" for hour in range(24)], ("路口", "日期"), "小时"),
        ([f"{hour:02d}:00" for hour in range(24)], ("路口",), "小时"),
        (["一季度", "二季度", "三季度", "四季度", "2025Q1"], ("地区",), "季度"),
        ([f"10{at:02d}A" for at in range(1, 20)], ("date", "type"), "编号"),
        ([f"{at}" for at in range(773001, 773020)], (), "编号"),
        ([f"{year}年人口" for year in range(2018, 2024)], ("地区",), "年份"),
    ],
)
def test_a_family_of_headers_over_values_of_one_kind_is_turned(
    headers: list[str], kept: tuple[str, ...], name: str
) -> None:
    found = turned(headers, *kept)
    assert found is not None
    assert (found.name, found.kept, found.headers) == (name, kept, tuple(headers))
    assert found.confidence >= SURE
    assert all(re.fullmatch(found.columns, header) for header in headers)
    assert not any(re.fullmatch(found.columns, header) for header in kept)
    assert (found.number is None) == bool(kept)


@pytest.mark.parametrize(
    "headers",
    [
        ["AQI", "PM2.5", "PM10", "SO2", "NO2", "CO", "O3_1h", "O3_8h"],
        ["2019年人口", "2019年面积", "2020年人口", "2020年面积"],
        ["总价", "单价", "面积", "楼层", "年份"],
        ["2023", "2024"],
        ["电话1", "电话2"],
    ],
)
def test_other_tables_stay_as_they_are(headers: list[str]) -> None:
    assert turned(headers, "名称") is None


def test_what_is_less_sure_is_asked() -> None:
    numbered = turned([f"Station{at}" for at in range(1, 9)], "Key")
    assert numbered is not None
    assert numbered.confidence < SURE
    places = turned(["郑州站", "开封站", "洛阳站", "安阳站", "新乡站", "焦作站", "濮阳站", "许昌站"], "日期")
    assert places is not None
    assert places.confidence < SURE
    assert re.fullmatch(places.columns, "洛阳站")
    figures = ("合计", "同比", "排名")
    texts = {"地区": [f"甲{at}" for at in range(ROWS)]}
    numbers = {header: [str(at) for at in range(ROWS)] for header in ("2021年", "2022年", "2023年", *figures)}
    columns = tuple(measured(header, values) for header, values in (texts | numbers).items())
    beside = wide(Table(ROWS, True, ROWS, columns), lambda _: ROWS)
    assert beside is not None
    assert beside.confidence < SURE


def test_texts_and_numbers_side_by_side_are_no_one_measure() -> None:
    values = [["1", "2", "3"], ["甲", "乙", "丙"], ["2026-01-02", "2026-01-03", "2026-01-04"]]
    columns = tuple(measured(f"{year}", some) for year, some in zip(range(2019, 2022), values, strict=True))
    assert wide(Table(3, True, 3, columns), lambda _: 3) is None


def test_new_columns_take_no_name_that_is_there() -> None:
    found = turned([f"{year}" for year in range(2015, 2021)], "年份", "数值")
    assert found is not None
    assert (found.name, found.value) == ("年份2", "数值2")
    assert found.reading(["a", "b", "year", "value"]) == {"columns": found.columns, "name": "year", "value": "value"}
