"""Requests, replies, corrections and use records on their way between the city and another platform.

What a record is here is for others to say: corrections are tasks of the register, the rest is sharing's, to the right
of it. So each kind has a `Ledge` that gives what is held here and takes in what is new, in the caller's transaction.

A file is taken whole or not at all, in one transaction with its ledger entry: a receipt that is killed has done nothing
or all. What came before in the same words is known again and changes nothing; what came before in other words, or says
otherwise than what is held here, is a conflict: it is shown, and changes nothing either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.exchange import flat, wire
from catalogs.exchange.flat import Cells, Row
from catalogs.exchange.kinds import RecordKind
from catalogs.exchange.mapping import ExchangeMap
from catalogs.exchange.tables import RECEIVED
from catalogs.people.asking import may_use
from catalogs.permission.decide import CATALOGUE
from catalogs.rules.faults import Fault, refusal
from catalogs.tables import CITY
from catalogs.values.model import Person
from infra.crypto import sha256_hex
from infra.database import lock, read, write
from infra.ground import Ground
from infra.ledger import Act, NewEntry


@dataclass(frozen=True)
class Numbers:
    """How both sides call the same record: ours goes out behind the city's id, so that no two platforms' meet."""

    city: str
    theirs: Mapping[str, str]  # ours by theirs

    def ours(self, number: str) -> str | None:
        """Our number of what the other side calls `number`; None for one of its own that never came."""
        known = self.theirs.get(number)
        own = number.removeprefix(f"{self.city}:")
        return known or (own if own != number else None)

    def out(self, ours: str) -> str:
        """What the other side calls it."""
        return self._back.get(ours) or f"{self.city}:{ours}"

    @cached_property
    def _back(self) -> Mapping[str, str]:
        return {ours: number for number, ours in self.theirs.items()}


class Ledge(Protocol):
    """Where the records of one kind are kept."""

    kind: RecordKind
    numbered: str  # the kind by whose numbers these go: their own, or of what they answer

    def held(self, connection: Connection) -> Mapping[str, Cells]:
        """What is held here, as cells by our number; a request that they speak of goes by our number too."""

    def judge(self, row: Row, place: str, by: Person, requests: Numbers) -> list[Fault]:
        """What keeps a new record from being taken: nothing of that name, or not for this person to do.

        `place` is the file; `requests` knows the requests that came before.
        """

    def take(self, connection: Connection, row: Row, by: Person, requests: Numbers) -> str:
        """Take a new record in; our number."""

    def follow(self, connection: Connection, ours: str, row: Row, by: Person) -> bool:
        """Take in what a known record says now that it did not before; whether anything changed."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A record that says otherwise than what is known: where, and what differs, ours and theirs by key."""

    line: int
    number: str
    ours: str
    differ: Mapping[str, tuple[str, str]]


@dataclass(slots=True)
class Passed:
    """What became of a file's records: all are new, the same, gone on, or in conflict; or it has faults."""

    new: dict[str, str] = field(default_factory=dict)  # our number by theirs
    gone_on: list[str] = field(default_factory=list)
    same: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Room:
    """What is known of a kind's records in one transaction."""

    used: ExchangeMap
    held: Mapping[str, Cells]
    came: Mapping[str, Mapping[Any, Any]]  # by their number
    own: Numbers
    requests: Numbers

    def whole(self, ours: str, came: Mapping[Any, Any] | None, kind: RecordKind) -> dict[str, str]:
        """A record as it is told to the other side: what it said itself, and what has been added here since."""
        cells = self.held.get(ours, {})
        if came is not None:
            return {**{key: text for key, text in cells.items() if key in kind.later}, **came["cells"]}
        asked = {"request": self.requests.out(cells["request"])} if "request" in cells else {}
        return {**cells, **asked, "number": self.own.out(ours)}

    def known(self, row: Row) -> str | None:
        """Our number of a record that is known here; None for a new one."""
        came = self.came.get(row.number)
        ours = came["ours"] if came is not None else self.own.ours(row.number)
        return ours if came is not None or ours in self.held else None


def _room(connection: Connection, ledge: Ledge, used: ExchangeMap) -> _Room:
    city = connection.execute(sa.select(CITY.c.id)).scalar() or "city"
    where = RECEIVED.c.kind == ledge.kind.id, RECEIVED.c.side == used.name
    came = {row["number"]: row for row in connection.execute(sa.select(RECEIVED).where(*where)).mappings()}
    numbers = {kind: Numbers(city, _theirs(connection, kind, used.name)) for kind in {ledge.numbered, "requests"}}
    return _Room(used, ledge.held(connection), came, numbers[ledge.numbered], numbers["requests"])


def _theirs(connection: Connection, kind: str, side: str) -> Mapping[str, str]:
    where = RECEIVED.c.kind == kind, RECEIVED.c.side == side
    rows = connection.execute(sa.select(RECEIVED.c.number, RECEIVED.c.ours).where(*where))
    return {row.number: row.ours for row in rows}


