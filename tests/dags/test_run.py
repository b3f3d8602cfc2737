"""A real Airflow, end to end: files in watched folders become versions of tables, and every process ends."""

import contextlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import psutil
import pytest
from lake_city import FLOW, acts, curated, flow_file, line, stock

from infra.ground import Ground
from infra.language import Text
from lake.clock import start_airflow
from lake.clock_run import run_due
from lake.outbox import drain

VISITS = "zhongyuan.health.visits"
SECRET = "canary-4411-personal"


def airflow_processes(home: Path) -> list[psutil.Process]:
    session = json.loads((home / "airflow" / "session.json").read_text())["session"]
    found = []
    for process in psutil.process_iter(["pid"]):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == session:
                found.append(process)
    return found


@pytest.mark.timeout(600)
def test_what_arrived_is_taken_through_airflow(ground: Ground) -> None:
    stock(ground)
    folder = ground.home / "arrivals"
    flow_file(folder / "jinshui" / "traffic.road_flow" / "a.csv", [line(i) for i in range(30)])
    flow_file(
        folder / "jinshui" / "traffic.road_flow" / "b.csv", [*(line(i + 30) for i in range(20)), line(90, flow="x")]
    )
    bad = folder / "zhongyuan" / "health.visits" / "bad.csv"
    bad.parent.mkdir(parents=True)
    bad.write_text(f"{SECRET},b\n1,{SECRET}\n")
    seen: list[Any] = []
    said: list[Text] = []

    with start_airflow(ground, ui=False, progress=said.append) as clock:
        seen = [process.pid for process in airflow_processes(ground.home)]
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
    assert len(seen) >= 4
    assert not [pid for pid in seen if psutil.pid_exists(pid)]

    assert [one.en for one in said[:2]] == ["Airflow: database", "Airflow: scheduler and API"]
    assert said[-1].en.startswith("Airflow: 2/2 DAGs, ")
    assert all(one.zh.startswith("Airflow：") for one in said)

    by_dataset = {(one.dataset, one.state): one for one in report.deliveries}
    assert sorted(one.state for one in report.deliveries) == ["finished", "finished", "refused"]
    assert by_dataset[VISITS, "refused"].code is not None
    assert report.dags == {"ingest_jinshui_daily": "success", "ingest_zhongyuan_daily": "failed"}
    for one in report.deliveries:
        if one.state == "finished":
            assert one.read == (one.published or 0) + (one.quarantined or 0) + (one.duplicates or 0)
    assert len(curated(ground, FLOW)) == 50
    assert sum(act == "lake:delivery:described" for act, _ in acts(ground)) >= 2
    assert drain(ground).left == 0

    for path in (ground.home / "airflow").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert SECRET.encode() not in content, f"a value of the data stands in {path.name}"
    password = json.loads((ground.home / "airflow" / "passwords.json").read_text())["admin"]
    logs = [path for path in (ground.home / "airflow").rglob("*.log") if path.is_file()]
    assert logs
    assert not [path.name for path in logs if password in path.read_text(errors="replace")]
    assert stat.S_IMODE((ground.home / "airflow").stat().st_mode) == 0o700


def test_nothing_due_starts_nothing(ground: Ground) -> None:
    stock(ground)
    report = run_due(ground)
    assert (report.deliveries, dict(report.dags), report.start_seconds) == ((), {}, None)
    assert not (ground.home / "airflow" / "airflow.db").exists()
