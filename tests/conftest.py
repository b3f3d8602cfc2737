"""Fixtures of all tests: grounds on a folder with SQLite, and on a real S3 with a real PostgreSQL.

The servers start once a session and worker, when the first test needs them.
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import PostgresServer, S3Server, postgres_server, s3_server

from infra.ground import Ground, open_ground

ROOT = Path(__file__).resolve().parent.parent
BACKENDS = ("folder", "s3")


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """No test sees the settings of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("HUB_") and not name.startswith("HUB_TEST_")]:
            patch.delenv(name)
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            patch.setenv(name, "C.UTF-8")
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the project; tests that read it skip where it is absent."""
    folder = Path(os.environ.get("HUB_TEST_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("the folder of real data is not here (HUB_TEST_SHARED)")
    return folder


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """A real S3."""
    with s3_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """`folder` (with SQLite) or `s3` (with PostgreSQL): whoever asks for it runs on both."""
    return str(request.param)


@pytest.fixture
def city_environ(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a fresh ground on `backend`, for this process or another."""
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}
    if backend == "folder":
        yield environ
        return
    name = f"t{uuid.uuid4().hex[:16]}"
    store: S3Server = request.getfixturevalue("s3")
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database(name) as url:
        yield {**environ, **store.environ(name), "HUB_DATABASE": url}


@pytest.fixture
def city_ground(city_environ: dict[str, str]) -> Iterator[Ground]:
    """A fresh, migrated ground on each backend in turn."""
    with open_ground(city_environ, create=True) as ground:
        ground.prepare()
        yield ground


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """A fresh, migrated ground on a folder and SQLite, in demo mode."""
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}
    with open_ground(environ, create=True) as opened:
        opened.prepare()
        yield opened
