"""The real sets, each file taken all the way, and what came of them told by the files alone.

Nothing here asks the lake what it holds: records are counted with the csv and json modules, openpyxl and xlrd; what is
published and quarantined is read from the Parquet files that the Delta logs name; duplicates and contradictions are
worked out anew from the contract's words.
"""

import ast
import json
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import lake_city as city
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from real_sets import (
    AGENCIES,
    AIR,
    ANNUAL,
    AREAS,
    BUS,
    BUS_POINTS,
    BUS_ROUTES,
    BUS_TIMES,
    BUS_TRIPS,
    CAMPUSES,
    CATALOGUE,
    CODES,
    COUNTS,
    COURSES,
    DISTRICTS,
    DIVISIONS,
    EPIDEMIC,
    EPIDEMIC_AREAS,
    FEED,
    FLOWS,
    HOSPITALS,
    LINE_STOPS,
    METROS,
    NOTICES,
    POLES,
    PUPILS,
    SCHOOLS,
    SENSORS,
    SERVICES,
    SETS,
    SHENZHEN,
    SHENZHEN_LINES,
    SPEEDS,
    STATIONS,
    STOPS,
    TAXIS,
    TIMETABLES,
    TOWNS,
    TRIPS,
    VENUES,
    WEATHER,
    WEIGHTS,
    YEARBOOKS,
    Log,
    Record,
    company,
    expected,
    placed,
    records,
    town,
)

from catalogs.register import resource
from infra.ground import Ground, open_ground
from lake.ingest import process_batch
from lake.landing.landing import Arrival, land_arrival
from lake.sample import REAL_DATASETS, RealFile, real_set_files

pytestmark = pytest.mark.timeout(900)  # 239 deliveries, on a machine that does other things too

ODDITIES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parents[1] / "contracts/oddities.yaml").read_text("utf-8")
)
CHINA = timezone(timedelta(hours=8))
Given = tuple[str, tuple[Path, ...]]  # the dataset and the files of a delivery


@dataclass(frozen=True, eq=False)
class Taken:
    """Everything taken once: the ground, every file, and the id of each delivery by its dataset and files."""

    ground: Ground
    files: tuple[RealFile, ...]
    ids: Mapping[Given, str]

    def rows(self) -> list[tuple[tuple[Path, ...], Mapping[Any, Any]]]:
        found = {row["id"]: row for row in city.deliveries(self.ground)}
        return [(paths, found[identity]) for (_, paths), identity in self.ids.items()]

    def folder(self, dataset: str, side: str = "curated") -> Path:
        return self.ground.home / "store" / side / dataset.replace(".", "/")

    def traced(self, dataset: str) -> Iterator[tuple[dict[str, Any], Record, Path]]:
        """Each published row beside the record that stands in the delivered file where the row says."""
        given = {row["number"]: paths for paths, row in self.rows() if row["dataset"] == dataset}
        for row in self.published(dataset):
            paths = given[row["_delivery"]]
            yield row, placed(dataset, *paths)[row["_line"]], paths[0]

    @cache  # noqa: B019 - lives as long as the module
    def published(self, dataset: str) -> list[dict[str, Any]]:
        return list(Log(self.folder(dataset)).table().to_pylist())


def given(files: tuple[RealFile, ...]) -> list[Given]:
    """The deliveries. Bus lines come one by one here: `hub demo` takes them together, and both must come out right."""
    found: dict[tuple[str, str], tuple[Path, ...]] = {}
    for file in files:
        if file.data:
            name = file.path.name if file.together is None or file.dataset == BUS else file.together
            found[file.dataset, name] = (*found.get((file.dataset, name), ()), file.path)
    return [(dataset, paths) for (dataset, _), paths in found.items()]


def take(ground: Ground, files: tuple[RealFile, ...], scratch: Path) -> dict[Given, str]:
    ids = {}
    for dataset, paths in given(files):
        together = paths if len(paths) > 1 else company(paths[0])
        arrival = Arrival(dataset, paths[0], "command", ground.now(), "test", together=together)
        ids[dataset, paths] = land_arrival(ground, arrival, scratch).id
    process_batch(ground, list(ids.values()))
    return ids


