"""One door to the governance database: SQLite by default, PostgreSQL by URL.

- `write(engine)` is a write transaction: on SQLite `BEGIN IMMEDIATE`, so that writers queue (bounded) instead of
  failing half-way; on PostgreSQL READ COMMITTED, with `lock(connection, name)` where writers of one thing must queue.
- `read(engine)` is one consistent snapshot and never changes anything: it always ends with a rollback.
- What `write` committed is on disk when it returns (SQLite: WAL with synchronous=FULL; PostgreSQL: its default).
- An unreachable, busy or broken database is `Unavailable` with a `DATABASE_…` code; no sentence holds the URL or
  a value.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import Connection, Engine

from infra.database_words import unavailable
from infra.errors import Unavailable, WrongUse
from infra.language import Text
from infra.settings import Secret, Settings
from infra.text import quote_identifier

_QUEUED = ("55P03", "40P01", "40001")  # PostgreSQL: no lock in time, deadlock, serialization failure
_DISK_FULL = "53100"  # PostgreSQL: disk_full
_DISK = ("disk is full", "disk I/O error")  # SQLite; the latter when not even its shared memory finds room
_DENIED = ("readonly database", "unable to open database file")  # SQLite
_RETURN_SECONDS = 1.0  # how long a closing engine waits for connections that are in use
_BUSY_STEP_MS = 1000  # how long SQLite itself waits for a lock before it asks us


class DatabaseSettings(Settings, frozen=True):
    """The governance database."""

    section: ClassVar[str] = "database"

    database: Secret | None = None
    busy_seconds: float = 30.0


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware instant, UTC: ISO text of fixed width in SQLite (so that it sorts), `timestamptz` in PostgreSQL."""

    impl = sa.String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Text in SQLite, else the dialect's own instant."""
        return dialect.type_descriptor(sa.String(32) if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Refuse a naive instant: nobody knows when it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "an instant needs a time zone"
            raise ValueError(message)
        instant = value.astimezone(UTC)
        return instant.isoformat(timespec="microseconds") if dialect.name == "sqlite" else instant

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy calls it so
        """Aware, UTC."""
        if value is None:
            return None
        instant: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
        return instant.astimezone(UTC)


def open_engine(url: str, *, busy_seconds: float = 30.0) -> Engine:
    """An engine for `url`. Connects to nothing yet.

    Raises:
        WrongUse: `DATABASE_ADDRESS` when the URL is none, or of another database than SQLite and PostgreSQL.
    """
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError:
        parsed = None
    if parsed is not None and parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, busy_seconds)
    if parsed is not None and parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return _postgresql(parsed.set(drivername="postgresql+psycopg"), busy_seconds)
    raise WrongUse(
        "DATABASE_ADDRESS",
        "HUB_DATABASE 不是可用的数据库地址",
        "HUB_DATABASE is not an address of a database",
        remedy=Text(
            "写成 sqlite:///<路径> 或 postgresql+psycopg://用户:口令@主机/库",
            "write sqlite:///<path> or postgresql+psycopg://user:password@host/database",
        ),
    )


def _sqlite(url: sa.URL, busy_seconds: float) -> Engine:
    engine = sa.create_engine(
        url, connect_args={"timeout": 0}, hide_parameters=True, pool_size=5, max_overflow=-1
    ).execution_options(hub_busy_seconds=busy_seconds)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself: "begin" below says which kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_STEP_MS}")
        cursor.execute("PRAGMA foreign_keys = ON")
        _journal(cursor, busy_seconds)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("hub_begin", "BEGIN"))

    return engine


def _journal(cursor: Any, busy_seconds: float) -> None:
    """Switch to WAL. The first switch needs the file alone and does not heed busy_timeout: ask again, bounded."""
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except Exception as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _postgresql(url: sa.URL, busy_seconds: float) -> Engine:
    arguments: dict[str, Any] = {"connect_timeout": 10, "application_name": "cityhub"}
    if "options" not in url.query:
        limit = int(busy_seconds * 1000)
        arguments["options"] = f"-c lock_timeout={limit} -c idle_in_transaction_session_timeout=900000 -c timezone=UTC"
    engine = sa.create_engine(
        url,
        connect_args={key: value for key, value in arguments.items() if key not in url.query},
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=32,
        pool_timeout=busy_seconds,
    ).execution_options(hub_busy_seconds=busy_seconds)
    event.listen(engine, "handle_error", _without_values)
    return engine


def _without_values(context: Any) -> None:
    """PostgreSQL's messages quote the values that it refused: keep what it was and which constraint."""
    original, shown = context.original_exception, context.sqlalchemy_exception
    if getattr(original, "sqlstate", None) is None or shown is None:
        return
    constraint = original.diag.constraint_name
    original.args = (f"SQLSTATE {original.sqlstate}" + (f", constraint {constraint}" if constraint else ""),)
    shown.args = (f"({type(original).__name__}) {original.args[0]}",)


