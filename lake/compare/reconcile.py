"""The register compared with the lake: catalogued but never delivered, delivered but not catalogued, late, drifted.

Promises:

- comparing reads the two and changes neither; what it found is kept with the time since when it holds, and what is no
  more is closed with the time at which that was seen; kept together with the ledger entry, in one transaction;
- comparing again with nothing changed changes no difference;
- no file's name and no value of the data is kept or told: ids, item names, types, days and counts alone.

It asks the database alone, in a fixed number of queries: 50,000 resources take seconds. What a table holds is what the
contract of its newest standing delivery promised, which publishing has held it to.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.folder.jurisdiction import load_jurisdiction
from catalogs.life.duties import tick
from catalogs.own_city import own_city
from infra.calendar import WorkingDays
from infra.database import lock, read, write
from infra.ground import Ground, open_ground
from infra.ledger import Act, NewEntry
from lake import tables
from lake.compare.facts import held, known, strays
from lake.compare.rules import Clock, Difference, State, Turn, compare

_TERM = "update_"
_STATES = {str(one): one for one in State}
_TURNS = {str(one): one for one in Turn}
_MANY = 500


@dataclass(frozen=True, slots=True)
class Latest:
    """What the last comparison found and still holds.

    Attributes:
        at: when it was made; None: none ever was.
        resources: how many the register held then.
        counts: state → differences, of all units.
        open_years: year without a working-day table → resources of which it stays open whether they are late.
        differences: by subject.
    """

    at: datetime | None
    resources: int
    counts: Mapping[str, int]
    open_years: Mapping[str, int]
    differences: tuple[Difference, ...]


def reconcile(ground: Ground, actor: str) -> Latest:
    """Compare now, keep what was found, and give it back as `latest` does.

    Raises:
        Refused: CATALOG_FAULTY, the city's terms cannot be read; CALENDAR_FILE.
        WrongUse: CITY_NOT_THIS.
        Unavailable: DATABASE_….
    """
    clock = city_clock(ground)
    with write(ground.engine) as connection:
        lock(connection, "lake:reconcile")
        register = known(connection)
        has = held(connection)
        found, open_years = compare(register, has, strays(connection, has, {one.id for one in register}), clock)
        counts = dict(sorted(Counter(str(one.state) for one in found).items()))
        _keep(connection, found, clock.now)
        years = {str(year): count for year, count in sorted(open_years.items())}
        row = {"at": clock.now, "actor": actor, "resources": len(register), "counts": counts, "open_years": years}
        connection.execute(tables.comparison.insert().values(**row))
        content = {"resources": len(register), **counts}
        ground.ledger.append([NewEntry(Act.REGISTER_COMPARED, actor, "register", content)], connection=connection)
    return latest(ground.engine)


def latest(
    engine: Engine,
    units: Iterable[str] | None = None,
    *,
    states: Collection[State] = (),
    subjects: Collection[str] = (),
) -> Latest:
    """What the last comparison found and still holds, of `units`, `states` and `subjects` where given."""
    table, runs = tables.difference, tables.comparison
    query = sa.select(table).where(table.c.over_at.is_(None))
    if units is not None:
        query = query.where(table.c.unit.in_(sorted(units)))
    if states:
        query = query.where(table.c.state.in_(sorted(str(one) for one in states)))
    if subjects:
        query = query.where(table.c.subject.in_(sorted(subjects)))
    with read(engine) as connection:
        last = connection.execute(sa.select(runs).order_by(runs.c.number.desc()).limit(1)).mappings().first()
        rows = connection.execute(query.order_by(table.c.subject, table.c.number)).mappings().all()
    if last is None:
        return Latest(None, 0, {}, {}, ())
    found = tuple(_difference(row) for row in rows)
    return Latest(last["at"], last["resources"], last["counts"], last["open_years"], found)


def compare_task() -> dict[str, int]:
    """The body of the daily task: how many differences of each kind are open."""
    from lake.describe.register import enqueue  # noqa: PLC0415
    from lake.records.record import ACTOR  # noqa: PLC0415 - loaded where it runs

    with open_ground() as ground:
        tick(ground)  # what is late is escalated, who registers the same element is found
        enqueue(ground)  # what the register gained since is told too; the next describing sends it
        return dict(reconcile(ground, ACTOR).counts)


def city_clock(ground: Ground) -> Clock:
    """The city's working days and its grace for each update cycle, now.

    Raises:
        Refused: CATALOG_FAULTY, CALENDAR_FILE.
        WrongUse: CITY_NOT_THIS.
    """
    city = own_city(ground)
    terms = load_jurisdiction(city).terms if (city / "jurisdiction.yaml").exists() else {}
    grace = {name.removeprefix(_TERM): term.days for name, term in terms.items() if name.startswith(_TERM)}
    return Clock(WorkingDays.load(city), grace, ground.now())


def _keep(connection: Connection, found: Sequence[Difference], now: datetime) -> None:
    table = tables.difference
    rows = connection.execute(sa.select(table).where(table.c.over_at.is_(None))).mappings()
    old = {(row["subject"], row["state"], row["unit"]): row for row in rows}
    new = {(one.subject, str(one.state), one.unit): _row(one) for one in found}
    over = [row["number"] for key, row in old.items() if key not in new]
    for at in range(0, len(over), _MANY):
        here = table.c.number.in_(over[at : at + _MANY])
        connection.execute(table.update().where(here).values(over_at=now))
    fresh = [row for key, row in new.items() if key not in old]
    if fresh:
        connection.execute(table.insert(), fresh)
    for key, row in new.items():
        if key not in old:
            continue
        since = {} if row["state"] == str(State.LATE) else {"since": old[key]["since"]}  # it holds since it was seen
        values = row | since
        if any(old[key][name] != value for name, value in values.items()):
            connection.execute(table.update().where(table.c.number == old[key]["number"]).values(**values))


def _row(one: Difference) -> dict[str, Any]:
    plain = {name: getattr(one, name) for name in ("subject", "unit", "department", "since")}
    return plain | {"state": str(one.state), "turn": str(one.turn), "detail": dict(one.detail)}


def _difference(row: Mapping[Any, Any]) -> Difference:
    plain = {name: row[name] for name in ("subject", "unit", "department", "since", "detail")}
    return Difference(**plain, state=_STATES[row["state"]], turn=_TURNS[row["turn"]])
