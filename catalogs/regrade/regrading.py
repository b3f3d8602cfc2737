"""Lowering a grade is an act of two people; reviewing what raised one is an act of the authority. Both are recorded.

- `propose`, then `settle` by another person, the authority's reviewer; a settled yes is used once, by the version that
  lowers the grade (`catalogs.regrade.lowering`, in the transaction that registers it). Without it a lower grade is
  refused.
- Registering also refuses what is made of other resources (`derived_from`), joined, united or otherwise, and graded
  below the highest of them, unless a re-grading was approved from at least that height (GB/T 43697-2024, 就高从严).
- `review` records that a trigger (`catalogs.rules.grading.triggers`) was looked at and is not important, by whom and on
  what basis; `cleared` says which are.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.lookup import last_known
from catalogs.lookup import resource as registered
from catalogs.people.asking import may_act
from catalogs.permission.decide import DraftRef
from catalogs.regrade.lowering import APPROVED, PROPOSED, REFUSED, Regrading, floors, regrading_of
from catalogs.tables import REGRADING, TRIGGER_REVIEW
from catalogs.values.model import Grade, Person, Resource
from infra.database import lock, read, write
from infra.errors import Place, Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry

LONGEST = 2000
_ACTS = {PROPOSED: Act.REGRADE_PROPOSED, APPROVED: Act.REGRADE_APPROVED, REFUSED: Act.REGRADE_REFUSED}


def propose(ground: Ground, dataset: str, to: Grade, by: Person, *, item: str = "", why: str) -> Regrading:
    """Propose to lower the grade of a registered resource, or of one of its items, also of one that left it.

    What is made of other resources is lowered from the highest of them, where that is higher than its own grade.

    Raises:
        Refused: CATALOG_UNKNOWN_RESOURCE, CATALOG_ACT_DENIED, POLICY_INVALID.
        WrongUse: REGRADE_ITEM, no such item; REGRADE_NOT_LOWER; REGRADE_WORDS.
    """
    found = registered(ground.engine, dataset)
    may_act(ground, by, "propose_grade", DraftRef(dataset, found.unit, found.provider))
    _words(why)
    column = found.item(item) or last_known(ground.engine, dataset, item) if item else None
    if item and column is None:
        raise WrongUse(
            "REGRADE_ITEM", "该资源没有这个数据项", "the resource has no such item", place=Place(dataset=dataset)
        )
    with write(ground.engine) as connection:
        lock(connection, "catalogs")
        floor = column.grade if column else max(found.grade, floors(connection, [found])[found.id])
        if to >= floor:
            raise WrongUse(
                "REGRADE_NOT_LOWER",
                f"现为{floor.text.zh}，{to.text.zh}不是降级；提高级别不需核准",
                f"it is {floor.text.en}; {to.text.en} is no lowering, and raising needs no consent",
                place=Place(dataset=dataset),
            )
        row = {
            "resource": dataset,
            "item": item,
            "from_grade": int(floor),
            "to_grade": int(to),
            "why": why,
            "state": PROPOSED,
            "proposed_by": by.id,
            "proposed_at": ground.now(),
        }
        number = connection.execute(sa.insert(REGRADING).returning(REGRADING.c.number), row).scalar_one()
        _record(connection, ground, by, _row(connection, number))
        return _row(connection, number)


def settle(ground: Ground, number: int, by: Person, *, yes: bool, basis: str) -> Regrading:
    """Approve or refuse a proposed lowering, as the authority's reviewer and not as who proposed it.

    Raises:
        Refused: REGRADE_UNKNOWN; REGRADE_SETTLED; REGRADE_SAME_PERSON; CATALOG_ACT_DENIED; POLICY_INVALID.
        WrongUse: REGRADE_WORDS.
    """
    _words(basis)
    with read(ground.engine) as connection:
        asked = _row(connection, number)
    found = registered(ground.engine, asked.resource)
    may_act(ground, by, "settle_grade", DraftRef(found.id, found.unit, found.provider))
    if asked.proposed_by == by.id:
        raise Refused(
            "REGRADE_SAME_PERSON",
            "建议人不能核准自己的建议，降级须由两人办理",
            "who proposed a lowering cannot approve it: it takes two people",
            place=Place(dataset=found.id),
            remedy=Text("请主管部门的另一名审核人核准", "ask another reviewer of the authority"),
        )
    with write(ground.engine) as connection:
        lock(connection, "catalogs")
        if _row(connection, number).state != PROPOSED:
            raise Refused("REGRADE_SETTLED", "该建议已经办结", "the proposal is settled already")
        values = {"state": APPROVED if yes else REFUSED, "settled_by": by.id, "basis": basis}
        connection.execute(
            sa.update(REGRADING).where(REGRADING.c.number == number).values(**values, settled_at=ground.now())
        )
        _record(connection, ground, by, _row(connection, number))
        return _row(connection, number)


def regradings(engine: Engine, dataset: str | None = None) -> list[Regrading]:
    """The lowerings, of one resource where asked, in the order in which they were proposed."""
    query = sa.select(REGRADING).order_by(REGRADING.c.number)
    with read(engine) as connection:
        rows = connection.execute(query.where(REGRADING.c.resource == dataset) if dataset else query).mappings()
        return [regrading_of(row) for row in rows]


def review(ground: Ground, resource: Resource, trigger: str, by: Person, *, basis: str) -> None:
    """Record that a trigger of the resource was reviewed and is not important. The same again changes nothing.

    Raises:
        Refused: CATALOG_ACT_DENIED, POLICY_INVALID.
        WrongUse: REGRADE_WORDS.
    """
    may_act(ground, by, "settle_grade", DraftRef(resource.id, resource.unit, resource.provider))
    _words(basis)
    row = {"resource": resource.id, "trigger": trigger, "by": by.id, "at": ground.now(), "basis": basis}
    same = (TRIGGER_REVIEW.c.resource == resource.id) & (TRIGGER_REVIEW.c.trigger == trigger)
    with write(ground.engine) as connection:
        lock(connection, "catalogs")
        if connection.execute(sa.select(TRIGGER_REVIEW.c.by).where(same)).first() is not None:
            return
        connection.execute(sa.insert(TRIGGER_REVIEW), row)
        content = {"trigger": trigger, "grade": resource.grade.id, "basis": basis}
        ground.ledger.append([NewEntry(Act.TRIGGER_REVIEWED, by.id, resource.id, content)], connection=connection)


def cleared(engine: Engine, resource: Resource) -> set[str]:
    """The triggers of the resource that were reviewed."""
    query = sa.select(TRIGGER_REVIEW.c.trigger).where(TRIGGER_REVIEW.c.resource == resource.id)
    with read(engine) as connection:
        return set(connection.execute(query).scalars())


def _words(text: str) -> None:
    if not 0 < len(text.strip()) <= LONGEST:
        raise WrongUse("REGRADE_WORDS", f"须写明理由，不超过 {LONGEST} 字", f"say why, in at most {LONGEST} characters")


def _row(connection: Connection, number: int) -> Regrading:
    row = connection.execute(sa.select(REGRADING).where(REGRADING.c.number == number)).mappings().first()
    if row is None:
        raise Refused("REGRADE_UNKNOWN", "没有这条降级建议", "there is no such proposal")
    return regrading_of(row)


def _record(connection: Connection, ground: Ground, by: Person, found: Regrading) -> None:
    content = {"number": found.number, "item": found.item, "from": found.from_grade.id, "to": found.to_grade.id}
    said = found.why if found.state == PROPOSED else found.basis or ""
    entry = NewEntry(_ACTS[found.state], by.id, found.resource, content | {"why": said})
    ground.ledger.append([entry], connection=connection)
