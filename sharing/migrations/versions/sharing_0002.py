"""Expired links are found by their time: they are swept at each query."""

from alembic import op

revision = "sharing_0002"
down_revision = "sharing_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_sharing_link_expires_at", "sharing_link", ["expires_at"])
