"""A table's restore killed with SIGKILL at every act of input and output: the same call again ends as if nothing was.

By default a seeded part of the points; all of them with HUB_TEST_WHOLE=1, and then compaction too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
from kill_site import WHOLE, Backend, Killings, Site, catalogue_of, ledger_of, outbox_of, plain_of
from warm import Warm

from catalogs.people.people import person
from contracts.register import register_contracts
from infra.ground import Ground, open_ground
from lake.describe.outbox import drain
from lake.ingest import Session, ingest
from lake.records import tickets
from lake.replay.replay import replay
from lake.store.delta import Tables, curated_key
from lake.upkeep.verify import verify

PART = 3  # points of each backend in the seeded part
SEED = 20261126


ACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "restore": ("kill_points:put_back_once", {"dataset": city.FLOW, "target": 1}),
    "compact": ("kill_points:compact_once", {"dataset": city.FLOW}),
}


@dataclass(frozen=True)
class Scene:
    """A city whose road flow is to be put back, or compacted, at whatever site."""

    place: Backend
    original: Site
    act: str

    def do(self, warm: Warm, site: Site, deadly: int = 0, tally: Path | None = None) -> int:
        function, call = ACTS[self.act]
        return warm.run(function, environ=site.environ, deadly=deadly, tally=str(tally) if tally else None, **call)


@pytest.fixture(scope="module", params=ACTS if WHOLE else ["restore"])
def scene(request: pytest.FixtureRequest, place: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two deliveries, one that was blocked, and a replay that moved rows of all since the first was published."""
    folder = tmp_path_factory.mktemp("files")
    with place.site() as site:
        with open_ground(site.environ, create=True) as ground:
            ground.prepare()
            city.stock(ground)
            _deliver(ground, folder)
            assert drain(ground).left == 0
            ground.ledger.sequence()
        yield Scene(place, site, request.param)


def _deliver(ground: Ground, folder: Path) -> None:
    with Session(ground) as session:
        for name, lines in {
            "a": [*(city.line(n) for n in range(9)), city.line(30, flow=3000), city.line(31, flow="x")],
            "b": [*(city.line(n) for n in range(9, 12)), city.line(32, flow=3000)],
            "c": [city.line(40 + n, flow=3000) for n in range(3)],
        }.items():
            path = city.flow_file(folder / f"{name}.csv", lines)
            ingest(ground, city.FLOW, path, actor="test", session=session)
    text = (ground.city / "contracts" / f"{city.FLOW}.yaml").read_text("utf-8")
    (folder / "new").mkdir()
    corrected = text.replace("version: 1.0.0", "version: 1.1.0").replace("max: 2000}", "max: 5000}")
    (folder / "new" / f"{city.FLOW}.yaml").write_text(corrected, "utf-8")
    register_contracts(ground, folder / "new", "test")
    with Session(ground) as session:
        replay(session, person(ground.engine, "engineer_li"), city.FLOW)


def state(site: Site, act: str) -> dict[str, Any]:
    """All that must be the same, whatever was killed."""
    with open_ground(site.environ) as ground:
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
            "version",
            "publish_no",
            "audit",
        )
        lake = Tables(ground.store)
        if act == "restore":
            assert lake.snapshot(curated_key(city.FLOW)).files == lake.snapshot(curated_key(city.FLOW), version=1).files
        found = {
            "curated": plain_of(city.curated(ground), names),
            "quarantine": plain_of(city.quarantined(ground), names),
            "versions": lake.version(curated_key(city.FLOW)),
            "deliveries": [{name: row[name] for name in told} for row in rows],
            "tickets": [(one.id, one.cause, one.kind, one.closed_by) for one in tickets.listing(ground, closed=True)],
            "ledger": ledger_of(ground),
            "outbox": outbox_of(ground),
            "catalogue": catalogue_of(ground),
        }
        assert ground.ledger.verify().ok
        assert [flaw.said.en for flaw in verify(ground, city.FLOW, "test").flaws] == []
        return found


def nothing_lost(site: Site, places: set[tuple[int, int]]) -> None:
    """Right after a kill, with nothing repaired: every delivery balances, what stands in the end stands in a table."""
    with open_ground(site.environ) as ground:
        for row in city.deliveries(ground):
            assert row["read"] == row["published"] + row["quarantined"] + row["duplicates"], row["id"]
        assert places <= _places(ground)


def _places(ground: Ground) -> set[tuple[int, int]]:
    return {(row["_delivery"], row["_line"]) for row in [*city.curated(ground), *city.quarantined(ground)]}


@pytest.mark.slow
@pytest.mark.timeout(24 * 3600 if WHOLE else 280)
def test_killed_anywhere_it_ends_the_same(
    scene: Scene, warm: Warm, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    tally = tmp_path / "points"
    with scene.place.site(scene.original) as site:
        assert scene.do(warm, site, tally=tally) == 0
        undisturbed = state(site, scene.act)
        with open_ground(site.environ) as ground:
            places = _places(ground)
        assert scene.do(warm, site) == 0
        again = state(site, scene.act)
        assert {**again, "ledger": None} == {**undisturbed, "ledger": None}
    killings = Killings(scene.place, scene.original, tally, SEED, PART)
    for site, where in killings.sites(lambda site, deadly: scene.do(warm, site, deadly)):
        nothing_lost(site, places)
        if WHOLE:  # to verify is an act: the ledger of a copy has one more
            with scene.place.site(site) as copied, open_ground(copied.environ) as ground:
                assert [flaw.said.en for flaw in verify(ground, city.FLOW, "test").flaws] == []
        assert scene.do(warm, site) == 0, where
        assert state(site, scene.act) == undisturbed, where
    assert len(killings.missed) <= (6 if WHOLE else 1), killings.missed
    record_property("figure", killings.figure)
