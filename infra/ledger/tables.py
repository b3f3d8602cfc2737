"""The ledger's tables. Rows of `entry` are written once; the sequencer alone gives them their place in the log.

The number of an entry is handed out before its transaction commits, so a lower number may become visible after a
higher one. The place in the log (`leaf_index`) is therefore a column of its own, filled by the sequencer from what is
committed: an entry is not indexed until it has a place, whatever its number.
"""

import sqlalchemy as sa

METADATA = sa.MetaData()

# SQLite gives 64-bit row ids only to a column typed exactly INTEGER.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ENTRY = sa.Table(
    "infra_ledger_entry",
    METADATA,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
    sa.Column("once", sa.Text),
    sa.Column("mark", sa.LargeBinary(32), nullable=False),
    sa.Column("leaf_index", _NUMBER),
)
# Partial indexes: an append pays only for the first, and for the key that it bears.
for _name, _column, _when in (
    ("pending", ENTRY.c.number, ENTRY.c.leaf_index.is_(None)),
    ("place", ENTRY.c.leaf_index, ENTRY.c.leaf_index.is_not(None)),
    ("once", ENTRY.c.once, ENTRY.c.once.is_not(None)),
):
    sa.Index(f"infra_ledger_entry_{_name}", _column, unique=True, sqlite_where=_when, postgresql_where=_when)
# What stands already is looked up by its hash; the sequencer alone pays for this one.
_placed = ENTRY.c.leaf_index.is_not(None)
sa.Index("infra_ledger_entry_hash", ENTRY.c.hash, sqlite_where=_placed, postgresql_where=_placed)

CONTENT = sa.Table(
    "infra_ledger_content",
    METADATA,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("salt", sa.LargeBinary(32), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
)

TILE = sa.Table(
    "infra_ledger_tile",
    METADATA,
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("hashes", sa.LargeBinary, nullable=False),
)

CHECKPOINT = sa.Table(
    "infra_ledger_checkpoint",
    METADATA,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("size", _NUMBER, nullable=False, unique=True),
    sa.Column("note", sa.Text, nullable=False),
)

KEY = sa.Table(
    "infra_ledger_key",
    METADATA,
    sa.Column("verifier", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False, unique=True),
)

# One row: the head that the sequencer extends by compare and set. A sequencer that lost its lease fails here.
HEAD = sa.Table(
    "infra_ledger_head",
    METADATA,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("size", _NUMBER, nullable=False),
    sa.Column("token", _NUMBER, nullable=False),
)
