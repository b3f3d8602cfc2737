"""What `hub doctor` says of the sharing server and of the firm's Python, and what the command makes of all findings."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import catalogs.doctor
import infra.doctor
import lake.doctor
from infra.doctor import Finding, State, examine
from infra.ground import Ground, open_ground
from infra.processes import free_port
from sharing.access.serving import serve_in_thread
from sharing.doctor import PARTS
from sharing.doctor_cli import doctor

ANY = "0.0.0.0"  # noqa: S104 - nothing listens there
ALL = (*infra.doctor.PARTS, *catalogs.doctor.PARTS, *lake.doctor.PARTS, *PARTS)


def finding(ground: Ground, name: str, **environ: str) -> Finding:
    ground.environ.update(environ)
    return examine(ground, PARTS)[name]


def test_a_server_that_does_not_run_is_a_fact_and_one_that_runs_is_asked_without_a_trace(
    ground: Ground, tmp_path: Path
) -> None:
    port = str(free_port())
    found = finding(ground, "share", HUB_SHARE_PORT=port, HUB_SHARE_ENDPOINT="https://data.example.cn/delta-sharing")
    assert (found.state, found.detail["running"]) == (State.OK, False)
    assert "https://data.example.cn/delta-sharing" in found.text.en, "said, and not asked"
    entries = len(list(ground.ledger.entries(count=50)))
    with serve_in_thread(ground) as serving:
        found = finding(ground, "share", HUB_SHARE_PORT=str(serving.port))
        real = open_ground({"HUB_SHARE_PORT": str(serving.port), "HUB_SHARE_HOST": ANY}, tmp_path)
        everywhere = finding(real, "share")
    assert (found.state, found.detail["running"], found.detail["address"]) == (
        State.OK,
        True,
        f"127.0.0.1:{serving.port}",
    )
    assert everywhere.detail["running"] is True
    assert len(list(ground.ledger.entries(count=50))) == entries


@pytest.mark.parametrize(("status", "said"), [(200, "another program listens"), (503, "is full")])
def test_what_answers_in_its_place_is_a_warning(ground: Ground, status: int, said: str) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        found = finding(ground, "share", HUB_SHARE_PORT=str(server.server_address[1]))
    finally:
        server.shutdown()
        server.server_close()
    assert (found.state, found.detail["running"]) == (State.WARNING, False)
    assert said in found.text.en


def test_a_demo_that_would_be_heard_outside_is_a_failure(ground: Ground) -> None:
    found = finding(ground, "share", HUB_SHARE_HOST=ANY)
    assert (found.state, found.detail["code"]) == (State.FAILED, "SHARE_DEMO_HOST")


def test_the_firm_s_python_must_hold_the_client(ground: Ground, tmp_path: Path) -> None:
    assert finding(ground, "firm").state is State.OK
    assert finding(ground, "firm", HUB_FIRM_PYTHON=str(tmp_path / "none")).state is State.FAILED
    without = tmp_path / "python"
    for text, state in (("exit 1", State.FAILED), ("echo 1.4.2", State.OK)):
        without.write_text(f"#!/bin/sh\n{text}\n")
        without.chmod(0o755)
        found = finding(ground, "firm", HUB_FIRM_PYTHON=str(without))
        assert found.state is state
    assert found.detail["client"] == "1.4.2"


def run(lang: str, environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(doctor, list(arguments), env={**environ, "HUB_LANG": lang})


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_part_has_its_line_and_its_entry(ground: Ground, lang: str) -> None:
    environ = {"HUB_HOME": str(ground.home), "HUB_SHARE_PORT": str(free_port())}
    lines = run(lang, environ).output.splitlines()
    assert [line.split()[1].strip("\u3000") for line in lines[: len(ALL)]] == [
        part.zh if lang == "zh" else part.name for part in ALL
    ]
    value = json.loads(run(lang, environ, "--json").output)
    assert [one["name"] for one in value["checks"]] == [part.name for part in ALL]
    assert {"datahub", "outbox", "airflow", "share", "firm"} <= {part.name for part in ALL}


def test_a_demo_is_called_unfit_for_real_data(ground: Ground) -> None:
    told = run("en", {"HUB_HOME": str(ground.home), "HUB_SHARE_PORT": str(free_port())}, "--json")
    assert told.exit_code == 0
    value = json.loads(told.output)
    assert (value["healthy"], value["fit_for_real_data"], value["home"]) == (True, False, str(ground.home))


def test_a_service_that_is_configured_and_not_there_fails_the_command(ground: Ground) -> None:
    environ = {
        "HUB_HOME": str(ground.home),
        "HUB_SHARE_PORT": str(free_port()),
        "HUB_DATAHUB_SINK": "rest",
        "HUB_DATAHUB_URL": f"http://127.0.0.1:{free_port()}",
    }
    told = run("zh", environ)
    assert told.exit_code == 1
    assert "✗ 元数据目录" in told.output


def test_the_command_runs_where_nothing_is(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from sharing.doctor_cli import doctor; doctor()"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "LANG": "zh_CN.UTF-8", "HUB_SHARE_PORT": str(free_port())},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert told.returncode == 0, told.stderr
    assert "尚未建立" in told.stdout
    assert list(tmp_path.iterdir()) == []
