"""Replay, whatever was delivered and whatever the contract becomes: nothing is lost, nothing moves twice."""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import lake_city as city
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogs.people.people import person
from contracts.register import register_contracts
from lake.ingest import Session, ingest
from lake.replay.replay import replay
from lake.upkeep.verify import verify

FLOWS = st.sampled_from([10, 20, 900, 3000, 9000, "x"])
LINES = st.lists(st.tuples(st.integers(0, 6), FLOWS), min_size=1, max_size=8)
DELIVERIES = st.lists(LINES, min_size=1, max_size=3)
CHANGES = (
    ("max: 2000}", "max: 5000}"),
    ("max: 2000}", "max: 20000}"),
    ("max: 2000}", "max: 500}"),
    ("scope: table", "scope: delivery"),
    ("conflict: quarantine", "conflict: duplicate"),
    ("mustBeGreaterOrEqualTo: 1", "mustBeGreaterOrEqualTo: 3"),
)
_VERSIONS = itertools.count(2)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Session]:
    with city.standing(tmp_path_factory.mktemp("replay") / "home", sqlite_template) as ground, Session(ground) as one:
        yield one


def register(session: Session, changes: tuple[tuple[str, str], ...]) -> None:
    """A newer version of the contract, the registered one with `changes`."""
    ground = session.ground
    text = (ground.city / "contracts" / f"{city.FLOW}.yaml").read_text("utf-8")
    for old, new in (("version: 1.0.0", f"version: {next(_VERSIONS)}.0.0"), *changes):
        text = text.replace(old, new)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{city.FLOW}.yaml").write_text(text, "utf-8")
        register_contracts(ground, Path(folder), "test")
    session._contracts.clear()  # what a process keeps is of its own day


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=DELIVERIES, changes=st.sets(st.sampled_from(CHANGES), min_size=1, max_size=3))
def test_every_delivery_balances_and_twice_is_once(
    session: Session, deliveries: list[list[tuple[int, object]]], changes: set[tuple[str, str]]
) -> None:
    ground = session.ground
    city.emptied(ground)
    session.lake._open.clear()
    register(session, ())
    who = person(ground.engine, "engineer_li")
    with tempfile.TemporaryDirectory() as folder:
        for number, lines in enumerate(deliveries):
            path = Path(folder) / f"{number}.csv"
            city.flow_file(path, [city.line(minute, flow=flow) for minute, flow in lines])
            ingest(ground, city.FLOW, path, actor="test", session=session)
    assert replay(session, who, city.FLOW).deliveries == (), "under the same contract nothing moves"
    before = city.places(ground)
    register(session, tuple(changes))
    told = replay(session, who, city.FLOW, dry_run=True)
    assert city.places(ground) == before
    done = replay(session, who, city.FLOW)
    assert (told.deliveries, told.left) == (done.deliveries, done.left)
    city.balanced(ground)
    after = city.places(ground)
    duplicates = sum(one.duplicates for one in done.deliveries)
    assert max(after.values()) == 1, "no row is in both tables"
    assert (before.total() - after.total(), after.keys() - before.keys()) == (duplicates, set())
    assert verify(ground, city.FLOW, "test").flaws == []
    again = replay(session, who, city.FLOW)
    assert (again.deliveries, again.left, city.places(ground)) == ((), done.left, after)
