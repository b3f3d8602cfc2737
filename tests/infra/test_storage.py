import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.errors import Unavailable, WrongUse
from infra.settings import load
from infra.storage import StoreSettings, open_store
from infra.storage_folder import FolderStore
from infra.storage_s3 import S3Store


def opened(tmp_path: Path, **environ: str) -> object:
    return open_store(load(StoreSettings, environ), tmp_path)


@pytest.mark.parametrize(
    ("address", "root"),
    [
        ("", "{home}/store"),
        ("file:/data/x", "/data/x"),
        ("file:///data/x", "/data/x"),
        ("file:data/x", "{home}/data/x"),
        ("file:/data/with%20blank", "/data/with blank"),
    ],
)
def test_addresses_of_folders(address: str, root: str, tmp_path: Path) -> None:
    store = opened(tmp_path, HUB_STORE=address)
    assert isinstance(store, FolderStore)
    assert str(store.root) == root.format(home=tmp_path)


def test_opening_touches_nothing(tmp_path: Path) -> None:
    opened(tmp_path)
    opened(tmp_path, HUB_STORE="s3://data/p", HUB_STORE_ENDPOINT="http://127.0.0.1:1")
    assert list(tmp_path.iterdir()) == []


WRONG = [
    {"HUB_STORE": "ftp://host/x"},
    {"HUB_STORE": "/just/a/path"},
    {"HUB_STORE": "file:"},
    {"HUB_STORE": "file://host/x"},
    {"HUB_STORE": "s3:///x"},
    {"HUB_STORE": "s3://key:s3cretword@bucket/x"},
    {"HUB_STORE": "s3://b", "HUB_STORE_ENDPOINT": "host:9000"},
    {"HUB_STORE": "s3://b", "HUB_STORE_ENDPOINT": "http://k:s3cretword@host:9000"},
    {"HUB_STORE": "s3://b", "HUB_STORE_ENDPOINT": "http://host:9000/path"},
    {"HUB_STORE": "s3://b", "HUB_STORE_SECRET_KEY": "s3cretword"},
    {"HUB_STORE": "s3://b/../c"},
]


@pytest.mark.parametrize("environ", WRONG)
def test_an_address_that_is_none_is_one_error(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(WrongUse) as caught:
        opened(tmp_path, **environ)
    assert caught.value.code in ("STORE_ADDRESS", "STORE_KEY")
    assert "s3cretword" not in caught.value.sentence("en") + caught.value.sentence("zh")


@pytest.mark.parametrize("name", ["b", "a..b", "10.0.0.1", "-data", "s3cret word", "桶"])
def test_a_name_that_no_bucket_has_is_one_error_with_what_it_must_be(name: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUse) as caught:
        opened(tmp_path, HUB_STORE=f"s3://{name}/x", HUB_STORE_ENDPOINT="http://127.0.0.1:1")
    assert (caught.value.code, name in caught.value.sentence("en")) == ("STORE_BUCKET", name == "b")
    assert "arrivals.yaml" in caught.value.sentence("en")


def test_an_old_name_opens_a_bucket_that_is_there_and_makes_none(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("s3")
    store = opened(tmp_path, **{**server.environ("x"), "HUB_STORE": "s3://Old_Name"})
    with pytest.raises(WrongUse, match="STORE_BUCKET"):
        store.prepare()


def s3(tmp_path: Path, endpoint: str, key: str = "k", secret: str = "s3cretword") -> S3Store:  # noqa: S107
    environ = {"HUB_STORE": "s3://bucket/pre/fix", "HUB_STORE_ENDPOINT": endpoint, "HUB_STORE_TIMEOUT_SECONDS": "2"}
    store = opened(tmp_path, HUB_STORE_ACCESS_KEY=key, HUB_STORE_SECRET_KEY=secret, **environ)
    assert isinstance(store, S3Store)
    return store


def test_an_unreachable_s3_is_one_sentence_within_its_time(tmp_path: Path) -> None:
    store = s3(tmp_path, "http://127.0.0.1:1")
    for act in (lambda: store.put_bytes("x", b"1"), lambda: store.stat("x"), lambda: list(store.list())):
        with pytest.raises(Unavailable) as caught:
            act()
        assert caught.value.code == "STORE_UNREACHABLE"
        assert caught.value.__cause__ is None


def test_an_s3_that_denies_is_one_sentence_without_keys(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    endpoint = request.getfixturevalue("s3").endpoint
    for key, secret in (("hubtest", "s3cretword"), ("stranger", "s3cretword")):
        store = s3(tmp_path, endpoint, key, secret)
        with pytest.raises(Unavailable) as caught:
            store.put_bytes("x", b"1")
        assert caught.value.code == "STORE_DENIED"
        assert "s3cretword" not in caught.value.sentence("en") + repr(store)


@pytest.fixture
def cut_off() -> Iterator[str]:
    """A server that promises 100 bytes and gives 10."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(5)
                        connection.recv(65536)
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        thread.join(timeout=20)


def test_an_answer_that_is_cut_off_is_an_error_not_an_end(tmp_path: Path, cut_off: str) -> None:
    store = s3(tmp_path, cut_off)
    with store.open("x") as stream, pytest.raises(Unavailable) as caught:
        stream.read()
    assert caught.value.code == "STORE_UNREACHABLE"
    with pytest.raises(Unavailable):
        store.get_file("x", tmp_path / "out")
    assert list(tmp_path.iterdir()) == [], "nothing half-written stays"


def test_a_missing_bucket_is_named_as_such(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("s3")
    store = opened(tmp_path, **{**server.environ("x"), "HUB_STORE": "s3://there-is-none/x"})
    with pytest.raises(Unavailable) as caught:
        store.open("x")  # type: ignore[attr-defined]
    assert caught.value.code in ("STORE_NO_BUCKET", "STORE_MISSING")


def test_options_for_delta_name_the_own_endpoint_and_conditional_puts(tmp_path: Path) -> None:
    uri, options = s3(tmp_path, "http://127.0.0.1:9").delta("curated/a/b")
    assert uri == "s3://bucket/pre/fix/curated/a/b"
    assert options["aws_endpoint_url"] == "http://127.0.0.1:9"
    assert options["aws_allow_http"] == "true"
    assert options["aws_conditional_put"] == "etag"
    assert s3(tmp_path, "https://s3.example.org").delta("a")[1]["aws_allow_http"] == "false"


def test_unfinished_files_are_no_objects_and_leave_nothing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_bytes("a/x", b"1")
    (tmp_path / "a" / ".hub-unfinished.part").write_bytes(b"half")
    assert [entry.key for entry in store.list()] == ["a/x"]
    with pytest.raises(Unavailable):
        store.put_bytes("a/x/below-a-file", b"1")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [".hub-unfinished.part", "x"]


def test_a_put_leaves_the_old_object_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(tmp_path)
    store.put_bytes("x", b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("infra.storage_folder.os.fsync", full)
    with pytest.raises(Unavailable) as caught:
        store.put_bytes("x", b"new")
    assert caught.value.code == "STORE_FULL"
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_what_is_stored_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.prepare()
    store.put_bytes("landing/x", b"1")
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "store").rglob("*")}
    assert modes | {(tmp_path / "store").stat().st_mode & 0o077} == {0}
