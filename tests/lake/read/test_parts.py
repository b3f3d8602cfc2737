"""Deliveries of several files, read: order, places, notes, faults, names, limits."""

import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.model import Contract, Field, Reading
from infra.errors import Refused
from infra.language import Text
from lake.landing.bundle import bundled, pack
from lake.read import Source, read
from lake.read.place import decoded, encoded, filled
from lake.read.source import Limits


def contract(given: bool = False, **reading: Any) -> Contract:
    fields = [Field(name, (name,)) for name in ("a", "b")]
    if given:
        fields.append(Field("file", ("file",), required=False, given="file_name"))
    return Contract("u.d.n", "1.0.0", (), tuple(fields), (), (), "append", reading=Reading(**reading))


def archive(path: Path, files: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


def rows(source: Source) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        return list(connection.sql(source.sql, params=list(source.parameters)).to_arrow_table().to_pylist())


def notes(source: Source) -> dict[str, int | None]:
    return {note.code: note.count for note in source.notes}


def parquet(values: list[tuple[str, int]], path: Path) -> bytes:
    columns = {"a": [a for a, _ in values], "b": [b for _, b in values]}
    pq.write_table(pa.table(columns), path)
    return path.read_bytes()


def test_each_file_is_read_as_what_it_is_and_all_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    files = {
        "2.csv": "b;a\n2;郑州\n".encode("gbk"),
        "10.json": b'[{"a": "x", "b": 10}]',
        "1.csv": "a,b\n甲,1\n\n乙,1\n".encode("utf-8-sig"),
        "3.txt": b"a\tb\nragged\nfine\t3\n",
        "4.parquet": parquet([("p", 4), ("q", 5)], tmp_path / "p.parquet"),
        "__MACOSX/._1.csv": b"litter",
    }
    source = read(archive(tmp_path / "t.zip", files), contract(given=True), tmp_path)
    found = rows(source)
    assert [(row["a"], row["b"], row["file"], decoded(row["_line"])) for row in found] == [
        ("甲", "1", "1.csv", (1, 2)),
        ("乙", "1", "1.csv", (1, 4)),
        ("x", "10", "10.json", (2, 1)),
        ("郑州", "2", "2.csv", (3, 2)),
        (None, None, "3.txt", (4, 2)),
        ("fine", "3", "3.txt", (4, 3)),
        ("p", "4", "4.parquet", (5, 1)),
        ("q", "5", "4.parquet", (5, 2)),
    ]
    assert [row["_fault"] for row in found if row["_fault"]] == ["ragged"]
    assert source.given == {"file_name": None}
    assert [(part.number, part.name, part.records, part.state) for part in source.parts] == [
        (1, "1.csv", 2, "read"),
        (2, "10.json", 1, "read"),
        (3, "2.csv", 1, "read"),
        (4, "3.txt", 2, "read"),
        (5, "4.parquet", 2, "read"),
    ]
    assert notes(source) == {"parts": 5}
    assert not [path.name for path in tmp_path.iterdir() if "member" in path.name or path.name.endswith(".part")]


def test_large_files_take_the_fast_way_and_keep_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = b"a,b\n" + b"".join(b"k%d,%d\n" % (at, at) for at in range(40_000))
    broken = b"a,b\n" + b"".join(b'"k\n%d",%d\n' % (at, at) for at in range(40_000))
    files = {"1.csv": plain, "2.csv": broken, "3.csv": b"a,b\nx,1\n", "4.csv": plain}
    for own_file in (500_000, 1000):
        monkeypatch.setattr("lake.read.pool._OWN_FILE", own_file)
        scratch = tmp_path / str(own_file)
        scratch.mkdir()
        found = rows(read(archive(tmp_path / "t.zip", files), contract(), scratch))
        places = [decoded(row["_line"]) for row in found]
        assert places[:2] + places[39_999:40_002] == [(1, 2), (1, 3), (1, 40_001), (2, 2), (2, 4)]
        assert places[80_000:80_002] == [(3, 2), (4, 2)]
        assert (len(found), found[-1]["b"], places[-1]) == (120_001, "39999", (4, 40_001))


def test_files_without_a_record_are_noted(tmp_path: Path) -> None:
    files = {"1.csv": b"a,b\n1,2\n", "2.csv": b"", "3.csv": b"a,b\n", "4.csv": b"a,b\n3,4\n"}
    source = read(archive(tmp_path / "t.zip", files), contract(), tmp_path)
    assert [part.state for part in source.parts] == ["read", "empty", "empty", "read"]
    assert notes(source) == {"parts": 4, "parts_empty": 2}


BAD = {
    "1.csv": b"a,b\n1,2\n",
    "damaged.json": b'[{"a": 1, "b": 2}, {"a"',
    "inner.zip": b"PK\x05\x06" + bytes(18),
    "lacks.csv": b"a,c\n1,2\n",
    "latin.csv": b"a,b\n\xff\xfd\xfe,1\n",
}


def test_files_that_cannot_be_read_refuse_the_delivery_and_are_all_told(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        read(archive(tmp_path / "t.zip", BAD), contract(), tmp_path, name="t.zip")
    assert caught.value.code == "READ_PARTS_FAULTY"
    assert caught.value.text.en == "4 of the 5 files cannot be read, so none of them was taken"
    assert [reason.en.partition(":")[0] for reason in caught.value.reasons] == sorted(BAD)[1:]


def test_or_they_are_left_out_where_the_contract_says_so(tmp_path: Path) -> None:
    path = archive(tmp_path / "t.zip", BAD)
    source = read(path, contract(faulty_members="leave_out"), tmp_path)
    assert [(row["a"], row["b"]) for row in rows(source)] == [("1", "2")]
    assert [(part.state, part.code, part.records) for part in source.parts] == [
        ("read", None, 1),
        ("faulty", "READ_JSON", 0),
        ("faulty", "READ_FORMAT", 0),
        ("faulty", "READ_COLUMN_MISSING", 0),
        ("faulty", "READ_ENCODING", 0),
    ]
    assert notes(source) == {"parts": 5, "parts_faulty": 4}
    del BAD["1.csv"]
    with pytest.raises(Refused, match="READ_PARTS_FAULTY"):
        read(archive(tmp_path / "u.zip", BAD), contract(faulty_members="leave_out"), tmp_path)


@pytest.mark.parametrize("member", ["stops.txt", "STOPS.TXT", "feed/s*s.txt"])
def test_a_table_of_several_is_read_as_if_it_had_come_alone(member: str, tmp_path: Path) -> None:
    files = {"feed/agency.txt": b"x\n1\n", "feed/stops.txt": b" a, b\n1,2\n\n3,4\n", "feed/trips.txt": b"y\n2\n"}
    source = read(archive(tmp_path / "t.zip", files), contract(given=True, member=member), tmp_path, name="t.zip")
    found = rows(source)
    assert [(row["a"], row["b"], row["_line"]) for row in found] == [("1", "2", 2), ("3", "4", 4)]
    assert source.given == {"file_name": "stops.txt"}
    assert [(part.name, part.state) for part in source.parts] == [
        ("feed/agency.txt", "other"),
        ("feed/stops.txt", "read"),
        ("feed/trips.txt", "other"),
    ]
    assert notes(source) == {"parts_other": 2}
    with pytest.raises(Refused, match="READ_MEMBER_MISSING"):
        read(tmp_path / "t.zip", contract(member="shapes.txt"), tmp_path)
    with pytest.raises(Refused, match="READ_COLUMN_MISSING") as caught:
        read(archive(tmp_path / "u.zip", {**files, "feed/stops.txt": b"a\n1\n"}), contract(member=member), tmp_path)
    assert caught.value.place is not None
    assert caught.value.place.file == "u.zip/feed/stops.txt"


def test_names_of_chinese_windows_are_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "t.zip", {"AAAA.csv": b"a,b\n1,2\n", "BBBB.csv": b"a,b\n3,4\n"})
    path.write_bytes(path.read_bytes().replace(b"AAAA.csv", "郑州.csv".encode("gbk")))
    found = rows(read(path, contract(given=True), tmp_path))
    assert [row["file"] for row in found] == ["BBBB.csv", "郑州.csv"]


def test_what_an_archive_may_not_hold_refuses_it(tmp_path: Path) -> None:
    one = {"1.csv": b"a,b\n1,2\n", "2.csv": b"a,b\n3,4\n"}

    def refused(limits: Limits | None = None) -> str:
        with pytest.raises(Refused) as caught:
            read(tmp_path / "t.zip", contract(faulty_members="leave_out"), tmp_path, limits=limits)
        return caught.value.code

    with zipfile.ZipFile(tmp_path / "t.zip", "w") as made:
        link = zipfile.ZipInfo("3.csv")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        made.writestr(link, "/etc/passwd")
        for name, content in one.items():
            made.writestr(name, content)
    assert refused() == "READ_ARCHIVE_NAME"
    archive(tmp_path / "t.zip", one)
    assert refused(Limits(max_parts=1)) == "READ_PARTS"
    assert refused(Limits(max_unpacked=12)) == "READ_ARCHIVE_SIZE"
    doubled = archive(tmp_path / "t.zip", one).read_bytes().replace(b"2.csv", b"1.csv")
    (tmp_path / "t.zip").write_bytes(doubled)
    assert refused() == "READ_ARCHIVE_NAME"
    archive(tmp_path / "t.zip", {**one, "zeros.csv": b"a,b\n" + bytes(70 << 20)})
    assert refused() == "READ_ARCHIVE_SIZE"


def test_a_list_of_names_too_long_to_load_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "t.zip", {f"{at}.csv": b"a,b\n1,2\n" for at in range(9)})
    monkeypatch.setattr("lake.read.archive._DIRECTORY_MOST", 100)
    monkeypatch.setattr("zipfile.ZipFile", None)
    with pytest.raises(Refused) as caught:
        read(path, contract(), tmp_path)
    assert caught.value.code == "READ_PARTS"


