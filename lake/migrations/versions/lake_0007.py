"""A push's key points at its delivery: what was sent stands in one place, so that a purge erases it there."""

import sqlalchemy as sa
from alembic import op

revision = "lake_0007"
down_revision = "lake_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("lake_push") as table:
        table.drop_column("dataset")
        table.drop_column("sha256")
        table.alter_column("key", type_=sa.String(64), existing_type=sa.String(128))


def downgrade() -> None:
    with op.batch_alter_table("lake_push") as table:
        table.alter_column("key", type_=sa.String(128), existing_type=sa.String(64))
        table.add_column(sa.Column("dataset", sa.Text, nullable=False, server_default=""))
        table.add_column(sa.Column("sha256", sa.String(64), nullable=False, server_default=""))
