"""Replay: exactly the rows that now pass leave quarantine, once, and every delivery balances before and after."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
import sqlalchemy as sa
from front_door import run_hub

from catalogs.people.people import person
from infra.database import read
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from lake.ingest import Session, ingest
from lake.purge.purge import approve, propose
from lake.purge.purging import carry_out
from lake.records import tickets
from lake.replay.replay import Replayed, replay
from lake.store.delta import Tables, curated_key, quarantine_key
from lake.store.holdings import holding
from lake.tables import outbox
from lake.upkeep import maintain
from lake.upkeep.verify import verify
from sharing.ending.purging import Extracts


def moved(ground: Ground, dataset: str = city.FLOW, delivery: str | None = None, *, dry_run: bool = False) -> Replayed:
    with Session(ground) as session:
        return replay(session, person(ground.engine, "engineer_li"), dataset, delivery, dry_run=dry_run)


def everything(ground: Ground) -> tuple[Any, ...]:
    """What a replay may change."""
    rows = [dict(row) for row in city.deliveries(ground)]
    both = (
        sorted(json.dumps(row, default=str) for row in some)
        for some in (city.curated(ground), city.quarantined(ground))
    )
    return (rows, *both, city.acts(ground))


def balanced(ground: Ground, dataset: str = city.FLOW) -> None:
    """Every delivery balances by its counts, and `hub lake verify` finds every row where log and register say."""
    city.balanced(ground)
    assert [flaw.said.en for flaw in verify(ground, dataset, "test").flaws] == []


@pytest.fixture
def stocked(city_ground: Ground) -> Iterator[Ground]:
    """Whatever a test moves: in the end the stored files are what log and register say."""
    yield city.stock(city_ground)
    for dataset in (city.FLOW, city.HOSPITALS):
        if Tables(city_ground.store).exists(curated_key(dataset)):
            assert verify(city_ground, dataset, "test").flaws == []


HIGHER = ("max: 2000}", "max: 5000}")


def test_exactly_what_now_passes_moves_and_only_once(stocked: Ground, tmp_path: Path) -> None:
    ground = stocked
    first = [*(city.line(at) for at in range(10)), city.line(20, flow=3000), city.line(21, flow=9000), "torn,record"]
    one = ingest(ground, city.FLOW, city.flow_file(tmp_path / "a.csv", first), actor="test")
    second = [*(city.line(at) for at in range(30, 35)), city.line(20, flow=4000), city.line(40, flow=4000)]
    two = ingest(ground, city.FLOW, city.flow_file(tmp_path / "b.csv", second), actor="test")
    assert (one.quarantined, two.quarantined) == (3, 2)
    nothing, before = moved(ground), everything(ground)
    assert (nothing.replay, nothing.deliveries, nothing.left) == (None, (), 5)
    city.corrected(ground, tmp_path / "new", "1.1.0", HIGHER)
    before = everything(ground)
    told = moved(ground, dry_run=True)
    assert everything(ground)[:3] == before[:3]
    assert city.acts(ground) == before[3]
    done = moved(ground)
    assert [(a.id, a.published, a.duplicates) for a in told.deliveries] == [
        (a.id, a.published, a.duplicates) for a in done.deliveries
    ]
    # Minute 20 of the second contradicts what the first has published by then: it stays.
    assert [(a.id, a.published, a.duplicates) for a in done.deliveries] == [(one.delivery, 1, 0), (two.delivery, 1, 0)]
    assert done.left == 3
    assert {rule: count for rule, (count, _) in done.broken.items()} == {"flow.range": 1, "duplicate.conflict": 1}
    balanced(ground)
    lines = {(row["_delivery"], row["_line"]) for row in city.curated(ground) if row["flow"] > 2000}
    assert lines == {(1, 12), (2, 8)}
    assert sorted(row["_line"] for row in city.quarantined(ground)) == [7, 13, 14]
    after = everything(ground)
    assert moved(ground).deliveries == ()
    assert everything(ground) == after
    assert [subject for act, subject in city.acts(ground) if act == "lake:quarantine:replayed"] == [
        one.delivery,
        two.delivery,
    ]
    assert ground.ledger.verify().ok


def test_a_blocked_delivery_is_published_once_rows_of_it_pass(stocked: Ground, tmp_path: Path) -> None:
    lines = [city.line(at, flow=3000) for at in range(3)] + [city.line(9, flow="x")]
    one = ingest(stocked, city.FLOW, city.flow_file(tmp_path / "a.csv", lines), actor="test")
    assert (one.state, one.code, one.version) == ("blocked", "DELIVERY_BLOCKED", None)
    city.corrected(stocked, tmp_path / "new", "1.1.0", HIGHER)
    done = moved(stocked, delivery=one.delivery)
    [row] = city.deliveries(stocked)
    assert (row["state"], row["code"], row["version"], row["publish_no"]) == ("finished", None, done.version, 1)
    assert (row["read"], row["published"], row["quarantined"], row["contract_version"]) == (4, 3, 1, "1.1.0")
    assert (row["audit"]["passed"], row["audit"]["failed"]) == (True, [])
    assert row["audit"]["broken"] == {"flow.type": 1}
    balanced(stocked)
    again = ingest(stocked, city.FLOW, tmp_path / "a.csv", actor="test")
    assert (again.state, again.repeated) == ("repeated", one.delivery)


def test_what_repeats_a_published_row_counts_as_a_duplicate(stocked: Ground, tmp_path: Path) -> None:
    one = ingest(
        stocked, city.FLOW, city.flow_file(tmp_path / "a.csv", [city.line(1), city.line(2, flow=3000)]), actor="test"
    )
    city.corrected(stocked, tmp_path / "new", "1.1.0", HIGHER)
    ingest(stocked, city.FLOW, city.flow_file(tmp_path / "b.csv", [city.line(2, flow=3000)]), actor="test")
    done = moved(stocked)
    assert [(a.id, a.published, a.duplicates) for a in done.deliveries] == [(one.delivery, 0, 1)]
    balanced(stocked)
    assert city.quarantined(stocked) == []
    assert sorted(row["flow"] for row in city.curated(stocked)) == [10, 3000]


def test_a_rule_of_the_whole_that_would_break_keeps_the_delivery_as_it_is(stocked: Ground, tmp_path: Path) -> None:
    lines = [city.line(1), city.line(2), city.line(3, flow=3000)]
    one = ingest(stocked, city.FLOW, city.flow_file(tmp_path / "a.csv", lines), actor="test")
    three = ("mustBeGreaterOrEqualTo: 1", "mustBeLessOrEqualTo: 2")
    city.corrected(stocked, tmp_path / "new", "2.0.0", HIGHER, three)
    done = moved(stocked)
    assert (done.replay, done.left, list(done.held)) == (None, 1, [one.delivery])
    city.corrected(
        stocked, tmp_path / "newer", "3.0.0", HIGHER, ("mustBeGreaterOrEqualTo: 1", "mustBeLessOrEqualTo: 3")
    )
    assert moved(stocked).left == 0
    balanced(stocked)


def test_what_was_held_and_only_repeats_a_later_delivery_moves_with_it(stocked: Ground, tmp_path: Path) -> None:
    held = [city.line(1), city.line(2, flow=3000)]
    one = ingest(stocked, city.FLOW, city.flow_file(tmp_path / "a.csv", held), actor="test")
    brings = [city.line(2, flow=3000), city.line(3), city.line(4)]
    two = ingest(stocked, city.FLOW, city.flow_file(tmp_path / "b.csv", brings), actor="test")
    three = ("mustBeGreaterOrEqualTo: 1", "mustBeGreaterOrEqualTo: 3")
    city.corrected(stocked, tmp_path / "new", "2.0.0", HIGHER, three)
    done = moved(stocked)
    assert {a.id: (a.published, a.duplicates) for a in done.deliveries} == {one.delivery: (0, 1), two.delivery: (1, 0)}
    assert (done.held, done.left) == ({}, 0)
    balanced(stocked)
    assert moved(stocked).replay is None, "once more changes nothing"


ALIAS = (
    "            value: note\n",
    "            value: note\n          - property: cityhub.aliases\n            value: [附注]\n",
)
LANE = """      - name: lane
        businessName: 车道
        logicalType: string
        physicalType: string
        classification: general_1
        customProperties:
          - property: cityhub.english
            value: lane
