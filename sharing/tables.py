"""The tables of the door: applicants, cases and what became of them, grants, extracts, tokens, links.

Promises:

- a case's state stands in one column and is written in the same transaction as the event that changed it and the
  ledger entry that proves it;
- a grant is alive when ``starts_at <= now < ends_at`` and ``revoked_at`` is null: nothing else is asked of the
  database at access (``sharing.case.policy.may_access`` decides on these values);
- of a token only its hash is kept; of a link, its random name's hash.

Times are aware UTC instants. JSON columns hold plain values.
"""

import sqlalchemy as sa

from infra.database import UtcDateTime

metadata = sa.MetaData()

applicant = sa.Table(
    "sharing_applicant",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),  # "a-" and 12 hex digits of the code's digest
    sa.Column("uscc", sa.String(18), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # firm | institute | department
    sa.Column("contact", sa.Text, nullable=False),
    sa.Column("overseas", sa.Boolean, nullable=False),
    sa.Column("security", sa.JSON, nullable=False),  # protection grade, storage place, staff
    sa.Column("standing", sa.JSON, nullable=False),  # lists it is on, checked when and by whom
    sa.Column("commitments", sa.JSON, nullable=False),  # names of the commitments it signed
    sa.Column("registered_at", UtcDateTime, nullable=False),
    sa.Column("registered_by", sa.Text, nullable=False),
)

registrant = sa.Table(
    "sharing_registrant",
    metadata,
    sa.Column("applicant", sa.String(40), sa.ForeignKey("sharing_applicant.id"), primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),  # everybody who ever registered it, the last one too
    sa.Column("at", UtcDateTime, nullable=False),  # for the first time
)

case = sa.Table(
    "sharing_case",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(40), nullable=False, unique=True),  # "case-2026-0001"
    sa.Column("applicant", sa.String(40), sa.ForeignKey("sharing_applicant.id"), nullable=False),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # sharing.case.cases.State
    sa.Column("request", sa.JSON, nullable=False),  # purpose, scene, items, method, term, legal basis
    sa.Column("applied_at", UtcDateTime, nullable=False),
    sa.Column("applied_by", sa.Text, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

case_event = sa.Table(
    "sharing_case_event",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), nullable=False, index=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("act", sa.String(48), nullable=False),
    sa.Column("before", sa.String(16), nullable=True),
    sa.Column("after", sa.String(16), nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),  # [{"rule", "article", "zh", "en"}]
    sa.Column("ledger", sa.Integer, nullable=True),
    sqlite_autoincrement=True,
)

approval = sa.Table(
    "sharing_approval",
    metadata,
    sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), primary_key=True),
    sa.Column("role", sa.String(16), primary_key=True),  # provider | authority
    sa.Column("department", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("opinion", sa.Text, nullable=False),
)

use = sa.Table(
    "sharing_use",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),  # people call it "u-7"
    sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), nullable=False, index=True),
    sa.Column("scene", sa.Text, nullable=False),
    sa.Column("process", sa.Text, nullable=False),
    sa.Column("results", sa.Text, nullable=False),
    sa.Column("storage", sa.Text, nullable=False),
    sa.Column("destruction", sa.Text, nullable=False),
    sa.Column("recorded_on", sa.Date, nullable=False),
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

agreement = sa.Table(
    "sharing_agreement",
    metadata,
    sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),  # canonical, both languages
    sa.Column("digest", sa.String(64), nullable=False),  # SHA-256 of the text: names it, is no signature
    sa.Column("terms", sa.JSON, nullable=False),
    sa.Column("signed_at", UtcDateTime, nullable=False),
    sa.Column("signed_by", sa.Text, nullable=False),
)

grant = sa.Table(
    "sharing_grant",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),  # "g-…"
    sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), nullable=False, unique=True),
    sa.Column("applicant", sa.String(40), sa.ForeignKey("sharing_applicant.id"), nullable=False, index=True),
    sa.Column("dataset", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("share", sa.Text, nullable=False, unique=True),  # Delta Sharing names: share, schema, table
    sa.Column("schema", sa.Text, nullable=False),
    sa.Column("table", sa.Text, nullable=False),
    sa.Column("starts_at", UtcDateTime, nullable=False),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime, nullable=True),
    sa.Column("revoked_by", sa.Text, nullable=True),
    sa.Column("revoked_why", sa.Text, nullable=True),
)

extract = sa.Table(
    "sharing_extract",
    metadata,
    sa.Column(
        "id", sa.String(40), primary_key=True
    ),  # "x-…"; the Delta table is extracts/<id>; its grant comes with the issue
    sa.Column("case", sa.String(40), sa.ForeignKey("sharing_case.id"), nullable=False, index=True),
    sa.Column("grant", sa.String(40), sa.ForeignKey("sharing_grant.id"), nullable=True, index=True),
    sa.Column("state", sa.String(16), nullable=False),  # begun | issued
    sa.Column("table_key", sa.Text, nullable=False),
    sa.Column("source_version", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=True),  # of the extract's own Delta table
    sa.Column("rows", sa.Integer, nullable=True),
    sa.Column("begun_at", UtcDateTime, nullable=False),
    sa.Column("issued_at", UtcDateTime, nullable=True),
    sa.Column("certificate", sa.JSON, nullable=True),
    sa.Column("certificate_digest", sa.String(64), nullable=True),
    sa.Column("ledger", sa.Integer, nullable=True),
)

token = sa.Table(
    "sharing_token",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),  # "t-…": names the token in lists and entries
    sa.Column("hash", sa.String(64), nullable=False, unique=True),  # SHA-256 of 256 random bits: nothing to guess
    sa.Column("grant", sa.String(40), sa.ForeignKey("sharing_grant.id"), nullable=False, index=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime, nullable=True),
)

link = sa.Table(
    "sharing_link",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),  # digest of the link's random name
    sa.Column("token", sa.String(40), sa.ForeignKey("sharing_token.id"), nullable=False, index=True),
    sa.Column("grant", sa.String(40), sa.ForeignKey("sharing_grant.id"), nullable=False, index=True),
    sa.Column("extract", sa.String(40), sa.ForeignKey("sharing_extract.id"), nullable=False),
    sa.Column("file", sa.Text, nullable=False),  # object key of the one file that it opens
    sa.Column("size", sa.BigInteger, nullable=False),  # bytes of that file
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
)