def give(ground: Ground, ledge: Ledge, used: ExchangeMap, by: Person, form: str) -> tuple[bytes, int]:
    """All records of a kind as a file, `form` csv or json, and how many; recorded in the ledger.

    What came from the other side goes back under its own numbers and in its own words.

    Raises:
        Refused: RECORDS_DENIED; CATALOG_FAULTY where the map has no code for a word.
        WrongUse: MAP_KIND.
    """
    may_use(ground, by, "exchange", CATALOGUE)
    with read(ground.engine) as connection:
        room = _room(connection, ledge, used)
    back = {row["ours"]: row for row in room.came.values()}
    every = dict.fromkeys((*room.held, *back))
    lines, faults = flat.send([room.whole(ours, back.get(ours), ledge.kind) for ours in every], ledge.kind, used)
    if faults:
        raise refusal(faults)
    data = (wire.as_json if form == "json" else wire.as_csv)(lines, used.of(ledge.kind))
    content = {"map": used.name, "records": len(lines), "sha256": sha256_hex(data)}
    with write(ground.engine) as connection:
        entry = NewEntry(Act.RECORDS_SENT, by.id, f"records/{ledge.kind.id}", content)
        ground.ledger.append([entry], connection=connection)
    return data, len(lines)


def take(ground: Ground, ledge: Ledge, used: ExchangeMap, by: Person, sent: tuple[str, bytes]) -> Passed:
    """Take the records of a file in: its name and its bytes. With a fault, nothing is taken.

    Raises:
        Refused: RECORDS_DENIED, and what taking a record refuses.
        WrongUse: MAP_KIND.
    """
    may_use(ground, by, "exchange", CATALOGUE)
    name, data = sent
    rows, faults = flat.receive(data, name, ledge.kind, used)
    if faults:
        return Passed(faults=faults)
    with read(ground.engine) as connection:
        room = _room(connection, ledge, used)
    fresh = [row for row in rows if room.known(row) is None]
    faults = tuple(found for row in fresh for found in ledge.judge(row, name, by, room.requests))
    if faults:
        return Passed(faults=faults)
    done = Passed()
    with write(ground.engine) as connection:
        lock(connection, "records:exchange")
        room = _room(connection, ledge, used)
        for row in rows:
            _one(connection, ground, ledge, room, (row, by, done))
        _close(connection, ground, ledge, used, (by, done, sha256_hex(data)))
    return done


def _one(connection: Connection, ground: Ground, ledge: Ledge, room: _Room, what: tuple[Row, Person, Passed]) -> None:
    row, by, done = what
    ours = room.known(row)
    if ours is None:
        done.new[row.number] = ledge.take(connection, row, by, room.requests)
        _put(connection, ground, room, ledge.kind, (row, by, done.new[row.number]))
        return
    whole = room.whole(ours, room.came.get(row.number), ledge.kind)
    differ = flat.different(whole, row.cells, ledge.kind, room.used)
    if differ:
        both = {key: (whole.get(key, ""), row.cells.get(key, "")) for key in differ}
        done.conflicts.append(Conflict(row.line, row.number, ours, both))
    elif ledge.follow(connection, ours, row, by):
        _put(connection, ground, room, ledge.kind, (row, by, ours))
        done.gone_on.append(row.number)
    else:
        done.same += 1


def _put(connection: Connection, ground: Ground, room: _Room, kind: RecordKind, what: tuple[Row, Person, str]) -> None:
    """Keep what they said last, in their words; its entry is that of the file, which follows."""
    row, by, ours = what
    values = {"ours": ours, "cells": dict(row.cells), "by": by.id, "at": ground.now(), "entry": 0}
    here = {"kind": kind.id, "side": room.used.name, "number": row.number}
    if row.number in room.came:
        where = [RECEIVED.c[name] == value for name, value in here.items()]
        connection.execute(sa.update(RECEIVED).where(*where).values(values))
    else:
        connection.execute(sa.insert(RECEIVED).values(**here, **values))


def _close(
    connection: Connection, ground: Ground, ledge: Ledge, used: ExchangeMap, what: tuple[Person, Passed, str]
) -> None:
    """The ledger entry of a file that changed anything; a file that changed nothing leaves none."""
    by, done, digest = what
    if not done.new and not done.gone_on:
        return
    content: dict[str, Any] = {"map": used.name, "sha256": digest, "new": done.new, "gone_on": done.gone_on}
    content |= {"same": done.same, "conflicts": [one.number for one in done.conflicts]}
    entry = NewEntry(Act.RECORDS_RECEIVED, by.id, f"records/{ledge.kind.id}", content)
    number = ground.ledger.append([entry], connection=connection)[0].number
    mine = RECEIVED.c.kind == ledge.kind.id, RECEIVED.c.side == used.name, RECEIVED.c.entry == 0
    connection.execute(sa.update(RECEIVED).where(*mine).values(entry=number))


def reported(found: Passed, records: Sequence[str], lang: str) -> dict[str, Any]:
    """As plain values, for JSON; `records` are the notes on what of the map is not certain."""
    conflicts = [
        {"line": one.line, "number": one.number, "ours": one.ours,
         "differ": {key: {"ours": pair[0], "theirs": pair[1]} for key, pair in one.differ.items()}}
        for one in found.conflicts
    ]  # fmt: skip
    return {
        "new": found.new,
        "gone_on": found.gone_on,
        "same": found.same,
        "conflicts": conflicts,
        "faults": [one.as_dict(lang) for one in found.faults],
        "uncertain": list(records),
    }
