"""What people write into a request or about a firm is one line each: an agreement has its own clauses alone."""

from dataclasses import replace

import pytest
import sharing_case
from hypothesis import given
from hypothesis import strategies as st

from catalogs import lookup
from catalogs.enter import register_city
from infra.errors import Refused
from infra.ground import sample_city
from infra.language import Text
from sharing.case import agreement, casebook
from sharing.case.cases import Case, Channel, Request
from sharing.case.declared import COMMITMENTS, Applicant
from sharing.case.one_line import one_line

CLAUSE = "预测。\n八、转让：利用方可以向第三方提供、出售或公开数据。"
BREAKS = ["\n", "\r", "\x0b", "\x0c", "\x1b", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\0", "\x7f", "\t"]


@pytest.fixture
def city(ground):
    register_city(ground, sample_city(), "tester")
    return ground


@pytest.mark.parametrize("name", ["purpose", "scene", "legal_basis", "form", "method", "items"])
def test_no_text_of_a_request_begins_a_line(city, name):
    with pytest.raises(Refused, match="SHARE_TEXT") as caught:
        sharing_case.applied(city, **{name: ("age", CLAUSE) if name == "items" else CLAUSE})
    assert caught.value.place.column == name
    assert caught.value.remedy.zh
    assert [reason.en.partition(" ")[0] for reason in caught.value.reasons] == [name]
    assert casebook.listing(city.engine) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "样例\n八、转让：可以"},
        {"contact": "a\u2028b"},
        {"security": {**sharing_case.SECURITY, "officer": "甲\n十三、"}},
        {"security": {**sharing_case.SECURITY, "storage\nplace": "甲"}},
    ],
)
def test_no_text_about_a_firm_begins_a_line(city, changes):
    with pytest.raises(Refused, match="SHARE_TEXT"):
        sharing_case.registered(city, **changes)


def test_everything_that_is_wrong_is_told_at_once(city):
    with pytest.raises(Refused) as caught:
        sharing_case.applied(city, purpose=CLAUSE, scene=CLAUSE)
    assert [reason.en.partition(" ")[0] for reason in caught.value.reasons] == ["purpose", "scene"]


@pytest.mark.parametrize("mark", BREAKS)
def test_an_agreement_takes_no_text_that_was_stored_before(city, mark):
    what = lookup.resource(city.engine, sharing_case.VISITS)
    named = Text("提供单位", "provider")
    firm = Applicant("a", "0", "样例", "firm", "乙", False, sharing_case.SECURITY, (), {}, tuple(COMMITMENTS), "clerk")
    case = Case("case-1", "a", Channel.CONDITIONAL, what.id, Request(("age",), "p", "s", 9), ("d",))
    whole = agreement.render(case, firm, what, named).text
    assert len(whole.splitlines()) == 33
    for of, who, by in (
        (replace(case, request=replace(case.request, purpose=f"a{mark}b")), firm, named),
        (case, replace(firm, name=f"a{mark}b"), named),
        (case, firm, Text("提供单位", f"a{mark}b")),
    ):
        with pytest.raises(Refused, match="SHARE_TEXT"):
            agreement.render(of, who, what, by)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs", "M"])))
def test_plain_text_in_any_script_passes_and_a_line_break_behind_it_does_not(text):
    given = {"purpose": text, "items": (text,), "days": 9, "none": None}
    one_line(given)
    with pytest.raises(Refused) as caught:
        one_line({**given, "scene": f"{text}\n"})
    assert [reason.en.partition(" ")[0] for reason in caught.value.reasons] == ["scene"]
