"""Who may deliver by command: the provider's own people and the engineers; nobody else's bytes land."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
from click.testing import CliRunner

from catalogs.people.asking import deliverer
from catalogs.people.people import issue_key
from infra.errors import Refused
from infra.ground import Ground, open_ground, sample_city
from lake.ingest_cli import ingest
from lake.landing.landing import UNKNOWN

NEWCOMER = "jinshui.traffic.signals"
Deliver = Callable[[str, str], Any]


@pytest.fixture
def deliver(tmp_path: Path) -> Deliver:
    """Ingests one file of road flow as somebody with a key of their own, outside the demo."""
    environ = {"HUB_HOME": str(tmp_path / "home"), "HUB_LANG": "en"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        city.stock(ground)

    def run(who: str, dataset: str) -> Any:
        path = city.flow_file(tmp_path / f"{who}.csv", [city.line(len(who))])
        with open_ground(environ) as ground:
            key = issue_key(ground, who, "reviewer_authority")
        runner, keyed = CliRunner(), {**environ, "HUB_API_KEY": key}
        return runner.invoke(
            ingest, [dataset, str(path), "--json"], env=keyed, catch_exceptions=False, standalone_mode=False
        )

    return run


def nothing_landed(tmp_path: Path) -> bool:
    with open_ground({"HUB_HOME": str(tmp_path / "home")}) as ground:
        return not list(ground.store.list("landing/")) and not city.deliveries(ground) and not city.acts(ground)


@pytest.mark.parametrize("who", ["officer_jinshui", "reviewer_jinshui", "engineer_li", "local"])
def test_the_provider_and_the_engineers_deliver(deliver: Deliver, who: str) -> None:
    assert json.loads(deliver(who, city.FLOW).stdout)["published"] == 1


@pytest.mark.parametrize("who", ["operator_sun", "auditor_zhao", "reviewer_authority", "officer_erqi"])
def test_nobody_else_does_and_nothing_lands(deliver: Deliver, tmp_path: Path, who: str) -> None:
    with pytest.raises(Refused, match="DELIVERY_DENIED") as caught:
        deliver(who, city.FLOW)
    assert any("who provides it answers for it" in reason.en for reason in caught.value.reasons)
    assert any("谁提供谁负责" in reason.zh for reason in caught.value.reasons)
    assert nothing_landed(tmp_path)


def test_what_nobody_registered_takes_an_engineer(deliver: Deliver, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="CATALOG_UNKNOWN_RESOURCE"):
        deliver("officer_jinshui", NEWCOMER)
    assert nothing_landed(tmp_path)
    told = json.loads(deliver("engineer_li", NEWCOMER).stdout)
    assert (told["state"], told["code"]) == ("refused", UNKNOWN)


def test_a_city_can_forbid_more(city_ground: Ground, tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(sample_city(), folder)
    rule = '@id("night") @zh("本市不许") @en("not here") forbid (principal, action == Action::"deliver", resource);'
    (folder / "policies/reading-own.cedar").write_text(rule, encoding="utf-8")
    city_ground.city = folder
    city.stock(city_ground)
    with pytest.raises(Refused, match="DELIVERY_DENIED") as caught:
        deliverer(city_ground, city.FLOW, "engineer_li")
    assert [reason.en for reason in caught.value.reasons] == ["not here"]
