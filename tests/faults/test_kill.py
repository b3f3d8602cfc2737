"""`hub ingest` killed with SIGKILL at every act of input and output: running again ends as if nothing had happened.

By default a seeded part of the points; all of them with HUB_TEST_WHOLE=1. How many there are is printed at the end.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
from kill_site import WHOLE, Backend, Killings, Site, catalogue_of, ledger_of, outbox_of, plain_of
from warm import Warm

from infra.ground import open_ground

PART = 4  # points of each scenario and backend in the seeded part
SEED = 20260501
MOST_MISSED = 6 if WHOLE else 0  # of hundreds: a lease that was renewed while the points were counted adds some


@dataclass(frozen=True)
class Scenario:
    """What was delivered before, and the delivery that is killed; before it a column's type may have got wider."""

    dataset: str
    before: tuple[str, ...]
    killed: str
    upsert: bool = False
    widened: bool = False


SCENARIOS = {
    "first": Scenario(city.FLOW, (), "first"),
    "second": Scenario(city.FLOW, ("first",), "second"),
    "blocked": Scenario(city.FLOW, ("first", "second"), "blocked"),
    "several": Scenario(city.FLOW, ("first",), "several"),
    "snapshot": Scenario(city.HOSPITALS, ("a",), "b"),
    "upsert": Scenario(city.FLOW, ("first", "several"), "second", upsert=True, widened=True),
}


def files(folder: Path) -> dict[str, Path]:
    """A first delivery, one that overlaps and contradicts it, one blocked, one of several files; two snapshots."""
    flows = {
        "first": [city.line(i) for i in range(30)] + [city.line(40, flow="x"), city.line(3), city.line(4, flow=11)],
        "second": [city.line(i) for i in range(20, 50)] + [city.line(5, flow=99), "torn,record"],
        "blocked": [city.line(60, flow="x"), city.line(61, flow=-1)],
    }
    snapshots = {
        "a": [city.hospital(i) for i in range(20)],
        "b": [*(city.hospital(i) for i in range(10, 40)), city.hospital(50, province="北京市"), city.hospital(12)],
    }
    made = {name: city.flow_file(folder / f"{name}.csv", lines) for name, lines in flows.items()}
    made["several"] = folder / "several"
    for day in range(3):
        city.flow_file(made["several"] / f"{day}.csv", [city.line(i) for i in range(20 + 20 * day, 45 + 20 * day)])
    (made["several"] / "3.csv").write_bytes(b"")
    return made | {name: city.hospital_file(folder / f"{name}.csv", lines) for name, lines in snapshots.items()}


@dataclass(frozen=True)
class Scene:
    """A city in which the earlier deliveries are published, and the call that will be killed, at whatever site."""

    place: Backend
    original: Site
    dataset: str
    file: str

    def take(self, warm: Warm, site: Site, deadly: int = 0, tally: Path | None = None) -> int:
        """Take the delivery at `site` and die at a point; how the process ended."""
        call = {"dataset": self.dataset, "file": self.file, "deadly": deadly, "tally": str(tally) if tally else None}
        return warm.run("kill_points:take_once", environ=site.environ, **call)


@pytest.fixture(scope="module", params=SCENARIOS)
def scene(
    request: pytest.FixtureRequest, place: Backend, warm: Warm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    made = files(tmp_path_factory.mktemp("files"))
    scenario = SCENARIOS[request.param]
    with place.site() as site:
        with open_ground(site.environ, create=True) as ground:
            ground.prepare()
            city.stock(ground)
            if scenario.upsert:
                city.upserting(ground, tmp_path_factory.mktemp("contracts"))
        for name in scenario.before:
            assert Scene(place, site, scenario.dataset, str(made[name])).take(warm, site) == 0
        if scenario.widened:
            with open_ground(site.environ) as ground:
                city.upserting(ground, tmp_path_factory.mktemp("contracts"), version="3.0.0", flow="decimal(24,2)")
        yield Scene(place, site, scenario.dataset, str(made[scenario.killed]))


def state(site: Site, dataset: str) -> dict[str, Any]:
    """All that must be the same, whatever was killed: tables, quarantine, deliveries, ledger, outbox, catalogue."""
    with open_ground(site.environ) as ground:
        city.balanced(ground)
        rows = city.deliveries(ground)
        names = {row["number"]: row["id"] for row in rows}
        told = (
            "id",
            "state",
            "repeats",
            "code",
            "read",
            "published",
            "quarantined",
            "duplicates",
            "replaced",
            "version",
        )
        assert ground.ledger.verify().ok
        return {
            "curated": plain_of(city.curated(ground, dataset), names),
            "quarantine": plain_of(city.quarantined(ground, dataset), names),
            "deliveries": [{name: row[name] for name in (*told, "quarantine_version", "publish_no")} for row in rows],
            "parts": city.parts(ground),
            "ledger": ledger_of(ground),
            "outbox": outbox_of(ground),
            "catalogue": catalogue_of(ground),
        }


@pytest.mark.slow
@pytest.mark.timeout(24 * 3600 if WHOLE else 280)
def test_killed_anywhere_it_ends_the_same(
    scene: Scene, warm: Warm, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    tally = tmp_path / "points"
    with scene.place.site(scene.original) as site:
        assert scene.take(warm, site, tally=tally) == 0
        assert scene.take(warm, site) == 0
        undisturbed = state(site, scene.dataset)
    killings = Killings(scene.place, scene.original, tally, SEED, PART)
    for site, where in killings.sites(lambda site, deadly: scene.take(warm, site, deadly)):
        for _ in range(2):
            assert scene.take(warm, site) == 0, where
        assert state(site, scene.dataset) == undisturbed, where
    assert len(killings.missed) <= MOST_MISSED, f"nothing was killed at {killings.missed}"
    record_property("figure", killings.figure)
