"""An HTTP proxy that forwards to a real server and misbehaves from one request on: `python -m faulty_proxy HOST:PORT`.

Faults: `500` and `503` answer so, `cut` closes the connection half-way through the answer, `stall` does not answer for
a minute, `slow` takes a twentieth of a second more. It is a process of its own: a library that keeps the interpreter to
itself while it waits would never see the answer. It prints its port, and ends when its standard input does.
"""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

ORDERS = "/-faults"
SLOW, STALL = 0.05, 60.0  # seconds


@dataclass(frozen=True)
class FaultyProxy:
    """A running proxy, told by its test what to do."""

    address: str

    def fail(self, kind: str | None, *, begin: int = 1, count: int = 1_000_000) -> None:
        """Misbehave for `count` requests, from the `begin`-th after this one; with None: do well."""
        self._ask({"kind": kind, "begin": begin, "end": begin + count})

    def seen(self) -> int:
        """How many requests came since the last order."""
        return int(self._ask(None)["seen"])

    def _ask(self, orders: dict[str, Any] | None) -> dict[str, Any]:
        data = None if orders is None else json.dumps(orders).encode()
        with urllib.request.urlopen(self.address + ORDERS, data, timeout=10) as answer:  # noqa: S310 - loopback
            return dict(json.load(answer))


@contextlib.contextmanager
def faulty_proxy(endpoint: str) -> Iterator[FaultyProxy]:
    """A proxy before `endpoint`."""
    command = [sys.executable, "-m", "faulty_proxy", urlsplit(endpoint).netloc]
    environ = os.environ | {"PYTHONPATH": os.path.dirname(__file__)}  # noqa: PTH120
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield FaultyProxy(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.stdin.close()
            process.wait(timeout=10)


class _Faults:
    """What is wrong, and in which requests."""

    def __init__(self) -> None:
        self.kind: str | None = None
        self.begin = self.end = self.seen = 0
        self._lock = threading.Lock()

    def order(self, *, kind: str | None, begin: int, end: int) -> None:
        with self._lock:
            self.kind, self.begin, self.end, self.seen = kind, begin, end, 0

    def next(self) -> str | None:
        with self._lock:
            self.seen += 1
            return self.kind if self.begin <= self.seen < self.end else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: _Faults
    target: str

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == ORDERS:
            if body:
                self.faults.order(**json.loads(body))
            self._say(200, json.dumps({"seen": self.faults.seen}).encode())
            return
        fault = self.faults.next()
        if fault == "stall":
            time.sleep(STALL)
            self.close_connection = True
        elif fault in ("500", "503"):
            self._say(int(fault), b"")
        else:
            time.sleep(SLOW if fault == "slow" else 0)
            self._forward(body, cut=fault == "cut")

    def _say(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _forward(self, body: bytes, *, cut: bool) -> None:
        # The host stays as it came: it is part of what was signed.
        upstream = http.client.HTTPConnection(self.target, timeout=60)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        response = upstream.getresponse()
        data = response.read()
        upstream.close()
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = response.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.close_connection = cut
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main(target: str) -> None:
    """Serve until standard input ends."""
    handler = type("Handler", (_Handler,), {"faults": _Faults(), "target": target})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)  # noqa: T201 - the test reads it
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
