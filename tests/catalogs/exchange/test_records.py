"""Objects settle each in exactly one way; the counts are those of the source."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalogs.exchange.csv_record import read_row
from catalogs.exchange.portal import LABELS, ORDER, pairs, read_portal
from catalogs.exchange.records import Bad, Finding, Outcome, Thing, settle

RIGHT = {
    "来源部门": "自治区气象局", "数据量": "1,998", "开放状态": "无条件开放", "所属行业": "其他",
    "发布时间": "2021-04-21 09:51:58", "最后更新时间": "2021-06-23 01:00:14", "更新频率": "每天",
    "部门电话": "暂无", "部门邮箱": "暂无", "描述": "雨量",
}  # fmt: skip


def portal(*raws: Any) -> Any:
    return settle([Thing(number, raw) for number, raw in enumerate(raws, 1)], read_portal, merges=True)


def entry(name: str, **info: str) -> dict[str, Any]:
    return {"name": name, "topic": "气象服务", "info": {**RIGHT, **info}}


def crawled(info: dict[str, str]) -> dict[str, str]:
    """As the crawler saved an entry whose 所属行业 is empty: the words of the page paired two by two."""
    words = [word for pair in info.items() for word in pair if word]
    return dict(zip(words[::2], words[1::2], strict=False))


def test_pairs_out_of_step_are_put_right() -> None:
    findings: list[Finding] = []
    right = pairs(crawled({**RIGHT, "所属行业": ""}), findings)
    assert right == {k: v for k, v in RIGHT.items() if k not in ("所属行业", "部门邮箱", "描述")}
    assert [one.code for one in findings] == ["HARVEST_OUT_OF_STEP", "HARVEST_VALUE_LOST"]
    assert "所属行业、描述、部门邮箱" in findings[1].text.zh


def test_what_cannot_be_proved_is_kept_and_not_used() -> None:
    shifted = crawled({**RIGHT, "所属行业": "", "发布时间": "昨天"})
    found = portal({"name": "雨量_0.csv", "topic": "气象服务", "info": shifted})
    (record,) = found.records.values()
    assert [one.code for one in found.findings] == ["HARVEST_STEP_UNPROVED"]
    assert record.provider is None
    assert found.parts[record.id][0]["info"] == shifted


@given(st.sets(st.sampled_from(ORDER[3:-1])), st.booleans())
def test_no_label_ever_becomes_a_value(empty: set[str], whole: bool) -> None:
    info = {label: "" if label in empty and not whole else value for label, value in RIGHT.items()}
    found = pairs(crawled(info), [])
    assert not LABELS & set(found.values())
    assert all(info[label] == value or label == "描述" for label, value in found.items())


def test_one_dataset_once_per_format_is_one_record_and_an_exact_repeat_a_duplicate() -> None:
    found = portal(entry("雨量_0.csv"), entry("雨量_0.xls"), entry("雨量_0.csv"), entry("雨  量_0.csv"))
    assert [line.outcome for line in found.lines] == [
        Outcome.HARVESTED, Outcome.MERGED, Outcome.DUPLICATE, Outcome.HARVESTED,
    ]  # fmt: skip
    assert found.lines[2].first == 1
    assert found.lines[2].into == found.lines[0].into == found.lines[1].into
    record = found.records[found.lines[0].into]
    assert [file.format for file in record.files] == ["csv", "xls"]
    assert (record.rows, record.openness, record.update_frequency) == (1998, "unconditional", "daily")
    counts = {one.code: one.count for one in found.findings}
    assert counts == {"HARVEST_COUNT_COMMAS": 4, "HARVEST_BLANKS": 1}  # a duplicate has the faults of what it repeats


def test_parts_that_differ_are_told() -> None:
    found = portal(entry("雨量_0.csv"), entry("雨量_0.xls", 描述="降水"))
    (record,) = found.records.values()
    assert record.summary == "雨量"
    assert "summary" in next(one for one in found.findings if one.code == "HARVEST_PARTS_DIFFER").text.en


def test_objects_that_are_no_records_are_refused_with_their_reason() -> None:
    found = portal(
        7, None, [], {}, {"name": "甲.csv"}, {"name": " .csv", "time": "2017"}, {"name": "甲" * 600, "time": ""}
    )
    assert {line.outcome for line in found.lines} == {Outcome.REFUSED}
    assert all(line.text is not None and line.code for line in found.lines)


def test_an_id_that_comes_twice_with_other_content_is_refused_where_parts_do_not_merge() -> None:
    rows = [{"id": "1", "名称": "甲"}, {"id": "1", "名称": "乙"}, {"id": "1", "名称": "甲"}]
    found = settle([Thing(number, row) for number, row in enumerate(rows, 1)], read_row, merges=False)
    assert [str(line.outcome) for line in found.lines] == ["harvested", "refused", "duplicate"]
    assert found.records["1"].title == "甲"


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
LIKE = st.fixed_dictionaries(
    {"name": st.text(max_size=12), "topic": ANY},
    optional={"info": st.dictionaries(st.sampled_from(ORDER) | st.text(max_size=5), ANY, max_size=6), "time": ANY},
)


@given(st.lists(ANY | LIKE, max_size=12))
def test_every_object_ends_in_exactly_one_way(raws: list[Any]) -> None:
    found = portal(*raws)
    assert [line.position for line in found.lines] == list(range(1, len(raws) + 1))
    assert sum(found.count(outcome) for outcome in Outcome) == len(raws)
    assert found.count(Outcome.HARVESTED) == len(found.records)
    kept = sum(map(len, found.parts.values()))
    assert kept == found.count(Outcome.HARVESTED) + found.count(Outcome.MERGED)
    assert all(line.into in found.records for line in found.lines if line.outcome is not Outcome.REFUSED)
    json.dumps(found.bodies())


def test_a_fetch_that_failed_is_that_objects_alone() -> None:
    things = [
        Thing(1, None, Bad("HARVEST_ANSWER", "来源应答 500", "the source answered 500", "a")),
        Thing(2, {"name": "甲.xls", "time": "2017"}),
    ]
    found = settle(things, read_portal, merges=True)
    assert [str(line.outcome) for line in found.lines] == ["refused", "harvested"]
    assert "a" in found.known
    assert found.nameless == 0
