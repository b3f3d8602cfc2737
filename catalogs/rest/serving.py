"""The register's API on a socket: for `hub catalog serve`, for `hub up` and for tests (`infra.serving`)."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar

from infra.ground import Ground
from infra.serving import Limits, in_thread, listen, run, server
from infra.settings import Settings, load

if TYPE_CHECKING:
    import uvicorn

SECTION = "REST"
HEADER_SECONDS = 10.0  # for the head of a request, and between two requests
STALL_SECONDS = 30.0


class RestSettings(Settings, frozen=True):
    """Where the register's API listens, and how many connections it has at once."""

    section: ClassVar[str] = "rest"

    host: str = "127.0.0.1"
    port: int = 8472
    max_connections: int = 64


def address(ground: Ground) -> str:
    """Where programs find it."""
    settings = load(RestSettings, ground.environ)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}/v1"


def serve(ground: Ground, ready: Callable[[], None]) -> None:
    """Serve until interrupted; `ready` is called when it can be reached.

    Raises:
        WrongUse: REST_DEMO_HOST when a demo would listen beyond loopback.
        Unavailable: REST_PORT when the port is taken.
    """
    settings = load(RestSettings, ground.environ)
    with contextlib.closing(listen(ground, settings.host, settings.port, SECTION)) as listener:
        run(_server(ground, settings), listener, ready)


@contextlib.contextmanager
def serve_in_thread(ground: Ground) -> Iterator[int]:
    """Serve on the address of the settings from a thread while the block runs; the port.

    Raises:
        WrongUse, Unavailable: as `serve`.
    """
    settings = load(RestSettings, ground.environ)
    with (
        contextlib.closing(listen(ground, settings.host, settings.port, SECTION)) as listener,
        in_thread(_server(ground, settings), listener, SECTION) as port,
    ):
        yield port


def _server(ground: Ground, settings: RestSettings) -> "uvicorn.Server":
    from catalogs.rest.app import build_app  # noqa: PLC0415 - the web framework is loaded when something is served

    return server(build_app(ground), Limits(settings.max_connections, HEADER_SECONDS, STALL_SECONDS))
