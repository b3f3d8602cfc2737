"""A restore: the table holds exactly what it held then, history grows, and every delivery balances before and after."""

import io
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import lake_city as city
import pyarrow as pa
import pytest
import sqlalchemy as sa
from front_door import run_hub
from kill_site import WHOLE

from catalogs.people.people import person
from contracts.register import register_contracts
from infra.database import read
from infra.errors import Refused, Unavailable
from infra.ground import Ground
from lake.ingest import Session, ingest
from lake.purge.purge import approve, propose
from lake.purge.purging import carry_out
from lake.query.query import Asked as Question
from lake.query.query import query
from lake.records import tickets
from lake.records.record import Outcome
from lake.replay.replay import Replayed, replay
from lake.restore import restore as table_restore
from lake.restore.plan import _same_columns
from lake.restore.restore import Asked, Restored, restore
from lake.store.delta import Commit, Tables, curated_key, quarantine_key
from lake.store.holdings import holding
from lake.store.lineage import spans, within
from lake.tables import outbox
from lake.upkeep import maintain
from lake.upkeep.verify import verify
from sharing.ending.purging import Extracts
from sharing.extract.extract import _deliveries as delivered

WHY = "第二批报错了年份"
Rows = list[tuple[Any, ...]]


@pytest.fixture
def stocked(ground: Ground) -> Iterator[Ground]:
    yield city.stock(ground)
    for dataset in (city.FLOW, city.HOSPITALS):
        if Tables(ground.store).exists(curated_key(dataset)):
            assert [flaw.said.en for flaw in verify(ground, dataset, "test").flaws] == []


def take(session: Session, path: Path, *lines: str, dataset: str = city.FLOW) -> Outcome:
    write = city.flow_file if dataset == city.FLOW else city.hospital_file
    return ingest(session.ground, dataset, write(path, lines), actor="test", session=session)


def back(ground: Ground, target: int, dataset: str = city.FLOW, **more: Any) -> Restored:
    return restore(ground, person(ground.engine, "engineer_li"), Asked(dataset, target, WHY, **more))


def standing(ground: Ground) -> list[str]:
    return [row["state"] for row in city.deliveries(ground)]


def rows(ground: Ground, dataset: str = city.FLOW) -> Rows:
    return sorted(tuple(map(str, row.values())) for row in city.curated(ground, dataset))


def balanced(ground: Ground, dataset: str = city.FLOW) -> None:
    for row in city.deliveries(ground):
        if row["read"] is None:
            continue
        aside = sum(one["_delivery"] == row["number"] for one in city.quarantined(ground, row["dataset"]))
        assert aside == row["quarantined"], row["id"]
        assert row["read"] == row["published"] + row["quarantined"] + row["duplicates"], row["id"]
    assert [flaw.said.en for flaw in verify(ground, dataset, "test").flaws] == []


