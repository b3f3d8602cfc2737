"""A real Airflow, end to end: files in watched folders become versions of tables, and every process ends.

It runs under the watch that nothing calls home, and takes deliveries in which a word is planted in every value.
"""

import contextlib
import json
import os
import sqlite3
import stat
from collections import Counter
from contextlib import closing
from pathlib import Path

import planted
import psutil
import pytest
from lake_city import FLOW, acts, curated, flow_file, line, quarantined, stock
from watch import seen, watched, watching

from infra.ground import Ground
from infra.language import Text
from lake.clock.clock import start_airflow
from lake.clock.run import Report, run_due
from lake.describe.outbox import drain

VISITS = "zhongyuan.health.visits"


def airflow_processes(home: Path) -> list[psutil.Process]:
    session = json.loads((home / "airflow" / "session.json").read_text())["session"]
    found = []
    for process in psutil.process_iter(["pid"]):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == session:
                found.append(process)
    return found


def deliver(ground: Ground) -> None:
    """Good, quarantined, blocked and unreadable deliveries; a planted word in every value, header and name of some."""
    folder = ground.home / "arrivals"
    flows = folder / "jinshui" / "traffic.road_flow"
    flow_file(flows / "a.csv", [line(i) for i in range(30)])
    flow_file(flows / "b.csv", [*(line(i + 30) for i in range(20)), line(90, flow="x")])
    bad = folder / "zhongyuan" / "health.visits" / "QZVgfQ柒玖测病历.csv"
    bad.parent.mkdir(parents=True)
    bad.write_text("QZVghQ柒玖测,b\n1,QZVgrQ\n")
    for dataset in (planted.ALL, planted.CASES):
        one, (unit, _, name) = planted.record, dataset.partition(".")
        aside = [one(dataset, 20, note_1="QZVg1Q" + "x" * 70), "R30,QZVgrQtorn,4101239912345678"]
        blocked = [one(dataset, 50), one(dataset, 51, number_3="9999999999"), one(dataset, 52, number_3="QZVg3Qn")]
        rows = {"a": [*(one(dataset, n) for n in range(1, 9)), *aside], "b": blocked}
        for mark, records in rows.items():
            path = folder / unit / name / f"{mark}-QZVgfQ柒玖测病历.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(planted.table(dataset, records, extra="QZVghQ柒玖测"))
    (folder / "huiji" / "QZVgfQnobody.csv").write_bytes(planted.table(planted.ALL, []))


def clean(said: object, where: object) -> None:
    assert planted.found(said) == set(), where


@pytest.mark.timeout(600)
def test_what_arrived_is_taken_through_airflow(ground: Ground, tmp_path: Path) -> None:
    ground.city = planted.city(tmp_path / "city")
    environ = watched(ground.home, tmp_path)
    ground.environ.update(environ)
    stock(ground)
    deliver(ground)
    said: list[Text] = []

    with start_airflow(ground, ui=False, progress=said.append) as clock:
        processes = {process.pid for process in airflow_processes(ground.home)}
        report = run_due(ground, progress=said.append)  # beside an Airflow that runs: it is used, and left running
        assert clock.running()
        assert report.start_seconds is None
        assert clock.api.import_errors() == []
        listening = [
            connection.laddr.ip
            for process in airflow_processes(ground.home)
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert set(listening) == {"127.0.0.1"}
    assert len(processes) >= 4
    assert not [pid for pid in processes if psutil.pid_exists(pid)]
    assert [one.en for one in said[:2]] == ["Airflow: database", "Airflow: scheduler and API"]
    assert said[-1].en.startswith("Airflow: 3/3 DAGs, ")
    assert all(one.zh.startswith("Airflow：") for one in said)
    outcomes(ground, report)
    assert seen(environ) == [], "Airflow or a task called home, or wrote elsewhere"
    assert len(watching(environ) & processes) >= 4, "the guard and the three programs were watched"
    nothing_is_told(ground)


def outcomes(ground: Ground, report: Report) -> None:
    states = Counter((one.dataset, one.state) for one in report.deliveries)
    assert states == {
        (FLOW, "finished"): 2,
        (VISITS, "refused"): 1,
        (planted.ALL, "finished"): 1,
        (planted.ALL, "blocked"): 1,
        (planted.CASES, "finished"): 1,
        (planted.CASES, "blocked"): 1,
        (None, "refused"): 1,
    }
    assert all(one.code is not None for one in report.deliveries if one.state != "finished")
    failed = {name for name, state in report.dags.items() if state == "failed"}
    assert set(report.dags) == {"ingest_jinshui_daily", "ingest_zhongyuan_daily", "ingest_huiji_daily"}
    assert failed == {"ingest_zhongyuan_daily", "ingest_huiji_daily"}
    for one in report.deliveries:
        if one.state != "refused":
            assert one.read == (one.published or 0) + (one.quarantined or 0) + (one.duplicates or 0)
    assert len(curated(ground, FLOW)) == 50
    assert len(curated(ground, planted.CASES)) == 8
    assert planted.found(quarantined(ground, planted.CASES)) >= {"g1", "g3", "g4", "gp", "gr", "gx"}, "it is in there"
    assert sum(act == "lake:delivery:described" for act, _ in acts(ground)) >= 2
    assert drain(ground).left == 0


def nothing_is_told(ground: Ground) -> None:
    """No planted word, and no password, stands in what Airflow keeps: XCom, database, logs, all files of its home."""
    home = ground.home / "airflow"
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        xcom = database.execute("SELECT dag_id, task_id, key, value FROM xcom").fetchall()
    assert {(dag, task) for dag, task, _, _ in xcom} >= {
        ("ingest_huiji_daily", "due"),
        ("ingest_huiji_daily", "arrive"),
    }
    clean(xcom, "xcom")
    password = json.loads((home / "passwords.json").read_text())["admin"]
    logs = [path for path in home.rglob("*.log") if path.is_file()]
    tasks = [path for path in logs if "ingest_huiji_daily" in str(path) and "process" in str(path)]
    assert tasks, "the tasks that took the planted deliveries have logs"
    assert {path.stem for path in logs} >= {"scheduler", "api-server", "dag-processor"}
    assert not [path.name for path in logs if password in path.read_text(errors="replace")]
    for path in home.rglob("*"):
        clean(str(path), "a name")
        if path.is_file():
            clean(path.read_bytes(), path)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_nothing_due_starts_nothing(ground: Ground) -> None:
    stock(ground)
    report = run_due(ground)
    assert (report.deliveries, dict(report.dags), report.start_seconds) == ((), {}, None)
    assert not (ground.home / "airflow" / "airflow.db").exists()
