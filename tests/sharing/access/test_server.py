"""The Delta Sharing server over a hand-made grant: who is let in, what is shown, and what is refused."""

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from share_client import ask, links_of, query
from shared_table import TABLE, a_shared_table

from infra import crypto
from infra.database import read, write
from infra.ground import Ground
from infra.ledger import Act
from sharing import tables
from sharing.access.serving import Serving, serve_in_thread


@pytest.fixture
def granted(ground: Ground) -> Iterator[tuple[Ground, Serving, str]]:
    token = a_shared_table(ground, files=20, rows=2_000)
    with serve_in_thread(ground) as serving:
        yield ground, serving, token


def test_lists_name_the_grant_and_nothing_else(granted: tuple[Ground, Serving, str]) -> None:
    _, serving, token = granted
    status, _, content = ask(serving, "/delta-sharing/shares", token)
    assert (status, json.loads(content)) == (200, {"items": [{"name": "case-1"}]})
    status, _, content = ask(serving, "/delta-sharing/shares/CASE-1/all-tables", token)
    assert json.loads(content)["items"] == [{"name": "visits", "schema": "zhongyuan", "share": "case-1"}]
    status, headers, _ = ask(serving, f"{TABLE}/version", token)
    assert (status, headers["delta-table-version"]) == (200, "1")


@pytest.mark.parametrize("token", [None, "", "forged", "x" * 10_000])
def test_without_a_valid_token_nothing_is_told(granted: tuple[Ground, Serving, str], token: str | None) -> None:
    _, serving, _ = granted
    for path in ("/delta-sharing/shares", f"{TABLE}/metadata", "/delta-sharing/shares/none"):
        status, _, content = ask(serving, path, token)
        assert status == 401
        assert json.loads(content)["errorCode"] == "SHARE_TOKEN"


@pytest.mark.parametrize("name", ["*", "..", "%2e%2e", "visits'", "visits%00", "f*.t1", "other", "visits%2F..%2F"])
def test_a_name_that_is_not_the_grants_opens_nothing(granted: tuple[Ground, Serving, str], name: str) -> None:
    _, serving, token = granted
    for path in (f"/delta-sharing/shares/{name}/schemas", TABLE.replace("visits", name) + "/metadata"):
        status, _, content = ask(serving, path, token)
        assert status == 404
        assert b"zhongyuan" not in content


def test_an_expired_token_and_an_ended_grant_are_refused(granted: tuple[Ground, Serving, str]) -> None:
    ground, serving, token = granted
    past = ground.now() - timedelta(seconds=1)
    with write(ground.engine) as connection:
        connection.execute(tables.token.update().values(expires_at=past))
    status, _, content = ask(serving, "/delta-sharing/shares", token)
    assert (status, json.loads(content)["errorCode"]) == (403, "SHARE_EXPIRED")


def test_pages_together_are_the_table_and_a_forged_page_is_refused(granted: tuple[Ground, Serving, str]) -> None:
    _, serving, token = granted
    status, whole = query(serving, token)
    assert status == 200
    seen: list[dict[str, Any]] = []
    page: str | None = None
    for _ in range(10):
        _, lines = query(serving, token, {"maxFiles": 3, **({"pageToken": page} if page else {})})
        seen += [line for line in lines if "file" in line]
        page = lines[-1]["endStreamAction"].get("nextPageToken")
        if page is None:
            break
    assert [line["file"]["id"] for line in seen] != []
    assert len(seen) == len(links_of(whole)) == 20
    _, lines = query(serving, token, {"maxFiles": 3})
    true = lines[-1]["endStreamAction"]["nextPageToken"]
    forged = true[:-1] + ("1" if true[-1] == "0" else "0")
    for wrong in (forged, "x", "WzMsIDld.00", "é", "\ud800.x", "x.\ud800"):
        status, answer = query(serving, token, {"maxFiles": 3, "pageToken": wrong})
        assert (status, answer[0]["errorCode"]) == (400, "SHARE_PAGE")


