"""CSV, TSV and TXT.

Two ways through the same grammar (`lake.read.records`). The fast one is DuckDB's `read_csv`, every column VARCHAR,
strict, on the file itself: no second pass. It is right exactly when every record is one line and nothing else stands
between them: DuckDB scans a file in parts, and a part may begin inside a quoted field and find "records" there. Whether
that is so is proved by counting: a file of n records has n + 1 lines then, and only then. Whatever is not so, and
whatever DuckDB refuses (ragged rows, mixed line ends, open quotes), goes the precise way, which tells what and where.
A byte order mark before a record is made an error of the query for the same end: DuckDB takes it for a value's begin.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from infra.errors import Place, Refused
from infra.text import quote_identifier
from lake.read.below import Below, may_end, without_below
from lake.read.encoding import as_utf8
from lake.read.lines import LineMap
from lake.read.match import SEARCH_ROWS, Header, by_position, find_header
from lake.read.names import Names, names_of
from lake.read.records import BOM, Record, physical_lines, read_records
from lake.read.refusals import below_notes, blank_header, empty, header_notes, no_records, too_wide
from lake.read.source import Job, Note, Source
from lake.read.spool import Spool, cells_json, extra_json, spooled

DELIMITERS = (",", "\t", ";", "|")
_TRIED_AT_ONCE = 64 * 1024 * 1024
_SMALL = 256 * 1024  # below this, opening DuckDB takes longer than reading precisely
_TAIL = 64 * 1024  # where what stands below the table is looked for


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
    if not _is_plain(table) or path.stat().st_size < _SMALL or (_leaves_out(table) and may_end(_tail(path))):
        return read_precisely(table)
    lines = LineMap(table.path, lambda: (record.line for record in _data_records(table)))
    source = replace(_fast(table), precise=lambda: read_precisely(table), line_map=lines)
    if path.stat().st_size <= _TRIED_AT_ONCE and not lines.in_step(_count(source)):
        return read_precisely(table)
    return source


def _leaves_out(table: Table) -> bool:
    return bool(table.job.contract.reading.below == "leave_out")


def _tail(path: Path) -> str:
    """The last lines of a text table."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read().decode("utf-8", "replace").partition("\n")[2]


def _head(path: Path, delimiter: str, job: Job, place: Place) -> tuple[tuple[Record, ...], Refused | None]:
    """The first records, and what stopped the reading of them."""
    head: list[Record] = []
    try:
        for record in read_records(physical_lines(path, job.limits, place), delimiter, job.limits, place):
            head.append(record)
            if len(head) >= SEARCH_ROWS + 2:
                break
    except Refused as error:
        return tuple(head), error
    return tuple(head), None


def _table(job: Job, path: Path, encoding: str, place: Place) -> Table:
    """Finds delimiter and header: the delimiter under which the most of the contract's names appear."""
    reading = job.contract.reading
    known = names_of(_own(job), job.wide)
    tried = [
        (delimiter, *_head(path, delimiter, job, place))
        for delimiter in ((reading.delimiter,) if reading.delimiter else DELIMITERS)
    ]
    found = [max((_likeness(record, known, reading.header) for record in head), default=(0, 0)) for _, head, _ in tried]
    delimiter, head, stopped = tried[found.index(max(found))]
    if stopped is not None and (not any(max(found)) or len(head) < 2):
        raise stopped
    if not head:
        raise empty(place)
    _check_width(head, job, place)
    header = _header(job, head, place)
    if len(head) == header.row + header.height:
        raise stopped or no_records(place, head[-1].line)
    notes = tuple(header_notes(header, head[header.row].line))
    return Table(job, path, place, delimiter, header, head, encoding, notes)


def _likeness(record: Record, known: Names, header: str) -> tuple[int, int]:
    """How well a record fits the contract: the names that it holds, or, in a table without a header, its fields."""
    return (len(record.cells), 0) if header == "none" else known.hits(record.cells)


def _header(job: Job, head: Sequence[Record], place: Place) -> Header:
    reading = job.contract.reading
    if reading.header == "none":
        return by_position(usual_width([record.cells for record in head]), _own(job), place)
    declared = reading.header_row and reading.header_row - 1
    return find_header([record.cells for record in head], _own(job), declared=declared, place=place, wide=job.wide)


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """How wide a table without a header is: as most of its rows, the wider of two widths as frequent."""
    widths = Counter(map(len, rows))
    return max(widths, key=lambda width: (widths[width], width))


def _own(job: Job) -> list[Any]:
    """The fields that the file itself has to bring; facts about the delivery are none of its columns."""
    return [field for field in job.contract.fields if field.given is None]


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
    names = [field.name for field in _own(table.job)]
    cells = [_cell(header.columns[name]) if name in header.columns else "NULL::VARCHAR" for name in names]
    fields = [f"{cell} AS {quote_identifier(name)}" for cell, name in zip(cells, names, strict=True)]
    extras = ", ".join(f"{_text(name)}, {_cell(position)}" for position, name in header.extras)
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
    )


def _cell(position: int) -> str:
    """A column of the file; the first one fails the query where a byte order mark stands before its value."""
    return f"CASE WHEN starts_with(c0, '{BOM}') THEN error('BOM') ELSE c0 END" if position == 0 else f"c{position}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _count(source: Source) -> int:
    """How many records DuckDB reads; -1 when it refuses. Cheap for a file of this size."""
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        try:
            # Every column is asked for, so that every column is checked.
            sql = f"SELECT count(*), count(COLUMNS(*)) FROM ({source.sql})"  # noqa: S608
            counts = connection.execute(sql, source.parameters).fetchone()
        except duckdb.Error:
            return -1
    return int(counts[0]) if counts else -1


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
    names = [field.name for field in _own(job)]
    positions = [header.columns.get(name) for name in names]
    width = len(header.names)
    in_order = positions == list(range(width))
    path = job.scratch / f"{job.path.name}.records.parquet"
    records, below = _data_records(table), Below()
    if _leaves_out(table):
        records = without_below(records, lambda one: one.cells, width, below, lambda one: one.line)
    with Spool(path, names) as spool:
        for record in records:
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
            spool.add(
                cells if in_order else [None if at is None else cells[at] for at in positions], record.line, extra
            )
    notes = (*table.notes, *below_notes(below.first, below.rows))
    return spooled(path, names, first_line=spool.first_line, notes=notes, format="csv", encoding=table.encoding)
