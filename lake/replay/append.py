"""What of an append's quarantine gets into its table: one delivery after the other, each against those before it.

A snapshot's deliveries are weighed the same way, until the first that moves.
"""

# ruff: noqa: S608 - names go through quote_identifier, paths through file_list, the rest is numbers and names of ours

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from contracts.suite import duckdb_type
from infra.text import quote_identifier
from lake.publish.replaying import Moving
from lake.records.record import Row
from lake.replay.audit import forbidding
from lake.replay.source import AT
from lake.replay.weigh import Weighed, Work, names, parquet, paths
from lake.split import duplicates
from lake.split.duplicates import CONFLICT, Staged
from lake.store import schema
from lake.store.delta import DELIVERY, LINE
from lake.store.files import dataset_of
from lake.store.parquet import BATCH, Written
from lake.tables import BLOCKED


def take(work: Work, found: Weighed, rows: Sequence[Row], blocked: Mapping[int, Sequence[str]]) -> None:
    """Weigh one delivery after the other; of a snapshot's the first that moves is enough.

    What was held may only repeat what deliveries after it bring: it is weighed again until nothing more comes in. Else
    the same replay once more would move what this one left.
    """
    key = _key(work)
    _rivals(work, key)
    waiting, gained = list(rows), -1
    for turn in itertools.count():
        if not waiting or len(found.files) == gained:
            return
        gained = len(found.files)
        for row in waiting:
            found.held.pop(row["id"], None)
            # A file once read is never written over: each turn's have names of their own.
            _one(work, found, row, blocked.get(row["number"], ()), (key, f"{work.name}-{row['number']}-{turn}"))
            if found.moving and work.compiled.contract.mode == "snapshot":
                found.mode = "overwrite" if row["state"] == BLOCKED else "append"
                return
        waiting = [row for row in waiting if row["id"] in found.held and row["number"] not in blocked]


def _key(work: Work) -> tuple[str, ...]:
    """What makes two rows the same: the contract's key, within one delivery where it compares no further."""
    contract = work.compiled.contract
    rule = contract.duplicates
    across = rule.scope == "table" and contract.mode == "append"
    return () if not rule.key else rule.key if across else (*rule.key, DELIVERY)


def _rivals(work: Work, key: Sequence[str]) -> None:
    """The published rows that bear the key of a passing one: the table `rivals`; rows taken join them."""
    if not key:
        return
    there = set() if work.published is None else set(work.published.schema.names)
    columns = [(quote_identifier(one.name), one) for one in work.compiled.contract.columns]
    shown = [name if one.name in there else f"CAST(NULL AS {duckdb_type(one)}) AS {name}" for name, one in columns]
    work.connection.execute(
        f"CREATE TEMP TABLE rivals AS SELECT {names(work.compiled)}, {DELIVERY} FROM passing LIMIT 0"
    )
    if work.published is None or not work.published.files:
        return
    wanted = [*(one.name for _, one in columns if one.name in there), DELIVERY]
    files = dataset_of(work.session.ground.store, work.published)
    work.connection.register("stream", files.scanner(columns=wanted, batch_size=BATCH).to_reader())
    rows = f"(SELECT {', '.join(shown)}, {DELIVERY} FROM stream)"
    keys = ", ".join(map(quote_identifier, key))
    work.connection.execute(f"INSERT INTO rivals SELECT * FROM {rows} SEMI JOIN passing USING ({keys})")
    work.connection.unregister("stream")


def _one(work: Work, found: Weighed, row: Row, blocked: Sequence[str], by: tuple[tuple[str, ...], str]) -> None:
    """Weigh one delivery `by` its key, under the name that its files get."""
    key, name = by
    staged = _staged(work, row["number"], f"{name}-p")
    if not staged:
        return
    if blocked:
        found.held[row["id"]] = tuple(blocked)
        return
    contract = work.compiled.contract
    rivals = f"SELECT {names(work.compiled)}, {DELIVERY} FROM rivals"
    removed = duplicates.remove(
        Staged(
            replace(contract, duplicates=replace(contract.duplicates, key=key)),
            staged,
            name,
            work.scratch,
            work.session.duck,
            work.session.settings,
            (lambda: work.connection.execute(rivals).to_arrow_reader(BATCH)) if key else None,
        )
    )
    files = work.final(f"SELECT {LINE} AS {AT} FROM {parquet(removed.files)}", name) if removed.files else ()
    failed = forbidding(work.session, work.compiled, work.published, work.place, row, files)
    if failed:
        found.held[row["id"]] = failed
        return
    if removed.conflict_rows:
        found.broken[CONFLICT.rules[0]] = found.broken.get(CONFLICT.rules[0], 0) + removed.conflict_rows
    _leave(work, found, row, files, removed.conflicts)
    if files and key:
        work.connection.execute(f"INSERT INTO rivals SELECT {names(work.compiled)}, {DELIVERY} FROM {parquet(files)}")


def _leave(work: Work, found: Weighed, row: Row, files: tuple[Written, ...], conflicts: Sequence[Path]) -> None:
    stay = f"ANTI JOIN (SELECT {LINE} AS {AT} FROM {paths(conflicts)}) USING ({AT})" if conflicts else ""
    gone = f"SELECT {AT} FROM (SELECT {AT} FROM passing WHERE {DELIVERY} = {row['number']}) {stay}"
    leaving = work.connection.execute(gone).fetchnumpy()[AT]
    if not len(leaving):
        return
    published = sum(file.rows for file in files)
    broken = work.broken(gone)
    found.moving.append(Moving(row["number"], row["id"], published, len(leaving) - published, broken))
    found.leaving.append(np.asarray(leaving, dtype=np.int64))
    found.files += files


def _staged(work: Work, number: int, name: str) -> tuple[Written, ...]:
    """The passing rows of a delivery in the order of its file; `_line` is `_at`."""
    query = f"""
        SELECT {names(work.compiled)}, {DELIVERY}, {AT} AS {LINE} FROM passing
        WHERE {DELIVERY} = {number} ORDER BY passing.{LINE}, {AT}"""
    return work.written(query, name, schema.OWN)
