"""Sources and what they gave, and each harvest with its lines."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "catalogs_0004"
down_revision = "catalogs_find"


def upgrade() -> None:
    op.create_table(
        "catalogs_source",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("address", sa.String(1000), nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
    )
    op.create_table(
        "catalogs_harvest",
        sa.Column("source", sa.String(63), sa.ForeignKey("catalogs_source.name"), primary_key=True),
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("report", sa.JSON, nullable=False),
        sa.Column("entry", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "catalogs_harvested",
        sa.Column("source", sa.String(63), sa.ForeignKey("catalogs_source.name"), primary_key=True),
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("provider", sa.String(300), nullable=False),
        sa.Column("same", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("first_seen", UtcDateTime, nullable=False),
        sa.Column("last_seen", UtcDateTime, nullable=False),
        sa.Column("gone_at", UtcDateTime),
    )
    op.create_table(
        "catalogs_harvest_line",
        sa.Column("source", sa.String(63), sa.ForeignKey("catalogs_source.name"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("record", sa.String(200)),
        sa.Column("first", sa.Integer),
        sa.Column("code", sa.String(40)),
        sa.Column("said_zh", sa.String(300)),
        sa.Column("said_en", sa.String(300)),
    )
    op.create_index("ix_catalogs_harvested_state", "catalogs_harvested", ["state"])
    op.create_index("ix_catalogs_harvested_same", "catalogs_harvested", ["same"])
