"""What leaves, as one query over the classes that hold: columns by the plan, order by their own values.

Promises:

- only classes that hold leave, only through the plan's columns, and no column that the plan does not name;
- the rows stand in the order of their own values, so that no position tells where or when a row stood in the source;
- in the rows form a class's rows are equal but for its sensitive values, which stand sorted too.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra.text import quote_identifier
from sharing.plan.methods import Dimension, Step, shown
from sharing.plan.plan import Draft

_ROW_GROUP = 122_880
_SLICE = 8 * _ROW_GROUP


def select(draft: Draft, steps: Sequence[Step], table: str = "classes", *, counted: bool = False) -> str:
    """The query that gives the extract from the table of classes that ``measure.group`` left.

    `counted` gives one row a class in the rows form, with `_n`, its number of rows.
    """
    columns, position = [], 0
    for dimension, step in zip(draft.dimensions, steps, strict=True):
        names = dimension.outputs(step)
        coded = [f"c{position + offset}" for offset in range(len(names))]
        columns += [
            f"{label} AS {quote_identifier(name)}"
            for name, label in zip(names, shown(dimension, step, coded), strict=True)
        ]
        position += len(names)
    order = ", ".join(f"c{index}" for index in range(position))
    by = f" ORDER BY {order}" if order else ""
    if draft.form == "aggregate":
        counts = ["persons", "records"]
        return f"SELECT {', '.join(columns + counts)} FROM {table} WHERE held{by}"  # noqa: S608 - quoted names, our own codes
    if counted:
        return f"SELECT {', '.join([*columns, 'records AS _n'])} FROM {table} WHERE held{by}"  # noqa: S608
    inner = f"SELECT * FROM {table} WHERE held{by}"  # noqa: S608
    return f"SELECT {', '.join(columns)} FROM (SELECT *, unnest(range(records)) AS _n FROM ({inner}))"  # noqa: S608


def spread(connection: Any, draft: Draft, steps: Sequence[Step], folder: Path, name: str) -> list[tuple[Path, int]]:
    """Writes the rows form as `<name>-0.parquet` and on: each class as often as it has persons. Gives files and rows.

    Classes are few and rows are many: the classes are labelled once, and only their numbers are repeated. Two files are
    written at once; the first holds what comes first.
    """
    import numpy as np  # noqa: PLC0415 - loaded when something is written
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    query = select(draft, steps, counted=True)
    classes = connection.sql(query).to_arrow_table()
    rows = np.repeat(np.arange(classes.num_rows), classes["_n"].to_numpy())
    labelled = classes.drop_columns(["_n"])
    packed = pa.table(
        {
            name: column.combine_chunks().dictionary_encode()
            if pa.types.is_string(column.type)
            else column.combine_chunks()
            for name, column in zip(labelled.column_names, labelled.columns, strict=True)
        }
    )

    # Texts as dictionaries: a file read later has plain texts again, since no Arrow schema is stored in it.
    def one(number: int, part: Any) -> tuple[Path, int]:
        target = folder / f"{name}-{number}.parquet"
        with pq.ParquetWriter(target, packed.schema, compression="zstd", store_schema=False, version="2.6") as file:
            for start in range(0, len(part), _SLICE):
                file.write_table(packed.take(pa.array(part[start : start + _SLICE])), row_group_size=_ROW_GROUP)
        return target, len(part)

    parts = np.array_split(rows, 2) if len(rows) > 2 * _SLICE else [rows]
    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(one, range(len(parts)), parts))


def arrow_schema(draft: Draft, steps: Sequence[Step], source: Any) -> Any:
    """The Arrow schema of the extract, from the schema of its source."""
    import pyarrow as pa  # noqa: PLC0415 - not for every command

    if draft.form == "plain":
        return pa.schema([source.field(name) for name in draft.plain])
    fields = [
        pa.field(name, _type(pa, dimension, step, source, position))
        for dimension, step in zip(draft.dimensions, steps, strict=True)
        for position, name in enumerate(dimension.outputs(step))
    ]
    if draft.form == "aggregate":
        fields += [pa.field("persons", pa.int64()), pa.field("records", pa.int64())]
    return pa.schema(fields)


def _type(pa: Any, dimension: Dimension, step: Step, source: Any, position: int) -> Any:
    if step.method == "hour":
        return pa.timestamp("us", "UTC")
    if step.method in ("day", "month"):
        return pa.date32()
    if step.method == "grid":
        return pa.float64()
    if step.method in ("band", "parent"):
        return pa.string()
    return source.field(dimension.fields[position]).type
