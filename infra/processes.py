"""Child processes in groups of their own, with limits on waiting, so that nothing we start outlives us unnoticed."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import Unavailable


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that was free a moment ago. Whoever listens on it must be ready to find it taken."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Child:
    """A started process and the group it leads."""

    process: "subprocess.Popen[bytes]"
    log: Path | None

    @property
    def pid(self) -> int:
        """The process id, which is the group's id too."""
        return self.process.pid

    def running(self) -> bool:
        """Whether the leader still runs."""
        return self.process.poll() is None

    def stop(self, *, seconds: float = 10.0) -> int | None:
        """End the whole group: TERM, then KILL after `seconds`. Returns the leader's exit status; safe to repeat."""
        _signal_group(self.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=seconds)
        deadline = time.monotonic() + seconds
        while _group_alive(self.pid) and self.process.poll() is not None and time.monotonic() < deadline:
            time.sleep(0.02)
        _signal_group(self.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=seconds)
        return self.process.poll()

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def spawn(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
) -> Child:
    """Start `arguments` in a new session, output to `log` (else discarded), input from nowhere.

    Raises:
        Unavailable: `PROCESS_START` when the program cannot be started.
    """
    try:
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(log.open("ab")) if log else subprocess.DEVNULL
            process = subprocess.Popen(
                list(arguments),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=dict(environ) if environ is not None else None,
                cwd=cwd,
                start_new_session=True,
            )
    except OSError as error:
        program = Path(arguments[0]).name
        raise Unavailable(
            "PROCESS_START", f"无法启动程序 {program}", f"the program {program} cannot be started"
        ) from error
    return Child(process, log)


def wait_until(
    ready: Callable[[], bool], *, seconds: float, what: str, child: Child | None = None, step: float = 0.05
) -> None:
    """Ask `ready` until it is true.

    Raises:
        Unavailable: `PROCESS_ENDED` when `child` ended meanwhile, `PROCESS_SLOW` after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if child is not None and not child.running():
            raise Unavailable("PROCESS_ENDED", f"{what} 启动后退出", f"{what} ended before it was ready")
        if time.monotonic() > deadline:
            raise Unavailable(
                "PROCESS_SLOW", f"{what} 在 {seconds:g} 秒内未就绪", f"{what} was not ready within {seconds:g} s"
            )
        time.sleep(step)


def answers(port: int, host: str = "127.0.0.1", *, seconds: float = 0.5) -> bool:
    """Whether something accepts a connection on `port`."""
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
