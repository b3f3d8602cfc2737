"""`hub bench ledger`: durable appends by many threads against bare inserts, and how long a proof takes.

Each pair runs ours and the baseline one after the other in the same folder; the figure is the median ratio of the
pairs. The baseline inserts the same bytes with the least a tool must do: one row and one commit an entry, a connection
a thread. What it does not do is hash, commit to the content, index or sign.
"""

import contextlib
import os
import random
import shutil
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from infra.console import Step
from infra.database import migrate, open_engine
from infra.ground import migrations, open_ground
from infra.keys import KeyRing
from infra.ledger.acts import Act
from infra.ledger.entry import NewEntry
from infra.ledger.log import Ledger

_CONTENT = {"rows": 1000, "published": 990, "quarantined": 10, "duplicates": 0, "version": 7}
_BODY = "x" * 330  # the size of an entry's body
_BATCH = 2000
_PROOFS = 300
_TABLE = "infra_ledger_bench"

Work = Callable[[], Callable[[], object]]  # called once a thread; what it returns is called once an entry


@dataclass(frozen=True, slots=True)
class Rate:
    """Entries a second of wall time, and CPU microseconds an entry."""

    per_second: float
    cpu_us: float


def run(
    *,
    threads: int = 32,
    each: int = 200,
    pairs: int = 5,
    entries: int = 1_000_000,
    postgres: str | None = None,
    say: Step = lambda _what, _number, _of: None,
) -> dict[str, Any]:
    """Figures of appends and proofs.

    Args:
        threads: writers at once.
        each: how many entries each writer adds.
        pairs: interleaved pairs; the median counts.
        entries: the size of the log that proofs are taken from; 0 leaves proofs out.
        postgres: URL of an empty PostgreSQL database to measure too, `HUB_BENCH_POSTGRES` by default. Its ledger tables
            and a bench table are made in it.
        say: told what is measured next.
    """
    url = postgres or os.environ.get("HUB_BENCH_POSTGRES")
    with open_ground(create=True) as ground, ground.scratch() as folder:
        figures: dict[str, Any] = {"threads": threads, "pairs": pairs, "fsync_ms": round(_fsync_ms(folder), 3)}
        kinds: dict[str, Callable[[int], Pair]] = {"sqlite": lambda number: _sqlite_pair(folder / str(number))}
        if url:
            kinds["postgres"] = partial(_postgres_pair, url, folder)
        for name, pair in kinds.items():
            figures[name] = _compare(pair, (threads, each, pairs), partial(say, name))
        if entries:
            say("proof", 1, 1)
            figures["proof"] = _proofs(folder / "proofs", entries)
    return figures


def _fsync_ms(folder: Path) -> float:
    path, times = folder / "fsync", []
    with path.open("wb", buffering=0) as file:
        for _ in range(200):
            file.write(b"\0" * 4096)
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


Pair = contextlib.AbstractContextManager[tuple[Work, Work]]


def _compare(
    pair: Callable[[int], Pair], size: tuple[int, int, int], say: Callable[[int, int], None]
) -> dict[str, Any]:
    threads, each, pairs = size
    ours, base = [], []
    for number in range(pairs):
        say(number + 1, pairs)
        with pair(number) as (append, insert):
            ours.append(_rate(append, threads, each))
            base.append(_rate(insert, threads, each))
    ratio = statistics.median(a.per_second / b.per_second for a, b in zip(ours, base, strict=True))
    figures = {"ratio": round(ratio, 2)}
    for side, rates in (("ours", ours), ("baseline", base)):
        figures[f"{side}_per_second"] = round(statistics.median(rate.per_second for rate in rates))
        figures[f"{side}_cpu_us"] = round(statistics.median(rate.cpu_us for rate in rates), 1)
    return figures


def _rate(work: Work, threads: int, each: int) -> Rate:
    """All writers begin at once, each writes `each` entries and ends; the time is that of the last one."""
    failures: list[Exception] = []
    start = threading.Barrier(threads + 1)

    def write() -> None:
        try:
            act = work()
            start.wait(timeout=60)
            for _ in range(each):
                act()
        except Exception as failure:  # a writer that fails must fail the measurement, not shorten it
            failures.append(failure)
            start.abort()

    writers = [threading.Thread(target=write) for _ in range(threads)]
    for writer in writers:
        writer.start()
    with contextlib.suppress(threading.BrokenBarrierError):
        start.wait(timeout=60)
    began, cpu = time.perf_counter(), time.process_time()
    for writer in writers:
        writer.join()
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    if failures:
        raise failures[0]
    return Rate(threads * each / wall, cpu / (threads * each) * 1e6)


