"""The register over HTTP: who is let in, what is shown, how drafts are saved, and the one shape of every error."""

import io
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import life_city as city
import openpyxl
import planted_sheet
import pytest
from rest_client import key, served

from catalogs.life.drafts import draft
from catalogs.people.people import revoke_keys
from catalogs.rest import asker
from catalogs.rest.serving import serve_in_thread
from catalogs.rows import plain
from infra.errors import WrongUse
from infra.ground import Ground, open_ground

NEW_ONE = {"If-None-Match": "*"}
FILE = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def api(ground: Ground) -> Iterator[httpx.Client]:
    """The demo, where the local user needs no key."""
    city.stock(ground)
    with served(ground) as client:
        yield client


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["status"] == status
    return found


def saved(ground: Ground, title: str = "信号配时方案", dataset: str = city.NEW) -> dict[str, Any]:
    return {"resource": plain(city.fresh(ground, dataset, title)), "why": "新建"}


def test_what_is_registered_is_listed_in_pages_and_shown_whole(api: httpx.Client, ground: Ground) -> None:
    first = api.get("/resources", params={"unit": "jinshui", "limit": 2}).json()
    assert (len(first["items"]), first["next"]) == (2, 2)
    seen, offset = [], 0
    while offset is not None:
        shown = api.get("/resources", params={"unit": "jinshui", "limit": 2, "offset": offset}).json()
        seen += [one["id"] for one in shown["items"]]
        offset = shown["next"]
    assert len(seen) == len(set(seen)) == first["total"]
    assert {one.split(".")[0] for one in seen} == {"jinshui"}
    whole = api.get(f"/resources/{city.FLOW}").json()
    assert whole["title"]["zh"]
    assert [one["name"] for one in whole["items"]]
    assert api.get("/units").json()["total"] == 18
    assert api.get("/departments", params={"limit": 1}).json()["items"][0]["id"]


def test_outside_the_demo_a_key_is_needed_and_one_that_ended_is_none(ground: Ground) -> None:
    city.stock(ground)
    with served(ground, demo=False) as api:
        for head in (
            {},
            {"Authorization": "Bearer forged"},
            {"Authorization": "Basic eDp5"},
            {"Authorization": "x" * 5000},
        ):
            for path in ("/resources", "/drafts", f"/resources/{city.FLOW}"):
                found = problem(api.get(path, headers=head), 401, "PERSON_UNKNOWN")
                assert "hub people key" in found["remedy"]["en"]
        officer = key(ground, "officer_jinshui")
        assert api.get("/resources", headers=officer).status_code == 200
        revoke_keys(ground, "officer_jinshui", "tester")
        problem(api.get("/resources", headers=officer), 401, "KEY_EXPIRED")


def test_the_servers_own_key_lets_nobody_in(ground: Ground) -> None:
    city.stock(ground)
    held = key(ground, "reviewer_authority")["Authorization"].removeprefix("Bearer ")
    environ = {**ground.environ, "HUB_API_KEY": held, "HUB_REST_PORT": "0"}
    with open_ground(environ) as opened, serve_in_thread(opened) as port:
        found = httpx.get(f"http://127.0.0.1:{port}/v1/resources", trust_env=False)
        assert problem(found, 401, "PERSON_UNKNOWN")["code"] == "PERSON_UNKNOWN"
        let_in = httpx.get(
            f"http://127.0.0.1:{port}/v1/resources", headers={"Authorization": f"Bearer {held}"}, trust_env=False
        )
        assert let_in.status_code == 200, "the same key lets in whoever brings it"


def test_a_page_elsewhere_is_not_the_local_user(api: httpx.Client, ground: Ground) -> None:
    problem(api.get("/resources", headers={"Host": "evil.example"}), 401, "PERSON_UNKNOWN")
    text = {"Content-Type": "text/plain", **NEW_ONE}
    problem(api.put(f"/drafts/{city.NEW}", json=saved(ground), headers=text), 415, "REST_MEDIA")
    assert draft(ground.engine, city.NEW) is None


def test_the_demo_listens_on_this_machine_alone(ground: Ground) -> None:
    with (
        open_ground({**ground.environ, "HUB_REST_HOST": "0.0.0.0"}) as opened,  # noqa: S104 - it must refuse
        pytest.raises(WrongUse, match="REST_DEMO_HOST"),
        serve_in_thread(opened),
    ):
        pass


def test_of_two_who_edit_neither_loses_what_the_other_wrote(ground: Ground) -> None:
    city.stock(ground)
    at = f"/drafts/{city.NEW}"
    with served(ground, demo=False) as api:
        officer, deputy = key(ground, "officer_jinshui"), key(ground, "deputy_jinshui")
        first = api.put(at, json=saved(ground), headers={**officer, **NEW_ONE})
        assert (first.status_code, first.headers["etag"]) == (200, '"1"')
        problem(api.put(at, json=saved(ground, "改"), headers={**officer, **NEW_ONE}), 412, "DRAFT_REVISION")
        theirs = api.put(at, json=saved(ground, "配时"), headers={**deputy, "If-Match": first.headers["etag"]})
        assert theirs.headers["etag"] == '"2"'
        lost = api.put(at, json=saved(ground, "方案"), headers={**officer, "If-Match": first.headers["etag"]})
        found = problem(lost, 412, "DRAFT_REVISION")
        assert "deputy_jinshui" in found["message"]["zh"]
        problem(api.put(at, json=saved(ground), headers=officer), 428, "REST_NO_REVISION")
        problem(api.put(at, json=saved(ground), headers={**officer, "If-Match": 'W/"1"'}), 428, "REST_NO_REVISION")
        read = api.get(at, headers=officer)
        assert read.headers["etag"] == '"2"'
        assert read.json()["body"]["title"]["zh"] == "配时"
        assert "submit" in read.json()["steps"]


def test_only_who_works_on_a_draft_or_reviews_it_sees_it(ground: Ground) -> None:
    city.stock(ground)
    at = f"/drafts/{city.NEW}"
    with served(ground, demo=False) as api:
        officer, outsider = key(ground, "officer_jinshui"), key(ground, "officer_erqi")
        assert api.put(at, json=saved(ground), headers={**officer, **NEW_ONE}).status_code == 200
        problem(api.get(at, headers=outsider), 403, "CATALOG_ACT_DENIED")
        problem(api.put(at, json=saved(ground), headers={**outsider, "If-Match": '"1"'}), 403, "CATALOG_ACT_DENIED")
        assert api.get("/drafts", headers=outsider).json()["total"] == 0
        for reader in (officer, key(ground, "reviewer_authority")):
            assert api.get(at, headers=reader).status_code == 200
            assert [one["resource"] for one in api.get("/drafts", headers=reader).json()["items"]] == [city.NEW]


def test_an_entry_is_checked_by_the_rules_of_the_command(api: httpx.Client, ground: Ground) -> None:
    entry = plain(city.fresh(ground))
    good = api.post("/check", json=entry).json()
    assert good == {"count": 0, "faults": []}
    found = api.post("/check", json=entry | {"provider": "nobody"}).json()
    assert found["count"] == len(found["faults"]) > 0
    assert {"code", "message", "remedy", "place"} <= set(found["faults"][0])


@pytest.mark.parametrize(
    ("method", "path", "call", "status", "code"),
    [
        ("GET", "/nothing", {}, 404, "REST_PATH"),
        ("GET", "/resources/", {}, 404, "REST_PATH"),
        ("DELETE", "/resources", {}, 405, "REST_METHOD"),
        ("GET", "/resources?limit=0", {}, 400, "REST_PARAMETER"),
        ("GET", "/resources?offset=x", {}, 400, "REST_PARAMETER"),
        ("GET", "/resources?unit=%00", {}, 400, "REST_TEXT"),
        ("GET", "/resources/a%00b", {}, 400, "REST_TEXT"),
        ("GET", "/resources/none.of.this", {}, 404, "CATALOG_UNKNOWN_RESOURCE"),
        ("GET", "/resources/" + "x" * 300, {}, 400, "REST_PARAMETER"),
        ("GET", "/drafts/none.of.this", {}, 404, "DRAFT_UNKNOWN"),
        ("GET", "/drafts?state=odd", {}, 400, "REST_PARAMETER"),
        ("POST", "/check", {"content": b"{"}, 400, "REST_JSON"),
        ("POST", "/check", {"content": b"[" * 100_000}, 400, "REST_JSON"),
        ("POST", "/check", {"content": b'{"id": "\\ud800"}'}, 400, "REST_JSON"),
        ("POST", "/check", {"content": b'{"id": "\\u0000"}'}, 400, "REST_TEXT"),
        ("POST", "/check", {"content": b'{"id": 7}'}, 400, "REST_JSON"),
        ("POST", "/check", {"content": b"\xff\xfe"}, 400, "REST_JSON"),
        ("POST", "/check", {"content": b" " * (asker.MAX_BODY + 1)}, 413, "REST_BODY"),
    ],
)
def test_whatever_is_wrong_is_told_in_the_one_shape(
    api: httpx.Client, method: str, path: str, call: dict[str, Any], status: int, code: str
) -> None:
    head = {"Content-Type": "application/json"} if call else {}
    found = problem(api.request(method, path, headers=head, **call), status, code)
    assert found["message"]["zh"] != found["message"]["en"]


