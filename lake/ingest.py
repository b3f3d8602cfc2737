"""Ingest: what takes a delivery from its bytes to a version of its table, and can be killed and called again anywhere.

- `process` may be called for the same delivery any number of times, by any number of processes: one does the work, the
  others wait for it and see the same outcome;
- what was withdrawn stays so: a delivery whose publication had not begun by then is refused and keeps its bytes;
- one writer a dataset at a time holds a lease; a publication that another process left half done is finished first;
- a delivery that cannot be read is refused and keeps its bytes; one that is blocked publishes nothing and has its
  records in quarantine; neither disturbs the deliveries beside it.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from catalogs.life.withdrawn import CODE as WITHDRAWN
from catalogs.life.withdrawn import refusal as withdrawn
from contracts import compile as compilation
from contracts.compile import Compiled
from contracts.register import contract
from infra.errors import HubError, Refused, Unavailable
from infra.ground import Ground
from infra.language import Text
from infra.lease import Lease, kept, lease
from infra.settings import load as load_settings
from lake import prepare, tables
from lake.ahead import read_ahead
from lake.audit import audit
from lake.landing.delivery import Arrival, find
from lake.landing.landing import land_arrival, open_landed
from lake.prepare import Progress, Separated, Task
from lake.publish import publish
from lake.publish.interrupted import finish_interrupted
from lake.records import record
from lake.records.record import Outcome, Row
from lake.room import room
from lake.split.known_keys import KnownKeys
from lake.store.delta import Tables
from lake.store.duck import Duck, LakeSettings

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Given:
    """What a delivery's work is given: where its plaintext lies when it lies there, a folder, what was read ahead."""

    plain: Path
    scratch: Path
    separated: Separated | None = None


class Session:
    """What one process keeps between deliveries: open tables, the audit's library and context, compiled contracts.

    Use it with `with`; not for several threads at once.

    Attributes:
        auditing: becomes the auditor, made beside the reading.
    """

    def __init__(self, ground: Ground, progress: Progress | None = None) -> None:
        self.ground = ground
        self.settings = load_settings(LakeSettings, ground.environ)
        self.lake = Tables(ground.store)
        self.progress = progress
        self._contracts: dict[str, Compiled] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Session":
        scratch = self._stack.enter_context(self.ground.scratch())
        self.duck = self._stack.enter_context(Duck(scratch, self.settings))
        self.known = KnownKeys(self.ground.store, self.duck)
        self.auditing = audit.preload(self.duck)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # It may still be in the making when all was refused: a process must not end under a thread that imports.
        with self._stack:
            if self.auditing.exception() is None:
                self.auditing.result().close()

    def auditor(self) -> audit.Auditor:
        """The auditor, ready or waited for."""
        return self.auditing.result()

    def task(self, row: Row, compiled: Compiled, given: Given) -> Task:
        """What a delivery's work needs; its plaintext is opened unless it lies there."""
        plain = given.plain
        if given.separated is None and not plain.exists():
            plain = open_landed(self.ground, find(self.ground, row["id"]), given.scratch)
        return Task(
            self.ground,
            self.lake,
            compiled,
            row,
            plain,
            given.scratch,
            self.duck,
            self.settings,
            self.auditor,
            self.known,
            self.progress,
        )

    def separate(self, delivery: str, scratch: Path) -> Separated | None:
        """The delivery read and split ahead of its turn, when that is worth while: it is small and waits."""
        row = record.load(self.ground.engine, delivery)
        if row["state"] != tables.LANDED or row["size"] > prepare.SMALL_BYTES:
            return None
        task = self.task(row, self.compiled(row["dataset"]), Given(scratch / "plain", scratch))
        return prepare.separate(replace(task, progress=None))

    def compiled(self, dataset: str) -> Compiled:
        """The dataset's newest contract, compiled once."""
        if dataset not in self._contracts:
            self._contracts[dataset] = compilation.compile(contract(self.ground.engine, dataset))
        return self._contracts[dataset]


def ingest(
    ground: Ground,
    dataset: str,
    path: Path | tuple[Path, ...],
    *,
    actor: str,
    channel: str = "command",
    session: Session | None = None,
) -> Outcome:
    """Land `path` for `dataset` and take it all the way: a file, a folder, or several files that are one delivery.

    Raises:
        Refused: nothing could land (`LANDING_…`). What landed and was refused comes back as an outcome.
        Unavailable: a service was not there; calling again goes on where this ended.
    """
    started = time.monotonic()
    with _session(ground, session) as here, _folder(here) as scratch:
        plain = scratch / "plain"
        first, together = (path, ()) if isinstance(path, Path) else (path[0], path)
        arrival = Arrival(dataset, first, channel, ground.now(), actor, together=together)
        landed = land_arrival(ground, arrival, scratch, plain)
        outcome = _process(here, landed.id, Given(plain, scratch))
    return replace(outcome, seconds=time.monotonic() - started)


