"""Nothing calls home and nothing is written outside the hub's home: shown under a watch on sockets and on files.

A hook of the interpreter (`sys.addaudithook`) refuses every connection that leaves the machine and notes every file
that is opened for writing elsewhere; HOME is an empty folder without permissions, and is empty afterwards.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lake_city import flow_file, line, stock

from infra.ground import Ground
from infra.settings import load
from lake.clock_env import ClockSettings, airflow_environ
from lake.schedule import write_schedule

WATCH = """
import os, sys
_home, _log = os.environ["WATCH_HUB_HOME"], os.open(os.environ["WATCH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_LOOPBACK = ("127.", "::1", "localhost")

def _note(what):
    os.write(_log, (what + chr(10)).encode())

def _watch(event, args):
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        if isinstance(address, tuple) and not str(address[0]).startswith(_LOOPBACK):
            _note(f"{event} {address[0]}")
            raise ConnectionRefusedError("no way out")
    elif event == "socket.getaddrinfo":
        host = args[0].decode() if isinstance(args[0], bytes) else str(args[0])
        if args[0] is not None and not host.startswith(_LOOPBACK) and host != "":
            _note(f"{event} {host}")
            raise ConnectionRefusedError("no way out")
    elif event == "open" and isinstance(args[0], (str, bytes)):
        flags = args[2] or 0
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            path = os.path.abspath(os.fsdecode(args[0]))
            if not path.startswith((_home + os.sep, "/dev/", "/proc/")):
                _note(f"write {path}")
    elif event == "os.mkdir":
        path = os.path.abspath(os.fsdecode(args[0]))
        if not (path + os.sep).startswith(_home + os.sep) and not os.path.isdir(path):
            _note(f"mkdir {path}")

sys.addaudithook(_watch)
"""

WHOLE_WAY = """
import sys
from pathlib import Path
from catalogs.people import current
from infra.ground import open_ground
from lake.ingest import ingest
from lake.outbox import drain
from lake.query import query
with open_ground() as ground:
    outcome = ingest(ground, "jinshui.traffic.road_flow", Path(sys.argv[1]), actor="test")
    assert outcome.state == "finished", outcome
    assert query(ground, current(ground), "SELECT * FROM city.traffic_road_flow").rows.num_rows == 20
    assert drain(ground).sent == 1
"""

PARSE = """
import sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert bag.dags and not bag.import_errors, bag.import_errors
"""


@pytest.fixture
def watched(tmp_path: Path, ground: Ground) -> dict[str, str]:
    """The environment of a watched process."""
    site, nobody = tmp_path / "site", tmp_path / "nobody"
    site.mkdir()
    (site / "sitecustomize.py").write_text(WATCH)
    nobody.mkdir(mode=0o500)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(nobody),
        "TMPDIR": str(ground.home / "tmp"),
        "HUB_HOME": str(ground.home),
        "HUB_DEMO": "1",
        "PYTHONPATH": str(site),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WATCH_HUB_HOME": str(ground.home),
        "WATCH_LOG": str(tmp_path / "watch.log"),
    }


def run_watched(environ: dict[str, str], code: str, *arguments: str) -> list[str]:
    """Run `code` under the watch; what it tried that it may not."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environ,
        cwd=environ["HUB_HOME"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert list(Path(environ["HOME"]).iterdir()) == []
    return sorted(set(Path(environ["WATCH_LOG"]).read_text().splitlines()))


def test_the_watch_itself_sees(watched: dict[str, str], ground: Ground, tmp_path: Path) -> None:
    code = """
import contextlib, os, socket, urllib.request
with contextlib.suppress(OSError):
    socket.create_connection(("192.0.2.1", 80), timeout=1)
with contextlib.suppress(OSError):
    urllib.request.urlopen("http://telemetry.invalid/")
with contextlib.suppress(OSError):
    open(os.path.expanduser("~/x"), "w").close()
os.path.exists(os.path.expanduser("~/x")) and os.remove(os.path.expanduser("~/x"))
"""
    seen = run_watched(watched, code)
    assert any(one.startswith("socket.connect 192.0.2.1") or "getaddrinfo 192.0.2.1" in one for one in seen)
    assert any("telemetry.invalid" in one for one in seen)
    assert any(one.startswith("write ") for one in seen)


@pytest.mark.timeout(400)
def test_ingest_query_and_describe_stay_at_home(watched: dict[str, str], ground: Ground) -> None:
    stock(ground)
    (ground.home / "tmp").mkdir(exist_ok=True)
    delivery = flow_file(ground.home / "in" / "a.csv", [line(i) for i in range(20)])
    assert run_watched(watched, WHOLE_WAY, str(delivery)) == []


@pytest.mark.timeout(400)
def test_airflow_stays_at_home(watched: dict[str, str], ground: Ground) -> None:
    stock(ground)
    write_schedule(ground)
    (ground.home / "airflow" / "tmp").mkdir(parents=True)
    environ = airflow_environ(watched, ground.home, port=1, settings=load(ClockSettings, {}), ticking=True)
    assert run_watched(environ, PARSE, environ["AIRFLOW__CORE__DAGS_FOLDER"]) == []
    assert json.loads(json.dumps(environ["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"])) == "False"
