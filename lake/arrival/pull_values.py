"""What a database answers, as text that says exactly the same; and a watermark as text and back. Pure.

NULL stays null and '' stays ''. Decimals keep their scale, floats their shortest exact text, bytes are hexadecimal,
instants with an offset are UTC, those without stay without.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from infra.crypto import Key, mac

_SAID: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (datetime, lambda value: value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat(sep=" ")),
    (date | time, lambda value: value.isoformat()),
    (bytes | bytearray | memoryview, lambda value: bytes(value).hex().upper()),
    (Decimal, lambda value: format(value, "f") if value.is_finite() else str(value)),
    (dict | list, lambda value: json.dumps(value, ensure_ascii=False, default=str)),
    (int | float, repr),
)
KINDS: dict[str, type] = {"datetime": datetime, "date": date, "integer": int, "decimal": Decimal, "text": str}


def text(value: Any) -> str | None:
    """One value as text."""
    if value is None or isinstance(value, str):
        return value
    return next((say(value) for kinds, say in _SAID if isinstance(value, kinds)), str(value))


def digest(key: Key, row: Sequence[str | None]) -> str:
    """What tells a row from every other: equal for equal texts, NULL and '' told apart.

    Keyed, so that nobody who reads the register can try out what a row may have said.
    """
    return mac(key, json.dumps(list(row), ensure_ascii=False).encode("utf-8", "surrogatepass")).hex()[:32]


def kind(value: Any) -> str | None:
    """The name of the watermark's kind; None when it is none that can be one."""
    if isinstance(value, bool):
        return None
    return next((name for name, of in KINDS.items() if isinstance(value, of)), None)


def written(value: Any) -> str:
    """A watermark as text that `restored` reads."""
    return value.isoformat() if isinstance(value, date) else str(value)


def restored(name: str, said: str) -> Any:
    """The watermark that `written` wrote."""
    of = KINDS[name]
    return of.fromisoformat(said) if of in (datetime, date) else of(said)


def behind(value: Any, overlap: int) -> Any:
    """The watermark from which the next pull looks again: `overlap` seconds, days or counts earlier."""
    if not overlap or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value - timedelta(seconds=overlap)
    return value - timedelta(days=overlap) if isinstance(value, date) else value - overlap
