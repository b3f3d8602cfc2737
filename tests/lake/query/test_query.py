"""The guarded question: what it answers, what it hides, what it refuses, and what it leaves behind."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalogs.people.people import people, person
from catalogs.register import register_city
from catalogs.values.model import Person
from infra.errors import HubError, Refused, WrongUse
from infra.ground import Ground, open_ground
from lake.query.query import Asked, query
from lake.store.delta import Commit, DataFile, Tables, curated_key

FLOW, VISITS, BUS = "jinshui.traffic.road_flow", "zhongyuan.health.visits", "guancheng.traffic.bus_gps"
SECRET = "P-canary-7781"
START = datetime(2026, 3, 1, tzinfo=UTC)


def publish(ground: Ground, dataset: str, table: pa.Table, number: int) -> int:
    """Commit `table` as one file of `dataset`."""
    tables, key = Tables(ground.store), curated_key(dataset)
    base = tables.ensure(key, table.schema, dataset)
    path = ground.home / f"{number}.parquet"
    pq.write_table(table, path)
    ground.store.put_file(f"{key}/{number}.parquet", path)
    file = DataFile(f"{number}.parquet", path.stat().st_size, table.num_rows)
    path.unlink()
    return tables.commit(key, Commit((file,), "append", f"t{number}", base, {}, START + timedelta(hours=number)))


def flow(first: int, count: int) -> pa.Table:
    rows = range(first, first + count)
    return pa.table(
        {
            "road_name": pa.array([f"road {i % 3}" for i in rows]),
            "observed_at": pa.array([START + timedelta(minutes=i) for i in rows], pa.timestamp("us", "UTC")),
            "_delivery": pa.array([first + 1 for _ in rows], pa.int64()),
            "_line": pa.array([i + 2 for i in rows], pa.int64()),
        }
    )


def visits() -> pa.Table:
    return pa.table(
        {
            "visit_id": [f"v{i}" for i in range(4)],
            "person_key": ["a", "b", SECRET, "d"],
            "age": pa.array([30, 40, 50, 60], pa.int64()),
            "diagnosis_group": ["x", "x", SECRET, "y"],
            "_delivery": pa.array([1] * 4, pa.int64()),
            "_line": pa.array([2, 3, 4, 5], pa.int64()),
        }
    )


@pytest.fixture
def lake(city_ground: Ground) -> Ground:
    fill(city_ground)
    return city_ground


@pytest.fixture(scope="module")
def folder_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A filled lake on a folder, which its tests only read."""
    environ = {"HUB_HOME": str(tmp_path_factory.mktemp("lake") / "home"), "HUB_DEMO": "1"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        fill(ground)
        with ground.scratch():
            pass  # its place is made now, so that a test finds the same whichever comes first
        yield ground


def fill(ground: Ground) -> None:
    register_city(ground, ground.city, "test")
    resource_columns = flow(0, 10)
    publish(ground, FLOW, resource_columns, 1)
    publish(ground, FLOW, flow(10, 5), 2)
    publish(ground, VISITS, visits(), 3)


def engineer(ground: Ground) -> Person:
    return person(ground.engine, "engineer_li")


def officer(ground: Ground) -> Person:
    return person(ground.engine, "officer_zhongyuan")


def test_it_answers_from_the_published_table(lake: Ground) -> None:
    result = query(lake, engineer(lake), "SELECT count(*) AS n, min(_line) AS first FROM jinshui.traffic_road_flow")
    assert result.columns == ("n", "first")
    assert result.rows.to_pylist() == [{"n": 15, "first": 2}]
    assert result.versions == {FLOW: 2}


def test_hidden_columns_are_empty_and_cannot_be_probed(lake: Ground) -> None:
    reader = engineer(lake)
    shown = query(lake, reader, "SELECT * FROM zhongyuan.health_visits")
    assert SECRET not in str(shown.rows.to_pylist())
    assert f"{VISITS}/person_key" in shown.masked
    for probe in (
        f"SELECT count(*) AS n FROM zhongyuan.health_visits WHERE person_key = '{SECRET}'",
        "SELECT count(DISTINCT person_key) AS n FROM zhongyuan.health_visits",
        "SELECT count(*) AS n FROM zhongyuan.health_visits v WHERE v.age > 35",
        (
            "SELECT count(*) AS n FROM (SUMMARIZE zhongyuan.health_visits) WHERE max LIKE 'P-%' OR approx_unique > 1 "
            "AND column_name NOT IN ('_delivery', '_line')"
        ),
        "SELECT count(max(diagnosis_group)) OVER () AS n FROM zhongyuan.health_visits",
    ):
        assert query(lake, reader, probe).rows.to_pylist() == [{"n": 0}], probe


def test_no_name_of_the_engines_own_reaches_what_the_views_hide(lake: Ground) -> None:
    for name in ("source_0", "source/0"):
        defined = f'(WITH "{name}" AS (SELECT 1 AS x) SELECT count(*) FROM "{name}") AS a'
        viewed = "(SELECT count(*) FROM zhongyuan.health_visits) AS b"
        with pytest.raises(WrongUse, match=r"QUERY_WRONG|QUERY_TABLE"):
            query(lake, engineer(lake), f'SELECT s.* FROM "{name}" AS s, {defined}, {viewed}')


def test_the_providers_officer_sees_what_others_do_not(lake: Ground) -> None:
    asked = Asked(
        "SELECT person_key FROM zhongyuan.health_visits ORDER BY age LIMIT 1 OFFSET 2", purpose="public_health"
    )
    result = query(lake, officer(lake), asked)
    assert result.rows.to_pylist() == [{"person_key": SECRET}]
    assert result.masked == ()


def test_children_s_data_is_empty_to_everybody_while_approvals_have_no_register(lake: Ground) -> None:
    row = {"name": [SECRET], "id_card": [SECRET], "_delivery": pa.array([1]), "_line": pa.array([2])}
    publish(lake, "erqi.education.pupils", pa.table(row), 4)
    for someone in people(lake.engine):
        for purpose in (None, "school_rolls"):
            try:
                asked = Asked("SELECT name, id_card FROM erqi.education_pupils", purpose=purpose)
                assert query(lake, someone, asked).rows.to_pylist() == [{"name": None, "id_card": None}], someone.id
            except Refused as refused:
                assert refused.code == "QUERY_DENIED"


def test_the_read_is_in_the_ledger_without_its_text(lake: Ground) -> None:
    sql = f"SELECT age FROM zhongyuan.health_visits WHERE person_key = '{SECRET}'"
    result = query(lake, officer(lake), sql)
    assert result.ledger is not None
    entry = next(one for one in lake.ledger.entries(count=5) if one.number == result.ledger.number)
    stored = json.dumps(entry, default=str)
    assert SECRET not in stored
    assert "lake:table:read" in stored
    receipt_content = str(entry)
    assert "person_key" in receipt_content
    assert "visit_id" not in receipt_content


def test_no_row_leaves_when_the_ledger_cannot_take_the_read(lake: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def append(self, _entries: object) -> None:
            raise Refused("TEST", "坏", "broken")

    lake.__dict__["ledger"] = Broken()
    with pytest.raises(Refused, match="TEST"):
        query(lake, engineer(lake), "SELECT 1 FROM jinshui.traffic_road_flow")


def test_as_of_a_version_and_a_time(lake: Ground) -> None:
    count = "SELECT count(*) AS n FROM jinshui.traffic_road_flow"
    assert query(lake, engineer(lake), Asked(count, as_of=1)).rows.to_pylist() == [{"n": 10}]
    later = datetime.now(UTC) + timedelta(minutes=5)
    assert query(lake, engineer(lake), Asked(count, as_of=later)).rows.to_pylist() == [{"n": 15}]
    with pytest.raises(Refused, match="LAKE_TABLE_VERSION"):
        query(lake, engineer(lake), Asked(count, as_of=99))
    both = "SELECT 1 FROM jinshui.traffic_road_flow, zhongyuan.health_visits"
    with pytest.raises(WrongUse, match="QUERY_AS_OF"):
        query(lake, engineer(lake), Asked(both, as_of=1))


def test_the_city_view_unites_the_units(folder_lake: Ground) -> None:
    sql = "SELECT unit, count(*) AS n FROM city.traffic_road_flow GROUP BY ALL"
    assert query(folder_lake, engineer(folder_lake), sql).rows.to_pylist() == [{"unit": "jinshui", "n": 15}]


REFUSED = [
    ("SELECT 1; SELECT 2", "QUERY_NOT_ONE"),
    ("", "QUERY_NOT_ONE"),
    ("SELEC 1", "QUERY_SYNTAX"),
    ("COPY (SELECT 1) TO '{home}/x.csv'", "QUERY_NOT_SELECT"),
    ("EXPLAIN ANALYZE COPY (SELECT 1) TO '{home}/x.csv'", "QUERY_NOT_SELECT"),
    ("ATTACH '{home}/x.db'", "QUERY_NOT_SELECT"),
    ("EXPORT DATABASE '{home}/x'", "QUERY_NOT_SELECT"),
    ("INSTALL httpfs", "QUERY_NOT_SELECT"),
    ("LOAD httpfs", "QUERY_NOT_SELECT"),
    ("PRAGMA database_list", "QUERY_NOT_SELECT"),
    ("SET memory_limit = '100GB'", "QUERY_NOT_SELECT"),
    ("CALL pragma_version()", "QUERY_NOT_SELECT"),
    ("CREATE TABLE t AS SELECT 1", "QUERY_NOT_SELECT"),
    ("PREPARE p AS SELECT 1", "QUERY_NOT_SELECT"),
    ("SHOW TABLES", "QUERY_NOT_SELECT"),
    ("WITH w AS (COPY (SELECT 1) TO '{table}' (FORMAT parquet, USE_TMP_FILE false)) SELECT 1", "QUERY_NOT_SELECT"),
    ("WITH w AS (DELETE FROM jinshui.traffic_road_flow RETURNING *) SELECT * FROM w", "QUERY_NOT_SELECT"),
    ("WITH w AS (INSERT INTO a.b SELECT 1 RETURNING *) SELECT * FROM w", "QUERY_NOT_SELECT"),
    ("SELECT (WITH w AS (UPDATE a.b SET x = 1 RETURNING *) SELECT count(*) FROM w)", "QUERY_NOT_SELECT"),
    ("SELECT * FROM '{table}'", "QUERY_TABLE"),
    ('SELECT * FROM "{table}"', "QUERY_TABLE"),
    ("SELECT * FROM read_parquet('{table}')", "QUERY_FUNCTION"),
    ("SELECT * FROM parquet_scan('{table}')", "QUERY_FUNCTION"),
    ("SELECT * FROM parquet_metadata('{table}')", "QUERY_FUNCTION"),
    ("SELECT * FROM read_csv('/etc/passwd')", "QUERY_FUNCTION"),
    ("SELECT * FROM read_text('/etc/passwd')", "QUERY_FUNCTION"),
    ("SELECT * FROM glob('/*')", "QUERY_FUNCTION"),
    ("SELECT (SELECT content FROM read_blob('/etc/passwd'))", "QUERY_FUNCTION"),
    ("SELECT * FROM query('SELECT 1')", "QUERY_FUNCTION"),
    ("SELECT * FROM json_execute_serialized_sql('{{}}')", "QUERY_FUNCTION"),
    ("SELECT * FROM duckdb_views()", "QUERY_FUNCTION"),
    ("SELECT * FROM duckdb_settings()", "QUERY_FUNCTION"),
    ("SELECT getenv('HOME')", "QUERY_FUNCTION"),
    ("SELECT current_setting('allowed_paths')", "QUERY_FUNCTION"),
    ("SELECT pg_get_viewdef(1)", "QUERY_FUNCTION"),
    ("SELECT main.pg_get_viewdef(1)", "QUERY_FUNCTION"),
    ("SELECT sleep_ms(100000)", "QUERY_FUNCTION"),
    ("SELECT * FROM sqlite_master", "QUERY_TABLE"),
    ("SELECT * FROM information_schema.tables", "QUERY_UNKNOWN_TABLE"),
    ("SELECT * FROM main.sqlite_master", "QUERY_UNKNOWN_TABLE"),
    ("SELECT * FROM pg_catalog.pg_views", "QUERY_UNKNOWN_TABLE"),
    ("SELECT * FROM system.main.duckdb_views", "QUERY_TABLE"),
    ("WITH sqlite_master AS (SELECT 1) SELECT * FROM (SELECT * FROM sqlite_master)", "QUERY_TABLE"),
    ('WITH "{table}" AS (SELECT 1) SELECT * FROM "{table}"', "QUERY_TABLE"),
    ("SELECT * FROM jinshui.traffic.road_flow", "QUERY_TABLE"),
    ("SELECT * FROM traffic_road_flow", "QUERY_TABLE"),
    ("SELECT * FROM jinshui.no_such", "QUERY_UNKNOWN_TABLE"),
    ('SELECT * FROM jinshui."traffic_*"', "QUERY_UNKNOWN_TABLE"),
    ('SELECT * FROM jinshui."../x"', "QUERY_UNKNOWN_TABLE"),
    ("SELECT * FROM erqi.education_pupils", "QUERY_NO_DATA"),
    ("SELECT nothing_like_it FROM jinshui.traffic_road_flow", "QUERY_WRONG"),
    ("SELECT $1", "QUERY_SYNTAX"),
    ("SELECT * FROM jinshui.traffic_road_flow AT (VERSION => 1)", "QUERY_TABLE"),
]


@pytest.mark.parametrize(("sql", "code"), REFUSED, ids=[sql[:40] for sql, _ in REFUSED])
def test_what_is_refused(folder_lake: Ground, sql: str, code: str) -> None:
    stored = next(folder_lake.store.list(curated_key(FLOW)))
    table = folder_lake.store.local(stored.key)
    before = sorted(folder_lake.home.rglob("*"))
    with pytest.raises(HubError) as caught:
        query(folder_lake, engineer(folder_lake), sql.format(home=folder_lake.home, table=table))
    assert caught.value.code == code
    assert str(folder_lake.home) not in caught.value.sentence("en")
    assert [path for path in sorted(folder_lake.home.rglob("*")) if path not in before] == []


def test_even_past_the_guard_no_file_can_be_opened(folder_lake: Ground, tmp_path: Path) -> None:
    """The engine alone refuses, should a text ever slip through the guard."""
    from lake.query import guard
    from lake.query.child import connection, make_views
    from lake.query.engine import QuerySettings, job
    from lake.query.mask import Plan

    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    (tmp_path / "s").mkdir()
    asked = job(folder_lake, Plan({}), guard.check("SELECT 1"), tmp_path / "s", QuerySettings(), 1)
    with connection(asked) as engine:
        make_views(engine, asked)
        for sql in (
            f"SELECT * FROM '{outside}'",
            f"COPY (SELECT 1) TO '{tmp_path / 'x.csv'}'",
            f"ATTACH '{tmp_path / 'x.db'}'",
            "SET enable_external_access = true",
            "SET allowed_paths = ['/']",
            "INSTALL httpfs",
        ):
            with pytest.raises(Exception, match=r"(?i)permission|disabled|locked|not allowed|cannot"):
                engine.execute(sql)
    assert guard.check("SELECT 1").relations == ()
    assert not (tmp_path / "x.csv").exists()


def test_limits_on_rows_time_and_size(folder_lake: Ground) -> None:
    reader = engineer(folder_lake)
    cut = query(folder_lake, reader, Asked("SELECT * FROM jinshui.traffic_road_flow", limit=4))
    assert (cut.rows.num_rows, cut.truncated) == (4, True)
    whole = query(folder_lake, reader, Asked("SELECT * FROM jinshui.traffic_road_flow", limit=15))
    assert (whole.rows.num_rows, whole.truncated) == (15, False)
    endless = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < 0"
    with pytest.raises(Refused, match="QUERY_TIMEOUT"):
        query(folder_lake, reader, Asked(endless, timeout=0.5))
    with pytest.raises(Refused, match=r"QUERY_TOO_LARGE|QUERY_MEMORY"):
        query(folder_lake, reader, "SELECT repeat('x', 100000) FROM range(100000)")


def test_an_error_on_the_data_tells_no_value(lake: Ground) -> None:
    with pytest.raises(Refused) as caught:
        query(lake, officer(lake), "SELECT CAST(person_key AS INTEGER) FROM zhongyuan.health_visits")
    assert caught.value.code == "QUERY_FAILED"
    assert SECRET not in caught.value.sentence("zh")


def test_ordinary_questions_pass(folder_lake: Ground) -> None:
    reader = engineer(folder_lake)
    for sql in (
        "SELECT 1 AS one",
        "FROM jinshui.traffic_road_flow LIMIT 1",
        "DESCRIBE jinshui.traffic_road_flow",
        "SUMMARIZE jinshui.traffic_road_flow",
        "WITH a AS (SELECT road_name, count(*) n FROM jinshui.traffic_road_flow GROUP BY 1) FROM a ORDER BY n DESC",
        "SELECT * FROM range(3)",
        "SELECT row_number() OVER (PARTITION BY road_name ORDER BY observed_at) FROM JinShui.Traffic_Road_Flow",
        "SELECT observed_at::DATE AS day, list(road_name) FROM jinshui.traffic_road_flow GROUP BY ALL -- a comment",
        "(SELECT 1 AS x) UNION ALL SELECT 2",
        "SELECT unnest([1, 2, 3])",
        "SELECT pg_typeof(road_name) FROM jinshui.traffic_road_flow LIMIT 1",
    ):
        assert query(folder_lake, reader, sql).rows.num_rows > 0, sql


def test_every_function_that_is_not_pure_is_judged() -> None:
    """A new DuckDB may bring functions that tell or do more: each must be known here."""
    import duckdb

    from lake.query.guard import _DENIED_FAMILIES, DENIED

    harmless = {
        "current_connection_id", "current_database", "current_date", "current_query", "current_query_id",
        "current_schema", "current_schemas", "current_transaction_id", "error", "gen_random_uuid", "get_current_time",
        "get_current_timestamp", "now", "random", "today", "transaction_timestamp", "txid_current", "uuid", "uuidv4",
        "uuidv7",
    }  # fmt: skip
    rows = duckdb.connect().sql(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('scalar', 'macro', 'aggregate') "
        "AND (stability = 'VOLATILE' OR has_side_effects)"
    )
    unknown = {
        name
        for (name,) in rows.fetchall()
        if name not in harmless and name not in DENIED and not _DENIED_FAMILIES.match(name)
    }
    assert unknown == set()
