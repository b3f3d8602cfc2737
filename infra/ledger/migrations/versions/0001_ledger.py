"""The ledger: entries, their contents, tiles, checkpoints, keys, and the head that the sequencer extends."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "infra_ledger_entry",
        sa.Column("number", number, primary_key=True, autoincrement=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("once", sa.Text),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("leaf_index", number),
    )
    for name, column, when in (
        ("pending", "number", "leaf_index IS NULL"),
        ("place", "leaf_index", "leaf_index IS NOT NULL"),
        ("once", "once", "once IS NOT NULL"),
    ):
        where = sa.text(when)
        op.create_index(
            f"infra_ledger_entry_{name}",
            "infra_ledger_entry",
            [column],
            unique=True,
            sqlite_where=where,
            postgresql_where=where,
        )
    op.create_table(
        "infra_ledger_content",
        sa.Column("number", number, primary_key=True, autoincrement=False),
        sa.Column("salt", sa.LargeBinary(32), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "infra_ledger_tile",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", number, primary_key=True, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "infra_ledger_checkpoint",
        sa.Column("number", number, primary_key=True, autoincrement=False),
        sa.Column("size", number, nullable=False, unique=True),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "infra_ledger_key",
        sa.Column("verifier", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False, unique=True),
    )
    head = op.create_table(
        "infra_ledger_head",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("size", number, nullable=False),
        sa.Column("token", number, nullable=False),
    )
    op.bulk_insert(head, [{"one": 1, "size": 0, "token": 0}])
