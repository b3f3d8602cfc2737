from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.calendar import Deadline, WorkingDays, Year
from infra.errors import Refused
from infra.ground import sample_city


def days(*spans: tuple[int, int, int]) -> frozenset[date]:
    """Days of 2026 by month, first, last."""
    return frozenset(date(2026, month, day) for month, first, last in spans for day in range(first, last + 1))


HOLIDAYS = days((1, 1, 3), (2, 15, 23), (4, 4, 6), (5, 1, 5), (6, 19, 21), (9, 25, 27), (10, 1, 7))
MAKE_UP = days((1, 4, 4), (2, 14, 14), (2, 28, 28), (5, 9, 9), (9, 20, 20), (10, 10, 10))
CITY = WorkingDays({2026: Year(HOLIDAYS, MAKE_UP)})

VECTORS = [
    ("2026-02-13", 1, "2026-02-14"),
    ("2026-02-12", 10, "2026-03-04"),
    ("2026-02-12", 20, "2026-03-18"),
    ("2026-09-18", 10, "2026-10-09"),
    ("2026-09-18", 15, "2026-10-15"),
    ("2026-09-30", 1, "2026-10-08"),
    ("2026-09-30", 10, "2026-10-20"),
    ("2026-10-09", 2, "2026-10-12"),
]


@pytest.mark.parametrize(("start", "n", "end"), VECTORS)
def test_requirement_5_terms_of_2026(start: str, n: int, end: str) -> None:
    assert CITY.add(date.fromisoformat(start), n) == Deadline(date.fromisoformat(end), None)


def test_the_sample_city_carries_the_notice_of_2026() -> None:
    assert WorkingDays.load(sample_city()).years[2026] == CITY.years[2026]


def test_the_day_of_receipt_counts_only_where_a_city_says_so() -> None:
    monday = date(2026, 3, 2)
    assert CITY.add(monday, 1).date == date(2026, 3, 3)
    assert CITY.add(monday, 1, count_start=True).date == monday


@pytest.mark.parametrize("start", ["2026-12-30", "2026-12-31", "2027-03-01"])
def test_a_term_into_a_year_without_a_table_stays_open(start: str) -> None:
    assert CITY.add(date.fromisoformat(start), 10) == Deadline(None, 2027)


def test_a_city_without_tables_guesses_nothing(tmp_path: Path) -> None:
    assert WorkingDays.load(tmp_path).add(date(2026, 3, 2), 1) == Deadline(None, 2026)


@given(st.dates(date(2026, 1, 1), date(2026, 11, 1)), st.integers(1, 25))
@settings(max_examples=200, deadline=None)
def test_a_term_ends_on_a_working_day_and_holds_exactly_n(start: date, n: int) -> None:
    end = CITY.add(start, n).date
    assert end is not None
    assert CITY.working(end)
    counted = sum(
        bool(CITY.working(date.fromordinal(day))) for day in range(start.toordinal() + 1, end.toordinal() + 1)
    )
    assert counted == n


def test_a_term_has_at_least_one_day() -> None:
    with pytest.raises(ValueError, match="at least one"):
        CITY.add(date(2026, 3, 2), 0)


BROKEN = {
    "another year": "year: 2025\nholidays: []\nworkdays: []\n",
    "a day of another year": "year: 2026\nholidays: [2027-01-01]\nworkdays: []\n",
    "a day in both": "year: 2026\nholidays: [2026-01-04]\nworkdays: [2026-01-04]\n",
    "no year": "holidays: []\nworkdays: []\n",
    "not days": "year: 2026\nholidays: [first]\nworkdays: []\n",
    "a list": "- 2026\n",
    "no YAML": "year: [\n",
    "nothing": "",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_table_that_is_none_is_refused_with_its_file(text: str, tmp_path: Path) -> None:
    folder = tmp_path / "calendar"
    folder.mkdir()
    (folder / "2026.yaml").write_text(text)
    with pytest.raises(Refused) as caught:
        WorkingDays.load(tmp_path)
    assert caught.value.code == "CALENDAR_FILE"
    assert caught.value.place is not None
    assert str(caught.value.place.file).endswith("2026.yaml")
