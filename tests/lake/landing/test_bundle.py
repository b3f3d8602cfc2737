"""Several files landed and taken as one delivery: the same bytes for the same files, one version of the table."""

import json
import os
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
import sqlalchemy as sa
from front_door import run_hub

from catalogs.people.people import current
from infra.database import read, write
from infra.errors import HubError
from infra.ground import Ground
from lake import tables
from lake.ingest import ingest
from lake.landing import bundle
from lake.landing.bundle import bundled, pack
from lake.landing.landing import find, open_landed
from lake.query.quarantine import Question, show
from lake.read.place import decoded
from lake.read.source import Part
from lake.records import parts


def packed(target: Path, *paths: Path, most: int = 100, size: int = 1 << 20) -> bytes:
    found = bundled(paths[0], paths if len(paths) > 1 else ())
    assert found is not None
    target.unlink(missing_ok=True)
    pack(found, target, most, size)
    return target.read_bytes()


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    return path


def code(target: Path, *paths: Path, **limits: int) -> str:
    with pytest.raises(HubError) as caught:
        packed(target, *paths, **limits)
    return caught.value.code


def test_the_same_files_give_the_same_bytes_wherever_and_whenever_they_lie(tmp_path: Path) -> None:
    one = folder(tmp_path / "one", **{"b.csv": "2", "a.csv": "1", "in/c.csv": "3", ".hidden": "x", ".DS_Store": "x"})
    two = folder(tmp_path / "another", **{"in/c.csv": "3", "a.csv": "1", "b.csv": "2"})
    os.utime(two / "a.csv", (1, 1))
    (two / "b.csv").chmod(0o644)
    first = packed(tmp_path / "x.zip", one)
    assert packed(tmp_path / "y.zip", two) == first
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert [(info.filename, archive.read(info)) for info in archive.infolist()] == [
            ("a.csv", b"1"),
            ("b.csv", b"2"),
            ("in/c.csv", b"3"),
        ]
    flat = packed(tmp_path / "z.zip", two / "b.csv", two / "a.csv")
    assert flat == packed(tmp_path / "z.zip", one / "a.csv", one / "b.csv") != first


def test_names_that_are_not_utf8_are_kept_as_what_they_say(tmp_path: Path) -> None:
    made = tmp_path / "one"
    made.mkdir()
    (made / os.fsdecode("郑州.csv".encode("gbk"))).write_text("1")
    packed(tmp_path / "x.zip", made)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.namelist() == ["郑州.csv"]


def test_what_cannot_be_one_delivery_is_refused_in_one_sentence(tmp_path: Path) -> None:
    target, made = tmp_path / "x.zip", folder(tmp_path / "one", **{"a.csv": "1", "b.csv": "2"})
    assert code(target, made, most=1) == "LANDING_FILES"
    assert code(target, made, size=1) == "LANDING_TOO_LARGE"
    assert code(target, folder(tmp_path / "two", **{"a.csv": "1"}) / "a.csv", made / "a.csv") == "LANDING_NAMES"
    (made / "link.csv").symlink_to("/etc/hostname")
    assert code(target, made) == "LANDING_NOT_A_FILE"
    (made / "link.csv").unlink()
    (made / "elsewhere").symlink_to(tmp_path)
    assert code(target, made) == "LANDING_NOT_A_FILE"
    (tmp_path / "empty").mkdir()
    assert code(target, tmp_path / "empty") == "LANDING_FOLDER_EMPTY"
    deep = tmp_path / "deep"
    folder(deep.joinpath(*["d"] * 20), **{"a.csv": "1"})
    assert code(target, deep) == "LANDING_NAMES"


