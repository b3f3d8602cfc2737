"""What an officer and the authority do over HTTP beside drafts: who may and who may not, and what it does."""

from collections.abc import Iterator
from typing import Any

import httpx
import life_city as city
import pytest
from rest_client import key, served

from catalogs.life.disputes import disputes
from catalogs.life.withdrawn import withdrawal
from catalogs.regrade.raising import raised
from catalogs.regrade.regrading import regradings
from catalogs.rows import plain
from infra.ground import Ground

OFFICER, OUTSIDER, AUTHORITY = "officer_jinshui", "officer_erqi", "reviewer_authority"
FILE = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def ground(city_ground: Ground) -> Ground:
    """On SQLite with a folder, and on PostgreSQL with an S3."""
    return city_ground


@pytest.fixture
def api(ground: Ground) -> Iterator[httpx.Client]:
    city.stock(ground)
    with served(ground, demo=False) as client:
        yield client


@pytest.fixture
def who(ground: Ground, api: httpx.Client) -> dict[str, dict[str, str]]:
    """The header of each; after the city is stocked, which `api` does."""
    return {one: key(ground, one) for one in (OFFICER, OUTSIDER, AUTHORITY, "head_jinshui", "auditor_zhao")}


def denied(response: httpx.Response, code: str = "CATALOG_ACT_DENIED") -> dict[str, Any]:
    assert (response.status_code, response.json()["code"]) == (403, code), response.text
    found: dict[str, Any] = response.json()
    return found


def test_a_dispute_is_looked_for_by_the_supervisors_and_settled_by_the_authority_alone(
    api: httpx.Client, who: dict[str, dict[str, str]], ground: Ground
) -> None:
    denied(api.post("/disputes/look", json={}, headers=who[OFFICER]), "RECORDS_DENIED")
    assert api.post("/disputes/look", json={}, headers=who[AUTHORITY]).json() == {"new": []}  # registering found them
    listed = api.get("/disputes", headers=who[OUTSIDER]).json()["items"]
    assert listed, "the sample city has a dispute"
    at, parties = f"/disputes/{listed[0]['number']}/lead", sorted({side[2] for side in listed[0]["parties"]})
    said = {"department": parties[0], "why": "最早采集"}
    denied(api.post(at, json=said, headers=who[OFFICER]))
    assert disputes(ground)[0].lead is None
    wrong = api.post(at, json=said | {"department": "nobody"}, headers=who[AUTHORITY])
    assert (wrong.status_code, wrong.json()["code"]) == (422, "DISPUTE_LEAD")
    done = api.post(at, json=said, headers=who[AUTHORITY]).json()
    assert (done["lead"], done["settled_by"]) == (parties[0], AUTHORITY)
    leads = {side[0]: side[2] == parties[0] for side in listed[0]["parties"]}
    shown = {one: api.get(f"/resources/{one}", headers=who[OUTSIDER]).json() for one in leads}
    assert {one: entry.get("lead_source", False) for one, entry in shown.items()} == leads
    assert api.post("/disputes/999999/lead", json=said, headers=who[AUTHORITY]).status_code == 404
    assert api.get("/disputes", params={"settled": True}, headers=who[OFFICER]).json()["total"] >= 1


def test_a_lowering_takes_two_people_over_http_too(
    api: httpx.Client, who: dict[str, dict[str, str]], ground: Ground
) -> None:
    at = f"/resources/{city.FLOW}/regradings"
    lower = {"to": "general_1", "why": "已汇总"}
    denied(api.post(at, json=lower, headers=who[OUTSIDER]))
    assert api.post(at, json=lower | {"to": "odd"}, headers=who[OFFICER]).json()["code"] == "REST_PARAMETER"
    made = api.post(at, json=lower, headers=who[OFFICER])
    assert (made.status_code, made.json()["state"]) == (201, "proposed")
    decide = f"/regradings/{made.json()['number']}/decision"
    denied(api.post(decide, json={"decision": "approve", "basis": "同意"}, headers=who[OFFICER]))
    done = api.post(decide, json={"decision": "approve", "basis": "汇总数据"}, headers=who[AUTHORITY]).json()
    assert (done["state"], done["settled_by"]) == ("approved", AUTHORITY)
    listed = api.get("/regradings", params={"dataset": city.FLOW}, headers=who[OUTSIDER]).json()
    assert [one["number"] for one in listed["items"]] == [made.json()["number"]]
    assert regradings(ground.engine, city.FLOW)[0].basis == "汇总数据"
    again = api.post(f"/resources/{city.FLOW}/regradings", json=lower, headers=who[AUTHORITY]).json()["number"]
    same = api.post(f"/regradings/{again}/decision", json={"decision": "refuse", "basis": "x"}, headers=who[AUTHORITY])
    denied(same, "REGRADE_SAME_PERSON")


def test_a_trigger_is_shown_and_reviewed_by_the_authority_alone(
    api: httpx.Client, who: dict[str, dict[str, str]], ground: Ground
) -> None:
    listed = api.get("/resources", params={"limit": 200}, headers=who[OFFICER]).json()["items"]
    dataset, trigger = next(
        (one["id"], found.triggers[0].id) for one in listed if (found := raised(ground, one["id"])).triggers
    )
    shown = api.get(f"/resources/{dataset}/triggers", headers=who[OUTSIDER]).json()
    assert trigger in {one["id"] for one in shown["triggers"]}
    at = f"/resources/{dataset}/triggers/{trigger}/review"
    denied(api.post(at, json={"basis": "不属重要数据"}, headers=who[OFFICER]))
    done = api.post(at, json={"basis": "不属重要数据"}, headers=who[AUTHORITY]).json()
    assert [one["reviewed"] for one in done["triggers"] if one["id"] == trigger] == [True]
    odd = api.post(f"/resources/{dataset}/triggers/odd/review", json={"basis": "x"}, headers=who[AUTHORITY])
    assert odd.json()["code"] == "TRIGGER_UNKNOWN"


