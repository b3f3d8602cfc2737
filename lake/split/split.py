"""The split: one pass over a delivery that types every value, judges every record, and writes both sides.

Promises:

- every record that the source gives ends in exactly one of two places: ``read = kept + set aside``;
- nothing is numbered by a window and nothing is read twice: records are counted as they stream by;
- memory does not grow with the delivery;
- a record is set aside when it breaks a rule of severity `block` or `quarantine` or cannot be laid out into fields; a
  `warn` rule is counted and lets the record through.

`_line` is the record's place in its file. Where records and lines run in step it is counted; where a file turns out to
have records of several lines, the pass is made once more with the reader's own map.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.compile import BITS, Compiled, split_sql
from infra.errors import Place, Refused
from infra.language import Text
from lake.read.place import filled
from lake.read.source import FAULTS, Source
from lake.room import lacks_room
from lake.split.coordinates import Convert, applied
from lake.store import schema
from lake.store.delta import DELIVERY, LINE
from lake.store.duck import Duck, LakeSettings
from lake.store.parquet import BATCH, ParquetFiles, Written

_STEPS = pa.array(np.arange(BATCH, dtype=np.int64))
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What a split is made of.

    Attributes:
        number: the delivery's number, `_delivery` in every row.
        name: how the files are called, `<name>-<n>.parquet` and `<name>-q-<n>.parquet`.
        given: what the delivery itself gives, e.g. its file name; see `contracts.compile.split_sql`.
        statistics: the columns whose statistics the files may hold (`schema.plain_columns`).
        small: the delivery is a small one: planning its query costs more than running it.
        progress: called with the number of records read so far.
        convert: column → what is done to its values once they are judged; quarantine keeps what was delivered.
    """

    compiled: Compiled
    source: Source
    number: int
    name: str
    scratch: Path
    duck: Duck
    settings: LakeSettings
    given: Mapping[str, str | None] = field(default_factory=dict)
    statistics: tuple[str, ...] = schema.OWN
    small: bool = False
    progress: Progress | None = None
    convert: Mapping[str, Convert] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Split:
    """What came out: files in scratch, counts, and how often each rule was broken.

    Attributes:
        kept: files of the records that passed, with `kept_rows` of them.
        aside: files of the records that were set aside.
        broken: rule id → records that broke it, warnings included.
        blocking: the ids of broken rules of severity `block`.
        source: the source that was read in the end (the precise one, when the fast one gave up).
        in_step: records and lines ran in step.
    """

    read: int
    kept: tuple[Written, ...]
    aside: tuple[Written, ...]
    broken: Mapping[str, int]
    blocking: tuple[str, ...]
    source: Source
    in_step: bool = True

    @property
    def kept_rows(self) -> int:
        """Records that passed."""
        return sum(file.rows for file in self.kept)

    @property
    def aside_rows(self) -> int:
        """Records that were set aside."""
        return sum(file.rows for file in self.aside)


def split(job: Job) -> Split:
    """Read, type, judge and write the delivery of `job`.

    Raises:
        Refused: what the precise reader says of a file that cannot be read; `READ_FAILED` when nobody can say more.
        OSError, duckdb.Error: only for want of disk or memory (`lake.room`).
    """
    try:
        return _with_room(job)
    except duckdb.Error as wrong:
        # The text of DuckDB's error quotes the data: it ends here.
        if lacks_room(wrong):
            raise
        if job.source.precise is None:
            raise _unreadable(job) from None
    again = replace(job, source=job.source.precise())
    try:
        return _with_room(again)
    except duckdb.Error as wrong:
        if lacks_room(wrong):
            raise
        raise _unreadable(job) from None


def _unreadable(job: Job) -> Refused:
    place = Place(dataset=job.compiled.contract.id)
    return Refused("READ_FAILED", "文件无法按契约读取", "the file cannot be read as the contract says", place=place)


def _with_room(job: Job) -> Split:
    """The split; once more with a wide table's memory where the usual one was too little for its columns."""
    try:
        return _in_step(job)
    except duckdb.OutOfMemoryException:
        if not job.duck.widen(len(job.compiled.contract.columns)):
            raise
    return _in_step(job)


def _in_step(job: Job) -> Split:
    done = _pass(job, None)
    if job.source.has_line or not done.read:
        return done
    first, last = job.source.first_line or 1, done.read - 1
    if job.source.lines_of([last], done.read)[last] == first + last:
        return done
    if job.source.precise is not None:
        # Not one line a record: a parallel scan may have begun inside a quoted field. The precise way cannot.
        return _pass(replace(job, source=job.source.precise()), None)
    return _pass(job, done.read)


def _pass(job: Job, total: int | None) -> Split:
    """One pass; with `total`, the number of records, places come from the reader's map."""
    contract = job.compiled.contract
    tally = _Tally(job.compiled)
    kept = _files(job, "", schema.curated(contract), job.statistics)
    aside = _files(job, "-q", schema.QUARANTINE, schema.OWN)
    read = 0
    with job.duck.cursor() as connection, kept, aside:
        for batch in _batches(connection, job):
            lines = places(job.source, batch, read, total)
            stopped = tally.judge(batch)
            read += batch.num_rows
            typed = _typed(job, batch, lines, kept_schema=schema.curated(contract))
            kept.write(applied(job.convert, typed if stopped is None else typed.filter(pa.array(~stopped))))
            if stopped is not None:
                bad = pa.array(stopped)
                aside.write(set_aside(job.compiled, job.number, batch.filter(bad), lines.filter(bad)))
            if job.progress:
                job.progress(read)
    return Split(
        read, tuple(kept.files), tuple(aside.files), tally.broken(), tally.blocking(), job.source, total is None
    )


