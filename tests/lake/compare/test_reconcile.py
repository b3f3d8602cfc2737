"""The register compared with the lake, over SQLite and PostgreSQL: what is found, kept, closed, and shown to whom."""

import shutil
from datetime import timedelta
from pathlib import Path

import lake_city as city
import pytest
import sqlalchemy as sa
from front_door import environment, run_hub

from catalogs.life.tables import WITHDRAWN
from catalogs.people.people import issue_key
from catalogs.register import listing
from catalogs.tables import ITEM
from contracts.register import contract
from infra.database import read, write
from infra.ground import Ground, open_ground, sample_city
from lake import tables
from lake.compare.facts import held
from lake.compare.reconcile import compare_task, latest, reconcile
from lake.compare.rules import Difference, State
from lake.ingest import ingest
from lake.landing.landing import land
from lake.records import tickets


@pytest.fixture
def stocked(city_ground: Ground) -> Ground:
    return city.stock(city_ground)


def deliver(ground: Ground, path: Path, start: int = 0) -> None:
    lines = [city.line(start + n) for n in range(20)]
    assert ingest(ground, city.FLOW, city.flow_file(path, lines), actor="test").state == "finished"


def age(ground: Ground, days: int) -> None:
    """As if all that came had come so many days earlier."""
    table = tables.delivery
    with write(ground.engine) as connection:
        for row in connection.execute(sa.select(table.c.number, table.c.arrived_at, table.c.finished_at)).all():
            ago = {"arrived_at": row.arrived_at - timedelta(days), "finished_at": row.finished_at - timedelta(days)}
            connection.execute(table.update().where(table.c.number == row.number).values(**ago))


def of(ground: Ground, subject: str) -> list[Difference]:
    return list(latest(ground.engine, subjects=[subject]).differences)


def kept(ground: Ground) -> list[tuple[str, str, bool]]:
    table = tables.difference
    query = sa.select(table.c.subject, table.c.state, table.c.over_at).order_by(table.c.number)
    with read(ground.engine) as connection:
        return [(row.subject, row.state, row.over_at is not None) for row in connection.execute(query)]


def test_the_four_ways_to_differ_are_found_kept_and_closed(stocked: Ground, tmp_path: Path) -> None:
    registered = {one.id for one in listing(stocked.engine)}
    first = reconcile(stocked, "test")
    assert (first.resources, first.counts) == (len(registered), {"undelivered": len(registered)})
    assert {one.subject for one in first.differences} == registered

    deliver(stocked, tmp_path / "a.csv")
    land(stocked, "jinshui.traffic.nobody", tmp_path / "a.csv", channel="folder", arrived_at=stocked.now(), actor="t")
    found = reconcile(stocked, "test")
    assert of(stocked, city.FLOW) == []
    (stray,) = [one for one in found.differences if one.state is State.UNCATALOGUED]
    assert (stray.subject, stray.department, stray.detail) == ("jinshui.traffic.nobody", None, {"deliveries": 1})

    age(stocked, 40)
    with write(stocked.engine) as connection:
        here = ITEM.c.resource == city.FLOW, ITEM.c.name == "occupancy"
        connection.execute(ITEM.update().where(*here).values(name="headway"))
    reconcile(stocked, "test")
    states = {one.state: one for one in of(stocked, city.FLOW)}
    assert set(states) == {State.LATE, State.DRIFTED}
    drift = states[State.DRIFTED].detail
    assert (drift["missing"], drift["extra"], drift["types"]) == (["headway"], ["occupancy"], [])
    since = states[State.DRIFTED].since

    deliver(stocked, tmp_path / "b.csv", start=100)
    reconcile(stocked, "test")
    (still,) = of(stocked, city.FLOW)
    assert (still.state, still.since) == (State.DRIFTED, since), "it holds since it was first seen"
    mine = [(state, over) for subject, state, over in kept(stocked) if subject == city.FLOW]
    assert sorted(mine) == [("drifted", False), ("late", True), ("undelivered", True)]
    runs = [subject for act, subject in city.acts(stocked) if act == "lake:register:compared"]
    assert runs == ["register"] * 4


def test_comparing_again_changes_nothing_but_the_time(stocked: Ground, tmp_path: Path) -> None:
    deliver(stocked, tmp_path / "a.csv")
    before, first = reconcile(stocked, "test"), kept(stocked)
    after = reconcile(stocked, "test")
    assert after.differences == before.differences
    assert kept(stocked) == first
    assert after.at is not None
    assert before.at is not None
    assert after.at > before.at


