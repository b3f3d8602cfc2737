"""The names of a file's columns when no contract says what to look for, and the hints that its reading needs.

By format: of a text table the delimiter under which its records are of one width, and the first row that reads like a
header; of a workbook the same of its only sheet with content; of JSON, GeoJSON and shapefiles every key of the records;
of Parquet its schema. A table whose first row is data already has no header (`header: none`). An archive's files have
to be one table.
"""

import contextlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow.parquet as pq

from contracts.model import Contract, Field
from infra.errors import Place, Refused
from infra.language import Text
from infra.text import fold
from lake.adopt.survey_form import check_aligned, check_table
from lake.adopt.survey_keys import inner_list, with_geometries
from lake.adopt.survey_sheets import first_rows
from lake.read import Limits, Source, read
from lake.read.archive import Member, Unpacking, gunzip, members, opened
from lake.read.csv import DELIMITERS, usual_width
from lake.read.detect import detect, packed_twice
from lake.read.encoding import as_utf8
from lake.read.header import header_names, header_row
from lake.read.records import Record, physical_lines, read_records
from lake.read.refusals import empty, late_header, no_records, too_wide
from lake.read.source import Job

_LOOKED = 60
_KEYS_OF = 100_000
_TABLES = {"xlsx", "xls", "ods", "xlsb", "et"}
_WHICH_SHEET = Text(
    "用 --sheet 写明工作表，各表是同一张表时写 --sheet '*'",
    "name the sheet with --sheet, or take all of them with --sheet '*' where they are one table",
)
_WHICH_MEMBER = Text(
    "用 --member 写明其中哪些文件（如 '*.csv'），或逐个文件接入",
    "name those that are meant with --member (such as '*.csv'), or adopt them one by one",
)
_FEED = {"stops.txt", "routes.txt", "trips.txt"}
_WHICH_FEED = Text(
    "这是 GTFS 数据：每张表各为一个数据集，逐个接入，如 --member stops.txt",
    "it is a GTFS feed, each table of which is a dataset of its own: adopt them one by one, as with --member stops.txt",
)
_BESIDE = re.compile(r"\.(dbf|shx|prj|cpg|qpj|sbn|sbx|qix|fix|cst|shp\.xml)$", re.IGNORECASE)


class Looking(Protocol):
    """What a look is for."""

    @property
    def dataset(self) -> str:
        """The dataset."""

    def contract(self, fields: Sequence[Field], **reading: Any) -> Contract:
        """A contract that knows these fields and nothing else."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The columns' names in their order, whether the file names them itself, and the hints for reading."""

    names: tuple[str, ...]
    reading: dict[str, Any]
    header: bool = True


def heads(path: Path, looking: Looking, scratch: Path, name: str, limits: Limits) -> Heads:
    """The columns of the file, or of the files of an archive.

    Raises:
        Refused: READ_…, SURVEY_…
    """
    place = Place(file=name, dataset=looking.dataset)
    if detect(path, place) != "zip":
        return _one(path, looking, scratch, name, limits)
    asked = looking.contract(()).reading
    found: list[tuple[str, Heads]] = []
    refused: Refused | None = None
    with opened(path, place) as archive:
        unpacking = Unpacking(archive, limits, place)
        listed = [one for one in members(archive, limits, place) if not _BESIDE.search(one.name)]
        for number, member in enumerate(_meant(listed, asked.member)):
            if member.name.casefold().endswith(".shp"):
                # Its attributes lie in a file beside it, which only the whole archive has.
                found.append((member.base, _keys(path, looking, scratch / f"shp{number}", name, limits)))
                continue
            target = scratch / f"member{number}"
            unpacking.take(member, target, place)
            try:
                found.append((member.base, _one(target, looking, scratch, member.base, limits)))
            except Refused as error:
                refused = refused or error
            finally:
                target.unlink(missing_ok=True)
    if not found:
        raise refused or empty(place)
    return _joined(found, asked.member, place)


def _meant(listed: Sequence[Member], pattern: str | None) -> Sequence[Member]:
    from fnmatch import fnmatchcase  # noqa: PLC0415 - for archives alone

    if pattern is None:
        return listed
    wanted = pattern.casefold()
    return [one for one in listed if wanted in (one.name.casefold(), one.base.casefold())
            or fnmatchcase(one.name.casefold(), wanted) or fnmatchcase(one.base.casefold(), wanted)]  # fmt: skip