@pytest.fixture(scope="module")
def taken(shared: Path, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    home = tmp_path_factory.mktemp("real") / "home"
    home.mkdir(mode=0o700)
    (home / "hub.db").write_bytes(sqlite_template.read_bytes())
    with open_ground({"HUB_HOME": str(home), "HUB_DEMO": "1", "HUB_LANG": "en"}, create=True) as ground:
        ground.prepare()
        city.stock(ground)
        files = tuple(file for dataset in REAL_DATASETS for file in real_set_files(shared / "data", dataset))
        yield Taken(ground, files, take(ground, files, home.parent))


def test_every_file_became_a_delivery_with_a_verdict_or_says_why_not(taken: Taken, shared: Path) -> None:
    folders = {file.path.relative_to(shared / "data").parts[0] for file in taken.files}
    assert set(REAL_DATASETS) == set(SETS)
    on_disk = {path for folder in folders for path in (shared / "data" / folder).rglob("*") if path.is_file()}
    assert {file.path for file in taken.files} == on_disk
    rows = taken.rows()
    assert len({row["id"] for _, row in rows}) == len(rows)
    for paths, row in rows:
        assert row["state"] in ("finished", "blocked"), paths
        assert row["audit"]["passed"] is (row["state"] == "finished"), paths
    for file in taken.files:
        if not file.data:
            assert file.reason
            assert file.reason.zh
            assert file.reason.en
    assert Counter(file.dataset for file in taken.files if file.data) == {
        **dict.fromkeys(SETS, 1), AIR: 19, BUS: 215, DISTRICTS: 2, DIVISIONS: 4, EPIDEMIC: 112, TOWNS: 10,
        COURSES: 4, SHENZHEN: 4, NOTICES: 17, LINE_STOPS: 11, TIMETABLES: 11,
    }  # fmt: skip


def test_what_is_read_is_what_the_file_holds_and_all_of_it_is_somewhere(taken: Taken) -> None:
    for paths, row in taken.rows():
        assert row["read"] == len(records(row["dataset"], *paths)), paths
        assert row["read"] == sum(row[name] for name in COUNTS), paths


def test_each_record_went_where_the_contract_says(taken: Taken) -> None:
    before: dict[str, dict[Hashable, Record]] = {dataset: {} for dataset in SETS}
    total = {dataset: Counter[str]() for dataset in SETS}
    for paths, row in taken.rows():
        dataset, counts = row["dataset"], {name: row[name] for name in COUNTS}
        assert counts == expected(dataset, paths, before[dataset]), paths
        total[dataset].update(counts)
    assert {dataset: tuple(counts[name] for name in COUNTS) for dataset, counts in total.items()} == {
        AIR: (9603, 488, 550),
        SCHOOLS: (2919, 0, 0),
        BUS: (9473, 535, 0),
        TRIPS: (24_320, 0, 0),
        HOSPITALS: (7513, 0, 0),
        DISTRICTS: (30, 0, 0),
        DIVISIONS: (44_703, 0, 0),
        SPEEDS: (417_312, 0, 0),
        SENSORS: (207, 0, 0),
        WEIGHTS: (42_849, 0, 0),
        EPIDEMIC: (61_700, 0, 0),
        EPIDEMIC_AREAS: (3212, 0, 0),
        METROS: (36, 0, 0),
        STATIONS: (360, 0, 0),
        TOWNS: (160, 8, 152),
        AREAS: (318, 0, 0),
        VENUES: (753, 0, 0),
        PUPILS: (26_872, 0, 1738),
        CAMPUSES: (6579, 0, 1505),
        WEATHER: (17_544, 0, 0),
        ANNUAL: (2805, 5, 0),
        CODES: (369, 1, 0),
        CATALOGUE: (2312, 3079, 20),
        YEARBOOKS: (2063, 0, 0),
        SHENZHEN_LINES: (1946, 2, 165),
        TAXIS: (193_455, 0, 0),
        FLOWS: (58, 0, 0),
        STOPS: (60, 0, 0),
        COURSES: (2, 0, 0),
        SHENZHEN: (10, 0, 0),
        NOTICES: (17, 0, 0),
        AGENCIES: (1, 0, 0),
        SERVICES: (2, 0, 0),
        BUS_ROUTES: (4, 0, 0),
        POLES: (465, 0, 0),
        BUS_TRIPS: (17, 0, 0),
        BUS_TIMES: (401, 0, 0),
        LINE_STOPS: (126, 3, 0),
        TIMETABLES: (126, 3, 0),
        BUS_POINTS: (362, 9, 0),
    }


def test_the_stored_files_and_the_delta_logs_hold_exactly_what_was_counted(taken: Taken) -> None:
    for dataset in REAL_DATASETS:
        rows = [row for _, row in taken.rows() if row["dataset"] == dataset]
        log = Log(taken.folder(dataset))
        assert log.per_delivery() == {row["number"]: row["published"] for row in rows if row["published"]}
        assert log.versions == sum(row["state"] == "finished" for row in rows)
        files = log.per_delivery().keys()
        brought = {row["number"]: row["version"] for row in rows if row["number"] in files}
        for name, version in log.standing.items():
            [delivery] = set(pq.read_table(log.folder / name, columns=["_delivery"])[0].to_pylist())
            assert brought[delivery] == version, name
        aside = {row["number"]: row["quarantined"] for row in rows if row["quarantined"]}
        quarantine = taken.folder(dataset, "quarantine")
        assert (Log(quarantine).per_delivery() if quarantine.exists() else {}) == aside


def test_no_key_is_published_twice_and_no_line_is_in_two_places(taken: Taken) -> None:
    keys = {
        AIR: ("city", "observed_at", "station"),
        SCHOOLS: ("school_code",),
        BUS: ("line_name", "is_up_down", "label_no"),
        TRIPS: ("quarter", "region", "purpose"),
        HOSPITALS: ("name", "lat", "lon"),
        DISTRICTS: ("adcode",),
        DIVISIONS: ("code",),
        SPEEDS: ("sensor", "observed_at"),
        SENSORS: ("sensor_id",),
        WEIGHTS: ("from_number", "to_number"),
        EPIDEMIC: ("date", "country", "province", "city"),
        EPIDEMIC_AREAS: ("code",),
        METROS: ("key",),
        STATIONS: ("city_key", "rank"),
        TOWNS: ("gbcode",),
        AREAS: ("name",),
        VENUES: ("name", "lat", "lon"),
        PUPILS: ("name", "province", "city", "area"),
        CAMPUSES: ("name", "lng", "lat"),
        WEATHER: ("observed_at",),
        ANNUAL: ("city", "year"),
        CODES: ("city",),
        CATALOGUE: ("name", "department"),
        YEARBOOKS: ("name", "time"),
        SHENZHEN_LINES: ("linename",),
        TAXIS: ("start_column", "start_row", "end_column", "end_row"),
        FLOWS: ("from_station", "to_station"),
        STOPS: ("station", "linename"),
        COURSES: ("linename",),
        SHENZHEN: ("qh",),
        NOTICES: ("date",),
        AGENCIES: ("agency_id",),
        SERVICES: ("service_id",),
        BUS_ROUTES: ("route_id",),
        POLES: ("stop_id",),
        BUS_TRIPS: ("trip_id",),
        BUS_TIMES: ("trip_id", "stop_sequence"),
        LINE_STOPS: ("line_code", "course_id"),
        TIMETABLES: ("line_code", "course_id"),
        BUS_POINTS: ("name", "lng", "lat"),
    }
    for dataset, key in keys.items():
        rows = taken.published(dataset)
        assert len({tuple(row[name] for name in key) for row in rows}) == len(rows)
        quarantine = taken.folder(dataset, "quarantine")
        places = [(row["_delivery"], row["_line"]) for row in rows]
        if quarantine.exists():
            places += [(row["_delivery"], row["_line"]) for row in Log(quarantine).table().to_pylist()]
        assert len(set(places)) == len(places)


def test_a_delivery_of_which_nothing_is_fit_to_publish_is_blocked_and_quarantined_whole(taken: Taken) -> None:
    blocked = {paths[0].name: row for paths, row in taken.rows() if row["state"] == "blocked"}
    whole = {
        paths[0].name
        for dataset, paths in taken.ids
        if dataset == BUS and all("公司" not in row["dept_name"] for row in records(dataset, *paths))
    }
    assert set(blocked) == whole
    assert len(blocked) == 14
    for row in blocked.values():
        assert (row["code"], row["version"], row["quarantined"]) == ("DELIVERY_BLOCKED", None, row["read"])
        assert row["audit"]["broken"]["dept_name.company"] == row["read"]


def test_each_rule_that_names_an_oddity_says_so_in_the_deliveries_own_verdicts(taken: Taken) -> None:
    for dataset, oddities in ODDITIES.items():
        rows = [(paths[0].name, row) for paths, row in taken.rows() if row["dataset"] == dataset]
        broken: Counter[str] = Counter()
        for _, row in rows:
            broken.update(row["audit"]["broken"])
        for oddity in oddities:
            if oddity["by"] == "rule":
                assert broken[oddity["id"]] == oddity["count"], (dataset, oddity["says"])
            if oddity["by"] == "table":
                files = [row for name, row in rows if name in oddity.get("files", [name])]
                assert sum(warned(row, oddity["id"]) for row in files) == oddity["count"], (dataset, oddity["says"])
        ruled = {oddity["id"] for oddity in oddities if oddity["by"] == "rule"}
        assert {rule for rule, count in broken.items() if count} <= ruled | {"duplicate.conflict"}, dataset


def warned(row: Mapping[Any, Any], rule: str) -> int:
    return sum(found["count"] for found in row["audit"]["warnings"] if found["rule"] == rule)


def test_each_delivery_notes_what_its_file_was_like_and_nothing_else(taken: Taken) -> None:
    notes = {
        dataset: Counter(
            (note["code"], note["count"])
            for _, row in taken.rows()
            for note in row["notes"]
            if row["dataset"] == dataset
        )
        for dataset in REAL_DATASETS
    }
    assert {dataset: said for dataset, said in notes.items() if said} == {
        SCHOOLS: {("header_found", None): 1, ("merged_rows_skipped", 31): 1},
        DISTRICTS: {("crs_not_stated", None): 2},
        TOWNS: {("crs_stated", None): 2},  # the .shp is the same twice, and what was read with it is not
        DIVISIONS: {("optional_columns_missing", 1): 3, ("parts", 4): 1},
        EPIDEMIC: {("parts", 112): 1},
        COURSES: {("crs_not_stated", None): 1},
        SHENZHEN: {("crs_not_stated", None): 1},
        CATALOGUE: {("extra_columns", 1148): 1},  # the values that stand as labels
        SPEEDS: {("unpivoted", 207): 1},
        STATIONS: {("unpivoted", 10): 1},
        WEIGHTS: {("unpivoted", 207): 1},
        **{dataset: {("parts_other", 5): 1} for dataset in FEED},
        NOTICES: {("optional_columns_missing", 3): 2, ("optional_columns_missing", 1): 1, ("parts", 17): 1},
        LINE_STOPS: {("parts", 11): 1},
        TIMETABLES: {("parts", 11): 1},
        BUS_POINTS: {("crs_stated", None): 1},
    }


def test_each_quarantined_record_shows_its_line_its_value_and_a_sentence(taken: Taken) -> None:
    aside = Log(taken.folder(BUS, "quarantine")).table().to_pylist()
    assert Counter(rule for row in aside for rule in row["rules"]) == {
        "dept_name.company": 518,
        "in_zhengzhou": 2,
        "duplicate.conflict": 15,
        "line_name.suffix": 38,  # a warning that a shifted record earns besides
    }
    given = {row["number"]: paths for paths, row in taken.rows()}
    for row in aside:
        raw, was = json.loads(row["raw"]), placed(BUS, *given[row["_delivery"]])[row["_line"]]
        assert [raw[name] for name in ("lng", "dept_name", "first_time")] == [
            was[name] for name in ("lng", "dept_name", "first_time")
        ]
        assert row["sentence_zh"]
        assert row["sentence_en"]


def test_a_live_station_is_not_ousted_by_a_retired_namesake_whose_values_never_change(taken: Taken) -> None:
    stations = [row for row in taken.published(AIR) if (row["city"], row["station"]) == ("商丘", "环境监测站")]
    assert len(stations) == 93
    assert len({row["aqi"] for row in stations}) > 30
    assert 382 not in {row["aqi"] for row in stations}
    aside = Log(taken.folder(AIR, "quarantine")).table().to_pylist()
    assert len(aside) == 488
    assert all(json.loads(row["raw"])["station"].endswith("\u3000") for row in aside)


def number(text: str) -> float | None:
    return None if text == "NaN" else float(text)


def test_air_quality_keeps_every_value_under_utc_instants(taken: Taken) -> None:
    values = {"aqi": "AQI", "pm2_5": "PM2.5", "pm10": "PM10", "co": "CO", "no2": "NO2", "o3_8h": "O3_8h", "so2": "SO2"}
    for row, was, path in taken.traced(AIR):
        at = datetime.strptime(was["Date"] + was["Hour"], "%Y%m%d%H").replace(tzinfo=CHINA)
        assert row["observed_at"] == at
        assert (row["city"], row["station"]) == (town(path), " ".join(was["WatchPoint"].split()))
        assert {name: row[name] for name in values} == {name: number(was[named]) for name, named in values.items()}
        assert row["level"] == (was["Level"] or None)
        pollutants = None if was["PrimaryPollution"] == "NaN" else "、".join(was["PrimaryPollution"].split())
        assert row["primary_pollution"] == pollutants
    place = ("郑州", "烟厂", datetime(2020, 4, 2, 0, tzinfo=UTC))
    [row] = [row for row in taken.published(AIR) if (row["city"], row["station"], row["observed_at"]) == place]
    assert (row["date"], row["hour"], row["aqi"], row["pm10"], row["co"]) == (date(2020, 4, 2), 8, 78, None, 0.7)
    assert pq.read_schema(next(taken.folder(AIR).glob("*.parquet"))).field("observed_at").type == pa.timestamp(
        "us", "UTC"
    )
    units = {item.name: item.unit_of_measure for item in resource(taken.ground.engine, AIR).items}
    assert (units["co"], units["pm2_5"]) == ("mg/m³", "µg/m³")


def test_bus_stops_have_degrees_decimals_and_one_way_to_write_hours(taken: Taken) -> None:
    for row, was, _ in taken.traced(BUS):
        assert (row["lng"], row["lat"]) == (int(was["lng"]) / 1e6, int(was["lat"]) / 1e6)
        assert row["carfare"] == Decimal(was["carfare"])
        assert row["yn_use_ic_a"] is (was["yn_use_ic_a"] == "Y")
        assert row["alias"] == (was["alias"].strip() or None)
        assert re.fullmatch(r"\d\d:\d\d-\d\d:\d\d(; \d\d:\d\d-\d\d:\d\d)?", row["first_time"])
    place = ("100路", 0, 1)
    [row] = [row for row in taken.published(BUS) if (row["line_name"], row["is_up_down"], row["label_no"]) == place]
    assert (row["station_name"], row["lng"], row["lat"]) == ("西四环郑上路站", 113.53724, 34.768519)
    assert (row["carfare"], row["first_time"], row["dept_name"]) == (Decimal("1.00"), "06:30-20:00", "一公司")


def test_the_other_sets_keep_their_values_and_types(taken: Taken) -> None:
    for row, was, _ in taken.traced(SCHOOLS):
        assert row["school_code"] == str(was["学校标识码"]).removesuffix(".0")
        assert (row["name"], row["city"], row["note"]) == (was["学校名称"].strip(), was["所在地"], was["备注"] or None)
    [school] = [row for row in taken.published(SCHOOLS) if row["name"] == "郑州大学"]
    assert (school["school_code"], school["city"], school["province_code"]) == ("4141010459", "郑州市", "41")
    for row, was, _ in taken.traced(TRIPS):
        assert (row["quarter"], row["trips"]) == (date.fromisoformat(was["Quarter"]), was["Trips"])
        assert (row["region"], row["state"], row["purpose"]) == (was["Region"], was["State"], was["Purpose"])
    for row, was, _ in taken.traced(HOSPITALS):
        assert (row["lat"], row["lon"], row["type"]) == (float(was["lat"]), float(was["lon"]), was["type"])
        assert (row["name"], row["address"]) == (was["name"], None if was["address"] == "[]" else was["address"])
    for row, was, _ in taken.traced(DISTRICTS):
        assert (row["adcode"], row["name"]) == (str(was["adcode"]), was["name"])
        for name in ("geometry", "center", "parent"):
            assert json.loads(row[name]) == was[name]


def test_divisions_have_a_level_and_the_codes_above_them(taken: Taken) -> None:
    for row, was, _ in taken.traced(DIVISIONS):
        assert (row["code"], row["name"]) == (was["code"], was["name"])
        above = [row[name] for name in ("province_code", "city_code", "area_code")]
        assert above == [was.get(name) for name in ("provinceCode", "cityCode", "areaCode")]
        assert row["level"] == dict(enumerate(("省级", "地级", "县级", "乡级")))[3 - above.count(None)]


def test_each_cell_of_a_wide_table_is_where_its_line_and_column_say(taken: Taken) -> None:
    midnight = datetime(2012, 3, 1, 8, tzinfo=UTC)
    for row, was, _ in taken.traced(SPEEDS):
        assert row["observed_at"] == midnight + timedelta(minutes=5 * (was["line"] - 1))
        assert (row["sensor"], row["speed"]) == (was["sensor"], float(was["speed"]))
    for row, was, _ in taken.traced(WEIGHTS):
        assert (row["from_number"], row["to_number"]) == (was["from"], int(was["to"]))
        assert row["weight"] == float(was["weight"])
    header = {row["_line"] >> 29 & 2047: row["sensor"] for row in taken.published(SPEEDS)}
    assert header == {row["index"] + 1: row["sensor_id"] for row in taken.published(SENSORS)}
    for row, was, _ in taken.traced(SENSORS):
        assert (row["latitude"], row["longitude"]) == (float(was["latitude"]), float(was["longitude"]))


def test_the_epidemic_is_told_as_the_files_of_its_days_tell_it(taken: Taken) -> None:
    for row, was, _ in taken.traced(EPIDEMIC):
        assert row["date"] == date.fromisoformat(was["date"])
        assert [row[name] for name in ("country", "province", "city")] == [
            was[name] or "合计" for name in ("country", "province", "city")
        ]
        assert [row[name] for name in ("country_code", "province_code", "city_code")] == [
            was[name] or None for name in ("countryCode", "provinceCode", "cityCode")
        ]
        assert all(row[name] == int(was[name]) for name in ("confirmed", "suspected", "cured", "dead"))
    for row, was, _ in taken.traced(EPIDEMIC_AREAS):
        assert (row["code"], row["name"]) == (was["code"], was["name"])


def test_both_sheets_of_a_workbook_are_read_each_for_its_dataset(taken: Taken) -> None:
    for row, was, _ in taken.traced(METROS):
        texts = {"key": "Key", "name": "Name", "english": "English", "pinyin": "PinYin", "py": "PY", "other": "Other"}
        assert {name: row[name] for name in texts} == {name: was[named] for name, named in texts.items()}
        assert (row["lat"], row["lng"], row["plan"]) == (float(was["Lat"]), float(was["Lng"]), int(was["Plan"]) == 1)
        assert row["json"].startswith(f'{{ key: "{row["key"]}", lat: ')
    for row, was, _ in taken.traced(STATIONS):
        assert (f"Station{row['rank']:02d}", row["station"]) == (was["rank"], was["station"])
    keys = [row["key"] for row in taken.published(METROS)]
    assert set(keys) == {row["city_key"] for row in taken.published(STATIONS)}


def test_the_later_sets_keep_their_values_and_types(taken: Taken) -> None:
    for row, was, _ in taken.traced(AREAS):
        assert (row["name"], row["lng"], row["lat"]) == (was["name"], was["location"]["lng"], was["location"]["lat"])
        assert row["year"] == (was["year"] or None)
    for row, was, _ in taken.traced(TOWNS):
        assert (row["gbcode"], row["name"]) == (was["gbcode"], was["ename"])
        columns = {"employment": "Employment", "low_income": "LowIncome", "working_age": "WorkingAge"}
        assert {name: row[name] for name in columns} == {name: int(was[named]) for name, named in columns.items()}
        assert row["total_pop"] == int(was["TotalPop"])
        assert sorted(points(json.loads(row["geometry"])["coordinates"])) == sorted(was["geometry"])
    for row, was, _ in taken.traced(PUPILS):
        assert (row["name"], row["city"], row["area"]) == (was["name"], was["city"], was["area"] or "未注明")
    for row, was, _ in taken.traced(WEATHER):
        assert row["observed_at"] == datetime.fromtimestamp(int(was["dt"]), UTC)
        assert (row["temp"], row["rain_1h"]) == (float(was["temp"]), float(was["rain_1h"]) if was["rain_1h"] else None)
    for row, was, _ in taken.traced(ANNUAL):
        assert row["city"] == was["city"]
        assert [row["pm10"], row["rain_ph"]] == [
            number(was[f" {name}"].strip() or "NaN") for name in ("pm10", "rain_ph")
        ]
    for row, was, _ in taken.traced(CATALOGUE):
        assert (row["name"], row["department"]) == (was["name"], was["info"]["来源部门"])
        counted = was["info"].get("数据量") or was["info"]["文件数"]
        assert (row["records"] if row["files"] is None else row["files"]) == int(counted.replace(",", ""))
        at = datetime.fromisoformat(was["info"]["发布时间"]).replace(tzinfo=CHINA)
        assert (row["published_at"], row["frequency"]) == (at, was["info"]["更新频率"])
    for row, was, _ in taken.traced(YEARBOOKS):
        assert (row["name"], row["time"]) == (" ".join(was["name"].split()), int(was["time"]))
        assert row["number"] == was["name"].split()[0]
    assert {row["code"] for row in taken.published(CODES) if row["city"] in ("阿拉善", "北京")} == {"0100", "31"}


def test_lists_and_shapes_of_transit_are_those_of_the_files(taken: Taken) -> None:
    for row, was, _ in taken.traced(SHENZHEN_LINES):
        assert json.loads(row["stations"]) == ast.literal_eval(was["stationname"])
        assert json.loads(row["points"]) == ast.literal_eval(was["stationgeo"])
    for row, was, _ in taken.traced(TAXIS):
        assert list(row.values())[:5] == list(map(int, was.values()))
    for row, was, _ in taken.traced(FLOWS):
        assert (row["from_station"], row["flow"]) == (was["FROMSTATIONAME"], int(was["FLOW"]))
    for row, was, _ in taken.traced(STOPS):
        assert (row["station"], row["lon"], row["lat"]) == (was["stationnames"], float(was["lon"]), float(was["lat"]))
    for dataset, name in ((COURSES, "linename"), (SHENZHEN, "qh")):
        for row, was, _ in taken.traced(dataset):
            assert row[name] == was[name]
            assert sorted(points(json.loads(row["geometry"])["coordinates"])) == sorted(was["geometry"])


def test_the_notices_say_in_numbers_what_their_sentences_say(taken: Taken) -> None:
    for row, was, _ in taken.traced(NOTICES):
        assert (row["date"], row["file_date"]) == (date.fromisoformat(was["时间"]), row["date"])
        counts = {"confirmed": "确诊", "suspected": "疑似", "cured": "治愈", "dead": "死亡"}
        said = {name: was[word][:-1] if word in was else None for name, word in counts.items()}
        assert {name: row[name] and str(row[name]) for name in counts} == said
        assert was["确诊详情"].startswith(f"郑州市{row['zhengzhou']}例")
    daily = {
        row["date"]: row for row in taken.published(EPIDEMIC) if (row["province"], row["city"]) == ("河南省", "合计")
    }
    for row in taken.published(NOTICES):
        assert daily[row["date"]]["confirmed"] == row["confirmed"], "the files of the days were made from the notices"


def test_a_feed_of_several_tables_still_fits_together(taken: Taken) -> None:
    found = {dataset: taken.published(dataset) for dataset in FEED}
    assert {row["agency_id"] for row in found[BUS_ROUTES]} == {row["agency_id"] for row in found[AGENCIES]}
    assert {row["route_id"] for row in found[BUS_TRIPS]} == {row["route_id"] for row in found[BUS_ROUTES]}
    assert {row["service_id"] for row in found[BUS_TRIPS]} == {row["service_id"] for row in found[SERVICES]}
    assert {row["trip_id"] for row in found[BUS_TIMES]} == {row["trip_id"] for row in found[BUS_TRIPS]}
    assert {row["stop_id"] for row in found[BUS_TIMES]} < {row["stop_id"] for row in found[POLES]}
    for dataset in FEED:
        for row, was, _ in taken.traced(dataset):
            for name, value in was.items():
                assert text_of(row[name.strip()]) == value, (dataset, name)


def text_of(value: Any) -> str:
    """As GTFS writes it; the points of this feed have six decimals."""
    if isinstance(value, date):
        return f"{value:%Y%m%d}"
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.6f}" if isinstance(value, float) else "" if value is None else str(value)