def _files(job: Job, mark: str, of: pa.Schema, statistics: tuple[str, ...]) -> ParquetFiles:
    return ParquetFiles(job.scratch, job.name + mark, of, statistics, rows_per_file=job.settings.rows_per_file)


def _batches(connection: duckdb.DuckDBPyConnection, job: Job) -> Iterator[pa.RecordBatch]:
    for name, table in job.source.tables.items():
        connection.register(name, table)
    sql = split_sql(job.compiled, job.source.sql, given=job.given)
    parameters = list(job.source.parameters) or None
    # A relation is planned twice, to say its columns and to run: 15 ms more than the copy of a few rows.
    planned = connection.execute(sql, parameters) if job.small else connection.sql(sql, params=parameters)
    reader: pa.RecordBatchReader = planned.to_arrow_reader(BATCH)
    yield from reader


def places(source: Source, batch: pa.RecordBatch, base: int, total: int | None) -> pa.Array:
    """Where the batch's records stand in the file; `base` records came before it.

    With `total`, the number of all records, the reader's own map says; without it, lines run in step with records.
    """
    if source.has_line:
        return batch.column("_line").cast(pa.int64())
    count = batch.num_rows
    if total is None:
        return pc.add(_STEPS[:count], (source.first_line or 1) + base)
    lines = source.lines_of(range(base, base + count), total)
    return pa.array([lines[ordinal] for ordinal in range(base, base + count)], pa.int64())


def _typed(job: Job, batch: pa.RecordBatch, places: pa.Array, *, kept_schema: pa.Schema) -> pa.RecordBatch:
    columns = []
    for wanted in kept_schema:
        if wanted.name == DELIVERY:
            columns.append(pa.array(np.full(batch.num_rows, job.number, dtype=np.int64)))
        elif wanted.name == LINE:
            columns.append(places)
        else:
            column = batch.column(wanted.name)
            columns.append(column if column.type == wanted.type else column.cast(wanted.type))
    return pa.RecordBatch.from_arrays(columns, schema=kept_schema)


class _Tally:
    """Which records stop, and how often each rule was broken."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._stopping = [np.uint64(bits) for bits in compiled.mask_of("block", "quarantine")]
        self._counts = np.zeros(len(compiled.rules), dtype=np.int64)
        self._faults: dict[str, int] = {}

    def judge(self, batch: pa.RecordBatch) -> npt.NDArray[np.bool_] | None:
        """True where a record stops; None when none does."""
        fault = batch.column("_fault")
        torn = None if fault.null_count == batch.num_rows else fault.is_valid().to_numpy(zero_copy_only=False)
        stopped = np.zeros(batch.num_rows, dtype=bool) if torn is None else torn.copy()
        if torn is not None:
            for name in fault.drop_null().to_pylist():
                self._faults[name] = self._faults.get(name, 0) + 1
        for at, name in enumerate(self._compiled.masks):
            mask = batch.column(name).to_numpy(zero_copy_only=False)
            if mask.any():
                # A torn record has no fields: what its rules say of nothing does not count.
                mask = mask if torn is None else np.where(torn, np.uint64(0), mask)
                stopped |= (mask & self._stopping[at]) != 0
                self._count(at, mask[mask != 0])
        return stopped if stopped.any() else None

    def _count(self, at: int, masks: npt.NDArray[np.uint64]) -> None:
        for bit in range(min(BITS, len(self._counts) - at * BITS)):
            self._counts[at * BITS + bit] += int(((masks >> np.uint64(bit)) & np.uint64(1)).sum())

    def broken(self) -> dict[str, int]:
        """Rule id → records."""
        rules = {rule.id: int(count) for rule, count in zip(self._compiled.rules, self._counts, strict=True) if count}
        return rules | {f"record.{name}": count for name, count in self._faults.items()}

    def blocking(self) -> tuple[str, ...]:
        """Ids of broken `block` rules."""
        return tuple(
            rule.id
            for rule, count in zip(self._compiled.rules, self._counts, strict=True)
            if count and rule.severity == "block"
        )


def set_aside(compiled: Compiled, number: int, batch: pa.RecordBatch, places: pa.Array) -> pa.RecordBatch:
    """Stopped records as quarantine rows: what they were, the rules they broke, and sentences for the officer."""
    masks = [batch.column(name).to_pylist() for name in compiled.masks]
    faults = batch.column("_fault").to_pylist()
    said: dict[tuple[object, ...], tuple[list[str], Text]] = {}
    rules, chinese, english = [], [], []
    for row, line in enumerate(places.to_pylist()):
        known = (faults[row], *(mask[row] for mask in masks))
        if known not in said:
            said[known] = _sentences(compiled, faults[row], [mask[row] for mask in masks])
        ids, said_of = said[known]
        rules.append(ids)
        sentence = filled(said_of, line)
        chinese.append(sentence.zh)
        english.append(sentence.en)
    count = batch.num_rows
    columns = [
        pa.array(np.full(count, number, dtype=np.int64)),
        places,
        pa.array(rules, pa.list_(pa.string())),
        batch.column("_raw").cast(pa.string()),
        pa.array(chinese, pa.string()),
        pa.array(english, pa.string()),
        pa.array([compiled.contract.version] * count, pa.string()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema.QUARANTINE)


def _sentences(compiled: Compiled, fault: str | None, masks: list[int]) -> tuple[list[str], Text]:
    if fault is not None:
        return [f"record.{fault}"], FAULTS[fault]
    broken = compiled.failed(masks)
    return (
        [rule.id for rule in broken],
        Text(" ".join(rule.sentence.zh for rule in broken), " ".join(rule.sentence.en for rule in broken)),
    )
