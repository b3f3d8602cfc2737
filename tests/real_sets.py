"""The real sets told without the lake: their records, what the contracts make of them, and Delta logs as JSON."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import xlrd
from plain_shapefile import BESIDE, features

AIR, BUS = "sample.environment.aqi_hourly", "sample.traffic.bus_stops"
SCHOOLS, TRIPS = "sample.education.universities", "sample.tourism.domestic_trips"
HOSPITALS, DISTRICTS = "sample.health.hospitals", "sample.city_management.district_boundaries"
DIVISIONS = "sample.city_management.divisions"
EPIDEMIC, EPIDEMIC_AREAS, NOTICES = (f"sample.health.epidemic_{name}" for name in ("daily", "areas", "notices"))
SPEEDS, SENSORS, WEIGHTS = (f"sample.traffic.loop_{name}" for name in ("speeds", "sensors", "weights"))
METROS, STATIONS = "sample.traffic.metro_cities", "sample.traffic.metro_hot_stations"
AREAS, VENUES = "sample.tourism.scenic_areas", "sample.tourism.venues"
PUPILS, CAMPUSES = "sample.education.schools", "sample.education.university_places"
WEATHER, ANNUAL, CODES = (f"sample.environment.{name}" for name in ("weather_hourly", "city_annual", "city_codes"))
CATALOGUE, YEARBOOKS = "sample.city_management.open_catalogue", "sample.city_management.yearbook_tables"
SHENZHEN_LINES, TAXIS = "sample.traffic.shenzhen_bus_lines", "sample.traffic.shenzhen_taxi_trips"
FLOWS, STOPS, COURSES = (f"sample.traffic.shanghai_metro2_{name}" for name in ("flow", "stops", "lines"))
SHENZHEN = "sample.city_management.shenzhen_districts"
FEED = AGENCIES, SERVICES, BUS_ROUTES, POLES, BUS_TRIPS, BUS_TIMES = tuple(
    f"sample.traffic.muroran_gtfs_{name}" for name in ("agency", "calendar", "routes", "stops", "trips", "stop_times")
)
LINE_STOPS, TIMETABLES, BUS_POINTS = (
    f"sample.traffic.muroran_{name}" for name in ("line_stops", "timetables", "bus_points")
)
LINES = (CATALOGUE, YEARBOOKS)
TOWNS = "sample.city_management.townships"
ENCODINGS = {"ipedata.csv": "gb18030", "spacedict.csv": "utf-8-sig"}
SHEETS = {METROS: "城市", STATIONS: "推荐车站"}
# of the wide tables the names of line, column and cell, and what the columns are that become records
WIDE = {
    SPEEDS: ("line", "sensor", "speed", ""),
    WEIGHTS: ("from", "to", "weight", ""),
    STATIONS: ("line", "rank", "station", "Station"),
}
COUNTS = ("published", "quarantined", "duplicates")
Record = Mapping[str, Any]


@cache
def placed(dataset: str, *paths: Path) -> dict[int, Record]:
    """The records of a delivery, each under its place: that in its file, of several with the number of the file."""
    holders = [path for path in paths if path.suffix not in BESIDE]
    found = [in_file(dataset, path) for path in sorted(holders, key=lambda path: path.name)]
    if dataset in WIDE:
        return wide(found[0], *WIDE[dataset])
    if len(holders) == 1:
        return found[0]
    return {part << 40 | at: row for part, rows in enumerate(found, 1) for at, row in rows.items()}


def in_file(dataset: str, path: Path) -> dict[int, Record]:
    """The file's records, without our readers, each under the line, sheet row or ordinal where it begins."""
    match path.suffix:
        case ".csv" if dataset == WEIGHTS:
            with path.open(encoding="ascii", newline="") as file:
                lines = list(csv.reader(file, strict=True))
            return {at: {str(number): cell for number, cell in enumerate(row, 1)} for at, row in enumerate(lines, 1)}
        case ".csv" | ".txt":
            with path.open(encoding=ENCODINGS.get(path.name, "utf-8"), newline="") as file:
                rows, at = csv.DictReader(file, strict=True), 2
                found: dict[int, Record] = {}
                for row in rows:
                    found[at] = row
                    at = rows.line_num + 1
            return found
        case ".json" | ".geojson" | ".yaml":
            return dict(enumerate(elements(dataset, path.read_text(encoding="utf-8"), path.suffix), 1))
        case ".shp":
            return dict(enumerate(features(path), 1))
        case ".xlsx":
            with closing(openpyxl.load_workbook(path, read_only=True)) as book:
                [sheet] = [sheet for sheet in book if sheet.title == SHEETS.get(dataset, sheet.title)]
                header, *cells = sheet.iter_rows(values_only=True)
            return {at: dict(zip(map(str, header), row, strict=True)) for at, row in enumerate(cells, 2)}
        case ".xls":
            [sheet] = xlrd.open_workbook(path, formatting_info=True).sheets()
            merged = {row for first, beyond, _, _ in sheet.merged_cells for row in range(first, beyond)}
            header, *plain = [row for row in range(1, sheet.nrows) if row not in merged]
            names = list(map(str, sheet.row_values(header)))
            return {row + 1: dict(zip(names, sheet.row_values(row), strict=True)) for row in plain}
    raise AssertionError(path)