def test_a_withdrawn_resource_with_live_data_is_named_and_one_without_is_not(stocked: Ground, tmp_path: Path) -> None:
    deliver(stocked, tmp_path / "a.csv")
    gone = {"version": 1, "by": "test", "at": stocked.now(), "why": "test"}
    with write(stocked.engine) as connection:
        for dataset in (city.FLOW, city.HOSPITALS):
            connection.execute(WITHDRAWN.insert().values(resource=dataset, **gone))
    reconcile(stocked, "test")
    assert [one.state for one in of(stocked, city.FLOW)] == [State.WITHDRAWN]
    assert of(stocked, city.HOSPITALS) == []


def test_a_ticket_that_a_person_closed_ends_what_came_for_nobody(stocked: Ground, tmp_path: Path) -> None:
    path = city.flow_file(tmp_path / "张三的文件.csv", [city.line(1)])
    land(stocked, "jinshui/张三的文件.csv", path, channel="folder", arrived_at=stocked.now(), actor="t")
    found = reconcile(stocked, "test")
    (stray,) = [one for one in found.differences if one.state is State.UNCATALOGUED]
    assert "张三" not in repr(stray), "a file's name is its sender's own words"
    (ticket,) = tickets.listing(stocked)
    with write(stocked.engine) as connection:
        table = tables.ticket
        connection.execute(table.update().where(table.c.number == ticket.number).values(closed_at=stocked.now()))
    assert "uncatalogued" not in reconcile(stocked, "test").counts


def test_what_a_refused_or_blocked_delivery_brought_is_still_undelivered(stocked: Ground, tmp_path: Path) -> None:
    (tmp_path / "wrong.csv").write_text("甲,乙\n1,2\n")
    assert ingest(stocked, city.FLOW, tmp_path / "wrong.csv", actor="test").state == "refused"
    reconcile(stocked, "test")
    (one,) = of(stocked, city.FLOW)
    assert (one.state, one.detail) == (State.UNDELIVERED, {"deliveries": 1})


def test_the_columns_compared_are_those_of_the_contract_that_published(stocked: Ground, tmp_path: Path) -> None:
    deliver(stocked, tmp_path / "a.csv")
    with read(stocked.engine) as connection:
        columns = held(connection)[city.FLOW].columns
    promised = contract(stocked.engine, city.FLOW).columns
    assert columns == tuple((one.name, one.type) for one in promised)


def test_the_daily_task_compares_by_itself(stocked: Ground) -> None:
    with environment(stocked.environ):
        counts = compare_task()
    assert counts == dict(latest(stocked.engine).counts)
    assert set(counts) == {"undelivered"}


def test_the_command_compares_keeps_and_shows_in_both_languages(stocked: Ground) -> None:
    told = run_hub(stocked.environ, "catalog", "compare", "--unit", "jinshui", "--json")
    assert told.status == 0, told.err
    shown = told.document["differences"]
    assert {one["unit"] for one in shown} == {"jinshui"}
    assert all(one["said"]["zh"] and one["remedy"]["en"] and one["turn"] == "provider" for one in shown)
    again = run_hub({**stocked.environ, "HUB_LANG": "zh"}, "catalog", "compare", "--kept", "--state", "undelivered")
    assert again.status == 0, again.err
    assert "已编目未归集" in again.out
    assert "由谁办理" in again.out
    assert run_hub(stocked.environ, "catalog", "compare", "--kept", "--state", "late").out.startswith("compared at ")


def test_a_stranger_is_shown_nothing_and_compares_nothing(tmp_path: Path) -> None:
    shutil.copytree(sample_city(), tmp_path / "city")
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_CITY_DIR": str(tmp_path / "city"), "HUB_LANG": "en"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        city.stock(ground)
        assert run_hub(environ, "catalog", "compare").err.startswith("PERSON_UNKNOWN: ")
        assert latest(ground.engine).at is None
        issue_key(ground, "reviewer_authority", "test")
        key = issue_key(ground, "officer_jinshui", "test")
        assert run_hub({**environ, "HUB_API_KEY": key}, "catalog", "compare").status == 0
        assert latest(ground.engine).at is not None
