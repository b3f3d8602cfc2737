"""Which keys a table holds, remembered from one delivery of a batch to the next.

A delivery is compared with everything published. Opening every file of a table for each of a thousand small
deliveries costs more than all else together, and nearly always the answer is that no key is there yet. So a process
keeps a hash of each key (8 bytes), reads only the files that are new since the last delivery, and answers "surely
apart" or "perhaps not"; on the second the caller compares the records themselves.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from infra.storage import ObjectStore
from infra.text import quote_identifier
from lake.store.duck import Duck
from lake.store.files import dataset_of
from lake.store.parquet import Written
from lake.store.versions import Snapshot

MOST_ROWS = 4_000_000  # of a table whose hashes are kept: 32 MB
FEW_ROWS = 50_000  # of a delivery that is worth being asked about


class KnownKeys:
    """The key hashes of the tables that one session publishes to. Not for several threads at once."""

    def __init__(self, store: ObjectStore, duck: Duck) -> None:
        self._store = store
        self._duck = duck
        self._tables: dict[tuple[str, ...], tuple[str, frozenset[str]]] = {}
        self._numbers = itertools.count()  # a name is never given twice, whatever failed in between

    def surely_apart(self, snapshot: Snapshot, key: Sequence[str], types: pa.Schema, files: Sequence[Written]) -> bool:
        """Whether no record of the Parquet files `files` has a key, all its columns known, that `snapshot` holds.

        True is certain. False says nothing: equal hashes, a table or a delivery too large to be remembered.
        """
        rows = [file.rows for file in snapshot.files]
        if sum(file.rows for file in files) > FEW_ROWS or None in rows or sum(map(int, filter(None, rows))) > MOST_ROWS:
            return False
        if not set(key) <= set(snapshot.schema.names):
            return False
        wanted = pa.schema([types.field(name) for name in key])
        known = self._known(snapshot, wanted)
        given = pa.concat_tables([pq.read_table(file.path, columns=list(key)).cast(wanted) for file in files])
        with self._duck.cursor() as connection:
            connection.register("given", given)
            met = connection.execute(
                f"SELECT 1 FROM {known} SEMI JOIN ({_hashed('given', key)}) USING (key_hash) LIMIT 1"  # noqa: S608
            )
            return not met.fetchall()

    def _known(self, snapshot: Snapshot, wanted: pa.Schema) -> str:
        """The name of the in-memory table with the hashes of the snapshot's keys, brought up to date."""
        of = (snapshot.table_id, snapshot.key, *wanted.names)
        name, there = self._tables.get(of) or (f"known_keys_{next(self._numbers)}", frozenset[str]())
        paths = frozenset(file.path for file in snapshot.files)
        with self._duck.cursor() as connection:
            if not there or not there <= paths:  # a file went: what it held may be gone
                connection.execute(f"CREATE OR REPLACE TABLE {name} (key_hash UBIGINT)")
                there = frozenset()
            fresh = replace(snapshot, files=tuple(file for file in snapshot.files if file.path not in there))
            if fresh.files:
                self._tables.pop(of, None)  # half filled, it would be trusted
                connection.register("fresh", _keys(dataset_of(self._store, fresh), wanted))
                connection.execute(f"INSERT INTO {name} {_hashed('fresh', wanted.names)}")
            self._tables[of] = (name, paths)
        return name


def _keys(files: Any, wanted: pa.Schema) -> pa.RecordBatchReader:
    batches = files.scanner(columns=wanted.names).to_reader()
    return pa.RecordBatchReader.from_batches(wanted, (batch.cast(wanted) for batch in batches))


def _hashed(table: str, key: Sequence[str]) -> str:
    names = [quote_identifier(name) for name in key]
    known = " AND ".join(f"{name} IS NOT NULL" for name in names)
    return f"SELECT hash({', '.join(names)}) AS key_hash FROM {table} WHERE {known}"  # noqa: S608
