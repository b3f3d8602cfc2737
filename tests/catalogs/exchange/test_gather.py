"""Sources as they come: a CKAN over HTTP, slow, huge and wrong; DCAT in three notations; CSV; broken files."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from catalogs.exchange.gather import gather
from catalogs.exchange.records import Outcome, Settled, settle
from catalogs.exchange.web import Web
from infra.apart import Bounds
from infra.errors import HubError

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def source() -> Iterator[Callable[[Answer], str]]:
    """Start a real HTTP server that answers as told; gives its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def say(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def package(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "title": f"数据集{number}",
        "organization": {"title": "交通局"},
        "resources": [{"name": "甲", "format": "CSV", "url": "https://example.org/a.csv"}],
        "extras": [{"key": "更新频率", "value": "每月"}],
        **more,
    }


def ckan(
    packages: list[Any], announced: int | None = None, shown: Callable[[str], bytes | None] = lambda _: None
) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        asked = parse_qs(parts.query)
        if parts.path == "/api/3/action/package_show":
            body = shown(asked["id"][0])
            say(handler, body or b"", 200 if body else 500)
            return
        assert parts.path == "/api/3/action/package_search"
        start, rows = int(asked["start"][0]), int(asked["rows"][0])
        total = len(packages) if announced is None else announced
        page = {"success": True, "result": {"count": total, "results": packages[start : start + rows]}}
        say(handler, json.dumps(page).encode())

    return answer


def settled(source: str, kind: str | None = None, web: Web | None = None) -> Settled:
    found = gather(source, kind, web)
    return settle(found.things, found.read, merges=found.merges)


def refusal(source: str, kind: str | None = None, web: Web | None = None) -> str:
    with pytest.raises(HubError) as caught:
        gather(source, kind, web)
    return caught.value.code


def test_a_ckan_of_several_pages(source: Callable[[Answer], str]) -> None:
    found = settled(source(ckan([package(number) for number in range(450)])))
    assert len(found.records) == 450
    one = found.records["p7"]
    assert (one.title, one.provider, one.update_frequency, one.files[0].format) == (
        "数据集7",
        "交通局",
        "monthly",
        "csv",
    )


def test_a_package_is_fetched_where_the_page_is_short_and_a_failure_is_its_own(source: Callable[[Answer], str]) -> None:
    short = [{"id": "p1"}, {"id": "p2"}, package(3)]

    def shown(identity: str) -> bytes | None:
        return json.dumps({"success": True, "result": package(1)}).encode() if identity == "p1" else None

    found = settled(source(ckan(short, shown=shown)))
    assert [str(line.outcome) for line in found.lines] == ["harvested", "refused", "harvested"]
    assert found.lines[1].code == "HARVEST_ANSWER"
    assert "p2" in found.known


def test_a_source_that_gives_fewer_than_it_announces_is_refused_whole(source: Callable[[Answer], str]) -> None:
    assert refusal(source(ckan([package(1)], announced=9))) == "HARVEST_INCOMPLETE"
    assert refusal(source(ckan([], announced=10**9))) == "HARVEST_HUGE"


def test_wrong_answers(source: Callable[[Answer], str]) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"success": true')

    cases: list[tuple[Answer, str]] = [
        (lambda h: say(h, b"<html>busy</html>"), "HARVEST_NOT_JSON"),
        (lambda h: say(h, b"[" * 100_000), "HARVEST_NOT_JSON"),
        (lambda h: say(h, b'{"success": false, "error": {}}'), "HARVEST_SHAPE"),
        (lambda h: say(h, b'{"success": true, "result": {"count": "x", "results": []}}'), "HARVEST_SHAPE"),
        (lambda h: say(h, b"", 503), "HARVEST_ANSWER"),
        (lambda h: say(h, b"", 302, Location="http://127.0.0.1:1/elsewhere"), "HARVEST_ANSWER"),
        (cut, "HARVEST_UNREACHABLE"),
    ]
    for answer, code in cases:
        assert refusal(source(answer)) == code
    assert refusal("http://127.0.0.1:1/") == "HARVEST_UNREACHABLE"
    assert refusal("http://127.0.0.1:99999999/") == "HARVEST_ADDRESS"


def test_an_answer_without_end_is_cut_by_size_and_by_time(source: Callable[[Answer], str]) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" " * 4096)
        except OSError:
            return

    assert refusal(source(endless), web=Web(answer_bytes=100_000)) == "HARVEST_HUGE"
    ticks = iter(range(10_000))
    assert refusal(source(endless), web=Web(seconds=20, clock=lambda: float(next(ticks)))) == "HARVEST_SLOW"


def test_an_answer_that_never_begins_is_cut_by_time(source: Callable[[Answer], str]) -> None:
    over = threading.Event()
    address = source(lambda _: over.wait(30) and None)
    try:
        assert refusal(address, web=Web(seconds=0.2)) == "HARVEST_SLOW"
    finally:
        over.set()


