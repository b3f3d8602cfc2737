"""Harvest: what another catalogue holds comes in as records of its own, never as governed resources.

Three stages: gather and fetch read the source and write nothing; import is one transaction with its ledger entry. So a
harvest that is killed has done nothing or all, there is no half-done job to be stuck, and harvesting again changes only
what changed at the source. One source is harvested by one process at a time, under a lease that ends by itself.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.exchange.conflicts import Conflict, conflicts
from catalogs.exchange.gather import Gathered, gather
from catalogs.exchange.records import Found, Outcome, Record, Settled, digest, settle
from catalogs.exchange.tables import HARVESTED, LINE, RUN, SOURCE
from catalogs.exchange.web import Web
from infra.database import lock, read, write
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.lease import kept, lease
from infra.ledger import Act, NewEntry
from infra.text import fold

_AT_ONCE = 500
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Change:
    """What a harvest does to the records of its source: their ids. `kept` vanished or were refused, but stay."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    back: tuple[str, ...]
    gone: tuple[str, ...]
    same: int
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Harvest:
    """A harvest's report. `objects` = harvested + merged + duplicates + refused; `records` are those now present."""

    source: str
    kind: str
    run: int
    dry: bool
    objects: int
    harvested: int
    merged: int
    duplicates: int
    refused: int
    records: int
    change: Change
    findings: tuple[Found, ...]
    refusals: tuple[Found, ...]
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be harvested: a path or address, its kind where it is said, and the name it has here."""

    source: str
    kind: str | None = None
    name: str | None = None

    @property
    def known_as(self) -> str:
        """The given name, else the file's name or the address' host and path, in at most 63 characters."""
        if self.name is not None:
            return self.name
        if "://" in self.source:
            parts = urlsplit(self.source)
            found = f"{parts.hostname or ''}{parts.path}".strip("/").replace("/", ".")
        else:
            found = Path(self.source).stem
        return fold(found).replace(" ", "_")[-63:]

    @property
    def address(self) -> str:
        """Where it is, without the query, which may hold a key; of a file its name alone."""
        if "://" not in self.source:
            return Path(self.source).name[:1000]
        parts = urlsplit(self.source)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))[:1000]


@dataclass(frozen=True, slots=True)
class How:
    """`believe` a source that suddenly holds less than half; `dry`: report, write nothing; `web` for tests' limits."""

    believe: bool = False
    dry: bool = False
    web: Web | None = None


def harvest(ground: Ground, wish: Wish, actor: str, how: How = How()) -> Harvest:
    """Harvest a source.

    Raises:
        WrongUse: HARVEST_NAME, HARVEST_SOURCE, HARVEST_KIND, HARVEST_ADDRESS.
        Refused: HARVEST_SHRUNK, HARVEST_EMPTY, HARVEST_OTHER_KIND, and what `gather` refuses.
        Unavailable: LEASE_TAKEN, LEASE_LOST, DATABASE_…, and what `gather` cannot reach.
    """
    name = wish.known_as
    if not name or len(name) > 63 or any(ord(char) < 32 for char in name):
        raise WrongUse(
            "HARVEST_NAME", "来源需要 1 至 63 字的名称", "a source has a name of 1 to 63 characters",
            remedy=Text("用 --name 指明", "give one with --name"),
        )  # fmt: skip
    with lease(ground.engine, f"harvest:{name}", seconds=120.0) as held, kept(held):
        gathered = gather(wish.source, wish.kind, how.web)
        settled = settle(gathered.things, gathered.read, merges=gathered.merges)
        digests = {key: digest(body) for key, body in settled.bodies().items()}
        if how.dry:
            with read(ground.engine) as connection:
                change = _weigh(connection, name, settled, digests, believe=how.believe)
                return _report(connection, wish, gathered, settled, (0, change))
        with write(ground.engine) as connection:
            lock(connection, f"harvest:{name}")
            held.check(connection)
            change = _weigh(connection, name, settled, digests, believe=how.believe)
            run = _source(connection, name, gathered.kind, wish.address)
            _put(connection, name, settled, digests, (change, ground.now()))
            report = _report(connection, wish, gathered, settled, (run, change))
            _close(connection, ground, report, settled, actor)
    return report


def _source(connection: Connection, name: str, kind: str, address: str) -> int:
    row = connection.execute(sa.select(SOURCE).where(SOURCE.c.name == name)).first()
    if row is None:
        connection.execute(sa.insert(SOURCE).values(name=name, kind=kind, address=address, run=1))
        return 1
    if row.kind != kind:
        raise Refused(
            "HARVEST_OTHER_KIND",
            f"来源 {name} 已按 {row.kind} 采集，不能改为 {kind}",
            f"the source {name} is harvested as {row.kind}, not as {kind}",
            remedy=Text("用 --name 给它另一个名称", "give it another name with --name"),
        )
    run: int = row.run + 1
    connection.execute(sa.update(SOURCE).where(SOURCE.c.name == name).values(run=run, address=address))
    return run


