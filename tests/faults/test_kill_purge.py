"""A purge killed with SIGKILL at every act of input and output: the same call again ends as if nothing had happened.

By default a seeded part of the points; all of them with HUB_TEST_WHOLE=1.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lake_city as city
import planted
import pytest
import sharing_case
import sqlalchemy as sa
from kill_site import WHOLE, Backend, Killings, Site, catalogue_of, ledger_of, outbox_of, plain_of
from sharing_case import VISITS
from warm import Warm

from catalogs.people.people import person
from infra.database import read
from infra.ground import Ground, open_ground
from lake.describe.outbox import drain
from lake.ingest import ingest
from lake.purge.purge import propose
from lake.records import tombstones
from lake.store.delta import Tables, curated_key, quarantine_key
from lake.store.holdings import holding
from lake.upkeep.maintain import compact
from sharing.extract import extract
from sharing.tables import grant

PART = 3  # points of each scenario and backend in the seeded part
SEED = 20260519


@dataclass(frozen=True)
class Scene:
    """A city with a proposed purge, which is approved and carried out at whatever site."""

    place: Backend
    original: Site
    dataset: str
    purge: str

    def carry_out(self, warm: Warm, site: Site, deadly: int = 0, tally: Path | None = None) -> int:
        call = {"purge": self.purge, "deadly": deadly, "tally": str(tally) if tally else None}
        return warm.run("kill_points:purge_once", environ=site.environ, **call)


def flows(ground: Ground, folder: Path) -> str:
    """Three deliveries, two of them compacted into one file, the second one repeated; the second is to go."""

    def take(name: str, lines: list[str]) -> str:
        return ingest(ground, city.FLOW, city.flow_file(folder / f"{name}.csv", lines), actor="test").delivery

    take("a", [city.line(n) for n in range(20)] + [city.line(90, flow="x")])
    doomed = [city.line(n) for n in range(15, 40)] + [city.line(91, flow="x"), "torn,record"]
    second = take("b", doomed)
    compact(ground, city.FLOW, "test")
    take("c", [city.line(n) for n in range(50, 60)])
    take("d", doomed)
    return second


def visits(ground: Ground, folder: Path) -> str:
    """A delivery from which an extract was issued."""
    path = folder / "v.csv"
    path.write_bytes(planted.visits(1500))
    one = ingest(ground, VISITS, path, actor="test").delivery
    case = sharing_case.signed(ground)
    extract.issue(ground, case.id, "clerk")
    return one


SCENES = {"flows": (city.FLOW, flows), "extract": (VISITS, visits)}


@pytest.fixture(scope="module", params=SCENES)
def scene(request: pytest.FixtureRequest, place: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    dataset, prepare = SCENES[request.param]
    with place.site() as site:
        with open_ground(site.environ, create=True) as ground:
            ground.prepare()
            city.stock(ground)
            doomed = prepare(ground, tmp_path_factory.mktemp("files"))
            one = propose(ground, doomed, "illegal_collection", "2026-17", person(ground.engine, "engineer_li"))
            assert drain(ground).left == 0
            ground.ledger.sequence()
        yield Scene(place, site, dataset, one.id)


def state(site: Site, scene: Scene) -> dict[str, Any]:
    """All that must be the same, whatever was killed."""
    with open_ground(site.environ) as ground:
        rows = city.deliveries(ground)
        names = {row["number"]: row["id"] for row in rows}
        one = tombstones.load(ground.engine, scene.purge)
        report = ground.ledger.verify()
        assert report.ok
        _nothing_left(ground, scene, one)
        with read(ground.engine) as connection:
            revoked = connection.execute(sa.select(grant.c.id, grant.c.revoked_at.is_not(None))).all()
        told = ("id", "state", "repeats", "read", "published", "quarantined", "duplicates", "version", "sha256")
        lake = Tables(ground.store)
        return {
            "curated": plain_of(city.curated(ground, scene.dataset), names),
            "quarantine": plain_of(city.quarantined(ground, scene.dataset), names),
            "versions": lake.version(curated_key(scene.dataset)),
            "deliveries": [{name: row[name] for name in told} for row in rows],
            "purge": (one.state, one.ids, one.versions, one.erased, one.ordinal),
            "grants": [tuple(row) for row in revoked],
            "ledger": ledger_of(ground),
            "erased": report.erased,
            "outbox": outbox_of(ground),
            "catalogue": catalogue_of(ground),
        }


def _nothing_left(ground: Ground, scene: Scene, one: tombstones.Purge) -> None:
    lake = Tables(ground.store)
    for key in (curated_key(scene.dataset), quarantine_key(scene.dataset)):
        assert holding(ground, lake, key, one.numbers).files == {}
    keys = [found.key for found in ground.store.list()]
    assert not [key for key in keys if key.rpartition("/")[2].startswith(tuple(one.ids))]
    assert not [key for key in keys if key.startswith("extracts/")]


@pytest.mark.slow
@pytest.mark.timeout(24 * 3600 if WHOLE else 280)
def test_a_purge_killed_anywhere_ends_the_same(
    scene: Scene, warm: Warm, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    tally = tmp_path / "points"
    with scene.place.site(scene.original) as site:
        assert scene.carry_out(warm, site, tally=tally) == 0
        undisturbed = state(site, scene)
        assert scene.carry_out(warm, site) == 0
        assert state(site, scene) == undisturbed
    killings = Killings(scene.place, scene.original, tally, SEED, PART)
    for site, where in killings.sites(lambda site, deadly: scene.carry_out(warm, site, deadly)):
        assert scene.carry_out(warm, site) == 0, where
        assert state(site, scene) == undisturbed, where
    assert len(killings.missed) <= (6 if WHOLE else 1), killings.missed
    record_property("figure", killings.figure)
