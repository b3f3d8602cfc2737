import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.errors import WrongUse
from infra.ground import Ground, migrations, open_ground, sample_city
from infra.ledger import Act, NewEntry


def test_home_is_given_named_searched_or_here(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    ground = open_ground({}, deep)
    assert (ground.home, ground.found) == (deep / ".cityhub", "default")
    assert not ground.home.exists()
    (tmp_path / ".cityhub").mkdir()
    ground = open_ground({}, deep)
    assert (ground.home, ground.found) == (tmp_path / ".cityhub", "search")
    ground = open_ground({"HUB_HOME": "elsewhere"}, deep)
    assert (ground.home, ground.found) == (deep / "elsewhere", "HUB_HOME")
    ground = open_ground({"HUB_HOME": "elsewhere"}, deep, home=tmp_path / "given")
    assert (ground.home, ground.found) == (tmp_path / "given", "argument")


def test_opening_touches_nothing_and_create_makes_a_home_for_its_owner(tmp_path: Path) -> None:
    open_ground({}, tmp_path)
    assert list(tmp_path.iterdir()) == []
    ground = open_ground({}, tmp_path, create=True)
    assert ground.home.stat().st_mode & 0o777 == 0o700
    assert list(ground.home.iterdir()) == []


def test_a_missing_home_is_one_error(tmp_path: Path) -> None:
    ground = open_ground({}, tmp_path)
    for use in (lambda: ground.engine, lambda: ground.keys, lambda: ground.scratch().__enter__()):
        with pytest.raises(WrongUse) as caught:
            use()
        assert caught.value.code == "HOME_MISSING"


def test_the_city_is_named_or_the_sample(tmp_path: Path) -> None:
    assert open_ground({}, tmp_path).city == sample_city()
    assert open_ground({"HUB_CITY_DIR": str(tmp_path)}, tmp_path).city == tmp_path
    assert sample_city().name == "zhengzhou"


def test_everything_stays_under_home(ground: Ground, tmp_path: Path) -> None:
    ground.store.put_bytes("x", b"1")
    ground.keys.current("seal")
    with ground.scratch() as scratch:
        assert scratch.is_relative_to(ground.home)
        assert scratch.stat().st_mode & 0o777 == 0o700
        (scratch / "deep").mkdir()
        (scratch / "deep" / "file").write_bytes(b"1")
    assert not scratch.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_the_clock_is_utc_and_the_demos_starts_where_it_is_told(tmp_path: Path) -> None:
    now = open_ground({}, tmp_path).now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=60)
    start = datetime(2026, 2, 12, 1, tzinfo=UTC)
    demo = open_ground({"HUB_DEMO": "1", "HUB_CLOCK": "2026-02-12T09:00:00+08:00"}, tmp_path)
    assert start <= demo.now() < start + timedelta(seconds=60)
    assert demo.now() <= demo.now()


@pytest.mark.parametrize(
    "environ",
    [
        {"HUB_CLOCK": "2026-02-12T09:00:00+08:00"},
        {"HUB_DEMO": "1", "HUB_CLOCK": "2026-02-12T09:00:00"},
        {"HUB_DEMO": "1", "HUB_CLOCK": "soon"},
    ],
)
def test_a_clock_that_is_not_the_demos_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(WrongUse) as caught:
        open_ground(environ, tmp_path)
    assert caught.value.code == "SETTING_WRONG"


def test_a_home_that_began_as_a_demo_stays_one(tmp_path: Path) -> None:
    with open_ground({"HUB_DEMO": "1"}, tmp_path, create=True) as ground:
        ground.prepare()
    assert open_ground({}, tmp_path).demo


def test_demo_mode_does_not_open_a_real_home(tmp_path: Path) -> None:
    with open_ground({}, tmp_path, create=True) as ground:
        ground.prepare()
        ground.keys.current("seal")
    assert not open_ground({}, tmp_path).demo
    with pytest.raises(WrongUse) as caught:
        open_ground({"HUB_DEMO": "1"}, tmp_path)
    assert caught.value.code == "HOME_NOT_DEMO"


def test_demo_mode_does_not_open_a_real_database_from_a_fresh_home(tmp_path: Path) -> None:
    database = {"HUB_DATABASE": f"sqlite:///{tmp_path / 'real.db'}"}
    with open_ground({**database, "HUB_HOME": str(tmp_path / "real")}, tmp_path, create=True) as ground:
        ground.prepare()
        ground.ledger.append([NewEntry(Act.TABLE_READ, "somebody", "city")])
    with open_ground({**database, "HUB_HOME": str(tmp_path / "new"), "HUB_DEMO": "1"}, tmp_path, create=True) as demo:
        for use in (lambda: demo.engine, demo.prepare, lambda: demo.ledger):
            with pytest.raises(WrongUse) as caught:
                use()
            assert caught.value.code == "HOME_NOT_DEMO"


def test_the_tables_are_what_the_migrations_make(ground: Ground) -> None:
    """Each package's `tables.py` and its migrations tell the same story, on the database itself."""
    import importlib

    import sqlalchemy as sa

    found = sa.inspect(ground.engine)
    compared = 0
    for package, folder in migrations():
        if not (folder.parent / "tables.py").exists():
            continue
        module = importlib.import_module(f"{package}.tables")
        declared = {id(value): value for value in vars(module).values() if isinstance(value, sa.Table)}
        for table in declared.values():
            columns = {column["name"]: column for column in found.get_columns(table.name)}
            assert set(columns) == set(table.columns.keys()), table.name
            keys = found.get_pk_constraint(table.name)["constrained_columns"]
            assert set(keys) == set(table.primary_key.columns.keys()), table.name
            for column in table.columns:
                assert columns[column.name]["nullable"] == column.nullable, f"{table.name}.{column.name}"
            compared += 1
    assert compared


def test_opening_loads_no_heavy_library(tmp_path: Path) -> None:
    script = (
        "import sys; from infra.ground import open_ground; import infra.console; open_ground({});"
        "print([m for m in ('sqlalchemy','alembic','cryptography','minio','duckdb','rich','pyarrow','yaml')"
        " if m in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"


def test_a_demo_opens_no_store_of_real_data_and_real_data_goes_into_no_demo_s(tmp_path: Path) -> None:
    def prepared(home: str, store: str, **more: str) -> None:
        environ = {"HUB_HOME": str(tmp_path / home), "HUB_STORE": f"file:{tmp_path / store}", **more}
        with open_ground(environ, create=True) as ground:
            ground.prepare()
            ground.prepare()

    prepared("real", "one")
    with pytest.raises(WrongUse) as caught:
        prepared("a-demo", "one", HUB_DEMO="1")
    assert caught.value.code == "HOME_NOT_DEMO"
    prepared("b-demo", "two", HUB_DEMO="1")
    with pytest.raises(WrongUse) as caught:
        prepared("other", "two")
    assert caught.value.code == "STORE_OF_DEMO"
    (tmp_path / "three/landing").mkdir(parents=True)
    (tmp_path / "three/landing/x").write_bytes(b"of nobody knows whom")
    with pytest.raises(WrongUse) as caught:
        prepared("c-demo", "three", HUB_DEMO="1")
    assert caught.value.code == "HOME_NOT_DEMO"
