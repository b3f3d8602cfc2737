"""Bad input through the front door: one clear sentence with a code, bytes landed, nothing half-published, no leak.

Every file holds the word `LEAK` in its data; it may stand in no sentence, document, note or ledger content.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlwt
from front_door import Ran, run_hub
from lake_city import FLOW, HEADER, curated, deliveries, flow_file, line, quarantined, stock
from openpyxl import Workbook
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH
from shared_table import TABLE, a_shared_table

from catalogs.people.people import issue_key
from catalogs.tables import KEY
from infra.database import write
from infra.ground import Ground, open_ground, sample_city
from lake import tables
from lake.landing.copies import sealed_copy
from sharing.access.serving import serve_in_thread

LEAK = "QZVLEAK"
BAD = f"{LEAK}路,东向西,2026-05-01 00:00:00,1,1,1,113.7,34.75"
CODE = re.compile(r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def text(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_macros(book: bytes) -> bytes:
    """The workbook as an .xlsm: another type in its list of contents, and a program inside."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            kind = b"openxmlformats-officedocument.spreadsheetml.sheet.main"
            target.writestr(name, source.read(name).replace(kind, b"ms-excel.sheet.macroEnabled.main"))
        target.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + LEAK.encode())
    return out.getvalue()


def with_hidden_columns(*rows: list[Any]) -> bytes:
    """A workbook with 200 columns behind the others that nobody sees."""
    book = Workbook()
    assert book.active is not None
    for number, row in enumerate(rows):
        book.active.append([*row, *(f"x{at}" if number == 0 else at for at in range(200))])
    book.active.column_dimensions.group("J", "HA", hidden=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def binary_workbook(*rows: list[str]) -> bytes:
    """BIFF8, which .xls and .et hold."""
    book, out = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("x")
    for at, row in enumerate(rows):
        for to, value in enumerate(row):
            sheet.write(at, to, value)
    book.save(out)
    return out.getvalue()


def cells(*lines: str) -> list[list[Any]]:
    return [one.split(",") for one in lines]


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


GOOD = f"D0,{BAD}"
UNNAMED = GOOD.replace("1,1,1", f"1,{LEAK},1,1")
WIDE = ",".join([*HEADER.split(","), *(f"x{n}" for n in range(10_000))])
REFUSED: dict[str, tuple[bytes, str]] = {
    "empty.csv": (b"", "READ_EMPTY"),
    "blank.csv": (b"\xef\xbb\xbf\r\n \r\n", "READ_EMPTY"),
    "header-only.csv": (text(HEADER), "READ_NO_RECORDS"),
    "wrong-encoding.csv": (text(HEADER) + b"D1,\xff\xff" + LEAK.encode() + b"\xff\n", "READ_ENCODING"),
    "mixed-encoding.csv": (
        text(HEADER, GOOD, f"D1,{BAD}") + f"D2,{BAD}\n".encode("gb18030"),
        "READ_ENCODING_MIXED",
    ),
    "utf32.csv": (b"\xff\xfe\0\0" + text(HEADER, GOOD).decode().encode("utf-32-le"), "READ_ENCODING"),
    "nul.csv": (text(HEADER, GOOD, f"D1,{LEAK}\0x,东,2026-05-01 00:00:00,1,1,1,113,34"), "READ_NUL"),
    "zeros.csv": (b"\0" * 4096, "READ_NUL"),
    "open-quote.csv": (
        text(HEADER, GOOD, f'D1,"{LEAK} and on', *[f"D{n},{BAD}" for n in range(50)]),
        "READ_QUOTE_OPEN",
    ),
    "wide.csv": (text(WIDE, GOOD + "," * 10_000), "READ_COLUMNS"),
    "duplicate-header.csv": (text(f"{HEADER},{LEAK},{LEAK}", f"{GOOD},1,2"), "READ_HEADER_DUPLICATE"),
    "twice-the-same-field.csv": (text(f"{HEADER},流量", f"{GOOD},{LEAK}"), "READ_HEADER_DUPLICATE"),
    "blank-header.csv": (
        text(HEADER.replace("speed", ",speed"), GOOD.replace("1,1,1", f"1,{LEAK},1,1")),
        "READ_HEADER_BLANK",
    ),
    "no-header.csv": (text(GOOD, GOOD), "READ_HEADER_NOT_FOUND"),
    "missing-column.csv": (text(f"detector_id,{LEAK},flow", f"D1,{LEAK},2"), "READ_COLUMN_MISSING"),
    "page.xls": (f"<html><table><tr><td>{LEAK}</td></tr></table></html>".encode(), "READ_FORMAT"),
    "report.csv": (b"%PDF-1.7 " + LEAK.encode(), "READ_FORMAT"),
    "cut.xlsx": (workbook(HEADER.split(","), GOOD.split(","))[:-200], "READ_DAMAGED"),
    "broken.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le") * 400, "READ_DAMAGED"),
    "broken.json": (f'[{{"detector_id": "{LEAK}", "flow": }}]'.encode(), "READ_JSON"),
    "deep.json": (b"[" * 100_000 + LEAK.encode(), "READ_DEPTH"),
    "deep-record.json": (f'[{{"{LEAK}": '.encode() + b"[" * 10_000 + b"]" * 10_000 + b"}]", "READ_DEPTH"),
    "deep.yaml": (f"- {LEAK}: ".encode() + b"[" * 10_000 + b"]" * 10_000 + b"\n", "READ_DEPTH"),
    "cut.zip": (zipped(**{"data.csv": text(HEADER, GOOD)})[:-30], "READ_DAMAGED"),
    "bomb.zip": (zipped(**{"data.csv": text(HEADER) + LEAK.encode() * 16_000_000}), "READ_ARCHIVE_SIZE"),
    "no-attributes.zip": (
        zipped(**{"a.shp": b"\0\0\x27\x0a" + b"\0" * 24 + b"\xe8\x03\0\0" + b"\0" * 68, "a.shx": LEAK.encode()}),
        "READ_SHAPEFILE_PART",
    ),
    "password.xlsx": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le") + LEAK.encode(),
        "READ_ENCRYPTED",
    ),
    "one-line.csv": (text(HEADER) + (LEAK * 500_000).encode(), "READ_LINE_TOO_LONG"),
    "person-keys.json": (json.dumps([{"detector_id": "1", LEAK: 1}]).encode(), "READ_COLUMN_MISSING"),
}


