"""The register's API on a socket of this machine, and people with keys who ask it."""

import contextlib
from collections.abc import Iterator

import httpx

from catalogs.people.people import issue_key
from catalogs.rest.serving import serve_in_thread
from infra.demo import HOME_MARK
from infra.ground import Ground, open_ground
from sharing.rest import PARTS


@contextlib.contextmanager
def served(ground: Ground, *, demo: bool = True) -> Iterator[httpx.Client]:
    """The API over `ground` while the block runs; without `demo` it lets nobody in but by a key."""
    environ = {**ground.environ, "HUB_REST_PORT": "0"}
    if not demo:
        del environ["HUB_DEMO"]
        (ground.home / HOME_MARK).unlink(missing_ok=True)  # a home that began as a demo stays one
    with (
        open_ground(environ) as opened,
        serve_in_thread(opened, PARTS) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", timeout=60, trust_env=False) as client,
    ):
        yield client


def key(ground: Ground, identity: str) -> dict[str, str]:
    """The header by which a person is known."""
    return {"Authorization": f"Bearer {issue_key(ground, identity, 'tester')}"}
