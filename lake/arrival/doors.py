"""All doors of a unit together: its folder, its bucket, its database. A broken door keeps no other waiting.

`take` is the one way in for whoever looks: Airflow's task, `hub run`, `hub arrival scan`.

What each look could not take, and why, stands in `lake_waiting` until the next look at that door, and when that was in
`lake_look`. What lies in a watched folder is asked of the folder itself whenever somebody wants to know. People see
what came to the units whose resources they may have described; how a file is called, who may see its raw records.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalogs.folder.doors import Bucket, load_doors
from catalogs.own_city import own_city
from catalogs.permission.decide import city_policy, decide_each
from catalogs.register import resources, units
from catalogs.values.model import Person, Role
from infra.database import lock, read, write
from infra.errors import HubError
from infra.ground import Ground
from infra.language import Text
from infra.settings import load
from lake import tables
from lake.arrival import bucket
from lake.arrival.folder import CHANNEL, ArrivalSettings, arrive, standing
from lake.arrival.folder_files import DISORDERED
from lake.arrival.pull import CHANNEL as PULL
from lake.arrival.pull import pull, pulls
from lake.landing.delivery import Delivery
from lake.landing.landing import NOBODY, disk
from lake.records import tickets

ACTOR = "program:arrival"
LONGEST_SETTLING = 60.0  # seconds for files to settle; a later look takes what took longer
_ROUNDS = 50  # pulls of one dataset in one look, each bounded by itself
_NOT_YET = Text("尚未完整", "not complete yet")
_SINCE = Text("上次查看之后到达", "came since the last look")


@dataclass(frozen=True, slots=True)
class Note:
    """Something that waits at a door: its name, and the error that keeps it; None when it is not complete yet."""

    name: str
    error: HubError | None = None


@dataclass(slots=True)
class Taken:
    """What a look at the doors did. `broken` are doors that could not be looked at, by unit and door."""

    deliveries: list[Delivery] = field(default_factory=list)
    broken: dict[str, HubError] = field(default_factory=dict)


def take(ground: Ground, *, unit: str | None = None) -> Taken:
    """Land what has arrived completely at every door, of `unit` where asked; see the module.

    A file that must keep its size for a while is looked at a second time after that while, the other doors meanwhile.

    Raises:
        Refused: CATALOG_FAULTY when the city's file of doors cannot be read.
        Unavailable: DATABASE_….
    """
    done = Taken()
    until = time.monotonic() + min(load(ArrivalSettings, ground.environ).settle_seconds + 0.1, LONGEST_SETTLING)
    settling = _folders(ground, done, unit)
    for one in load_doors(own_city(ground)).buckets:
        if unit in (None, one.unit):
            _look(ground, done, one.unit, bucket.CHANNEL, partial(_bucket, ground, one, done))
    for rule in pulls(ground, unit=unit):
        _look(ground, done, rule.dataset, PULL, partial(_pull, ground, rule.dataset, done))
    if settling:
        time.sleep(max(0.0, until - time.monotonic()))
        _folders(ground, done, unit)
    return done


def _folders(ground: Ground, done: Taken, unit: str | None) -> bool:
    """Every unit's folder; whether a second look may take more."""
    found = arrive(ground, ground.now(), unit=unit)
    done.deliveries += found.deliveries
    root = ground.home / "arrivals"
    notes: dict[str, list[Note]] = {}
    if root.is_dir():
        notes = {path.name: [] for path in root.iterdir() if unit in (None, path.name)}
    for path in found.waiting:
        notes.setdefault(path.relative_to(root).parts[0], []).append(Note(path.name))
    for refusal in found.refused:
        notes.setdefault(refusal.path.relative_to(root).parts[0], []).append(Note(refusal.path.name, refusal.error))
    for name, those in notes.items():
        note(ground, name, CHANNEL, those)
    return found.settling


def _look(ground: Ground, done: Taken, name: str, door: str, look: Callable[[], list[Note]]) -> None:
    """One door: what goes wrong with it is noted, and the next one is looked at."""
    try:
        with disk(Path(name)):  # a disk that is full breaks this door, and not the look at the others
            notes = look()
    except HubError as error:
        if error.code == "LEASE_TAKEN":
            return  # another look is at this door
        done.broken[f"{name} {door}"] = error
        notes = [Note(name, error)]
    note(ground, name.split(".", maxsplit=1)[0], door, notes, of=name)


