"""Invented visits for the tests of plans and measures."""

import atexit
import contextlib
import functools
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from sharing.extract import produce
from sharing.plan import methods

START = datetime(2026, 3, 1, tzinfo=UTC)
DIMENSIONS = (
    methods.Dimension("visited_at", "time", ("visited_at",)),
    methods.Dimension("place", "place", ("lng", "lat")),
    methods.Dimension("age", "number", ("age",)),
    methods.Dimension("gender", "category", ("gender",)),
    methods.Dimension("diagnosis", "category", ("diagnosis",), sensitive=True),
)

row = st.tuples(
    st.integers(0, 25),  # person
    st.integers(0, 24 * 40),  # hours
    st.integers(0, 40),  # hundredths of a degree
    st.one_of(st.none(), st.integers(-3, 230)),
    st.sampled_from(["男", "女", None]),
    st.sampled_from(["a", "b", "c", None]),
)

SCHEMA = pa.schema(
    [
        pa.field("person_key", pa.string()),
        pa.field("visited_at", pa.timestamp("us", "UTC")),
        pa.field("lng", pa.float64()),
        pa.field("lat", pa.float64()),
        pa.field("age", pa.int64()),
        pa.field("gender", pa.string()),
        pa.field("diagnosis", pa.string()),
    ]
)


def stored(folder, rows):
    """Two files, so that rows are numbered through all of them."""
    values = [
        (f"p{person}", START + timedelta(hours=hours), 113.5 + place / 100, 34.7 + place / 100, age, gender, what)
        for person, hours, place, age, gender, what in rows
    ]
    columns = list(zip(*values, strict=True)) if values else [[] for _ in SCHEMA]
    table = pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)
    half = len(rows) // 2
    for number, part in enumerate([table.slice(0, half), table.slice(half)]):
        pq.write_table(part, folder / f"{number}.parquet")
    return produce.source([folder / "0.parquet", folder / "1.parquet"])


@contextlib.contextmanager
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database of one thread, in one that stays open: that takes a tenth of the time of opening one."""
    name = f"d{next(_NUMBERS)}"
    with _opened().cursor() as connection:
        connection.execute(f"ATTACH ':memory:' AS {name}; USE {name}; SET TimeZone = 'UTC'")
        try:
            yield connection
        finally:
            connection.execute(f"USE memory; DETACH {name}")


_NUMBERS = itertools.count()


@functools.cache
def _opened() -> duckdb.DuckDBPyConnection:
    atexit.register(_opened.cache_clear)  # DuckDB complains of what is left at the end
    return duckdb.connect(config={"threads": 1})
