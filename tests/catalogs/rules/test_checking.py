"""Resources checked together: the faults that no entry shows by itself, at the one that is checked."""

from dataclasses import replace
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from catalogs.folder.city import load_city
from catalogs.rules.checking import check_resources, findings
from catalogs.values.model import City, Resource
from infra.errors import Place
from infra.ground import sample_city
from infra.language import Text


@cache
def city() -> City:
    return load_city(sample_city())


def named(number: int, title: str, **values: object) -> Resource:
    first = next(each for each in city().resources if each.id == "jingkai.logistics.bonded_zones")
    same = replace(first, id=f"jingkai.logistics.zone_{number}", title=Text(title, "x"))
    return replace(same, **values)  # type: ignore[arg-type]


def found(*titles: str) -> list[tuple[int, str]]:
    return [(each.index, each.breach.code) for each in findings([named(i, title) for i, title in enumerate(titles)])]


def test_the_sample_city_s_resources_are_sound_together() -> None:
    assert check_resources(city().resources, city().departments, city().units) == []


def test_names_that_differ_by_punctuation_blank_or_width_are_twice_one() -> None:
    assert found("停车场(公共)信息", "停车场（公共）信息", "停车场 公共信息", "停车场信息") == [
        (1, "CATALOG_NAME_TWICE"),
        (2, "CATALOG_NAME_TWICE"),
    ]


def test_a_name_dragged_down_is_seen_and_one_with_its_own_number_is_not() -> None:
    assert found("停车场信息1", "停车场信息2", "停车场信息3") == [
        (1, "CATALOG_NAME_DRAGGED"),
        (2, "CATALOG_NAME_DRAGGED"),
    ]
    assert found("停车场信息", "停车场信息1") == [(1, "CATALOG_NAME_DRAGGED")]
    assert found("国道107", "国道108", "客流2024", "客流2025", "空气质量PM10", "空气质量PM2.5") == []
    assert found("泵站12", "泵站75") == []


def test_another_provider_s_name_is_its_own() -> None:
    other = next(each.id for each in city().departments if each.id != named(0, "x").provider)
    assert list(findings([named(0, "停车场信息"), named(1, "停车场 信息", provider=other)])) == []


def test_what_stands_already_is_compared_but_not_told_of() -> None:
    standing = [named(8, "停车场信息", code="306005/1"), named(9, "泵站信息1")]
    new = [named(0, "停车场 信息"), named(1, "泵站信息2"), named(2, "其他", code="306005/1")]
    codes = [(each.index, each.breach.code) for each in findings(new, registered=standing)]
    assert sorted(codes) == [(0, "CATALOG_NAME_TWICE"), (1, "CATALOG_NAME_DRAGGED"), (2, "CATALOG_CODE_TAKEN")]
    again = [replace(standing[0], summary=Text("改", "changed"))]
    assert list(findings(again, registered=standing)) == []  # a resource is no twin of what it was


def test_every_fault_of_a_form_has_its_place() -> None:
    resources = [
        named(0, "停车场信息"),
        named(1, "停车场 信息", provider="nobody"),
        replace(named(1, "泵站"), openness_conditions=None),
    ]
    faults = check_resources(
        resources,
        city().departments,
        city().units,
        place=lambda index, breach: Place(file="a.xlsx", row=index + 3, column=breach.key),
    )
    assert [(each.place.row, each.place.column, each.code) for each in faults] == [
        (4, "provider", "CATALOG_REFERENCE_UNKNOWN"),
        (5, "openness_conditions", "CATALOG_OPENNESS_CONDITIONS"),
        (5, "id", "CATALOG_ID_TWICE"),
    ]


@given(st.lists(st.sampled_from(["停车", "停 车", "停车1", "停车2", "停车3", "泵站", "泵站9"]), max_size=8))
def test_the_first_of_a_name_is_never_at_fault(titles: list[str]) -> None:
    faulty = {index for index, _ in found(*titles)}
    for index, title in enumerate(titles):
        if title in ("停 车", "停车") and not any(each in ("停 车", "停车") for each in titles[:index]):
            assert index not in faulty or any(each.startswith("停车") and each[-1].isdigit() for each in titles)
    assert len(faulty) <= max(0, len(titles) - 1)
