"""Watched folders: complete files alone, each once, and gone from the folder only when they are landed."""

import os
import signal
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from lake_city import stock
from warm import Warm

from infra.database import read
from infra.ground import Ground, open_ground
from lake import tables
from lake.arrival.folder import arrive, watched
from lake.landing.landing import Delivery, open_landed

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ROAD = "jinshui.traffic.road_flow"
CONTENT = "检测器编号,时间\n1,2\n".encode("gbk")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Ground]:
    with open_ground({"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1"}, create=True) as ground:
        ground.prepare()
        stock(ground)
        yield ground


def put(ground: Ground, unit: str, name: str, content: bytes = CONTENT) -> Path:
    path = watched(ground, unit) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def count(ground: Ground) -> int:
    with read(ground.engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(tables.delivery)).scalar_one()


def folder(ground: Ground, unit: str, name: str, *files: str) -> Path:
    for file in files:
        put(ground, unit, f"{name}/{file}", CONTENT + file.encode())
    return watched(ground, unit) / name


def members(ground: Ground, delivery: Delivery, scratch: Path) -> list[str]:
    with zipfile.ZipFile(open_landed(ground, delivery, scratch)) as archive:
        return archive.namelist()


def names(deliveries: tuple[Delivery, ...]) -> list[str | None]:
    return [delivery.dataset for delivery in deliveries]


@pytest.mark.parametrize(
    "name",
    [
        "traffic.road_flow.csv",
        "traffic.road_flow-20260601.csv",
        "traffic.road_flow_0601.txt",
        "jinshui.traffic.road_flow.csv",
        "traffic.road_flow/任意名称.csv",
        "金水区路段交通流量.csv",
        "traffic.road_flow",
    ],
)
def test_a_file_is_for_the_dataset_that_its_name_or_folder_says(name: str, home: Ground, tmp_path: Path) -> None:
    path = put(home, "jinshui", name)
    found = arrive(home, NOW)
    assert names(found.deliveries) == [ROAD]
    assert not path.exists()
    assert open_landed(home, found.deliveries[0], tmp_path).read_bytes() == CONTENT
    assert len(arrive(home, LATER)) == 0
    assert count(home) == 1


@pytest.mark.parametrize(
    "name", ["traffic.road_flows.csv", "表.csv", "erqi.education.pupils.csv", "x/traffic.road_flow.csv"]
)
def test_a_file_of_no_dataset_of_the_unit_lands_and_is_refused(name: str, home: Ground) -> None:
    put(home, "jinshui", name)
    (delivery,) = arrive(home, NOW)
    assert (delivery.dataset, delivery.unit, delivery.code) == (None, "jinshui", "ARRIVAL_UNKNOWN_RESOURCE")


@pytest.mark.parametrize(
    "name", [".traffic.road_flow.csv", "traffic.road_flow.csv.part", "traffic.road_flow.csv.FILEPART"]
)
def test_an_unfinished_name_waits_for_its_rename(name: str, home: Ground) -> None:
    path = put(home, "jinshui", name)
    assert len(arrive(home, NOW)) == 0
    path.rename(path.with_name("traffic.road_flow.csv"))
    assert names(arrive(home, NOW).deliveries) == [ROAD]


@pytest.mark.parametrize("name", ["traffic.road_flow-0601", "金水区路段交通流量_六月", "traffic.road_flow/0601"])
def test_a_folder_called_as_a_file_is_one_delivery(name: str, home: Ground, tmp_path: Path) -> None:
    path = folder(home, "jinshui", name, "1.csv", "in/2.csv", ".hidden")
    put(home, "jinshui", "traffic.road_flow/alone.csv")
    found = arrive(home, NOW)
    assert names(found.deliveries) == [ROAD, ROAD]
    [one] = [delivery for delivery in found.deliveries if delivery.file_name == path.name]
    assert members(home, one, tmp_path) == ["1.csv", "in/2.csv"]
    assert not path.exists()
    assert len(arrive(home, LATER)) == 0


