"""The clocks of 公共数据资源登记管理暂行办法 (发改数据规〔2025〕26号, in force 2025-03-01). Pure.

Working days count by the city's tables; a term that reaches a year without a table stays open, with the year named.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from infra.calendar import Deadline, WorkingDays
from infra.language import Text

YEARS = 3
WINDOW_DAYS = 60


class Term(Enum):
    """A term in working days, and what it runs from."""

    FILE = 20, Text("授权运营开始并交付后提出登记", "to file, from start of operation and delivery")
    ACCEPT = 3, Text("受理", "to accept, from the application")
    REVIEW = 20, Text("形式审核", "formal review, from acceptance")
    PUBLICITY = 10, Text("公示", "publicity")
    CANCEL = 10, Text("注销", "to cancel, from the application")

    @property
    def days(self) -> int:
        """Working days."""
        days: int = self.value[0]
        return days

    @property
    def text(self) -> Text:
        """What it is."""
        text: Text = self.value[1]
        return text

    def ends(self, start: date, days: WorkingDays) -> Deadline:
        """The last day of the term that begins with the event of `start`, a day that does not count itself."""
        return days.add(start, self.days)


@dataclass(frozen=True, slots=True)
class Validity:
    """A registration's last day, and the first and last day on which it may be renewed."""

    until: date
    renew_from: date

    def renewable(self, day: date) -> bool:
        """Whether it may be renewed on `day`."""
        return self.renew_from <= day <= self.until

    def ended(self, day: date) -> bool:
        """Whether it is over on `day`: not renewed in time, it is cancelled."""
        return day > self.until


def validity(coded: date, operation_ends: date | None = None) -> Validity:
    """Three years from the day of the code, or to the end of the operation's term if that is earlier."""
    try:
        until = coded.replace(year=coded.year + YEARS)
    except ValueError:  # 29 February
        until = date(coded.year + YEARS, 3, 1)
    until -= timedelta(days=1)
    if operation_ends is not None and operation_ends < until:
        until = operation_ends
    return Validity(until, until - timedelta(days=WINDOW_DAYS - 1))
