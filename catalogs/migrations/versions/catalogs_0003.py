"""Drafts of entries with what was done to them, papers, tasks with clocks, lead-source disputes, withdrawals."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "catalogs_0003"
down_revision = "catalogs_0002"


def upgrade() -> None:
    op.create_table(
        "catalogs_draft",
        sa.Column("resource", sa.String(191), primary_key=True),
        sa.Column("unit", sa.String(63), sa.ForeignKey("catalogs_unit.id"), nullable=False),
        sa.Column("provider", sa.String(63), sa.ForeignKey("catalogs_department.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("holder", sa.String(63), nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("why", sa.String(2000), nullable=False),
    )
    op.create_table(
        "catalogs_step",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("resource", sa.String(191), nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("why", sa.String(2000), nullable=False),
        sa.Column("entry", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "catalogs_paper",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("resource", sa.String(191), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("result", sa.String(2000), nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("name", sa.String(200)),
        sa.Column("size", sa.BigInteger),
        sa.Column("object_key", sa.String(300)),
        sa.Column("label", sa.String(40)),
        sa.Column("wrapped_key", sa.String(400)),
        sa.Column("master", sa.String(80)),
        sa.Column("entry", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "catalogs_task",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("resource", sa.String(191), nullable=False),
        sa.Column("unit", sa.String(63), nullable=False),
        sa.Column("department", sa.String(63), nullable=False),
        sa.Column("holder", sa.String(63)),
        sa.Column("opened_by", sa.String(63), nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("why", sa.String(2000), nullable=False),
        sa.Column("article", sa.String(200), nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("extension", sa.Integer, nullable=False),
        sa.Column("consent", sa.String(2000)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("escalated_at", UtcDateTime),
        sa.Column("closed_at", UtcDateTime),
        sa.Column("closed_by", sa.String(63)),
        sa.Column("result", sa.String(2000)),
        sa.Column("corrected", sa.Integer),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "catalogs_dispute",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("unit", sa.String(63), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("element", sa.String(300), nullable=False),
        sa.Column("said", sa.String(1000), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("parties", sa.JSON, nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("lead", sa.String(63)),
        sa.Column("settled_by", sa.String(63)),
        sa.Column("settled_at", UtcDateTime),
        sa.Column("why", sa.String(2000)),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "catalogs_withdrawn",
        sa.Column("resource", sa.String(191), sa.ForeignKey("catalogs_resource.id"), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("why", sa.String(2000), nullable=False),
        sa.Column("despite", sa.String(2000)),
    )
    op.create_index("ix_catalogs_draft_unit", "catalogs_draft", ["unit"])
    op.create_index("ix_catalogs_draft_provider", "catalogs_draft", ["provider"])
    op.create_index("ix_catalogs_draft_state", "catalogs_draft", ["state"])
    op.create_index("ix_catalogs_step_resource", "catalogs_step", ["resource"])
    op.create_index("ix_catalogs_paper_resource", "catalogs_paper", ["resource"])
    op.create_index("ix_catalogs_task_resource", "catalogs_task", ["resource"])
    op.create_index("ix_catalogs_task_unit", "catalogs_task", ["unit"])
    op.create_index("ix_catalogs_task_department", "catalogs_task", ["department"])
    op.create_index("ux_catalogs_dispute", "catalogs_dispute", ["unit", "subject", "element", "type"], unique=True)
