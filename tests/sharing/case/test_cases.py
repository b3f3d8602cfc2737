"""The case machine: no way to `issued` but through every provider, the authority and the agreement."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.errors import Refused
from infra.language import Text
from sharing.case import cases
from sharing.case.cases import Channel, Request, Reviewer, State
from sharing.case.reasons import Reason

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DIGEST = "d" * 64
ASKED = Request(("age",), "purpose", "scene", 90)
ALL = frozenset({"provider", "authority"})
PEOPLE = [
    Reviewer("ann", "health", frozenset({"provider"})),
    Reviewer("bob", "transport", frozenset({"provider"})),
    Reviewer("cai", "authority", frozenset({"authority"})),
    Reviewer("dan", "health", ALL),
    Reviewer("eve", "elsewhere", frozenset({"provider"})),
    Reviewer("firm", "health", ALL),
]
WHY = (Reason("reviewer", Text("理由", "reason")),)


def fresh():
    return cases.Case(
        "case-1", "a-1", Channel.CONDITIONAL, "u.d.n", ASKED, ("health", "transport"), barred=frozenset({"firm"})
    )


acts = st.one_of(
    st.tuples(st.just("precheck"), st.booleans()),
    st.tuples(st.just("approve"), st.tuples(st.sampled_from(["provider", "authority"]), st.sampled_from(PEOPLE))),
    st.tuples(st.just("refuse"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("sign"), st.sampled_from([DIGEST, "other"])),
    st.tuples(st.just("issue"), st.none()),
    st.tuples(st.just("revoke"), st.sampled_from(["", "misuse"])),
    st.tuples(st.just("expire"), st.integers(0, 200)),
)


def act(case, name, value):  # noqa: PLR0911 - one return an act
    match name:
        case "precheck":
            return cases.prechecked(case, () if value else WHY)
        case "approve":
            return cases.approved(case, value[0], value[1], "yes", NOW)
        case "refuse":
            return cases.refused(case, value, WHY)
        case "sign":
            return cases.signed(case, DIGEST, value)
        case "issue":
            return cases.issued(case, NOW)
        case "revoke":
            return cases.revoked(case, value)
        case _:
            return cases.expired(case, NOW + timedelta(days=value))


@given(steps=st.lists(acts, max_size=40))
@settings(deadline=None, max_examples=400)
def test_never_issued_without_every_approval(steps):
    case, signed, seen = fresh(), False, [State.APPLIED]
    for name, value in steps:
        try:
            case = act(case, name, value)
        except Refused:
            continue
        signed = signed or (name == "sign" and value == DIGEST)
        seen.append(case.state)
        if State.ISSUED in seen:
            persons = [approval.person for approval in case.approvals]
            given_by = {(approval.side, approval.department) for approval in case.approvals}
            assert {("provider", "health"), ("provider", "transport")} <= given_by
            assert any(side == "authority" for side, _ in given_by)
            assert len(persons) == len(set(persons))
            assert "firm" not in persons
            assert signed
        if State.REFUSED in seen:
            assert State.ISSUED not in seen


def through(state):
    case = cases.prechecked(fresh(), ())
    if state is State.PRECHECKED:
        return case
    for side, person in (("provider", PEOPLE[0]), ("provider", PEOPLE[1]), ("authority", PEOPLE[2])):
        case = cases.approved(case, side, person, "yes", NOW)
    if state is State.APPROVED:
        return case
    case = cases.signed(case, DIGEST, DIGEST)
    return case if state is State.SIGNED else cases.issued(case, NOW)


def test_the_whole_way_ends_issued_with_a_term():
    case = through(State.ISSUED)
    assert case.state is State.ISSUED
    assert case.ends_at == NOW + timedelta(days=90)
    assert cases.expired(case, NOW + timedelta(days=89)).state is State.ISSUED
    assert cases.expired(case, NOW + timedelta(days=90)).state is State.EXPIRED


@pytest.mark.parametrize(
    ("code", "side", "person"),
    [
        ("SHARE_NOT_REVIEWER", "provider", PEOPLE[4]),
        ("SHARE_NOT_REVIEWER", "provider", PEOPLE[2]),
        ("SHARE_OWN_CASE", "provider", PEOPLE[5]),
        ("SHARE_ORDER", "authority", PEOPLE[2]),
    ],
)
def test_who_may_not_approve(code, side, person):
    with pytest.raises(Refused) as caught:
        cases.approved(through(State.PRECHECKED), side, person, "yes", NOW)
    assert caught.value.code == code


def test_one_person_is_not_both_sides():
    case = cases.approved(through(State.PRECHECKED), "provider", PEOPLE[3], "yes", NOW)
    case = cases.approved(case, "provider", PEOPLE[1], "yes", NOW)
    with pytest.raises(Refused) as caught:
        cases.approved(case, "authority", PEOPLE[3], "yes", NOW)
    assert caught.value.code == "SHARE_SAME_PERSON"


def test_a_refusal_needs_reasons():
    with pytest.raises(Refused) as caught:
        cases.refused(through(State.PRECHECKED), PEOPLE[0], ())
    assert caught.value.code == "SHARE_REASON_MISSING"


def test_channels_are_found_by_either_name():
    assert cases.channel("有条件开放") is cases.channel("conditional_open") is Channel.CONDITIONAL
    with pytest.raises(Refused) as caught:
        cases.channel("走后门")
    assert caught.value.code == "SHARE_CHANNEL_UNKNOWN"
