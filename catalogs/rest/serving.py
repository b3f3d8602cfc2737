"""The register's API on a socket: for `hub catalog serve`, for `hub up` and for tests (`infra.serving`)."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar

from infra import serving
from infra.ground import Ground
from infra.serving import Address, Limits, server
from infra.settings import Settings, load

if TYPE_CHECKING:
    import uvicorn

    from catalogs.rest.parts import Part

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
    return f"{at(ground)}/v1"


def serve(ground: Ground, ready: Callable[[], None], more: "Sequence[Part]" = ()) -> None:
    """Serve until interrupted, with the parts `more` of the host; `ready` is called when it can be reached.

    Raises:
        WrongUse: REST_DEMO_HOST when a demo would listen beyond loopback.
        Unavailable: REST_PORT when the port is taken.
    """
    settings = load(RestSettings, ground.environ)
    serving.serve(ground, at(ground), lambda: _server(ground, settings, more), ready)


def serve_in_thread(ground: Ground, more: "Sequence[Part]" = ()) -> AbstractContextManager[int]:
    """Serve on the address of the settings from a thread while the block runs, with the host's parts `more`; the port.

    Raises:
        WrongUse, Unavailable: as `serve`.
    """
    settings = load(RestSettings, ground.environ)
    return serving.serve_in_thread(ground, at(ground), lambda: _server(ground, settings, more))


def at(ground: Ground) -> Address:
    """Where the settings have it listen."""
    settings = load(RestSettings, ground.environ)
    return Address(settings.host, settings.port, SECTION)


def _server(ground: Ground, settings: RestSettings, more: "Sequence[Part]") -> "uvicorn.Server":
    from catalogs.rest.app import build_app  # noqa: PLC0415 - the web framework is loaded when something is served

    return server(build_app(ground, more), Limits(settings.max_connections, HEADER_SECONDS, STALL_SECONDS))
