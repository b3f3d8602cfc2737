"""Quarantine keeps rows as delivered, under contracts that have changed since: what of them is shown today."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import lake_city as city
import pytest

from catalogs.enter import register_city
from catalogs.people.people import person
from catalogs.regrade.regrading import propose, settle
from catalogs.values.model import Grade
from contracts.register import register_contracts
from infra.ground import Ground, open_ground, sample_city
from lake.ingest import ingest
from lake.query.quarantine import HIDDEN, Page, Question, listing, show

PHONE = "13800138000"
_ITEM = (
    "      - {name: driver_phone, zh: 司机电话, en: driver phone, aliases: [电话], type: string,"
    " personal: {class: contact, sensitive: true}, identifier: direct, grade: general_4}\n"
)
_COLUMN = """      - name: driver_phone
        businessName: 司机电话
        logicalType: string
        physicalType: string
        classification: general_4
        customProperties:
          - property: cityhub.english
            value: driver phone
"""


def written(folder: Path, version: str, *, phone: bool, road: bool = True) -> Path:
    """The sample city, whose road flow has a driver's telephone or has none, as one version of its contract."""
    shutil.copytree(sample_city(), folder)
    catalogue, contract = folder / "catalogues/jinshui.yaml", folder / f"contracts/{city.FLOW}.yaml"
    items, columns = catalogue.read_text(encoding="utf-8"), contract.read_text(encoding="utf-8")
    columns = columns.replace("version: 1.0.0", f"version: {version}", 1)
    if phone:
        items = items.replace("      - {name: direction,", _ITEM + "      - {name: direction,", 1)
        columns = columns.replace("      - name: road_name\n", _COLUMN + "      - name: road_name\n", 1)
    if not road:
        items = "".join(line for line in items.splitlines(True) if not line.startswith("      - {name: road_name,"))
    catalogue.write_text(items, encoding="utf-8")
    contract.write_text(columns, encoding="utf-8")
    return folder


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    first = written(tmp_path / "one" / "zhengzhou", "1.0.0", phone=True)
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_CITY_DIR": str(first)}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        register(ground, first)
        yield ground


def register(ground: Ground, folder: Path) -> None:
    register_city(ground, folder, "test")
    register_contracts(ground, folder / "contracts", "test")


def delivered(ground: Ground, path: Path, *more: str) -> None:
    """A row without a flow, with the driver's telephone, and `more` lines."""
    header, first = city.HEADER.replace("road_name", "driver_phone,road_name"), city.line(0, flow="x")
    rows = [first.replace("D,", f"D,{PHONE},", 1), *more]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    assert ingest(ground, city.FLOW, path, actor="test").quarantined == len(rows)


def seen(ground: Ground, reader: str, purpose: str | None = None) -> Page:
    return show(ground, person(ground.engine, reader), Question(city.FLOW, purpose=purpose))


def test_a_column_that_was_dropped_since_is_shown_to_nobody(ground: Ground, tmp_path: Path) -> None:
    delivered(ground, tmp_path / "a.csv")
    [row] = seen(ground, "local", "quality").rows
    assert row.raw["driver_phone"] == PHONE, "who may see it sees it while it has a grade"
    register(ground, written(tmp_path / "two" / "zhengzhou", "2.0.0", phone=False))
    for reader in ("officer_jinshui", "reviewer_jinshui", "engineer_li", "local"):
        page = seen(ground, reader, "quality")
        assert PHONE not in str(page), reader
        assert page.masked == ("driver_phone",)
        [row] = page.rows
        assert (row.raw["driver_phone"], row.raw["flow"], row.raw["road_name"]) == (HIDDEN, "x", "中州大道")
        assert row.rules == ("flow.type",)
        assert row.zh
    entry = next(one for one in ground.ledger.entries(count=3) if b"lake:quarantine:read" in one.body)
    assert '"masked":["driver_phone"]' in (entry.content or b"").decode()


