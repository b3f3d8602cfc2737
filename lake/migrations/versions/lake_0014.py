"""When each door was last looked at."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "lake_0014"
down_revision = "lake_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lake_look",
        sa.Column("unit", sa.String(63), primary_key=True),
        sa.Column("door", sa.String(16), primary_key=True),
        sa.Column("of", sa.String(191), primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("lake_look")
