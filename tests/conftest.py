"""Fixtures of all tests: grounds on a folder with SQLite, and on a real S3 with a real PostgreSQL.

The servers start once a session and worker, when the first test needs them.
"""

import contextlib
import ipaddress
import os
import shutil
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import PostgresServer, S3Server, postgres_server, s3_server
from warm import Warm

from infra.ground import Ground, open_ground

ROOT = Path(__file__).resolve().parent.parent
BACKENDS = ("folder", "s3")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured or counted (`record_property("figure", …)`), also when workers ran them."""
    reports = [report for some in terminalreporter.stats.values() for report in some if hasattr(report, "when")]
    found = [
        (report.nodeid, value)
        for report in reports
        if report.when == "call"
        for name, value in report.user_properties
        if name == "figure"
    ]
    if found:
        terminalreporter.section("figures")
        for test, said in sorted(found):
            terminalreporter.line(f"{test.partition('::')[2]}: {said}")


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """No test sees the settings of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("HUB_") and not name.startswith("HUB_TEST_")]:
            patch.delenv(name)
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            patch.setenv(name, "C.UTF-8")
        yield


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """No test of this process reaches beyond this machine; one that tries fails with the address it asked for."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not ipaddress.ip_address(_numeric(address[0])).is_loopback:
            raise AssertionError(f"a test reached for the network: {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def _numeric(host: str) -> str:
    return "127.0.0.1" if host == "localhost" else host.partition("%")[0]


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


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """A process with the heavy libraries loaded, to fork children from."""
    with Warm() as parent:
        yield parent


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database: migrations run once a session, each test starts from a copy."""
    home = tmp_path_factory.mktemp("template") / "home"
    with open_ground({"HUB_HOME": str(home)}, create=True) as ground:
        ground.prepare()
    return home / "hub.db"


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a migrated, empty PostgreSQL database."""
    with postgres.database("hub_template") as url:
        environ = {"HUB_HOME": str(tmp_path_factory.mktemp("template") / "home"), "HUB_DATABASE": url}
        with open_ground(environ, create=True) as ground:
            ground.prepare()
        yield "hub_template"


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """`folder` (with SQLite) or `s3` (with PostgreSQL): whoever asks for it runs on both."""
    return str(request.param)


@pytest.fixture
def bare_environ(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a ground on `backend` where nothing is made yet, for this process or another."""
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}
    if backend == "folder":
        yield environ
        return
    with _on_servers(environ, request, "template1") as whole:
        yield whole


@pytest.fixture
def city_environ(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a fresh, migrated ground on `backend`, for this process or another."""
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}
    if backend == "folder":
        _start_from(request.getfixturevalue("sqlite_template"), tmp_path / "home")
        yield environ
        return
    with _on_servers(environ, request, request.getfixturevalue("postgres_template")) as whole:
        yield whole


@contextlib.contextmanager
def _on_servers(environ: dict[str, str], request: pytest.FixtureRequest, template: str) -> Iterator[dict[str, str]]:
    name = f"t{uuid.uuid4().hex[:16]}"
    store: S3Server = request.getfixturevalue("s3")
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database(name, template) as url:
        yield {**environ, **store.environ(name), "HUB_DATABASE": url}


def _start_from(template: Path, home: Path) -> None:
    home.mkdir(mode=0o700)
    shutil.copyfile(template, home / "hub.db")


@pytest.fixture
def city_ground(city_environ: dict[str, str]) -> Iterator[Ground]:
    """A fresh, migrated ground on each backend in turn."""
    with open_ground(city_environ, create=True) as ground:
        ground.prepare()
        yield ground


@pytest.fixture
def ground(tmp_path: Path, sqlite_template: Path) -> Iterator[Ground]:
    """A fresh, migrated ground on a folder and SQLite, in demo mode."""
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}
    _start_from(sqlite_template, tmp_path / "home")
    with open_ground(environ, create=True) as opened:
        opened.prepare()
        yield opened
