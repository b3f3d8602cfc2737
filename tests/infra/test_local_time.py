from datetime import UTC, datetime, timedelta, timezone

import pytest

from infra.local_time import local_time


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        (datetime(2026, 4, 30, 16, 0, 1, 999, tzinfo=UTC), "2026-05-01 00:00:01"),
        (datetime(2026, 5, 1, tzinfo=timezone(timedelta(hours=-5))), "2026-05-01 13:00:00"),
        ("2026-12-31T16:00:00.000001Z", "2027-01-01 00:00:00"),
        ("2026-05-01T08:00:00+08:00", "2026-05-01 08:00:00"),
        (None, ""),
    ],
)
def test_an_instant_is_shown_in_the_citys_time(instant: datetime | str | None, shown: str) -> None:
    assert local_time(instant) == shown


@pytest.mark.parametrize("recorded", ["", "soon", "2026-05-01T08:00:00", "\x00"])
def test_what_is_no_instant_is_shown_as_it_was_recorded(recorded: str) -> None:
    assert local_time(recorded) == recorded
