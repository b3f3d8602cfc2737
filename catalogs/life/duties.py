"""Who sets a task going and who answers it: changes of duty or law, extensions, and corrections (校核).

Each is one transaction with its ledger entry, and asked of the rules first.
"""

from datetime import date

from sqlalchemy.engine import Connection

from catalogs.life.clocks import Kind
from catalogs.life.disputes import look
from catalogs.life.drafts import find, registered, words
from catalogs.life.tasks import (
    BY_THE_CLOCK,
    New,
    Task,
    clockwork,
    end_task,
    escalate,
    extend,
    local_day,
    open_task,
    task_of,
    tasks,
    unknown,
)
from catalogs.lookup import resource
from catalogs.people.asking import may_act, may_use
from catalogs.permission.decide import CATALOGUE, DraftRef
from catalogs.values.model import Person, Resource
from infra.database import read, write
from infra.errors import Place, Refused, WrongUse
from infra.ground import Ground
from infra.language import Text

KINDS = {"duty": Text("职责变化", "change of duty"), "law": Text("法规变化", "change of law")}


def change_event(ground: Ground, dataset: str, by: Person, *, kind: str, why: str, on: date | None = None) -> Task:
    """Record that a duty or a law changed, so that the entry must: opens a task of the department (Decree 809 Art. 17).

    Args:
        ground: where.
        dataset: a registered resource, or one that is drafted.
        by: one of its department, or of the authority.
        kind: `duty` or `law`.
        why: what changed.
        on: the day on which it did; today by default.

    Raises:
        Refused: CATALOG_ACT_DENIED, LIFE_WORDS, CATALOG_UNKNOWN_RESOURCE, EVENT_DAY for one that is still to come.
    """
    said = words(why, "why")
    clocks, today = clockwork(ground), local_day(ground.now())
    if on is not None and on > today:
        raise Refused("EVENT_DAY", "变化的日期还没有到", "the day of the change is still to come")
    with write(ground.engine) as connection:
        about, version = _about(ground, connection, dataset)
        may_act(ground, by, "open_change", about)
        label = KINDS[kind]
        new = New(Kind.CHANGE, dataset, about.provider, f"{label.zh}：{said}", version, started=on or today)
        return open_task(connection, ground, new, by.id, clocks)


def consent(ground: Ground, number: int, by: Person, *, why: str, days: int | None = None) -> Task:
    """Give a task its one extension, with the authority's recorded consent; the longest lawful one by default.

    Raises:
        Refused: CATALOG_ACT_DENIED, LIFE_WORDS, TASK_EXTENDED, TASK_TERM for more than the city's law allows.
        WrongUse: TASK_UNKNOWN.
    """
    said = words(why, "why")
    clocks = clockwork(ground)
    with write(ground.engine) as connection:
        task = _open(connection, number)
        may_act(ground, by, "extend_task", DraftRef(task.resource, task.unit, task.department))
        most = clocks.term(task.kind).extension
        granted = most if days is None else days
        if not 0 < granted <= most:
            raise Refused(
                "TASK_TERM",
                f"{task.kind.text.zh}任务最多延期 {most} 个工作日",
                f"a task of {task.kind.text.en} is extended by at most {most} working days",
                place=Place(dataset=task.resource),
            )
        return extend(connection, ground, task, by.id, (granted, said))


def file_correction(ground: Ground, dataset: str, by: Person, *, what: str) -> Task:
    """File a 校核 ticket on a resource: what is wrong with its data, as a department that uses them found it.

    Raises:
        Refused: CATALOG_ACT_DENIED (the provider does not file with itself), CATALOG_UNKNOWN_RESOURCE, LIFE_WORDS.
    """
    found = resource(ground.engine, dataset)
    may_act(ground, by, "file_correction", DraftRef(found.id, found.unit, found.provider))
    with write(ground.engine) as connection:
        return filed(connection, ground, found, by, (by.department, what))


def filed(connection: Connection, ground: Ground, about: Resource, by: Person, asked: tuple[str, str]) -> Task:
    """File a 校核 ticket in the caller's transaction, who has asked the rules; `asked` is the department and its words.

    Raises:
        Refused: LIFE_WORDS.
    """
    asker, what = asked
    version = registered(connection, about.id).version
    new = New(Kind.CORRECTION, about.id, about.provider, words(what, "what"), version, asker=asker)
    return open_task(connection, ground, new, by.id, clockwork(ground))


