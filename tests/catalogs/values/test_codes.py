"""Resource codes: by the national guide without a file, by a province's standard with one, and never by code."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from catalogs.folder.city import check_city, load_city
from catalogs.folder.read_codes import code_rules
from catalogs.folder.write import write_city
from catalogs.values.codes import NATIONAL, CodeRules, ResourceCode, code_fault, next_code, parse_code
from infra.errors import Refused
from infra.ground import sample_city
from infra.language import Text

HENAN = """\
name: {zh: 省级目录编制规范, en: a provincial standard}
prefix: "41"
joint: "-"
separator: "."
sub: [2, 2]
serial: [5, 5]
width: 5
items: {"1": ["01", "02", "03", "04", "05"], "3": ["06"]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_city(), tmp_path / "city"))


def digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


CODE = st.builds(
    ResourceCode,
    st.sampled_from("123"),
    digits(2, 2),
    digits(3, 3),
    digits(0, 12),
    digits(1, 8).filter(lambda s: s.strip("0")),
)


@given(CODE)
def test_requirement_12_a_code_of_the_guide_is_read_as_it_was_written(code: ResourceCode) -> None:
    assert parse_code(code.text()) == code


@given(CODE, st.lists(CODE, max_size=6))
def test_requirement_12_a_generated_code_is_valid_and_free(code: ResourceCode, others: list[ResourceCode]) -> None:
    taken = [replace(code, serial=other.serial).text() for other in others] + [other.text() for other in others]
    assume(all(len(str(int(other.serial) + 1)) <= 8 for other in others))
    made = next_code(code, taken)
    assert made not in taken
    assert parse_code(made).catalog == code.catalog


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_told_what_is_wrong(text: str) -> None:
    wrong = code_fault(text)
    if wrong is None:
        assert parse_code(text).text() == text.strip()
    else:
        assert wrong.zh
        assert wrong.en


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("306", "太短"),
        ("30600/1", "太短：5 位，至少 6 位"),
        ("306005", "缺少“/”和顺序码"),
        ("306005/", "顺序码应为 1 至 8 位"),
        ("306005/000", "不为零"),
        ("406005/1", "类应为 1、2、3"),
        ("306005/1、306005/2", "只能有一个代码"),
        ("306005/1/2", "只能有一个代码"),
        ("306005-1", "应为“/”，不是“-”"),
        ("３06005/1", "全角字符，应写为 306005/1"),
        ("3O6005/1", "数字以外的字符"),
        ("3060051234567890123/1", "太长"),
    ],
)
def test_requirement_12_a_wrong_code_is_told_by_what_is_wrong_with_it(code: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_code(code)
    assert refused.value.code == "CATALOG_CODE"
    assert said in refused.value.reasons[0].zh
    assert "306005/0001" in str(refused.value.remedy and refused.value.remedy.zh)


def test_requirement_12_a_province_s_rule_is_a_file(folder: Path) -> None:
    (folder / "codes.yaml").write_text(HENAN, encoding="utf-8")
    rules = code_rules(folder)
    assert parse_code("41-30600507.00012", rules) == ResourceCode("3", "06", "005", "07", "00012")
    assert next_code(ResourceCode("3", "06", "005", "07", ""), ["41-30600507.00012"], rules) == "41-30600507.00013"
    assert next_code(ResourceCode("1", "02", "005", "07", ""), ["41-30600507.00012"], rules) == "41-10200507.00001"
    for code, said in {
        "51-30600507.00012": "代码以 51(四川) 开头，本市代码应以 河南(41) 开头",
        "30600507.00012": "代码应以 41 开头",
        "4130600507.00012": "41 之后应为“-”",
        "41-30600507/00012": "应为“.”，不是“/”",
        "41-306005.00012": "太短",
        "41-30600507.12": "顺序码应为 5 至 5 位",
        "41-30700507.00012": "类 3 之下没有项 07",
        "41-10600507.00012": "类 1 之下没有项 06",
    }.items():
        wrong = code_fault(code, rules)
        assert wrong is not None, code
        assert said in wrong.zh, code
    assert code_fault("41-29900507.00012", rules) is None  # no list is kept for 类 2


def test_requirement_12_check_tells_codes_by_the_city_s_rule_and_twice_per_provider(folder: Path) -> None:
    city = load_city(folder)
    city = replace(city, resources=tuple(replace(each, code=None, related=()) for each in city.resources))
    first, second = city.resources[0], city.resources[1]
    other = next(each for each in city.resources[2:] if each.provider != first.provider)
    coded = {
        first.id: replace(first, code="306005/1"),
        second.id: replace(second, code="306005/1", provider=first.provider, id=f"{first.unit}.{second.domain}.twin"),
        other.id: replace(other, code="306005/1"),
    }
    write_city(replace(city, resources=tuple(coded.get(each.id, each) for each in city.resources)), folder)
    faults = [(each.code, each.place.dataset) for each in check_city(folder)]
    assert ("CATALOG_CODE_TAKEN", other.id) not in faults  # another provider's is its own
    assert [code for code, _ in faults].count("CATALOG_CODE_TAKEN") == 1
    (folder / "codes.yaml").write_text(HENAN, encoding="utf-8")
    wrong = [each for each in check_city(folder) if each.code == "CATALOG_CODE"]
    assert len(wrong) == 3
    assert all("代码应以 41 开头" in each.text.zh for each in wrong)


@pytest.mark.parametrize(
    "text",
    ["prefix: 41\n", "name: x\nprefix: 河南\n", "name: x\nsub: [3, 1]\n", "name: x\nwidth: 99\n", "name: x\nother: 1\n",
     "name: x\nitems: {\"1\": [1]}\n", "name: x\nitem: 0\n", "- 1\n", "name: [\n"],
)  # fmt: skip
def test_a_faulty_rule_of_codes_is_told_and_never_used(folder: Path, text: str) -> None:
    (folder / "codes.yaml").write_text(text, encoding="utf-8")
    assert {each.place.file for each in check_city(folder)} == {"codes.yaml"}
    with pytest.raises(Refused):
        code_rules(folder)


def test_without_a_file_the_guide_holds(folder: Path) -> None:
    assert code_rules(folder) is NATIONAL
    assert isinstance(NATIONAL, CodeRules)
    assert isinstance(NATIONAL.name, Text)
