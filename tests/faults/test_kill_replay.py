"""A replay killed with SIGKILL at every act of input and output: the same call again ends as if nothing had happened.

At the kill every delivery balances in the register, and no row is in neither table. By default a seeded part of the
points; all of them with HUB_TEST_WHOLE=1.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
from kill_site import WHOLE, Backend, Killings, Site, catalogue_of, ledger_of, outbox_of, plain_of
from warm import Warm

from infra.ground import Ground, open_ground
from lake.describe.outbox import drain
from lake.ingest import ingest
from lake.upkeep.maintain import compact
from lake.upkeep.verify import verify

PART = 3  # points of each scenario and backend in the seeded part
SEED = 20260531


@dataclass(frozen=True)
class Scene:
    """A city whose contract was put right, and the replay that is killed, at whatever site."""

    place: Backend
    original: Site
    dataset: str

    def replay(self, warm: Warm, site: Site, deadly: int = 0, tally: Path | None = None) -> int:
        call = {"dataset": self.dataset, "deadly": deadly, "tally": str(tally) if tally else None}
        return warm.run("kill_points:replay_once", environ=site.environ, **call)


def flows(ground: Ground, folder: Path) -> None:
    """Two deliveries compacted together, one that repeats and contradicts them, and one that was blocked."""

    def take(name: str, *lines: str) -> None:
        ingest(ground, city.FLOW, city.flow_file(folder / f"{name}.csv", lines), actor="test")

    take("a", *(city.line(n) for n in range(20)), city.line(30, flow=3000), city.line(31, flow=9000), "torn,record")
    take("b", *(city.line(n) for n in range(40, 50)), city.line(30, flow=4000), city.line(51, flow=3000))
    compact(ground, city.FLOW, "test")
    take("c", city.line(60), city.line(30, flow=3000))
    take("d", city.line(70, flow=3000), city.line(71, flow="x"))


def hospitals(ground: Ground, folder: Path) -> None:
    """A published snapshot, and a blocked one that takes its place."""
    for name, lines in {
        "a": [city.hospital(1), city.hospital(2, province="北京市")],
        "b": [city.hospital(3, province="北京市"), city.hospital(4, province="天津市")],
    }.items():
        ingest(ground, city.HOSPITALS, city.hospital_file(folder / f"{name}.csv", lines), actor="test")


def upserts(ground: Ground, folder: Path) -> None:
    """Published rows, some of which rows in quarantine replace; one that was delivered again since; one blocked."""
    city.upserting(ground, folder / "contracts")
    for name, lines in {
        "a": [city.line(n) for n in range(20)],
        "b": [city.line(30), *(city.line(n, flow=3000 + n) for n in (3, 4, 5, 31)), "torn,record"],
        "c": [city.line(4, flow=7), city.line(32, flow=3000)],
        "d": [city.line(6, flow=3000), city.line(32, flow=4000)],
    }.items():
        ingest(ground, city.FLOW, city.flow_file(folder / f"{name}.csv", lines), actor="test")


def higher(ground: Ground, folder: Path) -> None:
    city.corrected(ground, folder, "2.0.0", ("max: 2000}", "max: 5000}"))


def wider(ground: Ground, folder: Path) -> None:
    province = ("values: [上海市]", "values: [上海市, 北京市]")
    city.corrected(ground, folder, "2.0.0", province, dataset=city.HOSPITALS)


def upserts_higher(ground: Ground, folder: Path) -> None:
    city.upserting(ground, folder, version="3.0.0", most=5000)


Act = Callable[[Ground, Path], None]
SCENES: dict[str, tuple[str, Act, Act]] = {
    "flows": (city.FLOW, flows, higher),
    "hospitals": (city.HOSPITALS, hospitals, wider),
    "upserts": (city.FLOW, upserts, upserts_higher),
}


@pytest.fixture(scope="module", params=SCENES)
def scene(request: pytest.FixtureRequest, place: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    dataset, prepare, correct = SCENES[request.param]
    with place.site() as site:
        with open_ground(site.environ, create=True) as ground:
            ground.prepare()
            city.stock(ground)
            prepare(ground, tmp_path_factory.mktemp("files"))
            correct(ground, tmp_path_factory.mktemp("contracts"))
            assert drain(ground).left == 0
            ground.ledger.sequence()
        yield Scene(place, site, dataset)


def state(site: Site, scene: Scene) -> dict[str, Any]:
    """All that must be the same, whatever was killed."""
    with open_ground(site.environ) as ground:
        city.balanced(ground)
        rows = city.deliveries(ground)
        names = {row["number"]: row["id"] for row in rows}
        told = (
            "id",
            "state",
            "code",
            "read",
            "published",
            "quarantined",
            "duplicates",
            "replaced",
            "version",
            "publish_no",
            "audit",
        )
        found = {
            "curated": plain_of(city.curated(ground, scene.dataset), names),
            "quarantine": plain_of(city.quarantined(ground, scene.dataset), names),
            "deliveries": [{name: row[name] for name in told} for row in rows],
            "ledger": ledger_of(ground),
            "outbox": outbox_of(ground),
            "catalogue": catalogue_of(ground),
        }
        assert ground.ledger.verify().ok
        assert verify(ground, scene.dataset, "test").flaws == []
        return found


def nothing_lost(site: Site, scene: Scene, ends: Counter[tuple[int, int]]) -> None:
    """Right after a kill, with nothing repaired: every delivery balances, every row is in a table."""
    with open_ground(site.environ) as ground:
        for row in city.deliveries(ground):
            assert row["read"] == row["published"] + row["quarantined"] + row["duplicates"], row["id"]
        assert ends.keys() <= city.places(ground, scene.dataset).keys()


@pytest.mark.slow
@pytest.mark.timeout(24 * 3600 if WHOLE else 280)
def test_a_replay_killed_anywhere_ends_the_same(
    scene: Scene, warm: Warm, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    tally = tmp_path / "points"
    with scene.place.site(scene.original) as site:
        assert scene.replay(warm, site, tally=tally) == 0
        undisturbed = state(site, scene)
        with open_ground(site.environ) as ground:
            ends = city.places(ground, scene.dataset)
        assert scene.replay(warm, site) == 0
        again = state(site, scene)
        assert {**again, "ledger": None} == {**undisturbed, "ledger": None}
    killings = Killings(scene.place, scene.original, tally, SEED, PART)
    for site, where in killings.sites(lambda site, deadly: scene.replay(warm, site, deadly)):
        nothing_lost(site, scene, ends)
        assert scene.replay(warm, site) == 0, where
        assert state(site, scene) == undisturbed, where
    assert len(killings.missed) <= (6 if WHOLE else 1), killings.missed
    record_property("figure", killings.figure)
