"""Drafts of entries: saved with an optimistic revision, so that of two editors none loses what the other wrote.

Whoever saves names the revision that they read. When somebody saved meanwhile, the save is refused with who it was and
when, and nothing is changed. Every revision is kept. An entry that came by YAML has no draft: its first save starts
from the registered version and makes it `changed`. A draft is a whole `Resource`, but may break rules: those are asked
when it is submitted (`catalogs.life.steps`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.life.machine import State, Step, after, said, steps
from catalogs.life.tables import DRAFT, STEP, WITHDRAWN
from catalogs.people.asking import may_act
from catalogs.permission.decide import DraftRef
from catalogs.rows import digest, plain
from catalogs.rules.entry_rules import secret
from catalogs.tables import DEPARTMENT, PERSON, RESOURCE
from catalogs.values.model import Person, Resource
from infra.database import lock, read, write
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry

LONGEST = 2000
_ASKED = {
    "why": Text("事由", "why"),
    "reason": Text("移交事由", "why it is handed over"),
    "despite": Text("仍予撤销的理由", "why it is done despite that"),
    "what": Text("哪里不对", "what is wrong"),
    "result": Text("结论或处理结果", "the result"),
    "signed_by": Text("签字的负责人", "which head signed"),
}
_STATES = {str(state): state for state in State}


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry as it stands on its way.

    Attributes:
        resource: its id.
        revision: what the next save must name.
        base: the registered version that it started from; 0 where there was none.
        digest: of the plain form of `body`, as the ledger and versions keep it.
        holder: the person in whose hands it is.
        by, at, why: of the last step.
    """

    resource: str
    unit: str
    provider: str
    revision: int
    state: State
    base: int
    digest: str
    body: Resource
    holder: str
    by: str
    at: datetime
    why: str

    @property
    def ref(self) -> DraftRef:
        """As the rules know it."""
        return DraftRef(self.resource, self.unit, self.provider)


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register holds of an entry: version, body, whose it is, whether it is withdrawn; version 0: nothing."""

    version: int
    body: dict[str, Any] | None
    digest: str
    provider: str
    withdrawn: bool

    @property
    def listed(self) -> bool:
        """Whether it is in force."""
        return self.version > 0 and not self.withdrawn


def save(ground: Ground, resource: Resource, by: Person, *, revision: int | None, why: str) -> Draft:
    """Save `resource` as the draft of its id; `revision` is the one that was read, None where there was none.

    The same content saved again is no new revision.

    Raises:
        Refused: DRAFT_REVISION, somebody saved meanwhile; DRAFT_STATE, it is submitted or reviewed; DRAFT_PLACE;
            CATALOG_SECRET; CATALOG_ACT_DENIED; LIFE_WORDS.
        Unavailable: DATABASE_….
    """
    return save_all(ground, [(resource, revision)], by, why=why)[0]


def save_all(ground: Ground, wanted: Sequence[tuple[Resource, int | None]], by: Person, *, why: str) -> list[Draft]:
    """Save several drafts, each with the revision that was read: all in one transaction, or none.

    Raises:
        Refused, Unavailable: as `save`.
    """
    words(why, "why")
    asked: set[tuple[str, str]] = set()
    for resource, _ in wanted:
        for breach in secret(resource):  # no draft of it, for every revision is kept
            place = Place(dataset=resource.id)
            raise Refused(breach.code, breach.text.zh, breach.text.en, place=place, remedy=breach.remedy)
        if (resource.unit, resource.provider) not in asked:
            asked.add((resource.unit, resource.provider))
            may_act(ground, by, "edit_draft", DraftRef(resource.id, resource.unit, resource.provider))
    saved: dict[str, Draft] = {}
    with write(ground.engine) as connection:
        for resource, revision in sorted(wanted, key=lambda one: one[0].id):
            lock(connection, f"draft:{resource.id}")
            saved[resource.id] = _save(connection, ground, resource, by, (revision, why))
    return [saved[resource.id] for resource, _ in wanted]


def draft(engine: Engine, resource: str) -> Draft | None:
    """The draft of a resource, as it stands; None where it has none."""
    with read(engine) as connection:
        return find(connection, resource)


def drafts(
    engine: Engine, unit: str | None = None, state: State | None = None, *, provider: str | None = None
) -> list[Draft]:
    """The drafts, of one unit, state or providing department where asked, by resource."""
    asked = ((DRAFT.c.unit, unit), (DRAFT.c.state, state), (DRAFT.c.provider, provider))
    where = [column == str(value) for column, value in asked if value is not None]
    with read(engine) as connection:
        rows = connection.execute(sa.select(DRAFT).where(*where).order_by(DRAFT.c.resource)).mappings()
        return [_draft(row) for row in rows]


def find(connection: Connection, resource: str) -> Draft | None:
    """`draft`, within a transaction."""
    row = connection.execute(sa.select(DRAFT).where(DRAFT.c.resource == resource)).mappings().first()
    return None if row is None else _draft(row)


def registered(connection: Connection, resource: str) -> Registered:
    """What the register holds of it."""
    own = (RESOURCE.c.version, RESOURCE.c.body, RESOURCE.c.digest, RESOURCE.c.provider)
    joined = RESOURCE.outerjoin(WITHDRAWN, WITHDRAWN.c.resource == RESOURCE.c.id)
    query = sa.select(*own, WITHDRAWN.c.resource.label("gone")).select_from(joined)
    row = connection.execute(query.where(RESOURCE.c.id == resource)).first()
    if row is None:
        return Registered(0, None, "", "", False)
    return Registered(row.version, row.body, row.digest, row.provider, row.gone is not None)


def put(connection: Connection, ground: Ground, new: Draft, act: Act, *, old: Draft | None, version: int) -> Draft:
    """Write a draft after a step, with the step and its ledger entry, in the caller's transaction."""
    content = {"state": str(new.state), "revision": new.revision, "digest": new.digest, "why": new.why}
    content |= {"version": version} if version else {}
    entry = ground.ledger.append([NewEntry(act, new.by, new.resource, content)], connection=connection)[0]
    row = {name: getattr(new, name) for name in Draft.__slots__ if name not in ("body", "state")}
    row |= {"state": str(new.state), "body": plain(new.body)}
    if old is None:
        connection.execute(sa.insert(DRAFT), row)
    else:
        connection.execute(sa.update(DRAFT).where(DRAFT.c.resource == new.resource).values(row))
    changed = old is None or old.digest != new.digest
    step = {name: row[name] for name in ("resource", "state", "revision", "digest", "by", "at", "why")}
    step |= {"act": str(act), "version": version, "entry": entry.number, "body": row["body"] if changed else None}
    connection.execute(sa.insert(STEP), step)
    return new


