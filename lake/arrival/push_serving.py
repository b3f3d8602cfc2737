"""The push door on a socket, for a command, for `hub up` and for tests."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from infra import serving
from infra.ground import Ground
from infra.serving import Address, Limits, server
from infra.settings import load
from lake.arrival.push import PREFIX, PushSettings, build_app

if TYPE_CHECKING:
    import uvicorn

SECTION = "PUSH"
HEADER_SECONDS = 10.0  # for the head of a request, and between two requests


def address(ground: Ground) -> str:
    """Where units send to."""
    return f"{at(load(PushSettings, ground.environ))}{PREFIX}"


def serve(ground: Ground, ready: Callable[[], None]) -> None:
    """Serve until interrupted; `ready` is called when it can be reached.

    Raises:
        WrongUse: PUSH_DEMO_HOST when a demo would listen beyond loopback.
        Unavailable: PUSH_PORT when the port is taken.
    """
    settings = load(PushSettings, ground.environ)
    serving.serve(ground, at(settings), lambda: _server(ground, settings), ready)


def serve_in_thread(ground: Ground) -> AbstractContextManager[int]:
    """Serve on the address of the settings from a thread while the block runs; the port.

    Raises:
        WrongUse, Unavailable: as `serve`.
    """
    settings = load(PushSettings, ground.environ)
    return serving.serve_in_thread(ground, at(settings), lambda: _server(ground, settings))


def at(settings: PushSettings) -> Address:
    """Where the settings have the door listen."""
    return Address(settings.host, settings.port, SECTION)


def _server(ground: Ground, settings: PushSettings) -> "uvicorn.Server":
    return server(build_app(ground), Limits(settings.max_connections, HEADER_SECONDS, settings.stall_seconds))
