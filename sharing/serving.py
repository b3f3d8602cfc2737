"""Serving: the Delta Sharing application on a socket, for a command, for the demo and for tests.

It promises a bounded number of connections, none of which is kept by doing nothing (`sharing.connection`), no access
log (a link's secret stands in its URL), and few bytes in flight: the kernel's send buffer is kept small, and thrown
away when a revocation cuts a download.
"""

import contextlib
import socket
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


class ShareSettings(Settings, frozen=True):
    """Where the Delta Sharing server listens, the address that firms reach it by, and what one of them may take."""

    section: ClassVar[str] = "share"

    host: str = "127.0.0.1"
    port: int = 8470
    endpoint: str | None = None
    max_connections: int = 256
    downloads: int = 64
    stall_seconds: float = 60.0

    def places(self) -> int:
        """The most downloads that one firm has at once: never more than half of the connections."""
        return max(1, min(self.downloads, self.max_connections // 2))


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


def check_host(ground: Ground, host: str) -> None:
    """Make sure that a demo listens where nobody else hears it.

    Raises:
        WrongUse: SHARE_DEMO_HOST.
    """
    if ground.demo and host not in {"127.0.0.1", "::1", "localhost"}:
        raise WrongUse("SHARE_DEMO_HOST", "演示模式只监听本机", "the demo listens on loopback only")


def _listen(ground: Ground, host: str, port: int) -> socket.socket:
    check_host(ground, host)
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

    from sharing.connection import timed  # noqa: PLC0415
    from sharing.server import build_app  # noqa: PLC0415

    config = uvicorn.Config(
        build_app(ground),
        http=timed(HEADER_SECONDS, settings.stall_seconds),
        log_level="error",
        access_log=False,
        server_header=False,
        limit_concurrency=settings.max_connections,
        timeout_keep_alive=int(HEADER_SECONDS),
        timeout_graceful_shutdown=3,
        lifespan="off",
    )
    return uvicorn.Server(config)


def _await(server: "uvicorn.Server", thread: threading.Thread) -> None:
    until = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise Unavailable("SHARE_START", "共享服务未能启动", "the sharing server did not start")
        time.sleep(0.01)
