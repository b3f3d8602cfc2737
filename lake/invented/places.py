"""Invented deliveries of places: visitors (JSON Lines), air quality (.xls), zones (GeoJSON)."""

import math
from datetime import datetime, timedelta
from random import Random
from typing import Any

from lake.invented.files import Grid, json_lines, json_text, xls_bytes
from lake.invented.known import Known, Plan, Record, share

_SITES = ("示例艺术中心", "示例图书馆", "示例湿地公园", "示例科技馆", "示例如意湖观景台")
_WEATHER = ("晴", "多云", "阴", "小雨")
_STATIONS = ("示例一中站", "示例管委会站", "示例公园站", "示例开发区站")
_AIR_TOP = ("站点编号", "站点名称", "监测日期", "小时", "AQI", "首要污染物", "污染物浓度", None, None, None, None, None)
_AIR_SUB = (None,) * 6 + ("PM2.5", "PM10", "SO2", "NO2", "CO", "O3")
_ZONES = ("示例综合保税区", "示例国际物流园", "示例跨境电商园", "示例铁路口岸", "示例冷链园区", "示例公路港")


def visitor_counts(random: Random, rows: int, start: datetime) -> tuple[bytes, Known]:
    """JSON Lines; a torn line, NaN as a bare word, numbers below zero, a repeated hour."""
    plan = Plan(random, [_count(random, number, start) for number in range(rows)])
    plan.repeat(0.01)
    plan.conflict("duplicate.conflict", ("site_id", "counted_at"), lambda record: {**record, "visitors_in": 1})
    extra = iter(range(rows, rows * 3))
    few = share(rows, 0.004)

    def faulty(**changes: Any) -> Record:
        return {**_count(random, next(extra), start), **changes}

    plan.plant("record.json", few, lambda _: json_text(faulty())[:-9])
    plan.plant("visitors_in.range", few, lambda _: faulty(visitors_in=-5))
    plan.plant("counted_at.type", few, lambda _: faulty(counted_at="昨天上午"))
    plan.plant("site_name.required", few, lambda _: faulty(site_name=""))
    return json_lines(plan.records), plan.known()


def _count(random: Random, number: int, start: datetime) -> Record:
    site = number % len(_SITES)
    entered = random.randrange(2, 800)
    return {
        "site_id": f"ZD{site:02d}",
        "site_name": _SITES[site],
        "counted_at": f"{start + timedelta(hours=number // len(_SITES)):%Y-%m-%d %H:%M:%S}",
        "visitors_in": entered,
        "visitors_out": random.randrange(0, entered),
        "capacity": 5000 + 1000 * site,
        "weather": random.choice(_WEATHER),
        "temperature": float("nan") if random.random() < 0.05 else round(random.uniform(18, 36), 1),
    }


def air_quality(random: Random, rows: int, start: datetime) -> tuple[bytes, Known]:
    """A binary workbook: title, two header rows with merged cells, NaN as text, hours and indices out of range."""
    plan = Plan(random, [_air(random, number, start) for number in range(min(rows, 60_000))])
    plan.repeat(0.01)
    key = ("station_id", "observed_on")
    plan.conflict("duplicate.conflict", key, lambda record: {**record, "aqi": 499})
    extra = iter(range(rows, rows * 3))
    few = share(rows, 0.004)

    def faulty(**changes: Any) -> Record:
        return {**_air(random, next(extra), start), **changes}

    plan.plant("hour.range", few, lambda _: faulty(hour=24))
    plan.plant("aqi.range", few, lambda _: faulty(aqi=9999))
    plan.plant("station_name.required", few, lambda _: faulty(station_name=None))
    plan.plant("observed_on.type", few, lambda _: faulty(observed_on="2026-02-30"))
    plan.plant("pm10.type", few, lambda _: faulty(pm10="超量程"))
    grid = Grid("小时值")
    grid.add_merged("高新区空气质量小时值（示例）", len(_AIR_TOP))
    top = grid.add(_AIR_TOP)
    grid.add(_AIR_SUB)
    grid.merged.extend((top, column, top + 1, column) for column in range(6))
    grid.merged.append((top, 6, top, 11))
    for record in plan.records:
        grid.add(list(record.values()))
    return xls_bytes(grid), plan.known()


def _air(random: Random, number: int, start: datetime) -> Record:
    station = number % len(_STATIONS)
    at = start + timedelta(hours=number // len(_STATIONS))
    values = [random.randrange(5, 180), random.randrange(10, 260), random.randrange(2, 40), random.randrange(5, 90)]
    missing = random.random() < 0.04
    return {
        "station_id": f"GX{station + 1:02d}",
        "station_name": _STATIONS[station],
        "observed_on": f"{at:%Y-%m-%d}",
        "hour": at.hour,
        "aqi": random.randrange(20, 300),
        "primary_pollutant": "NaN" if missing else "细颗粒物",
        "pm2_5": values[0],
        "pm10": "NaN" if missing else values[1],
        "so2": values[2],
        "no2": values[3],
        "co": round(random.uniform(0.2, 3), 1),
        "o3": "NaN" if missing else random.randrange(5, 200),
    }


def bonded_zones(random: Random, rows: int, start: datetime) -> tuple[bytes, Known]:
    """A GeoJSON of a few zones; one is a point, one has no name, one stands twice."""
    plan = Plan(random, [_zone(random, number, start) for number in range(max(6, min(rows, 40)))])
    plan.repeat(0.01)
    other = _zone(random, 900, start)
    plan.plant("geometry.polygon", 1, lambda _: {**other, "geometry": {"type": "Point", "coordinates": [113.75, 34.7]}})
    nameless = _zone(random, 901, start)
    nameless["properties"]["name"] = ""
    plan.plant("name.required", 1, lambda _: nameless)
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    text = json_text({"type": "FeatureCollection", "crs": crs, "features": plan.records})
    return text.encode(), plan.known()


def _zone(random: Random, number: int, start: datetime) -> Record:
    lng, lat = 113.72 + number % 7 * 0.012, 34.66 + number % 5 * 0.011
    corners = [
        [round(lng + 0.004 * math.cos(turn * math.pi / 3), 6), round(lat + 0.003 * math.sin(turn * math.pi / 3), 6)]
        for turn in range(6)
    ]
    established = start.date() - timedelta(days=365 * (3 + number % 9) + number)
    return {
        "type": "Feature",
        "properties": {
            "zone_id": f"JK{number:03d}",
            "name": f"{_ZONES[number % len(_ZONES)]}{number}号",
            "zone_type": ("综合保税区", "物流园区")[number % 2],
            "area_ha": round(random.uniform(20, 400), 2),
            "established_on": f"{established:%Y-%m-%d}",
            "operator": "示例运营有限公司",
        },
        "geometry": {"type": "Polygon", "coordinates": [[*corners, corners[0]]]},
    }
