"""A replay of a table of many columns: the names alone of its records may take all of the usual memory."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.compile import compile as compiled
from contracts.model import Column, Contract, Field
from lake.replay.weigh import Work
from lake.store.duck import Duck, LakeSettings
from lake.store.parquet import Written

NAMES = [f"c{at}" for at in range(400)]


def test_many_columns_get_the_memory_that_they_take(tmp_path: Path) -> None:
    columns = tuple(Column(name, (name,), "integer", "int64", fields=(name,)) for name in NAMES)
    fields = tuple(Field(name, (name,)) for name in NAMES)
    contract = Contract("a.b.c", "1.0.0", columns, fields, (), (), "append")
    raw = json.dumps(dict.fromkeys(NAMES, "7"))
    aside = {"_at": pa.array(range(2_500), pa.int64()), "_delivery": pa.array([1] * 2_500, pa.int64())}
    aside |= {"_line": pa.array(range(2_500), pa.int64()), "rules": [["c0.type"]] * 2_500, "raw": [raw] * 2_500}
    pq.write_table(pa.table(aside), tmp_path / "aside.parquet")
    settings = LakeSettings(memory="60MB")
    with Duck(tmp_path, settings) as duck, duck.cursor() as connection:
        session = cast("Any", SimpleNamespace(duck=duck, settings=settings))
        files = (Written(tmp_path / "aside.parquet", 2_500, 1),)
        done = Work(session, compiled(contract), tmp_path, "replay", connection, None, files).split()
        assert (done.read, done.kept_rows, done.aside_rows) == (2_500, 2_500, 0)
        assert not duck.widen(1), "never less than before"
