"""Classes counted over arrays: for the rows form, where every second counts.

Promises:

- `Classes.store` leaves the table `classes` exactly as ``measure.group`` does, and `Classes.measure` says what
  ``measure.summary`` says of it (a property test compares both), so nothing after it knows which of the two counted;
- it reads the columns of the plan and no other, texts as the dictionaries that Parquet already holds, and needs four
  bytes a row and dimension beside them;
- it says None, and counts nothing, for what it does not know: other types, values too far apart, too many classes.
"""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sharing.extract.measure import Connection, risk
from sharing.plan.methods import SHANGHAI_MICROSECONDS, TOP_BAND, Dimension, Step, degrees
from sharing.plan.plan import Draft, Measure, Terms

_MOST = 1 << 62
_DENSE = 1 << 24
_HOUR = 3600 * 10**6
_DAY = 24 * _HOUR
_THREADS = 2
_BATCH = 1 << 19
_NULL = -(1 << 31)
_FAR = 1 << 30
_WIDEST = 1 << 21  # codes from the lowest value to the highest: one far-out value may not take memory for all between
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
    import pyarrow.parquet as pq  # noqa: PLC0415 - loaded when something is counted

    parts = [(dim, step) for dim, step in zip(draft.dimensions, steps, strict=True) if step.method != "drop"]
    rows = sum(pq.read_metadata(path).num_rows for path in files)
    schema = pq.read_schema(files[0])
    if draft.form != "rows" or not parts or not rows or not all(_known(schema, dim, step) for dim, step in parts):
        return None
    work = [(dim, step, place) for dim, step in parts for place in range(len(dim.fields))]
    with ThreadPoolExecutor(_THREADS) as pool:
        found = tuple(pool.map(lambda one: _column(files, rows, *one), work))
    known = tuple(column for column in found if column is not None)
    return known if len(known) == len(found) else None


def labels(paths: Sequence[Path], names: Sequence[str], sensitive: Sequence[bool]) -> tuple[Coded, ...]:
    """The columns of a written extract by their own values, which says nothing of how they came about."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - loaded when something is counted

    rows = sum(pq.read_metadata(path).num_rows for path in paths)
    seen = [Dimension(name, "category", (name,), sensitive=of) for name, of in zip(names, sensitive, strict=True)]
    with ThreadPoolExecutor(_THREADS) as pool:
        return tuple(pool.map(lambda one: _by_values(paths, rows, one), seen))


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
    counts = np.zeros(space, dtype=np.int64)
    step = max(_BATCH, space)
    for start in range(0, len(whole), step):
        counts += np.bincount(whole[start : start + step], minlength=space)
    if len(dropped):
        counts -= np.bincount(whole[dropped], minlength=space)
    present = np.flatnonzero(counts)
    return present, counts[present]


def _known(schema: Any, dimension: Dimension, step: Step) -> bool:
    """Whether the step is known here for the types that the columns have."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    fits = {
        "keep": lambda kind: pa.types.is_string(kind) or pa.types.is_date32(kind),
        "hour": pa.types.is_timestamp,
        "day": pa.types.is_timestamp,
        "month": lambda kind: pa.types.is_timestamp(kind) or pa.types.is_date32(kind),
        "band": pa.types.is_integer,
        "grid": pa.types.is_floating,
    }.get(step.method)
    return fits is not None and all(fits(schema.field(name).type) for name in dimension.fields)


def _column(files: Sequence[Path], rows: int, dimension: Dimension, step: Step, place: int) -> Coded | None:
    """One output column, read in batches: large arrays are made once, small ones are made from what was given back."""
    if step.method == "keep":
        return _by_values(files, rows, dimension)
    codes = np.empty(rows, dtype=np.int32)
    start, nulls, low, high = 0, False, math.inf, -math.inf
    for batch in _batches(files, dimension.fields[place], by_value=False):
        part = codes[start : start + len(batch)]
        numbers = _numbers(batch, dimension, step, place)
        empty = ~batch.is_valid().to_numpy(zero_copy_only=False) if batch.null_count else None
        present = numbers if empty is None else numbers[~empty]
        if len(present):
            least, most = present.min().item(), present.max().item()
            low, high = min(low, least), max(high, most)
            if not (most - least < _WIDEST and high - low < _WIDEST and abs(low) < _FAR):
                return None  # what is no number, too
        part[:] = numbers if empty is None else np.where(empty, _NULL, numbers)
        start, nulls = start + len(batch), nulls or empty is not None
    first, last = (int(low), int(high)) if low <= high else (0, 0)
    missing = codes == _NULL if nulls else None
    codes -= first - 1
    if missing is not None:
        codes[missing] = 0
    return Coded(codes, _named(step, first, last), dimension.sensitive)


