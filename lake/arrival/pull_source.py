"""A unit's database as a pull sees it: one SELECT, read-only, streamed, with an end to every waiting.

PostgreSQL (psycopg), MariaDB and MySQL (PyMySQL) and SQLite; what else SQLAlchemy has a dialect for goes the same way,
without a statement timeout of the server's own.
"""

import contextlib
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Connection, Engine

from catalogs.folder.doors import Pull
from infra.errors import Place, Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.settings import Secret

_FETCH = 5_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: of the whole answer, and to connect."""

    seconds: float
    connect_seconds: float


def setting(pull: Pull) -> str:
    """The name of the setting that holds the source's address."""
    return f"HUB_PULL_{pull.connection}"


def engine(ground: Ground, pull: Pull, limits: Limits) -> Engine:
    """An engine for the pull's source; connects to nothing yet.

    Raises:
        WrongUse: PULL_ADDRESS.
    """
    given = Secret(ground.environ.get(setting(pull), "").strip())
    try:
        url = sa.make_url(given.reveal())
        if url.get_backend_name() == "sqlite":
            url = _read_only(url)
        made = sa.create_engine(
            url, poolclass=sa.pool.NullPool, hide_parameters=True, connect_args=_arguments(url, limits)
        )
    except (exc.ArgumentError, exc.NoSuchModuleError, ImportError):
        name = setting(pull)
        # "from None": the library's message repeats the address.
        raise WrongUse(
            "PULL_ADDRESS",
            f"{name} 未设置，或不是可用的数据库地址",
            f"{name} is not set, or is no address of a database that can be drawn from",
            place=Place(dataset=pull.dataset),
            remedy=Text(
                f"设 {name}=postgresql+psycopg://…、mysql+pymysql://… 或 sqlite:///<路径>",
                f"set {name}=postgresql+psycopg://…, mysql+pymysql://… or sqlite:///<path>",
            ),
        ) from None
    return made


def _read_only(url: sa.URL) -> sa.URL:
    path = quote(url.database or "")
    return url.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"})


def _arguments(url: sa.URL, limits: Limits) -> dict[str, Any]:
    wait, whole = max(1, int(limits.connect_seconds)), int(limits.seconds * 1000)
    if url.get_backend_name() == "postgresql":
        options = f"-c statement_timeout={whole} -c timezone=UTC -c default_transaction_read_only=on"
        return {"connect_timeout": wait, "application_name": "cityhub-pull", "options": options}
    if url.get_backend_name() in ("mysql", "mariadb"):
        return {"connect_timeout": wait, "read_timeout": max(1, int(limits.seconds)), "charset": "utf8mb4"}
    return {"timeout": wait} if url.get_backend_name() == "sqlite" else {}


def selection(pull: Pull, since: bool) -> Any:
    """The statement: the city's table or query, from the watermark on, in its order. Values are parameters."""
    if pull.table is not None:
        schema, _, name = pull.table.rpartition(".")
        source: Any = sa.table(name, schema=schema or None)
    else:
        source = sa.text(pull.query or "").columns().subquery("drawn")
    at: sa.ColumnClause[Any] = sa.column(pull.watermark)
    shown: list[Any] = [sa.column(name) for name in dict.fromkeys((*pull.columns, pull.watermark))]
    shown = shown if pull.columns else [sa.literal_column("*")]
    limit = at >= sa.bindparam("since") if since else at.is_not(None)
    return sa.select(*shown).select_from(source).where(limit).order_by(at)


def answers(ground: Ground, pull: Pull, statement: Any, since: Any, limits: Limits) -> Generator[tuple[list[str], Any]]:
    """The names of the columns and each row, streamed from one read-only transaction that changes nothing.

    Raises:
        WrongUse: PULL_ADDRESS.
        Unavailable: PULL_UNREACHABLE; PULL_FAILED with the kind of the failure; PULL_SLOW.
    """
    source = engine(ground, pull, limits)
    until = time.monotonic() + limits.seconds
    try:
        with source.connect() as connection:
            _prepare(connection, limits)
            values = {} if since is None else {"since": since}
            result = connection.execution_options(stream_results=True, max_row_buffer=_FETCH).execute(statement, values)
            columns = list(result.keys())
            with contextlib.closing(result):
                for row in result:
                    yield columns, row
                    if time.monotonic() > until:
                        raise _slow(pull)
    except exc.SQLAlchemyError as error:
        raise _failed(pull, error) from None
    finally:
        source.dispose()


def reach(ground: Ground, pull: Pull, limits: Limits) -> None:
    """Make sure that the pull's columns can be read, by its own statement over no row.

    Raises:
        WrongUse, Unavailable: as `answers`.
    """
    for _ in answers(ground, pull, selection(pull, False).where(sa.false()), None, limits):
        pass


def _prepare(connection: Connection, limits: Limits) -> None:
    if connection.dialect.name in ("mysql", "mariadb"):
        connection.exec_driver_sql("SET SESSION time_zone = '+00:00'")
        if getattr(connection.dialect, "is_mariadb", False):
            connection.exec_driver_sql(f"SET SESSION max_statement_time = {float(limits.seconds):.3f}")
        else:
            connection.exec_driver_sql(f"SET SESSION max_execution_time = {int(limits.seconds * 1000)}")
        connection.rollback()
        connection.exec_driver_sql("START TRANSACTION READ ONLY")


def _slow(pull: Pull) -> Unavailable:
    return Unavailable(
        "PULL_SLOW",
        "来源数据库未在时限内给出全部数据，什么都没有接收",
        "the source did not give everything in time; nothing was taken",
        place=Place(dataset=pull.dataset),
        remedy=Text("减小 rows，或调高 HUB_PULL_SECONDS", "lower rows, or raise HUB_PULL_SECONDS"),
    )


def _failed(pull: Pull, error: exc.SQLAlchemyError) -> Unavailable:
    """The kind of what went wrong: the library's own words may hold the address or a value."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if isinstance(error, exc.OperationalError | exc.InterfaceError) and error.statement is None:
        return Unavailable(
            "PULL_UNREACHABLE",
            f"无法连接来源数据库（{setting(pull)}），或其拒绝登录",
            f"the source behind {setting(pull)} cannot be reached, or refuses the login",
            place=Place(dataset=pull.dataset),
            remedy=Text("检查地址、账号权限与该数据库服务", "check address, account and the database's service"),
        )
    kind = type(error).__name__ if state is None else f"SQLSTATE {state}"
    return Unavailable(
        "PULL_FAILED",
        f"来源数据库执行抽取失败（{kind}）",
        f"the source could not answer ({kind})",
        place=Place(dataset=pull.dataset),
        remedy=Text("检查 arrivals.yaml 中的表、列与账号的只读权限", "check table, columns and the right to read"),
    )
