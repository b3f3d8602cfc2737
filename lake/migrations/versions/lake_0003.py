"""The files of a delivery of several."""

import sqlalchemy as sa
from alembic import op

revision = "lake_0003"
down_revision = "lake_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lake_part",
        sa.Column("delivery", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.String(64), nullable=True),
    )
    op.create_index("ix_lake_part_sha256", "lake_part", ["sha256"])


def downgrade() -> None:
    op.drop_table("lake_part")