def test_timetables_and_stops_of_bus_lines_are_those_of_the_files(taken: Taken) -> None:
    for dataset, ours, theirs in ((LINE_STOPS, "stops", "busstops"), (TIMETABLES, "schedule", "schedule")):
        for row, was, _ in taken.traced(dataset):
            assert (row["course_id"], row["line_name"]) == (was["keitou_id"], was["keitou_name"])
            assert (row["course_number"] or "", row["file_line_name"]) == (was["keitou_number"], was["keitou_name"])
            assert json.loads(row[ours]) == was[theirs]
    both = [{(row["line_code"], row["course_id"]) for row in taken.published(one)} for one in (LINE_STOPS, TIMETABLES)]
    assert both[0] == both[1]
    for row, was, _ in taken.traced(BUS_POINTS):
        assert (row["name"], row["kinds"]) == (was["P11_001"], was["P11_002"])
        for number in range(1, 20):
            lists = (row[f"operator_{number}"], row[f"line_{number}"])
            assert lists == (was[f"P11_003_{number}"], was[f"P11_004_{number}"])
        assert [[row["lng"], row["lat"]]] == was["geometry"]["coordinates"]


def points(coordinates: list[Any]) -> Iterator[tuple[float, float]]:
    """All points of a geometry, however deep they stand."""
    if coordinates and not isinstance(coordinates[0], list):
        yield (coordinates[0], coordinates[1])
    else:
        for inner in coordinates:
            yield from points(inner)


def test_everything_a_second_time_changes_nothing(taken: Taken) -> None:
    def stored() -> list[tuple[str, int]]:
        store = taken.ground.home / "store"
        tables = [path for side in ("curated", "quarantine") for path in (store / side).rglob("*") if path.is_file()]
        return sorted((str(path.relative_to(store)), path.stat().st_mtime_ns) for path in tables)

    before, rows = stored(), taken.rows()
    process_batch(taken.ground, list(taken.ids.values()))
    again = take(taken.ground, taken.files, taken.ground.home.parent)
    assert stored() == before
    assert taken.rows() == rows
    blocked = {row["id"] for _, row in rows if row["state"] == "blocked"}
    found = {row["id"]: row for row in city.deliveries(taken.ground)}
    for what, identity in again.items():
        if taken.ids[what] in blocked:
            assert identity == taken.ids[what]
        else:
            assert (found[identity]["state"], found[identity]["repeats"]) == ("repeated", taken.ids[what]), what
