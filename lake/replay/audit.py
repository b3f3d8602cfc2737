"""The audit of what a replay would publish: Great Expectations judges the very files, beside what is published already.

The rules of rows, and the key, judge the new files alone: what is published was judged by the contract of its day. The
rules of a delivery as a whole judge all that it would have published then.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from contracts.compile import Compiled, suite
from contracts.model import Contract
from lake.audit.verdict import Finding
from lake.ingest import Session
from lake.records.record import Row
from lake.store import schema
from lake.store.delta import DELIVERY, Snapshot
from lake.store.files import dataset_of
from lake.store.parquet import BATCH, ParquetFiles, Written


@dataclass(frozen=True, slots=True)
class Place:
    """Where files of a contract's published table are written, and how long they get."""

    scratch: Path
    contract: Contract
    rows_per_file: int


def written(
    place: Place, name: str, statistics: tuple[str, ...], batches: Iterable[pa.RecordBatch]
) -> tuple[Written, ...]:
    """The batches as files `<name>-<n>` of the published table; a column that they lack is empty."""
    wanted = schema.curated(place.contract)
    writer = ParquetFiles(place.scratch, name, wanted, statistics, rows_per_file=place.rows_per_file)
    with writer:
        for batch in batches:
            columns = [
                batch.column(one.name).cast(one.type)
                if one.name in batch.schema.names
                else pa.nulls(batch.num_rows, one.type)
                for one in wanted
            ]
            writer.write(pa.RecordBatch.from_arrays(columns, schema=wanted))
    return tuple(writer.files)


def forbidding(
    session: Session, compiled: Compiled, published: Snapshot | None, place: Place, row: Row, files: tuple[Written, ...]
) -> tuple[Finding, ...]:
    """Why the files of the delivery `row` may not be published beside what of it is; nothing: they may.

    Raises:
        Unavailable: `AUDIT_FAILED`, or a store that is not there.
    """
    if not files:
        return ()  # of what adds nothing, nothing can be asked
    # A delivery was as fresh as it was when it came.
    expectations = suite(compiled, row["arrived_at"])
    whole = {rule.id for rule in compiled.contract.table_rules}
    paths = [file.path for file in files]
    found = session.auditor().audit([one for one in expectations if one.rule_id not in whole], paths).blocking
    of_all = [one for one in expectations if one.rule_id in whole]
    if found or not of_all:
        return found
    return session.auditor().audit(of_all, [*_already(session, published, place, row), *paths]).blocking


def _already(session: Session, published: Snapshot | None, place: Place, row: Row) -> list[Path]:
    """What the delivery has published, in scratch."""
    if published is None or not published.files:
        return []
    names = [name for name in schema.curated(place.contract).names if name in published.schema.names]
    mine = pc.field(DELIVERY) == row["number"]
    files = dataset_of(session.ground.store, published)
    batches = files.scanner(columns=names, filter=mine, batch_size=BATCH).to_batches()
    return [file.path for file in written(place, f"already-{row['number']}", schema.OWN, batches)]
