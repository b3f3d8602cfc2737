"""The rows of the ledger: writing entries, reading them back. Every statement of appending and reading stands here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

from infra.ledger.entry import EntryRef, Sealed
from infra.ledger.tables import CHECKPOINT, CONTENT, ENTRY, HEAD, TILE
from infra.text import quote_identifier

_CHUNK = 500  # below every database's limit of bound variables
_ROWS = 128


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


def insert(connection: Connection, entries: Sequence[tuple[Sealed, bytes]]) -> list[EntryRef]:
    """Stores entries (each with its mark) inside the caller's transaction, in their order; returns their references.

    An entry whose `once` key is taken, in the database or earlier in the list, adds nothing and gets the reference of
    the one that took it, also when that one is committed by another process at this very moment.
    """
    if connection.dialect.name == "sqlite" and all(sealed.once is None for sealed, _ in entries):
        return _insert_plainly(connection, entries)
    numbers = _numbers(connection, len(entries))
    by_once: dict[str, EntryRef] = {}
    chosen: list[tuple[int, Sealed, bytes]] = []
    for number, (sealed, mark) in zip(numbers, entries, strict=True):
        if sealed.once is None or sealed.once not in by_once:
            chosen.append((number, sealed, mark))
        if sealed.once is not None:
            by_once.setdefault(sealed.once, EntryRef(number, sealed.leaf.hex()))
    bodies = [(number, sealed.body.decode(), sealed.leaf, sealed.once, mark) for number, sealed, mark in chosen]
    _insert_rows(connection, _ENTRY_COLUMNS, bodies)
    mine = {number for number, _, _ in chosen}
    if by_once:
        by_once = _by_once(connection, list(by_once))
        taken = {ref.number for ref in by_once.values()}
        mine = {number for number, sealed, _ in chosen if sealed.once is None or number in taken}
    contents = [(number, sealed.salt, sealed.content.decode()) for number, sealed, _ in chosen if number in mine]
    _insert_rows(connection, _CONTENT_COLUMNS, contents)
    return [
        EntryRef(number, sealed.leaf.hex()) if sealed.once is None else by_once[sealed.once]
        for number, (sealed, _) in zip(numbers, entries, strict=True)
    ]


def _insert_plainly(connection: Connection, entries: Sequence[tuple[Sealed, bytes]]) -> list[EntryRef]:
    """Entries without keys, in SQLite, whose numbers follow one another under its one write lock."""
    bodies = [(None, sealed.body.decode(), sealed.leaf, None, mark) for sealed, mark in entries]
    first = _insert_rows(connection, _ENTRY_COLUMNS, bodies) - len(entries) + 1
    contents = [(first + at, sealed.salt, sealed.content.decode()) for at, (sealed, _) in enumerate(entries)]
    _insert_rows(connection, _CONTENT_COLUMNS, contents)
    return [EntryRef(first + at, sealed.leaf.hex()) for at, (sealed, _) in enumerate(entries)]


def _numbers(connection: Connection, count: int) -> Sequence[int]:
    if connection.dialect.name == "postgresql":
        sequence = sa.func.pg_get_serial_sequence(ENTRY.name, "number")
        rows = connection.execute(sa.select(sa.func.nextval(sequence)).select_from(sa.func.generate_series(1, count)))
        return sorted(rows.scalars())
    # SQLite: the transaction already holds the one write lock, so nobody else hands out numbers.
    last = connection.execute(sa.select(sa.func.max(ENTRY.c.number))).scalar() or 0
    return range(last + 1, last + 1 + count)


_ENTRY_COLUMNS = (ENTRY.c.number, ENTRY.c.body, ENTRY.c.hash, ENTRY.c.once, ENTRY.c.mark)
_CONTENT_TABLE = quote_identifier(CONTENT.name)
_CONTENT_COLUMNS = (CONTENT.c.number, CONTENT.c.salt, CONTENT.c.content)


def _insert_rows(connection: Connection, columns: Sequence[sa.Column[Any]], rows: Sequence[tuple[Any, ...]]) -> int:
    """Many rows a statement: the driver gives up the interpreter once a statement, and not once a row.

    Returns the number of the last row, where the database tells it (SQLite).
    """
    last = 0
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        statement = _insertion(connection.dialect.name, tuple(columns), len(part))
        done = connection.exec_driver_sql(statement, tuple(value for row in part for value in row))
        last = done.lastrowid if connection.dialect.name == "sqlite" else 0
    return last


@lru_cache(maxsize=1024)
def _insertion(dialect: str, columns: tuple[sa.Column[Any], ...], rows: int) -> str:
    mark = "%s" if dialect == "postgresql" else "?"
    names = ", ".join(quote_identifier(column.name) for column in columns)
    values = ", ".join(["(" + ", ".join([mark] * len(columns)) + ")"] * rows)
    table = quote_identifier(columns[0].table.name)
    once = quote_identifier("once")
    clause = f" ON CONFLICT ({once}) WHERE {once} IS NOT NULL DO NOTHING" if table != _CONTENT_TABLE else ""
    return f"INSERT INTO {table} ({names}) VALUES {values}{clause}"  # noqa: S608 - our own names, quoted


def _by_once(connection: Connection, keys: Sequence[str]) -> dict[str, EntryRef]:
    found: dict[str, EntryRef] = {}
    for start in range(0, len(keys), _CHUNK):
        query = sa.select(ENTRY.c.once, ENTRY.c.number, ENTRY.c.hash).where(
            ENTRY.c.once.in_(keys[start : start + _CHUNK])
        )
        for once, number, leaf in connection.execute(query):
            found[once] = EntryRef(number, leaf.hex())
    return found


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


def checkpoints(connection: Connection) -> list[tuple[int, int, str]]:
    """All checkpoints as (number, size, note), oldest first."""
    query = sa.select(CHECKPOINT.c.number, CHECKPOINT.c.size, CHECKPOINT.c.note).order_by(CHECKPOINT.c.number)
    return [(number, size, note) for number, size, note in connection.execute(query)]
