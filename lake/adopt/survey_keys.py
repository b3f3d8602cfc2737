"""The keys of records that are objects, as the columns of a table. Pure."""

import json
from collections.abc import Sequence


def with_geometries(names: Sequence[str]) -> tuple[str, ...]:
    """The keys, a geometry's own keys being one: `geometry.type` and `geometry.coordinates` are `geometry`."""
    drawn = {
        name.removesuffix(".coordinates")
        for name in names
        if name.endswith(".coordinates") and name.removesuffix("coordinates") + "type" in names
    }
    whole = dict.fromkeys(next((one for one in drawn if name.startswith(f"{one}.")), name) for name in names)
    # Where a key is an object in some records and a value in others, the reader keeps the object whole.
    return tuple(name for name in whole if not any(above in whole for above in _above(name)))


def inner_list(record: str | None) -> str | None:
    """The path of the list that an answer wraps as its records (`data.list` of `{"code": 0, "data": {"list": [...]}}`).

    It is the only list of several objects of a document that is one record, inside an object of it.
    """
    values = json.loads(record or "{}")
    found = [name for name, value in values.items() if "." in name and _lists_objects(value)]
    return found[0] if len(found) == 1 else None


def _lists_objects(value: object) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(one, dict) for one in value)


def _above(name: str) -> list[str]:
    """The keys inside which a flattened key lies."""
    parts = name.split(".")
    return [".".join(parts[:at]) for at in range(1, len(parts))]
