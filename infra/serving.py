"""An application on a socket: what every server of the house promises.

A bounded number of connections, none of which is kept by doing nothing (`infra.connection`), no access log (a secret
may stand in an address), few bytes in flight, and in the demo nobody hears it but this machine.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text

if TYPE_CHECKING:
    import uvicorn

IN_FLIGHT = 256 * 1024  # bytes in the send buffer of one connection
START_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections there are at once, and how long each may wait: for a head, for its client to read."""

    connections: int
    head_seconds: float
    stall_seconds: float


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens; `section` is that of the settings that name it."""

    host: str
    port: int
    section: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def check_host(ground: Ground, host: str, section: str) -> None:
    """Make sure that a demo listens where nobody else hears it.

    Raises:
        WrongUse: <section>_DEMO_HOST.
    """
    if ground.demo and host not in {"127.0.0.1", "::1", "localhost"}:
        raise WrongUse(f"{section}_DEMO_HOST", "演示模式只监听本机", "the demo listens on loopback only")


def listen(ground: Ground, host: str, port: int, section: str) -> socket.socket:
    """A socket that listens; `section` is that of the settings that name the port.

    Raises:
        WrongUse: <section>_DEMO_HOST.
        Unavailable: <section>_PORT when the port is taken.
    """
    check_host(ground, host, section)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, IN_FLIGHT)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        name = f"HUB_{section}_PORT"
        raise Unavailable(
            f"{section}_PORT",
            f"无法监听 {host}:{port}",
            f"cannot listen on {host}:{port}",
            remedy=Text(f"用 {name} 换一个端口", f"choose another port with {name}"),
        ) from error
    return listener


def server(app: Any, limits: Limits) -> "uvicorn.Server":
    """A server of `app`, not running yet."""
    import uvicorn  # noqa: PLC0415 - the web framework is loaded when something is served

    from infra.connection import timed  # noqa: PLC0415

    config = uvicorn.Config(
        app,
        http=timed(limits.head_seconds, limits.stall_seconds),
        ws="none",  # nothing speaks WebSocket here, and what did would be out of reach of these limits
        log_level="error",
        access_log=False,
        server_header=False,
        headers=[("X-Content-Type-Options", "nosniff")],  # an answer is what it says it is, and no page
        limit_concurrency=limits.connections,
        timeout_keep_alive=int(limits.head_seconds),
        timeout_graceful_shutdown=3,
        lifespan="off",
    )
    return uvicorn.Server(config)


def run(running: "uvicorn.Server", listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until interrupted; `ready` is called when it can be reached."""
    ready()
    with contextlib.suppress(KeyboardInterrupt):  # it has ended all that ran, and then says how it was asked to
        running.run(sockets=[listener])


@contextlib.contextmanager
def in_thread(running: "uvicorn.Server", listener: socket.socket, section: str) -> Iterator[int]:
    """Serve from a thread of this process while the block runs; the port.

    Raises:
        Unavailable: <section>_START.
    """
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        until = time.monotonic() + START_SECONDS
        while not running.started:
            if not thread.is_alive() or time.monotonic() > until:
                raise Unavailable(f"{section}_START", "服务未能启动", "the server did not start")
            time.sleep(0.01)
        yield int(listener.getsockname()[1])
    finally:
        running.should_exit = True
        thread.join(timeout=START_SECONDS)


def serve(ground: Ground, at: Address, made: "Callable[[], uvicorn.Server]", ready: Callable[[], None]) -> None:
    """Serve what `made` makes until interrupted; `ready` is called when it can be reached.

    Raises:
        WrongUse: <section>_DEMO_HOST when a demo would listen beyond loopback.
        Unavailable: <section>_PORT when the port is taken.
    """
    with contextlib.closing(listen(ground, at.host, at.port, at.section)) as listener:
        run(made(), listener, ready)


@contextlib.contextmanager
def serve_in_thread(ground: Ground, at: Address, made: "Callable[[], uvicorn.Server]") -> Iterator[int]:
    """Serve what `made` makes from a thread while the block runs; the port.

    Raises:
        WrongUse, Unavailable: as `serve` and `in_thread`.
    """
    with (
        contextlib.closing(listen(ground, at.host, at.port, at.section)) as listener,
        in_thread(made(), listener, at.section) as port,
    ):
        yield port
