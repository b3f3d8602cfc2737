"""How much a unit may bring on a day of the city and keep in landing: refused at the door, counted in the database.

The count is exact: it is taken again in the transaction that lands, where deliveries of one unit queue.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.doors import load_doors
from infra.database import lock, read
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from infra.local_time import CITY_TIME
from lake import tables

CODE = "ARRIVAL_QUOTA"


def check(ground: Ground, unit: str, size: int, at: datetime, connection: Connection | None = None) -> None:
    """Make sure that `unit` may bring `size` bytes more at `at`; inside `connection` the answer holds until it ends.

    Raises:
        Refused: ARRIVAL_QUOTA; CATALOG_FAULTY when the city's file of quotas cannot be read.
    """
    limits = load_doors(ground.city).quota(unit)
    table = tables.delivery
    mine = table.c.unit == unit
    if limits.bytes_a_day is not None or limits.deliveries_a_day is not None:
        since = _day(at)
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(table.c.size), 0)).where(
            mine, table.c.arrived_at >= since, table.c.arrived_at < since + timedelta(days=1)
        )
        count, brought = _ask(ground, query, unit, connection)
        if limits.deliveries_a_day is not None and count + 1 > limits.deliveries_a_day:
            most = limits.deliveries_a_day
            raise _beyond(f"每日 {most} 个批次", f"{most} deliveries a day", tomorrow=True)
        if limits.bytes_a_day is not None and brought + size > limits.bytes_a_day:
            most = limits.bytes_a_day
            raise _beyond(f"每日 {most} 字节", f"{most} bytes a day", tomorrow=True)
    if limits.bytes_kept is not None:
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(table.c.size), 0)).where(
            mine, table.c.object_key.is_not(None)
        )
        _, kept = _ask(ground, query, unit, connection)
        if kept + size > limits.bytes_kept:
            most = limits.bytes_kept
            raise _beyond(f"贴源层共 {most} 字节", f"{most} bytes kept in landing", tomorrow=False)


def seconds_left(at: datetime) -> int:
    """Until the city's next day begins: when to ask again."""
    return int((_day(at) + timedelta(days=1) - at).total_seconds()) + 1


def _day(at: datetime) -> datetime:
    return at.astimezone(CITY_TIME).replace(hour=0, minute=0, second=0, microsecond=0)


def _ask(ground: Ground, query: sa.Select[Any], unit: str, connection: Connection | None) -> tuple[int, int]:
    if connection is not None:
        lock(connection, f"quota:{unit}")
        count, size = connection.execute(query).one()
        return count, size
    with read(ground.engine) as own:
        count, size = own.execute(query).one()
        return count, size


def _beyond(zh: str, en: str, *, tomorrow: bool) -> Refused:
    later = Text(
        "次日再报送，或请主管部门调整 arrivals.yaml", "deliver tomorrow, or have the authority raise arrivals.yaml"
    )
    erase = Text("请主管部门调整 arrivals.yaml", "have the authority raise it in arrivals.yaml")
    return Refused(
        CODE,
        f"超出本单位的归集限额（{zh}），未接收",
        f"beyond the unit's quota ({en}); not taken",
        remedy=later if tomorrow else erase,
    )
