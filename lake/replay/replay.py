"""Replay: after a contract or catalogue was put right, exactly the rows that now pass leave quarantine.

Promises:

- ``read = published + quarantined + duplicates`` of every delivery, before and after; a row is never in neither table;
- a row that moves keeps its delivery and its place in it, so that a purge of its delivery finds it;
- what moved once does not move again: a second replay under the same contract changes nothing;
- a delivery that was blocked is published as soon as rows of it are;
- killed anywhere, the next act on the dataset finishes what was begun (`lake.publish.replaying`).

Nobody is shown a value: what comes out are counts, rules and places. Who may replay, the policy says.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogs.life.withdrawn import refusal as withdrawn
from catalogs.people.asking import Denied, allowed
from catalogs.values.model import Person
from contracts.sentences import general
from infra.database import read
from infra.errors import Place, Refused, Unavailable
from infra.ground import Ground
from infra.language import Text
from infra.lease import Lease, kept, lease
from lake import tables
from lake.evolve import evolving
from lake.ingest import Session
from lake.publish import replaying
from lake.publish.interrupted import finish_interrupted
from lake.publish.replaying import Intent, Moving
from lake.read.source import FAULTS
from lake.records import record
from lake.records.record import Row
from lake.replay import append
from lake.replay import upsert as replay_upsert
from lake.replay.source import STAYS, by_file, without
from lake.replay.upsert import UNDECIDED
from lake.replay.weigh import Weighed, weigh
from lake.room import room
from lake.split.duplicates import CONFLICT
from lake.store import schema
from lake.store.delta import curated_key, quarantine_key
from lake.store.parquet import ParquetFiles, Written

_ATTEMPTS = 3
_DENIED = Denied(
    "REPLAY_DENIED",
    Text(
        "本人不能重放该数据集的问题数据，什么都没有改动",
        "you may not replay this dataset's quarantine; nothing was changed",
    ),
    Text("请提供单位的填报员或数据工程师操作", "ask the provider's officer or a data engineer"),
)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to, or would come to.

    Attributes:
        replay: its id; None when nothing moved or nothing was to be kept.
        deliveries: those of which rows moved.
        left: rows of the deliveries asked for that stay in quarantine.
        broken: rule → how many rows stay because of it, and what it says.
        held: delivery → why it stays as a whole, where rows of it would pass.
        version, quarantine_version: of the two tables; None when nothing moved.
    """

    dataset: str
    contract: str
    replay: str | None
    deliveries: tuple[Moving, ...]
    left: int
    broken: Mapping[str, tuple[int, Text]]
    held: Mapping[str, tuple[Text, ...]]
    version: int | None
    quarantine_version: int | None
    seconds: float
    dry_run: bool = False

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape that commands print."""
        return {
            "dataset": self.dataset,
            "contract": self.contract,
            "dry_run": self.dry_run,
            "replay": self.replay,
            "published": sum(one.published for one in self.deliveries),
            "duplicates": sum(one.duplicates for one in self.deliveries),
            "replaced": sum(one.replaced for one in self.deliveries),
            "left": self.left,
            "deliveries": [
                {name: getattr(one, name) for name in ("published", "duplicates", "replaced")} | {"delivery": one.id}
                for one in self.deliveries
            ],
            "broken": [
                {"rule": rule, "count": count, "message": said.say(lang)} for rule, (count, said) in self.broken.items()
            ],
            "held": [
                {"delivery": identity, "reasons": [one.say(lang) for one in reasons]}
                for identity, reasons in self.held.items()
            ],
            "version": self.version,
            "quarantine_version": self.quarantine_version,
            "seconds": round(self.seconds, 3),
        }


def replay(
    session: Session, person: Person, dataset: str, delivery: str | None = None, *, dry_run: bool = False
) -> Replayed:
    """Move what now passes, of one delivery or of all; `dry_run` only tells.

    Raises:
        Refused: `CATALOG_UNKNOWN_RESOURCE`, `CONTRACT_UNKNOWN`, `REPLAY_DENIED`, `REPLAY_STATE`, `REPLAY_SUPERSEDED`,
            `REPLAY_NAMES`, `LAKE_TABLE_SCHEMA`, `RESOURCE_WITHDRAWN`.
        WrongUse: `LANDING_UNKNOWN`.
        Unavailable: `LEASE_TAKEN`, `REPLAY_UNSETTLED`, or a service that was not there; calling again goes on.
    """
    ground, began = session.ground, time.monotonic()
    allowed(ground, person, "replay", dataset, _DENIED)
    gone = withdrawn(ground.engine, dataset)
    if gone is not None:
        raise gone
    if dry_run:
        with ground.scratch() as scratch, room():
            rows = _candidates(session, dataset, delivery)
            found = _weighed(session, rows, dataset, scratch)
            return replace(_told(session, dataset, rows, found, began), dry_run=True)
    settings = session.settings
    with (
        lease(
            ground.engine, f"lake:{dataset}", seconds=settings.lease_seconds, wait_seconds=settings.wait_seconds
        ) as held,
        kept(held),
    ):
        for _ in range(_ATTEMPTS):
            finish_interrupted(ground, session.lake, dataset)
            with ground.scratch() as scratch, room():
                rows = _candidates(session, dataset, delivery)
                if rows:
                    evolving.fit(ground, session.lake, held, session.compiled(dataset).contract)
                found = _weighed(session, rows, dataset, scratch)
                begun = _intend(session, held, person, dataset, found, scratch) if found.moving else None
            if not found.moving:
                return _told(session, dataset, rows, found, began)
            if begun is not None and replaying.carry_out(ground, session.lake, begun):
                return _told(session, dataset, rows, found, began, replaying.load(ground.engine, begun["id"]))
    raise Unavailable(
        "REPLAY_UNSETTLED",
        "重放多次未能完成，请稍后重试",
        "the replay could not be done in several attempts",
        remedy=Text("稍后重试", "try again later"),
    )


def _candidates(session: Session, dataset: str, delivery: str | None) -> list[Row]:
    """The deliveries whose quarantine may be replayed, in the order in which they are weighed."""
    table, engine = tables.delivery, session.ground.engine
    states = (tables.FINISHED, tables.BLOCKED, tables.PURGED)
    query = sa.select(table).where(table.c.dataset == dataset, table.c.state.in_(states)).order_by(table.c.number)
    with read(engine) as connection:
        known = list(connection.execute(query).mappings())
    found: list[Row] = list(known)
    if session.compiled(dataset).contract.mode == "snapshot":
        newest = max((row for row in known if row["publish_no"]), key=lambda row: row["publish_no"], default=None)
        last = _last_word(engine, dataset, newest, delivery)
        after = [row for row in known if row["state"] == tables.BLOCKED and row["number"] > last]
        found = [*reversed(after), *([newest] if newest else [])]
    if session.compiled(dataset).contract.mode == "upsert":
        found = replay_upsert.in_order(found)
    found = [row for row in found if row["state"] != tables.PURGED and row["quarantined"]]
    if delivery is None:
        return found
    asked = record.load(engine, delivery)
    mine: list[Row] = [row for row in found if row["id"] == delivery]
    if asked["dataset"] != dataset or asked["state"] not in (tables.FINISHED, tables.BLOCKED):
        raise Refused(
            "REPLAY_STATE",
            f"批次 {delivery} 在该数据集没有可重放的问题数据",
            f"delivery {delivery} has nothing of this dataset in quarantine that could be replayed",
            place=Place(dataset=dataset, delivery=delivery),
            remedy=Text("用 hub quarantine list 查看", "see `hub quarantine list`"),
        )
    if asked["quarantined"] and not mine:
        raise Refused(
            "REPLAY_SUPERSEDED",
            f"该数据集每批整体替换，批次 {delivery} 已被后来的批次取代",
            f"each delivery of this dataset replaces the one before it: {delivery} was followed by a newer one",
            place=Place(dataset=dataset, delivery=delivery),
            remedy=Text("只有最新的批次可以重放", "only the newest can be replayed"),
        )
    return mine


def _weighed(session: Session, rows: list[Row], dataset: str, scratch: Path) -> Weighed:
    compiled = session.compiled(dataset)
    take = replay_upsert.take if compiled.contract.mode == "upsert" else append.take
    return weigh(session, rows, compiled, scratch, take)


def _last_word(engine: Engine, dataset: str, newest: Row | None, asked: str | None) -> int:
    """The number of the last delivery that said what is published: the newest, or one that repeated it since.

    Who put the table back said so too, of all deliveries there were: later only one that is named takes its place.
    """
    table, restore = tables.delivery, tables.restore
    query = sa.select(sa.func.max(table.c.number)).where(table.c.repeats == newest["id"]) if newest else None
    back = sa.select(sa.func.max(restore.c.newest)).where(restore.c.dataset == dataset)
    with read(engine) as connection:
        put_back = 0 if asked else connection.execute(back).scalar() or 0
        repeated = connection.execute(query).scalar() or 0 if query is not None else 0
    return max(int(newest["number"]) if newest else 0, int(repeated), int(put_back))


def _intend(session: Session, held: Lease, person: Person, dataset: str, found: Weighed, scratch: Path) -> Row | None:
    """Put the files beside the tables' own, unseen, and write down what they are for."""
    ground, aside = session.ground, found.aside
    assert aside is not None  # noqa: S101 - for the reader of types: something moves
    version = session.compiled(dataset).contract.version
    rows_per_file = session.settings.rows_per_file
    writer = ParquetFiles(scratch, f"{found.name}-q", schema.QUARANTINE, schema.OWN, rows_per_file=rows_per_file)
    gone = without(ground, aside, by_file(np.concatenate(found.leaving)), writer)
    intent = Intent(
        curated=_put(ground, curated_key(dataset), found.files),
        mode=found.mode,
        gone=[[file.path, file.size, file.rows] for file in gone],
        kept=_put(ground, quarantine_key(dataset), writer.files),
        base=found.base,
        aside_base=aside.version,
        taken=[[file.path, file.size, file.rows] for file in found.taken],
        replaced=dict(found.replaced),
    )
    about = {"dataset": dataset, "actor": person.id, "contract_version": version}
    return replaying.intend(ground, held, intent, found.moving, about)


