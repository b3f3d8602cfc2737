"""Use records (Decree 809 Art. 29): what became of the data that a case gave."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "sharing_0004"
down_revision = "sharing_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sharing_use",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), nullable=False),
        sa.Column("scene", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("results", sa.Text, nullable=False),
        sa.Column("storage", sa.Text, nullable=False),
        sa.Column("destruction", sa.Text, nullable=False),
        sa.Column("recorded_on", sa.Date, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sharing_use_case", "sharing_use", ["case"])


def downgrade() -> None:
    op.drop_table("sharing_use")
