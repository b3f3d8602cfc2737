"""Parquet files, written by a thread of their own while the next batch is computed.

- zstd level 1; no statistics and no page index on columns that are not named for it;
- each page has its checksum, by which `hub lake verify` knows a byte that changed; it goes when the file goes;
- a bounded queue keeps memory flat whatever the delivery's size;
- a new file begins after `rows_per_file` rows; files are numbered in the order of their rows.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 122_880  # rows that travel together
_AHEAD = 4
_ROW_GROUP = BATCH


@dataclass(frozen=True, slots=True)
class Written:
    """A finished file."""

    path: Path
    rows: int
    size: int


class ParquetFiles:
    """Writes batches of one schema to `<folder>/<name>-<n>.parquet`; `with` closes them, `files` lists them.

    Not a single file is made when no batch came.
    """

    def __init__(
        self, folder: Path, name: str, schema: pa.Schema, statistics: Sequence[str], *, rows_per_file: int
    ) -> None:
        self.files: list[Written] = []
        self.rows = 0
        self._folder, self._name, self._schema = folder, name, schema
        self._statistics: list[str] | bool = [column for column in statistics if column in schema.names] or False
        # Dictionaries pay for texts. Whole numbers and instants rise slowly: their differences are packed before zstd
        # sees them, a sixth of the writing and a third of the reading less than plain, and smaller.
        self._dictionary = [field.name for field in schema if pa.types.is_string(field.type)]
        self._encoding = {field.name: "DELTA_BINARY_PACKED" for field in schema if _whole(field.type)}
        self._most = rows_per_file
        self._writer: pq.ParquetWriter | None = None
        self._path = folder
        self._in_file = 0
        self._queue: queue.Queue[pa.RecordBatch | None] = queue.Queue(_AHEAD)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"parquet-{name}", daemon=True)

    def __enter__(self) -> "ParquetFiles":
        self._thread.start()
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Hand a batch over; returns as soon as the queue has room.

        Raises:
            OSError: what the thread ran into.
        """
        if self._error is not None:
            raise self._error
        if batch.num_rows:
            self.rows += batch.num_rows
            self._queue.put(batch)

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if self._error is not None and kind is None:
            raise self._error

    def _run(self) -> None:
        """Until the end is told. What went wrong is kept, and the queue emptied all the same: nobody waits for ever."""
        pending: list[pa.RecordBatch] = []
        while (batch := self._queue.get()) is not None:
            self._guard(self._take, pending, batch)
        self._guard(self._flush, pending)
        self._guard(self._close)

    def _guard(self, work: Callable[..., None], *given: Any) -> None:
        if self._error is None:
            try:
                work(*given)
            except BaseException as error:
                self._error = error

    def _take(self, pending: list[pa.RecordBatch], batch: pa.RecordBatch) -> None:
        # Small batches are gathered: a row group costs the same whether it holds one row or many.
        pending.append(batch)
        if sum(part.num_rows for part in pending) >= _ROW_GROUP:
            self._flush(pending)

    def _flush(self, pending: list[pa.RecordBatch]) -> None:
        if not pending:
            return
        table = pa.Table.from_batches(pending, self._schema)
        pending.clear()
        if self._writer is not None and self._in_file >= self._most:
            self._close()
        if self._writer is None:
            self._open()
        assert self._writer is not None  # noqa: S101 - for the reader of types
        self._writer.write_table(table, row_group_size=_ROW_GROUP)
        self._in_file += table.num_rows

    def _open(self) -> None:
        self._path = self._folder / f"{self._name}-{len(self.files)}.parquet"
        self._in_file = 0
        self._writer = pq.ParquetWriter(
            self._path,
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=self._dictionary,
            column_encoding=self._encoding,
            write_statistics=self._statistics,
            write_page_checksum=True,
            store_schema=False,
            version="2.6",
        )

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self.files.append(Written(self._path, self._in_file, self._path.stat().st_size))


def _whole(of: pa.DataType) -> bool:
    return bool(pa.types.is_integer(of) or pa.types.is_timestamp(of))
