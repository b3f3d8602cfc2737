"""The records of many sources one after another, as few Parquet files that one query reads in order.

What a reader spooled is poured over as it is; what is a query runs once, into a file of its own, and counts only when
it was read to its end and its records and lines ran in step. So a source that turns out to be faulty leaves no record.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from infra.errors import Refused
from infra.text import quote_identifier
from lake.read.place import encoded
from lake.read.source import Source
from lake.read.spool import OWN_COLUMNS
from lake.room import lacks_room

_ROWS = 65_536
_SIZE = 16 * 1024 * 1024
_OWN_FILE = 500_000  # records from which a source keeps the file that it was written to
_MEMORY = "256MB"


class Pool:
    """Takes sources one by one; `with` closes its files.

    Attributes:
        count: records taken.
    """

    def __init__(self, scratch: Path, name: str, names: Sequence[str], given: Sequence[str]) -> None:
        self.count = 0
        self._scratch, self._name = scratch, name
        self._names, self._given = tuple(names), tuple(given)
        texts = [pa.field(one, pa.large_string()) for one in (*names, *given, "_extra", "_fault")]
        self._schema = pa.schema([*texts, pa.field("_line", pa.int64())])
        self._files: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._size = self._made = 0
        self._duck: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._close()
        if self._duck is not None:
            self._duck.close()

    def add(self, source: Source, part: int, name: str) -> int:
        """Take all records of the source as those of part `part`, whose name is `name`; how many.

        Raises:
            Refused: what its precise reader says; READ_FAILED when nobody can say more.
        """
        if source.spool is not None:
            return self._pour_spool(source.spool, part, name)
        path = self._path()
        count = self._run(source, path, part, name)
        if count >= 0:
            self._keep(path, count)
            return count
        path.unlink(missing_ok=True)
        again = source.precise() if source.precise is not None else None
        if again is None or again.spool is None:
            raise _failed()
        return self._pour_spool(again.spool, part, name)

    def source(self) -> Source:
        """All records taken, in their order."""
        names = ", ".join(quote_identifier(name) for name in (*self._names, *self._given, *OWN_COLUMNS))
        sql = f"SELECT {names} FROM read_parquet(?)"  # noqa: S608 - names are quoted, the paths are a parameter
        return Source(sql=sql, parameters=([str(path) for path in self._files],), has_line=True)

    def _run(self, source: Source, path: Path, part: int, name: str) -> int:
        """Run a source that is a query into the new file `path`; how many records, -1 when it cannot be trusted."""
        try:
            return self._write(source, path, part, name)
        except duckdb.Error as error:
            if lacks_room(error):
                raise
            return -1  # the error's text quotes the data: it ends here

    def _pour_spool(self, spool: Path, part: int, name: str) -> int:
        count = 0
        for batch in _batches(spool):
            count += batch.num_rows
            self._pour(self._placed(batch, batch.column("_line"), part, name))
        self.count += count
        return count

    def _write(self, source: Source, path: Path, part: int, name: str) -> int:
        """How many records were written; -1 when they do not run in step with lines."""
        connection = self._connection()
        for table, value in source.tables.items():
            connection.register(table, value)
        first, count = source.first_line or 1, 0
        with pq.ParquetWriter(path, self._schema, compression="lz4", use_dictionary=False) as writer:
            for batch in connection.sql(source.sql, params=list(source.parameters) or None).to_arrow_reader(_ROWS):
                if source.has_line:
                    lines = batch.column("_line").cast(pa.int64())
                else:
                    lines = pa.array(range(first + count, first + count + batch.num_rows), pa.int64())
                count += batch.num_rows
                writer.write_batch(self._placed(batch, lines, part, name))
        if source.has_line or not count:
            return count
        last = count - 1
        return count if source.lines_of([last], count)[last] == first + last else -1

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._duck is None:
            spill = str(self._scratch / f"{self._name}-spill")
            config: dict[str, Any] = {"memory_limit": _MEMORY, "temp_directory": spill, "threads": 2}
            self._duck = duckdb.connect(":memory:", config=config)
        return self._duck

    def _placed(self, batch: pa.RecordBatch, lines: pa.Array, part: int, name: str) -> pa.RecordBatch:
        texts: list[Any] = [batch.column(one) for one in self._names]
        texts += [pa.repeat(pa.scalar(name, pa.large_string()), batch.num_rows) for _ in self._given]
        texts += [batch.column("_extra"), batch.column("_fault")]
        wide = [one if one.type == pa.large_string() else one.cast(pa.large_string()) for one in texts]
        return pa.RecordBatch.from_arrays([*wide, pc.add(lines, encoded(part, 0))], schema=self._schema)

    def _pour(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self._size += batch.nbytes
        if self._rows >= _ROWS or self._size >= _SIZE:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        if self._writer is None:
            path = self._path()
            self._writer = pq.ParquetWriter(path, self._schema, compression="lz4", use_dictionary=False)
            self._files.append(path)
        self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema))
        self._waiting.clear()
        self._rows = self._size = 0

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _keep(self, path: Path, count: int) -> None:
        """Take the records of a file of our own: as it is when it is large, else poured over to the others."""
        self.count += count
        if count >= _OWN_FILE:
            self._flush()
            self._close()
            self._files.append(path)
            return
        for batch in _batches(path):
            self._pour(batch)
        path.unlink()

    def _path(self) -> Path:
        self._made += 1
        return self._scratch / f"{self._name}-{self._made}.parquet"


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(_ROWS)


def _failed() -> Refused:
    return Refused("READ_FAILED", "文件无法按契约读取", "the file cannot be read as the contract says")
