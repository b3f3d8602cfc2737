"""A unit's prefix in a real S3: complete objects alone, each once, and gone only when they are landed; and quotas."""

import errno
import shutil
import signal
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from lake_city import stock
from servers import ACCESS, SECRET, S3Server
from warm import Warm

from catalogs.folder.city import check_city
from catalogs.folder.doors import load_doors
from catalogs.people.people import current
from infra.database import read
from infra.errors import HubError
from infra.ground import Ground, open_ground, sample_city
from infra.storage import ObjectStat
from infra.storage_s3 import S3Store
from lake import tables
from lake.arrival import bucket
from lake.arrival.doors import take, waits
from lake.arrival.folder import watched
from lake.purge import purge
from sharing.ending.purge_telling import planned
from sharing.ending.purging import Extracts

FLOW = "jinshui.traffic.road_flow"
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)


@dataclass
class Place:
    ground: Ground
    city: Path
    store: S3Store

    def scan(self) -> bucket.Scanned:
        return bucket.scan(self.ground, load_doors(self.city).buckets[0], NOW)

    def objects(self) -> list[str]:
        return [one.key for one in self.store.list("")]

    def count(self) -> int:
        with read(self.ground.engine) as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(tables.delivery)).scalar_one()


def rule(server: S3Server, prefix: str, more: str = "") -> str:
    where = f"bucket: {server.bucket}, prefix: {prefix}, endpoint: '{server.endpoint}', keys: JINSHUI"
    return f"buckets:\n  - {{unit: jinshui, {where}{more}}}\n"


@pytest.fixture
def place(s3: S3Server, tmp_path: Path) -> Iterator[Place]:
    prefix, city = f"in-{uuid.uuid4().hex[:10]}", tmp_path / "city"
    shutil.copytree(sample_city(), city)
    (city / "arrivals.yaml").write_text(rule(s3, prefix))
    environ = {
        "HUB_HOME": str(tmp_path / "home"),
        "HUB_DEMO": "1",
        "HUB_CITY_DIR": str(city),
        "HUB_BUCKET_JINSHUI_ACCESS_KEY": ACCESS,
        "HUB_BUCKET_JINSHUI_SECRET_KEY": SECRET,
        "HUB_LANDING_MAX_BYTES": "1000",
    }
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        stock(ground)
        store = bucket.open_bucket(ground, load_doors(city).buckets[0])
        store.prepare()
        yield Place(ground, city, store)


def test_what_landed_is_deleted_and_moved_only_where_the_city_says_so(place: Place, s3: S3Server) -> None:
    place.store.put_bytes("traffic.road_flow-1.csv", b"a\n1\n")
    (one,) = place.scan().deliveries
    assert place.objects() == []
    assert purge.plan(place.ground, one.id, Extracts()).keepers == ()
    prefix = load_doors(place.city).buckets[0].prefix
    (place.city / "arrivals.yaml").write_text(rule(s3, prefix, ", taken: move"))
    place.store.put_bytes("traffic.road_flow-2.csv", b"a\n2\n")
    (other,) = place.scan().deliveries
    assert place.objects() == [f"taken/{other.id}/traffic.road_flow-2.csv"]
    plan = purge.plan(place.ground, other.id, Extracts())
    assert plan.keepers == ("jinshui",)
    assert any("jinshui" in line.en and "taken/" in line.zh for line in planned(plan))


def test_objects_land_as_files_do(place: Place) -> None:
    place.store.put_bytes("traffic.road_flow-1.csv", b"a\n1\n")
    place.store.put_bytes("traffic.road_flow/任意.csv", b"a\n2\n")
    place.store.put_bytes("nobody.csv", b"a\n3\n")
    place.store.put_bytes("traffic.road_flow-2.csv.part", b"a\n4\n")
    place.store.put_bytes("traffic.road_flow-3.csv", b"x" * 1001)
    done = place.scan()
    assert [one.dataset for one in done.deliveries].count(FLOW) == 2
    assert [(name, error.code) for name, error in done.refused] == [("traffic.road_flow-3.csv", "LANDING_TOO_LARGE")]
    assert place.objects() == ["traffic.road_flow-2.csv.part", "traffic.road_flow-3.csv"]
    assert not place.scan().deliveries


def test_a_marker_is_waited_for_where_the_city_says_so(place: Place, s3: S3Server) -> None:
    prefix = load_doors(place.city).buckets[0].prefix
    (place.city / "arrivals.yaml").write_text(rule(s3, prefix, ", complete: marker"))
    place.store.put_bytes("traffic.road_flow.csv", b"a\n1\n")
    assert place.scan().waiting == ["traffic.road_flow.csv"]
    place.store.put_bytes("traffic.road_flow.csv.done", b"")
    assert len(place.scan().deliveries) == 1
    assert place.objects() == []


