"""What a file says of its coordinate system, held against the catalogue; and a city's geometries in CGCS2000.

A geometry is published as it was delivered, in the system that the catalogue declares. A file that states another one
is refused: one of the two is wrong, and a map that is off by half a kilometre shows nobody that it is. WGS84 and
CGCS2000 differ by less than a metre, so between them it is said and taken.

Where `city.yaml` says `coordinates: CGCS2000`, published geometries are converted to it (EPSG:4490, longitude and
latitude in degrees): the landed bytes, the quarantined records and the delivery's notes keep what was delivered. Only
what a public definition converts exactly is converted: projections of WGS84 and CGCS2000. Beijing 54 and Xi'an 80 take
parameters that the surveying authority keeps; GCJ-02 and BD-09 are offsets without a published inverse. Those stay as
declared, and the delivery says so.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy.engine import Engine

from catalogs.lookup import coordinates as wanted_by_city
from catalogs.values.model import Item
from catalogs.values.words import Crs
from contracts.model import Contract
from infra.errors import Place, Refused
from infra.language import Text
from lake.read.source import Note, Source

CONVERTED = "crs_converted"
TARGET = "EPSG:4490"
Convert = Callable[[pa.Array], pa.Array]
_CODES = {Crs.CGCS2000: TARGET, Crs.WGS84: "EPSG:4326", Crs.WORLD_MERCATOR: "EPSG:3395"}
_CODE = re.compile(r"EPSG:{1,2}(?:[0-9.]*:)?([0-9]{4,6})$")
# The datums by their geographic systems, in two and in three dimensions.
_SAME = {"EPSG:4326": "WGS84", "EPSG:4979": "WGS84", TARGET: "CGCS2000", "EPSG:4480": "CGCS2000"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of a geometry's coordinates, and from where they are converted; None: they stay."""

    notes: tuple[Note, ...] = ()
    origin: str | None = None


def settled(
    engine: Engine, source: Source, contract: Contract, items: Iterable[Item]
) -> tuple[Source, Mapping[str, Convert]]:
    """The source with what is to be said of its coordinates, and how its columns are converted.

    Raises:
        Refused: `READ_CRS`, the file states another coordinate system than the catalogue.
    """
    shapes = [column.name for column in contract.columns if column.type == "geometry"]
    known = {item.name: item for item in items if item.crs is not None}
    if not shapes:
        return source, {}
    city = wanted_by_city(engine)
    ways: dict[str, Convert] = {}
    for name in shapes:
        declared = known[name].crs if name in known else None
        said = judge(source.crs, declared, city, Place(dataset=contract.id, column=name))
        source = source.with_notes(*said.notes)
        if said.origin is not None:
            ways[name] = converter(said.origin, Place(dataset=contract.id, column=name))
    return source, ways


