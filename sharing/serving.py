"""Serving: the Delta Sharing application on a socket, for a command, for the demo and for tests.

It promises a bounded number of connections, no access log (a link's secret stands in its URL), and few bytes in flight:
the kernel's send buffer is kept small, and thrown away when a revocation cuts a download.
"""

import asyncio
import contextlib
import functools
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from infra.errors import Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.settings import Settings, load

if TYPE_CHECKING:
    import uvicorn

IN_FLIGHT = 256 * 1024  # bytes in the send buffer of one connection
START_SECONDS = 20
HEADER_SECONDS = 10.0  # for the head of a request, and between two requests
CUT = "cityhub.cut"  # in the state of a request: what breaks its connection at once


class ShareSettings(Settings, frozen=True):
    """Where the Delta Sharing server listens, and the address that firms reach it by."""

    section: ClassVar[str] = "share"

    host: str = "127.0.0.1"
    port: int = 8470
    endpoint: str | None = None
    max_connections: int = 256


@dataclass(frozen=True, slots=True)
class Serving:
    """A running server: the port it listens on and the endpoint for profile files."""

    port: int
    endpoint: str


def serve(ground: Ground, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until interrupted, on the address of the settings; `ready` is called when it can be reached.

    Raises:
        WrongUse: SHARE_DEMO_HOST when a demo would listen beyond loopback.
        Unavailable: SHARE_PORT when the port is taken.
    """
    settings = load(ShareSettings, ground.environ)
    with contextlib.closing(_listen(ground, settings.host, settings.port)) as listener:
        server = _server(ground, settings)
        ready()
        with contextlib.suppress(KeyboardInterrupt):  # it has ended all that ran, and then says how it was asked to
            server.run(sockets=[listener])


@contextlib.contextmanager
def serve_in_thread(ground: Ground, *, port: int = 0) -> Iterator[Serving]:
    """Serve on loopback from a thread of this process while the block runs; port 0 takes any free one."""
    with contextlib.closing(_listen(ground, "127.0.0.1", port)) as listener:
        server = _server(ground, load(ShareSettings, ground.environ))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _await(server, thread)
            taken = int(listener.getsockname()[1])
            yield Serving(taken, f"http://127.0.0.1:{taken}/delta-sharing")
        finally:
            server.should_exit = True
            thread.join(timeout=START_SECONDS)


def endpoint(ground: Ground) -> str:
    """The address that a profile file names."""
    settings = load(ShareSettings, ground.environ)
    return settings.endpoint or f"http://{settings.host}:{settings.port}/delta-sharing"


def _listen(ground: Ground, host: str, port: int) -> socket.socket:
    if ground.demo and host not in {"127.0.0.1", "::1", "localhost"}:
        raise WrongUse("SHARE_DEMO_HOST", "演示模式只监听本机", "the demo listens on loopback only")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, IN_FLIGHT)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise Unavailable(
            "SHARE_PORT",
            f"无法监听 {host}:{port}",
            f"cannot listen on {host}:{port}",
            remedy=Text("用 HUB_SHARE_PORT 换一个端口", "choose another port with HUB_SHARE_PORT"),
        ) from error
    return listener


def _server(ground: Ground, settings: ShareSettings) -> "uvicorn.Server":
    import uvicorn  # noqa: PLC0415 - the web framework is loaded when something is served

    from sharing.server import build_app  # noqa: PLC0415

    config = uvicorn.Config(
        build_app(ground),
        http=_patient_for(HEADER_SECONDS),
        log_level="error",
        access_log=False,
        server_header=False,
        limit_concurrency=settings.max_connections,
        timeout_keep_alive=int(HEADER_SECONDS),
        timeout_graceful_shutdown=3,
        lifespan="off",
    )
    return uvicorn.Server(config)


def _patient_for(seconds: float) -> type["asyncio.Protocol"]:
    """uvicorn's HTTP protocol with a limit on how long a request's head may take, and a way to break a connection.

    Half a request holds no place; what a broken connection had still to send is not sent.
    """
    from uvicorn.protocols.http.h11_impl import H11Protocol  # noqa: PLC0415 - loaded when something is served

    class Patient(H11Protocol):
        _waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.app_state = {**self.app_state, CUT: functools.partial(_break, transport)}  # what each request is given
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                self._wait()  # the head of a next request may have begun
            else:
                self._cease()

        def connection_lost(self, exc: Exception | None) -> None:
            self._cease()
            super().connection_lost(exc)

        def _wait(self) -> None:
            if self._waiting is None:
                self._waiting = self.loop.call_later(seconds, self._over)

        def _cease(self) -> None:
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None

        def _over(self) -> None:
            self._waiting = None
            if self.cycle is None or self.cycle.response_complete:
                self.transport.close()

    return Patient


def _break(transport: asyncio.Transport) -> None:
    """End the connection now, without what the kernel has still to send on it."""
    with (
        contextlib.suppress(OSError),
        socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as same,
    ):
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _await(server: "uvicorn.Server", thread: threading.Thread) -> None:
    until = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise Unavailable("SHARE_START", "共享服务未能启动", "the sharing server did not start")
        time.sleep(0.01)
