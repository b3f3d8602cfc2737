"""k counts persons: what leaves is counted again by brute force, from the written rows and from the source."""

import contextlib
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measure_data import DIMENSIONS, START, duck, row

from infra.errors import Refused
from sharing.extract import measure, release
from sharing.plan import methods, plan


@contextlib.contextmanager
def connection_with(rows):
    with duck() as connection:
        fill(connection, rows)
        yield connection


def fill(connection, rows):
    connection.execute(
        "CREATE TABLE visits (person_key VARCHAR, visited_at TIMESTAMPTZ, lng DOUBLE, lat DOUBLE, age INTEGER, "
        "gender VARCHAR, diagnosis VARCHAR, _row BIGINT)"
    )
    if rows:
        connection.executemany(
            "INSERT INTO visits VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    f"p{person}",
                    START + timedelta(hours=hours),
                    113.5 + place / 100,
                    34.7 + place / 100,
                    age,
                    gender,
                    what,
                    n,
                )
                for n, (person, hours, place, age, gender, what) in enumerate(rows)
            ],
        )


def released(connection, draft):
    found = measure.settle(connection, "visits", draft, salt=7)
    relation = measure.people("visits", draft, found)
    finest = measure.finest(connection, relation, draft)
    chosen = plan.search(draft, lambda steps: measure.measure(connection, finest, draft, steps, counted=True))
    counted = measure.measure(connection, relation, draft, chosen.steps)
    connection.execute(f"CREATE OR REPLACE TABLE extract AS {release.select(draft, chosen.steps)}")
    # Through Arrow, as the file is written: DuckDB's own rows of instants would need another time zone library.
    written = [tuple(row.values()) for row in connection.sql("SELECT * FROM extract").to_arrow_table().to_pylist()]
    return chosen, counted, written


@given(rows=st.lists(row, max_size=120), k=st.integers(2, 6), l=st.integers(1, 3))
@settings(deadline=None, max_examples=20)
def test_rows_form_keeps_k_persons_in_each_class_by_brute_force(rows, k, l):  # noqa: E741
    draft = plan.Draft("rows", "person_key", DIMENSIONS, terms=plan.Terms(k=k, l=l, suppressed=0.4, risk=2.0))
    with connection_with(rows) as connection:
        try:
            chosen, counted, written = released(connection, draft)
        except Refused as refused:
            assert refused.code in ("SHARE_PLAN_MISSED", "SHARE_PLAN_EMPTY")
            return
        again = measure.recount(connection, "extract", draft, chosen.steps)
    sensitive = chosen.steps[-1].method != "drop"
    classes = defaultdict(list)
    for values in written:
        classes[values[:-1] if sensitive else values].append(values)
    assert len(written) <= len({person for person, *_ in rows}), "a person has at most one row"
    assert all(len(members) >= k for members in classes.values())
    if sensitive:
        assert all(
            len({values[-1] for values in members if values[-1] is not None}) >= l for members in classes.values()
        )
    assert (again.classes, again.smallest, again.kept) == (counted.classes, counted.smallest, counted.kept)
    assert again.kept == len(written)
    assert again.diversity == counted.diversity


@given(rows=st.lists(row, max_size=120), k=st.integers(2, 6))
@settings(deadline=None, max_examples=20)
def test_aggregate_counts_persons_and_records_by_brute_force(rows, k):
    draft = plan.Draft("aggregate", "person_key", DIMENSIONS, terms=plan.Terms(k=k, l=2, suppressed=0.5))
    with connection_with(rows) as connection:
        try:
            chosen, counted, written = released(connection, draft)
        except Refused as refused:
            assert refused.code in ("SHARE_PLAN_MISSED", "SHARE_PLAN_EMPTY")
            return
        labels = [
            label for dim, step in zip(DIMENSIONS, chosen.steps, strict=True) for label in methods.labels(dim, step)
        ]
        cells = defaultdict(set)
        records = Counter()
        query = f"SELECT {', '.join(['person_key', *labels])} FROM visits"
        for taken in connection.sql(query).to_arrow_table().to_pylist():  # through Arrow, as above
            person, *cell = taken.values()
            cells[tuple(cell)].add(person)
            records[tuple(cell)] += 1
        again = measure.recount(connection, "extract", draft, chosen.steps)
    for *cell, persons, count in written:
        assert persons == len(cells[tuple(cell)]) >= k
        assert count == records[tuple(cell)]
    assert len(written) == len({tuple(values[:-2]) for values in written})
    assert (again.kept, again.smallest) == (counted.kept, counted.smallest)


def test_the_same_source_gives_the_same_plan_and_the_same_rows():
    rows = [(n % 60, n * 7 % 900, n % 12, n % 90, "男" if n % 2 else "女", "abc"[n % 3]) for n in range(300)]
    draft = plan.Draft("rows", "person_key", DIMENSIONS, terms=plan.Terms(k=5, risk=2.0))
    results = []
    for order in (rows, rows):
        with connection_with(order) as connection:
            chosen, _, written = released(connection, draft)
            results.append((chosen.steps, sorted(written, key=repr)))
    assert results[0] == results[1]


def test_a_plan_that_misses_is_refused_with_every_threshold():
    rows = [(n, n, n % 5, 30, "男", "a") for n in range(3)]
    draft = plan.Draft("rows", "person_key", DIMENSIONS, terms=plan.HEALTH)
    with connection_with(rows) as connection, pytest.raises(Refused) as caught:
        released(connection, draft)
    assert caught.value.code == "SHARE_PLAN_MISSED"
    assert caught.value.reasons


def test_risk_is_one_above_the_threshold_and_the_mean_below():
    assert measure.risk(4, 10, 1000) == 1.0
    assert measure.risk(5, 10, 1000) == 0.01
    assert measure.risk(None, 0, None) is None
