import os
import sys
import time
from pathlib import Path

import pytest

from infra.errors import Unavailable
from infra.processes import answers, free_port, spawn, wait_until

SERVE = "import socket,sys,time; s=socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(600)"
FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", deaf])
print(child.pid, flush=True)
time.sleep(600)
"""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_child_is_waited_for_and_ended(tmp_path: Path) -> None:
    port = free_port()
    with spawn([sys.executable, "-c", SERVE, str(port)], log=tmp_path / "log") as child:
        wait_until(lambda: answers(port), seconds=30, what="server", child=child)
        assert child.running()
    assert not child.running()
    assert not answers(port)


def test_ending_takes_the_whole_family_even_if_it_will_not_hear(tmp_path: Path) -> None:
    child = spawn([sys.executable, "-c", FAMILY], log=tmp_path / "log")
    wait_until(lambda: (tmp_path / "log").read_text() != "", seconds=30, what="family", child=child)
    grandchild = int((tmp_path / "log").read_text())
    assert _alive(grandchild)
    child.stop(seconds=0.5)
    deadline = time.monotonic() + 10
    while _alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(grandchild)
    assert child.stop(seconds=0.1) is not None


def test_waiting_ends_when_the_child_does() -> None:
    with spawn([sys.executable, "-c", "pass"]) as child, pytest.raises(Unavailable) as caught:
        wait_until(lambda: False, seconds=60, what="it", child=child)
    assert caught.value.code == "PROCESS_ENDED"


def test_waiting_has_a_limit() -> None:
    with pytest.raises(Unavailable) as caught:
        wait_until(lambda: False, seconds=0.1, what="it")
    assert caught.value.code == "PROCESS_SLOW"


def test_a_program_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        spawn([str(tmp_path / "absent")], log=tmp_path / "log")
    assert caught.value.code == "PROCESS_START"


def test_a_child_sees_the_environment_it_was_given(tmp_path: Path) -> None:
    script = "import os; print(sorted(os.environ.get('PROBE', '')))"
    with spawn([sys.executable, "-c", script], environ={**os.environ, "PROBE": "x"}, log=tmp_path / "log") as child:
        child.process.wait(timeout=30)
    assert (tmp_path / "log").read_text() == "['x']\n"
