"""The tables of the index. All of them are made from the register and can be made again (`hub catalog reindex`).

Documents are numbered; 4,096 numbers are a block. A posting is what one token finds in one block: the places within the
block (two bytes each, little-endian, ascending), then as many bytes of fields (`tokens.In`).
"""

import sqlalchemy as sa

from catalogs.tables import METADATA

BLOCK = 4096

TOKEN = sa.String(48).with_variant(sa.String(48, collation="C"), "postgresql")  # so that both compare by bytes

STATE = sa.Table("catalogs_find_state", METADATA, sa.Column("tokens", sa.String(20), primary_key=True))

DOCUMENT = sa.Table(
    "catalogs_find_document",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("resource", sa.String(191), nullable=False, unique=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("written", sa.Text, nullable=False),
)

POSTING = sa.Table(
    "catalogs_find_posting",
    METADATA,
    sa.Column("token", TOKEN, primary_key=True),
    sa.Column("block", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("found", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

FACET = sa.Table(
    "catalogs_find_facet",
    METADATA,
    sa.Column("block", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("facet", sa.String(20), primary_key=True),
    sa.Column("names", sa.JSON, nullable=False),
    sa.Column("codes", sa.LargeBinary, nullable=False),
)
