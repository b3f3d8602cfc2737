"""Downloads over real sockets: who does not read holds no place for ever, and takes none from the others."""

import contextlib
import json
import select
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from share_client import ask, links_of, query
from shared_table import a_shared_table

from infra.database import write
from infra.errors import Refused
from infra.ground import Ground
from infra.ledger import Act
from sharing import tables
from sharing.access import downloads, gate
from sharing.access.access import Access
from sharing.access.downloads import Downloads
from sharing.access.serving import Serving, ShareSettings, serve_in_thread

BOUND = 5.0  # seconds from revocation to refusal, the promise
SIZE = 8_000_000
GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR


@pytest.fixture
def granted(ground: Ground) -> tuple[Ground, str]:
    return ground, a_shared_table(ground, files=2, rows=200, padding=SIZE)


def link(serving: Serving, token: str) -> str:
    return links_of(query(serving, token)[1])[0]


@contextlib.contextmanager
def reader(serving: Serving, path: str, buffer: int = 4096, expected: int = 200) -> Iterator[socket.socket]:
    """A client that asked for a file, has its answer's head, and reads nothing more by itself."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(30)
        client.connect(("127.0.0.1", serving.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            part = client.recv(1)
            assert part, "no answer"
            head += part
        assert int(head.split()[1]) == expected
        yield client


def cut_after(client: socket.socket, limit: float) -> float:
    """Seconds until the connection is broken, without reading from it."""
    watched, since = select.poll(), time.monotonic()
    watched.register(client, GONE)
    assert watched.poll(limit * 1000), f"the connection stands after {limit} s"
    return time.monotonic() - since


def left_of(client: socket.socket) -> int:
    """The bytes that can still be read from it."""
    got = 0
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(1 << 20):
            got += len(part)
    return got


def revoke(ground: Ground) -> None:
    with write(ground.engine) as connection:
        connection.execute(tables.grant.update().values(revoked_at=ground.now(), revoked_by="p", revoked_why="test"))


def test_who_does_not_read_is_cut_and_who_reads_slowly_is_not(granted: tuple[Ground, str]) -> None:
    ground, token = granted
    ground.environ["HUB_SHARE_STALL_SECONDS"] = "1.5"
    with serve_in_thread(ground) as serving:
        path = link(serving, token)
        with reader(serving, path) as stalled:
            assert 1.0 < cut_after(stalled, 10) < 4.5
        with reader(serving, path, 64 * 1024) as slow:
            got, since = 0, time.monotonic()
            while got < SIZE and (part := slow.recv(200_000)):
                got += len(part)
                time.sleep(len(part) / SIZE * 6)
            assert got >= SIZE, "whoever reads gets the file"
            assert time.monotonic() - since > 4.5, "it took longer than three of the limits"
        assert ask(serving, path, None)[0] == 200


def test_who_reads_no_answer_is_cut_whatever_was_asked(granted: tuple[Ground, str]) -> None:
    """Also without a token: request after request is sent, and no answer read."""
    ground, _ = granted
    ground.environ["HUB_SHARE_STALL_SECONDS"] = "1"
    with serve_in_thread(ground) as serving, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(30)
        client.connect(("127.0.0.1", serving.port))
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(1000):
                client.sendall(b"GET /delta-sharing/shares HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        assert ask(serving, "/delta-sharing/shares", None)[0] == 401


def test_stalled_downloads_leave_places_to_others(granted: tuple[Ground, str]) -> None:
    ground, token = granted
    ground.environ["HUB_SHARE_MAX_CONNECTIONS"] = "6"
    with serve_in_thread(ground) as serving, contextlib.ExitStack() as stack:
        path = link(serving, token)
        for expected in (200, 200, 200, 429, 429, 429):
            stack.enter_context(reader(serving, path, expected=expected))
        answer, headers, content = ask(serving, path, None)
        assert (answer, json.loads(content)["errorCode"]) == (429, "SHARE_BUSY")
        assert headers["retry-after"].isdigit()
        assert query(serving, token)[0] == 200
        assert ask(serving, path, None, method="HEAD")[0] == 200
        stack.close()
        deadline = time.monotonic() + 10
        while (answer := ask(serving, path, None)[0]) == 429 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert answer == 200, "a download that ended gives its place back"


def test_a_download_that_is_refused_or_short_gives_its_place_back(granted: tuple[Ground, str]) -> None:
    ground, token = granted
    ground.environ["HUB_SHARE_DOWNLOADS"] = "1"
    with serve_in_thread(ground) as serving:
        path = link(serving, token)
        for _ in range(3):
            assert ask(serving, path, None, Range="bytes=0-9")[0] == 206
            assert ask(serving, path, None, Range="bytes=999999999-")[0] == 416
        revoke(ground)
        for _ in range(3):
            assert ask(serving, path, None)[0] == 403


def test_a_place_is_the_firms(ground: Ground) -> None:
    found = Downloads(2)
    with found.place("a-1"), found.place("a-1"), found.place("a-2"):
        with pytest.raises(Refused) as caught, found.place("a-1"):
            pass
        assert caught.value.code == "SHARE_BUSY"
        assert caught.value.remedy
    with found.place("a-1"), found.place("a-1"):
        pass
    assert not found._running, "nobody is remembered who has no download"


@pytest.mark.parametrize(
    ("settings", "places"), [({}, 64), ({"max_connections": 6}, 3), ({"max_connections": 1}, 1), ({"downloads": 2}, 2)]
)
def test_a_firm_never_has_more_than_half_of_the_connections(settings: dict[str, int], places: int) -> None:
    assert ShareSettings(**settings).places() == places  # type: ignore[arg-type]


def test_a_stalled_download_keeps_little_and_ends_when_its_grant_does(granted: tuple[Ground, str]) -> None:
    """What comes to a client that reads nothing until after the cut is what its own kernel had already."""
    ground, token = granted
    with serve_in_thread(ground) as serving:
        with reader(serving, link(serving, token)) as stalled:
            time.sleep(1)
            revoke(ground)
            assert cut_after(stalled, BOUND) < BOUND
            assert left_of(stalled) < 64 * 1024
        _refusal_is_entered(ground)


def _refusal_is_entered(ground: Ground) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        [newest] = ground.ledger.entries(count=1)
        if Act.ACCESS_REFUSED.value in newest.body.decode():
            return
        time.sleep(0.05)
    pytest.fail("the ledger does not hold the refusal")


def test_a_busy_database_keeps_no_download_running(granted: tuple[Ground, str]) -> None:
    """The cut comes before the entry of the refusal, and needs no thread that requests wait in."""
    ground, token = granted
    with serve_in_thread(ground) as serving, contextlib.ExitStack() as stack:
        path = link(serving, token)
        client = stack.enter_context(reader(serving, path))
        revoke(ground)
        with contextlib.closing(sqlite3.connect(Path(ground.home) / "hub.db", isolation_level=None)) as busy:
            busy.execute("BEGIN IMMEDIATE")
            waiting = [threading.Thread(target=ask, args=(serving, path, None), daemon=True) for _ in range(60)]
            for one in waiting:
                one.start()
            assert cut_after(client, BOUND) < downloads.LOOK_SECONDS, "the look itself had to wait"
            assert any(one.is_alive() for one in waiting), "nobody waits for the database"
            busy.execute("ROLLBACK")
        for one in waiting:
            one.join(30)
        _refusal_is_entered(ground)


@pytest.mark.parametrize("fault", ["fails", "hangs"])
def test_a_look_without_an_answer_is_a_no(
    granted: tuple[Ground, str], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    ground, token = granted
    asked, over = threading.Event(), threading.Event()

    def look(self: gate.Gate, access: Access) -> None:
        if not running.is_set():
            return
        asked.set()
        if fault == "fails":
            raise RuntimeError(fault)
        over.wait(30)

    running = threading.Event()
    monkeypatch.setattr(gate.Gate, "look", look)
    monkeypatch.setattr(downloads, "LOOK_SECONDS", 1.0)
    with serve_in_thread(ground) as serving:
        with reader(serving, link(serving, token)) as client:
            running.set()
            assert cut_after(client, BOUND) < BOUND
            assert asked.is_set()
        over.set()
