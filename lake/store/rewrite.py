"""Copy on write: the newest version of a table without some rows, in new files, and the files that held them gone.

The order makes it safe to be killed anywhere and called again: new files stand unseen, one commit swaps them for the
old, and only then are the old ones deleted. Whoever calls holds the dataset's lease.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalogs.lookup import resource
from contracts.register import contract
from infra import crypto
from infra.database import write
from infra.errors import Refused
from infra.ground import Ground
from infra.lease import Lease
from infra.settings import load
from lake.store import schema
from lake.store.delta import DELIVERY, Commit, DataFile, Tables, curated_key
from lake.store.duck import LakeSettings
from lake.store.files import dataset_of
from lake.store.holdings import Holding
from lake.store.parquet import BATCH, ParquetFiles


@dataclass(frozen=True, slots=True)
class Gone:
    """Whose rows go, from which dataset's tables, and what the log says of it."""

    dataset: str
    numbers: Collection[int]
    about: Mapping[str, Any]


def without(ground: Ground, held: Lease, holding: Holding, gone: Gone) -> int | None:
    """Commit the table's newest version without the rows of `gone`, then delete every file that holds them.

    Returns the version of the commit, None when the newest version held none of them.

    Raises:
        Unavailable: `LEASE_LOST`, `LAKE_TABLE_MOVED`, STORE_…; calling again goes on where this ended.
    """
    version = _rewrite(ground, held, holding, gone) if holding.live else None
    for path in holding.files:
        ground.store.delete(f"{holding.key}/{path}")
    ground.store.sweep(holding.key)
    return version


def _rewrite(ground: Ground, held: Lease, holding: Holding, gone: Gone) -> int:
    lake, key = Tables(ground.store), holding.key
    snapshot = lake.snapshot(key)
    old = tuple(file for file in snapshot.files if file.path in holding.files)
    rows_per_file = load(LakeSettings, ground.environ).rows_per_file
    kept = ~pc.is_in(pc.field(DELIVERY), pa.array(sorted(gone.numbers), pa.int64()))
    name = f"purge-{snapshot.version}-{crypto.random_token(6)}"
    with ground.scratch() as scratch:
        statistics = _statistics(ground, key, gone.dataset)
        writer = ParquetFiles(scratch, name, snapshot.schema, statistics, rows_per_file=rows_per_file)
        with writer:
            scanner = dataset_of(ground.store, replace(snapshot, files=old)).scanner(filter=kept, batch_size=BATCH)
            for batch in scanner.to_batches():
                writer.write(batch)
        for file in writer.files:
            ground.store.put_file(f"{key}/{file.path.name}", file.path)
        added = tuple(DataFile(file.path.name, file.size, file.rows) for file in writer.files)
    base = snapshot.version
    commit = Commit(added, "append", f"purge-{base}", base, gone.about, ground.now(), gone=old)
    return swap(ground, held, lake, key, commit)


def swap(ground: Ground, held: Lease, lake: Tables, key: str, commit: Commit) -> int:
    """Commit what takes files out of a table while nobody else can come to hold its lease; the version.

    Whoever follows on a lost lease may have promised to take the same files out.

    Raises:
        Unavailable: `LEASE_LOST`, `LAKE_TABLE_MOVED`; nothing was done.
    """
    with write(ground.engine) as connection:
        held.check(connection)
        return lake.commit(key, commit)


def _statistics(ground: Ground, key: str, dataset: str) -> tuple[str, ...]:
    """The columns whose extremes the new files may tell; ours alone where the register no longer knows the dataset."""
    if key != curated_key(dataset):
        return schema.OWN
    try:
        return schema.plain_columns(contract(ground.engine, dataset), resource(ground.engine, dataset).items)
    except Refused:
        return schema.OWN
