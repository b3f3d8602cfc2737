"""Tasks by the law's clock, corrections, lead sources and hand-over, over both databases."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import life_city as city
import pytest
import sqlalchemy as sa

from catalogs.enter import put_resources
from catalogs.exchange.dcat import catalogue
from catalogs.exchange.rdf import DCTERMS
from catalogs.life import duties
from catalogs.life.clocks import Kind
from catalogs.life.disputes import disputes, look
from catalogs.life.drafts import draft, save
from catalogs.life.handover import hand_over
from catalogs.life.lead import set_lead
from catalogs.life.report import sentences
from catalogs.life.supervision import supervision
from catalogs.life.tasks import clockwork, escalate, tasks
from catalogs.life.versions import history
from catalogs.lookup import city as whole_city
from catalogs.lookup import departments
from catalogs.people.people import add_person, authenticate, issue_key
from catalogs.register import register_city, resource, resources
from catalogs.rows import department_row
from catalogs.tables import DEPARTMENT
from catalogs.values.model import Grade, Person, Resource, Role, Text
from infra.database import read, write
from infra.errors import Refused, WrongUse
from infra.ground import Ground, sample_city
from infra.ledger.tables import ENTRY


@pytest.fixture
def ground(city_ground: Ground) -> Ground:
    at(city_ground, 2026, 3, 2)  # a Monday
    city.stock(city_ground)
    return city_ground


def at(ground: Ground, *day: int) -> None:
    now = datetime(*day, 2, tzinfo=UTC)  # type: ignore[arg-type,misc]
    ground.clock = lambda: now
    ground.__dict__.pop("ledger", None)  # it keeps the clock that it was opened with


def acts(ground: Ground, subject: str) -> list[str]:
    with read(ground.engine) as connection:
        bodies = connection.execute(sa.select(ENTRY.c.body).order_by(ENTRY.c.number)).scalars()
        return [body["act"] for body in map(json.loads, bodies) if body["subject"] == subject]


def test_requirement_4_a_change_of_law_is_due_in_10_working_days_and_extended_once_by_5(ground: Ground) -> None:
    officer, authority = city.who(ground, "officer_jinshui"), city.who(ground, "reviewer_authority")
    task = duties.change_event(ground, city.FLOW, officer, kind="law", why="条例修订")
    clocks = clockwork(ground)
    assert clocks.standing(task, date(2026, 3, 16)).due == date(2026, 3, 16)
    assert clocks.standing(task, date(2026, 3, 16)).late == 0
    with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
        duties.consent(ground, task.number, officer, why="来不及")
    with pytest.raises(Refused, match="LIFE_WORDS"):
        duties.consent(ground, task.number, authority, why="")
    with pytest.raises(Refused, match="TASK_TERM"):
        duties.consent(ground, task.number, authority, why="同意", days=6)
    longer = duties.consent(ground, task.number, authority, why="情况复杂，同意")
    assert clocks.standing(longer, date(2026, 3, 16)).due == date(2026, 3, 23)
    with pytest.raises(Refused, match="TASK_EXTENDED"):
        duties.consent(ground, task.number, authority, why="再延")
    assert acts(ground, task.id) == ["catalogs:task:opened", "catalogs:task:extended"]


def test_requirement_4_what_is_overdue_escalates_once_and_stands_in_the_report(ground: Ground) -> None:
    officer = city.who(ground, "officer_jinshui")
    task = duties.change_event(ground, city.FLOW, officer, kind="duty", why="职责划转")
    at(ground, 2026, 3, 16)
    assert escalate(ground, clockwork(ground)) == []
    at(ground, 2026, 3, 19)
    with pytest.raises(Refused, match="RECORDS_DENIED"):
        duties.run_clock(ground, officer)
    found, names = supervision(ground)
    assert [line.escalated for line in found.sections[0].lines] == [False]  # reading it changes nothing
    assert [one.number for one in duties.run_clock(ground, city.who(ground, "operator_sun"))[0]] == [task.number]
    found, names = supervision(ground)
    assert (found.open, found.late) == (1, 1)
    said = "\n".join(sentences(found, names, "zh"))
    assert "逾期 3 个工作日（期限 2026-03-16）" in said
    assert "金水" in said
    assert "已上报" in said
    assert escalate(ground, clockwork(ground)) == []  # once
    duties.answer(ground, task.number, officer, result="已更新目录")
    at(ground, 2026, 4, 20)
    found, names = supervision(ground)
    assert (found.open, found.late, found.ended_late) == (0, 0, 1)  # and it stays in the report
    assert "办结时已逾期 3 个工作日" in "\n".join(sentences(found, names, "zh"))
    assert acts(ground, task.id) == ["catalogs:task:opened", "catalogs:task:escalated", "catalogs:task:closed"]


def test_requirement_4_a_year_without_a_table_leaves_the_deadline_open_with_an_alert(ground: Ground) -> None:
    at(ground, 2031, 12, 29)
    officer = city.who(ground, "officer_jinshui")
    task = duties.change_event(ground, city.FLOW, officer, kind="law", why="条例修订")
    where = clockwork(ground).standing(task, date(2033, 1, 1))
    assert (where.due, where.missing_year, where.late) == (None, 2031, 0)
    found, names = supervision(ground)
    assert found.missing_years == (2031,)
    assert "缺 2031 年工作日表" in "\n".join(sentences(found, names, "zh"))


def test_the_term_runs_from_the_day_of_the_change_which_is_not_to_come(ground: Ground) -> None:
    officer = city.who(ground, "officer_jinshui")
    task = duties.change_event(ground, city.FLOW, officer, kind="law", why="修订", on=date(2026, 2, 26))
    assert clockwork(ground).standing(task, date(2026, 3, 2)).due < date(2026, 3, 16)  # type: ignore[operator]
    with pytest.raises(Refused, match="EVENT_DAY"):
        duties.change_event(ground, city.FLOW, officer, kind="law", why="修订", on=date(2026, 3, 3))
    with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
        duties.change_event(ground, city.FLOW, city.who(ground, "officer_erqi"), kind="law", why="修订")


def version_two(ground: Ground) -> None:
    now = resource(ground.engine, city.FLOW)
    with write(ground.engine) as connection:
        put_resources(connection, ground, [replace(now, scenario="更正")], "tester")


def test_requirement_9_a_correction_is_filed_by_another_department_and_answered_in_10_working_days(
    ground: Ground,
) -> None:
    officer, other = city.who(ground, "officer_jinshui"), city.who(ground, "officer_erqi")
    for nobody in (officer, city.who(ground, "engineer_li"), city.who(ground, "operator_sun")):
        with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
            duties.file_correction(ground, city.FLOW, nobody, what="流量为负")
    ticket = duties.file_correction(ground, city.FLOW, other, what="流量为负")
    assert (ticket.kind, ticket.department, ticket.asker) == (Kind.CORRECTION, "jinshui_transport", "erqi_education")
    assert clockwork(ground).standing(ticket, date(2026, 3, 2)).due == date(2026, 3, 16)
    with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
        duties.answer(ground, ticket.number, other, result="无误")
    with pytest.raises(Refused, match="LIFE_WORDS"):
        duties.answer(ground, ticket.number, officer, result=" ")
    for wrong in (1, 2):  # the version that was wrong, and one that is not there
        with pytest.raises(Refused, match="TASK_VERSION"):
            duties.answer(ground, ticket.number, officer, result="已更正", corrected=wrong)
    version_two(ground)
    done = duties.answer(ground, ticket.number, officer, result="已更正", corrected=2)
    assert (done.result, done.corrected, done.closed_by) == ("已更正", 2, officer.id)
    with pytest.raises(WrongUse, match="TASK_UNKNOWN"):
        duties.answer(ground, ticket.number, officer, result="再答")


def test_requirement_9_an_unanswered_correction_is_escalated_after_10_working_days(ground: Ground) -> None:
    ticket = duties.file_correction(ground, city.FLOW, city.who(ground, "officer_erqi"), what="流量为负")
    at(ground, 2026, 3, 16)
    assert escalate(ground, clockwork(ground)) == []
    at(ground, 2026, 3, 17)
    assert [one.number for one in escalate(ground, clockwork(ground))] == [ticket.number]
    with pytest.raises(Refused, match="TASK_TERM"):  # the law gives a correction no extension
        duties.consent(ground, ticket.number, city.who(ground, "reviewer_authority"), why="同意")


def other_department(ground: Ground) -> Resource:
    """The same flow, registered by another department of the district."""
    flow = resource(ground.engine, city.FLOW)
    transport = next(one for one in departments(ground.engine) if one.id == flow.provider)
    police = replace(transport, id="jinshui_police", name=Text("金水公安(虚构)", "police"), uscc=None)
    with write(ground.engine) as connection:
        connection.execute(sa.insert(DEPARTMENT), department_row(police, 999))
        twin = replace(flow, id="jinshui.traffic.flow_of_police", provider="jinshui_police", code=None)
        put_resources(connection, ground, [twin], "tester")
    return twin


def test_requirement_14_two_departments_with_one_element_dispute_and_the_authority_alone_settles(
    ground: Ground,
) -> None:
    # Registering found the sample city's one pair that keeps the same car parks, and no false alarm beside it.
    assert {tuple(one.departments) for one in disputes(ground)} == {("erqi_management", "erqi_transport")}
    other_department(ground)
    assert look(ground, "clock")
    assert look(ground, "clock") == []  # once
    assert register_city(ground, sample_city(), "tester").changed == ()
    first = next(one for one in disputes(ground) if one.unit == "jinshui")
    assert first.departments == ["jinshui_police", "jinshui_transport"]
    authority = city.who(ground, "reviewer_authority")
    for nobody in ("officer_jinshui", "head_jinshui", "auditor_zhao", "engineer_li"):
        with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
            set_lead(ground, first.number, "jinshui_transport", city.who(ground, nobody), why="我们先采")
    with pytest.raises(Refused, match="DISPUTE_LEAD"):
        set_lead(ground, first.number, "erqi_education", authority, why="误")
    done = set_lead(ground, first.number, "jinshui_transport", authority, why="依职责采集")
    assert (done.lead, done.settled_by) == ("jinshui_transport", authority.id)
    assert first.number not in {one.number for one in disputes(ground)}
    assert look(ground, "clock") == []
    assert acts(ground, first.id) == ["catalogs:lead:disputed", "catalogs:lead:set"]


def test_requirement_14_districts_names_that_every_table_has_and_identifiers_raise_nothing(ground: Ground) -> None:
    from catalogs.life.elements import ALIKE, GENERIC, shared

    flow = resource(ground.engine, city.FLOW)
    elsewhere = replace(flow, id="erqi.traffic.road_flow", provider="erqi_education")
    assert shared([flow, elsewhere]) == {}  # each district answers for its own area
    generic = replace(flow.items[0], zh=sorted(GENERIC)[0], aliases=())
    one = replace(flow, items=(generic,))
    assert shared([one, replace(one, id="jinshui.traffic.b", provider="other")]) == {}
    other_class = replace(flow, id="jinshui.traffic.c", provider="other", classification=replace(
        flow.classification, business="别的业务"))  # fmt: skip
    speaking = [item for item in flow.items if item.name in ("detector_id", "road_name", "flow", "speed")]
    assert shared([flow, replace(other_class, items=tuple(speaking[: ALIKE - 1]))]) == {}
    alike = shared([flow, replace(other_class, items=tuple(speaking[:ALIKE]))])
    assert {one.item for parties in alike.values() for one in parties} == {item.name for item in speaking[:ALIKE]}
    assert len(resources(ground.engine)) > 1


def test_requirement_14_the_named_lead_stands_in_the_register_whatever_is_written_afterwards(
    ground: Ground, tmp_path: Path
) -> None:
    officer, authority = city.who(ground, "officer_jinshui"), city.who(ground, "reviewer_authority")
    twin = other_department(ground)
    look(ground, "clock")
    drafted = save(ground, replace(resource(ground.engine, city.FLOW), scenario="信号优化"), officer,
                   revision=None, why="补充")  # fmt: skip
    first = next(one for one in disputes(ground) if one.unit == "jinshui")
    # The sample says itself that it leads; the authority decides for the police.
    set_lead(ground, first.number, "jinshui_police", authority, why="依职责采集")
    assert [resource(ground.engine, one).lead_source for one in (city.FLOW, twin.id)] == [False, True]
    steps = history(ground, city.FLOW)
    assert [(one.act, one.version, one.by) for one in steps] == [
        ("catalogs:resource:registered", 1, ""),
        ("catalogs:draft:saved", 1, officer.id),
        ("catalogs:lead:set", 2, authority.id),
    ]
    assert "依职责采集" in steps[-1].why
    now = draft(ground.engine, city.FLOW)
    assert now is not None
    assert (now.revision, now.base) == (drafted.revision, 2)  # the draft is not overtaken by the decision
    paper = tmp_path / "评估.pdf"
    paper.write_bytes(b"%PDF-1.7")
    city.published(ground, replace(now.body, title=Text("道路流量", "flow")), paper, now.revision)
    assert resource(ground.engine, city.FLOW).lead_source is False
    register_city(ground, sample_city(), "tester")
    assert [resource(ground.engine, one).lead_source for one in (city.FLOW, twin.id)] == [False, True]
    written = catalogue(whole_city(ground.engine), "https://example.test/")
    led = {str(at).rpartition("/")[2] for at in written.subjects(DCTERMS.provenance)
           if any("第十九条" in str(said) for each in written.objects(at, DCTERMS.provenance)
                  for said in written.objects(each, DCTERMS.description))}  # fmt: skip
    assert (twin.id in led, city.FLOW in led) == (True, False)


def test_requirement_14_a_decision_that_changes_no_entry_is_in_its_history_all_the_same(ground: Ground) -> None:
    first = disputes(ground)[0]
    loser = next(side for side in first.parties if side[2] == "erqi_transport")[0]
    set_lead(ground, first.number, "erqi_management", city.who(ground, "reviewer_authority"), why="由城管维护")
    assert [(one.act, one.version) for one in history(ground, loser)] == [
        ("catalogs:resource:registered", 1), ("catalogs:lead:set", 0)
    ]  # fmt: skip
    with pytest.raises(WrongUse, match="DISPUTE_UNKNOWN"):
        set_lead(ground, 999, "erqi_management", city.who(ground, "reviewer_authority"), why="误")


def test_hand_over_takes_open_work_to_the_successor_and_ends_the_leavers_keys(ground: Ground) -> None:
    new = Person("officer_new", "新填报员", "jinshui", "jinshui_transport", frozenset({Role.OFFICER}), Grade.GENERAL_2)
    add_person(ground, new, "tester")
    officer = city.who(ground, "officer_jinshui")
    save(ground, city.fresh(ground), officer, revision=None, why="新建")
    ticket = duties.file_correction(ground, city.FLOW, city.who(ground, "officer_erqi"), what="流量为负")
    assert ticket.holder is None  # two officers could answer it: it is the department's
    change = duties.change_event(ground, city.NEW, officer, kind="law", why="修订")
    assert change.holder == officer.id  # who holds the draft
    key = issue_key(ground, officer.id, "tester")
    assert authenticate(ground, key).id == officer.id
    with pytest.raises(Refused, match="HANDOVER_PLACE"):
        hand_over(ground, officer.id, "officer_erqi", "reviewer_authority", reason="调岗")
    with pytest.raises(Refused, match="LIFE_WORDS"):
        hand_over(ground, officer.id, new.id, "reviewer_authority", reason="")
    with pytest.raises(WrongUse, match="HANDOVER_SELF"):
        hand_over(ground, officer.id, officer.id, "reviewer_authority", reason="调岗")
    done = hand_over(ground, officer.id, new.id, "reviewer_authority", reason="调岗")
    assert (done.drafts, done.tasks, done.keys) == (1, 1, 1)
    assert [one.holder for one in tasks(ground, "jinshui_transport")] == [None, new.id]
    with pytest.raises(Refused, match="KEY_EXPIRED"):
        authenticate(ground, key)
    held = draft(ground.engine, city.NEW)
    assert held is not None
    assert held.holder == new.id
    again = hand_over(ground, officer.id, new.id, "reviewer_authority", reason="调岗")
    assert (again.drafts, again.tasks, again.keys) == (0, 0, 0)
    assert save(ground, city.fresh(ground, title="改"), new, revision=held.revision, why="接手").revision == 2


def test_tasks_of_a_department_are_its_own(ground: Ground, tmp_path: Path) -> None:
    del tmp_path
    duties.change_event(ground, city.FLOW, city.who(ground, "officer_jinshui"), kind="law", why="修订")
    ticket = duties.file_correction(ground, city.FLOW, city.who(ground, "officer_erqi"), what="流量为负")
    assert ticket.holder == "officer_jinshui"  # the one officer of the department
    assert len(duties.seen_by(ground, city.who(ground, "head_jinshui"))) == 2
    assert [one.number for one in duties.seen_by(ground, city.who(ground, "officer_erqi"))] == [ticket.number]
    for nobody in ("engineer_li", "operator_sun", "auditor_zhao"):
        with pytest.raises(Refused, match="RECORDS_DENIED"):
            duties.seen_by(ground, city.who(ground, nobody))
    assert len(duties.seen_by(ground, city.who(ground, "auditor_zhao"), everything=True)) == 2
    with pytest.raises(Refused, match="RECORDS_DENIED"):
        duties.seen_by(ground, city.who(ground, "officer_jinshui"), everything=True)
    duties.answer(ground, ticket.number, city.who(ground, "officer_jinshui"), result="无误")
    assert tasks(ground, kinds=[Kind.CORRECTION]) == []
