"""`hub run`: everything that has arrived and is due, through Airflow, with a report of each delivery."""

import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from infra.database import read
from infra.errors import HubError, Refused, Unavailable
from infra.ground import Ground
from infra.language import Text
from infra.settings import load
from lake.arrival.doors import take
from lake.clock.clock import Airflow, Progress, run_dags, start_airflow
from lake.clock.env import ClockSettings
from lake.clock.schedule import due, frequencies, write_schedule
from lake.records.record import Outcome
from lake.tables import delivery

_ROUNDS = 20
"""A run of a DAG takes at most some thousand deliveries: so often it is asked again what is due."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to.

    Attributes:
        deliveries: of every delivery that was due, in their order.
        dags: how each DAG run ended, in Airflow's words.
        start_seconds, run_seconds: how long Airflow took to start, and the runs to end; None where nothing was due.
        broken: the doors that could not be looked at.
    """

    deliveries: tuple[Outcome, ...]
    dags: Mapping[str, str]
    start_seconds: float | None = None
    run_seconds: float | None = None
    broken: Mapping[str, HubError] = field(default_factory=dict)

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape that `hub run --json` prints."""
        return {
            "deliveries": [outcome.as_dict(lang) for outcome in self.deliveries],
            "dags": dict(self.dags),
            "start_seconds": self.start_seconds,
            "run_seconds": self.run_seconds,
            "broken": {door: error.as_dict(lang) for door, error in self.broken.items()},
        }


def run_due(ground: Ground, datasets: Collection[str] = (), *, progress: Progress = lambda _said: None) -> Report:
    """Land what has arrived at every door, take what is due (of `datasets`, else of all) through Airflow, then end it.

    An Airflow that `hub up` runs over the same home is used and left running.

    Raises:
        Refused: `CATALOG_UNKNOWN_RESOURCE` for a dataset that nobody registered.
        Unavailable: `CLOCK_…`.
    """
    of = frequencies(ground)
    unknown = sorted(set(datasets) - set(of))
    if unknown:
        raise Refused(
            "CATALOG_UNKNOWN_RESOURCE",
            f"目录中没有数据资源 {unknown[0]}",
            f"the catalogue holds no resource {unknown[0]}",
            remedy=Text("用 hub catalog list 查看", "see `hub catalog list`"),
        )
    before = _last_number(ground)
    broken = take(ground).broken
    waiting = due(ground, datasets=datasets)
    known = {dag.id for dag in write_schedule(ground)}
    wanted = {f"ingest_{one.dataset.split('.')[0]}_{of[one.dataset]}" for one in waiting if one.dataset in of} & known
    if not wanted:
        return Report(_outcomes(ground, {one.id for one in waiting}, before, datasets), {}, broken=broken)
    with start_airflow(ground, ui=False, progress=progress) as clock:
        states, seconds = _rounds(ground, clock, sorted(wanted), datasets, progress)
        started = None if clock.borrowed else round(clock.seconds, 1)
    outcomes = _outcomes(ground, {one.id for one in waiting}, before, datasets)
    return Report(outcomes, states, started, round(seconds, 1), broken)


def _rounds(
    ground: Ground, clock: Airflow, dags: list[str], datasets: Collection[str], progress: Progress
) -> tuple[dict[str, str], float]:
    started = time.monotonic()
    limit = load(ClockSettings, ground.environ).run_seconds
    states: dict[str, str] = {}
    conf = {"datasets": sorted(datasets)}
    left = {one.id for one in due(ground, datasets=datasets)}
    for _ in range(_ROUNDS):
        runs = run_dags(clock, dict.fromkeys(dags, conf), seconds=limit, progress=progress)
        # The worst state of a DAG's rounds is the one that counts.
        states |= {run.dag: run.state for run in runs if states.get(run.dag) != "failed"}
        still = {one.id for one in due(ground, datasets=datasets)}
        if not still or still >= left:
            break
        left = still
    return states, time.monotonic() - started


def _last_number(ground: Ground) -> int:
    with read(ground.engine) as connection:
        return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(delivery.c.number), 0))).scalar_one())


def _outcomes(ground: Ground, ids: Collection[str], before: int, datasets: Collection[str]) -> tuple[Outcome, ...]:
    """What became of the deliveries that were due, and of those that came after `before`."""
    query = sa.select(delivery).where(sa.or_(delivery.c.number > before, delivery.c.id.in_(sorted(ids))))
    if datasets:
        query = query.where(delivery.c.dataset.in_(sorted(datasets)))
    with read(ground.engine) as connection:
        rows = connection.execute(query.order_by(delivery.c.number)).mappings().all()
    return tuple(
        Outcome.of(row, (row["finished_at"] - row["arrived_at"]).total_seconds() if row["finished_at"] else 0.0)
        for row in rows
    )


class Keeper(threading.Thread):
    """Keeps the schedule up to the register while `hub up` runs; a failure is tried again at the next turn."""

    def __init__(self, ground: Ground, *, seconds: float = 30.0) -> None:
        super().__init__(name="schedule", daemon=True)
        self._ground, self._seconds, self._over = ground, seconds, threading.Event()

    def run(self) -> None:
        """Write the schedule at each turn."""
        while not self._over.wait(self._seconds):
            try:
                write_schedule(self._ground)
            except Unavailable:
                continue

    def stop(self) -> None:
        """End it."""
        self._over.set()
        self.join(timeout=10)
