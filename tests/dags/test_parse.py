"""The DAG file: light to read, one DAG a unit and frequency, no import error."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lake_city import stock

from infra.ground import Ground
from infra.settings import load
from lake.clock.env import ClockSettings, airflow_environ
from lake.clock.schedule import schedule_file, write_schedule

HEAVY = ("duckdb", "great_expectations", "deltalake", "datahub", "pyarrow", "pandas", "cedarpy", "lake", "catalogs")
PROBE = """
import json, sys
from collections import namedtuple
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dagrun import DagRun
Task = namedtuple("Task", "task_id state")
bag = DagBag(sys.argv[1])
told = {
    dag_id: {
        "owner": dag.owner, "tags": sorted(dag.tags), "doc": dag.doc_md, "catchup": dag.catchup,
        "leaves": [one.task_id for one in DagRun._tis_for_dagrun_state(
            None, dag=dag, tis=[Task(task.task_id, None) for task in dag.tasks])],
        "most": dag.max_active_runs, "schedule": type(dag.timetable).__name__, "title": dag.dag_display_name,
        "tasks": {
            task.task_id: [sorted(task.downstream_task_ids), task.is_mapped, task.is_teardown, task.retries,
                task.trigger_rule.value]
            for task in dag.tasks
        },
    }
    for dag_id, dag in bag.dags.items()
}
loaded = [name for name in sys.argv[2].split(",") if name in sys.modules]
print("TOLD" + json.dumps({"errors": bag.import_errors, "dags": told, "loaded": loaded}))
"""


def parse(ground: Ground, *, ticking: bool = True, only: str | None = None) -> dict[str, Any]:
    environ = airflow_environ(
        {"PATH": os.environ["PATH"]},
        ground.home,
        port=1,
        settings=load(ClockSettings, {}),
        ticking=ticking,
    )
    if only:
        environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = only
    for folder in ("airflow/tmp", "airflow/plugins"):
        (ground.home / folder).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", PROBE, environ["AIRFLOW__CORE__DAGS_FOLDER"], ",".join(HEAVY)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("TOLD")]
    assert lines, done.stderr[-2000:]
    return dict(json.loads(lines[0][4:]))


@pytest.fixture
def city(ground: Ground) -> Ground:
    stock(ground)
    write_schedule(ground)
    return ground


def test_one_dag_a_unit_and_frequency(city: Ground) -> None:
    told = parse(city)
    assert told["errors"] == {}
    assert told["loaded"] == []
    dag = told["dags"]["ingest_jinshui_daily"]
    assert dag["owner"]
    assert "," not in dag["owner"]
    assert {"ingest", "jinshui", "daily", "traffic"} <= set(dag["tags"])
    assert "金水" in dag["title"]
    assert "Jinshui" in dag["title"]
    assert "jinshui.traffic.road_flow" in dag["doc"]
    assert (dag["catchup"], dag["most"]) == (False, 1)
    assert dag["schedule"] == "CronTriggerTimetable"
    downstream = {task: told_of[0] for task, told_of in dag["tasks"].items()}
    assert downstream == {
        "arrive": ["doors", "due"], "doors": [], "due": ["process"], "process": ["describe"], "describe": [],
    }  # fmt: skip
    assert set(dag["leaves"]) == {"doors", "process"}, "Airflow asks these how a run ended"
    assert dag["tasks"]["doors"][4] == "all_success"
    assert dag["tasks"]["process"][1], "process is mapped over the batches"
    assert dag["tasks"]["describe"][2], "describe runs whatever happened and fails no delivery"
    assert dag["tasks"]["due"][4] == "all_done", "a broken door keeps nothing waiting that came by another"
    assert all(task[3] == 2 for task in dag["tasks"].values()), "every task may be tried again"


def test_by_hand_nothing_runs_by_itself_and_a_task_reads_its_own_dag_alone(city: Ground) -> None:
    told = parse(city, ticking=False, only="ingest_jinshui_daily")
    assert list(told["dags"]) == ["ingest_jinshui_daily"]
    assert told["dags"]["ingest_jinshui_daily"]["schedule"] == "NullTimetable"


def test_a_home_without_a_schedule_has_no_dags_of_units_and_no_errors(ground: Ground) -> None:
    told = parse(ground)
    assert (told["errors"], list(told["dags"])) == ({}, ["compare_register"])


def test_the_register_is_compared_daily_by_one_task(ground: Ground) -> None:
    dag = parse(ground)["dags"]["compare_register"]
    assert (dag["schedule"], dag["most"], dag["catchup"]) == ("CronTriggerTimetable", 1, False)
    assert list(dag["tasks"]) == ["compare"]


def test_the_schedule_follows_the_register_and_is_left_alone_otherwise(city: Ground) -> None:
    path: Path = schedule_file(city.home)
    before = path.stat().st_mtime_ns
    dags = write_schedule(city)
    assert path.stat().st_mtime_ns == before
    assert len({dag.id for dag in dags}) == len(dags)
    assert {dag.unit for dag in dags} >= {"jinshui", "zhongyuan", "sample"}
