"""`hub demo --data` as its user types it: a process, a real Airflow, the real sets; then a second look at the disk.

The second look at the data asks none of our code: files, the csv and json modules, openpyxl and xlrd, Delta logs as
JSON, Parquet footers, SQLite. The demo's own document must say the same.
"""

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Hashable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from left_behind import working_for
from real_sets import AIR, BUS, BUS_POINTS, COUNTS, FEED, LINE_STOPS, SETS, TIMETABLES, Log, Record, expected, records

from sharing.extract.extract import check

ROOT = Path(__file__).resolve().parents[2]
FIRM = ROOT / ".firm/bin/python"
LIMIT = 1500.0  # seconds: it takes 90 on an idle machine; what takes this long hangs
FOLDERS = {
    "environment-henan-aqi-hourly-2020": "sample.environment.aqi_hourly",
    "education-moe-universities-2025": "sample.education.universities",
    "traffic-zhengzhou-bus-lines": "sample.traffic.bus_stops",
    "tourism-australia-trips-xlsx": "sample.tourism.domestic_trips",
    "health-shanghai-hospital-poi": "sample.health.hospitals",
    "divisions-zhengzhou-datav-geojson": "sample.city_management.district_boundaries",
    "divisions-cn-modood-csv": "sample.city_management.divisions",
    "traffic-metr-la-speed": "sample.traffic.loop_speeds sample.traffic.loop_sensors sample.traffic.loop_weights",
    "health-covid-daily-2020": (
        "sample.health.epidemic_daily sample.health.epidemic_areas sample.health.epidemic_notices"
    ),
    "traffic-metro-metroman": "sample.traffic.metro_cities sample.traffic.metro_hot_stations",
    "divisions-zhengzhou-township-shapefile": "sample.city_management.townships",
    "tourism-5a-scenic-areas": "sample.tourism.scenic_areas",
    "tourism-shanghai-venues": "sample.tourism.venues",
    "education-schools-baidu-2019": "sample.education.schools sample.education.university_places",
    "environment-zhengzhou-weather-hourly": "sample.environment.weather_hourly",
    "environment-ipe-city-annual-gbk": "sample.environment.city_annual sample.environment.city_codes",
    "catalog-guangxi-open-data": "sample.city_management.open_catalogue sample.city_management.yearbook_tables",
    "traffic-shanghai-shenzhen-transit": (
        "sample.traffic.shenzhen_bus_lines sample.traffic.shenzhen_taxi_trips sample.traffic.shanghai_metro2_flow "
        "sample.traffic.shanghai_metro2_stops sample.traffic.shanghai_metro2_lines "
        "sample.city_management.shenzhen_districts"
    ),
    "traffic-muroran-bus-gtfs": " ".join((*FEED, LINE_STOPS, TIMETABLES, BUS_POINTS)),
}


@dataclass(frozen=True)
class Done:
    """A demo that ended: its document, its home, and where its data came from."""

    told: dict[str, Any]
    said: str
    home: Path
    data: Path

    def hub(self, *arguments: str) -> Any:
        """Ask the demo's home by command."""
        ran = hub(self.home, *arguments, "--json")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def numbers(self) -> dict[str, int]:
        """The number of each delivery, under which its rows are stored."""
        with closing(sqlite3.connect(self.home / "hub.db")) as database:
            return dict(database.execute("SELECT id, number FROM lake_delivery").fetchall())

    def table(self, dataset: str, side: str) -> Log | None:
        folder = self.home / "store" / side / dataset.replace(".", "/")
        return Log(folder) if folder.exists() else None


def hub(home: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environ |= {"HUB_HOME": str(home), "HUB_LANG": "en", **more}
    command = [sys.executable, "-m", "hub", *arguments]
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False)


