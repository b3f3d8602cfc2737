"""What inference makes of measured values: types, notations, names, keys, personal information, each by evidence."""

import string
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_measure import measured

from catalogs.folder.read_resource import NAME
from catalogs.personal.personal import house_rules
from contracts.infer.draft import Draft, conclude, look
from contracts.infer.names import named
from contracts.infer.notations import either, notation
from contracts.infer.personal import by_values, card_fits, id_card_fits
from contracts.infer.profile import Table
from contracts.infer.units import unit_of
from contracts.infer.words import english, initial
from infra.text import fold

RULES = house_rules()


def drafted(**columns: Sequence[str]) -> Draft:
    rows = list(zip(*columns.values(), strict=True))
    table = Table(len(rows), True, len(set(rows)), tuple(measured(name, some) for name, some in columns.items()))
    looked = look(table)
    places = {column.name: at for at, column in enumerate(looked.columns)}
    counts = {one.key: len({tuple(row[places[name]] for name in one.key) for row in rows}) for one in looked.keys}
    return conclude(looked, counts)


@pytest.mark.parametrize(
    ("header", "values", "kind"),
    [
        ("数量", ["1", "2", "30"], "integer"),
        ("编号", ["007", "012", "100"], "string"),
        ("行政区划代码", ["410102", "410103", "410104"], "string"),
        ("联系电话", ["63712345", "63712346", "63712347"], "string"),
        ("hour", ["00", "08", "23"], "integer"),
        ("费用", ["1", "2.50", "3"], "decimal(18,2)"),
        ("温度", ["20", "21", "22"], "number"),
        ("value", ["1.5", "2", "3"], "number"),
        ("流水", ["1" * 25, "2" * 25], "string"),
        ("日期", ["20260102", "20260103", "20260104"], "date"),
        ("编码", ["20260102", "20260103", "20260104"], "string"),
        ("日期", ["2026-02-30", "2026-02-31", "2026-13-01"], "string"),
        ("时间", ["2026-01-02 03:04", "2026-01-02 03:05"], "timestamp"),
        ("时间", ["2026-01-02T03:04:05Z", "2026-01-03T03:04:05Z"], "timestamp"),
        ("d", ["31/01/2026", "01/02/2026"], "date"),
        ("d", ["01/02/2026", "02/03/2026"], "string"),
        ("yn_ok", ["Y", "Y"], "boolean"),
        ("sex", ["F", "F"], "string"),
        ("flag", ["true", "False"], "boolean"),
        ("a", ['{"x": 1}', "[2]"], "json"),
        ("g", ['{"type": "Point", "coordinates": [1, 2]}'], "geometry"),
        ("气压", ["", ""], "number"),
        ("备注", ["", ""], "string"),
        ("mixed", ["1", "x"], "string"),
        ("friday", ["0", "1"], "boolean"),
        ("是否公办", ["1", "1"], "boolean"),
        ("是否公办", ["1", "2"], "integer"),
        ("direction", ["0", "1"], "integer"),
        ("income", ["10", "20"], "decimal(18,2)"),
        ("low_income", ["10", "20"], "integer"),
        ("经度", ["113600000", "113700000"], "number"),
    ],
)
def test_types(header: str, values: list[str], kind: str) -> None:
    assert drafted(**{header: values}).columns[0].typed.physical == kind


def test_a_type_holds_for_nearly_all_of_many_and_for_all_of_few() -> None:
    assert drafted(n=[*map(str, range(99)), "x"]).columns[0].typed.kind == "integer"
    assert drafted(n=[*map(str, range(9)), "x"]).columns[0].typed.kind == "string"


def test_a_decimal_among_whole_numbers_is_a_number_too_but_not_where_things_are_counted() -> None:
    values = [*map(str, range(99)), "1.8"]
    types = [one.typed.kind for one in drafted(海拔=values, 人数=values).columns]
    assert types == ["number", "integer"]


def test_words_that_say_nothing_are_no_values_and_are_kept_as_steps() -> None:
    column = drafted(speed=["NaN", "-", "1.5", "2.5"]).columns[0]
    assert column.typed.kind == "number"
    assert column.steps == ({"nulls": ["NaN", "-"]},)


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        ("9999-99-99", "%Y-%m-%d"),
        ("9999年9月99日", "%Y年%m月%d日"),
        ("9999/9/9 9:99", "%Y/%m/%d %H:%M"),
        ("9999-99-99a99:99:99.999", "%Y-%m-%dT%H:%M:%S.%f"),
        ("9999-99-99 99:99:99+99:99", "%Y-%m-%d %H:%M:%S"),
        ("99999999999999", "%Y%m%d%H%M%S"),
        ("9999-99", None),
        ("9999-99-99-99", None),
        ("99:99", None),
    ],
)
def test_notations(shape: str, form: str | None) -> None:
    assert notation(shape) == form


def test_days_and_months_are_told_by_the_values_or_not_at_all() -> None:
    assert either(["31/01/2026", "02/03/2026"]) == "%d/%m/%Y"
    assert either(["01-31-2026", "02-03-2026"]) == "%m-%d-%Y"
    assert either(["01/02/2026", "02/03/2026"]) is None
    assert either(["31/01/2026", "01/31/2026"]) is None


