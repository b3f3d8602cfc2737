"""What every store promises, over a folder and over a real S3."""

import errno
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from minio.versioningconfig import ENABLED, VersioningConfig
from servers import S3Server

from infra import demo
from infra.errors import HubError, Refused, Unavailable, WrongUse
from infra.ground import Ground
from infra.settings import load
from infra.storage import RESERVED, ObjectStore, StoreSettings, open_store
from infra.storage_s3 import S3Store


@pytest.fixture
def store(city_ground: Ground) -> ObjectStore:
    city_ground.store.delete(demo.MODE)  # an empty store
    return city_ground.store


def content(store: ObjectStore, key: str, offset: int = 0, length: int | None = None) -> bytes:
    with store.open(key, offset, length) as stream:
        return stream.read()


def test_bytes_come_back_as_they_went(store: ObjectStore, tmp_path: Path) -> None:
    store.put_bytes("landing/jinshui/数据.bin", b"\0\xff line\r\n")
    assert content(store, "landing/jinshui/数据.bin") == b"\0\xff line\r\n"
    out = tmp_path / "out"
    store.get_file("landing/jinshui/数据.bin", out)
    assert out.read_bytes() == b"\0\xff line\r\n"


def test_a_file_comes_back_as_it_went(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 20_000)
    store.put_file("a/b", source)
    assert content(store, "a/b") == source.read_bytes()
    assert source.exists(), "the source stays"


def test_a_file_that_moves_is_gone_afterwards(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"first")
    store.put_file("a/b", source, move=True)
    assert not source.exists()
    source.write_bytes(b"second")
    store.put_file("a/b", source, move=True)
    assert content(store, "a/b") == b"second"
    assert not source.exists()


def test_a_file_moves_from_another_file_system_too(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def elsewhere(self: Path, target: Path) -> Path:
        if self.name == "source":
            raise OSError(errno.EXDEV, "another file system")
        return real(self, target)

    source = tmp_path / "source"
    source.write_bytes(b"from afar")
    monkeypatch.setattr(Path, "replace", elsewhere)
    store.put_file("a/b", source, move=True)
    assert content(store, "a/b") == b"from afar"
    assert not source.exists()


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    store.put_bytes("empty", b"")
    found = store.stat("empty")
    assert found is not None
    assert found.size == 0
    assert content(store, "empty") == b""


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(0, None, b"0123456789"), (3, None, b"3456789"), (3, 4, b"3456"), (8, 10, b"89"), (10, None, b""), (4, 0, b"")],
)
def test_a_part_can_be_read(store: ObjectStore, offset: int, length: int | None, expected: bytes) -> None:
    store.put_bytes("digits", b"0123456789")
    assert content(store, "digits", offset, length) == expected


def test_a_stream_is_read_piece_by_piece_and_by_lines(store: ObjectStore) -> None:
    store.put_bytes("lines", b"a\nbc\n" * 1000)
    with store.open("lines") as stream:
        assert stream.read(3) == b"a\nb"
        assert stream.readline() == b"c\n"
        assert len(stream.readlines()) == 1998


def test_stat_tells_size_date_and_change(store: ObjectStore) -> None:
    store.put_bytes("x", b"12345")
    first = store.stat("x")
    assert first is not None
    assert (first.key, first.size) == ("x", 5)
    assert abs(first.modified - datetime.now(UTC)) < timedelta(minutes=2)
    store.put_bytes("x", b"54321")
    second = store.stat("x")
    assert second is not None
    assert second.etag != first.etag


def test_what_is_not_there_is_none_and_cannot_be_read(store: ObjectStore, tmp_path: Path) -> None:
    assert store.stat("nothing/here") is None
    for attempt in (lambda: store.open("nothing/here").read(), lambda: store.get_file("nothing/here", tmp_path / "o")):
        with pytest.raises(Unavailable) as caught:
            attempt()
        assert caught.value.code == "STORE_MISSING"
    assert not (tmp_path / "o").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".hub-")] == []


def test_a_folder_of_objects_is_no_object(store: ObjectStore) -> None:
    store.put_bytes("a/b/c", b"1")
    assert store.stat("a/b") is None
    with pytest.raises(Unavailable):
        store.open("a/b").read()


def test_list_gives_all_below_a_folder_in_order(store: ObjectStore) -> None:
    for key in ("z", "a/2", "a/1", "a/10/x", "ab/1", "a.b"):
        store.put_bytes(key, b"1")
    assert [entry.key for entry in store.list()] == ["a.b", "a/1", "a/10/x", "a/2", "ab/1", "z"]
    assert [entry.key for entry in store.list("a")] == ["a/1", "a/10/x", "a/2"]
    assert [entry.key for entry in store.list("a/")] == ["a/1", "a/10/x", "a/2"]
    assert list(store.list("none")) == []


def test_delete_removes_and_is_repeatable(store: ObjectStore) -> None:
    store.put_bytes("a/b", b"1")
    store.delete("a/b")
    store.delete("a/b")
    assert store.stat("a/b") is None
    assert list(store.list()) == []


