"""Ingest: conservation, repeats, snapshots, duplicates, blocked and refused deliveries, batches, leases."""

import os
from pathlib import Path
from typing import Any

import lake_city as city
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from warm import Warm

from infra.errors import Unavailable
from infra.ground import Ground
from lake import prepare
from lake.audit import audit
from lake.ingest import Session, ingest, process, process_batch
from lake.landing.landing import land
from lake.publish import publish
from lake.records import record
from lake.store.delta import Tables, curated_key
from lake.store.parquet import Written

SECRET = "CANARY-91c4"
STEPS = ("landed", "read", "split", "audited", "published")


@pytest.fixture
def stocked(ground: Ground) -> Ground:
    return city.stock(ground)


def take(ground: Ground, path: Path, dataset: str = city.FLOW, session: Session | None = None) -> Any:
    return ingest(ground, dataset, path, actor="test", session=session)


def test_every_record_is_published_quarantined_or_a_duplicate(city_ground: Ground, tmp_path: Path) -> None:
    ground = city.stock(city_ground)
    lines = [city.line(i) for i in range(40)]
    lines[3] = city.line(3, flow="many")  # of no type
    lines += [city.line(5), city.line(6, flow=11), "torn,record"]  # a repeat, a contradiction, a ragged one
    first = take(ground, city.flow_file(tmp_path / "a.csv", lines))
    assert (first.state, first.read, first.published, first.quarantined, first.duplicates, first.version) == (
        "finished",
        43,
        39,
        3,
        1,
        1,
    )
    assert {rule for row in city.quarantined(ground) for rule in row["rules"]} >= {
        "flow.type",
        "duplicate.conflict",
        "record.ragged",
    }
    # The next delivery overlaps what is published: equal rows are duplicates, another value contradicts.
    more = [city.line(0), city.line(1, flow=99), *[city.line(i) for i in range(40, 50)]]
    second = take(ground, city.flow_file(tmp_path / "b.csv", more))
    assert (second.read, second.published, second.quarantined, second.duplicates, second.version) == (12, 10, 1, 1, 2)
    city.balanced(ground)
    assert len({(row["detector_id"], row["observed_at"]) for row in city.curated(ground)}) == 49


def test_lines_and_raw_values_are_kept(stocked: Ground, tmp_path: Path) -> None:
    lines = [city.line(0), city.line(1, flow="viele"), city.line(2), city.line(0, flow=77)]
    take(stocked, city.flow_file(tmp_path / "a.csv", lines))
    typed, contradicting = sorted(city.quarantined(stocked), key=lambda row: row["_line"])
    assert typed["_line"] == 3
    assert '"flow":"viele"' in typed["raw"]
    assert typed["sentence_zh"].startswith("第3行")
    assert contradicting["_line"] == 5
    assert '"flow":"77"' in contradicting["raw"]
    assert {row["_line"] for row in city.curated(stocked)} == {2, 4}


def test_the_same_again_changes_nothing(city_ground: Ground, tmp_path: Path) -> None:
    ground = city.stock(city_ground)
    path = city.flow_file(tmp_path / "a.csv", [city.line(i) for i in range(10)])
    first = take(ground, path)
    before = city.curated(ground)
    for _ in range(2):
        again = take(ground, path)
        assert (again.state, again.repeated) == ("repeated", first.delivery)
    assert process(ground, first.delivery).published == 10
    assert city.curated(ground) == before
    assert [row["state"] for row in city.deliveries(ground)] == ["finished", "repeated"]
    names = [act for act, _ in city.acts(ground)]
    assert names == [
        f"lake:delivery:{act}" for act in ["landed", "read", "split", "audited", "published", "landed", "repeated"]
    ]


def test_snapshots_a_b_a_are_three_versions(stocked: Ground, tmp_path: Path) -> None:
    a = city.hospital_file(tmp_path / "a.csv", [city.hospital(n) for n in range(20)])
    b = city.hospital_file(tmp_path / "b.csv", [city.hospital(n) for n in range(15, 30)])
    told = [take(stocked, path, city.HOSPITALS) for path in (a, b, a, a)]
    assert [(one.state, one.version, one.published) for one in told] == [
        ("finished", 1, 20),
        ("finished", 2, 15),
        ("finished", 3, 20),
        ("repeated", None, None),
    ]
    _, _, third, fourth = city.deliveries(stocked)
    assert fourth["repeats"] == third["id"]
    published = city.curated(stocked, city.HOSPITALS)
    assert {row["_delivery"] for row in published} == {third["number"]}
    assert {row["name"] for row in published} == {f"虚构医院{n}号" for n in range(20)}


