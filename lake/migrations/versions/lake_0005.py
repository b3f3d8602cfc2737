"""Quality tickets, and who was told of them."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "lake_0005"
down_revision = "lake_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lake_ticket",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("subject", sa.String(191), nullable=False),
        sa.Column("unit", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(191), nullable=False),
        sa.Column("deliveries", sa.BigInteger, nullable=False),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("first_delivery", sa.String(40), nullable=False),
        sa.Column("last_delivery", sa.String(40), nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("last_at", UtcDateTime, nullable=False),
        sa.Column("closed_at", UtcDateTime, nullable=True),
        sa.Column("closed_by", sa.String(191), nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_lake_ticket_subject", "lake_ticket", ["subject"])
    op.create_index("ix_lake_ticket_unit", "lake_ticket", ["unit"])
    op.create_table(
        "lake_told",
        sa.Column("recipient", sa.String(191), primary_key=True),
        sa.Column("ticket", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("deliveries", sa.BigInteger, nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("lake_told")
    op.drop_index("ix_lake_ticket_unit", "lake_ticket")
    op.drop_index("ix_lake_ticket_subject", "lake_ticket")
    op.drop_table("lake_ticket")
