"""A process that counts its acts of input and output and kills itself before or after one of them, for tests.

What is counted: every public method of the object store that touches it, every statement and commit of the database,
every public method of the Delta tables that deliveries use, every telling of the metadata catalogue, and below them the
file system's own acts (fsync, rename, link, unlink). Each act has two points: before it begins and after it ended. Acts
of several threads are counted together; which of two at once comes first may differ, how many there are does not.
"""

import functools
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from infra.ground import Ground, open_ground
from lake.describe.describe import Sink
from lake.store.delta import Tables

STORE = ("put_file", "put_bytes", "open", "get_file", "stat", "list", "delete", "sweep")
DELTA = ("ensure", "version", "snapshot", "commit", "committed", "exists", "history", "standing")
PASSPHRASE = "correct horse battery"
FILES = ("fsync", "replace", "rename", "link", "unlink")


class Points:
    """Counts points, and dies at one of them; 0 dies nowhere."""

    def __init__(self, deadly: int) -> None:
        self.deadly, self.names = deadly, list[str]()
        self._lock = threading.Lock()

    def pass_by(self, name: str) -> None:
        """One more point; the deadly one is the last thing this process does."""
        with self._lock:
            self.names.append(name)
            if len(self.names) == self.deadly:
                os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self, owner: Any, name: str) -> None:
        """Count the calls of `owner.name`."""
        real: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(real)
        def counted(*arguments: Any, **more: Any) -> Any:
            self.pass_by(f"before {name}")
            result = real(*arguments, **more)
            self.pass_by(f"after {name}")
            return result

        setattr(owner, name, counted)

    def watch(self, engine: sa.Engine) -> None:
        """Count the statements and commits of a database."""
        event.listen(engine, "before_cursor_execute", lambda *_: self.pass_by("before execute"))
        event.listen(engine, "after_cursor_execute", lambda *_: self.pass_by("after execute"))
        real = engine.dialect.do_commit

        def commit(connection: Any) -> None:
            self.pass_by("before database commit")
            real(connection)
            self.pass_by("after database commit")

        engine.dialect.do_commit = commit  # type: ignore[method-assign]


def armed(ground: Ground, deadly: int) -> Points:
    """Count and perhaps die in this process, on this ground."""
    points = Points(deadly)
    for name in STORE:
        points.wrap(type(ground.store), name)
    for name in DELTA:
        points.wrap(Tables, name)
    points.wrap(Sink, "send")
    for name in FILES:
        points.wrap(os, name)
    points.watch(ground.engine)
    return points


def armed_anywhere(deadly: int) -> Points:
    """The same for a process that makes its grounds itself: both stores and the files, not the database."""
    from infra.storage_folder import FolderStore
    from infra.storage_s3 import S3Store

    points = Points(deadly)
    for name in STORE:
        points.wrap(FolderStore, name)
        points.wrap(S3Store, name)
    for name in FILES:
        points.wrap(os, name)
    return points


def take_once(environ: dict[str, str], dataset: str, file: str, deadly: int, tally: str | None = None) -> None:
    """Take one file as `hub ingest` does: ingest it, describe it, sign the ledger. It dies at point `deadly`.

    Without one, the points that were passed are written to `tally`.
    """
    from lake.describe.outbox import drain
    from lake.ingest import ingest

    with open_ground(environ) as ground:
        points = armed(ground, deadly) if deadly or tally else None
        ingest(ground, dataset, Path(file), actor="test")
        assert drain(ground).left == 0
        ground.ledger.sequence()
        if points is not None and tally is not None:
            Path(tally).write_text("\n".join(points.names), encoding="utf-8")


