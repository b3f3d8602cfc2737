"""The sample city registered on a ground, small deliveries for it, and the tables as they are stored: for tests."""

import contextlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

import catalogs.enter
import contracts.register
from catalogs.register import register_city
from contracts.register import register_contracts
from infra.database import read, write
from infra.ground import Ground, open_ground
from lake import tables
from lake.store.delta import Tables, curated_key, quarantine_key
from lake.store.files import dataset_of

if TYPE_CHECKING:
    from lake.clock.run import Report

FLOW = "jinshui.traffic.road_flow"
HOSPITALS = "sample.health.hospitals"
HEADER = "detector_id,road_name,direction,observed_at,flow,speed,occupancy,lng,lat"
HOSPITAL_HEADER = "name,address,adname,pname,type,lat,lon"


def stock(ground: Ground) -> Ground:
    """Register the ground's city and its contracts; files that say the same are read once a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogs.enter, "load_city", _once(catalogs.enter.load_city))
        patch.setattr(contracts.register, "load_contracts", _once(contracts.register.load_contracts))
        register_city(ground, ground.city, "test")
        register_contracts(ground, ground.city / "contracts", "test")
    return ground


_KNOWN: dict[tuple[object, ...], Any] = {}


def _once(read: Callable[..., Any]) -> Callable[..., Any]:
    """`read`, which takes the most time of a registration, asked once for all folders whose files are the same."""

    def known(folder: Path, *more: object) -> Any:
        files = [(path.relative_to(folder), path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]
        key = (read.__name__, folder.name, *more, sha256(repr(files).encode()).digest())
        if key not in _KNOWN:
            _KNOWN[key] = read(folder, *more)
        return _KNOWN[key]

    return known


@contextlib.contextmanager
def standing(home: Path, template: Path, **environ: str) -> Iterator[Ground]:
    """The sample city on a home of its own, made from a prepared database: for a module's tests to share."""
    home.mkdir(mode=0o700)
    shutil.copyfile(template, home / "hub.db")
    environ = {"HUB_HOME": str(home), "HUB_DEMO": "1", "HUB_LANG": "en", **environ}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        yield stock(ground)


def emptied(ground: Ground, dataset: str = FLOW) -> None:
    """The dataset as if nothing had ever been delivered."""
    for zone in ("curated", "quarantine"):
        for found in list(ground.store.list(f"{zone}/{dataset.replace('.', '/')}")):
            ground.store.delete(found.key)
    with write(ground.engine) as connection:
        for table in (tables.delivery, tables.replay, tables.restore, tables.outbox, tables.ticket):
            connection.execute(table.delete())


def corrected(ground: Ground, folder: Path, version: str, *changes: tuple[str, str], dataset: str = FLOW) -> None:
    """Register the dataset's contract with `changes` made in its text."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (ground.city / "contracts" / f"{dataset}.yaml").read_text("utf-8")
    for old, new in (("version: 1.0.0", f"version: {version}"), *changes):
        assert old in text, old
        text = text.replace(old, new)
    (folder / f"{dataset}.yaml").write_text(text, "utf-8")
    register_contracts(ground, folder, "test")


def upserting(
    ground: Ground,
    folder: Path,
    *,
    as_of: str | None = None,
    version: str = "2.0.0",
    most: int = 2000,
    flow: str = "integer",
) -> None:
    """Make road flow an upsert on its key from here on, this version of its contract, flows of a type up to `most`."""
    text = (ground.city / "contracts" / f"{FLOW}.yaml").read_text(encoding="utf-8")
    mode = "value: upsert"
    if as_of is not None:
        mode += f"\n      - property: cityhub.as_of\n        value: {as_of}"
    changed = text.replace("version: 1.0.0", f"version: {version}").replace("value: append", mode)
    changed = changed.replace("max: 2000}", f"max: {most}}}").replace(*typed(flow))
    changed = changed.replace("wins: first, scope: table, conflict: quarantine", "wins: last")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{FLOW}.yaml").write_text(changed, encoding="utf-8")
    register_contracts(ground, folder, "test")


def typed(kind: str) -> tuple[str, str]:
    """What of the contract's text to replace by what, so that road flow counts in another type."""
    was = "        logicalType: integer\n        physicalType: integer\n"
    logical = {"integer": "integer", "string": "string"}.get(kind, "number")
    return was, f"        logicalType: {logical}\n        physicalType: {kind}\n"


def line(number: int, *, flow: object = 10, detector: str = "D") -> str:
    """One good record of road flow; its key is the detector and the minute `number`."""
    minute = f"2026-05-{1 + number // 1440:02d} {number // 60 % 24:02d}:{number % 60:02d}:00"
    return f"{detector},中州大道,东向西,{minute},{flow},40.5,12,113.7,34.75"


