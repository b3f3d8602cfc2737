"""What stands in the register under the ids of a sheet, and whether it moved on since the sheet was written.

A row has moved on when its entry is another now than what the row came from (`catalogs.sheet.stamps`) and somebody else
made it so: an officer's file is newer than their own last save. A row without a stamp, of a file of the officer's own,
is held against what a colleague has in hand alone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.life.drafts import drafts
from catalogs.life.machine import State, is_open
from catalogs.life.tables import DRAFT, STEP
from catalogs.lookup import in_force
from catalogs.permission.decide import DraftRef
from catalogs.sheet.stamps import Standing
from catalogs.tables import PERSON, RESOURCE, RESOURCE_VERSION
from catalogs.values.model import Resource
from infra.database import read
from infra.language import Text
from infra.local_time import local_time

_MANY = 500
Sees = Callable[[DraftRef], bool]


def every_draft(_: DraftRef) -> bool:
    """Whoever holds the machine sees every draft."""
    return True


def standing(engine: Engine, asked: Mapping[str, str | None], by: str, sees: Sees = every_draft) -> dict[str, Standing]:
    """What stands under each id that is known; `asked` gives the stamp of each, `by` is who hands the sheet in.

    Of a draft that they do not see, nothing is told.

    Raises:
        Unavailable: DATABASE_….
    """
    found: dict[str, Standing] = {}
    with read(engine) as connection:
        ids = list(asked)
        for at in range(0, len(ids), _MANY):
            found |= _some(connection, {one: asked[one] for one in ids[at : at + _MANY]}, by, sees)
    return found


def in_hand(engine: Engine, providers: Iterable[str], sees: Sees = every_draft) -> list[tuple[Resource, str]]:
    """What the departments have in hand, by id, with its digest: open drafts that are seen, else what is registered.

    Raises:
        Unavailable: DATABASE_….
    """
    wanted = set(providers)
    found = {each.id: (each, digest) for each, digest in in_force_with_digest(engine, wanted)}
    open_ = [one for one in drafts(engine) if is_open(one.state) and (one.resource in found or one.provider in wanted)]
    open_ = [one for one in open_ if sees(one.ref)]
    for one in open_:
        found.pop(one.resource, None)  # it may be about to go to another department
    found |= {one.resource: (one.body, one.digest) for one in open_ if one.provider in wanted}
    return [found[identity] for identity in sorted(found)]


def in_force_with_digest(engine: Engine, providers: Iterable[str]) -> list[tuple[Resource, str]]:
    """What is registered of the departments, by id, with its digest.

    Raises:
        Unavailable: DATABASE_….
    """
    query = sa.select(RESOURCE.c.body, RESOURCE.c.digest, RESOURCE.c.provider).where(in_force())
    wanted = set(providers)
    with read(engine) as connection:
        rows = connection.execute(query.order_by(RESOURCE.c.id)).all()
    return [(msgspec.convert(row.body, Resource), row.digest) for row in rows if row.provider in wanted]


def _some(connection: Connection, asked: Mapping[str, str | None], by: str, sees: Sees) -> dict[str, Standing]:
    rows = connection.execute(sa.select(DRAFT).where(DRAFT.c.resource.in_(asked))).mappings()
    drafted = {row["resource"]: row for row in rows if sees(DraftRef(row["resource"], row["unit"], row["provider"]))}
    columns = (RESOURCE.c.id, RESOURCE.c.version, RESOURCE.c.digest, RESOURCE.c.body)
    query = sa.select(*columns).where(RESOURCE.c.id.in_(asked), in_force())
    registered = {row["id"]: row for row in connection.execute(query).mappings()}
    found = {}
    for identity, stamp in asked.items():
        draft, known = drafted.get(identity), registered.get(identity)
        state = next((one for one in State if draft is not None and str(one) == draft["state"]), None)
        head = draft if draft is not None and is_open(state) else known
        if draft is None and known is None:
            continue
        body = msgspec.convert(head["body"], Resource) if head is not None else None
        revision = draft["revision"] if draft is not None else None
        one = Standing(body, head["digest"] if head is not None else "", revision, state)
        if head is not None and stamp != head["digest"]:
            one = _moved(connection, one, (identity, stamp, by), head)
        found[identity] = one
    return found


def _moved(connection: Connection, one: Standing, asked: tuple[str, str | None, str], head: Any) -> Standing:
    """With what the sheet was written from, where somebody else changed the entry since."""
    identity, stamp, by = asked
    drafted = "holder" in head
    if stamp is None and (not drafted or head["holder"] == by):
        return one  # a file of the officer's own, for what is theirs to change
    past = _past(connection, identity)
    own = next((row for row in past if row["by"] == by and row["body"] is not None), None)
    came = next((row for row in past if row["digest"] == stamp), None)
    base = own if own is not None and (came is None or own["entry"] > came["entry"]) else came
    if base is not None and base["digest"] == head["digest"]:
        return one
    bodies = {row["digest"]: row["body"] for row in past if row["body"] is not None}
    written = msgspec.convert(bodies[base["digest"]], Resource) if base is not None else None
    last = next((row for row in past if row["digest"] == head["digest"] and row["body"] is not None), head)
    return replace(one, moved=True, base=written, who=_who(connection, last))


def _past(connection: Connection, identity: str) -> list[Mapping[str, Any]]:
    """What was ever saved or registered under an id, the newest first."""
    names = ("entry", "digest", "body")
    steps = sa.select(STEP).where(STEP.c.resource == identity)
    versions = sa.select(RESOURCE_VERSION).where(RESOURCE_VERSION.c.resource == identity)
    found = [dict(row) for row in connection.execute(steps).mappings()]
    found += [
        {name: row[name] for name in names}
        | {"by": "", "revision": 0, "at": row["registered_at"]}
        | {"version": row["version"]}
        for row in connection.execute(versions).mappings()
    ]
    return sorted(found, key=lambda row: -row["entry"])


def _who(connection: Connection, row: Mapping[str, Any]) -> Text:
    if not row.get("revision"):
        return Text(f"已登记的第 {row['version']} 版", f"version {row['version']} of the register")
    name = connection.execute(sa.select(PERSON.c.name).where(PERSON.c.id == row["by"])).scalar() or row["by"]
    when = local_time(row["at"])[:16]
    return Text(f"{name}（{when} 第 {row['revision']} 次修订）", f"{name} ({when}, revision {row['revision']})")