def _joined(found: Sequence[tuple[str, Heads]], member: str | None, place: Place) -> Heads:
    """One table of several files: the columns of all, when each shares most of its own with the first."""
    first = found[0][1]
    names = dict.fromkeys(first.names)
    own = {fold(name) for name in names}
    for number, (_, other) in enumerate(found[1:], 2):
        theirs = {fold(name) for name in other.names}
        if len(own & theirs) * 2 < min(len(own), len(theirs)) or other.header != first.header:
            raise Refused(
                "SURVEY_TABLES",
                f"{len(found)} 个文件不是同一张表（按名称排序，第 1 个与第 {number} 个的列不同）",
                f"the {len(found)} files are not one table (by name, the first and number {number} have other columns)",
                place=place,
                remedy=_WHICH_FEED if {base.casefold() for base, _ in found} >= _FEED else _WHICH_MEMBER,
            )
        names |= dict.fromkeys(name for name in other.names if fold(name) not in own)
        own |= theirs
    reading = dict(first.reading) | ({"member": member} if member else {})
    return Heads(tuple(names), reading, first.header)


def _one(path: Path, looking: Looking, scratch: Path, name: str, limits: Limits) -> Heads:
    place = Place(file=name, dataset=looking.dataset)
    kind = detect(path, place)
    if kind == "gzip":
        path = gunzip(path, _made(scratch, path, "inside"), limits, place)
        kind = detect(path, place)
    if kind in ("zip", "gzip"):
        raise packed_twice(place)
    if kind == "csv":
        return _csv(path, looking, scratch, name, limits)
    if kind in _TABLES:
        return _workbook(path, looking, _made(scratch, path, "sheet"), name, limits)
    if kind == "parquet":
        return _parquet(path, place, limits)
    return _keys(path, looking, _made(scratch, path, "keys"), name, limits)


def _made(scratch: Path, path: Path, what: str) -> Path:
    return scratch / f"{path.name}.{what}"


def _csv(path: Path, looking: Looking, scratch: Path, name: str, limits: Limits) -> Heads:
    place = Place(file=name, dataset=looking.dataset)
    folder = _made(scratch, path, "text")
    folder.mkdir()
    text, _ = as_utf8(Job(path, name, looking.contract(()), folder, limits), place)
    tried = [(delimiter, *_head(text, delimiter, limits, place)) for delimiter in DELIMITERS]
    delimiter, head, stopped = max(tried, key=lambda one: _regular(one[1]))
    if stopped is not None and len(head) < 2:
        raise stopped
    if not head:
        raise empty(place)
    widest = max(head, key=lambda record: len(record.cells))
    if len(widest.cells) > limits.max_columns:
        raise too_wide(place, widest.line, len(widest.cells), limits.max_columns)
    whole = [record for record in head if record.fault is None]
    rows = [record.cells for record in whole]
    at = header_row(rows)
    check_aligned([record.cells[0] for record in whole if len(record.cells) == 1], len(whole), place)
    if at is not None and at < 0:
        raise late_header(place)
    check_table(rows, at, [record.line for record in whole], place)
    if at is None:
        return Heads(_numbers(usual_width(rows)), {"header": "none", "delimiter": delimiter}, header=False)
    if len(head) < 2 or (at + 1 >= len(rows) and len(rows) == len(head)):
        raise no_records(place, head[-1].line)
    return Heads(header_names(rows, at), {})


def _head(path: Path, delimiter: str, limits: Limits, place: Place) -> tuple[list[Record], Refused | None]:
    """The first records under a delimiter, and what stopped the reading of them."""
    head: list[Record] = []
    try:
        head += islice(read_records(physical_lines(path, limits, place), delimiter, limits, place), _LOOKED)
    except Refused as error:
        return head, error
    return head, None


