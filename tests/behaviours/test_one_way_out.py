"""One way out: where the ledger cannot take the entry, no byte leaves, through whichever door.

Each door is asked twice: with a ledger that refuses to append, when nothing may come out, in a file or on a stream; and
with one that takes the entry, when what was asked for does come out. A door that shows nothing would prove nothing.
"""

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sharing_case
from front_door import run_hub
from lake_city import FLOW, flow_file, line, stock

from infra.errors import Unavailable
from infra.ground import Ground, open_ground
from infra.ledger import Act, Ledger, NewEntry
from lake.ingest import Session, ingest
from sharing.access.serving import Serving, serve_in_thread

WORD = "QZVDOOR"
SQL = "SELECT road_name FROM jinshui.traffic_road_flow"
PARQUET = "PAR1"


@dataclass(frozen=True)
class City:
    """A city with published and quarantined rows, an issued case whose share is served, and one that waits."""

    environ: dict[str, str]
    ground: Ground
    serving: Serving
    entry: int
    issued: str
    waiting: str
    token: str


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("doors")
    environ = {"HUB_HOME": str(folder / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        stock(ground)
        rows = [line(at).replace("中州大道", WORD) for at in range(9)]
        rows.append(line(9, flow="x").replace("中州大道", WORD))
        with Session(ground) as session:
            assert ingest(ground, FLOW, flow_file(folder / "d.csv", rows), actor="test", session=session).quarantined
        [entry] = ground.ledger.append([NewEntry(Act.DELIVERY_LANDED, "test", "d-1", {"word": WORD})])
        sharing_case.publish(ground, folder)
        issued, waiting = sharing_case.signed(ground).id, sharing_case.signed(ground).id
        profile = folder / "firm.share"
        assert run_hub(environ, "share", "issue", issued, "--profile", profile).status == 0
        token = json.loads(profile.read_text(encoding="utf-8"))["bearerToken"]
        with serve_in_thread(ground) as serving:
            yield City(environ, ground, serving, entry.number, issued, waiting, token)


@dataclass(frozen=True)
class Left:
    """What came out of a door: whether it opened, and every byte of it."""

    opened: bool
    said: str
    refusal: str


Door = Callable[[City, Path], Left]
Opened = Callable[[], Left]


def command(*arguments: object) -> Callable[[City, Path], Opened]:
    """A command; OUT is a file to write, ENTRY and the cases stand for their ids."""

    def prepared(city: City, folder: Path) -> Opened:
        names = {"OUT": folder / "out", "ZIP": folder / "out.zip", "ENTRY": city.entry}
        names |= {"ISSUED": city.issued, "WAITING": city.waiting}
        asked = [names.get(str(each), each) for each in arguments]

        def leave() -> Left:
            ran = run_hub(city.environ, *asked)
            written = "".join(path.read_bytes().decode("latin-1") for path in sorted(folder.iterdir()))
            if ran.status and "--json" in asked:  # the refusal is the one document
                return Left(False, written, json.dumps(ran.document["error"]))
            return Left(ran.status == 0, ran.out + written, ran.err)

        return leave

    return prepared


def request(path: str, body: Any = None) -> Callable[[City, Path], Opened]:
    """A request of the Delta Sharing server."""

    def prepared(city: City, _folder: Path) -> Opened:
        return lambda: _ask(city, f"/delta-sharing/shares{path.format(share=city.issued)}", body)

    return prepared


def download(city: City, _folder: Path) -> Opened:
    """One file, by a link that was given while the ledger took entries."""
    answer = _ask(city, f"/delta-sharing/shares/{city.issued}{TABLE}/query", {})
    lines = [json.loads(line) for line in answer.said.splitlines()[1:]]
    url = next(urlsplit(line["file"]["url"]) for line in lines if "file" in line)
    return lambda: _ask(city, f"{url.path}?{url.query}", None)


def _ask(city: City, path: str, body: Any) -> Left:
    connection = http.client.HTTPConnection("127.0.0.1", city.serving.port, timeout=20)
    try:
        payload = None if body is None else json.dumps(body)
        method = "GET" if body is None else "POST"
        connection.request(method, path, payload, {"Authorization": f"Bearer {city.token}"})
        answer = connection.getresponse()
        said, told = answer.read().decode("latin-1"), str(answer.getheaders())
    finally:
        connection.close()
    if answer.status == 200:
        return Left(True, f"{told}\n{said}", "")
    return Left(False, "", f"{told}\n{said}")


TABLE = "/schemas/zhongyuan/tables/health_visits"
DOORS = {
    "query": (command("query", SQL), WORD),
    "query as a document": (command("query", SQL, "--json"), WORD),
    "query to a file": (command("query", SQL, "--format", "csv", "--out", "OUT"), WORD),
    "quarantine": (command("quarantine", "show", FLOW), WORD),
    "ledger contents": (command("ledger", "show", "--content", "--count", "1000"), WORD),
    "ledger content in a receipt": (command("ledger", "prove", "ENTRY", "--content"), WORD),
    "ledger content in a file": (command("ledger", "prove", "ENTRY", "--content", "--out", "OUT"), WORD),
    "ledger bundle": (command("ledger", "export", "ZIP"), WORD),
    "ledger bundle without contents": (command("ledger", "export", "ZIP", "--no-contents"), "MANIFEST"),
    "issue": (command("share", "issue", "WAITING", "--profile", "OUT"), "bearerToken"),
    "profile": (command("share", "profile", "ISSUED", "OUT"), "bearerToken"),
    "shares": (request(""), "case-"),
    "one share": (request("/{share}"), "case-"),
    "schemas": (request("/{share}/schemas"), "zhongyuan"),
    "tables": (request("/{share}/schemas/zhongyuan/tables"), "health_visits"),
    "all tables": (request("/{share}/all-tables"), "health_visits"),
    "table version": (request(f"/{{share}}{TABLE}/version"), "delta-table-version"),
    "table metadata": (request(f"/{{share}}{TABLE}/metadata"), "diagnosis_group"),
    "table query": (request(f"/{{share}}{TABLE}/query", {}), "X-Amz-Signature"),
    "file": (download, PARQUET),
}


@pytest.mark.parametrize("name", DOORS)
def test_no_byte_leaves_before_the_ledger_has_the_entry(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    door, wanted = DOORS[name]
    leave = door(city, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", _refuse)
        left = leave()
    assert not left.opened
    assert left.said == "", "something came out"
    assert "TEST_LEDGER_FULL" in left.refusal
    assert wanted not in left.refusal
    assert list(tmp_path.iterdir()) == []
    before = city.ground.ledger.entries(count=1)[0].number
    left = leave()
    assert left.opened
    assert wanted in left.said
    assert city.ground.ledger.entries(count=1)[0].number > before, "it left without an entry"


def _refuse(*_: object, **__: object) -> None:
    raise Unavailable("TEST_LEDGER_FULL", "账本写不下", "the ledger takes nothing")
