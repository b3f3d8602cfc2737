"""Tasks of the catalogue: opened, extended once, escalated when late, and ended; each step with its ledger entry.

A task is the department's whose turn it is. Opening and ending one happens in the transaction of what causes it. A
校核 ticket is a task of the kind `correction`: another department files it, its answer is a text and, where the data
were corrected, the version of the resource that holds the correction (Decree 809 Art. 26). Tickets of deliveries are
another thing, with a clock of their own (`lake.records.tickets`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.folder.jurisdiction import Jurisdiction, Term, load_jurisdiction
from catalogs.life.clocks import TERMS, Clock, Kind, Standing, standing
from catalogs.life.tables import DRAFT, TASK
from catalogs.own_city import own_city
from catalogs.tables import DEPARTMENT, PERSON
from catalogs.values.model import DepartmentKind, Person, Role
from infra.calendar import WorkingDays
from infra.database import read, write
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry
from infra.local_time import CITY_TIME

BY_THE_CLOCK = "clock"
_KINDS = {str(kind): kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it was recorded."""

    number: int
    kind: Kind
    resource: str
    unit: str
    department: str
    holder: str | None
    opened_by: str
    opened_at: datetime
    why: str
    article: str
    days: int
    extension: int
    consent: str | None
    version: int
    escalated_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    result: str | None
    corrected: int | None
    asker: str | None
    started_on: date | None

    @property
    def id(self) -> str:
        """What people call it."""
        return f"t-{self.number}"

    @property
    def clock(self) -> Clock:
        """Its term."""
        started = self.started_on or local_day(self.opened_at)
        return Clock(started, self.days, self.extension, local_day(self.closed_at) if self.closed_at else None)


@dataclass(frozen=True, slots=True)
class New:
    """A task to open: what it asks, about which resource, of which department, and why.

    `started` is the day from which its term runs, today unless something happened before; `asker` the department that
    asks for a correction; `version` what the register holds now.
    """

    kind: Kind
    resource: str
    department: str
    why: str
    version: int = 0
    asker: str | None = None
    started: date | None = None


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What the clocks of a city run by."""

    calendar: WorkingDays
    jurisdiction: Jurisdiction

    def standing(self, task: Task, today: date) -> Standing:
        """Where `task` stands today."""
        return standing(task.clock, today, self.calendar, count_start=self.jurisdiction.count_start)

    def term(self, kind: Kind) -> Term:
        """The term that the city sets for the kind; one of no days where it sets none."""
        return self.jurisdiction.terms.get(TERMS[kind]) or Term(TERMS[kind], 0, 0, "")


def local_day(instant: datetime) -> date:
    """The day of the city on which an instant falls."""
    return instant.astimezone(CITY_TIME).date()


def clockwork(ground: Ground) -> Clockwork:
    """The tables and terms of the registered city.

    Raises:
        Refused: CATALOG_FAULTY, CALENDAR_FILE.
        WrongUse: CITY_NOT_THIS.
    """
    city: Path = own_city(ground)
    there = (city / "jurisdiction.yaml").is_file()
    return Clockwork(ground.workdays, load_jurisdiction(city) if there else Jurisdiction(False, {}))


def open_task(connection: Connection, ground: Ground, new: New, by: str, clocks: Clockwork) -> Task:
    """Open a task in the caller's transaction."""
    term, now = clocks.term(new.kind), ground.now()
    unit = connection.execute(sa.select(DEPARTMENT.c.unit).where(DEPARTMENT.c.id == new.department)).scalar()
    row: dict[str, Any] = {
        "kind": str(new.kind),
        "resource": new.resource,
        "unit": unit or "",
        "department": new.department,
    }
    row |= {"opened_by": by, "opened_at": now, "why": new.why, "article": term.article, "days": term.days}
    row |= {"extension": 0, "version": new.version, "holder": _holder(connection, new), "asker": new.asker}
    row |= {"started_on": new.started or local_day(now)}
    number = connection.execute(sa.insert(TASK).values(row).returning(TASK.c.number)).scalar_one()
    content = {"kind": row["kind"], "resource": new.resource, "department": new.department, "why": new.why}
    content |= {"days": term.days, "started": row["started_on"].isoformat()}
    ground.ledger.append([NewEntry(Act.TASK_OPENED, by, f"t-{number}", content)], connection=connection)
    return task_of(connection, number)


def end_task(
    connection: Connection, ground: Ground, task: Task, by: str, result: str, corrected: int | None = None
) -> None:
    """End an open task in the caller's transaction; who comes second is refused.

    Raises:
        WrongUse: TASK_UNKNOWN.
    """
    here = TASK.c.number == task.number, TASK.c.closed_at.is_(None)
    values = {"closed_at": ground.now(), "closed_by": by, "result": result, "corrected": corrected}
    if not connection.execute(sa.update(TASK).where(*here).values(values)).rowcount:
        raise unknown(task.number)
    content: dict[str, Any] = {"kind": str(task.kind), "resource": task.resource, "result": result}
    content |= {"version": corrected} if corrected is not None else {}
    ground.ledger.append([NewEntry(Act.TASK_CLOSED, by, task.id, content)], connection=connection)


