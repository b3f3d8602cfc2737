"""Doors for deliveries: watermarks of pulls, keys of pushes, what waits at a door."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "lake_0004"
down_revision = "lake_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lake_watermark",
        sa.Column("dataset", sa.String(191), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("seen", sa.JSON, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("delivery", sa.String(40), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "lake_push",
        sa.Column("person", sa.String(63), primary_key=True),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("delivery", sa.String(40), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "lake_waiting",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("unit", sa.String(63), nullable=False),
        sa.Column("door", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("code", sa.String(64), nullable=True),
        sa.Column("message_zh", sa.Text, nullable=True),
        sa.Column("message_en", sa.Text, nullable=True),
        sa.Column("since", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_lake_waiting_unit", "lake_waiting", ["unit"])
    op.create_index("ix_lake_delivery_unit_arrived", "lake_delivery", ["unit", "arrived_at"])


def downgrade() -> None:
    op.drop_index("ix_lake_delivery_unit_arrived", "lake_delivery")
    op.drop_table("lake_waiting")
    op.drop_table("lake_push")
    op.drop_table("lake_watermark")
