"""The engine under a guarded question: a DuckDB that sees the views of one plan and nothing else, and has limits."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import duckdb
import pyarrow as pa

from infra.errors import HubError, Refused, WrongUse
from infra.language import Text
from infra.settings import Settings
from infra.storage import ObjectStore
from infra.text import quote_identifier
from lake import guard, mask
from lake.store_files import dataset_of

BATCH_ROWS = 8192


class QuerySettings(Settings, frozen=True):
    """What one question may use."""

    section: ClassVar[str] = "query"

    rows: int = 1_000_000
    bytes: int = 512 << 20
    seconds: float = 60.0
    memory: str = "1GB"
    spill: str = "8GB"
    threads: int = 2


@contextmanager
def connection(scratch: Path, settings: QuerySettings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory with the limits of `settings`, spilling into `scratch`; closed with the block."""
    spill = scratch / "spill"
    spill.mkdir()
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": settings.memory,
            "threads": settings.threads,
            "temp_directory": str(spill),
            "max_temp_directory_size": settings.spill,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_unsigned_extensions": "false",
            "allow_persistent_secrets": "false",
            "python_enable_replacements": "false",
            "preserve_insertion_order": "true",
        },
    )
    try:
        connection.execute("SET TimeZone = 'Asia/Shanghai'")
        yield connection
    finally:
        connection.close()


def make_views(store: ObjectStore, connection: duckdb.DuckDBPyConnection, plan: mask.Plan) -> None:
    """Build the views, then shut every door: only the files of their snapshots can be opened."""
    scans: dict[str, str | None] = {}
    allowed: list[str] = []
    for number, one in enumerate(plan.sources):
        paths = [store.local(key) for key in one.snapshot.keys()]  # noqa: SIM118 - object keys
        local = [str(path) for path in paths if path is not None]
        if not paths:
            scans[one.resource.id] = None
        elif len(local) == len(paths):
            allowed += local
            scans[one.resource.id] = f"read_parquet([{', '.join(map(_literal, local))}], union_by_name = true)"
        else:
            # A name that no SQL of a reader can say: outside WITH it lacks a unit, and WITH defines plain names only.
            connection.register(f"source/{number}", dataset_of(store, one.snapshot))
            scans[one.resource.id] = quote_identifier(f"source/{number}")
    connection.execute(f"SET allowed_paths = [{', '.join(map(_literal, allowed))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    for relation, sources in plan.views.items():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(relation.schema)}")
        name = f"{quote_identifier(relation.schema)}.{quote_identifier(relation.table)}"
        body = mask.view_sql(relation, sources, lambda one: scans[one.resource.id])
        try:
            connection.execute(f"CREATE VIEW {name} AS {body}")
        except duckdb.Error:
            raise Refused("QUERY_FAILED", "无法读取已发布的文件", "the published files cannot be read") from None


def prepare(connection: duckdb.DuckDBPyConnection, checked: guard.Checked) -> duckdb.DuckDBPyRelation:
    """Bind the query against the views, so that a mistake is told before anything is recorded or read.

    Raises:
        WrongUse: `QUERY_SYNTAX`, `QUERY_WRONG`.
    """
    if connection.extract_statements(checked.sql)[0].named_parameters:
        raise WrongUse("QUERY_SYNTAX", "不支持参数占位符", "parameters are not supported in the query")
    try:
        return connection.sql(checked.sql)
    except duckdb.Error as error:
        raise _translated(error) from None


@contextmanager
def deadline(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Stop what runs on `connection` after `seconds`; DuckDB's errors leave as ours.

    Raises:
        Refused: `QUERY_TIMEOUT`, `QUERY_MEMORY`, `QUERY_FAILED`.
    """
    over = threading.Event()

    def interrupt() -> None:
        over.set()
        connection.interrupt()

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.Error as error:
        if over.is_set():
            raise Refused(
                "QUERY_TIMEOUT",
                f"查询超过 {seconds:g} 秒，已中止",
                f"the query took more than {seconds:g} s and was stopped",
                remedy=Text("缩小范围，或先聚合", "narrow it, or aggregate first"),
            ) from None
        raise _translated(error) from None
    finally:
        timer.cancel()


def fetch(relation: duckdb.DuckDBPyRelation, limit: int, most_bytes: int) -> tuple[pa.Table, bool]:
    """Fetch `relation`; at most `limit` rows, and whether there were more.

    Raises:
        Refused: `QUERY_TOO_LARGE` beyond `most_bytes`.
    """
    reader: pa.RecordBatchReader = relation.limit(limit + 1).to_arrow_reader(BATCH_ROWS)
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reader:
        if batch.num_rows == 0:
            continue
        room = limit - rows
        kept = batch.slice(0, room) if batch.num_rows > room else batch
        batches.append(kept)
        rows += kept.num_rows
        size += kept.nbytes
        if size > most_bytes:
            raise Refused(
                "QUERY_TOO_LARGE",
                f"结果超过 {most_bytes >> 20} MiB",
                f"the result is larger than {most_bytes >> 20} MiB",
                remedy=Text("减少列或行，或提高 HUB_QUERY_BYTES", "ask for less, or raise HUB_QUERY_BYTES"),
            )
        if batch.num_rows > room:
            return _in_utc(pa.Table.from_batches(batches, reader.schema)), True
    return _in_utc(pa.Table.from_batches(batches, reader.schema)), False


def _in_utc(table: pa.Table) -> pa.Table:
    """Instants carry the session's zone as a label; the instant is the same, the label becomes UTC's."""
    fields = [
        column.with_type(pa.timestamp(column.type.unit, "UTC"))
        if pa.types.is_timestamp(column.type) and column.type.tz
        else column
        for column in table.schema
    ]
    return table.cast(pa.schema(fields))


def _translated(error: duckdb.Error) -> HubError:
    """DuckDB's error as ours. Only messages on the reader's own text are repeated; those on data may hold values."""
    if isinstance(error, duckdb.ParserException | duckdb.BinderException | duckdb.CatalogException):
        told = guard.said(error)
        return WrongUse("QUERY_WRONG", f"查询有误：{told}", f"the query is wrong: {told}")
    if isinstance(error, duckdb.OutOfMemoryException):
        return Refused(
            "QUERY_MEMORY",
            "查询超出内存或临时空间上限",
            "the query needs more memory or spilling space than it may use",
            remedy=Text("缩小范围，或先聚合", "narrow it, or aggregate first"),
        )
    kind = type(error).__name__.removesuffix("Exception")
    return Refused(
        "QUERY_FAILED",
        f"查询执行失败（{kind}），常见原因是类型转换；可用 TRY_CAST",
        f"the query failed while it ran ({kind}); often a cast does, TRY_CAST gives NULL instead",
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
