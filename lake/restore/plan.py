"""What putting a table back to an earlier version would do: found by looking, changing nothing.

Which deliveries stand is told by the versions that they made and the restores since (`lake.store.lineage`); how many
rows leave or come back is counted in the files themselves, for one that an upsert wrote anew holds rows of several.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow.compute as pc
import sqlalchemy as sa

from infra.database import read
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.language import Text
from lake.records import tombstones
from lake.records.record import Row
from lake.restore.unreplayed import moved_rows
from lake.store.delta import DELIVERY, DataFile, Snapshot, Tables, curated_key
from lake.store.files import dataset_of
from lake.store.lineage import restored, spans, within
from lake.tables import FINISHED, PURGED, REVERTED, delivery, replay


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore takes back and brings back.

    Attributes:
        newest: the version that the table has now.
        rows_now, rows_then: of the newest version, of the target.
        reverted: deliveries that will no longer stand, in the order of their publication.
        returned: deliveries that will stand again, in theirs.
        replays: those whose rows go back into quarantine, in their order.
        leaving, coming: delivery's id → its rows that leave the table, or come back into it.
        adds, removes: files.
    """

    dataset: str
    target: int
    newest: int
    rows_now: int
    rows_then: int
    reverted: tuple[Row, ...]
    returned: tuple[Row, ...]
    replays: tuple[Row, ...]
    leaving: Mapping[str, int]
    coming: Mapping[str, int]
    adds: tuple[DataFile, ...]
    removes: tuple[DataFile, ...]

    @property
    def nothing(self) -> bool:
        """The table holds what the target held: there is nothing to do."""
        return not (self.reverted or self.returned or self.replays or self.leaving or self.coming)

    def as_dict(self) -> dict[str, Any]:
        """The shape that commands print."""
        named = ("dataset", "target", "newest", "rows_now", "rows_then")
        return {name: getattr(self, name) for name in named} | {
            "reverted": [_told(one) for one in self.reverted],
            "returned": [_told(one) for one in self.returned],
            "replays": [one["id"] for one in self.replays],
            "quarantined_again": moved_rows(self.replays),
            "leaving": dict(self.leaving),
            "coming": dict(self.coming),
        }


def _told(row: Row) -> dict[str, Any]:
    told = ("version", "published", "channel")
    return {"delivery": row["id"], **{name: row[name] for name in told}}


def plan(ground: Ground, lake: Tables, dataset: str, target: int) -> Plan:
    """What putting the table back to version `target` would do. Changes nothing.

    Raises:
        Refused: `LAKE_TABLE_UNKNOWN`, `LAKE_TABLE_VERSION`, `LAKE_VERSION_PURGED`, `RESTORE_COLUMNS`,
            `RESTORE_EXPIRED`, `RESTORE_REPLAYED`.
        Unavailable: STORE_….
    """
    now = lake.snapshot(curated_key(dataset))
    then = lake.snapshot(now.key, version=target)
    tombstones.refuse_lost(ground.engine, dataset, target)
    _same_columns(now, then, _left(lake, now.key, target))
    adds = tuple(file for file in then.files if file not in now.files)
    removes = tuple(file for file in now.files if file not in then.files)
    _all_there(ground, then, adds)
    before = restored(ground.engine, dataset)
    stand, will = spans(before, now.version), spans(before, target)
    deliveries, replays = _known(ground, dataset)
    _no_replay_back(
        [
            one
            for one in replays
            if one["state"] == REVERTED and within(will, one["version"]) and not within(stand, one["version"])
        ],
        dataset,
    )
    undone = tuple(one for one in replays if one["state"] == FINISHED and not within(will, one["version"]))
    by_replay = {one["version"] for one in undone}  # what was published by a replay is blocked again, not reverted
    gone = [one for one in deliveries if one["state"] == FINISHED and not within(will, one["version"])]
    leaving = _counted(ground, now, removes)
    coming = _counted(ground, now, adds)
    names = {row["number"]: row["id"] for row in deliveries}
    return Plan(
        dataset,
        target,
        now.version,
        sum(file.rows or 0 for file in now.files),
        sum(file.rows or 0 for file in then.files),
        tuple(one for one in gone if one["version"] not in by_replay),
        tuple(one for one in deliveries if one["state"] == REVERTED and within(will, one["version"])),
        undone,
        {names.get(number, f"#{number}"): rows for number, rows in (leaving - coming).items()},
        {names.get(number, f"#{number}"): rows for number, rows in (coming - leaving).items()},
        adds,
        removes,
    )