@pytest.mark.parametrize("meddle", ["grow", "add", "remove", "swap"])
def test_a_folder_that_changes_while_it_is_read_does_not_land(
    meddle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = folder(tmp_path / "one", **{"a.csv": "1", "in/b.csv": "2"})
    real = bundle._write

    def write(*given: Any) -> None:
        real(*given)
        if given[2].name != "a.csv":
            return
        if meddle == "grow":
            with (made / "in" / "b.csv").open("a") as file:
                file.write("more")
        elif meddle == "add":
            folder(made, **{"c.csv": "3"})
        elif meddle == "remove":
            (made / "in" / "b.csv").unlink()
        else:  # a folder becomes a link to another while its files wait for their turn
            (made / "in").rename(tmp_path / "was")
            (made / "in").symlink_to(tmp_path / "was")

    monkeypatch.setattr(bundle, "_write", write)
    assert code(tmp_path / "x.zip", made) == "LANDING_CHANGED"


def test_a_file_that_grows_under_the_reader_is_told_or_read_as_it_was(tmp_path: Path) -> None:
    made, over = folder(tmp_path / "one", **{"a.csv": "1"}), threading.Event()

    def grow() -> None:
        while not over.is_set():
            with (made / "a.csv").open("a") as file:
                file.write("1")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        for at in range(30):
            try:
                packed(tmp_path / f"{at}.zip", made)
            except HubError as error:
                assert error.code == "LANDING_CHANGED"
            else:
                with zipfile.ZipFile(tmp_path / f"{at}.zip") as archive:
                    assert set(archive.read("a.csv")) == {ord("1")}
    finally:
        over.set()
        writer.join()


def flows(root: Path) -> Path:
    """Three files of road flow: one good, one with a bad value and a contradiction, one empty."""
    city.flow_file(root / "1.csv", [city.line(at) for at in range(5)])
    city.flow_file(root / "2.csv", [city.line(9, flow="x"), city.line(2, flow=99), city.line(6)])
    (root / "3.csv").write_bytes(b"")
    return root


def test_several_files_are_one_delivery_and_one_version(city_ground: Ground, tmp_path: Path) -> None:
    ground = city.stock(city_ground)
    root = flows(tmp_path / "张三的流量")
    done = ingest(ground, city.FLOW, root, actor="test")
    assert (done.state, done.read, done.published, done.quarantined, done.version) == ("finished", 8, 6, 2, 1)
    assert [(note["code"], note["count"]) for note in done.notes][:2] == [("parts", 3), ("parts_empty", 1)]
    city.balanced(ground)
    [row] = city.deliveries(ground)
    assert row["file_name"] == "张三的流量"
    assert sorted(decoded(one["_line"]) for one in city.curated(ground)) == [*((1, n) for n in range(2, 7)), (2, 4)]
    with read(ground.engine) as connection:
        parts = connection.execute(sa.select(tables.part).order_by(tables.part.c.part)).mappings().all()
    assert [(one["part"], one["name"], one["records"], one["state"]) for one in parts] == [
        (1, "1.csv", 5, "read"),
        (2, "2.csv", 3, "read"),
        (3, "3.csv", 0, "empty"),
    ]
    plain = open_landed(ground, find(ground, done.delivery), tmp_path)
    with zipfile.ZipFile(plain) as archive:
        assert archive.read("1.csv") == (root / "1.csv").read_bytes()
    page = show(ground, current(ground), Question(city.FLOW))
    assert [(one.part, one.file, one.line) for one in page.rows] == [(2, "2.csv", 2), (2, "2.csv", 3)]
    assert "第2个文件第2行" in page.rows[0].zh
    assert "ine 2 of file 2" in page.rows[0].en
    assert "2.csv" not in json.dumps([one.zh + one.en for one in page.rows])
    # The same files under another folder's name are the same delivery; with one more, they are told of.
    again = ingest(ground, city.FLOW, root.rename(tmp_path / "flow"), actor="test")
    assert (again.state, again.repeated) == ("repeated", done.delivery)
    city.flow_file(tmp_path / "flow" / "4.csv", [city.line(20)])
    more = ingest(ground, city.FLOW, tmp_path / "flow", actor="test")
    assert (more.read, more.published, more.duplicates, more.quarantined) == (9, 1, 6, 2)
    assert ("parts_repeated", 2) in [(note["code"], note["count"]) for note in more.notes]
    city.balanced(ground)


def test_a_shapefile_was_published_before_where_all_of_its_files_were_together(ground: Ground) -> None:
    def came(number: int, **files: str) -> list[Part]:
        """The files of a delivery that was published: name → a digit that stands for its digest."""
        made = [
            Part(at, name.replace("_", "."), 1, digit * 64, 1, "read" if name.endswith(("shp", "csv")) else "beside")
            for at, (name, digit) in enumerate(files.items(), 1)
        ]
        row = {"number": number, "id": f"d-{number}", "dataset": city.FLOW, "sha256": "", "size": 1, "file_name": "a"}
        row |= {"channel": "t", "arrived_at": ground.now(), "ordinal": 0, "state": tables.FINISHED}
        with write(ground.engine) as connection:
            connection.execute(tables.delivery.insert().values(**row))
            parts.keep(connection, number, made, 1)
        return made

    def again(*those: Part) -> list[int | None]:
        return [note.count for note in parts.repeated(ground.engine, city.FLOW, 9, those)]

    first = came(1, A_shp="1", a_dbf="2", a_prj="3", b_csv="4")
    came(2, a_shp="1", a_dbf="5", a_prj="3")
    assert again(*first) == [2], "the shapefile and the other file: not one for each of its companions"
    shp, dbf, prj, _ = first
    assert again(shp, replace(dbf, sha256="6" * 64), prj) == [], "the places alone, with other attributes"
    assert again(shp, dbf, replace(prj, sha256=None)) == again(shp, replace(dbf, sha256="5" * 64)) == [1]
    came(3, a_shp="7", a_dbf="6", a_prj="3")
    assert again(shp, replace(dbf, sha256="6" * 64), prj) == [], "each of them was there, never together"
    other = replace(shp, number=7, name="a.b.shp", sha256="4" * 64)
    assert again(shp, dbf, prj, other) == [2], "companions are one shapefile's, whatever another one's name begins with"


def test_a_refused_delivery_of_several_keeps_its_bytes(ground: Ground, tmp_path: Path) -> None:
    city.stock(ground)
    root = flows(tmp_path / "a")
    (root / "readme.txt").write_text("as agreed")
    done = ingest(ground, city.FLOW, root, actor="test")
    assert (done.state, done.code, done.version) == ("refused", "READ_PARTS_FAULTY", None)
    assert done.message is not None
    assert "readme.txt" in done.message.en
    with zipfile.ZipFile(open_landed(ground, find(ground, done.delivery), tmp_path)) as archive:
        assert len(archive.namelist()) == 4
    together = ingest(ground, city.FLOW, tuple(sorted(root.glob("*.csv"))), actor="test")
    assert (together.state, together.read) == ("finished", 8)
    assert city.deliveries(ground)[-1]["file_name"] == "1.csv +2"


def test_the_command_takes_several_and_tells_what_became_of_each(ground: Ground, tmp_path: Path) -> None:
    city.stock(ground)
    root = flows(tmp_path / "a")
    environ = {"HUB_HOME": str(ground.home), "HUB_DEMO": "1", "HUB_LANG": "en"}
    ran = run_hub(environ, "ingest", city.FLOW, "--together", *sorted(root.iterdir()))
    assert ran.status == 0
    assert "made of 3 files" in ran.out
    assert "file 3" in ran.out
    identity = city.deliveries(ground)[0]["id"]
    told = run_hub(environ, "lake", "files", identity, "--json").document
    assert [(one["part"], one["name"], one["records"], one["state"]) for one in told["files"]] == [
        (1, "1.csv", 5, "read"),
        (2, "2.csv", 3, "read"),
        (3, "3.csv", 0, "empty"),
    ]
    assert "file 2 2.csv, line 2" in run_hub(environ, "quarantine", "show", city.FLOW).out