def test_a_folder_waits_while_one_of_its_files_is_unfinished(home: Ground, tmp_path: Path) -> None:
    path = folder(home, "jinshui", "traffic.road_flow-0601", "1.csv", "2.csv.part")
    (watched(home, "jinshui") / "traffic.road_flow-0602").mkdir()
    assert len(found := arrive(home, NOW)) == 0
    assert len(found.waiting) == 2
    (path / "2.csv.part").rename(path / "2.csv")
    [one] = arrive(home, NOW)
    assert members(home, one, tmp_path) == ["1.csv", "2.csv"]


def test_a_folder_waits_for_its_marker(home: Ground, tmp_path: Path) -> None:
    path = folder(home, "erqi", "education.pupils-0601", "1.csv", "2.csv", "1.csv.done")
    assert arrive(home, NOW).waiting == (path,)
    (path / "1.csv.done").unlink()
    assert arrive(home, NOW).waiting == (path,)
    marker = put(home, "erqi", "education.pupils-0601.done", b"")
    [one] = arrive(home, NOW)
    assert members(home, one, tmp_path) == ["1.csv", "2.csv"]
    assert not marker.exists()


def test_a_folder_is_stable_when_nothing_in_it_changed_over_two_looks(home: Ground, tmp_path: Path) -> None:
    path = folder(home, "gaoxin", "environment.air_quality-0601", "in/1.csv")
    assert arrive(home, NOW).waiting == (path,)
    folder(home, "gaoxin", "environment.air_quality-0601", "in/2.csv")
    assert len(arrive(home, NOW + timedelta(seconds=30))) == 0
    assert len(arrive(home, NOW + timedelta(seconds=31))) == 0
    [one] = arrive(home, NOW + timedelta(seconds=60))
    assert members(home, one, tmp_path) == ["in/1.csv", "in/2.csv"]