"""


def annotated(path: Path, *lines: str) -> Path:
    """Lines of road flow with a column that the contract does not know, and once more with what it holds."""
    text = "\n".join([f"{city.HEADER},附注", *lines]) + "\n"
    path.write_text(text, "utf-8")
    return path


def test_an_alias_added_since_finds_its_column(stocked: Ground, tmp_path: Path) -> None:
    lines = [f"{city.line(1)},好", f"{city.line(2, flow=3000)},修路"]
    ingest(stocked, city.FLOW, annotated(tmp_path / "a.csv", *lines), actor="test")
    city.corrected(stocked, tmp_path / "new", "1.1.0", HIGHER, ALIAS)
    assert moved(stocked).left == 0
    assert {row["flow"]: row["note"] for row in city.curated(stocked)} == {10: None, 3000: "修路"}
    balanced(stocked)


def test_a_record_with_two_spellings_of_a_field_stays(stocked: Ground, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{city.line(1)},一,", f"{city.line(2, flow=3000)},一,二", f"{city.line(3, flow=3000)},,二"]
    path.write_text("\n".join([f"{city.HEADER},note,附注", *rows]) + "\n", "utf-8")
    ingest(stocked, city.FLOW, path, actor="test")
    city.corrected(stocked, tmp_path / "new", "1.1.0", HIGHER, ALIAS)
    done = moved(stocked)
    assert (done.left, {rule: count for rule, (count, _) in done.broken.items()}) == (1, {"record.duplicate_key": 1})
    assert sorted((row["flow"], row["note"]) for row in city.curated(stocked)) == [(10, "一"), (3000, "二")]


def test_a_record_without_a_column_that_is_required_since_stays(stocked: Ground, tmp_path: Path) -> None:
    lines = [city.line(1), city.line(2, flow=3000)]
    ingest(stocked, city.FLOW, city.flow_file(tmp_path / "a.csv", lines), actor="test")
    city.corrected(stocked, tmp_path / "new", "2.0.0", HIGHER, ("      - name: lat\n", LANE + "      - name: lat\n"))
    done = moved(stocked)
    assert (done.replay, done.left, list(done.broken)) == (None, 1, ["record.ragged"])


def test_a_column_added_since_is_empty_in_rows_that_lack_it(stocked: Ground, tmp_path: Path) -> None:
    lines = [city.line(1), city.line(2, flow=3000)]
    ingest(stocked, city.FLOW, city.flow_file(tmp_path / "a.csv", lines), actor="test")
    optional = LANE + "          - property: cityhub.optional_header\n            value: true\n"
    city.corrected(
        stocked, tmp_path / "new", "1.1.0", HIGHER, ("      - name: lat\n", optional + "      - name: lat\n")
    )
    assert moved(stocked).left == 0
    assert [(row["flow"], row["lane"]) for row in city.curated(stocked)] == [(10, None), (3000, None)]
    balanced(stocked)


def test_it_finds_its_rows_after_compaction_and_a_purge_finds_what_it_moved(stocked: Ground, tmp_path: Path) -> None:
    took = [
        ingest(
            stocked,
            city.FLOW,
            city.flow_file(
                tmp_path / f"{n}.csv", [city.line(n), city.line(n + 10, flow=3000), city.line(n + 20, flow="x")]
            ),
            actor="test",
        ).delivery
        for n in range(3)
    ]
    maintain.compact(stocked, city.FLOW, "test")
    city.corrected(stocked, tmp_path / "new", "1.1.0", HIGHER)
    assert [(a.id, a.published) for a in moved(stocked).deliveries] == [(one, 1) for one in took]
    balanced(stocked)
    maintain.compact(stocked, city.FLOW, "test")
    balanced(stocked)
    one = propose(stocked, took[1], "illegal_collection", "2026-17", person(stocked.engine, "engineer_li"))
    approve(stocked, one.id, person(stocked.engine, "reviewer_authority"), Extracts())
    assert [a.id for a in moved(stocked).deliveries] == []
    carry_out(stocked, one.id, Extracts())
    lake = Tables(stocked.store)
    for key in (curated_key(city.FLOW), quarantine_key(city.FLOW)):
        assert holding(stocked, lake, key, [2]).files == {}
    assert len(city.curated(stocked)) == 4
    with read(stocked.engine) as connection:
        told = connection.execute(sa.select(outbox.c.payload).where(outbox.c.subject.startswith(f"{took[1]}/"))).all()
    assert told == []
    balanced(stocked)


def snapshot(ground: Ground, path: Path, *lines: str) -> str:
    return ingest(ground, city.HOSPITALS, city.hospital_file(path, lines), actor="test").delivery


BEIJING = ("values: [上海市]", "values: [上海市, 北京市]")


def test_of_a_snapshot_only_the_newest_is_replayed(stocked: Ground, tmp_path: Path) -> None:
    old = snapshot(stocked, tmp_path / "a.csv", city.hospital(1), city.hospital(2, province="北京市"))
    new = snapshot(stocked, tmp_path / "b.csv", city.hospital(3), city.hospital(4, province="北京市"))
    city.corrected(stocked, tmp_path / "new", "2.0.0", BEIJING, dataset=city.HOSPITALS)
    with pytest.raises(Refused) as refused:
        moved(stocked, city.HOSPITALS, old)
    assert refused.value.code == "REPLAY_SUPERSEDED"
    done = moved(stocked, city.HOSPITALS)
    assert [(one.id, one.published) for one in done.deliveries] == [(new, 1)]
    assert len(city.curated(stocked, city.HOSPITALS)) == 2
    assert moved(stocked, city.HOSPITALS).deliveries == ()
    balanced(stocked, city.HOSPITALS)


def test_a_blocked_snapshot_takes_the_place_of_the_one_before(stocked: Ground, tmp_path: Path) -> None:
    snapshot(stocked, tmp_path / "a.csv", city.hospital(1), city.hospital(2, province="北京市"))
    blocked = snapshot(stocked, tmp_path / "b.csv", city.hospital(3, province="北京市"))
    city.corrected(stocked, tmp_path / "new", "2.0.0", BEIJING, dataset=city.HOSPITALS)
    done = moved(stocked, city.HOSPITALS)
    assert [(one.id, one.published) for one in done.deliveries] == [(blocked, 1)]
    assert [row["pname"] for row in city.curated(stocked, city.HOSPITALS)] == ["北京市"]
    assert moved(stocked, city.HOSPITALS).deliveries == ()
    balanced(stocked, city.HOSPITALS)


def test_a_blocked_snapshot_does_not_come_back_over_a_repeat_of_the_published_one(
    stocked: Ground, tmp_path: Path
) -> None:
    first = snapshot(stocked, tmp_path / "a.csv", city.hospital(1))
    snapshot(stocked, tmp_path / "b.csv", city.hospital(3, province="北京市"))
    assert snapshot(stocked, tmp_path / "c.csv", city.hospital(1)) != first  # the provider went back to it
    city.corrected(stocked, tmp_path / "new", "2.0.0", BEIJING, dataset=city.HOSPITALS)
    before = city.curated(stocked, city.HOSPITALS)
    assert moved(stocked, city.HOSPITALS).deliveries == ()
    assert city.curated(stocked, city.HOSPITALS) == before


def test_it_closes_the_tickets_of_causes_that_left_quarantine(stocked: Ground, tmp_path: Path) -> None:
    lines = [city.line(1), city.line(2, flow=3000), city.line(3, flow="x")]
    ingest(stocked, city.FLOW, city.flow_file(tmp_path / "a.csv", lines), actor="test")
    assert {one.cause for one in tickets.listing(stocked)} == {"flow.range", "flow.type"}
    city.corrected(stocked, tmp_path / "new", "1.1.0", HIGHER)
    done = moved(stocked)
    both = tickets.listing(stocked, closed=True)
    assert {one.cause: one.closed_by for one in both} == {"flow.range": done.replay, "flow.type": None}


def test_who_may_not_deliver_may_not_replay(stocked: Ground) -> None:
    with Session(stocked) as session, pytest.raises(Refused) as refused:
        replay(session, person(stocked.engine, "auditor_zhao"), city.FLOW)
    assert refused.value.code == "REPLAY_DENIED"
    with pytest.raises(WrongUse):
        moved(stocked, delivery="d-none")


def test_the_command_tells_what_moved_and_what_stays(stocked: Ground, tmp_path: Path) -> None:
    lines = [city.line(1), city.line(2, flow=3000), city.line(3, flow="x")]
    one = ingest(stocked, city.FLOW, city.flow_file(tmp_path / "a.csv", lines), actor="test")
    city.corrected(stocked, tmp_path / "new", "1.1.0", HIGHER)
    environ = {**stocked.environ, "HUB_LANG": "zh"}
    call = ("quarantine", "replay", city.FLOW, "--as", "engineer_li")
    tried = run_hub(environ, *call, "--dry-run")
    assert (tried.status, "什么都没有改动" in tried.out) == (0, True), tried.said
    assert len(city.quarantined(stocked)) == 2
    ran = run_hub(environ, *call, "--delivery", one.delivery, "--json")
    assert ran.status == 0, ran.said
    told = ran.document
    assert (told["published"], told["duplicates"], told["left"], told["contract"]) == (1, 0, 1, "1.1.0")
    assert told["deliveries"] == [{"delivery": one.delivery, "published": 1, "duplicates": 0, "replaced": 0}]
    assert told["broken"][0]["rule"] == "flow.type"
    again = run_hub(environ, *call)
    assert "发布 0，重复 0，仍为问题数据 1" in again.out
    with read(stocked.engine) as connection:
        sent = connection.execute(sa.select(outbox.c.sent_at).where(outbox.c.kind == "replay")).scalars().all()
    assert len(sent) == 1
    assert sent[0] is not None
