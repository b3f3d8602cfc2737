"""How much a unit may bring on a day of the city and keep in landing: refused at the door, counted in the database.

The count is exact: it is taken again in the transaction that lands, where deliveries of one unit queue.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.doors import Quota, load_doors
from infra.database import lock, read
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from infra.local_time import CITY_TIME
from lake import tables

CODE = "ARRIVAL_QUOTA"


@dataclass(frozen=True, slots=True)
class Use:
    """How much of one limit of a unit is used; bytes, or deliveries."""

    unit: str
    limit: str
    used: int
    most: int


def check(ground: Ground, unit: str, size: int, at: datetime, connection: Connection | None = None) -> None:
    """Make sure that `unit` may bring `size` bytes more at `at`; inside `connection` the answer holds until it ends.

    Raises:
        Refused: ARRIVAL_QUOTA; CATALOG_FAULTY when the city's file of quotas cannot be read.
    """
    said = {
        "deliveries_a_day": ("每日 {} 个批次", "{} deliveries a day"),
        "bytes_a_day": ("每日 {} 字节", "{} bytes a day"),
        "bytes_kept": ("贴源层共 {} 字节", "{} bytes kept in landing"),
    }
    limits = load_doors(ground.city).quota(unit)
    if limits == Quota():
        return
    if connection is not None:
        lock(connection, f"quota:{unit}")
        found = _uses(connection, unit, limits, at)
    else:
        with read(ground.engine) as own:
            found = _uses(own, unit, limits, at)
    for one in found:
        if one.used + (1 if one.limit == "deliveries_a_day" else size) > one.most:
            zh, en = (text.format(one.most) for text in said[one.limit])
            raise _beyond(zh, en, tomorrow=one.limit != "bytes_kept")


def uses(ground: Ground, at: datetime) -> list[Use]:
    """How much of every limit in the city is used at `at`.

    Raises:
        Refused: CATALOG_FAULTY.
    """
    quotas = load_doors(ground.city).quotas
    if not quotas:
        return []
    with read(ground.engine) as connection:
        return [one for unit, limits in quotas for one in _uses(connection, unit, limits, at)]


def _uses(connection: Connection, unit: str, limits: Quota, at: datetime) -> list[Use]:
    table, since = tables.delivery, _day(at)
    asked = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(table.c.size), 0)).where(table.c.unit == unit)
    found: dict[str, int] = {}
    if limits.deliveries_a_day is not None or limits.bytes_a_day is not None:
        day = asked.where(table.c.arrived_at >= since, table.c.arrived_at < since + timedelta(days=1))
        found["deliveries_a_day"], found["bytes_a_day"] = connection.execute(day).one()
    if limits.bytes_kept is not None:
        _, found["bytes_kept"] = connection.execute(asked.where(table.c.object_key.is_not(None))).one()
    most = {name: getattr(limits, name) for name in found}
    # A sum of big integers is a Decimal on PostgreSQL.
    return [Use(unit, name, int(used), most[name]) for name, used in found.items() if most[name] is not None]


def seconds_left(at: datetime) -> int:
    """Until the city's next day begins: when to ask again."""
    return int((_day(at) + timedelta(days=1) - at).total_seconds()) + 1


def _day(at: datetime) -> datetime:
    return at.astimezone(CITY_TIME).replace(hour=0, minute=0, second=0, microsecond=0)


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
