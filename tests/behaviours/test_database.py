"""What the governance database promises, over SQLite and over a real PostgreSQL."""

import contextlib
import multiprocessing
import threading
import traceback
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from infra.database import UtcDateTime, lock, open_engine, read, write
from infra.errors import Unavailable
from infra.ground import Ground, migrations, open_ground
from infra.migrate import migrate, version

METADATA = sa.MetaData()
COUNTER = sa.Table(
    "test_counter",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("at", UtcDateTime),
)
CHILD = sa.Table(
    "test_child", METADATA, sa.Column("id", sa.Integer, primary_key=True), sa.Column("of", sa.ForeignKey(COUNTER.c.id))
)


@pytest.fixture
def engine(city_ground: Ground) -> sa.Engine:
    with write(city_ground.engine) as connection:
        METADATA.create_all(connection)
        connection.execute(COUNTER.insert().values(id=1, n=0))
    return city_ground.engine


def value(engine: sa.Engine) -> int:
    with read(engine) as connection:
        return int(connection.execute(sa.select(COUNTER.c.n)).scalar_one())


def add_one(engine: sa.Engine) -> None:
    with write(engine) as connection:
        lock(connection, "counter")
        n = connection.execute(sa.select(COUNTER.c.n)).scalar_one()
        connection.execute(COUNTER.update().values(n=n + 1))


def add_many(environ: dict[str, str], times: int) -> None:
    with open_ground(environ) as ground:
        for _ in range(times):
            add_one(ground.engine)


def prepare_and_tell(environ: dict[str, str]) -> dict[str, str | None]:
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        return {package: version(ground.engine, package.replace(".", "_")) for package, _ in migrations()}


def test_a_write_is_all_or_nothing(engine: sa.Engine) -> None:
    with contextlib.suppress(ZeroDivisionError), write(engine) as connection:
        connection.execute(COUNTER.update().values(n=1 / 0))
    with contextlib.suppress(sa.exc.SQLAlchemyError), write(engine) as connection:
        connection.execute(COUNTER.update().values(n=7))
        connection.execute(COUNTER.insert().values(id=1, n=8))
    assert value(engine) == 0
    add_one(engine)
    assert value(engine) == 1


def test_a_read_is_one_snapshot_and_changes_nothing(engine: sa.Engine) -> None:
    with read(engine) as connection:
        before = connection.execute(sa.select(COUNTER.c.n)).scalar_one()
        add_one(engine)
        assert connection.execute(sa.select(COUNTER.c.n)).scalar_one() == before
    assert value(engine) == 1


def test_what_a_read_writes_is_gone(engine: sa.Engine) -> None:
    refused = (Unavailable, sa.exc.SQLAlchemyError)  # PostgreSQL says no, SQLite forgets
    with contextlib.suppress(*refused), read(engine) as connection:
        connection.execute(COUNTER.update().values(n=9))
    assert value(engine) == 0


def test_threads_lose_no_update(engine: sa.Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: add_one(engine), range(48)))
    assert value(engine) == 48


def test_processes_lose_no_update(engine: sa.Engine, city_environ: dict[str, str]) -> None:
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in [pool.submit(add_many, city_environ, 10) for _ in range(4)]:
            done.result(timeout=120)
    assert value(engine) == 40


def test_waiting_for_a_lock_has_a_limit(engine: sa.Engine, city_ground: Ground) -> None:
    url = city_ground.engine.url.render_as_string(hide_password=False)
    impatient = open_engine(url, busy_seconds=0.3)
    with write(engine) as connection:
        lock(connection, "counter")
        connection.execute(COUNTER.update().values(n=5))
        with pytest.raises(Unavailable) as caught:
            add_one(impatient)
    impatient.dispose()
    assert caught.value.code == "DATABASE_BUSY"
    assert value(engine) == 5


def test_foreign_keys_hold(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.IntegrityError), write(engine) as connection:
        connection.execute(CHILD.insert().values(id=1, of=404))


def test_an_error_shows_no_value(engine: sa.Engine) -> None:
    for more in ({"id": 11, "n": "410105199001012345"}, {"id": 12, "n": 1}, {"id": 13, "n": None}):
        with contextlib.suppress(sa.exc.SQLAlchemyError), write(engine) as connection:
            connection.execute(sa.text("CREATE UNIQUE INDEX IF NOT EXISTS test_once ON test_counter (n)"))
            connection.execute(sa.text("INSERT INTO test_counter (id, n) VALUES (10, 1)"))
        insert = sa.text("INSERT INTO test_counter (id, n) VALUES (:id, :n)")
        with pytest.raises(sa.exc.SQLAlchemyError) as caught, write(engine) as connection:
            connection.execute(insert, {**more, "id": 10} if more["id"] == 11 else more)
        chain = "".join(traceback.format_exception(caught.value))
        said = "\n".join(line for line in chain.splitlines() if not line.startswith(" "))
        assert "410105199001012345" not in said
        assert "(1)" not in said


