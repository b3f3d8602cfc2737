"""When a resource is late, and how its published columns differ from its items."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.calendar import WorkingDays, Year
from lake.compare.rules import Clock, Difference, Held, Known, State, Stray, Turn, compare, cycle_end
from lake.compare.words import remedy, sentence

# 2026-05-01 (a Friday) to 05-05 are days off, Saturday 05-09 is worked instead.
MAY = Year(frozenset(date(2026, 5, n) for n in range(1, 6)), frozenset({date(2026, 5, 9)}))
DAYS = WorkingDays({2026: MAY})
ITEMS = (("id", "string"), ("at", "timestamp"))
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def at(month: int, day: int, hour: int = 4) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def known(frequency: str = "daily", **more: object) -> Known:
    values = {"id": "u.d.n", "unit": "u", "provider": "p", "since": LONG_AGO, "changed": LONG_AGO, "items": ITEMS}
    return Known(frequency=frequency, **{**values, **more})  # type: ignore[arg-type]


def found(one: Known, has: Held | None, now: datetime, grace: dict[str, int] | None = None) -> list[Difference]:
    clock = Clock(DAYS, {"daily": 1, "monthly": 2} if grace is None else grace, now)
    return compare([one], {} if has is None else {one.id: has}, [], clock)[0]


def published(when: datetime, columns: tuple[tuple[str, str], ...] = ITEMS) -> Held:
    return Held(1, when, when, columns)


def test_days_of_grace_are_working_days_of_the_city() -> None:
    # Came on Thursday 30 April: the day's cycle ends on 1 May, and the one working day after it is 6 May.
    has = published(at(4, 30))
    assert found(known(), has, at(5, 6, 15)) == []  # 23:00 of that day in the city
    (late,) = found(known(), has, at(5, 6, 16))  # 00:00 of 7 May
    assert (late.state, late.turn, late.department) == (State.LATE, Turn.PROVIDER, "p")
    assert late.since == at(5, 6, 16)
    assert late.detail == {"frequency": "daily", "last": "2026-04-30", "due": "2026-05-06"}
    assert "每日" in sentence(late).zh
    assert "2026-05-06" in sentence(late).en


def test_no_grace_is_the_end_of_the_cycle_itself() -> None:
    has = published(at(5, 11))
    assert found(known(), has, at(5, 12), {}) == []
    assert [one.state for one in found(known(), has, at(5, 13), {})] == [State.LATE]


def test_the_same_content_again_keeps_a_resource_up_to_date() -> None:
    has = Held(2, at(4, 30), at(6, 1), ITEMS)
    assert found(known(), has, at(6, 2)) == []


@pytest.mark.parametrize("frequency", ["irregular", "none"])
def test_what_has_no_cycle_is_never_late(frequency: str) -> None:
    assert found(known(frequency), published(LONG_AGO), at(12, 31)) == []


def test_a_year_without_a_table_is_named_and_decides_nothing() -> None:
    clock = Clock(DAYS, {"yearly": 3}, datetime(2028, 1, 1, tzinfo=UTC))
    differences, years = compare([known("yearly")], {"u.d.n": published(at(5, 6))}, [], clock)
    assert (differences, years) == ([], {2027: 1})


@pytest.mark.parametrize(
    ("frequency", "last", "end"),
    [
        ("daily", date(2026, 2, 28), date(2026, 3, 1)),
        ("weekly", date(2026, 12, 28), date(2027, 1, 4)),
        ("monthly", date(2026, 1, 31), date(2026, 2, 28)),
        ("monthly", date(2028, 1, 31), date(2028, 2, 29)),
        ("quarterly", date(2026, 11, 30), date(2027, 2, 28)),
        ("half_yearly", date(2026, 8, 31), date(2027, 2, 28)),
        ("yearly", date(2028, 2, 29), date(2029, 2, 28)),
    ],
)
def test_a_cycle_ends_on_the_same_day_or_the_last_of_a_shorter_month(frequency: str, last: date, end: date) -> None:
    assert cycle_end(frequency, last) == end


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.sampled_from([1, 3, 6, 12]))
def test_a_cycle_of_months_ends_in_the_month_that_it_should(last: date, months: int) -> None:
    names = {1: "monthly", 3: "quarterly", 6: "half_yearly", 12: "yearly"}
    end = cycle_end(names[months], last)
    assert end is not None
    assert (end.year * 12 + end.month) - (last.year * 12 + last.month) == months
    assert end.day == last.day or (end.day < last.day and (end + timedelta(days=1)).day == 1)


def test_columns_that_differ_from_the_items_are_named_missing_extra_and_by_type() -> None:
    has = published(at(5, 6), (("id", "integer"), ("new", "string")))
    (drift,) = found(known(), has, at(5, 6))
    assert drift.state is State.DRIFTED
    assert drift.detail == {
        "missing": ["at"],
        "extra": ["new"],
        "types": [{"item": "id", "register": "string", "lake": "integer"}],
        "counts": [1, 1, 1],
    }
    for words in (sentence(drift).zh, sentence(drift).en):
        assert all(name in words for name in ("at", "new", "id", "integer"))


def test_another_order_of_the_same_columns_is_no_drift() -> None:
    assert found(known(), published(at(5, 6), tuple(reversed(ITEMS))), at(5, 6)) == []


def test_what_was_never_published_says_what_came() -> None:
    for has, words in ((None, "从未归集"), (Held(3), "3 个批次")):
        (one,) = found(known(), has, at(5, 6))
        assert (one.state, one.since) == (State.UNDELIVERED, LONG_AGO)
        assert words in sentence(one).zh


def test_a_withdrawn_resource_is_asked_for_its_data_alone() -> None:
    gone = known(withdrawn=at(5, 1))
    assert found(gone, None, at(5, 6)) == []
    (one,) = found(gone, published(at(4, 1)), at(5, 6))
    assert (one.state, one.since, one.turn) == (State.WITHDRAWN, at(5, 1), Turn.ENGINEER)


def test_every_difference_has_words_and_a_remedy_in_both_languages() -> None:
    clock = Clock(DAYS, {}, at(5, 20))
    strays = [Stray("u.d.x", "u", 2, at(5, 1)), Stray("u", "u", 1, at(5, 1))]
    gone = known(id="u.d.g", withdrawn=at(5, 1))
    has = {"u.d.g": published(at(4, 1)), "u.d.l": published(at(4, 1)), "u.d.s": published(at(5, 20), ())}
    every = [known(), gone, known(id="u.d.l"), known(id="u.d.s")]
    differences, _ = compare(every, has, strays, clock)
    assert {one.state for one in differences} == set(State)
    for one in differences:
        said, todo = sentence(one), remedy(one)
        assert one.subject in said.zh
        assert one.subject in said.en
        assert todo.zh
        assert todo.en