@dataclass(frozen=True)
class City:
    """The sample city, registered; `environ` opens it."""

    environ: dict[str, str]
    ground: Ground

    def hub(self, *arguments: object, lang: str = "en", **more: str) -> Ran:
        return run_hub({**self.environ, "HUB_LANG": lang, **more}, *arguments)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    environ = {"HUB_HOME": str(tmp_path_factory.mktemp("bad") / "home"), "HUB_DEMO": "1"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        yield City(environ, stock(ground))


def spoken(ran: Ran, code: str) -> None:
    """A person gets one sentence with its code on standard error, and no traceback."""
    assert ran.status in (1, 2)
    assert ran.out == ""
    assert ran.err.startswith(f"{code}: "), ran.err
    clean(ran.said)


def clean(said: str) -> None:
    for word in ("Traceback (most", LEAK, LEAK.lower()):
        assert word not in said, said


def one_error(ran: Ran, code: str, lang: str = "en") -> dict[str, Any]:
    """A program gets one document of the one shape."""
    assert ran.status in (1, 2)
    assert ran.err == ""
    clean(ran.said)
    assert set(ran.document) == {"error"}
    error: dict[str, Any] = ran.document["error"]
    assert set(error) == {"code", "message", "place", "remedy", "reasons"}
    assert error["code"] == code
    assert CODE.match(code) or code == "USAGE"
    assert bool(CHINESE.search(error["message"])) == (lang == "zh"), error
    return error


def landed(ground: Ground, content: bytes) -> bool:
    """Whether exactly these bytes are in the landing, sealed: they can be had back, and are not there in plain."""
    from infra.crypto import sha256_hex
    from lake.landing.landing import find, open_landed

    rows = [row for row in deliveries(ground) if row["sha256"] == sha256_hex(content)]
    with ground.scratch() as scratch:
        return bool(rows) and all(
            open_landed(ground, find(ground, row["id"]), scratch).read_bytes() == content for row in rows
        )


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence_and_stays_landed(
    city: City, tmp_path: Path, name: str
) -> None:
    content, code = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    for lang in ("en", "zh"):
        person = city.hub("ingest", FLOW, tmp_path / name, lang=lang)
        assert person.status == 1
        assert person.err == ""
        clean(person.said)
        sentences = [said for said in person.out.splitlines() if said.strip().startswith(f"{code}: ")]
        assert len(sentences) == 1, person.out
        assert ("处理办法" if lang == "zh" else "what to do") in person.out, "no remedy is told"
        program = city.hub("ingest", FLOW, tmp_path / name, "--json", lang=lang)
        assert (program.status, program.err) == (1, "")
        clean(program.said)
        told = program.document
        assert (told["code"], told["state"], told["published"], told["version"]) == (code, "refused", None, None)
        assert bool(CHINESE.search(told["message"])) == (lang == "zh"), told["message"]
        assert name in told["message"], "the place is missing"
    assert landed(city.ground, content)
    assert LEAK not in json.dumps([dict(row) for row in deliveries(city.ground)], default=str)
    assert not [row for row in curated(city.ground) if row["road_name"] and LEAK in row["road_name"]]
    assert LEAK not in city.hub("ledger", "show", "--content", "--count", "50", "--json").said


def test_bad_records_go_to_quarantine_each_with_a_sentence_and_the_good_ones_are_published(
    city: City, tmp_path: Path
) -> None:
    rows = [
        line(1),
        f"D1,{BAD},more,cells",
        f"D2,{LEAK}",
        f'D3,"{LEAK}" torn,东向西,2026-05-01 00:03:00,1,1,1,113.7,34.75',
        line(4, flow="１２"),
        line(5).replace("2026-05-01", "1899-12-31"),
        line(6, flow=LEAK),
        line(7),
    ]
    (tmp_path / "ragged.csv").write_bytes(text(HEADER, *rows))
    ran = city.hub("ingest", FLOW, tmp_path / "ragged.csv", "--json")
    told = ran.document
    clean(ran.said)
    assert (ran.status, told["state"]) == (0, "finished")
    assert told["read"] == len(rows) == told["published"] + told["quarantined"] + told["duplicates"]
    number = next(row["number"] for row in deliveries(city.ground) if row["id"] == told["delivery"])
    aside = {row["_line"]: row for row in quarantined(city.ground) if row["_delivery"] == number}
    assert {3, 4, 5, 7, 8} <= set(aside)
    for row in aside.values():
        assert row["rules"]
        assert LEAK not in row["sentence_zh"] + row["sentence_en"]
        assert CHINESE.search(row["sentence_zh"])
    shown = city.hub("quarantine", "show", FLOW, "--delivery", told["delivery"], lang="zh")
    assert shown.status == 0
    assert sum(row["_delivery"] == number for row in curated(city.ground)) == told["published"]


ADOPTED: dict[str, bytes] = {
    "mixed-ends.csv": f"{HEADER}\r\n{line(1, detector='T')}\n{line(2, detector='T')}\r\n".encode(),
    "leaving.zip": zipped(**{"../../data.csv": text(HEADER, line(5, detector="T"), line(6, detector="T"))}),
    "table.et": workbook(*cells(HEADER, line(7, detector="T"), line(8, detector="T"))),
    "old.et": binary_workbook(*cells(HEADER, line(15, detector="T"), line(16, detector="T"))),
    "macros.xlsm": with_macros(workbook(*cells(HEADER, line(17, detector="T"), line(18, detector="T")))),
    "hidden.xlsx": with_hidden_columns(*cells(HEADER, line(19, detector="T"), line(20, detector="T"))),
    "two-tables.xlsx": workbook(
        *cells(HEADER, line(21, detector="T")), [], ["下午"], *cells(HEADER, line(22, detector="T"))
    ),
    "mark-each-line.csv": "".join(
        f"\ufeff{one}\r\n" for one in (HEADER, line(13, detector="T"), line(14, detector="T"))
    ).encode(),
    "breaks.csv": text(HEADER, *('T,"建设路\n辅路",' + line(n).split(",", 2)[2] for n in (9, 10))),
}


@pytest.mark.parametrize("name", ADOPTED)
def test_what_only_looks_amiss_is_adopted_whole(city: City, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(ADOPTED[name])
    told = city.hub("ingest", FLOW, tmp_path / name, "--json").document
    assert (told["state"], told["read"], told["published"], told["quarantined"]) == ("finished", 2, 2, 0)
    assert landed(city.ground, ADOPTED[name])


def test_both_epochs_of_a_workbook_are_the_same_day(city: City, tmp_path: Path) -> None:
    for epoch, published in ((WINDOWS_EPOCH, 2), (MAC_EPOCH, 0)):
        book = Workbook()
        book.epoch = epoch
        assert book.active is not None
        book.active.append(HEADER.split(","))
        for n in (30, 31):
            cell = line(n, detector="E").split(",")
            book.active.append([*cell[:3], datetime.fromisoformat(cell[3]), *cell[4:]])
        book.save(tmp_path / f"{published}.xlsx")
        told = city.hub("ingest", FLOW, tmp_path / f"{published}.xlsx", "--json").document
        # What is the same record at the same instant is a duplicate of what was published.
        assert (told["read"], told["published"], told["duplicates"]) == (2, published, 2 - published), told


def test_rows_of_another_table_in_the_sheet_go_to_quarantine(city: City, tmp_path: Path) -> None:
    other = [["机构", "电话", "人数", "床位", "医生"], *([f"{n}院", LEAK, n, n, n] for n in (1, 2))]
    (tmp_path / "other.xlsx").write_bytes(
        workbook(*cells(HEADER, *(line(n, detector="O") for n in range(3))), [], *other)
    )
    ran = city.hub("ingest", FLOW, tmp_path / "other.xlsx", "--json")
    told = ran.document
    assert (told["read"], told["published"], told["quarantined"]) == (6, 3, 3), ran.said
    assert "row 6" in ran.said, "the place of the other table is told"
    clean(ran.said)
    assert {row["detector_id"] for row in curated(city.ground)} & {"机构", "1院", "2院"} == set()


def test_a_file_that_grows_while_it_is_taken_waits_for_the_next_time(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = flow_file(tmp_path / "growing.csv", [line(1, detector="G")])

    def grows(source: Any, size: int, *rest: Any) -> Any:
        taken = sealed_copy(source, size, *rest)
        with path.open("a", encoding="utf-8") as out:
            out.write(line(2, detector="G") + "\n")
        return taken

    before = [row["id"] for row in deliveries(city.ground)]
    with monkeypatch.context() as patch:
        patch.setattr("lake.landing.landing.sealed_copy", grows)
        spoken(city.hub("ingest", FLOW, path), "LANDING_CHANGED")
    assert [row["id"] for row in deliveries(city.ground)] == before
    told = city.hub("ingest", FLOW, path, "--json").document
    assert (told["read"], told["published"]) == (2, 2)


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_chinese_in_utf_16_without_a_mark_is_read(city: City, tmp_path: Path, order: str) -> None:
    remark = "中州大道与金水路立交桥东侧辅路由北向南方向第二车道检测断面" * 12
    rows = [f"{line(n, detector=order[-2].upper())},{remark}" for n in range(40)]
    content = "\n".join([f"{HEADER},断面说明", *rows, ""]).encode(order)
    assert content.count(0) < len(content) // 10, "few zero bytes: the hard case"
    (tmp_path / "flow.csv").write_bytes(content)
    told = city.hub("ingest", FLOW, tmp_path / "flow.csv", "--json").document
    assert (told["state"], told["read"], told["published"]) == ("finished", 40, 40), told


def test_yesterday_s_file_under_another_name_is_published_once(city: City, tmp_path: Path) -> None:
    content = text(HEADER, line(11, detector="Y"), line(12, detector="Y"))
    for name in ("yesterday.csv", "today.csv"):
        (tmp_path / name).write_bytes(content)
        assert city.hub("ingest", FLOW, tmp_path / name).status == 0
    assert sum(row["detector_id"] == "Y" for row in curated(city.ground)) == 2


def test_full_width_digits_are_read_or_set_aside_and_never_published_wrong(city: City, tmp_path: Path) -> None:
    (tmp_path / "wide-digits.csv").write_bytes(text(HEADER, line(20, flow="１２", detector="W")))
    told = city.hub("ingest", FLOW, tmp_path / "wide-digits.csv", "--json").document
    assert told["published"] + told["quarantined"] == told["read"] == 1
    flows = [row["flow"] for row in curated(city.ground) if row["detector_id"] == "W"]
    assert flows in ([12], []), flows


def test_a_formula_without_its_result_is_set_aside_and_one_with_it_is_its_value(city: City, tmp_path: Path) -> None:
    plain = workbook(
        HEADER.split(","), line(30, detector="F").split(","), line(31, flow="=1+1", detector="F").split(",")
    )
    (tmp_path / "formula.xlsx").write_bytes(plain)
    told = city.hub("ingest", FLOW, tmp_path / "formula.xlsx", "--json").document
    assert (told["read"], told["quarantined"]) == (2, 1)
    assert [row["rules"] for row in quarantined(city.ground) if "=1+1" in (row["raw"] or "") or row["_line"] == 3]
    (tmp_path / "result.xlsx").write_bytes(_with_result(plain, "7"))
    told = city.hub("ingest", FLOW, tmp_path / "result.xlsx", "--json").document
    assert told["quarantined"] == 0
    assert 7 in [row["flow"] for row in curated(city.ground) if row["detector_id"] == "F"]


def _with_result(book: bytes, value: str) -> bytes:
    """The workbook with the formula's result stored, as a spreadsheet program stores it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert b"<f>1+1</f>" in content
                content = re.sub(rb"<f>1\+1</f><v\s*/?>(</v>)?", f"<f>1+1</f><v>{value}</v>".encode(), content)
            target.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "dataset",
    ["jinshui.traffic.unknown", "../../etc/passwd", "jinshui.traffic.*", "", f"a b\n{'x' * 300}", "金水.交通.流量"],
)
def test_a_delivery_for_an_unknown_resource_lands_and_is_refused(city: City, tmp_path: Path, dataset: str) -> None:
    content = text(HEADER, GOOD, f"for {dataset!r}")
    (tmp_path / "file.csv").write_bytes(content)
    for lang in ("en", "zh"):
        ran = city.hub("ingest", dataset, tmp_path / "file.csv", lang=lang)
        assert ran.status == 1
        assert ran.said.count("ARRIVAL_UNKNOWN_RESOURCE: ") == 1
        clean(ran.said)
    told = city.hub("ingest", dataset, tmp_path / "file.csv", "--json").document
    assert (told["state"], told["code"], told["dataset"]) == ("refused", "ARRIVAL_UNKNOWN_RESOURCE", None)
    assert landed(city.ground, content)


@pytest.mark.parametrize("path", ["missing.csv", ".", "link.csv"])
def test_what_is_no_plain_file_does_not_land(city: City, tmp_path: Path, path: str) -> None:
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    before = [dict(row) for row in deliveries(city.ground)]
    spoken(city.hub("ingest", FLOW, tmp_path / path), "LANDING_NOT_A_FILE")
    one_error(city.hub("ingest", FLOW, tmp_path / path, "--json", lang="zh"), "LANDING_NOT_A_FILE", "zh")
    assert [dict(row) for row in deliveries(city.ground)] == before


def test_a_contract_that_names_a_missing_column_is_told_with_file_and_line(city: City, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "city"
    shutil.copytree(sample_city(), folder)
    path = folder / "contracts" / f"{FLOW}.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("- name: occupancy", "- name: nowhere"), encoding="utf-8")
    for lang in ("en", "zh"):
        ran = city.hub("contract", "check", folder, lang=lang)
        assert ran.status == 1
        assert "CONTRACT_COLUMN_UNKNOWN" in ran.out
        assert f"{path.name}:" in ran.out
        clean(ran.said)
    faults = city.hub("contract", "check", folder, "--json").document["faults"]
    found = next(one for one in faults if one["code"] == "CONTRACT_COLUMN_UNKNOWN")
    assert found["place"]["file"] == path.name
    assert found["place"]["row"] > 1
    assert found["place"]["column"] == "nowhere"
    assert found["remedy"]


QUERIES = {
    "SELECT * FROM jinshui.traffic_*": {"QUERY_SYNTAX"},
    "SELECT * FROM '*'": {"QUERY_TABLE"},
    "SELECT * FROM '../../hub.db'": {"QUERY_TABLE"},
    "SELECT * FROM '/etc/passwd'": {"QUERY_TABLE"},
    'SELECT * FROM "..".".."': {"QUERY_UNKNOWN_TABLE"},
    'SELECT * FROM jinshui."traffic_*"': {"QUERY_UNKNOWN_TABLE"},
    'SELECT * FROM "*"."*"': {"QUERY_UNKNOWN_TABLE"},
    "SELECT * FROM jinshui.nothing": {"QUERY_UNKNOWN_TABLE"},
    "SELECT nothing FROM jinshui.traffic_road_flow": {"QUERY_WRONG"},
    "SELECT 1; SELECT 2": {"QUERY_NOT_ONE"},
    "DROP TABLE x": {"QUERY_NOT_SELECT"},
    "": {"QUERY_NOT_ONE"},
    "SELECT '": {"QUERY_SYNTAX"},
    "SELECT read_text('/etc/passwd')": {"QUERY_FUNCTION", "QUERY_WRONG"},
}


def test_a_query_that_may_not_run_is_one_sentence(city: City, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_bytes(text(HEADER, line(40)))
    assert city.hub("ingest", FLOW, tmp_path / "good.csv").status == 0
    for sql, codes in QUERIES.items():
        ran = city.hub("query", sql)
        code = ran.err.partition(": ")[0]
        assert code in codes, (sql, ran.said)
        spoken(ran, code)
        one_error(city.hub("query", sql, "--json", lang="zh"), code, "zh")


@pytest.mark.parametrize(
    "name", ["*", "..", "../../keys", "a.b.*", "jinshui.traffic.*", "jinshui/traffic/road_flow", "\0"]
)
def test_a_name_with_a_star_or_dots_opens_no_table(city: City, name: str) -> None:
    for command in (["lake", "history"], ["quarantine", "show"], ["contract", "show"], ["catalog", "show"]):
        for lang in ("en", "zh"):
            ran = city.hub(*command, name, "--json", lang=lang)
            code = ran.document["error"]["code"]
            assert code not in ("INTERNAL", "DATABASE_FAILED"), (command, ran.said)
            one_error(ran, code, lang)


def test_a_forged_or_expired_key_is_refused_everywhere(city: City) -> None:
    environ = {name: value for name, value in city.environ.items() if name != "HUB_DEMO"}
    key = issue_key(city.ground, "engineer_li", "test")
    forged = key[:-4] + ("AAAA" if not key.endswith("AAAA") else "BBBB")
    with write(city.ground.engine) as connection:
        connection.execute(sa.update(KEY).values(not_after=city.ground.now() - timedelta(seconds=1)))
    sql = "SELECT count(*) FROM jinshui.traffic_road_flow"
    for given, code in (
        (forged, "PERSON_UNKNOWN"),
        ("x", "PERSON_UNKNOWN"),
        ("é" * 9, "PERSON_UNKNOWN"),
        (key, "KEY_EXPIRED"),
    ):
        for command in (["query", sql], ["quarantine", "show", FLOW], ["ingest", FLOW, "/nowhere"], ["share", "list"]):
            ran = city.hub(*command, HUB_API_KEY=given)
            spoken(ran, code)
            assert given not in ran.said
            error = one_error(city.hub(*command, "--json", lang="zh", HUB_API_KEY=given), code, "zh")
            assert error["remedy"]
    assert environ


def test_a_forged_or_expired_token_and_a_starred_table_open_no_share(ground: Ground) -> None:
    import http.client

    token = a_shared_table(ground, files=1, rows=50)
    asked = [
        ("/delta-sharing/shares", token[:-2] + "zz", 401, "SHARE_TOKEN"),
        ("/delta-sharing/shares", "", 401, "SHARE_TOKEN"),
        (TABLE.replace("visits", "*") + "/metadata", token, 404, "SHARE_UNKNOWN"),
        (TABLE.replace("visits", "%2e%2e") + "/version", token, 404, "SHARE_UNKNOWN"),
        ("/delta-sharing/files/..%2f..%2fhub.db?X-Amz-Signature=x", None, 404, "SHARE_PATH"),
        ("/delta-sharing/files/x?X-Amz-Signature=forged", None, 403, "SHARE_LINK"),
    ]
    with serve_in_thread(ground) as serving:
        for path, bearer, status, code in asked:
            connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=20)
            connection.request("GET", path, headers={} if bearer is None else {"Authorization": f"Bearer {bearer}"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
            connection.close()
            assert (answer.status, said["errorCode"]) == (status, code), path
            assert set(said) == {"errorCode", "message"}


def test_wrong_use_is_one_sentence_too(city: City, tmp_path: Path) -> None:
    aside = flow_file(tmp_path / "aside.csv", [line(1, detector="U"), line(2, detector="U", flow=-1)])
    assert city.hub("ingest", FLOW, aside).status == 0  # so that there is a quarantine to ask amiss
    wrong: list[tuple[list[object], str]] = [
        (["nonsense"], "USAGE"),
        (["ingest", FLOW], "USAGE"),
        (["query"], "USAGE"),
        (["query", "SELECT 1", "--limit", "many"], "USAGE"),
        (["query", "SELECT 1", "--nothing"], "USAGE"),
        (["query", "SELECT 1", "and more"], "USAGE"),
        (["share", "approve", "case-2026-0001", "--side", "nobody"], "USAGE"),
        (["share", "apply"], "USAGE"),
        (["query", "SELECT 1", "--as-of", "yesterday"], "QUERY_AS_OF"),
        (["quarantine", "show", FLOW, "--delivery", "d-none"], "LANDING_UNKNOWN"),
        (["ledger", "show", "999999"], "LEDGER_UNKNOWN_ENTRY"),
        (["query", "SELECT 1", "--as", "nobody"], "PERSON_UNKNOWN"),
    ]
    for arguments, code in wrong:
        for lang in ("en", "zh"):
            ran = city.hub(*arguments, lang=lang)
            spoken(ran, code)
            assert code != "USAGE" or ran.status == 2, "wrong use exits with 2"
            assert bool(CHINESE.search(ran.err)) == (lang == "zh"), ran.err
            one_error(city.hub(*arguments, "--json", lang=lang), code, lang)


@pytest.mark.parametrize(
    "arguments", [["query", "SELECT 1"], ["quarantine", "list"], ["contract", "list"], ["lake", "history", FLOW]]
)
def test_a_home_that_was_made_and_not_filled_is_said_with_what_to_do(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "home").mkdir()
    ran = run_hub({"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}, *arguments)
    clean(ran.said)
    assert "DATABASE_FAILED" not in ran.said
    assert ran.status in (0, 1, 2)


def test_state_machine_holds_nothing_half_done(city: City) -> None:
    """After all of the above: every delivery is in a final state, and every balance holds."""
    for row in deliveries(city.ground):
        assert row["state"] in tables.FINAL, row["file_name"]
        if row["read"] is not None:
            assert row["read"] == row["published"] + row["quarantined"] + row["duplicates"]
    number = {row["number"]: row for row in deliveries(city.ground) if row["dataset"] == FLOW}
    found: dict[int, int] = {}
    for published in curated(city.ground):
        found[published["_delivery"]] = found.get(published["_delivery"], 0) + 1
    assert {key: row["published"] for key, row in number.items() if row["published"]} == found
