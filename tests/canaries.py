"""Words planted in one delivery, and the search for them in every byte that a city keeps, in every notation.

Every file below the home and every object of the bucket is searched as it lies there and, for what is compressed or
coded, as its reader decodes it: Parquet column by column, SQLite and PostgreSQL row by row, DuckDB table by table.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import sqlalchemy as sa

from infra.ground import Ground
from lake.store.files import parquet_file

WORDS = ("CNRY73f9a2Q", "金丝雀玖柒")


def notations(word: str) -> Iterator[bytes]:
    """The word as it may stand in a file."""
    for encoding in ("utf-8", "gb18030", "utf-16-le", "utf-16-be"):
        coded = word.encode(encoding)
        yield coded
        # In base64 the word stands in one of three ways, by what stands before it; its inner part is always the same.
        for before in range(3):
            inner = base64.b64encode(b"\0" * before + coded)[4 if before else 0 : -4]
            yield inner
    yield json.dumps(word)[1:-1].encode()


_MARKS = {mark.lower(): word for word in WORDS for mark in notations(word)}


def within(content: bytes | str) -> set[str]:
    """The planted words in some bytes."""
    data = (content.encode("utf-8", "replace") if isinstance(content, str) else content).lower()
    return {word for mark, word in _MARKS.items() if mark in data}


def everywhere(ground: Ground) -> dict[str, set[str]]:
    """Where the words stand → which of them. Looks at the home, the store, the database."""
    places = [*_home(ground.home), *_store(ground), *_database(ground)]
    assert len(places) > 50, "hardly anything was searched"
    found: dict[str, set[str]] = {}
    for place, content in places:
        seen = within(content) | within(place)
        if seen:
            found.setdefault(place, set()).update(seen)
    return found


def _home(home: Path) -> Iterator[tuple[str, bytes | str]]:
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        if path.is_dir():
            yield name, b""
            continue
        yield name, path.read_bytes()
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as lite:
                for (table,) in lite.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                    yield f"{name}:{table}", repr(lite.execute(f'SELECT * FROM "{table}"').fetchall())
        elif path.suffix == ".parquet":
            yield f"{name}:values", repr(pq.read_table(path).to_pylist())


def _store(ground: Ground) -> Iterator[tuple[str, bytes | str]]:
    for found in list(ground.store.list()):
        if ground.store.local(found.key) is not None:
            return  # a folder below the home, searched with it
        with ground.store.open(found.key) as stream:
            yield f"s3:{found.key}", stream.read()
        if found.key.endswith(".parquet"):
            table: Any = parquet_file(ground.store, found.key, found.size).read()
            yield f"s3:{found.key}:values", repr(table.to_pylist())


def _database(ground: Ground) -> Iterator[tuple[str, str]]:
    with ground.engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            rows = connection.execute(sa.text(f'SELECT * FROM "{table}"')).all()
            plain = [bytes(value) if isinstance(value, memoryview) else value for row in rows for value in row]
            yield f"database:{table}", repr(plain) + "".join(str(value) for value in plain)
