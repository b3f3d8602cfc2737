"""An officer's whole way, once by command and once over HTTP: from the empty form to an entry that others find.

Form → a sheet with 30 faults → each told at its cell and no other → mended → drafts → assessments, the head's
approval → submitted → reviewed and published by the authority → found by search → told to the metadata catalogue.
"""

import io
import json
from pathlib import Path
from typing import Any

import duckdb
import life_city as city
import openpyxl
import planted_sheet
import pytest
from front_door import run_hub
from rest_client import key, served

from infra.ground import Ground
from lake.describe.outbox import drain
from lake.describe.register import enqueue

TITLE = "充电桩分布"
PINYIN = "cdz"
PAPERS = (("secrecy", "不涉密"), ("personal", "不含个人信息"))


@pytest.fixture
def ground(city_ground: Ground) -> Ground:
    """On SQLite with a folder, and on PostgreSQL with an S3."""
    return city_ground


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "评估.pdf"
    path.write_bytes(b"%PDF-1.7 assessed")
    return path


def places(faults: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(one["place"]["sheet"], f"{one['place']['column']}{one['place']['row']}", one["code"]) for one in faults}


def in_the_metadata_catalogue(ground: Ground, dataset: str) -> bool:
    enqueue(ground)
    assert drain(ground).left == 0
    with duckdb.connect(str(ground.home / "datahub" / "lite.duckdb"), read_only=True) as lite:
        query = "SELECT count(*) FROM metadata_aspect_v2 WHERE urn LIKE ? AND aspect_name = 'datasetProperties'"
        found = lite.execute(query, [f"%{dataset}%"]).fetchone()
    return bool(found and found[0])


def test_by_command(ground: Ground, tmp_path: Path, paper: Path) -> None:
    city.stock(ground)
    environ = {**ground.environ, "HUB_LANG": "zh"}
    officer, head, authority = ("--as", "officer_jinshui"), ("--as", "head_jinshui"), ("--as", "reviewer_authority")

    def catalog(*arguments: object, status: int = 0) -> Any:
        done = run_hub(environ, "catalog", *arguments, "--json")
        assert done.status == status, done.said
        return done.document

    form = tmp_path / "表.xlsx"
    catalog("template", form, "--department", "jinshui_transport")
    assert openpyxl.load_workbook(form).sheetnames[0] == "目录"
    sheet, marked = planted_sheet.write(tmp_path / "填报.xlsx"), tmp_path / "标注.xlsx"
    told = catalog("import-excel", sheet, "--marked", marked, *officer, status=1)
    assert len(planted_sheet.PLANTED) == 30
    assert places(told["files"][0]["faults"]) == planted_sheet.PLANTED
    assert told["saved"] == []
    book = openpyxl.load_workbook(marked)
    assert all(book[name][cell].comment for name, cell, _ in planted_sheet.PLANTED)
    saved = catalog("import-excel", planted_sheet.write(sheet, mended=True), *officer)["saved"]
    assert len(saved) == len(planted_sheet.TITLES)
    (dataset,) = (one for one in saved if catalog("draft", one)["body"]["title"] == TITLE)
    assert catalog("submit", dataset, *officer, status=1)["error"]["code"] == "DRAFT_PAPERS"
    for kind, result in PAPERS:
        catalog("assess", dataset, paper, "--kind", kind, "--result", result, *officer)
    catalog("approve", dataset, *head)
    assert catalog("submit", dataset, *officer)["state"] == "submitted"
    assert [hit["id"] for hit in catalog("search", TITLE)["hits"] if hit["id"] == dataset] == []
    assert catalog("review", dataset, *authority)["state"] == "reviewed"
    assert catalog("publish", dataset, *authority)["state"] == "published"
    assert catalog("search", TITLE)["hits"][0]["id"] == dataset
    assert dataset in {hit["id"] for hit in catalog("search", PINYIN, "--unit", "jinshui")["hits"]}
    acts = [one["act"] for one in catalog("history", dataset)["history"]]
    assert acts[-1] == "catalogs:resource:published"
    assert in_the_metadata_catalogue(ground, dataset)


def test_over_http(ground: Ground, tmp_path: Path, paper: Path) -> None:
    city.stock(ground)
    file = {"Content-Type": "application/octet-stream"}
    with served(ground, demo=False) as api:
        officer, head, authority = (
            key(ground, one) for one in ("officer_jinshui", "head_jinshui", "reviewer_authority")
        )

        def read(who: dict[str, str]) -> dict[str, str]:
            return who | {"If-Match": api.get(f"/drafts/{dataset}", headers=officer).headers["etag"]}

        def step(name: str, who: dict[str, str], status: int = 200) -> Any:
            done = api.post(f"/drafts/{dataset}/steps/{name}", json={"why": ""}, headers=read(who))
            assert done.status_code == status, done.text
            return done.json()

        form = api.get("/template", params={"whose": "jinshui_transport"}, headers=officer).content
        assert openpyxl.load_workbook(io.BytesIO(form)).sheetnames[0] == "目录"
        asked = {"name": "填报.xlsx", "save": True, "why": "2026 年填报"}
        sheet = planted_sheet.write(tmp_path / "填报.xlsx")
        told = api.post("/sheets", params=asked, content=sheet.read_bytes(), headers=officer | file).json()
        assert places(told["faults"]) == planted_sheet.PLANTED
        planted_sheet.write(sheet, mended=True)
        told = api.post("/sheets", params=asked, content=sheet.read_bytes(), headers=officer | file).json()
        assert told["faults"] == []
        (dataset,) = (
            one
            for one in told["saved"]
            if api.get(f"/drafts/{one}", headers=officer).json()["body"]["title"]["zh"] == TITLE
        )
        assert step("submit", officer, 422)["code"] == "DRAFT_PAPERS"
        for kind, result in PAPERS:
            asked = {"kind": kind, "result": result, "name": "评估.pdf"}
            done = api.post(
                f"/drafts/{dataset}/papers", params=asked, content=paper.read_bytes(), headers=officer | file
            )
            assert done.status_code == 201, done.text
        assert api.post(f"/drafts/{dataset}/approval", json={}, headers=read(officer)).status_code == 403
        assert api.post(f"/drafts/{dataset}/approval", json={}, headers=read(head)).status_code == 201
        assert step("submit", officer)["state"] == "submitted"
        assert [one["kind"] for one in api.get("/tasks", headers=authority).json()["items"]] == ["review"]
        assert step("review", officer, 403)["code"] == "CATALOG_ACT_DENIED"
        assert step("review", authority)["state"] == "reviewed"
        assert step("publish", authority)["state"] == "published"
        assert api.get("/search", params={"q": TITLE}, headers=officer).json()["hits"][0]["id"] == dataset
        past = api.get(f"/resources/{dataset}/history", headers=officer).json()["history"]
        assert past[-1]["act"] == "catalogs:resource:published"
        changes = api.get(f"/resources/{dataset}/diff", headers=officer).json()["changes"]
        assert json.dumps(changes, ensure_ascii=False)
    assert in_the_metadata_catalogue(ground, dataset)
