"""Where the rows of some deliveries stand: the files of a table, of whatever version or of none, and how many rows.

Every Parquet file in the table's folder is asked, by its footer first and by its column `_delivery` where the footer
cannot exclude it: what a killed process left, what compaction wrote, what only old versions name.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import Unavailable
from infra.ground import Ground
from infra.language import Text
from lake.store.delta import DELIVERY, Tables
from lake.store.delta_log import LOG, commits
from lake.store.files import parquet_file
from lake.store.logged import lives, versions_of


@dataclass(frozen=True, slots=True)
class Holding:
    """What one table holds of some deliveries.

    Attributes:
        key: the table's.
        files: path → rows of the deliveries in it.
        live: the rows in the newest version.
        versions: those that name at least one of the files, rising.
        newest: the newest version; None when there is no table.
        looked_at: how many files were asked.
    """

    key: str
    files: dict[str, int]
    live: int
    versions: tuple[int, ...]
    newest: int | None
    looked_at: int


def holding(ground: Ground, lake: Tables, key: str, numbers: Collection[int]) -> Holding:
    """What the table at `key` holds of the deliveries `numbers`.

    Raises:
        Unavailable: `PURGE_UNREADABLE` names no file that cannot be read, so that none is passed over; STORE_….
    """
    files: dict[str, int] = {}
    looked_at = 0
    for found in list(ground.store.list(key)):
        path = found.key.removeprefix(f"{key}/")
        if path.endswith(".parquet") and not path.startswith(f"{LOG}/"):
            looked_at += 1
            rows = _rows(ground, found.key, found.size, numbers)
            if rows:
                files[path] = rows
    if not lake.exists(key):
        return Holding(key, files, 0, (), None, looked_at)
    snapshot = lake.snapshot(key)
    live = sum(files.get(file.path, 0) for file in snapshot.files)
    versions = versions_of(lives(commits(ground.store, key)), list(files), snapshot.version) if files else []
    return Holding(key, files, live, tuple(versions), snapshot.version, looked_at)


def _rows(ground: Ground, key: str, size: int, numbers: Collection[int]) -> int:
    try:
        file = parquet_file(ground.store, key, size)
        if DELIVERY not in file.schema_arrow.names:
            return 0
        groups = [at for at in range(file.num_row_groups) if _perhaps(file.metadata.row_group(at), numbers)]
        wanted = pa.array(sorted(numbers), pa.int64())
        counted = 0
        for batch in file.iter_batches(row_groups=groups, columns=[DELIVERY]) if groups else ():
            counted += pc.sum(pc.is_in(batch.column(0), value_set=wanted)).as_py() or 0
    except (pa.ArrowException, OSError) as error:
        raise Unavailable(
            "PURGE_UNREADABLE",
            f"数据湖中有文件无法读取，不能确定其中是否有该批次的数据（{type(error).__name__}）",
            f"a file of the lake cannot be read: it may hold rows of the delivery ({type(error).__name__})",
            remedy=Text("由工程师检查该表后重试", "have an engineer look at the table, then call again"),
        ) from None
    return counted


def _perhaps(group: Any, numbers: Collection[int]) -> bool:
    """Whether the footer leaves it open that the row group holds one of `numbers`."""
    for at in range(group.num_columns):
        column = group.column(at)
        if column.path_in_schema == DELIVERY:
            told = column.statistics
            if told is None or not told.has_min_max:
                return True
            return any(told.min <= number <= told.max for number in numbers)
    return True
