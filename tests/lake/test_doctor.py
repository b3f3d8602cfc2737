"""What `hub doctor` says of the metadata catalogue, of what it was not told yet, and of Airflow."""

import fcntl
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lake_city import stock

from catalogs.people.people import issue_key
from infra.database import write
from infra.doctor import Finding, State, examine
from infra.ground import Ground, open_ground
from infra.processes import free_port
from lake.arrival.push_serving import serve_in_thread
from lake.describe.outbox import MOST_ATTEMPTS
from lake.doctor import PARTS
from lake.tables import outbox

CONFIG = {"noCode": "true", "versions": {"acryldata/datahub": {"version": "v1.3.0"}}}
TOKEN = "s3cret-token"


def finding(ground: Ground, name: str, **environ: str) -> Finding:
    """The finding on one part, in both languages and without a secret."""
    ground.environ.update(environ)
    found = examine(ground, PARTS)[name]
    assert all(len(found.text.say(lang)) > 3 for lang in ("zh", "en"))
    assert "s3cret" not in repr(found)
    return found


@contextmanager
def answering(status: int, body: Any, **headers: str) -> Iterator[tuple[str, list[str | None]]]:
    """A server that gives one answer to everything; the tokens that it was sent."""
    tokens: list[str | None] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.append(self.headers.get("Authorization"))
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", tokens
    finally:
        server.shutdown()
        server.server_close()


def test_a_fresh_machine_is_not_a_failure(tmp_path: Path) -> None:
    found = examine(open_ground({}, tmp_path), PARTS)
    assert {name: one.state for name, one in found.items()} == {
        "datahub": State.OK,
        "outbox": State.WARNING,
        "doors": State.OK,
        "push": State.WARNING,
        "purges": State.WARNING,
        "airflow": State.OK,
    }
    assert list(tmp_path.iterdir()) == []


def test_a_catalogue_that_is_not_there_is_a_failure(ground: Ground) -> None:
    address = f"http://hub:s3cret@127.0.0.1:{free_port()}"
    found = finding(ground, "datahub", HUB_DATAHUB_SINK="rest", HUB_DATAHUB_URL=address, HUB_DATAHUB_TOKEN=TOKEN)
    assert found.state is State.FAILED
    assert found.detail["address"] == address.replace("hub:s3cret@", "")


def test_a_catalogue_that_takes_the_connection_and_says_nothing_is_waited_for_shortly(ground: Ground) -> None:
    import socket
    import time

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        found = finding(ground, "datahub", HUB_DATAHUB_SINK="rest", HUB_DATAHUB_URL=address)
        assert found.state is State.FAILED
        assert time.monotonic() - started < 15


def test_a_catalogue_that_answers_is_asked_with_the_token(ground: Ground) -> None:
    with answering(200, CONFIG) as (address, tokens):
        found = finding(ground, "datahub", HUB_DATAHUB_SINK="rest", HUB_DATAHUB_URL=address, HUB_DATAHUB_TOKEN=TOKEN)
    assert (found.state, found.detail["address"]) == (State.OK, address)
    assert tokens == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize(("status", "body", "said"), [
    (200, b"<html>", "is no DataHub"),
    (200, {"hello": 1}, "is no DataHub"),
    (401, {}, "refuses HUB_DATAHUB_TOKEN (401)"),
    (403, {}, "refuses HUB_DATAHUB_TOKEN (403)"),
    (500, {}, "answers 500"),
])  # fmt: skip
def test_a_catalogue_that_answers_wrongly_is_a_failure(ground: Ground, status: int, body: Any, said: str) -> None:
    with answering(status, body) as (address, _):
        found = finding(ground, "datahub", HUB_DATAHUB_SINK="rest", HUB_DATAHUB_URL=address, HUB_DATAHUB_TOKEN=TOKEN)
    assert found.state is State.FAILED
    assert said in found.text.en


def test_a_token_follows_no_redirect(ground: Ground) -> None:
    with answering(200, CONFIG) as (elsewhere, tokens), answering(302, {}, Location=elsewhere) as (address, _):
        found = finding(ground, "datahub", HUB_DATAHUB_SINK="rest", HUB_DATAHUB_URL=address, HUB_DATAHUB_TOKEN=TOKEN)
    assert (found.state, tokens) == (State.FAILED, [])


@pytest.mark.parametrize("sink", ["ftp", "rest", "file:", "lite:x"])
def test_a_sink_configured_wrongly_is_a_failure(ground: Ground, sink: str) -> None:
    found = finding(ground, "datahub", HUB_DATAHUB_SINK=sink)
    assert (found.state, found.detail["code"]) == (State.FAILED, "DESCRIBE_SINK")


def test_a_metadata_file_must_be_one_that_can_be_written(ground: Ground) -> None:
    inside = ground.home / "told" / "all.json"
    assert finding(ground, "datahub", HUB_DATAHUB_SINK=f"file:{inside}").state is State.OK
    assert not inside.parent.exists()
    (ground.home / "told").write_text("")
    assert finding(ground, "datahub", HUB_DATAHUB_SINK=f"file:{inside}").state is State.FAILED
    assert finding(ground, "datahub", HUB_DATAHUB_SINK=f"file:{ground.home}").state is State.FAILED