def test_a_limit_hint_sends_fewer_files(granted: tuple[Ground, Serving, str]) -> None:
    _, serving, token = granted
    _, lines = query(serving, token, {"limitHint": 150, "predicateHints": ["x = 1", "(("], "jsonPredicateHints": "{"})
    assert len(links_of(lines)) == 2


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"', b"[" * 5000, json.dumps({"limitHint": "x"}).encode()])
def test_a_body_that_is_no_query_is_refused(granted: tuple[Ground, Serving, str], body: bytes) -> None:
    _, serving, token = granted
    status, _, content = ask(serving, f"{TABLE}/query", token, method="POST", body=body)
    assert status == 400
    assert json.loads(content)["errorCode"] in {"SHARE_BODY_JSON", "SHARE_QUERY_FIELD"}


def test_a_body_without_end_is_cut(granted: tuple[Ground, Serving, str]) -> None:
    _, serving, token = granted
    status, _, _ = ask(serving, f"{TABLE}/query", token, method="POST", body=b" " * 1_000_000)
    assert status == 413


def test_ranges_of_a_link_are_the_file_and_its_reading_is_one_entry(granted: tuple[Ground, Serving, str]) -> None:
    ground, serving, token = granted
    _, lines = query(serving, token)
    link = links_of(lines)[0]
    status, headers, whole = ask(serving, link, None)
    assert status == 200
    assert len(whole) == int(headers["content-length"]) == lines[2]["file"]["size"]
    pieces = [ask(serving, link, None, Range=f"bytes={i}-{i + 99}") for i in range(0, len(whole), 100)]
    assert {status for status, _, _ in pieces} == {206}
    assert b"".join(piece for _, _, piece in pieces) == whole
    status, _, _ = ask(serving, link, None, Range=f"bytes={len(whole)}-")
    assert status == 416
    readings = [entry for entry in ground.ledger.entries(count=500) if Act.FILE_READ.value in entry.body.decode()]
    assert len(readings) == 1


def test_a_link_is_opaque_and_altered_it_opens_nothing(granted: tuple[Ground, Serving, str]) -> None:
    ground, serving, token = granted
    _, lines = query(serving, token)
    first, second = links_of(lines)[:2]
    assert token not in first
    for wrong in (
        first[:-1] + ("A" if first[-1] != "A" else "B"),
        first.split("?")[0],
        first.split("?")[0] + "?" + second.split("?")[1],
        first.replace("/files/", "/files/../files/x"),
    ):
        status, _, content = ask(serving, wrong, None)
        assert status in {403, 404}
        assert b"PAR1" not in content
    with write(ground.engine) as connection:
        connection.execute(tables.link.update().values(expires_at=ground.now() - timedelta(seconds=1)))
    assert ask(serving, first, None)[0] == 403
    with read(ground.engine) as connection:
        kept = {row.id for row in connection.execute(tables.link.select())}
    assert crypto.sha256_hex(first.partition("Signature=")[2].encode()) in kept
    assert not any(first.partition("Signature=")[2] in name for name in kept)


def test_half_a_request_holds_no_place(granted: tuple[Ground, Serving, str], monkeypatch: pytest.MonkeyPatch) -> None:
    ground, _, token = granted
    monkeypatch.setattr("sharing.access.serving.HEADER_SECONDS", 0.5)
    ground.environ["HUB_SHARE_MAX_CONNECTIONS"] = "20"
    with serve_in_thread(ground) as serving:
        silent = [socket.create_connection(("127.0.0.1", serving.port), timeout=20) for _ in range(40)]
        for one in silent[::2]:
            one.sendall(b"GET /delta-sharing/shares HTTP/1.1\r\nHost: x\r\n")
        for one in silent:
            assert one.recv(100) == b"", "the server ends what never became a request"
            one.close()
        assert ask(serving, "/delta-sharing/shares", token)[0] == 200


def test_links_lead_where_the_operator_says(granted: tuple[Ground, Serving, str]) -> None:
    ground, _, token = granted
    ground.environ["HUB_SHARE_ENDPOINT"] = "https://share.city.example/delta-sharing/"
    with serve_in_thread(ground) as serving:
        _, _, content = ask(serving, f"{TABLE}/query", token, method="POST", body={}, Host="evil.example")
    urls = [json.loads(line)["file"]["url"] for line in content.splitlines()[2:]]
    assert urls
    assert all(url.startswith("https://share.city.example/delta-sharing/files/") for url in urls)
