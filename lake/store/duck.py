"""DuckDB as the store uses it: a memory limit, spilling into scratch, UTC, and no door to the outside.

These run our own SQL over files that we name. Questions of people go through `lake.query.query`, which locks more.
"""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import duckdb

from infra import crypto
from infra.settings import Settings

_A_COLUMN = 640 * 1024


class LakeSettings(Settings, frozen=True):
    """How the store works: sizes of what it writes, memory of what it computes."""

    section: ClassVar[str] = "lake"

    memory: str = "384MB"  # of the DuckDB of one process; what needs more spills into scratch
    threads: int = 0  # 0: as many as the machine has
    rows_per_file: int = 5_000_000
    lease_seconds: float = 120.0
    wait_seconds: float = 600.0  # how long a delivery waits for another one of its dataset
    keep_days: int = 30  # old versions of a table stay readable that long


def options(scratch: Path, settings: LakeSettings) -> dict[str, str | bool | int | float | list[str]]:
    """DuckDB's settings for a database that spills into `scratch`."""
    chosen: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory,
        "temp_directory": str(scratch / "spill"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_persistent_secrets": "false",
    }
    if settings.threads:
        chosen["threads"] = str(settings.threads)
    return chosen


class Duck:
    """One DuckDB in memory for everything that a process does with a delivery: one memory limit, one start.

    Attributes:
        address: `:memory:<name>`, for those who connect to it by themselves.
        config: the settings with which they must do so.
    """

    def __init__(self, scratch: Path, settings: LakeSettings) -> None:
        self.address = f":memory:hub-{crypto.random_token(8)}"
        self.config = options(scratch, settings)
        self._root = duckdb.connect(self.address, config=self.config)
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        # It warns of a copy; where few rows are read so (`lake.split.split`), planning a relation would cost more.
        warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)

    def widen(self, columns: int) -> bool:
        """Give a table of so many columns the memory that it takes however few its rows are; whether that is more.

        A piece of each column stands in memory at each step of a query, 2,048 rows long: about half a MiB a column.
        From then on the process computes with one thread, for each would take as much.
        """
        needed = columns * _A_COLUMN
        limit = "SELECT parse_formatted_bytes(value) FROM duckdb_settings() WHERE name = 'memory_limit'"
        [(now,)] = self._root.execute(limit).fetchall()
        if needed <= now:
            return False
        self._root.execute(f"SET GLOBAL memory_limit = '{needed}B'")
        self._root.execute("SET GLOBAL threads = 1")
        return True

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with temporary tables and registered streams of its own."""
        connection = self._root.cursor()
        try:
            yield connection
        finally:
            connection.close()

    def close(self) -> None:
        """Give back the memory."""
        self._root.close()

    def __enter__(self) -> "Duck":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def file_list(paths: list[Path]) -> str:
    """The paths as a DuckDB list literal, for `read_parquet`."""
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"
