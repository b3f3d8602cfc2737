"""Drawing from a database: everything once, exactly, whatever is committed late and wherever it is killed."""

import shutil
import signal
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from lake_city import stock
from warm import Warm

from infra.errors import HubError
from infra.ground import Ground, open_ground, sample_city
from lake.arrival.pull import Pulled, pull
from lake.arrival.pull_values import text
from lake.landing.delivery import find
from lake.landing.landing import open_landed

FLOW = "jinshui.traffic.road_flow"
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
RULE = """
pulls:
  - {{dataset: {dataset}, connection: FLOW, table: flow, watermark: at, overlap: {overlap}, rows: {rows}}}
"""


@dataclass
class Source:
    ground: Ground
    engine: sa.Engine
    city: Path

    def put(self, *rows: tuple[object, ...]) -> None:
        with self.engine.begin() as connection:
            for row in rows:
                values = dict(zip(("id", "at", "amount", "word"), row, strict=True))
                connection.execute(sa.text("INSERT INTO flow VALUES (:id, :at, :amount, :word)"), values)

    def rule(self, overlap: int = 0, rows: int = 1000) -> None:
        (self.city / "arrivals.yaml").write_text(RULE.format(dataset=FLOW, overlap=overlap, rows=rows))

    def pull(self) -> Pulled:
        return pull(self.ground, FLOW, actor="test", now=NOW)

    def drawn(self, tmp_path: Path, done: Pulled) -> list[dict[str, str | None]]:
        assert done.delivery is not None
        rows: list[dict[str, str | None]] = pq.read_table(open_landed(self.ground, done.delivery, tmp_path)).to_pylist()
        return rows


