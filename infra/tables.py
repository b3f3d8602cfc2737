"""The tables of `infra` itself. Those of the ledger stand in `infra/ledger/tables.py`."""

import sqlalchemy as sa

METADATA = sa.MetaData()

LEASE = sa.Table(
    "infra_lease",
    METADATA,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("holder", sa.String(200), nullable=False),
    sa.Column("expires", sa.Float, nullable=False),  # seconds since 1970 by the clock that all holders share
)
