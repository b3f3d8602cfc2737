"""Clocks of tasks, in working days: what is due when, what is late and by how much. Pure; today is an argument.

A change of duty or law is answered within 10 working days, once extended by 5 with the authority's consent, and the
authority reviews within 2 (Decree 809 Art. 17); a correction (校核) is answered within 10 (Art. 26). The numbers
are the city's (`jurisdiction.yaml`), never code. A year whose table of working days is missing leaves the deadline
open, and that is an alert; nothing is guessed and no act refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from catalogs.values.word import Word
from infra.calendar import WorkingDays
from infra.language import Text

_LONGEST = 3660


class Kind(Word):
    """What a task asks for."""

    CHANGE = "change", "目录更新", "catalogue update"
    REVIEW = "review", "目录审核", "catalogue review"
    CORRECTION = "correction", "数据校核", "correction"


TERMS: Mapping[Kind, str] = {
    Kind.CHANGE: "catalogue_update",
    Kind.REVIEW: "catalogue_review",
    Kind.CORRECTION: "correction",
}
"""The deadline of `jurisdiction.yaml` that each kind has."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A task's term: from which day, how many working days, how many more were granted, and when it ended."""

    started: date
    days: int
    extension: int = 0
    ended: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a task stands.

    Attributes:
        due: the last day; None when it is not known.
        missing_year: the year whose table is missing, where that is why.
        late: working days past the last day, at its end or today; 0 in time or not known.
        ended: whether it is over.
    """

    due: date | None
    missing_year: int | None
    late: int
    ended: bool

    def say(self) -> Text:
        """The standing in words."""
        if self.due is None:
            if self.missing_year is None:
                return Text("本市没有规定期限", "the city sets no term")
            year = self.missing_year
            return Text(f"期限未定：缺 {year} 年工作日表", f"open: the table of working days of {year} is missing")
        day = self.due.isoformat()
        if self.late:
            over = ("办结时已逾期", "ended late by") if self.ended else ("已逾期", "late by")
            return Text(
                f"{over[0]} {self.late} 个工作日（期限 {day}）", f"{over[1]} {self.late} working days (due {day})"
            )
        if self.ended:
            return Text(f"按期办结（期限 {day}）", f"ended in time (due {day})")
        return Text(f"期限 {day}", f"due {day}")


def standing(clock: Clock, today: date, calendar: WorkingDays, *, count_start: bool = False) -> Standing:
    """How the clock stands `today`, by the city's calendar."""
    over = clock.ended is not None
    if clock.days < 1:
        return Standing(None, None, 0, over)
    end = calendar.add(clock.started, clock.days + clock.extension, count_start)
    if end.date is None:
        return Standing(None, end.missing_year, 0, over)
    return Standing(end.date, None, _between(end.date, clock.ended or today, calendar), over)


def _between(due: date, day: date, calendar: WorkingDays) -> int:
    """The working days after `due` up to `day`; in a year without a table, one for all of them."""
    passed = range(1, min((day - due).days, _LONGEST) + 1)
    worked = sum(bool(calendar.working(due + timedelta(days=after))) for after in passed)
    return worked or int(any(calendar.working(due + timedelta(days=after)) is None for after in passed))
