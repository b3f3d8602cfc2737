"""`hub ingest` killed with SIGKILL at every act of input and output: running again ends as if nothing had happened.

By default a seeded part of the points; all of them with HUB_TEST_WHOLE=1. How many there are is printed at the end.
"""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import lake_city as city
import pytest
import sqlalchemy as sa
from servers import PostgresServer, S3Server
from warm import Warm

from infra.database import read
from infra.ground import Ground, open_ground
from infra.ledger import Act
from lake.tables import outbox

WHOLE = os.environ.get("HUB_TEST_WHOLE") == "1"
PART = 6  # points of each scenario and backend in the seeded part
SEED = 20260501
VOLATILE = ("arrived_at", "at")
MOST_MISSED = 6 if WHOLE else 0  # of hundreds: a lease that was renewed while the points were counted adds some


@dataclass(frozen=True)
class Scenario:
    """What was delivered before, and the delivery that is killed."""

    dataset: str
    before: tuple[str, ...]
    killed: str


SCENARIOS = {
    "first": Scenario(city.FLOW, (), "first"),
    "second": Scenario(city.FLOW, ("first",), "second"),
    "blocked": Scenario(city.FLOW, ("first", "second"), "blocked"),
    "snapshot": Scenario(city.HOSPITALS, ("a",), "b"),
}


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm() as parent:
        yield parent


@dataclass
class Site:
    """A city that can be copied: home folder, and store and database where they are elsewhere."""

    environ: dict[str, str]
    home: Path


@dataclass
class Backend:
    """Makes cities and copies of them on a folder with SQLite, or on S3 with PostgreSQL."""

    folder: Path
    s3: S3Server | None = None
    postgres: PostgresServer | None = None

    @contextlib.contextmanager
    def site(self, original: Site | None = None) -> Iterator[Site]:
        """A fresh city, or a copy of `original`."""
        name = f"k{uuid.uuid4().hex[:12]}"
        home = self.folder / name
        environ = {"HUB_HOME": str(home), "HUB_DEMO": "1", "HUB_LANG": "en"}
        if original is not None:
            shutil.copytree(original.home, home)
        with contextlib.ExitStack() as stack:
            if self.s3 is not None and self.postgres is not None:
                template = "template1" if original is None else original.home.name
                url = stack.enter_context(self.postgres.database(name, template))
                environ |= {**self.s3.environ(name), "HUB_DATABASE": url}
                if original is not None:
                    _copy_store(original.environ, environ)
            yield Site(environ, home)
            shutil.rmtree(home, ignore_errors=True)


def _copy_store(source: Mapping[str, str], target: Mapping[str, str]) -> None:
    with open_ground(source) as old, open_ground(target) as new:
        for found in list(old.store.list("")):
            with old.store.open(found.key) as stream:
                new.store.put_bytes(found.key, stream.read())


@pytest.fixture(scope="module", params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Backend:
    folder = tmp_path_factory.mktemp("kill")
    if request.param == "folder":
        return Backend(folder)
    return Backend(folder, request.getfixturevalue("s3"), request.getfixturevalue("postgres"))


def files(folder: Path) -> dict[str, Path]:
    """A first delivery, one that overlaps and contradicts it, one that is blocked; two snapshots that overlap."""
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
        for name in scenario.before:
            assert Scene(place, site, scenario.dataset, str(made[name])).take(warm, site) == 0
        yield Scene(place, site, scenario.dataset, str(made[scenario.killed]))


def state(site: Site, dataset: str) -> dict[str, Any]:
    """All that must be the same, whatever was killed: tables, quarantine, deliveries, ledger, outbox, catalogue."""
    with open_ground(site.environ) as ground:
        city.balanced(ground)
        rows = city.deliveries(ground)
        names = {row["number"]: row["id"] for row in rows}
        told = ("id", "state", "repeats", "code", "read", "published", "quarantined", "duplicates", "version")
        assert ground.ledger.verify().ok
        return {
            "curated": _plain(city.curated(ground, dataset), names),
            "quarantine": _plain(city.quarantined(ground, dataset), names),
            "deliveries": [{name: row[name] for name in (*told, "quarantine_version", "publish_no")} for row in rows],
            "ledger": _ledger(ground),
            "outbox": _outbox(ground),
            "catalogue": _catalogue(ground),
        }


def _plain(rows: list[dict[str, Any]], names: Mapping[int, str]) -> list[str]:
    # A database may burn numbers; what a number means must be the same.
    return sorted(json.dumps(row | {"_delivery": names[row["_delivery"]]}, default=str) for row in rows)


def _ledger(ground: Ground) -> dict[str, list[tuple[str, str, str]]]:
    """The entries in their order; being described, which may come late, in the order of its own delivery's alone."""
    entries = []
    for entry in reversed(ground.ledger.entries(count=10_000)):
        body = json.loads(entry.body)
        if body["act"].startswith("lake:"):
            content = json.loads(entry.content or b"{}")
            kept = {name: value for name, value in content.items() if name not in VOLATILE}
            entries.append((body["act"], body["subject"], json.dumps(kept, sort_keys=True)))
    in_time = [one for one in entries if one[0] != Act.DELIVERY_DESCRIBED.value]
    return {"in time": in_time, "by delivery": sorted(entries, key=lambda one: one[1])}


def _outbox(ground: Ground) -> list[tuple[str, str, bool]]:
    sent = outbox.c.sent_at.is_not(None)
    with read(ground.engine) as connection:
        rows = connection.execute(sa.select(outbox.c.kind, outbox.c.subject, sent).order_by(outbox.c.number)).all()
    return [(row[0], row[1], bool(row[2])) for row in rows]


def _catalogue(ground: Ground) -> list[tuple[str, str, int, str]]:
    """What DataHub Lite holds: each aspect of each thing, how often it changed, its newest text without instants."""
    query = """
        SELECT urn, aspect_name, max(version), max(metadata::VARCHAR) FILTER (version = 0)
        FROM metadata_aspect_v2 GROUP BY 1, 2 ORDER BY 1, 2
    """
    with duckdb.connect(str(ground.home / "datahub" / "lite.duckdb"), read_only=True) as lite:
        rows = lite.execute(query).fetchall()
    return [(urn, aspect, version, re.sub(r"\b\d{13}\b", "T", text)) for urn, aspect, version, text in rows]


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
    names = tally.read_text(encoding="utf-8").splitlines()
    points = range(1, len(names) + 1)
    chosen = points if WHOLE else sorted(random.Random(SEED).sample(points, PART))
    missed = []
    for deadly in chosen:
        with scene.place.site(scene.original) as site:
            status = scene.take(warm, site, deadly)
            if status == 0:  # it ended before it came to this point
                missed.append(deadly)
            else:
                assert status == -signal.SIGKILL, (deadly, names[deadly - 1], status)
            for _ in range(2):
                assert scene.take(warm, site) == 0, (deadly, names[deadly - 1])
            assert state(site, scene.dataset) == undisturbed, (deadly, names[deadly - 1])
    assert len(missed) <= MOST_MISSED, f"{len(missed)} of {len(chosen)} killed nothing: {missed}"
    record_property("figure", f"N = {len(names)} points, {len(chosen) - len(missed)} killed")
