"""The process under a guarded question: one DuckDB, one plan's views, one SELECT, and limits that hold.

A single call of a function can neither be interrupted nor bounded inside DuckDB (`levenshtein` of two long texts,
`repeat` of a billion characters, also while the query is only bound). So this process limits its own address space and
processor time before it meets the reader's text, and whoever started it ends it at the deadline. It ends by itself when
standard input does: nobody is there any more who wants the answer.

On standard input: a pickled `Job`, then one byte once the read stands in the ledger. On standard output: lines of JSON
(`{}`, or an error) and, between the third and the last, the rows as an Arrow stream:

    {} ready   {} bound   [the byte]   {} running   rows   {} complete
"""

import json
import os
import pickle
import re
import resource
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.ipc

from infra.errors import HubError, Refused, WrongUse
from infra.language import Text
from infra.text import quote_identifier
from lake.query import guard
from lake.store.versions import Snapshot

BATCH_ROWS = 8192
NO_MEMORY = 3  # the exit status of a process that has none left to say so
_HEADROOM = 512 << 20  # beside what DuckDB counts: Arrow's batches, threads, what the allocators keep
# While rows are fetched, DuckDB's errors come through Arrow as errors of the system, with the same words.
ENGINE = (duckdb.Error, pa.ArrowException, OSError, RuntimeError)
_KINDS = frozenset(name.removesuffix("Exception") for name in dir(duckdb) if name.endswith("Exception"))
_SIZE = re.compile(r"([0-9.]+) (bytes|KiB|MiB|GiB|TiB)")
_UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


@dataclass(frozen=True, slots=True)
class Job:
    """All that the process needs to know.

    Attributes:
        sql: the reader's text, checked.
        views: schema, table and body of each view, in our own SQL.
        allowed: the files that may be opened.
        far: name → snapshot in a store whose objects are no local files.
        store: the variables that name that store, and `home`; empty when nothing is far.
        rows, bytes: at most so many are sent.
        spill: the folder for what memory does not hold, at most `spilled` of it.
        cpu: seconds of processor time, of all threads together.
    """

    sql: str
    views: tuple[tuple[str, str, str], ...]
    allowed: tuple[str, ...]
    rows: int
    bytes: int
    spill: str
    spilled: str
    memory: str
    threads: int
    cpu: int
    far: Mapping[str, Snapshot] = field(default_factory=dict)
    store: Mapping[str, str] = field(default_factory=dict)
    home: str = ""


def main() -> None:
    """Answer one job; never returns: what DuckDB would tidy up at the end is nobody's any more."""
    inbox: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(inbox,), daemon=True).start()
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # no library's word gets between ours
        try:
            _say(out, {})
            _work(inbox, out)
            out.flush()
        except MemoryError:
            os._exit(NO_MEMORY)
        except OSError:
            os._exit(1)  # nobody reads any more
        os._exit(0)


def _listen(inbox: "SimpleQueue[Any]") -> None:
    try:
        inbox.put(pickle.load(sys.stdin.buffer))  # noqa: S301 - from whoever started this process
        while sys.stdin.buffer.read(1):
            inbox.put(None)
    finally:
        os._exit(1)


def _work(inbox: "SimpleQueue[Any]", out: BinaryIO) -> None:
    job: Job = inbox.get()
    try:
        with connection(job) as engine:
            limit_self(engine, job.cpu)
            make_views(engine, job)
            relation = _prepare(engine, job.sql)
            _say(out, {})
            inbox.get()
            _send(relation, job, out)
    except HubError as error:
        remedy = [error.remedy.zh, error.remedy.en] if error.remedy else None
        wrong = isinstance(error, WrongUse)
        _say(out, {"code": error.code, "zh": error.text.zh, "en": error.text.en, "remedy": remedy, "wrong_use": wrong})


def _say(out: BinaryIO, said: Mapping[str, Any]) -> None:
    out.write(json.dumps(said).encode() + b"\n")
    out.flush()


@contextmanager
def connection(job: Job) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory with the limits of `job`; closed with the block."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": job.memory,
            "threads": job.threads,
            "temp_directory": job.spill,
            "max_temp_directory_size": job.spilled,
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