def test_an_object_replaced_meanwhile_is_not_lost(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.store.put_bytes("traffic.road_flow.csv", b"a\n1\n")
    real = bucket.land_arrival

    def land_and_replace(*given: object) -> object:
        done = real(*given)  # type: ignore[arg-type]
        place.store.put_bytes("traffic.road_flow.csv", b"a\n2\n")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(bucket, "land_arrival", land_and_replace)
        assert len(place.scan().deliveries) == 1
    assert len(place.scan().deliveries) == 1
    assert place.count() == 2
    assert place.objects() == []


def test_an_object_replaced_right_before_the_delete_is_not_lost(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.store.put_bytes("traffic.road_flow.csv", b"a\n1\n")
    real = S3Store.stat

    def stat_and_replace(store: S3Store, key: str) -> ObjectStat | None:
        found = real(store, key)
        place.store.put_bytes(key, b"a\n2\n")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(S3Store, "stat", stat_and_replace)
        assert len(place.scan().deliveries) == 1
    assert place.objects() == ["traffic.road_flow.csv"]
    assert len(place.scan().deliveries) == 1
    assert place.objects() == []
    assert place.count() == 2


def test_what_stays_keeps_nothing_waiting_that_stands_behind_it(place: Place) -> None:
    place.ground.environ["HUB_BUCKET_MOST_OBJECTS"] = "2"
    for number in range(5):
        place.store.put_bytes(f"a/{number}.part", b"x")
    for number in range(3):
        place.store.put_bytes(f"traffic.road_flow-{number}.csv", b"a\n%d\n" % number)
    place.scan()
    place.scan()
    assert place.count() == 3
    assert place.objects() == [f"a/{number}.part" for number in range(5)]


def test_a_marker_is_found_behind_the_page_and_an_older_one_is_another_objects(place: Place, s3: S3Server) -> None:
    prefix = load_doors(place.city).buckets[0].prefix
    (place.city / "arrivals.yaml").write_text(rule(s3, prefix, ", complete: marker"))
    place.ground.environ["HUB_BUCKET_MOST_OBJECTS"] = "1"
    place.store.put_bytes("traffic.road_flow.csv.done", b"")
    time.sleep(1.1)  # a store tells seconds
    place.store.put_bytes("traffic.road_flow.csv", b"a\n1\n")
    assert place.scan().waiting == ["traffic.road_flow.csv"]
    place.store.put_bytes("traffic.road_flow.csv.done", b"")
    assert len(place.scan().deliveries) == 1
    assert place.objects() == []


def test_killed_anywhere_the_next_scan_finishes_and_two_at_once_double_nothing(
    place: Place, warm: Warm, tmp_path: Path
) -> None:
    tally = tmp_path / "points"
    environ = {**place.ground.environ, "HUB_CLOCK": NOW.isoformat()}

    def start(deadly: int) -> int:
        return warm.start("kill_points:scan_bucket_once", environ=environ, deadly=deadly, tally=str(tally))

    place.store.put_bytes("traffic.road_flow--1.csv", b"a\n-1\n")
    place.scan()
    place.store.put_bytes("traffic.road_flow-0.csv", b"a\n0\n")
    assert warm.wait(start(0)) == 0
    points, rounds = len(tally.read_text(encoding="utf-8").splitlines()), 5
    for number in range(1, rounds + 1):
        place.store.put_bytes(f"traffic.road_flow-{number}.csv", b"a\n%d\n" % number)
        assert warm.wait(start(points * number // rounds - 3)) == -signal.SIGKILL
        place.scan()
        assert place.count() == number + 2
        assert place.objects() == []
    for number in range(20, 24):
        place.store.put_bytes(f"traffic.road_flow-{number}.csv", b"a\n%d\n" % number)
    running = [start(0) for _ in range(2)]
    assert [warm.wait(child) for child in running].count(0) >= 1
    place.scan()
    assert place.count() == rounds + 6


def test_an_object_for_which_the_disk_has_no_room_keeps_no_other_waiting(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        place.store.put_bytes(f"traffic.road_flow-{number}.csv", b"a\n%d\n" % number)
    real = S3Store.get_file

    def full(self: S3Store, key: str, path: Path) -> None:
        if key.endswith("-1.csv"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, key, path)

    with monkeypatch.context() as patch:
        patch.setattr(S3Store, "get_file", full)
        found = place.scan()
    assert [(key, error.code) for key, error in found.refused] == [("traffic.road_flow-1.csv", "LANDING_DISK")]
    assert len(found.deliveries) == len(place.scan().deliveries) == 1, "it lands when there is room"


def test_a_broken_bucket_is_told_and_keeps_no_other_door_waiting(place: Place, s3: S3Server) -> None:
    broken = rule(s3, "x").replace(s3.endpoint, "http://127.0.0.1:1")
    (place.city / "arrivals.yaml").write_text(broken)
    folder = watched(place.ground, "jinshui")
    folder.mkdir(parents=True)
    (folder / "traffic.road_flow.csv").write_bytes(b"a\n1\n")
    done = take(place.ground, unit="jinshui")
    assert [one.channel for one in done.deliveries] == ["folder"]
    assert {error.code for error in done.broken.values()} == {"STORE_UNREACHABLE"}
    who = current(place.ground)
    (told,) = waits(place.ground, who, unit=None, refused=False)
    assert (told["door"], told["code"]) == ("s3", "STORE_UNREACHABLE")
    (place.city / "arrivals.yaml").unlink()


def test_the_city_file_is_checked_as_all_others(place: Place) -> None:
    (place.city / "arrivals.yaml").write_text(
        "pulls:\n  - {dataset: a.b.c, connection: X, query: 'delete from x', watermark: at}\n"
        "buckets:\n  - {unit: jinshui, bucket: data, keys: lower}\n  - {unit: erqi, bucket: a..b, keys: ERQI}\n"
        "quota: []\n"
    )
    codes = {(one.code, one.place.row) for one in check_city(place.city)}
    assert {("CATALOG_ID_FORM", row) for row in (2, 4, 5)} <= codes
    assert "CATALOG_KEY_UNKNOWN" in {code for code, _ in codes}
    with pytest.raises(HubError) as caught:
        take(place.ground)
    assert caught.value.code == "CATALOG_FAULTY"
