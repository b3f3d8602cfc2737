"""A shapefile is its features: attributes as they stand in the .dbf, geometry as GeoJSON, the stated CRS noted."""

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
import shapefile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import CRS

from contracts.model import Contract, Field
from infra.errors import Refused
from lake.read import Limits, Source, read
from lake.read.dbf import decoded


def contract(*names: str) -> Contract:
    return Contract("u.d.n", "1.0.0", (), tuple(Field(name, (name,)) for name in names), (), (), "append")


def features(encoding: str = "utf-8", names: tuple[str, ...] = ("甲", "乙", "丙")) -> dict[str, bytes]:
    """The files of a point, an empty shape and a point."""
    files = {ending: io.BytesIO() for ending in (".shp", ".shx", ".dbf")}
    with shapefile.Writer(
        shp=files[".shp"], shx=files[".shx"], dbf=files[".dbf"], encoding=encoding, shapeType=shapefile.POINT
    ) as writer:
        writer.field("name", "C", 20)
        writer.field("count", "N", 18, decimal=4)
        writer.field("built", "D")
        writer.field("open", "L")
        for at, name in enumerate(names):
            if at == 1:
                writer.null()
            else:
                writer.point(113.625 + at, 34.75)
            writer.record(name, None if at == 1 else 1.5, "20260131", None if at == 1 else True)
    return {ending: file.getvalue() for ending, file in files.items()}


def packed(files: dict[str, bytes], folder: Path, stem: str = "道路") -> Path:
    path = folder / "delivery.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for ending, content in files.items():
            archive.writestr(stem + ending, content)
    return path


def rows(source: Source) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(source.sql, source.parameters).fetchall()


ALL = contract("name", "count", "built", "open", "geometry")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_zipped_shapefile_is_its_features(encoding: str, tmp_path: Path) -> None:
    files = {**features(encoding), ".prj": CRS.from_epsg(4490).to_wkt("WKT1_ESRI").encode()}
    source = read(packed(files, tmp_path), ALL, tmp_path)
    first, second, third = rows(source)
    assert first[:4] == ("甲", "1.5000", "2026-01-31", "true")
    assert json.loads(first[4]) == {"type": "Point", "coordinates": [113.625, 34.75]}
    assert (second[0], second[1], second[3], second[4]) == ("乙", None, None, None)
    assert [row[7] for row in (first, second, third)] == [1, 2, 3]
    assert (source.format, source.encoding, source.crs) == ("shapefile", encoding, "EPSG:4490")
    assert "crs_stated" in {note.code for note in source.notes}


def test_a_cpg_decides_and_a_language_byte_is_believed(tmp_path: Path) -> None:
    files = features("cp950", ("臺北", "高雄", "花蓮"))
    assert rows(read(packed({**files, ".cpg": b"950"}, tmp_path), ALL, tmp_path))[0][0] == "臺北"
    (tmp_path / "b").mkdir()
    files[".dbf"] = files[".dbf"][:29] + b"\x4f" + files[".dbf"][30:]
    assert rows(read(packed(files, tmp_path / "b"), ALL, tmp_path / "b"))[0][0] == "臺北"


def test_a_character_cut_at_the_fields_end_is_dropped_and_counted(tmp_path: Path) -> None:
    files = features()
    cut = "郑州市南关街道".encode()[:20]  # 6 characters and two bytes of the seventh
    files[".dbf"] = files[".dbf"].replace("甲".encode().ljust(20), cut)
    source = read(packed(files, tmp_path), ALL, tmp_path)
    assert rows(source)[0][0] == "郑州市南关街"
    assert {note.code: note.count for note in source.notes}["texts_cut"] == 1


def test_a_deleted_row_is_no_record_and_places_stay(tmp_path: Path) -> None:
    files = features()
    first = struct.unpack("<H", files[".dbf"][8:10])[0]
    files[".dbf"] = files[".dbf"][:first] + b"*" + files[".dbf"][first + 1 :]
    source = read(packed(files, tmp_path), ALL, tmp_path)
    assert [(row[0], row[7]) for row in rows(source)] == [("乙", 2), ("丙", 3)]
    assert {note.code: note.count for note in source.notes}["rows_deleted"] == 1


