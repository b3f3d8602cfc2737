"""A sheet over what stands already: nothing that a colleague did is undone, nothing is lost that no column asks."""

import datetime
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import life_city as city
import openpyxl
import pytest

from catalogs.life.drafts import draft, save
from catalogs.life.drafts import save as save_draft
from catalogs.life.steps import submit
from catalogs.lookup import departments
from catalogs.register import resource
from catalogs.sheet import importing
from catalogs.sheet.columns import EVERY
from catalogs.sheet.importing import Imported, read_sheets
from catalogs.sheet.item_columns import EVERY as ITEM_COLUMNS
from catalogs.sheet.layout import LAYOUTS
from catalogs.sheet.marking import write_marked
from catalogs.sheet.merging import UNASKED
from catalogs.sheet.register import register_of
from catalogs.sheet.standing import in_force_with_digest, in_hand
from catalogs.sheet.writing import write_book
from catalogs.values.model import Item, Person, Resource, Text
from infra.errors import Refused
from infra.ground import Ground

PROVIDER = "jinshui_transport"
SUMMARY, TITLE, OTHER = "摘要", "目录名称", "行业分类"


@pytest.fixture
def ground(ground: Ground) -> Ground:
    city.stock(ground)
    return ground


@pytest.fixture
def officer(ground: Ground) -> Person:
    return city.who(ground, "officer_jinshui")


@pytest.fixture
def colleague(ground: Ground) -> Person:
    return city.who(ground, "deputy_jinshui")


def form(ground: Ground, path: Path, *, layout: str = "hub", held: Any = in_hand) -> Path:
    """The pre-filled form of the department."""
    register = register_of(ground.engine)
    rows = held(ground.engine, {PROVIDER})
    providers = [one for one in departments(ground.engine) if one.id == PROVIDER]
    stamps = {one.id: digest for one, digest in rows}
    write_book(path, register, [one for one, _ in rows], layout=layout, providers=providers, stamps=stamps)
    return path


def edit(path: Path, heading: str, value: object, sheet: str = "目录", of: str = city.FLOW) -> str:
    """Writes into the row of an entry below a heading; the cell."""
    book = openpyxl.load_workbook(path)
    table = book[sheet]
    heads = {str(cell.value): cell.column for cell in table[1]}
    row = next(row for row in range(2, table.max_row + 1) if table.cell(row, heads["数据集标识"]).value == of)
    cell = table.cell(row, heads[heading])
    cell.value = value
    book.save(path)
    return cell.coordinate


def read(ground: Ground, by: Person, *paths: Path) -> Imported:
    return read_sheets(paths, register_of(ground.engine, by=by.id))


def kept(ground: Ground, by: Person, *paths: Path) -> list[str]:
    found = read(ground, by, *paths)
    assert found.faults == []
    return importing.save(ground, found.resources, by, why="填报", known=found.known)


def spots(found: Imported) -> list[tuple[str | None, str, str]]:
    return [(one.place.sheet, f"{one.place.column}{one.place.row}", one.code) for one in found.faults]


def flow(ground: Ground) -> Resource:
    return resource(ground.engine, city.FLOW)


def test_an_untouched_form_makes_no_draft_and_an_edited_row_makes_one(
    ground: Ground, officer: Person, tmp_path: Path
) -> None:
    path = form(ground, tmp_path / "a.xlsx")
    assert kept(ground, officer, path) == []
    edit(path, SUMMARY, "改过。")
    assert kept(ground, officer, path) == [city.FLOW]
    edit(path, SUMMARY, "再改。")  # the same file again: what changed meanwhile was the officer's own
    assert kept(ground, officer, path) == [city.FLOW]
    found = draft(ground.engine, city.FLOW)
    assert found is not None
    assert (found.revision, found.body.summary.zh) == (2, "再改。")


@pytest.mark.parametrize("held", [in_hand, in_force_with_digest])
def test_bad_input_two_officers_edit_one_resource_each_cell_is_told_with_both_values_and_nothing_is_lost(
    ground: Ground, officer: Person, colleague: Person, tmp_path: Path, held: Callable[..., Any]
) -> None:
    path = form(ground, tmp_path / "a.xlsx", held=held)
    theirs = replace(flow(ground), summary=Text("同事改的。", "theirs"), aliases=("同事",))
    save(ground, theirs, colleague, revision=None, why="更正")
    mine, other = edit(path, SUMMARY, "我改的。"), edit(path, OTHER, "交通运输业")
    found = read(ground, officer, path)
    alias = next(c.coordinate for c in openpyxl.load_workbook(path)["目录"][2] if _heading(path, c.column) == "别名")
    assert ("目录", mine, "SHEET_CONFLICT") in spots(found)
    assert {place[:-1] for _, place, _ in spots(found)} >= {alias[:-1]}
    assert ("目录", other, "SHEET_CONFLICT") not in spots(found)  # the colleague did not touch it
    (told,) = (one for one in found.faults if one.place.column == mine[:-1])
    assert "“同事改的。”" in told.text.zh
    assert "“我改的。”" in told.text.zh
    assert colleague.name in told.text.zh
    assert city.FLOW not in {one.id for one in found.resources}
    body = draft(ground.engine, city.FLOW)
    assert body is not None
    assert body.body == theirs
    # The marked copy is of the newest state: what is agreed on in it holds.
    marked = tmp_path / "标注.xlsx"
    write_marked(path, marked, found.sheets[0].faults, "zh", found.sheets[0].stamps)
    edit(marked, "别名", "同事")
    assert kept(ground, officer, marked) == [city.FLOW]
    body = draft(ground.engine, city.FLOW)
    assert body is not None
    assert (body.body.summary.zh, body.body.aliases, body.revision) == ("我改的。", ("同事",), 2)
    assert body.body.classification.industry == "交通运输业"


