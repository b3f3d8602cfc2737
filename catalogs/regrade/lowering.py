"""What keeps a grade from being lowered by one person, or below what a resource is made of; asked while registering."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.life.tables import WITHDRAWN
from catalogs.rules.grading import Circle, lineage_grades
from catalogs.rules.names import squeezed
from catalogs.rules.rules import highest
from catalogs.tables import DERIVATION, REGRADING, RESOURCE, RESOURCE_VERSION
from catalogs.values.model import Grade, Item, Resource
from infra.errors import Place, Refused
from infra.language import Text

PROPOSED, APPROVED, REFUSED = "proposed", "approved", "refused"


@dataclass(frozen=True, slots=True)
class Regrading:
    """A lowering: of a resource, or of an item where `item` is not empty. `used` is the version that lowered by it."""

    number: int
    resource: str
    item: str
    from_grade: Grade
    to_grade: Grade
    why: str
    state: str
    proposed_by: str
    proposed_at: datetime
    settled_by: str | None
    settled_at: datetime | None
    basis: str | None
    used: int | None

    def plain(self) -> dict[str, Any]:
        """In ids, for JSON."""
        names = ("number", "state", "why", "proposed_by", "settled_by", "basis", "used")
        grades = {"from": self.from_grade.id, "to": self.to_grade.id}
        said = {name: getattr(self, name) for name in names}
        return {"dataset": self.resource, "item": self.item or None, **grades, **said}


def guard(connection: Connection, written: Sequence[Resource], versions: Mapping[str, int]) -> None:
    """Refuse grades lowered without two people, in the transaction that registers `written`; use what was approved.

    Call it before the rows of the resources are changed, and `derive` after.

    Raises:
        Refused: CATALOG_GRADE_LOWERED with every resource and item, CATALOG_GRADE_LINEAGE.
    """
    old = _bodies(connection, [resource.id for resource in written])
    left, again = _left(connection, written, old), _again(connection, written, old)
    lowered = [
        (before_.id, name, before, after)
        for resource in written
        if (before_ := old.get(resource.id) or again.get(resource.id)) is not None
        for name, before, after in _lowered(before_, resource, left.get(resource.id, ()))
    ]
    least = floors(connection, written)
    below = [(each.id, "", least[each.id], each.grade) for each in written if each.grade < least[each.id]]
    if not lowered and not below:
        return
    approvals = _approvals(connection)
    refused = [one for one in lowered if (found := _fitting(approvals, one)) is None or found.used is not None]
    if refused:
        raise _unapproved("CATALOG_GRADE_LOWERED", "降低级别须经两人办理", "a grade is lowered by two people", refused)
    unfounded = [one for one in below if _fitting(approvals, one) is None]
    if unfounded:
        raise _unapproved(
            "CATALOG_GRADE_LINEAGE",
            "由其他资源加工的资源，级别低于其来源中的最高级",
            "what is made of other resources is graded below the highest of them",
            unfounded,
        )
    for one in lowered:
        found = _fitting(approvals, one)
        number, version = (found.number, versions.get(one[0], 1)) if found else (0, 0)  # 1: it came under a new id
        connection.execute(sa.update(REGRADING).where(REGRADING.c.number == number).values(used=version))


def derive(connection: Connection, written: Sequence[Resource]) -> None:
    """Keep of what the registered resources are made."""
    ids = [resource.id for resource in written]
    for start in range(0, len(ids), 500):
        connection.execute(sa.delete(DERIVATION).where(DERIVATION.c.resource.in_(ids[start : start + 500])))
    rows = [{"resource": each.id, "source": source} for each in written for source in dict.fromkeys(each.derived_from)]
    if rows:
        connection.execute(sa.insert(DERIVATION), rows)


_Lowered = tuple[str, str, Grade, Grade]


def _lowered(old: Resource, new: Resource, left: Sequence[Item]) -> list[tuple[str, Grade, Grade]]:
    """What is graded lower than before; `left` are items of all versions, the newest first."""
    pairs: list[tuple[Item | None, Item | None]] = [(item, new.item(item.name)) for item in old.items]
    pairs += [(_same(item, left, new), item) for item in new.items if old.item(item.name) is None]
    found = [(a.name, a.grade, b.grade) for a, b in pairs if a is not None and b is not None and b.grade < a.grade]
    if new.grade < old.grade and not (_fewer(old, new) and not found):
        found.insert(0, ("", old.grade, new.grade))
    return found


def _same(item: Item, left: Sequence[Item], new: Resource) -> Item | None:
    """What an item that came was before it left: under its own name, or another that is gone with the same words."""
    said = squeezed(item.zh)
    return next(
        (one for one in left if one.name == item.name or (squeezed(one.zh) == said and new.item(one.name) is None)),
        None,
    )


def _fewer(old: Resource, new: Resource) -> bool:
    """Whether the grade fell since items left, alone: both grades are their items' highest, and no item came.

    An item that came might be one that left, under another name and a lower grade.
    """
    derived = old.grade is highest(old.items) and new.grade is highest(new.items)
    return derived and {item.name for item in new.items} < {item.name for item in old.items}


def floors(connection: Connection, written: Sequence[Resource]) -> dict[str, Grade]:
    """The lowest grade of each by what it is made of, general 1 for what is made of nothing.

    Raises:
        Refused: CATALOG_GRADE_CIRCLE, something is made of itself.
    """
    if not any(each.derived_from for each in written):
        return dict.fromkeys((each.id for each in written), Grade.GENERAL_1)
    sources: dict[str, list[str]] = {}
    for row in connection.execute(sa.select(DERIVATION)):
        sources.setdefault(row.resource, []).append(row.source)
    sources |= {each.id: list(each.derived_from) for each in written}
    own = {row.id: Grade(row.grade) for row in connection.execute(sa.select(RESOURCE.c.id, RESOURCE.c.grade))}
    own |= {each.id: each.grade for each in written}
    # What was re-graded holds for what is made of it in turn.
    held = {one.resource: own[one.resource] for one in _approvals(connection) if not one.item and one.resource in own}
    try:
        found = lineage_grades(sources, own, held)
        lineage_grades(sources, own)  # a re-grading hides a circle and does not mend it
    except Circle as circle:
        raise Refused(
            "CATALOG_GRADE_CIRCLE",
            "资源的来源成环，无法定级",
            "a resource is made of itself and has no grade",
            place=Place(dataset=str(circle)),
            remedy=Text("改正 derived_from", "mend derived_from"),
        ) from circle
    return {
        each.id: max((found.get(source, Grade.GENERAL_1) for source in each.derived_from), default=Grade.GENERAL_1)
        for each in written
    }


def _bodies(connection: Connection, ids: Sequence[str]) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    for start in range(0, len(ids), 500):
        query = sa.select(RESOURCE.c.id, RESOURCE.c.body).where(RESOURCE.c.id.in_(ids[start : start + 500]))
        found |= {row.id: msgspec.convert(row.body, Resource) for row in connection.execute(query)}
    return found


def _left(connection: Connection, written: Sequence[Resource], old: Mapping[str, Resource]) -> dict[str, list[Item]]:
    """The items of all versions of what gets an item that it had not just before, each as last known, newest first."""
    came = [
        each.id
        for each in written
        if each.id in old and any(old[each.id].item(item.name) is None for item in each.items)
    ]
    found: dict[str, dict[str, Item]] = {}
    for start in range(0, len(came), 500):
        query = sa.select(RESOURCE_VERSION.c.resource, RESOURCE_VERSION.c.body)
        query = query.where(RESOURCE_VERSION.c.resource.in_(came[start : start + 500]))
        for row in connection.execute(query.order_by(RESOURCE_VERSION.c.version.desc())):
            version = msgspec.convert(row.body, Resource)
            for item in sorted(version.items, key=lambda one: -one.grade):
                found.setdefault(row.resource, {}).setdefault(item.name, item)
    return {name: list(items.values()) for name, items in found.items()}


def _again(connection: Connection, written: Sequence[Resource], old: Mapping[str, Resource]) -> dict[str, Resource]:
    """What a new id was before it was withdrawn under another: the same name of the same provider."""
    new = {(each.provider, squeezed(each.title.zh)): each.id for each in written if each.id not in old}
    if not new:
        return {}
    query = sa.select(RESOURCE.c.body).join(WITHDRAWN, WITHDRAWN.c.resource == RESOURCE.c.id)
    gone = [msgspec.convert(body, Resource) for body in connection.execute(query.order_by(WITHDRAWN.c.at)).scalars()]
    known = ((new.get((one.provider, squeezed(one.title.zh))), one) for one in gone)
    return {name: one for name, one in known if name is not None}


def _approvals(connection: Connection) -> list[Regrading]:
    query = sa.select(REGRADING).where(REGRADING.c.state == APPROVED).order_by(REGRADING.c.number.desc())
    return [regrading_of(row) for row in connection.execute(query).mappings()]


def _fitting(approvals: Sequence[Regrading], lowered: _Lowered) -> Regrading | None:
    """An approval for just this, one that no version has used before one that has been used."""
    dataset, item, before, after = lowered
    fits = [
        one
        for one in approvals
        if (one.resource, one.item) == (dataset, item) and one.from_grade >= before and one.to_grade <= after
    ]
    return next((one for one in fits if one.used is None), fits[0] if fits else None)


def _unapproved(code: str, zh: str, en: str, wanted: Sequence[_Lowered]) -> Refused:
    reasons = [
        Text(
            f"{dataset}{'/' + item if item else ''}：由{before.text.zh}降为{after.text.zh}",
            f"{dataset}{'/' + item if item else ''}: from {before.text.en} to {after.text.en}",
        )
        for dataset, item, before, after in wanted[:50]
    ]
    remedy = Text(
        "先用 hub catalog regrade propose 建议，由主管部门另一人用 regrade settle 核准；或不降级",
        "`hub catalog regrade propose`, then another person, of the authority, settles it; or keep the grade",
    )
    return Refused(code, zh, en, place=Place(dataset=wanted[0][0]), reasons=reasons, remedy=remedy)


def regrading_of(row: Mapping[Any, Any]) -> Regrading:
    """A row as a value."""
    values = {str(key): value for key, value in row.items()}
    return Regrading(**{**values, "from_grade": Grade(values["from_grade"]), "to_grade": Grade(values["to_grade"])})