def test_lite_is_looked_into_and_may_be_in_use(tmp_path: Path) -> None:
    from lake.describe.describe import LITE, open_sink

    ground = open_ground({"HUB_HOME": str(tmp_path / "locked" / "home")}, create=True)  # a name that says nothing
    assert finding(ground, "datahub").detail["entities"] == 0
    with open_sink(ground):
        pass
    assert finding(ground, "datahub").state is State.OK
    path = ground.home / "datahub" / LITE
    hold = f"import duckdb; c = duckdb.connect({str(path)!r}); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        found = finding(ground, "datahub")
        other.communicate("\n", timeout=60)
    assert found.state is State.OK
    assert "another process" in found.text.en
    path.write_bytes(b"no database" * 1000)
    assert finding(ground, "datahub").state is State.FAILED


def put(ground: Ground, subject: str, **more: Any) -> None:
    row = {"kind": "delivery", "subject": subject, "payload": {"dataset": subject}, "attempts": 0}
    with write(ground.engine) as connection:
        connection.execute(outbox.insert().values(**row, created_at=datetime(2026, 3, 1, tzinfo=UTC), **more))


def test_what_waits_is_told_and_what_was_given_up_is_a_warning(city_ground: Ground) -> None:
    assert finding(city_ground, "outbox").state is State.OK
    put(city_ground, "d-1")
    found = finding(city_ground, "outbox")
    assert (found.state, found.detail["waiting"], found.detail["given_up"]) == (State.OK, 1, 0)
    assert "2026-03-01 08:00:00" in found.text.en
    with write(city_ground.engine) as connection:
        failed = {"error": json.dumps({"at": "2026-03-01T00:00:00+00:00", "code": "DESCRIBE_FAILED"})}
        connection.execute(outbox.update().values(attempts=MOST_ATTEMPTS, **failed))
    put(city_ground, "d-2")
    found = finding(city_ground, "outbox")
    assert (found.state, found.detail["waiting"], found.detail["given_up"]) == (State.WARNING, 1, 1)
    assert "hub lake describe --retry" in found.text.en
    assert found.detail["codes"] == {"DESCRIBE_FAILED": 1}


def test_airflow_that_does_not_run_is_a_fact_and_no_fault(ground: Ground) -> None:
    home = ground.home / "airflow"
    home.mkdir()
    found = finding(ground, "airflow")
    assert (found.state, found.detail["running"], found.detail["address"]) == (State.OK, False, None)
    assert found.detail["version"] in found.text.en
    note = home / "clock.json"
    note.write_text(json.dumps({"port": free_port()}))  # as a guard that was killed leaves it
    (home / "clock.lock").touch()
    assert finding(ground, "airflow").state is State.OK
    with (home / "clock.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert finding(ground, "airflow").state is State.WARNING
    healthy = {part: {"status": "healthy"} for part in ("scheduler", "dag_processor")}
    with answering(200, healthy) as (address, _):
        note.write_text(json.dumps({"port": int(address.rpartition(":")[2])}))
        found = finding(ground, "airflow")
    assert (found.state, found.detail["running"], found.detail["address"]) == (State.OK, True, address)
    note.write_text("torn")
    assert finding(ground, "airflow").detail["running"] is False


def test_examining_airflow_imports_none_of_it(tmp_path: Path) -> None:
    script = (
        "import sys; from infra.doctor import examine; from infra.ground import open_ground;"
        "from lake.doctor import PARTS;"
        "examine(open_ground({}), [part for part in PARTS if part.name == 'airflow']); print('airflow' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout == "False\n"


def test_a_lake_s_file_is_opened_for_reading_alone(ground: Ground) -> None:
    from lake.describe.describe import LITE, open_sink

    with open_sink(ground):
        pass
    path = ground.home / "datahub" / LITE
    before = path.read_bytes()
    finding(ground, "datahub")
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir() if one.name.startswith(LITE)] == [LITE]
    with duckdb.connect(str(path)) as lite:
        assert lite.execute("SELECT count(*) FROM metadata_aspect_v2").fetchall() == [(0,)]


ANY = "0.0.0.0"  # noqa: S104 - nothing listens there


def test_the_push_door_is_known_by_its_answer_and_needs_a_key(city_ground: Ground) -> None:
    stock(city_ground)
    closed = finding(city_ground, "push", HUB_PUSH_PORT=str(free_port()))
    assert (closed.state, closed.detail["running"]) == (State.OK, False)
    with serve_in_thread(city_ground):
        keyless = finding(city_ground, "push")
        issue_key(city_ground, "officer_jinshui", "test")
        entries = len(city_ground.ledger.entries(count=1000))
        open_ = finding(city_ground, "push")
    assert (keyless.state, keyless.detail["keys"]) == (State.WARNING, 0)
    assert "hub people key" in keyless.text.en
    assert (open_.state, open_.detail["running"], open_.detail["keys"]) == (State.OK, True, 1)
    assert len(city_ground.ledger.entries(count=1000)) == entries


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"HUB_PUSH_UPLOADS": "0", "HUB_PUSH_PACE": "-1"}, "HUB_PUSH_PACE ≥ 1; HUB_PUSH_UPLOADS ≥ 1"),
        ({"HUB_PUSH_MAX_BYTES": "much"}, "HUB_PUSH_MAX_BYTES"),
        ({"HUB_PUSH_HOST": ANY}, "PUSH_DEMO_HOST"),
        ({"HUB_PUSH_FREE_BYTES": str(1 << 60)}, "HUB_PUSH_FREE_BYTES"),
    ],
)
def test_a_setting_with_which_no_push_is_taken_is_a_failure_that_names_it(
    ground: Ground, environ: dict[str, str], said: str
) -> None:
    found = finding(ground, "push", **{"HUB_PUSH_PORT": str(free_port()), **environ})
    assert found.state is State.FAILED
    assert said in found.text.en
