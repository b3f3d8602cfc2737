"""The tables of the contracts: the current one of each dataset, and every version that ever was."""

import sqlalchemy as sa

from infra.database import UtcDateTime

METADATA = sa.MetaData()

CONTRACT = sa.Table(
    "contracts_contract",
    METADATA,
    sa.Column("dataset", sa.String(191), primary_key=True),
    sa.Column("version", sa.String(40), nullable=False),
    sa.Column("name", sa.String(1000), nullable=False),
)

# `body` is the whole ODCS document; JSON keeps the order of its keys, so that an export gives back what came in.
VERSION = sa.Table(
    "contracts_contract_version",
    METADATA,
    sa.Column("dataset", sa.String(191), sa.ForeignKey("contracts_contract.dataset"), primary_key=True),
    sa.Column("version", sa.String(40), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("registered_at", UtcDateTime, nullable=False),
    sa.Column("entry", sa.BigInteger, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
)
