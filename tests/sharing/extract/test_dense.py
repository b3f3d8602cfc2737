"""Classes counted over arrays are those counted by SQL, and what is spread from them holds by brute force."""

from collections import Counter

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from measure_data import DIMENSIONS, SCHEMA, duck, row, stored

from sharing.extract import dense, measure, produce, release
from sharing.plan.methods import ladder
from sharing.plan.plan import Draft, Plan, Terms


@given(
    rows=st.lists(row, max_size=150),
    k=st.integers(1, 5),
    l=st.integers(1, 3),
    levels=st.tuples(*(st.integers(0, len(ladder(dimension)) - 1) for dimension in DIMENSIONS)),
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arrays_and_sql_count_the_same_classes(tmp_path, rows, k, l, levels):  # noqa: E741
    steps = tuple(ladder(dimension)[level] for dimension, level in zip(DIMENSIONS, levels, strict=True))
    draft = Draft("rows", "person_key", DIMENSIONS, terms=Terms(k=k, l=l))
    source = stored(tmp_path, rows)
    with duck() as connection:
        found = measure.settle(connection, source.sql, draft, 7)
        measure.group(connection, measure.people(source.sql, draft, found), draft, steps)
        by_sql = Counter(connection.execute("SELECT * FROM classes").fetchall())
        summary = measure.summary(connection, "classes", draft, steps)
        coded = dense.encode(source.files, draft, steps)
        assert (coded is None) == (not rows or all(step.method == "drop" for step in steps))
        if coded is not None:
            classes = dense.count(coded, found.dropped, draft.terms)
            classes.store(connection)
            assert Counter(connection.execute("SELECT * FROM classes").fetchall()) == by_sql
            assert classes.measure() == summary


@pytest.mark.parametrize("people", [40, 400])
def test_the_written_rows_are_one_a_person_and_hold_k(tmp_path, people):
    rows = [(n % people, n * 7 % 900, n % 12, n % 90, "男" if n % 2 else "女", "abc"[n % 3]) for n in range(900)]
    draft = Draft("rows", "person_key", DIMENSIONS, terms=Terms(k=5, risk=2.0, suppressed=0.2))
    source = stored(tmp_path, rows)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        draft = produce.located(connection, source, draft)
        chosen = produce.plan(connection, source, draft, 7, "d")
        made = produce.write(connection, source, chosen, 7, (tmp_path, "out"))
    assert isinstance(chosen, Plan)
    shown = pq.read_table(tmp_path / "out-0.parquet")
    assert shown.num_rows == made.rows <= people
    assert shown.column_names == list(chosen.columns)
    assert pa.schema([(f.name, f.type) for f in shown.schema]) == release.arrow_schema(draft, chosen.steps, SCHEMA)
    identifying = [name for name in shown.column_names if name != "diagnosis"]
    counts = Counter(tuple(line[name] for name in identifying) for line in shown.to_pylist())
    assert min(counts.values()) == made.measured.smallest >= 5
    assert shown.to_pylist() == sorted(shown.to_pylist(), key=lambda line: [str(value) for value in line.values()])
