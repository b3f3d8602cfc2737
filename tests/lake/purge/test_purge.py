"""A purge: two people, everything of the delivery gone, what else stood beside it kept."""

import shutil
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
from lake_city import FLOW

from catalogs.people.people import person
from catalogs.values.erasure_words import PurgeState
from infra.doctor import examine
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from lake import tables
from lake.arrival.folder import arrive
from lake.doctor import PARTS
from lake.ingest import ingest, process
from lake.landing.landing import land
from lake.purge import purge, purging
from lake.query import quarantine
from lake.query.query import Asked, query
from lake.records import tombstones
from lake.store.delta import Tables, curated_key
from lake.upkeep.maintain import compact, history
from sharing.ending.purge_telling import planned
from sharing.ending.purging import Extracts

REASON = "依申请 2026-17 号"


@pytest.fixture
def lake(ground: Ground) -> Ground:
    return city.stock(ground)


def take(ground: Ground, tmp_path: Path, name: str, lines: list[str], dataset: str = FLOW) -> Any:
    make = city.flow_file if dataset == FLOW else city.hospital_file
    return ingest(ground, dataset, make(tmp_path / f"{name}.csv", lines), actor="test")


def erase(ground: Ground, delivery: str, basis: str = "illegal_collection") -> tombstones.Purge:
    one = purge.propose(ground, delivery, basis, REASON, person(ground.engine, "engineer_li"))
    purge.approve(ground, one.id, person(ground.engine, "reviewer_authority"), Extracts())
    return purging.carry_out(ground, one.id, Extracts())


def test_a_purge_takes_the_delivery_and_leaves_the_others(lake: Ground, tmp_path: Path) -> None:
    first = take(lake, tmp_path, "a", [city.line(n) for n in range(10)] + [city.line(90, flow="x")])
    second = take(lake, tmp_path, "b", [city.line(n) for n in range(20, 25)] + [city.line(91, flow="x")])
    compact(lake, FLOW, "test")
    third = take(lake, tmp_path, "c", [city.line(n) for n in range(30, 33)])
    rows = {row["id"]: row for row in city.deliveries(lake)}
    done = erase(lake, second.delivery)
    assert done.state is PurgeState.CARRIED_OUT
    number = rows[second.delivery]["number"]
    assert {row["_delivery"] for row in city.curated(lake)} == {
        rows[first.delivery]["number"],
        rows[third.delivery]["number"],
    }
    assert number not in {row["_delivery"] for row in city.quarantined(lake)}
    assert len(city.curated(lake)) == 13
    assert len(city.quarantined(lake)) == 1
    after = {row["id"]: row for row in city.deliveries(lake)}[second.delivery]
    assert after["state"] == tables.PURGED
    assert (after["sha256"], after["file_name"], after["object_key"], after["wrapped_key"]) == ("", "", None, None)
    assert [after[name] for name in ("read", "published", "quarantined", "duplicates")] == [6, 5, 1, 0]
    for other in (first, third):
        assert {row["id"]: row for row in city.deliveries(lake)}[other.delivery] == rows[other.delivery]
    assert not list(lake.store.list(f"landing/jinshui/{rows[second.delivery]['sha256']}"))
    assert lake.ledger.verify().ok
    acts = [act for act, _ in city.acts(lake)]
    assert acts[-3:] == ["lake:purge:proposed", "lake:purge:approved", "lake:purge:carried_out"]
    city.balanced(lake)


def test_versions_that_held_it_name_the_tombstone_and_the_others_are_read(lake: Ground, tmp_path: Path) -> None:
    take(lake, tmp_path, "a", [city.line(n) for n in range(10)])
    second = take(lake, tmp_path, "b", [city.line(n) for n in range(20, 25)])
    take(lake, tmp_path, "c", [city.line(n) for n in range(30, 33)])
    done = erase(lake, second.delivery)
    reader = person(lake.engine, "engineer_li")
    table = "jinshui.traffic_road_flow"
    newest = history(lake, FLOW)[0]["version"]
    assert done.versions == tuple(range(second.version, newest))
    for version in range(newest + 1):
        asked = Asked(f"SELECT count(*) AS n FROM {table}", as_of=version)
        if version in done.versions:
            with pytest.raises(Refused) as refused:
                query(lake, reader, asked)
            assert refused.value.code == "LAKE_VERSION_PURGED"
            assert done.id in refused.value.sentence("en")
            assert done.id in refused.value.sentence("zh")
        else:
            assert query(lake, reader, asked).rows.to_pylist()[0]["n"] in (0, 10, 13)
    assert query(lake, reader, f"SELECT count(*) AS n FROM {table}").rows.to_pylist() == [{"n": 13}]


