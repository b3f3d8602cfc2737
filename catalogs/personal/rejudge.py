"""Flags of personal information judged anew when the edition in force changes: what changed is said, no grade falls.

- A flag becomes that of the edition in force; a grade rises with its floor and never falls: lowering takes two people.
- What unreviewed volume raised (`catalogs.rules.grading.triggers`) is not let go by a change of edition: such a
  resource is held as it is until the authority has reviewed the trigger.
- All of it is one transaction, each resource a new version with its ledger entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.enter import put_resources
from catalogs.lookup import resources
from catalogs.personal.personal import PersonalRules, Rejudged, differences, rejudged
from catalogs.rules.grading import Thresholds, Trigger, triggers
from catalogs.rules.rules import PERSONAL_FLOOR
from catalogs.tables import TRIGGER_REVIEW
from catalogs.values.model import Resource
from infra.database import lock, write
from infra.ground import Ground

FLOOR = {False: PERSONAL_FLOOR["personal"][0], True: PERSONAL_FLOOR["sensitive"][0]}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What judging anew changed, and what it held: resources whose triggers nobody has reviewed would fall away."""

    changed: tuple[Rejudged, ...]
    held: tuple[tuple[str, Trigger], ...]


def judged_anew(
    known: Sequence[Resource], rules: PersonalRules, limits: Thresholds, reviewed: set[tuple[str, str]]
) -> tuple[list[Resource], Outcome]:
    """The resources as they would be under the edition in force, those alone that change. Pure.

    Args:
        known: what is registered.
        rules: with the edition in force.
        limits: what raises a grade until it is reviewed.
        reviewed: pairs of a resource and a trigger that was reviewed.
    """
    made: list[Resource] = []
    held: list[tuple[str, Trigger]] = []
    changed: list[Rejudged] = []
    for old in known:
        new = rejudged(old, rules, FLOOR)
        if new == old:
            continue
        stay = {each.id for each in triggers(new, limits)}
        gone = [each for each in triggers(old, limits) if each.id not in stay and (old.id, each.id) not in reviewed]
        lost = [each for each in gone if each.raises > new.grade]
        if lost:
            held += [(old.id, each) for each in lost]
            continue
        made.append(new)
        changed += differences(old, new)
    return made, Outcome(tuple(changed), tuple(held))


def rejudge(ground: Ground, rules: PersonalRules, limits: Thresholds, actor: str) -> Outcome:
    """Write the next version of every resource that the edition in force judges otherwise.

    Raises:
        Refused: CATALOG_GRADE_LINEAGE, a grade that rose lifts what is made of the resource.
        Unavailable: DATABASE_….
    """
    from catalogs.find.index import update  # noqa: PLC0415 - arrays and dictionaries are for those who register

    with write(ground.engine) as connection:
        lock(connection, "catalogs")
        made, outcome = judged_anew(resources(ground.engine), rules, limits, _reviewed(connection))
        put_resources(connection, ground, made, actor)
        update(connection, made)
    return outcome


def _reviewed(connection: Connection) -> set[tuple[str, str]]:
    query = sa.select(TRIGGER_REVIEW.c.resource, TRIGGER_REVIEW.c.trigger)
    return {(row.resource, row.trigger) for row in connection.execute(query)}
