"""`hub adopt` takes a file that no contract speaks of from nothing to a query; what it may not do it refuses."""

import contextlib
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import openpyxl
import pytest
import yaml
from front_door import Ran, run_hub

import lake.ingest
from catalogs.folder import drafts
from catalogs.folder.city import load_city
from catalogs.people.people import issue_key, person
from catalogs.values.words import Role
from infra.ground import open_ground, sample_city
from lake.adopt import adopt as adopting
from lake.invented.persons import invent

SHOPS = "own.trade.shops"
ROWS = [f"{at:03d},店铺{at},{at * 1.5:.2f},2026-01-{at % 28 + 1:02d}" for at in range(1, 41)]
CSV = "\n".join(["店铺编号,名称,销售金额,登记日期", *ROWS, ""])


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A home where nothing is yet."""
    return {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}


@pytest.fixture
def shops(tmp_path: Path) -> Path:
    path = tmp_path / "shops.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def adopt(environ: dict[str, str], *arguments: object) -> Ran:
    return run_hub(environ, "adopt", *arguments, "--yes", "--json")


def files(environ: dict[str, str]) -> Iterator[str]:
    home = Path(environ["HUB_HOME"])
    yield from sorted(path.relative_to(home).as_posix() for path in home.rglob("*.yaml"))


def test_from_a_file_and_nothing_else_to_a_query(environ: dict[str, str], shops: Path) -> None:
    ran = adopt(environ, shops, "--dataset", SHOPS)
    assert ran.status == 0, ran.said
    told = ran.document
    assert told["delivery"]["state"] == "finished"
    assert (told["delivery"]["read"], told["delivery"]["published"]) == (40, 40)
    types = {one["column"]: one["value"] for one in told["findings"] if one["kind"] == "type"}
    assert types == {"shop_no": "string", "name": "string", "sales_amount": "decimal(18,2)", "registered_date": "date"}
    assert told["key"] == ["shop_no"]
    asked = run_hub(environ, "query", "SELECT min(shop_no) AS a, sum(sales_amount) AS b FROM own.trade_shops", "--json")
    assert asked.document["rows"] == [["001", "1230.00"]]


def test_the_drafts_pass_the_checks_that_people_s_own_pass(environ: dict[str, str], shops: Path) -> None:
    assert adopt(environ, shops, "--dataset", SHOPS).status == 0
    for command in ("catalog", "contract"):
        ran = run_hub(environ, command, "check")
        assert ran.status == 0, ran.said
        assert run_hub(environ, command, "register").status == 0


def test_it_asks_and_no_leaves_nothing(environ: dict[str, str], shops: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.confirm", lambda *_: False)
    ran = run_hub(environ, "adopt", shops, "--dataset", SHOPS)
    assert ran.status == 1
    assert "shop_no" in ran.out
    assert list(files(environ)) == []
    with open_ground(environ) as ground:
        assert ground.ledger.entries(count=10) == []


def test_the_same_again_is_a_repeat_and_another_file_is_refused(environ: dict[str, str], shops: Path) -> None:
    assert adopt(environ, shops, "--dataset", SHOPS).status == 0
    before = {name: (Path(environ["HUB_HOME"]) / name).read_bytes() for name in files(environ)}
    again = adopt(environ, shops, "--dataset", SHOPS)
    assert (again.status, again.document["delivery"]["state"], again.document["files"]) == (0, "repeated", [])
    shops.write_text(CSV.replace("销售金额", "利润金额"), encoding="utf-8")
    other = adopt(environ, shops, "--dataset", SHOPS)
    assert (other.status, other.document["error"]["code"]) == (1, "ADOPT_PUBLISHED")
    assert "hub ingest" in other.document["error"]["remedy"]
    assert before == {name: (Path(environ["HUB_HOME"]) / name).read_bytes() for name in files(environ)}


def test_a_domain_that_the_city_lacks_is_told_before_anything_is_read(
    environ: dict[str, str], shops: Path, tmp_path: Path
) -> None:
    environ = {**environ, "HUB_CITY_DIR": str(shutil.copytree(sample_city(), tmp_path / "ourcity"))}
    ran = adopt(environ, shops, "--dataset", "jinshui.market.shops")
    assert (ran.status, ran.document["error"]["code"]) == (1, "DRAFT_DOMAIN")
    assert "traffic" in ran.document["error"]["remedy"]


def test_the_list_that_an_answer_wraps_is_its_records(environ: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    listed = [{"编号": f"F{at}", "名称": f"企业{at}"} for at in range(30)]
    path.write_text(json.dumps({"code": 0, "data": {"total": 30, "list": listed}}, ensure_ascii=False), "utf-8")
    ran = adopt(environ, path, "--dataset", "own.trade.firms")
    assert ran.status == 0, ran.said
    assert (ran.document["looked_at"], ran.document["delivery"]["published"]) == (30, 30)


def test_an_upsert_replaces_by_the_inferred_key_and_needs_one(environ: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "shops.csv"
    path.write_text("店铺编号,销售额\n" + "".join(f"S{at:03d},{at % 7}\n" for at in range(40)), encoding="utf-8")
    ran = adopt(environ, path, "--dataset", SHOPS, "--mode", "upsert")
    assert (ran.status, ran.document["mode"], ran.document["key"]) == (0, "upsert", ["shop_no"]), ran.said
    path.write_text("店铺编号,销售额\nS001,6\nS100,5\n", encoding="utf-8")
    assert run_hub(environ, "ingest", SHOPS, path, "--json").status == 0
    asked = "SELECT count(*) AS n FROM own.trade_shops"
    assert run_hub(environ, "query", asked, "--json").document["rows"] == [[41]]
    (tmp_path / "plain.csv").write_text("销售额,数量\n" + "1.5,\n,2\n2.5,3\n1.5,3\n" * 10, encoding="utf-8")
    keyless = adopt(environ, tmp_path / "plain.csv", "--dataset", "own.trade.plain", "--mode", "upsert")
    assert (keyless.status, keyless.document["error"]["code"]) == (1, "ADOPT_NO_KEY")


def test_a_second_dataset_joins_the_own_city(environ: dict[str, str], shops: Path) -> None:
    assert adopt(environ, shops, "--dataset", SHOPS).status == 0
    ran = adopt(environ, shops, "--dataset", "other.health.places")
    assert ran.status == 0, ran.said
    listed = run_hub(environ, "catalog", "list", "--json").document["resources"]
    assert {one["id"] for one in listed} == {SHOPS, "other.health.places"}


def test_into_a_city_of_one_s_own_it_only_adds(environ: dict[str, str], shops: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ourcity"
    shutil.copytree(sample_city(), folder)
    lying = (folder / "catalogues/jinshui.yaml").read_text(encoding="utf-8")
    environ = {**environ, "HUB_CITY_DIR": str(folder)}
    ran = adopt(environ, shops, "--dataset", "jinshui.logistics.shops")
    assert ran.status == 0, ran.said
    grown = (folder / "catalogues/jinshui.yaml").read_text(encoding="utf-8")
    assert grown.startswith(lying)
    assert [one["id"] for one in yaml.safe_load(grown)["resources"]][-1] == "jinshui.logistics.shops"
    unknown = adopt(environ, shops, "--dataset", "nowhere.logistics.shops")
    assert (unknown.status, unknown.document["error"]["code"]) == (1, "DRAFT_UNIT")
    domain = adopt(environ, shops, "--dataset", "jinshui.nothing.shops")
    assert (domain.status, domain.document["error"]["code"]) == (1, "DRAFT_DOMAIN")
    assert (folder / "catalogues/jinshui.yaml").read_text(encoding="utf-8") == grown


def test_the_sample_city_is_not_added_to(environ: dict[str, str], shops: Path) -> None:
    assert run_hub(environ, "catalog", "register").status == 0
    ran = adopt(environ, shops, "--dataset", "jinshui.logistics.shops")
    assert (ran.status, ran.document["error"]["code"]) == (1, "ADOPT_SAMPLE")


def test_outside_the_demo_nobody_adopts_without_a_key(environ: dict[str, str], shops: Path) -> None:
    del environ["HUB_DEMO"]
    ran = adopt(environ, shops, "--dataset", SHOPS)
    assert (ran.status, ran.document["error"]["code"]) == (1, "PERSON_UNKNOWN")
    assert list(files(environ)) == []


def test_who_may_not_register_the_city_adopts_nothing_and_raises_nobody(
    environ: dict[str, str], shops: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(sample_city(), tmp_path / "ourcity"))
    environ = {**environ, "HUB_CITY_DIR": str(folder)}
    assert run_hub(environ, "catalog", "register").status == 0
    with open_ground(environ) as ground:
        issue_key(ground, "reviewer_authority", "bootstrap")
        environ["HUB_API_KEY"] = issue_key(ground, "engineer_li", "reviewer_authority")
    del environ["HUB_DEMO"]
    people = (folder / "people.yaml").read_text("utf-8")
    (folder / "people.yaml").write_text(people.replace("roles: [engineer]", "roles: [authority_reviewer]"), "utf-8")
    before = (folder / "catalogues/jinshui.yaml").read_text("utf-8")
    ran = adopt(environ, shops, "--dataset", "jinshui.logistics.shops")
    assert (ran.status, ran.document["error"]["code"]) == (1, "PERSON_ROLE")
    assert "hub contract infer" in ran.document["error"]["remedy"]
    assert (folder / "catalogues/jinshui.yaml").read_text("utf-8") == before
    assert not (folder / "contracts/jinshui.logistics.shops.yaml").exists()
    with open_ground(environ) as ground:
        assert not person(ground.engine, "engineer_li").has(Role.AUTHORITY_REVIEWER)


def test_who_registers_and_may_not_deliver_is_told_what_stands_and_who_goes_on(
    environ: dict[str, str], shops: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(sample_city(), tmp_path / "ourcity"))
    environ = {**environ, "HUB_CITY_DIR": str(folder)}
    assert run_hub(environ, "catalog", "register").status == 0
    del environ["HUB_DEMO"]
    with open_ground(environ) as ground:
        reviewer = issue_key(ground, "reviewer_authority", "bootstrap")
        engineer = issue_key(ground, "engineer_li", "reviewer_authority")
    dataset = "jinshui.logistics.shops"
    ran = adopt({**environ, "HUB_API_KEY": reviewer}, shops, "--dataset", dataset)
    assert (ran.status, ran.document["error"]["code"]) == (1, "DELIVERY_DENIED")
    assert "are registered" in ran.said
    assert f"hub ingest {dataset}" in ran.said
    ran = run_hub({**environ, "HUB_API_KEY": engineer}, "ingest", dataset, shops)
    assert ran.status == 0, ran.said


def test_infer_writes_drafts_and_nothing_else(environ: dict[str, str], shops: Path, tmp_path: Path) -> None:
    out = tmp_path / "drafts"
    ran = run_hub(environ, "contract", "infer", shops, "--dataset", SHOPS, "--out", out, "--json")
    assert ran.status == 0, ran.said
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.yaml")} == {
        f"contracts/{SHOPS}.yaml",
        f"catalogues/{SHOPS}.yaml",
    }
    assert all(0 <= one["confidence"] <= 1 and one["evidence"] for one in ran.document["findings"])
    assert run_hub(environ, "contract", "check", out).status == 0
    shops.write_text(CSV.replace("名称", "简称"), encoding="utf-8")
    again = run_hub(environ, "contract", "infer", shops, "--dataset", SHOPS, "--out", out, "--json")
    assert again.document["error"]["code"] == "DRAFT_EXISTS"


def test_what_infer_drafts_for_a_unit_of_the_city_is_registered_as_it_is(
    environ: dict[str, str], shops: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(sample_city(), tmp_path / "ourcity"))
    environ = {**environ, "HUB_CITY_DIR": str(folder)}
    dataset = "jinshui.logistics.shops"
    ran = run_hub(environ, "contract", "infer", shops, "--dataset", dataset, "--out", tmp_path / "drafts")
    assert "hub catalog register" in ran.out, "it says what comes next"
    shutil.copytree(tmp_path / "drafts", folder, dirs_exist_ok=True)
    for command in (("catalog", "register"), ("contract", "register"), ("ingest", dataset, shops)):
        ran = run_hub(environ, *command)
        assert ran.status == 0, ran.said


def test_where_nobody_can_answer_adopting_says_how_to_answer_beforehand(
    environ: dict[str, str], shops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    ran = run_hub(environ, "adopt", shops, "--dataset", SHOPS)
    assert ran.status == 2
    assert "--yes" in ran.said
    assert list(files(environ)) == []


def test_several_files_are_one_delivery_of_one_table(environ: dict[str, str], shops: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    more.write_text("\n".join(["店铺编号,名称,销售金额,登记日期", "091,又一家,3.00,2026-02-01"]), encoding="utf-8")
    ran = adopt(environ, shops, more, "--dataset", SHOPS)
    assert ran.status == 0, ran.said
    assert ran.document["delivery"]["read"] == 41
    more.write_text("甲,乙\n1,2\n3,4\n", encoding="utf-8")
    other = adopt(environ, shops, more, "--dataset", "own.trade.mixed")
    assert other.document["error"]["code"] == "SURVEY_TABLES"


def test_a_wrong_id_is_wrong_use(environ: dict[str, str], shops: Path) -> None:
    ran = adopt(environ, shops, "--dataset", "Shops")
    assert (ran.status, json.loads(ran.out)["error"]["code"]) == (2, "ADOPT_DATASET")


class Killed(BaseException):
    """Nothing that anybody catches."""


@pytest.mark.parametrize("act", range(1, 8))
@pytest.mark.parametrize("after", [False, True])
def test_killed_anywhere_the_same_call_finishes(
    act: int, after: bool, environ: dict[str, str], shops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 0

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count == act and not after:
                raise Killed
            result = real(*arguments, **more)
            if count == act:
                raise Killed
            return result

        return call

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", watched(os.fsync))
        for owner, name in (
            (drafts, "write_city"), (drafts, "_put"), (adopting, "register_city"), (adopting, "register_contracts"),
            (lake.ingest, "ingest"),
        ):  # fmt: skip
            patch.setattr(owner, name, watched(getattr(owner, name)))
        with contextlib.suppress(Killed):
            adopt(environ, shops, "--dataset", SHOPS)
    assert count >= act
    ran = adopt(environ, shops, "--dataset", SHOPS)
    assert ran.status == 0, ran.said
    assert ran.document["delivery"]["state"] in ("finished", "repeated")
    asked = run_hub(environ, "query", "SELECT count(*) FROM own.trade_shops", "--json")
    assert asked.document["rows"] == [[40]]
    home = Path(environ["HUB_HOME"])
    left = [
        path.name for path in home.rglob("*") if path.name.endswith((".part", ".begun")) and "store" not in path.parts
    ]
    assert left == []


def killed_at(number: int, work: Callable[[], None]) -> bool:
    """Do `work`, and end it at the `number`th line of the drafts' module that it comes to; whether it came so far."""
    passed, before = 0, sys.gettrace()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal passed
        if frame.f_code.co_filename != drafts.__file__:
            return None
        passed += event == "line"
        if passed == number:
            sys.settrace(before)
            raise Killed
        return trace

    sys.settrace(trace)
    try:
        work()
    except Killed:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # what a kill leaves open, it leaves open
