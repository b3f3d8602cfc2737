"""数源 disputes: raised where two departments register the same data element, and what the authority settled.

The rule stands in `catalogs.life.elements`. A dispute is of one element of one subject in one unit; it is raised once,
takes in whoever registers the element later, and a settled one stays settled for those who were in it. It arises in
the transaction that registers the element, and daily for what an older hub registered; `catalogs.life.lead` settles it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.life.elements import Element, shared
from catalogs.life.tables import DISPUTE, WITHDRAWN
from catalogs.tables import RESOURCE
from catalogs.values.model import Resource
from infra.database import lock, read, write
from infra.errors import WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry

_MANY = 500


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

    @property
    def resources(self) -> list[str]:
        """The resources that hold it."""
        return sorted({resource for resource, _, _ in self.parties})


def raise_disputes(
    connection: Connection, ground: Ground, actor: str, touched: Iterable[Resource] | None = None
) -> list[str]:
    """Raise what registered resources dispute, in the caller's transaction that holds the lock `catalogs`.

    Args:
        connection: the transaction.
        ground: where.
        actor: whose act brought the resources in.
        touched: the resources that it brought, as registered; None asks the whole register.

    Returns:
        The ids of the disputes that are new, or that somebody joined.
    """
    given = None if touched is None else {resource.id: resource for resource in touched}
    query = sa.select(RESOURCE.c.id, RESOURCE.c.unit).where(RESOURCE.c.id.not_in(sa.select(WITHDRAWN.c.resource)))
    by_unit: dict[str, list[str]] = {}
    for row in connection.execute(query.order_by(RESOURCE.c.id)):
        by_unit.setdefault(row.unit, []).append(row.id)
    raised: list[str | None] = []
    for unit in sorted(by_unit if given is None else {resource.unit for resource in given.values()}):
        known = _known(connection, by_unit.get(unit, ()), given or {})
        for parties in _once(shared(known)):
            mine = given is None or any(one.resource in given for one in parties)
            raised += [_one(connection, ground, actor, parties)] if mine else []
    return [identity for identity in raised if identity]


def _known(connection: Connection, ids: Sequence[str], given: Mapping[str, Resource]) -> list[Resource]:
    found = [given[one] for one in ids if one in given]
    others = [one for one in ids if one not in given]
    for at in range(0, len(others), _MANY):
        query = sa.select(RESOURCE.c.body).where(RESOURCE.c.id.in_(others[at : at + _MANY]))
        found += [msgspec.convert(body, Resource) for body in connection.execute(query).scalars()]
    return sorted(found, key=lambda one: one.id)


def look(ground: Ground, actor: str) -> list[str]:
    """Raise whatever the register disputes now; the ids of what is new. Safe to repeat."""
    with write(ground.engine) as connection:
        lock(connection, "catalogs")
        return raise_disputes(connection, ground, actor)


def decided(connection: Connection, resources: Iterable[Resource]) -> list[Resource]:
    """The resources with `lead_source` as the authority settled it, where it did, whatever they say themselves."""
    settled = sa.select(DISPUTE.c.parties, DISPUTE.c.lead).where(DISPUTE.c.lead.is_not(None))
    leads: dict[str, set[str]] = {}
    for row in connection.execute(settled):
        for resource, *_ in row.parties:
            leads.setdefault(resource, set()).add(row.lead)
    return [replace(one, lead_source=one.provider in leads[one.id]) if one.id in leads else one for one in resources]


def disputes(ground: Ground, *, settled: bool = False) -> list[Dispute]:
    """The open disputes, oldest first; with `settled` all that ever were."""
    query = sa.select(DISPUTE).order_by(DISPUTE.c.number)
    if not settled:
        query = query.where(DISPUTE.c.settled_at.is_(None))
    with read(ground.engine) as connection:
        return [_dispute(row) for row in connection.execute(query).mappings()]


def dispute_of(connection: Connection, number: int) -> Dispute:
    """The dispute of that number.

    Raises:
        WrongUse: DISPUTE_UNKNOWN.
    """
    row = connection.execute(sa.select(DISPUTE).where(DISPUTE.c.number == number)).mappings().first()
    if row is None:
        raise WrongUse(
            "DISPUTE_UNKNOWN",
            f"没有数源争议 s-{number}",
            f"there is no dispute s-{number}",
            remedy=Text("用 hub catalog disputes 查看", "see `hub catalog disputes`"),
        )
    return _dispute(row)


def _once(found: Mapping[tuple[str, str, str, str], list[Element]]) -> Iterable[list[Element]]:
    """One dispute for items that meet under several names or subjects."""
    seen: set[frozenset[tuple[str, str]]] = set()
    for key in sorted(found):
        items = frozenset((one.resource, one.item) for one in found[key])
        if items not in seen:
            seen.add(items)
            yield found[key]


def _one(connection: Connection, ground: Ground, actor: str, parties: list[Element]) -> str | None:
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
    ground.ledger.append([NewEntry(Act.LEAD_DISPUTED, actor, f"s-{number}", content)], connection=connection)
    return f"s-{number}"


def _dispute(row: Mapping[Any, Any]) -> Dispute:
    values: dict[str, Any] = {name: row[name] for name in Dispute.__slots__}
    return Dispute(**values | {"parties": tuple(tuple(side) for side in row["parties"])})
