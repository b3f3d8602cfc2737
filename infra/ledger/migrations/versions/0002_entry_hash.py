"""An index on the hash of the entries that have a place: the sequencer asks whether a leaf stands already.

It is not unique: the check stands in the sequencer, where whoever writes to the database cannot drop it, and a log that
was added to before must still open, so that `verify` can say where.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    where = sa.text("leaf_index IS NOT NULL")
    op.create_index(
        "infra_ledger_entry_hash", "infra_ledger_entry", ["hash"], sqlite_where=where, postgresql_where=where
    )
