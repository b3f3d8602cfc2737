"""What one who has a key, and no right, tries over HTTP: to see, to approve and to change what is not theirs."""

import asyncio
import socket
from collections.abc import Iterator
from itertools import product
from typing import Any

import httpx
import life_city as city
import pytest
from fastapi import Request
from rest_client import key, served

from catalogs.life.drafts import draft, save
from catalogs.life.papers import papers
from catalogs.rest import asker, files
from catalogs.rows import digest, plain
from infra.errors import Refused
from infra.ground import Ground

SECRET = "尚未公开的名称"
FILE = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def api(ground: Ground) -> Iterator[httpx.Client]:
    """The register with one unpublished entry of Jinshui, and a change of one that is published."""
    city.stock(ground)
    officer = city.who(ground, "officer_jinshui")
    save(ground, city.fresh(ground, title=SECRET), officer, revision=None, why="新建")
    save(ground, city.fresh(ground, city.FLOW, SECRET), officer, revision=None, why="改名")
    with served(ground, demo=False) as client:
        yield client


def said(response: httpx.Response) -> tuple[int, str | None]:
    return response.status_code, response.json().get("code")


def test_a_draft_shows_in_nothing_that_others_may_read(api: httpx.Client, ground: Ground) -> None:
    """Not in lists, search, facets, history, a difference or what goes out: to others it is not there."""
    outsider, officer = key(ground, "officer_erqi"), key(ground, "officer_jinshui")
    paths = ["/resources", "/search?q=" + SECRET, "/drafts", "/tasks", "/dcat", f"/resources/{city.FLOW}"]
    paths += [f"/resources/{name}/{what}" for name, what in product((city.NEW, city.FLOW), ("history", "diff"))]
    paths += [f"/drafts/{city.NEW}", f"/drafts/{city.NEW}/papers", f"/drafts/{city.NEW}/sheet"]
    paths += [f"/resources/{city.FLOW}/diff?new=draft", f"/resources/{city.FLOW}/diff?old=draft&new=1"]
    for path in paths:
        shown = api.get(path, headers=outsider).text
        assert SECRET not in shown.replace(f'"query":"{SECRET}"', "").replace(f'"query": "{SECRET}"', ""), path
        assert "改名" not in shown, path
    assert said(api.get(f"/resources/{city.NEW}/history", headers=outsider)) == (404, "CATALOG_UNKNOWN_RESOURCE")
    assert said(api.get(f"/resources/{city.NEW}/diff", headers=outsider)) == (404, "CATALOG_UNKNOWN_RESOURCE")
    assert SECRET in api.get(f"/resources/{city.FLOW}/diff", headers=officer).text
    assert "改名" in api.get(f"/resources/{city.FLOW}/history", headers=officer).text


def test_what_is_approved_or_passed_is_what_was_read(api: httpx.Client, ground: Ground) -> None:
    officer, head = key(ground, "officer_jinshui"), key(ground, "head_jinshui")
    at = f"/drafts/{city.NEW}"
    read = api.get(at, headers=head).headers["etag"]
    changed = {"resource": plain(city.fresh(ground, title="改过的名称")), "why": "改"}
    assert api.put(at, json=changed, headers=officer | {"If-Match": read}).status_code == 200
    for path in ("approval", "steps/submit"):
        assert said(api.post(f"{at}/{path}", json={}, headers=head)) == (428, "REST_NO_REVISION"), path
        any_ = head | {"If-None-Match": "*"}
        assert said(api.post(f"{at}/{path}", json={}, headers=any_)) == (428, "REST_NO_REVISION"), path
        stale = head | {"If-Match": read}
        assert said(api.post(f"{at}/{path}", json={}, headers=stale)) == (412, "DRAFT_REVISION"), path
    assert papers(ground, city.NEW) == []
    now = api.get(at, headers=head).headers["etag"]
    assert api.post(f"{at}/approval", json={}, headers=head | {"If-Match": now}).status_code == 201
    assert papers(ground, city.NEW)[0].about == digest(changed["resource"])


def requests_upon(dataset: str, entry: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    steps = ("submit", "recall", "return", "review", "publish")
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", f"/drafts/{dataset}", {"json": {"resource": entry, "why": "x"}}),
        ("POST", f"/drafts/{dataset}/papers?kind=secrecy&result=x&name=x.pdf", {"content": b"x"}),
        ("POST", f"/drafts/{dataset}/approval", {"json": {}}),
        ("POST", f"/drafts/{dataset}/approval/scan?name=x.pdf&signed_by=x", {"content": b"x"}),
        ("GET", f"/drafts/{dataset}", {}),
        ("GET", f"/drafts/{dataset}/papers", {}),
        ("GET", f"/drafts/{dataset}/sheet", {}),
        ("POST", f"/resources/{dataset}/events", {"json": {"kind": "duty", "why": "x"}}),
        ("GET", "/tasks?all=true", {}),
        ("GET", "/report", {}),
    ]
    return asked + [("POST", f"/drafts/{dataset}/steps/{step}", {"json": {"why": "x"}}) for step in steps]


