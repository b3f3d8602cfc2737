"""Registering a firm again changes what is known of it: neither who may review it, nor what was agreed with it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sharing_case
import sqlalchemy as sa

from catalogs.people import people
from infra.database import read, write
from infra.errors import Refused
from infra.ground import open_ground
from sharing.case import applicants, casebook, cases, uscc
from sharing.case.cases import Approval, Case, Channel, Request
from sharing.case.declared import COMMITMENTS, Registration
from sharing.extract import extract
from sharing.tables import registrant

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def register(ground, person, **changes):
    given = {"uscc": uscc.sample(1), "name": "样例智能科技有限公司", "contact": "乙", "security": sharing_case.SECURITY}
    asked = Registration(**{**given, "commitments": tuple(COMMITMENTS), **changes})
    return applicants.register(ground, asked, person, ground.now())


def authority(ground):
    return people.person(ground.engine, "reviewer_authority")


@pytest.fixture
def published(ground, tmp_path):
    sharing_case.publish(ground, tmp_path)
    return ground


def prechecked(ground):
    case = sharing_case.applied(ground)
    casebook.precheck(ground, case.id, "clerk")
    casebook.approve(ground, case.id, "provider", people.person(ground.engine, "reviewer_zhongyuan"), "同意")
    return case


def test_who_registered_the_firm_once_never_reviews_it(published):
    register(published, "reviewer_authority")
    case = prechecked(published)  # a clerk registers the firm again, with a new contact
    register(published, "clerk", contact="丙")
    assert casebook.case(published.engine, case.id).barred == {"reviewer_authority", "clerk"}
    with pytest.raises(Refused, match="SHARE_OWN_CASE"):
        casebook.approve(published, case.id, "authority", authority(published), "同意")


def test_who_approved_and_then_registers_the_firm_has_approved_nothing(published):
    case = prechecked(published)
    casebook.approve(published, case.id, "authority", authority(published), "同意")
    casebook.sign(published, case.id, casebook.terms(published, case.id).digest, "clerk")
    register(published, "reviewer_authority")
    with pytest.raises(Refused, match="SHARE_OWN_CASE"):
        extract.issue(published, case.id, "operator")


@pytest.mark.parametrize(
    "changes", [{"name": "另一家公司"}, {"security": {**sharing_case.SECURITY, "storage_place": "某网盘"}}]
)
def test_nothing_leaves_under_an_agreement_on_another_firm_than_the_one_that_is_registered(published, changes):
    case = sharing_case.signed(published)
    register(published, "clerk", **changes)
    with pytest.raises(Refused, match="SHARE_AGREEMENT"):
        extract.issue(published, case.id, "operator")
    assert extract.of_case(published.engine, case.id) is None
    assert not list(published.store.list("extracts"))
    register(published, "clerk", contact="另一位联系人")  # as it was, but for what the agreement does not say
    found = extract.issue(published, case.id, "operator")
    assert found.certificate["agreement"]["digest"] == casebook.terms(published, case.id).digest
    assert found.certificate["receiver"]["name"] == "样例智能科技有限公司"


def test_an_approval_of_a_person_who_is_barred_issues_nothing():
    given = tuple(Approval(side, "d", side, NOW, "") for side in ("provider", "authority"))
    case = Case("c", "a", Channel.CONDITIONAL, "u.d.n", Request(("x",), "p", "s", 9), ("d",), approvals=given)
    signed = cases.signed(replace(case, state=cases.State.APPROVED), "d" * 64, "d" * 64)
    assert cases.issued(signed, NOW).state is cases.State.ISSUED
    with pytest.raises(Refused, match="SHARE_OWN_CASE"):
        cases.issued(replace(signed, barred=frozenset({"authority"})), NOW)


def test_those_who_registered_before_the_list_was_kept_are_on_it(city_ground):
    firm = register(city_ground, "clerk")
    with write(city_ground.engine) as connection:
        for later in ("sharing_use", "sharing_registrant"):
            connection.execute(sa.text(f"DROP TABLE {later}"))
        connection.execute(sa.text("UPDATE sharing_version SET version_num = 'sharing_0002'"))
    with open_ground(city_ground.environ) as again:
        again.prepare()
        with read(again.engine) as connection:
            found = connection.execute(sa.select(registrant)).mappings().all()
    assert [(row["applicant"], row["person"]) for row in found] == [(firm.id, "clerk")]
    assert found[0]["at"] <= city_ground.now()
