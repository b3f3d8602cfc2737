"""From the first draft to the last withdrawal, over both databases: who may, what is asked, what the ledger keeps."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import life_city as city
import pytest
import sqlalchemy as sa
from life_city import WORDS, assessed, published

from catalogs.folder.write import write_city
from catalogs.life import papers, steps
from catalogs.life.drafts import draft, save
from catalogs.life.machine import Paper, State
from catalogs.life.tasks import Kind, tasks
from catalogs.life.versions import history
from catalogs.life.withdraw import withdraw
from catalogs.lookup import city as whole_city
from catalogs.register import listing, register_city, resource, resources
from catalogs.tables import ITEM, RESOURCE, RESOURCE_VERSION
from catalogs.values.model import Openness, Text
from contracts.register import register_contracts
from infra.database import read
from infra.errors import Refused
from infra.ground import Ground, sample_city
from infra.ledger.tables import ENTRY
from lake.landing.landing import land


@pytest.fixture
def ground(city_ground: Ground) -> Ground:
    city.stock(city_ground)
    return city_ground


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "评估.pdf"
    path.write_bytes(b"%PDF-1.7 assessed")
    return path


def acts(ground: Ground, subject: str) -> list[str]:
    with read(ground.engine) as connection:
        bodies = connection.execute(sa.select(ENTRY.c.body).order_by(ENTRY.c.number)).scalars()
        return [body["act"] for body in map(json.loads, bodies) if body["subject"] == subject]


def test_requirement_3_submission_waits_for_both_assessments_and_the_heads_approval(
    ground: Ground, paper: Path
) -> None:
    officer, head = city.who(ground, "officer_jinshui"), city.who(ground, "head_jinshui")
    save(ground, city.fresh(ground), officer, revision=None, why=WORDS)

    def missing() -> set[str]:
        with pytest.raises(Refused, match="DRAFT_PAPERS") as refused:
            steps.submit(ground, city.NEW, officer)
        return {reason.zh for reason in refused.value.reasons}

    assert missing() == {"缺：保密风险评估", "缺：个人信息保护影响评估", "缺：部门负责人批准"}
    papers.assess(ground, city.NEW, Paper.SECRECY, paper, officer, result="不涉密")
    assert missing() == {"缺：个人信息保护影响评估", "缺：部门负责人批准"}
    papers.assess(ground, city.NEW, Paper.PERSONAL, paper, officer, result="不含个人信息")
    with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
        papers.approve(ground, city.NEW, officer)  # the officer is not the head
    assert missing() == {"缺：部门负责人批准"}
    papers.approve(ground, city.NEW, head)
    assert steps.submit(ground, city.NEW, officer).state is State.SUBMITTED
    kept = papers.papers(ground, city.NEW)
    assert [(one.kind, one.by) for one in kept] == [
        ("secrecy", officer.id), ("personal", officer.id), ("approval", head.id)
    ]  # fmt: skip
    assert kept[0].sha256 == kept[1].sha256 != None  # noqa: E711 - one paper for both
    assert [task.kind for task in tasks(ground)] == [Kind.REVIEW]


def test_requirement_3_what_changed_after_the_approval_needs_it_again(ground: Ground, paper: Path) -> None:
    officer = city.who(ground, "officer_jinshui")
    first = save(ground, city.fresh(ground), officer, revision=None, why=WORDS)
    assessed(ground, city.NEW, paper)
    papers.approve(ground, city.NEW, city.who(ground, "head_jinshui"))
    second = save(ground, city.fresh(ground, title="配时方案"), officer, revision=first.revision, why="改名")
    with pytest.raises(Refused, match="DRAFT_PAPERS") as refused:
        steps.submit(ground, city.NEW, officer)
    assert [reason.zh for reason in refused.value.reasons] == ["缺：部门负责人批准"]  # a title changes no risk
    fewer = replace(second.body, items=second.body.items[:-1])
    save(ground, fewer, officer, revision=second.revision, why="删去数据项")
    with pytest.raises(Refused, match="DRAFT_PAPERS") as refused:
        steps.submit(ground, city.NEW, officer)
    assert len(refused.value.reasons) == 3  # other items do


def test_an_approval_is_for_once(ground: Ground, paper: Path) -> None:
    """What was withdrawn does not come back on what the head approved before."""
    officer = city.who(ground, "officer_jinshui")
    published(ground, city.fresh(ground), paper)
    withdraw(ground, city.NEW, city.who(ground, "head_jinshui"), why="停用", checks=())
    again = draft(ground.engine, city.NEW)
    assert again is not None
    save(ground, again.body, officer, revision=again.revision, why="恢复")
    with pytest.raises(Refused, match="DRAFT_PAPERS") as refused:
        steps.submit(ground, city.NEW, officer)
    assert [reason.zh for reason in refused.value.reasons] == ["缺：部门负责人批准"]
    papers.approve(ground, city.NEW, city.who(ground, "head_jinshui"))
    assert steps.submit(ground, city.NEW, officer).state is State.SUBMITTED


def test_a_faulty_entry_is_not_submitted_and_every_fault_is_named(ground: Ground, paper: Path) -> None:
    officer = city.who(ground, "officer_jinshui")
    wrong = replace(city.fresh(ground), sharing_mode=())
    bare = replace(wrong.items[0], grade=wrong.items[0].grade)
    doubled = replace(wrong, items=(*wrong.items, bare))
    save(ground, doubled, officer, revision=None, why=WORDS)
    with pytest.raises(Refused, match="DRAFT_FAULTY") as refused:
        steps.submit(ground, city.NEW, officer)
    assert refused.value.reasons


def test_the_paper_is_sealed_in_the_store_and_opens_for_who_works_on_the_entry(
    ground: Ground, paper: Path, tmp_path: Path
) -> None:
    officer = city.who(ground, "officer_jinshui")
    save(ground, city.fresh(ground), officer, revision=None, why=WORDS)
    kept = papers.assess(ground, city.NEW, Paper.SECRECY, paper, officer, result="不涉密")
    stored = [found.key for found in ground.store.list("papers")]
    assert len(stored) == 1
    with ground.store.open(stored[0]) as stream:
        assert b"assessed" not in stream.read()
    papers.write_paper(ground, kept.number, officer, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == paper.read_bytes()
    with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
        papers.write_paper(ground, kept.number, city.who(ground, "officer_erqi"), tmp_path / "other")
    empty = tmp_path / "empty.pdf"
    empty.touch()
    for wrong in (empty, tmp_path, tmp_path / "none.pdf"):
        with pytest.raises(Refused, match="PAPER_FILE"):
            papers.assess(ground, city.NEW, Paper.PERSONAL, wrong, officer, result="不含")


def test_the_head_signs_on_paper_and_the_scan_counts_for_what_was_printed(ground: Ground, paper: Path) -> None:
    officer = city.who(ground, "officer_jinshui")
    first = save(ground, city.fresh(ground), officer, revision=None, why=WORDS)
    with pytest.raises(Refused, match="SHEET_NONE"):
        papers.approve_on_paper(ground, city.NEW, paper, officer)
    papers.printed(ground, city.NEW, officer)
    second = save(ground, city.fresh(ground, title="配时方案"), officer, revision=first.revision, why="改名")
    with pytest.raises(Refused, match="SHEET_STALE"):
        papers.approve_on_paper(ground, city.NEW, paper, officer)
    papers.printed(ground, city.NEW, officer)
    with pytest.raises(Refused, match="SHEET_WHICH"):
        papers.approve_on_paper(ground, city.NEW, paper, officer)
    with pytest.raises(Refused, match="SHEET_STALE"):
        papers.approve_on_paper(ground, city.NEW, paper, officer, check=papers.check_number(first.digest))
    kept = papers.approve_on_paper(ground, city.NEW, paper, officer, check=papers.check_number(second.digest))
    assert (kept.kind, kept.about) == ("approval", second.digest)
    assert "金水部门负责人" in kept.result
    assert acts(ground, city.NEW).count("catalogs:draft:printed") == 2
    told = [(one.act.rpartition(":")[2], one.by, one.paper, one.sha256) for one in history(ground, city.NEW)]
    assert told == [
        ("saved", officer.id, None, None), ("printed", officer.id, 1, None), ("saved", officer.id, None, None),
        ("printed", officer.id, 2, None), ("approved", officer.id, kept.number, kept.sha256),
    ]  # fmt: skip
    assessed(ground, city.NEW, paper)
    assert steps.submit(ground, city.NEW, officer).state is State.SUBMITTED


def test_a_published_draft_equals_one_that_came_by_a_folder(ground: Ground, paper: Path, tmp_path: Path) -> None:
    wanted = city.fresh(ground)
    published(ground, wanted, paper)
    assert resource(ground.engine, city.NEW) == wanted

    def rows() -> list[object]:
        with read(ground.engine) as connection:
            one = connection.execute(sa.select(RESOURCE).where(RESOURCE.c.id == city.NEW)).mappings().one()
            items = connection.execute(sa.select(ITEM).where(ITEM.c.resource == city.NEW).order_by(ITEM.c.position))
            return [{**one, "registered_at": None}, items.all()]

    by_draft = rows()
    write_city(whole_city(ground.engine), tmp_path / "city")
    again = register_city(ground, tmp_path / "city", "tester")
    assert (again.added, again.changed, again.absent) == ((), (), ())
    assert rows() == by_draft
    assert acts(ground, city.NEW) == [
        "catalogs:draft:saved", "catalogs:draft:assessed", "catalogs:draft:assessed", "catalogs:draft:approved",
        "catalogs:draft:submitted", "catalogs:draft:reviewed", "catalogs:trigger:reviewed",
        "catalogs:resource:registered",
        "catalogs:resource:published",
    ]  # fmt: skip
    assert tasks(ground) == []
    assert ground.ledger.verify().ok


def test_returned_with_reasons_it_is_mended_and_submitted_again(ground: Ground, paper: Path) -> None:
    officer, authority = city.who(ground, "officer_jinshui"), city.who(ground, "reviewer_authority")
    first = save(ground, city.fresh(ground), officer, revision=None, why=WORDS)
    assessed(ground, city.NEW, paper)
    papers.approve(ground, city.NEW, city.who(ground, "head_jinshui"))
    steps.submit(ground, city.NEW, officer)
    with pytest.raises(Refused, match="DRAFT_STATE") as still:  # what is being reviewed stands still
        save(ground, city.fresh(ground, title="别的"), officer, revision=first.revision, why="改名")
    assert still.value.remedy is not None
    named = [
        f"hub catalog {name}（" in still.value.remedy.zh for name in ("recall", "return", "review", "publish", "save")
    ]
    assert named == [True, True, True, False, False]
    with pytest.raises(Refused, match="LIFE_WORDS"):
        steps.give_back(ground, city.NEW, authority, why=" ")
    back = steps.give_back(ground, city.NEW, authority, why="名称不规范")
    assert (back.state, back.why) == (State.RETURNED, "名称不规范")
    assert [task.result for task in tasks(ground, closed=True)] == ["名称不规范"]
    mended = save(ground, city.fresh(ground, title="信号配时"), officer, revision=back.revision, why="改名")
    assert mended.state is State.RETURNED
    papers.approve(ground, city.NEW, city.who(ground, "head_jinshui"))
    steps.submit(ground, city.NEW, officer)
    recalled = steps.recall(ground, city.NEW, officer, why="再改")
    assert recalled.state is State.DRAFT


def test_two_people_publish_and_nobody_else_may(ground: Ground, paper: Path) -> None:
    officer = city.who(ground, "officer_jinshui")
    save(ground, city.fresh(ground), officer, revision=None, why=WORDS)
    assessed(ground, city.NEW, paper)
    papers.approve(ground, city.NEW, city.who(ground, "head_jinshui"))
    both = replace(city.who(ground, "local"), department="jinshui_transport")
    steps.submit(ground, city.NEW, both)
    for outsider in ("officer_jinshui", "head_jinshui", "auditor_zhao", "engineer_li"):
        with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
            steps.review(ground, city.NEW, city.who(ground, outsider))
    with pytest.raises(Refused, match="DRAFT_SAME_PERSON"):
        steps.review(ground, city.NEW, both)
    steps.review(ground, city.NEW, city.who(ground, "reviewer_authority"))
    with pytest.raises(Refused, match="DRAFT_SAME_PERSON"):
        steps.publish(ground, city.NEW, both)


def test_a_draft_that_the_register_overtook_is_not_published_over_it(
    ground: Ground, paper: Path, tmp_path: Path
) -> None:
    officer = city.who(ground, "officer_jinshui")
    now = resource(ground.engine, city.FLOW)
    save(ground, replace(now, scenario="信号优化"), officer, revision=None, why=WORDS)
    folder = write_city(replace(whole_city(ground.engine), resources=tuple(
        replace(one, scenario="别的") if one.id == city.FLOW else one for one in resources(ground.engine)
    )), tmp_path / "city")[0].parent  # fmt: skip
    register_city(ground, folder, "tester")
    ground.city = folder
    with pytest.raises(Refused, match="DRAFT_BASE"):
        steps.submit(ground, city.FLOW, officer)
    steps.discard(ground, city.FLOW, officer, why="以登记为准")
    assert draft(ground.engine, city.FLOW) is None
    anew = save(ground, replace(resource(ground.engine, city.FLOW), scenario="信号优化"), officer,
                revision=None, why=WORDS)  # fmt: skip
    assert anew.revision == 2  # a revision is never named twice
    assert anew.base == 2


def nothing(_ground: Ground, _resource: str) -> Sequence[Text]:
    return []


def grants(_ground: Ground, _resource: str) -> Sequence[Text]:
    return [Text("有 1 项有效许可", "1 live grant")]


def test_a_withdrawn_resource_is_in_no_list_takes_no_data_and_is_still_known(
    ground: Ground, paper: Path, tmp_path: Path
) -> None:
    register_contracts(ground, sample_city() / "contracts", "tester")
    authority = city.who(ground, "reviewer_authority")
    with pytest.raises(Refused, match="LIFE_WORDS"):
        withdraw(ground, city.FLOW, authority, why="", checks=[nothing])
    with pytest.raises(Refused, match="CATALOG_ACT_DENIED"):
        withdraw(ground, city.FLOW, city.who(ground, "officer_jinshui"), why="停用", checks=[nothing])
    with pytest.raises(Refused, match="WITHDRAW_LIVE") as refused:
        withdraw(ground, city.FLOW, authority, why="停用", checks=[nothing, grants])
    assert [reason.en for reason in refused.value.reasons] == ["1 live grant"]
    gone = withdraw(ground, city.FLOW, authority, why="停用", checks=[grants], despite="许可另行撤销")
    assert gone.state is State.WITHDRAWN
    assert city.FLOW not in {one.id for one in listing(ground.engine)} | {one.id for one in resources(ground.engine)}
    assert resource(ground.engine, city.FLOW).id == city.FLOW
    assert city.FLOW not in register_city(ground, sample_city(), "tester").absent
    with read(ground.engine) as connection:
        kept = connection.execute(sa.select(RESOURCE_VERSION).where(RESOURCE_VERSION.c.resource == city.FLOW)).all()
    assert len(kept) == 1
    file = tmp_path / "flow.csv"
    file.write_text("a,b\n1,2\n")
    landed = land(ground, city.FLOW, file, channel="cli", arrived_at=ground.now(), actor="tester")
    assert (landed.state, landed.code) == ("refused", "RESOURCE_WITHDRAWN")
    with pytest.raises(Refused, match="DRAFT_STATE"):
        withdraw(ground, city.FLOW, authority, why="再撤", checks=[nothing])
    published(ground, replace(gone.body, openness=Openness.CLOSED), paper, gone.revision)
    assert city.FLOW in {one.id for one in listing(ground.engine)}
    again = land(ground, city.FLOW, file, channel="cli", arrived_at=ground.now(), actor="tester")
    assert (again.id, again.state) == (landed.id, "landed")


def test_of_an_entry_that_nobody_knows_nothing_can_be_done(ground: Ground, paper: Path) -> None:
    officer = city.who(ground, "officer_jinshui")
    with pytest.raises(Refused, match="DRAFT_UNKNOWN"):
        steps.submit(ground, "a.b.c", officer)
    with pytest.raises(Refused, match="DRAFT_UNKNOWN"):
        papers.assess(ground, "a.b.c", Paper.SECRECY, paper, officer, result="无")
    with pytest.raises(Refused, match="CATALOG_UNKNOWN_RESOURCE"):
        withdraw(ground, "a.b.c", city.who(ground, "reviewer_authority"), why="停用", checks=[])


def test_what_may_be_important_is_not_published_before_the_authority_looked(ground: Ground, paper: Path) -> None:
    officer, authority = city.who(ground, "officer_jinshui"), city.who(ground, "reviewer_authority")
    wanted = city.fresh(ground)
    save(ground, wanted, officer, revision=None, why=WORDS)
    assessed(ground, wanted.id, paper)
    papers.approve(ground, wanted.id, city.who(ground, "head_jinshui"))
    steps.submit(ground, wanted.id, officer)
    steps.review(ground, wanted.id, authority)
    with pytest.raises(Refused, match="GRADE_TRIGGERED") as refused:
        steps.publish(ground, wanted.id, authority)
    assert [reason.zh.partition(":")[0] for reason in refused.value.reasons] == ["vehicle"]
    with pytest.raises(Refused, match="CATALOG_UNKNOWN_RESOURCE"):
        resource(ground.engine, wanted.id)
    city.looked_at(ground, wanted)
    assert steps.publish(ground, wanted.id, authority).state is State.PUBLISHED
    assert resource(ground.engine, wanted.id).title == wanted.title
