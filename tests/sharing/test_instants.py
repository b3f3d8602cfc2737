"""Instants and dates of two centuries fall where a calendar puts them, whichever of the two ways counted them."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sharing_case
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from measure_data import duck

from catalogs.register import load_city
from infra.ground import sample_city
from sharing.case import classes
from sharing.case.cases import Request
from sharing.extract import dense, release
from sharing.plan import methods
from sharing.plan.methods import Dimension, Step
from sharing.plan.plan import Draft

SHANGHAI = timedelta(hours=8)
instants = st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
dates = st.dates(date(1900, 1, 1), date(2100, 12, 31))
BEFORE = [datetime(1964, 12, 31, 12, 30, tzinfo=UTC), datetime(1969, 12, 31, 15, 59, 59, 999999, tzinfo=UTC)]
EDGES = [datetime(1969, 12, 31, 16, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(1900, 1, 1, tzinfo=UTC)]


def by_calendar(method, value):
    """What the extract shows for `value`, by plain calendar arithmetic."""
    if isinstance(value, datetime):
        local = value + SHANGHAI
        if method == "hour":
            return local.replace(minute=0, second=0, microsecond=0) - SHANGHAI
        value = local.date()
    return value.replace(day=1) if method == "month" else value


def shown(path, dimension, step):
    """What SQL shows for each row of a file, in order."""
    (label,) = methods.labels(dimension, step)
    with duck() as connection:
        return connection.sql(f"SELECT {label} AS v FROM read_parquet('{path}')").to_arrow_table()["v"].to_pylist()


def shown_from_arrays(path, dimension, step):
    """The same by way of the arrays: their codes as classes, labelled as the extract labels them."""
    draft = Draft("rows", "who", (dimension,))
    (column,) = dense.encode((path,), draft, (step,))
    table = pa.table({"c0": column.values.take(pa.array(column.codes)), "held": [True] * len(column.codes)})
    (label,) = methods.shown(dimension, step, ["c0"])
    with duck() as connection:
        connection.register("classes", table)
        return connection.sql(f"SELECT {label} AS v FROM classes").to_arrow_table()["v"].to_pylist()


def check(path, kind, values, step):
    dimension = Dimension("t", "time" if pa.types.is_timestamp(kind) else "date", ("t",))
    pq.write_table(pa.table({"t": pa.array([*values, None], kind)}), path)
    expected = [*(by_calendar(step.method, value) for value in values), None]
    assert shown(path, dimension, step) == expected
    assert shown_from_arrays(path, dimension, step) == expected
    draft = Draft("rows", "who", (dimension,))
    made = release.arrow_schema(draft, (step,), pa.schema([("t", kind)]))
    assert made.field(0).type == (pa.timestamp("us", "UTC") if step.method == "hour" else pa.date32())


@pytest.mark.parametrize("step", [step for step in methods._LADDERS["time"] if step.method != "drop"])
@given(values=st.lists(instants, min_size=1, max_size=30))
@example(values=BEFORE)
@example(values=EDGES)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_instants_fall_into_the_hour_day_and_month_of_the_calendar(tmp_path, step, values):
    check(tmp_path / "t.parquet", pa.timestamp("us", "UTC"), values, step)


@pytest.mark.parametrize("step", [step for step in methods._LADDERS["date"] if step.method != "drop"])
@given(values=st.lists(dates, min_size=1, max_size=30))
@example(values=[date(1956, 5, 5), date(1964, 12, 31), date(1969, 12, 31), date(1970, 1, 1)])
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_dates_stay_or_fall_into_the_month_of_the_calendar(tmp_path, step, values):
    check(tmp_path / "t.parquet", pa.date32(), values, step)


@given(value=instants)
@settings(deadline=None, max_examples=60)
def test_the_steps_nest_for_instants_of_any_year(value):
    """A search counts on what the finest step shows: every later step must say the same of it as of the row."""
    dimension, finest, *later = Dimension("t", "time", ("t",)), *methods.ladder(Dimension("t", "time", ("t",)))
    with duck() as connection:
        connection.execute(f"CREATE TABLE source AS SELECT TIMESTAMPTZ '{value.isoformat()}' AS t")
        (of_class,) = methods.representatives(dimension, finest)
        connection.execute(f"CREATE TABLE finest AS SELECT {of_class} AS t FROM source")
        for step in [step for step in later if step.method != "drop"]:
            (code,) = methods.codes(dimension, step)
            asked = [connection.execute(f"SELECT {code} FROM {table}").fetchall() for table in ("source", "finest")]
            assert asked[0] == asked[1]


def test_a_date_kept_to_the_day_is_called_kept():
    pupils = next(one for one in load_city(sample_city()).resources if one.id == "erqi.education.pupils")
    draft = classes.draft(pupils, Request(("birth_date", "gender"), "p", "s", 9))
    birth = next(dimension for dimension in draft.dimensions if dimension.name == "birth_date")
    finest = methods.ladder(birth)[0]
    assert methods.sentence(finest)[1] == "kept as it is"
    assert birth.outputs(finest) == ("birth_date",)
    assert not {"hour", "day"} & {step.method for step in methods.ladder(birth)}
    assert methods.ladder(birth)[1] == Step("month", loss=0.7)


def test_visits_of_1965_leave_under_the_months_of_1965(ground, tmp_path, monkeypatch):
    from lake.store.delta import Tables
    from sharing.extract import extract

    monkeypatch.setattr(sharing_case, "START", datetime(1965, 3, 1, tzinfo=UTC))
    sharing_case.publish(ground, tmp_path)
    case = sharing_case.signed(ground, items=("visited_at", "gender"))
    found = extract.issue(ground, case.id, "operator")
    snapshot = Tables(ground.store).snapshot(found.table_key, version=found.version)
    (path,) = [ground.store.local(key) for key in snapshot.keys()]  # noqa: SIM118 - a method of ours, no mapping
    name = found.certificate["result"]["columns"][0]
    method = {"visited_at_hour": "hour", "visited_at_day": "day", "visited_at_month": "month"}[name]
    source = {by_calendar(method, sharing_case.visit(number)["visited_at"]) for number in range(3000)}
    assert set(pq.read_table(path)[name].to_pylist()) <= source
