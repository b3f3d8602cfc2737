"""The index kept current: in the transaction of whatever changes the register, so that both stand or neither.

Each document remembers the digest of the registered resource it was made from: what was changed beside the index is
found (`out_of_date`), and `rebuild` makes the whole index again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogs.find import facets, postings
from catalogs.find.tables import BLOCK, DOCUMENT, FACET, POSTING, STATE
from catalogs.find.tokens import VERSION, Names, texts, tokens, written
from catalogs.lookup import in_force
from catalogs.tables import DEPARTMENT, RESOURCE, UNIT
from catalogs.values.model import Department, Resource, Unit
from infra.database import lock, read

_ASKED = 400  # how many ids one statement names


@dataclass(frozen=True, slots=True)
class OutOfDate:
    """What the index says otherwise than the register; `version` of its tokens, None where there is no index."""

    version: str | None
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def current(self) -> bool:
        """Whether the index says what the register says."""
        return self.version == VERSION and not (self.missing or self.changed or self.gone)


def update(connection: Connection, resources: Sequence[Resource]) -> None:
    """Lays these registered resources into the index; what is there as it should be costs no write.

    Call it inside the transaction that registers them, after their rows are written. An index of another version, or
    none beside a register, is made again as a whole.
    """
    lock(connection, "catalogs.find")
    if not _ready(connection):
        rebuild(connection)
        return
    names = names_of(connection)
    free = int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(DOCUMENT.c.number), -1))).scalar_one()) + 1
    for start in range(0, len(resources), BLOCK):
        free = _put(connection, resources[start : start + BLOCK], names, free)


def remove(connection: Connection, ids: Iterable[str]) -> None:
    """Takes resources out of the index, inside the transaction that withdraws them."""
    lock(connection, "catalogs.find")
    old = _documents(connection, sorted(set(ids)))
    _lay(connection, [(number, tokens(kept), {}, None) for number, _, kept in old.values()])
    for name in old:
        connection.execute(sa.delete(DOCUMENT).where(DOCUMENT.c.resource == name))


def rebuild(connection: Connection) -> int:
    """Makes the whole index again from the register, numbered by id; returns how many resources it holds."""
    lock(connection, "catalogs.find")
    for table in (STATE, DOCUMENT, POSTING, FACET):
        connection.execute(sa.delete(table))
    connection.execute(sa.insert(STATE).values(tokens=VERSION))
    names, free = names_of(connection), 0
    for some in _registered(connection):
        free = _put(connection, some, names, free)
    return free


def out_of_date(engine: Engine) -> OutOfDate:
    """Compares the whole index with the register by digests.

    Raises:
        Unavailable: DATABASE_….
    """
    with read(engine) as connection:
        version = connection.execute(sa.select(STATE.c.tokens)).scalar()
        registered = _pairs(connection, sa.select(RESOURCE.c.id, RESOURCE.c.digest).where(in_force()))
        indexed = _pairs(connection, sa.select(DOCUMENT.c.resource, DOCUMENT.c.digest))
    return OutOfDate(
        version,
        tuple(sorted(registered.keys() - indexed.keys())),
        tuple(sorted(name for name, digest in indexed.items() if registered.get(name, digest) != digest)),
        tuple(sorted(indexed.keys() - registered.keys())),
    )


def _ready(connection: Connection) -> bool:
    version = connection.execute(sa.select(STATE.c.tokens)).scalar()
    return version == VERSION


def names_of(connection: Connection) -> Names:
    """The registered units and departments, by id."""
    units = connection.execute(sa.select(UNIT.c.body)).scalars()
    departments = connection.execute(sa.select(DEPARTMENT.c.body)).scalars()
    return Names(
        {each.id: each for each in (msgspec.convert(body, Unit) for body in units)},
        {each.id: each for each in (msgspec.convert(body, Department) for body in departments)},
    )


def _registered(connection: Connection) -> Iterator[list[Resource]]:
    last = ""
    # By bytes on both databases, so that both number alike.
    by = sa.collate(RESOURCE.c.id, "C" if connection.dialect.name == "postgresql" else "BINARY")
    query = sa.select(RESOURCE.c.id, RESOURCE.c.body).where(in_force()).order_by(by).limit(BLOCK)
    while rows := connection.execute(query.where(by > last)).all():
        yield [msgspec.convert(row.body, Resource) for row in rows]
        last = rows[-1].id


def _put(connection: Connection, resources: Sequence[Resource], names: Names, free: int) -> int:
    """Lays a block's worth of resources into the index; returns the next free number."""
    ids = [each.id for each in resources]
    old = _documents(connection, ids)
    digests = _digests(connection, ids)
    rows, changes = [], []
    for resource in resources:
        kept = written(texts(resource, names))
        number, digest, before = old.get(resource.id, (None, "", ""))
        if number is not None and (digest, before) == (digests.get(resource.id), kept):
            continue
        if number is None:
            number, free = free, free + 1
        changes.append((number, tokens(before) if before else {}, tokens(kept), resource))
        rows.append(
            {"number": number, "resource": resource.id, "digest": digests.get(resource.id, ""), "written": kept}
        )
    if not rows:
        return free
    _lay(connection, changes)
    gone = [row["resource"] for row in rows if row["resource"] in old]
    for start in range(0, len(gone), _ASKED):
        connection.execute(sa.delete(DOCUMENT).where(DOCUMENT.c.resource.in_(gone[start : start + _ASKED])))
    connection.execute(sa.insert(DOCUMENT), rows)
    return free


_Change = tuple[int, dict[str, int], dict[str, int], Resource | None]


def _lay(connection: Connection, changes: Sequence[_Change]) -> None:
    """Writes changed documents: number, tokens before, tokens now, the resource (None: taken out)."""
    by_block: dict[int, list[_Change]] = defaultdict(list)
    for change in changes:
        by_block[change[0] // BLOCK].append(change)
    for block, some in sorted(by_block.items()):
        wanted: dict[str, dict[int, int]] = defaultdict(dict)
        for number, before, now, _ in some:
            place = number % BLOCK
            for token, mask in now.items():
                if before.get(token) != mask:
                    wanted[token][place] = mask
            for token in before.keys() - now.keys():
                wanted[token][place] = 0
        postings.merge(connection, block, wanted)
        facets.merge(connection, block, {number % BLOCK: resource for number, _, _, resource in some})


def _documents(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[int, str, str]]:
    query = sa.select(DOCUMENT.c.resource, DOCUMENT.c.number, DOCUMENT.c.digest, DOCUMENT.c.written)
    return {
        row.resource: (row.number, row.digest, row.written)
        for start in range(0, len(ids), _ASKED)
        for row in connection.execute(query.where(DOCUMENT.c.resource.in_(ids[start : start + _ASKED])))
    }


def _digests(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    query = sa.select(RESOURCE.c.id, RESOURCE.c.digest)
    found: dict[str, str] = {}
    for start in range(0, len(ids), _ASKED):
        found |= _pairs(connection, query.where(RESOURCE.c.id.in_(ids[start : start + _ASKED])))
    return found


def _pairs(connection: Connection, query: sa.Select[Any]) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(query)}
