"""A purge and a backup while other processes deliver into the same dataset: neither disturbs the other."""

import signal
import time
from pathlib import Path

import lake_city as city
import pytest
from kill_points import PASSPHRASE
from lake_city import FLOW
from warm import Warm

from catalogs.people.people import person
from infra.ground import Ground, open_ground
from lake.backup.backup import make
from lake.backup.restore import Asked, restore
from lake.ingest import ingest, process
from lake.purge import purge, purging
from lake.store.delta import Tables, curated_key, quarantine_key
from lake.store.holdings import holding
from sharing.ending.purging import Extracts

EACH = 5  # deliveries of each of the two processes beside


@pytest.fixture
def lake(ground: Ground) -> Ground:
    return city.stock(ground)


def lines(number: int) -> list[str]:
    return [city.line(number * 20 + n) for n in range(10)] + [city.line(3000 + number, flow="x")]


def beside(warm: Warm, ground: Ground, folder: Path) -> list[int]:
    """Two processes that deliver."""
    parts = [
        [str(city.flow_file(folder / f"{who}-{n}.csv", lines(who * 50 + n))) for n in range(EACH)] for who in (1, 2)
    ]
    environ = {name: value for name, value in ground.environ.items() if name.startswith("HUB_")}
    return [warm.start("lake_city:deliver", environ=environ, files=files) for files in parts]


def under_way(ground: Ground) -> None:
    """Wait until both processes are at work."""
    deadline = time.monotonic() + 60
    while len(city.deliveries(ground)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_purge_beside_deliveries_takes_its_own_alone(lake: Ground, warm: Warm, tmp_path: Path) -> None:
    doomed = ingest(lake, FLOW, city.flow_file(tmp_path / "a.csv", lines(0)), actor="test").delivery
    one = purge.propose(lake, doomed, "illegal_collection", "2026-17", person(lake.engine, "engineer_li"))
    children = beside(warm, lake, tmp_path)
    under_way(lake)
    purge.approve(lake, one.id, person(lake.engine, "reviewer_authority"), Extracts())
    done = purging.carry_out(lake, one.id, Extracts())
    assert [warm.wait(child) for child in children] == [0, 0]
    tables = Tables(lake.store)
    for key in (curated_key(FLOW), quarantine_key(FLOW)):
        assert holding(lake, tables, key, done.numbers).files == {}
    assert len(city.curated(lake)) == 2 * EACH * 10
    city.balanced(lake)
    assert lake.ledger.verify().ok


@pytest.mark.parametrize("point", ["before commit", "after commit"])
def test_a_delivery_killed_half_way_is_purged_whole(lake: Ground, warm: Warm, tmp_path: Path, point: str) -> None:
    ingest(lake, FLOW, city.flow_file(tmp_path / "a.csv", lines(0)), actor="test")
    environ = {name: value for name, value in lake.environ.items() if name.startswith("HUB_")}
    call = {"environ": environ, "dataset": FLOW, "deadly": 0}
    tally = tmp_path / "points"
    other = str(city.flow_file(tmp_path / "b.csv", lines(1)))
    assert warm.run("kill_points:take_once", file=other, tally=str(tally), **call) == 0
    names = tally.read_text().splitlines()
    deadly = max(at for at, name in enumerate(names, 1) if name == point and at < names.index("before send"))
    half = str(city.flow_file(tmp_path / "c.csv", lines(2)))
    assert warm.run("kill_points:take_once", **{**call, "file": half, "deadly": deadly}) == -signal.SIGKILL
    row = city.deliveries(lake)[-1]
    assert row["state"] == "audited"
    one = purge.propose(lake, row["id"], "illegal_collection", "2026-17", person(lake.engine, "engineer_li"))
    purge.approve(lake, one.id, person(lake.engine, "reviewer_authority"), Extracts())
    done = purging.carry_out(lake, one.id, Extracts())
    tables = Tables(lake.store)
    for key in (curated_key(FLOW), quarantine_key(FLOW)):
        assert holding(lake, tables, key, done.numbers).files == {}
    assert ingest(lake, FLOW, city.flow_file(tmp_path / "d.csv", lines(3)), actor="test").state == "finished"
    assert len(city.curated(lake)) == 30
    city.balanced(lake)
    assert lake.ledger.verify().ok


def test_a_backup_beside_deliveries_is_one_moment(lake: Ground, warm: Warm, tmp_path: Path) -> None:
    ingest(lake, FLOW, city.flow_file(tmp_path / "a.csv", lines(0)), actor="test")
    children = beside(warm, lake, tmp_path)
    under_way(lake)
    make(lake, tmp_path / "backup", "test", PASSPHRASE)
    assert [warm.wait(child) for child in children] == [0, 0]
    environ = {"HUB_HOME": str(tmp_path / "new"), "HUB_LANG": "en"}
    restore(environ, Asked(tmp_path / "backup", tmp_path / "new", PASSPHRASE, None), Extracts())
    with open_ground(environ) as new:
        rows = city.deliveries(new)
        assert 1 <= len(rows) <= 1 + 2 * EACH
        for row in rows:  # what was on its way at that moment is finished from what was backed up
            assert process(new, row["id"]).state == "finished"
        city.balanced(new)
        numbers = {row["number"] for row in rows}
        assert {row["_delivery"] for row in city.curated(new) + city.quarantined(new)} == numbers
        assert new.ledger.verify().ok
        for file in sorted(tmp_path.glob("[12]-*.csv")):  # the rest arrives again
            assert ingest(new, FLOW, file, actor="test").state in ("finished", "repeated")
        assert len(city.curated(new)) == 10 + 2 * EACH * 10
        city.balanced(new)