def flow_file(path: Path, lines: Iterable[str]) -> Path:
    """A delivery of road flow."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def hospital(number: int, *, province: str = "上海市", kind: str = "综合医院") -> str:
    """One good record of the snapshot of hospitals, all invented; its key is the name and the place."""
    place = f"{31 + number / 1000:.3f},{121 + number / 1000:.3f}"
    return f"虚构医院{number}号,虚构路{number}号,黄浦区,{province},医疗保健服务;{kind};三级甲等医院,{place}"


def hospital_file(path: Path, lines: Iterable[str]) -> Path:
    """A delivery of hospitals: a snapshot."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HOSPITAL_HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def rows(ground: Ground, key: str) -> list[dict[str, Any]]:
    """The rows of a table, read from its files alone; none when there is no table."""
    lake = Tables(ground.store)
    if not lake.exists(key):
        return []
    table: pa.Table = dataset_of(ground.store, lake.snapshot(key)).to_table()
    return list(table.to_pylist())


def curated(ground: Ground, dataset: str = FLOW) -> list[dict[str, Any]]:
    """The published rows."""
    return rows(ground, curated_key(dataset))


def quarantined(ground: Ground, dataset: str = FLOW) -> list[dict[str, Any]]:
    """The quarantined rows."""
    return rows(ground, quarantine_key(dataset))


def places(ground: Ground, dataset: str = FLOW) -> Counter[tuple[int, int]]:
    """Where the rows of both tables came from."""
    both = [*curated(ground, dataset), *quarantined(ground, dataset)]
    return Counter((row["_delivery"], row["_line"]) for row in both)


def deliveries(ground: Ground) -> list[Mapping[Any, Any]]:
    """The rows of `lake_delivery` in their order."""
    with read(ground.engine) as connection:
        return list(connection.execute(sa.select(tables.delivery).order_by(tables.delivery.c.number)).mappings())


def parts(ground: Ground) -> list[tuple[Any, ...]]:
    """The files of the deliveries of several: delivery's id, part, name, records, state."""
    part, whole = tables.part, tables.delivery
    query = sa.select(whole.c.id, part.c.part, part.c.name, part.c.records, part.c.state)
    with read(ground.engine) as connection:
        found = connection.execute(
            query.join(whole, whole.c.number == part.c.delivery).order_by(whole.c.id, part.c.part)
        )
        return [tuple(row) for row in found]


def acts(ground: Ground) -> list[tuple[str, str]]:
    """Act and subject of every ledger entry of the lake, in their order."""
    bodies = [json.loads(entry.body) for entry in reversed(ground.ledger.entries(count=100_000))]
    return [(body["act"], body["subject"]) for body in bodies if body["act"].startswith("lake:")]


def balanced(ground: Ground) -> None:
    """Recount every final delivery from the stored files."""
    rows = deliveries(ground)
    newest = {row["dataset"]: row["number"] for row in rows if row["publish_no"] is not None}
    upserted = sum(row["replaced"] or 0 for row in rows)
    if upserted:  # what gave way and what stands is all that was ever published
        told = sum(row["published"] or 0 for row in rows if row["dataset"] == FLOW and row["publish_no"] is not None)
        assert told - upserted == len(curated(ground))
    for row in rows:
        if row["state"] not in (tables.FINISHED, tables.BLOCKED):
            continue
        published = sum(one["_delivery"] == row["number"] for one in curated(ground, row["dataset"]))
        aside = sum(one["_delivery"] == row["number"] for one in quarantined(ground, row["dataset"]))
        assert aside == row["quarantined"], row["id"]
        if row["publish_no"] is not None and row["dataset"] == FLOW and not upserted:  # an append's rows stay
            assert published == row["published"], row["id"]
        if row["dataset"] == HOSPITALS:  # a snapshot's give way to the next one's
            assert published == (row["published"] if row["number"] == newest[HOSPITALS] else 0), row["id"]
        assert row["read"] == row["published"] + row["quarantined"] + row["duplicates"], row["id"]


def at_once(ground: Ground, *_: Any, **__: Any) -> "Report":
    """`lake.clock.run.run_due` in this process: what has arrived is taken without Airflow."""
    from lake.arrival.doors import take
    from lake.clock.run import Report
    from lake.clock.schedule import due
    from lake.ingest import process_batch

    take(ground)
    return Report(tuple(process_batch(ground, [one.id for one in due(ground)])), {}, 0.0, 0.0)


def deliver(environ: dict[str, str], files: list[str]) -> None:
    """Ingest files of road flow in a process of its own."""
    from lake.ingest import Session, ingest

    with open_ground(environ) as ground, Session(ground) as session:
        for path in files:
            ingest(ground, FLOW, Path(path), actor="test", session=session)
