"""The governance database as files, and back: one consistent snapshot, whole or not at all.

SQLite: its own online backup, one file. PostgreSQL: every table as `COPY … BINARY` out of one snapshot, and where the
sequences stand. A dump goes back into a database of its own kind that is empty, by a program whose migrations end where
those of the dump did (SQLite's is brought to the newest revision as any older home is).
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from infra.database import read, write
from infra.errors import Refused
from infra.ground import PACKAGES
from infra.language import Text
from infra.text import quote_identifier

SQLITE, ABOUT = "database.sqlite", "database.json"
_ENTRIES = "infra_ledger_entry"
_CHUNK = 1 << 20


def dump(engine: Engine, folder: Path) -> list[str]:
    """Write the database into `folder`; the names of the files, in no table's order.

    Raises:
        Unavailable: DATABASE_….
    """
    if engine.dialect.name == "sqlite":
        return [_dump_sqlite(engine, folder)]
    with read(engine) as connection:
        tables = _tables(connection)
        about: dict[str, Any] = {"tables": {name: _count(connection, name) for name in tables}}
        for name in tables:
            _copy_out(connection, name, folder / _file(name))
        about["revisions"] = _revisions(connection, tables)
        sequences = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()"
        about["sequences"] = {row[0]: row[1] for row in connection.execute(sa.text(sequences))}
    (folder / ABOUT).write_text(json.dumps(about, indent=2), encoding="utf-8")
    return [ABOUT, *map(_file, tables)]


def restore(engine: Engine, folder: Path) -> None:
    """Load a PostgreSQL dump into an empty database whose tables are made already. Done once, it changes nothing.

    Raises:
        Refused: `BACKUP_PLACE_USED`, `BACKUP_REVISION`.
        Unavailable: DATABASE_….
    """
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    with write(engine) as connection:
        if _revisions(connection, _tables(connection)) != about["revisions"]:
            raise Refused(
                "BACKUP_REVISION",
                "备份由另一版本的 cityhub 制作，其数据表与本版本不同",
                "the backup is of another version of cityhub, whose tables differ from this one's",
                remedy=Text("用制作备份的版本恢复，再升级", "restore with the version that made it, then upgrade"),
            )
        counts = {name: _count(connection, name) for name in about["tables"]}
        if counts == about["tables"]:
            return
        if counts[_ENTRIES]:  # whatever anybody ever did in it stands in the ledger
            raise used("HUB_DATABASE")
        ours = [name for name in counts if name not in about["revisions"]]
        connection.execute(sa.text(f"TRUNCATE {', '.join(map(quote_identifier, ours))}"))  # what migrations put there
        for name, _ in sa.inspect(connection).get_sorted_table_and_fkc_names():
            if name in ours:
                _copy_in(connection, str(name), folder / _file(str(name)))
        for name, value in about["sequences"].items():
            if value is not None:
                connection.execute(
                    sa.text("SELECT setval(:name, :value)"), {"name": quote_identifier(name), "value": value}
                )


def used(what: str) -> Refused:
    """The error for a place that is not empty."""
    return Refused(
        "BACKUP_PLACE_USED",
        f"{what} 不是空的，不能恢复到其中",
        f"{what} is not empty: nothing is restored into it",
        remedy=Text("另选空目录、空库、空桶", "choose an empty folder, database and store"),
    )


def _dump_sqlite(engine: Engine, folder: Path) -> str:
    with closing(engine.raw_connection()) as borrowed, closing(sqlite3.connect(folder / SQLITE)) as copy:
        source: Any = borrowed.driver_connection
        source.backup(copy)
        # In the copy alone: whoever was at work here is not at work where it is restored.
        copy.execute("UPDATE infra_lease SET expires = 0")
        copy.commit()
    _sync(folder / SQLITE)
    return SQLITE


def _tables(connection: Connection) -> list[str]:
    return sorted(sa.inspect(connection).get_table_names())


def _revisions(connection: Connection, tables: list[str]) -> dict[str, str]:
    """The revision of each package, by the table that holds it."""
    found = [name for name in tables if name in {f"{package.replace('.', '_')}_version" for package in PACKAGES}]
    named = sa.Column("version_num", sa.Text)
    return {name: str(connection.execute(sa.select(named).select_from(sa.table(name))).scalar()) for name in found}


def _count(connection: Connection, name: str) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one())


def _file(table: str) -> str:
    return f"database.{table}.copy"


def _copy_out(connection: Connection, table: str, path: Path) -> None:
    driver: Any = connection.connection.driver_connection
    with (
        path.open("wb") as file,
        driver.cursor().copy(f"COPY {quote_identifier(table)} TO STDOUT (FORMAT BINARY)") as out,
    ):
        for block in out:
            file.write(block)
    _sync(path)


def _copy_in(connection: Connection, table: str, path: Path) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor().copy(f"COPY {quote_identifier(table)} FROM STDIN (FORMAT BINARY)") as into:
        for block in _blocks(path):
            into.write(block)
    if table == "infra_lease":
        connection.execute(sa.text("UPDATE infra_lease SET expires = 0"))


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            yield block


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
