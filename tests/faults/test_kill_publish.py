"""An entry's way from draft to publication and withdrawal, killed with SIGKILL at every act of input and output.

Whoever comes back finds it at one of its states and goes on: it ends as if nothing had happened, with no step, task,
version or ledger entry too many or too few. By default a seeded part of the points; all of them with HUB_TEST_WHOLE=1.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import life_city as city
import pytest
import sqlalchemy as sa
from kill_site import VOLATILE, WHOLE, Backend, Killings, Site
from warm import Warm

from catalogs.find.search import search
from catalogs.life.drafts import save
from catalogs.life.tables import DRAFT, PAPER, STEP, TASK, WITHDRAWN
from catalogs.tables import ITEM, RESOURCE, RESOURCE_VERSION
from infra.database import read
from infra.ground import Ground, open_ground

PART = 4  # points of each backend in the seeded part
SEED = 20261126
KEPT: dict[sa.Table, tuple[str, ...]] = {
    DRAFT: ("resource", "revision", "state", "base", "digest", "holder", "by", "why"),
    STEP: ("resource", "act", "state", "revision", "version", "digest", "by", "why"),
    PAPER: ("resource", "kind", "about", "result", "by", "sha256"),
    TASK: ("kind", "resource", "department", "holder", "opened_by", "why", "closed_by", "result"),
    WITHDRAWN: ("resource", "version", "by", "why"),
    RESOURCE: ("id", "version", "digest"),
    RESOURCE_VERSION: ("resource", "version", "digest"),
    ITEM: ("resource", "name"),
}
"""Of each table the columns that say neither when nor under which number."""


@dataclass(frozen=True)
class Scene:
    """A city in which one entry is drafted; its people take it to its end at whatever site."""

    place: Backend
    original: Site
    paper: Path

    def carry_out(self, warm: Warm, site: Site, deadly: int = 0, tally: Path | None = None) -> int:
        call = {"dataset": city.NEW, "paper": str(self.paper), "deadly": deadly, "tally": str(tally) if tally else None}
        return warm.run("kill_points:publish_once", environ=site.environ, **call)


@pytest.fixture(scope="module")
def scene(place: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    paper = tmp_path_factory.mktemp("papers") / "评估.pdf"
    paper.write_bytes(b"%PDF-1.7 assessed")
    with place.site() as site:
        with open_ground(site.environ, create=True) as ground:
            ground.prepare()
            city.stock(ground)
            entry = city.fresh(ground)
            save(ground, entry, city.who(ground, "officer_jinshui"), revision=None, why=city.WORDS)
            city.looked_at(ground, entry)
            ground.ledger.sequence()
        yield Scene(place, site, paper)


def state(site: Site) -> dict[str, Any]:
    """All that must be the same, whatever was killed."""
    with open_ground(site.environ) as ground:
        assert ground.ledger.verify().ok
        with read(ground.engine) as connection:
            found: dict[str, Any] = {
                table.name: sorted(
                    [json.dumps(list(row)) for row in connection.execute(sa.select(*(table.c[name] for name in names)))]
                )
                for table, names in KEPT.items()
            }
        return found | {"ledger": told(ground), "found": [hit.id for hit in search(ground.engine, "信号配时方案").hits]}


def told(ground: Ground) -> list[tuple[str, str, str]]:
    entries = []
    for entry in reversed(ground.ledger.entries(count=10_000)):
        body, content = json.loads(entry.body), json.loads(entry.content or b"{}")
        kept = {name: value for name, value in content.items() if name not in VOLATILE}
        subject = "task" if body["act"].startswith("catalogs:task:") else body["subject"]  # a number may be burnt
        entries.append((body["act"], subject, json.dumps(kept, sort_keys=True)))
    return entries


@pytest.mark.slow
@pytest.mark.timeout(24 * 3600 if WHOLE else 280)
def test_a_publication_and_a_withdrawal_killed_anywhere_end_the_same(
    scene: Scene, warm: Warm, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    tally = tmp_path / "points"
    with scene.place.site(scene.original) as site:
        assert scene.carry_out(warm, site, tally=tally) == 0
        undisturbed = state(site)
        acts = [act for act, subject, _ in undisturbed["ledger"] if subject == city.NEW]
        assert acts[-5:] == [
            "catalogs:draft:submitted",
            "catalogs:draft:reviewed",
            "catalogs:resource:registered",
            "catalogs:resource:published",
            "catalogs:resource:withdrawn",
        ]
        assert city.NEW not in undisturbed["found"]
        assert scene.carry_out(warm, site) == 0
        assert state(site) == undisturbed
    killings = Killings(scene.place, scene.original, tally, SEED, PART)
    for site, where in killings.sites(lambda site, deadly: scene.carry_out(warm, site, deadly)):
        assert scene.carry_out(warm, site) == 0, where
        assert state(site) == undisturbed, where
    assert len(killings.missed) <= (6 if WHOLE else 1), killings.missed
    record_property("figure", killings.figure)