@pytest.mark.parametrize("old", [False, True])
def test_the_own_city_killed_at_any_line_of_its_writing_is_whole_after_the_same_call(
    old: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    drafts.begin(kept, "own", "trade", "mark")
    read, line, reached, seen = load_city(kept), 0, True, set()
    while reached:
        line += 1
        folder = tmp_path / str(line) / "city"
        folder.parent.mkdir()
        if old:
            shutil.copytree(kept, folder)
        begin = partial(drafts.begin, folder, "other", "health", "mark")
        with monkeypatch.context() as patch:
            patch.setattr(drafts, "load_city", lambda _: read)  # what it finds there, without a parsing for each line
            reached = killed_at(line, begin)
        left = frozenset(
            (path.relative_to(folder.parent), path.read_bytes()) for path in folder.parent.rglob("*") if path.is_file()
        )
        if left in seen:
            continue  # what one kill left is finished as what another left
        seen.add(left)
        begin()
        city = load_city(folder)
        assert [one.id for one in city.units].count("other") == 1, line
        assert [one.unit for one in city.departments].count("other") == 1, line
        assert [one.id for one in city.domains].count("health") == 1, line
        assert [one.name for one in folder.parent.iterdir()] == ["city"], line
        assert not list(folder.rglob(".*.part")), line
    assert len(seen) > (6 if old else 2)


def test_a_sheet_and_members_are_named(environ: dict[str, str], tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("甲", "乙"):
        sheet = book.create_sheet(name)
        for row in ([f"{name}编号", "值"], *([f"{name}{at}", at] for at in range(5 if name == "甲" else 7))):
            sheet.append(row)
    path = tmp_path / "book.xlsx"
    book.save(path)
    book.close()
    several = adopt(environ, path, "--dataset", "own.trade.book")
    assert several.document["error"]["code"] == "READ_SHEETS_SEVERAL"
    assert "--sheet" in several.document["error"]["remedy"]
    ran = adopt(environ, path, "--dataset", "own.trade.book", "--sheet", "乙")
    assert (ran.status, ran.document["delivery"]["read"]) == (0, 7), ran.said
    folder = tmp_path / "feed"
    folder.mkdir()
    (folder / "a-1.csv").write_text(CSV, encoding="utf-8")
    (folder / "a-2.csv").write_text(CSV.replace("\n0", "\n5"), encoding="utf-8")
    (folder / "readme.txt").write_text("说明\n甲\n乙\n", encoding="utf-8")
    mixed = adopt(environ, folder, "--dataset", "own.trade.feed")
    assert mixed.document["error"]["code"] == "SURVEY_TABLES"
    ran = adopt(environ, folder, "--dataset", "own.trade.feed", "--member", "a-*.csv")
    assert (ran.status, ran.document["delivery"]["read"]) == (0, 80), ran.said


def test_the_list_of_records_in_a_document_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "two.json"
    lists = {"a": [{"x": at} for at in range(5)], "b": {"c": [{"y": at, "z": at * 2} for at in range(7)]}}
    path.write_text(json.dumps({"d": [{"w": 1}], **lists}), "utf-8")
    several = adopt(environ, path, "--dataset", "own.trade.lists").document["error"]
    assert several["code"] == "READ_RECORD_PATH"
    assert "2 lists" in several["message"]
    assert "--record-path" in several["remedy"]
    nowhere = adopt(environ, path, "--dataset", "own.trade.lists", "--record-path", "b.e").document["error"]
    assert "no list at “b.e”" in nowhere["message"]
    ran = adopt(environ, path, "--dataset", "own.trade.lists", "--record-path", "b.c")
    assert (ran.status, ran.document["delivery"]["published"]) == (0, 7), ran.said
    again = tmp_path / "wraps.json"
    again.write_text(json.dumps({"resources": [{"schema": {"fields": lists["a"]}, "name": "n"}]}), "utf-8")
    ran = adopt(environ, again, "--dataset", "own.trade.wraps")
    assert (ran.status, ran.document["delivery"]["published"]) == (0, 1), "no path leads into the one record of a list"


def test_a_feed_is_told_from_files_that_are_not_one_table(environ: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "gtfs"
    folder.mkdir()
    for name, head in (("stops", "stop_id,stop_name"), ("routes", "route_id,route_type"), ("trips", "trip_id,days")):
        (folder / f"{name}.txt").write_text(f"{head}\na,1\nb,2\n", "utf-8")
    told = adopt(environ, folder, "--dataset", "own.trade.feeds").document["error"]
    assert (told["code"], "--member stops.txt" in told["remedy"]) == ("SURVEY_TABLES", True)


def test_all_sheets_of_a_workbook_are_one_table_and_a_place_names_the_sheet(
    environ: dict[str, str], tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["本表按月填报"])
    for month in ("一月", "二月"):
        sheet = book.create_sheet(month)
        for row in (["编号", "值"], *([f"{month}{at}", at] for at in range(6))):
            sheet.append(row)
    sheet.append(["二月9", 9, "多"])
    path = tmp_path / "months.xlsx"
    book.save(path)
    book.close()
    ran = adopt(environ, path, "--dataset", "own.trade.months", "--sheet", "*")
    told = ran.document["delivery"]
    assert (told["read"], told["published"], told["quarantined"]) == (13, 12, 1), ran.said
    assert "2 sheet(s) read: 2 一月、3 二月" in ran.said
    shown = run_hub(environ, "quarantine", "show", "own.trade.months")
    assert "sheet 3, line 8" in shown.out
    assert "of sheet 3" in shown.out


def test_persons_raise_the_grade_and_are_masked(environ: dict[str, str], tmp_path: Path) -> None:
    people = Random(3)
    rows = [invent(people, date(2000, 1, 1), date(1990, 1, 1), at) for at in range(60)]
    lines = [f"{at},{one.name},{one.identity},{one.gender},{at % 3}" for at, one in enumerate(rows)]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(["编号,姓名,证件,性别,类别", *lines, ""]), encoding="utf-8")
    ran = adopt(environ, path, "--dataset", "own.civil.people")
    assert ran.status == 0, ran.said
    found = {one["column"]: one for one in ran.document["findings"] if one["kind"] == "personal"}
    assert {name: one["value"]["form"] for name, one in found.items()} == {
        "name": "name", "id": "id_card", "gender": "gender",
    }  # fmt: skip
    assert found["id"]["confidence"] > 0.95 > found["name"]["confidence"]
    shown = run_hub(environ, "catalog", "show", "own.civil.people", "--json").document
    assert {one["name"]: one["grade"] for one in shown["items"] if "personal" in one} == {
        "name": "general_3", "id": "general_4", "gender": "general_3",
    }  # fmt: skip
    assert not any(one.identity in ran.said for one in rows)
