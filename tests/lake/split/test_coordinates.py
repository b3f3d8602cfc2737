"""A file's coordinate system against the catalogue's, and geometries in CGCS2000 where the city asks for it."""

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lake_city as city
import pyarrow as pa
import pytest

from catalogs.lookup import city as registered
from catalogs.lookup import coordinates as wanted
from catalogs.people.people import person
from catalogs.register import export_city, register_city
from catalogs.values.words import Crs
from contracts.infer import documents
from contracts.register import register_contracts
from infra.errors import Place, Refused
from infra.ground import Ground, sample_city
from lake.ingest import Session, ingest
from lake.landing.delivery import find
from lake.landing.landing import open_landed
from lake.rehearse import rehearse
from lake.replay.replay import replay
from lake.split import coordinates
from lake.split.coordinates import code_of, converter, datum, judge

ZONES = "jingkai.logistics.bonded_zones"
HERE = Place(dataset=ZONES, column="geometry")
LNG, LAT = 113.75, 34.70


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("crs")
    shutil.copytree(sample_city(), folder / "city")
    with city.standing(folder / "home", sqlite_template, HUB_CITY_DIR=str(folder / "city")) as one:
        yield one


def mercator(lng: float, lat: float) -> tuple[float, float]:
    """World Mercator of WGS84 by its formula: Snyder, Map Projections, USGS 1395, (7-6) and (7-7)."""
    a, e, phi = 6378137.0, 0.0818191908426215, math.radians(lat)
    sine = e * math.sin(phi)
    north = math.tan(math.pi / 4 + phi / 2) * ((1 - sine) / (1 + sine)) ** (e / 2)
    return a * math.radians(lng), a * math.log(north)


def zones(path: Path, crs: str | None, *coordinates: Any, names: tuple[str, ...] = ("一", "")) -> Path:
    """A zone for each name, all in one place; one without a name goes to quarantine."""
    features = [
        {
            "type": "Feature",
            "properties": {"zone_id": f"JK{n}", "name": name, "zone_type": "综合保税区"},
            "geometry": {"type": "Polygon", "coordinates": [list(coordinates)]},
        }
        for n, name in enumerate(names)
    ]
    features[0]["properties"] |= {"area_ha": 3, "established_on": "2020-01-01", "operator": "示例"}
    document: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs is not None:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return path


def promised(ground: Ground, folder: Path, version: str, *, name_required: bool = True) -> None:
    """A newer version of the contract."""
    text = (
        (ground.city / "contracts" / f"{ZONES}.yaml")
        .read_text("utf-8")
        .replace("version: 1.0.0", f"version: {version}")
    )
    at = text.index("- name: name\n")
    if not name_required:
        text = text[:at] + text[at:].replace("        required: true\n", "", 1)
    (folder / version).mkdir()
    (folder / version / f"{ZONES}.yaml").write_text(text, "utf-8")
    register_contracts(ground, folder / version, "test")


DEGREES = [[LNG, LAT], [LNG + 0.01, LAT], [LNG, LAT + 0.01], [LNG, LAT]]
GAUSS = [[500000.0, 3840000.0], [501000.0, 3840000.0], [500000.0, 3841000.0], [500000.0, 3840000.0]]


def codes(notes: Any) -> list[str]:
    return [note["code"] for note in notes if note["code"].startswith("crs_")]


def shapes(ground: Ground) -> list[Any]:
    return [json.loads(row["geometry"])["coordinates"][0] for row in city.curated(ground, ZONES)]


