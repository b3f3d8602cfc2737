"""The push door on a socket, for a command, for `hub up` and for tests."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from infra.ground import Ground
from infra.serving import Limits, in_thread, listen, run, server
from infra.settings import load
from lake.push import PREFIX, PushSettings, build_app

if TYPE_CHECKING:
    import uvicorn

SECTION = "PUSH"
HEADER_SECONDS = 10.0  # for the head of a request, and between two requests


def address(ground: Ground) -> str:
    """Where units send to."""
    settings = load(PushSettings, ground.environ)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}{PREFIX}"


def serve(ground: Ground, ready: Callable[[], None]) -> None:
    """Serve until interrupted; `ready` is called when it can be reached.

    Raises:
        WrongUse: PUSH_DEMO_HOST when a demo would listen beyond loopback.
        Unavailable: PUSH_PORT when the port is taken.
    """
    settings = load(PushSettings, ground.environ)
    with contextlib.closing(listen(ground, settings.host, settings.port, SECTION)) as listener:
        run(_server(ground, settings), listener, ready)


@contextlib.contextmanager
def serve_in_thread(ground: Ground) -> Iterator[int]:
    """Serve on the address of the settings from a thread while the block runs; the port.

    Raises:
        WrongUse, Unavailable: as `serve`.
    """
    settings = load(PushSettings, ground.environ)
    with (
        contextlib.closing(listen(ground, settings.host, settings.port, SECTION)) as listener,
        in_thread(_server(ground, settings), listener, SECTION) as port,
    ):
        yield port


def _server(ground: Ground, settings: PushSettings) -> "uvicorn.Server":
    return server(build_app(ground), Limits(settings.max_connections, HEADER_SECONDS, settings.stall_seconds))
