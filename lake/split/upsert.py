"""An upsert: the rows that a delivery replaces leave the table in the very commit that brings their successors.

Files that hold replaced rows are written anew without them, whole, so that every reader of Delta tables sees the
result: no deletion vectors. How many rows of which delivery gave way is told in the commit, and `hub lake verify`
counts by it: of what a delivery published, the newest version holds all but what later deliveries replaced.
"""

# ruff: noqa: S608 - paths of ours, quoted

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from infra.storage import ObjectStore
from lake.split.compared import named
from lake.split.duplicates import Replaced, Staged
from lake.store import schema
from lake.store.duck import Duck, file_list
from lake.store.files import dataset_of
from lake.store.parquet import BATCH, ParquetFiles, Written
from lake.store.versions import DELIVERY, DataFile, Snapshot


def remainder(
    store: ObjectStore, snapshot: Snapshot, staged: Staged, replaced: Replaced
) -> tuple[tuple[DataFile, ...], tuple[Written, ...]]:
    """The files of the snapshot that hold replaced rows, and new ones in scratch with their other rows, in their order.

    Raises:
        AssertionError: other rows were left out than the replaced ones; nothing is lost, for nothing is committed.
    """
    statistics = [name for name in staged.statistics if name in snapshot.schema.names] or list(schema.OWN)
    writer = ParquetFiles(
        staged.scratch, f"{staged.name}-r", snapshot.schema, statistics, rows_per_file=staged.settings.rows_per_file
    )
    gone: list[DataFile] = []
    out: Counter[int] = Counter()
    with writer:
        for file in snapshot.files:
            places = _places(staged.duck, replaced.places, named(store, snapshot, file))
            if len(places):
                gone.append(file)
                for batch, leaving in _batches(store, replace(snapshot, files=(file,)), places):
                    writer.write(batch.filter(pa.array(~leaving)))
                    counted = pc.value_counts(batch.column(DELIVERY).filter(pa.array(leaving))).to_pylist()
                    out.update({pair["values"]: pair["counts"] for pair in counted})
    if out != Counter(replaced.of):
        message = f"{snapshot.key} at {snapshot.version}: other rows were left out than the replaced ones"
        raise AssertionError(message)
    return tuple(gone), tuple(writer.files)


def _places(duck: Duck, places: Path, name: str) -> npt.NDArray[np.int64]:
    with duck.cursor() as connection:
        query = f"SELECT _row FROM read_parquet({file_list([places])}) WHERE _file = ? ORDER BY _row"
        found: npt.NDArray[np.int64] = connection.execute(query, [name]).fetchnumpy()["_row"]
        return found.astype(np.int64)


def _batches(
    store: ObjectStore, one: Snapshot, places: npt.NDArray[np.int64]
) -> Iterator[tuple[pa.RecordBatch, npt.NDArray[np.bool_]]]:
    """The rows of one file, and which of them leave."""
    base = 0
    for batch in dataset_of(store, one).scanner(batch_size=BATCH).to_batches():
        first, last = np.searchsorted(places, [base, base + batch.num_rows])
        leaving = np.zeros(batch.num_rows, dtype=bool)
        leaving[places[first:last] - base] = True
        yield batch, leaving
        base += batch.num_rows
