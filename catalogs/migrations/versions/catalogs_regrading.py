"""Lowered grades, reviews of what raised a grade, and of what a resource is made."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "catalogs_regrading"
down_revision = "catalogs_0005"


def upgrade() -> None:
    op.create_table(
        "catalogs_regrading",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("resource", sa.String(191), sa.ForeignKey("catalogs_resource.id"), nullable=False),
        sa.Column("item", sa.String(63), nullable=False),
        sa.Column("from_grade", sa.Integer, nullable=False),
        sa.Column("to_grade", sa.Integer, nullable=False),
        sa.Column("why", sa.String(2000), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("proposed_by", sa.String(63), nullable=False),
        sa.Column("proposed_at", UtcDateTime, nullable=False),
        sa.Column("settled_by", sa.String(63)),
        sa.Column("settled_at", UtcDateTime),
        sa.Column("basis", sa.String(2000)),
        sa.Column("used", sa.Integer),
    )
    op.create_index("ix_catalogs_regrading_resource", "catalogs_regrading", ["resource"])
    op.create_table(
        "catalogs_trigger_review",
        sa.Column("resource", sa.String(191), primary_key=True),
        sa.Column("trigger", sa.String(80), primary_key=True),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("basis", sa.String(2000), nullable=False),
    )
    op.create_table(
        "catalogs_derivation",
        sa.Column("resource", sa.String(191), sa.ForeignKey("catalogs_resource.id"), primary_key=True),
        sa.Column("source", sa.String(191), primary_key=True),
    )
    op.create_index("ix_catalogs_derivation_source", "catalogs_derivation", ["source"])