def test_a_body_that_does_not_come_is_not_waited_for(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalogs.rest.asker.BODY_SECONDS", 0.2)
    head = "POST /v1/check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    with socket.create_connection((api.base_url.host, api.base_url.port or 0), timeout=30) as raw:
        raw.sendall(head.encode())
        answered = raw.recv(65536)
    assert b" 408 " in answered.splitlines()[0]
    assert b"REST_SLOW" in answered or b"application/problem+json" in answered


def test_the_register_is_searched_by_words_pinyin_and_facets(api: httpx.Client) -> None:
    found = api.get("/search", params={"q": "停车", "limit": 5}).json()
    assert found["total"] >= len(found["hits"]) > 0
    assert dict(found["facets"]["unit"])
    narrowed = api.get("/search", params={"q": "停车", "filters": ["unit:erqi"]}).json()
    assert {hit["unit"] for hit in narrowed["hits"]} == {"erqi"}
    problem(api.get("/search", params={"q": "停车", "filters": ["colour:red"]}), 400, "CATALOG_QUERY_FACET")
    problem(api.get("/search", params={"q": "停车", "filters": ["unit"]}), 400, "REST_PARAMETER")


def test_a_workbook_comes_back_with_every_fault_at_its_cell(api: httpx.Client, tmp_path: Path) -> None:
    sent = planted_sheet.write(tmp_path / "目录.xlsx").read_bytes()
    told = api.post("/sheets", params={"name": "目录.xlsx", "save": True}, content=sent, headers=FILE).json()
    places = {(one["place"]["sheet"], _cell(one["place"]), one["code"]) for one in told["faults"]}
    assert places == planted_sheet.PLANTED
    assert told["saved"] == []
    copy = api.post("/sheets/marked", params={"name": "目录.xlsx"}, content=sent, headers=FILE)
    book = openpyxl.load_workbook(io.BytesIO(copy.content))
    assert all(book[sheet][cell].comment for sheet, cell, _ in planted_sheet.PLANTED)


def test_the_form_filled_with_what_is_registered_is_saved_as_drafts_of_its_own_people(ground: Ground) -> None:
    city.stock(ground)
    with served(ground, demo=False) as api:
        officer, outsider = key(ground, "officer_jinshui"), key(ground, "officer_erqi")
        form = api.get("/template", params={"whose": "jinshui_transport", "prefill": True}, headers=officer)
        assert form.headers["content-type"].startswith("application/vnd.openxml")
        asked = {"name": "表.xlsx", "save": True, "why": "核对"}
        said = api.get(f"/resources/{city.FLOW}", headers=officer).json()["summary"]["zh"]
        sent = _changed(form.content, said, f"{said}（已核对）")
        problem(api.post("/sheets", params=asked, content=sent, headers=outsider | FILE), 403, "CATALOG_ACT_DENIED")
        assert draft(ground.engine, city.FLOW) is None
        told = api.post("/sheets", params=asked, content=sent, headers=officer | FILE).json()
        assert told["faults"] == []
        assert told["saved"] == [city.FLOW], "what says nothing new is no draft"
        assert draft(ground.engine, city.FLOW) is not None


@pytest.mark.parametrize("name", ["../x.xlsx", "x.exe", ".xlsx", "a/b.xlsx"])
def test_a_file_name_is_no_path(api: httpx.Client, name: str) -> None:
    told = problem(api.post("/sheets", params={"name": name}, content=b"PK", headers=FILE), 400, "REST_FILE_NAME")
    assert ".xlsx" in told["message"]["zh"]
    good = api.post("/sheets", params={"name": "x.xlsx"}, content=b"PK", headers=FILE)
    assert good.status_code == 200, "a name that is none of these is read"


def test_a_workbook_that_is_none_is_a_fault_and_has_no_marked_copy(api: httpx.Client) -> None:
    told = api.post("/sheets", params={"name": "x.xlsx"}, content=b"not a workbook", headers=FILE).json()
    assert len(told["faults"]) == 1
    assert api.post("/sheets/marked", params={"name": "x.xlsx"}, content=b"no", headers=FILE).status_code in (
        400,
        409,
        422,
    )


def test_the_catalogue_goes_out_as_dcat_and_excel(api: httpx.Client) -> None:
    assert b"dcat:Catalog" in api.get("/dcat").content
    assert api.get("/dcat", params={"form": "jsonld"}).json()
    assert openpyxl.load_workbook(io.BytesIO(api.get("/export.xlsx").content)).sheetnames
    problem(api.get("/template", params={"whose": "nobody"}), 400, "SHEET_NOBODY")


def _changed(workbook: bytes, old: str, new: str) -> bytes:
    """The workbook with another text in the cells that hold the old one."""
    book, out = openpyxl.load_workbook(io.BytesIO(workbook)), io.BytesIO()
    for cell in (cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value == old):
        cell.value = new
    book.save(out)
    return out.getvalue()


def _cell(place: dict[str, Any]) -> str:
    return f"{place['column']}{place['row']}"


def test_a_file_that_a_page_elsewhere_could_send_is_not_taken(api: httpx.Client) -> None:
    for head in ({}, {"Content-Type": "text/plain"}):
        sent = api.post("/sheets", params={"name": "x.xlsx"}, content=b"PK", headers=head)
        assert problem(sent, 415, "REST_MEDIA")["message"]["en"].endswith("application/octet-stream")
    assert api.post("/sheets", params={"name": "x.xlsx"}, content=b"PK", headers=FILE).status_code == 200
