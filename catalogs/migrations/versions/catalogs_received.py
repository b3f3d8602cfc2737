"""Records that came from another platform by the connector kit, under its numbers."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "catalogs_received"
down_revision = "catalogs_regrading"


def upgrade() -> None:
    op.create_table(
        "catalogs_received",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("side", sa.String(63), primary_key=True),
        sa.Column("number", sa.String(100), primary_key=True),
        sa.Column("ours", sa.String(40), nullable=False),
        sa.Column("cells", sa.JSON, nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("entry", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_catalogs_received_ours", "catalogs_received", ["ours"])
