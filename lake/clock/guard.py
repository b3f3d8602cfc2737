"""The guard over Airflow's processes: starts them, watches them, and leaves none behind.

Run as `python -m lake.clock.guard` with one JSON line on its input (`Orders`); it then holds that input open as a
life-line. When the life-line breaks (the one who started it ended, however it ended), when a program ends by itself,
or on TERM, the guard ends every process below it. Airflow's scheduler leaves its workers behind when it is told to
stop, so the guard adopts orphans (Linux: child subreaper) and ends descendants until there are none.

It holds a file lock for its life, so one home has one clock; and it notes its session, so that the next start can end
what a guard that was killed itself has left. Only the standard library: it starts in a few hundredths of a second.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

BUSY, ENDED, BEFORE_FAILED = 75, 70, 71
"""Exit statuses: another guard holds the lock; a program ended by itself; a preparing program failed."""

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36


def main() -> int:
    """Read the orders, run them, end everything; the exit status says why it ended."""
    orders = json.loads(sys.stdin.buffer.readline())
    home = Path(orders["home"])
    os.umask(0o077)
    _prctl(_SET_CHILD_SUBREAPER, 1)
    with (home / "clock.lock").open("a+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return BUSY
        end_session(home / "session.json")
        _note_session(home / "session.json")
        stopping = _catch_signals()
        running: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for name, arguments in orders["before"]:
                if not _run_before(_start(home, name, arguments), orders["before_seconds"], stopping):
                    return 0 if stopping else BEFORE_FAILED
            running = {name: _start(home, name, arguments) for name, arguments in orders["programs"]}
            _say({"started": {name: process.pid for name, process in running.items()}})
            return _watch(running, stopping)
        finally:
            _end_all(list(running.values()), orders["grace_seconds"])
            _tidy(home)


def sweep(home: Path) -> None:
    """End what a killed guard of this home has left; nothing while another guard is at work there."""
    with (home / "clock.lock").open("a+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        end_session(home / "session.json")
        _tidy(home)


def _tidy(home: Path) -> None:
    for name in ("session.json", "clock.json"):
        (home / name).unlink(missing_ok=True)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _die_with_guard() -> None:
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)


def _start(home: Path, name: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
    log: IO[bytes]
    with (home / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_guard,  # noqa: PLW1509 - the guard has one thread
            process_group=0,
        )


def _catch_signals() -> list[int]:
    caught: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: caught.append(number))
    return caught


def _life_line_broken(seconds: float) -> bool:
    ready, _, _ = select.select([sys.stdin.buffer], [], [], seconds)
    return bool(ready) and not os.read(sys.stdin.fileno(), 4096)


def _run_before(process: "subprocess.Popen[bytes]", seconds: float, stopping: list[int]) -> bool:
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        if stopping or time.monotonic() > deadline or _life_line_broken(0.05):
            stopping.append(signal.SIGHUP)
            return False
    return process.returncode == 0


def _watch(running: dict[str, "subprocess.Popen[bytes]"], stopping: list[int]) -> int:
    while True:
        if stopping or _life_line_broken(0.2):
            return 0
        for name, process in running.items():
            if process.poll() is not None:
                _say({"ended": name})
                return ENDED


def _say(fact: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(fact) + "\n")
        sys.stdout.flush()


def _end_all(leaders: list["subprocess.Popen[bytes]"], grace: float) -> None:
    """TERM to the leaders, `grace` seconds for them, then KILL to everything below until nothing is below."""
    for leader in leaders:
        with contextlib.suppress(ProcessLookupError):
            leader.terminate()
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(leader.poll() is None for leader in leaders):
        time.sleep(0.05)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for leader in leaders:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(leader.pid, signal.SIGKILL)
            leader.poll()
        below = _descendants(os.getpid())
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not _reap() and not below:
            return
        time.sleep(0.02)


def _reap() -> bool:
    """Collect what ended; whether there are children still."""
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True


def _processes() -> dict[int, tuple[int, int, str]]:
    """Pid → (parent, session, start time in ticks) of every process; empty where there is no /proc."""
    found: dict[int, tuple[int, int, str]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name in parentheses may hold blanks: fields count from behind it.
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if fields[0] != "Z":
                found[int(entry.name)] = (int(fields[1]), int(fields[3]), fields[19])
    return found


def _descendants(ancestor: int) -> list[int]:
    processes = _processes()
    found, frontier = [], [ancestor]
    while frontier:
        parent = frontier.pop()
        below = [pid for pid, (above, _, _) in processes.items() if above == parent]
        found += below
        frontier += below
    return found


def _note_session(path: Path) -> None:
    started = _processes().get(os.getpid(), (0, 0, ""))[2]
    path.write_text(json.dumps({"session": os.getsid(0), "leader_started": started, "boot": _boot()}))


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def end_session(path: Path) -> int:
    """End what a killed guard's session, noted at `path`, has left; how many processes that were.

    A session's number is not given away while one of its processes lives; a leader that started at another time, or
    another boot of the machine, shows that the number is someone else's by now.
    """
    try:
        noted = json.loads(path.read_text())
    except (OSError, ValueError):
        return 0
    processes = _processes()
    leader = processes.get(noted["session"])
    if noted["boot"] != _boot() or (leader is not None and leader[2] != noted["leader_started"]):
        return 0
    left = [pid for pid, (_, session, _) in processes.items() if session == noted["session"] and pid != os.getpid()]
    for pid in left:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return len(left)


if __name__ == "__main__":
    sys.exit(main())
