"""How entries get into the tables: as few statements as each database allows, for many entries at once."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from infra.errors import Unavailable
from infra.ledger.entry import EntryRef, Sealed
from infra.ledger.tables import CONTENT, ENTRY
from infra.text import quote_identifier

_ROWS = 128  # a statement; five values each stay below SQLite's limit of variables
_KEYS = 500

_COLLISIONS = frozenset({"40P01", "40001"})  # PostgreSQL: deadlock, serialization failure

Marked = tuple[Sealed, bytes]

# One round trip stores both halves; parameters go in binary form (%b), so nobody escapes and unescapes them.
# `given` is computed once (nextval is volatile), so the halves agree on the number.
_POSTGRESQL = """
WITH given AS (
    SELECT nextval(pg_get_serial_sequence('infra_ledger_entry', 'number')) AS number, t.*
    FROM unnest(%b::text[], %b::bytea[], %b::text[], %b::bytea[], %b::bytea[], %b::text[])
        WITH ORDINALITY AS t (body, hash, once, mark, salt, content, place)
), stored AS (
    INSERT INTO infra_ledger_entry (number, body, hash, once, mark)
    SELECT number, body, hash, once, mark FROM given ORDER BY place
    ON CONFLICT (once) WHERE once IS NOT NULL DO NOTHING
    RETURNING number
), beside AS (
    INSERT INTO infra_ledger_content (number, salt, content)
    SELECT number, salt, content FROM given JOIN stored USING (number)
)
SELECT place, number FROM given JOIN stored USING (number)
"""


@contextlib.contextmanager
def suppress_collision() -> Iterator[None]:
    """Passes over a deadlock or serialization failure: whoever lost has stored nothing and may try again."""
    try:
        yield
    except Unavailable as failure:
        orig = getattr(failure.__cause__, "orig", None)
        if getattr(orig, "sqlstate", None) not in _COLLISIONS:
            raise


def insert(connection: Connection, entries: Sequence[Marked]) -> list[EntryRef]:
    """Stores entries (each with its mark) inside the caller's transaction, in their order; returns their references.

    An entry whose `once` key is taken, in the database or earlier in the list, adds nothing and gets the reference of
    the one that took it, also when that one is committed by another process at this very moment.
    """
    first_of: dict[str, int] = {}
    chosen: list[int] = []
    for at, (sealed, _) in enumerate(entries):
        if sealed.once is None or first_of.setdefault(sealed.once, at) == at:
            chosen.append(at)
    if connection.dialect.name == "postgresql":
        numbers = _postgresql(connection, chosen, entries)
        taken = by_once(connection, [once for once, at in first_of.items() if at not in numbers])
    else:
        # SQLite: the transaction holds the one write lock, so what is not there now is not there later.
        taken = by_once(connection, list(first_of))
        numbers = _sqlite(connection, [at for at in chosen if entries[at][0].once not in taken], entries)
    refs: list[EntryRef] = []
    for at, (sealed, _) in enumerate(entries):
        home = at if sealed.once is None else first_of[sealed.once]
        number = numbers.get(home)
        refs.append(taken[str(sealed.once)] if number is None else EntryRef(number, entries[home][0].leaf.hex()))
    return refs


def _postgresql(connection: Connection, chosen: Sequence[int], entries: Sequence[Marked]) -> Mapping[int, int]:
    rows = [entries[at] for at in chosen]
    columns = (
        [sealed.body.decode() for sealed, _ in rows],
        [sealed.leaf for sealed, _ in rows],
        [sealed.once for sealed, _ in rows],
        [mark for _, mark in rows],
        [sealed.salt for sealed, _ in rows],
        [sealed.content.decode() for sealed, _ in rows],
    )
    return {chosen[place - 1]: number for place, number in connection.exec_driver_sql(_POSTGRESQL, columns)}


def _sqlite(connection: Connection, chosen: Sequence[int], entries: Sequence[Marked]) -> Mapping[int, int]:
    """Numbers follow one another under the write lock, so the last one tells them all."""
    rows = [entries[at] for at in chosen]
    bodies = [(sealed.body.decode(), sealed.leaf, sealed.once, mark) for sealed, mark in rows]
    first = _insert_rows(connection, ENTRY.name, ("body", "hash", "once", "mark"), bodies) - len(rows) + 1
    contents = [(first + at, sealed.salt, sealed.content.decode()) for at, (sealed, _) in enumerate(rows)]
    _insert_rows(connection, CONTENT.name, ("number", "salt", "content"), contents)
    return {at: first + place for place, at in enumerate(chosen)}


def _insert_rows(connection: Connection, table: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> int:
    """Many rows a statement: the driver gives up the interpreter once a statement, and not once a row.

    Returns the number of the last row.
    """
    last = 0
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        statement = _insertion(table, columns, len(part))
        last = connection.exec_driver_sql(statement, tuple(value for row in part for value in row)).lastrowid
    return last


@lru_cache(maxsize=1024)
def _insertion(table: str, columns: tuple[str, ...], rows: int) -> str:
    names = ", ".join(quote_identifier(column) for column in columns)
    values = ", ".join(["(" + ", ".join("?" * len(columns)) + ")"] * rows)
    return f"INSERT INTO {quote_identifier(table)} ({names}) VALUES {values}"  # noqa: S608 - our own names, quoted


def by_once(connection: Connection, keys: Sequence[str]) -> dict[str, EntryRef]:
    """The entries that bear these `once` keys."""
    found: dict[str, EntryRef] = {}
    for start in range(0, len(keys), _KEYS):
        query = sa.select(ENTRY.c.once, ENTRY.c.number, ENTRY.c.hash)
        for once, number, leaf in connection.execute(query.where(ENTRY.c.once.in_(keys[start : start + _KEYS]))):
            found[once] = EntryRef(number, bytes(leaf).hex())
    return found
