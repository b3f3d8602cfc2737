"""Deliveries to try the house with: invented ones of the sample city, and the files of the real public sets.

`deliveries` writes seven files with the shapes and the faults of real ones (GBK, BOM, merged headers, repeated and
shifted rows, NaN as text, full-width digits, ragged rows) about persons who do not exist (`lake.invented.persons`), and
says exactly what must come out. The same seed, size and day give the same bytes on every machine.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from infra.errors import Place, WrongUse
from infra.language import Text
from lake.invented import people, places, traffic
from lake.invented.known import Known

FIRST_DAY = datetime(2026, 6, 1)  # noqa: DTZ001 - the local time that the files hold, in Asia/Shanghai
ROWS = 2_000
_Make = Callable[[Random, int, datetime], tuple[bytes, Known]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One invented delivery: its dataset, its file, and what is known of it."""

    dataset: str
    path: Path
    known: Known


@dataclass(frozen=True, slots=True)
class RealFile:
    """One file of a real set: data, or why it is none.

    Attributes:
        together: the folder in which it is delivered, all files in which are one delivery; None: alone.
        feed: that folder is the address which the datasets of a feed share (`lake.landing.groups`).
    """

    path: Path
    dataset: str
    data: bool
    reason: Text | None = None
    together: str | None = None
    feed: bool = False

    @property
    def address(self) -> Path:
        """Below the watched folders, the folder where it arrives."""
        unit, _, name = self.dataset.partition(".")
        return Path(unit, self.together or "") if self.feed else Path(unit, name, self.together or "")


# dataset, ending of the file, how many times `rows` it has, whether its unit marks complete files, and who makes it
_SETS: tuple[tuple[str, str, float, bool, _Make], ...] = (
    ("jinshui.traffic.road_flow", "csv", 1, False, traffic.road_flow),
    ("erqi.education.pupils", "xlsx", 0.5, True, people.pupils),
    ("zhongyuan.health.visits", "csv", 3, False, people.visits),
    ("zhengdong.tourism.visitor_counts", "jsonl", 0.5, False, places.visitor_counts),
    ("gaoxin.environment.air_quality", "xls", 0.5, False, places.air_quality),
    ("jingkai.logistics.bonded_zones", "geojson", 0.01, False, places.bonded_zones),
    ("guancheng.traffic.bus_gps", "json", 1, False, traffic.bus_gps),
)
DATASETS = tuple(made[0] for made in _SETS)


def deliveries(seed: int, folder: Path, rows: int = ROWS, *, day: int = 0) -> list[Sample]:
    """Writes one delivery a dataset as `<folder>/<unit>/<domain>.<name>-<date>.<ending>`.

    Args:
        seed: another seed, other values.
        folder: where the units' folders stand; those that are missing are made.
        rows: records of the middle-sized sets before faults and repeats; the largest has three times as many.
        day: days after the first; keys of different days do not meet, except those of the snapshots.
    """
    start = FIRST_DAY + timedelta(days=day)
    written = []
    for dataset, ending, times, marked, make in _SETS:
        # Its own generator for each, so that a change in one set does not move the others; text seeds are stable.
        random = Random(f"{seed}/{dataset}/{day}")  # noqa: S311 - invented data, not secrets
        content, known = make(random, max(20, int(rows * times)), start)
        unit, _, name = dataset.partition(".")
        path = folder / unit / f"{name}-{start:%Y%m%d}.{ending}"
        _put(path, content)
        if marked:
            _put(path.with_name(path.name + ".done"), b"")
        written.append(Sample(dataset, path, known))
    return written