def _by_values(files: Sequence[Path], rows: int, dimension: Dimension) -> Coded:
    """A column coded by the values that it has, in the order of their appearance."""
    codes = np.empty(rows, dtype=np.int32)
    known: dict[Any, int] = {}
    start, kind = 0, None
    for batch in _batches(files, dimension.fields[0], by_value=True):
        kind = batch.dictionary.type
        codes[start : start + len(batch)] = _by_value(batch, known)
        start += len(batch)
    return Coded(codes, _values([None, *known], kind), dimension.sensitive)


def _batches(files: Sequence[Path], name: str, *, by_value: bool) -> Iterator[Array]:
    """One column of all files in batches; texts and whatever is kept by value as dictionaries."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted
    import pyarrow.parquet as pq  # noqa: PLC0415

    text = [name] if pa.types.is_string(pq.read_schema(files[0]).field(name).type) else []
    for path in files:
        with pq.ParquetFile(path, read_dictionary=text) as file:
            for batch in file.iter_batches(_BATCH, columns=[name], use_threads=False):
                column = batch.column(0)
                yield column if pa.types.is_dictionary(column.type) or not by_value else column.dictionary_encode()


def _by_value(batch: Array, known: dict[Any, int]) -> Array:
    """Codes from 1 in the order of appearance, 0 for NULL; `known` grows."""
    indices = batch.indices.fill_null(-1) if batch.null_count else batch.indices
    mapped = [known.setdefault(value, len(known) + 1) for value in batch.dictionary.to_pylist()]
    return np.array([*mapped, 0], dtype=np.int32)[indices.to_numpy()]


def _numbers(batch: Array, dimension: Dimension, step: Step, place: int) -> Array:
    """The class of each value as a number, as ``methods.codes`` says; anything for NULL."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    filled = batch.fill_null(0) if batch.null_count and not pa.types.is_temporal(batch.type) else batch
    if step.method == "band":
        top = TOP_BAND // int(step.size)
        return np.clip(filled.to_numpy() // int(step.size), -top, top)
    if step.method == "grid":
        with np.errstate(over="ignore"):  # then it is infinitely far out
            return np.floor(filled.to_numpy() / degrees(step.size, dimension.latitude)[place])
    whole = batch.cast(pa.timestamp("us", "UTC")).view(pa.int64())
    local = (whole.fill_null(0) if whole.null_count else whole).to_numpy() + SHANGHAI_MICROSECONDS
    if step.method == "hour":
        return local // _HOUR
    days = local // _DAY
    if step.method == "day":
        return days
    low, high = int(days.min()), int(days.max())
    if high - low >= _WIDEST:
        return _months(days)
    # The months of the days that occur, instead of calendar arithmetic for every row.
    return _months(np.arange(low, high + 1))[days - low]


def _months(days: Array) -> Array:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _named(step: Step, low: int, high: int) -> Array:
    """The value of each code as SQL gives it: NULL, then `low` to `high`."""
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    plain = np.arange(low, high + 1)
    if step.method == "month":
        plain = plain.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    kind = pa.date32() if step.method in ("day", "month") else pa.int32()
    return pa.concat_arrays([pa.nulls(1, pa.int32()), pa.array(plain, pa.int32())]).cast(kind)


def _values(values: Sequence[Any], kind: Any) -> Array:
    import pyarrow as pa  # noqa: PLC0415 - loaded when something is counted

    return pa.array(values, kind or pa.string())
