"""The real sets through reading and split: each oddity of their SOURCE.md is caught or mended, and counted."""

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from real_sets import company

from catalogs.folder.city import load_city
from contracts import compile as compiling
from contracts.check import load_contracts
from contracts.compile import Compiled, split_sql
from contracts.model import Contract
from contracts.suite import table_failure_sql
from infra.ground import sample_city
from infra.text import quote_identifier
from lake.read import read

ODDITIES: dict[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "oddities.yaml").read_text("utf-8"))
FILES = {
    "sample.environment.aqi_hourly": "environment-henan-aqi-hourly-2020/*.csv",
    "sample.education.universities": "education-moe-universities-2025/*.xls",
    "sample.traffic.bus_stops": "traffic-zhengzhou-bus-lines/db/*.json",
    "sample.tourism.domestic_trips": "tourism-australia-trips-xlsx/*.xlsx",
    "sample.health.hospitals": "health-shanghai-hospital-poi/*.csv",
    "sample.city_management.district_boundaries": "divisions-zhengzhou-datav-geojson/*.json",
    "sample.city_management.divisions": "divisions-cn-modood-csv/*.csv",
    "sample.traffic.loop_speeds": "traffic-metr-la-speed/los_speed.csv",
    "sample.traffic.loop_sensors": "traffic-metr-la-speed/graph_sensor_locations.csv",
    "sample.traffic.loop_weights": "traffic-metr-la-speed/los_adj.csv",
    "sample.health.epidemic_daily": "health-covid-daily-2020/Data/*.csv",
    "sample.health.epidemic_areas": "health-covid-daily-2020/ChinaAreaCode.csv",
    "sample.health.epidemic_notices": "health-covid-daily-2020/Report/*.yaml",
    "sample.traffic.metro_cities": "traffic-metro-metroman/*.xlsx",
    "sample.traffic.metro_hot_stations": "traffic-metro-metroman/*.xlsx",
    "sample.city_management.townships": "divisions-zhengzhou-township-shapefile/*/demographics.shp",
    "sample.tourism.scenic_areas": "tourism-5a-scenic-areas/*.json",
    "sample.tourism.venues": "tourism-shanghai-venues/*.csv",
    "sample.education.schools": "education-schools-baidu-2019/学校-*.json",
    "sample.education.university_places": "education-schools-baidu-2019/大学-*.json",
    "sample.environment.weather_hourly": "environment-zhengzhou-weather-hourly/*.csv",
    "sample.environment.city_annual": "environment-ipe-city-annual-gbk/ipedata.csv",
    "sample.environment.city_codes": "environment-ipe-city-annual-gbk/spacedict.csv",
    "sample.city_management.open_catalogue": "catalog-guangxi-open-data/guangxi.json",
    "sample.city_management.yearbook_tables": "catalog-guangxi-open-data/henan.json",
    "sample.traffic.shenzhen_bus_lines": "traffic-shanghai-shenzhen-transit/shenzhen_busline.csv",
    "sample.traffic.shenzhen_taxi_trips": "traffic-shanghai-shenzhen-transit/shenzhen_taxi_od_grid.csv",
    "sample.traffic.shanghai_metro2_flow": "traffic-shanghai-shenzhen-transit/shanghai_metro2_flow.csv",
    "sample.traffic.shanghai_metro2_stops": "traffic-shanghai-shenzhen-transit/shanghai_metro2_stops.csv",
    "sample.traffic.shanghai_metro2_lines": "traffic-shanghai-shenzhen-transit/metroline2.shp",
    "sample.city_management.shenzhen_districts": "traffic-shanghai-shenzhen-transit/sz.shp",
    **{
        f"sample.traffic.muroran_gtfs_{table}": f"traffic-muroran-bus-gtfs/gtfs/{table}.txt"
        for table in ("agency", "calendar", "routes", "stops", "trips", "stop_times")
    },
    "sample.traffic.muroran_line_stops": "traffic-muroran-bus-gtfs/json/BusStop_*.json",
    "sample.traffic.muroran_timetables": "traffic-muroran-bus-gtfs/json/Schedule_*.json",
    "sample.traffic.muroran_bus_points": "traffic-muroran-bus-gtfs/*.geojson",
}
KINDS = ("rule", "table", "conversion", "duplicates", "reading", "declared")


@cache
def contracts() -> dict[str, Contract]:
    city = load_city(sample_city())
    return {promise.contract.id: promise.contract for promise in load_contracts(sample_city(), city.resources)}


