"""Serving: the Delta Sharing application on a socket, for a command, for the demo and for tests (`infra.serving`).

Its send buffer is kept small, and thrown away when a revocation cuts a download.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from infra.ground import Ground
from infra.serving import Limits, in_thread, listen, run, server
from infra.settings import Settings, load

if TYPE_CHECKING:
    import uvicorn

SECTION = "SHARE"
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
    with contextlib.closing(listen(ground, settings.host, settings.port, SECTION)) as listener:
        run(_server(ground, settings), listener, ready)


@contextlib.contextmanager
def serve_in_thread(ground: Ground, *, port: int = 0) -> Iterator[Serving]:
    """Serve on loopback from a thread of this process while the block runs; port 0 takes any free one."""
    with (
        contextlib.closing(listen(ground, "127.0.0.1", port, SECTION)) as listener,
        in_thread(_server(ground, load(ShareSettings, ground.environ)), listener, SECTION) as taken,
    ):
        yield Serving(taken, f"http://127.0.0.1:{taken}/delta-sharing")


def endpoint(ground: Ground) -> str:
    """The address that a profile file names."""
    settings = load(ShareSettings, ground.environ)
    return settings.endpoint or f"http://{settings.host}:{settings.port}/delta-sharing"


def _server(ground: Ground, settings: ShareSettings) -> "uvicorn.Server":
    from sharing.access.server import build_app  # noqa: PLC0415 - the web framework is loaded when something is served

    return server(build_app(ground), Limits(settings.max_connections, HEADER_SECONDS, settings.stall_seconds))
