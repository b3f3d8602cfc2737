"""A city's own rules hold, or nothing is decided: wherever rules are loaded, the folder is the registered city's."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalogs.lookup import resource
from catalogs.own_city import own_city
from catalogs.people.asking import describable, described, may
from catalogs.people.people import current
from catalogs.permission.decide import LEDGER
from catalogs.register import register_city
from infra.errors import HubError, WrongUse
from infra.ground import Ground, open_ground, sample_city
from lake.query.quarantine import Question, show
from lake.query.query import query
from sharing.access.gate import Gate

ROOT = Path(__file__).resolve().parent.parent.parent
FLOW = "jinshui.traffic.road_flow"
FORBID = '@id("no-%s") @zh("本市不许") @en("not in this city") forbid (principal, action == Action::"%s", resource);'
ASKS: dict[str, Callable[[Ground], object]] = {
    "describe": lambda ground: described(ground, FLOW),
    "list": lambda ground: describable(ground, [resource(ground.engine, FLOW)]),
    "records": lambda ground: may(ground, "read_contents", LEDGER),
    "query": lambda ground: query(ground, current(ground), "SELECT 1 FROM jinshui.traffic_road_flow"),
    "query of the city": lambda ground: query(ground, current(ground), "SELECT 1 FROM city.traffic_road_flow"),
    "quarantine": lambda ground: show(ground, current(ground), Question(FLOW)),
    "door": Gate,
}


def another(folder: Path, identity: str = "zhengzhou") -> Path:
    """A city's folder with rules of its own: it describes nothing and shows no ledger."""
    shutil.copytree(sample_city(), folder)
    head = folder / "city.yaml"
    head.write_text(head.read_text(encoding="utf-8").replace("id: zhengzhou", f"id: {identity}", 1), encoding="utf-8")
    for about, act in (("reading-own", "describe"), ("records-own", "read_contents")):
        (folder / f"policies/{about}.cedar").write_text(FORBID % (act, act), encoding="utf-8")
    return folder


@contextmanager
def opened(home: Path, **more: str) -> Iterator[Ground]:
    with open_ground({"HUB_HOME": str(home), "HUB_DEMO": "1", **more}, create=True) as ground:
        ground.prepare()
        yield ground


def said(ground: Ground, ask: str) -> str:
    with pytest.raises(HubError) as caught:
        ASKS[ask](ground)
    return caught.value.code


@pytest.mark.parametrize("identity", ["zhengzhou", "elsewhere"])
def test_without_the_folder_it_was_registered_from_a_city_decides_nothing(tmp_path: Path, identity: str) -> None:
    folder, home = another(tmp_path / "city", identity), tmp_path / "home"
    with opened(home, HUB_CITY_DIR=str(folder)) as ground:
        register_city(ground, folder, "test")
        assert (said(ground, "describe"), said(ground, "records")) == ("CATALOG_DENIED", "RECORDS_DENIED")
        Gate(ground)
    third = another(tmp_path / "third", "third")
    for wrong in ({}, {"HUB_CITY_DIR": str(tmp_path / "nowhere")}, {"HUB_CITY_DIR": str(third)}):
        with opened(home, **wrong) as ground:
            assert {said(ground, ask) for ask in ASKS} == {"CITY_NOT_THIS"}, wrong
    shutil.rmtree(folder)
    with opened(home, HUB_CITY_DIR=str(folder)) as ground:
        assert {said(ground, ask) for ask in ASKS} == {"CITY_NOT_THIS"}


def test_the_sample_needs_no_folder_of_its_own_and_a_copy_of_it_is_another(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with opened(home) as ground:
        assert own_city(ground) == sample_city(), "nothing is registered yet"
        register_city(ground, ground.city, "test")
        assert own_city(ground) == sample_city()
        assert ASKS["describe"](ground)
    copy = another(tmp_path / "copy")
    with opened(home, HUB_CITY_DIR=str(copy)) as ground:
        assert said(ground, "describe") == "CATALOG_DENIED", "whoever names a folder of this city gets its rules"
        register_city(ground, copy, "test")
    with opened(home) as ground, pytest.raises(WrongUse, match="CITY_NOT_THIS") as caught:
        own_city(ground)
    assert caught.value.remedy
    assert "HUB_CITY_DIR" in caught.value.remedy.en
    assert str(tmp_path) not in caught.value.sentence("en")


def test_rules_are_loaded_from_nowhere_else() -> None:
    """Only the check of a folder loads rules that may be another city's."""
    loads = re.compile(r"(?<!def )\b(?:city_policy|policy\.rules)\((?!own_city\(ground\))[^).]")
    wrong = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for package in ("catalogs", "contracts", "lake", "sharing")
        for path in sorted((ROOT / package).rglob("*.py"))
        for found in loads.finditer(path.read_text(encoding="utf-8"))
    ]
    assert wrong == ["catalogs/folder/city_files.py: city_policy(f"]
