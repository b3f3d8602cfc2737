"""DuckDB connections of the store: a memory limit, spilling into scratch, UTC, and no door to the outside.

These run our own SQL over files that we name. Questions of people go through `lake.query`, which locks more.
"""

from pathlib import Path
from typing import ClassVar

import duckdb

from infra.settings import Settings


class LakeSettings(Settings, frozen=True):
    """How the store works: sizes of what it writes, memory of what it computes."""

    section: ClassVar[str] = "lake"

    memory: str = "384MB"  # of one DuckDB connection; what needs more spills into scratch
    threads: int = 0  # 0: as many as the machine has
    rows_per_file: int = 5_000_000
    lease_seconds: float = 120.0
    wait_seconds: float = 600.0  # how long a delivery waits for another one of its dataset
    keep_days: int = 30  # old versions of a table stay readable that long


def options(scratch: Path, settings: LakeSettings) -> dict[str, str | bool | int | float | list[str]]:
    """DuckDB's settings for a connection that spills into `scratch`."""
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


def connect(scratch: Path, settings: LakeSettings) -> duckdb.DuckDBPyConnection:
    """A connection in memory of its own, its session in UTC."""
    connection = duckdb.connect(":memory:", config=options(scratch, settings))
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def file_list(paths: list[Path]) -> str:
    """The paths as a DuckDB list literal, for `read_parquet`."""
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"
