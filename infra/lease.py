"""A lease: one holder of a name at a time, across threads, processes and machines that share the database.

A lease ends by itself after `seconds` unless renewed. Each holder gets a fencing token larger than that of any holder
before. A holder that was killed on this machine is recognised as dead and followed at once, so that a restart after a
crash does not wait. Expiry is judged by one clock: that of PostgreSQL, or of the one machine that SQLite stands on.
"""

import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from infra.database import lock, write
from infra.errors import Unavailable
from infra.language import Text
from infra.tables import LEASE

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Lease:
    """A held lease. `token` grows with every holder of the name."""

    name: str
    token: int
    seconds: float
    _engine: Engine
    _clock: Clock | None

    def renew(self) -> None:
        """Hold it for `seconds` from now on.

        Raises:
            Unavailable: `LEASE_LOST` when another holds the name, or the time was over.
        """
        with write(self._engine) as connection:
            now = _now(connection, self._clock)
            changed = connection.execute(
                LEASE.update()
                .where(LEASE.c.name == self.name, LEASE.c.token == self.token, LEASE.c.expires > now)
                .values(expires=now + self.seconds)
            )
            if changed.rowcount != 1:
                raise _lost(self.name)

    def check(self, connection: Connection | None = None) -> None:
        """Make sure that it is still held; inside `connection` the answer holds until that transaction ends.

        Raises:
            Unavailable: `LEASE_LOST`.
        """
        if connection is None:
            with write(self._engine) as own:
                self.check(own)
            return
        now = _now(connection, self._clock)
        held = connection.execute(
            sa.select(LEASE.c.token)
            .where(LEASE.c.name == self.name, LEASE.c.token == self.token, LEASE.c.expires > now)
            .with_for_update()
        ).scalar()
        if held is None:
            raise _lost(self.name)


@contextlib.contextmanager
def lease(
    engine: Engine, name: str, *, seconds: float = 60.0, wait_seconds: float = 0.0, clock: Clock | None = None
) -> Iterator[Lease]:
    """Hold `name` for the block; wait for it at most `wait_seconds`.

    `clock` replaces the shared clock in tests.

    Raises:
        Unavailable: `LEASE_TAKEN` when another held the name all that time.
    """
    held = _wait(engine, name, seconds, wait_seconds, clock)
    try:
        yield held
    finally:
        # The row stays for its token; a release that fails only leaves the lease to end by itself.
        with contextlib.suppress(Unavailable), write(engine) as connection:
            connection.execute(
                LEASE.update().where(LEASE.c.name == name, LEASE.c.token == held.token).values(expires=0.0)
            )


@contextlib.contextmanager
def kept(held: Lease) -> Iterator[None]:
    """Renew the lease beside the work of the block. Losing it is found out where it matters, by `Lease.check`."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(held.seconds / 3):
            try:
                held.renew()
            except Unavailable as error:
                if error.code == "LEASE_LOST":
                    return

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _wait(engine: Engine, name: str, seconds: float, wait_seconds: float, clock: Clock | None) -> Lease:
    deadline = time.monotonic() + wait_seconds
    while True:
        token = _take(engine, name, seconds, clock)
        if token is not None:
            return Lease(name, token, seconds, engine, clock)
        if time.monotonic() >= deadline:
            raise Unavailable(
                "LEASE_TAKEN",
                f"{name} 正由另一进程处理",
                f"another process is at work on {name}",
                remedy=Text("稍后重试", "try again later"),
            )
        time.sleep(min(0.02 + random.random() * 0.08, max(deadline - time.monotonic(), 0.0)))  # noqa: S311 - jitter


def _take(engine: Engine, name: str, seconds: float, clock: Clock | None) -> int | None:
    holder = _holder()
    with write(engine) as connection:
        lock(connection, f"lease:{name}")
        now = _now(connection, clock)
        row = connection.execute(sa.select(LEASE).where(LEASE.c.name == name)).one_or_none()
        if row is None:
            connection.execute(LEASE.insert().values(name=name, token=1, holder=holder, expires=now + seconds))
            return 1
        if row.expires > now and not _dead(row.holder):
            return None
        token: int = row.token + 1
        connection.execute(
            LEASE.update().where(LEASE.c.name == name).values(token=token, holder=holder, expires=now + seconds)
        )
        return token


def _now(connection: Connection, clock: Clock | None) -> float:
    if clock is not None:
        return clock().timestamp()
    if connection.dialect.name == "postgresql":
        return float(connection.execute(sa.select(sa.extract("epoch", sa.func.clock_timestamp()))).scalar_one())
    return time.time()


def _holder() -> str:
    """Who asks: machine start, process namespace, process, its start, thread."""
    pid = os.getpid()
    return f"{_machine()}/{pid}/{_started(pid)}/{threading.get_ident()}"


@cache
def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}.{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return "?"


def _started(pid: int) -> str:
    """When process `pid` started, in ticks since boot; empty when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]


def _dead(holder: str) -> bool:
    """Whether the holder was a process of this machine that is surely gone. In doubt it lives."""
    machine, _, rest = holder.partition("/")
    parts = rest.split("/")
    if machine == "?" or machine != _machine() or len(parts) != 3 or not parts[0].isdigit():
        return False
    return _started(int(parts[0])) != parts[1]


def _lost(name: str) -> Unavailable:
    return Unavailable("LEASE_LOST", f"{name} 的占用已失效", f"the lease on {name} was lost")