@contextlib.contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """A write transaction: committed when the block ends, rolled back when it raises.

    Raises:
        Unavailable: `DATABASE_BUSY` when no lock came within the limit, `DATABASE_DISK`, `DATABASE_DENIED`,
            `DATABASE_UNREACHABLE`, `DATABASE_FAILED`.
    """
    with _ours(), contextlib.closing(_begin(engine)) as connection:
        try:
            yield connection
            connection.commit()
        except BaseException:
            with contextlib.suppress(exc.SQLAlchemyError):
                connection.rollback()
            raise


@contextlib.contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """One consistent snapshot; whatever the block does, nothing is changed.

    Raises:
        Unavailable: as `write`.
    """
    with _ours(), contextlib.closing(engine.connect()) as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            yield connection
        finally:
            connection.rollback()


def lock(connection: Connection, name: str) -> None:
    """Queue with every other transaction that locks `name`, until this one ends. SQLite's writers queue anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


def scrub(engine: Engine, tables: Sequence[str]) -> None:
    """Make deleted and overwritten bytes unreadable in the database's files, as far as the database lets us.

    SQLite: the file is rewritten without what is free in it (in memory: nothing is written elsewhere), and its
    write-ahead log is emptied. PostgreSQL: dead rows of `tables` are vacuumed; its own log and its backups keep their
    own terms.

    Raises:
        Unavailable: `DATABASE_BUSY` while a reader or a writer stands in the way; call again.
    """
    options = {"isolation_level": "AUTOCOMMIT", "hub_begin": "SELECT 1"}  # neither may stand in a transaction
    with _ours(), engine.connect().execution_options(**options) as connection:
        if connection.dialect.name != "sqlite":
            for table in tables:
                connection.exec_driver_sql(f"VACUUM {quote_identifier(table)}")
            return
        deadline = time.monotonic() + float(engine.get_execution_options().get("hub_busy_seconds", 30.0))
        connection.exec_driver_sql("PRAGMA temp_store = MEMORY")
        while not _vacuumed(connection):
            if time.monotonic() > deadline:
                raise unavailable("DATABASE_BUSY")
            time.sleep(0.05)


def _vacuumed(connection: Connection) -> bool:
    """Whether SQLite's file was rewritten and its log emptied, which nobody may be reading or writing meanwhile."""
    try:
        connection.exec_driver_sql("VACUUM")
        return not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
    except exc.OperationalError as error:
        if "locked" not in str(error.orig):
            raise
        return False


def _begin(engine: Engine) -> Connection:
    if engine.dialect.name != "sqlite":
        connection = engine.connect()
        connection.begin()
        return connection
    deadline = time.monotonic() + float(engine.get_execution_options().get("hub_busy_seconds", 30.0))
    while True:
        connection = engine.connect().execution_options(hub_begin="BEGIN IMMEDIATE")
        try:
            connection.begin()
        except exc.OperationalError as error:
            connection.close()
            if "locked" not in str(error.orig) or time.monotonic() > deadline:
                raise
        else:
            return connection


def close_engine(engine: Engine) -> None:
    """Close all connections; what another thread is about to give back is waited for, a moment, that none is left."""
    deadline = time.monotonic() + _RETURN_SECONDS
    while isinstance(engine.pool, sa.QueuePool) and engine.pool.checkedout() and time.monotonic() < deadline:
        time.sleep(0.01)
    engine.dispose()


@contextlib.contextmanager
def _ours() -> Iterator[None]:
    try:
        yield
    except exc.TimeoutError as error:
        raise unavailable("DATABASE_BUSY") from error
    except (exc.OperationalError, exc.InterfaceError) as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == _DISK_FULL or any(said in str(error.orig) for said in _DISK):
            raise unavailable("DATABASE_DISK") from error
        if any(said in str(error.orig) for said in _DENIED):
            raise unavailable("DATABASE_DENIED") from error
        if state in _QUEUED or "locked" in str(error.orig):
            raise unavailable("DATABASE_BUSY") from error
        if state is None and error.statement is None:
            raise unavailable("DATABASE_UNREACHABLE") from error
        raise Unavailable("DATABASE_FAILED", "数据库操作失败", "the database failed") from error


def migrate(engine: Engine, package: str, folder: Any) -> None:
    """Bring the tables of `package` to the newest revision in `folder`; see `infra.migrate`."""
    from infra.migrate import migrate as run  # noqa: PLC0415 - Alembic takes a third of a second to load

    run(engine, package, folder)