def words(text: str, what: str) -> str:
    """The words that a person gave for a reason or a result; refused when there are none or too many.

    Raises:
        Refused: LIFE_WORDS.
    """
    if not 0 < len(text.strip()) <= LONGEST:
        asked = _ASKED[what]
        raise Refused(
            "LIFE_WORDS",
            f"请写明{asked.zh}（1 至 {LONGEST} 字），什么都没有改动",
            f"say {asked.en} in 1 to {LONGEST} characters; nothing was changed",
        )
    return text.strip()


def wrong_state(resource: str, state: State | None, step: Step, *, listed: bool) -> Refused:
    """The refusal of a step that cannot be taken from where the entry stands, with those that can."""
    where, can = said(state), steps(state, listed=listed)
    zh = "、".join(f"hub catalog {one}（{one.text.zh}）" for one in can)
    return Refused(
        "DRAFT_STATE",
        f"该目录{where.zh}，不能{step.text.zh}",
        f"the entry is {where.en}: it cannot be given the step “{step.text.en}”",
        place=Place(dataset=resource),
        remedy=Text(f"现在可以：{zh}", f"what can be done now: {', '.join(f'hub catalog {one}' for one in can)}"),
    )


def _save(
    connection: Connection, ground: Ground, resource: Resource, by: Person, said_: tuple[int | None, str]
) -> Draft:
    revision, why = said_
    old, known = find(connection, resource.id), registered(connection, resource.id)
    body = plain(resource)
    sha256 = digest(body)
    if old is not None and old.digest == sha256 and old.state in (State.DRAFT, State.CHANGED, State.RETURNED):
        return old
    if (old.revision if old else None) != revision:
        raise _behind(connection, resource.id, old)
    state = old.state if old else State.PUBLISHED if known.listed else State.WITHDRAWN if known.version else None
    new_state = after(state, Step.SAVE, listed=known.listed)
    if new_state is None:
        raise wrong_state(resource.id, state, Step.SAVE, listed=known.listed)
    for owner in {old.provider if old else "", known.provider} - {"", resource.provider}:
        # Whose it is, by draft or by register, must not lose it to whoever names another provider.
        may_act(ground, by, "edit_draft", DraftRef(resource.id, resource.unit, owner))
    _place(connection, resource)
    fresh = old is None or old.state in (State.PUBLISHED, State.WITHDRAWN)
    new = Draft(
        resource=resource.id,
        unit=resource.unit,
        provider=resource.provider,
        revision=(old.revision if old else last_revision(connection, resource.id)) + 1,
        state=new_state,
        base=known.version if fresh or old is None else old.base,
        digest=sha256,
        body=resource,
        holder=by.id,
        by=by.id,
        at=ground.now(),
        why=why.strip(),
    )
    return put(connection, ground, new, Act.DRAFT_SAVED, old=old, version=known.version)


