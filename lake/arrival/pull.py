"""Pull: what a unit's own database holds, drawn by a column that only grows (the watermark), landed as a delivery.

Promises, whatever line it is killed at:

- the watermark moves in the very transaction that lands the delivery: nothing is lost and nothing is drawn twice;
- each pull looks again from the watermark itself (and `overlap` behind it): a row that was committed late with an equal
  watermark comes with the next pull; a row that landed already, equal in every column, is left out. A row that is
  committed later than `overlap` behind the newest is not seen: the overlap is the longest transaction of the source;
- a row without a watermark is never drawn;
- one statement, the city's own, in a read-only transaction, streamed, bounded in rows, bytes and time;
- a value is written as text that says exactly the same (`lake.arrival.pull_values`), NULL and '' told apart;
- nothing new lands nothing; no sentence holds the address, the password or a value.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.folder.doors import Pull, load_doors
from catalogs.own_city import own_city
from infra.database import read
from infra.errors import Place, Refused, Unavailable, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.lease import kept, lease
from infra.settings import Settings, load
from lake import tables
from lake.arrival import pull_values
from lake.arrival.pull_source import Limits, answers, selection
from lake.landing.delivery import Arrival, Delivery
from lake.landing.landing import land_arrival

CHANNEL = "pull"
_BATCH = 10_000


class PullSettings(Settings, frozen=True):
    """How long a source may take, and how much one pull draws."""

    section: ClassVar[str] = "pull"

    seconds: float = 300.0
    connect_seconds: float = 10.0
    max_bytes: int = 4 << 30
    most_seen: int = 200_000


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did: the delivery is None when nothing was new. `more`: the bound came first, pull again."""

    dataset: str
    delivery: Delivery | None
    rows: int
    more: bool = False


@dataclass(slots=True)
class _Mark:
    """The watermark as it stands, and as it will be."""

    value: Any = None
    seen: dict[str, Any] = field(default_factory=dict)
    step: int = 0


def pulls(ground: Ground, *, unit: str | None = None) -> list[Pull]:
    """The pulls of the city, of `unit` where asked."""
    return [one for one in load_doors(own_city(ground)).pulls if unit in (None, one.dataset.split(".")[0])]


def pull(ground: Ground, dataset: str, *, actor: str, now: datetime) -> Pulled:
    """Draw what is new for `dataset` and land it; see the module.

    Raises:
        WrongUse: PULL_UNKNOWN when the city names no pull for it, PULL_ADDRESS.
        Refused: PULL_WATERMARK, PULL_SEEN, PULL_BYTES, and as `land`.
        Unavailable: PULL_UNREACHABLE, PULL_FAILED, LEASE_TAKEN, and as `land`.
    """
    rule = next((one for one in pulls(ground) if one.dataset == dataset), None)
    if rule is None:
        raise WrongUse(
            "PULL_UNKNOWN",
            "arrivals.yaml 没有为该数据资源配置数据库抽取",
            "arrivals.yaml names no database to draw this resource from",
            place=Place(dataset=dataset[:191]),
        )
    settings = load(PullSettings, ground.environ)
    with lease(ground.engine, f"pull:{dataset}", seconds=120) as held, kept(held), ground.scratch() as scratch:
        mark = _load(ground, dataset)
        path = scratch / f"{dataset.partition('.')[2]}.parquet"
        new, count, more = _draw(ground, rule, mark, path, settings)
        if not count:
            return Pulled(dataset, None, 0)
        arrival = Arrival(dataset, path, CHANNEL, now, actor, also=_advance(dataset, mark, new, now))
        return Pulled(dataset, land_arrival(ground, arrival, scratch), count, more)