def _bucket(ground: Ground, one: Bucket, done: Taken) -> list[Note]:
    found = bucket.scan(ground, one, ground.now())
    done.deliveries += found.deliveries
    return [*(Note(name) for name in found.waiting), *(Note(name, error) for name, error in found.refused)]


def _pull(ground: Ground, dataset: str, done: Taken) -> list[Note]:
    for _ in range(_ROUNDS):
        pulled = pull(ground, dataset, actor=ACTOR, now=ground.now())
        done.deliveries += [pulled.delivery] if pulled.delivery is not None else []
        if not pulled.more:
            break
    return []


def note(ground: Ground, unit: str, door: str, notes: Iterable[Note], of: str | None = None) -> None:
    """Keep what waits at a door in place of what was kept; of several pulls of a unit, that of `of` alone."""
    table, now = tables.waiting, ground.now()
    with write(ground.engine) as connection:
        lock(connection, f"waiting:{unit}")
        mine = [table.c.unit == unit, table.c.door == door]
        if door == PULL:
            mine.append(table.c.name == of)
        query = sa.select(table.c.name, table.c.code, table.c.since).where(*mine)
        since = {(row.name, row.code): row.since for row in connection.execute(query)}
        rows = [_row(unit, door, one, since, now) for one in notes]
        connection.execute(table.delete().where(*mine))
        if rows:
            connection.execute(table.insert(), rows)
        looks, this = tables.look, {"unit": unit, "door": door, "of": (of or "") if door == PULL else ""}
        here = sa.and_(*(looks.c[name] == value for name, value in this.items()))
        if not connection.execute(looks.update().where(here).values(at=now)).rowcount:
            connection.execute(looks.insert().values(**this, at=now))


def _row(unit: str, door: str, one: Note, since: Mapping[Any, datetime], now: datetime) -> dict[str, Any]:
    text = _NOT_YET if one.error is None else one.error.text
    name = one.name.encode("utf-8", "replace").decode()[:255]
    code = one.error.code if one.error else None
    said = {"code": code, "message_zh": text.zh, "message_en": text.en}
    return {"unit": unit, "door": door, "name": name, "since": since.get((name, code), now), **said}


def visible(ground: Ground, who: Person, unit: str | None) -> set[str]:
    """The units of which `who` may have something described; nothing of the others is shown."""
    found = resources(ground.engine, unit=unit)
    decisions = decide_each(who, "describe", found, policy=city_policy(own_city(ground)))
    mine = {one.unit for one, decision in zip(found, decisions, strict=True) if decision.allowed} | {who.unit}
    if who.has(Role.ENGINEER):  # what came to a unit without any resource, or to nobody's, is theirs to look after
        mine |= {one.id for one in units(ground.engine)} | {NOBODY}
    return mine


def _told(ground: Ground, who: Person, unit: str | None) -> Callable[[str | None, str | None], bool]:
    """Whether `who` is told how a file of this dataset, or of none of this unit, is called.

    A name is its sender's own words and may be a person's: it is shown as a raw record is; of what nobody registered to
    the unit's own people, and to those who look after the doors.
    """
    found = resources(ground.engine, unit=unit)
    decisions = decide_each(who, "read_quarantine", found, policy=city_policy(own_city(ground)))
    raw = {one.id for one, decision in zip(found, decisions, strict=True) if decision.allowed}
    tends = who.has(Role.ENGINEER) or who.has(Role.OPERATOR)
    return lambda dataset, of: dataset in raw if dataset is not None else tends or of == who.unit


def _reason(row: Mapping[Any, Any], told: bool) -> dict[str, str]:
    said = {"zh": row["message_zh"] or "", "en": row["message_en"] or ""}
    return said if told else {lang: tickets.without_place(text) for lang, text in said.items()}