def _put(path: Path, content: bytes) -> None:
    """Under a name that no scan takes, then renamed: as a well-behaved sender does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


_REAL: dict[str, tuple[str, str]] = {
    "sample.environment.aqi_hourly": ("environment-henan-aqi-hourly-2020", "*.csv"),
    "sample.education.universities": ("education-moe-universities-2025", "*.xls"),
    "sample.traffic.bus_stops": ("traffic-zhengzhou-bus-lines", "db/*.json"),
    "sample.tourism.domestic_trips": ("tourism-australia-trips-xlsx", "*.xlsx"),
    "sample.health.hospitals": ("health-shanghai-hospital-poi", "*.csv"),
    "sample.city_management.district_boundaries": ("divisions-zhengzhou-datav-geojson", "*.json"),
    "sample.city_management.divisions": ("divisions-cn-modood-csv", "*.csv"),
    "sample.traffic.loop_speeds": ("traffic-metr-la-speed", "los_speed.csv"),
    "sample.traffic.loop_sensors": ("traffic-metr-la-speed", "graph_sensor_locations.csv"),
    "sample.traffic.loop_weights": ("traffic-metr-la-speed", "los_adj.csv"),
    "sample.health.epidemic_daily": ("health-covid-daily-2020", "Data/*.csv"),
    "sample.health.epidemic_areas": ("health-covid-daily-2020", "ChinaAreaCode.csv"),
    "sample.health.epidemic_notices": ("health-covid-daily-2020", "Report/*.yaml"),
    "sample.traffic.metro_cities": ("traffic-metro-metroman", "data.xlsx"),
    "sample.traffic.metro_hot_stations": ("traffic-metro-metroman", "data.xlsx"),
    "sample.city_management.townships": ("divisions-zhengzhou-township-shapefile", "*/demographics.*"),
    "sample.tourism.scenic_areas": ("tourism-5a-scenic-areas", "*.json"),
    "sample.tourism.venues": ("tourism-shanghai-venues", "*.csv"),
    "sample.education.schools": ("education-schools-baidu-2019", "学校-*.json"),
    "sample.education.university_places": ("education-schools-baidu-2019", "大学-*.json"),
    "sample.environment.weather_hourly": ("environment-zhengzhou-weather-hourly", "*.csv"),
    "sample.environment.city_annual": ("environment-ipe-city-annual-gbk", "ipedata.csv"),
    "sample.environment.city_codes": ("environment-ipe-city-annual-gbk", "spacedict.csv"),
    "sample.city_management.open_catalogue": ("catalog-guangxi-open-data", "guangxi.json"),
    "sample.city_management.yearbook_tables": ("catalog-guangxi-open-data", "henan.json"),
    "sample.traffic.shenzhen_bus_lines": ("traffic-shanghai-shenzhen-transit", "shenzhen_busline.csv"),
    "sample.traffic.shenzhen_taxi_trips": ("traffic-shanghai-shenzhen-transit", "shenzhen_taxi_od_grid.csv"),
    "sample.traffic.shanghai_metro2_flow": ("traffic-shanghai-shenzhen-transit", "shanghai_metro2_flow.csv"),
    "sample.traffic.shanghai_metro2_stops": ("traffic-shanghai-shenzhen-transit", "shanghai_metro2_stops.csv"),
    "sample.traffic.shanghai_metro2_lines": ("traffic-shanghai-shenzhen-transit", "metroline2.*"),
    "sample.city_management.shenzhen_districts": ("traffic-shanghai-shenzhen-transit", "sz.*"),
    "sample.traffic.muroran_gtfs_agency": ("traffic-muroran-bus-gtfs", "gtfs/agency.txt"),
    "sample.traffic.muroran_gtfs_calendar": ("traffic-muroran-bus-gtfs", "gtfs/calendar.txt"),
    "sample.traffic.muroran_gtfs_routes": ("traffic-muroran-bus-gtfs", "gtfs/routes.txt"),
    "sample.traffic.muroran_gtfs_stops": ("traffic-muroran-bus-gtfs", "gtfs/stops.txt"),
    "sample.traffic.muroran_gtfs_trips": ("traffic-muroran-bus-gtfs", "gtfs/trips.txt"),
    "sample.traffic.muroran_gtfs_stop_times": ("traffic-muroran-bus-gtfs", "gtfs/stop_times.txt"),
    "sample.traffic.muroran_line_stops": ("traffic-muroran-bus-gtfs", "json/BusStop_*.json"),
    "sample.traffic.muroran_timetables": ("traffic-muroran-bus-gtfs", "json/Schedule_*.json"),
    "sample.traffic.muroran_bus_points": ("traffic-muroran-bus-gtfs", "*.geojson"),
}
REAL_DATASETS = tuple(_REAL)
# The sets whose files are one delivery; each folder is one where the set has several.
_TOGETHER = frozenset(
    {
        "sample.city_management.divisions",
        "sample.city_management.shenzhen_districts",
        "sample.city_management.townships",
        "sample.health.epidemic_daily",
        "sample.health.epidemic_notices",
        "sample.traffic.bus_stops",
        "sample.traffic.muroran_line_stops",
        "sample.traffic.muroran_timetables",
        "sample.traffic.shanghai_metro2_lines",
    }
)
# What the datasets of a feed have in common at the beginning of their names: all of its tables arrive under it.
_FEED = "sample.traffic.muroran_gtfs"
_NO_DATA = {
    "SOURCE.md": Text("来源说明，不是数据", "a note on the source, not data"),
    "LICENSE.upstream": Text("上游许可证，不是数据", "the source's licence, not data"),
    "readme.txt": Text("上游程序的说明，不是数据", "a note on the source's program, not data"),
    "HK-MO-TW.json": Text("只有名称，没有代码", "names without codes"),
    "pca-code.json": Text("与CSV相同的区划，写成树", "the divisions of the CSV files once more, as a tree"),
    "list.txt": Text("线路文件清单，不是数据", "a list of the line files, not data"),
}
_OTHER = Text("不属于该数据集的数据文件", "not one of the set's data files")


def real_set_files(folder: Path, dataset: str) -> list[RealFile]:
    """The files of a real dataset below `folder` (the folder of all sets), data first, in the order of their names.

    Where several datasets come from one folder, the first one tells of the files that are no data. A file may be data
    of several.

    Raises:
        WrongUse: SAMPLE_UNKNOWN_SET, SAMPLE_SET_MISSING.
    """
    if dataset not in _REAL:
        raise WrongUse("SAMPLE_UNKNOWN_SET", f"没有真实数据集 {dataset[:80]}", f"there is no real set {dataset[:80]}")
    name, pattern = _REAL[dataset]
    root = folder / name
    if not root.is_dir():
        raise WrongUse(
            "SAMPLE_SET_MISSING",
            f"目录中没有数据集 {name}",
            f"the folder holds no set {name}",
            place=Place(file=str(folder), dataset=dataset),
            remedy=Text("用 --data 指明存放真实数据集的目录", "name the folder of the real sets with --data"),
        )
    data = {path for path in root.glob(pattern) if path.is_file()}
    beside = {other: made for other, (folder_name, made) in _REAL.items() if folder_name == name and other != dataset}
    others = {path for made in beside.values() for path in root.glob(made)} - data
    # What is no data is told once, of the first dataset of its folder.
    told = next(other for other, (folder_name, _) in _REAL.items() if folder_name == name) == dataset
    files = [
        RealFile(path, dataset, True, together=_together(dataset, path), feed=_is_fed(dataset))
        if path in data
        else RealFile(path, dataset, False, _NO_DATA.get(path.name, _OTHER))
        for path in sorted(root.rglob("*"))
        if path.is_file() and path not in others and (told or path in data)
    ]
    return sorted(files, key=lambda file: (not file.data, file.path))


def _is_fed(dataset: str) -> bool:
    return dataset.startswith(f"{_FEED}_")


def _together(dataset: str, path: Path) -> str | None:
    if _is_fed(dataset):
        return _FEED.partition(".")[2]
    if dataset not in _TOGETHER:
        return None
    return path.parent.name if _REAL[dataset][1].startswith("*/") else dataset.rpartition(".")[2]