def test_instants_come_back_aware_in_utc_and_in_order(engine: sa.Engine) -> None:
    shanghai = timezone(timedelta(hours=8))
    instants = [datetime(2026, 1, 1, 7, 59, 59, 999999, shanghai), datetime(2026, 1, 1, tzinfo=UTC)]
    with write(engine) as connection:
        for n, instant in enumerate(instants, start=2):
            connection.execute(COUNTER.insert().values(id=n, n=0, at=instant))
    with read(engine) as connection:
        later = sa.select(COUNTER.c.at).where(COUNTER.c.at >= instants[0]).order_by(COUNTER.c.at)
        found = connection.execute(later).scalars().all()
    assert found == instants
    assert all(instant.utcoffset() == timedelta(0) for instant in found)


def test_an_instant_without_zone_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.StatementError, match="time zone"), write(engine) as connection:
        connection.execute(COUNTER.update().values(at=datetime(2026, 1, 1)))  # noqa: DTZ001 - that is the point


def test_many_processes_prepare_at_once(bare_environ: dict[str, str]) -> None:
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        told = [done.result(timeout=120) for done in [pool.submit(prepare_and_tell, bare_environ) for _ in range(4)]]
    assert told[0]["infra"] is not None
    assert all(versions == told[0] for versions in told)


def test_preparing_again_changes_nothing(city_ground: Ground, city_environ: dict[str, str]) -> None:
    assert prepare_and_tell(city_environ) == prepare_and_tell(city_environ)


STEP = """
import sqlalchemy as sa
from alembic import op
revision = "{revision}"
down_revision = {down}
def upgrade():
    op.create_table("test_{revision}", sa.Column("id", sa.Integer))
    {more}
"""


def write_steps(folder: Path, *steps: tuple[str, str]) -> Path:
    (folder / "versions").mkdir(exist_ok=True, parents=True)
    down = None
    for revision, more in steps:
        text = STEP.format(revision=revision, down=f'"{down}"' if down else None, more=more)
        (folder / "versions" / f"{revision}.py").write_text(text)
        down = revision
    return folder


def test_a_failed_migration_leaves_nothing_behind(city_ground: Ground, tmp_path: Path) -> None:
    engine = city_ground.engine
    folder = write_steps(tmp_path / "m", ("a", ""), ("b", "op.execute('SELECT * FROM there_is_none')"))
    with pytest.raises(Unavailable) as caught:
        migrate(engine, "probe", folder)
    assert caught.value.code in ("DATABASE_MIGRATION", "DATABASE_FAILED")
    with read(engine) as connection:
        assert not [name for name in sa.inspect(connection).get_table_names() if name.startswith("test_")]
    write_steps(tmp_path / "m", ("a", ""), ("b", ""))
    migrate(engine, "probe", folder)
    assert version(engine, "probe") == "b"


def test_a_database_of_a_newer_program_is_not_touched(city_ground: Ground, tmp_path: Path) -> None:
    migrate(city_ground.engine, "probe", write_steps(tmp_path / "new", ("a", ""), ("b", "")))
    with pytest.raises(Unavailable) as caught:
        migrate(city_ground.engine, "probe", write_steps(tmp_path / "old", ("a", "")))
    assert caught.value.code == "DATABASE_TOO_NEW"


def test_an_unreachable_database_is_one_sentence_without_the_password(tmp_path: Path) -> None:
    for url, code in (
        ("postgresql://hub:s3cretword@127.0.0.1:1/x", "DATABASE_UNREACHABLE"),
        (f"sqlite:///{tmp_path}/absent/s3cretword.db", "DATABASE_DENIED"),
    ):
        engine = open_engine(url)
        with pytest.raises(Unavailable) as caught, read(engine) as connection:
            connection.execute(sa.text("SELECT 1"))
        engine.dispose()
        assert caught.value.code == code
        assert "s3cretword" not in caught.value.sentence("en") + caught.value.sentence("zh")


def test_a_database_that_may_not_be_written_says_so(ground: Ground) -> None:
    with pytest.raises(Unavailable) as caught, write(ground.engine) as connection:
        connection.exec_driver_sql("PRAGMA query_only = 1")  # what a disk that is mounted read-only answers
        METADATA.create_all(connection)
    ground.engine.dispose()
    assert caught.value.code == "DATABASE_DENIED"
    assert "read-only" in caught.value.sentence("en")


def test_readers_go_on_while_one_writes(engine: sa.Engine) -> None:
    seen: list[int] = []
    with write(engine) as connection:
        connection.execute(COUNTER.update().values(n=5))
        reader = threading.Thread(target=lambda: seen.append(value(engine)))
        reader.start()
        reader.join(timeout=20)
    assert seen == [0]
