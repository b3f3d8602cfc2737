"""DuckDB for Great Expectations: the gaps between `duckdb-engine` and the library, closed.

1. Great Expectations fetches rows after it has handed the connection back, which empties a DuckDB result: the execution
   context here keeps the first rows of every result in memory. Results of expectations are counts and few rows.
2. It knows no regular expression operator for this dialect: `TYPES` makes it write `regexp_like`, and every connection
   gets a macro of that name with the meaning that the library means, a match anywhere in the text.
3. Reflection of a view of Parquet files fails, slowly, and the library then reads a row to learn the columns' names.

Importing this module registers the SQLAlchemy dialect `duckdb+audit`.
"""

from types import SimpleNamespace
from typing import Any

import duckdb
import duckdb_engine
from sqlalchemy import event
from sqlalchemy.dialects import registry
from sqlalchemy.engine import Engine
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.types import NULLTYPE

from infra.text import quote_identifier

_MOST = 100_000  # rows of a result; the library asks for counts, for 200 rows at most, and for each column's name
URL = "duckdb+audit:///"

# What the library looks for to choose its regular expression operator; see get_dialect_regex_expression.
TYPES = SimpleNamespace(TrinoDialect=None)
_MACRO = "CREATE MACRO IF NOT EXISTS regexp_like(said, pattern) AS regexp_matches(said, pattern)"


_Dialect: Any = duckdb_engine.Dialect
_Context: Any = _Dialect.execution_ctx_cls


class _BufferedContext(_Context):  # type: ignore[misc]
    def post_exec(self) -> None:
        super().post_exec()
        if self.cursor.description:
            rows = self.cursor.fetchmany(_MOST)
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(self.cursor, initial_buffer=rows)


class AuditDialect(_Dialect):  # type: ignore[misc]
    """`duckdb-engine` with buffered results."""

    execution_ctx_cls = _BufferedContext
    supports_statement_cache = True

    def connect(self, *_: Any, **parameters: Any) -> Any:
        """A connection with the given settings and no others, so that it may join a database that is open already."""
        return duckdb_engine.ConnectionWrapper(duckdb.connect(parameters["database"], config=parameters["config"]))

    def get_columns(self, connection: Any, table_name: str, *_: Any, **__: Any) -> list[dict[str, Any]]:
        """The columns' names; what fails in `duckdb-engine` makes the library read a row instead, values and all."""
        rows = connection.exec_driver_sql(f"DESCRIBE {quote_identifier(table_name)}").fetchall()
        return [{"name": row[0], "type": NULLTYPE, "nullable": True, "default": None} for row in rows]

    def get_pk_constraint(self, *_: Any, **__: Any) -> dict[str, Any]:
        """None: Parquet files have no keys."""
        return {"constrained_columns": [], "name": None}


def prepare(engine: Engine) -> None:
    """Give every connection of `engine` what the expectations need."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(_MACRO)


registry.register("duckdb.audit", __name__, "AuditDialect")