def elements(dataset: str, text: str, suffix: str) -> list[Record]:
    """The records of a document: the elements of its list, its features, its lines; a notice is one."""
    if suffix == ".yaml":
        return [dict(line.split(": ", 1) for line in text.splitlines() if line)]
    document = list(map(json.loads, text.splitlines())) if dataset in LINES else json.loads(text)
    if not isinstance(document, list):
        document = [{**one["properties"], "geometry": one["geometry"]} for one in document["features"]]
    return list(document)


def wide(rows: Mapping[int, Record], line: str, column: str, cell: str, begins: str) -> dict[int, Record]:
    """Every cell of the columns whose names begin so as a record, under its line and its column."""
    return {
        1 << 62 | number << 29 | at: {line: ordinal, column: name, cell: row[name]}
        for ordinal, (at, row) in enumerate(rows.items(), 1)
        for number, name in enumerate([name for name in row if name.startswith(begins)], 1)
    }


def company(path: Path) -> tuple[Path, ...]:
    """The files that are one delivery with this one, whose records it holds; none: it comes alone."""
    beside = {".shp": f"{path.stem}.*", ".txt": "*.txt"}.get(path.suffix)  # a shapefile, a feed of several tables
    return tuple(sorted(path.parent.glob(beside))) if beside else ()


def records(dataset: str, *paths: Path) -> list[Record]:
    """The records of a delivery in their order."""
    return list(placed(dataset, *paths).values())


@dataclass(frozen=True)
class Set:
    """What the contract promises of a set, in words of this test's own.

    Attributes:
        key: what makes a record the same record.
        stopped: whether a rule must set it aside.
        last: of a delivery's records with one key the last wins, else the first.
    """

    key: Callable[[Path, Record], Hashable]
    stopped: Callable[[Record], bool] = lambda _: False
    last: bool = False


def slipped(row: Record) -> bool:
    """Whether a time or a stop stands where a bus course's number should."""
    return bool(row["keitou_number"]) and not row["keitou_number"].isdigit()