@dataclass
class Seen:
    """What one set came to: its records, typed and raw, in a table; notes of the reader; broken rules by file."""

    connection: duckdb.DuckDBPyConnection
    compiled: Compiled
    read: int = 0
    notes: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)

    def scalar(self, sql: str) -> Any:
        row = self.connection.execute(sql).fetchone()
        assert row is not None
        return row[0]

    def rule(self, identity: str, files: str) -> int:
        at = [rule.id for rule in self.compiled.rules].index(identity)
        return int(self.scalar(f"SELECT count(*) FROM seen WHERE (_mask{at // 63} >> {at % 63}) & 1 = 1 AND {files}"))

    def table(self, identity: str, names: list[str]) -> int:
        rule = next(rule for rule in self.compiled.contract.table_rules if rule.id == identity)
        sql = table_failure_sql(rule, None)
        found = 0
        for name in names:
            batch = f"(SELECT * FROM seen WHERE _file = '{name}')"
            found += int(self.scalar(f"SELECT count(*) FROM ({sql.format(batch=batch)})"))
        return found


def _read_all(seen: Seen, paths: list[Path], scratch: Path) -> None:
    contract = seen.compiled.contract
    given = {one.name for one in contract.fields if one.given}
    raws = [one.name for one in contract.fields if one.name not in given]
    for number, path in enumerate(paths):
        folder = scratch / str(number)
        folder.mkdir()
        called = path.parent.name if company(path) else path.name
        source = read(_as_it_lands(path, scratch), seen.compiled, folder, name=called)
        for name, data in source.tables.items():
            seen.connection.register(name, data)
        seen.formats[source.format] += 1
        for note in source.notes:
            seen.notes[note.code] += note.count or 1
        raw = ", ".join(f"{quote_identifier(name)} AS {quote_identifier('raw_' + name)}" for name in raws)
        typed = (
            "SELECT COLUMNS(lambda name: name <> '_line') FROM ("
            + split_sql(seen.compiled, source.sql, given={"file_name": called})
            + ")"
        )
        verb = "INSERT INTO seen" if number else "CREATE TABLE seen AS"
        seen.connection.execute(
            f"{verb} SELECT *, '{called}' AS _file, {number} AS _order FROM "
            f"(SELECT * FROM ({typed}) POSITIONAL JOIN (SELECT {raw} FROM ({source.sql})))",
            [*source.parameters, *source.parameters],
        )
    seen.read = int(seen.scalar("SELECT count(*) FROM seen"))


def _as_it_lands(path: Path, scratch: Path) -> Path:
    """The file; with those that are one delivery with it, the ZIP of them."""
    if not company(path):
        return path
    packed = scratch / f"{path.parent.name}.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for one in company(path):
            archive.write(one, one.name)
    return packed


