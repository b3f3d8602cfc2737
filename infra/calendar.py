"""Working days by the city's own tables: one YAML file a year, as the State Council's yearly notice gives them.

`<city>/calendar/<year>.yaml`: `year`, `holidays` (days off) and `workdays` (make-up Saturdays and Sundays). Every other
Saturday and Sunday is free. A deadline that reaches into a year without a table stays open, with that year named: it is
never guessed, and it refuses no act.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from infra.errors import Place, Refused

_LONGEST = 3660  # days looked ahead; more than any law's term


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day, or the year whose table is missing; exactly one of the two."""

    date: date | None
    missing_year: int | None


@dataclass(frozen=True, slots=True)
class Year:
    """One year's exceptions from the week."""

    holidays: frozenset[date]
    workdays: frozenset[date]


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The tables of a city, by year."""

    years: Mapping[int, Year]

    @classmethod
    def load(cls, city: Path) -> "WorkingDays":
        """The tables in `<city>/calendar`; none when there is no such folder.

        Raises:
            Refused: `CALENDAR_FILE` when a table cannot be read as one.
        """
        return cls({int(path.stem): _read(path) for path in sorted((city / "calendar").glob("[0-9]*.yaml"))})

    def working(self, day: date) -> bool | None:
        """Whether `day` is worked; None when its year has no table."""
        year = self.years.get(day.year)
        if year is None:
            return None
        return day in year.workdays or (day.weekday() < 5 and day not in year.holidays)

    def add(self, start: date, n: int, count_start: bool = False) -> Deadline:
        """The day on which a term of `n` working days from `start` ends.

        The day of receipt does not count (Civil Code Art. 201) unless `count_start`.

        Raises:
            ValueError: `n` is not positive.
        """
        if n < 1:
            message = "a term has at least one day"
            raise ValueError(message)
        day = start if count_start else start + timedelta(days=1)
        left = n
        for _ in range(_LONGEST):
            worked = self.working(day)
            if worked is None:
                return Deadline(None, day.year)
            left -= worked
            if left == 0:
                return Deadline(day, None)
            day += timedelta(days=1)
        message = "a term of more than ten years"
        raise ValueError(message)


def _read(path: Path) -> Year:
    import yaml  # noqa: PLC0415 - only where a table is read

    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        year = int(path.stem)
        holidays, workdays = (_days(raw.get(name), year) for name in ("holidays", "workdays"))
        wrong = raw["year"] != year or bool(holidays & workdays)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, yaml.YAMLError):
        wrong = True
    if wrong:
        raise Refused(
            "CALENDAR_FILE",
            "工作日表须有 year、holidays、workdays，日期属于该年且不重复",
            "a working-day table has year, holidays and workdays: days of that year, none in both",
            place=Place(file=str(path)),
        )
    return Year(holidays, workdays)


def _days(raw: object, year: int) -> frozenset[date]:
    days = raw or []
    if not isinstance(days, list) or not all(type(day) is date and day.year == year for day in days):
        message = "not a list of days of the year"
        raise ValueError(message)
    return frozenset(days)
