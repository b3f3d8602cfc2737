"""CSV, TSV and TXT.

Two ways through the same grammar (`lake.read.records`). The fast one is DuckDB's `read_csv`, every column VARCHAR,
strict, on the file itself: no second pass. It is taken when the header stands alone on the first line; whatever it
cannot read strictly (ragged rows, mixed line ends, open quotes) it refuses, and the precise way tells what and where.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from infra.errors import Place, Refused
from infra.text import quote_identifier
from lake.read.encoding import as_utf8
from lake.read.lines import LineMap
from lake.read.match import SEARCH_ROWS, Header, find_header, hits, spellings
from lake.read.records import Record, physical_lines, read_records
from lake.read.refusals import blank_header, empty, header_notes, no_records, too_wide
from lake.read.source import Job, Note, Source
from lake.read.spool import Spool, cells_json, extra_json, spooled

DELIMITERS = (",", "\t", ";", "|")
_TRIED_AT_ONCE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Table:
    """A UTF-8 text table whose header is found.

    Attributes:
        head: the records searched, up to and including the first data record.
        encoding: of the file as it was delivered.
    """

    job: Job
    path: Path
    place: Place
    delimiter: str
    header: Header
    head: tuple[Record, ...]
    encoding: str
    notes: tuple[Note, ...]


def read_csv(job: Job) -> Source:
    """The source of a text table.

    Raises:
        Refused: the encoding, the header or the structure is not readable; see README.md for the codes.
    """
    place = Place(file=job.name, dataset=job.contract.id)
    path, encoding = as_utf8(job, place)
    table = _table(job, path, encoding, place)
    if not _is_plain(table):
        return read_precisely(table)
    source = replace(_fast(table), precise=lambda: read_precisely(table))
    if path.stat().st_size <= _TRIED_AT_ONCE and not _runs(source):
        return read_precisely(table)
    return source


def _head(path: Path, delimiter: str, job: Job, place: Place) -> tuple[Record, ...]:
    lines = physical_lines(path, job.limits, place)
    return tuple(itertools.islice(read_records(lines, delimiter, job.limits, place), SEARCH_ROWS + 2))


def _table(job: Job, path: Path, encoding: str, place: Place) -> Table:
    """Finds delimiter and header: the delimiter under which the most of the contract's names appear."""
    declared = job.contract.reading.delimiter
    known = spellings(job.contract.fields)
    best: tuple[int, int, str, tuple[Record, ...]] | None = None
    refusal: Refused | None = None
    for rank, delimiter in enumerate((declared,) if declared else DELIMITERS):
        try:
            head = _head(path, delimiter, job, place)
        except Refused as error:
            refusal = refusal or error
            continue
        found = max((hits(record.cells, known) for record in head), default=0)
        if best is None or (found, -rank) > best[:2]:
            best = (found, -rank, delimiter, head)
    if best is None:
        raise refusal or Refused("READ_FORMAT", "文件不是文本表格", "the file is not a text table", place=place)
    _, _, delimiter, head = best
    if not head:
        raise empty(place)
    _check_width(head, job, place)
    row = job.contract.reading.header_row
    header = find_header([record.cells for record in head], job.contract.fields, declared=row and row - 1, place=place)
    if len(head) == header.row + header.height:
        raise no_records(place, head[-1].line)
    return Table(
        job, path, place, delimiter, header, head, encoding, tuple(header_notes(header, head[header.row].line))
    )


def _check_width(head: Sequence[Record], job: Job, place: Place) -> None:
    for record in head:
        if len(record.cells) > job.limits.max_columns:
            raise too_wide(place, record.line, len(record.cells), job.limits.max_columns)


def _is_plain(table: Table) -> bool:
    """Whether DuckDB skips exactly the header: it counts records when it skips, and blank lines in its own way."""
    header, head = table.header, table.head
    alone = header.row == 0 and header.height == 1 and head[0].line == 1 and head[0].fault is None and head[1].line >= 2
    return (
        alone and not header.blanks and len(header.names) > 1 and not any("\n" in c or "\r" in c for c in head[0].cells)
    )


def _fast(table: Table) -> Source:
    header = table.header
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(header.names)))
    names = [field.name for field in table.job.contract.fields if field.given is None]
    cells = [f"c{header.columns[name]}" if name in header.columns else "NULL::VARCHAR" for name in names]
    fields = [f"{cell} AS {quote_identifier(name)}" for cell, name in zip(cells, names, strict=True)]
    extras = ", ".join(f"{_text(name)}, c{position}" for position, name in header.extras)
    extra = f"CAST(json_object({extras}) AS VARCHAR)" if extras else "NULL::VARCHAR"
    options = (
        f"auto_detect = false, header = false, skip = 1, delim = {_text(table.delimiter)}, "
        f"quote = '\"', escape = '\"', "
        f"strict_mode = true, null_padding = false, max_line_size = {table.job.limits.max_line}, "
        f"columns = {{{columns}}}"
    )
    shown = f"{', '.join(fields)}, {extra} AS _extra, NULL::VARCHAR AS _fault"
    sql = f"SELECT {shown} FROM read_csv(?, {options})"  # noqa: S608 - names are quoted, the path is a parameter
    return Source(
        sql=sql,
        parameters=(str(table.path),),
        first_line=table.head[1].line,
        notes=table.notes,
        format="csv",
        encoding=table.encoding,
        line_map=LineMap(table.path, lambda: (record.line for record in _data_records(table))),
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _runs(source: Source) -> bool:
    """Whether DuckDB reads the whole file strictly; cheap for a file of this size."""
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        try:
            connection.execute(f"SELECT count(COLUMNS(*)) FROM ({source.sql})", source.parameters).fetchall()  # noqa: S608
        except duckdb.Error:
            return False
    return True


def _data_records(table: Table) -> Iterator[Record]:
    limits, place = table.job.limits, table.place
    records = read_records(physical_lines(table.path, limits, place), table.delimiter, limits, place)
    return itertools.islice(records, table.header.row + table.header.height, None)


def read_precisely(table: Table) -> Source:
    """The source of a table read record by record: ragged and torn records carry their fault.

    Raises:
        Refused: what no record can be blamed for alone.
    """
    job, header = table.job, table.header
    names = [field.name for field in job.contract.fields if field.given is None]
    positions = [header.columns.get(name) for name in names]
    width = len(header.names)
    path = job.scratch / f"{job.path.name}.records.parquet"
    with Spool(path, names) as spool:
        for record in _data_records(table):
            cells: list[str] = record.cells
            while len(cells) > width and not cells[-1]:
                cells.pop()  # empty fields behind the last column are what a trailing delimiter leaves
            if record.fault or len(cells) != width:
                spool.add_fault(record.fault or "ragged", record.line, cells_json(cells))
                continue
            for blank in header.blanks:
                if cells[blank]:
                    raise blank_header(table.place, blank, record.line)
            extra = extra_json({name: cells[at] or None for at, name in header.extras}) if header.extras else None
            spool.weigh(sum(map(len, cells)))
            spool.add([None if at is None else cells[at] for at in positions], record.line, extra=extra)
    return spooled(path, names, first_line=spool.first_line, notes=table.notes, format="csv", encoding=table.encoding)
