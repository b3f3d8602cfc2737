"""Applicants: firms and institutes, what they declared and committed to, and what the lists say of them.

Promises:

- a code that fails GB 32100 is refused before anything is stored; the same code is the same applicant;
- registering is an act in the ledger, in the same transaction as the row; everybody who ever did it is remembered, and
  barred from reviewing the applicant's cases;
- the standing (失信被执行人 and the other lists) is recorded with who looked and when; the hub asks no register itself.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from infra.crypto import sha256_hex
from infra.database import read, write
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry
from sharing.case import uscc
from sharing.case.declared import COMMITMENTS, KINDS, LISTS, Applicant, Registration
from sharing.case.one_line import one_line
from sharing.tables import applicant as table
from sharing.tables import registrant


def register(ground: Ground, given: Registration, actor: str, now: datetime) -> Applicant:
    """Stores or updates the applicant of this code.

    Raises:
        Refused: SHARE_TEXT, SHARE_USCC, SHARE_APPLICANT (an unknown kind, list or commitment, no name or contact).
    """
    one_line(asdict(given))
    code = uscc.checked(given.uscc)
    _check(given)
    values: dict[str, Any] = {
        "id": "a-" + sha256_hex(code.encode())[:12],
        "uscc": code,
        "name": given.name.strip(),
        "kind": given.kind,
        "contact": given.contact.strip(),
        "overseas": given.overseas,
        "security": dict(given.security),
        "standing": {"lists": list(given.lists), "checked": {"by": actor, "at": now.isoformat()}},
        "commitments": sorted(set(given.commitments)),
        "registered_at": now,
        "registered_by": actor,
    }
    with write(ground.engine) as connection:
        known = connection.execute(sa.select(table.c.id).where(table.c.uscc == code)).scalar()
        if known is None:
            connection.execute(table.insert().values(values))
        else:
            connection.execute(table.update().where(table.c.id == known).values(values))
        _remember(connection, values["id"], actor, now)
        content = {name: values[name] for name in ("uscc", "name", "kind", "overseas", "standing", "commitments")}
        ground.ledger.append([NewEntry(Act.APPLICANT_REGISTERED, actor, values["id"], content)], connection=connection)
    return applicant(ground.engine, values["id"])


def _remember(connection: sa.Connection, identity: str, actor: str, now: datetime) -> None:
    """Adds `actor` to those who registered the applicant, unless it is one of them already."""
    mine = (registrant.c.applicant == identity, registrant.c.person == actor)
    if connection.execute(sa.select(registrant.c.person).where(*mine)).first() is None:
        connection.execute(registrant.insert().values(applicant=identity, person=actor, at=now))


def applicant(engine: sa.Engine, key: str) -> Applicant:
    """The applicant with this id or code.

    Raises:
        Refused: SHARE_APPLICANT_UNKNOWN.
    """
    with read(engine) as connection:
        wanted = sa.select(table).where((table.c.id == key) | (table.c.uscc == uscc.normal(key)))
        row = connection.execute(wanted).mappings().first()
    if row is None:
        raise Refused(
            "SHARE_APPLICANT_UNKNOWN",
            "没有这个申请主体",
            "there is no such applicant",
            remedy=Text("先用 hub share applicant 登记", "register it first with hub share applicant"),
        )
    return _applicant(row)


def applicants(engine: sa.Engine) -> list[Applicant]:
    """All applicants, by name."""
    with read(engine) as connection:
        return [_applicant(row) for row in connection.execute(sa.select(table).order_by(table.c.name)).mappings()]


def _applicant(row: sa.RowMapping) -> Applicant:
    return Applicant(
        id=row["id"],
        uscc=row["uscc"],
        name=row["name"],
        kind=row["kind"],
        contact=row["contact"],
        overseas=row["overseas"],
        security=row["security"],
        lists=tuple(row["standing"]["lists"]),
        checked=row["standing"]["checked"],
        commitments=tuple(row["commitments"]),
        registered_by=row["registered_by"],
    )


def _check(given: Registration) -> None:
    wrong: list[Text] = []
    if not given.name.strip() or not given.contact.strip():
        wrong.append(Text("单位名称和联系人不能为空", "name and contact may not be empty"))
    if given.kind not in KINDS:
        wrong.append(Text(f"主体类别须为 {'、'.join(KINDS)}", f"the kind is one of {', '.join(KINDS)}"))
    unknown = sorted((set(given.lists) - set(LISTS)) | (set(given.commitments) - set(COMMITMENTS)))
    if unknown:
        wrong.append(
            Text(f"未知的名单或承诺：{'、'.join(unknown)}", f"unknown lists or commitments: {', '.join(unknown)}")
        )
    if wrong:
        raise Refused("SHARE_APPLICANT", "申请主体信息不完整", "the applicant cannot be registered", reasons=wrong)
