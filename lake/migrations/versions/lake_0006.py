"""Replays: rows that move from quarantine into the published table."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "lake_0006"
down_revision = "lake_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lake_replay",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(40), nullable=False, unique=True),
        sa.Column("dataset", sa.String(191), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("contract_version", sa.Text, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("intent", sa.JSON, nullable=True),
        sa.Column("deliveries", sa.JSON, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=True),
        sa.Column("quarantine_version", sa.BigInteger, nullable=True),
        sa.Column("begun_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_lake_replay_dataset", "lake_replay", ["dataset"])


def downgrade() -> None:
    op.drop_table("lake_replay")
