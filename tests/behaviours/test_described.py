"""What is no value (contracts, versions) is told to a known person within the rules, and to nobody else."""

import shutil
from collections.abc import Iterator

import pytest
from front_door import Ran, run_hub
from lake_city import FLOW, stock

from catalogs.people.people import issue_key
from infra.ground import Ground, open_ground, sample_city

ASKED = [["contract", "show", FLOW], ["contract", "suite", FLOW], ["lake", "history", FLOW]]
OWN = """@id("own") @zh("本市规定") @en("a city's own rule")
forbid (principal, action == Action::"describe", resource)
when { resource.unit == "jinshui" && principal.roles.contains("operator") };"""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A city that is no demo and hides one unit's resources from operators."""
    folder = tmp_path_factory.mktemp("described")
    shutil.copytree(sample_city(), folder / "city")
    (folder / "city/policies/reading-own.cedar").write_text(OWN, encoding="utf-8")
    environ = {"HUB_HOME": str(folder / "home"), "HUB_CITY_DIR": str(folder / "city"), "HUB_LANG": "en"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        yield stock(ground)


def ask(city: Ground, arguments: list[str], person: str | None) -> Ran:
    key = {} if person is None else {"HUB_API_KEY": issue_key(city, person, "test")}
    return run_hub({**city.environ, **key}, *arguments)


@pytest.mark.parametrize("arguments", [*ASKED, ["contract", "list"]])
def test_nobody_unknown_is_told(city: Ground, arguments: list[str]) -> None:
    ran = ask(city, arguments, None)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("PERSON_UNKNOWN: ")


@pytest.mark.parametrize("arguments", ASKED)
def test_a_rule_of_the_city_holds_for_what_is_described(city: Ground, arguments: list[str]) -> None:
    ran = ask(city, arguments, "operator_sun")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("CATALOG_DENIED: ")
    assert "a city's own rule" in ran.err
    told = ask(city, arguments, "engineer_li")
    assert told.status == 0 or told.err.startswith("LAKE_TABLE_UNKNOWN: ")  # nothing is published yet


def test_a_list_leaves_out_what_is_not_described_to_the_reader(city: Ground) -> None:
    seen = {
        who: {one["dataset"] for one in ask(city, ["contract", "list", "--json"], who).document["contracts"]}
        for who in ("engineer_li", "operator_sun")
    }
    assert seen["engineer_li"] - seen["operator_sun"] == {FLOW}
    assert len(seen["operator_sun"]) > 5
