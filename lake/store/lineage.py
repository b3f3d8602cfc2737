"""Which commits made a version of a table that may have been put back to an earlier version since.

A restore makes its own version hold exactly what its target held: what was committed between the two no longer stands.
So the commits that a version is made of are spans of versions, and a delivery stands in it when its own version lies in
one of them. A span begins with the restore itself, or with the table.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from infra.database import read
from lake.tables import FINISHED, restore

Spans = tuple[tuple[int, int], ...]


def spans(restored: Mapping[int, int], version: int) -> Spans:
    """The spans of versions, both ends within, that `version` is made of.

    Args:
        restored: a restore's version → its target.
        version: of the same table.
    """
    found, last = [], version
    while True:
        begin = max((one for one in restored if one <= last), default=0)
        found.append((begin, last))
        if begin not in restored:
            return tuple(reversed(found))
        last = restored[begin]


def within(found: Spans, version: int | None) -> bool:
    """Whether `version` lies in one of the spans; None, of what made no version, never does."""
    return version is not None and any(begin <= version <= end for begin, end in found)


def restored(engine: Engine, dataset: str) -> dict[int, int]:
    """The versions of the dataset's published table that restores made → the versions that they brought back."""
    query = sa.select(restore.c.version, restore.c.target)
    with read(engine) as connection:
        rows = connection.execute(query.where(restore.c.dataset == dataset, restore.c.state == FINISHED))
        return {row.version: row.target for row in rows}
