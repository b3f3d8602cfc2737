"""Keeping tables in order: their history, their many small files, their old versions.

- Compaction swaps small files for large ones that hold the same rows in the same order; a reader of any version sees no
  difference. It holds the dataset's lease, so that no publication is disturbed.
- Retention deletes what no version of the last days needs, and what killed processes left behind.
- Both are in the ledger. A compaction that was killed before its entry is entered by the next one.
"""

from dataclasses import dataclass, replace
from typing import Any

from catalogs.lookup import resource
from contracts.register import contract
from infra import crypto
from infra.ground import Ground
from infra.lease import Lease, kept, lease
from infra.ledger import Act, NewEntry
from infra.settings import load
from lake.publish.interrupted import finish_interrupted
from lake.store import rewrite, schema
from lake.store.delta import Commit, DataFile, Tables, curated_key, quarantine_key
from lake.store.duck import LakeSettings
from lake.store.files import dataset_of
from lake.store.parquet import BATCH, ParquetFiles

_PREFIX = "compact-"
_SMALL = 0.5  # a file with less than this part of the wanted rows is small


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did to one table: its files before and after, the version now."""

    table: str
    before: int
    after: int
    version: int


def history(ground: Ground, dataset: str, limit: int | None = None) -> list[dict[str, Any]]:
    """The versions of a dataset's published table, newest first, each with the delivery that made it.

    Raises:
        Refused: `CATALOG_UNKNOWN_RESOURCE`, `LAKE_TABLE_UNKNOWN`.
    """
    resource(ground.engine, dataset)  # a name that nobody registered is no path into the store
    return Tables(ground.store).history(curated_key(dataset), limit)


def compact(ground: Ground, dataset: str, actor: str) -> list[Compacted]:
    """Swap the small files of the dataset's tables for large ones.

    Raises:
        Refused: `CATALOG_UNKNOWN_RESOURCE`, `LAKE_TABLE_UNKNOWN`.
        Unavailable: `LEASE_TAKEN`, or a store that is not there.
    """
    resource(ground.engine, dataset)
    settings = load(LakeSettings, ground.environ)
    lake = Tables(ground.store)
    keys = [curated_key(dataset)] + [key for key in (quarantine_key(dataset),) if lake.exists(key)]
    name, seconds = f"lake:{dataset}", settings.lease_seconds
    with lease(ground.engine, name, seconds=seconds, wait_seconds=settings.wait_seconds) as held, kept(held):
        finish_interrupted(ground, lake, dataset)
        done = [_compact(ground, held, lake, key, settings, dataset) for key in keys]
        for key in keys:
            _enter(ground, lake, key, dataset, actor)
    return done


def _compact(ground: Ground, held: Lease, lake: Tables, key: str, settings: LakeSettings, dataset: str) -> Compacted:
    snapshot = lake.snapshot(key)
    small = tuple(file for file in snapshot.files if (file.rows or 0) < settings.rows_per_file * _SMALL)
    if len(small) < 2:
        return Compacted(key, len(snapshot.files), len(snapshot.files), snapshot.version)
    statistics: tuple[str, ...] = schema.OWN
    if key == curated_key(dataset):
        statistics = schema.plain_columns(contract(ground.engine, dataset), resource(ground.engine, dataset).items)
    part = replace(snapshot, files=small)
    name = f"{_PREFIX}{snapshot.version}-{crypto.random_token(6)}"
    with ground.scratch() as scratch:
        writer = ParquetFiles(scratch, name, snapshot.schema, statistics, rows_per_file=settings.rows_per_file)
        with writer:
            for batch in dataset_of(ground.store, part).scanner(batch_size=BATCH).to_batches():
                writer.write(batch)
        for file in writer.files:
            ground.store.put_file(f"{key}/{file.path.name}", file.path)
        added = tuple(DataFile(file.path.name, file.size, file.rows) for file in writer.files)
    base = snapshot.version
    commit = Commit(added, "append", f"{_PREFIX}{base}", base, {}, ground.now(), gone=small, same_rows=True)
    version = rewrite.swap(ground, held, lake, key, commit)
    return Compacted(key, len(snapshot.files), len(snapshot.files) - len(small) + len(added), version)


def _enter(ground: Ground, lake: Tables, key: str, dataset: str, actor: str) -> None:
    """Ledger entries of the table's compactions that have none yet; each is entered once."""
    entries = [
        NewEntry(
            Act.TABLE_COMPACTED,
            actor,
            dataset,
            {"dataset": dataset, "table": key, "version": entry["version"]},
            f"compacted:{key}:{entry['version']}",
        )
        for entry in reversed(lake.history(key, 50))
        if str(entry["transaction"]).startswith(_PREFIX)
    ]
    ground.ledger.append(entries)


def expire(ground: Ground, dataset: str, actor: str, *, days: int | None = None) -> int:
    """Delete the files that no version of the last `days` days needs (by default HUB_LAKE_KEEP_DAYS); how many.

    Older versions can be read no more, their history stays.

    Raises:
        Refused: `CATALOG_UNKNOWN_RESOURCE`, `LAKE_TABLE_UNKNOWN`.
    """
    resource(ground.engine, dataset)
    settings = load(LakeSettings, ground.environ)
    keeping = settings.keep_days if days is None else days
    lake = Tables(ground.store)
    keys = [curated_key(dataset)] + [key for key in (quarantine_key(dataset),) if lake.exists(key)]
    gone = 0
    name, seconds = f"lake:{dataset}", settings.lease_seconds
    with lease(ground.engine, name, seconds=seconds, wait_seconds=settings.wait_seconds) as held, kept(held):
        finish_interrupted(ground, lake, dataset)
        for key in keys:
            count = len(lake.vacuum(key, keeping * 24, dry_run=True))
            if count:
                # The entry stands before the files are gone: afterwards nobody could tell what was there.
                content = {"dataset": dataset, "table": key, "files": count, "days": keeping}
                ground.ledger.append([NewEntry(Act.TABLE_EXPIRED, actor, dataset, content)])
                lake.vacuum(key, keeping * 24, dry_run=False)
            gone += count
    return gone
