"""Records that passed their own rules and still do not get published: their raw values are read once more.

The split keeps the raw text of a record only where a rule stopped it. When a delivery is blocked as a whole, or two of
its records contradict each other, more records go to quarantine; this pass over the source brings what they were.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from contracts.compile import given_sql
from contracts.steps import literal
from infra.language import Text
from lake.split.split import Job, Split, places
from lake.store import schema
from lake.store.delta import DELIVERY, LINE
from lake.store.duck import file_list
from lake.store.parquet import BATCH, ParquetFiles, Written

_RAW = pa.schema([pa.field(LINE, pa.int64()), pa.field("raw", pa.string())])


@dataclass(frozen=True, slots=True)
class Reason:
    """Why records are set aside: rule ids and what to tell the district officer."""

    rules: tuple[str, ...]
    said: Text


def set_aside_more(job: Job, done: Split, lines: Sequence[Path], reason: Reason, mark: str) -> tuple[Written, ...]:
    """The records whose `_line` stands in the Parquet files `lines`, as quarantine files called `<name>-<mark>-<n>`."""
    if not lines:
        return ()
    writer = ParquetFiles(
        job.scratch,
        f"{job.name}-{mark}",
        schema.QUARANTINE,
        [DELIVERY, LINE],
        rows_per_file=job.settings.rows_per_file,
    )
    raws = pa.RecordBatchReader.from_batches(_RAW, _raws(job, done))
    with job.duck.cursor() as connection, writer:
        connection.register("raws", raws)
        wanted = f"SELECT {LINE} FROM read_parquet({file_list(list(lines))})"  # noqa: S608 - paths of ours, quoted
        query = f"SELECT {LINE}, raw FROM raws SEMI JOIN ({wanted}) AS wanted USING ({LINE})"  # noqa: S608
        for batch in connection.sql(query).to_arrow_reader(BATCH):
            writer.write(_rows(job, batch, reason))
    return tuple(writer.files)


def _rows(job: Job, batch: pa.RecordBatch, reason: Reason) -> pa.RecordBatch:
    count = batch.num_rows

    def same(value: str) -> pa.Array:
        return pa.array([value] * count, pa.string())

    columns = [
        pa.array(np.full(count, job.number, dtype=np.int64)),
        batch.column(0),
        pa.array([list(reason.rules)] * count, pa.list_(pa.string())),
        batch.column(1),
        same(reason.said.zh),
        same(reason.said.en),
        same(job.compiled.contract.version),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema.QUARANTINE)


def _raws(job: Job, done: Split) -> Iterator[pa.RecordBatch]:
    source = done.source
    with job.duck.cursor() as connection:
        read = 0
        for batch in _reader(connection, job, done):
            lines = places(source, batch, read, None if done.in_step else done.read)
            read += batch.num_rows
            yield pa.RecordBatch.from_arrays([lines, batch.column("raw")], schema=_RAW)


def _reader(connection: duckdb.DuckDBPyConnection, job: Job, done: Split) -> pa.RecordBatchReader:
    source = done.source
    for name, table in source.tables.items():
        connection.register(name, table)
    fields = job.compiled.contract.fields
    pairs = [f"{literal(field.name)}, {given_sql(field, job.given)}" for field in fields]
    place = ", _line" if source.has_line else ""
    plain = f"json_object({', '.join(pairs)})"
    more = f"json_object({', '.join(pairs)}, '_extra', CAST(_extra AS JSON))"
    raw = f"CAST(CASE WHEN _extra IS NULL THEN {plain} ELSE {more} END AS VARCHAR)"
    sql = f"SELECT {raw} AS raw{place} FROM ({source.sql})"  # noqa: S608 - names and values are quoted
    return connection.sql(sql, params=list(source.parameters) or None).to_arrow_reader(BATCH)