def test_what_no_field_matched_has_no_grade_and_is_shown_to_nobody(ground: Ground, tmp_path: Path) -> None:
    register(ground, written(tmp_path / "two" / "zhengzhou", "2.0.0", phone=False))
    delivered(ground, tmp_path / "a.csv", f"{PHONE},too,few")
    page = seen(ground, "local", "quality")
    assert [row.rules for row in page.rows] == [("flow.type",), ("record.ragged",)]
    assert [row.raw["_extra"] for row in page.rows] == [HIDDEN, HIDDEN]
    assert PHONE not in str(page)
    assert page.masked == ("_extra",)


def test_an_item_that_only_the_contract_still_knows_is_hidden(ground: Ground, tmp_path: Path) -> None:
    delivered(ground, tmp_path / "a.csv")
    register(ground, written(tmp_path / "two" / "zhengzhou", "1.0.0", phone=True, road=False))
    page = seen(ground, "local", "quality")
    assert page.masked == ("road_name",)
    assert page.rows[0].raw["road_name"] == HIDDEN
    assert page.rows[0].raw["driver_phone"] == PHONE


def test_a_field_is_what_the_contract_of_its_day_says(ground: Ground, tmp_path: Path) -> None:
    """A later column may take the name by which the dropped one was delivered: the old rows' values are not its."""
    delivered(ground, tmp_path / "a.csv")
    folder = written(tmp_path / "two" / "zhengzhou", "2.0.0", phone=False)
    catalogue, contract = folder / "catalogues/jinshui.yaml", folder / f"contracts/{city.FLOW}.yaml"
    hotline = "      - {name: hotline, zh: 热线, en: hotline, type: string, grade: general_1}\n"
    items = catalogue.read_text(encoding="utf-8")
    catalogue.write_text(items.replace("      - {name: direction,", hotline + "      - {name: direction,", 1), "utf-8")
    made = "{fields: [{name: driver_phone}], template: '{driver_phone}'}"
    source = f"          - property: cityhub.from\n            value: {made}\n"
    column = _COLUMN.replace("driver_phone", "hotline").replace("司机电话", "热线").replace("general_4", "general_1")
    columns = contract.read_text(encoding="utf-8")
    contract.write_text(
        columns.replace("      - name: road_name\n", column + source + "      - name: road_name\n", 1), "utf-8"
    )
    asked = propose(ground, city.FLOW, Grade.GENERAL_2, person(ground.engine, "officer_jinshui"), why="不再采集电话")
    settle(ground, asked.number, person(ground.engine, "reviewer_authority"), yes=True, basis="已核对")
    register(ground, folder)
    page = seen(ground, "officer_jinshui")
    assert page.rows[0].raw["driver_phone"] == HIDDEN
    assert PHONE not in str(page)


def test_a_contract_version_that_is_gone_shows_nothing_of_its_rows(ground: Ground, tmp_path: Path) -> None:
    import sqlalchemy as sa

    from contracts.tables import VERSION
    from infra.database import write

    delivered(ground, tmp_path / "a.csv")
    register(ground, written(tmp_path / "two" / "zhengzhou", "2.0.0", phone=False))
    with write(ground.engine) as connection:
        connection.execute(sa.delete(VERSION).where(VERSION.c.version == "1.0.0"))
    page = seen(ground, "local", "quality")
    assert {value for value in page.rows[0].raw.values() if value is not None} == {HIDDEN}
    assert [one["quarantined"] for one in listing(ground, person(ground.engine, "local"))] == [1]


def test_who_may_not_see_every_column_is_not_told_what_the_files_of_a_delivery_are_called(
    ground: Ground, tmp_path: Path
) -> None:
    (tmp_path / "alone").mkdir()
    delivered(ground, tmp_path / "alone" / "a.csv")
    folder = tmp_path / "several"
    folder.mkdir()
    for name in ("张三.csv", "李四.csv"):
        (folder / name).write_bytes((tmp_path / "alone" / "a.csv").read_bytes())
    ingest(ground, city.FLOW, folder, actor="test")
    assert {row.file for row in seen(ground, "local", "quality").rows if row.part == 1} == {"张三.csv"}
    # A column that the register does not know any more is shown to nobody.
    register_city(ground, written(tmp_path / "two" / "zhengzhou", "1.0.0", phone=True, road=False), "test")
    assert {row.file for row in seen(ground, "local", "quality").rows if row.part == 1} == {HIDDEN}
