"""Hand-over when people change posts: open drafts and tasks go to the successor, and the leaver's keys end at once.

One transaction with its ledger entries. The successor is of the leaver's department: an entry is the department's, and
no hand-over takes it to another.
"""

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.life.drafts import words
from catalogs.life.machine import State
from catalogs.life.tables import DRAFT, TASK
from catalogs.people.key_ends import end_keys
from catalogs.tables import PERSON
from catalogs.values.model import Person
from infra.database import write
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry

_OVER = (str(State.PUBLISHED), str(State.WITHDRAWN))


@dataclass(frozen=True, slots=True)
class HandedOver:
    """How many drafts and tasks went over, and how many keys ended."""

    leaver: str
    successor: str
    drafts: int
    tasks: int
    keys: int


def hand_over(ground: Ground, leaver: str, successor: str, actor: str, *, reason: str) -> HandedOver:
    """Hand over the open work of `leaver`; repeating it finds nothing left.

    Raises:
        Refused: PERSON_UNKNOWN, HANDOVER_PLACE where the two are not of one department, LIFE_WORDS.
        WrongUse: HANDOVER_SELF.
    """
    why = words(reason, "reason")
    if leaver == successor:
        raise WrongUse("HANDOVER_SELF", "移交人和接手人不能是同一人", "nobody hands over to themselves")
    with write(ground.engine) as connection:
        old, new = _person(connection, leaver), _person(connection, successor)
        if old.department != new.department:
            raise Refused(
                "HANDOVER_PLACE",
                "接手人不属于同一部门",
                "the successor is not of the same department",
                remedy=Text("先登记接手人到该部门：hub people add", "register them there first: `hub people add`"),
            )
        open_ = DRAFT.c.holder == leaver, DRAFT.c.state.not_in(_OVER)
        drafts = sorted(connection.execute(sa.select(DRAFT.c.resource).where(*open_)).scalars())
        connection.execute(sa.update(DRAFT).where(*open_).values(holder=successor))
        held = TASK.c.holder == leaver, TASK.c.closed_at.is_(None)
        tasks = sorted(connection.execute(sa.select(TASK.c.number).where(*held)).scalars())
        connection.execute(sa.update(TASK).where(*held).values(holder=successor))
        keys = end_keys(connection, ground, leaver, actor)
        done = HandedOver(leaver, successor, len(drafts), len(tasks), keys)
        content = {"from": leaver, "to": successor, "reason": why, "drafts": drafts, "tasks": tasks, "keys": keys}
        entry = NewEntry(Act.PERSON_HANDED_OVER, actor, "people", content)
        ground.ledger.append([entry], connection=connection)
    return done


def _person(connection: Connection, identity: str) -> Person:
    body = connection.execute(sa.select(PERSON.c.body).where(PERSON.c.id == identity)).scalar()
    if body is None:
        raise Refused(
            "PERSON_UNKNOWN",
            f"没有登记人员 {identity[:40]}",
            f"nobody is registered as {identity[:40]}",
            remedy=Text("用 hub people list 查看", "see `hub people list`"),
        )
    return msgspec.convert(body, Person)
