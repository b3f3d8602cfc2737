"""Quarantine rows laid out again as if their file came today, for the split of today's contract.

A raw record holds its values under the names that the fields of its day had, and under `_extra` what no field matched.
Each is matched anew by today's spellings (name, Chinese name, alias), so that an alias added since finds its column. A
record stays where two of its values are spellings of one field, where a required field is not in it, and where it could
not be laid out when it came: what it says then is not known.

A row's place in a snapshot of the quarantine table, `_at`, is its file's number and its row in it: a record's own place
may be that of several, as in a wide table.
"""

# ruff: noqa: S608 - names go through quote_identifier, values through literal, paths through file_list

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from catalogs.lookup import resource
from contracts.model import Contract, Field
from contracts.steps import literal
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text
from infra.text import fold, quote_identifier
from lake.read.names import spellings
from lake.read.source import FAULTS, Source
from lake.records.record import Row
from lake.split.coordinates import CONVERTED, to_convert
from lake.split.setaside import Reason
from lake.store import schema
from lake.store.delta import DELIVERY, LINE, DataFile, Snapshot
from lake.store.duck import file_list
from lake.store.files import parquet_file
from lake.store.parquet import BATCH, ParquetFiles, Written

AT = "_at"
FILE_BITS = 32  # `_at >> 32` is the file's number in the snapshot, what is below it the row's in the file
_MAP = """'"MAP(VARCHAR, VARCHAR)"'"""
_ROW = (1 << FILE_BITS) - 1
_MOST = 2_000  # spellings met in raw records that stand for fields; more is no table anybody meant
_COPIED = pa.schema(
    [pa.field(AT, pa.int64()), *(schema.QUARANTINE.field(name) for name in (DELIVERY, LINE, "rules", "raw"))]
)


STAYS = Reason(
    ("replay.converted",),
    Text(
        "该批坐标发布前须转换，问题数据中的未经转换，请重新报送。",
        "Its coordinates are converted before they are published, those in quarantine are not: deliver it again.",
    ),
)


def converted(ground: Ground, contract: Contract, rows: Sequence[Row]) -> dict[int, tuple[str, ...]]:
    """The deliveries whose geometries were converted, or would be today, by number, with why they stay as they are.

    What quarantine holds of them is in the system of their file, which stands in none of its records.
    """
    items = resource(ground.engine, contract.id).items
    return {
        row["number"]: STAYS.rules
        for row in rows
        if any(note["code"] == CONVERTED for note in row["notes"] or ())
        or to_convert(ground.engine, contract, items, row["notes"] or ())
    }


def copied(
    ground: Ground, snapshot: Snapshot, numbers: Collection[int], scratch: Path, rows_per_file: int
) -> tuple[Written, ...]:
    """The rows of these deliveries in scratch, each with its `_at`."""
    wanted = pa.array(sorted(numbers), pa.int64())
    writer = ParquetFiles(scratch, "aside", _COPIED, [DELIVERY], rows_per_file=rows_per_file)
    with writer:
        for at, file in enumerate(snapshot.files):
            for first, batch in _batches(ground, snapshot, file, _COPIED.names[1:]):
                places = pa.array(np.arange(first, first + batch.num_rows, dtype=np.int64) | (at << FILE_BITS))
                rows = pa.RecordBatch.from_arrays(
                    [places, *(batch.column(name).cast(_COPIED.field(name).type) for name in _COPIED.names[1:])],
                    schema=_COPIED,
                )
                writer.write(rows.filter(pc.is_in(rows.column(DELIVERY), value_set=wanted)))
    return tuple(writer.files)


def without(
    ground: Ground, snapshot: Snapshot, leaving: Mapping[int, npt.NDArray[np.int64]], writer: ParquetFiles
) -> tuple[DataFile, ...]:
    """Write what stays of each file that rows leave; those files. `leaving` is file's number → rows in it."""
    with writer:
        for at, gone in leaving.items():
            for first, batch in _batches(ground, snapshot, snapshot.files[at], schema.QUARANTINE.names):
                stays = np.ones(batch.num_rows, dtype=bool)
                stays[gone[(gone >= first) & (gone < first + batch.num_rows)] - first] = False
                columns = [batch.column(field.name).cast(field.type) for field in schema.QUARANTINE]
                whole = pa.RecordBatch.from_arrays(columns, schema=schema.QUARANTINE)
                writer.write(whole.filter(pa.array(stays)))
    return tuple(snapshot.files[at] for at in leaving)


