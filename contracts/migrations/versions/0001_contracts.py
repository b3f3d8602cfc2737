"""The contracts: the current one of each dataset, and every version."""

import sqlalchemy as sa
from alembic import op

from infra.database import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "contracts_contract",
        sa.Column("dataset", sa.String(191), primary_key=True),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("name", sa.String(1000), nullable=False),
    )
    op.create_table(
        "contracts_contract_version",
        sa.Column("dataset", sa.String(191), sa.ForeignKey("contracts_contract.dataset"), primary_key=True),
        sa.Column("version", sa.String(40), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("registered_at", UtcDateTime, nullable=False),
        sa.Column("entry", sa.BigInteger, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )
