"""`hub up` as a process: it serves Airflow, the extracts and pushes, and whatever ends it, nothing of it is left.

With a real Airflow it is ended by a kill, which leaves it no say. One home then serves three times with a stand-in that
is as hard to end, and each time is ended in another way: Ctrl-C, TERM, and a kill.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from lake_city import stock
from left_behind import group_of, working_for

from infra.ground import Ground
from infra.processes import answers, free_port

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = {"PYTHONPATH": str(ROOT / "tests" / "stand_in")}
START, END = 240.0, 60.0  # seconds that starting and ending may take on a busy machine


def until(true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.1)


def status(url: str) -> int:
    """What a page is answered with; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


@dataclass
class Up:
    """A running `hub up`, and every process that it started, whatever session they moved to."""

    process: "subprocess.Popen[str]"
    home: Path
    ports: tuple[int, int, int]
    sessions: set[int] = field(default_factory=set)

    def started(self) -> list[psutil.Process]:
        return working_for(self.home, self.sessions)

    def address(self, port: int, path: str) -> str:
        return f"http://127.0.0.1:{port}{path}"


@contextlib.contextmanager
def up(home: Path, more: Mapping[str, str]) -> Iterator[Up]:
    """`hub up` until its doors answer; with `more` in its environment."""
    airflow, sharing, push = free_port(), free_port(), free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environ |= {"HUB_HOME": str(home), "HUB_DEMO": "1", "HUB_LANG": "en", **more}
    environ |= {"HUB_CLOCK_PORT": str(airflow), "HUB_SHARE_PORT": str(sharing), "HUB_PUSH_PORT": str(push)}
    with subprocess.Popen(
        [sys.executable, "-m", "hub", "up", "--json"],
        env=environ,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        running = Up(process, home, (airflow, sharing, push))
        try:
            until(lambda: answers(sharing) or process.poll() is not None, START, "the sharing server")
            assert process.poll() is None, process.communicate()
            noted = json.loads((home / "airflow" / "session.json").read_text())["session"]
            running.sessions |= {process.pid, noted}
            yield running
        finally:
            process.kill()
            with contextlib.suppress(AssertionError):  # its guard ends what is below, if it is let
                until(lambda: not running.started(), END, "what was started")
            for one in running.started():
                with contextlib.suppress(psutil.Error):
                    one.kill()


@pytest.mark.timeout(600)
def test_it_serves_its_doors_and_leaves_nothing_behind(ground: Ground) -> None:
    stock(ground)
    ground.close()
    assert left_after_serving(ground.home, signal.SIGKILL, {}) == []


@pytest.mark.timeout(600)
def test_whatever_ends_it_nothing_is_left(ground: Ground) -> None:
    stock(ground)
    ground.close()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        assert left_after_serving(ground.home, number, STAND_IN) == [], number.name


def left_after_serving(home: Path, number: signal.Signals, more: Mapping[str, str]) -> list[object]:
    """It serves all its doors, and is ended by `number`: the processes, ports and notes that are left then."""
    with up(home, more) as running:
        airflow, sharing, push = running.ports
        assert status(running.address(airflow, "/")) == 200
        assert status(running.address(airflow, "/api/v2/dags")) == 401, "nobody is let in without the password"
        assert status(running.address(sharing, "/delta-sharing/shares")) == 401
        assert status(running.address(push, "/arrivals/d-0")) == 401
        started = running.started()
        names = " ".join(" ".join(one.cmdline()) for one in started).replace("api-server", "api_server")
        for program in ("api_server", "scheduler", "dag-processor", "lake.clock.guard"):
            assert program in names, names
        groups = {group_of(one) for one in started} - {None}
        assert len(groups) >= 5, "it, its guard and three programs"
        listening = [
            one.laddr for process in started for one in process.net_connections("inet") if one.status == "LISTEN"
        ]
        assert {address.port for address in listening} >= {airflow, sharing, push}
        assert {address.ip for address in listening} == {"127.0.0.1"}

        running.process.send_signal(number)
        out, said = running.process.communicate(timeout=END)
        if number is signal.SIGINT:
            assert running.started() == [], "Ctrl-C returns when everything has ended"
        until(lambda: not running.started(), END, f"processes left by {number.name}: {running.started()}")
        assert "Traceback" not in said, said[-2000:]
        assert json.loads(out)["airflow"]["address"] == f"http://127.0.0.1:{airflow}"
    left: list[object] = [one for one in psutil.process_iter() if group_of(one) in groups]
    left += [port for port in running.ports if answers(port)]
    noted = home / "airflow" / "session.json"
    return [*left, *([noted] if number is not signal.SIGKILL and noted.exists() else [])]
