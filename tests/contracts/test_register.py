"""The database is the truth: every version kept, repeating changes nothing, what went in comes out."""

import shutil
from pathlib import Path

import pytest

from catalogs.folder.city import load_city
from contracts.check import load_contracts
from contracts.odcs import load
from contracts.register import contract, document, export, listing, order, register_contracts
from infra.errors import Refused
from infra.ground import Ground, sample_city

DATASET = "jinshui.traffic.road_flow"
ALL = len(list((sample_city() / "contracts").glob("*.yaml")))  # each resource of the sample city has a contract


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_city() / "contracts", tmp_path / "contracts"))


def _entries(ground: Ground) -> int:
    return ground.ledger.sequence().size


def _rewrite(folder: Path, old: str, new: str) -> None:
    file = folder / f"{DATASET}.yaml"
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")


def _most(ground: Ground, version: str | None) -> int:
    rules = contract(ground.engine, DATASET, version).row_rules
    return int(next(rule.args["max"] for rule in rules if rule.id == "flow.range"))


def test_contracts_go_in_once_and_come_out_as_they_were(ground: Ground, folder: Path, tmp_path: Path) -> None:
    resources = load_city(sample_city()).resources
    first = register_contracts(ground, folder, "tester", resources)
    assert len(first.added) == ALL
    entries = _entries(ground)
    again = register_contracts(ground, folder, "tester", resources)
    assert (again.added, again.changed, len(again.unchanged)) == ((), (), ALL)
    assert _entries(ground) == entries
    assert [one.dataset for one in listing(ground.engine)] == sorted(first.added)
    for promise in load_contracts(folder, resources):
        assert contract(ground.engine, promise.contract.id) == promise.contract
    for path in export(ground.engine, tmp_path / "out"):
        came, faults = load(path)
        went, _ = load(folder / path.name)
        assert faults == []
        assert came is not None
        assert went is not None
        assert list(came.raw.items()) == list(went.raw.items())


def test_a_new_version_is_kept_beside_the_old_one(ground: Ground, folder: Path) -> None:
    register_contracts(ground, folder, "tester")
    _rewrite(folder, "max: 2000}", "max: 3000}")
    with pytest.raises(Refused) as refused:
        register_contracts(ground, folder, "tester")
    assert refused.value.code == "CONTRACT_VERSION_TAKEN"
    _rewrite(folder, "version: 1.0.0", "version: 1.10.0")
    assert register_contracts(ground, folder, "tester").changed == (DATASET,)
    ranges = [
        next(
            rule.args["max"] for rule in contract(ground.engine, DATASET, version).row_rules if rule.id == "flow.range"
        )
        for version in (None, "1.0.0", "1.10.0")
    ]
    assert ranges == [3000, 2000, 3000]
    _rewrite(folder, "version: 1.10.0", "version: 1.9.2")
    with pytest.raises(Refused) as older:
        register_contracts(ground, folder, "tester")
    assert older.value.code == "CONTRACT_VERSION_OLDER"


def test_a_faulty_folder_registers_nothing(ground: Ground, folder: Path) -> None:
    _rewrite(folder, "value: append", "value: upsert")
    with pytest.raises(Refused):
        register_contracts(ground, folder, "tester")
    assert listing(ground.engine) == []
    with pytest.raises(Refused) as unknown:
        document(ground.engine, DATASET)
    assert unknown.value.code == "CONTRACT_UNKNOWN"


def test_versions_are_ordered_by_their_numbers() -> None:
    assert sorted(["1.10.0", "1.9.2", "2.0.0", "1.9.10"], key=order) == ["1.9.2", "1.9.10", "1.10.0", "2.0.0"]
