"""The same classes as ``measure.group``, counted over arrays: for the rows form, where every second counts.

Promises:

- ``group`` leaves the table `classes` exactly as ``measure.group`` does (a property test compares them), so nothing
  after it knows which of the two counted;
- it reads the columns of the plan and no other, texts as the dictionaries that Parquet already holds, and needs some
  ten bytes a row and dimension;
- it says None, and counts nothing, for what it does not know: other forms, other types, too many classes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sharing.measure import Connection, Persons
from sharing.methods import SHANGHAI_MICROSECONDS, TOP_BAND, Dimension, Step, degrees
from sharing.plan import Draft

_MOST = 1 << 62
_DENSE = 1 << 24
_HOUR = 3600 * 10**6
_DAY = 24 * _HOUR


def group(
    connection: Connection, files: Sequence[Path], draft: Draft, steps: Sequence[Step], found: Persons | None
) -> bool:
    """Counts the classes of the rows form into `classes`; False when it cannot, and ``measure.group`` must."""
    if draft.form != "rows" or found is None or not found.rows:
        return False
    import numpy as np  # noqa: PLC0415 - loaded when something is counted

    parts = [(dim, step) for dim, step in zip(draft.dimensions, steps, strict=True) if step.method != "drop"]
    columns = _columns(files, [field for dim, _ in parts for field in dim.fields])
    if columns is None:
        return False
    coded = []
    for dimension, step in parts:
        found_codes = _codes(np, dimension, step, [columns.pop(field) for field in dimension.fields])
        if found_codes is None:
            return False
        coded += [(codes, values, dimension.sensitive) for codes, values in found_codes]
    # Sensitive columns last: a class is then all codes of one quotient.
    order = sorted(range(len(coded)), key=lambda index: coded[index][2])
    sizes = [len(coded[index][1]) for index in order]
    if not coded or np.prod([float(size) for size in sizes]) >= _MOST:
        return False
    whole = np.zeros(found.rows, dtype=np.int64)
    for index, size in zip(order, sizes, strict=True):
        whole *= size
        whole += coded[index][0]
    present, counts = _counted(np, whole, found.dropped, int(np.prod(sizes)))
    picked = _picked(np, present, sizes)
    codes = {index: picked[place] for place, index in enumerate(order)}
    _store(connection, np, [(coded[n][1], codes[n], coded[n][2]) for n in range(len(coded))], counts, draft)
    return True


def _columns(files: Sequence[Path], names: Sequence[str]) -> dict[str, Any] | None:
    """The columns as Arrow arrays, texts as dictionaries; None when a text has more values than rows could share."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema = pq.read_schema(files[0])
    texts = [name for name in names if pa.types.is_string(schema.field(name).type)]
    tables = [pq.read_table(path, columns=list(names), read_dictionary=texts) for path in files]
    table = pa.concat_tables(tables).unify_dictionaries()
    return {name: table[name].combine_chunks() for name in names}


