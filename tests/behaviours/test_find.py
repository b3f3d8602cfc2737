"""The index over SQLite and PostgreSQL: the same hits in the same order, and current with the register."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from found_city import found_city, register
from labelled import LABELLED

from catalogs.enter import enter_city
from catalogs.find.index import out_of_date, rebuild, remove
from catalogs.find.search import search
from catalogs.find.tables import DOCUMENT, FACET, POSTING, STATE
from catalogs.tables import RESOURCE
from infra.database import read, write
from infra.errors import Refused
from infra.ground import Ground, open_ground
from infra.language import Text


def contents(ground: Ground) -> list[list[tuple[object, ...]]]:
    with read(ground.engine) as connection:
        return [
            sorted(tuple(map(repr, row)) for row in connection.execute(sa.select(table)))
            for table in (STATE, DOCUMENT, POSTING, FACET)
        ]


def ids(ground: Ground, query: str) -> list[str]:
    return [hit.id for hit in search(ground.engine, query, limit=50).hits]


def test_both_databases_find_the_same_in_the_same_order(
    city_ground: Ground, tmp_path: Path, sqlite_template: Path
) -> None:
    register(city_ground, 600)
    home = tmp_path / "other"
    home.mkdir()
    shutil.copyfile(sqlite_template, home / "hub.db")
    with open_ground({"HUB_HOME": str(home), "HUB_DEMO": "1"}, create=True) as plain:
        register(plain, 600)
        for query, _ in LABELLED:
            assert search(city_ground.engine, query) == search(plain.engine, query), query


def test_a_changed_resource_is_found_by_its_new_words_alone(city_ground: Ground) -> None:
    city = register(city_ground, 40)
    was = next(each for each in city.resources if each.title.zh == "中原区公共停车场基本信息")
    now = replace(was, title=Text("中原区泊车点", "Berths"), summary=Text("无", "none"))
    others = tuple(now if each is was else each for each in city.resources)
    assert was.id in ids(city_ground, "停车场")
    enter_city(city_ground, replace(city, resources=others), "tester", sample=True)
    assert was.id not in ids(city_ground, "停车场")
    assert ids(city_ground, "泊车点") == [was.id]
    assert out_of_date(city_ground.engine).current


def test_what_is_changed_piece_by_piece_is_as_what_is_made_anew(city_ground: Ground) -> None:
    city = register(city_ground, 40)
    for number in range(0, 40, 7):
        old = city.resources[-1 - number]
        new = replace(old, title=Text(f"改名{number}", f"renamed {number}"), aliases=(f"别名{number}",))
        city = replace(city, resources=tuple(new if each is old else each for each in city.resources))
        enter_city(city_ground, city, "tester", sample=True)
    found = {query: search(city_ground.engine, query) for query in ("改名", "gm", "停车", "别名14", "renamed")}
    with write(city_ground.engine) as connection:
        rebuild(connection)
    anew = contents(city_ground)
    assert {query: search(city_ground.engine, query) for query in found} == found
    with write(city_ground.engine) as connection:
        remove(connection, [city.resources[-1].id])
    assert city.resources[-1].id not in ids(city_ground, "改名")
    assert out_of_date(city_ground.engine).missing == (city.resources[-1].id,)
    with write(city_ground.engine) as connection:
        rebuild(connection)
    assert contents(city_ground) == anew


def test_a_renamed_department_renames_what_it_provides(city_ground: Ground) -> None:
    city = register(city_ground, 20)
    first = city.departments[-1]
    provided = [each.id for each in city.resources if each.provider == city.departments[3].id]
    renamed = replace(city.departments[3], name=Text("凤凰台管理所", "Phoenix office"))
    departments = tuple(renamed if each.id == renamed.id else each for each in city.departments)
    assert first.id != renamed.id
    enter_city(city_ground, replace(city, departments=departments), "tester", sample=True)
    assert sorted(ids(city_ground, "凤凰台")) == sorted(provided) != []


def test_a_registration_that_fails_leaves_the_index_as_it_was(
    city_ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = register(city_ground, 20)
    before = contents(city_ground)
    title = Text("从未登记", "never registered")
    more = tuple(replace(each, title=title) for each in city.resources)

    def fails(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("catalogs.enter._counts", fails)
        with pytest.raises(KeyboardInterrupt):
            enter_city(city_ground, replace(city, resources=more), "tester", sample=True)
    assert contents(city_ground) == before
    # Some of its characters stand in other titles; none of the hits may have the title itself.
    found = search(city_ground.engine, "从未登记")
    assert found.some or found.instead or not found.hits
    assert title not in {hit.title for hit in found.hits}


def test_an_index_that_was_left_behind_is_found_out_and_made_again(city_ground: Ground) -> None:
    city = found_city(20)
    register(city_ground, 20)
    name = city.resources[0].id
    with write(city_ground.engine) as connection:
        connection.execute(sa.update(RESOURCE).where(RESOURCE.c.id == name).values(digest="0" * 64))
    assert out_of_date(city_ground.engine).changed == (name,)
    hit = next(hit for hit in search(city_ground.engine, city.resources[0].title.zh).hits if hit.id == name)
    assert hit.stale
    with write(city_ground.engine) as connection:
        connection.execute(sa.update(STATE).values(tokens="0"))
    with pytest.raises(Refused, match="CATALOG_INDEX_STALE"):
        search(city_ground.engine, "停车")
    with write(city_ground.engine) as connection:
        assert rebuild(connection) == len(city.resources)
    assert out_of_date(city_ground.engine).current
    assert ids(city_ground, "停车")


def test_an_empty_register_has_nothing_to_find(city_ground: Ground) -> None:
    found = search(city_ground.engine, "停车")
    assert (found.total, found.hits) == (0, ())
