"""A delivery that feeds several datasets: a ZIP or folder of several tables, of which each dataset is one.

Such datasets have the beginning of their names in common, `traffic.gtfs` of `traffic.gtfs_stops` and
`traffic.gtfs_trips`, and the contract of each names its table (`member`). What comes under the name that they share
lands for each of them, as a delivery of its own.
"""

from collections.abc import Iterable

from catalogs.lookup import listing, resource
from contracts.register import contract
from infra.errors import Refused
from infra.ground import Ground


def datasets(ground: Ground, name: str) -> tuple[str, ...]:
    """The datasets that `name` stands for: itself, where it is registered or nothing shares it."""
    try:
        return (resource(ground.engine, name).id,)
    except Refused:
        unit = name.partition(".")[0]
        return sharing(ground, name, (one.id for one in listing(ground.engine, unit=unit))) or (name,)


def sharing(ground: Ground, name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Those of the datasets `known` that are one table of what is called `name`."""
    return tuple(sorted(one for one in known if one.startswith(f"{name}_") and _is_member(ground, one)))


def shared_names(known: Iterable[str]) -> set[str]:
    """Every name that datasets may share: what stands before each underscore of a name."""
    found = set()
    for one in known:
        head, _, name = one.rpartition(".")
        words = name.split("_")
        found |= {f"{head}.{'_'.join(words[:count])}" for count in range(1, len(words))}
    return found


def _is_member(ground: Ground, dataset: str) -> bool:
    try:
        return contract(ground.engine, dataset).reading.member is not None
    except Refused:
        return False
