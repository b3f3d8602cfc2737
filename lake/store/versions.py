"""What a Delta table is to the house, as plain values: its files, its versions, a commit, its key in the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa

from infra.errors import Refused, Unavailable
from infra.language import Text

DELIVERY, LINE = "_delivery", "_line"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of a table: its path within the table's folder, bytes, rows (None when the log does not say)."""

    path: str
    size: int
    rows: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table as of one version. `files` are relative to the table's folder, `key` names that folder in the store."""

    key: str
    version: int
    files: tuple[DataFile, ...]
    schema: pa.Schema
    table_id: str
    schema_json: str

    def keys(self) -> tuple[str, ...]:
        """The object keys of the files."""
        return tuple(f"{self.key}/{file.path}" for file in self.files)


@dataclass(frozen=True, slots=True)
class Commit:
    """What one commit shall do.

    Attributes:
        files: the files to add, already in the table's folder.
        mode: append adds and removes `gone`, overwrite replaces all that the table holds.
        transaction: the id under which the commit happens at most once.
        base: the version that the caller decided upon.
        metadata: kept in the log, plain values without data: delivery, contract version.
        at: the moment of the act, UTC.
        gone: files of the table that leave it, with mode append.
        same_rows: the files added hold the very rows of those that leave.
        schema: with mode overwrite, the columns that the table has from here on (`delta.schema_json`).
    """

    files: tuple[DataFile, ...]
    mode: Literal["append", "overwrite"]
    transaction: str
    base: int
    metadata: Mapping[str, Any]
    at: datetime
    gone: tuple[DataFile, ...] = ()
    same_rows: bool = False
    schema: str | None = None


def curated_key(dataset: str) -> str:
    """The key of a dataset's published table."""
    return "curated/" + dataset.replace(".", "/")


def quarantine_key(dataset: str) -> str:
    """The key of a dataset's quarantine table."""
    return "quarantine/" + dataset.replace(".", "/")


class Moved(Unavailable):
    """`LAKE_TABLE_MOVED`: the table is no longer at the version that a commit is based on; nothing was done."""


def moved(key: str) -> Moved:
    """Somebody else was first."""
    return Moved(
        "LAKE_TABLE_MOVED",
        f"表 {key} 已被另一进程更新，本次未作改动",
        f"table {key} was moved on by another process; nothing was changed",
    )


def no_version(key: str) -> Refused:
    """There is no such version to read."""
    see = Text("用 hub lake history 查看现有版本", "see the versions with `hub lake history`")
    return Refused("LAKE_TABLE_VERSION", f"表 {key} 没有该版本", f"table {key} has no such version", remedy=see)