@pytest.fixture(scope="module", params=list(FILES))
def seen(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    dataset = request.param
    paths = sorted((shared / "data").glob(FILES[dataset]))
    with duckdb.connect(":memory:") as connection:
        made = Seen(connection, compiling.compile(contracts()[dataset]))
        _read_all(made, paths, tmp_path_factory.mktemp("real"))
        yield made


def test_each_oddity_of_the_table_comes_out_as_counted(seen: Seen) -> None:
    wrong = []
    for oddity in ODDITIES[seen.compiled.contract.id]:
        came = _measure(seen, oddity)
        if came != oddity["count"]:
            wrong.append((oddity["says"], oddity["count"], came))
        if "holds" in oddity:
            held = seen.scalar(f"SELECT count(*) FROM seen WHERE {oddity['where']}")
            assert held == oddity["holds"], oddity["says"]
    assert wrong == []


def _measure(seen: Seen, oddity: dict[str, Any]) -> int:
    contract, identity = seen.compiled.contract, oddity["id"]
    names = oddity.get("files") or [
        row[0] for row in seen.connection.execute("SELECT DISTINCT _file FROM seen").fetchall()
    ]
    files = "_file IN ({})".format(", ".join(f"'{name}'" for name in names))
    match oddity["by"]:
        case "rule":
            return seen.rule(identity, files)
        case "table":
            return seen.table(identity, names)
        case "conversion":
            column, _, step = identity.partition(".")
            declared = {one.kind for one in contract.column(column).steps} | {"type"}
            assert step in declared, identity
        case "duplicates" if identity == "key":
            keys = ", ".join(contract.duplicates.key)
            return int(seen.scalar(f"SELECT count(*) - count(DISTINCT ({keys})) FROM seen WHERE {files}"))
        case "declared":
            return _declared(contract, identity)
        case "reading" if "where" not in oddity:
            return _reading(seen, identity)
    return int(seen.scalar(f"SELECT count(*) FROM seen WHERE {oddity['where']} AND {files}"))


def _declared(contract: Contract, identity: str) -> int:
    name, _, what = identity.partition(".")
    item = next(
        item
        for one in load_city(sample_city()).resources
        if one.id == contract.id
        for item in one.items
        if item.name == name
    )
    if what == "crs":
        return int(item.crs is not None)
    steps = [step.value for step in contract.column(name).steps if step.kind == "unit"]
    return int(bool(steps) and steps[0]["from"] == item.unit_of_measure)


def _reading(seen: Seen, identity: str) -> int:
    if identity.startswith("format."):
        return seen.formats[identity.removeprefix("format.")]
    if identity == "no_data":
        return 1  # the listing of a set's other files is the reader's own test
    return seen.notes[identity]


READ = {
    "sample.environment.aqi_hourly": 10_641,
    "sample.education.universities": 2_919,
    "sample.traffic.bus_stops": 10_008,
    "sample.tourism.domestic_trips": 24_320,
    "sample.health.hospitals": 7_513,
    "sample.city_management.district_boundaries": 30,
    "sample.city_management.divisions": 44_703,
    "sample.traffic.loop_speeds": 417_312,
    "sample.traffic.loop_sensors": 207,
    "sample.traffic.loop_weights": 42_849,
    "sample.health.epidemic_daily": 61_700,
    "sample.health.epidemic_areas": 3_212,
    "sample.health.epidemic_notices": 17,
    "sample.traffic.metro_cities": 36,
    "sample.traffic.metro_hot_stations": 360,
    "sample.city_management.townships": 320,
    "sample.tourism.scenic_areas": 318,
    "sample.tourism.venues": 753,
    "sample.education.schools": 28_610,
    "sample.education.university_places": 8_084,
    "sample.environment.weather_hourly": 17_544,
    "sample.environment.city_annual": 2_810,
    "sample.environment.city_codes": 370,
    "sample.city_management.open_catalogue": 5_411,
    "sample.city_management.yearbook_tables": 2_063,
    "sample.traffic.shenzhen_bus_lines": 2_113,
    "sample.traffic.shenzhen_taxi_trips": 193_455,
    "sample.traffic.shanghai_metro2_flow": 58,
    "sample.traffic.shanghai_metro2_stops": 60,
    "sample.traffic.shanghai_metro2_lines": 2,
    "sample.city_management.shenzhen_districts": 10,
    "sample.traffic.muroran_gtfs_agency": 1,
    "sample.traffic.muroran_gtfs_calendar": 2,
    "sample.traffic.muroran_gtfs_routes": 4,
    "sample.traffic.muroran_gtfs_stops": 465,
    "sample.traffic.muroran_gtfs_trips": 17,
    "sample.traffic.muroran_gtfs_stop_times": 401,
    "sample.traffic.muroran_line_stops": 129,
    "sample.traffic.muroran_timetables": 129,
    "sample.traffic.muroran_bus_points": 371,
}
STOPPED = {
    "sample.traffic.bus_stops": 520,
    "sample.city_management.townships": 2,
    "sample.environment.city_annual": 5,
    "sample.environment.city_codes": 1,
    "sample.city_management.open_catalogue": 3079,
    "sample.traffic.muroran_line_stops": 3,
    "sample.traffic.muroran_timetables": 3,
    "sample.traffic.muroran_bus_points": 9,
}


def test_every_record_is_read_and_nothing_else_is_set_aside(seen: Seen) -> None:
    contract = seen.compiled.contract
    assert seen.read == READ[contract.id]
    stop = seen.compiled.mask_of("block", "quarantine")
    stopped = " OR ".join(f"(_mask{at} & {bits}) <> 0" for at, bits in enumerate(stop))
    expected = STOPPED.get(contract.id, 0)
    assert seen.scalar(f"SELECT count(*) FROM seen WHERE {stopped} OR _fault IS NOT NULL") == expected
    assert seen.scalar("SELECT count(*) FROM seen WHERE _raw IS NOT NULL") == expected


def test_the_table_is_well_formed() -> None:
    assert set(ODDITIES) == set(FILES)
    for oddities in ODDITIES.values():
        assert all(oddity["by"] in KINDS and isinstance(oddity["count"], int) for oddity in oddities)
        assert len({oddity["says"] for oddity in oddities}) == len(oddities)