def test_no_route_lets_another_district_act(api: httpx.Client, ground: Ground) -> None:
    """Every route that acts or shows, by everybody who is not of the department: refused, and nothing moved."""
    before = draft(ground.engine, city.NEW), draft(ground.engine, city.FLOW)
    outsiders = ("officer_erqi", "head_zhongmu", "reviewer_zhongyuan", "deputy_hangkonggang", "engineer_li")
    asked = 0
    for outsider in outsiders:
        head = key(ground, outsider) | {"If-Match": '"1"'}
        for dataset in (city.NEW, city.FLOW):
            for method, path, call in requests_upon(dataset, plain(city.fresh(ground, dataset, "夺取"))):
                media = FILE if "content" in call else {}
                answer = api.request(method, path, headers=head | media, **call)
                assert answer.status_code == 403, (outsider, method, path, answer.text)
                asked += 1
    assert asked == len(outsiders) * 2 * 15
    assert (draft(ground.engine, city.NEW), draft(ground.engine, city.FLOW)) == before
    assert papers(ground, city.NEW) == []


def test_an_officer_sets_no_field_that_is_not_of_the_entry(api: httpx.Client, ground: Ground) -> None:
    officer = key(ground, "officer_jinshui") | {"If-Match": '"1"'}
    entry = plain(city.fresh(ground, title="改"))
    for extra in ({"state": "published"}, {"revision": 9}, {"by": "reviewer_authority"}, {"digest": "0" * 64}):
        told = api.put(f"/drafts/{city.NEW}", json={"resource": entry, "why": "x", **extra}, headers=officer)
        assert said(told) == (400, "REST_JSON"), extra
    inner = entry | {"state": "published", "version": 7, "unit": "erqi"}
    told = api.put(f"/drafts/{city.NEW}", json={"resource": inner, "why": "x"}, headers=officer)
    kept = draft(ground.engine, city.NEW)
    assert kept is not None
    assert (told.status_code, str(kept.state), kept.unit) == (200, "draft", "jinshui")
    assert plain(kept.body) == entry


@pytest.mark.parametrize("head", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_no_header_makes_a_reading_request_write(api: httpx.Client, ground: Ground, head: str) -> None:
    officer = key(ground, "officer_jinshui") | {head: "PUT", "If-Match": '"1"'}
    before = draft(ground.engine, city.NEW)
    answer = api.get(f"/drafts/{city.NEW}?_method=PUT", headers=officer)
    assert (answer.status_code, answer.headers["x-content-type-options"]) == (200, "nosniff")
    assert draft(ground.engine, city.NEW) == before


@pytest.mark.parametrize("path", ["/sheets?name=x.xlsx&save=true&why=%00", "/sheets?name=x.xlsx&%00=1", "/sheets%00"])
def test_what_no_database_keeps_as_text_stands_in_no_address(api: httpx.Client, ground: Ground, path: str) -> None:
    answer = api.post(path, content=b"PK", headers=key(ground, "officer_jinshui") | FILE)
    assert said(answer) in ((400, "REST_TEXT"), (404, "REST_PATH"))
    assert api.post("/sheets?name=x.xlsx", content=b"PK", headers=key(ground, "officer_jinshui") | FILE).is_success


def test_who_sends_many_workbooks_at_once_is_told_to_wait(api: httpx.Client, ground: Ground) -> None:
    officer, asked = key(ground, "officer_jinshui") | FILE, {"name": "x.xlsx"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "WAIT_SECONDS", 0.1)
        for _ in range(files.AT_ONCE):
            files.READING.acquire()
        try:
            busy = api.post("/sheets", params=asked, content=b"PK", headers=officer)
        finally:
            for _ in range(files.AT_ONCE):
                files.READING.release()
    assert said(busy) == (503, "REST_BUSY")
    assert int(busy.headers["retry-after"]) > 0
    assert api.post("/sheets", params=asked, content=b"PK", headers=officer).status_code == 200


def told(api: httpx.Client, head: dict[str, str], request: str) -> bytes:
    """What the server answers at once to a request as it stands."""
    lines = [request, "Host: 127.0.0.1", "Content-Type: application/json", *(f"{name}: {head[name]}" for name in head)]
    with socket.create_connection((api.base_url.host, api.base_url.port or 0), timeout=15) as raw:
        raw.sendall("\r\n".join([*lines, "", ""]).encode())
        return raw.recv(65536)


def test_a_body_that_is_announced_too_large_is_not_waited_for(api: httpx.Client, ground: Ground) -> None:
    officer = key(ground, "officer_jinshui")
    answer = told(api, officer | {"Content-Length": str(asker.MAX_BODY + 1)}, "POST /v1/check HTTP/1.1")
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_nobody_speaks_websocket(api: httpx.Client, ground: Ground) -> None:
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"}
    answer = told(api, key(ground, "officer_jinshui") | upgrade, "GET /v1/units HTTP/1.1")
    assert answer.startswith(b"HTTP/1.1 200 "), "it is a request like any other"


async def _left() -> dict[str, str]:
    return {"type": "http.disconnect"}


def test_who_leaves_in_the_middle_of_a_body_is_no_fault_of_the_house() -> None:
    request = Request({"type": "http", "method": "POST", "headers": []}, _left)
    with pytest.raises(Refused, match="REST_GONE"):
        asyncio.run(asker.received(request, 10))
