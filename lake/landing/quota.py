"""How much a unit may bring on a day of the city and keep in landing: refused at the door, counted in the database.

The count is exact: it is taken again in the transaction that lands, where deliveries of one unit queue.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.folder.doors import Quota, load_doors
from infra.database import lock, read
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from infra.local_time import CITY_TIME
from lake import tables

CODE, KEPT, OVER_DAY = "ARRIVAL_QUOTA", "ARRIVAL_KEPT", "ARRIVAL_OVER_DAY"
_SAID = {
    "deliveries_a_day": ("每日 {} 个批次", "{} deliveries a day"),
    "bytes_a_day": ("每日 {} 字节", "{} bytes a day"),
    "bytes_kept": ("贴源层共 {} 字节", "{} bytes kept in landing"),
}


@dataclass(frozen=True, slots=True)
class Use:
    """How much of one limit of a unit is used; bytes, or deliveries."""

    unit: str
    limit: str
    used: int
    most: int


def check(ground: Ground, unit: str, size: int, at: datetime, connection: Connection | None = None) -> int | None:
    """Make sure that `unit` may bring `size` bytes more at `at`; inside `connection` the answer holds until it ends.

    Returns:
        How many bytes it may bring then, these among them; None when nothing limits them.

    Raises:
        Refused: ARRIVAL_QUOTA, what helps is to wait for the next day; ARRIVAL_KEPT and ARRIVAL_OVER_DAY, it does not;
            CATALOG_FAULTY when the city's file of quotas cannot be read.
    """
    limits = load_doors(ground.city).quota(unit)
    if limits == Quota():
        return None
    if connection is not None:
        lock(connection, f"quota:{unit}")
        found = _uses(connection, unit, limits, at)
    else:
        with read(ground.engine) as own:
            found = _uses(own, unit, limits, at)
    needs = {one.limit: 1 if one.limit == "deliveries_a_day" else size for one in found}
    beyond = [_beyond(one, needs[one.limit]) for one in found if one.used + needs[one.limit] > one.most]
    if beyond:  # where one of them stays beyond for ever, waiting for the others is in vain
        raise next((each for each in beyond if each.code != CODE), beyond[0])
    return min((one.most - one.used for one in found if one.limit != "deliveries_a_day"), default=None)


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


def _beyond(use: Use, need: int) -> Refused:
    """The refusal of `need` more than a limit leaves; it says whether another day changes anything. Pure."""
    zh, en = (text.format(use.most) for text in _SAID[use.limit])
    kept, over = use.limit == "bytes_kept", need > use.most
    if not kept and not over:
        return Refused(
            CODE,
            f"超出本单位的归集限额（{zh}），未接收",
            f"beyond the unit's quota ({en}); not taken",
            remedy=Text(
                "次日再报送，或请主管部门调整 arrivals.yaml",
                "deliver tomorrow, or have the authority raise arrivals.yaml",
            ),
        )
    remedy = Text(
        f"次日也不能接收：请主管部门在 arrivals.yaml 中调整 {use.limit}" + ("" if kept else "，或拆分后报送"),
        f"waiting does not help: have the authority raise {use.limit} in arrivals.yaml"
        + ("" if kept else ", or split the delivery"),
    )
    if kept:
        zh, en = f"本单位的留存限额已满（{zh}），未接收", f"what the unit may keep is used up ({en}); not taken"
    else:
        zh, en = f"一个批次即超出本单位的全日限额（{zh}），未接收", f"more than the unit's whole day ({en}); not taken"
    return Refused(KEPT if kept else OVER_DAY, zh, en, remedy=remedy)