def _regular(head: Sequence[Record]) -> tuple[float, int]:
    """How much a delimiter makes a table: the share of records of the usual width, and that width."""
    widths = Counter(len(record.cells) for record in head if record.fault is None)
    several = {width: count for width, count in widths.items() if width > 1}
    if not several:
        return 0.0, 1
    width = max(several, key=lambda one: (several[one], one))
    return several[width] / len(head), width


def _numbers(width: int) -> tuple[str, ...]:
    return tuple(str(at) for at in range(1, width + 1))


def _workbook(path: Path, looking: Looking, folder: Path, name: str, limits: Limits) -> Heads:
    folder.mkdir()
    place = Place(file=name, dataset=looking.dataset)
    contract = looking.contract((), header="none")
    try:
        source = read(path, contract, folder, name=name, limits=limits)
    except Refused as error:
        if error.code == "READ_SHEETS_SEVERAL":
            raise Refused(error.code, error.text.zh, error.text.en, place=error.place, remedy=_WHICH_SHEET) from None
        raise
    asked = contract.reading.sheet
    reading = {"sheet": asked} if asked else {}
    found = [_sheet_heads(*sheet, reading, place) for sheet in first_rows(source, _LOOKED)]
    named = [one for one in found if one is not None]
    if not named:
        raise no_records(place, 1)
    return max(named, key=named.count)  # of several sheets the header that most of them have


def _sheet_heads(
    lines: Sequence[int], rows: Sequence[dict[int, str | None]], reading: Mapping[str, Any], place: Place
) -> Heads | None:
    """The header of one sheet, None where it has no record."""
    width = max((max(row, default=0) for row in rows), default=0)
    grid = [[row.get(at) for at in range(1, width + 1)] for row in rows]
    at = header_row(grid)
    if at is not None and at < 0:
        raise late_header(place)
    check_table(grid, at, lines, place)
    if at is None:
        return Heads(_numbers(width), {**reading, "header": "none"}, header=False)
    return Heads(header_names(grid, at), dict(reading)) if at + 1 < len(grid) else None


def _parquet(path: Path, place: Place, limits: Limits) -> Heads:
    try:
        with pq.ParquetFile(path, thrift_string_size_limit=64 << 20, thrift_container_size_limit=1 << 20) as file:
            names = tuple(file.schema_arrow.names)
    except (OSError, ValueError, NotImplementedError):
        raise Refused(
            "READ_DAMAGED", "Parquet 文件已损坏", "the Parquet file is damaged", place=place,
            remedy=Text("重新导出并报送", "export it again and deliver it"),
        ) from None  # fmt: skip
    if len(names) > limits.max_columns:
        raise too_wide(place, 1, len(names), limits.max_columns)
    return Heads(names, {})


def _keys(path: Path, looking: Looking, folder: Path, name: str, limits: Limits) -> Heads:
    """Every key of the records, in the order in which they come."""
    folder.mkdir()
    contract = looking.contract(())
    source = read(path, contract, folder, name=name, limits=limits)
    asked = contract.reading.record_path if source.format in ("json", "yaml") else None
    rows, reading = _rows(source, _KEYS_OF), {"record_path": asked} if asked else {}
    inner = inner_list(rows[0][0]) if source.format in ("json", "yaml") and len(rows) == 1 and not asked else None
    if inner is not None:
        below = _made(folder, path, "inner")
        below.mkdir()
        # Where the one record is an element of a list, no path leads into it.
        with contextlib.suppress(Refused):
            rows = _rows(read(path, looking.contract((), record_path=inner), below, name=name, limits=limits), _KEYS_OF)
            reading = {"record_path": inner}
    names: dict[str, None] = {}
    for extra, fault in rows:
        if fault is None and extra is not None:
            names |= dict.fromkeys(json.loads(extra))
    if not names:
        raise no_records(Place(file=name, dataset=looking.dataset))
    return Heads(with_geometries(list(names)), reading)


def _rows(source: Source, most: int) -> list[tuple[str | None, str | None]]:
    """What stands beside the contract's fields, which are none here, of the first records."""
    with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "512MB"}) as connection:
        for table, value in source.tables.items():
            connection.register(table, value)
        sql = f"SELECT _extra, _fault FROM ({source.sql}) LIMIT {most}"  # noqa: S608
        return connection.execute(sql, list(source.parameters) or None).fetchall()