def mariadb() -> str:
    url = "mysql+pymysql://root@127.0.0.1:3306/"
    try:
        with sa.create_engine(url, connect_args={"connect_timeout": 2}).connect():
            return url
    except sa.exc.OperationalError:
        pytest.skip("no MariaDB answers at 127.0.0.1:3306")


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    name = f"hubpull{uuid.uuid4().hex[:10]}"
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'source.db'}"
    elif request.param == "postgresql":
        with request.getfixturevalue("postgres").database(name) as url:
            yield url
    else:
        root = sa.create_engine(mariadb(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with root.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        yield f"{mariadb()}{name}"
        with root.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")


@pytest.fixture
def source(address: str, tmp_path: Path) -> Iterator[Source]:
    city = tmp_path / "city"
    shutil.copytree(sample_city(), city)
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE flow (id INTEGER, at INTEGER, amount NUMERIC(30, 10), word VARCHAR(50))"
            if engine.dialect.name != "sqlite"
            else "CREATE TABLE flow (id INTEGER, at INTEGER, amount TEXT, word TEXT)"
        )
    environ = {
        "HUB_HOME": str(tmp_path / "home"),
        "HUB_DEMO": "1",
        "HUB_CITY_DIR": str(city),
        "HUB_PULL_FLOW": engine.url.render_as_string(hide_password=False),
    }
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        stock(ground)
        made = Source(ground, engine, city)
        made.rule()
        yield made
    engine.dispose()


def test_all_once_and_exactly(source: Source, tmp_path: Path) -> None:
    exact = "12345678901234567890.0123456789"
    source.put(
        (1, 10, exact, ""), (2, 10, "1.0000000000", None), (3, 11, None, '郑州,\n"x"'), (4, None, None, "no mark")
    )
    first = source.pull()
    assert first.delivery is not None
    assert (first.rows, first.delivery.channel, first.delivery.dataset) == (3, "pull", FLOW)
    rows = sorted(source.drawn(tmp_path, first), key=lambda row: str(row["id"]))
    assert [row["word"] for row in rows] == ["", None, '郑州,\n"x"']
    assert rows[0]["amount"] == exact
    again = source.pull()
    assert (again.delivery, again.rows) == (None, 0)


def test_a_late_row_of_the_same_watermark_is_not_lost_and_none_is_doubled(source: Source, tmp_path: Path) -> None:
    source.put((1, 10, None, "a"), (2, 11, None, "b"))
    assert source.pull().rows == 2
    source.put((3, 11, None, "late"), (4, 12, None, "next"))
    done = source.pull()
    assert sorted(str(row["id"]) for row in source.drawn(tmp_path, done)) == ["3", "4"]
    source.rule(overlap=5)
    source.put((5, 9, None, "later"), (6, 13, None, "x"))
    source.pull()
    source.put((7, 9, None, "within the overlap"))
    done = source.pull()
    assert [row["id"] for row in source.drawn(tmp_path, done)] == ["7"]


def test_a_bound_of_rows_goes_on_where_it_ended_even_among_equals(source: Source) -> None:
    source.rule(rows=4)
    source.put(*((number, 10, None, str(number)) for number in range(10)))
    done = [source.pull() for _ in range(4)]
    assert [one.rows for one in done] == [4, 4, 2, 0]
    assert [one.more for one in done] == [True, True, False, False]
    assert len({one.delivery.id for one in done if one.delivery}) == 3


def test_killed_anywhere_nothing_is_lost_and_nothing_doubled(source: Source, warm: Warm, tmp_path: Path) -> None:
    """The whole count of points is taken first; then one at each fifth of the way."""
    tally = tmp_path / "points"
    environ = {**source.ground.environ, "HUB_CLOCK": NOW.isoformat()}
    taken: list[str] = []

    def run(deadly: int) -> int:
        return warm.run("kill_points:pull_once", environ=environ, dataset=FLOW, deadly=deadly, tally=str(tally))

    def gather() -> None:
        source.pull()
        with source.ground.engine.connect() as connection:
            ids = connection.execute(sa.text("SELECT id FROM lake_delivery ORDER BY number")).scalars().all()
        taken[:] = [
            str(row["id"])
            for one in ids
            for row in pq.read_table(open_landed(source.ground, find(source.ground, one), tmp_path)).to_pylist()
        ]

    source.put((-1, -1, None, "x"))
    source.pull()
    source.put((0, 0, None, "x"))
    assert run(0) == 0
    points = len(tally.read_text(encoding="utf-8").splitlines())
    rounds = 3 if source.engine.dialect.name != "sqlite" else 5
    for number in range(1, rounds + 1):
        source.put((number, number, None, "x"), (number + 100, number, None, "y"))
        assert run(points * number // rounds - 2) == -signal.SIGKILL
        gather()
        assert sorted(taken) == sorted(map(str, [-1, 0, *range(1, number + 1), *range(101, number + 101)]))


def test_no_sentence_holds_the_address_or_the_password(tmp_path: Path) -> None:
    city = tmp_path / "city"
    shutil.copytree(sample_city(), city)
    (city / "arrivals.yaml").write_text(RULE.format(dataset=FLOW, overlap=0, rows=10))
    base = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_CITY_DIR": str(city)}
    wrong = {
        "": "PULL_ADDRESS",
        "nonsense://u:s3cret@h/db": "PULL_ADDRESS",
        "postgresql+psycopg://u:s3cret@127.0.0.1:1/db": "PULL_UNREACHABLE",
        "mysql+pymysql://u:s3cret@127.0.0.1:1/db": "PULL_UNREACHABLE",
        f"sqlite:///{tmp_path}/s3cret.db": "PULL_UNREACHABLE",
    }
    with open_ground(base, create=True) as ground:
        ground.prepare()
        stock(ground)
    for url, code in wrong.items():
        with open_ground({**base, "HUB_PULL_FLOW": url}) as ground, pytest.raises(HubError) as caught:
            pull(ground, FLOW, actor="test", now=NOW)
        assert caught.value.code == code
        assert "s3cret" not in caught.value.sentence("en") + caught.value.sentence("zh")


def test_instants_and_bytes_are_texts_that_say_the_same() -> None:
    assert text(datetime(2026, 6, 1, 8, tzinfo=UTC)) == "2026-06-01T08:00:00+00:00"
    assert text(datetime(2026, 6, 1, 8)) == "2026-06-01 08:00:00"  # noqa: DTZ001 - a source without offsets
    assert (text(b"\x00\xff"), text(True), text(1e16), text(None), text("")) == ("00FF", "true", "1e+16", None, "")
