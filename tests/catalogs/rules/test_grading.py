"""Grades by the standard's table, over lineage against an oracle that walks every path, and what raises them."""

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogs.folder.city import check_city, load_city
from catalogs.folder.read_thresholds import thresholds
from catalogs.rules.grading import (
    Circle,
    Thresholds,
    derived_grade,
    effective_grade,
    grade_of,
    lineage_grades,
    triggers,
)
from catalogs.rules.rules import breaches
from catalogs.values.model import Census, Grade, IdentifierRole, Impact, PersonalClass, PersonalKind, Resource
from catalogs.values.words import ImpactDegree as Degree
from catalogs.values.words import ImpactObject as Harmed
from infra.errors import Refused
from infra.ground import sample_city
from infra.language import Text

IMPORTANT, CORE = Grade.IMPORTANT, Grade.CORE


@cache
def zones() -> Resource:
    return next(each for each in load_city(sample_city()).resources if each.id == "jingkai.logistics.bonded_zones")


# The table of the standard, row by row: especially serious, serious, general harm. "一般" is any of the four levels.
STANDARD = {
    Harmed.SECURITY: ("核心", "核心", "重要"),
    Harmed.ECONOMY: ("核心", "重要", "一般"),
    Harmed.ORDER: ("核心", "重要", "一般"),
    Harmed.PUBLIC: ("核心", "重要", "一般"),
    Harmed.ORGANISATION: ("一般", "一般", "一般"),
    Harmed.PERSON: ("一般", "一般", "一般"),
}


@pytest.mark.parametrize("harmed", Harmed)
def test_requirement_15_each_pair_has_the_standard_s_grade(harmed: Harmed) -> None:
    degrees = (Degree.EXTREME, Degree.SERIOUS, Degree.GENERAL)
    found = [grade_of([Impact(harmed, degree)]) for degree in degrees]
    assert [grade.text.zh[:2] if grade else None for grade in found] == list(STANDARD[harmed])
    assert grade_of([Impact(harmed, Degree.NONE)]) is Grade.GENERAL_1


PAIRS = st.lists(st.builds(Impact, st.sampled_from(Harmed), st.sampled_from(Degree)), max_size=6)


@given(PAIRS, PAIRS)
def test_requirement_15_the_highest_of_all_pairs_is_taken(some: list[Impact], more: list[Impact]) -> None:
    both = grade_of(some + more)
    each = [grade for grade in (grade_of(some), grade_of(more)) if grade is not None]
    assert both == max(each, default=None)
    assert grade_of([]) is None


def test_requirement_15_items_and_their_assessments_raise_the_resource() -> None:
    assert derived_grade(zones()) is max(item.grade for item in zones().items)
    assessed = replace(zones().items[0], impacts=(Impact(Harmed.ECONOMY, Degree.SERIOUS),))
    raised = replace(zones(), items=(assessed, *zones().items[1:]))
    assert derived_grade(raised) is IMPORTANT
    assert {each.code for each in breaches(raised)} == {"CATALOG_GRADE_IMPACT"}
    whole = replace(zones(), impacts=(Impact(Harmed.SECURITY, Degree.SERIOUS),))
    assert [each.key for each in breaches(whole)] == ["classification.grade"]
    assert list(breaches(replace(whole, grade=CORE))) == []


GRADES = st.sampled_from(Grade)


@st.composite
def webs(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, Grade], dict[str, Grade]]:
    """A directed web without circles: each may be made of those before it."""
    names = [f"t{number}" for number in range(draw(st.integers(1, 9)))]
    sources = {
        name: draw(st.lists(st.sampled_from(names[:at]), unique=True, max_size=4)) if at else []
        for at, name in enumerate(names)
    }
    own = {name: draw(GRADES) for name in names}
    regraded = draw(st.dictionaries(st.sampled_from(names), GRADES, max_size=2))
    order = draw(st.permutations(names))
    return {name: sources[name] for name in order}, own, regraded


def walked(name: str, sources: dict[str, list[str]], own: dict[str, Grade], regraded: dict[str, Grade]) -> Grade:
    """The oracle: down every path, again and again."""
    if name in regraded:
        return regraded[name]
    return max([own[name], *(walked(one, sources, own, regraded) for one in sources[name])])


@given(webs())
def test_requirement_15_what_is_made_of_data_is_never_below_its_highest_input(
    web: tuple[dict[str, list[str]], dict[str, Grade], dict[str, Grade]],
) -> None:
    sources, own, regraded = web
    assert lineage_grades(sources, own, regraded) == {
        name: walked(name, sources, own, regraded) for name in {*sources, *own}
    }
    free = lineage_grades(sources, own)
    assert all(free[name] >= max([own[name], *(free[one] for one in of)]) for name, of in sources.items())


def test_requirement_15_a_circle_has_no_grade_and_a_long_chain_has() -> None:
    with pytest.raises(Circle):
        lineage_grades({"a": ["b"], "b": ["c"], "c": ["a"]}, {})
    with pytest.raises(Circle):
        lineage_grades({"a": ["a"]}, {"a": CORE})
    chain = {f"t{number}": [f"t{number + 1}"] for number in range(5000)}
    assert lineage_grades(chain, {"t5000": CORE})["t0"] is CORE
    assert lineage_grades({"a": ["b"], "b": ["a"]}, {}, {"a": CORE})["b"] is CORE  # the re-grading breaks it


