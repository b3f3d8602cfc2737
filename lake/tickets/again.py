"""Deliveries that were refused, taken again: of a ticket, a unit, a dataset, a cause, a day.

A newer contract version makes it happen by itself when the delivery comes up; this is for what was mended elsewhere: a
limit that was raised, a key that came back, a fault of ours. What was blocked has its records in quarantine already and
is no matter for this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from catalogs.people.asking import may_deliver
from catalogs.values.model import Person
from infra.database import read, write
from infra.errors import Refused
from infra.ground import Ground
from infra.ledger import Act, NewEntry
from infra.local_time import CITY_TIME
from lake import tables
from lake.records import record

MOST = 5000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which refused deliveries; None: whichever. `day` is the city's day on which they arrived."""

    units: frozenset[str]
    dataset: str | None = None
    cause: str | None = None
    day: date | None = None


def refused(ground: Ground, wanted: Wanted) -> list[str]:
    """The ids of the refused deliveries of registered resources, oldest first, at most `MOST`."""
    table = tables.delivery
    query = sa.select(table.c.id).where(
        table.c.state == tables.REFUSED, table.c.dataset.is_not(None), table.c.unit.in_(sorted(wanted.units))
    )
    if wanted.dataset is not None:
        query = query.where(table.c.dataset == wanted.dataset)
    if wanted.cause is not None:
        query = query.where(table.c.code == wanted.cause)
    if wanted.day is not None:
        first = datetime.combine(wanted.day, time(), CITY_TIME)
        query = query.where(table.c.arrived_at >= first, table.c.arrived_at < first + timedelta(days=1))
    with read(ground.engine) as connection:
        return list(connection.execute(query.order_by(table.c.number).limit(MOST)).scalars())


def deliverable(ground: Ground, someone: Person, deliveries: Sequence[str]) -> list[str]:
    """Those of `deliveries` that `someone` may take again: to take one again is to deliver it.

    Raises:
        Refused: DELIVERY_DENIED, with its reasons, when there are some and none of them may be; POLICY_INVALID.
    """
    of = {one: record.load(ground.engine, one)["dataset"] for one in deliveries}
    allowed, denied = set[str](), list[Refused]()
    for dataset in sorted(set(of.values())):
        try:
            may_deliver(ground, someone, dataset)
            allowed.add(dataset)
        except Refused as error:
            if error.code not in ("DELIVERY_DENIED", "CATALOG_UNKNOWN_RESOURCE"):
                raise
            denied.append(error)
    if denied and not allowed:
        raise denied[0]
    return [one for one in deliveries if of[one] in allowed]


def again(ground: Ground, deliveries: Sequence[str], actor: str, cause: str | None = None) -> list[record.Outcome]:
    """Take the refused `deliveries` once more; those that are no longer refused are left as they are.

    That `actor` had them taken again stands in the ledger before the first of them is.
    """
    from lake.ingest import process_batch  # noqa: PLC0415 - GX and DuckDB load where there is work

    rows = [record.load(ground.engine, one) for one in deliveries]
    with write(ground.engine) as connection:
        done: dict[str, list[str]] = {}
        for row in rows:
            if record.reopened(connection, row):
                done.setdefault(row["dataset"], []).append(row["id"])
        entries = [
            NewEntry(Act.DELIVERY_REOPENED, actor, of, {"dataset": of, "cause": cause, "count": len(ids), "ids": ids})
            for of, ids in done.items()
        ]
        ground.ledger.append(entries, connection=connection)
    return process_batch(ground, deliveries)
