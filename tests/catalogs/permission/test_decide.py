"""Who may see what: each rule of reading alone, for every grade, and what is owed."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.permission.decide import (
    LEDGER,
    NOTICES,
    PEOPLE,
    Records,
    TicketRef,
    city_policy,
    decide,
    decide_each,
    house_policy,
    item_ref,
    visible_items,
)
from catalogs.register import load_city
from catalogs.values.model import (
    Content,
    Grade,
    IdentifierRole,
    Item,
    ItemType,
    Person,
    PersonalClass,
    PersonalKind,
    Resource,
    Role,
    SharingAttribute,
)
from infra.errors import Refused
from infra.ground import sample_city

CITY = load_city(sample_city())
FLOW = next(each for each in CITY.resources if each.id == "jinshui.traffic.road_flow")
PEOPLE_BY_ID = {person.id: person for person in CITY.people}
RESOURCES = {each.id: each for each in CITY.resources}
VALUES = ("query", "read_statistics", "read_quarantine", "export")


def reader(clearance: Grade = Grade.GENERAL_4, *roles: Role, **more: object) -> Person:
    held = frozenset(roles or {Role.ENGINEER})
    base = Person("r", "r", "zhengzhou", "zhengzhou_data", held, clearance, frozenset({"quality"}))
    return replace(base, **more)  # type: ignore[arg-type]


def table(*items: Item, **more: object) -> Resource:
    grade = max(item.grade for item in items)
    return replace(FLOW, items=items, grade=grade, **more)  # type: ignore[arg-type]


def item(grade: Grade, content: frozenset[Content] = frozenset(), personal: bool = False) -> Item:
    kind = PersonalClass(PersonalKind.BASIC, sensitive=False) if personal else None
    role = IdentifierRole.QUASI if personal else IdentifierRole.NONE
    name = f"i{int(grade)}"
    return Item(name, name, name, ItemType.STRING, grade, personal=kind, identifier=role, content=content)


@pytest.mark.parametrize("act", ["query", "read_statistics"])
@pytest.mark.parametrize("grade", list(Grade))
@pytest.mark.parametrize("clearance", list(Grade))
def test_nobody_reads_above_the_clearance(clearance: Grade, grade: Grade, act: str) -> None:
    resource = table(item(grade))
    seen = decide(reader(clearance), act, item_ref(resource, f"i{int(grade)}"), {"purpose": "quality"})
    assert seen.allowed == (clearance >= grade and grade < Grade.IMPORTANT)
    if clearance < grade:
        assert "clearance" in seen.rules
    assert dict(seen.obligations) == ({} if seen.allowed else {"mask": [f"i{int(grade)}"]})


@pytest.mark.parametrize("grade", list(Grade))
def test_metadata_is_described_to_all(grade: Grade) -> None:
    low = reader(Grade.GENERAL_1, Role.OPERATOR)
    assert decide(low, "describe", item_ref(table(item(grade, personal=True)), f"i{int(grade)}")).allowed


@pytest.mark.parametrize("act", VALUES)
def test_important_data_is_not_read_while_approvals_have_no_register(act: str) -> None:
    resource = table(item(Grade.IMPORTANT))
    everything = reader(Grade.CORE, *Role, unit=resource.unit, department=resource.provider)
    for context in ({}, {"purpose": "quality"}):
        seen = decide(everything, act, item_ref(resource, "i5"), context)
        assert seen.rules == ("important",)
        assert "no register of approvals" in seen.reasons[0].en


@pytest.mark.parametrize("said", ["", " ", "A-1", "none such"])
@pytest.mark.parametrize("act", VALUES)
def test_no_text_is_an_approval(act: str, said: str) -> None:
    """What somebody types proves nothing: the key is as unknown as any other, and refuses."""
    for held in (item(Grade.IMPORTANT), item(Grade.GENERAL_3, frozenset({Content.MINOR}), personal=True)):
        what = item_ref(table(held), held.name)
        given = decide(reader(Grade.CORE, *Role), act, what, {"purpose": "quality", "approval": said})
        assert given.rules == ("policy-error",)


def test_personal_items_need_a_role_and_a_purpose_of_that_person() -> None:
    what = item_ref(table(item(Grade.GENERAL_3, personal=True)), "i3")
    assert decide(reader(), "query", what).rules == ("personal",)
    assert decide(reader(), "query", what, {"purpose": "curiosity"}).rules == ("personal",)
    assert decide(reader(), "query", what, {"purpose": "quality"}).allowed
    assert not decide(reader(Grade.GENERAL_4, Role.AUDITOR), "query", what, {"purpose": "quality"}).allowed
    own = reader(Grade.GENERAL_3, Role.OFFICER, unit="jinshui", department="jinshui_transport")
    assert decide(own, "query", what).allowed


@pytest.mark.parametrize("special", [Content.MINOR, Content.PATIENT])
def test_children_are_read_by_nobody_and_patients_by_their_providers_own_people(special: Content) -> None:
    what = item_ref(table(item(Grade.GENERAL_3, frozenset({special}), personal=True)), "i3")
    seen = decide(reader(), "query", what, {"purpose": "quality"})
    assert seen.rules == (special.value,)
    assert "no register of approvals" in seen.reasons[0].en
    own = reader(Grade.GENERAL_3, Role.OFFICER, unit="jinshui", department="jinshui_transport")
    assert decide(own, "query", what).allowed == (special is Content.PATIENT)


def test_plates_and_camera_images_serve_public_security() -> None:
    guard = reader(purposes=frozenset({"public_security"}))
    for special in (Content.PLATE, Content.CAMERA):
        what = item_ref(table(item(Grade.GENERAL_3, frozenset({special}))), "i3")
        assert decide(reader(), "query", what, {"purpose": "quality"}).rules == (special.value,)
        assert decide(reader(), "query", what, {"purpose": "public_security"}).rules == (special.value,)
        assert decide(guard, "query", what, {"purpose": "public_security"}).allowed


def test_sharing_attribute_binds_other_departments() -> None:
    officer = reader(Grade.GENERAL_2, Role.OFFICER, unit="erqi", department="erqi_education")
    own = reader(Grade.GENERAL_2, Role.OFFICER, unit="jinshui", department="jinshui_transport")
    expected = {SharingAttribute.UNCONDITIONAL: None, SharingAttribute.CONDITIONAL: "conditional"}
    expected[SharingAttribute.NOT_SHARED] = "not-shared"
    for attribute, rule in expected.items():
        resource = table(item(Grade.GENERAL_1), sharing_attribute=attribute)
        seen = decide(officer, "query", resource)
        assert seen.allowed == (rule is None)
        assert rule is None or seen.rules == (rule,)
        assert decide(own, "query", resource).allowed


def test_quarantine_counts_every_item_at_the_highest() -> None:
    resource = table(item(Grade.GENERAL_1), item(Grade.GENERAL_3, personal=True))
    low = reader(Grade.GENERAL_2)
    assert visible_items(low, resource, "query")["i1"].allowed
    for decision in visible_items(low, resource, "read_quarantine").values():
        assert set(decision.rules) == {"clearance", "personal"}
    assert decide(reader(), "read_quarantine", resource, {"purpose": "quality"}).allowed
    auditor = reader(Grade.GENERAL_4, Role.AUDITOR)
    assert not decide(auditor, "read_quarantine", resource, {"purpose": "quality"}).allowed


def test_a_resource_owes_a_mask_on_what_must_not_be_seen() -> None:
    seen = decide(PEOPLE_BY_ID["operator_sun"], "query", FLOW)
    assert seen.allowed
    assert seen.obligations["mask"] == ["flow", "speed", "occupancy", "note"]
    none = decide(PEOPLE_BY_ID["officer_jinshui"], "query", RESOURCES["zhongyuan.health.visits"])
    assert not none.allowed
    assert none.obligations["mask"] == [each.name for each in RESOURCES["zhongyuan.health.visits"].items]


@pytest.mark.parametrize("context", [{"unknown": "x"}, {"purpose": 7}, {"approval": "A"}])
def test_a_context_that_nobody_defined_refuses(context: Mapping[str, object]) -> None:
    assert decide(PEOPLE_BY_ID["local"], "query", FLOW, context).rules == ("policy-error",)
    assert decide(PEOPLE_BY_ID["local"], "fly", FLOW).rules == ("policy-error",)


def test_somebody_without_a_role_reads_nothing() -> None:
    nobody = replace(reader(), roles=frozenset())
    for act in (*VALUES, "describe"):
        assert decide(nobody, act, item_ref(FLOW, "flow")).rules == ("default-deny",)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("own", [True, False])
def test_data_is_delivered_by_its_provider_or_an_engineer(role: Role, own: bool) -> None:
    of = (
        {"unit": FLOW.unit, "department": FLOW.provider}
        if own
        else {"unit": FLOW.unit, "department": "jinshui_culture"}
    )
    mine = own and role in (Role.OFFICER, Role.PROVIDER_REVIEWER)
    for attribute in SharingAttribute:
        for held in (item(Grade.GENERAL_1), item(Grade.CORE, frozenset(Content), personal=True)):
            seen = decide(reader(Grade.GENERAL_1, role, **of), "deliver", table(held, sharing_attribute=attribute))
            assert seen.allowed == (mine or role is Role.ENGINEER), "what it holds is its provider's to give"
            assert all(reason.zh and reason.en for reason in seen.reasons)
            assert seen.allowed or "delivery" in seen.rules
    assert decide(reader(), "deliver", item_ref(FLOW, "flow")).rules == ("policy-error",), "a column alone is never"


RECORDS = [("read_contents", LEDGER), ("export_ledger", LEDGER), ("list_people", PEOPLE)]


@pytest.mark.parametrize(("act", "what"), RECORDS)
@pytest.mark.parametrize("role", list(Role))
def test_the_house_s_own_records_are_for_auditors_and_the_authority(role: Role, act: str, what: Records) -> None:
    seen = decide(reader(Grade.CORE, role), act, what)
    assert seen.allowed == (role in (Role.AUDITOR, Role.AUTHORITY_REVIEWER))
    assert all(reason.zh and reason.en for reason in seen.reasons)
    assert seen.rules[0] in {"ledger-by-role", "ledger-contents", "people-by-role", "people-register"}


@pytest.mark.parametrize("role", list(Role))
def test_a_ticket_is_closed_by_its_provider_or_an_engineer_and_notices_are_sent_by_an_engineer(role: Role) -> None:
    mine, theirs = TicketRef("q-1", "jinshui", "jinshui_transport"), TicketRef("q-2", "jinshui", "jinshui_health")
    nobodys, elsewhere = TicketRef("q-3", "jinshui", ""), TicketRef("q-4", "erqi", "")
    someone = reader(Grade.GENERAL_1, role, unit="jinshui", department="jinshui_transport")
    allowed = {one.id: decide(someone, "close_ticket", one).allowed for one in (mine, theirs, nobodys, elsewhere)}
    engineer, own = role is Role.ENGINEER, role in (Role.OFFICER, Role.PROVIDER_REVIEWER)
    assert allowed == {"q-1": engineer or own, "q-2": engineer, "q-3": engineer or own, "q-4": engineer}
    sent = decide(someone, "send_notices", NOTICES)
    assert (sent.allowed, sent.rules) == (engineer, ("notices-by-role",) if engineer else ("notices",))
    assert decide(someone, "read_contents", mine).rules == decide(someone, "close_ticket", NOTICES).rules
    assert decide(someone, "close_ticket", NOTICES).rules == ("policy-error",)


def test_an_act_upon_records_that_nobody_defined_refuses() -> None:
    auditor = PEOPLE_BY_ID["auditor_zhao"]
    assert decide(auditor, "query", LEDGER).rules == ("policy-error",)
    assert decide(auditor, "read_contents", LEDGER, {"purpose": "audit"}).rules == ("policy-error",)
    assert decide(auditor, "read_contents", LEDGER, policy=house_policy()).rules == ("policy-error",)
    for act, what in (("read_contents", PEOPLE), ("list_people", LEDGER), ("read_contents", Records("other"))):
        assert decide(auditor, act, what).rules == ("default-deny",)


def test_a_city_can_forbid_more_upon_records(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    own = 'forbid (principal, action == Action::"export_ledger", resource);'
    said = '@id("no") @zh("本市不导出") @en("no export here")'
    (tmp_path / "policies/records.cedar").write_text(f"{said} {own}", encoding="utf-8")
    auditor, policy = PEOPLE_BY_ID["auditor_zhao"], city_policy(tmp_path, "records")
    assert decide(auditor, "export_ledger", LEDGER, policy=policy).rules == ("no",)
    assert decide(auditor, "read_contents", LEDGER, policy=policy).allowed


def test_a_list_of_resources_is_decided_as_each_alone() -> None:
    for someone in PEOPLE_BY_ID.values():
        for act in ("describe", "query", "read_quarantine"):
            each = decide_each(someone, act, list(RESOURCES.values()))
            alone = [decide(someone, act, resource) for resource in RESOURCES.values()]
            assert [(one.allowed, one.rules) for one in each] == [(one.allowed, one.rules) for one in alone]


@settings(deadline=None, max_examples=150)
@given(
    who=st.sampled_from(sorted(PEOPLE_BY_ID)),
    what=st.sampled_from(sorted(RESOURCES)),
    act=st.sampled_from(VALUES),
    context=st.dictionaries(st.just("purpose"), st.sampled_from(["quality", "demo", "public_health", "x"])),
)
def test_whatever_is_asked_a_denial_has_reasons_and_an_allowance_is_within_the_clearance(
    who: str, what: str, act: str, context: dict[str, str]
) -> None:
    resource = RESOURCES[what]
    for name, seen in visible_items(PEOPLE_BY_ID[who], resource, act, context).items():
        assert seen == decide(PEOPLE_BY_ID[who], act, item_ref(resource, name), context)
        assert len(seen.rules) == len(seen.reasons) > 0
        assert all(reason.zh and reason.en for reason in seen.reasons)
        if seen.allowed:
            found = item_ref(resource, name).item
            assert PEOPLE_BY_ID[who].clearance >= found.grade
            assert found.personal is None or context or PEOPLE_BY_ID[who].department == resource.provider


def test_a_city_can_forbid_more_and_never_less(tmp_path: Path) -> None:
    own = city_policy(sample_city())
    operator = PEOPLE_BY_ID["operator_sun"]
    what = item_ref(FLOW, "road_name")
    assert decide(operator, "export", what).allowed
    assert decide(operator, "export", what, policy=own).rules == ("zhengzhou-operator-no-export",)
    (tmp_path / "policies").mkdir()
    lax = '@id("all") @zh("全部许可") @en("everything") permit (principal, action, resource);'
    (tmp_path / "policies/reading.cedar").write_text(lax, encoding="utf-8")
    assert decide(operator, "query", item_ref(FLOW, "flow"), policy=city_policy(tmp_path)).rules == ("clearance",)


def test_a_faulty_policy_of_a_city_lets_nobody_read(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/reading.cedar").write_text("forbid", encoding="utf-8")
    with pytest.raises(Refused, match="POLICY_INVALID"):
        city_policy(tmp_path)


def test_the_rules_of_the_house_speak_both_languages() -> None:
    texts = house_policy().texts
    assert {"clearance", "core", "important", "personal", "minor", "patient", "plate", "camera"} <= set(texts)
    assert all(text.zh != text.en for text in texts.values())
