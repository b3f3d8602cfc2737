"""A backup and a restore killed with SIGKILL at any act: a half of one is recognised, and the same call finishes it.

By default a seeded part of the points; all of them with HUB_TEST_WHOLE=1.
"""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
from kill_site import WHOLE, Backend, Site, chosen, plain_of
from warm import Warm

from catalogs.people.people import person
from infra.errors import Refused
from infra.ground import open_ground
from lake.backup.backup import make
from lake.backup.restore import checked
from lake.ingest import ingest
from lake.purge import purge, purging, replayed
from sharing.ending.purging import Extracts

PART = 2  # points of each act and backend in the seeded part
SEED = 20260522


@dataclass(frozen=True)
class Scene:
    """A city, a backup of it from before a purge and the list of tombstones from after it."""

    place: Backend
    site: Site
    folder: Path
    tombstones: Path


@pytest.fixture(scope="module")
def scene(place: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    import kill_points

    files = tmp_path_factory.mktemp("files")
    with place.site() as site, open_ground(site.environ, create=True) as ground:
        ground.prepare()
        city.stock(ground)

        def take(name: str, lines: list[str]) -> str:
            return ingest(ground, city.FLOW, city.flow_file(files / f"{name}.csv", lines), actor="test").delivery

        take("a", [city.line(n) for n in range(20)] + [city.line(90, flow="x")])
        doomed = take("b", [city.line(n) for n in range(30, 40)])
        make(ground, files / "backup", "test", kill_points.PASSPHRASE)
        one = purge.propose(ground, doomed, "illegal_collection", "2026-17", person(ground.engine, "engineer_li"))
        purge.approve(ground, one.id, person(ground.engine, "reviewer_authority"), Extracts())
        purging.carry_out(ground, one.id, Extracts())
        tombstones = files / "tombstones.json"
        tombstones.write_text(json.dumps(replayed.exported(ground), default=str), encoding="utf-8")
        yield Scene(place, site, files / "backup", tombstones)


@pytest.mark.slow
@pytest.mark.timeout(24 * 3600 if WHOLE else 280)
def test_a_backup_killed_anywhere_is_none_until_it_is_made_again(
    scene: Scene, warm: Warm, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    def run(folder: Path, deadly: int = 0, tally: Path | None = None) -> int:
        call = {"folder": str(folder), "deadly": deadly, "tally": str(tally) if tally else None}
        return warm.run("kill_points:backup_once", environ=scene.site.environ, **call)

    def began() -> Path:
        folder = tmp_path / "backup"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(scene.folder, folder)  # a second backup into the folder of the first
        return folder

    assert run(began(), tally=tmp_path / "points") == 0
    killed = 0
    points = chosen(tmp_path / "points", SEED, PART)
    for deadly in points:
        folder = began()
        status = run(folder, deadly)
        assert status in (0, -signal.SIGKILL), deadly
        killed += status != 0
        if (folder / "manifest.json").exists():
            checked(folder)
        else:
            with pytest.raises(Refused, match="BACKUP_INCOMPLETE"):
                checked(folder)
        assert run(folder) == 0, deadly
        checked(folder)
    assert killed >= len(points) - (6 if WHOLE else 1)
    record_property("figure", f"{killed} of {len(points)} killed")


def state(environ: dict[str, str]) -> dict[str, Any]:
    with open_ground(environ) as ground:
        rows = city.deliveries(ground)
        names = {row["number"]: row["id"] for row in rows}
        assert ground.ledger.verify().ok
        told = ("id", "state", "read", "published", "quarantined", "sha256", "wrapped_key")
        return {
            "curated": plain_of(city.curated(ground), names),
            "quarantine": plain_of(city.quarantined(ground), names),
            "deliveries": [{name: row[name] for name in told} for row in rows],
            "acts": city.acts(ground),
        }


@pytest.mark.slow
@pytest.mark.timeout(24 * 3600 if WHOLE else 280)
def test_a_restore_killed_anywhere_is_no_home_until_it_is_called_again(
    scene: Scene, warm: Warm, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    def run(site: Site, deadly: int = 0, tally: Path | None = None) -> int:
        call = {"folder": str(scene.folder), "home": str(site.home), "tombstones": str(scene.tombstones)}
        more = {"deadly": deadly, "tally": str(tally) if tally else None}
        return warm.run("kill_points:restore_once", environ=site.environ, **call, **more)

    with scene.place.site() as site:
        assert run(site, tally=tmp_path / "points") == 0
        undisturbed = state(site.environ)
    assert len(undisturbed["curated"]) == 20
    killed, points = 0, chosen(tmp_path / "points", SEED, PART)
    for deadly in points:
        with scene.place.site() as site:
            status = run(site, deadly)
            assert status in (0, -signal.SIGKILL), deadly
            killed += status != 0
            if not site.home.exists():
                assert run(site) == 0, deadly
            assert state(site.environ) == undisturbed, deadly
    assert killed >= len(points) - (6 if WHOLE else 1)
    record_property("figure", f"{killed} of {len(points)} killed")
