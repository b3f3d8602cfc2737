"""An upsert on the primary key: what stands is what a plain dict would hold, and every count can be recounted."""

import itertools
import shutil
from pathlib import Path

import lake_city as city
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kill_site import WHOLE
from upserted import DELIVERY, counts, flows, model, take

from catalogs.people.people import person
from infra.ground import Ground, open_ground
from lake.ingest import Session, ingest
from lake.purge import purge, purging
from lake.query.quarantine import Question, show
from lake.store.delta import Tables, curated_key
from lake.upkeep import maintain
from lake.upkeep.verify import verify
from sharing.ending.purging import Extracts

KEY = curated_key(city.FLOW)


@pytest.mark.slow
def test_a_newer_row_takes_the_place_of_the_published_one_in_one_commit(city_ground: Ground, tmp_path: Path) -> None:
    ground = city.stock(city_ground)
    city.upserting(ground, tmp_path / "contracts")
    with Session(ground) as session:
        first = take(ground, tmp_path / "1.csv", [city.line(n) for n in range(6)], session)
        other = take(ground, tmp_path / "2.csv", [city.line(n) for n in range(6, 9)], session)
        untouched = Tables(ground.store).snapshot(KEY).files
        lines = [city.line(0), city.line(1, flow=71), city.line(2, flow="x"), city.line(20), city.line(20, flow=72)]
        second = take(ground, tmp_path / "3.csv", lines, session)
    assert counts(first) == (6, 6, 0, 0, 0)
    assert counts(second) == (5, 2, 1, 2, 1), "the same again and the first of two in one file are duplicates"
    assert flows(ground) == [10, 71, 10, 10, 10, 10, 10, 10, 10, 72]
    assert second.version == (other.version or 0) + 1
    lake = Tables(ground.store)
    kept = {file.path for file in lake.snapshot(KEY).files}
    assert any(file.path in kept for file in untouched), "a file without a replaced row stays as it is"
    assert len(lake.snapshot(KEY, version=other.version).files) == 2, "the version before is still whole"
    assert lake.history(KEY, 1)[0]["transaction"] == second.delivery
    city.balanced(ground)
    assert verify(ground, city.FLOW, "test").flaws == []
    assert show(ground, person(ground.engine, "engineer_li"), Question(city.FLOW)).rows[0].rules == ("flow.type",)


def test_a_late_row_never_replaces_a_newer_one(ground: Ground, tmp_path: Path) -> None:
    city.stock(ground)
    city.upserting(ground, tmp_path / "contracts", as_of="flow")  # the count only grows: the largest is the newest
    with Session(ground) as session:
        take(ground, tmp_path / "1.csv", [city.line(n, flow=5) for n in range(4)], session)
        late = [city.line(0, flow=4), city.line(1, flow=6), city.line(1, flow=5), city.line(9, flow=1)]
        second = take(ground, tmp_path / "2.csv", late, session)
        third = take(ground, tmp_path / "3.csv", [city.line(1, flow=5), city.line(2, flow=3)], session)
    assert counts(second) == (4, 2, 0, 2, 1)
    assert counts(third) == (2, 0, 0, 2, 0), "nothing but late rows: a version without any"
    assert third.state == "finished"
    assert flows(ground) == [5, 6, 5, 5, 1]
    assert verify(ground, city.FLOW, "test").flaws == []


def test_the_same_file_is_a_repeat_of_the_newest_alone(ground: Ground, tmp_path: Path) -> None:
    city.stock(ground)
    city.upserting(ground, tmp_path / "contracts")
    one, two = [city.line(1, flow=1)], [city.line(1, flow=2)]
    with Session(ground) as session:
        for n, lines in enumerate((one, two, two, one)):
            take(ground, tmp_path / f"{n}.csv", lines, session)
    assert [row["state"] for row in city.deliveries(ground)] == ["finished", "finished", "repeated", "finished"]
    assert flows(ground) == [1], "the newest delivery wins, also with what an older one said"


