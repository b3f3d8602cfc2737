"""The tables of the life of an entry: its draft, what was done to it, papers, tasks, disputes, withdrawals."""

import sqlalchemy as sa

from catalogs.tables import METADATA
from infra.database import UtcDateTime

DRAFT = sa.Table(
    "catalogs_draft",
    METADATA,
    sa.Column("resource", sa.String(191), primary_key=True),  # may be registered nowhere yet
    sa.Column("unit", sa.String(63), sa.ForeignKey("catalogs_unit.id"), nullable=False, index=True),
    sa.Column("provider", sa.String(63), sa.ForeignKey("catalogs_department.id"), nullable=False, index=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("base", sa.Integer, nullable=False),  # the registered version that it starts from; 0: none
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("holder", sa.String(63), nullable=False),  # the person in whose hands it is
    sa.Column("by", sa.String(63), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("why", sa.String(2000), nullable=False),
)

STEP = sa.Table(
    "catalogs_step",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("resource", sa.String(191), nullable=False, index=True),
    sa.Column("act", sa.String(40), nullable=False),  # of the ledger
    sa.Column("state", sa.String(16), nullable=False),  # after it
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # of the register, after it
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("body", sa.JSON),  # where the act changed it
    sa.Column("by", sa.String(63), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("why", sa.String(2000), nullable=False),
    sa.Column("entry", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

PAPER = sa.Table(
    "catalogs_paper",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("resource", sa.String(191), nullable=False, index=True),
    sa.Column("kind", sa.String(24), nullable=False),  # catalogs.life.machine.Paper
    sa.Column("about", sa.String(64), nullable=False),  # the digest of what it speaks of
    sa.Column("result", sa.String(2000), nullable=False),
    sa.Column("by", sa.String(63), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("sha256", sa.String(64)),  # of the file; None where the head approved by their own key
    sa.Column("name", sa.String(200)),
    sa.Column("size", sa.BigInteger),
    sa.Column("object_key", sa.String(300)),
    sa.Column("label", sa.String(40)),
    sa.Column("wrapped_key", sa.String(400)),
    sa.Column("master", sa.String(80)),
    sa.Column("entry", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

TASK = sa.Table(
    "catalogs_task",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(16), nullable=False),  # catalogs.life.clocks.Kind
    sa.Column("resource", sa.String(191), nullable=False, index=True),
    sa.Column("unit", sa.String(63), nullable=False, index=True),
    sa.Column("department", sa.String(63), nullable=False, index=True),  # whose turn it is
    sa.Column("holder", sa.String(63)),
    sa.Column("opened_by", sa.String(63), nullable=False),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("why", sa.String(2000), nullable=False),
    sa.Column("article", sa.String(200), nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("extension", sa.Integer, nullable=False),  # working days granted; 0: none
    sa.Column("consent", sa.String(2000)),
    sa.Column("version", sa.Integer, nullable=False),  # registered when it was opened
    sa.Column("escalated_at", UtcDateTime),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("closed_by", sa.String(63)),
    sa.Column("result", sa.String(2000)),
    sa.Column("corrected", sa.Integer),  # the version that answers a correction
    sa.Column("asker", sa.String(63)),  # the department that asks for a correction
    sa.Column("started_on", sa.Date),  # the day from which its term runs, by the city's clock
    sqlite_autoincrement=True,
)

DISPUTE = sa.Table(
    "catalogs_dispute",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("unit", sa.String(63), nullable=False),
    sa.Column("subject", sa.String(300), nullable=False),
    sa.Column("element", sa.String(300), nullable=False),
    sa.Column("said", sa.String(1000), nullable=False),
    sa.Column("type", sa.String(20), nullable=False),
    sa.Column("parties", sa.JSON, nullable=False),  # [[resource, item, department], …]
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("lead", sa.String(63)),
    sa.Column("settled_by", sa.String(63)),
    sa.Column("settled_at", UtcDateTime),
    sa.Column("why", sa.String(2000)),
    sa.Index("ux_catalogs_dispute", "unit", "subject", "element", "type", unique=True),
    sqlite_autoincrement=True,
)

WITHDRAWN = sa.Table(
    "catalogs_withdrawn",
    METADATA,
    sa.Column("resource", sa.String(191), sa.ForeignKey("catalogs_resource.id"), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("by", sa.String(63), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("why", sa.String(2000), nullable=False),
    sa.Column("despite", sa.String(2000)),
)