def without(*endings: str) -> dict[str, bytes]:
    return {ending: content for ending, content in features().items() if ending not in endings}


REFUSED = {
    "without .dbf": (without(".dbf"), "READ_SHAPEFILE_PART"),
    "without .shx": (without(".shx"), "READ_SHAPEFILE_PART"),
    "alone": (without(".shx", ".dbf"), "READ_SHAPEFILE_PART"),
    "attributes alone": (without(".shx", ".shp"), "READ_FORMAT"),
    ".shp cut": ({**features(), ".shp": features()[".shp"][:-9]}, "READ_DAMAGED"),
    ".dbf cut": ({**features(), ".dbf": features()[".dbf"][:-30]}, "READ_DAMAGED"),
    ".dbf empty": ({**features(), ".dbf": b""}, "READ_DAMAGED"),
    ".shx of another": ({**features(), ".shx": features(names=("甲",))[".shx"]}, "READ_DAMAGED"),
    "attributes of another": ({**features(), ".dbf": features(names=("甲",))[".dbf"]}, "READ_DAMAGED"),
    "no text at all": (
        {**features(), ".dbf": features()[".dbf"].replace("甲".encode(), b"\xff\xff\xff")},
        "READ_ENCODING",
    ),
    "an encoding that is not so": ({**features("gb18030"), ".cpg": b"UTF-8"}, "READ_ENCODING"),
    "an encoding that is none": ({**features(), ".cpg": b"hex"}, "READ_ENCODING"),
    "a column not there": ({**features(), ".prj": b"GEOGCS["}, ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_whole_shapefile_is_refused_in_a_sentence(case: str, tmp_path: Path) -> None:
    files, code = REFUSED[case]
    path = packed(files, tmp_path)
    if not code:  # a .prj that is none says nothing, and the data stands
        assert read(path, ALL, tmp_path).crs == "?"
        return
    with pytest.raises(Refused) as refused:
        read(path, ALL, tmp_path)
    assert refused.value.code == code
    assert refused.value.remedy is not None
    assert str(tmp_path) not in str(refused.value)


def test_shapes_without_any_attribute_are_features(tmp_path: Path) -> None:
    """What R and GDAL write for shapes alone: a .dbf of rows without one field."""
    files = features()
    files[".dbf"] = struct.pack("<4BLHH20x", 3, 126, 1, 1, 3, 33, 1) + b"\r" + b" " * 3
    found = rows(read(packed(files, tmp_path), contract("geometry"), tmp_path))
    assert [row[0] is None for row in found] == [False, True, False]


def test_memory_and_time_are_bounded(tmp_path: Path) -> None:
    files = {ending: io.BytesIO() for ending in (".shp", ".shx", ".dbf")}
    with shapefile.Writer(shp=files[".shp"], shx=files[".shx"], dbf=files[".dbf"]) as writer:
        writer.field("name")
        writer.line([[(at / 7, at / 9) for at in range(300_000)]])
        writer.record("x")
    path = packed({ending: file.getvalue() for ending, file in files.items()}, tmp_path)
    with pytest.raises(Refused) as refused:
        read(path, contract("name"), tmp_path, limits=Limits(sheet_memory=60 * 1024**2))
    assert refused.value.code == "READ_MEMORY"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(codec="gb18030", exclude_categories=["Cc", "Cs"]), max_size=12), width=st.integers(1, 24)
)
@pytest.mark.parametrize("name", ["utf-8", "gb18030"])
def test_a_text_of_any_width_reads_as_its_beginning(name: str, text: str, width: int) -> None:
    raw = text.encode(name)[:width].ljust(width)
    read_, _ = decoded(raw, name)
    assert text.rstrip(" ").startswith(read_) or text.startswith(read_)
    assert len(read_.encode(name)) <= width