def extend(connection: Connection, ground: Ground, task: Task, by: str, grant: tuple[int, str]) -> Task:
    """Give an open task more days, once, as the recorded consent says; `grant` is the days and the consent."""
    days, consent = grant
    here = TASK.c.number == task.number, TASK.c.closed_at.is_(None), TASK.c.extension == 0
    if not connection.execute(sa.update(TASK).where(*here).values(extension=days, consent=consent)).rowcount:
        raise Refused("TASK_EXTENDED", f"{task.id} 已延期一次或已办结", f"{task.id} was extended already, or is over")
    content = {"resource": task.resource, "days": days, "consent": consent}
    ground.ledger.append([NewEntry(Act.TASK_EXTENDED, by, task.id, content)], connection=connection)
    return replace(task, extension=days, consent=consent)


def escalate(ground: Ground, clocks: Clockwork, actor: str = BY_THE_CLOCK) -> list[Task]:
    """Escalate every open task that is late and was not escalated yet; those that were now. Safe to repeat, at once."""
    today, found = local_day(ground.now()), []
    for task in tasks(ground):
        late = clocks.standing(task, today).late
        if task.escalated_at is not None or not late:
            continue
        with write(ground.engine) as connection:
            here = TASK.c.number == task.number, TASK.c.closed_at.is_(None), TASK.c.escalated_at.is_(None)
            if not connection.execute(sa.update(TASK).where(*here).values(escalated_at=ground.now())).rowcount:
                continue
            content = {"resource": task.resource, "department": task.department, "late": late}
            entry = NewEntry(Act.TASK_ESCALATED, actor, task.id, content, f"task:{task.id}:escalated")
            ground.ledger.append([entry], connection=connection)
        found.append(task)
    return found


def tasks(
    ground: Ground, department: str | None = None, *, closed: bool = False, kinds: Iterable[Kind] | None = None
) -> list[Task]:
    """The open tasks, oldest first; with `closed` all that ever were.

    Of one department where asked: those that are its turn, and the corrections that it asked for itself.
    """
    query = sa.select(TASK).order_by(TASK.c.number)
    if department is not None:
        query = query.where(sa.or_(TASK.c.department == department, TASK.c.asker == department))
    if kinds is not None:
        query = query.where(TASK.c.kind.in_(sorted(str(kind) for kind in kinds)))
    if not closed:
        query = query.where(TASK.c.closed_at.is_(None))
    with read(ground.engine) as connection:
        return [_task(row) for row in connection.execute(query).mappings()]


def open_of(connection: Connection, resource: str, kind: Kind) -> list[Task]:
    """The open tasks of a kind about a resource, within a transaction."""
    where = TASK.c.resource == resource, TASK.c.kind == str(kind), TASK.c.closed_at.is_(None)
    return [_task(row) for row in connection.execute(sa.select(TASK).where(*where)).mappings()]


def task_of(connection: Connection, number: int) -> Task:
    """The task of that number.

    Raises:
        WrongUse: TASK_UNKNOWN.
    """
    row = connection.execute(sa.select(TASK).where(TASK.c.number == number)).mappings().first()
    if row is None:
        raise unknown(number)
    return _task(row)


def authorities(connection: Connection) -> Sequence[str]:
    """The departments that are the authority, in the order of the register."""
    where = DEPARTMENT.c.kind == str(DepartmentKind.AUTHORITY)
    return connection.execute(sa.select(DEPARTMENT.c.id).where(where).order_by(DEPARTMENT.c.position)).scalars().all()


def unknown(number: int) -> WrongUse:
    """No open task has this number."""
    return WrongUse(
        "TASK_UNKNOWN",
        f"没有待办任务 t-{number}",
        f"there is no open task t-{number}",
        remedy=Text("用 hub catalog tasks 查看", "see `hub catalog tasks`"),
    )


def _holder(connection: Connection, new: New) -> str | None:
    """In whose hands a task comes: who holds the draft, else the one who does such work in the department; or nobody's.

    What is nobody's is the whole department's, as it always was.
    """
    found = connection.execute(
        sa.select(PERSON.c.body).where(PERSON.c.department == new.department).order_by(PERSON.c.id)
    )
    staff = [msgspec.convert(body, Person) for body in found.scalars()]
    if new.kind is not Kind.REVIEW:
        drafted = sa.select(DRAFT.c.holder).where(DRAFT.c.resource == new.resource)
        holder: str | None = connection.execute(drafted).scalar()
        if holder in {one.id for one in staff}:
            return holder
    role = Role.AUTHORITY_REVIEWER if new.kind is Kind.REVIEW else Role.OFFICER
    able = [one.id for one in staff if one.has(role) and not one.local]
    return able[0] if len(able) == 1 else None


def _task(row: sa.RowMapping) -> Task:
    values: dict[str, Any] = {**row, "kind": _KINDS[row["kind"]]}
    return Task(**values)