def to_convert(engine: Engine, contract: Contract, items: Iterable[Item], notes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a delivery with these notes would have a geometry converted if it came today.

    A file that states what the catalogue now contradicts is one of them: nobody knows its system.
    """
    city = wanted_by_city(engine)
    stated = next((note["en"] for note in notes if note["code"] == "crs_stated"), None)  # it ends in the system
    known = {item.name: item.crs for item in items}
    for name in [column.name for column in contract.columns if column.type == "geometry" and city is not None]:
        try:
            if judge(stated, known.get(name), city, Place(dataset=contract.id, column=name)).origin is not None:
                return True
        except Refused:
            return True
    return False


def applied(ways: Mapping[str, Convert], batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with its columns converted."""
    for name, convert in ways.items():
        at = batch.schema.get_field_index(name)
        column = batch.schema.field(at)
        batch = batch.set_column(at, column, convert(batch.column(at)).cast(column.type))
    return batch


def judge(stated: str | None, declared: Crs | None, city: Crs | None, place: Place) -> Verdict:
    """What a file states against what the catalogue declares and the city wants.

    Raises:
        Refused: `READ_CRS`.
    """
    code = None if stated is None else code_of(stated)
    notes = []
    if code is not None and declared is not None and not _agree(code, declared):
        if declared not in (Crs.WGS84, Crs.CGCS2000) or datum(code) is None:
            raise _contradiction(code, declared, place)
        said = Text(
            f"文件所写坐标系 {code} 与目录登记的 {declared} 不同，相差不到一米",
            f"the file states {code}, the catalogue {declared}: less than a metre apart",
        )
        notes.append(Note("crs_differs", said))
    if city is None:
        return Verdict(tuple(notes))
    origin = code if stated is not None else _CODES.get(declared) if declared is not None else None
    if origin == TARGET:
        return Verdict(tuple(notes))
    if origin is None or datum(origin) is None:
        which = origin or (stated if declared is None or stated is not None else str(declared)) or "?"
        said = Text(
            f"坐标保持 {which}，未转换为 CGCS2000：没有公开的精确转换方法",
            f"the coordinates stay in {which} and are not converted to CGCS2000: no public definition does it exactly",
        )
        return Verdict((*notes, Note("crs_not_converted", said)))
    said = Text(f"坐标由 {origin} 转换为 CGCS2000（{TARGET}）", f"coordinates are converted from {origin} to {TARGET}")
    return Verdict((*notes, Note(CONVERTED, said)), origin)


def code_of(stated: str) -> str | None:
    """The EPSG code of what a file states; None where it has none."""
    if stated.upper().endswith("CRS84"):
        return "EPSG:4326"  # the same with longitude first, as every file here has it
    found = _CODE.search(stated)
    return f"EPSG:{found[1]}" if found else None


def _agree(code: str, declared: Crs) -> bool:
    """Whether both are one system; one may be drawn in metres of its own projection, a local one is any other."""
    own = _CODES.get(declared)
    if declared is Crs.LOCAL:
        return datum(code) is None
    return code == own or (declared is not Crs.WORLD_MERCATOR and own is not None and datum(code) == datum(own))


@cache
def datum(code: str | None) -> str | None:
    """WGS84 or CGCS2000, where a coordinate system is one of them or a projection of it; else None."""
    if code is None or code in _SAME:
        return _SAME.get(code or "")
    from pyproj import CRS  # noqa: PLC0415 - takes a while
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    try:
        base = CRS.from_user_input(code).geodetic_crs
    except CRSError:
        return None
    epsg = None if base is None else base.to_epsg()
    return _SAME.get(f"EPSG:{epsg}")


def converter(origin: str, place: Place) -> Convert:
    """Converts GeoJSON geometries from `origin`, one of the two datums, to longitude and latitude in degrees.

    Raises:
        Refused: `READ_CRS_VALUES`, when called: a point is not one of that system.
    """
    if origin == "EPSG:4326":
        return lambda texts: texts  # equal within a metre: no number changes
    from pyproj import CRS, Transformer  # noqa: PLC0415 - takes a while

    system = CRS.from_user_input(origin)
    # Only the projection is undone: between the two datums no public transformation is better than none.
    turn = Transformer.from_crs(system, system.geodetic_crs, always_xy=True)

    def convert(texts: pa.Array) -> pa.Array:
        return pa.array([None if text is None else _moved(text, turn, origin, place) for text in texts.to_pylist()])

    return convert


def _moved(text: str, turn: Any, origin: str, place: Place) -> str:
    geometry = json.loads(text)
    points: list[list[float]] = []
    _points(geometry, points)
    if points:
        x, y = turn.transform(np.array([one[0] for one in points]), np.array([one[1] for one in points]))
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise Refused(
                "READ_CRS_VALUES",
                f"有坐标不属于坐标系 {origin}，无法转换",
                f"some coordinates are not of {origin} and cannot be converted",
                place=place,
                remedy=Text("核对文件所写的坐标系后重新报送", "check which coordinate system the file states"),
            )
        for one, east, north in zip(points, x.tolist(), y.tolist(), strict=True):
            one[0], one[1] = east, north
    return json.dumps(geometry, ensure_ascii=False, separators=(",", ":"))


def _points(part: Any, found: list[list[float]]) -> None:
    """The positions below a geometry, each a list that can be changed in its place."""
    if isinstance(part, dict):
        for one in part.get("geometries", [part.get("coordinates")]):
            _points(one, found)
    elif isinstance(part, list) and len(part) > 1 and all(isinstance(one, int | float) for one in part):
        if all(map(math.isfinite, part)):
            found.append(part)
    elif isinstance(part, list):
        for one in part:
            _points(one, found)


def _contradiction(code: str, declared: Crs, place: Place) -> Refused:
    return Refused(
        "READ_CRS",
        f"文件所写坐标系是 {code}，目录登记的是 {declared}（{declared.text.zh}）",
        f"the file states the coordinate system {code}, the catalogue declares {declared}",
        place=place,
        remedy=Text(
            "改正目录中该数据项的 crs，或由提供单位按登记的坐标系重新导出；改正后用 hub ticket again 再次处理",
            "correct the item's crs in the catalogue and take it with `hub ticket again`, or export it as declared",
        ),
    )
