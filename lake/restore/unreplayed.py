"""Rows that a replay moved out of quarantine, read once more from the quarantine's own older versions.

What a replay moved is what its files held that left the table, less what the files hold that it wrote instead. Rows
that are equal in all are the same to everybody, so they are told apart by nothing but how many there are.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from infra import crypto
from infra.errors import HubError, Place, Refused
from infra.ground import Ground
from infra.language import Text
from infra.settings import load
from lake.store import schema
from lake.store.delta import Snapshot, Tables, quarantine_key
from lake.store.duck import LakeSettings
from lake.store.files import dataset_of
from lake.store.parquet import BATCH, ParquetFiles

Row = Mapping[Any, Any]


def put_back(ground: Ground, lake: Tables, dataset: str, replays: Sequence[Row], scratch: Path) -> list[list[Any]]:
    """Files with the rows that the replays moved, beside the quarantine's own, unseen: [path, size, rows] each.

    Raises:
        Refused: `RESTORE_REPLAY_GONE`, what a replay moved can be read no more.
    """
    if not replays:
        return []
    key = quarantine_key(dataset)
    rows_per_file = load(LakeSettings, ground.environ).rows_per_file
    name = f"unreplayed-{crypto.random_token(6)}"
    writer = ParquetFiles(scratch, name, schema.QUARANTINE, schema.OWN, rows_per_file=rows_per_file)
    with writer:
        for one in replays:
            before = writer.rows
            try:
                _copy(ground, lake, key, one["quarantine_version"], writer)
            except (HubError, OSError, pa.ArrowException):
                raise _gone(one, dataset) from None
            if writer.rows - before != moved_rows([one]):
                raise _gone(one, dataset)
    for file in writer.files:
        ground.store.put_file(f"{key}/{file.path.name}", file.path)
    return [[file.path.name, file.size, file.rows] for file in writer.files]


def moved_rows(replays: Sequence[Row]) -> int:
    """How many rows the replays moved."""
    return sum(one["published"] + one["duplicates"] for row in replays for one in row["deliveries"])


def _copy(ground: Ground, lake: Tables, key: str, version: int, writer: ParquetFiles) -> None:
    before, after = lake.snapshot(key, version=version - 1), lake.snapshot(key, version=version)
    left = tuple(file for file in before.files if file not in after.files)
    wrote = tuple(file for file in after.files if file not in before.files)
    stayed = Counter(_same(row) for batch in _batches(ground, replace(after, files=wrote)) for row in batch.to_pylist())
    for batch in _batches(ground, replace(before, files=left)):
        moved = []
        for row in batch.to_pylist():
            seen = _same(row)
            moved.append(not stayed[seen])
            stayed[seen] -= stayed[seen] > 0
        writer.write(batch.filter(pa.array(moved, pa.bool_())))


def _batches(ground: Ground, part: Snapshot) -> Any:
    if not part.files:
        return ()
    own = replace(part, schema=schema.QUARANTINE)
    return dataset_of(ground.store, own).scanner(batch_size=BATCH).to_batches()


def _same(row: Mapping[str, Any]) -> bytes:
    """What equal rows share; few bytes, for a replay may have left millions where they were."""
    return bytes.fromhex(crypto.sha256_hex(repr(tuple(row.values())).encode()))


def _gone(one: Row, dataset: str) -> Refused:
    return Refused(
        "RESTORE_REPLAY_GONE",
        f"重放 {one['id']}（版本 {one['version']}）发布的行须退回问题数据区，但原文件已被清理，不能还原到其之前",
        f"the rows that replay {one['id']} published as version {one['version']} would have to go back into "
        "quarantine, and the files that they came from are gone: the table cannot be put back to before it",
        place=Place(dataset=dataset),
        remedy=Text(
            f"还原到版本 {one['version']} 或更新的版本", f"put it back to version {one['version']} or a newer one"
        ),
    )