def _codes(np: Any, dimension: Dimension, step: Step, columns: Sequence[Any]) -> list[tuple[Any, Any]] | None:
    """For each column: codes from 0 without gaps to speak of, and the Arrow value of each code as SQL writes it."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    if step.method == "keep" and all(pa.types.is_dictionary(column.type) for column in columns):
        return [_texts(np, pa, column) for column in columns]
    if step.method in ("hour", "day", "month") and pa.types.is_timestamp(columns[0].type):
        return [_times(np, pa, step, columns[0])]
    if step.method == "band" and pa.types.is_integer(columns[0].type):
        numbers = np.minimum(columns[0].fill_null(0).to_numpy() // int(step.size), TOP_BAND // int(step.size))
        return [_shifted(np, columns[0], numbers, pa.int32())]
    if step.method == "grid" and all(pa.types.is_floating(column.type) for column in columns):
        sizes = degrees(step.size, dimension.latitude)
        cells = [np.floor(c.fill_null(0.0).to_numpy() / size) for c, size in zip(columns, sizes, strict=True)]
        return [_shifted(np, c, cell.astype(np.int64), pa.int32()) for c, cell in zip(columns, cells, strict=True)]
    return None


def _texts(np: Any, pa: Any, column: Any) -> tuple[Any, Any]:
    values = pa.concat_arrays([pa.nulls(1, column.dictionary.type), column.dictionary])
    return column.indices.fill_null(-1).to_numpy().astype(np.int64) + 1, values


def _times(np: Any, pa: Any, step: Step, column: Any) -> tuple[Any, Any]:
    local = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).fill_null(0).to_numpy() + SHANGHAI_MICROSECONDS
    if step.method == "hour":
        return _shifted(np, column, local // _HOUR, pa.int32())
    days = local // _DAY
    if step.method == "day":
        return _shifted(np, column, days, pa.date32())
    low, high = int(days.min()), int(days.max())
    # The months of the few days that occur, instead of calendar arithmetic for every row.
    months = np.arange(low, high + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    codes, values = _shifted(np, column, months[days - low], pa.int32())
    first = [
        None if v is None else int(np.datetime64(v, "M").astype("datetime64[D]").astype(int))
        for v in values.to_pylist()
    ]
    return codes, pa.array(first, pa.int32()).cast(pa.date32())


def _shifted(np: Any, column: Any, numbers: Any, kind: Any) -> tuple[Any, Any]:
    """Numbers as codes from 1, 0 for NULL, and the value of each."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    valid = column.is_valid().to_numpy(zero_copy_only=False) if column.null_count else None
    known = numbers if valid is None else numbers[valid]
    low, high = (int(known.min()), int(known.max())) if len(known) else (0, 0)
    codes = numbers - (low - 1)
    if valid is not None:
        codes = np.where(valid, codes, 0)
    plain = pa.array(np.arange(low, high + 1), pa.int32())
    return codes, pa.concat_arrays([pa.nulls(1, pa.int32()), plain]).cast(kind)


def _counted(np: Any, whole: Any, dropped: Any, space: int) -> tuple[Any, Any]:
    """The codes that occur and how often, without the rows that give way."""
    if space <= _DENSE:
        counts = np.bincount(whole, minlength=space)
        if len(dropped):
            counts -= np.bincount(whole[dropped], minlength=space)
        present = np.flatnonzero(counts)
        return present, counts[present]
    kept = np.delete(whole, dropped) if len(dropped) else whole
    present, counts = np.unique(kept, return_counts=True)
    return present, counts


def _picked(np: Any, present: Any, sizes: Sequence[int]) -> list[Any]:
    """The code of each column from the code of the whole, in the order of `sizes`."""
    picked: list[Any] = []
    rest = present
    for size in reversed(sizes):
        rest, code = np.divmod(rest, size)
        picked.append(code)
    return picked[::-1]


def _store(
    connection: Connection, np: Any, columns: Sequence[tuple[Any, Any, bool]], counts: Any, draft: Draft
) -> None:
    """The table `classes`, with `held` by the same rule as ``measure.group``."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    classes = np.zeros(len(counts), dtype=np.int64)
    for values, codes, sensitive in columns:
        if not sensitive:
            _, classes = np.unique(classes * len(values) + codes, return_inverse=True)
    held = (np.bincount(classes, weights=counts) >= draft.terms.k)[classes] if len(counts) else np.zeros(0, dtype=bool)
    for values, codes, sensitive in columns:
        if sensitive and len(counts):
            # A class without a value is no further kind: code 0, NULL, counts for nothing.
            pairs = np.unique((classes * len(values) + codes)[codes > 0]) // len(values)
            held = held & (np.bincount(pairs, minlength=int(classes.max()) + 1) >= draft.terms.l)[classes]
    arrays = {f"c{place}": values.take(pa.array(codes)) for place, (values, codes, _) in enumerate(columns)}
    table = pa.table({**arrays, "persons": counts, "records": counts, "held": held})
    connection.register("_counted", table)
    connection.execute("CREATE OR REPLACE TEMP TABLE classes AS SELECT * FROM _counted")
    connection.unregister("_counted")