def test_the_table_holds_what_it_held_and_what_no_longer_stands_may_come_again(
    city_ground: Ground, tmp_path: Path
) -> None:
    ground, lake, key = city.stock(city_ground), Tables(city_ground.store), curated_key(city.FLOW)
    with Session(ground) as session:
        one = take(session, tmp_path / "a.csv", *(city.line(n) for n in range(5)), city.line(50, flow="x"))
        before = rows(ground)
        bad = [*(city.line(n) for n in range(3, 9)), city.line(51, flow="x")]
        two = take(session, tmp_path / "b.csv", *bad)
        maintain.compact(ground, city.FLOW, "test")
        three = take(session, tmp_path / "c.csv", city.line(20))
        assert take(session, tmp_path / "b2.csv", *bad).state == "repeated"
        done = back(ground, one.version or 0)
        assert done.done is not None
        assert (rows(ground), done.done["version"]) == (before, (three.version or 0) + 1)
        assert lake.snapshot(key).files == lake.snapshot(key, version=one.version).files
        assert [row["id"] for row in done.plan.reverted] == [two.delivery, three.delivery]
        assert dict(done.plan.leaving) == {two.delivery: 4, three.delivery: 1}
        assert standing(ground) == ["finished", "reverted", "reverted", "repeated"]
        balanced(ground)
        assert len(city.rows(ground, key)) == 5
        between = query(
            ground,
            person(ground.engine, "engineer_li"),
            Question("SELECT count(*) FROM jinshui.traffic_road_flow", as_of=three.version),
        )
        assert between.rows.to_pylist() == [{"count_star()": 10}]
        again = take(session, tmp_path / "b3.csv", *bad)
        assert (again.state, again.published, again.duplicates) == ("finished", 4, 2)
        assert again.delivery not in (one.delivery, two.delivery)
        assert take(session, tmp_path / "b4.csv", *bad).repeated == again.delivery
        balanced(ground)
        told = [{one["delivery"] for one in delivered(ground, city.FLOW, at)[1]} for at in (3, again.version or 0)]
        assert told == [{one.delivery, two.delivery}, {one.delivery, again.delivery}], "provenance of extracts"
        then = back(ground, three.version or 0)  # and forward again
        assert [row["id"] for row in then.plan.returned] == [two.delivery, three.delivery]
        assert standing(ground)[:3] == ["finished"] * 3
        assert take(session, tmp_path / "b5.csv", *bad).repeated == two.delivery
        balanced(ground)
    acts = [subject for act, subject in city.acts(ground) if act == "lake:table:restored"]
    assert acts == [city.FLOW] * 2
    assert [one["restored"] for one in lake.history(key) if one["restore"]] == [three.version, one.version]


def test_the_provider_is_told_and_tickets_say_what_stands(stocked: Ground, tmp_path: Path) -> None:
    def open_() -> dict[str, str]:
        return {one.cause: one.kind for one in tickets.listing(stocked)}

    with Session(stocked) as session:
        one = take(session, tmp_path / "a.csv", *(city.line(n) for n in range(5)), city.line(50, flow="x"))
        two = take(session, tmp_path / "b.csv", *(city.line(n) for n in range(5, 9)))
        assert open_() == {}
        done = back(stocked, one.version or 0)
        assert open_() == {"flow.type": tickets.QUARANTINED, "DELIVERY_REVERTED": tickets.REVERTED}
        [news] = [one for one in tickets.listing(stocked) if one.kind == tickets.REVERTED]
        assert news.last_delivery == two.delivery
        assert WHY in news.said.zh
        assert take(session, tmp_path / "c.csv", city.line(30)).state == "finished"
        assert open_() == {}
    with read(stocked.engine) as connection:
        payload = connection.execute(sa.select(outbox.c.payload).where(outbox.c.kind == "restore")).scalar_one()
    assert done.done is not None
    assert (payload["delivery"], payload["version"]) == (one.delivery, done.done["version"])


HIGHER = ("max: 2000}", "max: 5000}")


def corrected(ground: Ground, folder: Path) -> None:
    folder.mkdir(parents=True)
    text = (ground.city / "contracts" / f"{city.FLOW}.yaml").read_text("utf-8")
    (folder / f"{city.FLOW}.yaml").write_text(
        text.replace("version: 1.0.0", "version: 1.1.0").replace(*HIGHER), "utf-8"
    )
    register_contracts(ground, folder, "test")


def replayed(session: Session) -> Replayed:
    return replay(session, person(session.ground.engine, "engineer_li"), city.FLOW)


