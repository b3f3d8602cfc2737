"""The guard leaves no process behind, whoever dies first."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lake.clock.guard import BEFORE_FAILED, BUSY, ENDED

# Like Airflow's scheduler: workers in groups of their own that ignore TERM and outlive it, one in a session of its own.
PROGRAM = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"
subprocess.Popen([sys.executable, "-c", code, "{mark}"], process_group=0)
subprocess.Popen([sys.executable, "-c", code, "{mark}"], start_new_session=True)
time.sleep({seconds})
"""


def program(mark: str, seconds: float = 300) -> list[str]:
    return [sys.executable, "-c", PROGRAM.format(mark=mark, seconds=seconds), mark]


def marked(mark: str) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if mark in (process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def until(what: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[str]:
    name = f"guard-test-{os.getpid()}-{tmp_path.name}"
    yield name
    for process in marked(name):
        process.kill()


def orders(home: Path, programs: list[tuple[str, list[str]]], before: list[tuple[str, list[str]]] = ()) -> bytes:  # type: ignore[assignment]
    told: dict[str, Any] = {"home": str(home), "before": list(before), "before_seconds": 20, "programs": programs}
    return json.dumps({**told, "grace_seconds": 2}).encode() + b"\n"


def start(home: Path, told: bytes) -> "subprocess.Popen[bytes]":
    guard = subprocess.Popen(
        [sys.executable, "-m", "lake.clock.guard"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert guard.stdin is not None
    guard.stdin.write(told)
    guard.stdin.flush()
    return guard


def test_when_the_life_line_breaks_everything_ends(tmp_path: Path, mark: str) -> None:
    guard = start(tmp_path, orders(tmp_path, [("one", program(mark)), ("two", program(mark))]))
    until(lambda: len(marked(mark)) == 6)
    assert guard.stdin is not None
    guard.stdin.close()
    assert guard.wait(timeout=30) == 0
    assert marked(mark) == []


def test_when_the_starter_is_killed_everything_ends(tmp_path: Path, mark: str) -> None:
    told = tmp_path / "orders"
    told.write_bytes(orders(tmp_path, [("one", program(mark))]))
    code = (
        "import subprocess, sys, time\n"
        "command = [sys.executable, '-m', 'lake.clock.guard']\n"
        "guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)\n"
        f"guard.stdin.write(open({str(told)!r}, 'rb').read()); guard.stdin.flush(); time.sleep(300)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    until(lambda: len(marked(mark)) == 3)
    starter.kill()
    starter.wait(timeout=10)
    until(lambda: marked(mark) == [])
    assert marked(mark) == []


def test_a_program_that_ends_by_itself_ends_all(tmp_path: Path, mark: str) -> None:
    guard = start(tmp_path, orders(tmp_path, [("short", program(mark, 0.5)), ("long", program(mark))]))
    assert guard.wait(timeout=30) == ENDED
    assert marked(mark) == []
    assert guard.stdin is not None
    guard.stdin.close()


def test_what_a_killed_guard_leaves_the_next_one_ends(tmp_path: Path, mark: str) -> None:
    guard = start(tmp_path, orders(tmp_path, [("one", program(mark))]))
    until(lambda: len(marked(mark)) == 3)
    guard.send_signal(signal.SIGKILL)
    guard.wait(timeout=10)
    assert guard.stdin is not None
    guard.stdin.close()
    until(lambda: len(marked(mark)) == 2)  # its program dies with it, the program's workers do not
    (strayed,) = [one for one in marked(mark) if os.getsid(one.pid) == one.pid]
    strayed.kill()  # what made a session of its own and lost both parents belongs to nobody
    second = start(tmp_path, orders(tmp_path, [("sleep", [sys.executable, "-c", "import time; time.sleep(300)"])]))
    until(lambda: marked(mark) == [])
    assert second.stdin is not None
    second.stdin.close()
    assert second.wait(timeout=30) == 0


def test_one_home_has_one_guard(tmp_path: Path, mark: str) -> None:
    first = start(tmp_path, orders(tmp_path, [("one", program(mark))]))
    until(lambda: len(marked(mark)) == 3)
    second = start(tmp_path, orders(tmp_path, [("one", program(mark))]))
    assert second.wait(timeout=20) == BUSY
    assert len(marked(mark)) == 3
    for guard in (second, first):
        assert guard.stdin is not None
        guard.stdin.close()
    assert first.wait(timeout=30) == 0


def test_a_failed_preparation_starts_nothing(tmp_path: Path, mark: str) -> None:
    told = orders(tmp_path, [("one", program(mark))], [("before", [sys.executable, "-c", "raise SystemExit(3)"])])
    guard = start(tmp_path, told)
    assert guard.wait(timeout=20) == BEFORE_FAILED
    assert marked(mark) == []
    assert guard.stdin is not None
    guard.stdin.close()
