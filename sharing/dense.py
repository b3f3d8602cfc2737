"""Classes counted over arrays: for the rows form, where every second counts.

Promises:

- `Classes.store` leaves the table `classes` exactly as ``measure.group`` does, and `Classes.measure` says what
  ``measure.summary`` says of it (a property test compares both), so nothing after it knows which of the two counted;
- it reads the columns of the plan and no other, texts as the dictionaries that Parquet already holds, and needs four
  bytes a row and dimension beside them;
- it says None, and counts nothing, for what it does not know: other types, too many classes.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sharing.measure import Connection, risk
from sharing.methods import SHANGHAI_MICROSECONDS, TOP_BAND, Dimension, Step, degrees
from sharing.plan import Draft, Measure, Terms

_MOST = 1 << 62
_DENSE = 1 << 24
_HOUR = 3600 * 10**6
_DAY = 24 * _HOUR
_THREADS = 2
Array = Any  # numpy.ndarray, pyarrow.Array: neither has types that say more


@dataclass(frozen=True, slots=True)
class Coded:
    """One output column: a code from 0 for each row, and the value of each code as SQL would give it; 0 is NULL."""

    codes: Array
    values: Array
    sensitive: bool


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes that occur. `classes` numbers them without their sensitive values, from 0 and in order."""

    columns: tuple[Coded, ...]
    picked: tuple[Array, ...]
    counts: Array
    classes: Array
    held: Array
    rows: int

    def measure(self) -> Measure:
        """As ``measure.summary`` of the stored table."""
        kept, of = self.counts[self.held], self.classes[self.held]
        persons = int(kept.sum())
        if not persons:
            return Measure(self.rows, 0, None, 0, None, None, None)
        sizes = np.bincount(of, weights=kept).astype(np.int64)
        sizes = sizes[sizes > 0]
        held = np.zeros(int(self.classes.max()) + 1, dtype=bool)
        held[of] = True
        kinds = [int(found[held].min()) for found in _kinds(self.columns, self.picked, self.classes, self.held)]
        smallest = int(sizes.min())
        least = min(kinds) if kinds else None
        found = risk(smallest, len(sizes), persons)
        return Measure(self.rows, persons, persons, len(sizes), smallest, least, found)

    def store(self, connection: Connection) -> None:
        """The table `classes`, as ``measure.group`` leaves it."""
        import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

        coded = zip(self.columns, self.picked, strict=True)
        arrays = {f"c{n}": column.values.take(pa.array(codes)) for n, (column, codes) in enumerate(coded)}
        table = pa.table({**arrays, "persons": self.counts, "records": self.counts, "held": self.held})
        connection.register("_counted", table)
        connection.execute("CREATE OR REPLACE TEMP TABLE classes AS SELECT * FROM _counted")
        connection.unregister("_counted")


def encode(files: Sequence[Path], draft: Draft, steps: Sequence[Step]) -> tuple[Coded, ...] | None:
    """The output columns of every row of `files`, in their order; None for what only SQL knows."""
    parts = [(dim, step) for dim, step in zip(draft.dimensions, steps, strict=True) if step.method != "drop"]
    if draft.form != "rows" or not parts:
        return None
    names = [field for dimension, _ in parts for field in dimension.fields]
    with ThreadPoolExecutor(_THREADS) as pool:
        columns = dict(zip(names, pool.map(lambda name: _read(files, name), names), strict=True))
        if not len(columns[names[0]]):
            return None
        coded = pool.map(lambda part: _codes(part[0], part[1], [columns[field] for field in part[0].fields]), parts)
        found: list[Coded] = []
        for columns_of in coded:
            if columns_of is None:
                return None
            found += columns_of
    return tuple(found)


def labels(path: Path, names: Sequence[str], sensitive: Sequence[bool]) -> tuple[Coded, ...]:
    """The columns of a written extract by their own values, which says nothing of how they came about."""
    with ThreadPoolExecutor(_THREADS) as pool:
        columns = list(pool.map(lambda name: _read([path], name), names))
        coded = list(pool.map(_by_value, columns))
    return tuple(Coded(*pair, guarded) for pair, guarded in zip(coded, sensitive, strict=True))


def count(columns: Sequence[Coded], dropped: Array, terms: Terms, *, recount: bool = False) -> Classes | None:
    """The classes of the rows without `dropped`; None when there could be more than an integer can number.

    `recount` holds every class: then it measures what is there.
    """
    # Sensitive columns last: a class is then all codes of one quotient, and the order of codes is the order of classes.
    order = sorted(range(len(columns)), key=lambda index: columns[index].sensitive)
    sizes = [len(columns[index].values) for index in order]
    if not columns or np.prod([float(size) for size in sizes]) >= _MOST:
        return None
    space = int(np.prod(sizes))
    whole = columns[order[0]].codes.astype(np.int32 if space < 1 << 31 else np.int64)
    for index, size in zip(order[1:], sizes[1:], strict=True):
        whole *= size
        whole += columns[index].codes
    present, counts = _occurring(whole, dropped, space)
    guarded = int(np.prod([size for index, size in zip(order, sizes, strict=True) if columns[index].sensitive]))
    quotient = present // guarded
    classes = np.cumsum(np.concatenate([[0], quotient[1:] != quotient[:-1]])) if len(present) else present
    picked: list[Array] = [None] * len(columns)
    rest = present
    for index, size in zip(reversed(order), reversed(sizes), strict=True):
        rest, picked[index] = np.divmod(rest, size)
    held = np.ones(len(counts), dtype=bool)
    if not recount and len(counts):
        held = (np.bincount(classes, weights=counts) >= terms.k)[classes]
        for found in _kinds(columns, picked, classes, np.ones(len(counts), dtype=bool)):
            held = held & (found >= terms.l)[classes]
    return Classes(tuple(columns), tuple(picked), counts, classes, held, int(counts.sum()))


