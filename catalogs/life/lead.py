"""The lead source (数源): named by the authority alone, and in the register from then on, whatever a department writes.

Naming it is one transaction with its ledger entry: the dispute is settled, the entries of its parties get their next
version where `lead_source` changes, drafts under way stand on that version, and the entry's history says who and why.
Whatever is registered later, by a folder or a publication, takes the authority's decision over what it says itself.
"""

from dataclasses import replace

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.enter import put_resources
from catalogs.life.disputes import Dispute, dispute_of
from catalogs.life.drafts import LONGEST, last_revision, words
from catalogs.life.machine import State
from catalogs.life.tables import DISPUTE, DRAFT, STEP
from catalogs.lookup import in_force
from catalogs.people.asking import may_act
from catalogs.permission.decide import DraftRef
from catalogs.tables import RESOURCE
from catalogs.values.model import Person, Resource
from infra.database import lock, write
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry


def set_lead(ground: Ground, number: int, lead: str, by: Person, *, why: str) -> Dispute:
    """Name the lead source of a disputed element; the authority alone does (Decree 809 Art. 19).

    Raises:
        Refused: CATALOG_ACT_DENIED, LIFE_WORDS, DISPUTE_LEAD where `lead` is no party.
        WrongUse: DISPUTE_UNKNOWN.
    """
    reason = words(why, "why")
    with write(ground.engine) as connection:
        lock(connection, "catalogs")
        found = dispute_of(connection, number)
        may_act(ground, by, "set_lead", DraftRef(found.parties[0][0], found.unit, found.parties[0][2]))
        if lead not in found.departments:
            raise Refused(
                "DISPUTE_LEAD",
                f"{lead} 不是 {found.id} 的当事部门",
                f"{lead} is no party of {found.id}",
                remedy=Text("可选：" + "、".join(found.departments), "one of: " + ", ".join(found.departments)),
            )
        for resource in found.resources:
            lock(connection, f"draft:{resource}")
        settled = replace(found, lead=lead, settled_by=by.id, settled_at=ground.now(), why=reason)
        values = {name: getattr(settled, name) for name in ("lead", "settled_by", "settled_at", "why")}
        connection.execute(sa.update(DISPUTE).where(DISPUTE.c.number == number).values(values))
        _enter(connection, ground, settled, by)
        return settled


def _enter(connection: Connection, ground: Ground, settled: Dispute, by: Person) -> None:
    """The decision in the entries of the parties that are in force, in the ledger, and in their history."""
    here = RESOURCE.c.id.in_(settled.resources), in_force()
    columns = sa.select(RESOURCE.c.id, RESOURCE.c.version, RESOURCE.c.digest, RESOURCE.c.body).where(*here)
    before = {row.id: row for row in connection.execute(columns)}
    put_resources(connection, ground, [msgspec.convert(row.body, Resource) for row in before.values()], by.id)
    content = {"element": settled.said, "lead": settled.lead, "parties": settled.departments, "why": settled.why}
    entry = ground.ledger.append([NewEntry(Act.LEAD_SET, by.id, settled.id, content)], connection=connection)[0]
    for row in connection.execute(columns.order_by(RESOURCE.c.id)).all():
        was = before[row.id].version
        state = connection.execute(sa.select(DRAFT.c.state).where(DRAFT.c.resource == row.id)).scalar()
        based = DRAFT.c.resource == row.id, DRAFT.c.base == was
        connection.execute(sa.update(DRAFT).where(*based).values(base=row.version))
        step = {
            "resource": row.id,
            "act": str(Act.LEAD_SET),
            "state": state or str(State.PUBLISHED),
            "revision": last_revision(connection, row.id),
            "version": row.version if row.version != was else 0,  # 0: it brought none
            "digest": row.digest,
            "by": by.id,
            "at": settled.settled_at,
            "why": f"{settled.id} {settled.said} → {settled.lead}: {settled.why}"[:LONGEST],
            "entry": entry.number,
        }
        connection.execute(sa.insert(STEP), step)
