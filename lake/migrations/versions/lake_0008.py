"""How many rows of earlier deliveries an upsert took out of the table."""

import sqlalchemy as sa
from alembic import op

revision = "lake_0008"
down_revision = "lake_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lake_delivery", sa.Column("replaced", sa.BigInteger, nullable=True))


def downgrade() -> None:
    op.drop_column("lake_delivery", "replaced")
