"""What is due, and when: the register's schedule for Airflow, and the bodies of its tasks.

Promises:
- one DAG for a unit and an update frequency that a resource of it with a contract has; its parse reads one small file,
  `HUB_HOME/airflow/schedule.json`, and opens no database;
- a delivery is due when it has landed, is not final, and its resource has the DAG's frequency: that is asked of the
  database each time, so that nothing rests on an event that arrives once;
- a dataset's deliveries stand in one batch, in the order of their arrival; batches are of similar weight;
- every function may run again: what is done is not done twice. Values that pass between tasks are ids and counts.
"""

import contextlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalogs.lookup import Listed
from catalogs.register import departments, listing, units
from catalogs.values.model import Department, Unit, UpdateFrequency
from catalogs.values.words import find
from contracts.register import listing as contracts
from infra.database import read
from infra.errors import HubError, Unavailable
from infra.ground import Ground, open_ground
from lake.tables import AUDITED, BLOCKED, FINAL, FINISHED, LANDED, REFUSED, REPEATED, delivery

# When a frequency's deliveries are taken (Asia/Shanghai); those without a rhythm are looked for every hour.
CRON: Mapping[UpdateFrequency, str] = {
    UpdateFrequency.REALTIME: "*/5 * * * *",
    UpdateFrequency.DAILY: "15 * * * *",
    UpdateFrequency.WEEKLY: "25 */6 * * *",
    UpdateFrequency.MONTHLY: "35 2,14 * * *",
    UpdateFrequency.QUARTERLY: "45 2,14 * * *",
    UpdateFrequency.HALF_YEARLY: "55 2 * * *",
    UpdateFrequency.YEARLY: "5 3 * * *",
    UpdateFrequency.IRREGULAR: "40 * * * *",
}
BATCH_BYTES = 64 << 20
"""A batch's weight: one large file, or some hundreds of small ones that share one start of the heavy libraries."""
DELIVERY_BYTES = 256 << 10
"""What a delivery weighs besides its bytes: its own commits and its audit."""
MOST_DELIVERIES = 5000
"""In one run of a DAG; the rest is due in the next."""
OPEN_STATES = (LANDED, AUDITED)


@dataclass(frozen=True, slots=True)
class Dag:
    """One DAG: its id, what it is for, when it runs, and what a person reads of it."""

    id: str
    unit: str
    frequency: str
    cron: str | None
    owner: str
    tags: tuple[str, ...]
    title: str
    doc: str


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that waits: its number tells its place in the order."""

    number: int
    id: str
    dataset: str
    size: int


def plan_dags(known: Iterable[Listed], all_units: Iterable[Unit], all_departments: Iterable[Department]) -> list[Dag]:
    """The DAGs of a register, by id."""
    names = {unit.id: unit.name for unit in all_units}
    departments_by_id = {department.id: department.name for department in all_departments}
    groups: dict[tuple[str, UpdateFrequency], list[Listed]] = {}
    for resource in known:
        frequency = find(UpdateFrequency, resource.update_frequency) or UpdateFrequency.IRREGULAR
        groups.setdefault((resource.unit, frequency), []).append(resource)
    return [
        _dag(unit, frequency, members, names, departments_by_id)
        for (unit, frequency), members in sorted(groups.items(), key=lambda group: (group[0][0], group[0][1].value))
    ]


def _dag(
    unit: str,
    frequency: UpdateFrequency,
    members: list[Listed],
    names: Mapping[str, Any],
    departments_by_id: Mapping[str, Any],
) -> Dag:
    name = names.get(unit)
    zh, en = (name.zh, name.en) if name else (unit, unit)
    providers = sorted({member.provider for member in members})
    owner = departments_by_id[providers[0]].en if len(providers) == 1 and providers[0] in departments_by_id else en
    shown = members[:50]
    listed = "\n".join(f"- `{member.id}` {member.title.zh} / {member.title.en}" for member in shown)
    more = f"\n- … {len(members) - len(shown)}" if len(members) > len(shown) else ""
    return Dag(
        id=f"ingest_{unit}_{frequency.value}",
        unit=unit,
        frequency=frequency.value,
        cron=CRON.get(frequency),
        owner=owner.replace(",", " "),
        tags=("ingest", unit, frequency.value, *sorted({member.domain for member in members})[:20]),
        title=f"{zh} {en} · {frequency.value}",
        doc=(
            f"### {zh} · {frequency.value}\n\n归集到期批次：到达 → 到期 → 处理 → 登记元数据。"
            f"失败的批次单独失败，任何任务都可以重跑。\n\n"
            f"### {en} · {frequency.value}\n\nTakes the deliveries that are due: arrive → due → process → describe. "
            f"A failed delivery fails alone; every task may be run again.\n\n{listed}{more}\n"
        ),
    )


def schedule_file(home: Path) -> Path:
    """Where the DAG file finds its DAGs, below the hub's home."""
    return home / "airflow" / "schedule.json"