def _entry() -> NewEntry:
    return NewEntry(Act.DELIVERY_PUBLISHED, "bench", "jinshui.traffic.road_flow/d-0123456789abcdef", _CONTENT)


@contextlib.contextmanager
def _ledger(url: str, folder: Path) -> Iterator[Ledger]:
    engine = open_engine(url)
    try:
        for package, migration in migrations():
            if package.startswith("infra"):
                migrate(engine, package.replace(".", "_"), migration)
        yield Ledger(engine, KeyRing(folder / "keys"), lambda: datetime.now(UTC), origin="cityhub/bench", demo=True)
    finally:
        engine.dispose()


def _appends(ledger: Ledger) -> Work:
    entry = _entry()
    return lambda: lambda: ledger.append([entry])


@contextlib.contextmanager
def _sqlite_pair(folder: Path) -> Iterator[tuple[Work, Work]]:
    folder.mkdir()
    path = folder / "base.db"
    opened: list[sqlite3.Connection] = []

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        opened.append(connection)
        return connection

    def insert() -> Callable[[], object]:
        connection, content = connect(), str(_CONTENT)
        return lambda: connection.execute("INSERT INTO entry (body, content) VALUES (?, ?)", (_BODY, content))

    connect().execute("CREATE TABLE entry (number INTEGER PRIMARY KEY, body TEXT, content TEXT)")
    try:
        with _ledger(f"sqlite:///{folder / 'ours.db'}", folder) as ledger:
            yield _appends(ledger), insert
    finally:
        for connection in opened:
            connection.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _postgres_pair(url: str, above: Path, number: int) -> Iterator[tuple[Work, Work]]:
    folder = above / f"postgres-{number}"
    folder.mkdir()
    engine = sa.create_engine(open_engine(url).url, pool_size=64, isolation_level="AUTOCOMMIT")
    table = sa.Table(
        _TABLE,
        sa.MetaData(),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("body", sa.Text),
        sa.Column("content", sa.Text),
    )
    statement, row = f"INSERT INTO {_TABLE} (body, content) VALUES (%s, %s)", (_BODY, str(_CONTENT))  # noqa: S608

    def insert() -> Callable[[], object]:
        # The driver itself, no SQLAlchemy between: the baseline is as plain as a client can be.
        connection: Any = engine.raw_connection().driver_connection
        return lambda: connection.execute(statement, row)

    try:
        table.create(engine, checkfirst=True)
        with _ledger(url, folder) as ledger:
            yield _appends(ledger), insert
    finally:
        table.drop(engine, checkfirst=True)
        engine.dispose()


def _proofs(folder: Path, entries: int) -> dict[str, Any]:
    folder.mkdir()
    with _ledger(f"sqlite:///{folder / 'log.db'}", folder) as ledger:
        began = time.perf_counter()
        for first in range(0, entries, _BATCH):
            ledger.append([_entry()] * min(_BATCH, entries - first))
        appended = time.perf_counter() - began
        ledger.sequence()
        sequenced = time.perf_counter() - began - appended
        picked = random.Random(1).sample(range(1, entries + 1), min(_PROOFS, entries))  # noqa: S311 - a sample
        cpu = time.process_time()
        times = _prove(ledger, picked)
        cpu = time.process_time() - cpu
    figures = {
        "entries": entries,
        "append_seconds": round(appended, 1),
        "sequence_seconds": round(sequenced, 1),
        "prove_ms": round(statistics.median(times) * 1000, 3),
        "prove_and_verify_cpu_ms": round(cpu / len(picked) * 1000, 3),
        "prove_p99_ms": round(sorted(times)[int(len(times) * 0.99)] * 1000, 3),
        "database_bytes": (folder / "log.db").stat().st_size,
    }
    shutil.rmtree(folder, ignore_errors=True)
    return figures


def _prove(ledger: Ledger, picked: Sequence[int]) -> list[float]:
    times = []
    for number in picked:
        began = time.perf_counter()
        receipt = ledger.prove(number)
        times.append(time.perf_counter() - began)
        receipt.verify()
    return times
