"""Notices that were begun to be sent, until they were taken."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "lake_0011"
down_revision = "lake_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lake_notice",
        sa.Column("recipient", sa.String(191), primary_key=True),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("lake_notice")
