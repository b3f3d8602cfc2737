"""How much a unit may bring: exact at whatever door and however many come at once, on SQLite and on PostgreSQL."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lake_city import FLOW, deliveries, stock

from catalogs.people.people import current
from infra.errors import HubError
from infra.ground import Ground, open_ground, sample_city
from lake.arrival.doors import take, waits
from lake.arrival.folder import watched
from lake.landing import quota
from lake.landing.landing import land

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
BEFORE_MIDNIGHT = datetime(2026, 6, 1, 15, 59, tzinfo=UTC)  # of the city: 23:59


@pytest.fixture
def city(city_environ: dict[str, str], tmp_path: Path) -> Iterator[Ground]:
    folder = tmp_path / "city"
    shutil.copytree(sample_city(), folder)
    with open_ground({**city_environ, "HUB_CITY_DIR": str(folder)}, create=True) as ground:
        ground.prepare()
        stock(ground)
        yield ground


def limit(ground: Ground, text: str) -> None:
    (ground.city / "arrivals.yaml").write_text(f"quotas: [{{unit: jinshui, {text}}}]\n")


def put(ground: Ground, tmp_path: Path, number: int, at: datetime = NOW) -> str | None:
    """Land four bytes; the code of the refusal."""
    path = tmp_path / f"{number}.csv"
    path.write_bytes(b"a\n%d\n" % number)
    try:
        land(ground, FLOW, path, channel="push", arrived_at=at, actor="test")
    except HubError as error:
        return error.code
    return None


def kept(ground: Ground) -> int:
    """How many deliveries there are; each has one object, and there are no others."""
    rows = deliveries(ground)
    assert len(rows) == len(list(ground.store.list("landing")))
    return len(rows)


@pytest.mark.parametrize("text", ["bytes_kept: 12", "bytes_a_day: 12", "deliveries_a_day: 3"])
def test_it_is_exact_when_many_come_at_once(city: Ground, tmp_path: Path, text: str) -> None:
    limit(city, text)
    codes: list[str | None] = []
    threads = [threading.Thread(target=lambda n=n: codes.append(put(city, tmp_path, n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count("ARRIVAL_KEPT" if text.startswith("bytes_kept") else "ARRIVAL_QUOTA") == 5
    assert codes.count(None) == kept(city) == 3
    (use,) = quota.uses(city, NOW)
    assert use.used == use.most


BESIDE = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from infra.errors import HubError
from infra.ground import open_ground
from lake.landing.landing import land
with open_ground(os.environ) as ground:
    for number in range(6):
        path = Path(sys.argv[1]) / f"{sys.argv[2]}{number}.csv"
        path.write_text(f"a\\n{sys.argv[2]}{number}\\n")
        try:
            land(ground, "jinshui.traffic.road_flow", path, channel="push",
                 arrived_at=datetime(2026, 6, 1, 8, tzinfo=UTC), actor="test")
        except HubError as error:
            assert error.code == "ARRIVAL_QUOTA", error.code
"""


def test_it_is_exact_among_processes(city: Ground, tmp_path: Path) -> None:
    limit(city, "deliveries_a_day: 7")
    command = [sys.executable, "-W", "ignore", "-c", BESIDE, str(tmp_path)]
    running = [subprocess.Popen([*command, str(who)], env=os.environ | city.environ) for who in (1, 2, 3)]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    assert kept(city) == 7


def test_a_day_is_the_citys_and_what_was_refused_comes_the_next(city: Ground, tmp_path: Path) -> None:
    limit(city, "deliveries_a_day: 1, bytes_a_day: 100")
    assert put(city, tmp_path, 1, BEFORE_MIDNIGHT) is None
    assert put(city, tmp_path, 2, BEFORE_MIDNIGHT) == "ARRIVAL_QUOTA"
    assert quota.seconds_left(BEFORE_MIDNIGHT) == 61
    assert put(city, tmp_path, 2, BEFORE_MIDNIGHT + timedelta(seconds=61)) is None
    assert put(city, tmp_path, 2, BEFORE_MIDNIGHT) is None, "what is there already brings nothing more"
    assert kept(city) == 2


def test_what_is_refused_stays_at_the_door_and_is_told(city: Ground) -> None:
    limit(city, "deliveries_a_day: 2")
    folder = watched(city, "jinshui")
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"traffic.road_flow-{number}.csv").write_bytes(b"a\n%d\n" % number)
    assert len(take(city).deliveries) == 2
    (told,) = waits(city, current(city), unit="jinshui", refused=True)
    assert told["code"] == "ARRIVAL_QUOTA"
    assert len(list(folder.glob("*.csv"))) == 1
    assert kept(city) == 2
    real = city.clock
    city.clock = lambda: real() + timedelta(days=1)
    assert len(take(city).deliveries) == 1
    assert waits(city, current(city), unit=None, refused=False) == []