@pytest.mark.timeout(LIMIT + 240)
def test_the_demo_on_the_real_sets_did_what_it_tells(shared: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    firm = {"HUB_FIRM_PYTHON": str(FIRM)} if FIRM.exists() else {}
    ran = hub(home, "demo", "--data", str(shared / "data"), "--json", **firm)
    assert ran.returncode == 0, ran.stderr[-3000:]
    done = Done(json.loads(ran.stdout), ran.stderr, home, shared / "data")
    every_file_is_told_as_read_or_as_no_data_with_its_reason(done)
    each_delivery_balances_and_was_read_whole(done)
    each_record_went_where_the_contract_says(done)
    the_files_on_disk_hold_what_was_told(done)
    the_certificate_is_there_and_says_what_the_firm_got(done)
    the_ledger_proves_it_and_nothing_runs_on(done)


def every_file_is_told_as_read_or_as_no_data_with_its_reason(done: Done) -> None:
    on_disk = {
        str(path.relative_to(done.data)) for name in FOLDERS for path in (done.data / name).rglob("*") if path.is_file()
    }
    told = Counter((file["file"], file["dataset"] if file["data"] else None) for file in done.told["files"])
    assert set(told.values()) == {1}, "a file may be data of several datasets"
    assert {name for name, _ in told} == on_disk
    assert {file["dataset"] for file in done.told["files"]} == set(SETS)
    for file in done.told["files"]:
        name = file["file"]
        assert file["dataset"] in FOLDERS[name.partition("/")[0]].split()
        assert file["data"] is not bool(file["reason"]), name
    delivered = Counter((one["dataset"], one["file"]) for one in done.told["deliveries"])
    assert delivered == Counter(paths(done).keys())
    assert len(paths(done)[BUS, "bus_stops"]) == 215
    assert sum(not file["data"] for file in done.told["files"]) >= 6


def paths(done: Done) -> dict[tuple[str, str], list[Path]]:
    """The files of each delivery, by its dataset and name."""
    found: dict[tuple[str, str], list[Path]] = {}
    for file in done.told["files"]:
        if file["data"]:
            found.setdefault((file["dataset"], file["delivered"]), []).append(done.data / file["file"])
    return found


def each_delivery_balances_and_was_read_whole(done: Done) -> None:
    files = paths(done)
    for one in done.told["deliveries"]:
        assert one["state"] in ("finished", "blocked"), one
        assert one["read"] == sum(one[name] for name in COUNTS), one
        assert one["read"] == len(records(one["dataset"], *files[one["dataset"], one["file"]])), one
        assert one["seconds"] >= 0
        assert one["audit"]["passed"] is (one["state"] == "finished")


def each_record_went_where_the_contract_says(done: Done) -> None:
    """A dataset's deliveries are taken in the order of their numbers."""
    files = paths(done)
    numbers = done.numbers()
    before: dict[str, dict[Hashable, Record]] = {dataset: {} for dataset in SETS}
    for one in sorted(done.told["deliveries"], key=lambda one: numbers[one["delivery"]]):
        wanted = expected(one["dataset"], files[one["dataset"], one["file"]], before[one["dataset"]])
        assert {name: one[name] for name in COUNTS} == wanted, one


def the_files_on_disk_hold_what_was_told(done: Done) -> None:
    numbers = done.numbers()
    assert len(numbers) == len(done.told["deliveries"])
    published = {}
    for dataset in SETS:
        deliveries = [one for one in done.told["deliveries"] if one["dataset"] == dataset]
        curated, aside = done.table(dataset, "curated"), done.table(dataset, "quarantine")
        assert curated is not None
        stored = {numbers[one["delivery"]]: one["published"] for one in deliveries if one["published"]}
        assert curated.per_delivery() == stored, dataset
        finished = [one["version"] for one in deliveries if one["state"] == "finished"]
        assert sorted(finished) == list(range(1, curated.versions + 1)), dataset
        set_aside = {numbers[one["delivery"]]: one["quarantined"] for one in deliveries if one["quarantined"]}
        assert (aside.per_delivery() if aside else {}) == set_aside, dataset
        published[dataset] = sum(stored.values())
    counts = [f"SELECT '{dataset}' AS dataset, count(*) AS rows FROM {view(dataset)}" for dataset in SETS]
    assert dict(done.hub("query", " UNION ALL ".join(counts))["rows"]) == published  # asked once: each takes a process


def view(dataset: str) -> str:
    unit, domain, name = dataset.split(".")
    return f"{unit}.{domain}_{name}"


def the_certificate_is_there_and_says_what_the_firm_got(done: Done) -> None:
    text: Mapping[str, Any] = done.told["certificate"]
    (key,) = done.hub("ledger", "verify")["keys"]
    check({name: done.told[name] for name in ("certificate", "receipt", "digest")}, key)
    assert text["source"]["dataset"] == AIR
    table = Log(done.home / "store" / "extracts" / text["extract"])
    assert sum(pq.read_metadata(table.folder / name).num_rows for name in table.standing) == text["result"]["rows"]
    assert text["result"]["rows"] == sum(one["published"] for one in done.told["deliveries"] if one["dataset"] == AIR)
    if FIRM.exists():
        assert done.told["firm"]["rows"] == text["result"]["rows"]
        assert done.told["firm"]["columns"] == text["result"]["columns"]


def the_ledger_proves_it_and_nothing_runs_on(done: Done) -> None:
    verified = done.hub("ledger", "verify")
    assert verified["faults"] == []
    assert "Traceback" not in done.said
    assert done.told["described"] == {"delivery": len(done.told["deliveries"]), "extract": 1, "waiting": 0}
    assert working_for(done.home) == []
    assert not (done.home / "airflow" / "session.json").exists()
    assert not list((done.home / "tmp").iterdir())
