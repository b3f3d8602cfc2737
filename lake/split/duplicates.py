"""Duplicates: measured first, removed only when there are any.

What a duplicate is and which record wins stands in the contract (`contracts.model.Duplicates`). Records with an empty
key column are never duplicates. A losing record counts as a duplicate; where the contract wants it and the loser
differs from the winner in another column, it goes to quarantine under `duplicate.conflict` instead.

With scope "table", the published record wins, for a published version is never rewritten by an append; a snapshot
replaces the table, so that only its own records can be duplicates. Of an upsert the record wins over the published one
with its key and is a duplicate only when it says what is published already, or is older by the contract's `as_of`.
"""

# ruff: noqa: S608 - names go through quote_identifier, paths through file_list, the rest is ours

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.model import Contract
from infra.language import Text
from infra.text import quote_identifier
from lake.split.setaside import Reason
from lake.store import schema
from lake.store.delta import DELIVERY, LINE
from lake.store.duck import Duck, LakeSettings, file_list
from lake.store.parquet import BATCH, ParquetFiles, Written

CONFLICT = Reason(
    ("duplicate.conflict",),
    Text("与主键相同的另一条记录内容不一致。", "Another record with the same key says something else."),
)
_FEW = 50_000
SMALL = 1_000_000  # up to so many rows measuring costs less than being told by the audit


@dataclass(frozen=True, slots=True)
class Staged:
    """A delivery's kept files and where to look for duplicates of them.

    Attributes:
        published: makes a reader of the published table's contract columns; None when the scope is the delivery alone.
            Of an upsert the columns `_delivery`, `_file` and `_row` come with them; files have the first by themselves.
        statistics: the columns whose statistics the files may hold (`schema.plain_columns`).
    """

    contract: Contract
    files: tuple[Written, ...]
    name: str
    scratch: Path
    duck: Duck
    settings: LakeSettings
    published: Callable[[], pa.RecordBatchReader] | Sequence[Path] | None = None
    statistics: tuple[str, ...] = schema.OWN


@dataclass(frozen=True, slots=True)
class Replaced:
    """Published rows that an upsert takes out of the table.

    Attributes:
        places: a Parquet file of `_file` and `_row` (from 0) of each.
        of: the number of the delivery that brought them → how many.
    """

    places: Path
    of: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Removed:
    """What is left: the files without losers, how many were dropped, and the lines of those that contradict.

    Attributes:
        conflicts: Parquet files with the `_line` of each losing record that goes to quarantine.
        replaced: of an upsert, the published rows that give way.
    """

    files: tuple[Written, ...]
    duplicates: int
    conflicts: tuple[Path, ...] = ()
    conflict_rows: int = 0
    replaced: Replaced | None = None


def remove(staged: Staged, *, within: bool = True) -> Removed:
    """Measure, and remove when there is something to remove.

    Args:
        staged: the delivery.
        within: False measures only against the published table: the audit is going to count equal keys anyway, and a
            large delivery need not be counted twice when, as mostly, it has none.
    """
    if not staged.contract.duplicates.key or not staged.files:
        return Removed(staged.files, 0)
    if within and sum(file.rows for file in staged.files) <= _FEW:
        within = _twice(staged)
        if not within and staged.published is None:
            return Removed(staged.files, 0)
    with staged.duck.cursor() as connection:
        _views(connection, staged)
        if not _any(connection, staged, within=within):
            return Removed(staged.files, 0)
        connection.execute(f"CREATE TEMP TABLE losers AS {_losers(staged)}")
        return replace(_without(connection, staged), replaced=_replaced(connection, staged))


def _keys(staged: Staged) -> str:
    return ", ".join(quote_identifier(name) for name in staged.contract.duplicates.key)


def _known(staged: Staged) -> str:
    return " AND ".join(f"{quote_identifier(name)} IS NOT NULL" for name in staged.contract.duplicates.key)