def by_file(places: npt.NDArray[np.int64]) -> dict[int, npt.NDArray[np.int64]]:
    """`_at` of rows as file's number → rows in it."""
    files = places >> FILE_BITS
    return {int(at): places[files == at] & _ROW for at in np.unique(files)}


def _batches(
    ground: Ground, snapshot: Snapshot, file: DataFile, columns: Sequence[str]
) -> Iterator[tuple[int, pa.RecordBatch]]:
    first = 0
    opened = parquet_file(ground.store, f"{snapshot.key}/{file.path}", file.size)
    for batch in opened.iter_batches(batch_size=BATCH, columns=list(columns)):
        yield first, batch
        first += batch.num_rows


def source(connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[Written]) -> Source:
    """The copied rows as a source of the split; `_line` is `_at`.

    Raises:
        Refused: `REPLAY_NAMES`, the records hold too many spellings of the contract's fields.
    """
    torn = ", ".join(literal(f"record.{fault}") for fault in FAULTS)
    rows = f"FROM read_parquet({file_list([file.path for file in files])}) WHERE NOT list_has_any(rules, [{torn}])"
    own = f"SELECT {AT}, TRY(from_json(raw, {_MAP})) AS own {rows}"
    maps = f"SELECT {AT}, own, TRY(from_json(own['_extra'], {_MAP})) AS more FROM ({own})"
    found = _spellings(connection, contract, maps)
    values = [f"{_value(found[field.name])} AS {quote_identifier(field.name)}" for field in contract.fields]
    shown = f"{', '.join(values)}, NULL::VARCHAR AS _extra, {_fault(contract.fields, found)} AS _fault, {AT} AS _line"
    return Source(f"SELECT {shown} FROM ({maps})", has_line=True, given={"file_name": None})


def _spellings(
    connection: duckdb.DuckDBPyConnection, contract: Contract, maps: str
) -> dict[str, list[tuple[str, str]]]:
    """Field → where its value may stand in a record: in which map, under which name; its own name first."""
    known = spellings(contract.fields)
    found: dict[str, list[tuple[str, str]]] = {field.name: [] for field in contract.fields}
    for where in ("own", "more"):
        met = connection.execute(f"SELECT DISTINCT unnest(map_keys({where})) FROM ({maps})")
        while names := met.fetchmany(10_000):
            for (name,) in names:
                field = known.get(fold(name))
                if field is not None and "\0" not in name:
                    found[field].append((where, name))
        if sum(map(len, found.values())) > _MOST:
            raise Refused(
                "REPLAY_NAMES",
                "问题数据中的列名写法过多，无法重放",
                "the quarantined records spell their columns in too many ways to be replayed",
                place=Place(dataset=contract.id),
            )
    return {field: sorted(places, key=lambda one: one != ("own", field)) for field, places in found.items()}


def _looked_up(places: Sequence[tuple[str, str]]) -> list[str]:
    return [f"nullif({where}[{literal(name)}], '')" for where, name in places]


def _value(places: Sequence[tuple[str, str]]) -> str:
    return f"coalesce({', '.join(_looked_up(places))})" if places else "NULL::VARCHAR"


def _fault(fields: Sequence[Field], found: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    several = [
        " + ".join(f"CASE WHEN {one} IS NULL THEN 0 ELSE 1 END" for one in _looked_up(found[field.name]))
        for field in fields
        if len(found[field.name]) > 1
    ]
    twice = ["(more IS NULL AND own['_extra'] IS NOT NULL)", *(f"({count}) > 1" for count in several)]
    there = [
        " OR ".join(f"coalesce(map_contains({where}, {literal(name)}), false)" for where, name in found[field.name])
        for field in fields
        # What the delivery itself gives stands in no record: where it does not stand, nobody knows it here.
        if field.required or field.given is not None
    ]
    lacking = [f"NOT ({one})" if one else "true" for one in there]
    lacks = f"WHEN {' OR '.join(lacking)} THEN 'ragged' " if lacking else ""
    return f"CASE WHEN own IS NULL THEN 'json' WHEN {' OR '.join(twice)} THEN 'duplicate_key' {lacks}END"
