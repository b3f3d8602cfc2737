"""Deliveries that were refused, taken again: of a ticket, a unit, a dataset, a cause, a day.

A newer contract version makes it happen by itself when the delivery comes up; this is for what was mended elsewhere: a
limit that was raised, a key that came back, a fault of ours. What was blocked has its records in quarantine already and
is no matter for this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from infra.database import read
from infra.ground import Ground
from infra.local_time import CITY_TIME
from lake import record, tables

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


def again(ground: Ground, deliveries: Sequence[str]) -> list[record.Outcome]:
    """Take the refused `deliveries` once more; those that are no longer refused are left as they are."""
    from lake.ingest import process_batch  # noqa: PLC0415 - GX and DuckDB load where there is work

    for delivery in deliveries:
        record.reopen(ground, record.load(ground.engine, delivery))
    return process_batch(ground, deliveries)