def test_what_a_replay_moved_stands_in_quarantine_again(city_ground: Ground, tmp_path: Path) -> None:
    ground = city.stock(city_ground)
    with Session(ground) as session:
        high = [city.line(30, flow=3000), city.line(31, flow=9000), city.line(30, flow=3000)]
        one = take(session, tmp_path / "a.csv", *(city.line(n) for n in range(5)), *high)
        two = take(session, tmp_path / "b.csv", *(city.line(40 + n, flow=3000) for n in range(3)))
        assert (one.quarantined, two.state) == (3, "blocked")
        before = rows(ground), sorted(map(str, city.quarantined(ground)))
        corrected(ground, tmp_path / "new")
    with Session(ground) as session:
        moved = replayed(session)
        assert [(a.published, a.duplicates) for a in moved.deliveries] == [(1, 1), (3, 0)]
        maintain.compact(ground, city.FLOW, "test")
        done = back(ground, one.version or 0)
        assert (done.plan.reverted, [row["id"] for row in done.plan.replays]) == ((), [moved.replay])
        assert (rows(ground), sorted(map(str, city.quarantined(ground)))) == before
        assert standing(ground) == ["finished", "blocked"]
        balanced(ground)
        with pytest.raises(Refused, match="RESTORE_REPLAYED"):
            back(ground, moved.version or 0)
        again = replayed(session)
        assert [(a.published, a.duplicates) for a in again.deliveries] == [(1, 1), (3, 0)]
        assert standing(ground) == ["finished", "finished"]
        balanced(ground)
        maintain.expire(ground, city.FLOW, "test", days=0)
        with pytest.raises(Refused, match=r"RESTORE_(EXPIRED|REPLAY_GONE)"):
            back(ground, one.version or 0)
    balanced(ground)