def answer(ground: Ground, number: int, by: Person, *, result: str, corrected: int | None = None) -> Task:
    """Answer a task: its result in words and, where data were corrected, the version of the resource that has it.

    A review is answered by reviewing or returning the entry, and not here.

    Raises:
        Refused: CATALOG_ACT_DENIED, LIFE_WORDS, TASK_REVIEW, TASK_VERSION for a version that is not later than the
            ticket or not there.
        WrongUse: TASK_UNKNOWN.
    """
    said = words(result, "result")
    with write(ground.engine) as connection:
        task = _open(connection, number)
        may_act(ground, by, "edit_draft", DraftRef(task.resource, task.unit, task.department))
        if task.kind is Kind.REVIEW:
            raise Refused(
                "TASK_REVIEW",
                "审核任务由审核或退回该目录办结",
                "a review ends when the entry is reviewed or returned",
                place=Place(dataset=task.resource),
            )
        check_version(connection, task, corrected)
        end_task(connection, ground, task, by.id, said, corrected)
        return task_of(connection, number)


def check_version(connection: Connection, task: Task, corrected: int | None) -> None:
    """Refuse a version that cannot hold the correction that a ticket asks for.

    Raises:
        Refused: TASK_VERSION.
    """
    latest = registered(connection, task.resource).version
    if corrected is not None and not task.version < corrected <= latest:
        raise Refused(
            "TASK_VERSION",
            f"更正所在的版本应晚于提出校核时的第 {task.version} 版，且已登记（现为第 {latest} 版）",
            f"the corrected version is later than {task.version} and registered ({latest} is the newest)",
            place=Place(dataset=task.resource),
        )


def number_of(identity: str) -> int:
    """The number in `t-7` or `7`.

    Raises:
        WrongUse: TASK_UNKNOWN.
    """
    bare = identity.removeprefix("t-").removeprefix("s-")
    if not (bare.isascii() and bare.isdecimal() and len(bare) < 10):
        raise WrongUse("TASK_UNKNOWN", f"没有任务 {identity[:20]}", f"there is no task {identity[:20]}")
    return int(bare)


def _open(connection: Connection, number: int) -> Task:
    task = task_of(connection, number)
    if task.closed_at is not None:
        raise unknown(number)
    return task


def _about(ground: Ground, connection: Connection, dataset: str) -> tuple[DraftRef, int]:
    version = registered(connection, dataset).version
    drafted = find(connection, dataset)
    if version == 0 and drafted is not None:
        return drafted.ref, 0
    found = resource(ground.engine, dataset)
    return DraftRef(found.id, found.unit, found.provider), version


def seen_by(ground: Ground, by: Person, *, everything: bool = False, closed: bool = False) -> list[Task]:
    """The tasks of the asker's department, or of every department; a reading, which changes nothing.

    Raises:
        Refused: RECORDS_DENIED, also for every department's, which are the authority's and auditors'.
    """
    if everything:
        may_use(ground, by, "supervise", CATALOGUE)
        return tasks(ground, closed=closed)
    may_use(ground, by, "list_tasks", DraftRef("tasks", by.unit, by.department))
    return tasks(ground, by.department, closed=closed)


def run_clock(ground: Ground, by: Person) -> tuple[list[Task], list[str]]:
    """What the daily clock does, now: late tasks escalated, disputes of lead sources found. Safe to repeat.

    Raises:
        Refused: RECORDS_DENIED.
    """
    may_use(ground, by, "run_clock", CATALOGUE)
    return tick(ground, by.id)


def tick(ground: Ground, actor: str = BY_THE_CLOCK) -> tuple[list[Task], list[str]]:
    """`run_clock`, by the clock itself."""
    return escalate(ground, clockwork(ground), actor), look(ground, actor)


def task(ground: Ground, number: int) -> Task:
    """One task.

    Raises:
        WrongUse: TASK_UNKNOWN.
    """
    with read(ground.engine) as connection:
        return task_of(connection, number)
