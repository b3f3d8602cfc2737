"""Places where a whole city stands that can be copied, and what of it must be the same whatever was killed there."""

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
import pytest
import sqlalchemy as sa
from servers import PostgresServer, S3Server

from infra.database import read
from infra.ground import Ground, open_ground
from infra.ledger import Act
from lake.tables import outbox

WHOLE = os.environ.get("HUB_TEST_WHOLE") == "1"
VOLATILE = ("arrived_at", "at", "certificate")


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


def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Backend:
    """The backend of a fixture with the parameter `folder` or `s3`."""
    folder = tmp_path_factory.mktemp("kill")
    if request.param == "folder":
        return Backend(folder)
    return Backend(folder, request.getfixturevalue("s3"), request.getfixturevalue("postgres"))


def chosen(tally: Path, seed: int, part: int) -> list[int]:
    """The points at which an act is killed: all that `tally` names, or a seeded part of them."""
    points = range(1, len(tally.read_text(encoding="utf-8").splitlines()) + 1)
    return list(points) if WHOLE else sorted(random.Random(seed).sample(points, part))


class Killings:
    """One act, killed at each chosen point, each time at a fresh copy of the place.

    Attributes:
        missed: the points that it ended before it came to.
    """

    def __init__(self, place: Backend, original: Site, tally: Path, seed: int, part: int) -> None:
        self._place, self._original = place, original
        self._names = tally.read_text(encoding="utf-8").splitlines()
        self._chosen = chosen(tally, seed, part)
        self.missed: list[int] = []

    def sites(self, act: Callable[[Site, int], int]) -> Iterator[tuple[Site, str]]:
        """Each site right after `act(site, point)` was killed there, and the point's name."""
        for deadly in self._chosen:
            where = f"{deadly} {self._names[deadly - 1]}"
            with self._place.site(self._original) as site:
                status = act(site, deadly)
                assert status in (0, -signal.SIGKILL), (where, status)
                if status == 0:
                    self.missed.append(deadly)
                yield site, where

    @property
    def figure(self) -> str:
        """How many points there are, and at how many it was killed."""
        return f"N = {len(self._names)} points, {len(self._chosen) - len(self.missed)} killed"


def plain_of(rows: list[dict[str, Any]], names: Mapping[int, str]) -> list[str]:
    """Rows with the ids of their deliveries."""
    # A database may burn numbers; what a number means must be the same.
    return sorted(json.dumps(row | {"_delivery": names[row["_delivery"]]}, default=str) for row in rows)


def ledger_of(ground: Ground) -> dict[str, list[tuple[str, str, str]]]:
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


def outbox_of(ground: Ground) -> list[tuple[str, str, bool]]:
    """What is to be told, and whether it was."""
    sent = outbox.c.sent_at.is_not(None)
    with read(ground.engine) as connection:
        rows = connection.execute(sa.select(outbox.c.kind, outbox.c.subject, sent).order_by(outbox.c.number)).all()
    return [(row[0], row[1], bool(row[2])) for row in rows]


def catalogue_of(ground: Ground) -> list[tuple[str, str, int, str]]:
    """What DataHub Lite holds: each aspect of each thing, how often it changed, its newest text without instants."""
    query = """
        SELECT urn, aspect_name, max(version), max(metadata::VARCHAR) FILTER (version = 0)
        FROM metadata_aspect_v2 GROUP BY 1, 2 ORDER BY 1, 2
    """
    with duckdb.connect(str(ground.home / "datahub" / "lite.duckdb"), read_only=True) as lite:
        rows = lite.execute(query).fetchall()
    return [(urn, aspect, version, re.sub(r"\b\d{13}\b", "T", text)) for urn, aspect, version, text in rows]