def purge_once(environ: dict[str, str], purge: str, deadly: int, tally: str | None = None) -> None:
    """Approve and carry out one purge as `hub purge approve` does, then describe it and sign the ledger."""
    from catalogs.people.people import person
    from lake.describe.outbox import drain
    from lake.purge.purge import approve
    from lake.purge.purging import carry_out
    from sharing.ending.purging import Extracts

    with open_ground(environ) as ground:
        points = armed(ground, deadly) if deadly or tally else None
        approve(ground, purge, person(ground.engine, "reviewer_authority"), Extracts())
        carry_out(ground, purge, Extracts())
        assert drain(ground).left == 0
        ground.ledger.sequence()
        if points is not None and tally is not None:
            Path(tally).write_text("\n".join(points.names), encoding="utf-8")


def replay_once(environ: dict[str, str], dataset: str, deadly: int, tally: str | None = None) -> None:
    """Replay the dataset's quarantine as `hub quarantine replay` does, then describe it and sign the ledger."""
    from catalogs.people.people import person
    from lake.describe.outbox import drain
    from lake.ingest import Session
    from lake.replay.replay import replay

    with open_ground(environ) as ground:
        points = armed(ground, deadly) if deadly or tally else None
        with Session(ground) as session:
            replay(session, person(ground.engine, "engineer_li"), dataset)
        assert drain(ground).left == 0
        ground.ledger.sequence()
        if points is not None:
            _tell(points, tally)


def put_back_once(environ: dict[str, str], dataset: str, target: int, deadly: int, tally: str | None = None) -> None:
    """Put a table back as `hub lake restore --yes` does, then describe it and sign the ledger."""
    from catalogs.people.people import person
    from lake.describe.outbox import drain
    from lake.restore.restore import Asked, restore

    with open_ground(environ) as ground:
        points = armed(ground, deadly) if deadly or tally else None
        restore(ground, person(ground.engine, "engineer_li"), Asked(dataset, target, "bad delivery"))
        assert drain(ground).left == 0
        ground.ledger.sequence()
        if points is not None:
            _tell(points, tally)


def compact_once(environ: dict[str, str], dataset: str, deadly: int, tally: str | None = None) -> None:
    """Compact the dataset's tables as `hub lake compact` does, and sign the ledger."""
    from lake.upkeep.maintain import compact

    with open_ground(environ) as ground:
        points = armed(ground, deadly) if deadly or tally else None
        compact(ground, dataset, "test")
        ground.ledger.sequence()
        if points is not None:
            _tell(points, tally)


def backup_once(environ: dict[str, str], folder: str, deadly: int, tally: str | None = None) -> None:
    """Back up into `folder` as `hub backup make` does."""
    from lake.backup.backup import make

    with open_ground(environ) as ground:
        points = armed(ground, deadly)
        make(ground, Path(folder), "test", PASSPHRASE)
        _tell(points, tally)


def restore_once(
    environ: dict[str, str], folder: str, home: str, tombstones: str, deadly: int, tally: str | None = None
) -> None:
    """Restore `folder` into `home` as `hub backup restore` does."""
    from lake.backup.restore import Asked, restore
    from lake.purge.replayed import read_tombstones
    from sharing.ending.purging import Extracts

    points = armed_anywhere(deadly)
    told = read_tombstones(Path(tombstones))
    restore(environ, Asked(Path(folder), Path(home), PASSPHRASE, told), Extracts())
    _tell(points, tally)