SETS = {
    AIR: Set(lambda path, row: (town(path), row["Date"], row["Hour"], row["WatchPoint"].strip()), last=True),
    SCHOOLS: Set(lambda _, row: str(row["学校标识码"]).removesuffix(".0")),
    BUS: Set(
        lambda _, row: (row["line_name"], row["is_up_down"], row["label_no"]),
        lambda row: "公司" not in row["dept_name"] or row["lng"].startswith("110"),
    ),
    TRIPS: Set(lambda _, row: (row["Quarter"], row["Region"], row["Purpose"])),
    HOSPITALS: Set(lambda _, row: (row["name"], row["lat"], row["lon"])),
    DISTRICTS: Set(lambda _, row: row["adcode"]),
    DIVISIONS: Set(lambda _, row: row["code"]),
    SPEEDS: Set(lambda _, row: (row["line"], row["sensor"])),
    SENSORS: Set(lambda _, row: row["sensor_id"]),
    WEIGHTS: Set(lambda _, row: (row["from"], row["to"])),
    EPIDEMIC: Set(lambda _, row: (row["date"], row["country"], row["province"], row["city"])),
    EPIDEMIC_AREAS: Set(lambda _, row: row["code"]),
    METROS: Set(lambda _, row: row["Key"]),
    STATIONS: Set(lambda _, row: (row["line"], row["rank"])),
    TOWNS: Set(lambda _, row: row["gbcode"], lambda row: row["ename"] in ("七里烟香", "刘林珍")),
    AREAS: Set(lambda _, row: row["name"]),
    VENUES: Set(lambda _, row: (row["name"], row["lat"], row["lon"])),
    PUPILS: Set(lambda _, row: (row["name"], row["province"], row["city"], row["area"])),
    CAMPUSES: Set(lambda _, row: (row["name"], row["location"]["lng"], row["location"]["lat"])),
    WEATHER: Set(lambda _, row: row["dt_iso"]),
    ANNUAL: Set(lambda _, row: (row["city"], row["year"]), lambda row: row["city"].startswith("?")),
    CODES: Set(lambda _, row: row["city"], lambda row: row["code"] == "xx"),
    CATALOGUE: Set(lambda _, row: (row["name"], row["info"]["来源部门"]), lambda row: "发布时间" not in row["info"]),
    YEARBOOKS: Set(lambda _, row: (row["name"], row["time"])),
    SHENZHEN_LINES: Set(lambda _, row: row["linename"]),
    TAXIS: Set(lambda _, row: tuple(row[name] for name in ("SLONCOL", "SLATCOL", "ELONCOL", "ELATCOL"))),
    FLOWS: Set(lambda _, row: (row["FROMSTATIONAME"], row["TOSTATIONAME"])),
    STOPS: Set(lambda _, row: (row["stationnames"], row["linename"])),
    COURSES: Set(lambda _, row: row["linename"]),
    SHENZHEN: Set(lambda _, row: row["qh"]),
    NOTICES: Set(lambda _, row: (row["时间"], row["省"])),
    AGENCIES: Set(lambda _, row: row["agency_id"]),
    SERVICES: Set(lambda _, row: row["service_id"]),
    BUS_ROUTES: Set(lambda _, row: row["route_id"]),
    POLES: Set(lambda _, row: row["stop_id"]),
    BUS_TRIPS: Set(lambda _, row: row[" trip_id"]),
    BUS_TIMES: Set(lambda _, row: (row["trip_id"], row[" stop_sequence"])),
    LINE_STOPS: Set(lambda _, row: (row["keitou_name"], row["keitou_id"]), slipped),
    TIMETABLES: Set(lambda _, row: (row["keitou_name"], row["keitou_id"]), slipped),
    BUS_POINTS: Set(lambda _, row: (row["P11_001"], str(row["geometry"])), lambda row: "\ufffd" in row["P11_004_1"]),
}


def town(path: Path) -> str:
    """The city that an AQI file is about: its name, but for two older files of Zhengzhou."""
    return "郑州" if path.stem.startswith("zhengzhou") else path.stem


def expected(dataset: str, paths: Sequence[Path], before: dict[Hashable, Record]) -> dict[str, int]:
    """What must become of a delivery's records, when `before` is published; adds what this delivery publishes."""
    promised, path, every = SETS[dataset], paths[0], records(dataset, *paths)
    rows = [row for row in every if not promised.stopped(row)]
    winners: dict[Hashable, Record] = {}
    for row in rows if promised.last else reversed(rows):
        winners[promised.key(path, row)] = row
    counts = Counter(quarantined=len(every) - len(rows))
    for row in rows:
        key = promised.key(path, row)
        winner = before.get(key, winners[key])
        if row is winner:
            counts["published"] += 1
        else:
            # Names are trimmed: the blank that a name ends in makes no other content.
            counts["duplicates" if stripped(row) == stripped(winner) else "quarantined"] += 1
    before.update((key, row) for key, row in winners.items() if key not in before)
    return {name: counts[name] for name in COUNTS}


def stripped(row: Record) -> dict[str, Any]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in row.items()}


@dataclass
class Log:
    """A Delta log, read as the JSON that it is: the files that stand, and which version brought each."""

    folder: Path
    standing: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    versions: int = 0

    def __post_init__(self) -> None:
        for at, path in enumerate(sorted((self.folder / "_delta_log").glob("*.json"))):
            assert int(path.stem) == at
            self.versions = at
            for action in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
                if "add" in action:
                    self.standing[action["add"]["path"]] = at
                    self.rows[action["add"]["path"]] = json.loads(action["add"]["stats"])["numRecords"]
                if "remove" in action:
                    del self.standing[action["remove"]["path"]]

    def table(self) -> pa.Table:
        return pa.concat_tables(pq.read_table(self.folder / name, partitioning=None) for name in self.standing)

    def per_delivery(self) -> Counter[int]:
        counted: Counter[int] = Counter()
        for name, rows in self.rows.items():
            if name in self.standing:
                [delivery] = set(pq.read_table(self.folder / name, columns=["_delivery"])[0].to_pylist())
                assert pq.read_metadata(self.folder / name).num_rows == rows
                counted[delivery] += rows
        return counted
