"""Every map, the kit's and a city's: the register goes out in its words and comes back the same, cell for cell."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hub as front_door
from catalogs.exchange import kit
from catalogs.exchange.mapping import FOLDER, OWN, ExchangeMap, find_map, read_map
from catalogs.exchange.shield import bare, shielded
from catalogs.exchange.translate import received, sent
from catalogs.folder.city import load_city
from catalogs.folder.city_files import further_faults
from catalogs.life.drafts import drafts
from catalogs.lookup import departments, resources
from catalogs.sheet.register import Register
from catalogs.sheet.spell import resource_cells
from catalogs.values.model import City, Text
from infra.errors import WrongUse
from infra.ground import open_ground, sample_city

MAPS = sorted([*OWN.glob("*.yaml"), *(sample_city() / FOLDER).glob("*.yaml")])
GOOD = """name: own
title: {zh: 自己的, en: own}
standard: 示例
date: CCYYMMDD
resource:
  - {key: MC, of: title}
  - {key: DW, of: provider}
  - {key: BB, fixed: "2"}
  - key: GX
    of: sharing_attribute
    codes: {无条件共享: "01", 有条件共享: "02"}
items:
  - {key: XXX, of: zh}
  - {key: LX, of: type}
"""


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(sample_city())


@pytest.fixture(scope="module")
def register(city: City) -> Register:
    titles = {(each.provider, each.title.zh): each.id for each in city.resources}
    return Register(city.departments, city.units, city.domains, titles)


def the_map(path: Path) -> ExchangeMap:
    found, faults = read_map(path)
    assert found is not None, faults
    return found


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.stem)
def test_requirement_11_a_map_conforms_what_is_sent_comes_back_the_same_and_is_sent_again_byte_for_byte(
    city: City, register: Register, path: Path, form: str
) -> None:
    used = the_map(path)
    write = kit.as_csv if form == "csv" else kit.as_json
    records, faults = kit.send(city.resources, register, used)
    assert faults == []
    data = write(records, used)
    held = {each.id: each for each in city.resources}
    back = kit.receive(data, f"all.{form}", register, used, held)
    assert back.faults == ()
    assert back.resources == city.resources
    assert write(kit.send(back.resources, register, used)[0], used) == data


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.stem)
def test_the_words_of_a_map_mean_the_same_on_the_way_back_without_the_register(
    city: City, register: Register, path: Path
) -> None:
    used = the_map(path)
    domains = {domain.id: domain for domain in city.domains}
    for resource in city.resources:
        theirs = sent(resource_cells(resource, register.by_id, domains), used.resource, used)
        assert sent(received(theirs, used.resource, used), used.resource, used) == theirs


@given(st.text(alphabet="=+-@'\t\r1,甲", max_size=6))
def test_whatever_is_shielded_comes_back_and_no_cell_begins_a_formula(text: str) -> None:
    cell = shielded(text)
    assert bare(cell) == text
    assert not cell.startswith(("=", "@", "\t", "\r"))
    assert not cell.startswith(("+", "-")) or not cell.strip("+-.,0123456789")


def test_no_cell_that_goes_out_as_csv_is_run_by_an_office_program(city: City, register: Register) -> None:
    used, evil = find_map("national", None), "=cmd|'/c calc'!A1"
    entry = replace(city.resources[0], summary=Text(evil, evil))
    records, _ = kit.send([entry], register, used)
    data = kit.as_csv(records, used)
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in row]
    assert f"'{evil}" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "@"))]
    back = kit.receive(data, "a.csv", register, used, {entry.id: entry})
    assert (back.faults, back.resources) == ((), (entry,))


def test_the_guide_has_its_numbers_and_the_vendor_its_24_columns(city: City, register: Register) -> None:
    national, vendor = find_map("national", None), find_map("vendor", None)
    codes = {one.key: dict(one.codes) for one in national.resource}
    assert codes["共享类型"] == {"无条件共享": "1", "有条件共享": "2", "不予共享": "3"}
    assert sorted(codes["信息资源格式"].values()) == list("1234567")
    assert len(vendor.resource) == 24
    assert [one.key for one in vendor.resource][3:8] == ["分类4", "名称", "格式", "提供方", "提供方代码"]


def test_a_change_of_theirs_replaces_what_is_registered_and_nothing_else(city: City, register: Register) -> None:
    used = find_map("national", None)
    resource = city.resources[0]
    records, _ = kit.send([resource], register, used)
    records[0].texts["信息资源摘要"] = "对方改过的摘要。"
    back = kit.receive(kit.as_json(records, used), "a.json", register, used, {resource.id: resource})
    assert back.faults == ()
    (found,) = back.resources
    assert found.summary.zh == "对方改过的摘要。"
    assert found.summary.en == "对方改过的摘要。", "an English text that is no longer the same is not kept"
    assert (found.items, found.grade, found.title) == (resource.items, resource.grade, resource.title)


def test_every_fault_is_told_at_its_line_and_column(city: City, register: Register) -> None:
    used = find_map("national", None)
    held = {each.id: each for each in city.resources}
    records, _ = kit.send(city.resources[:2], register, used)
    records[0].texts["共享类型"] = "9"
    records[1].texts["发布日期"] = "不久前"
    records[1].items[0].texts["数据类型"] = "Q"
    rows = list(csv.reader(io.StringIO(kit.as_csv(records, used).decode("utf-8-sig"))))
    back = kit.receive(kit.as_csv(records, used), "a.csv", register, used, held)
    second = len(records[0].items) + 2
    assert back.resources == ()
    told = {(one.place.row, rows[0][ord(str(one.place.column)) - 65]) for one in back.faults}
    assert told == {(2, "共享类型"), (second, "发布日期"), (second, "数据类型")}
    data = kit.as_json(records, used)
    lines = data.decode().splitlines()
    for one in kit.receive(data, "a.json", register, used, held).faults:
        assert f'"{one.place.column}"' in lines[(one.place.row or 0) - 1]


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"\xff\xfe", "MAP_ENCODING", 1),
        (b"MC,DW\n", "MAP_KEY_MISSING", 1),
        (b"MC,DW,BB,GX,XXX,LX\na,b\n", "MAP_WIDTH", 2),
        (b'MC,DW,BB,GX,XXX,LX\n"a', "MAP_CSV", 2),
        ("MC,DW,BB,GX,XXX,LX\n甲,市局,3,01,乙,C\n".encode(), "MAP_FIXED", 2),
    ],
)
def test_a_file_of_another_form_is_refused_with_its_line(
    tmp_path: Path, register: Register, data: bytes, code: str, line: int
) -> None:
    (tmp_path / "own.yaml").write_text(GOOD, encoding="utf-8")
    back = kit.receive(data, "a.csv", register, the_map(tmp_path / "own.yaml"), {})
    assert back.resources == ()
    assert (code, line) in {(one.code, one.place.row) for one in back.faults}


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_resource_that_lists_no_item_is_refused(city: City, register: Register, form: str) -> None:
    used = find_map("national", None)
    records, _ = kit.send(city.resources[:2], register, used)
    records[0].items = []
    data = (kit.as_csv if form == "csv" else kit.as_json)(records, used)
    back = kit.receive(data, f"a.{form}", register, used, {each.id: each for each in city.resources})
    assert back.resources == ()
    assert [(one.code, one.place.row) for one in back.faults] == [("SHEET_MISSING", 2)]
    other = data.replace(b"[]", '"无"'.encode())
    if form == "json":
        assert kit.receive(other, "a.json", register, used, {}).faults[0].code == "MAP_JSON"


def test_a_character_that_no_yaml_holds_comes_back_and_its_raw_form_is_told_with_its_line(
    city: City, register: Register
) -> None:
    used, held = find_map("national", None), {each.id: each for each in city.resources}
    records, _ = kit.send(city.resources[:1], register, used)
    records[0].texts["信息资源摘要"] = "甲\x7f乙\u2028丙"
    data = kit.as_json(records, used)
    (found,) = kit.receive(data, "a.json", register, used, held).resources
    assert found.summary.zh == "甲\x7f乙\u2028丙"
    (told,) = kit.receive(data.replace(b"\\u007f", b"\x7f"), "a.json", register, used, held).faults
    line = next(at for at, one in enumerate(data.split(b"\n"), 1) if b"\\u007f" in one)
    assert (told.code, told.place.row) == ("CATALOG_YAML_SYNTAX", line)


_CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(["01", "2", "C", "", "市局"])


@given(
    rows=st.lists(st.lists(_CELL, min_size=6, max_size=6), max_size=4),
    tail=st.binary(max_size=8),
    form=st.sampled_from(["csv", "json"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_is_told_and_never_breaks_the_reading(
    tmp_path: Path, register: Register, rows: list[list[str]], tail: bytes, form: str
) -> None:
    (tmp_path / "own.yaml").write_text(GOOD, encoding="utf-8")
    used = the_map(tmp_path / "own.yaml")
    keys = ("MC", "DW", "BB", "GX", "XXX", "LX")
    if form == "csv":
        out = io.StringIO(newline="")
        csv.writer(out).writerows([keys, *rows])
        data = out.getvalue().encode() + tail
    else:
        listed = [
            dict(zip(keys[:4], row[:4], strict=True)) | {"items": [dict(zip(keys[4:], row[4:], strict=True))]}
            for row in rows
        ]
        data = json.dumps(listed, ensure_ascii=False).encode() + tail
    back = kit.receive(data, f"a.{form}", register, used, {})
    assert back.resources == (), "the map has no room for what an entry must have"
    assert back.faults or not any(map(any, rows))
    assert all(one.place.file == f"a.{form}" and one.place.row for one in back.faults)


def test_a_word_without_a_code_is_refused_at_sending(tmp_path: Path, city: City, register: Register) -> None:
    (tmp_path / "own.yaml").write_text(GOOD, encoding="utf-8")
    records, faults = kit.send(city.resources, register, the_map(tmp_path / "own.yaml"))
    without = [each.id for each in city.resources if str(each.sharing_attribute) == "not_shared"]
    assert [one.place.dataset for one in faults] == without
    assert len(records) == len(city.resources) - len(without)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("name: own", "name: other", "MAP_NAME", 1),
        ("CCYYMMDD", "MM/DD", "MAP_DATE", 4),
        ("of: provider", "of: nobody", "MAP_FIELD", 7),
        ("key: DW", "key: MC", "MAP_TWICE", 7),
        ("of: provider", "of: title", "MAP_TWICE", 7),
        ('fixed: "2"', 'of: uscc, fixed: "2"', "MAP_ONE_OF", 8),
        ("无条件共享:", "随便共享:", "MAP_WORD", 11),
        ("of: sharing_attribute", "of: summary", "MAP_CODES", 11),
        ("of: zh", "of: length", "MAP_NEEDED", 12),
        ("items:", "assume: {domain_: x}\nitems:", "MAP_ASSUME", 12),
        ("standard:", "standart:", "CATALOG_KEY_UNKNOWN", 3),
    ],
)
def test_a_map_itself_is_checked_and_every_fault_has_its_line(
    tmp_path: Path, old: str, new: str, code: str, line: int
) -> None:
    (tmp_path / FOLDER).mkdir()
    path = tmp_path / FOLDER / "own.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert read_map(path)[1] == []
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    assert (code, line) in {(one.code, one.place.row) for one in read_map(path)[1]}
    assert code in {one.code for one in further_faults(tmp_path)}, "the check of a city's folder tells it too"


def test_a_citys_own_map_holds_before_the_kits(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    text = GOOD.replace("name: own", "name: national")
    (tmp_path / FOLDER / "national.yaml").write_text(text, encoding="utf-8")
    assert find_map("national", tmp_path).date_form == "CCYYMMDD"
    with pytest.raises(WrongUse):
        find_map("../national", tmp_path)


def run(*arguments: str, status: int = 0) -> Result:
    done = CliRunner().invoke(front_door.hub, ["catalog", *arguments], prog_name="hub")
    assert done.exit_code == status, done.output
    return done


def test_out_and_back_as_drafts_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "zh"}.items():
        monkeypatch.setenv(name, value)
    run("register")
    out = tmp_path / "上报.csv"
    sent_ = json.loads(run("send", str(out), "--map", "national", "--unit", "jinshui", "--json").output)
    assert sent_["resources"] > 0
    assert sent_["uncertain"]
    back = json.loads(run("receive", str(out), "--map", "national", "--out", str(tmp_path / "yaml"), "--json").output)
    assert (back["records"], back["faults"], back["saved"]) == (sent_["resources"], [], [])
    assert (tmp_path / "yaml" / "catalogues" / "jinshui.yaml").exists()
    rows = list(csv.reader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    with open_ground() as ground:
        own = {each.id for each in resources(ground.engine) if each.provider == "jinshui_transport"}
        name = next(one.name.zh for one in departments(ground.engine) if one.id == "jinshui_transport")
    rows = [rows[0], *(row for row in rows if row[rows[0].index("信息资源提供方")] == name)]
    for row in rows[1:]:
        row[rows[0].index("信息资源摘要")] += "（上级已改）"
    mine = tmp_path / "own.csv"
    with mine.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    saved = json.loads(run("receive", str(mine), "--map", "national", "--as", "officer_jinshui", "--json").output)
    assert set(saved["saved"]) == own
    with open_ground() as ground:
        assert {one.resource for one in drafts(ground.engine, "jinshui")} == own
    rows[1][rows[0].index("共享类型")] = "7"
    with out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    assert "没有代码“7”" in run("receive", str(out), "--map", "national", status=1).output
    for arguments in (("x.csv", "--map", "nobody"), ("x.txt", "--map", "national")):
        with pytest.raises(SystemExit) as left:
            front_door.main(["catalog", "send", *arguments])
        assert left.value.code == 2