def limit_self(connection: duckdb.DuckDBPyConnection, cpu: int) -> None:
    """Bound this process: what it has and what DuckDB may take and some more; processor time; no core file."""
    told = connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
    found = _SIZE.fullmatch(told)
    memory = int(float(found[1]) * _UNITS[found[2]]) if found else 0
    most = _address_space() + memory + _HEADROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _address_space() -> int:
    """What this process has mapped, most of it libraries, in bytes; a generous guess where no system tells."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 2 << 30


def make_views(connection: duckdb.DuckDBPyConnection, job: Job) -> None:
    """Build the views, then shut every door: only the files of their snapshots can be opened."""
    if job.far:
        _register_far(connection, job)
    connection.execute(f"SET allowed_paths = [{', '.join(map(_literal, job.allowed))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    for schema, table, body in job.views:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(schema)}")
        try:
            connection.execute(f"CREATE VIEW {quote_identifier(schema)}.{quote_identifier(table)} AS {body}")
        except duckdb.Error:
            raise Refused("QUERY_FAILED", "无法读取已发布的文件", "the published files cannot be read") from None


def _register_far(connection: duckdb.DuckDBPyConnection, job: Job) -> None:
    from infra.settings import load  # noqa: PLC0415 - a store of its own is not for every question
    from infra.storage import StoreSettings, open_store  # noqa: PLC0415
    from lake.store.files import dataset_of  # noqa: PLC0415

    store = open_store(load(StoreSettings, job.store), Path(job.home))
    for name, snapshot in job.far.items():
        connection.register(name, dataset_of(store, snapshot))


def _prepare(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyRelation:
    """Bind the query against the views, so that a mistake is told before anything is recorded or read."""
    if connection.extract_statements(sql)[0].named_parameters:
        raise WrongUse("QUERY_SYNTAX", "不支持参数占位符", "parameters are not supported in the query")
    try:
        return connection.sql(sql)
    # Only here is a message on the reader's own text and on names; what fails while it runs may hold values.
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
        told = guard.said(error)
        raise WrongUse("QUERY_WRONG", f"查询有误：{told}", f"the query is wrong: {told}") from None
    except ENGINE as error:
        raise _failed(error) from None


def _send(relation: duckdb.DuckDBPyRelation, job: Job, out: BinaryIO) -> None:
    try:
        reader: pa.RecordBatchReader = relation.limit(job.rows).to_arrow_reader(BATCH_ROWS)
    except ENGINE as error:
        raise _failed(error) from None
    _say(out, {})
    failed: HubError | None = None
    size = 0
    with pa.ipc.new_stream(out, reader.schema) as stream:
        batches = iter(reader)
        while True:
            try:
                batch = next(batches)
            except StopIteration:
                break
            except ENGINE as error:
                failed = _failed(error)
                break
            size += batch.nbytes
            if size > job.bytes:
                failed = _too_large(job.bytes)
                break
            if batch.num_rows:
                stream.write_batch(batch)
    if failed is not None:
        raise failed
    _say(out, {})


def _failed(error: Exception) -> HubError:
    """DuckDB's error as ours, without a word of its message."""
    if isinstance(error, duckdb.OutOfMemoryException | pa.ArrowMemoryError) or "Out of Memory" in str(error)[:40]:
        return no_memory()
    kind = type(error).__name__.removesuffix("Exception") if isinstance(error, duckdb.Error) else _kind(str(error))
    return Refused(
        "QUERY_FAILED",
        f"查询执行失败（{kind}），常见原因是类型转换；可用 TRY_CAST",
        f"the query failed while it ran ({kind}); often a cast does, TRY_CAST gives NULL instead",
    )


def _kind(said: str) -> str:
    """The kind at the front of DuckDB's message, "Invalid Input Error: …": one that we know, and no word more."""
    kind = said.partition(" Error: ")[0].replace(" ", "")
    return kind if kind in _KINDS else "Arrow"


def _too_large(most: int) -> Refused:
    return Refused(
        "QUERY_TOO_LARGE",
        f"结果超过 {most >> 20} MiB",
        f"the result is larger than {most >> 20} MiB",
        remedy=Text("减少列或行，或提高 HUB_QUERY_BYTES", "ask for less, or raise HUB_QUERY_BYTES"),
    )


def no_memory() -> Refused:
    """The refusal of a question that broke its limit on memory."""
    return Refused(
        "QUERY_MEMORY",
        "查询超出内存或临时空间上限",
        "the query needs more memory or spilling space than it may use",
        remedy=Text("缩小范围，或先聚合", "narrow it, or aggregate first"),
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
