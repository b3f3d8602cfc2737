"""Delta tables: committed once, in step, without a value in the log; on a folder and on S3."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.errors import Refused
from infra.ground import Ground
from lake.store.delta import Commit, DataFile, Moved, Tables

KEY = "curated/test/domain/name"
SCHEMA = pa.schema(
    [("id", pa.int64()), ("名称", pa.string()), ("at", pa.timestamp("us", "UTC")), ("_delivery", pa.int64())]
)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "CANARY-5521"


def put(ground: Ground, tmp_path: Path, name: str, first: int, count: int = 3) -> DataFile:
    rows = [{"id": first + i, "名称": SECRET, "at": NOW, "_delivery": 1} for i in range(count)]
    path = tmp_path / name
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
    ground.store.put_file(f"{KEY}/{name}", path)
    return DataFile(name, path.stat().st_size, count)


def commit(files: tuple[DataFile, ...], transaction: str, base: int, mode: str = "append") -> Commit:
    return Commit(files, mode, transaction, base, {"delivery": transaction}, NOW)  # type: ignore[arg-type]


def test_a_commit_happens_once_and_in_step(city_ground: Ground, tmp_path: Path) -> None:
    lake = Tables(city_ground.store)
    assert not lake.exists(KEY)
    assert lake.ensure(KEY, SCHEMA, "test") == 0
    assert Tables(city_ground.store).ensure(KEY, SCHEMA, "test") == 0
    file = put(city_ground, tmp_path, "a.parquet", 0)
    assert lake.snapshot(KEY).files == ()  # there, and seen by nobody
    assert lake.commit(KEY, commit((file,), "t1", 0)) == 1
    assert Tables(city_ground.store).commit(KEY, commit((file,), "t1", 0)) == 1  # again: the version that holds it
    other = put(city_ground, tmp_path, "b.parquet", 3)
    with pytest.raises(Moved):
        lake.commit(KEY, commit((other,), "t2", 0))
    assert lake.committed(KEY, "t2") is None
    assert lake.commit(KEY, commit((other,), "t2", 1)) == 2
    assert lake.snapshot(KEY).files == (file, other)
    assert lake.snapshot(KEY, version=1).files == (file,)
    third = put(city_ground, tmp_path, "c.parquet", 9, 1)
    assert lake.commit(KEY, commit((third,), "t3", 2, "overwrite")) == 3
    assert lake.snapshot(KEY).files == (third,)
    assert [entry["delivery"] for entry in lake.history(KEY)] == ["t3", "t2", "t1", None]


def test_two_handles_on_one_version_cannot_both_commit(city_ground: Ground, tmp_path: Path) -> None:
    ours, theirs = Tables(city_ground.store), Tables(city_ground.store)
    ours.ensure(KEY, SCHEMA, "test")
    file = put(city_ground, tmp_path, "a.parquet", 0)
    table = ours._latest(KEY)  # a writer that looked and was then paused
    assert table.version() == 0
    theirs.commit(KEY, commit((file,), "theirs", 0))
    with pytest.raises(Moved):
        ours.commit(KEY, commit((put(city_ground, tmp_path, "b.parquet", 3),), "ours", 0))
    assert ours.version(KEY) == 1


def test_the_log_holds_counts_and_no_value(ground: Ground, tmp_path: Path) -> None:
    lake = Tables(ground.store)
    lake.ensure(KEY, SCHEMA, "test")
    lake.commit(KEY, commit((put(ground, tmp_path, "a.parquet", 0),), "t1", 0))
    for found in ground.store.list(f"{KEY}/_delta_log"):
        with ground.store.open(found.key) as stream:
            text = stream.read().decode()
        assert SECRET not in text
        for entry in map(json.loads, text.splitlines()):
            if "add" in entry:
                assert json.loads(entry["add"]["stats"]) == {"numRecords": 3}
            if "protocol" in entry:
                assert entry["protocol"] == {"minReaderVersion": 1, "minWriterVersion": 2}


def test_columns_may_come_and_may_not_change(ground: Ground) -> None:
    lake = Tables(ground.store)
    lake.ensure(KEY, SCHEMA, "test")
    wider = SCHEMA.append(pa.field("more", pa.float64()))
    assert lake.ensure(KEY, wider, "test") == 1
    assert lake.ensure(KEY, SCHEMA, "test") == 1
    with pytest.raises(Refused, match="LAKE_TABLE_SCHEMA"):
        lake.ensure(KEY, SCHEMA.set(0, pa.field("id", pa.string())), "test")


def test_what_is_not_there_is_said(ground: Ground) -> None:
    lake = Tables(ground.store)
    with pytest.raises(Refused, match="LAKE_TABLE_UNKNOWN"):
        lake.snapshot(KEY)
    lake.ensure(KEY, SCHEMA, "test")
    with pytest.raises(Refused, match="LAKE_TABLE_VERSION"):
        lake.snapshot(KEY, version=7)
