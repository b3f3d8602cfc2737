"""What a withdrawal would cut off is named first, and what was withdrawn stays so, whatever comes after it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import lake_city
import life_city as city
import pytest
import sharing_case
from front_door import run_hub

from catalogs.life.drafts import draft
from catalogs.life.machine import State
from catalogs.life.withdraw import withdraw
from catalogs.people.asking import may_deliver
from catalogs.register import listing
from catalogs.values.model import Openness
from infra.errors import Refused
from infra.ground import Ground
from lake import prepare
from lake.ingest import Session, ingest, process
from lake.landing.landing import land
from lake.replay.replay import replay
from sharing.case import casebook
from sharing.case.cases import Channel, Request
from sharing.ending.withdrawing import CHECKS, cases, data, grants
from sharing.extract import extract


@pytest.fixture
def ground(city_ground: Ground) -> Ground:
    return lake_city.stock(city_ground)


def flow(folder: Path, first: int = 0) -> Path:
    return lake_city.flow_file(folder / f"{first}.csv", [lake_city.line(first + n) for n in range(5)])


def gone(ground: Ground, dataset: str = city.FLOW, despite: str | None = "另行清理") -> None:
    withdraw(ground, dataset, city.who(ground, "reviewer_authority"), why="停用", checks=CHECKS, despite=despite)


def test_published_rows_and_what_waits_are_named_each_with_its_number(ground: Ground, tmp_path: Path) -> None:
    assert [*data(ground, city.FLOW), *grants(ground, city.FLOW)] == []
    ingest(ground, city.FLOW, flow(tmp_path), actor="test")
    assert [one.zh for one in data(ground, city.FLOW)] == ["湖中有 1 批已发布的数据，共 5 行"]
    land(ground, city.FLOW, flow(tmp_path, 10), channel="cli", arrived_at=ground.now(), actor="test")
    assert [one.zh for one in data(ground, city.FLOW)] == ["湖中有 1 批已发布的数据，共 5 行", "有 1 批数据正在处理"]
    with pytest.raises(Refused, match="WITHDRAW_LIVE") as refused:
        gone(ground, despite=None)
    assert [one.zh for one in refused.value.reasons] == [one.zh for one in data(ground, city.FLOW)]
    assert city.FLOW in {one.id for one in listing(ground.engine)}


def test_live_grants_are_named_with_their_cases_and_nothing_is_applied_for_or_issued_afterwards(
    ground: Ground, tmp_path: Path
) -> None:
    sharing_case.publish(ground, tmp_path, 1500)
    first = sharing_case.signed(ground)
    extract.issue(ground, first.id, "clerk")
    assert [one.en for one in grants(ground, sharing_case.VISITS)] == [f"1 live grants: {first.id}"]
    request = Request(items=sharing_case.ITEMS, purpose="就医需求预测", scene="模型训练", days=90)
    second = casebook.apply(ground, first.applicant, Channel.CONDITIONAL, sharing_case.VISITS, request, "clerk")
    assert [one.en for one in cases(ground, sharing_case.VISITS)] == [f"1 open cases: {second.id}"]
    with pytest.raises(Refused, match="WITHDRAW_LIVE") as refused:
        gone(ground, sharing_case.VISITS, despite=None)
    assert second.id in refused.value.reasons[-1].zh
    gone(ground, sharing_case.VISITS)
    with pytest.raises(Refused, match="RESOURCE_WITHDRAWN"):
        casebook.apply(ground, first.applicant, Channel.CONDITIONAL, sharing_case.VISITS, request, "clerk")
    assert {one["id"] for one in casebook.listing(ground.engine)} == {first.id, second.id}


def test_what_landed_before_a_withdrawal_is_refused_kept_and_taken_up_once_it_is_published_anew(
    ground: Ground, tmp_path: Path
) -> None:
    file = flow(tmp_path)
    landed = land(ground, city.FLOW, file, channel="cli", arrived_at=ground.now(), actor="test")
    gone(ground)
    held = process(ground, landed.id)
    assert (held.state, held.code, held.published) == ("refused", "RESOURCE_WITHDRAWN", None)
    assert held.message is not None
    assert "原样保留" in held.message.zh
    assert process(ground, landed.id).code == "RESOURCE_WITHDRAWN"
    withdrawn = draft(ground.engine, city.FLOW)
    assert withdrawn is not None
    assert (withdrawn.state, city.FLOW in {one.id for one in listing(ground.engine)}) == (State.WITHDRAWN, False)
    paper = tmp_path / "评估.pdf"
    paper.write_bytes(b"%PDF-1.7")
    city.published(ground, replace(withdrawn.body, openness=Openness.CLOSED), paper, withdrawn.revision)
    again = ingest(ground, city.FLOW, file, actor="test")
    assert (again.delivery, again.state, again.published) == (landed.id, "finished", 5)


def test_a_withdrawal_while_a_delivery_is_read_keeps_it_out(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = prepare.prepare

    def withdrawn_meanwhile(*arguments: Any) -> Any:
        made = real(*arguments)
        gone(ground)
        return made

    monkeypatch.setattr(prepare, "prepare", withdrawn_meanwhile)
    held = ingest(ground, city.FLOW, flow(tmp_path), actor="test")
    assert (held.state, held.code, lake_city.curated(ground)) == ("refused", "RESOURCE_WITHDRAWN", [])


def test_quarantine_is_not_replayed_into_what_was_withdrawn(ground: Ground, tmp_path: Path) -> None:
    bad = [lake_city.line(1), lake_city.line(2, flow="many")]
    ingest(ground, city.FLOW, lake_city.flow_file(tmp_path / "bad.csv", bad), actor="test")
    gone(ground)
    with Session(ground) as session, pytest.raises(Refused, match="RESOURCE_WITHDRAWN"):
        replay(session, city.who(ground, "engineer_li"), city.FLOW)
    with pytest.raises(Refused, match="RESOURCE_WITHDRAWN"):
        may_deliver(ground, city.who(ground, "engineer_li"), city.FLOW)


def test_the_command_tells_what_is_in_the_way_and_withdraws_only_with_a_reason(ground: Ground, tmp_path: Path) -> None:
    ingest(ground, city.FLOW, flow(tmp_path), actor="test")
    asked = ("catalog", "withdraw", city.FLOW, "--why", "停用")
    told = run_hub(ground.environ, *asked)
    assert (told.status, told.err.partition(":")[0]) == (1, "WITHDRAW_LIVE")
    assert "5 rows" in told.err
    done = run_hub(ground.environ, *asked, "--despite", "数据另行清理", "--json")
    assert (done.status, done.document["state"]) == (0, "withdrawn")
    assert "数据另行清理" in done.document["why"]
