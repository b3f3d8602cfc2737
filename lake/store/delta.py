"""Delta tables: the one door to `deltalake`.

Promises:

- a commit happens once: its transaction id is asked for on the snapshot that it commits from, and it succeeds only as
  the version right after that snapshot; whoever comes second is told so (`LAKE_TABLE_MOVED`), nothing is doubled;
- files stand in the table's folder before they are committed, and no reader sees them earlier;
- tables need reader version 1 and writer version 2 only, so that stock clients read them;
- the log holds row counts and no value of the data: `stats` is `numRecords` alone, and other writers are told the same;
- no exception of the library leaves this module, and none of ours repeats what it said.

A table's key is its folder in the object store, `curated/jinshui/traffic/road_flow`. The same calls work on a folder
and on S3 (conditional put).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from infra.errors import HubError, Refused, Unavailable
from infra.storage import ObjectStore
from lake.store.versions import (
    DELIVERY,
    LINE,
    Commit,
    DataFile,
    Moved,
    Snapshot,
    curated_key,
    moved,
    no_version,
    quarantine_key,
)

__all__ = [
    "DELIVERY",
    "LINE",
    "Commit",
    "DataFile",
    "Moved",
    "OtherColumns",
    "Snapshot",
    "Tables",
    "curated_key",
    "quarantine_key",
    "schema_json",
    "write_frame",
]

_CONFIGURATION = {
    # Statistics stay in the log after delete and vacuum: our own column alone, never a value of the data.
    "delta.dataSkippingStatsColumns": DELIVERY,
    # Old versions go when `lake.upkeep.maintain` says so, not as a side effect of a commit.
    "delta.enableExpiredLogCleanup": "false",
    "delta.checkpointInterval": "50",
}


class OtherColumns(Refused):
    """`LAKE_TABLE_SCHEMA`: the table has other columns than were asked for; `there` are its own."""

    def __init__(self, key: str, columns: list[str], there: pa.Schema) -> None:
        super().__init__(
            "LAKE_TABLE_SCHEMA",
            f"表 {key} 的列 {'、'.join(columns)} 与已发布版本不同",
            f"columns {', '.join(columns)} of table {key} are not as in the published version",
        )
        self.there = there


def schema_json(schema: pa.Schema) -> str:
    """The schema as a commit takes it."""
    return str(Schema.from_arrow(schema).to_json())


class Tables:
    """The Delta tables of one object store; a table once opened is kept open and brought up to date by each call."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._open: dict[str, DeltaTable] = {}

    def exists(self, key: str) -> bool:
        """Whether there is a table."""
        try:
            self._latest(key)
        except Refused:
            return False
        return True

    def ensure(self, key: str, schema: pa.Schema, name: str, *, exact: bool = False) -> int:
        """Create the table unless it is there, add columns that it lacks; its version. `exact`: it may have no other.

        Raises:
            OtherColumns: `LAKE_TABLE_SCHEMA`, it has a column of another type or, asked exactly, one more.
        """
        try:
            table = self._latest(key)
        except Refused:
            with _guarded(key):
                uri, options = self._store.delta(key)
                DeltaTable.create(
                    uri,
                    schema=Schema.from_arrow(schema),
                    mode="ignore",
                    name=name,
                    configuration=_CONFIGURATION,
                    storage_options=options or None,
                )
            table = self._latest(key)
        self._widen(key, table, schema, exact=exact)
        return int(table.version())

    def _widen(self, key: str, table: DeltaTable, schema: pa.Schema, *, exact: bool) -> None:
        wanted = {field.name: field for field in Schema.from_arrow(schema).fields}
        there = {field.name: field for field in table.schema().fields}
        changed = [name for name, field in wanted.items() if name in there and there[name].type != field.type]
        changed += [name for name in there if exact and name not in wanted]
        if changed:
            raise OtherColumns(key, changed, pa.schema(table.schema().to_arrow()))
        missing = [field for name, field in wanted.items() if name not in there]
        if missing:
            with _guarded(key):
                table.alter.add_columns(missing)
                table.update_incremental()

    def version(self, key: str) -> int:
        """The newest version.

        Raises:
            Refused: `LAKE_TABLE_UNKNOWN`.
        """
        return int(self._latest(key).version())

    def snapshot(self, key: str, *, version: int | None = None, at: datetime | None = None) -> Snapshot:
        """The table as it is, or as it was at `version` or at the instant `at`.

        Raises:
            Refused: `LAKE_TABLE_UNKNOWN` or `LAKE_TABLE_VERSION`.
        """
        table = self._latest(key) if version is None and at is None else self._past(key, version, at)
        with _guarded(key):
            actions = pa.table(table.get_add_actions(flatten=True)).to_pylist()
            files = [DataFile(row["path"], row["size_bytes"], row.get("num_records")) for row in actions]
            files.sort(key=lambda file: file.path)
            schema = pa.schema(table.schema().to_arrow())
            names = str(table.metadata().id), table.schema().to_json()
            return Snapshot(key, int(table.version()), tuple(files), schema, *names)

    def _past(self, key: str, version: int | None, at: datetime | None) -> DeltaTable:
        there = self._open.get(key)
        if there is not None and at is None and there.version() == version:
            return there  # a version never changes: nobody need look for newer ones
        newest = self._latest(key)
        if version is not None and not 0 <= version <= newest.version():
            raise no_version(key)
        uri, options = self._store.delta(key)
        try:
            table = DeltaTable(uri, version=version, storage_options=options or None)
            if at is not None:
                table.load_as_version(at.astimezone(UTC))
        except (DeltaError, ValueError, OSError):
            raise no_version(key) from None
        return table

    def commit(self, key: str, commit: Commit) -> int:
        """Do `commit`; the version that holds it, also when it was done before.

        Raises:
            Moved: the table is no longer at `commit.base`; nothing was done.
        """
        table = self._open.get(key)
        if table is None or table.version() != commit.base:
            table = self._latest(key)
        # Asked of the very snapshot that it commits from: what comes in between makes the commit itself fail.
        done = _committed(key, table, commit.transaction)
        if done is not None:
            return done
        if table.version() != commit.base:
            raise moved(key)
        milliseconds, changed = int(commit.at.timestamp() * 1000), not commit.same_rows
        actions: list[AddAction | RemoveAction] = [
            RemoveAction(path=file.path, data_change=changed, deletion_timestamp=milliseconds) for file in commit.gone
        ]
        actions += [
            AddAction(file.path, file.size, {}, milliseconds, changed, json.dumps({"numRecords": file.rows}))
            for file in commit.files
        ]
        try:
            with _guarded(key):
                table.create_write_transaction(
                    actions,
                    commit.mode,
                    table.schema() if commit.schema is None else Schema.from_json(commit.schema),
                    commit_properties=CommitProperties(
                        custom_metadata={**commit.metadata, "transaction": commit.transaction},
                        max_commit_retries=0,
                        app_transactions=[Transaction(commit.transaction, 1)],
                    ),
                    post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
                )
        except Unavailable:
            # The answer may have been lost on the way: what the table says decides.
            done = self.committed(key, commit.transaction)
            if done is None:
                raise
            return done
        return commit.base + 1

    def committed(self, key: str, transaction: str) -> int | None:
        """The version in which `transaction` was committed, None when it was not."""
        return self.standing(key, transaction)[1]

    def standing(self, key: str, transaction: str) -> tuple[int, int | None]:
        """The newest version and, seen in the same look, the one in which `transaction` was committed."""
        table = self._latest(key)
        return int(table.version()), _committed(key, table, transaction)

    def history(self, key: str, limit: int | None = None) -> list[dict[str, Any]]:
        """The commits, newest first: version, at (UTC), operation, transaction; a delivery's delivery and contract.

        Of a restore `restore` and `restored`, its id and the version held again; `evolve`, JSON, how columns changed.
        """
        table = self._latest(key)
        with _guarded(key):
            entries = table.history(limit)
        return [
            {
                "version": entry["version"],
                "at": datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
                "operation": entry["operation"],
                "mode": entry.get("operationParameters", {}).get("mode"),
                "delivery": entry.get("delivery"),
                "contract": entry.get("contract"),
                "transaction": entry.get("transaction"),
                "restore": entry.get("restore"),
                "evolve": entry.get("evolve"),
                "restored": int(entry["restored"]) if "restored" in entry else None,
            }
            for entry in entries
        ]

    def vacuum(self, key: str, hours: int, *, dry_run: bool) -> list[str]:
        """Delete files that no version of the last `hours` hours needs, and orphans as old; their paths."""
        table = self._latest(key)
        with _guarded(key):
            gone: list[str] = table.vacuum(hours, dry_run=dry_run, enforce_retention_duration=False, full=True)
            return gone

    def _latest(self, key: str) -> DeltaTable:
        table = self._open.get(key)
        with _guarded(key):
            if table is None:
                uri, options = self._store.delta(key)
                table = DeltaTable(uri, storage_options=options or None)
                self._open[key] = table
            else:
                table.update_incremental()
        return table


def write_frame(path: Path, frame: Any) -> None:
    """Write a pandas frame as a table of its own, the library's plain way: for the benchmark's second baseline."""
    write_deltalake(str(path), frame)


def _committed(key: str, table: DeltaTable, transaction: str) -> int | None:
    with _guarded(key):
        if table.transaction_version(transaction) is None:
            return None
        found = (entry["version"] for entry in table.history() if entry.get("transaction") == transaction)
        return int(next(found, table.version()))


@contextmanager
def _guarded(key: str) -> Iterator[None]:
    """Turn the library's errors into ours. Their texts may hold paths, endpoints and values: they end here."""
    try:
        yield
    except HubError:
        raise
    except TableNotFoundError:
        raise Refused("LAKE_TABLE_UNKNOWN", f"数据湖中没有表 {key}", f"the lake has no table {key}") from None
    except CommitFailedError:
        raise moved(key) from None
    except (DeltaError, OSError) as wrong:
        kind = type(wrong).__name__
        raise Unavailable(
            "LAKE_TABLE_FAILED",
            f"表 {key} 无法读写（{kind}）",
            f"table {key} can be neither read nor written ({kind})",
        ) from None
