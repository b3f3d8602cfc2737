"""The engine under a guarded question, as its asker sees it: a process of its own that is ended at the deadline.

    with started() as engine:
        engine.prepare(job, seconds)      bound against the views; nothing is read
        …                                 the read is entered in the ledger
        engine.fetch(limit)

What the process does and how it limits itself stands in `lake.query.child`. It is started first, so that it is ready
when the plan is; it knows nothing of our environment; it ends with the block, however the block ends.
"""

import contextlib
import json
import math
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.ipc

from infra.errors import HubError, Refused, Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.processes import Child
from infra.settings import Settings
from infra.text import quote_identifier
from lake.query import guard, mask
from lake.query.child import NO_MEMORY, Job, no_memory
from lake.store.versions import Snapshot

_START = 60.0  # seconds that an unburdened start may take
_SLACK = 5  # seconds of processor time beside those of the question: the start, and reading the answer out
_LINE = 64 << 10
# Nothing of our environment goes along: it holds secrets. Arrow's own allocator would reserve address space.
_ENVIRON = {"PATH": os.defpath, "LANG": "C.UTF-8", "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
_COMMAND = [sys.executable, "-I", "-X", "utf8", "-c", "from lake.query.child import main; main()"]


class QuerySettings(Settings, frozen=True):
    """What one question may use."""

    section: ClassVar[str] = "query"

    rows: int = 1_000_000
    bytes: int = 512 << 20
    seconds: float = 60.0
    memory: str = "1GB"
    spill: str = "8GB"
    threads: int = 2


def job(
    ground: Ground, plan: mask.Plan, checked: guard.Checked, scratch: Path, settings: QuerySettings, limit: int
) -> Job:
    """What the process is to do: one row more than `limit` tells that there are more."""
    spill = scratch / "spill"
    spill.mkdir()
    scans: dict[str, str | None] = {}
    allowed: list[str] = []
    far: dict[str, Snapshot] = {}
    for number, one in enumerate(plan.sources):
        paths = [ground.store.local(key) for key in one.snapshot.keys()]  # noqa: SIM118 - object keys
        local = [str(path) for path in paths if path is not None]
        if not paths:
            scans[one.resource.id] = None
        elif len(local) == len(paths):
            allowed += local
            scans[one.resource.id] = f"read_parquet([{', '.join(map(_literal, local))}], union_by_name = true)"
        else:
            # A name that no SQL of a reader can say: outside WITH it lacks a unit, and WITH defines plain names only.
            far[f"source/{number}"] = one.snapshot
            scans[one.resource.id] = quote_identifier(f"source/{number}")
    views = tuple(
        (relation.schema, relation.table, mask.view_sql(relation, sources, lambda one: scans[one.resource.id]))
        for relation, sources in plan.views.items()
    )
    return Job(
        sql=checked.sql,
        views=views,
        allowed=tuple(allowed),
        rows=limit + 1,
        bytes=settings.bytes,
        spill=str(spill),
        spilled=settings.spill,
        memory=settings.memory,
        threads=settings.threads,
        cpu=math.ceil(settings.seconds * settings.threads) + _SLACK,
        far=far,
        store={name: value for name, value in ground.environ.items() if name.startswith("HUB_STORE")} if far else {},
        home=str(ground.home) if far else "",
    )


@contextlib.contextmanager
def started() -> Iterator["Engine"]:
    """The process, starting; ended with the block.

    Raises:
        Unavailable: `QUERY_PROCESS`.
    """
    try:
        # A session of its own: Ctrl-C reaches us alone, and we end it.
        process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRON,
            start_new_session=True,
        )
    except OSError as error:
        raise _unavailable() from error
    with Child(process, None):
        try:
            yield Engine(process)
        finally:
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]


class Engine:
    """One started process: first `prepare`, then `fetch`, each once."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        self._process, self._in, self._out = process, process.stdin, process.stdout
        self._over = threading.Event()
        self._seconds: float | None = None  # of the question; the start has its own
        self._left = _START

    def prepare(self, job: Job, seconds: float) -> None:
        """Bind the query, within `seconds`, of which `fetch` has what is left.

        Raises:
            WrongUse: `QUERY_SYNTAX`, `QUERY_WRONG`.
            Refused: `QUERY_TIMEOUT`, `QUERY_MEMORY`, `QUERY_FAILED`.
            Unavailable: `QUERY_PROCESS`.
        """
        with self._deadline():
            self._heard()
        self._seconds = self._left = seconds
        with self._deadline():
            self._tell(pickle.dumps(job))
            self._heard()

    def fetch(self, limit: int) -> tuple[pa.Table, bool]:
        """The rows, at most `limit`, and whether there were more.

        Raises:
            Refused: `QUERY_TOO_LARGE`; else as `prepare`.
            Unavailable: `QUERY_PROCESS`.
        """
        with self._deadline():
            self._tell(b"\n")
            self._heard()
            try:
                rows: pa.Table = pa.ipc.open_stream(pa.PythonFile(self._out, mode="r")).read_all()
            except (pa.ArrowException, OSError):
                raise self._gone() from None
            self._heard()
        return _in_utc(rows.slice(0, limit)), rows.num_rows > limit

    @contextlib.contextmanager
    def _deadline(self) -> Iterator[None]:
        """End the process when what is left of the question's time is over."""
        timer = threading.Timer(max(self._left, 0.0), self._end)
        timer.daemon = True
        began = time.monotonic()
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._left -= time.monotonic() - began

    def _end(self) -> None:
        self._over.set()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _tell(self, data: bytes) -> None:
        try:
            self._in.write(data)
            self._in.flush()
        except OSError:
            raise self._gone() from None

    def _heard(self) -> None:
        """Take one line: nothing is wrong, or it is an error."""
        line = self._out.readline(_LINE)
        if not line.endswith(b"\n"):
            raise self._gone()
        said: dict[str, Any] = json.loads(line)
        if said:
            kind = WrongUse if said["wrong_use"] else Refused
            remedy = Text(*said["remedy"]) if said["remedy"] else None
            raise kind(said["code"], said["zh"], said["en"], remedy=remedy)

    def _gone(self) -> HubError:
        """Why the process ended before it had answered."""
        status = self._process.wait()
        if self._seconds is None:
            return _unavailable()
        if self._over.is_set() or status == -signal.SIGXCPU:
            return Refused(
                "QUERY_TIMEOUT",
                f"查询超过 {self._seconds:g} 秒，已中止",
                f"the query took more than {self._seconds:g} s and was stopped",
                remedy=Text("缩小范围，或先聚合", "narrow it, or aggregate first"),
            )
        # Without memory a process ends in many ways: by its own word, aborted, or killed by the system.
        return no_memory() if status < 0 or status == NO_MEMORY else _unavailable()


def _in_utc(table: pa.Table) -> pa.Table:
    """Instants carry the session's zone as a label; the instant is the same, the label becomes UTC's."""
    fields = [
        column.with_type(pa.timestamp(column.type.unit, "UTC"))
        if pa.types.is_timestamp(column.type) and column.type.tz
        else column
        for column in table.schema
    ]
    return table.cast(pa.schema(fields))


def _unavailable() -> Unavailable:
    return Unavailable(
        "QUERY_PROCESS",
        "查询进程无法启动或意外结束",
        "the query's process could not be started, or ended unexpectedly",
        remedy=Text("重试；仍不行则运行 hub doctor", "try again; if it stays so, run `hub doctor`"),
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
