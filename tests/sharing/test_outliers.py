"""One value far out takes no memory for all between, and falls into no class of others."""

import tracemalloc
from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from measure_data import duck

from sharing.extract import dense, measure, produce
from sharing.plan import methods
from sharing.plan.methods import Dimension, Step
from sharing.plan.plan import Draft, Terms

MOST = 32 << 20
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
KINDS = {"number": pa.int64(), "time": pa.timestamp("us", "UTC")}


def stored(path, kind, values):
    """A file with one column `x` (two, `lng` and `lat`, for a place) and a person for each row."""
    who = pa.array([f"p{n}" for n in range(len(values))])
    if kind == "place":
        table = pa.table({"lng": pa.array(values, pa.float64()), "lat": pa.array(values, pa.float64()), "who": who})
    else:
        table = pa.table({"x": pa.array(values, KINDS[kind]), "who": who})
    pq.write_table(table, path)
    return Dimension("x", kind, ("lng", "lat") if kind == "place" else ("x",))


def counted(path, dimension, step):
    """The classes by SQL, and by arrays, or None where they say so."""
    draft = Draft("rows", "who", (dimension,), terms=Terms(k=1))
    source = produce.source([path])
    with duck() as connection:
        found = measure.settle(connection, source.sql, draft, 7)
        measure.group(connection, measure.people(source.sql, draft, found), draft, (step,))
        by_sql = Counter(connection.execute("SELECT * FROM classes").fetchall())
        coded = dense.encode((path,), draft, (step,))
        if coded is None:
            return by_sql, None
        dense.count(coded, (), draft.terms).store(connection)
        return by_sql, Counter(connection.execute("SELECT * FROM classes").fetchall())


@pytest.mark.parametrize(
    ("kind", "step", "usual", "far"),
    [
        ("number", Step("band", 5), 33, -250_000_000),
        ("number", Step("band", 5), 33, -21474836450 - 5 + 35),  # a multiple of the integers' number away
        ("number", Step("band", 5), 33, 1 << 62),
        ("number", Step("band", 20), 33, -(1 << 63)),
        ("time", Step("hour"), NOON, datetime(1, 1, 2, tzinfo=UTC)),
        ("time", Step("day"), NOON, datetime(9999, 12, 30, tzinfo=UTC)),
        ("time", Step("month"), NOON, datetime(1, 1, 2, tzinfo=UTC)),
        ("place", Step("grid", 500), 113.5, 1e12),
        ("place", Step("grid", 500), 113.5, -1e300),
        ("place", Step("grid", 500), 113.5, 1e306),
        ("place", Step("grid", 500), 113.5, float("nan")),
        ("place", Step("grid", 500), 113.5, float("inf")),
    ],
)
def test_a_value_far_out_is_a_class_of_its_own_and_takes_little_memory(tmp_path, kind, step, usual, far):
    path = tmp_path / "x.parquet"
    dimension = stored(path, kind, [usual] * 1000 + [far])
    tracemalloc.start()
    by_sql, by_arrays = counted(path, dimension, step)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST
    assert sorted(cell[-3] for cell in by_sql) == [1, 1000]
    assert by_arrays in (by_sql, None)


numbers = st.one_of(st.none(), st.integers(-300, 300), st.integers(-(1 << 63), (1 << 63) - 1))
instants = st.one_of(
    st.none(),
    st.timedeltas(timedelta(0), timedelta(days=400)).map(lambda after: NOON + after),
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
)
degrees = st.one_of(st.none(), st.floats(73, 135), st.floats())


@pytest.mark.parametrize(
    ("kind", "of"), [("number", numbers), ("time", instants), ("place", degrees)], ids=["number", "time", "place"]
)
@given(data=st.data())
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arrays_count_what_sql_counts_or_leave_it_to_sql(tmp_path, kind, of, data):
    values = data.draw(st.lists(of, min_size=1, max_size=20))
    path = tmp_path / "x.parquet"
    dimension = stored(path, kind, values)
    for step in methods.ladder(dimension):
        if step.method != "drop":
            by_sql, by_arrays = counted(path, dimension, step)
            assert by_arrays in (by_sql, None)


@given(value=st.one_of(st.integers(-260, 260), st.integers(-(1 << 40), 1 << 40)))
@example(value=-200)
@example(value=-196)
@example(value=-195)
@settings(deadline=None, max_examples=60)
def test_bands_nest_and_say_what_is_in_them(value):
    dimension = Dimension("x", "number", ("x",))
    finest, *later = [step for step in methods.ladder(dimension) if step.method != "drop"]
    with duck() as connection:
        connection.execute(f"CREATE TABLE source AS SELECT {value}::BIGINT AS x")
        (of_class,) = methods.representatives(dimension, finest)
        connection.execute(f"CREATE TABLE finest AS SELECT {of_class} AS x FROM source")
        for step in (finest, *later):
            (label,) = methods.labels(dimension, step)
            said = [
                connection.execute(f"SELECT {label} FROM {table}").fetchall()[0][0] for table in ("source", "finest")
            ]
            assert said[0] == said[1]
            if value >= methods.TOP_BAND:
                assert said[0] == f"{methods.TOP_BAND}+"
            elif value < step.size - methods.TOP_BAND:
                assert said[0] == f"<{step.size - methods.TOP_BAND:g}"
            else:
                low = value // int(step.size) * int(step.size)
                assert said[0] == f"{low}-{low + int(step.size) - 1}"
