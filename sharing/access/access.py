"""What the gate asks of the database: which grant a token or a link belongs to, and whether it is still open.

Reads only, but for the links that it stores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from infra.database import read
from infra.errors import Refused
from sharing.access.protocol import SharedTable
from sharing.tables import extract, grant, link, token

SWEPT = 1_000  # expired links at once


@dataclass(frozen=True, slots=True)
class Access:
    """One bearer's way to one issued extract. `token`, `grant`, `applicant` and `extract` are ids, never secrets."""

    token: str
    grant: str
    applicant: str
    table: SharedTable
    extract: str
    table_key: str
    version: int
    ends_at: datetime

    def require(self, share: str, schema: str | None = None, table: str | None = None) -> None:
        """Refuse names that are not this grant's; case is ignored, as the protocol says.

        Raises:
            Refused: SHARE_UNKNOWN, alike for what does not exist and for what is another's.
        """
        asked = (share, schema or self.table.schema, table or self.table.table)
        own = (self.table.share, self.table.schema, self.table.table)
        if [name.casefold() for name in asked] != [name.casefold() for name in own]:
            raise Refused("SHARE_UNKNOWN", "没有这个共享、模式或表", "there is no such share, schema or table")


@dataclass(frozen=True, slots=True)
class GrantState:
    """What decides whether an access is open now."""

    starts_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    token_expires_at: datetime
    token_revoked_at: datetime | None


_REACH = (
    sa.select(
        token.c.id.label("token"),
        grant.c.id.label("grant"),
        grant.c.applicant,
        grant.c.share,
        grant.c.schema,
        grant.c.table,
        grant.c.ends_at,
        extract.c.id.label("extract"),
        extract.c.table_key,
        extract.c.version,
    )
    .join_from(token, grant, token.c.grant == grant.c.id)
    .join(extract, extract.c.grant == grant.c.id)
    .where(extract.c.state == "issued")
    .order_by(extract.c.issued_at.desc())
    .limit(1)
)


def access_by_token(engine: sa.Engine, digest: str) -> Access | None:
    """Find the access of the token whose SHA-256 is `digest`; None if there is none."""
    with read(engine) as connection:
        row = connection.execute(_REACH.where(token.c.hash == digest)).mappings().first()
    return None if row is None else _access(row)


def access_by_link(engine: sa.Engine, digest: str, now: datetime) -> tuple[Access, str, int] | None:
    """Find access, object key and size of the unexpired link whose SHA-256 is `digest`; None if there is none."""
    wanted = (
        _REACH.add_columns(link.c.file, link.c.size)
        .join(link, (link.c.token == token.c.id) & (link.c.extract == extract.c.id))
        .where(link.c.id == digest, link.c.expires_at > now)
    )
    with read(engine) as connection:
        row = connection.execute(wanted).mappings().first()
    return None if row is None else (_access(row), row["file"], row["size"])


def still_open(engine: sa.Engine, access: Access) -> GrantState:
    """Read the state of the access's grant and token as it is now."""
    wanted = (
        sa.select(
            grant.c.starts_at,
            grant.c.ends_at,
            grant.c.revoked_at,
            token.c.expires_at.label("token_expires_at"),
            token.c.revoked_at.label("token_revoked_at"),
        )
        .join_from(token, grant, token.c.grant == grant.c.id)
        .where(token.c.id == access.token)
    )
    with read(engine) as connection:
        return GrantState(**connection.execute(wanted).mappings().one())


def store_links(
    connection: sa.Connection, access: Access, links: Sequence[tuple[str, str, int]], now: datetime, expires: datetime
) -> None:
    """Store links as (digest, object key, bytes) and drop some that expired, in any case more than are stored."""
    # A bounded part, so that the first query after a busy day waits for no day's sweep; and none that another query is
    # dropping at this moment.
    over = sa.select(link.c.id).where(link.c.expires_at <= now).limit(SWEPT + len(links))
    swept = connection.scalars(over.with_for_update(skip_locked=True)).all()
    for start in range(0, len(swept), SWEPT):
        connection.execute(link.delete().where(link.c.id.in_(swept[start : start + SWEPT])))
    own = {"token": access.token, "grant": access.grant, "extract": access.extract}
    rows = [
        {**own, "id": digest, "file": key, "size": size, "created_at": now, "expires_at": expires}
        for digest, key, size in links
    ]
    if rows:
        connection.execute(link.insert(), rows)


def _access(row: sa.RowMapping) -> Access:
    table = SharedTable(row["share"], row["schema"], row["table"])
    own = {name: row[name] for name in ("token", "grant", "applicant", "extract", "table_key", "version", "ends_at")}
    return Access(table=table, **own)