def _known(ground: Ground, dataset: str) -> tuple[list[Row], list[Row]]:
    """The dataset's deliveries and replays that made versions, in the order in which they made them."""
    published = delivery.c.state.in_((FINISHED, REVERTED, PURGED)), delivery.c.version.is_not(None)
    one = sa.select(delivery).where(delivery.c.dataset == dataset, *published).order_by(delivery.c.version)
    two = sa.select(replay).where(replay.c.dataset == dataset, replay.c.version.is_not(None)).order_by(replay.c.version)
    with read(ground.engine) as connection:
        return list(connection.execute(one).mappings()), list(connection.execute(two).mappings())


def _counted(ground: Ground, now: Snapshot, files: tuple[DataFile, ...]) -> Counter[int]:
    """Delivery's number → rows."""
    counts: Counter[int] = Counter()
    if files:
        for batch in dataset_of(ground.store, replace(now, files=files)).scanner(columns=[DELIVERY]).to_batches():
            for pair in pc.value_counts(batch.column(0)).to_pylist():
                counts[pair["values"]] += pair["counts"]
    return counts


def _left(lake: Tables, key: str, target: int) -> set[str]:
    """The names of columns that were given up after version `target`; what has such a name since is another column."""
    later = (entry for entry in lake.history(key) if entry["version"] > target and entry["evolve"])
    changes = [json.loads(entry["evolve"]) for entry in later]
    return {name for change in changes for name in (*change["renamed"], *change["dropped"])}


def _same_columns(now: Snapshot, then: Snapshot, left: Collection[str] = ()) -> None:
    """Refuses a version whose files could not be read with the columns that the table has now."""
    types = {field.name: field.type for field in now.schema if field.name not in left}
    others = [field.name for field in then.schema if types.get(field.name) != field.type]
    if others:
        raise Refused(
            "RESTORE_COLUMNS",
            f"版本 {then.version} 之后列 {'、'.join(others)} 已改类型、更名或删除，不能还原",
            f"columns {', '.join(others)} changed their type, were renamed or dropped since version {then.version}: it "
            "cannot be brought back",
            place=Place(dataset=now.key.partition("/")[2].replace("/", ".")),
            remedy=Text(
                "另选其后的版本，或请提供单位重新报送", "take a version since then, or have the provider deliver again"
            ),
        )


def _all_there(ground: Ground, then: Snapshot, files: tuple[DataFile, ...]) -> None:
    there = {found.key: found.size for found in ground.store.list(then.key)} if files else {}
    if any(there.get(f"{then.key}/{file.path}") != file.size for file in files):
        raise Refused(
            "RESTORE_EXPIRED",
            f"版本 {then.version} 的数据文件已超过保留期并被清理，不能还原",
            f"files of version {then.version} were deleted when their retention ended: it cannot be brought back",
            place=Place(dataset=then.key.partition("/")[2].replace("/", ".")),
            remedy=Text(
                "用 hub lake history 另选较新的版本，或请提供单位重新报送",
                "take a newer version (`hub lake history`), or have the provider deliver again",
            ),
        )


def _no_replay_back(replays: list[Row], dataset: str) -> None:
    if replays:
        first = replays[0]
        raise Refused(
            "RESTORE_REPLAYED",
            f"该版本含有重放 {first['id']} 发布的行，这些行已退回问题数据区，不能随版本恢复",
            f"the version holds rows that replay {first['id']} published and that stand in quarantine again: "
            "they do not come back with it",
            place=Place(dataset=dataset),
            remedy=Text(
                f"还原到版本 {first['version'] - 1}，再运行 hub quarantine replay",
                f"put it back to version {first['version'] - 1}, then run `hub quarantine replay` again",
            ),
        )
