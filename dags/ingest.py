"""One Airflow DAG for each unit and update frequency: arrive → due → process (mapped batches) → describe.

The register's schedule is a small local file that `lake.clock.schedule` keeps; reading this file loads no heavy
library. A task is one call. A broken door leaves `arrive` red, and what came by the others goes its way; the run ends
failed all the same, for `doors` is a leaf that goes with `arrive`. A delivery that fails leaves its batch red after all
others of the batch were done, and may be tried again; describing is a teardown: it runs whatever happened and fails no
delivery.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, get_current_context, get_parsing_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_RETRIES = {"retries": 2, "retry_delay": timedelta(seconds=10)}


def _schedule() -> list[dict[str, Any]]:
    home = os.environ.get("HUB_HOME")
    try:
        return list(json.loads((Path(home or ".cityhub") / "airflow" / "schedule.json").read_bytes())["dags"])
    except FileNotFoundError:
        return []


def _make(entry: dict[str, Any], ticking: bool) -> DAG:
    with DAG(
        dag_id=entry["id"],
        dag_display_name=entry["title"],
        doc_md=entry["doc"],
        schedule=_tick(entry["cron"]) if ticking else None,
        start_date=_FIRST,
        catchup=False,
        max_active_runs=1,
        tags=entry["tags"],
        default_args={"owner": entry["owner"], **_RETRIES},
        dagrun_timeout=timedelta(hours=12),
    ) as dag:
        unit, frequency = entry["unit"], entry["frequency"]

        @task
        def arrive() -> dict[str, int]:
            from lake.clock.schedule import arrive_task

            return arrive_task(unit)

        @task(trigger_rule="all_done")
        def due() -> list[list[str]]:
            from lake.clock.schedule import due_task

            conf = get_current_context()["dag_run"].conf or {}
            return due_task(unit, frequency, conf.get("datasets") or ())

        @task
        def process(batch: list[str]) -> dict[str, int]:
            from lake.clock.schedule import process_task

            counts = process_task(batch)
            if counts["failed"]:
                raise AirflowException(f"{counts['failed']} deliveries have no verdict yet")
            if counts.get("refused") or counts.get("blocked"):
                raise AirflowFailException(f"deliveries refused or blocked by their data: {counts}")
            return counts

        @task
        def describe() -> dict[str, int]:
            from lake.clock.schedule import describe_task

            return describe_task()

        waiting = due()
        arrive() >> [waiting, EmptyOperator(task_id="doors")]
        process.expand(batch=waiting) >> describe().as_teardown()
    return dag


def _tick(cron: str | None) -> Any:
    from airflow.sdk import CronTriggerTimetable

    return CronTriggerTimetable(cron, timezone="Asia/Shanghai") if cron else None


def _all() -> dict[str, DAG]:
    only = get_parsing_context().dag_id  # a task needs its own DAG alone
    ticking = os.environ.get("HUB_CLOCK_TICKING", "1") == "1"
    return {entry["id"]: _make(entry, ticking) for entry in _schedule() if only in (None, entry["id"])}


globals().update(_all())