def _heading(path: Path, column: int) -> object:
    return openpyxl.load_workbook(path)["目录"].cell(1, column).value


def test_items_that_a_colleague_added_changed_or_removed_are_told(
    ground: Ground, officer: Person, colleague: Person, tmp_path: Path
) -> None:
    path = form(ground, tmp_path / "a.xlsx")
    first, second, *rest = flow(ground).items
    added = replace(first, name="colleagues_own", zh="同事新增", en="theirs")
    theirs = replace(flow(ground), items=(replace(first, length="99"), *rest, added))
    save(ground, theirs, colleague, revision=None, why="更正")
    edit(path, SUMMARY, "我改的。")
    found = read(ground, officer, path)
    assert {code for _, _, code in spots(found)} == {"SHEET_CONFLICT"}
    said = "\n".join(one.text.zh for one in found.faults)
    assert "有数据项“同事新增”，本表没有" in said
    assert f"没有数据项“{second.zh}”，本表有" in said
    assert "数据长度现在是“99”，本表还是原来的" in said
    assert len(found.faults) == 3


def test_a_colleague_who_saves_while_the_sheet_is_read_loses_nothing(
    ground: Ground, officer: Person, colleague: Person, tmp_path: Path
) -> None:
    path = form(ground, tmp_path / "a.xlsx")
    edit(path, SUMMARY, "我改的。")
    found = read(ground, officer, path)
    theirs = replace(flow(ground), summary=Text("同事改的。", "theirs"))
    save(ground, theirs, colleague, revision=None, why="更正")
    with pytest.raises(Refused, match="DRAFT_REVISION"):
        importing.save(ground, found.resources, officer, why="填报", known=found.known)
    body = draft(ground.engine, city.FLOW)
    assert body is not None
    assert body.body == theirs


