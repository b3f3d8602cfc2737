"""The index of the register: documents, postings, facets."""

import sqlalchemy as sa
from alembic import op

revision = "catalogs_find"
down_revision = "catalogs_0003"


def upgrade() -> None:
    op.create_table("catalogs_find_state", sa.Column("tokens", sa.String(20), primary_key=True))
    op.create_table(
        "catalogs_find_document",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("resource", sa.String(191), nullable=False, unique=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("written", sa.Text, nullable=False),
    )
    token = sa.String(48).with_variant(sa.String(48, collation="C"), "postgresql")
    op.create_table(
        "catalogs_find_posting",
        sa.Column("token", token, primary_key=True),
        sa.Column("block", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("found", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "catalogs_find_facet",
        sa.Column("block", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("facet", sa.String(20), primary_key=True),
        sa.Column("names", sa.JSON, nullable=False),
        sa.Column("codes", sa.LargeBinary, nullable=False),
    )
