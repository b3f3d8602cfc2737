"""The versions of an entry and what was done to it, out of the register."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.life.diff import changes
from catalogs.life.drafts import find, registered
from catalogs.life.machine import State
from catalogs.life.papers import ACTS
from catalogs.life.tables import PAPER, STEP
from catalogs.own_city import own_city
from catalogs.people.asking import sees
from catalogs.permission.decide import CATALOGUE, DraftRef, city_policy, decide
from catalogs.tables import RESOURCE_VERSION
from catalogs.values.model import Person, Resource
from infra.database import read
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act

DRAFT = "draft"
_BY_FOLDER = str(Act.RESOURCE_REGISTERED)
_MAKERS = (str(Act.RESOURCE_PUBLISHED), str(Act.LEAD_SET))
_OPEN_ACTS = (_BY_FOLDER, *_MAKERS, str(Act.RESOURCE_WITHDRAWN))


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of an entry's history: what was done, by whom, when and why, and where it stood after it.

    A recorded assessment, approval or sheet has the number of its paper and, where there is a file, its digest; why is
    then what it found, who approved, or the check number. Such an act leaves the entry where it stood: its state is "".
    """

    act: str
    state: str
    revision: int
    version: int
    by: str
    at: datetime
    why: str
    entry: int
    digest: str
    paper: int | None = None
    sha256: str | None = None


_OF_A_STEP = tuple(name for name in Happened.__slots__ if name not in ("paper", "sha256"))


def history(ground: Ground, resource: str, *, drafts: bool = True) -> list[Happened]:
    """All that was done to an entry, oldest first: its steps, its papers, and the versions that a folder brought.

    Without `drafts` what was published and withdrawn alone, for who does not work on the entry.

    Raises:
        Refused: CATALOG_UNKNOWN_RESOURCE when nothing was ever done to it.
    """
    versions = sa.select(RESOURCE_VERSION).where(RESOURCE_VERSION.c.resource == resource)
    with read(ground.engine) as connection:
        columns = [STEP.c[name] for name in _OF_A_STEP]
        query = sa.select(*columns).where(STEP.c.resource == resource).order_by(STEP.c.number)
        steps = [Happened(**row._asdict()) for row in connection.execute(query)]
        came = [row for row in connection.execute(versions) if not _made_by_a_step(row, steps)]
        recorded = list(connection.execute(sa.select(PAPER).where(PAPER.c.resource == resource)))
    found = [
        *steps,
        *(_paper(row) for row in recorded),
        *(Happened(_BY_FOLDER, str(State.PUBLISHED), 0, row.version, "", row.registered_at, "", row.entry, row.digest)
          for row in came),
    ]  # fmt: skip
    found = [one for one in found if drafts or one.act in _OPEN_ACTS]
    if not found:
        raise _unknown(resource)
    return sorted(found, key=lambda one: one.entry)


def sees_drafts(ground: Ground, person: Person, resource: str) -> bool:
    """Whether the person works on the entry, reviews it or supervises: others know of no draft."""
    if decide(person, "supervise", CATALOGUE, policy=city_policy(own_city(ground), "records")).allowed:
        return True
    with read(ground.engine) as connection:
        drafted, known = find(connection, resource), registered(connection, resource)
    refs = [drafted.ref] if drafted else []
    refs += [DraftRef(resource, resource.partition(".")[0], known.provider)] if known.provider else []
    return any(sees(ground, person, ref) for ref in refs)


def _made_by_a_step(version: sa.Row[Any], steps: Sequence[Happened]) -> bool:
    """Whether the step that follows it brought the version: the ledger has the version first, then the step."""
    after = next((one for one in steps if one.entry > version.entry), None)
    return after is not None and after.act in _MAKERS and after.version == version.version


def _paper(row: sa.Row[Any]) -> Happened:
    return Happened(str(ACTS[row.kind]), "", 0, 0, row.by, row.at, row.result, row.entry, row.about,
                    row.number, row.sha256)  # fmt: skip


def difference(
    ground: Ground, resource: str, old: str | None = None, new: str | None = None, *, drafts: bool = True
) -> tuple[str, str, list[Text]]:
    """What differs between two versions, each a number, `draft` or a revision (`r2`), with the two that were compared.

    By default the draft against what is registered; without a draft the newest version against the one before.
    Without `drafts` it is as if there were none.

    Raises:
        Refused: CATALOG_UNKNOWN_RESOURCE, VERSION_UNKNOWN.
    """
    with read(ground.engine) as connection:
        query = sa.select(RESOURCE_VERSION.c.version).where(RESOURCE_VERSION.c.resource == resource)
        known = sorted(connection.execute(query).scalars())
        drafted = find(connection, resource) if drafts else None
        open_ = drafted is not None and drafted.state not in (State.PUBLISHED, State.WITHDRAWN)
        if not known and drafted is None:
            raise _unknown(resource)
        latest = known[-1] if known else 0
        to = new or (DRAFT if open_ else str(latest))
        before = latest if to == DRAFT else int(to) - 1 if to.isdecimal() else 0
        since = old or str(before)
        return since, to, changes(*(_body(connection, resource, one, drafts=drafts) for one in (since, to)))


def _body(connection: Connection, resource: str, version: str, *, drafts: bool) -> Resource | None:
    if version == "0":
        return None
    if version == DRAFT and drafts:
        drafted = find(connection, resource)
        if drafted is not None:
            return drafted.body
    elif drafts and version.startswith("r") and version[1:].isascii() and version[1:].isdecimal() and len(version) < 9:
        saved = STEP.c.resource == resource, STEP.c.revision == int(version[1:]), STEP.c.body.is_not(None)
        body = connection.execute(sa.select(STEP.c.body).where(*saved)).scalar()
        if body is not None:
            return msgspec.convert(body, Resource)
    elif version.isascii() and version.isdecimal() and len(version) < 9:
        here = RESOURCE_VERSION.c.resource == resource, RESOURCE_VERSION.c.version == int(version)
        body = connection.execute(sa.select(RESOURCE_VERSION.c.body).where(*here)).scalar()
        if body is not None:
            return msgspec.convert(body, Resource)
    raise Refused(
        "VERSION_UNKNOWN",
        f"没有这一版：{version[:20]}",
        f"there is no version {version[:20]}",
        place=Place(dataset=resource[:191]),
        remedy=Text("用 hub catalog history 查看各版", "see the versions with `hub catalog history`"),
    )


def _unknown(resource: str) -> Refused:
    return Refused(
        "CATALOG_UNKNOWN_RESOURCE",
        "目录中没有该数据资源，也没有草稿",
        "the catalogue holds no such resource and no draft of it",
        place=Place(dataset=resource[:191]),
        remedy=Text("用 hub catalog list 或 hub catalog drafts 查看", "see `hub catalog list` or `hub catalog drafts`"),
    )