def test_a_file_of_their_own_is_held_against_what_a_colleague_has_in_hand(
    ground: Ground, officer: Person, colleague: Person, tmp_path: Path
) -> None:
    path = form(ground, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    book.remove(book["填报版本"])  # as if it were copied into a new workbook
    book.save(path)
    save(ground, replace(flow(ground), summary=Text("同事改的。", "theirs")), colleague, revision=None, why="更正")
    found = read(ground, officer, path)
    assert {code for *_, code in spots(found)} == {"SHEET_CONFLICT"}
    assert {one.text.zh.split("：")[1][:2] for one in found.faults} == {"摘要"}
    assert read(ground, colleague, path).faults == []  # it is theirs to change


def test_what_lies_with_the_authority_is_told_at_its_row_and_hinders_no_other(
    ground: Ground, officer: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = form(ground, tmp_path / "a.xlsx")
    save_draft(ground, replace(flow(ground), summary=Text("待审。", "waits")), officer, revision=None, why="填报")
    monkeypatch.setattr("catalogs.life.steps._submitting", lambda _: 1)
    submit(ground, city.FLOW, officer)
    cell = edit(path, SUMMARY, "又改。")
    found = read(ground, officer, path)
    assert spots(found) == [("目录", f"A{cell[len(cell.rstrip('0123456789')) :]}", "SHEET_WAITS")]
    assert len(found.resources) == found.sheets[0].entries - 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_no_form_asks_stays_and_what_a_sheet_has_no_column_for(
    ground: Ground, officer: Person, tmp_path: Path, layout: str
) -> None:
    full = replace(flow(ground), derived_from=("jinshui.traffic.signal_timing",), link="https://a.invalid/", level=None)
    save(ground, full, officer, revision=None, why="填报")
    path = form(ground, tmp_path / "a.xlsx", layout=layout)
    (back,) = (one for one in read(ground, officer, path).resources if one.id == city.FLOW)
    assert back == full


def test_a_narrow_sheet_of_a_department_changes_its_columns_alone(
    ground: Ground, officer: Person, tmp_path: Path
) -> None:
    whole = flow(ground)
    book = openpyxl.Workbook()
    table = book.active
    assert table is not None
    table.append(["目录名称", "提供单位", "数据格式", "数据更新频率", "共享属性", "摘要"])
    provider = next(one.name.zh for one in departments(ground.engine) if one.id == PROVIDER)
    words = (whole.data_format, whole.update_frequency, whole.sharing_attribute)
    table.append([whole.title.zh, provider, *(one.text.zh for one in words), "只改摘要。"])
    items = book.create_sheet("数据项")
    items.append(["目录名称", "数据项名称", "数据类型"])
    typed = {"timestamp": "日期时间型T", "integer": "整型I", "string": "字符型C", "decimal": "数值型N"}
    for item in whole.items:
        items.append([whole.title.zh, item.zh, typed.get(str(item.type), item.type.text.zh)])
    path = tmp_path / "a.xlsx"
    book.save(path)
    found = read(ground, officer, path)
    assert found.faults == []  # a column that every entry needs is not asked of what stands already
    assert found.resources == [replace(whole, summary=Text("只改摘要。", "只改摘要。"))]


def test_every_field_has_a_column_or_is_kept() -> None:
    asked = {key.split(".")[0] for key in EVERY} | {"conditions", "census", "classification", "items"}
    assert {one.name for one in fields(Resource)} - asked - {"grade"} == set(UNASKED)
    assert {one.name for one in fields(Item)} <= {key.split(".")[0] for key in ITEM_COLUMNS}


def test_names_and_codes_are_held_against_the_register_and_the_files_before(
    ground: Ground, officer: Person, tmp_path: Path
) -> None:
    whole = flow(ground)
    near = replace(whole, id="jinshui.traffic.near", title=Text("另一" + whole.title.zh, "near"), code=None)
    taken = replace(whole, id="jinshui.traffic.taken", title=Text("占道施工许可", "taken"), code="306005/0777")
    save(ground, taken, officer, revision=None, why="填报")
    rows = [
        replace(near, id="jinshui.traffic.one", title=Text(f" {whole.title.zh[:2]} {whole.title.zh[2:]}", "one")),
        replace(near, id="jinshui.traffic.two", title=Text("桥梁检测", "two"), code="306005/0777"),
        replace(near, id="jinshui.traffic.three", title=Text("隧道巡检", "three"), code="306005/0778"),
    ]
    again = [
        replace(near, id="jinshui.traffic.four", title=Text("隧道 巡检", "four")),
        replace(near, id="jinshui.traffic.five", title=Text("渡口名录", "five"), code="306005/0778"),
        rows[1],
    ]
    register = register_of(ground.engine)
    providers = [one for one in departments(ground.engine) if one.id == PROVIDER]
    paths = [tmp_path / "甲.xlsx", tmp_path / "乙.xlsx"]
    for path, some in zip(paths, (rows, again), strict=True):
        write_book(path, register, some, providers=providers)
    found = read(ground, officer, *paths)
    code = openpyxl.utils.get_column_letter(list(_heads(paths[0])).index("资源代码") + 1)
    assert [[(f"{one.place.column}{one.place.row}", one.code) for one in sheet.faults] for sheet in found.sheets] == [
        [("A2", "CATALOG_NAME_TWICE"), (f"{code}3", "CATALOG_CODE_TAKEN")],
        [
            ("A2", "CATALOG_NAME_TWICE"),
            (f"{code}3", "CATALOG_CODE_TAKEN"),
            (f"{code}4", "CATALOG_CODE_TAKEN"),
            ("A4", "SHEET_TWICE"),
        ],
    ]
    said = [one.text.zh for one in found.faults]
    assert f"名称与“{whole.title.zh}”（已登记）只有标点、空格或全半角之别" in said
    assert "代码 306005/0777 已属于同一提供单位的“占道施工许可”（草稿中）" in said
    assert "名称与“隧道巡检”（甲.xlsx 目录!A4）只有标点、空格或全半角之别" in said
    assert "“桥梁检测”已在 甲.xlsx 目录!A3 填报" in said


def _heads(path: Path) -> list[object]:
    return [cell.value for cell in openpyxl.load_workbook(path)["目录"][1]]


def test_the_stamps_are_dated_by_nobody_and_heeded_when_whole(ground: Ground, officer: Person, tmp_path: Path) -> None:
    path = form(ground, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    for row in book["填报版本"].iter_rows(min_row=2):
        row[1].value = datetime.date(2026, 1, 1)  # spoilt: as a sheet without stamps
    book.save(path)
    assert read(ground, officer, path).faults == []


def test_of_a_draft_that_somebody_may_not_see_nothing_is_told(
    ground: Ground, officer: Person, colleague: Person, tmp_path: Path
) -> None:
    path = form(ground, tmp_path / "a.xlsx")
    save(ground, replace(flow(ground), summary=Text("同事改的。", "theirs")), colleague, revision=None, why="更正")
    hidden = in_hand(ground.engine, {PROVIDER}, lambda _: False)
    assert hidden == in_force_with_digest(ground.engine, {PROVIDER})
    edit(path, SUMMARY, "我改的。")
    found = read_sheets([path], register_of(ground.engine, by=officer.id, sees=lambda _: False))
    assert "同事改的" not in str([one.text for one in found.faults])
    assert found.known[city.FLOW].state is None
