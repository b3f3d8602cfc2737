"""Restores: a table put back to what an earlier version of it held."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "lake_0012"
down_revision = "lake_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lake_restore",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(40), nullable=False, unique=True),
        sa.Column("dataset", sa.String(191), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("target", sa.BigInteger, nullable=False),
        sa.Column("newest", sa.Integer, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("intent", sa.JSON, nullable=True),
        sa.Column("reverted", sa.JSON, nullable=False),
        sa.Column("returned", sa.JSON, nullable=False),
        sa.Column("replays", sa.JSON, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=True),
        sa.Column("quarantine_version", sa.BigInteger, nullable=True),
        sa.Column("begun_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_lake_restore_dataset", "lake_restore", ["dataset"])


def downgrade() -> None:
    op.drop_table("lake_restore")
