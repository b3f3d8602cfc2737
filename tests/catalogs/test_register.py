"""The database is the truth: registering is whole or nothing, changes only what changed, and goes out as it came in."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalogs.life import tables as life_tables  # noqa: F401 - declares its tables
from catalogs.register import (
    check_city,
    city,
    export_city,
    listing,
    load_city,
    register_city,
    resource,
    resources,
    units,
)
from catalogs.tables import METADATA, RESOURCE_VERSION
from catalogs.values.model import City
from catalogs.values.words import UpdateFrequency
from infra.database import read
from infra.errors import Refused, WrongUse
from infra.ground import Ground, sample_city
from infra.ledger import Act
from infra.ledger.tables import ENTRY

ALL = len(load_city(sample_city()).resources)


def acts(ground: Ground) -> list[str]:
    with read(ground.engine) as connection:
        bodies = connection.execute(sa.select(ENTRY.c.body).order_by(ENTRY.c.number)).scalars()
        return [json.loads(body)["act"] for body in bodies]


def by_id(found: City) -> City:
    people = tuple(sorted(found.people, key=lambda person: person.id))
    return replace(found, resources=tuple(sorted(found.resources, key=lambda each: each.id)), people=people)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_city(), tmp_path / "city"))


def test_the_sample_city_registers_on_every_backend(city_ground: Ground) -> None:
    done = register_city(city_ground, sample_city(), "tester")
    assert (done.units, done.resources, len(done.added), done.changed, done.absent) == (18, ALL, ALL, (), ())
    assert by_id(city(city_ground.engine)) == by_id(load_city(sample_city()))
    assert register_city(city_ground, sample_city(), "tester").added == ()
    assert [unit.id for unit in units(city_ground.engine)] == [unit.id for unit in load_city(sample_city()).units]


def test_each_registration_is_in_the_ledger_once(ground: Ground) -> None:
    register_city(ground, sample_city(), "tester")
    first = acts(ground)
    assert first.count(Act.RESOURCE_REGISTERED) == ALL
    assert first.count(Act.PERSON_REGISTERED) == len(load_city(sample_city()).people)
    assert first.count(Act.CITY_REGISTERED) == 1
    register_city(ground, sample_city(), "tester")
    assert acts(ground) == first


def test_registering_again_changes_only_what_changed(ground: Ground, folder: Path) -> None:
    register_city(ground, folder, "tester")
    path = folder / "catalogues/jingkai.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("en: operator}", "en: run by}"), encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace("en: operator,", "en: run by,"), encoding="utf-8")
    done = register_city(ground, folder, "tester")
    assert (done.added, done.changed) == ((), ("jingkai.logistics.bonded_zones",))
    versions = {each.id: each.version for each in listing(ground.engine)}
    assert versions.pop("jingkai.logistics.bonded_zones") == 2
    assert set(versions.values()) == {1}
    found = resource(ground.engine, "jingkai.logistics.bonded_zones").item("operator")
    assert found is not None
    assert found.en == "run by"
    with read(ground.engine) as connection:
        kept = connection.execute(sa.select(RESOURCE_VERSION.c.version, RESOURCE_VERSION.c.digest)).all()
    assert sorted(version for version, _ in kept) == [1] * ALL + [2]
    assert len({digest for _, digest in kept}) == ALL + 1


def test_what_leaves_the_folder_stays_registered_and_is_named(ground: Ground, folder: Path) -> None:
    register_city(ground, folder, "tester")
    gone = tuple(sorted(each.id for each in resources(ground.engine, unit="gaoxin")))
    assert gone
    (folder / "catalogues/gaoxin.yaml").unlink()
    assert register_city(ground, folder, "tester").absent == gone
    assert len(listing(ground.engine)) == ALL


def test_a_faulty_folder_registers_nothing(ground: Ground, folder: Path) -> None:
    (folder / "catalogues/jingkai.yaml").write_text("unit: jingkai\nresources: {}\n", encoding="utf-8")
    with pytest.raises(Refused, match="CATALOG_FAULTY"):
        register_city(ground, folder, "tester")
    assert listing(ground.engine) == []
    assert acts(ground) == []


def test_another_city_is_refused(ground: Ground, folder: Path) -> None:
    register_city(ground, folder, "tester")
    path = folder / "city.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("id: zhengzhou", "id: kaifeng"), encoding="utf-8")
    with pytest.raises(WrongUse, match="CATALOG_OTHER_CITY"):
        register_city(ground, folder, "tester")


def test_out_and_in_again_is_the_same(ground: Ground, tmp_path: Path) -> None:
    register_city(ground, sample_city(), "tester")
    export_city(ground.engine, tmp_path / "out")
    assert check_city(tmp_path / "out") == []
    assert by_id(load_city(tmp_path / "out")) == by_id(city(ground.engine))
    again = register_city(ground, tmp_path / "out", "tester")
    assert (again.added, again.changed) == ((), ())
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.yaml")}
    export_city(ground.engine, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.yaml")} == first


def test_looking_up(ground: Ground) -> None:
    with pytest.raises(Refused, match="CATALOG_EMPTY"):
        city(ground.engine)
    register_city(ground, sample_city(), "tester")
    with pytest.raises(Refused, match="CATALOG_UNKNOWN_RESOURCE"):
        resource(ground.engine, "a.b.c'; DROP TABLE catalogs_unit")
    assert {each.unit for each in resources(ground.engine, unit="sample")} == {"sample"}
    assert {each.domain for each in resources(ground.engine, domain="traffic")} == {"traffic"}
    daily = resources(ground.engine, frequency=UpdateFrequency.DAILY)
    assert {each.update_frequency for each in daily} == {UpdateFrequency.DAILY}


def test_the_migration_makes_the_tables_that_the_code_declares(ground: Ground) -> None:
    inspector = sa.inspect(ground.engine)
    for table in METADATA.sorted_tables:
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(table.name)}
        assert made == {column.name: bool(column.nullable) for column in table.columns}, table.name
        indexed = {index["name"] for index in inspector.get_indexes(table.name)}
        assert {index.name for index in table.indexes} <= indexed, table.name
