"""One way in for whoever looks at the doors: the clock's task, `hub run` and `hub arrival scan` see the same."""

import errno
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from front_door import run_hub
from lake_city import stock

from catalogs.people.people import current
from infra.doctor import State, examine
from infra.errors import HubError
from infra.ground import Ground, open_ground, sample_city
from lake.arrival import health as door_health
from lake.arrival.doors import looked, note, take, waits
from lake.arrival.folder import watched
from lake.clock.schedule import arrive_task
from lake.doctor import PARTS

BROKEN = "buckets:\n  - {unit: erqi, bucket: none, endpoint: 'http://127.0.0.1:1', keys: ERQI}\n"
PULL = "pulls:\n  - {dataset: jinshui.traffic.road_flow, connection: FLOW, table: flow, watermark: at}\n"


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Ground]:
    """A unit whose files must settle, one with a database, one with a bucket that does not answer."""
    city = tmp_path / "city"
    shutil.copytree(sample_city(), city)
    (city / "arrivals.yaml").write_text(BROKEN + PULL)
    with closing(sqlite3.connect(tmp_path / "source.db")) as source, source:
        source.execute("CREATE TABLE flow (id INTEGER, at INTEGER)")
        source.execute("INSERT INTO flow VALUES (1, 1)")
    environ = {
        "HUB_HOME": str(tmp_path / "home"),
        "HUB_DEMO": "1",
        "HUB_LANG": "en",
        "HUB_CITY_DIR": str(city),
        "HUB_ARRIVAL_SETTLE_SECONDS": "0.3",
        "HUB_BUCKET_SECONDS": "1",
        "HUB_BUCKET_ERQI_ACCESS_KEY": "a",
        "HUB_BUCKET_ERQI_SECRET_KEY": "b",
        "HUB_PULL_FLOW": f"sqlite:///{tmp_path / 'source.db'}",
    }
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        stock(ground)
        folder = watched(ground, "sample")
        folder.mkdir(parents=True)
        (folder / "health.hospitals.csv").write_bytes(b"a\n1\n")
        yield ground


def test_one_look_takes_what_settles_and_what_other_doors_hold(doors: Ground) -> None:
    done = take(doors)
    assert sorted(one.channel for one in done.deliveries) == ["folder", "pull"]
    assert {name: error.code for name, error in done.broken.items()} == {"erqi s3": "STORE_UNREACHABLE"}
    assert not take(doors).deliveries


def test_a_disk_that_fills_up_breaks_one_door_and_no_look_at_the_others(
    doors: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(doors.home))

    monkeypatch.setattr("lake.arrival.doors.pull", full)
    done = take(doors)
    assert done.broken["jinshui.traffic.road_flow pull"].code == "LANDING_DISK"
    assert str(doors.home) not in done.broken["jinshui.traffic.road_flow pull"].sentence("en")
    assert [one.channel for one in done.deliveries] == ["folder"]


