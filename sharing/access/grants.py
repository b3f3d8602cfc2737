"""Grants after the issue: access tokens, the profile file of the Delta Sharing protocol, revocation, expiry.

Promises:

- a token is 256 random bits, shown once in the profile that it is written into; the database keeps its SHA-256 alone
  (nothing shorter than the token itself can be guessed from it), lists show its id;
- a profile file is readable by its owner alone (0600), is never written over another file, and stands under its name
  whole and durable, or not at all;
- a revocation is one committed row: whoever asks afterwards is refused, no cache lives longer than the gate's look;
- revoking and expiring are acts in the ledger, in the same transaction.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from infra.crypto import random_token, sha256_hex
from infra.database import read, write
from infra.errors import Refused, Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry
from sharing.case import casebook, cases
from sharing.case.cases import State
from sharing.tables import grant as table
from sharing.tables import token as token_table

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant as it stands."""

    id: str
    case: str
    applicant: str
    dataset: str
    share: str
    schema: str
    table: str
    starts_at: datetime
    ends_at: datetime
    revoked_at: datetime | None

    @property
    def address(self) -> str:
        """The table as a client of Delta Sharing names it behind the profile's `#`."""
        return f"{self.share}.{self.schema}.{self.table}"


def of_case(engine: sa.Engine, case_id: str) -> Grant:
    """The grant of a case.

    Raises:
        Refused: SHARE_NO_GRANT.
    """
    columns = [table.c[name] for name in Grant.__dataclass_fields__]
    with read(engine) as connection:
        row = connection.execute(sa.select(*columns).where(table.c.case == case_id)).mappings().first()
    if row is None:
        raise Refused("SHARE_NO_GRANT", "该案件还没有使用许可", "this case has no grant yet")
    return Grant(**row)


def living(ground: Ground, case_id: str) -> Grant:
    """The grant of a case, while it holds.

    Raises:
        Refused: SHARE_NO_GRANT, SHARE_REVOKED, SHARE_EXPIRED.
    """
    found, anew = of_case(ground.engine, case_id), Text("须重新申请：hub share apply", "apply anew: hub share apply")
    if found.revoked_at is not None:
        raise Refused("SHARE_REVOKED", "使用许可已撤销", "the grant was revoked", remedy=anew)
    if found.ends_at <= ground.now():
        raise Refused("SHARE_EXPIRED", "使用许可已到期", "the term of the grant is over", remedy=anew)
    return found


def profile(ground: Ground, case_id: str, endpoint: str, actor: str) -> dict[str, Any]:
    """A new token's profile, as the protocol writes it; the token is shown here once and never again.

    Earlier tokens of the grant stay valid until they are revoked with it.

    Raises:
        Refused: SHARE_NO_GRANT, SHARE_REVOKED, SHARE_EXPIRED.
        WrongUse: SHARE_ENDPOINT.
    """
    if not _private(endpoint):
        raise WrongUse(
            "SHARE_ENDPOINT",
            "共享服务地址须为 https，或本机回环地址",
            "the endpoint is https, or on the loopback of this machine",
        )
    found, now = living(ground, case_id), ground.now()
    secret = random_token(_TOKEN_BYTES)
    digest = sha256_hex(secret.encode())
    identity = "t-" + sha256_hex(digest.encode())[:16]
    row = {"id": identity, "hash": digest, "grant": found.id, "created_at": now, "expires_at": found.ends_at}
    with write(ground.engine) as connection:
        connection.execute(token_table.insert().values(row))
        content = {"token": identity, "ends_at": found.ends_at.isoformat()}
        ground.ledger.append([NewEntry(Act.GRANT_ISSUED, actor, found.id, content)], connection=connection)
    return {
        "shareCredentialsVersion": 1,
        "endpoint": endpoint.rstrip("/") + "/",
        "bearerToken": secret,
        "expirationTime": found.ends_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }


def _private(endpoint: str) -> bool:
    """Whether a token sent there is read by nobody on the way: https, or this very machine."""
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return False
    home = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return (
        bool(parts.hostname)
        and parts.username is None
        and (parts.scheme == "https" or (parts.scheme == "http" and home))
    )


def opens(engine: sa.Engine, case_id: str, bearer: str) -> bool:
    """Whether `bearer` is a token of the case's grant that was not revoked."""
    wanted = (
        sa.select(token_table.c.id)
        .join(table, token_table.c.grant == table.c.id)
        .where(table.c.case == case_id, token_table.c.hash == sha256_hex(bearer.encode()))
        .where(token_table.c.revoked_at.is_(None))
    )
    with read(engine) as connection:
        return connection.execute(wanted).first() is not None


def write_profile(path: Path, content: dict[str, Any]) -> None:
    """Writes the profile for its owner alone.

    Raises:
        Unavailable: SHARE_PROFILE when the file exists or cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)  # mode 0600
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            # A link is made whole or not at all, and refuses to replace, also where a link leads elsewhere.
            os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise no_profile() from error


def no_profile() -> Unavailable:
    """The error for a profile file that exists or cannot be written."""
    return Unavailable(
        "SHARE_PROFILE",
        "凭据文件已存在或无法写入",
        "the profile file exists or cannot be written",
        remedy=Text("换一个文件名", "choose another file name"),
    )


def revoke(ground: Ground, case_id: str, actor: str, why: str) -> Grant:
    """Ends the grant now. Repeating it changes nothing.

    Raises:
        Refused: SHARE_NO_GRANT, SHARE_CASE_STATE, SHARE_REASON_MISSING.
    """
    found = of_case(ground.engine, case_id)
    before = casebook.case(ground.engine, case_id)
    if before.state is State.REVOKED:
        return found
    after, now = cases.revoked(before, why), ground.now()
    with write(ground.engine) as connection:
        changed = {"revoked_at": now, "revoked_by": actor, "revoked_why": why}
        connection.execute(table.update().where(table.c.id == found.id).values(changed))
        connection.execute(
            token_table.update()
            .where(token_table.c.grant == found.id, token_table.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        casebook.step(ground, connection, before, after, (Act.GRANT_REVOKED, actor, {"grant": found.id}, now))
    return of_case(ground.engine, case_id)


def expire(ground: Ground, actor: str) -> list[str]:
    """Writes down which grants' terms are over; the gate refuses them by time alone, before and after. Their cases."""
    now = ground.now()
    wanted = sa.select(table.c.case, table.c.id).where(table.c.ends_at <= now, table.c.revoked_at.is_(None))
    with read(ground.engine) as connection:
        over = connection.execute(wanted.order_by(table.c.case)).all()
    done = []
    for case_id, identity in over:
        before = casebook.case(ground.engine, case_id)
        after = cases.expired(before, now)
        if after.state is not before.state:
            casebook.move(ground, before, after, (Act.GRANT_EXPIRED, actor, {"grant": identity}))
            done.append(case_id)
    return done
