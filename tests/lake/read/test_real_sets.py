"""The public sets, each file read whole: the counts are those of SOURCE.md and of a count without our readers."""

import csv
import json
from pathlib import Path

import duckdb
import openpyxl
import pytest
from real_sets import COURSES, ENCODINGS, LINES, SHENZHEN, TOWNS, WIDE, records

from contracts.check import load_contracts
from contracts.model import Contract
from infra.ground import sample_city
from lake.read import read
from lake.sample import REAL_DATASETS, real_set_files

# The files of a shapefile are one delivery and none of them is read alone: tests/e2e/test_real_sets.py delivers them.
ALONE = [dataset for dataset in REAL_DATASETS if dataset not in (TOWNS, COURSES, SHENZHEN)]


@pytest.fixture(scope="module")
def promises() -> dict[str, Contract]:
    return {promise.contract.id: promise.contract for promise in load_contracts(sample_city() / "contracts")}


def counted(dataset: str, path: Path) -> int:
    """Records, without our readers."""
    if dataset in WIDE or dataset in LINES:
        return len(records(dataset, path))
    if path.suffix == ".yaml":
        return 1
    if path.suffix in (".csv", ".txt"):
        with path.open(encoding=ENCODINGS.get(path.name, "utf-8"), newline="") as file:
            return sum(1 for _ in csv.reader(file)) - 1
    if path.suffix == ".xlsx":
        return openpyxl.load_workbook(path, read_only=True).active.max_row - 1
    if path.suffix == ".xls":
        return 2919  # schools by their own numbering; SOURCE.md
    document = json.loads(path.read_text(encoding="utf-8"))
    return len(document) if isinstance(document, list) else len(document["features"])


@pytest.mark.parametrize("dataset", ALONE)
def test_every_record_is_read_without_a_fault(
    dataset: str, shared: Path, promises: dict[str, Contract], tmp_path: Path
) -> None:
    total = 0
    for file in real_set_files(shared / "data", dataset):
        if not file.data:
            continue
        source = read(file.path, promises[dataset], tmp_path)
        with duckdb.connect() as connection:
            sql = f"SELECT count(*), count(_fault) FROM ({source.sql})"
            found = connection.execute(sql, source.parameters).fetchone()
        assert found == (counted(dataset, file.path), 0), file.path.name
        total += found[0]
    known = {
        "aqi_hourly": 10_641,
        "universities": 2919,
        "bus_stops": 10_008,
        "domestic_trips": 24_320,
        "hospitals": 7513,
        "district_boundaries": 30,
        "divisions": 44_703,
        "loop_speeds": 417_312,
        "loop_sensors": 207,
        "loop_weights": 42_849,
        "epidemic_daily": 61_700,
        "epidemic_areas": 3212,
        "epidemic_notices": 17,
        "metro_cities": 36,
        "metro_hot_stations": 360,
        "scenic_areas": 318,
        "venues": 753,
        "schools": 28_610,
        "university_places": 8084,
        "weather_hourly": 17_544,
        "city_annual": 2810,
        "city_codes": 370,
        "open_catalogue": 5411,
        "yearbook_tables": 2063,
        "shenzhen_bus_lines": 2113,
        "shenzhen_taxi_trips": 193_455,
        "shanghai_metro2_flow": 58,
        "shanghai_metro2_stops": 60,
        "muroran_gtfs_agency": 1,
        "muroran_gtfs_calendar": 2,
        "muroran_gtfs_routes": 4,
        "muroran_gtfs_stops": 465,
        "muroran_gtfs_trips": 17,
        "muroran_gtfs_stop_times": 401,
        "muroran_line_stops": 129,
        "muroran_timetables": 129,
        "muroran_bus_points": 371,
    }
    assert total == known[dataset.rpartition(".")[2]]