def last_revision(connection: Connection, resource: str) -> int:
    """The last revision that there ever was: a draft that was discarded lends its numbers to none that follows."""
    return connection.execute(sa.select(sa.func.max(STEP.c.revision)).where(STEP.c.resource == resource)).scalar() or 0


def _place(connection: Connection, resource: Resource) -> None:
    """Its id must be of its provider's unit: else one district could take the names of another's entries."""
    home = connection.execute(sa.select(DEPARTMENT.c.unit).where(DEPARTMENT.c.id == resource.provider)).scalar()
    if home is None or home != resource.unit:
        raise Refused(
            "DRAFT_PLACE",
            "提供单位没有登记，或不属于编号所写的单位",
            "the providing department is not registered, or not of the unit that the id names",
            place=Place(dataset=resource.id),
            remedy=Text("先登记部门，或改正编号、提供单位", "register the department, or mend the id or the provider"),
        )


def _behind(connection: Connection, resource: str, old: Draft | None) -> Refused:
    if old is None:
        return Refused(
            "DRAFT_REVISION",
            "该目录没有草稿，给出的修订号不成立，什么都没有改动",
            "the entry has no draft, so no revision of one can be named; nothing was changed",
            place=Place(dataset=resource),
        )
    name = connection.execute(sa.select(PERSON.c.name).where(PERSON.c.id == old.by)).scalar() or old.by
    when = old.at.strftime("%Y-%m-%d %H:%M UTC")
    return Refused(
        "DRAFT_REVISION",
        f"{name}（{old.by}）已于 {when} 保存第 {old.revision} 次修订，您的修改没有保存，也没有覆盖对方的内容",
        f"{name} ({old.by}) saved revision {old.revision} at {when}; your change was not saved and overwrote nothing",
        place=Place(dataset=resource),
        remedy=Text(
            f"查看第 {old.revision} 次修订，合并后再保存", f"look at revision {old.revision}, merge, then save again"
        ),
    )


def _draft(row: sa.RowMapping) -> Draft:
    values: dict[str, Any] = {name: row[name] for name in Draft.__slots__}
    values |= {"state": _STATES[row["state"]], "body": msgspec.convert(row["body"], Resource)}
    return Draft(**values)