def test_a_link_in_a_folder_refuses_it_and_keeps_no_other_waiting(home: Ground, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_bytes(b"secret")
    path = folder(home, "jinshui", "traffic.road_flow-0601", "1.csv")
    (path / "2.csv").symlink_to(tmp_path / "secret.csv")
    put(home, "jinshui", "traffic.road_flow-0602.csv")
    found = arrive(home, NOW)
    assert len(found) == 1
    assert [(refusal.path, refusal.error.code) for refusal in found.refused] == [(path, "LANDING_NOT_A_FILE")]
    assert path.exists()


def test_a_file_added_to_a_folder_in_the_last_moment_is_not_lost(
    home: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lake.arrival import folder as arrival

    path = folder(home, "jinshui", "traffic.road_flow-0601", "1.csv")
    real = arrival.land_arrival

    def land_and_add(*args: object) -> Delivery:
        delivery = real(*args)  # type: ignore[arg-type]
        folder(home, "jinshui", path.name, "2.csv")
        return delivery

    with monkeypatch.context() as patch:
        patch.setattr(arrival, "land_arrival", land_and_add)
        assert len(arrive(home, NOW)) == 1
    [one] = arrive(home, LATER)
    assert members(home, one, tmp_path) == ["1.csv", "2.csv"]
    assert not path.exists()


def test_a_marked_unit_waits_for_the_marker_and_loses_it_with_the_file(home: Ground) -> None:
    path = put(home, "erqi", "education.pupils.xlsx")
    first = arrive(home, NOW)
    assert (len(first), first.waiting) == (0, (path,))
    marker = put(home, "erqi", "education.pupils.xlsx.done", b"")
    assert names(arrive(home, NOW).deliveries) == ["erqi.education.pupils"]
    assert not path.exists()
    assert not marker.exists()


def test_a_stable_unit_waits_until_two_looks_agree(home: Ground) -> None:
    path = put(home, "gaoxin", "environment.air_quality.xls", b"half")
    assert arrive(home, NOW).waiting == (path,)
    assert len(arrive(home, NOW + timedelta(seconds=1))) == 0
    path.write_bytes(b"half and more")
    assert len(arrive(home, NOW + timedelta(seconds=30))) == 0
    assert names(arrive(home, NOW + timedelta(seconds=60)).deliveries) == ["gaoxin.environment.air_quality"]


def test_links_and_pipes_are_refused_and_not_followed(home: Ground, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(b"secret")
    folder = watched(home, "jinshui")
    folder.mkdir(parents=True)
    (folder / "traffic.road_flow.csv").symlink_to(secret)
    (folder / "traffic.road_flow").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(folder / "traffic.road_flow.pipe")
    found = arrive(home, NOW)
    assert len(found) == 0
    assert {refusal.error.code for refusal in found.refused} == {"ARRIVAL_NOT_A_FILE"}
    assert len(found.refused) == 3
    assert secret.exists()
    watched(home, "zhongyuan").symlink_to(tmp_path, target_is_directory=True)
    assert len(arrive(home, NOW)) == 0


def test_one_file_too_large_keeps_no_other_waiting(tmp_path: Path) -> None:
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANDING_MAX_BYTES": "100"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        stock(ground)
        large = put(ground, "jinshui", "traffic.road_flow-1.csv", b"x" * 1000)
        put(ground, "jinshui", "traffic.road_flow-2.csv")
        found = arrive(ground, NOW)
        assert len(found) == 1
        assert [(refusal.path, refusal.error.code) for refusal in found.refused] == [(large, "LANDING_TOO_LARGE")]
        assert large.exists()


def test_a_new_file_of_the_same_name_in_the_last_moment_is_not_lost(
    home: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lake.arrival import folder as arrival

    path = put(home, "jinshui", "traffic.road_flow.csv")
    real = arrival.land_arrival

    def land_and_replace(*args: object) -> Delivery:
        delivery = real(*args)  # type: ignore[arg-type]
        other = path.with_name("new.part")
        other.write_bytes(b"the next delivery")
        other.replace(path)
        return delivery

    with monkeypatch.context() as patch:
        patch.setattr(arrival, "land_arrival", land_and_replace)
        assert len(arrive(home, NOW)) == 1
    assert path.read_bytes() == b"the next delivery"
    assert len(arrive(home, LATER)) == 1
    assert count(home) == 2


def scanning(ground: Ground) -> dict[str, str]:
    return {**ground.environ, "HUB_CLOCK": NOW.isoformat()}


@pytest.mark.parametrize("name", ["traffic.road_flow.csv", "traffic.road_flow-06/1.csv", "traffic.road_flow/06/1.csv"])
def test_killed_at_any_step_the_next_scan_finishes(name: str, home: Ground, warm: Warm) -> None:
    at, status = 0, -signal.SIGKILL
    while status == -signal.SIGKILL:
        at += 1
        path = put(home, "jinshui", name, CONTENT + b"%d" % at)
        status = warm.run("kill_points:scan_once", environ=scanning(home), deadly=at)
        arrive(home, NOW)
        assert not path.exists()
        assert count(home) == at
        assert not list((watched(home, "jinshui") / ".taken").iterdir())
    assert (status, at > 4) == (0, True)


def test_scans_at_once_double_nothing(home: Ground, warm: Warm) -> None:
    for number in range(8):
        put(home, "jinshui", f"traffic.road_flow-{number}.csv", CONTENT + b"%d" % number)
    running = [warm.start("kill_points:scan_once", environ=scanning(home), deadly=0) for _ in range(3)]
    assert [warm.wait(child) for child in running] == [0] * 3
    arrive(home, LATER)
    assert count(home) == 8
    assert not [path for path in watched(home, "jinshui").iterdir() if path.is_file()]


@pytest.mark.parametrize(
    ("unit", "spoil"),
    [
        ("erqi", ".taken/junk/file"),
        ("erqi", ".taken/not-a-folder"),
        ("erqi", ".taken"),
        ("sample", ".looks.json"),
        ("erqi", b"\xbd\xbb\xcd\xa8.csv"),
    ],
)
def test_what_a_unit_writes_into_its_own_folder_keeps_no_other_unit_waiting(
    unit: str, spoil: str | bytes, home: Ground
) -> None:
    spoiled = watched(home, unit) / os.fsdecode(spoil)
    spoiled.parent.mkdir(parents=True)
    spoiled.write_bytes(b'{"traffic.bus_stops.csv": {}}')
    put(home, unit, "education.pupils.csv")
    put(home, unit, "education.pupils.csv.done", b"")
    put(home, unit, os.fsdecode(spoil) + ".done", b"")
    put(home, "jinshui", "traffic.road_flow.csv")
    found = [*arrive(home, NOW), *arrive(home, LATER)]
    assert ROAD in [delivery.dataset for delivery in found]
    assert unit in [delivery.unit for delivery in found] or spoil == ".taken"
