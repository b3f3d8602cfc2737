"""A granted extract made by hand, for tests of what comes after: rows in the database, a real Delta table."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from infra import crypto
from infra.database import write
from infra.ground import Ground
from lake.store.delta import Commit, DataFile, Tables
from sharing import tables

TABLE = "/delta-sharing/shares/case-1/schemas/zhongyuan/tables/visits"


def a_shared_table(ground: Ground, *, files: int, rows: int, padding: int = 0) -> str:
    """Store a Delta table of `files` files and `rows` rows under a live grant; returns the bearer token."""
    key = "extracts/x-1"
    written = _write_files(ground, key, files, rows, padding)
    table = Tables(ground.store)
    schema = pa.schema([("day", pa.date32()), ("visits", pa.int64()), ("note", pa.string())])
    base = table.ensure(key, schema, "x-1")
    version = table.commit(key, Commit(tuple(written), "append", "issue:x-1", base, {}, ground.now()))
    token = crypto.random_token(32)
    _store_grant(ground, key, version, rows, token)
    return token


def _write_files(ground: Ground, key: str, files: int, rows: int, padding: int) -> list[DataFile]:
    written = []
    noise = np.random.default_rng(7)
    with ground.scratch() as scratch:
        for n in range(files):
            count = rows // files
            note = noise.bytes(padding // 2).hex() if padding else "n"
            data = pa.table(
                {
                    "day": pa.array([n] * count, pa.date32()),
                    "visits": pa.array(range(n * count, (n + 1) * count), pa.int64()),
                    "note": pa.array([note] + [""] * (count - 1), pa.string()),
                }
            )
            path = scratch / f"{n}.parquet"
            pq.write_table(data, path, compression="none" if padding else "zstd", write_statistics=False)
            name = f"x-1-{n:05}.parquet"
            ground.store.put_file(f"{key}/{name}", path)
            written.append(DataFile(name, path.stat().st_size, count))
    return written


def _store_grant(ground: Ground, key: str, version: int, rows: int, token: str) -> None:
    now = ground.now()
    start, end = now - timedelta(days=1), now + timedelta(days=30)
    empty: dict[str, str] = {}
    asked = {"items": ["day", "visits", "note"], "purpose": "research", "scene": "s", "days": 30}
    with write(ground.engine) as connection:
        connection.execute(
            tables.applicant.insert().values(
                id="a-1", uscc="0" * 18, name="样例公司", kind="firm", contact="c", overseas=False, security=empty,
                standing=empty, commitments=[], registered_at=now, registered_by="p",
            )
        )  # fmt: skip
        connection.execute(
            tables.case.insert().values(
                id="case-1", applicant="a-1", channel="conditional_open", dataset="zhongyuan.health.visits",
                state="issued", request=asked, applied_at=now, applied_by="p", changed_at=now,
            )
        )  # fmt: skip
        connection.execute(
            tables.grant.insert().values(
                id="g-1", case="case-1", applicant="a-1", dataset="zhongyuan.health.visits", purpose="research",
                share="case-1", schema="zhongyuan", table="visits", starts_at=start, ends_at=end,
            )
        )  # fmt: skip
        connection.execute(
            tables.extract.insert().values(
                id="x-1", case="case-1", grant="g-1", state="issued", table_key=key, source_version=1,
                version=version, rows=rows, begun_at=now, issued_at=now,
            )
        )  # fmt: skip
        connection.execute(
            tables.token.insert().values(
                id="t-1", hash=crypto.sha256_hex(token.encode()), grant="g-1", created_at=start, expires_at=end
            )
        )
