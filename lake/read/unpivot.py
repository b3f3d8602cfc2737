"""A wide table as a long one: of each record, every column that the contract's pattern matches becomes a record.

The file is read as it is, by whichever reader; the matched columns are then columns that the contract does not know, so
that they stand in `_extra`. A record that could not be laid out stays one record with its fault. The place of a record
is that of the wide one it comes from, with the number of its column (`lake.read.place`).
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq

from contracts.model import Unpivot
from infra.errors import Place, Refused
from infra.language import Text
from lake.read.layout import text_of
from lake.read.place import MOST_COLUMNS, encoded
from lake.read.pool import Pool
from lake.read.refusals import too_wide
from lake.read.source import Job, Note, Source
from lake.read.spool import Spool, extra_json, spooled

_ROWS = 1_000


def unpivoted(job: Job, read_one: Callable[[Job], Source]) -> Source:
    """The source of the long table.

    Raises:
        Refused: READ_NO_WIDE_COLUMN, and what the file is refused for.
    """
    contract = job.contract
    unpivot: Unpivot = contract.reading.unpivot
    names = [field.name for field in contract.fields if field.given is None]
    wide_fields = tuple(field for field in contract.fields if field.name not in unpivot.fields)
    source = read_one(replace(job, contract=replace(contract, fields=wide_fields), wide=unpivot.columns))
    kept = [field.name for field in wide_fields if field.given is None]
    with Pool(job.scratch, f"{job.path.name}.wide", kept, []) as pool:
        pool.add(source, 0, "")
    path = job.scratch / f"{job.path.name}.long.parquet"
    with Spool(path, names) as spool:
        wide = _Wide(
            Place(file=job.name, dataset=contract.id),
            unpivot,
            [kept.index(name) if name in kept else None for name in names],
            names,
        )
        for file in pool.source().parameters[0]:
            for record in _records(file, kept):
                wide.take(record, spool)
    if not wide.columns and not spool.count:
        raise _none_matches(Place(file=job.name, dataset=contract.id))
    return spooled(
        path,
        names,
        first_line=spool.first_line,
        notes=(*(note for note in source.notes if note.code != "extra_columns"), _said(len(wide.columns), wide.number)),
        format=source.format,
        encoding=source.encoding,
        sheet=source.sheet,
        crs=source.crs,
    )


def _records(path: str, kept: Sequence[str]) -> Iterator[tuple[list[str | None], str | None, str | None, int]]:
    """Values, `_extra`, `_fault` and `_line` of each wide record."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS):
            columns = [batch.column(at).to_pylist() for at in range(len(kept))]
            rest = (batch.column(name).to_pylist() for name in ("_extra", "_fault", "_line"))
            for at, (extra, fault, line) in enumerate(zip(*rest, strict=True)):
                yield [column[at] for column in columns], extra, fault, line


class _Wide:
    """Turns wide records into long ones.

    Attributes:
        number: of the wide record, from 1.
        columns: the columns that became records.
    """

    def __init__(self, place: Place, unpivot: Unpivot, kept: Sequence[int | None], names: Sequence[str]) -> None:
        self.number = 0
        self._place = place
        self.columns: set[str] = set()
        self._pattern = re.compile(unpivot.columns)
        self._kept = kept
        self._name, self._value = names.index(unpivot.name), names.index(unpivot.value)
        self._row = names.index(unpivot.row) if unpivot.row else None
        self._is_wide: dict[str, bool] = {}

    def take(self, record: tuple[list[str | None], str | None, str | None, int], spool: Spool) -> None:
        """Write the long records of one wide record."""
        values, extra, fault, line = record
        self.number += 1
        if fault is not None:
            spool.add_fault(fault, line, extra or "")
            return
        beside: dict[str, Any] = json.loads(extra) if extra else {}
        taken = {key: value for key, value in beside.items() if self._matches(key)}
        self.columns.update(taken)
        if len(taken) > MOST_COLUMNS:
            raise too_wide(self._place, line, len(taken), MOST_COLUMNS)
        left = {key: value for key, value in beside.items() if key not in taken}
        rest = extra_json(left) if left else None
        row = [None if at is None else values[at] for at in self._kept]
        if self._row is not None:
            row[self._row] = str(self.number)
        for column, (key, value) in enumerate(taken.items(), 1):
            long = row.copy()
            long[self._name], long[self._value] = key.strip(), text_of(value)
            spool.add(long, encoded(0, line, column), rest)

    def _matches(self, key: str) -> bool:
        known = self._is_wide.get(key)
        if known is None:
            known = self._is_wide[key] = self._pattern.fullmatch(key.strip()) is not None
        return known


def _said(columns: int, rows: int) -> Note:
    text = Text(
        f"宽表转为长表：{columns} 列、{rows} 行", f"a wide table made long: {columns} columns of {rows} records"
    )
    return Note("unpivoted", text, columns)


def _none_matches(place: Place) -> Refused:
    return Refused(
        "READ_NO_WIDE_COLUMN",
        "没有一列符合契约 unpivot 的列名规则",
        "no column matches the pattern of the contract's unpivot",
        place=place,
        remedy=Text("改正 cityhub.reading 的 unpivot.columns", "correct unpivot.columns in cityhub.reading"),
    )
