"""Invented deliveries: the same for ever, no one's, and exactly as faulty as they say."""

import csv
import json
from pathlib import Path

import openpyxl
import pytest

from catalogs.register import register_city, resources
from contracts.register import register_contracts
from infra.errors import WrongUse
from infra.ground import Ground, open_ground
from lake.ingest import ingest
from lake.invented.persons import REGION, check_character, identity_number, phone_number, plate
from lake.sample import DATASETS, REAL_DATASETS, deliveries, real_set_files

_CODES = ("410101", "410102", "410103", "410104", "410105", "410106", "410108", "410122", "410171", "410185")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    ground = open_ground({"HUB_HOME": str(tmp_path_factory.mktemp("town")), "HUB_DEMO": "1"}, create=True)
    ground.prepare()
    register_city(ground, ground.city, "test")
    register_contracts(ground, ground.city / "contracts", "test", resources(ground.engine))
    return ground


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = deliveries(7, tmp_path / "a", rows=120)
    again = deliveries(7, tmp_path / "b", rows=120)
    other = deliveries(8, tmp_path / "c", rows=120)
    next_day = deliveries(7, tmp_path / "d", rows=120, day=1)
    assert [sample.dataset for sample in first] == list(DATASETS)
    for sample, same, different, later in zip(first, again, other, next_day, strict=True):
        content = sample.path.read_bytes()
        assert same.path.read_bytes() == content
        assert same.known == sample.known
        assert different.path.read_bytes() != content
        assert later.path.name != sample.path.name


@pytest.mark.parametrize("seed", [1, 2])
def test_published_set_aside_and_repeated_come_to_what_is_known(seed: int, town: Ground, tmp_path: Path) -> None:
    for sample in deliveries(seed, tmp_path, rows=150, day=seed):
        outcome = ingest(town, sample.dataset, sample.path, actor="test")
        known = sample.known
        counted = (outcome.read, outcome.published, outcome.quarantined, outcome.duplicates)
        expected = (known.records, known.published, sum(known.quarantined.values()), known.duplicates)
        assert counted == expected, sample.dataset


def test_records_counted_without_our_readers(tmp_path: Path) -> None:
    samples = {sample.dataset: sample for sample in deliveries(3, tmp_path, rows=200)}
    for dataset, encoding in (("jinshui.traffic.road_flow", "gbk"), ("zhongyuan.health.visits", "utf-8-sig")):
        with samples[dataset].path.open(encoding=encoding, newline="") as file:
            assert len(list(csv.reader(file))) - 1 == samples[dataset].known.records
    lines = samples["zhengdong.tourism.visitor_counts"].path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == samples["zhengdong.tourism.visitor_counts"].known.records
    positions = json.loads(samples["guancheng.traffic.bus_gps"].path.read_text(encoding="utf-8"))
    assert len(positions) == samples["guancheng.traffic.bus_gps"].known.records
    sheet = openpyxl.load_workbook(samples["erqi.education.pupils"].path).active
    rolls = [row for row in sheet.iter_rows(min_row=5, values_only=True) if row[2]]
    assert len(rolls) == samples["erqi.education.pupils"].known.records


def test_no_person_is_anyone(tmp_path: Path) -> None:
    assert REGION not in _CODES
    sample = next(one for one in deliveries(5, tmp_path, rows=400) if one.dataset == "erqi.education.pupils")
    sheet = openpyxl.load_workbook(sample.path).active
    found = 0
    for row in sheet.iter_rows(min_row=5, values_only=True):
        if not row[2]:
            continue
        identity = str(row[2]).translate({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)})
        assert identity.startswith("410199")
        assert row[10] is None or str(row[10]).startswith("120")
        found += identity[-1] == check_character(identity[:-1])
    assert found >= sample.known.records - 2


def test_the_check_character_is_that_of_the_standard() -> None:
    # The example of GB 11643-1999.
    assert check_character("11010519491231002") == "X"
    from datetime import date

    number = identity_number(date(2015, 3, 1), 17)
    assert len(number) == 18
    assert phone_number(5) == "12000000005"
    assert plate(7) == "豫AI0007"


def test_every_file_of_a_real_set_is_data_or_says_why_not(shared: Path) -> None:
    counts = {}
    told: list[Path] = []
    for dataset in REAL_DATASETS:
        files = real_set_files(shared / "data", dataset)
        told += [file.path for file in files]
        assert all(file.data or file.reason for file in files)
        counts[dataset.rpartition(".")[2]] = sum(file.data for file in files)
        assert len({file.together is None for file in files if file.data}) == 1, "all of them alone or in folders"
    folders = {(shared / "data" / path.relative_to(shared / "data").parts[0]) for path in told}
    on_disk = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert sorted(set(told)) == sorted(on_disk)
    assert [path.name for path in told if told.count(path) > 1] == ["data.xlsx"] * 2, "a workbook of two datasets"
    assert counts.pop("aqi_hourly") == 19
    assert counts.pop("bus_stops") == 215
    assert counts.pop("district_boundaries") == 2
    assert counts.pop("divisions") == 4
    assert (counts.pop("epidemic_daily"), counts.pop("epidemic_notices")) == (112, 17)
    assert (counts.pop("muroran_line_stops"), counts.pop("muroran_timetables")) == (11, 11)
    assert counts.pop("townships") == 10
    assert (counts.pop("shanghai_metro2_lines"), counts.pop("shenzhen_districts")) == (4, 4)
    assert set(counts.values()) == {1}


def test_a_set_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongUse) as caught:
        real_set_files(tmp_path, REAL_DATASETS[0])
    assert caught.value.code == "SAMPLE_SET_MISSING"
    with pytest.raises(WrongUse):
        real_set_files(tmp_path, "a.b.c")