def _kinds(columns: Sequence[Coded], picked: Sequence[Array], classes: Array, among: Array) -> list[Array]:
    """For each sensitive column, how many values each class has among the rows given; NULL, code 0, is none."""
    guarded = [(column, codes) for column, codes in zip(columns, picked, strict=True) if column.sensitive]
    most, found = int(classes.max()) + 1, []
    for column, codes in guarded:
        chosen = among & (codes > 0)
        of = classes[chosen]
        if len(guarded) > 1:  # with one sensitive column each of its values stands in a class once
            pairs = of.astype(np.int64) * len(column.values) + codes[chosen]
            of = np.unique(pairs) // len(column.values)
        found.append(np.bincount(of, minlength=most))
    return found


def _occurring(whole: Array, dropped: Array, space: int) -> tuple[Array, Array]:
    """The codes that occur and how often, without the rows that give way."""
    if space > _DENSE:
        present, counts = np.unique(np.delete(whole, dropped), return_counts=True)
        return present, counts
    counts = np.bincount(whole, minlength=space)
    if len(dropped):
        counts -= np.bincount(whole[dropped], minlength=space)
    present = np.flatnonzero(counts)
    return present, counts[present]


def _read(files: Sequence[Path], name: str) -> Array:
    """One column of all files; texts as a dictionary."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted
    import pyarrow.parquet as pq  # noqa: PLC0415

    text = [name] if pa.types.is_string(pq.read_schema(files[0]).field(name).type) else []
    tables = [pq.read_table(path, columns=[name], read_dictionary=text, use_threads=False) for path in files]
    return pa.concat_tables(tables).unify_dictionaries()[name].combine_chunks()


def _codes(dimension: Dimension, step: Step, columns: Sequence[Array]) -> list[Coded] | None:
    """The output columns of one dimension, as ``methods.codes`` says; None for a type that is not known here."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    first = columns[0]
    pairs: list[tuple[Array, Array]] = []
    if step.method == "keep" and pa.types.is_dictionary(first.type):
        pairs = [_by_value(first)]
    elif step.method in ("hour", "day", "month") and pa.types.is_timestamp(first.type):
        pairs = [_times(step, first)]
    elif step.method == "band" and pa.types.is_integer(first.type):
        numbers = np.minimum(_numbers(first) // int(step.size), TOP_BAND // int(step.size))
        pairs = [_shifted(first, numbers, pa.int32())]
    elif step.method == "grid" and all(pa.types.is_floating(column.type) for column in columns):
        sizes = degrees(step.size, dimension.latitude)
        for column, size in zip(columns, sizes, strict=True):
            pairs.append(_shifted(column, np.floor(_numbers(column) / size).astype(np.int64), pa.int32()))
    return [Coded(*pair, dimension.sensitive) for pair in pairs] or None


def _numbers(column: Array) -> Array:
    return (column.fill_null(0) if column.null_count else column).to_numpy()


def _by_value(column: Array) -> tuple[Array, Array]:
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    packed = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    values = pa.concat_arrays([pa.nulls(1, packed.dictionary.type), packed.dictionary])
    indices = packed.indices.fill_null(-1) if packed.null_count else packed.indices
    return indices.to_numpy() + np.int32(1), values


def _times(step: Step, column: Array) -> tuple[Array, Array]:
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    local = _numbers(column.cast(pa.timestamp("us", "UTC")).view(pa.int64())) + SHANGHAI_MICROSECONDS
    if step.method == "hour":
        return _shifted(column, local // _HOUR, pa.int32())
    days = local // _DAY
    if step.method == "day":
        return _shifted(column, days, pa.date32())
    low, high = int(days.min()), int(days.max())
    # The months of the few days that occur, instead of calendar arithmetic for every row.
    months = np.arange(low, high + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    codes, values = _shifted(column, months[days - low], pa.int32())
    firsts = np.array(values.fill_null(0).to_numpy(zero_copy_only=False), "datetime64[M]").astype("datetime64[D]")
    return codes, pa.array(firsts.astype(np.int32), pa.int32()).cast(pa.date32()).take(_but_first(len(values)))


def _but_first(size: int) -> Array:
    """Positions of all values, the first of them NULL."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    return pa.concat_arrays([pa.nulls(1, pa.int32()), pa.array(np.arange(1, size), pa.int32())])


def _shifted(column: Array, numbers: Array, kind: Array) -> tuple[Array, Array]:
    """Numbers as codes from 1, 0 for NULL, and the value of each."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    valid = column.is_valid().to_numpy(zero_copy_only=False) if column.null_count else None
    known = numbers if valid is None else numbers[valid]
    low, high = (int(known.min()), int(known.max())) if len(known) else (0, 0)
    codes = (numbers - (low - 1)).astype(np.int32)
    if valid is not None:
        codes[~valid] = 0
    plain = pa.array(np.arange(low, high + 1), pa.int32())
    return codes, pa.concat_arrays([pa.nulls(1, pa.int32()), plain]).cast(kind)
