"""A file that no contract speaks of: its columns found, its records read by the readers of the lake, and measured.

A reader finds a header by the names that a contract knows. Here a look at the file comes first that finds the names;
then the same readers read the same file with a contract that knows these names and nothing else, so that what is
adopted is read as it will be read. What one record is stands in `lake/read/README.md`.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from contracts.infer.profile import Table
from contracts.infer.wide import Wide
from contracts.model import Contract, Field, Reading, Unpivot
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text
from infra.settings import load
from infra.text import quote_identifier
from lake.adopt.survey_heads import heads
from lake.adopt.survey_measure import MOST, measure
from lake.landing.delivery import Arrival, file_name
from lake.landing.landing import plain_copy
from lake.read import Limits, Source, read
from lake.room import lacks_room
from lake.store.duck import Duck, LakeSettings

TABLE = "survey"
_LEFT_OUT = {"below": "leave_out"}


@dataclass(frozen=True, slots=True)
class Hints:
    """What a person says of a file beside it: sheet of a workbook, member of an archive, where a document's list is."""

    sheet: str | None = None
    member: str | None = None
    record_path: str | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """A file looked at.

    Attributes:
        table: what was measured.
        source: how it was read: format, encoding, sheet, notes.
        reading: the hints that its contract needs.
        name: the file's name.
        duck: the database that holds the rows looked at, as columns `c0`, `c1`, … of the table `survey`.
    """

    table: Table
    source: Source
    reading: dict[str, Any]
    name: str
    duck: duckdb.DuckDBPyConnection


@contextlib.contextmanager
def surveyed(
    ground: Ground, paths: Sequence[Path], dataset: str, hints: Hints, wide: Wide | None = None
) -> Iterator[Survey]:
    """The files, which are one delivery, looked at, turned from wide to long if asked; the block may ask the rows on.

    Raises:
        Refused: LANDING_…, READ_…, SURVEY_TABLES (several files that are different tables).
    """
    settings = load(LakeSettings, ground.environ)
    limits = load(Limits, ground.environ)
    with ground.scratch() as scratch, Duck(scratch, settings) as duck, duck.cursor() as connection:
        plain = scratch / "plain"
        together = tuple(paths) if len(paths) > 1 else ()
        plain_copy(ground, Arrival(dataset, paths[0], "command", ground.now(), "", together=together), plain)
        name = file_name(paths[0])
        found = heads(plain, _Looking(dataset, hints), scratch, name, limits)
        names = wide.long if wide else found.names
        contract = _contract(dataset, names, {**found.reading, **_LEFT_OUT}, wide)
        source = read(plain, contract, _folder(scratch, "read"), name=name, limits=limits)
        source = _load(connection, source, contract)
        _check_widths(connection, len(names), Place(file=name, dataset=dataset))
        # Only a table below which something stands gets a contract that leaves such rows out.
        reading = {**found.reading, **(_LEFT_OUT if any(one.code == "rows_below" for one in source.notes) else {})}
        table = measure(connection, TABLE, names, header=found.header or wide is not None, crs=source.crs)
        if not table.rows:
            raise _nothing(Place(file=name, dataset=dataset))
        yield Survey(table, source, reading, name, connection)


@dataclass(frozen=True, slots=True)
class _Looking:
    dataset: str
    hints: Hints

    def contract(self, fields: Sequence[Field], **reading: Any) -> Contract:
        """A contract that knows these fields and nothing else."""
        chosen = Reading(sheet=self.hints.sheet, member=self.hints.member, record_path=self.hints.record_path)
        return Contract(self.dataset, "0", (), tuple(fields), (), (), "snapshot", reading=replace(chosen, **reading))


def _folder(scratch: Path, name: str) -> Path:
    folder = scratch / name
    folder.mkdir()
    return folder


def _contract(dataset: str, names: Sequence[str], reading: Mapping[str, Any], wide: Wide | None) -> Contract:
    # The fields' own names are such that no header can be one of them.
    fields = tuple(Field(f"\u2983{at}\u2984", (name,), required=False) for at, name in enumerate(names))
    asked = Reading(**reading)
    if wide is not None:
        asked = replace(asked, unpivot=Unpivot(wide.columns, *(one.name for one in fields[len(wide.kept) :])))
    return Contract(dataset, "0", (), fields, (), (), "snapshot", reading=asked)


def _load(connection: duckdb.DuckDBPyConnection, source: Source, contract: Contract) -> Source:
    """The first rows of the source as the table, faulty records with their fault; the precise source where needed."""
    try:
        _fill(connection, source, contract)
    except duckdb.Error as error:
        if lacks_room(error) or source.precise is None:
            if lacks_room(error):
                raise
            raise _failed(contract.id) from None
    else:
        return source
    again = source.precise()
    try:
        _fill(connection, again, contract)
    except duckdb.Error as error:
        if lacks_room(error):
            raise
        raise _failed(contract.id) from None
    return again


def _fill(connection: duckdb.DuckDBPyConnection, source: Source, contract: Contract) -> None:
    for name, value in source.tables.items():
        connection.register(name, value)
    shown = ", ".join(f"{quote_identifier(field.name)} AS c{at}" for at, field in enumerate(contract.fields))
    sql = f"CREATE OR REPLACE TABLE {TABLE} AS SELECT {shown}, _fault FROM ({source.sql}) LIMIT {MOST + 1}"  # noqa: S608
    connection.execute(sql, list(source.parameters) or None)


def _check_widths(connection: duckdb.DuckDBPyConnection, width: int, place: Place) -> None:
    """Refuses lines of which most have another number of columns than the table: they are none."""
    sql = f"SELECT count(*), count(*) FILTER (WHERE _fault = 'ragged') FROM {TABLE}"  # noqa: S608
    [(total, others)] = connection.execute(sql).fetchall()
    if others * 2 > total:
        raise Refused(
            "SURVEY_NO_TABLE",
            f"看不出是一张表：{total} 行中有 {others} 行的列数不是表头的 {width} 列",
            f"no table can be made out: {others} of {total} rows have other than the {width} columns of the header",
            place=place,
            remedy=Text(
                "检查分隔符和引号，整理为一行表头、每行列数相同后再接入",
                "see to delimiter and quotation marks, and lay it out as one row of names with as many values a row",
            ),
        )


def _failed(dataset: str) -> Refused:
    return Refused("READ_FAILED", "文件无法读取", "the file cannot be read", place=Place(dataset=dataset))


def _nothing(place: Place) -> Refused:
    return Refused(
        "READ_NO_RECORDS",
        "文件没有一条可以读取的记录",
        "the file holds no record that can be read",
        place=place,
        remedy=Text("检查文件的分隔符、引号和表头", "see to the file's delimiter, quotation marks and header"),
    )
