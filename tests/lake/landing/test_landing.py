"""Landing: the bytes are durable, sealed and recorded before anything reads them, whatever happens."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from lake_city import stock
from warm import Warm

from contracts.tables import CONTRACT
from infra.database import read, write
from infra.errors import Refused, Unavailable
from infra.ground import Ground, open_ground
from infra.ledger import tables as ledger_tables
from lake import tables
from lake.landing.landing import UNKNOWN, Arrival, Delivery, land, land_arrival, open_landed

DATASET = "sample.environment.aqi_hourly"


@pytest.fixture
def town(city_ground: Ground) -> Ground:
    """A registered city, on each backend."""
    stock(city_ground)
    return city_ground


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Ground]:
    """A registered city in a folder."""
    with open_ground({"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1"}, create=True) as ground:
        ground.prepare()
        stock(ground)
        yield ground


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "郑州.csv"
    path.write_bytes("Date,值\n1,郑州\n".encode() * 5000)
    return path


def put(ground: Ground, path: Path, dataset: str = DATASET) -> Delivery:
    return land(ground, dataset, path, channel="command", arrived_at=ground.now(), actor="test")


def rows(ground: Ground) -> list[dict[str, Any]]:
    with read(ground.engine) as connection:
        return [dict(row) for row in connection.execute(sa.select(tables.delivery)).mappings()]


def acts(ground: Ground) -> list[str]:
    with read(ground.engine) as connection:
        bodies = connection.execute(sa.select(ledger_tables.ENTRY.c.body)).scalars()
        return [body for body in map(str, bodies) if "lake:" in body]


def objects(ground: Ground) -> list[str]:
    return [found.key for found in ground.store.list("landing")]


def test_landed_bytes_come_back_and_are_sealed_in_the_store(town: Ground, file: Path, tmp_path: Path) -> None:
    delivery = put(town, file)
    assert (delivery.dataset, delivery.unit, delivery.state, delivery.size) == (
        DATASET,
        "sample",
        "landed",
        file.stat().st_size,
    )
    assert delivery.object_key.startswith(f"landing/sample/{delivery.sha256}/{delivery.id}-")
    assert objects(town) == [delivery.object_key]
    with town.store.open(delivery.object_key) as stored:
        sealed = stored.read()
    assert "郑州".encode() not in sealed
    assert open_landed(town, delivery, tmp_path).read_bytes() == file.read_bytes()
    assert len(acts(town)) == 1


def test_the_same_bytes_before_they_are_taken_are_the_same_delivery(town: Ground, file: Path) -> None:
    first = put(town, file)
    assert put(town, file) == first
    assert len(rows(town)) == len(objects(town)) == len(acts(town)) == 1


def test_the_same_bytes_after_they_were_published_are_the_next_delivery(home: Ground, file: Path) -> None:
    first = put(home, file)
    with write(home.engine) as connection:
        connection.execute(tables.delivery.update().values(state=tables.FINISHED))
    second = put(home, file)
    assert (first.ordinal, second.ordinal) == (0, 1)
    assert first.id != second.id
    assert put(home, file) == second


@pytest.mark.parametrize(
    "dataset", ["sample.environment.nothing", "../../etc", "a.b.*", "", "x" * 500, "sample/无名.csv"]
)
def test_what_nobody_registered_lands_and_is_refused(dataset: str, home: Ground, file: Path, tmp_path: Path) -> None:
    delivery = put(home, file, dataset)
    assert (delivery.dataset, delivery.unit, delivery.state, delivery.code) == (None, "unknown", "refused", UNKNOWN)
    assert open_landed(home, delivery, tmp_path).read_bytes() == file.read_bytes()
    assert put(home, file, dataset) == delivery
    assert len(acts(home)) == 2
    assert ".." not in delivery.object_key


def test_a_resource_registered_later_takes_what_came_before(tmp_path: Path, file: Path) -> None:
    with open_ground({"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1"}, create=True) as ground:
        ground.prepare()
        early = put(ground, file)
        assert early.code == UNKNOWN
        stock(ground)
        late = put(ground, file)
        assert (late.id, late.dataset, late.state, late.code) == (early.id, DATASET, "landed", None)
        assert put(ground, file) == late


def test_unsealed_landing_is_a_setting(tmp_path: Path, file: Path) -> None:
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANDING_SEAL": "0"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        stock(ground)
        with ground.scratch() as scratch:
            arrival = Arrival(DATASET, file, "command", ground.now(), "test")
            delivery = land_arrival(ground, arrival, scratch, scratch / "plain")
            assert (scratch / "plain").read_bytes() == file.read_bytes()
        assert delivery.wrapped_key is None
        assert open_landed(ground, delivery, tmp_path).read_bytes() == file.read_bytes()


def test_the_copy_for_reading_is_of_the_landed_bytes(home: Ground, file: Path) -> None:
    with home.scratch() as scratch:
        arrival = Arrival(DATASET, file, "command", home.now(), "test")
        delivery = land_arrival(home, arrival, scratch, scratch / "plain")
        file.write_bytes(b"changed")
        assert len((scratch / "plain").read_bytes()) == delivery.size


def test_links_folders_and_missing_files_are_not_taken(home: Ground, file: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(file)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "link.csv", tmp_path, tmp_path / "none", tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(Refused) as caught:
            put(home, path)
        assert caught.value.code == "LANDING_NOT_A_FILE"
    assert not rows(home)
    assert not objects(home)


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path, file: Path) -> None:
    with open_ground({"HUB_HOME": str(tmp_path / "home"), "HUB_LANDING_MAX_BYTES": "1000"}, create=True) as ground:
        ground.prepare()
        with pytest.raises(Refused) as caught:
            put(ground, file)
    assert caught.value.code == "LANDING_TOO_LARGE"


def test_a_file_that_is_being_written_is_not_landed(home: Ground, file: Path) -> None:
    file.write_bytes(b"x" * (32 << 20))
    stop = threading.Event()

    def grow() -> None:
        with file.open("r+b") as out:
            while not stop.wait(0.0001):
                out.write(b"more")
                out.flush()
                out.seek(0)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises(Unavailable) as caught:
            put(home, file)
    finally:
        stop.set()
        writer.join()
    assert caught.value.code == "LANDING_CHANGED"


def test_a_changed_object_does_not_open(home: Ground, file: Path, tmp_path: Path) -> None:
    delivery = put(home, file)
    path = home.store.local(delivery.object_key)
    assert path is not None
    sealed = bytearray(path.read_bytes())
    sealed[-5] ^= 1
    path.write_bytes(sealed)
    with pytest.raises(Refused) as caught:
        open_landed(home, delivery, tmp_path)
    assert caught.value.code == "SEAL_BROKEN"


def test_names_of_any_bytes_land(home: Ground, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xd6\xa3\xd6\xdd.csv"))
    path.write_bytes(b"a\n1\n")
    assert put(home, path).file_name.endswith(".csv")


def test_killed_at_any_step_and_run_again_it_is_as_if_undisturbed(
    home: Ground, warm: Warm, file: Path, tmp_path: Path
) -> None:
    at, status = 0, -signal.SIGKILL
    while status == -signal.SIGKILL:
        at += 1
        status = warm.run("kill_points:land_once", environ=home.environ, dataset=DATASET, file=str(file), deadly=at)
    assert (status, at > 8) == (0, True)
    delivery = put(home, file)
    assert len(rows(home)) == len(acts(home)) == 1
    assert objects(home) == [delivery.object_key]
    assert open_landed(home, delivery, tmp_path).read_bytes() == file.read_bytes()


def test_many_that_land_the_same_at_once_land_it_once(home: Ground, warm: Warm, file: Path, tmp_path: Path) -> None:
    call = {"environ": home.environ, "dataset": DATASET, "file": str(file), "deadly": 0}
    running = [warm.start("kill_points:land_once", **call) for _ in range(4)]
    assert [warm.wait(child) for child in running] == [0] * 4
    delivery = put(home, file)
    assert len(rows(home)) == len(acts(home)) == 1
    assert objects(home) == [delivery.object_key]
    assert open_landed(home, delivery, tmp_path).read_bytes() == file.read_bytes()


def test_what_is_catalogued_without_a_contract_is_kept_and_refused_until_it_has_one(home: Ground, file: Path) -> None:
    dataset = "huiji.environment.river_sections"
    early = put(home, file, dataset)
    assert (early.state, early.code, early.unit) == ("refused", "ARRIVAL_NO_CONTRACT", "huiji")
    assert rows(home)[0]["message_zh"].startswith(f"数据资源 {dataset} 已编入目录，但还没有数据契约")
    assert put(home, file, dataset) == early
    with write(home.engine) as connection:
        connection.execute(CONTRACT.insert().values(dataset=dataset, version="1.0.0", name="断面水质"))
    late = put(home, file, dataset)
    assert (late.id, late.dataset, late.state, late.code) == (early.id, dataset, "landed", None)