def _load(ground: Ground, dataset: str) -> _Mark:
    query = sa.select(tables.watermark).where(tables.watermark.c.dataset == dataset)
    with read(ground.engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        return _Mark()
    seen = {key: pull_values.restored(row["kind"], said) for key, said in row["seen"].items()}
    return _Mark(pull_values.restored(row["kind"], row["value"]), seen, row["step"])


def _draw(ground: Ground, rule: Pull, mark: _Mark, path: Path, settings: PullSettings) -> tuple[_Mark, int, bool]:
    """Write what is new to `path`; the watermark after it, how many rows, and whether the bound came first."""
    since = None if mark.value is None else pull_values.behind(mark.value, rule.overlap)
    new, count, size, more = _Mark(mark.value, dict(mark.seen), mark.step + 1), 0, 0, False
    writer: pq.ParquetWriter | None = None
    batch: list[list[str | None]] = []
    limits = Limits(settings.seconds, settings.connect_seconds)
    secret = ground.keys.current(CHANNEL, life=None)
    rows = answers(ground, rule, selection(rule, since is not None), since, limits)
    try:
        for columns, row in rows:
            at = _watermark(rule, columns, row)
            texts = [pull_values.text(value) for value in row]
            key = pull_values.digest(secret, texts)
            if key in mark.seen:
                continue
            if count >= rule.rows:
                more = True
                break
            count += 1
            size += sum(len(said) for said in texts if said)
            if size > settings.max_bytes:
                raise _too_much(rule)
            _remember(new, key, at, rule, settings)
            batch.append(texts)
            writer = writer or _writer(path, columns, new)
            if len(batch) >= _BATCH:
                _flush(writer, batch)
        if writer is not None:
            _flush(writer, batch)
    finally:
        rows.close()
        if writer is not None:
            writer.close()
    return new, count, more


def _watermark(rule: Pull, columns: list[str], row: Any) -> Any:
    try:
        value = row[columns.index(rule.watermark)]
    except ValueError:
        value = None
    if pull_values.kind(value) is None:
        raise Refused(
            "PULL_WATERMARK",
            "水位列不存在，或其类型不是时间、日期、整数、定点小数、文本",
            "the watermark column is missing, or is no instant, date, integer, decimal or text",
            place=Place(dataset=rule.dataset, column=rule.watermark),
        )
    return value


def _remember(new: _Mark, key: str, at: Any, rule: Pull, settings: PullSettings) -> None:
    """Keep the row's digest while the next pull would see the row again."""
    if new.value is None or at > new.value:
        new.value = at
        edge = pull_values.behind(at, rule.overlap)
        new.seen = {known: when for known, when in new.seen.items() if when >= edge}
    new.seen[key] = at
    if len(new.seen) > settings.most_seen:
        raise Refused(
            "PULL_SEEN",
            f"水位相同（或在重叠范围内）的记录超过 {settings.most_seen} 条，无法逐条辨认",
            f"more than {settings.most_seen} rows stand at one watermark, or within the overlap",
            place=Place(dataset=rule.dataset, column=rule.watermark),
            remedy=Text("换用更细的水位列，或缩小 overlap", "choose a finer watermark, or a smaller overlap"),
        )


def _too_much(rule: Pull) -> Refused:
    return Refused(
        "PULL_BYTES",
        "一次抽取的数据超过上限，未接收",
        "one pull would draw more than the limit; nothing was taken",
        place=Place(dataset=rule.dataset),
        remedy=Text(
            "减小 arrivals.yaml 中的 rows，或调高 HUB_PULL_MAX_BYTES", "fewer rows, or a higher HUB_PULL_MAX_BYTES"
        ),
    )


def _writer(path: Path, columns: list[str], new: _Mark) -> pq.ParquetWriter:
    # The step makes the bytes of each pull its own: the same rows again are a delivery of their own, in their order.
    schema = pa.schema([(name, pa.string()) for name in columns], {"cityhub.pull": str(new.step)})
    return pq.ParquetWriter(path, schema, compression="zstd")


def _flush(writer: pq.ParquetWriter, batch: list[list[str | None]]) -> None:
    if batch:
        arrays = [pa.array(list(values), pa.string()) for values in zip(*batch, strict=True)]
        writer.write_table(pa.table(arrays, schema=writer.schema))
        batch.clear()


def _advance(dataset: str, old: _Mark, new: _Mark, now: datetime) -> Any:
    """What moves the watermark inside the landing's transaction, if no other pull did meanwhile."""
    table = tables.watermark

    def write(connection: Connection, delivery: Delivery) -> None:
        values = {
            "kind": pull_values.kind(new.value),
            "value": pull_values.written(new.value),
            "seen": {key: pull_values.written(at) for key, at in new.seen.items()},
            "step": new.step,
            "delivery": delivery.id,
            "at": now,
        }
        if old.step == 0:
            connection.execute(table.insert().values(dataset=dataset, **values))
            return
        same = table.c.dataset == dataset, table.c.step == old.step
        if connection.execute(table.update().where(*same).values(**values)).rowcount != 1:
            raise Unavailable("PULL_RACED", "另一次抽取刚刚完成", "another pull has just ended")

    return write