def test_a_restore_that_is_withdrawn_leaves_nothing_in_quarantine(
    city_ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = city.stock(city_ground)
    with Session(ground) as session:
        one = take(session, tmp_path / "a.csv", *(city.line(n) for n in range(5)), city.line(30, flow=3000))
        corrected(ground, tmp_path / "new")
    with Session(ground) as session:
        assert replayed(session).replay is not None
    commit, key, moved = Tables.commit, curated_key(city.FLOW), iter("*")

    def overtaken(lake: Tables, at: str, what: Commit) -> int:
        if at == key and next(moved, None):
            commit(lake, key, Commit((), "append", "somebody else", what.base, {}, what.at))
        return commit(lake, at, what)

    with monkeypatch.context() as once:
        once.setattr(Tables, "commit", overtaken)
        once.setattr(table_restore, "_ATTEMPTS", 1)
        with pytest.raises(Unavailable, match="RESTORE_UNSETTLED"):
            back(ground, one.version or 0)
    assert (len(rows(ground)), city.quarantined(ground)) == (6, [])
    balanced(ground)
    back(ground, one.version or 0)
    assert (len(rows(ground)), len(city.quarantined(ground))) == (5, 1)
    balanced(ground)


def test_rows_that_an_upsert_replaced_come_back(stocked: Ground, tmp_path: Path) -> None:
    city.upserting(stocked, tmp_path / "contracts")
    with Session(stocked) as session:
        one = take(session, tmp_path / "1.csv", *(city.line(n, flow=1) for n in range(4)))
        before = rows(stocked)
        two = take(session, tmp_path / "2.csv", city.line(1, flow=2), city.line(9, flow=2))
        done = back(stocked, one.version or 0)
        assert (rows(stocked), dict(done.plan.leaving), dict(done.plan.coming)) == (
            before,
            {two.delivery: 2},
            {one.delivery: 1},
        )
        assert take(session, tmp_path / "2b.csv", city.line(1, flow=2), city.line(9, flow=2)).replaced == 1
        assert take(session, tmp_path / "1b.csv", *(city.line(n, flow=1) for n in range(4))).published == 1


def test_what_a_replay_of_an_upsert_replaced_comes_back(stocked: Ground, tmp_path: Path) -> None:
    city.upserting(stocked, tmp_path / "contracts")
    with Session(stocked) as session:
        one = take(session, tmp_path / "1.csv", *(city.line(n, flow=1) for n in range(4)))
        two = take(session, tmp_path / "2.csv", city.line(1, flow=3000), city.line(9, flow=2))
        path = tmp_path / "contracts" / f"{city.FLOW}.yaml"
        path.write_text(path.read_text("utf-8").replace("version: 2.0.0", "version: 2.1.0").replace(*HIGHER), "utf-8")
        register_contracts(stocked, path.parent, "test")
    with Session(stocked) as session:
        before = rows(stocked), city.quarantined(stocked)
        moved = replayed(session)
        assert [(one.published, one.replaced) for one in moved.deliveries] == [(1, 1)]
        done = back(stocked, two.version or 0)
        assert (rows(stocked), city.quarantined(stocked)) == before
        assert dict(done.plan.coming) == {one.delivery: 1}
        assert [row["replaced"] for row in city.deliveries(stocked)] == [0, 0]
        balanced(stocked)
        assert [(one.published, one.replaced) for one in replayed(session).deliveries] == [(1, 1)]


def test_of_a_snapshot_the_one_that_stands_is_the_newest(stocked: Ground, tmp_path: Path) -> None:
    def delivered(session: Session, name: str, *numbers: int) -> Outcome:
        lines = [city.hospital(n) for n in numbers]
        return take(session, tmp_path / f"{name}.csv", *lines, dataset=city.HOSPITALS)

    with Session(stocked) as session:
        one = delivered(session, "a", 1, 2)
        before = rows(stocked, city.HOSPITALS)
        two = delivered(session, "b", 3)
        done = back(stocked, one.version or 0, city.HOSPITALS)
        assert rows(stocked, city.HOSPITALS) == before
        assert [row["id"] for row in done.plan.reverted] == [two.delivery]
        assert delivered(session, "a2", 1, 2).repeated == one.delivery
        assert delivered(session, "b2", 3).published == 1
        empty = back(stocked, 0, city.HOSPITALS)
        assert (empty.plan.rows_then, rows(stocked, city.HOSPITALS)) == (0, [])
        assert delivered(session, "a3", 1, 2).published == 2
        assert delivered(session, "a4", 1, 2).state == "repeated"
        assert delivered(session, "b3", 3).published == 1
        assert delivered(session, "a5", 1, 2).published == 2, "a repeat before does not stand for what comes after"
        assert rows(stocked, city.HOSPITALS) != before, "the same rows, of another delivery"


def test_a_purge_reaches_the_versions_between_and_they_do_not_come_back(stocked: Ground, tmp_path: Path) -> None:
    with Session(stocked) as session:
        one = take(session, tmp_path / "a.csv", city.line(1))
        two = take(session, tmp_path / "b.csv", city.line(2), city.line(51, flow="x"))
        back(stocked, one.version or 0)
        purge = propose(stocked, two.delivery, "illegal_collection", "2026-17", person(stocked.engine, "engineer_li"))
        approve(stocked, purge.id, person(stocked.engine, "reviewer_authority"), Extracts())
        with pytest.raises(Refused, match="LAKE_VERSION_PURGED"):
            back(stocked, two.version or 0)
        done = carry_out(stocked, purge.id, Extracts())
        assert done.versions == (two.version,)
        for key in (curated_key(city.FLOW), quarantine_key(city.FLOW)):
            assert holding(stocked, Tables(stocked.store), key, [2]).files == {}
        with pytest.raises(Refused, match=purge.id):
            back(stocked, two.version or 0)
        assert len(rows(stocked)) == 1
        assert take(session, tmp_path / "c.csv", city.line(3)).published == 1


def test_who_may_not_and_what_cannot_be(stocked: Ground, tmp_path: Path) -> None:
    with Session(stocked) as session:
        one = take(session, tmp_path / "a.csv", city.line(1))
        take(session, tmp_path / "b.csv", city.line(2))
    engineer = person(stocked.engine, "engineer_li")
    for who in ("officer_jinshui", "auditor_zhao", "reviewer_authority"):
        with pytest.raises(Refused, match="RESTORE_DENIED"):
            restore(stocked, person(stocked.engine, who), Asked(city.FLOW, 1, WHY))
    for target, reason, seen, code in (
        (1, " ", None, "RESTORE_REASON"),
        (9, WHY, None, "LAKE_TABLE_VERSION"),
        (1, WHY, 1, "RESTORE_MOVED"),
    ):
        with pytest.raises(Refused, match=code):
            restore(stocked, engineer, Asked(city.FLOW, target, reason, seen))
    now = Tables(stocked.store).snapshot(curated_key(city.FLOW))
    _same_columns(replace(now, schema=now.schema.append(pa.field("lane", pa.string()))), now)
    for then in (pa.schema([("flow", pa.float64())]), pa.schema([("gone", pa.string())])):
        with pytest.raises(Refused, match="RESTORE_COLUMNS"):
            _same_columns(now, replace(now, schema=then))
    assert back(stocked, 2).done is None
    maintain.compact(stocked, city.FLOW, "test")
    assert back(stocked, 2).done is None, "the same rows in other files"
    maintain.expire(stocked, city.FLOW, "test", days=0)
    with pytest.raises(Refused, match="RESTORE_EXPIRED"):
        back(stocked, one.version or 0)
    assert standing(stocked) == ["finished", "finished"]


def test_the_command_shows_asks_and_tells(stocked: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Session(stocked) as session:
        take(session, tmp_path / "a.csv", city.line(1), city.line(2))
        two = take(session, tmp_path / "b.csv", city.line(3))
    environ = {**stocked.environ, "HUB_LANG": "en"}
    call = ("lake", "restore", city.FLOW, "--to", 1, "--as", "engineer_li")
    assert run_hub(environ, *call).status == 2, "a reason is asked for"
    tried = run_hub(environ, *call, "--dry-run", "--json").document
    assert (tried["reverted"][0]["delivery"], tried["rows_now"], tried["rows_then"]) == (two.delivery, 3, 2)
    assert standing(stocked) == ["finished", "finished"]
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO())
        unanswered = run_hub(environ, *call, "--reason", WHY)
    assert (unanswered.status, "--yes" in unanswered.err) == (2, True), unanswered
    assert standing(stocked) == ["finished", "finished"]
    ran = run_hub(environ, *call, "--reason", WHY, "--yes")
    assert (ran.status, "put back as version 3 (restore-" in ran.out, two.delivery in ran.out) == (0, True, True), ran
    told = run_hub(environ, *call, "--reason", WHY, "--yes", "--json").document
    assert (told["version"], told["restore"] is not None) == (3, True), "twice is once"
    assert "RESTORE to 1" in run_hub(environ, "lake", "history", city.FLOW).out
    assert json.loads(run_hub(environ, "lake", "verify", city.FLOW, "--json").out)["ok"]
    with read(stocked.engine) as connection:
        sent = connection.execute(sa.select(outbox.c.sent_at).where(outbox.c.kind == "restore")).scalars().all()
    assert len(sent) == 1
    assert sent[0] is not None


def test_the_spans_of_versions_that_one_is_made_of() -> None:
    restored = {4: 1, 7: 5, 9: 3}
    assert spans(restored, 3) == ((0, 3),)
    assert spans(restored, 6) == ((0, 1), (4, 6))
    assert spans(restored, 8) == ((0, 1), (4, 5), (7, 8))
    assert spans(restored, 9) == ((0, 3), (9, 9))
    assert [one for one in range(10) if within(spans(restored, 8), one)] == [0, 1, 4, 5, 7, 8]
    assert not within(spans(restored, 8), None)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40 if WHOLE else 1))
@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_any_walk_of_deliveries_and_restores_finds_what_each_version_held(
    seed: int, mode: str, stocked: Ground, tmp_path: Path
) -> None:
    chance, held = random.Random(f"{seed}{mode}"), {0: Rows()}
    if mode == "upsert":
        city.upserting(stocked, tmp_path / "contracts")
    with Session(stocked) as session:
        for step in range(12):
            newest = max(held)
            if step > 2 and chance.random() < 0.4:
                target = chance.choice(sorted(held))
                back(stocked, target)
                assert rows(stocked) == held[target]
            elif chance.random() < 0.2 and newest:
                maintain.compact(stocked, city.FLOW, "test")
                assert rows(stocked) == held[newest]
            else:
                lines = [
                    city.line(chance.randrange(8), flow=chance.randrange(3)) for _ in range(chance.randrange(1, 4))
                ]
                take(session, tmp_path / f"{step}.csv", *lines, city.line(90, flow="x"))
            held[Tables(stocked.store).version(curated_key(city.FLOW))] = rows(stocked)
        balanced(stocked)