def test_an_append_becomes_an_upsert_and_a_blocked_delivery_replaces_nothing(ground: Ground, tmp_path: Path) -> None:
    city.stock(ground)
    with Session(ground) as session:
        take(ground, tmp_path / "1.csv", [city.line(n) for n in range(4)], session)
    city.upserting(ground, tmp_path / "contracts")
    with Session(ground) as session:
        blocked = take(ground, tmp_path / "2.csv", [city.line(1, flow="x"), city.line(2, flow=-1)], session)
        done = take(ground, tmp_path / "3.csv", [city.line(1, flow=7)], session)
    assert blocked.state == "blocked"
    assert blocked.replaced == 0
    assert counts(done) == (1, 1, 0, 0, 1)
    assert flows(ground) == [10, 7, 10, 10]
    assert verify(ground, city.FLOW, "test").flaws == []


def test_a_purge_reaches_rows_that_were_replaced_long_since(ground: Ground, tmp_path: Path) -> None:
    city.stock(ground)
    city.upserting(ground, tmp_path / "contracts")
    with Session(ground) as session:
        doomed = take(ground, tmp_path / "1.csv", [city.line(n, flow=41 + n) for n in range(3)], session)
        take(ground, tmp_path / "2.csv", [city.line(n) for n in range(3)], session)
        take(ground, tmp_path / "3.csv", [city.line(n, flow=20) for n in (2, 3)], session)
    maintain.compact(ground, city.FLOW, "test")
    one = purge.propose(ground, doomed.delivery, "illegal_collection", "2026-9", person(ground.engine, "engineer_li"))
    purge.approve(ground, one.id, person(ground.engine, "reviewer_authority"), Extracts())
    done = purging.carry_out(ground, one.id, Extracts())
    assert done.versions == (1,), "the version that it made held them, no later one"
    assert flows(ground) == [10, 10, 20, 20]
    assert verify(ground, city.FLOW, "test").flaws == []
    second = city.deliveries(ground)[1]["id"]
    one = purge.propose(ground, second, "illegal_collection", "2026-10", person(ground.engine, "engineer_li"))
    purge.approve(ground, one.id, person(ground.engine, "reviewer_authority"), Extracts())
    purging.carry_out(ground, one.id, Extracts())
    assert flows(ground) == [20, 20], "what a purged delivery replaced does not come back"
    assert verify(ground, city.FLOW, "test").flaws == []


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True], ids=["newest delivery wins", "late rows"])
def test_any_deliveries_end_as_in_a_plain_dict(
    late: bool, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    numbers = itertools.count()

    @settings(
        max_examples=300 if WHOLE else 12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    @given(st.lists(DELIVERY, min_size=1, max_size=5))
    def check(deliveries: list[list[tuple[int, int]]]) -> None:
        folder = tmp_path_factory.mktemp(f"model{next(numbers)}")
        (folder / "home").mkdir(mode=0o700)
        shutil.copyfile(sqlite_template, folder / "home" / "hub.db")
        environ = {"HUB_HOME": str(folder / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}
        with open_ground(environ, create=True) as ground:
            ground.prepare()
            city.stock(ground)
            city.upserting(ground, folder / "contracts", as_of="flow" if late else None)
            with Session(ground) as session:
                for at, rows in enumerate(deliveries):
                    lines = [city.line(minute, flow=flow) for minute, flow in rows]
                    # A bad row makes each file another one: equal files are repeats, and those have their own test.
                    path = city.flow_file(folder / f"{at}.csv", [*lines, city.line(100 + at, flow="x")])
                    one = ingest(ground, city.FLOW, path, actor="test", session=session)
                    assert one.read == (one.published or 0) + (one.quarantined or 0) + (one.duplicates or 0)
                    if at % 2:
                        maintain.compact(ground, city.FLOW, "test")
            table, told = model(deliveries, late=late)
            assert flows(ground) == [table[minute] for minute in sorted(table)]
            assert [(row["published"], row["replaced"]) for row in city.deliveries(ground)] == told
            assert verify(ground, city.FLOW, "test").flaws == []

    check()
