"""The catalogue and the records beside it go out and come back over HTTP: who may and who may not."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import life_city as city
import pytest
from rest_client import key, served

from catalogs.life.drafts import drafts
from infra.ground import Ground
from sharing.case import applicants, casebook, uscc
from sharing.case.cases import Channel, Request
from sharing.case.declared import Registration

FILE = {"Content-Type": "application/octet-stream"}
NATIONAL = {"map": "national"}
Heads = dict[str, dict[str, str]]


@pytest.fixture
def api(ground: Ground) -> Iterator[httpx.Client]:
    city.stock(ground)
    with served(ground, demo=False) as client:
        yield client


@pytest.fixture
def who(ground: Ground, api: httpx.Client) -> Heads:
    """The header of each; after the city is stocked, which `api` does."""
    people = ("officer_jinshui", "officer_erqi", "engineer_li", "operator_sun", "reviewer_authority")
    return {one: key(ground, one) for one in people}


def wrong(response: httpx.Response, status: int, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (status, code), response.text


def test_the_catalogue_of_a_unit_goes_out_by_a_map_and_comes_back_as_its_own_drafts(
    api: httpx.Client, who: Heads, ground: Ground
) -> None:
    assert {"national", "vendor"} <= set(api.get("/maps", headers=who["officer_erqi"]).json()["maps"])
    assert api.get("/maps").status_code == 401
    out = api.get("/catalogue", params={**NATIONAL, "form": "json", "unit": "jinshui"}, headers=who["officer_erqi"])
    own = [one for one in out.json() if one["信息资源提供方"] == "金水区交通运输部门(示例)"]
    own[0]["信息资源摘要"] = "上级平台改过的摘要。"
    data = json.dumps(own, ensure_ascii=False).encode()
    back = {**NATIONAL, "name": "上报.json"}
    only = api.post("/catalogue", params=back, content=data, headers=who["officer_jinshui"] | FILE).json()
    assert (only["records"], only["faults"], only["saved"]) == (len(own), [], [])
    wrong(
        api.post("/catalogue", params={**back, "save": True}, content=data, headers=who["officer_erqi"] | FILE),
        403, "CATALOG_ACT_DENIED",
    )  # fmt: skip
    assert drafts(ground.engine) == []
    kept = api.post("/catalogue", params={**back, "save": True}, content=data, headers=who["officer_jinshui"] | FILE)
    assert [one.body.summary.zh for one in drafts(ground.engine)] == ["上级平台改过的摘要。"]
    assert len(kept.json()["saved"]) == 1, "what says nothing new is no draft"
    own[0]["共享类型"] = "9"
    bad = api.post("/catalogue", params=back, content=json.dumps(own).encode(), headers=who["officer_jinshui"] | FILE)
    assert [one["code"] for one in bad.json()["faults"]] == ["MAP_CODE"]
    wrong(api.get("/catalogue", params={"map": "none"}, headers=who["officer_erqi"]), 404, "MAP_UNKNOWN")
    wrong(
        api.post("/catalogue", params={**back, "assume": "odd=1"}, content=data, headers=who["officer_jinshui"] | FILE),
        400, "MAP_ASSUME",
    )  # fmt: skip


def test_an_engineer_harvests_a_file_and_an_officer_drafts_from_it(api: httpx.Client, who: Heads) -> None:
    rows = "名称,提供单位,格式\n公交站点信息,金水区交通运输部门(示例),csv\n学校名录,二七区教育部门(示例),csv\n".encode()
    asked = {"source": "old", "name": "目录.csv", "kind": "csv"}
    wrong(api.post("/harvests", params=asked, content=rows, headers=who["officer_jinshui"] | FILE), 403, "PERSON_ROLE")
    dry = api.post("/harvests", params={**asked, "dry_run": True}, content=rows, headers=who["engineer_li"] | FILE)
    assert (dry.json()["harvested"], dry.json()["dry"]) == (2, True)
    assert api.get("/harvested", headers=who["officer_jinshui"]).json()["total"] == 0
    api.post("/harvests", params=asked, content=rows, headers=who["engineer_li"] | FILE).raise_for_status()
    listed: dict[str, Any] = {
        one["title"]: one["id"] for one in api.get("/harvested", headers=who["officer_erqi"]).json()["items"]
    }
    assert api.get("/harvested/lines", params={"source": "old"}, headers=who["officer_erqi"]).json()["total"] == 2
    one = {"source": "old", "id": listed["公交站点信息"]}
    assert api.get("/harvested/record", params=one, headers=who["officer_erqi"]).json()["title"] == "公交站点信息"
    wrong(api.post("/harvested/draft", json=one, headers=who["officer_erqi"]), 422, "HARVEST_PROVIDER")
    made = api.post("/harvested/draft", json=one, headers=who["officer_jinshui"])
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert "old/" in made.json()["body"]["source"]
    wrong(
        api.post("/harvested/draft", json={**one, "id": "none"}, headers=who["officer_jinshui"]), 404, "HARVEST_UNKNOWN"
    )


def test_no_address_is_fetched_for_a_caller(api: httpx.Client, who: Heads) -> None:
    asked = {"source": "old", "name": "http:x", "kind": "ckan"}
    told = api.post("/harvests", params=asked, content=b"{}", headers=who["engineer_li"] | FILE)
    assert told.json()["code"] in ("HARVEST_SHAPE", "HARVEST_EMPTY"), "the body is read, whatever its name is"
    wrong(
        api.post("/harvests", params={**asked, "name": "http://x/"}, content=b"{}", headers=who["engineer_li"] | FILE),
        400, "REST_PARAMETER",
    )  # fmt: skip


def test_records_are_exchanged_by_operator_and_authority_alone(api: httpx.Client, who: Heads, ground: Ground) -> None:
    applicants.register(ground, Registration(uscc.sample(1), "样例公司", "乙"), "clerk", ground.now())
    asked = Request(("no_matter",), "信号配时", "交通组织", 90)
    case = casebook.apply(ground, uscc.sample(1), Channel.CONDITIONAL, city.FLOW, asked, "clerk").id
    use = {"scene": "交通组织", "destruction": "已销毁"}
    wrong(api.post(f"/cases/{case}/uses", json=use, headers=who["officer_jinshui"]), 403, "RECORDS_DENIED")
    wrong(api.post("/cases/none/uses", json=use, headers=who["operator_sun"]), 404, "SHARE_CASE_UNKNOWN")
    made = api.post(f"/cases/{case}/uses", json=use, headers=who["operator_sun"])
    assert (made.status_code, made.json()) == (201, {"use": "u-1", "case": case})
    for kind in ("requests", "uses"):
        wrong(api.get(f"/records/{kind}", params=NATIONAL, headers=who["officer_jinshui"]), 403, "RECORDS_DENIED")
        out = api.get(f"/records/{kind}", params=NATIONAL, headers=who["operator_sun"])
        assert out.headers["content-type"].startswith("text/csv")
        back = {**NATIONAL, "name": "回.csv"}
        wrong(
            api.post(f"/records/{kind}", params=back, content=out.content, headers=who["engineer_li"] | FILE),
            403, "RECORDS_DENIED",
        )  # fmt: skip
        done = api.post(f"/records/{kind}", params=back, content=out.content, headers=who["operator_sun"] | FILE).json()
        assert (done["same"], done["new"], done["faults"]) == (1, {}, [])
    wrong(api.get("/records/odd", params=NATIONAL, headers=who["operator_sun"]), 400, "REST_PARAMETER")