TURTLE = """
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
<https://example.org/d/1> a dcat:Dataset ; dct:title "Bus stops"@en, "公交站"@zh ; dct:description "站点"@zh ;
  dct:publisher [ a foaf:Agent ; foaf:name "交通局"@zh ] ;
  dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/MONTHLY> ;
  dcat:distribution [ a dcat:Distribution ; dcat:downloadURL <https://example.org/a.csv> ; dct:format "CSV" ] .
<https://example.org/d/2> a dcat:Dataset ; dct:description "no title" .
[] a dcat:Dataset ; dct:title "nobody" .
"""


@pytest.mark.parametrize("suffix", ["ttl", "rdf", "jsonld"])
def test_dcat_in_three_notations(suffix: str, tmp_path: Path) -> None:
    from catalogs.exchange.rdf import Graph, serialize

    form = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld"}[suffix]
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(serialize(Graph().parse(data=TURTLE, format="turtle"), form))
    found = settled(str(path))
    assert sorted(str(line.outcome) for line in found.lines) == ["harvested", "refused", "refused"]
    one = found.records["https://example.org/d/1"]
    assert (one.title, one.provider, one.update_frequency) == ("公交站", "交通局", "monthly")
    assert [(file.format, file.url) for file in one.files] == [("csv", "https://example.org/a.csv")]


def test_a_document_that_leads_elsewhere_is_not_followed(tmp_path: Path, source: Callable[[Answer], str]) -> None:
    asked: list[str] = []
    address = source(lambda h: (asked.append(h.path), say(h, b"{}"))[1])
    path = tmp_path / "a.jsonld"
    for context in (f"{address}/c", [{}, f"{address}/c"], {"@import": f"{address}/c"}):
        path.write_text(json.dumps({"@context": context, "@graph": []}), encoding="utf-8")
        assert refusal(str(path)) == "HARVEST_CONTEXT"
    path.write_text(json.dumps({"@graph": [{"@context": f"{address}/c"}]}), encoding="utf-8")
    assert refusal(str(path)) == "HARVEST_CONTEXT"
    evil = tmp_path / "a.rdf"
    evil.write_text('<!DOCTYPE r [<!ENTITY a "aaaa">]><r>&a;</r>', encoding="utf-8")
    assert refusal(str(evil)) == "HARVEST_ENTITY"
    declared = f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r [<!ENTITY a SYSTEM "{address}/e">]><r>&a;</r>'
    evil.write_bytes(declared.encode("utf-16"))
    assert refusal(str(evil)) == "HARVEST_ENTITY"
    assert asked == []


def test_a_small_document_that_would_take_hours_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalogs.exchange.rdf.BOUNDS", Bounds(memory=2 * 1024**3, seconds=8))
    path = tmp_path / "a.rdf"
    path.write_bytes(b"<a>" * 600_000)
    assert refusal(str(path)) == "READ_TIME"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.ttl", b"<not turtle", "HARVEST_RDF"),
        ("a.rdf", b"<a><b></a>", "HARVEST_RDF"),
        ("a.jsonld", b"{", "HARVEST_RDF"),
        ("a.json", b"hello", "HARVEST_KIND"),
        ("a.json", b"[", "HARVEST_NOT_JSON"),
        ("a.csv", b"\xff\xff\xff", "HARVEST_ENCODING"),
        ("a.csv", b"", "HARVEST_SHAPE"),
        ("a.csv", b"a,a\n1,2\n", "HARVEST_SHAPE"),
        ("a.csv", b'"a\n', "HARVEST_SHAPE"),
    ],
)
def test_broken_files_are_refused_in_a_sentence(name: str, content: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(str(path)) == code


def test_csv_of_a_portal_in_gb18030(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    text = "目录名称,提供单位,更新周期,开放状态,格式,电话\r\n公交站,交通局,每日,无条件开放,CSV,1\r\n"
    text += ",交通局,,,,\r\n甲,乙\r\n"
    path.write_bytes(text.encode("gb18030"))
    found = settled(str(path))
    assert [line.outcome for line in found.lines] == [Outcome.HARVESTED, Outcome.REFUSED, Outcome.REFUSED]
    assert [line.position for line in found.lines] == [2, 3, 4]  # the rows that an editor shows
    (one,) = found.records.values()
    assert (one.update_frequency, one.openness, one.other) == ("daily", "unconditional", {"电话": "1"})


def test_saved_answers_of_ckan(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for value in (
        {"success": True, "result": {"count": 1, "results": [package(1)]}},
        {"result": package(1)},
        [package(1)],
    ):
        path.write_text(json.dumps(value), encoding="utf-8")
        assert settled(str(path), "ckan").records["p1"].title == "数据集1"
        assert gather(str(path), None).kind == "ckan"
