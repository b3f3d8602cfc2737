"""The first tables of the door."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "sharing_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sharing_applicant",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("uscc", sa.String(18), nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("overseas", sa.Boolean, nullable=False),
        sa.Column("security", sa.JSON, nullable=False),
        sa.Column("standing", sa.JSON, nullable=False),
        sa.Column("commitments", sa.JSON, nullable=False),
        sa.Column("registered_at", UtcDateTime, nullable=False),
        sa.Column("registered_by", sa.Text, nullable=False),
    )
    op.create_table(
        "sharing_case",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(40), nullable=False, unique=True),
        sa.Column("applicant", sa.String(40), sa.ForeignKey("sharing_applicant.id"), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("applied_at", UtcDateTime, nullable=False),
        sa.Column("applied_by", sa.Text, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sharing_case_event",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("act", sa.String(48), nullable=False),
        sa.Column("before", sa.String(16), nullable=True),
        sa.Column("after", sa.String(16), nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("ledger", sa.Integer, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sharing_case_event_case", "sharing_case_event", ["case"])
    op.create_table(
        "sharing_approval",
        sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), primary_key=True),
        sa.Column("role", sa.String(16), primary_key=True),
        sa.Column("department", sa.Text, primary_key=True),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("opinion", sa.Text, nullable=False),
    )
    op.create_table(
        "sharing_agreement",
        sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("terms", sa.JSON, nullable=False),
        sa.Column("signed_at", UtcDateTime, nullable=False),
        sa.Column("signed_by", sa.Text, nullable=False),
    )
    op.create_table(
        "sharing_grant",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), nullable=False, unique=True),
        sa.Column("applicant", sa.String(40), sa.ForeignKey("sharing_applicant.id"), nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("share", sa.Text, nullable=False, unique=True),
        sa.Column("schema", sa.Text, nullable=False),
        sa.Column("table", sa.Text, nullable=False),
        sa.Column("starts_at", UtcDateTime, nullable=False),
        sa.Column("ends_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime, nullable=True),
        sa.Column("revoked_by", sa.Text, nullable=True),
        sa.Column("revoked_why", sa.Text, nullable=True),
    )
    op.create_index("ix_sharing_grant_applicant", "sharing_grant", ["applicant"])
    op.create_table(
        "sharing_extract",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), nullable=False),
        sa.Column("grant", sa.String(40), sa.ForeignKey("sharing_grant.id"), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("table_key", sa.Text, nullable=False),
        sa.Column("source_version", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=True),
        sa.Column("rows", sa.Integer, nullable=True),
        sa.Column("begun_at", UtcDateTime, nullable=False),
        sa.Column("issued_at", UtcDateTime, nullable=True),
        sa.Column("certificate", sa.JSON, nullable=True),
        sa.Column("certificate_digest", sa.String(64), nullable=True),
        sa.Column("ledger", sa.Integer, nullable=True),
    )
    op.create_index("ix_sharing_extract_case", "sharing_extract", ["case"])
    op.create_index("ix_sharing_extract_grant", "sharing_extract", ["grant"])
    op.create_table(
        "sharing_token",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("grant", sa.String(40), sa.ForeignKey("sharing_grant.id"), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime, nullable=True),
    )
    op.create_index("ix_sharing_token_grant", "sharing_token", ["grant"])
    op.create_table(
        "sharing_link",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("token", sa.String(40), sa.ForeignKey("sharing_token.id"), nullable=False),
        sa.Column("grant", sa.String(40), sa.ForeignKey("sharing_grant.id"), nullable=False),
        sa.Column("extract", sa.String(40), sa.ForeignKey("sharing_extract.id"), nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_sharing_link_token", "sharing_link", ["token"])
    op.create_index("ix_sharing_link_grant", "sharing_link", ["grant"])


def downgrade() -> None:
    op.drop_table("sharing_link")
    op.drop_table("sharing_token")
    op.drop_table("sharing_extract")
    op.drop_table("sharing_grant")
    op.drop_table("sharing_agreement")
    op.drop_table("sharing_approval")
    op.drop_table("sharing_case_event")
    op.drop_table("sharing_case")
    op.drop_table("sharing_applicant")
