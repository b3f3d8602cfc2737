"""A revocation by command, in one process, is held by the server, in another, within five seconds: for all that is out.

Out are twenty links, twenty page tokens and twenty downloads (half of them read slowly, half of them not at all for the
time being), of one grant; how long each kind still
opened something is measured from the instant that the revocation itself names.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from share_client import ask, links_of, query
from shared_table import a_shared_table

from catalogs.register import register_city
from infra.ground import Ground, sample_city
from infra.processes import answers, free_port
from sharing.access.serving import Serving

BOUND = 5.0  # seconds from revocation to refusal, the promise
OUT = 20
SIZE = 8_000_000  # bytes of a file: twenty seconds at the pace of a running download
STALLED = 3600.0
ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def server(environ: dict[str, str]) -> Iterator[Serving]:
    """`hub share serve`, a process of its own, as long as the block."""
    port = free_port()
    with (
        subprocess.Popen(
            [sys.executable, "-m", "hub", "share", "serve"],
            env={**os.environ, **environ, "HUB_SHARE_PORT": str(port)},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        contextlib.ExitStack() as stack,
    ):
        stack.callback(process.kill)
        deadline = time.monotonic() + 60
        while not answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.1)
        yield Serving(port, f"http://127.0.0.1:{port}/delta-sharing")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert "Traceback" not in said, said[-2000:]


def revoke(environ: dict[str, str]) -> float:
    """Revoke by command; when that was, in seconds of the wall clock."""
    command = [sys.executable, "-m", "hub", "share", "revoke", "case-1", "--reason", "test", "--json"]
    ran = subprocess.run(
        [*command, "--as", "reviewer_authority"],
        env={**os.environ, **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return datetime.fromisoformat(json.loads(ran.stdout)["revoked_at"]).timestamp()


class Out:
    """Something that is out: it is used again and again until it opens nothing any more; `ended` is when it did so."""

    def __init__(self, use: Callable[[threading.Event], str | None]) -> None:
        self.begun, self.ended, self.fault = threading.Event(), 0.0, "it never began"
        self._use = use
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.fault = self._use(self.begun) or ""
        except Exception as error:  # a test's thread: whatever it is, the test must see it
            self.fault = repr(error)
        self.ended = time.time()

    def seconds(self, since: float) -> float:
        """How long it went on after `since`; it is waited for until the promise is broken."""
        self._thread.join(max(0.0, since + BOUND - time.time()))
        assert not self._thread.is_alive(), f"it is not refused {BOUND} s after the revocation"
        assert self.fault == ""
        return max(0.0, self.ended - since)


def until_refused(status: Callable[[], int], begun: threading.Event) -> str | None:
    """Ask until the answer is a refusal; what was wrong."""
    found = status()
    if found not in (200, 206):
        return f"{found} before the revocation"
    begun.set()
    while (found := status()) in (200, 206):
        time.sleep(0.05)
    return None if found == 403 else f"answered {found}"


def downloaded(serving: Serving, link: str, pause: float, begun: threading.Event) -> str | None:
    """Read a little every `pause` seconds until the connection is cut; what was wrong.

    That it is cut shows in the socket's state, however much of what had arrived before is still unread.
    """
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        connection.connect(("127.0.0.1", serving.port))
        connection.sendall(f"GET {link} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = connection.recv(4096)
        if not head.startswith(b"HTTP/1.1 200"):
            return f"{head[:40]!r}"
        begun.set()
        watched = select.poll()
        watched.register(connection, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        got, read = len(head), time.monotonic()
        while not watched.poll(50):
            if time.monotonic() - read >= pause:
                got, read = got + len(connection.recv(100_000)), time.monotonic()
    return None if got < SIZE else "the whole file came"


def pages(serving: Serving, token: str) -> list[str]:
    """The page tokens that lead from page to page, of one file each."""
    found: list[str] = []
    asked: dict[str, Any] = {"maxFiles": 1}
    while (following := query(serving, token, asked)[1][-1]["endStreamAction"].get("nextPageToken")) is not None:
        found.append(following)
        asked = {"maxFiles": 1, "pageToken": following}
    return found


@pytest.mark.timeout(200)
def test_all_that_is_out_is_refused_within_the_bound(
    city_ground: Ground,
    city_environ: dict[str, str],
    backend: str,
    record_property: Callable[[str, object], None],
) -> None:
    register_city(city_ground, sample_city(), "test")
    token = a_shared_table(city_ground, files=OUT + 1, rows=2_100, padding=SIZE)
    with server(city_environ) as serving:
        links = links_of(query(serving, token)[1])[:OUT]
        tokens = pages(serving, token)

        def link(path: str) -> Out:
            return Out(lambda begun: until_refused(lambda: ask(serving, path, None, Range="bytes=0-9")[0], begun))

        def page(one: str) -> Out:
            asked = {"maxFiles": 1, "pageToken": one}
            return Out(lambda begun: until_refused(lambda: query(serving, token, asked)[0], begun))

        def download(path: str, pause: float) -> Out:
            return Out(lambda begun: downloaded(serving, path, pause, begun))

        half = OUT // 2
        kinds = {
            "running download": [download(path, 0.25) for path in links[:half]],
            "stalled download": [download(path, STALLED) for path in links[half:]],
            "link": [link(path) for path in links],
            "page token": [page(one) for one in tokens],
        }
        assert [len(things) for things in kinds.values()] == [half, half, OUT, OUT]
        for kind, things in kinds.items():
            for one in things:
                assert one.begun.wait(60), f"a {kind} did not begin: {one.fault}"
        at = revoke(city_environ)
        slowest = {kind: max(one.seconds(at) for one in things) for kind, things in kinds.items()}
        assert ask(serving, "/delta-sharing/shares", token)[0] == 403
        for path in links:
            assert ask(serving, path, None)[0] == 403
    assert max(slowest.values()) < BOUND
    said = ", ".join(f"{kind} {seconds:.2f} s" for kind, seconds in slowest.items())
    record_property("figure", f"refused after a revocation, slowest of {OUT}, {backend}: {said}")
