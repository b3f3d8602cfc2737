"""Requirement 16: flags by a versioned rule set, each stating its edition; judging anew lowers no grade."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from front_door import run_hub

from catalogs.folder.city import check_city
from catalogs.folder.write import write_city
from catalogs.personal.personal import Standing, house_rules, names_of, rejudged, spelled
from catalogs.personal.read_personal import FILE, HOUSE, personal_rules, read_rules
from catalogs.personal.rejudge import FLOOR, judged_anew
from catalogs.register import load_city, register_city, resource
from catalogs.rules.grading import Thresholds, triggers
from catalogs.rules.rules import breaches
from catalogs.values.model import Census, City, Content, Edition, Grade, Item, ItemType, PersonalClass, PersonalKind
from infra.ground import Ground, sample_city

OLD, NEW = Edition.GBT_35273_2020, Edition.GBT_45574_2025
RULES = house_rules()
ZONES = "jingkai.logistics.bonded_zones"
ID_NUMBER = Item("id_card", "身份证号", "identity number", ItemType.STRING, Grade.GENERAL_3)


def flagged(edition: Edition) -> Item:
    flag = RULES.under(edition).flag(PersonalKind.IDENTITY, names_of(ID_NUMBER))
    return replace(ID_NUMBER, personal=flag)


def own_city(folder: Path, *items: Item, edition: Edition | None = None, records: int | None = None) -> Path:
    """A city of one resource, that of the bonded zones with `items` beside."""
    city: City = load_city(sample_city())
    zones = next(each for each in city.resources if each.id == ZONES)
    grade = max([zones.grade, *(item.grade for item in items)])
    census = None if records is None else Census(records=records)
    write_city(
        replace(city, resources=(replace(zones, items=(*zones.items, *items), grade=grade, census=census),)), folder
    )
    if edition is not None:
        (folder / FILE).write_text(f"edition: {edition}\n", encoding="utf-8")
    return folder


def reworded(folder: Path, old: str, new: str) -> None:
    path = folder / "catalogues/jingkai.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_requirement_16_an_identity_number_is_personal_by_both_editions_and_sensitive_by_the_old_one_alone() -> None:
    for edition, sensitive in ((OLD, True), (NEW, False)):
        assert flagged(edition).personal == PersonalClass(PersonalKind.IDENTITY, sensitive, edition)
        photo = RULES.under(edition).flag(PersonalKind.IDENTITY, spelled("picture", "身份证照片"))
        assert photo == PersonalClass(PersonalKind.IDENTITY, True, edition), "a photograph of the card is, by both"


def test_requirement_16_the_rules_say_of_each_class_what_each_edition_makes_of_it_and_by_what() -> None:
    assert {edition: head.since for edition, head in RULES.editions.items()} == {
        OLD: date(2020, 10, 1),
        NEW: date(2025, 11, 1),
    }
    for kind in PersonalKind:
        assert set(RULES.rule(kind, "").editions) == set(Edition)
    for rule in RULES.rules:
        for ruled in rule.editions.values():
            assert ruled.basis.zh
            assert ruled.basis.en
    assert RULES.edition is NEW


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("is: sensitive", "is: secret", "CATALOG_WORD_UNKNOWN"),
        ("version: 1\n", "", "CATALOG_FIELD_MISSING"),
        ("says: 性别", "says: (性别", "CATALOG_FIELD_KIND"),
        ("class: biometric", "class: basic", "CATALOG_FIELD_MISSING"),  # a class without a rule
        ("GB/T 45574-2025: {is", "GB/T 1: {is", "CATALOG_FIELD_MISSING"),  # a rule silent on an edition
    ],
)
def test_a_rule_set_with_a_gap_is_not_used(old: str, new: str, code: str) -> None:
    text = HOUSE.read_text(encoding="utf-8")
    assert old in text
    found, faults = read_rules(text.replace(old, new, 1).encode())
    assert found is None
    assert code in {each.code for each in faults}


def test_what_a_department_states_makes_a_flag_stricter_and_never_weaker() -> None:
    names = names_of(ID_NUMBER)
    own = RULES.flag(PersonalKind.IDENTITY, names, said=True)
    assert own == PersonalClass(PersonalKind.IDENTITY, True, NEW)
    assert own is not None
    basis = RULES.basis(replace(ID_NUMBER, personal=own))
    assert basis is not None
    assert "从严" in basis.zh, "it does not pass for what the edition says"
    health = RULES.flag(PersonalKind.HEALTH, "x", said=False)
    assert health == PersonalClass(PersonalKind.HEALTH, True, NEW)
    child = RULES.flag(PersonalKind.BASIC, "x", {Content.MINOR}, said=False)
    assert child == PersonalClass(PersonalKind.BASIC, True, NEW)
    assert RULES.flag(PersonalKind.OTHER, "x") is None, "what an edition leaves open is stated by the department"
    assert RULES.rule(PersonalKind.OTHER, "x").editions[NEW].standing is Standing.OPEN


def test_requirement_16_a_city_s_file_chooses_the_edition_and_what_it_leaves_open_or_contradicts_is_told(
    tmp_path: Path,
) -> None:
    folder = own_city(tmp_path / "c", flagged(NEW), edition=OLD)
    assert personal_rules(folder).edition is OLD
    found = load_city(folder).resources[0].item("id_card")
    assert found is not None
    assert found.personal == PersonalClass(PersonalKind.IDENTITY, True, OLD), "judged by the edition of the city"
    reworded(folder, "class: identity, sensitive: false, edition: GB/T 45574-2025", "class: other")
    assert [each.code for each in check_city(folder)] == ["CATALOG_FIELD_MISSING"]
    reworded(folder, "class: other", "class: identity, sensitive: false, edition: GB/T 35273-2020")
    assert [each.code for each in check_city(folder)] == ["CATALOG_PERSONAL_SENSITIVE"]
    (folder / FILE).write_text("edition: GB/T 35273-2017\n", encoding="utf-8")
    assert "CATALOG_WORD_UNKNOWN" in {each.code for each in check_city(folder)}


def test_requirement_16_a_column_whose_very_name_is_somebody_s_is_flagged_by_the_check(tmp_path: Path) -> None:
    folder = own_city(tmp_path / "c", ID_NUMBER)
    (found,) = check_city(folder)
    assert found.code == "CATALOG_PERSONAL_UNMARKED"
    assert str(NEW) in found.text.zh
    assert found.place.file == "catalogues/jingkai.yaml"
    zones = next(each for each in load_city(sample_city()).resources if each.id == ZONES)
    hotline = replace(ID_NUMBER, zh="服务热线电话")
    assert list(breaches(replace(zones, items=(*zones.items, hotline), grade=Grade.GENERAL_3))) == []


def test_requirement_16_another_edition_judges_anew_says_what_changed_and_lowers_no_grade(
    city_ground: Ground, tmp_path: Path
) -> None:
    strict = replace(flagged(OLD), grade=Grade.GENERAL_4)
    folder = own_city(tmp_path / "zhengzhou", strict, edition=OLD)
    register_city(city_ground, folder, "tester")
    before = resource(city_ground.engine, ZONES)
    city_ground.city = folder
    (folder / FILE).write_text(f"edition: {NEW}\n", encoding="utf-8")
    environ = dict(city_ground.environ) | {"HUB_CITY_DIR": str(folder)}
    told = run_hub(environ, "catalog", "personal", "rejudge", "--json").document
    assert told["changed"] == [
        {
            "dataset": ZONES,
            "item": "id_card",
            "sensitive": [True, False],
            "edition": [str(OLD), str(NEW)],
            "grade": ["general_4", "general_4"],
        }
    ]
    after = resource(city_ground.engine, ZONES)
    assert after.grade is before.grade
    item = after.item("id_card")
    assert item is not None
    assert (item.grade, item.personal) == (Grade.GENERAL_4, PersonalClass(PersonalKind.IDENTITY, False, NEW))
    shown = run_hub(environ, "catalog", "show", ZONES).said
    assert str(NEW) in shown
    listed = run_hub(environ, "catalog", "personal", "list", ZONES, "--json").document
    assert [flag["edition"] for flag in listed["flags"]] == [str(NEW)]
    again = run_hub(environ, "catalog", "personal", "rejudge", "--json").document
    assert (again["changed"], again["held"]) == ([], [])


def test_registering_a_folder_under_another_edition_says_what_changed(city_ground: Ground, tmp_path: Path) -> None:
    folder = own_city(tmp_path / "c", replace(flagged(NEW), grade=Grade.GENERAL_2))
    register_city(city_ground, folder, "tester")
    (folder / FILE).write_text(f"edition: {OLD}\n", encoding="utf-8")
    assert [each.code for each in check_city(folder)] == ["CATALOG_GRADE_PERSONAL"], "the grade must rise first"
    shutil.rmtree(folder)
    own_city(folder, replace(flagged(NEW), grade=Grade.GENERAL_3), edition=OLD)
    (told,) = register_city(city_ground, folder, "tester").rejudged
    assert (told.item, told.after.sensitive, told.after.edition) == ("id_card", True, OLD)


def test_an_edition_that_makes_sensitive_raises_the_grade_and_one_that_does_not_lets_go_of_none() -> None:
    zones = next(each for each in load_city(sample_city()).resources if each.id == ZONES)
    low = replace(flagged(NEW), grade=Grade.GENERAL_2)
    raised = rejudged(replace(zones, items=(low,), grade=Grade.GENERAL_2), RULES.under(OLD), FLOOR)
    assert (raised.items[0].grade, raised.grade) == (Grade.GENERAL_3, Grade.GENERAL_3)
    back = rejudged(raised, RULES.under(NEW), FLOOR)
    assert (back.items[0].personal, back.grade) == (low.personal, Grade.GENERAL_3)


def test_a_resource_that_volume_raised_is_held_until_the_authority_has_reviewed_it() -> None:
    zones = next(each for each in load_city(sample_city()).resources if each.id == ZONES)
    many = replace(zones, items=(*zones.items, flagged(OLD)), grade=Grade.GENERAL_3, census=Census(records=200_000))
    (trigger,) = triggers(many, Thresholds())
    made, told = judged_anew([many], RULES, Thresholds(), set())
    assert (made, told.changed, told.held) == ([], (), ((ZONES, trigger),))
    made, told = judged_anew([many], RULES, Thresholds(), {(ZONES, trigger.id)})
    assert [each.id for each in made] == [ZONES]
    assert told.changed[0].weaker
