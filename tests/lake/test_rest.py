"""What the lake adds to the API: comparison, suggestions and tickets; who may and who may not."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import lake_city as city
import pytest
from rest_client import key, served

from catalogs.life.drafts import draft
from infra.ground import Ground
from lake.ingest import ingest

FILE = {"Content-Type": "application/octet-stream"}
PHONES = [f"1380000{n:04d}" for n in range(40)]
Heads = dict[str, dict[str, str]]


@pytest.fixture
def api(ground: Ground) -> Iterator[httpx.Client]:
    city.stock(ground)
    with served(ground, demo=False) as client:
        yield client


@pytest.fixture
def who(ground: Ground, api: httpx.Client) -> Heads:
    """The header of each; after the city is stocked, which `api` does."""
    return {one: key(ground, one) for one in ("officer_jinshui", "officer_erqi", "engineer_li", "auditor_zhao")}


def test_register_and_lake_are_compared_by_an_engineer_and_seen_by_those_who_may(api: httpx.Client, who: Heads) -> None:
    told = api.post("/comparison", json={}, headers=who["officer_jinshui"])
    assert (told.status_code, told.json()["code"]) == (403, "PERSON_ROLE")
    assert api.get("/comparison", headers=who["officer_jinshui"]).json()["at"] is None
    done = api.post("/comparison", json={}, headers=who["engineer_li"]).json()
    assert {one["state"] for one in done["differences"]} == {"undelivered"}
    seen = api.get("/comparison", params={"unit": "jinshui"}, headers=who["officer_jinshui"]).json()
    assert {one["unit"] for one in seen["differences"]} == {"jinshui"}
    assert api.get("/comparison", params={"state": "odd"}, headers=who["engineer_li"]).status_code == 400


def test_a_file_is_looked_at_and_its_own_officer_takes_what_it_speaks_for(
    api: httpx.Client, who: Heads, ground: Ground, tmp_path: Path
) -> None:
    rows = [city.line(n, detector=phone) for n, phone in enumerate(PHONES)]
    content = city.flow_file(tmp_path / "a.csv", rows).read_bytes()
    asked = {"dataset": city.FLOW, "name": "a.csv"}
    found = api.post("/suggestions", params=asked, content=content, headers=who["officer_jinshui"] | FILE)
    assert next(one for one in found.json()["items"] if one["item"] == "detector_id")["personal"] is not None
    assert [phone for phone in PHONES if phone in found.text] == []
    assert draft(ground.engine, city.FLOW) is None
    taking = {**asked, "accept": "detector_id"}
    told = api.post("/suggestions", params=taking, content=content, headers=who["officer_erqi"] | FILE)
    assert (told.status_code, told.json()["code"]) == (403, "CATALOG_ACT_DENIED")
    kept = api.post("/suggestions", params=taking, content=content, headers=who["officer_jinshui"] | FILE).json()
    assert (kept["accepted"], kept["revision"]) == (["detector_id"], 1)
    broken = api.post("/suggestions", params=asked, content=b"", headers=who["officer_jinshui"] | FILE)
    assert broken.status_code == 422
    odd = api.post(
        "/suggestions", params={**asked, "dataset": "odd"}, content=content, headers=who["engineer_li"] | FILE
    )
    assert (odd.status_code, odd.json()["code"]) == (400, "ADOPT_DATASET")


def test_a_quality_ticket_is_seen_and_closed_by_its_own_people(
    api: httpx.Client, who: Heads, ground: Ground, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"\x00\x01\x02 no table")
    ingest(ground, city.FLOW, path, actor="engineer_li")
    (ticket,) = api.get("/tickets", headers=who["officer_jinshui"]).json()["items"]
    number = ticket["id"].removeprefix("q-")
    assert ticket["subject"] == city.FLOW
    told = api.post(f"/tickets/{number}/close", json={}, headers=who["auditor_zhao"])
    assert told.status_code in (403, 404), told.text
    assert api.get("/tickets", headers=who["officer_jinshui"]).json()["total"] == 1
    assert api.post(f"/tickets/{number}/close", json={}, headers=who["officer_jinshui"]).json() == {
        "closed": f"q-{number}"
    }
    assert api.get("/tickets", headers=who["officer_jinshui"]).json()["total"] == 0
    assert api.get("/tickets", params={"closed": True}, headers=who["officer_jinshui"]).json()["total"] == 1
    assert api.post("/tickets/99/close", json={}, headers=who["engineer_li"]).status_code == 404