def process(
    ground: Ground, delivery: str, *, session: Session | None = None, separated: Separated | None = None
) -> Outcome:
    """Take a landed delivery the rest of the way, from wherever it stands; `separated` when it was read ahead.

    Raises:
        WrongUse: `LANDING_UNKNOWN`.
        Unavailable: as `ingest`.
    """
    started = time.monotonic()
    with _session(ground, session) as here, _folder(here) as scratch:
        outcome = _process(here, delivery, Given(scratch / "plain", scratch, separated))
    return replace(outcome, seconds=time.monotonic() - started)


def process_batch(ground: Ground, deliveries: Sequence[str], *, session: Session | None = None) -> list[Outcome]:
    """`process` for several in one process; one that fails fails alone, its outcome carries the error's code."""
    outcomes = []
    with _session(ground, session) as here:
        for delivery, separated in read_ahead(ground, here.separate, deliveries):
            try:
                outcomes.append(process(ground, delivery, session=here, separated=separated))
            except HubError as error:
                row = record.load(ground.engine, delivery)
                outcomes.append(replace(Outcome.of(row), code=error.code, message=error.text))
    return outcomes


@contextlib.contextmanager
def _session(ground: Ground, session: Session | None) -> Iterator[Session]:
    if session is not None:
        yield session
        return
    with Session(ground) as own:
        yield own


@contextlib.contextmanager
def _folder(session: Session) -> Iterator[Path]:
    with session.ground.scratch() as folder:
        yield folder


def _process(session: Session, delivery: str, given: Given) -> Outcome:
    engine = session.ground.engine
    row = record.load(engine, delivery)
    if _settled(session, row):
        return Outcome.of(row)
    name = f"lake:{row['dataset']}"
    seconds = session.settings.lease_seconds
    with lease(engine, name, seconds=seconds, wait_seconds=session.settings.wait_seconds) as held, kept(held):
        for _ in range(_ATTEMPTS):
            row = record.load(engine, delivery)
            if _settled(session, row):
                return Outcome.of(row)
            if delivery in finish_interrupted(session.ground, session.lake, row["dataset"]):
                continue
            with room():
                _advance(session, row, held, given)
    row = record.load(engine, delivery)
    if row["state"] in tables.FINAL:
        return Outcome.of(row)
    raise Unavailable(
        "DELIVERY_UNSETTLED",
        "该批次多次未能发布，请稍后重试",
        "the delivery could not be published in several attempts",
        remedy=Text("稍后重试", "try again later"),
    )


def _settled(session: Session, row: Row) -> bool:
    """Whether nothing is left to do. What an older contract could not read is tried again with a newer one."""
    if row["state"] == tables.REFUSED and row["dataset"] is not None and row["contract_version"] is not None:
        return bool(row["contract_version"] == session.compiled(row["dataset"]).contract.version)
    return row["state"] in tables.FINAL


def _carry_out(session: Session, row: Row) -> None:
    try:
        publish.carry_out(session.ground, session.lake, row)
    except publish.Stale:
        record.withdraw(session.ground, row)


def _advance(session: Session, row: Row, held: Lease, given: Given) -> None:
    """landed → audited → final, or refused, or repeated."""
    ground = session.ground
    if row["state"] == tables.REFUSED:
        record.reopen(ground, row)
        return
    now = ground.now()
    version: str | None = None
    try:
        gone = withdrawn(ground.engine, row["dataset"])
        if gone is not None:
            raise gone
        compiled = session.compiled(row["dataset"])
        version = compiled.contract.version
        same = record.repeats(ground.engine, row, compiled.contract.mode)
        if same is not None:
            record.repeat(ground, row, same, now)
            return
        task = session.task(row, compiled, given)
        separated = given.separated
        if separated is None or separated.job.compiled is not compiled:
            separated = prepare.separate(task)
        prepared = prepare.prepare(task, separated, now, held)
        record.intend(ground, row, held, prepared.intent, prepared.values, prepared.parts)
    except Refused as refusal:
        # No contract refused what was withdrawn: delivered again once it is published anew, it goes its way.
        record.refuse(ground, row, refusal, None if refusal.code == WITHDRAWN else version, now)
        return
    intended = record.load(ground.engine, row["id"])
    if intended["state"] == tables.AUDITED:  # else it was purged meanwhile
        _carry_out(session, intended)
