"""A harvested record becomes a draft of its department: filled from the source, which is noted, and nothing made up."""

import json
from pathlib import Path
from typing import Any

import life_city as city
import pytest
from click.testing import CliRunner

import hub as front_door
from catalogs.exchange.drafting import draft_from
from catalogs.exchange.harvest import Wish, harvest
from catalogs.exchange.listing import harvested
from catalogs.life.drafts import drafts
from catalogs.lookup import departments, units
from catalogs.rules.checking import check_resources
from infra.errors import HubError
from infra.ground import Ground

BUREAU = "金水区交通运输部门(示例)"


def record(name: str, **info: str) -> dict[str, Any]:
    said = {"来源部门": BUREAU, "开放状态": "有条件开放", "更新频率": "每月", "发布时间": "2024-03-01 10:00:00"}
    return {"name": f"{name}.xlsx", "topic": "交通运输", "info": {**said, "描述": "全区公交站点的位置。", **info}}


@pytest.fixture
def ids(ground: Ground, tmp_path: Path) -> dict[str, str]:
    """The records' ids by title, once they are harvested as `portal`."""
    city.stock(ground)
    path = tmp_path / "portal.json"
    listed = [
        record("公交站点信息"),
        record("学校名录", 来源部门="二七区教育部门(示例)"),
        record("甲乙", 来源部门="暂无") | {"topic": ""},
        record("无名部门的数据", 来源部门="某某局"),
    ]
    path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in listed), encoding="utf-8")
    harvest(ground, Wish(str(path), "portal", "portal"), "tester")
    return {one.title: one.id for one in harvested(ground.engine)}


def test_an_officer_drafts_from_a_record_and_types_nothing_twice(ground: Ground, ids: dict[str, str]) -> None:
    officer = city.who(ground, "officer_jinshui")
    made = draft_from(ground, "portal", ids["公交站点信息"], officer)
    body = made.body
    assert (made.provider, str(made.state), made.holder) == ("jinshui_transport", "draft", officer.id)
    assert made.resource.startswith("jinshui.traffic.")
    assert (body.title.zh, body.summary.zh, body.data_format.value) == ("公交站点信息", "全区公交站点的位置。", "xlsx")
    assert (str(body.update_frequency), str(body.openness)) == ("monthly", "conditional")
    assert str(body.published_on) == "2024-03-01"
    assert f"portal/{ids['公交站点信息']}" in (body.source or "")
    assert f"portal/{ids['公交站点信息']}" in made.why
    asked = {one.code for one in check_resources([body], departments(ground.engine), units(ground.engine))}
    assert asked, "what the source does not say is asked for"
    assert (body.items, body.conditions.scope) == ((), None)


@pytest.mark.parametrize(
    ("person", "title", "more", "code"),
    [
        ("officer_jinshui", "学校名录", {}, "HARVEST_PROVIDER"),
        ("officer_jinshui", "无名部门的数据", {}, "HARVEST_PROVIDER"),
        ("auditor_zhao", "甲乙", {"domain": "traffic"}, "CATALOG_ACT_DENIED"),
        ("officer_erqi", "甲乙", {"domain": "nowhere"}, "HARVEST_DOMAIN"),
        ("officer_jinshui", "公交站点信息", {"dataset": "no id"}, "HARVEST_DATASET"),
    ],
)
def test_what_may_not_or_cannot_be_drafted_is_refused_and_nothing_is_saved(
    ground: Ground, ids: dict[str, str], person: str, title: str, more: dict[str, str], code: str
) -> None:
    with pytest.raises(HubError, match=code):
        draft_from(ground, "portal", ids[title], city.who(ground, person), **more)
    assert drafts(ground.engine) == []


def test_the_same_record_makes_no_second_entry(ground: Ground, ids: dict[str, str]) -> None:
    officer = city.who(ground, "officer_jinshui")
    first = draft_from(ground, "portal", ids["公交站点信息"], officer)
    with pytest.raises(HubError, match="HARVEST_HERE"):
        draft_from(ground, "portal", ids["公交站点信息"], officer)
    with pytest.raises(HubError, match="HARVEST_UNKNOWN"):
        draft_from(ground, "portal", "none", officer)
    nobodys = draft_from(ground, "portal", ids["甲乙"], officer, domain="traffic", dataset="jinshui.traffic.jia_yi")
    assert [one.resource for one in drafts(ground.engine)] == sorted([first.resource, nobodys.resource])


def test_the_command_says_what_is_still_asked_for(ground: Ground, ids: dict[str, str]) -> None:
    asked = ["catalog", "draft-from", "portal", ids["公交站点信息"], "--as", "officer_jinshui", "--json"]
    ground.close()
    environ = {"HUB_HOME": str(ground.home), "HUB_DEMO": "1", "HUB_LANG": "zh"}
    done = CliRunner().invoke(front_door.hub, asked, env=environ)
    assert done.exit_code == 0, done.output
    value = json.loads(done.output)
    assert value["revision"] == 1
    assert value["faults"]
