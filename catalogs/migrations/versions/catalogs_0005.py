"""Who asks for a correction, and the day on which a duty or a law changed."""

import sqlalchemy as sa
from alembic import op

revision = "catalogs_0005"
down_revision = "catalogs_0004"


def upgrade() -> None:
    op.add_column("catalogs_task", sa.Column("asker", sa.String(63)))
    op.add_column("catalogs_task", sa.Column("started_on", sa.Date))
