"""The first tables of the store."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "lake_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lake_delivery",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(40), nullable=False, unique=True),
        sa.Column("dataset", sa.Text, nullable=True),
        sa.Column("unit", sa.Text, nullable=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("object_key", sa.Text, nullable=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("arrived_at", UtcDateTime, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("repeats", sa.String(40), nullable=True),
        sa.Column("code", sa.String(64), nullable=True),
        sa.Column("message_zh", sa.Text, nullable=True),
        sa.Column("message_en", sa.Text, nullable=True),
        sa.Column("read", sa.BigInteger, nullable=True),
        sa.Column("published", sa.BigInteger, nullable=True),
        sa.Column("quarantined", sa.BigInteger, nullable=True),
        sa.Column("duplicates", sa.BigInteger, nullable=True),
        sa.Column("version", sa.BigInteger, nullable=True),
        sa.Column("quarantine_version", sa.BigInteger, nullable=True),
        sa.Column("contract_version", sa.Text, nullable=True),
        sa.Column("publish_no", sa.BigInteger, nullable=True),
        sa.Column("attempt", sa.BigInteger, nullable=True),
        sa.Column("intent", sa.JSON, nullable=True),
        sa.Column("audit", sa.JSON, nullable=True),
        sa.Column("notes", sa.JSON, nullable=True),
        sa.Column("key_id", sa.Text, nullable=True),
        sa.Column("wrapped_key", sa.Text, nullable=True),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lake_outbox",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("sent_at", UtcDateTime, nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=True),
        sa.UniqueConstraint("kind", "subject", name="lake_outbox_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_lake_delivery_dataset", "lake_delivery", ["dataset"])
    op.create_index("ix_lake_delivery_sha256", "lake_delivery", ["sha256"])
    op.create_index("ix_lake_delivery_state", "lake_delivery", ["state"])
    op.create_index("ix_lake_outbox_sent_at", "lake_outbox", ["sent_at"])


def downgrade() -> None:
    op.drop_table("lake_outbox")
    op.drop_table("lake_delivery")
