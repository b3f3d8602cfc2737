"""数源 disputes: raised where two departments register the same data element, settled by the authority alone.

The rule stands in `catalogs.life.elements`. A dispute is of one element of one subject in one unit; it is raised once,
takes in whoever registers the element later, and a settled one stays settled for those who were in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.asking import may_act
from catalogs.decide import DraftRef
from catalogs.life.drafts import words
from catalogs.life.elements import Element, shared
from catalogs.life.tables import DISPUTE, WITHDRAWN
from catalogs.model import Person, Resource
from catalogs.tables import RESOURCE
from infra.database import lock, read, write
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry


@dataclass(frozen=True, slots=True)
class Dispute:
    """A data element that several departments register; `parties` are resource, item and department of each."""

    number: int
    unit: str
    subject: str
    element: str
    said: str
    type: str
    parties: tuple[tuple[str, str, str], ...]
    opened_at: datetime
    lead: str | None
    settled_by: str | None
    settled_at: datetime | None
    why: str | None

    @property
    def id(self) -> str:
        """What people call it."""
        return f"s-{self.number}"

    @property
    def departments(self) -> list[str]:
        """The departments that register the element."""
        return sorted({department for _, _, department in self.parties})


def raise_disputes(connection: Connection, ground: Ground, of: Resource | None = None) -> list[str]:
    """Raise what the registered resources dispute, of one of them where given, in the caller's transaction.

    Returns:
        The ids of the disputes that are new, or that somebody joined.
    """
    lock(connection, "disputes")
    query = sa.select(RESOURCE.c.body).where(RESOURCE.c.id.not_in(sa.select(WITHDRAWN.c.resource)))
    if of is not None:
        query = query.where(RESOURCE.c.unit == of.unit)
    known = [msgspec.convert(body, Resource) for body in connection.execute(query).scalars()]
    found = shared(known)
    if of is not None:
        found = {key: all_ for key, all_ in found.items() if any(one.resource == of.id for one in all_)}
    return [identity for identity in (_one(connection, ground, parties) for parties in _once(found)) if identity]


def look(ground: Ground) -> list[str]:
    """Raise whatever the register disputes now, as after a folder was registered; the ids of what is new."""
    with write(ground.engine) as connection:
        return raise_disputes(connection, ground)


def disputes(ground: Ground, *, settled: bool = False) -> list[Dispute]:
    """The open disputes, oldest first; with `settled` all that ever were."""
    query = sa.select(DISPUTE).order_by(DISPUTE.c.number)
    if not settled:
        query = query.where(DISPUTE.c.settled_at.is_(None))
    with read(ground.engine) as connection:
        return [_dispute(row) for row in connection.execute(query).mappings()]


def set_lead(ground: Ground, number: int, lead: str, by: Person, *, why: str) -> Dispute:
    """Name the lead source of a disputed element; the authority alone does (Decree 809 Art. 19).

    Raises:
        Refused: CATALOG_ACT_DENIED, LIFE_WORDS, DISPUTE_LEAD where `lead` is no party.
        WrongUse: DISPUTE_UNKNOWN.
    """
    reason = words(why, "why")
    with write(ground.engine) as connection:
        lock(connection, "disputes")
        row = connection.execute(sa.select(DISPUTE).where(DISPUTE.c.number == number)).mappings().first()
        if row is None:
            raise WrongUse("DISPUTE_UNKNOWN", f"没有数源争议 s-{number}", f"there is no dispute s-{number}")
        found = _dispute(row)
        may_act(ground, by, "set_lead", DraftRef(found.parties[0][0], found.unit, found.parties[0][2]))
        if lead not in found.departments:
            raise Refused(
                "DISPUTE_LEAD",
                f"{lead} 不是 {found.id} 的当事部门",
                f"{lead} is no party of {found.id}",
                remedy=Text("可选：" + "、".join(found.departments), "one of: " + ", ".join(found.departments)),
            )
        now = ground.now()
        values = {"lead": lead, "settled_by": by.id, "settled_at": now, "why": reason}
        connection.execute(sa.update(DISPUTE).where(DISPUTE.c.number == number).values(values))
        content = {"element": found.said, "lead": lead, "parties": found.departments, "why": reason}
        ground.ledger.append([NewEntry(Act.LEAD_SET, by.id, found.id, content)], connection=connection)
        return _dispute({**row, **values})


def _once(found: Mapping[tuple[str, str, str, str], list[Element]]) -> Iterable[list[Element]]:
    """One dispute for items that meet under several names or subjects."""
    seen: set[frozenset[tuple[str, str]]] = set()
    for key in sorted(found):
        items = frozenset((one.resource, one.item) for one in found[key])
        if items not in seen:
            seen.add(items)
            yield found[key]


def _one(connection: Connection, ground: Ground, parties: list[Element]) -> str | None:
    first = parties[0]
    unit, subject, name, kind = first.key
    here = [DISPUTE.c.unit == unit, DISPUTE.c.subject == subject, DISPUTE.c.element == name, DISPUTE.c.type == kind]
    row = connection.execute(sa.select(DISPUTE).where(*here)).mappings().first()
    sides = sorted({(one.resource, one.item, one.provider) for one in parties})
    values: dict[str, Any] = {"parties": [list(side) for side in sides]}
    if row is None:
        values |= {"unit": unit, "subject": subject, "element": name, "said": first.said, "type": kind}
        values |= {"opened_at": ground.now()}
        number = connection.execute(sa.insert(DISPUTE).values(values).returning(DISPUTE.c.number)).scalar_one()
    else:
        number = row["number"]
        if {department for *_, department in sides} <= {department for *_, department in row["parties"]}:
            return None
        values |= dict.fromkeys(("lead", "settled_by", "settled_at", "why"))  # somebody new asks the question anew
        connection.execute(sa.update(DISPUTE).where(DISPUTE.c.number == number).values(values))
    content = {"element": first.said, "unit": unit, "parties": values["parties"]}
    ground.ledger.append([NewEntry(Act.LEAD_DISPUTED, "clock", f"s-{number}", content)], connection=connection)
    return f"s-{number}"


def _dispute(row: Mapping[Any, Any]) -> Dispute:
    values: dict[str, Any] = {name: row[name] for name in Dispute.__slots__}
    return Dispute(**values | {"parties": tuple(tuple(side) for side in row["parties"])})
