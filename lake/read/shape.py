"""A shapefile's features as GeoJSON, one a line, in a process of its own (`infra.apart`).

A feature is a shape and the row of the .dbf at the same place. Shapes are drawn by pyshp; the attributes are the texts
that stand in the .dbf. A row that is marked as deleted is written as an empty line: places stay the features' numbers.
"""

import json
import re
import struct
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import shapefile

from infra.apart import answer
from infra.errors import Place, Refused
from infra.language import Text
from lake.read import dbf

_WKT_MOST = 64 * 1024
_NAME = re.compile(r'^\s*(?:PROJCS|GEOGCS|PROJCRS|GEOGCRS)\s*\[\s*"([\w ./()+:-]{1,80})"')


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """Writes the features to `job["target"]`.

    Raises:
        Refused: READ_DAMAGED, READ_ENCODING, READ_COLUMNS.
    """
    place = Place(file=job["name"], dataset=job["dataset"])
    table = dbf.open_table(Path(job["dbf"]), place)
    encoding = dbf.choose_encoding(table, _small(job["cpg"]), place)
    names = [column.name.decode(encoding) for column in table.columns]
    counts = {"texts_cut": 0, "rows_deleted": 0}
    with Path(job["target"]).open("x", encoding="utf-8") as out:
        for row, geometry in zip(table.rows(), _shapes(job, table.count, place), strict=True):
            found = dbf.values(row, table.columns, encoding)
            if found is None:
                counts["rows_deleted"] += 1
                out.write("\n")
                continue
            counts["texts_cut"] += found[1]
            # Pairs, not a dict: a name that stands twice must be seen behind this.
            properties = ",".join(f"{_json(key)}:{_json(value)}" for key, value in zip(names, found[0], strict=True))
            out.write(f'{{"type":"Feature","properties":{{{properties}}},"geometry":{_json(geometry)}}}\n')
    return {"encoding": encoding, "crs": _crs(_small(job["prj"])), **counts}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _small(path: str | None) -> str | None:
    """The text of a small file beside, None without one."""
    if path is None:
        return None
    with Path(path).open("rb") as file:
        return file.read(_WKT_MOST).decode("utf-8-sig", "replace")


def _shapes(job: Mapping[str, Any], count: int, place: Place) -> Iterator[dict[str, Any] | None]:
    """The geometries, as many as there are rows."""
    damaged = Refused(
        "READ_DAMAGED",
        "Shapefile 已损坏，或几个文件不属于同一套数据",
        "the shapefile is damaged, or its files do not belong together",
        place=place,
        remedy=Text("重新导出整套文件并打包报送", "export all of its files again and deliver them in one ZIP"),
    )
    try:
        with (
            Path(job["shp"]).open("rb") as shp,
            Path(job["shx"]).open("rb") as shx,
            shapefile.Reader(shp=shp, shx=shx) as reader,
        ):
            if len(reader) != count:
                raise damaged
            for shape in reader.iterShapes():
                drawn = None if shape.shapeType == shapefile.NULL else dict(shape.__geo_interface__)
                yield drawn if drawn and drawn.get("coordinates") else None
    except (shapefile.ShapefileException, struct.error, OSError, ValueError, IndexError, KeyError, TypeError, EOFError):
        raise damaged from None


def _crs(text: str | None) -> str | None:
    """The coordinate system that the .prj describes: its EPSG code, else its name."""
    if not text:
        return None
    from pyproj import CRS  # noqa: PLC0415 - takes a while
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    try:
        code = CRS.from_wkt(text).to_epsg()
    except CRSError:
        code = None
    if code is not None:
        return f"EPSG:{code}"
    named = _NAME.match(text)
    return named[1] if named else "?"


if __name__ == "__main__":
    sys.exit(answer(run))