def test_one_member_with_a_password_is_told_of(tmp_path: Path) -> None:
    whole = bytearray(archive(tmp_path / "t.zip", {"1.csv": b"a,b\n1,2\n", "2.csv": b"a,b\n3,4\n"}).read_bytes())
    central = whole.rindex(b"PK\x01\x02")
    whole[central + 8] |= 1
    (tmp_path / "t.zip").write_bytes(whole)
    source = read(tmp_path / "t.zip", contract(faulty_members="leave_out"), tmp_path)
    assert [(part.state, part.code) for part in source.parts] == [("read", None), ("faulty", "READ_ENCRYPTED")]


def test_a_place_is_a_line_or_a_file_and_a_line() -> None:
    assert decoded(encoded(3, 7)) == (3, 7)
    assert decoded(7) == (0, 7)
    said = Text("第{line}行有误。", "Line {line}: wrong.")
    assert filled(said, 7) == Text("第7行有误。", "Line 7: wrong.")
    assert filled(said, encoded(3, 7)) == Text("第3个文件第7行有误。", "Line 7 of file 3: wrong.")


def test_shapefiles_parts_go_with_their_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def read_one(job: Any) -> Source:
        seen.update({ending: path.read_bytes() for ending, path in job.beside.items()})
        return Source(sql="SELECT 1")

    monkeypatch.setattr("lake.read.reading._read_one", read_one)
    files = {f"d/Town.{ending}": ending.encode() for ending in ("shp", "DBF", "shx", "prj", "cpg", "shp.xml")}
    source = read(archive(tmp_path / "t.zip", files), contract(), tmp_path)
    assert seen == {f".{ending.lower()}": ending.encode() for ending in ("DBF", "shx", "prj", "cpg", "shp.xml")}
    assert [(part.name, part.state) for part in source.parts if part.state != "beside"] == [("d/Town.shp", "read")]
    assert all(part.sha256 for part in source.parts)
    assert not notes(source)


def test_real_shapefiles_of_a_folder_are_one_delivery(shared: Path, tmp_path: Path) -> None:
    bundle = bundled(shared / "data/divisions-zhengzhou-township-shapefile")
    assert bundle is not None
    pack(bundle, tmp_path / "t.zip", 100, 1 << 30)
    wanted = Contract(
        "u.d.n", "1.0.0", (), (Field("geometry", ("geometry",)),), (), (), "append", reading=Reading(member="*.shp")
    )
    source = read(tmp_path / "t.zip", wanted, tmp_path)
    assert sorted(Counter(decoded(row["_line"])[0] for row in rows(source)).values()) == [160, 160]
    states = Counter(part.state for part in source.parts)
    assert (states["read"], states["other"], states["beside"] >= 6) == (2, 2, True)