def test_a_delivery_of_duplicates_alone_is_no_fault(stocked: Ground, tmp_path: Path) -> None:
    take(stocked, city.flow_file(tmp_path / "a.csv", [city.line(0), city.line(1)]))
    again = take(stocked, city.flow_file(tmp_path / "b.csv", [city.line(1)]))
    assert (again.state, again.read, again.published, again.duplicates) == ("finished", 1, 0, 1)


def test_a_blocked_delivery_publishes_nothing(stocked: Ground, tmp_path: Path) -> None:
    take(stocked, city.flow_file(tmp_path / "a.csv", [city.line(0)]))
    outcome = take(stocked, city.flow_file(tmp_path / "b.csv", [city.line(1, flow="x"), city.line(2, flow="y")]))
    assert (outcome.state, outcome.code, outcome.version) == ("blocked", prepare.BLOCKED, None)
    assert (outcome.read, outcome.published, outcome.quarantined) == (2, 0, 2)
    assert len(city.curated(stocked)) == 1
    assert Tables(stocked.store).version(curated_key(city.FLOW)) == 1
    city.balanced(stocked)


def corrupt(files: tuple[Written, ...]) -> None:
    """One row goes wrong on disk, after the split and before the audit."""
    table = pq.read_table(files[0].path)
    flows = table.column("flow").to_pylist()
    flows[0] = 999_999
    at = table.schema.get_field_index("flow")
    pq.write_table(table.set_column(at, table.schema.field("flow"), pa.array(flows, pa.int64())), files[0].path)


