"""People, and the keys by which the house knows them.

A key is shown once, when it is issued; kept are its id, a random salt and an HMAC under a key of the ring, compared in
constant time. It has a life. In demo mode (`HUB_DEMO=1`) nobody needs a key: the local user plays every role, and `as_`
names any other person; outside demo mode `as_` is refused.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.folder.read_resource import NAME
from catalogs.people.key_ends import end_keys
from catalogs.rows import digest, person_row, plain
from catalogs.tables import DEPARTMENT, KEY, PERSON
from catalogs.values.model import Person, Role
from catalogs.values.words import Grade, find, find_grade
from infra.crypto import equal, mac, random_bytes, random_token
from infra.database import read, write
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry

PURPOSE = "person-key"
LIFE = timedelta(days=180)
LONGEST_LIFE = timedelta(days=366)
BOOTSTRAP = "bootstrap"

_KEY = Text(
    "在 HUB_API_KEY 中给出有效密钥，由主管部门审核人用 hub people key 签发；"
    "演示时设 HUB_DEMO=1 并先运行 hub catalog register",
    "give a valid key in HUB_API_KEY; the authority's reviewer issues it with `hub people key`; "
    "for the demo set HUB_DEMO=1 and run `hub catalog register` first",
)
_PREFIX = "hubk"
_NOBODY = bytes(32)


def people(engine: Engine) -> list[Person]:
    """Everybody, by id."""
    with read(engine) as connection:
        bodies = connection.execute(sa.select(PERSON.c.body).order_by(PERSON.c.id)).scalars()
        return [msgspec.convert(body, Person) for body in bodies]


def person(engine: Engine, identity: str) -> Person:
    """One person.

    Raises:
        Refused: PERSON_UNKNOWN.
    """
    with read(engine) as connection:
        body = connection.execute(sa.select(PERSON.c.body).where(PERSON.c.id == identity)).scalar()
    if body is None:
        raise _unknown()
    return msgspec.convert(body, Person)


def new_person(
    engine: Engine, identity: str, name: str, department: str, holds: tuple[Sequence[str], str, Sequence[str]]
) -> Person:
    """A person from words as typed; `holds` are roles, clearance and purposes. Unit is the department's.

    Raises:
        WrongUse: PERSON_WORD names the word that is no id, role, grade or purpose.
        Refused: PERSON_PLACE.
    """
    roles, clearance, purposes = holds
    found = {word: find(Role, word) for word in roles}
    grade = find_grade(clearance)
    wrong = [word for word, role in found.items() if role is None] + ([] if grade else [clearance])
    wrong += [word for word in (identity, *purposes) if not NAME.fullmatch(word)]
    if wrong or grade is None or not 0 < len(name) <= 100:
        shown = ", ".join(word[:40] for word in wrong) or "name"
        raise WrongUse(
            "PERSON_WORD",
            f"不能这样写：{shown}",
            f"this cannot be: {shown}",
            remedy=Text(
                "角色："
                + "、".join(one.text.zh for one in Role)
                + "；级别："
                + "、".join(one.text.zh for one in Grade),
                "roles: " + ", ".join(map(str, Role)) + "; grades: " + ", ".join(each.id for each in Grade),
            ),
        )
    with read(engine) as connection:
        unit = connection.execute(sa.select(DEPARTMENT.c.unit).where(DEPARTMENT.c.id == department)).scalar()
    if unit is None:
        raise _misplaced()
    held = frozenset(role for role in found.values() if role is not None)
    return Person(identity, name, unit, department, held, grade, frozenset(purposes))


def add_person(ground: Ground, new: Person, actor: str) -> None:
    """Registers a person, or changes one, recorded in the ledger in the same transaction.

    Raises:
        Refused: PERSON_PLACE when unit or department is not registered.
    """
    row = person_row(new)
    with write(ground.engine) as connection:
        old = connection.execute(sa.select(PERSON.c.body).where(PERSON.c.id == new.id)).scalar()
        if old == row["body"]:
            return
        _place(connection, new)
        if old is None:
            connection.execute(sa.insert(PERSON), row)
        else:
            connection.execute(sa.update(PERSON).where(PERSON.c.id == new.id).values(row))
        content = {"person": new.id, "digest": digest(plain(new))}
        ground.ledger.append([NewEntry(Act.PERSON_REGISTERED, actor, "people", content)], connection=connection)


def _place(connection: Connection, new: Person) -> None:
    unit = connection.execute(sa.select(DEPARTMENT.c.unit).where(DEPARTMENT.c.id == new.department)).scalar()
    if unit != new.unit:
        raise _misplaced()


def issue_key(ground: Ground, identity: str, actor: str, *, life: timedelta = LIFE) -> str:
    """A new key for a person; returned once and never again, kept only as a salted HMAC.

    The first key, which `BOOTSTRAP` issues, must be of somebody who can issue the next: else nobody ever could.

    Raises:
        Refused: PERSON_UNKNOWN; KEY_FIRST.
        WrongUse: KEY_LIFE when `life` is not between a minute and a year.
    """
    if not timedelta(minutes=1) <= life <= LONGEST_LIFE:
        raise WrongUse("KEY_LIFE", "密钥有效期应为一分钟至一年", "a key lives from a minute to a year")
    number, secret, salt = random_bytes(8).hex(), random_token(32), random_bytes(16)
    pepper, now = ground.keys.current(PURPOSE, life=None), ground.now()
    with write(ground.engine) as connection:
        body = connection.execute(sa.select(PERSON.c.body).where(PERSON.c.id == identity)).scalar()
        if actor == BOOTSTRAP and (body is None or not msgspec.convert(body, Person).has(Role.AUTHORITY_REVIEWER)):
            raise _not_first(connection)
        if body is None:
            raise _unregistered(identity)
        row = {
            "id": number,
            "person": identity,
            "salt": salt,
            "digest": mac(pepper, salt + secret.encode()),
            "pepper": pepper.id,
            "not_before": now,
            "not_after": now + life,
        }
        connection.execute(sa.insert(KEY), row)
        content = {"person": identity, "key": number, "until": (now + life).isoformat()}
        ground.ledger.append([NewEntry(Act.KEY_ISSUED, actor, f"key/{number}", content)], connection=connection)
    return f"{_PREFIX}_{number}_{secret}"


def authenticate(ground: Ground, key: str) -> Person:
    """The person whose living key this is.

    Raises:
        Refused: PERSON_UNKNOWN for an unknown, forged or malformed key; KEY_EXPIRED past its life or after revocation.
    """
    prefix, _, rest = key.partition("_")
    number, _, secret = rest.partition("_")
    query = sa.select(KEY, PERSON.c.body).join(PERSON, PERSON.c.id == KEY.c.person).where(KEY.c.id == number)
    with read(ground.engine) as connection:
        row = connection.execute(query).first() if prefix == _PREFIX and number.isalnum() else None
    if row is None:
        # As much work for an unknown key as for a known one.
        equal(mac(_NOBODY, secret.encode("utf-8", "replace")), _NOBODY)
        raise _unknown()
    pepper = ground.keys.by_id(row.pepper)
    if not equal(mac(pepper, row.salt + secret.encode("utf-8", "replace")), row.digest):
        raise _unknown()
    if row.revoked_at is not None or not row.not_before <= ground.now() < row.not_after:
        raise Refused(
            "KEY_EXPIRED",
            "密钥已过期或已撤销",
            "the key is past its life or revoked",
            remedy=Text("请主管部门重新签发密钥", "ask the authority for a new key"),
        )
    return msgspec.convert(row.body, Person)


def revoke_keys(ground: Ground, identity: str, actor: str) -> int:
    """Ends every living key of a person at once; returns how many."""
    with write(ground.engine) as connection:
        return end_keys(connection, ground, identity, actor)


def current(ground: Ground, as_: str | None = None) -> Person:
    """Who is asking: the holder of HUB_API_KEY; in demo mode `as_`, else the local user.

    Raises:
        WrongUse: PERSON_AS when somebody else is named outside demo mode.
        Refused: PERSON_UNKNOWN, KEY_EXPIRED.
    """
    if as_ is not None and not ground.demo:
        raise WrongUse(
            "PERSON_AS",
            "只有演示模式可以代表他人操作",
            "only the demo mode may act as somebody else",
            remedy=Text("用 HUB_API_KEY 给出本人的密钥", "give your own key in HUB_API_KEY"),
        )
    if as_ is not None:
        return person(ground.engine, as_)
    key = ground.settings.api_key
    if key is not None and key.reveal():
        return authenticate(ground, key.reveal())
    if ground.demo:
        with read(ground.engine) as connection:
            local = sa.select(PERSON.c.body).where(PERSON.c.local.is_(True)).order_by(PERSON.c.id)
            body = connection.execute(local).scalar()
        if body is not None:
            return msgspec.convert(body, Person)
    raise Refused(
        "PERSON_UNKNOWN",
        "不知道操作人是谁：未设 HUB_API_KEY",
        "nobody says who asks: HUB_API_KEY is not set",
        remedy=_KEY,
    )


def require(someone: Person, *roles: Role) -> None:
    """Refuses unless the person holds one of the roles.

    Raises:
        Refused: PERSON_ROLE.
    """
    if someone.roles.isdisjoint(roles):
        raise Refused(
            "PERSON_ROLE",
            f"需要角色：{'、'.join(role.text.zh for role in roles)}",
            f"this needs a role: {', '.join(role.text.en for role in roles)}",
            remedy=Text("请有该角色的人操作", "ask somebody who holds it"),
        )


def registrar(ground: Ground, *also: Role) -> str:
    """Who may register city, people and keys: the authority's reviewer, and who has one of the roles `also`.

    Somebody must be first, and again when all of the authority's keys have ended: while nobody is registered, or
    (outside demo mode) no such reviewer has a living key, whoever holds the machine may; the ledger says `bootstrap`.

    Raises:
        Refused: PERSON_UNKNOWN, PERSON_ROLE, KEY_EXPIRED.
    """
    with read(ground.engine) as connection:
        nobody = connection.execute(sa.select(PERSON.c.id).limit(1)).scalar() is None
        keyless = not ground.demo and not _reviewer_has_key(connection, ground.now())
    if nobody or keyless:
        return BOOTSTRAP
    someone = current(ground)
    require(someone, Role.AUTHORITY_REVIEWER, *also)
    return someone.id


def _reviewer_has_key(connection: Connection, now: datetime) -> bool:
    query = sa.select(PERSON.c.body).join(KEY).where(KEY.c.revoked_at.is_(None), KEY.c.not_after > now)
    return any(msgspec.convert(body, Person).has(Role.AUTHORITY_REVIEWER) for body in connection.scalars(query))


def _misplaced() -> Refused:
    return Refused(
        "PERSON_PLACE",
        "部门未登记，或不属于该单位",
        "the department is not registered, or not of that unit",
        remedy=Text("先登记部门，或改正单位", "register the department first, or mend the unit"),
    )


def _unknown() -> Refused:
    return Refused("PERSON_UNKNOWN", "不认识该人员或密钥", "this person or key is unknown", remedy=_KEY)


def _unregistered(identity: str) -> Refused:
    return Refused(
        "PERSON_UNKNOWN",
        f"没有登记人员 {identity[:40]}",
        f"nobody is registered as {identity[:40]}",
        remedy=Text("用 hub people list 查看", "see `hub people list`"),
    )


def _not_first(connection: Connection) -> Refused:
    known = (msgspec.convert(row.body, Person) for row in connection.execute(sa.select(PERSON.c.body)))
    holders = (one.id for one in known if one.has(Role.AUTHORITY_REVIEWER) and not one.local)
    first = min((f"hub people key {one}" for one in holders), default="hub catalog register")
    return Refused(
        "KEY_FIRST",
        "第一把密钥须签发给主管部门审核人，其余密钥由其签发",
        "the first key is for the authority's reviewer, who issues all others",
        remedy=Text(f"先运行 {first}", f"run `{first}` first"),
    )
