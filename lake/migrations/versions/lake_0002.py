"""Purges: who proposed and approved the erasure of a delivery, what it took, and by what its bytes are known again."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "lake_0002"
down_revision = "lake_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lake_purge",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(40), nullable=False, unique=True),
        sa.Column("delivery", sa.String(40), nullable=False),
        sa.Column("dataset", sa.Text, nullable=True),
        sa.Column("unit", sa.Text, nullable=True),
        sa.Column("basis", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("proposed_at", UtcDateTime, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=True),
        sa.Column("decided_at", UtcDateTime, nullable=True),
        sa.Column("opinion", sa.Text, nullable=True),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sa.Column("deliveries", sa.JSON, nullable=True),
        sa.Column("versions", sa.JSON, nullable=True),
        sa.Column("erased", sa.JSON, nullable=True),
        sa.Column("key_id", sa.Text, nullable=True),
        sa.Column("mark", sa.String(64), nullable=True),
        sa.Column("ordinal", sa.Integer, nullable=True),
        sa.Column("certificate", sa.String(64), nullable=True),
        sa.Column("readmitted_by", sa.Text, nullable=True),
        sa.Column("readmitted_at", UtcDateTime, nullable=True),
        sa.Column("readmitted_basis", sa.Text, nullable=True),
        sa.Column("readmitted_why", sa.Text, nullable=True),
        sqlite_autoincrement=True,
    )
    for column in ("delivery", "dataset", "state", "mark"):
        op.create_index(f"ix_lake_purge_{column}", "lake_purge", [column])


def downgrade() -> None:
    op.drop_table("lake_purge")
