"""Records that a reader laid out itself, as a Parquet file in the scratch folder and a `Source` over it.

A spool is written whole before the source is handed over: whatever is wrong with the file is said before anything is
staged, and the query may run again.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from infra.text import quote_identifier
from lake.read.source import Source

_BATCH = 16_384
_BATCH_SIZE = 16 * 1024 * 1024
OWN_COLUMNS = ("_extra", "_fault", "_line")


def extra_json(values: Mapping[str, Any]) -> str:
    """What does not fit the contract's fields, as one JSON text."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def cells_json(cells: Sequence[str | None]) -> str:
    """All cells of a record that could not be laid out."""
    return extra_json({"_cells": list(cells)})


class Spool:
    """Writes records; `with` closes the file.

    Attributes:
        count: records written, complete when the file is closed.
        first_line: the place of the first one.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self.names = tuple(names)
        self.count = 0
        self.first_line: int | None = None
        columns = [pa.field(name, pa.large_string()) for name in (*names, "_extra", "_fault")]
        self._schema = pa.schema([*columns, pa.field("_line", pa.int64())])
        self._writer = pq.ParquetWriter(
            path, self._schema, compression="lz4", use_dictionary=False, write_statistics=False
        )
        self._rows: list[Sequence[str | None]] = []
        self._extras: list[str | None] = []
        self._faults: list[str | None] = []
        self._lines: list[int] = []
        self._nothing: tuple[None, ...] = (None,) * len(self.names)
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()

    def add(self, values: Sequence[str | None], line: int, extra: str | None = None, fault: str | None = None) -> None:
        """One record; `values` in the order of the names, empty texts becoming NULL."""
        self._rows.append(values)
        self._extras.append(extra)
        self._faults.append(fault)
        self._lines.append(line)
        if extra is not None:
            self._size += len(extra)
        if len(self._rows) >= _BATCH or self._size > _BATCH_SIZE:
            self._flush()

    def add_fault(self, fault: str, line: int, extra: str) -> None:
        """One record that could not be laid out."""
        self.add(self._nothing, line, extra, fault)

    def weigh(self, size: int) -> None:
        """Tells of large values, so that a batch stays small in memory."""
        self._size += size

    def _flush(self) -> None:
        if not self._rows:
            return
        if self.first_line is None:
            self.first_line = self._lines[0]
        self.count += len(self._rows)
        columns: list[Any] = [*zip(*self._rows, strict=True), self._extras, self._faults, self._lines]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        for at in range(len(self.names)):
            arrays[at] = pc.if_else(pc.equal(arrays[at], ""), None, arrays[at])
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        for part in (self._rows, self._extras, self._faults, self._lines):
            part.clear()
        self._size = 0


def spooled(path: Path, names: Sequence[str], **about: Any) -> Source:
    """The source over a spool; `about` are further attributes of `Source`."""
    shown = ", ".join(quote_identifier(name) for name in (*names, *OWN_COLUMNS))
    sql = f"SELECT {shown} FROM read_parquet(?)"  # noqa: S608 - names are quoted, the path is a parameter
    return Source(sql=sql, parameters=(str(path),), has_line=True, line_map=_Places(path), spool=path, **about)


class _Places:
    """Record ordinal → place, from the spool's own column."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, ordinals: Iterable[int], total: int | None) -> dict[int, int]:  # noqa: ARG002
        places = pq.read_table(self._path, columns=["_line"]).column(0)
        return {ordinal: places[ordinal].as_py() for ordinal in ordinals}