def test_the_clocks_task_takes_all_doors_of_its_unit_and_fails_for_a_broken_one(
    doors: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in doors.environ.items():
        monkeypatch.setenv(name, value)
    assert arrive_task("sample") == {"landed": 1}
    assert arrive_task("jinshui") == {"landed": 1}
    assert arrive_task("jinshui") == {"landed": 0}
    with pytest.raises(HubError) as caught:
        arrive_task("erqi")
    assert caught.value.code == "STORE_UNREACHABLE"


@pytest.mark.parametrize("command", [("run",), ("arrival", "scan")])
def test_a_broken_door_is_said_and_the_command_exits_with_one(doors: Ground, command: tuple[str, ...]) -> None:
    shutil.rmtree(watched(doors, "sample"))
    os.truncate(doors.environ["HUB_PULL_FLOW"].removeprefix("sqlite:///"), 0)
    ran = run_hub(doors.environ, *command, "--json")
    assert ran.status == 1, ran.said
    assert {name: error["code"] for name, error in ran.document["broken"].items()} == {
        "erqi s3": "STORE_UNREACHABLE",
        "jinshui.traffic.road_flow pull": "PULL_FAILED",
    }
    assert "STORE_UNREACHABLE" in run_hub(doors.environ, *command).out


def test_a_door_that_the_city_took_away_waits_for_nothing(doors: Ground) -> None:
    doors.environ["HUB_PULL_FLOW"] = ""
    take(doors)
    told = {one["door"] for one in waits(doors, current(doors), unit=None, refused=True)}
    assert told == {"s3", "pull"}
    (doors.city / "arrivals.yaml").write_text(PULL)
    assert {one["door"] for one in waits(doors, current(doors), unit=None, refused=True)} == told - {"s3"}
    (doors.city / "arrivals.yaml").write_text("buckets: {")
    assert {one["door"] for one in waits(doors, current(doors), unit=None, refused=True)} == told, "nobody can tell"


def test_a_scan_says_what_comes_next_and_a_list_how_old_its_look_is(doors: Ground) -> None:
    environ = {**doors.environ, "HUB_LANG": "en"}
    (watched(doors, "sample") / "nobody-knows.csv").write_bytes(b"a\n1\n")
    listed = run_hub(environ, "arrival", "list", "--waiting").out.splitlines()
    assert listed[0].startswith("waits  sample folder  ")
    assert listed[-1].startswith("no door was ever looked at: `hub arrival scan`")
    said = run_hub(environ, "arrival", "scan", "sample").out.splitlines()
    assert said[-2:] == ["1 of them refused: hub arrival list --refused", "take them in: hub run"]
    listed = run_hub(environ, "arrival", "list", "--waiting").out.splitlines()
    assert listed[0] == "nothing waits"
    assert ", 0 min ago: `hub arrival scan`" in listed[1]


def test_what_waits_in_a_folder_is_what_stands_there_now_and_elsewhere_as_old_as_its_look(doors: Ground) -> None:
    who, real = current(doors), doors.clock

    def told() -> dict[str, tuple[str | None, bool]]:
        found = waits(doors, who, unit=None, refused=False)
        return {one["name"]: (one["code"], one["looked_at"] is not None) for one in found}

    (watched(doors, "sample") / "health.hospitals.csv").rename(watched(doors, "sample") / "health.hospitals.csv.part")
    link = watched(doors, "sample") / "health.hospitals-2.csv"
    link.symlink_to("/etc/hostname")
    take(doors)
    at_first = {link.name: ("ARRIVAL_NOT_A_FILE", True), "erqi": ("STORE_UNREACHABLE", True)}
    assert told() == at_first
    (watched(doors, "sample") / "health.hospitals-3.csv").write_bytes(b"a\n1\n")
    assert told() == at_first | {"health.hospitals-3.csv": (None, False)}
    link.unlink()
    assert link.name not in told()
    assert [one["name"] for one in waits(doors, who, unit=None, refused=True)] == ["erqi"]
    doors.clock = lambda: real() + timedelta(hours=5)
    note(doors, "jinshui", "pull", [], of="jinshui.traffic.road_flow")
    (bucket,) = waits(doors, who, unit="erqi", refused=False)
    assert timedelta(hours=4) < doors.now() - bucket["looked_at"] < timedelta(hours=6)
    newest = looked(doors, who, unit=None)
    assert newest is not None
    assert newest > bucket["looked_at"]
    assert looked(doors, who, unit="guancheng") is None


def test_the_doctor_looks_at_every_door_and_takes_nothing(doors: Ground) -> None:
    found = examine(doors, PARTS)["doors"]
    assert found.state is State.FAILED
    told = {(one["of"], one["door"]): one["code"] for one in found.detail["doors"]}
    assert told == {
        ("sample", "folder"): None,
        ("erqi", "s3"): "STORE_UNREACHABLE",
        ("jinshui.traffic.road_flow", "pull"): None,
    }
    assert "erqi" in found.text.zh
    assert not list(doors.store.list("landing"))
    city = Path(doors.environ["HUB_CITY_DIR"])
    (city / "arrivals.yaml").write_text(PULL.replace("at}", "no_such}"))
    assert [one["code"] for one in examine(doors, PARTS)["doors"].detail["doors"]] == [None, "PULL_FAILED"]
    del doors.environ["HUB_PULL_FLOW"]
    assert [one["code"] for one in examine(doors, PARTS)["doors"].detail["doors"]] == [None, "PULL_ADDRESS"]


def test_the_doctor_tells_a_quota_that_is_used_up(doors: Ground) -> None:
    path = Path(doors.environ["HUB_CITY_DIR"]) / "arrivals.yaml"
    path.write_text("quotas: [{unit: sample, bytes_kept: 4}]\n")
    assert examine(doors, PARTS)["doors"].state is State.OK
    take(doors)
    found = examine(doors, PARTS)["doors"]
    assert found.state is State.WARNING
    assert "sample bytes_kept 4/4" in found.text.en


def test_the_doctor_waits_for_no_door_longer_than_its_limit(doors: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(door_health, "_LONGEST", 0.2)
    monkeypatch.setattr(door_health, "reach", lambda *_: over.wait(60))
    codes = {one["of"]: one["code"] for one in examine(doors, PARTS)["doors"].detail["doors"]}
    over.set()
    assert codes["jinshui.traffic.road_flow"] == "DOOR_SILENT"
