"""What of a dataset's quarantine would get into the published table today: judged, compared, audited; nothing stored.

The rules of a row judge the quarantined rows alone. Keys, duplicates and the rules of a delivery as a whole judge them
with what is published: a row loses to a published one of its key, whatever the contract says of two in one delivery. A
delivery of which a row still breaks a rule that blocks, or that its rows would make break one, stays as it is.

An append's deliveries are weighed in their order, each against those before it. Of a snapshot only the newest says what
is so: the published one, or one that was blocked after it and then takes its place (both: `lake.replay.append`). Those
of an upsert are weighed together (`lake.replay.upsert`).
"""

# ruff: noqa: S608 - names go through quote_identifier, paths through file_list, the rest is numbers and names of ours

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from catalogs.lookup import resource
from contracts.compile import Compiled
from infra import crypto
from infra.text import quote_identifier
from lake.audit.verdict import Finding
from lake.ingest import Session
from lake.publish.replaying import Moving
from lake.read.source import Source
from lake.records.record import Row
from lake.replay.audit import Place, written
from lake.replay.source import AT, converted, copied, source
from lake.split.split import Job, Split, split
from lake.store import schema
from lake.store.delta import DELIVERY, LINE, DataFile, Snapshot, curated_key, quarantine_key
from lake.store.duck import file_list
from lake.store.parquet import BATCH, Written


@dataclass(slots=True)
class Weighed:
    """What would move.

    Attributes:
        name: how its files begin.
        base: the version of the published table; 0 where there is none.
        aside: the quarantine table that was weighed; None: there is none.
        mode: append, or overwrite.
        files: what the published table would gain.
        moving: by delivery, in their order.
        leaving: `_at` of every row that leaves quarantine.
        broken: rule id → rows that stay because of it.
        held: delivery's id → why it stays as a whole.
        taken: files of the published table that leave it: they hold rows that an upsert replaces.
        replaced: the number of a delivery → its rows that are replaced.
    """

    name: str
    base: int
    aside: Snapshot | None
    mode: str = "append"
    files: list[Written] = field(default_factory=list)
    moving: list[Moving] = field(default_factory=list)
    leaving: list[npt.NDArray[np.int64]] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    held: dict[str, tuple[Finding | str, ...]] = field(default_factory=dict)
    taken: tuple[DataFile, ...] = ()
    replaced: Mapping[int, int] = field(default_factory=dict)


Take = Callable[["Work", Weighed, Sequence[Row], Mapping[int, Sequence[str]]], None]


def weigh(session: Session, rows: Sequence[Row], compiled: Compiled, scratch: Path, take: Take) -> Weighed:
    """Weigh the quarantine of these deliveries, in this order, by `take`: `replay_append.take` or `replay_upsert.take`.

    Raises:
        Refused: `REPLAY_NAMES`, `LAKE_TABLE_SCHEMA`.
        Unavailable: `AUDIT_FAILED`, or a store that is not there.
    """
    contract, lake = compiled.contract, session.lake
    published = lake.snapshot(curated_key(contract.id)) if lake.exists(curated_key(contract.id)) else None
    aside = lake.snapshot(quarantine_key(contract.id)) if lake.exists(quarantine_key(contract.id)) else None
    # An attempt's files are never those of another.
    name = f"replay-{crypto.random_token(6)}"
    found = Weighed(name, 0 if published is None else published.version, aside)
    numbers = {row["number"] for row in rows}
    files = copied(session.ground, aside, numbers, scratch, session.settings.rows_per_file) if aside and rows else ()
    if not files:
        return found
    with session.duck.cursor() as connection:
        work = Work(session, compiled, scratch, name, connection, published, files)
        done = work.split()
        found.broken |= {rule: count for rule, count in done.broken.items() if rule not in work.harmless}
        if done.kept:
            blocked = work.blocked(done) | converted(session.ground, contract, rows)
            work.passing(done)
            take(work, found, rows, blocked)
    return found