def test_a_file_of_another_system_than_the_catalogue_is_refused(ground: Ground, tmp_path: Path) -> None:
    city.emptied(ground, ZONES)
    path = zones(tmp_path / "a.geojson", "urn:ogc:def:crs:EPSG::4214", *DEGREES)
    one = ingest(ground, ZONES, path, actor="test")
    assert (one.state, one.code, one.published) == ("refused", "READ_CRS", None)
    assert one.message is not None
    assert "EPSG:4214" in one.message.en
    assert "CGCS2000" in one.message.zh
    with Session(ground) as session, pytest.raises(Refused, match="READ_CRS"):
        rehearse(session, ZONES, path)
    close = ingest(ground, ZONES, zones(tmp_path / "b.geojson", "urn:ogc:def:crs:OGC:1.3:CRS84", *DEGREES), actor="t")
    assert (close.state, codes(close.notes)) == ("finished", ["crs_stated", "crs_differs"])
    assert shapes(ground) == [DEGREES], "as it was delivered"
    metres = ingest(ground, ZONES, zones(tmp_path / "c.geojson", "EPSG:4547", *GAUSS), actor="test")
    assert (metres.state, codes(metres.notes)) == ("finished", ["crs_stated"])
    assert shapes(ground)[-1] == GAUSS or shapes(ground)[0] == GAUSS, "kept as declared: nobody asked for more"


def test_a_city_that_asks_for_it_publishes_cgcs2000_and_keeps_the_original(ground: Ground, tmp_path: Path) -> None:
    text = (ground.city / "city.yaml").read_text("utf-8")
    (ground.city / "city.yaml").write_text(f"{text}coordinates: CGCS2000\n", "utf-8")
    register_city(ground, ground.city, "test")
    assert (wanted(ground.engine), registered(ground.engine).coordinates) == (Crs.CGCS2000, Crs.CGCS2000)
    export_city(ground.engine, tmp_path / "out")
    assert "coordinates: CGCS2000" in (tmp_path / "out" / "city.yaml").read_text("utf-8")
    city.emptied(ground, ZONES)
    path = zones(tmp_path / "a.geojson", "urn:ogc:def:crs:EPSG::4547", *GAUSS)
    one = ingest(ground, ZONES, path, actor="test")
    assert (one.state, one.published, one.quarantined) == ("finished", 1, 1)
    assert codes(one.notes) == ["crs_stated", "crs_converted"]
    assert "from EPSG:4547 to EPSG:4490" in str(one.notes)
    [found] = shapes(ground)
    assert [round(lng, 9) for lng, _ in found] == [114.0, round(found[1][0], 9), 114.0, 114.0], "the central meridian"
    assert all(114 <= lng < 114.02 and 34.6 < lat < 34.8 for lng, lat in found)
    [aside] = city.quarantined(ground, ZONES)
    assert json.loads(json.loads(aside["raw"])["geometry"])["coordinates"] == [GAUSS]
    plain = open_landed(ground, find(ground, one.delivery), tmp_path)
    assert plain.read_bytes() == path.read_bytes()
    with Session(ground) as session:
        promised(ground, tmp_path, "2.0.0", name_required=False)
        done = replay(session, person(ground.engine, "engineer_li"), ZONES)
        assert (done.replay, list(done.held), done.left) == (None, [one.delivery], 1)
    promised(ground, tmp_path, "3.0.0")
    with pytest.MonkeyPatch.context() as before:
        before.setattr(coordinates, "wanted_by_city", lambda _: None)
        early = ingest(ground, ZONES, zones(tmp_path / "c.geojson", "EPSG:4547", *GAUSS), actor="test")
    assert codes(early.notes) == ["crs_stated"]
    promised(ground, tmp_path, "4.0.0", name_required=False)
    with Session(ground) as session:
        done = replay(session, person(ground.engine, "engineer_li"), ZONES)
    assert (done.replay, list(done.held)) == (None, [early.delivery]), "delivered before the city asked for CGCS2000"
    same = ingest(ground, ZONES, zones(tmp_path / "b.geojson", "EPSG::4490", *DEGREES), actor="test")
    assert codes(same.notes) == ["crs_stated"]


