"""The sample city's catalogues show a register at work, and say of themselves that they are examples."""

import re
from collections import Counter

from catalogs.folder.city import load_city
from catalogs.rules.rules import grade_floor
from catalogs.values.codes import parse_code
from catalogs.values.model import Edition, Grade, Openness, Resource, SharingAttribute, UnitKind, UpdateFrequency
from catalogs.values.uscc import uscc_fits
from infra.ground import sample_city

CITY = load_city(sample_city())
PROMISED = {path.stem for path in (sample_city() / "contracts").glob("*.yaml")}
WRITTEN = [each for each in CITY.resources if each.id not in PROMISED]
COMPONENTS = re.compile(r"部件标识码|事项标识码")


def says(*words: str) -> list[Resource]:
    return [each for each in WRITTEN if any(word in each.title.zh + each.summary.zh for word in words)]


def test_requirement_25_every_unit_of_the_sixteen_has_a_catalogue() -> None:
    reporting = [unit for unit in CITY.units if unit.kind not in (UnitKind.CITY, UnitKind.SAMPLE)]
    assert len(reporting) == 16
    assert sum(unit.gbt2260_code is not None for unit in reporting) == 12
    only_statistical = [unit.id for unit in reporting if unit.gbt2260_code is None and unit.stat_code is not None]
    assert only_statistical == ["jingkai", "gaoxin", "hangkonggang"]
    assert [unit.id for unit in reporting if unit.stat_code is None] == ["zhengdong"]
    held = Counter(each.unit for each in WRITTEN)
    assert min(held[unit.id] for unit in reporting) >= 3


def test_there_are_eighty_examples_and_each_says_what_it_is() -> None:
    assert len(WRITTEN) >= 80
    for each in WRITTEN:
        assert each.example
        assert each.source
        assert each.source.startswith("虚构"), each.id
        assert 8 <= len(each.items) <= 14, each.id
        assert each.title.zh.isprintable()
        assert not re.search("系统$|平台$", each.title.zh)  # data, not a system that holds it
    wanted = {"traffic", "logistics", "education", "health", "tourism", "environment", "agriculture", "city_management"}
    assert {each.domain for each in WRITTEN} == wanted
    for domain in wanted:
        assert sum(each.domain == domain for each in WRITTEN) >= 6
    for words in (("智能网联",), ("路侧",), ("停车",), ("公交", "轨道交通"), ("班列",), ("保税",), ("仓储",)):
        assert says(*words), words


def test_no_two_departments_wrote_the_same() -> None:
    assert len({each.summary.zh for each in WRITTEN}) == len(WRITTEN)
    lists = Counter(tuple(item.zh for item in each.items) for each in WRITTEN)
    assert lists.most_common(1)[0][1] == 1


def test_every_word_of_the_law_is_in_use() -> None:
    assert {each.sharing_attribute for each in WRITTEN} == set(SharingAttribute)
    assert {each.openness for each in WRITTEN} == set(Openness)
    assert {each.update_frequency for each in WRITTEN} == set(UpdateFrequency)
    assert {each.grade for each in WRITTEN} == set(Grade) - {Grade.CORE}
    assert len({each.data_format for each in WRITTEN}) >= 10
    editions = {item.personal.edition for each in WRITTEN for item in each.items if item.personal}
    assert editions == {Edition.GBT_45574_2025}, "every flag is judged by the edition in force"
    assert {each.id for each in WRITTEN if each.return_flow}
    assert {each.id for each in WRITTEN if each.lead_source}


def test_not_shared_names_a_text_that_says_so() -> None:
    named = {
        (each.conditions.basis.title, each.conditions.basis.article)
        for each in WRITTEN
        if each.sharing_attribute is SharingAttribute.NOT_SHARED and each.conditions.basis
    }
    assert named == {
        ("中华人民共和国统计法", "第二十八条"),  # single surveyed objects
        ("全国农业普查条例", "第三十三条"),  # single objects of the census
        ("中华人民共和国刑事诉讼法", "第二百八十六条"),  # sealed records of minors
    }


def test_requirement_15_items_carry_the_grade_that_their_content_asks_for() -> None:
    for each in WRITTEN:
        assert each.grade >= max(item.grade for item in each.items)
        for item in each.items:
            floor = grade_floor(item)
            assert floor is None or item.grade >= floor[0]
    important = {each.id for each in WRITTEN if each.grade is Grade.IMPORTANT}
    assert {"jingkai.traffic.connected_vehicles", "gaoxin.traffic.charging_piles"} <= important  # vehicle data


def test_requirement_16_personal_resources_count_by_a_person_and_state_the_edition() -> None:
    for each in WRITTEN:
        assert (each.subject is not None) == any(item.personal for item in each.items), each.id


def test_requirement_12_codes_follow_the_guide_and_related_ones_exist() -> None:
    codes = {(each.provider, each.code) for each in WRITTEN}
    assert len(codes) == len(WRITTEN)
    known = {each.code for each in WRITTEN}
    for each in WRITTEN:
        assert each.code is not None
        parse_code(each.code)
        assert set(each.related) <= known


def test_requirement_13_every_provider_has_a_credit_code_that_fits() -> None:
    codes = {department.id: department.uscc for department in CITY.departments}
    for each in WRITTEN:
        assert uscc_fits(codes[each.provider] or "")
    held = [code for code in codes.values() if code]
    assert len(held) == len(set(held))


def test_requirement_14_two_departments_keep_the_same_car_parks() -> None:
    pair = {each.id: each for each in WRITTEN if each.unit == "erqi" and each.item("park_code")}
    assert set(pair) == {"erqi.traffic.public_parking", "erqi.city_management.parking_facilities"}
    assert len({each.provider for each in pair.values()}) == 2
    assert not any(each.lead_source for each in pair.values())  # the authority has not spoken


def test_requirement_25_components_and_events_are_coded_with_sixteen_digits() -> None:
    coded = [item for each in WRITTEN for item in each.items if COMPONENTS.search(item.zh)]
    assert len(coded) >= 5
    assert {item.length for item in coded} == {"16"}
