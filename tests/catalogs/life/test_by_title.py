"""What an officer types and reads at the commands of an entry's life: titles, reasons, what was returned, revisions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import life_city as city
import pytest
from front_door import run_hub

from catalogs.life.drafts import draft, save
from catalogs.life.machine import State
from catalogs.life.versions import difference
from catalogs.register import resource
from catalogs.values.model import Text
from infra.errors import Refused
from infra.ground import Ground

TITLE = "信号配时方案"
OFFICER, AUTHORITY = ("--as", "officer_jinshui"), ("--as", "reviewer_authority")


@pytest.fixture
def ground(ground: Ground) -> Ground:
    city.stock(ground)
    return ground


def test_titles_reasons_and_revisions_are_read_as_officers_write_them(ground: Ground, tmp_path: Path) -> None:
    environ = {**ground.environ, "HUB_LANG": "zh"}

    def catalog(*arguments: object, status: int = 0) -> Any:
        done = run_hub(environ, "catalog", *arguments, "--json")
        assert done.status == status, done.said
        return done.document

    officer = city.who(ground, "officer_jinshui")
    entry = city.fresh(ground)
    save(ground, entry, officer, revision=None, why="填报")
    wrong = catalog("draft", "信号配时", status=1)["error"]
    assert (wrong["code"], "是不是“信号配时方案”" in wrong["remedy"]) == ("CATALOG_UNKNOWN_RESOURCE", True)
    assert catalog("draft", "信号 配时方案")["draft"]["resource"] == entry.id
    paper = tmp_path / "评估.pdf"
    paper.write_bytes(b"%PDF-1.7 assessed")
    for kind in ("保密", "个人信息"):
        catalog("assess", TITLE, paper, "--kind", kind, "--result", "不涉及", *OFFICER)
    catalog("approve", TITLE, "--as", "head_jinshui")
    said = run_hub(environ, "catalog", "submit", TITLE, *OFFICER).said
    assert "“信号配时方案”" in said
    assert "主管部门审核：期限" in said
    assert catalog("return", TITLE, *AUTHORITY, status=2)["error"]["code"] == "USAGE"
    catalog("return", TITLE, "--why", "摘要太短", *AUTHORITY)
    assert catalog("tasks", *OFFICER)["returned"] == [entry.id]
    assert "退回修改：“信号配时方案”" in run_hub(environ, "catalog", "tasks", *OFFICER).said
    save(ground, replace(entry, summary=Text("写长了的摘要。", "longer")), officer, revision=1, why="按退回意见改")
    (changed, *_) = catalog("diff", TITLE, "--from", "r1", *OFFICER)["changes"]
    assert changed["zh"].endswith("改为“写长了的摘要。”")
    out = tmp_path / "审批表.html"
    catalog("sheet", TITLE, out, *OFFICER)
    page = out.read_text(encoding="utf-8")
    assert officer.name in page
    assert "officer_jinshui" not in page


def test_several_entries_of_one_title_are_told_apart_by_id(ground: Ground) -> None:
    officer = city.who(ground, "officer_jinshui")
    save(ground, city.fresh(ground), officer, revision=None, why="填报")
    save(ground, city.fresh(ground, "jinshui.traffic.twin"), officer, revision=None, why="填报")
    done = run_hub({**ground.environ, "HUB_LANG": "zh"}, "catalog", "history", TITLE, "--json")
    assert done.status == 2
    assert done.document["error"]["code"] == "DATASET_WHICH"
    assert "jinshui.traffic.twin" in done.document["error"]["remedy"]


def test_several_entries_take_one_command_and_one_that_is_refused_keeps_no_other_waiting(
    ground: Ground, tmp_path: Path
) -> None:
    officer, (first, other) = city.who(ground, "officer_jinshui"), (city.NEW, "jinshui.traffic.parking_plan")
    save(ground, city.fresh(ground), officer, revision=None, why="填报")
    save(ground, city.fresh(ground, other, "停车规划"), officer, revision=None, why="填报")
    paper = tmp_path / "评估.pdf"
    paper.write_bytes(b"%PDF-1.7 assessed")
    environ = {**ground.environ, "HUB_LANG": "zh"}
    for kind in ("保密", "个人信息"):
        call = ("assess", TITLE, "停车规划", paper, "--kind", kind, "--result", "不涉及")
        assert len(run_hub(environ, "catalog", *call, *OFFICER, "--json").document["done"]) == 2
    run_hub(environ, "catalog", "approve", first, "--as", "head_jinshui")
    said = run_hub(environ, "catalog", "submit", first, other, *OFFICER)
    assert (said.status, "已办理 1 项，未办理 1 项" in said.said) == (1, True)
    assert [one.state for one in (draft(ground.engine, first), draft(ground.engine, other)) if one] == [
        State.SUBMITTED,
        State.DRAFT,
    ]
    run_hub(environ, "catalog", "approve", other, "--as", "head_jinshui")
    told = run_hub(environ, "catalog", "submit", first, other, *OFFICER, "--json").document
    assert [one["resource"] for one in told["done"]] == [other]
    assert [one["dataset"] for one in told["refused"]] == [first]


def test_revisions_are_of_drafts_and_hidden_with_them(ground: Ground) -> None:
    officer, entry = city.who(ground, "officer_jinshui"), resource(ground.engine, city.FLOW)
    save(ground, replace(entry, summary=Text("未公布。", "hidden")), officer, revision=None, why="填报")
    assert difference(ground, entry.id, "1", "r1")[2]
    for hidden in ("r1", "draft"):
        with pytest.raises(Refused, match="VERSION_UNKNOWN"):
            difference(ground, entry.id, "1", hidden, drafts=False)
    with pytest.raises(Refused, match="VERSION_UNKNOWN"):
        difference(ground, entry.id, "1", "r2")
