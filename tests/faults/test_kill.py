"""Ingest killed with SIGKILL at every act of input and output: running again always ends as if nothing had happened.

By default a seeded part of the points; all of them with HUB_TEST_WHOLE=1 (`pytest -s tests/faults` prints how many).
"""

import contextlib
import json
import os
import random
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
from servers import PostgresServer, S3Server
from warm import Warm

from infra.ground import Ground, open_ground

WHOLE = os.environ.get("HUB_TEST_WHOLE") == "1"
PART = 8  # points of each scenario and backend in the seeded part
SEED = 20260501
SCENARIOS = ("first", "second", "blocked")
VOLATILE = ("arrived_at", "at")


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
    """The three deliveries: a first one, one that overlaps it and contradicts it, and one that is blocked."""
    first = [city.line(i) for i in range(30)] + [city.line(40, flow="x"), city.line(3), city.line(4, flow=11)]
    second = [city.line(i) for i in range(20, 50)] + [city.line(5, flow=99), "torn,record"]
    blocked = [city.line(60, flow="x"), city.line(61, flow=-1)]
    return {
        name: city.flow_file(folder / f"{name}.csv", lines)
        for name, lines in {"first": first, "second": second, "blocked": blocked}.items()
    }


@pytest.fixture(scope="module", params=SCENARIOS)
def scenario(
    request: pytest.FixtureRequest, place: Backend, warm: Warm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Backend, Site, str]]:
    """A city in which the earlier deliveries are published, and the file of the one that will be killed."""
    made = files(tmp_path_factory.mktemp("files"))
    with place.site() as site:
        with open_ground(site.environ, create=True) as ground:
            ground.prepare()
            city.stock(ground)
        for name in SCENARIOS[: SCENARIOS.index(request.param)]:
            assert warm.run("kill_points:ingest_once", **_call(site, str(made[name]), 0)) == 0
        yield place, site, str(made[request.param])


def _call(site: Site, file: str, deadly: int, tally: str | None = None) -> dict[str, Any]:
    return {"environ": site.environ, "dataset": city.FLOW, "file": file, "deadly": deadly, "tally": tally}


def state(site: Site) -> dict[str, Any]:
    """All that must be the same, whatever was killed: tables, quarantine, deliveries, ledger, outbox."""
    with open_ground(site.environ) as ground:
        city.balanced(ground)
        rows = city.deliveries(ground)
        names = {row["number"]: row["id"] for row in rows}
        told = ("id", "state", "repeats", "code", "read", "published", "quarantined", "duplicates", "version")
        return {
            "curated": _plain(city.curated(ground), names),
            "quarantine": _plain(city.quarantined(ground), names),
            "deliveries": [{name: row[name] for name in (*told, "quarantine_version", "publish_no")} for row in rows],
            "ledger": _ledger(ground),
            "outbox": _outbox(ground),
        }


def _plain(rows: list[dict[str, Any]], names: Mapping[int, str]) -> list[str]:
    # A database may burn numbers; what a number means must be the same.
    return sorted(json.dumps(row | {"_delivery": names[row["_delivery"]]}, default=str) for row in rows)


def _ledger(ground: Ground) -> list[tuple[str, str, str]]:
    entries = []
    for entry in reversed(ground.ledger.entries(count=10_000)):
        body = json.loads(entry.body)
        if body["act"].startswith("lake:"):
            content = json.loads(entry.content or b"{}")
            kept = {name: value for name, value in content.items() if name not in VOLATILE}
            entries.append((body["act"], body["subject"], json.dumps(kept, sort_keys=True)))
    return entries


def _outbox(ground: Ground) -> list[tuple[str, str]]:
    import sqlalchemy as sa

    from infra.database import read
    from lake.tables import outbox

    with read(ground.engine) as connection:
        rows = connection.execute(sa.select(outbox.c.kind, outbox.c.subject).order_by(outbox.c.number)).all()
    return [(row[0], row[1]) for row in rows]


@pytest.mark.slow
@pytest.mark.timeout(24 * 3600 if WHOLE else 280)
def test_killed_anywhere_it_ends_the_same(
    scenario: tuple[Backend, Site, str], warm: Warm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, original, file = scenario
    tally = tmp_path / "points"
    with place.site(original) as site:
        assert warm.run("kill_points:ingest_once", **_call(site, file, 0, str(tally))) == 0
        assert warm.run("kill_points:ingest_once", **_call(site, file, 0)) == 0
        undisturbed = state(site)
    names = tally.read_text(encoding="utf-8").splitlines()
    points = range(1, len(names) + 1)
    chosen = points if WHOLE else sorted(random.Random(SEED).sample(points, PART))
    for deadly in chosen:
        with place.site(original) as site:
            status = warm.run("kill_points:ingest_once", **_call(site, file, deadly))
            assert status in (-9, 0), (deadly, names[deadly - 1], status)
            for _ in range(2):
                assert warm.run("kill_points:ingest_once", **_call(site, file, 0)) == 0, (deadly, names[deadly - 1])
            assert state(site) == undisturbed, (deadly, names[deadly - 1])
    with capsys.disabled():
        print(f" [N = {len(names)} points, {len(chosen)} killed]", end="")  # noqa: T201 - the figure is asked for