def write_schedule(ground: Ground) -> list[Dag]:
    """Bring the schedule file up to the register; an unchanged file is left alone."""
    promised = {one.dataset for one in contracts(ground.engine)}
    known = [one for one in listing(ground.engine) if one.id in promised]
    dags = plan_dags(known, units(ground.engine), departments(ground.engine))
    path = schedule_file(ground.home)
    text = json.dumps({"dags": [asdict(dag) for dag in dags]}, ensure_ascii=False, indent=1)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    return dags


def due(
    ground: Ground, *, unit: str | None = None, datasets: Collection[str] = (), limit: int = MOST_DELIVERIES
) -> list[Due]:
    """The deliveries that wait, oldest first, of `unit` and of `datasets` where these are given."""
    wanted = sa.select(delivery.c.number, delivery.c.id, delivery.c.dataset, delivery.c.size).where(
        delivery.c.state.in_(OPEN_STATES), delivery.c.dataset.is_not(None)
    )
    if unit is not None:
        wanted = wanted.where(delivery.c.unit == unit)
    if datasets:
        wanted = wanted.where(delivery.c.dataset.in_(sorted(datasets)))
    with read(ground.engine) as connection:
        rows = connection.execute(wanted.order_by(delivery.c.number).limit(limit)).all()
    return [Due(row.number, row.id, row.dataset, row.size) for row in rows]


def batches(waiting: Iterable[Due], *, most_bytes: int = BATCH_BYTES) -> list[list[str]]:
    """Delivery ids in batches: a dataset in one batch, oldest first, the batches as full as `most_bytes` allows."""
    by_dataset: dict[str, list[Due]] = {}
    for one in sorted(waiting, key=lambda one: one.number):
        by_dataset.setdefault(one.dataset, []).append(one)
    made: list[list[str]] = []
    room = 0
    for group in by_dataset.values():
        weight = sum(one.size + DELIVERY_BYTES for one in group)
        if not made or weight > room:
            made.append([])
            room = most_bytes
        made[-1] += [one.id for one in group]
        room -= weight
    return made


def frequencies(ground: Ground) -> dict[str, str]:
    """Dataset → update frequency, of the whole register."""
    return {one.id: one.update_frequency for one in listing(ground.engine)}


# The bodies of the tasks. Each opens its own ground: tasks are processes of their own.


def arrive_task(unit: str) -> dict[str, int]:
    """Land what has arrived completely at every door of the unit; also bring the schedule up to the register.

    Raises:
        HubError: of the first door that is broken, after all doors were looked at.
    """
    from lake.arrival.doors import take  # noqa: PLC0415 - loaded where it runs

    with open_ground() as ground:
        write_schedule(ground)
        found = take(ground, unit=unit)
        for error in found.broken.values():
            raise error
        return {"landed": len(found.deliveries)}


def due_task(unit: str, frequency: str, datasets: Collection[str] = ()) -> list[list[str]]:
    """The batches of deliveries that are due for this DAG."""
    with open_ground() as ground:
        waiting = due(ground, unit=unit, datasets=datasets)
        of = frequencies(ground)
        return batches(one for one in waiting if of.get(one.dataset) == frequency)


def process_task(ids: list[str]) -> dict[str, int]:
    """Take each delivery of the batch through the whole way; how many ended in which state.

    All are tried before anything is raised. `failed` counts those that ended without a verdict and may be tried again.
    """
    from lake.ingest import process_batch  # noqa: PLC0415 - GX and DuckDB load where the task runs

    with open_ground() as ground:
        states = [outcome.state for outcome in process_batch(ground, ids)]
    counts = {state: states.count(state) for state in (FINISHED, REPEATED, BLOCKED, REFUSED) if state in states}
    return counts | {"failed": sum(state not in FINAL for state in states)}


def describe_task() -> dict[str, int]:
    """Tell people of tickets, and send on what waits in the outbox. Another sender at work sends ours too."""
    from lake.describe.outbox import drain  # noqa: PLC0415 - DataHub loads where the task runs
    from lake.records.record import ACTOR  # noqa: PLC0415
    from lake.tickets.notices import tell  # noqa: PLC0415 - loaded where it runs

    with open_ground() as ground:
        with contextlib.suppress(HubError):  # who could not be told is told by the next run
            tell(ground, ACTOR)
        try:
            return asdict(drain(ground))
        except Unavailable as error:
            if error.code == "LEASE_TAKEN":
                return {"sent": 0, "failed": 0, "left": 0}
            raise
