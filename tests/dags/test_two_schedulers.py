"""Two schedulers and four workers over one PostgreSQL, as a city runs Airflow: no delivery is lost or taken twice."""

import contextlib
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import lake_city as city
import pytest
from servers import PostgresServer

from infra.ground import Ground
from infra.settings import load
from lake.clock.clock import Airflow, start_airflow
from lake.clock.env import ClockSettings, airflow, airflow_environ
from lake.clock.run import run_due

DELIVERIES = 24


@contextlib.contextmanager
def second_scheduler(ground: Ground, clock: Airflow) -> Iterator["subprocess.Popen[bytes]"]:
    """Another scheduler with two workers of its own, beside the clock's."""
    settings = load(ClockSettings, ground.environ)
    port = int(clock.address.rstrip("/").rpartition(":")[2])
    environ = airflow_environ(
        ground.environ | {"HUB_CITY_DIR": str(ground.city)}, ground.home, port=port, settings=settings, ticking=False
    )
    command = airflow("scheduler", "--skip-serve-logs")
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def deliver(ground: Ground) -> None:
    """Deliveries that overlap: each repeats ten records of the one before it."""
    folder = ground.home / "arrivals" / "jinshui" / "traffic.road_flow"
    for number in range(DELIVERIES):
        first = number * 20
        lines = [city.line(at) for at in range(first - 10 if number else 0, first + 20)]
        city.flow_file(folder / f"{number:03}.csv", lines)
    hospitals = ground.home / "arrivals" / "sample" / "health.hospitals"
    for number in range(4):
        city.hospital_file(hospitals / f"{number}.csv", [city.hospital(at) for at in range(number, number + 30)])


@pytest.mark.timeout(600)
def test_two_schedulers_and_four_workers_double_nothing(
    ground: Ground, postgres: PostgresServer, tmp_path: Path
) -> None:
    with postgres.database(f"airflow_{tmp_path.name[-20:]}") as url:
        ground.environ |= {"HUB_CLOCK_DATABASE": url, "HUB_CLOCK_PARALLELISM": "2"}
        city.stock(ground)
        deliver(ground)
        with start_airflow(ground, ui=False) as clock, second_scheduler(ground, clock) as other:
            report = run_due(ground)
            assert other.poll() is None, "the second scheduler ran all the time"
    assert Counter(one.state for one in report.deliveries) == {"finished": DELIVERIES + 4}
    rows = city.curated(ground)
    assert len(rows) == DELIVERIES * 20
    assert len({(row["detector_id"], row["observed_at"]) for row in rows}) == len(rows)
    city.balanced(ground)
    published = Counter(subject for act, subject in city.acts(ground) if act == "lake:delivery:published")
    assert set(published.values()) == {1}
    assert ground.ledger.verify().ok
