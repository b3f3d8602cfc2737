"""Conflicts: one dataset (title and provider) that is governed here, or that two sources give, or one gives twice."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.exchange.records import Record
from catalogs.exchange.tables import HARVESTED
from catalogs.tables import DEPARTMENT, RESOURCE

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Conflict:
    """A record of the source and what it meets: `register` with a resource's id, or a source with its record's id."""

    record: str
    title: str
    provider: str | None
    meets: str
    other: str


def conflicts(connection: Connection, source: str, records: Mapping[str, Record]) -> list[Conflict]:
    """Every conflict of a source's records, in order of record; nothing is decided by it."""
    mine: dict[str, list[Record]] = defaultdict(list)
    for key in sorted(records):
        mine[records[key].same].append(records[key])
    found = [
        Conflict(second.id, second.title, second.provider, source, group[0].id)
        for group in mine.values()
        for second in group[1:]
    ]
    wanted = sorted(mine)
    for start in range(0, len(wanted), _AT_ONCE):
        query = sa.select(HARVESTED.c.source, HARVESTED.c.id, HARVESTED.c.same).where(
            HARVESTED.c.same.in_(wanted[start : start + _AT_ONCE]),
            HARVESTED.c.source != source,
            HARVESTED.c.state == "present",
        )
        for row in connection.execute(query):
            found += [Conflict(one.id, one.title, one.provider, row.source, row.id) for one in mine[row.same]]
    governed = sa.select(RESOURCE.c.id, RESOURCE.c.title_zh, DEPARTMENT.c.name_zh).join(
        DEPARTMENT, DEPARTMENT.c.id == RESOURCE.c.provider
    )
    for row in connection.execute(governed):
        same = Record("", row.title_zh, provider=row.name_zh).same
        found += [Conflict(one.id, one.title, one.provider, "register", row.id) for one in mine.get(same, ())]
    return sorted(found, key=lambda one: (one.record, one.meets, one.other))