@dataclass(slots=True)
class Work:
    """The passing rows of the deliveries in DuckDB, and what they are weighed against."""

    session: Session
    compiled: Compiled
    scratch: Path
    name: str
    connection: duckdb.DuckDBPyConnection
    published: Snapshot | None
    copied: tuple[Written, ...]

    @property
    def harmless(self) -> frozenset[str]:
        """The rules that keep no row out."""
        return frozenset(rule.id for rule in self.compiled.rules if rule.severity == "warn")

    def laid_out(self) -> Source:
        """The rows as a source; once more with a wide table's memory, where their names alone took all there was."""
        contract = self.compiled.contract
        try:
            return source(self.connection, contract, self.copied)
        except duckdb.OutOfMemoryException:
            if not self.session.duck.widen(len(contract.columns)):
                raise
        return source(self.connection, contract, self.copied)

    def split(self) -> Split:
        """The rows of all deliveries, judged by today's rules; `_line` is `_at` in what comes out."""
        job = Job(
            compiled=self.compiled,
            source=self.laid_out(),
            number=0,
            name=f"{self.name}-s",
            scratch=self.scratch,
            duck=self.session.duck,
            settings=self.session.settings,
            given={"file_name": None},
        )
        return split(job)

    def blocked(self, done: Split) -> dict[int, tuple[str, ...]]:
        """Delivery's number → the rules that block and that a row of it still breaks."""
        rules = [rule.id for rule in self.compiled.rules if rule.severity == "block"]
        if not rules or not done.aside:
            return {}
        query = f"""
            SELECT {DELIVERY}, rule FROM (
                SELECT a.{DELIVERY}, unnest(q.rules) AS rule
                FROM {parquet(done.aside)} AS q JOIN {parquet(self.copied)} AS a ON q.{LINE} = a.{AT})
            WHERE rule IN (SELECT unnest($1::VARCHAR[])) GROUP BY ALL ORDER BY ALL"""
        found: dict[int, tuple[str, ...]] = {}
        for number, rule in self.connection.execute(query, [rules]).fetchall():
            found[number] = (*found.get(number, ()), rule)
        return found

    def passing(self, done: Split) -> None:
        """The rows that keep today's rules, with their own deliveries, lines and `_at`: the table `passing`."""
        query = f"""
            CREATE TEMP TABLE passing AS
            SELECT {names(self.compiled, "k.")}, a.{DELIVERY}, a.{LINE}, a.{AT}
            FROM {parquet(done.kept)} AS k JOIN {parquet(self.copied)} AS a ON k.{LINE} = a.{AT}"""
        self.connection.execute(query)

    def broken(self, leaving: str) -> dict[str, int]:
        """Rule id → how many of the rows, by the query of their `_at`, stand in quarantine under it."""
        rules = f"SELECT unnest(rules) AS rule FROM {parquet(self.copied)} SEMI JOIN ({leaving}) USING ({AT})"
        query = f"SELECT rule, count(*) FROM ({rules}) GROUP BY rule ORDER BY rule"
        return dict(self.connection.execute(query).fetchall())

    def final(self, entering: str, name: str) -> tuple[Written, ...]:
        """The rows, by the query of their `_at`, in files as they would be published."""
        query = f"""
            SELECT {names(self.compiled)}, {DELIVERY}, {LINE} FROM passing SEMI JOIN ({entering}) USING ({AT})
            ORDER BY {LINE}, {AT}"""
        return self.written(query, name, self.plain)

    @property
    def plain(self) -> tuple[str, ...]:
        """The columns whose extremes the published files may tell."""
        items = resource(self.session.ground.engine, self.compiled.contract.id).items
        return schema.plain_columns(self.compiled.contract, items)

    def written(self, query: str, name: str, statistics: tuple[str, ...]) -> tuple[Written, ...]:
        """What `query` gives, in files of the published table's columns."""
        batches: pa.RecordBatchReader = self.connection.execute(query).to_arrow_reader(BATCH)
        return written(self.place, name, statistics, batches)

    @property
    def place(self) -> Place:
        """Where files are written, and what of."""
        return Place(self.scratch, self.compiled.contract, self.session.settings.rows_per_file)


def names(compiled: Compiled, of: str = "") -> str:
    """The contract's columns for a query, each after `of`."""
    return ", ".join(of + quote_identifier(one.name) for one in compiled.contract.columns)


def paths(files: Sequence[Path]) -> str:
    """The Parquet files for a query."""
    return f"read_parquet({file_list(list(files))})"


def parquet(files: Sequence[Written]) -> str:
    """As `paths`."""
    return paths([file.path for file in files])
