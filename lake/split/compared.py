"""What a delivery is compared with: the rows of its table, as paths where the store is a folder, else as a stream."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from contracts.model import Contract
from infra.storage import ObjectStore
from lake.store import schema
from lake.store.files import dataset_of
from lake.store.parquet import BATCH
from lake.store.versions import LINE, DataFile, Snapshot

Published = Callable[[], pa.RecordBatchReader] | Sequence[Path]


def published(store: ObjectStore, snapshot: Snapshot, contract: Contract) -> Published | None:
    """The snapshot's rows in the columns of `contract`, null where they are younger than a file; None without files."""
    if not snapshot.files:
        return None
    local = [store.local(key) for key in snapshot.keys()]  # noqa: SIM118 - object keys
    if all(path is not None for path in local):
        return [path for path in local if path is not None]
    columns = pa.schema([field for field in schema.curated(contract) if field.name != LINE])
    if contract.mode == "upsert":
        return placed(store, snapshot, columns)
    files = dataset_of(store, replace(snapshot, schema=columns))
    return lambda: files.scanner(columns=columns.names).to_reader()


def named(store: ObjectStore, snapshot: Snapshot, file: DataFile) -> str:
    """What a file of the table is called in `Replaced.places`: its path on a folder, else its key."""
    key = f"{snapshot.key}/{file.path}"
    return str(store.local(key) or key)


def placed(store: ObjectStore, snapshot: Snapshot, columns: pa.Schema) -> Callable[[], pa.RecordBatchReader]:
    """Makes a reader of the snapshot's rows in `columns` with the place of each, for a store that is no folder."""
    wide = columns.append(pa.field("_file", pa.string())).append(pa.field("_row", pa.int64()))

    def batches() -> Iterator[pa.RecordBatch]:
        for file in snapshot.files:
            name, base = named(store, snapshot, file), 0
            one = dataset_of(store, replace(snapshot, files=(file,), schema=columns))
            for batch in one.scanner(columns=columns.names, batch_size=BATCH).to_batches():
                count = batch.num_rows
                place = [pa.repeat(name, count), pa.array(np.arange(base, base + count, dtype=np.int64))]
                yield pa.RecordBatch.from_arrays([*batch.columns, *place], schema=wide)
                base += count

    return lambda: pa.RecordBatchReader.from_batches(wide, batches())