def test_a_draft_is_given_up_by_its_own_people_and_its_papers_are_theirs(
    api: httpx.Client, who: dict[str, dict[str, str]], ground: Ground
) -> None:
    at, body = f"/drafts/{city.NEW}", {"resource": plain(city.fresh(ground)), "why": "新建"}
    api.put(at, json=body, headers=who[OFFICER] | {"If-None-Match": "*"}).raise_for_status()
    asked = {"kind": "secrecy", "result": "不涉密", "name": "评估.pdf"}
    kept = api.post(f"{at}/papers", params=asked, content=b"%PDF-1.7 x", headers=who[OFFICER] | FILE).json()
    opened = api.get(f"/papers/{kept['number']}", headers=who[OFFICER])
    assert (opened.content, opened.headers["content-type"]) == (b"%PDF-1.7 x", "application/octet-stream")
    denied(api.get(f"/papers/{kept['number']}", headers=who[OUTSIDER]))
    read = {"If-Match": '"1"'}
    denied(api.post(f"{at}/discard", json={"why": "不要了"}, headers=who[OUTSIDER] | read))
    other = api.post(f"{at}/discard", json={"why": "不要了"}, headers=who[OFFICER] | {"If-Match": '"2"'})
    assert other.status_code == 412, "nobody gives up what a colleague wrote after they read"
    assert api.get(at, headers=who[OFFICER]).status_code == 200
    assert api.post(f"{at}/discard", json={"why": ""}, headers=who[OFFICER] | read).json()["code"] == "LIFE_WORDS"
    assert api.post(f"{at}/discard", json={"why": "不要了"}, headers=who[OFFICER] | read).json()["discarded"]
    assert api.get(at, headers=who[OFFICER]).status_code == 404


def test_a_code_of_a_component_and_a_dossier_are_read_by_anybody_with_a_key(
    api: httpx.Client, who: dict[str, dict[str, str]]
) -> None:
    found = api.get("/components/4101050103500012", headers=who[OUTSIDER]).json()
    assert (found["unit"], found["major"], found["minor"]) == ("jinshui", "01", "035")
    assert api.get("/components/12", headers=who[OUTSIDER]).json()["code"] == "COMPONENT_CODE"
    materials = api.get(f"/resources/{city.FLOW}/dossier", headers=who[OUTSIDER]).json()["materials"]
    assert len(materials) == 7
    assert api.get(f"/resources/{city.FLOW}/dossier").status_code == 401


def test_the_people_are_shown_to_auditors_and_work_is_handed_over_by_the_authority(
    api: httpx.Client, who: dict[str, dict[str, str]], ground: Ground
) -> None:
    denied(api.get("/people", headers=who[OFFICER]), "RECORDS_DENIED")
    assert OFFICER in {
        one["id"] for one in api.get("/people", params={"limit": 200}, headers=who["auditor_zhao"]).json()["items"]
    }
    at, said = f"/people/{OFFICER}/hand-over", {"successor": "deputy_jinshui", "reason": "调岗"}
    denied(api.post(at, json=said, headers=who["head_jinshui"]), "PERSON_ROLE")
    assert api.get("/tasks", headers=who[OFFICER]).status_code == 200, "nothing was handed over yet"
    done = api.post(at, json=said, headers=who[AUTHORITY]).json()
    assert (done["leaver"], done["keys"]) == (OFFICER, 1)
    assert api.get("/tasks", headers=who[OFFICER]).status_code == 401, "the leaver's key ended"


def test_a_resource_is_withdrawn_by_head_or_authority_and_leaves_every_list(
    api: httpx.Client, who: dict[str, dict[str, str]], ground: Ground
) -> None:
    at = f"/resources/{city.FLOW}/withdrawal"
    denied(api.post(at, json={"why": "停用"}, headers=who[OFFICER]))
    assert withdrawal(ground.engine, city.FLOW) is None
    assert api.post(at, json={"why": "停用", "odd": 1}, headers=who[AUTHORITY]).json()["code"] == "REST_JSON"
    done = api.post(at, json={"why": "职能划转"}, headers=who["head_jinshui"]).json()
    assert (done["resource"], done["state"]) == (city.FLOW, "withdrawn")
    listed = api.get("/resources", params={"limit": 200}, headers=who[OFFICER]).json()["items"]
    assert city.FLOW not in {one["id"] for one in listed}
    assert api.post(at, json={"why": "再来"}, headers=who[AUTHORITY]).status_code == 409


def test_flags_are_seen_by_all_and_judged_anew_by_the_authority_alone(
    api: httpx.Client, who: dict[str, dict[str, str]]
) -> None:
    seen = api.get("/personal", headers=who[OUTSIDER]).json()
    assert seen["total"] > 0
    assert {one["current"] for one in seen["items"]} <= {True, False}
    denied(api.post("/personal/rejudge", json={}, headers=who[OFFICER]), "PERSON_ROLE")
    done = api.post("/personal/rejudge", json={}, headers=who[AUTHORITY])
    assert done.status_code == 200, done.text
    assert {"changed", "held"} == set(done.json())
