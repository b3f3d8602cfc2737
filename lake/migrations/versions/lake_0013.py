"""The register compared with the lake: each difference, and each time that they were compared."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "lake_0013"
down_revision = "lake_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lake_difference",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("subject", sa.String(191), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("unit", sa.String(63), nullable=False),
        sa.Column("department", sa.String(63), nullable=True),
        sa.Column("turn", sa.String(16), nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("over_at", UtcDateTime, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_lake_difference_subject", "lake_difference", ["subject"])
    op.create_index("ix_lake_difference_over_at", "lake_difference", ["over_at"])
    op.create_table(
        "lake_comparison",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("resources", sa.BigInteger, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("open_years", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("lake_comparison")
    op.drop_table("lake_difference")