def _views(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    files = file_list([file.path for file in staged.files])
    connection.execute(
        "CREATE TEMP VIEW staged AS SELECT *, filename AS _file, file_row_number AS _row "
        f"FROM read_parquet({files}, filename = true, file_row_number = true)"
    )
    if staged.published is None:
        return
    if callable(staged.published):
        connection.register("stream", staged.published())
        source = "SELECT * FROM stream"
    else:
        # The empty file brings the columns that no older file has.
        empty = staged.scratch / f"{staged.name}-columns.parquet"
        pq.write_table(schema.curated(staged.contract).empty_table(), empty)
        files = file_list([empty, *staged.published])
        place = ", filename = true, file_row_number = true" if staged.contract.mode == "upsert" else ""
        source = f"SELECT * FROM read_parquet({files}, union_by_name = true{place})"
        if place:
            source = source.replace("*", "*, filename AS _file, file_row_number AS _row", 1)
    if staged.contract.mode == "upsert" or callable(staged.published):
        # A stream can be read once, and rows are asked for twice: those that matter are kept, spilling where they must.
        connection.execute(f"CREATE TEMP TABLE published AS {source} SEMI JOIN staged USING ({_keys(staged)})")
    else:
        connection.execute(f"CREATE TEMP VIEW published AS {source}")


def _twice(staged: Staged) -> bool:
    """Whether a key stands twice among few rows: in memory, a tenth of what planning a query costs."""
    keys = list(staged.contract.duplicates.key)
    known = pa.concat_tables([pq.read_table(file.path, columns=keys) for file in staged.files]).drop_null()
    return bool(known.group_by(keys).aggregate([]).num_rows < known.num_rows)


def _any(connection: duckdb.DuckDBPyConnection, staged: Staged, *, within: bool) -> bool:
    keys = _keys(staged)
    inner = f"SELECT 1 FROM staged WHERE {_known(staged)} GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
    if within and connection.execute(inner).fetchall():
        return True
    if staged.published is None:
        return False
    return bool(connection.execute(f"SELECT 1 FROM published SEMI JOIN staged USING ({keys}) LIMIT 1").fetchall())


def _losers(staged: Staged) -> str:
    """File, row, line of every loser, and whether it contradicts its winner."""
    keys, rule = _keys(staged), staged.contract.duplicates
    others = [column.name for column in staged.contract.columns if column.name not in rule.key]
    content = f"ROW({', '.join(quote_identifier(name) for name in others)})" if others else "ROW(1)"
    order = "_file DESC, _row DESC" if rule.wins == "last" else "_file, _row"
    newest = staged.contract.as_of
    if newest is not None:
        order = f"{quote_identifier(newest)} DESC, {order}"
    several = f"SELECT {keys} FROM staged WHERE {_known(staged)} GROUP BY {keys} HAVING count(*) > 1"
    within = f"""
        SELECT _file, _row, {LINE}, content IS DISTINCT FROM first_value(content) OVER key_order AS differs,
               row_number() OVER key_order AS place
        FROM (SELECT *, {content} AS content FROM staged SEMI JOIN ({several}) AS several USING ({keys}))
        WINDOW key_order AS (PARTITION BY {keys} ORDER BY {order})"""
    found = f"SELECT _file, _row, {LINE}, differs FROM ({within}) WHERE place > 1"
    if staged.published is None:
        return found
    if staged.contract.mode == "upsert":
        return f"""
        WITH across_table AS ({_older(staged, keys, content)})
        SELECT * FROM across_table
        UNION ALL SELECT * FROM ({found}) AS inside ANTI JOIN across_table USING (_file, _row)"""
    # The published record is the winner of all: a record loses to it whatever its place in the delivery is.
    across = f"""
        SELECT _file, _row, any_value({LINE}) AS {LINE}, bool_and(ours IS DISTINCT FROM theirs) AS differs
        FROM (SELECT *, {content} AS ours FROM staged)
        JOIN (SELECT {keys}, {content} AS theirs FROM published) USING ({keys})
        GROUP BY _file, _row"""
    return f"""
        WITH across_table AS ({across})
        SELECT * FROM across_table
        UNION ALL SELECT * FROM ({found}) AS inside ANTI JOIN across_table USING (_file, _row)"""


def _older(staged: Staged, keys: str, content: str) -> str:
    """File, row, line of every record of an upsert that says nothing new: older than what is published, or the same."""
    newest = staged.contract.as_of
    mark = "NULL" if newest is None else quote_identifier(newest)
    return f"""
        SELECT _file, _row, any_value({LINE}) AS {LINE}, false AS differs
        FROM (SELECT *, {content} AS ours, {mark} AS our_mark FROM staged)
        JOIN (SELECT {keys}, {content} AS theirs, {mark} AS their_mark FROM published) USING ({keys})
        GROUP BY _file, _row
        HAVING coalesce(bool_or(our_mark < their_mark), false) OR bool_and(ours IS NOT DISTINCT FROM theirs)"""


def _replaced(connection: duckdb.DuckDBPyConnection, staged: Staged) -> Replaced | None:
    if staged.contract.mode != "upsert" or staged.published is None:
        return None
    keys = _keys(staged)
    winners = f"SELECT {keys} FROM staged ANTI JOIN losers USING (_file, _row)"
    given_way = f"SELECT _file, _row, {DELIVERY} FROM published SEMI JOIN ({winners}) USING ({keys})"
    connection.execute(f"CREATE TEMP TABLE replaced AS {given_way}")
    of = dict(connection.execute(f"SELECT {DELIVERY}, count(*) FROM replaced GROUP BY ALL ORDER BY ALL").fetchall())
    if not of:
        return None
    places = staged.scratch / f"{staged.name}-replaced.parquet"
    connection.sql("SELECT _file, _row FROM replaced").write_parquet(str(places))
    return Replaced(places, of)


def _without(connection: duckdb.DuckDBPyConnection, staged: Staged) -> Removed:
    lost = _count(connection, "SELECT count(*) FROM losers")
    if not lost:
        return Removed(staged.files, 0)
    columns = schema.curated(staged.contract)
    names = ", ".join(quote_identifier(name) for name in columns.names)
    writer = ParquetFiles(
        staged.scratch,
        f"{staged.name}-u",
        columns,
        staged.statistics,
        rows_per_file=staged.settings.rows_per_file,
    )
    query = f"SELECT {names} FROM staged ANTI JOIN losers USING (_file, _row) ORDER BY _file, _row"
    with writer:
        for batch in connection.sql(query).to_arrow_reader(BATCH):
            writer.write(_cast(batch, columns))
    conflicts: tuple[Path, ...] = ()
    contradicting = 0
    if staged.contract.duplicates.conflict == "quarantine":
        contradicting = _count(connection, "SELECT count(*) FROM losers WHERE differs")
        if contradicting:
            path = staged.scratch / f"{staged.name}-conflicts.parquet"
            connection.sql(f"SELECT {LINE} FROM losers WHERE differs").write_parquet(str(path))
            conflicts = (path,)
    return Removed(tuple(writer.files), lost - contradicting, conflicts, contradicting)


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _cast(batch: pa.RecordBatch, columns: pa.Schema) -> pa.RecordBatch:
    arrays = [
        batch.column(at) if batch.column(at).type == wanted.type else batch.column(at).cast(wanted.type)
        for at, wanted in enumerate(columns)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=columns)