def test_the_same_bytes_are_refused_until_somebody_lets_them_in(lake: Ground, tmp_path: Path) -> None:
    lines = [city.line(n) for n in range(10)]
    first = take(lake, tmp_path, "a", lines)
    done = erase(lake, first.delivery)
    with pytest.raises(Refused) as refused:
        take(lake, tmp_path, "another name", lines)
    assert refused.value.code == "DELIVERY_PURGED"
    assert not list(lake.store.list("landing"))
    assert done.mark is not None
    reviewer = person(lake.engine, "reviewer_authority")
    with pytest.raises(Refused, match="PURGE_REASON"):
        purge.readmit(lake, done.id, reviewer, "法院裁定", " ")
    purge.readmit(lake, done.id, reviewer, "（2026）豫01行终7号", "判令恢复")
    again = take(lake, tmp_path, "a", lines)
    assert (again.state, again.published) == ("finished", 10)
    assert again.delivery != first.delivery
    erase(lake, again.delivery, "authority_order")
    with pytest.raises(Refused, match="DELIVERY_PURGED"):
        take(lake, tmp_path, "a", lines)


def test_repeats_of_the_bytes_go_with_it_and_another_dataset_keeps_its_own(lake: Ground, tmp_path: Path) -> None:
    lines = [city.line(n) for n in range(10)]
    first = take(lake, tmp_path, "a", lines)
    repeated = take(lake, tmp_path, "b", lines)
    assert repeated.state == "repeated"
    done = erase(lake, first.delivery, "wrong_recipient")
    assert set(done.ids) == {first.delivery, repeated.delivery}
    assert not list(lake.store.list("landing"))
    assert {row["state"] for row in city.deliveries(lake)} == {tables.PURGED}
    path = city.flow_file(tmp_path / "a.csv", lines)
    assert ingest(lake, city.HOSPITALS, path, actor="test").state == "refused"  # landed there, and cannot be read


def test_a_purged_snapshot_leaves_the_dataset_empty_and_the_one_before_it_can_come_again(
    lake: Ground, tmp_path: Path
) -> None:
    older = [city.hospital(n) for n in range(20)]
    take(lake, tmp_path, "a", older, city.HOSPITALS)
    newer = take(lake, tmp_path, "b", [city.hospital(n) for n in range(5, 30)], city.HOSPITALS)
    assert purge.plan(lake, newer.delivery, Extracts()).empties
    erase(lake, newer.delivery)
    assert city.curated(lake, city.HOSPITALS) == []
    again = take(lake, tmp_path, "a", older, city.HOSPITALS)
    assert (again.state, len(city.curated(lake, city.HOSPITALS))) == ("finished", 20)


def test_an_older_snapshot_is_purged_without_touching_the_newest(lake: Ground, tmp_path: Path) -> None:
    old = take(lake, tmp_path, "a", [city.hospital(n) for n in range(20)], city.HOSPITALS)
    take(lake, tmp_path, "b", [city.hospital(n) for n in range(5, 30)], city.HOSPITALS)
    before = Tables(lake.store).version(curated_key(city.HOSPITALS))
    done = erase(lake, old.delivery)
    assert Tables(lake.store).version(curated_key(city.HOSPITALS)) == before
    assert done.versions == (old.version,)
    assert len(city.curated(lake, city.HOSPITALS)) == 25


def test_two_people_and_the_right_ones(lake: Ground, tmp_path: Path) -> None:
    first = take(lake, tmp_path, "a", [city.line(n) for n in range(10)])
    who = {name: person(lake.engine, name) for name in ("engineer_li", "reviewer_authority", "officer_erqi", "local")}
    with pytest.raises(Refused, match="PURGE_ROLE"):
        purge.propose(lake, first.delivery, "illegal_collection", REASON, who["officer_erqi"])
    with pytest.raises(WrongUse, match="PURGE_BASIS"):
        purge.propose(lake, first.delivery, "because", REASON, who["engineer_li"])
    with pytest.raises(Refused, match="PURGE_REASON"):
        purge.propose(lake, first.delivery, "illegal_collection", "two\nlines", who["engineer_li"])
    with pytest.raises(WrongUse, match="LANDING_UNKNOWN"):
        purge.propose(lake, "d-none", "illegal_collection", REASON, who["engineer_li"])
    one = purge.propose(lake, first.delivery, "illegal_collection", REASON, who["local"])
    with pytest.raises(Refused, match="PURGE_OPEN"):
        purge.propose(lake, first.delivery, "illegal_collection", REASON, who["engineer_li"])
    for name, code in (("engineer_li", "PURGE_ROLE"), ("local", "PURGE_SAME_PERSON")):
        with pytest.raises(Refused, match=code):
            purge.approve(lake, one.id, who[name], Extracts())
    with pytest.raises(Refused, match="PURGE_STATE"):
        purging.carry_out(lake, one.id, Extracts())
    assert len(city.curated(lake)) == 10
    refused = purge.refuse(lake, one.id, who["reviewer_authority"], "保存期限未届满")
    assert refused.state is PurgeState.REFUSED
    with pytest.raises(Refused, match="PURGE_STATE"):
        purge.approve(lake, one.id, who["reviewer_authority"], Extracts())
    erase(lake, first.delivery)
    with pytest.raises(Refused, match="PURGE_DONE"):
        purge.propose(lake, first.delivery, "illegal_collection", REASON, who["engineer_li"])


