"""How a resource of the register and what the lake holds of it depart from each other. Pure.

A resource is late when the next delivery is past due: the day of the newest one that was published (or that brought
the same content again), one update cycle on, and the working days of grace that the city grants (`jurisdiction.yaml`,
`update_<frequency>`). Where that reaches into a year without a working-day table nothing is said, and the year named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from catalogs.values.words import UpdateFrequency, Word
from infra.calendar import Deadline, WorkingDays
from infra.local_time import CITY_TIME

MOST_NAMED = 20  # items or columns of one difference


class State(Word):
    """What a difference is."""

    UNDELIVERED = "undelivered", "已编目未归集", "catalogued, never delivered"
    UNCATALOGUED = "uncatalogued", "已报送未编目", "delivered, not catalogued"
    LATE = "late", "逾期未更新", "late"
    DRIFTED = "drifted", "与数据项不一致", "drifted from its items"
    WITHDRAWN = "withdrawn_live", "已撤销仍有数据", "withdrawn, data still live"


class Turn(Word):
    """Whose turn it is."""

    PROVIDER = "provider", "提供单位填报员", "the provider's officer"
    UNIT = "unit", "报送单位填报员", "the delivering unit's officer"
    ENGINEER = "engineer", "数据工程师", "a data engineer"


@dataclass(frozen=True, slots=True)
class Known:
    """What the register says of a resource; `items` is (name, type) in order, `withdrawn` when it was."""

    id: str
    unit: str
    provider: str
    frequency: str
    since: datetime
    changed: datetime
    items: tuple[tuple[str, str], ...]
    withdrawn: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What the lake has of a dataset.

    Attributes:
        deliveries: how many came, of whatever state.
        published: when the newest that stands was published; None: none does.
        arrived: when the newest came that was published or repeated what was.
        columns: (name, type) as the newest published one promised; None where its contract cannot be read.
    """

    deliveries: int
    published: datetime | None = None
    arrived: datetime | None = None
    columns: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Stray:
    """What was delivered for no registered resource: `subject` is the dataset, or the unit where none was named."""

    subject: str
    unit: str
    deliveries: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which register and lake differ.

    `detail` holds names, types, days and counts, never a value of the data; `department` is the provider, if any.
    """

    subject: str
    unit: str
    department: str | None
    state: State
    since: datetime
    turn: Turn
    detail: Mapping[str, object] = field(default_factory=dict)


class Clock:
    """When deliveries are due in a city: working days and grace by update frequency; knows what it was asked."""

    def __init__(self, days: WorkingDays, grace: Mapping[str, int], now: datetime) -> None:
        self._days, self._grace, self.now = days, grace, now
        self._known: dict[tuple[str, date], Deadline | None] = {}

    def due(self, frequency: str, last: datetime) -> Deadline | None:
        """The last day on which the delivery after that of `last` is in time; None where there is no cycle."""
        key = frequency, last.astimezone(CITY_TIME).date()
        if key not in self._known:
            self._known[key] = self._due(*key)
        return self._known[key]

    def _due(self, frequency: str, last: date) -> Deadline | None:
        end = cycle_end(frequency, last)
        if end is None:
            return None
        grace = self._grace.get(frequency, 0)
        return self._days.add(end, grace) if grace else Deadline(end, None)


def cycle_end(frequency: str, last: date) -> date | None:
    """The day that the update cycle from `last` ends on; None for what has no cycle."""
    days = {UpdateFrequency.REALTIME: 1, UpdateFrequency.DAILY: 1, UpdateFrequency.WEEKLY: 7}
    months = {
        UpdateFrequency.MONTHLY: 1,
        UpdateFrequency.QUARTERLY: 3,
        UpdateFrequency.HALF_YEARLY: 6,
        UpdateFrequency.YEARLY: 12,
    }
    named = next((one for one in UpdateFrequency if str(one) == frequency), UpdateFrequency.IRREGULAR)
    if named in days:
        return last + timedelta(days=days[named])
    return _months_on(last, months[named]) if named in months else None


def _months_on(day: date, months: int) -> date:
    """The same day of a later month, or its last (31 January → 28 February)."""
    month = day.month - 1 + months
    first = date(day.year + month // 12, month % 12 + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first + timedelta(days=min(day.day, (following - first).days) - 1)


def compare(
    known: Iterable[Known], held: Mapping[str, Held], strays: Iterable[Stray], clock: Clock
) -> tuple[list[Difference], dict[int, int]]:
    """Every difference, and of how many resources it is open whether they are late, by the year without a table."""
    found: list[Difference] = []
    open_years: dict[int, int] = {}
    for one in known:
        has = held.get(one.id)
        if one.withdrawn is not None:
            found += _withdrawn(one, has)
            continue
        if has is None or has.published is None:
            found.append(_undelivered(one, has))
            continue
        found += _drifted(one, has)
        due = clock.due(one.frequency, has.arrived or has.published)
        if due is not None and due.missing_year is not None:
            open_years[due.missing_year] = open_years.get(due.missing_year, 0) + 1
        elif due is not None and due.date is not None:
            found += _late(one, has, due.date, clock.now)
    for stray in strays:
        detail = {"deliveries": stray.deliveries}
        found.append(Difference(stray.subject, stray.unit, None, State.UNCATALOGUED, stray.since, Turn.UNIT, detail))
    return found, open_years


def _withdrawn(one: Known, has: Held | None) -> list[Difference]:
    if one.withdrawn is None or has is None or has.published is None:
        return []
    since = max(one.withdrawn, has.published)
    return [Difference(one.id, one.unit, one.provider, State.WITHDRAWN, since, Turn.ENGINEER)]


def _undelivered(one: Known, has: Held | None) -> Difference:
    """Never published; `deliveries` counts those that came and were all refused, blocked or taken back."""
    detail = {"deliveries": has.deliveries if has else 0}
    return Difference(one.id, one.unit, one.provider, State.UNDELIVERED, one.since, Turn.PROVIDER, detail)


def _late(one: Known, has: Held, due: date, now: datetime) -> list[Difference]:
    if now.astimezone(CITY_TIME).date() <= due:
        return []
    since = datetime(due.year, due.month, due.day, tzinfo=CITY_TIME) + timedelta(days=1)
    last = (has.arrived or has.published or now).astimezone(CITY_TIME).date()
    detail = {"frequency": one.frequency, "last": last.isoformat(), "due": due.isoformat()}
    return [Difference(one.id, one.unit, one.provider, State.LATE, since, Turn.PROVIDER, detail)]


def _drifted(one: Known, has: Held) -> list[Difference]:
    if has.columns is None or has.published is None or has.columns == one.items:
        return []
    items, columns = dict(one.items), dict(has.columns)
    missing = [name for name in items if name not in columns]
    extra = [name for name in columns if name not in items]
    types = [
        {"item": name, "register": kind, "lake": columns[name]}
        for name, kind in items.items()
        if columns.get(name, kind) != kind
    ]
    if not (missing or extra or types):  # the same in another order
        return []
    detail = {
        "missing": missing[:MOST_NAMED],
        "extra": extra[:MOST_NAMED],
        "types": types[:MOST_NAMED],
        "counts": [len(missing), len(extra), len(types)],
    }
    since = max(one.changed, has.published)
    return [Difference(one.id, one.unit, one.provider, State.DRIFTED, since, Turn.PROVIDER, detail)]
