"""The clock: a real Airflow, started, driven and ended by the hub.

Promises:
- everything that Airflow writes lies in `HUB_HOME/airflow`, for its owner alone; it listens on the loopback address;
- one home has one clock: a second start uses the one that runs (`hub run` beside `hub up`) and does not end it;
- `Airflow.stop`, and the end of the process that started it, however it ends, leave none of its processes behind;
- every wait has a limit.

Airflow itself is never imported here: it is a command of this very Python, under `lake.clock.guard`.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from infra.errors import Unavailable
from infra.ground import Ground
from infra.language import Text
from infra.processes import free_port
from infra.settings import load
from lake.clock.env import ClockSettings, airflow, airflow_environ, programs
from lake.clock.guard import BEFORE_FAILED, BUSY, sweep
from lake.clock.home import api, make_folders, migrated, note_migrated, write_json
from lake.clock.rest import DONE, Api, Run
from lake.clock.schedule import write_schedule

Progress = Callable[[Text], None]


class Airflow:
    """A running Airflow. As a context manager it is ended with the block, if this process started it.

    Attributes:
        api: its API.
        address: the page for a person's browser.
        password_file: where the password of the user `admin` stands.
        seconds: how long its start took.
    """

    def __init__(self, api: Api, home: Path, guard: "subprocess.Popen[bytes] | None", seconds: float) -> None:
        self.api, self.address, self.seconds = api, api.address, seconds
        self.password_file = home / "passwords.json"
        self._home, self._guard = home, guard

    @property
    def borrowed(self) -> bool:
        """Whether another process started it."""
        return self._guard is None

    def running(self) -> bool:
        """Whether it still runs, as far as its guard knows."""
        return self._guard.poll() is None if self._guard else self.api.healthy()

    def stop(self, *, seconds: float = 40.0) -> None:
        """End every process that was started; safe to repeat. Running tasks may be cut: each can be run again."""
        if self._guard is not None:
            _end(self._guard, self._home, seconds)

    def __enter__(self) -> "Airflow":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()


def start_airflow(ground: Ground, *, ui: bool, progress: Progress = lambda _said: None) -> Airflow:
    """Start Airflow over `ground`, or use the one that already runs there; return when it takes work.

    Args:
        ground: prepared.
        ui: it is to stay for people: DAGs follow their schedules. Else they run only when triggered.
        progress: told what is being waited for.

    Raises:
        Unavailable: `CLOCK_START`, `CLOCK_SLOW`, `CLOCK_BUSY`.
    """
    settings = load(ClockSettings, ground.environ)
    home = ground.home / "airflow"
    make_folders(home)
    write_schedule(ground)
    started = time.monotonic()
    port = settings.port or free_port()
    guard = _start_guard(ground, home, settings, port, ui)
    try:
        progress(Text("Airflow：准备数据库", "Airflow: database"))
        busy = _first_word(guard, settings) == "busy"
    except BaseException:
        _end(guard, home, 40)
        raise
    if busy:
        _close(guard)
        return _borrow(home, settings, started)
    write_json(home / "clock.json", {"port": port, "started_by": os.getpid()})
    running = Airflow(api(home, port), home, guard, 0.0)
    try:
        progress(Text("Airflow：启动调度器与接口", "Airflow: scheduler and API"))
        _wait_healthy(running, settings)
    except BaseException:
        running.stop()
        raise
    running.seconds = time.monotonic() - started
    return running


def run_dags(
    clock: Airflow, wanted: Mapping[str, Mapping[str, Any]], *, seconds: float, progress: Progress = lambda _said: None
) -> list[Run]:
    """Trigger each DAG of `wanted` (id → conf) and wait until all runs are done.

    Raises:
        Unavailable: `CLOCK_DAG_MISSING` when a DAG does not appear, `CLOCK_IMPORT_ERROR` when the DAG file cannot be
            read, `CLOCK_SLOW` after `seconds`, `CLOCK_ENDED` when Airflow ended meanwhile.
    """
    deadline = time.monotonic() + seconds
    paused = _wait_dags(clock, wanted, min(deadline, time.monotonic() + 120))
    for dag in paused:
        clock.api.pause(dag, False)
    if not clock.borrowed:
        # What they would do is due still, and a DAG has one run at a time.
        clock.api.give_up(wanted.keys())
    try:
        runs = {dag: clock.api.trigger(dag, conf) for dag, conf in wanted.items()}
        return _wait_runs(clock, runs, deadline, progress)
    finally:
        for dag in paused:
            clock.api.pause(dag, True)


def _start_guard(
    ground: Ground, home: Path, settings: ClockSettings, port: int, ticking: bool
) -> "subprocess.Popen[bytes]":
    environ = airflow_environ(
        ground.environ | {"HUB_CITY_DIR": str(ground.city)}, ground.home, port=port, settings=settings, ticking=ticking
    )
    orders = {
        "home": str(home),
        "before": [] if migrated(home, settings) else [["migrate", airflow("db", "migrate")]],
        "before_seconds": settings.start_seconds,
        "programs": list(programs().items()),
        "grace_seconds": 10,
    }
    guard = subprocess.Popen(
        [sys.executable, "-m", "lake.clock.guard"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environ,
        start_new_session=True,  # Ctrl-C at the terminal reaches us alone; we tell the guard
    )
    if guard.stdin is None:
        raise _not_started()
    guard.stdin.write(json.dumps(orders).encode() + b"\n")
    guard.stdin.flush()
    return guard


def _first_word(guard: "subprocess.Popen[bytes]", settings: ClockSettings) -> str:
    stdout = guard.stdout
    if stdout is None:
        raise _not_started()
    ready, _, _ = select.select([stdout], [], [], settings.start_seconds)
    if ready and stdout.readline():
        return "started"
    status = None
    with contextlib.suppress(subprocess.TimeoutExpired):
        status = guard.wait(timeout=30) if ready else None
    if status == BUSY:
        return "busy"
    raise _not_started("database" if status == BEFORE_FAILED else "guard")


def _not_started(what: str = "guard") -> Unavailable:
    return Unavailable(
        "CLOCK_START",
        f"Airflow 未能启动（{what}）",
        f"Airflow could not be started ({what})",
        remedy=Text("查看 HUB_HOME/airflow 下的日志", "read the logs in HUB_HOME/airflow"),
    )


def _wait_healthy(running: Airflow, settings: ClockSettings) -> None:
    deadline = time.monotonic() + settings.start_seconds
    while not running.api.healthy():
        if not running.running():
            raise _not_started("program")
        if time.monotonic() > deadline:
            raise _slow()
        time.sleep(0.1)
    note_migrated(running.password_file.parent, settings)


def _slow() -> Unavailable:
    return Unavailable(
        "CLOCK_SLOW",
        "Airflow 未在时限内完成",
        "Airflow was not done within the limit",
        remedy=Text(
            "查看 HUB_HOME/airflow 下的日志，或提高 HUB_CLOCK_… 时限",
            "read the logs in HUB_HOME/airflow, or raise the limits HUB_CLOCK_…",
        ),
    )


def _borrow(home: Path, settings: ClockSettings, started: float) -> Airflow:
    """The Airflow that another process started; it may itself be starting still."""
    deadline = time.monotonic() + settings.start_seconds
    while time.monotonic() < deadline:
        try:
            port = int(json.loads((home / "clock.json").read_text(encoding="utf-8"))["port"])
        except (OSError, ValueError, KeyError):
            port = 0
        if port:
            running = Airflow(api(home, port), home, None, time.monotonic() - started)
            if running.api.healthy():
                return running
        time.sleep(0.2)
    raise Unavailable(
        "CLOCK_BUSY",
        "此目录的 Airflow 由另一进程启动，但没有应答",
        "another process has started the Airflow of this home, and it does not answer",
        remedy=Text("结束那个 hub up 或 hub run 后重试", "end that hub up or hub run, then try again"),
    )


def _wait_dags(clock: Airflow, wanted: Iterable[str], deadline: float) -> list[str]:
    """Wait until all wanted DAGs are known; gives those that are paused."""
    while True:
        known = clock.api.dags()
        missing = sorted(set(wanted) - set(known))
        if not missing:
            return [dag for dag in wanted if known[dag]]
        if clock.api.import_errors():
            raise Unavailable(
                "CLOCK_IMPORT_ERROR",
                "Airflow 无法读取 DAG 文件",
                "Airflow cannot read the DAG file",
                remedy=Text("运行 airflow dags list-import-errors", "run airflow dags list-import-errors"),
            )
        if time.monotonic() > deadline or not clock.running():
            names = "、".join(missing[:5])
            raise Unavailable(
                "CLOCK_DAG_MISSING", f"Airflow 中没有 DAG：{names}", f"Airflow does not know the DAG {names}"
            )
        time.sleep(0.2)


def _wait_runs(clock: Airflow, runs: Mapping[str, str], deadline: float, progress: Progress) -> list[Run]:
    seen: dict[str, Run] = {}
    while True:
        seen |= {dag: clock.api.run(dag, run) for dag, run in runs.items() if dag not in seen or not seen[dag].done}
        waiting = sum(not run.done for run in seen.values())
        tasks = [count for run in seen.values() for count in run.tasks.items()]
        ended = sum(count for state, count in tasks if state in DONE | {"skipped", "upstream_failed"})
        dags, of = f"{len(seen) - waiting}/{len(seen)}", f"{ended}/{sum(count for _, count in tasks)}"
        progress(Text(f"Airflow：完成 {dags} 个 DAG、{of} 个任务", f"Airflow: {dags} DAGs, {of} tasks done"))
        if not waiting:
            return [seen[dag] for dag in runs]
        if time.monotonic() > deadline:
            raise _slow()
        if not clock.running():
            raise Unavailable("CLOCK_ENDED", "Airflow 中途退出", "Airflow ended before its work was done")
        time.sleep(0.3)


def _end(guard: "subprocess.Popen[bytes]", home: Path, seconds: float) -> None:
    if guard.stdin:
        guard.stdin.close()  # the life-line
    try:
        guard.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        guard.kill()
        guard.wait(timeout=10)
    _close(guard)
    sweep(home)  # a guard that was killed could end nobody


def _close(guard: "subprocess.Popen[bytes]") -> None:
    for pipe in (guard.stdin, guard.stdout):
        if pipe:
            pipe.close()
