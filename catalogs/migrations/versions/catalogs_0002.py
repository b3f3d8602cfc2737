"""A resource's code, unique per provider, and its level beside the body."""

import sqlalchemy as sa
from alembic import op

revision = "catalogs_0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("catalogs_resource", sa.Column("code", sa.String(64)))
    op.add_column("catalogs_resource", sa.Column("level", sa.String(20)))
    op.create_index("ux_catalogs_resource_code", "catalogs_resource", ["provider", "code"], unique=True)
