"""The steps of an entry's life beside saving: each one transaction of state, tasks, register and ledger.

Who submits or saved last does not review: that takes two people. A step may name the revision that was read; of another
it is not taken. Publishing writes through `catalogs.enter`, into the
same tables as a city's folder does, so that a published draft and one that came by YAML are the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.enter import put_resources
from catalogs.folder.read_codes import code_rules
from catalogs.life.clocks import Kind
from catalogs.life.disputes import raise_disputes
from catalogs.life.drafts import Draft, Registered, find, put, registered, words, wrong_state
from catalogs.life.held import check_read, held
from catalogs.life.machine import FOR_REASONS, Step, after, lacking
from catalogs.life.papers import unknown, weighed
from catalogs.life.tables import DRAFT, STEP, WITHDRAWN
from catalogs.life.tasks import Clockwork, New, authorities, clockwork, end_task, open_of, open_task
from catalogs.lookup import departments, in_force, units
from catalogs.own_city import own_city
from catalogs.people.asking import may_act
from catalogs.regrade.raising import unreviewed
from catalogs.rules.checking import check_resources
from catalogs.tables import RESOURCE
from catalogs.values.model import Person, Resource
from infra.database import lock, write
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act

ACTS = {
    Step.DISCARD: Act.DRAFT_DISCARDED,
    Step.SUBMIT: Act.DRAFT_SUBMITTED,
    Step.RECALL: Act.DRAFT_RECALLED,
    Step.RETURN: Act.DRAFT_RETURNED,
    Step.REVIEW: Act.DRAFT_REVIEWED,
    Step.PUBLISH: Act.RESOURCE_PUBLISHED,
}
ASKED = {
    Step.DISCARD: "edit_draft",
    Step.SUBMIT: "edit_draft",
    Step.RECALL: "edit_draft",
    Step.RETURN: "review_draft",
    Step.REVIEW: "review_draft",
    Step.PUBLISH: "review_draft",
}


@dataclass(frozen=True, slots=True)
class _Taking:
    """What a step meets: the draft, what is registered, who takes it and why."""

    connection: Connection
    ground: Ground
    draft: Draft
    known: Registered
    by: Person
    why: str
    clocks: Clockwork


def submit(ground: Ground, resource: str, by: Person, *, why: str = "", revision: int | None = None) -> Draft:
    """Hand an entry to the authority, which has its term to review it.

    Raises:
        Refused: DRAFT_FAULTY with every rule that it breaks; DRAFT_PAPERS with what is not recorded; DRAFT_BASE;
            DRAFT_STATE, DRAFT_UNKNOWN, CATALOG_ACT_DENIED.
    """
    return _take(ground, resource, by, Step.SUBMIT, (why, revision), _submitting)


def recall(ground: Ground, resource: str, by: Person, *, why: str, revision: int | None = None) -> Draft:
    """Take a submitted entry back to change it.

    Raises:
        Refused: LIFE_WORDS; as `submit`.
    """
    return _take(ground, resource, by, Step.RECALL, (why, revision), _reviewed)


def give_back(ground: Ground, resource: str, by: Person, *, why: str, revision: int | None = None) -> Draft:
    """退回修改: return an entry to its department, with reasons.

    Raises:
        Refused: LIFE_WORDS; as `submit`.
    """
    return _take(ground, resource, by, Step.RETURN, (why, revision), _reviewed)


def review(ground: Ground, resource: str, by: Person, *, why: str = "", revision: int | None = None) -> Draft:
    """Find an entry in order.

    Raises:
        Refused: DRAFT_SAME_PERSON; as `submit`.
    """
    return _take(ground, resource, by, Step.REVIEW, (why, revision), _reviewing)


def publish(ground: Ground, resource: str, by: Person, *, why: str = "", revision: int | None = None) -> Draft:
    """Put a reviewed entry into the register, in force from now on.

    Raises:
        Refused: DRAFT_BASE, the register moved since the draft began; GRADE_TRIGGERED; CATALOG_CODE_TAKEN; GRADE_…;
            as `submit`.
    """
    return _take(ground, resource, by, Step.PUBLISH, (why, revision), _publishing)


def discard(ground: Ground, resource: str, by: Person, *, why: str, revision: int | None = None) -> None:
    """Give a draft up: what is registered stays as it is.

    Raises:
        Refused: LIFE_WORDS; as `submit`.
    """
    _take(ground, resource, by, Step.DISCARD, (why, revision), _discarding)


def _take(
    ground: Ground, resource: str, by: Person, step: Step, said: tuple[str, int | None], act: Callable[[_Taking], int]
) -> Draft:
    why, revision = said
    if step in FOR_REASONS:
        words(why, "why")
    clocks = clockwork(ground)
    with write(ground.engine) as connection:
        if step is Step.PUBLISH:
            lock(connection, "catalogs")
        lock(connection, f"draft:{resource}")
        draft = find(connection, resource)
        if draft is None:
            raise unknown(resource)
        may_act(ground, by, ASKED[step], draft.ref)
        check_read(draft, revision)
        known = registered(connection, resource)
        state = after(draft.state, step, listed=known.listed)
        if state is None:
            raise wrong_state(resource, draft.state, step, listed=known.listed)
        version = act(_Taking(connection, ground, draft, known, by, why.strip(), clocks))
        new = replace(draft, state=state, by=by.id, at=ground.now(), why=why.strip())
        put(connection, ground, new, ACTS[step], old=draft, version=version)
        if step is Step.DISCARD:
            connection.execute(sa.delete(DRAFT).where(DRAFT.c.resource == resource))
        return new


def _submitting(one: _Taking) -> int:
    _based(one)
    found = _faults(one)
    if found:
        raise Refused(
            "DRAFT_FAULTY",
            f"目录有 {len(found)} 处错误，没有提交",
            f"the entry has {len(found)} faults and was not submitted",
            place=Place(dataset=one.draft.resource),
            reasons=found,
        )
    missing = lacking(held(one.connection, one.draft.resource), one.draft.digest, weighed(one.draft))
    if missing:
        raise Refused(
            "DRAFT_PAPERS",
            "提交前须登记的风险评估和负责人批准不齐，没有提交（政务数据共享条例第十三条）",
            "not all that must be recorded before an entry is submitted is there (Decree 809 Art. 13); not submitted",
            place=Place(dataset=one.draft.resource),
            reasons=[Text(f"缺：{paper.text.zh}", f"missing: {paper.text.en}") for paper in missing],
            remedy=Text(
                "用 hub catalog assess 登记评估，hub catalog approve 或 approve-paper 登记批准；改动后须重新登记",
                "record assessments with `hub catalog assess`, the approval with `hub catalog approve` or "
                "`approve-paper`; what changed since must be recorded anew",
            ),
        )
    for department in authorities(one.connection)[:1]:
        new = New(Kind.REVIEW, one.draft.resource, department, one.why or one.draft.why, one.known.version)
        open_task(one.connection, one.ground, new, one.by.id, one.clocks)
    return one.known.version


def _faults(one: _Taking) -> list[Text]:
    """Every rule that the entry breaks, by itself and beside what its unit has in the register."""
    others = RESOURCE.c.unit == one.draft.unit, RESOURCE.c.id != one.draft.resource, in_force()
    bodies = one.connection.execute(sa.select(RESOURCE.c.body).where(*others)).scalars()
    known = [msgspec.convert(body, Resource) for body in bodies]
    organs = departments(one.ground.engine), units(one.ground.engine)
    rules = code_rules(own_city(one.ground))
    return [
        Text(*(f"{fault.place.column}: {fault.text.say(lang)}" for lang in ("zh", "en")))
        for fault in check_resources([one.draft.body], *organs, registered=known, rules=rules)
    ]


def _reviewed(one: _Taking) -> int:
    for task in open_of(one.connection, one.draft.resource, Kind.REVIEW):
        end_task(one.connection, one.ground, task, one.by.id, one.why or "reviewed")
    return one.known.version


def _reviewing(one: _Taking) -> int:
    _other_person(one)
    return _reviewed(one)


def _publishing(one: _Taking) -> int:
    _other_person(one)
    _based(one)
    _looked_at(one)
    put_resources(one.connection, one.ground, [one.draft.body], one.by.id)
    one.connection.execute(sa.delete(WITHDRAWN).where(WITHDRAWN.c.resource == one.draft.resource))
    _find(one)
    version = registered(one.connection, one.draft.resource).version
    for task in open_of(one.connection, one.draft.resource, Kind.CHANGE):
        end_task(one.connection, one.ground, task, one.by.id, f"已发布第 {version} 版 / version {version}", version)
    raise_disputes(one.connection, one.ground, one.by.id, [one.draft.body])
    return version


def _looked_at(one: _Taking) -> None:
    """What makes data more than its grade says stops publication until the authority has reviewed it."""
    open_ = unreviewed(one.ground, one.draft.body)
    if open_:
        raise Refused(
            "GRADE_TRIGGERED",
            "有情形提示级别可能偏低，复核前不能发布",
            "something says that the grade may be too low; it is not published before that was reviewed",
            place=Place(dataset=one.draft.resource),
            reasons=[Text(f"{each.id}：{each.text.zh}", f"{each.id}: {each.text.en}") for each in open_],
            remedy=Text(
                "由主管部门用 hub catalog regrade review 逐项复核，或提高级别后重新提交",
                "the authority reviews each (`hub catalog regrade review`), or the grade is raised and submitted anew",
            ),
        )


def _find(one: _Taking) -> None:
    from catalogs.find.index import update  # noqa: PLC0415 - arrays and dictionaries are for those who publish

    update(one.connection, [one.draft.body])


def _discarding(one: _Taking) -> int:
    return one.known.version


def _based(one: _Taking) -> None:
    """The register must hold what the draft started from: else what came by a folder meanwhile would be lost."""
    if one.known.version != one.draft.base:
        raise Refused(
            "DRAFT_BASE",
            f"草稿起草时登记的是第 {one.draft.base} 版，现在已是第 {one.known.version} 版",
            f"the draft started from version {one.draft.base}, but {one.known.version} is registered now",
            place=Place(dataset=one.draft.resource),
            remedy=Text(
                "先用 hub catalog diff 查看差异，再用 hub catalog discard 放弃草稿后重新起草",
                "see what differs with `hub catalog diff`, then give it up with `hub catalog discard` and draft anew",
            ),
        )


def _other_person(one: _Taking) -> None:
    """Two people: whoever wrote or submitted what stands now does not review or publish it."""
    acts = [str(Act.DRAFT_SAVED), str(Act.DRAFT_SUBMITTED)]
    query = sa.select(STEP.c.by).where(
        STEP.c.resource == one.draft.resource, STEP.c.revision == one.draft.revision, STEP.c.act.in_(acts)
    )
    if one.by.id in set(one.connection.execute(query).scalars()):
        raise Refused(
            "DRAFT_SAME_PERSON",
            "编制或提交目录的人不能审核、发布它",
            "who wrote or submitted an entry does not review or publish it",
            place=Place(dataset=one.draft.resource),
            remedy=Text("请主管部门的另一位审核人办理", "ask another reviewer of the authority"),
        )
