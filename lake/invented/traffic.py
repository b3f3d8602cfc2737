"""Invented deliveries of traffic: detectors of Jinshui (CSV, GBK) and buses of Guancheng (JSON)."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from lake.invented.files import csv_bytes, json_text
from lake.invented.known import Known, Plan, Record, share
from lake.invented.persons import plate

_ROADS = ("花园路", "经三路", "文化路", "未来路", "东风路", "农业路", "黄河路", "北环路")
_DIRECTIONS = ("东向西", "西向东", "南向北", "北向南")
_ROAD_HEADER = {
    "detector_id": "检测器编号",
    "road_name": "路段名称",
    "direction": "行驶方向",
    "observed_at": "采集时间",
    "flow": "车流量",
    "speed": "平均速度",
    "occupancy": "占有率",
    "lng": "经度",
    "lat": "纬度",
    "note": "备注",
}
_LINES = ("2路", "26路", "60路", "B1外环", "S125路")


def road_flow(random: Random, rows: int, start: datetime) -> tuple[bytes, Known]:
    """GBK with CRLF, as an Excel of a district saves it: repeated and shifted rows, NaN as text, full-width digits."""
    plan = Plan(random, [_passage(random, number, start) for number in range(rows)])
    plan.repeat(0.01)
    plan.conflict("duplicate.conflict", ("detector_id", "observed_at"), lambda record: {**record, "flow": 1999})
    extra = iter(range(rows, rows * 3))
    few = share(rows, 0.004)

    def faulty(**changes: Any) -> Record:
        return {**_passage(random, next(extra), start), **changes}

    plan.plant("direction.values", few, lambda _: _shifted(faulty()))
    plan.plant("flow.range", few, lambda _: faulty(flow=-1))
    plan.plant("flow.type", few, lambda _: faulty(flow="１２"))
    plan.plant("flow.required", few, lambda _: faulty(flow=""))
    plan.plant("speed.range", few, lambda _: faulty(speed="888.8"))
    plan.plant("window", few, lambda _: faulty(lng="110.350485"))
    plan.plant("record.ragged", few, lambda _: list(faulty().values())[:7])
    table = [list(record.values()) if isinstance(record, dict) else record for record in plan.records]
    return csv_bytes([list(_ROAD_HEADER.values()), *table], encoding="gbk"), plan.known()


def _passage(random: Random, number: int, start: datetime) -> Record:
    detector = number % 40
    flow = random.randrange(1, 180)
    at = start + timedelta(minutes=5 * (number // 40))
    missing = random.random() < 0.03
    return {
        "detector_id": f"JS{detector:03d}",
        "road_name": _ROADS[detector % len(_ROADS)],
        "direction": _DIRECTIONS[detector % 4],
        "observed_at": f"{at:%Y-%m-%d %H:%M:%S}",
        "flow": flow,
        "speed": "NaN" if missing else f"{max(5.0, 65 - flow / 4 + random.uniform(-6, 6)):.1f}",
        "occupancy": "NaN" if missing else f"{min(95.0, flow / 3):.1f}",
        "lng": f"{113.66 + detector * 0.002:.6f}",
        "lat": f"{34.76 + detector % 7 * 0.004:.6f}",
        "note": "检修，\n次日恢复" if random.random() < 0.004 else "",
    }


def _shifted(record: Record) -> Record:
    """The road's name is missing and every later cell stands one column to the left of its own."""
    names, values = list(record), list(record.values())
    return dict(zip(names, [values[0], *values[2:], ""], strict=True))


def bus_gps(random: Random, rows: int, start: datetime) -> tuple[bytes, Known]:
    """A JSON array with nested places; repeated positions, points at 0/0, a bare list, a doubled key."""
    plan = Plan(random, [_position(random, number, start) for number in range(rows)])
    plan.repeat(0.01)
    plan.conflict("duplicate.conflict", ("vehicle_id", "positioned_at"), lambda record: {**record, "speed": 99.5})
    extra = iter(range(rows, rows * 3))
    few = share(rows, 0.004)

    def faulty(**changes: Any) -> Record:
        return {**_position(random, next(extra), start), **changes}

    plan.plant("window", few, lambda _: faulty(location={"lng": 0, "lat": 0}))
    plan.plant("heading.range", few, lambda _: faulty(heading=400))
    plan.plant("plate.pattern", few, lambda _: faulty(plate="无牌"))
    plan.plant("positioned_at.type", few, lambda _: faulty(positioned_at="2026-13-01 08:00:00"))
    plan.plant("record.not_object", 1, lambda _: [])
    plan.plant("record.duplicate_key", 1, lambda _: json_text(faulty())[:-1] + ',"speed":1}')
    texts = [record if isinstance(record, str) else json_text(record) for record in plan.records]
    return ("[" + ",\n".join(texts) + "]").encode(), plan.known()


def _position(random: Random, number: int, start: datetime) -> Record:
    bus = number % 60
    at = start + timedelta(seconds=15 * (number // 60))
    return {
        "vehicle_id": f"GC{bus:04d}",
        "plate": plate(bus),
        "line": _LINES[bus % len(_LINES)],
        "positioned_at": f"{at:%Y-%m-%dT%H:%M:%S}",
        "location": {
            "lng": round(113.69 + random.uniform(-0.03, 0.03), 6),
            "lat": round(34.74 + random.uniform(-0.02, 0.02), 6),
        },
        "speed": round(random.uniform(0, 60), 1),
        "heading": random.randrange(360),
        "passengers": random.randrange(70),
    }
