"""`hub share serve` and `hub up` say where they can be reached, once they can, and end when they are asked to."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from front_door import run_hub

from infra.ground import Ground
from infra.processes import free_port

ROOT = Path(__file__).resolve().parent.parent.parent


def started(ground: Ground, port: int, *flags: str) -> "subprocess.Popen[str]":
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HUB_HOME": str(ground.home), "HUB_LANG": "zh"}
    environ["HUB_SHARE_PORT"] = str(port)
    return subprocess.Popen(
        [sys.executable, "-m", "hub", "share", "serve", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
    )


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/delta-sharing/shares")
    status = connection.getresponse().status
    connection.close()
    return status == 401


@pytest.mark.parametrize("flags", [["--json"], []])
def test_it_says_where_it_is_when_it_can_be_reached_and_ends_when_asked(ground: Ground, flags: list[str]) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/delta-sharing"
    with started(ground, port, *flags) as process:
        assert process.stdout is not None
        try:
            first = "".join(process.stdout.readline() for _ in range(3 if flags else 2))
            assert answers(port)
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, rest, errors) == (0, "", "")
    if flags:
        assert json.loads(first) == {"delta_sharing": address}
    else:
        assert first == f"Delta Sharing  {address}\n按 Ctrl-C 结束\n"


class FakeAirflow:
    """Its address alone: that a real one starts and ends is shown with the clock."""

    address = "http://127.0.0.1:1"
    password_file = Path("/home/airflow/passwords.json")

    def __enter__(self) -> "FakeAirflow":
        return self

    def __exit__(self, *_: object) -> None:
        return


def test_up_prints_one_document_of_its_addresses(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    import lake.clock.clock
    import lake.clock.run
    from sharing.access import serving

    quiet = SimpleNamespace(start=lambda: None, stop=lambda: None)
    monkeypatch.setattr(lake.clock.clock, "start_airflow", lambda *_, **__: FakeAirflow())
    monkeypatch.setattr(lake.clock.run, "Keeper", lambda _ground: quiet)
    monkeypatch.setattr(serving, "serve", lambda _ground, ready: ready())
    port, rest = free_port(), free_port()
    environ = {"HUB_HOME": str(ground.home), "HUB_SHARE_PORT": "8999", "HUB_LANG": "en", "HUB_PUSH_PORT": str(port)}
    environ["HUB_REST_PORT"] = str(rest)
    ran = run_hub(environ, "up", "--json")
    assert (ran.status, ran.err) == (0, "")
    told: dict[str, Any] = ran.document
    assert told == {
        "airflow": {"address": FakeAirflow.address, "user": "admin", "password_file": str(FakeAirflow.password_file)},
        "delta_sharing": "http://127.0.0.1:8999/delta-sharing",
        "push": f"http://127.0.0.1:{port}/arrivals",
        "rest": f"http://127.0.0.1:{rest}/v1",
    }
    said = run_hub(environ, "up").out.splitlines()
    assert said[0].startswith(f"Airflow        {FakeAirflow.address}  (user admin, ")
    assert said[1] == "Delta Sharing  http://127.0.0.1:8999/delta-sharing"
    assert said[2].startswith("Pushes ")
    assert said[2].endswith(f" http://127.0.0.1:{port}/arrivals")
    assert said[3].startswith("Register ")
    assert said[3].endswith(f" http://127.0.0.1:{rest}/v1")
    assert said[4:] == ["Ctrl-C ends"]


def test_a_port_that_is_taken_is_one_error_and_no_address(ground: Ground) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environ = {"HUB_HOME": str(ground.home), "HUB_SHARE_PORT": str(taken.getsockname()[1])}
        ran = run_hub(environ, "share", "serve", "--json")
    assert ran.status == 1
    assert ran.document["error"]["code"] == "SHARE_PORT"