def test_a_row_that_went_wrong_after_the_split_is_stopped(
    stocked: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = prepare._audit

    def corrupted(task: Any, removed: Any, now: Any) -> Any:
        corrupt(removed.files)
        return judge(task, removed, now)

    monkeypatch.setattr(prepare, "_audit", corrupted)
    outcome = take(stocked, city.flow_file(tmp_path / "a.csv", [city.line(i) for i in range(5)]))
    assert outcome.state == "blocked"
    assert [found["rule"] for found in outcome.audit["failed"]] == ["flow.range"]
    assert (outcome.read, outcome.published, outcome.quarantined) == (5, 0, 5)
    # What the district reads in quarantine is what it delivered, not what went wrong here.
    assert all('"flow":"10"' in row["raw"] for row in city.quarantined(stocked))
    assert not city.curated(stocked)


def test_nothing_else_would_have_stopped_it(stocked: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Great Expectations the corrupted row is published: the test above proves the library, not the split."""
    original = audit.Auditor.audit

    def bypassed(self: audit.Auditor, expectations: Any, files: Any) -> Any:
        verdict = original(self, expectations, files)
        corrupt((Written(files[0], 0, 0),))
        return verdict

    monkeypatch.setattr(audit.Auditor, "audit", bypassed)
    outcome = take(stocked, city.flow_file(tmp_path / "a.csv", [city.line(i) for i in range(5)]))
    assert outcome.state == "finished"
    assert 999_999 in {row["flow"] for row in city.curated(stocked)}


@pytest.mark.parametrize("content", [b"", city.HEADER.encode() + b"\n", b"detector_id\x00,flow\n1,2\n"])
def test_what_cannot_be_read_is_refused_and_stays_landed(stocked: Ground, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    outcome = take(stocked, path)
    row = city.deliveries(stocked)[0]
    assert outcome.state in ("refused", "blocked")
    assert outcome.code
    assert outcome.message is not None
    assert stocked.store.stat(row["object_key"]) is not None
    assert not city.curated(stocked)
    assert take(stocked, path).delivery == outcome.delivery
    assert len(city.deliveries(stocked)) == 1


def test_an_unknown_resource_lands_and_is_refused(stocked: Ground, tmp_path: Path) -> None:
    outcome = take(stocked, city.flow_file(tmp_path / "a.csv", [city.line(0)]), "jinshui.traffic.nothing")
    assert (outcome.state, outcome.code) == ("refused", "ARRIVAL_UNKNOWN_RESOURCE")


def test_in_a_batch_a_failed_delivery_fails_alone(stocked: Ground, tmp_path: Path) -> None:
    files = [city.flow_file(tmp_path / f"{n}.csv", [city.line(n * 10 + i) for i in range(10)]) for n in range(3)]
    files[1].write_bytes(b"")
    ids = [
        land(stocked, city.FLOW, path, channel="folder", arrived_at=stocked.now(), actor="test").id for path in files
    ]
    assert [one.state for one in process_batch(stocked, ids)] == ["finished", "refused", "finished"]
    assert [one.state for one in process_batch(stocked, ids)] == ["finished", "refused", "finished"]
    assert len(city.curated(stocked)) == 20


def test_an_interrupted_publication_is_finished_by_the_next_delivery(
    stocked: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise Unavailable("TEST", "断", "broken")

    with monkeypatch.context() as patch:
        patch.setattr(publish, "carry_out", broken)
        with pytest.raises(Unavailable):
            take(stocked, city.flow_file(tmp_path / "a.csv", [city.line(0), city.line(1)]))
    assert [row["state"] for row in city.deliveries(stocked)] == ["audited"]
    second = take(stocked, city.flow_file(tmp_path / "b.csv", [city.line(1), city.line(2)]))
    assert (second.published, second.duplicates, second.version) == (1, 1, 2)
    assert [row["state"] for row in city.deliveries(stocked)] == ["finished", "finished"]
    city.balanced(stocked)


def test_a_stale_intent_is_read_anew(stocked: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that moved on without the lease (it was lost) must not get rows that were compared with its past."""
    take(stocked, city.flow_file(tmp_path / "a.csv", [city.line(0)]))
    real, calls = publish.carry_out, []

    def moved(ground: Ground, lake: Tables, row: Any) -> None:
        if not calls:
            calls.append(1)
            key = curated_key(city.FLOW)
            snapshot = lake.snapshot(key)
            other = city.flow_file(tmp_path / "other.csv", [])
            assert other
            from lake.store.delta import Commit

            lake.commit(key, Commit((), "append", "outsider", snapshot.version, {}, ground.now()))
        real(ground, lake, row)

    monkeypatch.setattr(publish, "carry_out", moved)
    outcome = take(stocked, city.flow_file(tmp_path / "b.csv", [city.line(1)]))
    assert (outcome.state, outcome.version, outcome.published) == ("finished", 3, 1)
    city.balanced(stocked)


def interrupted(ground: Ground, path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The row of a delivery that is audited and not committed."""
    with monkeypatch.context() as patch:
        patch.setattr(publish, "carry_out", lambda *_: (_ for _ in ()).throw(Unavailable("GONE", "无", "gone")))
        with pytest.raises(Unavailable, match="GONE"):
            take(ground, path)
    return record.load(ground.engine, city.deliveries(ground)[-1]["id"])


def test_a_commit_of_another_between_two_looks_is_no_stale_intent(
    stocked: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that stood still and lost its lease commits at the very moment in which its successor looks."""
    row = interrupted(stocked, city.flow_file(tmp_path / "a.csv", [city.line(i) for i in range(4)]), monkeypatch)
    slow, fast = Tables(stocked.store), Tables(stocked.store)
    look = slow.version

    def after_the_other(key: str) -> int:
        with monkeypatch.context() as patch:
            patch.setattr(record, "finish", lambda *_: None)  # it stands still again before it says so
            publish.carry_out(stocked, fast, row)
        return look(key)

    monkeypatch.setattr(slow, "version", after_the_other)
    publish.carry_out(stocked, slow, row)
    assert city.deliveries(stocked)[-1]["state"] == "finished"
    city.balanced(stocked)


def test_who_lost_the_lease_neither_withdraws_nor_finishes_what_came_after(
    stocked: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = city.flow_file(tmp_path / "a.csv", [city.line(i) for i in range(4)])
    old = interrupted(stocked, path, monkeypatch)
    record.withdraw(stocked, old)
    new = interrupted(stocked, path, monkeypatch)
    assert (old["state"], new["state"]) == ("audited", "audited")
    record.withdraw(stocked, old)
    record.finish(stocked, old, (99, None), stocked.now())
    after = record.load(stocked.engine, new["id"])
    assert (after["state"], after["attempt"], after["intent"]) == ("audited", new["attempt"], new["intent"])
    assert take(stocked, path).published == 4
    city.balanced(stocked)


@pytest.mark.timeout(280)
def test_sixteen_processes_lose_and_double_nothing(
    city_environ: dict[str, str], city_ground: Ground, tmp_path: Path, warm: Warm
) -> None:
    city.stock(city_ground)
    city_ground.close()
    files = []
    for n in range(16):
        # Each overlaps its neighbours; all deliver the minutes 0 to 4.
        numbers = [*range(5), *range(5 + n * 4, 5 + n * 4 + 8)]
        files.append(str(city.flow_file(tmp_path / f"{n}.csv", [city.line(i) for i in numbers])))
    workers = [
        warm.start("lake_city:deliver", environ=city_environ, files=[files[n], files[(n + 1) % 16]]) for n in range(16)
    ]
    assert [warm.wait(worker) for worker in workers] == [0] * 16
    keys = [row["observed_at"] for row in city.curated(city_ground)]
    assert len(keys) == len(set(keys)) == 5 + 15 * 4 + 8
    city.balanced(city_ground)
    finished = [row for row in city.deliveries(city_ground) if row["state"] == "finished"]
    assert len(finished) == 16
    assert sorted(row["version"] for row in finished) == list(range(1, 17))
    assert sorted(row["publish_no"] for row in finished) == list(range(1, 17))


def test_no_value_is_left_where_nobody_guards_it(stocked: Ground, tmp_path: Path) -> None:
    """Docs, Delta logs, Parquet statistics of personal columns, the database, what is left in scratch."""
    person = "1101011990" + "03072316"
    header = "就诊号,人员标识,就诊时间,医院,经度,纬度,街道,年龄,性别,诊断组,费用"
    from contracts.register import contract

    columns = [column.name for column in contract(stocked.engine, "zhongyuan.health.visits").columns]
    assert header
    values = dict.fromkeys(columns, SECRET) | {
        "visited_at": "2026-05-01 08:00:00",
        "lng": "113.6",
        "lat": "34.75",
        "age": "33",
        "gender": "女",
        "cost": "7712.25",
        "person_key": person,
    }
    good = ",".join(values[name] for name in columns)
    bad = ",".join((values | {"age": SECRET, "visit_id": SECRET + "2"})[name] for name in columns)
    path = tmp_path / "visits.csv"
    path.write_text("\n".join([",".join(columns), good, bad]) + "\n", encoding="utf-8")
    outcome = take(stocked, path, "zhongyuan.health.visits")
    assert (outcome.published, outcome.quarantined) == (1, 1), outcome
    for planted in (SECRET, person, "7712.25"):
        assert planted not in str(outcome.as_dict("en"))
    stored = [one.key for one in stocked.store.list("")]
    logs = [key for key in stored if "_delta_log" in key or key.startswith("docs/")]
    assert any(key.startswith("docs/") for key in logs)
    for key in logs:
        with stocked.store.open(key) as stream:
            content = stream.read()
        for planted in (SECRET, person, "7712.25"):
            assert planted.encode() not in content, key
    for key in stored:
        local = stocked.store.local(key)
        if key.endswith(".parquet") and local is not None and "_delta_log" not in key:
            personal = {"person_key", "visit_id", "age", "raw", "sentence_zh", "visited_at"}
            meta = pq.read_metadata(local)
            group = meta.row_group(0)
            for at in range(group.num_columns):
                column = group.column(at)
                if column.path_in_schema.split(".")[0] in personal:
                    assert not column.is_stats_set, (key, column.path_in_schema)
    for file in (stocked.home / "hub.db", stocked.home / "hub.db-wal"):
        if file.exists():
            for planted in (SECRET, person, "7712.25"):
                assert planted.encode() not in file.read_bytes()
    assert not list((stocked.home / "tmp").iterdir())
    assert os.environ.get("GX_ANALYTICS_ENABLED") == "false"


def test_a_large_delivery_with_equal_keys_is_told_by_the_audit(
    stocked: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.split.duplicates.SMALL", 2)
    lines = [city.line(i % 4) for i in range(6)]
    outcome = take(stocked, city.flow_file(tmp_path / "a.csv", lines))
    assert (outcome.state, outcome.published, outcome.duplicates) == ("finished", 4, 2)
    city.balanced(stocked)
