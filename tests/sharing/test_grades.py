"""What a grade forbids is asked of the form that leaves: at the pre-check, in the agreement, again at the issue."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sharing_case
from life_city import looked_at

from catalogs.enter import register_city
from catalogs.people import people
from catalogs.register import load_city, resource
from catalogs.values.model import Grade
from infra.errors import Refused
from infra.ground import sample_city
from lake.store.delta import Commit, DataFile, Tables, curated_key
from sharing.case import casebook, classes, policy
from sharing.case.cases import Approval, Case, Channel, Request
from sharing.extract import extract
from sharing.plan import methods
from sharing.plan.plan import Draft, Measure, Plan

FLOW = "jinshui.traffic.road_flow"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
SCHEMA = pa.schema(
    [("detector_id", pa.string()), ("flow", pa.int64()), ("_delivery", pa.int64()), ("_line", pa.int64())]
)


@pytest.fixture
def graded(ground, tmp_path):
    """The sample city, in which a road's flow, nobody's datum, is of general grade 4; with three published records."""
    city = tmp_path / "city" / sample_city().name
    shutil.copytree(sample_city(), city)
    page = city / "catalogues/jinshui.yaml"
    before = page.read_text(encoding="utf-8")
    after = before.replace("unit_of_measure: 辆/5min, grade: general_2", "unit_of_measure: 辆/5min, grade: general_4")
    assert after != before
    page.write_text(after, encoding="utf-8")
    ground.city = city
    register_city(ground, city, "tester")
    rows = {"detector_id": ["d1", "d2", "d3"], "flow": [424242, 7, 9], "_delivery": [1] * 3, "_line": [2, 3, 4]}
    path = tmp_path / "d-1.parquet"
    pq.write_table(pa.table(rows, SCHEMA), path)
    tables, key = Tables(ground.store), curated_key(FLOW)
    base = tables.ensure(key, SCHEMA, FLOW)
    ground.store.put_file(f"{key}/{path.name}", path)
    file = DataFile(path.name, path.stat().st_size, 3)
    tables.commit(key, Commit((file,), "append", "d-1", base, {}, ground.now()))
    return ground


def applied(ground, *, reviewed=True, **changes):
    if reviewed:
        looked_at(ground, resource(ground.engine, FLOW))
    firm = sharing_case.registered(ground)
    asked = {"items": ("detector_id", "flow"), "purpose": "p", "scene": "s", "days": 9, **changes}
    return casebook.apply(ground, firm.id, Channel.CONDITIONAL, FLOW, Request(**asked), "clerk")


def test_what_raises_the_grade_lets_nothing_out_before_it_is_reviewed(graded):
    """A folder registers what no draft could publish: road flow may tell of the economy, and nobody has looked."""
    case = applied(graded, reviewed=False, items=("detector_id",), form="plain")
    refused, findings = casebook.precheck(graded, case.id, "clerk")
    assert (refused.state.value, [reason.rule for reason in findings]) == ("refused", ["grade.triggered"])
    assert "车流" in findings[0].text.zh
    looked_at(graded, resource(graded.engine, FLOW))
    again = applied(graded, reviewed=False, items=("detector_id",), form="plain")
    assert casebook.precheck(graded, again.id, "clerk")[1] == ()


@pytest.mark.parametrize("form", ["aggregate", "rows"])
def test_records_of_grade_4_do_not_leave_as_an_aggregate_that_nobody_makes(graded, form):
    case = applied(graded, form=form)
    refused, findings = casebook.precheck(graded, case.id, "clerk")
    assert refused.state.value == "refused"
    assert [reason.rule for reason in findings] == ["item.plain"]


def test_what_is_approved_and_signed_is_the_form_that_leaves(graded):
    for items, form in ((("detector_id",), "aggregate"), (("detector_id", "flow"), "rows")):
        case = applied(graded, items=items, form=form, legal_basis="合同 2026-1" if "flow" in items else None)
        assert case.request.form == "plain"
        text = casebook.terms(graded, case.id).text
        assert "形式：原始记录（不含个人信息）" in text
        assert "form: records as they are" in text
        _, findings = casebook.precheck(graded, case.id, "clerk")
        assert not findings
        provider = people.person(graded.engine, "reviewer_jinshui")
        casebook.approve(graded, case.id, "provider", provider, "同意")
        casebook.approve(graded, case.id, "authority", people.person(graded.engine, "reviewer_authority"), "同意")
        casebook.sign(graded, case.id, casebook.terms(graded, case.id).digest, "clerk")
        found = extract.issue(graded, case.id, "operator")
        assert found.certificate["plan"]["form"] == "plain"
        assert found.certificate["result"]["columns"] == list(items)


@pytest.mark.parametrize("form", ["plain", "rows", "aggregate"])
@pytest.mark.parametrize("basis", [None, "consent"])
@pytest.mark.parametrize("grade", list(Grade))
def test_the_issue_asks_the_grade_of_what_leaves(form, basis, grade):
    given = tuple(Approval(side, "d", side, NOW, "") for side in ("provider", "authority"))
    asked = Request(("a",), "p", "s", 9, form, basis)
    case = Case("c", "a", Channel.CONDITIONAL, FLOW, asked, ("d",), approvals=given, digest="d" * 64)
    measured = Measure(100, 100, 100, 3, 40, None, 0.01)
    why = policy.may_issue(policy.rules(sample_city()), case, Draft(form, "k", ()), measured, 4, grade)
    barred = grade >= Grade.IMPORTANT or (grade >= Grade.GENERAL_3 and form != "aggregate" and basis is None)
    assert bool({reason.rule for reason in why} & {"issue.grade", "issue.form"}) is barred
    assert bool(why) is barred


def test_the_highest_grade_is_that_of_the_columns_that_leave():
    resources = {resource.id: resource for resource in load_city(sample_city()).resources}
    visits = resources[sharing_case.VISITS]
    age = replace(visits.item("age"), grade=Grade.GENERAL_4)
    street = replace(visits.item("street"), grade=Grade.IMPORTANT)
    changed = {"age": age, "street": street}
    items = tuple(changed.get(item.name, item) for item in visits.items)
    visits = replace(visits, items=items, grade=Grade.IMPORTANT)
    draft = classes.draft(visits, Request(("age", "street", "gender"), "p", "s", 9))
    kept = {"age": methods.Step("band", 5), "street": methods.Step("drop"), "gender": methods.Step("keep")}
    steps = tuple(kept[dimension.name] for dimension in draft.dimensions)
    plan = Plan(draft, steps, Measure(0, 0, None, 0, None, None, None))
    assert set(plan.sources) == {"age", "gender"}
    assert policy.highest(visits, plan.sources) is Grade.GENERAL_4
    assert policy.highest(visits, ("age", "street")) is Grade.IMPORTANT
    assert policy.highest(visits, ("gender", "unknown")) is Grade.IMPORTANT


def test_a_resource_graded_above_its_items_is_so_as_a_whole():
    resources = {resource.id: resource for resource in load_city(sample_city()).resources}
    flow = replace(resources[FLOW], grade=Grade.IMPORTANT)
    assert policy.highest(flow, ("detector_id",)) is Grade.IMPORTANT
    asked = Request(("detector_id",), "p", "s", 9)
    context = policy.receive_context("firm", flow.item("detector_id"), asked, flow)
    assert context["grade"] == Grade.IMPORTANT


def test_a_case_on_records_leaves_no_persons_when_the_catalogue_finds_some_later():
    resources = {resource.id: resource for resource in load_city(sample_city()).resources}
    asked = Request(("age", "gender"), "p", "s", 9, "plain")
    with pytest.raises(Refused, match="SHARE_FORM"):
        classes.draft(resources[sharing_case.VISITS], asked)
