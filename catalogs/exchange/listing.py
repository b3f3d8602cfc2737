"""What was harvested: records, sources and the lines of a source's last harvest."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogs.exchange.tables import HARVESTED, LINE, SOURCE
from infra.database import read
from infra.errors import Refused
from infra.language import Text


@dataclass(frozen=True, slots=True)
class Listed:
    """One harvested record, in short."""

    source: str
    id: str
    state: str
    title: str
    provider: str
    first_seen: datetime
    last_seen: datetime


def harvested(engine: Engine, *, source: str | None = None, state: str | None = None) -> list[Listed]:
    """The records, of one source or state (`present`, `gone`) where asked, by source and title."""
    asked = ((HARVESTED.c.source, source), (HARVESTED.c.state, state))
    where = [column == value for column, value in asked if value is not None]
    columns = [HARVESTED.c[name] for name in Listed.__slots__]
    query = sa.select(*columns).where(*where).order_by(HARVESTED.c.source, HARVESTED.c.title, HARVESTED.c.id)
    with read(engine) as connection:
        return [Listed(*row) for row in connection.execute(query)]


def body(engine: Engine, source: str, identity: str) -> dict[str, Any]:
    """The whole of one record, with the raw objects that it was made of.

    Raises:
        Refused: HARVEST_UNKNOWN.
    """
    query = sa.select(HARVESTED.c.body).where(HARVESTED.c.source == source, HARVESTED.c.id == identity)
    with read(engine) as connection:
        found: dict[str, Any] | None = connection.execute(query).scalar()
    if found is None:
        raise Refused(
            "HARVEST_UNKNOWN",
            "没有这条采集记录",
            "there is no such harvested record",
            remedy=Text("用 hub catalog harvested 查看", "see `hub catalog harvested`"),
        )
    return found


def lines(engine: Engine, source: str, outcome: str | None = None) -> list[dict[str, Any]]:
    """What became of each object in the source's last harvest, by position."""
    where = [LINE.c.source == source] + ([LINE.c.outcome == outcome] if outcome else [])
    with read(engine) as connection:
        rows = connection.execute(sa.select(LINE).where(*where).order_by(LINE.c.position)).mappings()
        return [dict(row) for row in rows]


def sources(engine: Engine) -> list[dict[str, Any]]:
    """Every source that was harvested."""
    with read(engine) as connection:
        return [dict(row) for row in connection.execute(sa.select(SOURCE).order_by(SOURCE.c.name)).mappings()]