def person_table(records: int, *, sensitive: bool) -> Resource:
    kind = PersonalClass(PersonalKind.HEALTH, sensitive)
    item = replace(zones().items[0], personal=kind, grade=Grade.GENERAL_3)
    return replace(zones(), items=(item, *zones().items[1:]), grade=Grade.GENERAL_3, census=Census(records=records))


def ids(resource: Resource, limits: Thresholds | None = None) -> list[str]:
    return [each.id for each in triggers(resource, limits)]


def titled(title: str, *items: str) -> Resource:
    extra = tuple(replace(zones().items[0], name=f"x{at}", zh=zh, aliases=()) for at, zh in enumerate(items))
    return replace(zones(), title=Text(title, "x"), items=(*zones().items, *extra))


def test_the_resource_that_is_raised_below_raises_nothing() -> None:
    assert triggers(zones()) == ()


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (replace(zones(), census=Census(records=10_000_000)), ["volume:7"]),
        (replace(zones(), census=Census(records=9_999_999)), []),
        (person_table(1_000_000, sensitive=False), ["volume:personal:6"]),
        (person_table(999_999, sensitive=False), []),
        (person_table(100_000, sensitive=True), ["volume:sensitive:5"]),
        (replace(person_table(100_000, sensitive=False), title=Text("网联汽车位置", "x")), ["vehicle_persons:5"]),
        (titled("地下管网"), ["precision:管网"]),  # it has a geometry
        (replace(titled("地下管网"), items=zones().items[:1]), []),
        (titled("企业投标报价"), ["trade_secret:投标报价"]),
        (titled("经济普查", "企业名称"), ["survey:普查"]),
        (titled("经济普查"), []),
        (titled("绕城高速车流"), ["vehicle:车流"]),
        (replace(titled("绕城高速车流"), grade=IMPORTANT), []),  # the grade answers it
    ],
)
def test_what_makes_data_more_than_it_seems_raises_it(resource: Resource, expected: list[str]) -> None:
    assert ids(resource) == expected


def test_a_subject_key_with_quasi_identifiers_can_be_linked() -> None:
    roles = [IdentifierRole.SUBJECT] + [IdentifierRole.QUASI] * 3
    items = tuple(replace(zones().items[0], name=f"x{at}", identifier=role) for at, role in enumerate(roles))
    assert ids(replace(zones(), items=items)) == ["linkage:x1+x2+x3"]
    assert ids(replace(zones(), items=items[1:])) == []
    assert ids(replace(zones(), items=items[:3])) == []


def test_what_was_not_reviewed_has_another_id() -> None:
    """A review of plain data is none of persons, of one word none of two, of some quasi-identifiers none of others."""
    plain, persons = (
        replace(zones(), census=Census(records=10_000_000)),
        person_table(10_000_000, sensitive=True),
    )
    assert set(ids(plain)).isdisjoint(ids(persons))
    assert ids(titled("企业投标报价", "配方")) == ["trade_secret:配方+投标报价"]
    roles = [IdentifierRole.SUBJECT] + [IdentifierRole.QUASI] * 3
    some, others = (
        tuple(replace(zones().items[0], name=f"{name}{at}", identifier=role) for at, role in enumerate(roles))
        for name in ("a", "b" * 60)
    )
    assert set(ids(replace(zones(), items=some))).isdisjoint(ids(replace(zones(), items=others)))
    assert all(len(one) <= 80 for one in ids(replace(zones(), items=others)))  # as many as the register keeps


def test_a_review_lifts_what_was_reviewed_and_not_ten_times_as_much() -> None:
    small, large = (replace(zones(), census=Census(records=records)) for records in (20_000_000, 200_000_000))
    assert effective_grade(small, triggers(small), set()) is IMPORTANT
    assert effective_grade(small, triggers(small), {"volume:7"}) is zones().grade
    assert effective_grade(large, triggers(large), {"volume:7"}) is IMPORTANT


def test_thresholds_are_the_city_s(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sample_city(), tmp_path / "city"))
    assert thresholds(folder) == Thresholds()
    (folder / "grading.yaml").write_text("records: 50\nlinkage: 2\nwords: {vehicle: [保税]}\n", encoding="utf-8")
    limits = thresholds(folder)
    assert check_city(folder) == []
    assert ids(replace(zones(), census=Census(records=60)), limits)[0] == "volume:1"
    assert ids(titled("绕城高速车流", "保税"), limits) == ["vehicle:保税"]
    (folder / "grading.yaml").write_text("records: 0\nother: 1\nwords: {colour: [红]}\n", encoding="utf-8")
    assert sorted(each.code for each in check_city(folder)) == ["CATALOG_ID_FORM", *["CATALOG_KEY_UNKNOWN"] * 2]
    with pytest.raises(Refused):
        thresholds(folder)