def came(ground: Ground, who: Person, *, unit: str | None, refused: bool, limit: int) -> list[dict[str, Any]]:
    """What landed, newest first."""
    table = tables.delivery
    query = sa.select(table).where(table.c.unit.in_(sorted(visible(ground, who, unit))))
    if unit is not None:
        query = query.where(table.c.unit == unit)
    if refused:
        query = query.where(table.c.state.in_((tables.REFUSED, tables.BLOCKED)))
    with read(ground.engine) as connection:
        rows = connection.execute(query.order_by(table.c.number.desc()).limit(limit)).mappings().all()
    told = _told(ground, who, unit)
    return [
        {
            "delivery": row["id"],
            "dataset": row["dataset"],
            "unit": row["unit"],
            "door": row["channel"],
            "file": row["file_name"] if (named := told(row["dataset"], row["unit"])) else None,
            "size": row["size"],
            "arrived_at": row["arrived_at"],
            "state": row["state"],
            "code": row["code"],
            "reason": _reason(row, named),
        }
        for row in rows
    ]


def looked(ground: Ground, who: Person, *, unit: str | None) -> datetime | None:
    """When a door that `who` may see was last looked at; None: none ever was."""
    table = tables.look
    query = sa.select(sa.func.max(table.c.at)).where(table.c.unit.in_(sorted(visible(ground, who, unit))))
    with read(ground.engine) as connection:
        at: datetime | None = connection.execute(query if unit is None else query.where(table.c.unit == unit)).scalar()
    return at


def waits(ground: Ground, who: Person, *, unit: str | None, refused: bool) -> list[dict[str, Any]]:
    """What waits at the doors, oldest first, each with when its door was looked at; with `refused` what has a reason.

    In a folder it is what stands there now: of what came since the look (`looked_at` is None) nothing is known yet.
    """
    mine, now = visible(ground, who, unit), ground.now()
    here = {of: names for of, names in standing(ground, now, unit=unit).items() if of in mine}
    told = _told(ground, who, unit)
    doors = _set_up(ground)
    rows = [row for row in _noted(ground, mine, unit) if doors is None or _door(row) in doors]
    rows = [row for row in rows if _still(row, here)]
    for row in rows:
        if row["door"] == CHANNEL:
            here.get(row["unit"], {}).pop(row["name"], None)
    new = {"door": CHANNEL, "code": None, "looked_at": None, "message_zh": _SINCE.zh, "message_en": _SINCE.en}
    rows += [
        {"unit": of, "name": name, "since": since, **new} for of, names in here.items() for name, since in names.items()
    ]
    return [
        {
            **{name: row[name] for name in ("unit", "door", "code", "since", "looked_at")},
            "name": row["name"] if (named := row["door"] == PULL or told(None, row["unit"])) else None,
            "reason": _reason(row, named),
        }
        for row in sorted(rows, key=lambda row: row["since"])
        if row["code"] is not None or not refused
    ]


def _noted(ground: Ground, mine: set[str], unit: str | None) -> list[Mapping[Any, Any]]:
    """What the newest look at each door left there."""
    table, look = tables.waiting, tables.look
    of = sa.case((table.c.door == PULL, table.c.name), else_="")
    same = sa.and_(look.c.unit == table.c.unit, look.c.door == table.c.door, look.c.of == of)
    query = sa.select(table, look.c.at.label("looked_at")).outerjoin(look, same)
    query = query.where(table.c.unit.in_(sorted(mine))).order_by(table.c.number)
    with read(ground.engine) as connection:
        return list(connection.execute(query if unit is None else query.where(table.c.unit == unit)).mappings())


def _door(row: Mapping[Any, Any]) -> tuple[str, str]:
    return row["door"], {CHANNEL: "", PULL: row["name"]}.get(row["door"], row["unit"])


def _set_up(ground: Ground) -> set[tuple[str, str]] | None:
    """The doors that the city has now, folders as one; None where its file cannot be read: then all count."""
    try:
        rules = load_doors(own_city(ground))
    except HubError:
        return None
    return {
        (CHANNEL, ""),
        *((bucket.CHANNEL, one.unit) for one in rules.buckets),
        *((PULL, one.dataset) for one in rules.pulls),
    }


def _still(row: Mapping[Any, Any], here: Mapping[str, Mapping[str, datetime]]) -> bool:
    """Whether what was noted is there still; a note on a folder itself stands until the next look."""
    return (
        row["door"] != CHANNEL or row["code"] == DISORDERED or row["name"] in here.get(row["unit"], {row["name"]: None})
    )