def test_sweeping_removes_what_a_killed_put_left_and_nothing_else(store: ObjectStore) -> None:
    store.put_bytes("a/kept", b"1")
    store.put_bytes("b/c/kept", b"1")
    folder = store.local("a")
    if folder is not None:
        (folder / "empty" / "below").mkdir(parents=True)
        (folder / f"{RESERVED}x.part").write_bytes(b"half")
    else:
        assert isinstance(store, S3Store)
        for key in ("a/half", "b/half"):
            store._client._create_multipart_upload(store.bucket, store._name(key), {})
    assert store.sweep("a") == 1
    assert store.sweep("a") == 0
    assert store.sweep("nothing/here") == 0
    if folder is not None:
        assert sorted(path.name for path in folder.iterdir()) == ["kept"]
    else:
        assert store.sweep("b") == 1
    assert [found.key for found in store.list()] == ["a/kept", "b/c/kept"]


def test_sweeping_a_bucket_with_versions_leaves_the_newest_alone(s3: S3Server, tmp_path: Path) -> None:
    environ = {**s3.environ("p"), "HUB_STORE": f"s3://versions-{uuid.uuid4().hex[:8]}/p"}
    store = open_store(load(StoreSettings, environ), tmp_path)
    assert isinstance(store, S3Store)
    store.prepare()
    store._client.set_bucket_versioning(bucket_name=store.bucket, config=VersioningConfig(ENABLED))

    def versions() -> int:
        every = store._client.list_objects(bucket_name=store.bucket, recursive=True, include_version=True)
        return len(list(every))

    for key in ("a/gone", "a/kept", "b/gone"):
        store.put_bytes(key, b"first")
        store.put_bytes(key, b"second")
    store.delete("a/gone")
    store.delete("b/gone")
    assert versions() == 8
    assert store.sweep("a") == 4
    assert versions() == 4
    assert content(store, "a/kept") == b"second"
    assert store.stat("a/gone") is None
    assert store.sweep("a") == 0


def test_readers_of_an_object_put_again_and_again_see_one_whole_version(store: ObjectStore) -> None:
    versions = [bytes([n]) * 200_000 for n in range(1, 6)]
    store.put_bytes("x", versions[0])
    stop = threading.Event()
    torn: list[int] = []

    def look() -> None:
        while not stop.is_set():
            if content(store, "x") not in versions:
                torn.append(1)

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for n in range(20):
        store.put_bytes("x", versions[n % 5])
    stop.set()
    for reader in readers:
        reader.join(timeout=30)
    assert torn == []


BAD_KEYS = ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", ".", "a*", "a?b", "a[1]", "a\\b", "a\0", "a\nb", "C:x"]
BAD_KEYS += ["a/.hub-x", "cafe\u0301", " a", "a ", "x" * 201, "/".join(["y" * 100] * 10), "a{b,c}", "\ud800"]


def test_a_key_that_climbs_or_could_be_a_pattern_is_refused(store: ObjectStore, tmp_path: Path) -> None:
    acts: list[Callable[[str], object]] = [
        lambda key: store.put_bytes(key, b""),
        lambda key: store.put_file(key, tmp_path / "absent"),
        lambda key: store.get_file(key, tmp_path / "out"),
        store.open,
        store.stat,
        store.delete,
        store.uri,
        store.delta,
        store.local,
    ]
    for key in BAD_KEYS:
        for act in acts:
            with pytest.raises(WrongUse) as caught:
                act(key)
            assert caught.value.code == "STORE_KEY"
    assert list(store.list()) == []


def test_an_object_over_the_limit_is_refused(city_environ: dict[str, str], tmp_path: Path) -> None:
    store = open_store(load(StoreSettings, {**city_environ, "HUB_STORE_MAX_BYTES": "10"}), tmp_path)
    store.prepare()
    store.put_bytes("fits", b"x" * 10)
    large = tmp_path / "large"
    large.write_bytes(b"x" * 11)
    for act in (lambda: store.put_bytes("l", b"x" * 11), lambda: store.put_file("l", large)):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == "STORE_TOO_LARGE"
    assert store.stat("l") is None


def test_prepare_is_repeatable(store: ObjectStore) -> None:
    store.put_bytes("x", b"1")
    store.prepare()
    assert content(store, "x") == b"1"


def test_a_source_that_is_not_there_stores_nothing(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(HubError) as caught:
        store.put_file("x", tmp_path / "absent")
    assert caught.value.code == "STORE_SOURCE"
    assert store.stat("x") is None


def test_delta_tables_are_written_where_the_store_says(store: ObjectStore) -> None:
    """delta-rs and the store must mean the same place."""
    import pyarrow as pa
    from deltalake import DeltaTable, write_deltalake

    uri, options = store.delta("curated/x/y")
    write_deltalake(uri, pa.table({"a": [1, 2]}), storage_options=options)
    write_deltalake(uri, pa.table({"a": [3]}), mode="append", storage_options=options)
    assert DeltaTable(uri, storage_options=options).version() == 1
    keys = [entry.key for entry in store.list("curated/x/y/_delta_log")]
    assert [key for key in keys if key.endswith(".json")] == [f"curated/x/y/_delta_log/{n:020d}.json" for n in range(2)]
