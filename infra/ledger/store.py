"""The rows of the ledger: writing entries, reading them back. Every statement of appending and reading stands here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

from infra.ledger.tables import CHECKPOINT, CONTENT, ENTRY, HEAD, TILE

_CHUNK = 500  # below every database's limit of bound variables


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A row of the log. `leaf_index` is None while no checkpoint covers it; salt and content are None once erased."""

    number: int
    body: bytes
    hash: bytes
    once: str | None
    mark: bytes
    leaf_index: int | None
    salt: bytes | None
    content: bytes | None


_STORED = (
    ENTRY.c.number,
    ENTRY.c.body,
    ENTRY.c.hash,
    ENTRY.c.once,
    ENTRY.c.mark,
    ENTRY.c.leaf_index,
    CONTENT.c.salt,
    CONTENT.c.content,
)


def _stored(row: Any) -> StoredEntry:
    number, body, leaf, once, mark, leaf_index, salt, content = row
    return StoredEntry(
        number=number,
        body=body.encode(),
        hash=bytes(leaf),
        once=once,
        mark=bytes(mark),
        leaf_index=leaf_index,
        salt=None if salt is None else bytes(salt),
        content=None if content is None else content.encode(),
    )


def entry(connection: Connection, number: int) -> StoredEntry | None:
    """The entry with this number, with its content if it still stands."""
    query = sa.select(*_STORED).select_from(ENTRY.outerjoin(CONTENT, CONTENT.c.number == ENTRY.c.number))
    row = connection.execute(query.where(ENTRY.c.number == number)).first()
    return None if row is None else _stored(row)


def indexed(connection: Connection, first: int, count: int) -> list[StoredEntry]:
    """Entries by place in the log: those of the places [first, first + count) that exist."""
    query = (
        sa.select(*_STORED)
        .select_from(ENTRY.outerjoin(CONTENT, CONTENT.c.number == ENTRY.c.number))
        .where(ENTRY.c.leaf_index >= first, ENTRY.c.leaf_index < first + count)
        .order_by(ENTRY.c.leaf_index)
    )
    return [_stored(row) for row in connection.execute(query)]


def pending(connection: Connection, after: int, count: int, *, contents: bool = False) -> list[StoredEntry]:
    """Durable entries without a place in the log, by number, from above `after`; their contents only when asked."""
    if contents:
        query = sa.select(*_STORED).select_from(ENTRY.outerjoin(CONTENT, CONTENT.c.number == ENTRY.c.number))
    else:
        query = sa.select(*_STORED[:-2], sa.null(), sa.null())
    query = query.where(ENTRY.c.leaf_index.is_(None), ENTRY.c.number > after)
    return [_stored(row) for row in connection.execute(query.order_by(ENTRY.c.number).limit(count))]


def standing(connection: Connection, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of `hashes` whose entries have a place in the log."""
    found: set[bytes] = set()
    for start in range(0, len(hashes), _CHUNK):
        query = sa.select(ENTRY.c.hash).where(ENTRY.c.leaf_index.is_not(None))
        rows = connection.execute(query.where(ENTRY.c.hash.in_(hashes[start : start + _CHUNK]))).scalars()
        found.update(bytes(leaf) for leaf in rows)
    return found


def latest(connection: Connection, before: int | None, count: int) -> list[StoredEntry]:
    """The newest entries by number, newest first, below `before` when given."""
    query = sa.select(*_STORED).select_from(ENTRY.outerjoin(CONTENT, CONTENT.c.number == ENTRY.c.number))
    if before is not None:
        query = query.where(ENTRY.c.number < before)
    return [_stored(row) for row in connection.execute(query.order_by(ENTRY.c.number.desc()).limit(count))]


def read_tile(connection: Connection, level: int, position: int) -> bytes:
    """A tile's hashes; empty when there is none."""
    query = sa.select(TILE.c.hashes).where(TILE.c.level == level, TILE.c.position == position)
    return bytes(connection.execute(query).scalar() or b"")


def write_tiles(connection: Connection, tiles: Mapping[tuple[int, int], bytes]) -> None:
    """Stores tiles, new ones and grown ones."""
    rows = [{"level": level, "position": at, "hashes": hashes} for (level, at), hashes in tiles.items()]
    if not rows:
        return
    insert_on = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert_on(TILE)
    keys = [TILE.c.level, TILE.c.position]
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_={"hashes": statement.excluded.hashes}), rows
    )


def erase_contents(connection: Connection, numbers: Sequence[int]) -> None:
    """Removes contents and salts. SQLite overwrites the freed bytes; `scrub` then empties its write-ahead log."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    for start in range(0, len(numbers), _CHUNK):
        connection.execute(sa.delete(CONTENT).where(CONTENT.c.number.in_(numbers[start : start + _CHUNK])))


def scrub(engine: Engine) -> None:
    """Makes erased bytes unreadable in the database's files, as far as the database lets us.

    SQLite: the write-ahead log is emptied as soon as no reader needs it. PostgreSQL: dead rows are vacuumed; its own
    write-ahead log and its backups keep their own terms (see the README).
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.execute(sa.text(f"VACUUM {CONTENT.name}"))


def head_size(connection: Connection) -> int:
    """How many leaves the tree has."""
    return connection.execute(sa.select(HEAD.c.size).where(HEAD.c.one == 1)).scalar() or 0


def newest_note(connection: Connection) -> str | None:
    """The newest checkpoint's signed note."""
    return connection.execute(sa.select(CHECKPOINT.c.note).order_by(CHECKPOINT.c.number.desc()).limit(1)).scalar()


def note_at(connection: Connection, size: int) -> str | None:
    """The signed note of the checkpoint of exactly `size` leaves."""
    return connection.execute(sa.select(CHECKPOINT.c.note).where(CHECKPOINT.c.size == size)).scalar()


def newest_size(connection: Connection) -> int:
    """The size that stands beside the newest checkpoint; 0 before the first."""
    query = sa.select(CHECKPOINT.c.size).order_by(CHECKPOINT.c.number.desc()).limit(1)
    return connection.execute(query).scalar() or 0


def checkpoints(connection: Connection) -> Iterator[tuple[int, int, str]]:
    """All checkpoints as (number, size, note), oldest first, a page at a time."""
    query = sa.select(CHECKPOINT.c.number, CHECKPOINT.c.size, CHECKPOINT.c.note).order_by(CHECKPOINT.c.number)
    rows = connection.execute(query.limit(_CHUNK)).all()
    while rows:
        yield from ((row.number, row.size, row.note) for row in rows)
        rows = connection.execute(query.where(CHECKPOINT.c.number > rows[-1].number).limit(_CHUNK)).all()