def _weigh(connection: Connection, name: str, settled: Settled, digests: dict[str, str], *, believe: bool) -> Change:
    """What would change; refuses where a source has suddenly less than half of what it had."""
    query = sa.select(HARVESTED.c.id, HARVESTED.c.state, HARVESTED.c.digest).where(HARVESTED.c.source == name)
    old = {row.id: (row.state, row.digest) for row in connection.execute(query)}
    present = {key for key, (state, _) in old.items() if state == "present"}
    if not settled.records and not present:
        said = {line.text: None for line in settled.lines if line.text is not None}
        raise Refused(
            "HARVEST_EMPTY",
            f"来源的 {len(settled.lines)} 条中没有可采集的记录",
            f"none of the source's {len(settled.lines)} objects is a record",
            reasons=list(said)[:5],
        )
    if not believe and len(settled.records) * 2 < len(present):
        raise Refused(
            "HARVEST_SHRUNK",
            f"来源原有 {len(present)} 条，现只有 {len(settled.records)} 条，不予采信；没有改动任何记录",
            f"the source had {len(present)} records and gives {len(settled.records)}: not believed, nothing changed",
            remedy=Text("核实来源后加 --believe 重试", "make sure of the source, then say --believe"),
        )
    missing = present - settled.records.keys()
    # Who was refused has not vanished; while a refused object does not say who it is, nobody has.
    kept_back = missing if settled.nameless else missing & settled.known
    seen = settled.records.keys() & old.keys()
    return Change(
        new=tuple(sorted(settled.records.keys() - old.keys())),
        changed=tuple(sorted(key for key in seen & present if old[key][1] != digests[key])),
        back=tuple(sorted(seen - present)),
        gone=tuple(sorted(missing - kept_back)),
        same=sum(old[key][1] == digests[key] for key in seen & present),
        kept=tuple(sorted(kept_back)),
    )


def _put(
    connection: Connection, name: str, settled: Settled, digests: dict[str, str], done: tuple[Change, datetime]
) -> None:
    change, now = done
    bodies = settled.bodies()
    if change.new:
        rows = [_row(name, settled.records[key], (bodies[key], digests[key], now)) for key in change.new]
        connection.execute(sa.insert(HARVESTED), [{**row, "source": name, "first_seen": now} for row in rows])
    mine = HARVESTED.c.source == name
    for key in change.changed + change.back:
        row = _row(name, settled.records[key], (bodies[key], digests[key], now))
        connection.execute(sa.update(HARVESTED).where(mine, HARVESTED.c.id == key).values(row))
    seen = sorted(settled.records)
    for start in range(0, len(seen), _AT_ONCE):
        some = HARVESTED.c.id.in_(seen[start : start + _AT_ONCE])
        connection.execute(sa.update(HARVESTED).where(mine, some).values(last_seen=now))
    for start in range(0, len(change.gone), _AT_ONCE):
        some = HARVESTED.c.id.in_(change.gone[start : start + _AT_ONCE])
        connection.execute(sa.update(HARVESTED).where(mine, some).values(state="gone", gone_at=now))
    connection.execute(sa.delete(LINE).where(LINE.c.source == name))
    lines = [
        {
            "source": name,
            "position": line.position,
            "outcome": str(line.outcome),
            "record": None if line.into is None else line.into[:200],
            "first": line.first,
            "code": line.code,
            "said_zh": line.text.zh if line.text else None,
            "said_en": line.text.en if line.text else None,
        }
        for line in settled.lines
    ]
    if lines:
        connection.execute(sa.insert(LINE), lines)


def _row(name: str, record: Record, kept_as: tuple[dict[str, Any], str, datetime]) -> dict[str, Any]:
    body, sha256, now = kept_as
    return {
        "source": name,
        "id": record.id,
        "state": "present",
        "title": record.title,
        "provider": record.provider or "",
        "same": record.same,
        "digest": sha256,
        "body": body,
        "last_seen": now,
        "gone_at": None,
    }


def _report(
    connection: Connection, wish: Wish, gathered: Gathered, settled: Settled, done: tuple[int, Change]
) -> Harvest:
    run, change = done
    refusals: dict[tuple[str, Text], list[int]] = {}
    for line in settled.lines:
        if line.code is not None and line.text is not None:
            refusals.setdefault((line.code, line.text), []).append(line.position)
    found = [Found(code, text, len(at), tuple(at[:5])) for (code, text), at in refusals.items()]
    return Harvest(
        source=wish.known_as,
        kind=gathered.kind,
        run=run,
        dry=run == 0,
        objects=len(settled.lines),
        harvested=settled.count(Outcome.HARVESTED),
        merged=settled.count(Outcome.MERGED),
        duplicates=settled.count(Outcome.DUPLICATE),
        refused=settled.count(Outcome.REFUSED),
        records=len(settled.records) + len(change.kept),
        change=change,
        findings=(*gathered.findings, *settled.findings),
        refusals=tuple(found),
        conflicts=tuple(conflicts(connection, wish.known_as, settled.records)),
    )


def _close(connection: Connection, ground: Ground, report: Harvest, settled: Settled, actor: str) -> None:
    """The run's own row and its ledger entry, which holds counts and a digest of every line."""
    counts = {name: getattr(report, name) for name in ("objects", "harvested", "merged", "duplicates", "refused")}
    counts |= {name: len(getattr(report.change, name)) for name in ("new", "changed", "back", "gone", "kept")}
    lines = digest([[line.position, str(line.outcome), line.into] for line in settled.lines])
    content = {**counts, "run": report.run, "kind": report.kind, "lines": lines}
    entry = ground.ledger.append(
        [NewEntry(Act.SOURCE_HARVESTED, actor, f"harvest/{report.source}", content)], connection=connection
    )[0]
    found = [{"code": one.code, "zh": one.text.zh, "en": one.text.en, "count": one.count} for one in report.findings]
    refused = [{"code": one.code, "zh": one.text.zh, "en": one.text.en, "count": one.count} for one in report.refusals]
    connection.execute(
        sa.insert(RUN).values(
            source=report.source,
            run=report.run,
            at=ground.now(),
            by=actor,
            report={**content, "findings": found[:_SHOWN], "refusals": refused[:_SHOWN]},
            entry=entry.number,
        )
    )
