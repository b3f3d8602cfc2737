"""A feed of several tables: one ZIP or folder that feeds each dataset that is one of its tables."""

import copy
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import lake_city as city
import pytest
import yaml

from infra.ground import Ground, open_ground, sample_city
from lake.arrival.folder import arrive, watched
from lake.ingest import ingest, process
from lake.landing.groups import datasets

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
STOPS, TRIPS = "jinshui.traffic.gtfs_stops", "jinshui.traffic.gtfs_trips"
TABLES = {STOPS: ("stops.txt", ("stop_id", "stop_name")), TRIPS: ("trips.txt", ("route_id", "service_id", "trip_id"))}


def promised(dataset: str, member: str, columns: tuple[str, ...]) -> dict[str, object]:
    titles = {"zh": dataset, "en": dataset}
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": dataset,
        "name": titles["zh"],
        "version": "1.0.0",
        "status": "active",
        "schema": [
            {
                "name": dataset.rpartition(".")[2],
                "logicalType": "object",
                "customProperties": [
                    {"property": "cityhub.mode", "value": "append"},
                    {"property": "cityhub.reading", "value": {"member": member}},
                ],
                "properties": [
                    {"name": one, "businessName": one, "logicalType": "string", "classification": "general_1"}
                    for one in columns
                ],
            }
        ],
    }


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    folder = tmp_path / "zhengzhou"
    shutil.copytree(sample_city(), folder)
    catalogue = folder / "catalogues/jinshui.yaml"
    registered = yaml.safe_load(catalogue.read_text("utf-8"))
    like = next(one for one in registered["resources"] if one["id"] == city.FLOW)
    for dataset, (member, columns) in TABLES.items():
        items = [{"name": one, "zh": one, "en": one, "type": "string", "grade": "general_1"} for one in columns]
        title = {"zh": f"公交{member}", "en": member}
        registered["resources"].append(copy.deepcopy({**like, "id": dataset, "title": title, "items": items}))
        contract = yaml.safe_dump(promised(dataset, member, columns), allow_unicode=True, sort_keys=False)
        (folder / f"contracts/{dataset}.yaml").write_text(contract, "utf-8")
    catalogue.write_text(yaml.safe_dump(registered, allow_unicode=True, sort_keys=False), "utf-8")
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_CITY_DIR": str(folder)}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        yield city.stock(ground)


def feed(shared: Path, target: Path) -> Path:
    """The feed as cities publish it, from the real tables."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((shared / "data/traffic-muroran-bus-gtfs/gtfs").glob("*.txt")):
            archive.write(path, path.name)
    return target


def test_a_name_that_datasets_share_stands_for_each_that_is_a_table(ground: Ground) -> None:
    assert datasets(ground, "jinshui.traffic.gtfs") == (STOPS, TRIPS)
    assert datasets(ground, STOPS) == (STOPS,)
    assert datasets(ground, "jinshui.traffic.road") == ("jinshui.traffic.road",)  # road_flow is no table of several


def test_a_feed_gives_each_dataset_its_table(ground: Ground, shared: Path, tmp_path: Path) -> None:
    path = feed(shared, tmp_path / "feed.zip")
    done = {
        dataset: ingest(ground, dataset, path, actor="test") for dataset in datasets(ground, "jinshui.traffic.gtfs")
    }
    assert {dataset: (one.state, one.read) for dataset, one in done.items()} == {
        STOPS: ("finished", 465),
        TRIPS: ("finished", 17),
    }
    assert [note["code"] for note in done[STOPS].notes if note["code"].startswith("parts")] == ["parts_other"]
    first = min(city.curated(ground, TRIPS), key=lambda row: row["_line"])
    assert (first["service_id"], first["_line"]) == ("workday_0", 2)
    folder = ingest(ground, STOPS, shared / "data/traffic-muroran-bus-gtfs/gtfs", actor="test")
    assert (folder.state, folder.read) == ("finished", 465)


@pytest.mark.parametrize("name", ["traffic.gtfs-20260601.zip", "traffic.gtfs.zip", "jinshui.traffic.gtfs_2026.zip"])
def test_a_feed_that_arrives_lands_for_each(name: str, ground: Ground, shared: Path) -> None:
    watched(ground, "jinshui").mkdir(parents=True)
    path = feed(shared, watched(ground, "jinshui") / name)
    landed = arrive(ground, NOW).deliveries
    assert [one.dataset for one in landed] == [STOPS, TRIPS]
    assert len({one.sha256 for one in landed}) == 1
    assert [process(ground, one.id).read for one in landed] == [465, 17]
    assert not path.exists()
    assert not list((watched(ground, "jinshui") / ".taken").iterdir())


def test_what_shares_a_beginning_with_a_dataset_that_is_no_table_is_refused(ground: Ground) -> None:
    path = watched(ground, "jinshui") / "traffic.road.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a,b\n1,2\n")
    [one] = arrive(ground, NOW).deliveries
    assert one.code == "ARRIVAL_UNKNOWN_RESOURCE"
