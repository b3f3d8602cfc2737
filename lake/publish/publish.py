"""Publishing from a durable intent: two Delta commits and one transaction, each done at most once.

The order is what readers rely on: what goes to quarantine is there before the version that lacks it can be seen, and
the database says "finished" last. Killed anywhere in between, the same call does what is left and repeats nothing,
because each commit bears the delivery's id and each table is asked for it first.
"""

import json
from collections.abc import Sequence
from typing import Any

from infra.ground import Ground
from lake.records import record
from lake.records.record import Row
from lake.store import schema
from lake.store.delta import Commit, DataFile, Moved, Tables, curated_key, quarantine_key

_TRIES = 5


class Stale(Exception):
    """The curated table moved on since the delivery was compared with it, and the delivery was not committed."""


def carry_out(ground: Ground, lake: Tables, row: Row) -> None:
    """Publish the audited delivery `row`.

    Raises:
        Stale: nothing was committed; the delivery must be read anew.
        Unavailable: a table cannot be reached; calling again goes on where this ended.
    """
    intent = row["intent"]
    key = curated_key(row["dataset"])
    done = None
    if intent["curated"] is not None:
        version, done = lake.standing(key, row["id"])
        if done is None and version != intent["base"]:
            raise Stale
    aside = _quarantine(ground, lake, row, intent["quarantine"])
    at: int | None = None
    if intent["curated"] is not None:
        about, gone = _metadata(row), _files(intent.get("gone", ()))
        if gone:
            about["replaced"] = json.dumps(intent["replaced"])  # what each earlier delivery has less from here on
        files, base = _files(intent["curated"]), intent["base"]
        columns = intent.get("schema")
        commit = Commit(files, intent["mode"], row["id"], base, about, ground.now(), gone, schema=columns)
        try:
            at = done if done is not None else lake.commit(key, commit)
        except Moved:
            raise Stale from None
    record.finish(ground, row, (at, aside), ground.now())


def _quarantine(ground: Ground, lake: Tables, row: Row, files: Sequence[Sequence[Any]]) -> int | None:
    """Append to the quarantine table. Compaction may move it at any moment: try again from where it stands."""
    if not files:
        return None
    key = quarantine_key(row["dataset"])
    for attempt in range(_TRIES):
        base = lake.ensure(key, schema.QUARANTINE, f"{row['dataset']} quarantine")
        commit = Commit(_files(files), "append", row["id"], base, _metadata(row), ground.now())
        try:
            return lake.commit(key, commit)
        except Moved:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


def _files(listed: Sequence[Sequence[Any]]) -> tuple[DataFile, ...]:
    return tuple(DataFile(path, size, rows) for path, size, rows in listed)


def _metadata(row: Row) -> dict[str, Any]:
    return {"delivery": row["id"], "contract": row["contract_version"]}