def publish_once(environ: dict[str, str], dataset: str, paper: str, deadly: int, tally: str | None = None) -> None:
    """Take a saved draft from where it stands to its withdrawal, as its people do one after another; sign the ledger.

    Who comes back after a kill looks where the entry stands and does what is next, as a person would.
    """
    from catalogs.life import papers, steps
    from catalogs.life.drafts import draft
    from catalogs.life.machine import Paper, State
    from catalogs.life.withdraw import withdraw
    from catalogs.people.people import person
    from sharing.ending.withdrawing import CHECKS

    with open_ground(environ) as ground:
        points = armed(ground, deadly) if deadly or tally else None
        officer, head, authority = (
            person(ground.engine, one) for one in ("officer_jinshui", "head_jinshui", "reviewer_authority")
        )
        while (one := draft(ground.engine, dataset)) is not None and one.state is not State.WITHDRAWN:
            kinds = {held.kind for held in papers.papers(ground, dataset)}
            if one.state is State.SUBMITTED:
                steps.review(ground, dataset, authority, why="齐全")
            elif one.state is State.REVIEWED:
                steps.publish(ground, dataset, authority, why="同意发布")
            elif one.state is State.PUBLISHED:
                withdraw(ground, dataset, authority, why="停用", checks=CHECKS)
            elif "secrecy" not in kinds:
                papers.assess(ground, dataset, Paper.SECRECY, Path(paper), officer, result="不涉密")
            elif "personal" not in kinds:
                papers.assess(ground, dataset, Paper.PERSONAL, Path(paper), officer, result="不含个人信息")
            elif "approval" not in kinds:
                papers.approve(ground, dataset, head)
            else:
                steps.submit(ground, dataset, officer, why="报送")
        ground.ledger.sequence()
        if points is not None:
            _tell(points, tally)


def push_once(
    environ: dict[str, str], to: tuple[str, str], file: str, receipt: str, die: tuple[int, str | None]
) -> None:
    """Push a file to a dataset with a key, through a door of this process, and keep the receipt when it has come."""
    import httpx

    from lake.arrival.push_serving import serve_in_thread

    with open_ground(environ) as ground:
        (dataset, key), (deadly, tally), path = to, die, Path(file)
        points = armed(ground, deadly)
        with serve_in_thread(ground) as port, httpx.Client(timeout=60) as client:
            headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": path.name}
            url = f"http://127.0.0.1:{port}/arrivals/{dataset}/{path.name}"
            answer = client.put(url, content=path.read_bytes(), headers=headers).raise_for_status()
            Path(receipt).write_text(answer.text, encoding="utf-8")
        _tell(points, tally)


def pull_once(environ: dict[str, str], dataset: str, deadly: int, tally: str | None = None) -> None:
    """Draw once from the unit's database."""
    from lake.arrival.pull import pull

    with open_ground(environ) as ground:
        points = armed(ground, deadly)
        pull(ground, dataset, actor="test", now=ground.now())
        _tell(points, tally)


def land_once(environ: dict[str, str], dataset: str, file: str, deadly: int) -> None:
    """Land one file; the points are the steps of landing."""
    from infra.ledger.log import Ledger
    from infra.storage_folder import FolderStore
    from lake.landing import landing

    points = Points(deadly)
    for name in ("_take", "_insert", "_sweep"):
        points.wrap(landing, name)
    points.wrap(FolderStore, "put_file")
    points.wrap(Ledger, "append")
    with open_ground(environ) as ground:
        landing.land(ground, dataset, Path(file), channel="command", arrived_at=ground.now(), actor="test")


def scan_once(environ: dict[str, str], deadly: int) -> None:
    """Look once into the watched folders; the points are landing a file and what is done to files."""
    import shutil

    from lake.arrival import folder as arrival

    points = Points(deadly)
    points.wrap(arrival, "land_arrival")
    points.wrap(Path, "rename")
    points.wrap(shutil, "rmtree")
    with open_ground(environ) as ground:
        arrival.arrive(ground, ground.now())


def scan_bucket_once(environ: dict[str, str], deadly: int, tally: str | None = None) -> None:
    """Look once into the city's first bucket."""
    from catalogs.folder.doors import load_doors
    from infra.storage_s3 import S3Store
    from lake.arrival import bucket

    with open_ground(environ) as ground:
        points = armed(ground, deadly)
        for name in ("get_file", "first", "clear"):
            points.wrap(S3Store, name)
        bucket.scan(ground, load_doors(ground.city).buckets[0], ground.now())
        _tell(points, tally)


def _tell(points: Points, tally: str | None) -> None:
    if tally is not None:
        Path(tally).write_text("\n".join(points.names), encoding="utf-8")