def test_what_was_never_read_and_what_nobody_registered_is_purged_too(lake: Ground, tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text("nothing,of,this\n1,2,3\n")
    unread, unknown = (ingest(lake, dataset, path, actor="test") for dataset in (FLOW, "jinshui.nowhere.nothing"))
    assert (unread.state, unknown.state) == ("refused", "refused")
    done = erase(lake, unread.delivery)
    assert set(done.ids) == {unread.delivery, unknown.delivery}
    assert not list(lake.store.list("landing"))
    assert [look["found"] for look in done.erased["tables"].values() if "found" in look] == []
    path.write_text("nothing,of,that\n1,2,3\n")
    alone = ingest(lake, "jinshui.nowhere.nothing", path, actor="test")
    assert erase(lake, alone.delivery).ids == [alone.delivery]
    with pytest.raises(Refused, match="DELIVERY_PURGED"):
        ingest(lake, FLOW, path, actor="test")


def test_from_the_approval_on_nobody_reads_it_however_long_the_rest_takes(lake: Ground, tmp_path: Path) -> None:
    take(lake, tmp_path, "a", [city.line(n) for n in range(10)] + [city.line(90, flow="x")])
    second = take(lake, tmp_path, "b", [city.line(n) for n in range(20, 25)] + [city.line(91, flow="x")])
    one = purge.propose(lake, second.delivery, "illegal_collection", REASON, person(lake.engine, "engineer_li"))
    purge.approve(lake, one.id, person(lake.engine, "reviewer_authority"), Extracts())
    assert examine(lake, PARTS)["purges"].detail == {"waiting": [], "interrupted": [one.id]}
    sql, officer = "SELECT count(*) AS n FROM jinshui.traffic_road_flow", person(lake.engine, "officer_jinshui")
    with pytest.raises(Refused, match="LAKE_VERSION_PURGED"):
        query(lake, officer, sql)
    assert query(lake, officer, Asked(sql, as_of=1)).rows.to_pylist() == [{"n": 10}]
    assert {row.delivery for row in quarantine.show(lake, officer, quarantine.Question(FLOW)).rows} == {
        city.deliveries(lake)[0]["id"]
    }
    with pytest.raises(Refused, match="DELIVERY_PURGED"):
        take(lake, tmp_path, "b", [city.line(n) for n in range(20, 25)] + [city.line(91, flow="x")])
    third = take(lake, tmp_path, "c", [city.line(n) for n in range(30, 33)])  # another publishes before it is done
    done = purging.carry_out(lake, one.id, Extracts())
    assert examine(lake, PARTS)["purges"].detail == {"waiting": [], "interrupted": []}
    assert third.version in done.versions, "a version that still held the rows is lost as well"
    assert query(lake, officer, sql).rows.to_pylist() == [{"n": 13}]


@pytest.mark.parametrize("name", ["arrivals.yaml", "notices.yaml"])
def test_a_faulty_file_of_the_city_keeps_no_purge_waiting_and_the_plan_tells_of_it(
    lake: Ground, tmp_path: Path, name: str
) -> None:
    lake.city = Path(shutil.copytree(lake.city, tmp_path / "city"))
    done = take(lake, tmp_path, "a", [city.line(1)]).delivery
    (lake.city / name).write_text("nonsense: {", "utf-8")
    plan = purge.plan(lake, done, Extracts())
    asked = name == "arrivals.yaml"
    assert (plan.unread, plan.keepers) == ((name,) if asked else (), ())
    assert any(name in line.zh and name in line.en for line in planned(plan)) == asked
    assert erase(lake, done).state is PurgeState.CARRIED_OUT
    assert city.curated(lake) == []


def test_a_delivery_that_waits_is_purged_and_never_published(lake: Ground, tmp_path: Path) -> None:
    path = city.flow_file(tmp_path / "a.csv", [city.line(n) for n in range(10)])
    landed = land(lake, FLOW, path, channel="command", arrived_at=lake.now(), actor="test")
    done = erase(lake, landed.id)
    assert done.ids == [landed.id]
    assert process(lake, landed.id).state == tables.PURGED
    assert city.curated(lake) == []
    assert not list(lake.store.list("landing"))


def test_purged_bytes_in_a_watched_folder_are_told_and_not_landed(lake: Ground, tmp_path: Path) -> None:
    lines = [city.line(n) for n in range(10)]
    erase(lake, take(lake, tmp_path, "a", lines).delivery)
    waiting = city.flow_file(lake.home / "arrivals" / "jinshui" / "traffic.road_flow-1.csv", lines)
    arrived = arrive(lake, lake.now())
    assert [one.error.code for one in arrived.refused] == ["DELIVERY_PURGED"]
    assert waiting.exists(), "it is its sender's, who is told to delete it"
    assert not list(lake.store.list("landing"))
    assert {row["state"] for row in city.deliveries(lake)} == {tables.PURGED}