KNOWN = [
    ("EPSG:4490", Crs.CGCS2000, [], None),
    ("EPSG:4326", Crs.CGCS2000, ["crs_differs", "crs_converted"], "EPSG:4326"),
    ("EPSG:3395", Crs.WORLD_MERCATOR, ["crs_converted"], "EPSG:3395"),
    (None, Crs.WGS84, ["crs_converted"], "EPSG:4326"),
    (None, Crs.GCJ02, ["crs_not_converted"], None),
    (None, Crs.BD09, ["crs_not_converted"], None),
    (None, Crs.LOCAL, ["crs_not_converted"], None),
    ("?", Crs.CGCS2000, ["crs_not_converted"], None),
    ("Xian_1980_3_Degree_GK_CM_114E", None, ["crs_not_converted"], None),
    ("EPSG:2263", Crs.LOCAL, ["crs_not_converted"], None),
    ("EPSG:4610", None, ["crs_not_converted"], None),
]


@pytest.mark.parametrize(("stated", "declared", "notes", "origin"), KNOWN)
def test_what_is_converted(stated: str | None, declared: Crs | None, notes: list[str], origin: str | None) -> None:
    found = judge(stated, declared, Crs.CGCS2000, HERE)
    assert ([note.code for note in found.notes], found.origin) == (notes, origin)
    assert judge(stated, declared, None, HERE).origin is None, "never without the city's word"


@pytest.mark.parametrize("declared", [Crs.GCJ02, Crs.BD09, Crs.LOCAL, Crs.WORLD_MERCATOR])
def test_what_contradicts_the_catalogue(declared: Crs) -> None:
    for asked in (None, Crs.CGCS2000):
        with pytest.raises(Refused, match="READ_CRS"):
            judge("urn:ogc:def:crs:OGC:1.3:CRS84", declared, asked, HERE)


@pytest.mark.parametrize(
    "stated",
    [None, "?", "urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG::4326", "EPSG:4490", "EPSG:4547", "EPSG:3857", "EPSG:32650",
     "EPSG:3395", "EPSG:2263", "EPSG:4214", "Xian_1980_3_Degree_GK_CM_114E"],
)  # fmt: skip
def test_what_adopting_drafts_is_never_contradicted_by_its_own_file(stated: str | None) -> None:
    assert judge(stated, Crs(documents.coordinates(stated)), None, HERE).origin is None


def test_codes_and_datums() -> None:
    said = ["urn:ogc:def:crs:EPSG::4490", "EPSG:4490", "EPSG::4490", "urn:ogc:def:crs:EPSG:9.8:4490"]
    assert {code_of(one) for one in said} == {"EPSG:4490"}
    assert code_of("urn:ogc:def:crs:OGC:1.3:CRS84") == "EPSG:4326"
    assert [code_of(one) for one in ("?", "WGS_1984", "urn:ogc:def:crs:OGC::CRS27")] == [None] * 3
    assert [datum(f"EPSG:{one}") for one in (4326, 32650, 3857, 4490, 4547, 4214, 4610, 2381, 999999)] == [
        *["WGS84"] * 3,
        *["CGCS2000"] * 2,
        *[None] * 4,
    ]


def test_geometries_of_every_kind_come_back() -> None:
    x, y = mercator(LNG, LAT)
    kinds = [
        {"type": "Point", "coordinates": [x, y, 7.5]},
        {"type": "MultiPolygon", "coordinates": [[[[x, y], [x, y], [x, y], [x, y]]]]},
        {"type": "GeometryCollection", "geometries": [{"type": "LineString", "coordinates": [[x, y], [x, y]]}]},
        {"type": "Polygon", "coordinates": []},
    ]
    done = converter("EPSG:3395", HERE)(pa.array([*map(json.dumps, kinds), None]))
    assert done[4].as_py() is None
    point, several, collection, empty = (json.loads(one.as_py()) for one in done[:4])
    assert point["coordinates"] == [pytest.approx(LNG, abs=1e-9), pytest.approx(LAT, abs=1e-9), 7.5]
    assert several["coordinates"][0][0][3] == point["coordinates"][:2]
    assert collection["geometries"][0]["coordinates"][1] == point["coordinates"][:2]
    assert empty == kinds[3]
    with pytest.raises(Refused, match="READ_CRS_VALUES"):
        converter("EPSG:4547", HERE)(pa.array([json.dumps({"type": "Point", "coordinates": [1e300, 1e300]})]))
