"""Everybody who ever registered an applicant: registering it again may not lift who is barred from reviewing it."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "sharing_0003"
down_revision = "sharing_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sharing_registrant",
        sa.Column("applicant", sa.String(40), sa.ForeignKey("sharing_applicant.id"), primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.execute(
        "INSERT INTO sharing_registrant (applicant, person, at) "
        "SELECT id, registered_by, registered_at FROM sharing_applicant"
    )


def downgrade() -> None:
    op.drop_table("sharing_registrant")
