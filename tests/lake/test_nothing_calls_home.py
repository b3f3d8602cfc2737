"""Nothing calls home and nothing is written outside the hub's home: shown under a watch on sockets and on files.

Ingest, query, describing, a push, its ticket and its notice, reading the DAGs, issuing and serving an extract; a
running Airflow is watched where it runs (`tests/dags/test_run.py`).
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lake_city import flow_file, line, stock
from watch import seen, watched

from infra.ground import Ground
from infra.settings import load
from lake.clock.env import ClockSettings, airflow_environ
from lake.clock.schedule import write_schedule

WHOLE_WAY = """
import sys
from pathlib import Path
from catalogs.people.people import current
from infra.ground import open_ground
from lake.ingest import ingest
from lake.describe.outbox import drain
from lake.query.query import query
with open_ground() as ground:
    outcome = ingest(ground, "jinshui.traffic.road_flow", Path(sys.argv[1]), actor="test")
    assert outcome.state == "finished", outcome
    assert query(ground, current(ground), "SELECT * FROM city.traffic_road_flow").rows.num_rows == 20
    assert drain(ground).sent == 1
"""

IN_AND_TOLD = """
import http.client, http.server, threading
from catalogs.people.people import issue_key
from infra.ground import open_ground
from lake.records import tickets
from lake.ingest import process
from lake.tickets.notices import tell
from lake.arrival.push_serving import serve_in_thread
from lake.clock.schedule import due

class Desk(http.server.BaseHTTPRequestHandler):
    called = []

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.called.append(self.path)
        self.send_response(307 if len(self.called) == 1 else 204)
        self.send_header("Location", "http://192.0.2.7/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass

desk = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Desk)
threading.Thread(target=desk.serve_forever, daemon=True).start()
with open_ground() as ground:
    ground.environ["HUB_NOTICE_DESK_URL"] = f"http://127.0.0.1:{desk.server_port}/named"
    with serve_in_thread(ground) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        key = issue_key(ground, "officer_jinshui", "test")
        head = {"Authorization": "Bearer " + key}
        connection.request("PUT", "/arrivals/jinshui.traffic.road_flow/a.csv", "wrong,head\\n1,2\\n", head)
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status == 201, told
        connection.close()
    [delivery] = due(ground)
    assert process(ground, delivery.id).state == "refused"
    assert tickets.listing(ground)
    assert [one.error.code for one in tell(ground, "test")[0]] == ["NOTICE_WEBHOOK"]
    assert [one.error for one in tell(ground, "test")[0]] == [None]
assert Desk.called == ["/named", "/named"]
desk.shutdown()
"""

DOOR = """
import http.client, json
from urllib.parse import urlsplit
import sharing_case
from infra.ground import open_ground
from lake.describe.outbox import drain
from sharing.access import grants
from sharing.extract import extract
from sharing.access.serving import serve_in_thread
with open_ground() as ground:
    sharing_case.publish(ground, ground.home / "tmp")
    case = sharing_case.signed(ground)
    issued = extract.issue(ground, case.id, "operator")
    extract.check(extract.document(ground, issued))
    assert drain(ground).sent == 1
    with serve_in_thread(ground) as serving:
        profile = grants.profile(ground, case.id, serving.endpoint, "operator")
        grants.write_profile(ground.home / "firm.share", profile)
        token = json.loads((ground.home / "firm.share").read_text())["bearerToken"]

        def ask(method, path, body=None, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=60)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            assert answer.status == 200, (path, content)
            return content

        table = f"/delta-sharing/shares/{case.id}/schemas/zhongyuan/tables/health_visits"
        lines = ask("POST", table + "/query", "{}", Authorization="Bearer " + token).splitlines()
        url = urlsplit(json.loads(lines[2])["file"]["url"])
        assert ask("GET", f"{url.path}?{url.query}").startswith(b"PAR1")
    grants.revoke(ground, case.id, "reviewer_authority", "over")
    assert ground.ledger.sequence() and ground.ledger.verify().ok
"""

PARSE = """
import sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert bag.dags and not bag.import_errors, bag.import_errors
"""


@pytest.fixture
def environ(tmp_path: Path, ground: Ground) -> dict[str, str]:
    """The environment of a watched process, which may import what stands beside the tests."""
    (ground.home / "tmp").mkdir(exist_ok=True)
    return watched(ground.home, tmp_path, Path(__file__).resolve().parents[1])


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
    return seen(environ)


def test_the_watch_itself_sees(environ: dict[str, str]) -> None:
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
    tried = run_watched(environ, code)
    assert any(one.startswith("socket.connect 192.0.2.1") or "getaddrinfo 192.0.2.1" in one for one in tried)
    assert any("telemetry.invalid" in one for one in tried)
    assert any(one.startswith("write ") for one in tried)


@pytest.mark.timeout(400)
def test_ingest_query_and_describe_stay_at_home(environ: dict[str, str], ground: Ground) -> None:
    stock(ground)
    delivery = flow_file(ground.home / "in" / "a.csv", [line(i) for i in range(20)])
    assert run_watched(environ, WHOLE_WAY, str(delivery)) == []


@pytest.mark.timeout(400)
def test_a_push_its_ticket_and_its_notice_call_the_named_address_alone(environ: dict[str, str], ground: Ground) -> None:
    ground.city = Path(shutil.copytree(ground.city, ground.home / "city"))
    (ground.city / "notices.yaml").write_text("notices: [{name: desk, webhook: DESK}]\n", "utf-8")
    stock(ground)
    more = {"HUB_CITY_DIR": str(ground.city), "HUB_NOTICE_DESK_KEY": "k", "HUB_PUSH_PORT": "0"}
    more |= dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"), "http://192.0.2.9:3128")
    assert run_watched(environ | more, IN_AND_TOLD) == []


@pytest.mark.timeout(400)
def test_reading_the_dags_stays_at_home(environ: dict[str, str], ground: Ground) -> None:
    stock(ground)
    write_schedule(ground)
    (ground.home / "airflow" / "tmp").mkdir(parents=True)
    airflow = airflow_environ(environ, ground.home, port=1, settings=load(ClockSettings, {}), ticking=True)
    assert run_watched(airflow, PARSE, airflow["AIRFLOW__CORE__DAGS_FOLDER"]) == []
    assert airflow["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"


@pytest.mark.timeout(400)
def test_issuing_and_serving_an_extract_stay_at_home(environ: dict[str, str], ground: Ground) -> None:
    assert run_watched(environ, DOOR) == []
