"""Invented visits for the tests of plans and measures."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from sharing import methods

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