def _put(ground: Ground, key: str, files: list[Written]) -> list[list[Any]]:
    for file in files:
        ground.store.put_file(f"{key}/{file.path.name}", file.path)
    return [[file.path.name, file.size, file.rows] for file in files]


def _told(
    session: Session, dataset: str, rows: list[Row], found: Weighed, began: float, done: Row | None = None
) -> Replayed:
    compiled = session.compiled(dataset)
    said = {rule.id: general(rule.sentence) for rule in compiled.rules}
    said |= {f"record.{fault}": general(text) for fault, text in FAULTS.items()} | {CONFLICT.rules[0]: CONFLICT.said}
    said |= {one.rules[0]: one.said for one in (UNDECIDED, STAYS)}
    moved = sum(one.published + one.duplicates for one in found.moving)
    return Replayed(
        dataset=dataset,
        contract=compiled.contract.version,
        replay=done["id"] if done is not None else None,
        deliveries=tuple(found.moving),
        left=sum(row["quarantined"] for row in rows) - moved,
        broken={rule: (count, said[rule]) for rule, count in found.broken.items()},
        held={
            identity: tuple(said[one] if isinstance(one, str) else Text(one.zh, one.en) for one in reasons)
            for identity, reasons in found.held.items()
        },
        version=done["version"] if done is not None else None,
        quarantine_version=done["quarantine_version"] if done is not None else None,
        seconds=time.monotonic() - began,
    )
