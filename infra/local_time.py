"""Instants as the city's clocks show them. They are stored, sent and compared in UTC; people read local time."""

from datetime import datetime
from zoneinfo import ZoneInfo

CITY_TIME = ZoneInfo("Asia/Shanghai")


def local_time(instant: datetime | str | None) -> str:
    """`instant` (aware, or such a one as ISO text) in the city's time, to the second; "" for None.

    Text that is no instant with a zone is given back as it is: what was recorded is shown, never hidden.

    >>> local_time("2026-05-01T00:00:00+00:00")
    '2026-05-01 08:00:00'
    """
    if instant is None:
        return ""
    try:
        moment = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    except ValueError:
        return str(instant)
    return str(instant) if moment.tzinfo is None else f"{moment.astimezone(CITY_TIME):%Y-%m-%d %H:%M:%S}"
