"""A push and a pull killed with SIGKILL at acts of input and output: nothing acknowledged is lost, nothing is doubled.

By default a seeded part of the points; all of them with HUB_TEST_WHOLE=1.
"""

import json
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from kill_site import WHOLE, chosen
from lake_city import FLOW, acts, deliveries, stock
from warm import Warm

from catalogs.people.people import issue_key
from infra.database import read
from infra.ground import Ground, open_ground, sample_city
from lake import tables
from lake.arrival.pull import pull
from lake.landing.delivery import find
from lake.landing.landing import open_landed

PART = 5
SEED = 20260601
MOST_MISSED = 6 if WHOLE else 1  # a lease that was renewed, a thread of the server more or less
LIMIT = 24 * 3600 if WHOLE else 280
Record = Callable[[str, object], None]


@pytest.fixture
def city(city_environ: dict[str, str], tmp_path: Path) -> Iterator[Ground]:
    folder = tmp_path / "city"
    shutil.copytree(sample_city(), folder)
    rule = f"{{dataset: {FLOW}, connection: FLOW, table: flow, watermark: at}}"
    (folder / "arrivals.yaml").write_text(f"pulls: [{rule}]\n")
    environ = {**city_environ, "HUB_CITY_DIR": str(folder), "HUB_PULL_FLOW": f"sqlite:///{tmp_path / 'source.db'}"}
    with open_ground({**environ, "HUB_PUSH_PORT": "0"}, create=True) as ground:
        ground.prepare()
        stock(ground)
        yield ground


def consistent(ground: Ground) -> None:
    """Every delivery has one object and one entry of its landing, and there are no others."""
    rows = deliveries(ground)
    assert sorted(one.key for one in ground.store.list("landing")) == sorted(row["object_key"] for row in rows)
    landed = [subject for act, subject in acts(ground) if act == "lake:delivery:landed"]
    assert sorted(landed) == sorted(row["id"] for row in rows)


@pytest.mark.slow
@pytest.mark.timeout(LIMIT)
def test_a_push_that_was_acknowledged_is_there_and_sent_again_it_is_the_same(
    city: Ground, warm: Warm, tmp_path: Path, record_property: Record
) -> None:
    key = issue_key(city, "officer_jinshui", "test")

    def push(number: int, deadly: int = 0, tally: Path | None = None) -> int:
        (tmp_path / f"{number}.csv").write_bytes(b"a\n%d\n" % number)
        call = {"file": str(tmp_path / f"{number}.csv"), "receipt": str(receipt(number))}
        die = (deadly, str(tally) if tally else None)
        return warm.run("kill_points:push_once", environ=city.environ, to=(FLOW, key), die=die, **call)

    def receipt(number: int) -> Path:
        return tmp_path / f"{number}.json"

    assert push(0) == 0  # what a city's first push makes is made
    assert push(1, tally=tmp_path / "points") == 0
    points, missed = chosen(tmp_path / "points", SEED, PART), 0
    for number, deadly in enumerate(points, 2):
        status = push(number, deadly)
        missed += status == 0
        assert status in (0, -signal.SIGKILL), (deadly, status)
        told = json.loads(receipt(number).read_text()) if receipt(number).exists() else None
        if told is not None:
            assert find(city, told["delivery"]).sha256 == told["sha256"], deadly
        assert push(number) == 0
        again = json.loads(receipt(number).read_text())
        assert told is None or again["delivery"] == told["delivery"], deadly
        content = open_landed(city, find(city, again["delivery"]), tmp_path).read_bytes()
        assert content == b"a\n%d\n" % number, deadly
        assert len(deliveries(city)) == number + 1, deadly
        consistent(city)
    with read(city.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.push)).scalar_one() == len(points) + 2
    assert missed <= MOST_MISSED
    record_property("figure", f"{len(points) - missed} killed")


@pytest.mark.slow
@pytest.mark.timeout(LIMIT)
def test_a_pull_killed_anywhere_draws_each_row_once(
    city: Ground, warm: Warm, tmp_path: Path, record_property: Record
) -> None:
    def put(number: int) -> None:
        with closing(sqlite3.connect(tmp_path / "source.db")) as source, source:
            source.execute("CREATE TABLE IF NOT EXISTS flow (id INTEGER, at INTEGER)")
            source.executemany("INSERT INTO flow VALUES (?, ?)", [(number, number), (number + 10_000, number)])

    def draw(deadly: int, tally: Path | None = None) -> int:
        tell = str(tally) if tally else None
        return warm.run("kill_points:pull_once", environ=city.environ, dataset=FLOW, deadly=deadly, tally=tell)

    put(0)
    assert draw(0) == 0
    put(1)
    assert draw(0, tmp_path / "points") == 0
    points, missed = chosen(tmp_path / "points", SEED, PART), 0
    for number, deadly in enumerate(points, 2):
        put(number)
        status = draw(deadly)
        missed += status == 0
        assert status in (0, -signal.SIGKILL), (deadly, status)
        pull(city, FLOW, actor="test", now=city.now())
        files = [open_landed(city, find(city, row["id"]), tmp_path) for row in deliveries(city)]
        drawn = sorted(int(row["id"]) for file in files for row in pq.read_table(file).to_pylist())
        assert drawn == sorted([*range(number + 1), *range(10_000, 10_001 + number)]), deadly
        consistent(city)
    assert missed <= MOST_MISSED
    record_property("figure", f"{len(points) - missed} killed")
