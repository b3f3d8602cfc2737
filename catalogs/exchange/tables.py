"""The tables of the exchange: sources, what they gave, each harvest with its lines; records that came by the kit."""

import sqlalchemy as sa

from catalogs.tables import METADATA
from infra.database import UtcDateTime

SOURCE = sa.Table(
    "catalogs_source",
    METADATA,
    sa.Column("name", sa.String(63), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("address", sa.String(1000), nullable=False),
    sa.Column("run", sa.Integer, nullable=False),  # the last one's number, counted for each source from 1
)

RUN = sa.Table(
    "catalogs_harvest",
    METADATA,
    sa.Column("source", sa.String(63), sa.ForeignKey("catalogs_source.name"), primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("by", sa.String(63), nullable=False),
    sa.Column("report", sa.JSON, nullable=False),
    sa.Column("entry", sa.BigInteger, nullable=False),
)

HARVESTED = sa.Table(
    "catalogs_harvested",
    METADATA,
    sa.Column("source", sa.String(63), sa.ForeignKey("catalogs_source.name"), primary_key=True),
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False, index=True),  # present, gone
    sa.Column("title", sa.String(500), nullable=False),
    sa.Column("provider", sa.String(300), nullable=False),  # empty where the source says none
    sa.Column("same", sa.String(64), nullable=False, index=True),  # equal for equal title and provider
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("first_seen", UtcDateTime, nullable=False),
    sa.Column("last_seen", UtcDateTime, nullable=False),
    sa.Column("gone_at", UtcDateTime),
)

LINE = sa.Table(
    "catalogs_harvest_line",
    METADATA,
    sa.Column("source", sa.String(63), sa.ForeignKey("catalogs_source.name"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),  # of the last harvest alone
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("record", sa.String(200)),
    sa.Column("first", sa.Integer),
    sa.Column("code", sa.String(40)),
    sa.Column("said_zh", sa.String(300)),
    sa.Column("said_en", sa.String(300)),
)

RECEIVED = sa.Table(
    "catalogs_received",
    METADATA,
    sa.Column("kind", sa.String(16), primary_key=True),  # catalogs.exchange.kinds
    sa.Column("side", sa.String(63), primary_key=True),  # the map's name: who gave the number
    sa.Column("number", sa.String(100), primary_key=True),  # theirs
    sa.Column("ours", sa.String(40), nullable=False, index=True),
    sa.Column("cells", sa.JSON, nullable=False),
    sa.Column("by", sa.String(63), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("entry", sa.BigInteger, nullable=False),
)