def test_check_digits_are_evidence() -> None:
    assert id_card_fits("11010519491231002X")
    assert not id_card_fits("110105194912310021")
    assert not id_card_fits("11010519491331002X")
    assert card_fits("6222021234567890128") != card_fits("6222021234567890129")
    digits = [f"{at:018d}" for at in range(123456789012345678, 123456789012345778)]
    assert by_values(measured("n", digits), RULES) is None, "one in eleven has a right check digit by chance"
    found = by_values(measured("n", ["11010519491231002X", "440524188001010014"]), RULES)
    assert found is not None
    assert (found.form, found.sensitive, found.identifier) == ("id_card", False, "direct")
    assert by_values(measured("n", ["豫A12345", "豫AD12345", "京B1234警"]), RULES).form == "plate"  # type: ignore[union-attr]
    assert by_values(measured("n", ["13800138000", "15912345678"]), RULES).form == "mobile"  # type: ignore[union-attr]


def test_sex_and_age_are_a_person_s_only_beside_one() -> None:
    alone = drafted(性别=["男", "女", "男"], 数量=["1", "2", "3"])
    assert [column.personal for column in alone.columns] == [None, None]
    beside = drafted(姓名=["甲", "乙", "丙"], 性别=["男", "女", "男"], 数量=["1", "2", "3"])
    assert [column.personal and column.personal.form for column in beside.columns] == ["name", "gender", None]


def test_a_key_is_a_thing_at_a_time_and_the_row_when_nothing_smaller_is_one() -> None:
    hours = [f"2026-01-01 {hour:02d}:00:00" for hour in range(24)]
    things = drafted(
        设备编号=[f"D{at}" for at in range(5) for _ in hours], 时间=hours * 5, 数量=[str(at % 7) for at in range(120)]
    )
    assert things.key == ("device_no", "time")
    assert things.mode == "append"
    plain = drafted(城市=["甲", "甲", "乙", "乙"], 名称=["子", "丑", "子", "丑"])
    assert plain.key == ("city", "name")
    assert plain.mode == "snapshot"
    assert drafted(数值=["1.5", "1.5", "2.5", "1.5"]).key == ()


def test_a_number_of_a_thing_that_the_table_calls_is_a_code_unless_it_counts_on() -> None:
    beside = drafted(route_id=["a", "b", "c"], route_number=["7", "20", "21"], bus_number=["7", "20", "21"])
    assert [column.typed.kind for column in beside.columns] == ["string", "string", "integer"]
    assert drafted(route_id=["a", "b", "c"], route_no=["1", "2", "3"]).columns[1].typed.kind == "integer"


def test_of_one_row_only_the_id_that_stands_first_is_a_key() -> None:
    assert drafted(agency_id=["A1"], name=["甲"]).key == ("agency_id",)
    assert drafted(name=["甲"], agency_id=["A1"]).key == ()


def test_a_place_is_a_part_of_a_key_and_a_span_of_hours_or_a_list_none_before_a_name() -> None:
    points = [f'{{"type":"Point","coordinates":[{at},30]}}' for at in range(8)]
    stops = drafted(a=[f"站{at // 2}" for at in range(8)], kinds=["1,1", "1,2"] * 4, geometry=[*points[:7], points[0]])
    assert stops.key == ("a", "geometry")
    lines = [f"{line}路" for line in "甲乙丙" for _ in range(4)]
    open_at = [f"0{line}:00-22:00" for line in range(3) for _ in range(4)]
    assert drafted(站序=["1", "2", "3", "4"] * 3, 运营时间=open_at, 线路名称=lines).key == ("stop_no", "line_name")


def test_names_are_words_and_initials() -> None:
    found = {
        one.header: (one.name, one.unit) for one in named(["学校名称", "备案编号", "面积（公顷）", "PM2.5", "O3_1h"])
    }
    assert found == {
        "学校名称": ("school_name", None),
        "备案编号": ("ba_no", None),
        "面积（公顷）": ("area", "ha"),
        "PM2.5": ("pm2_5", None),
        "O3_1h": ("o3_1h", None),
    }
    assert unit_of("height_cm") == "cm"
    assert unit_of("车速(km/h)") == "km/h"
    assert "".join(map(initial, "郑州市数据局")) == "zzssjj"
    assert english("学校备案") == [("school", True), ("ba", False)]


@given(
    st.lists(
        st.text(string.printable + "名称编号学校日期（）％＿𠮷é", min_size=1, max_size=12), min_size=1, max_size=12
    )
)
def test_names_are_lawful_and_no_header_means_two_columns(headers: list[str]) -> None:
    headers = list({fold(header): header for header in headers if fold(header)}.values())
    made = named(headers)
    assert all(NAME.fullmatch(one.name) for one in made)
    assert all(one.zh.strip() and one.en.strip() for one in made)
    owner: dict[str, int] = {}
    for at, one in enumerate(made):
        for spelling in {fold(one.name), fold(one.zh), fold(one.header)}:
            assert owner.setdefault(spelling, at) == at, (headers, made)
