"""The keys of records that are objects, as the columns of a table. Pure."""

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


def _above(name: str) -> list[str]:
    """The keys inside which a flattened key lies."""
    parts = name.split(".")
    return [".".join(parts[:at]) for at in range(1, len(parts))]
