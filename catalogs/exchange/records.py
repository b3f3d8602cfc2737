"""What a harvest is made of, as values: objects of a source, records, what was found wrong, what became of each. Pure.

An *object* is what the source holds (a line, a package, a dataset of a graph); a *record* is one dataset as the city
keeps it. Several objects may be one record: portals list a dataset once for each format.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from infra.crypto import sha256_hex
from infra.language import Text
from infra.text import fold

LONGEST = {"title": 500, "provider": 300, "summary": 20_000}
_OBJECT = 1_000_000  # characters of one object as JSON


class Outcome(StrEnum):
    """What became of one object of the source; every object has exactly one."""

    HARVESTED = "harvested"
    MERGED = "merged"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Bad(Exception):
    """An object that is no record: its reason, and its id where it gave one."""

    def __init__(self, code: str, zh: str, en: str, identity: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.text = Text(zh, en)
        self.identity = identity


@dataclass(frozen=True, slots=True)
class Thing:
    """An object as gathered. `position` counts from 1 in the source's order; `bad` says why it could not be fetched."""

    position: int
    raw: Any
    bad: Bad | None = None


@dataclass(frozen=True, slots=True)
class File:
    """One file or address of a dataset."""

    name: str
    format: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One dataset of a source; None is what the source does not say.

    `openness` and `update_frequency` are the house's words where the source's could be read, `published` and `updated`
    ISO dates or times, `other` whatever else the source says, under its own names.
    """

    id: str
    title: str
    provider: str | None = None
    summary: str | None = None
    topic: str | None = None
    openness: str | None = None
    update_frequency: str | None = None
    published: str | None = None
    updated: str | None = None
    rows: int | None = None
    page: str | None = None
    files: tuple[File, ...] = ()
    other: dict[str, str] = field(default_factory=dict)

    @property
    def same(self) -> str:
        """By which two datasets are held to be one and the same: title and provider, folded."""
        return sha256_hex(f"{fold(self.title)}\n{fold(self.provider or '')}".encode())


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with an object that did not keep it from being harvested."""

    code: str
    text: Text


Read = Callable[[Any], tuple[Record, list[Finding]]]


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one object. `into` is its record; of a duplicate also `first`, the position it repeats."""

    position: int
    outcome: Outcome
    into: str | None
    code: str | None = None
    text: Text | None = None
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A finding of a whole harvest: how often, and the first places."""

    code: str
    text: Text
    count: int
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """A whole source, settled. `parts` are the raw objects of each record: nothing that was read is dropped."""

    records: dict[str, Record]
    parts: dict[str, list[Any]]
    lines: list[Line]
    findings: list[Found]
    known: frozenset[str]  # ids that the source names, also those of refused objects
    nameless: int  # refused objects that gave no id

    def count(self, outcome: Outcome) -> int:
        """How many objects ended so."""
        return sum(line.outcome is outcome for line in self.lines)

    def bodies(self) -> dict[str, dict[str, Any]]:
        """Each record as plain JSON with the raw objects it was made of."""
        return {key: {**asdict(record), "parts": self.parts[key]} for key, record in self.records.items()}


def canonical(value: Any) -> str:
    """One text for equal JSON values."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(value: Any) -> str:
    """SHA-256 of the canonical text, in hexadecimal; lone surrogates are kept apart, not refused."""
    return sha256_hex(canonical(value).encode("utf-8", "surrogatepass"))


def settle(things: list[Thing], read: Read, *, merges: bool) -> Settled:
    """Settles every object: harvested, merged into a record, a duplicate of another object, or refused with its reason.

    `merges`: whether objects of one id are parts of one dataset; else the second with other content is refused.
    """
    work = _Work()
    for thing in things:
        work.take(thing, read, merges=merges)
    found = [Found(code, text, len(places), tuple(places[:5])) for (code, text), places in work.found.items()]
    return Settled(
        work.records,
        work.parts,
        work.lines,
        sorted(found, key=lambda one: (-one.count, one.code)),
        frozenset(work.known | work.records.keys()),
        work.nameless,
    )


@dataclass(slots=True)
class _Work:
    records: dict[str, Record] = field(default_factory=dict)
    parts: dict[str, list[Any]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    found: dict[tuple[str, Text], list[int]] = field(default_factory=dict)
    seen: dict[str, tuple[int, str, list[Finding]]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    nameless: int = 0

    def take(self, thing: Thing, read: Read, *, merges: bool) -> None:
        try:
            self._settle(thing, read, merges=merges)
        except Bad as bad:
            self.lines.append(Line(thing.position, Outcome.REFUSED, bad.identity, bad.code, bad.text))
            if bad.identity is None:
                self.nameless += 1
            else:
                self.known.add(bad.identity)

    def _settle(self, thing: Thing, read: Read, *, merges: bool) -> None:
        if thing.bad is not None:
            raise thing.bad
        key = _fingerprint(thing.raw)
        if key in self.seen:
            first, into, findings = self.seen[key]
            self.lines.append(Line(thing.position, Outcome.DUPLICATE, into, first=first))
            self._note(thing.position, findings)
            return
        record, findings = read(thing.raw)
        _limits(record)
        if record.id not in self.records:
            outcome = Outcome.HARVESTED
            self.records[record.id] = record
        elif merges:
            outcome = Outcome.MERGED
            self.records[record.id], differing = merge(self.records[record.id], record)
            if differing:
                names = "、".join(differing)
                said = Text(
                    f"同一数据集的各条记录不一致：{names}", f"parts of one dataset differ: {', '.join(differing)}"
                )
                findings.append(Finding("HARVEST_PARTS_DIFFER", said))
        else:
            raise Bad(
                "HARVEST_ID_TWICE",
                "来源中同一标识出现两次而内容不同，保留先出现的一条",
                "the source gives one id twice with different content; the first is kept",
                record.id,
            )
        self.seen[key] = thing.position, record.id, [one for one in findings if one.code != "HARVEST_PARTS_DIFFER"]
        self.parts.setdefault(record.id, []).append(thing.raw)
        self.lines.append(Line(thing.position, outcome, record.id))
        self._note(thing.position, findings)

    def _note(self, position: int, findings: list[Finding]) -> None:
        for finding in findings:
            self.found.setdefault((finding.code, finding.text), []).append(position)


def _fingerprint(raw: Any) -> str:
    try:
        text = canonical(raw)
        text.encode()
    except (RecursionError, ValueError, TypeError):
        raise Bad("HARVEST_OBJECT", "该对象不是可用的 JSON 或嵌套过深", "the object is no usable JSON") from None
    if len(text) > _OBJECT or "\\u0000" in text:
        raise Bad("HARVEST_OBJECT_SIZE", "该对象过大或含空字符", "the object is too large or holds a NUL")
    return sha256_hex(text.encode())


def _limits(record: Record) -> None:
    if not record.title.strip():
        raise Bad("HARVEST_TITLE", "没有名称", "it has no title", record.id)
    for name, most in LONGEST.items():
        value = getattr(record, name)
        if value is not None and len(value) > most:
            raise Bad(
                "HARVEST_LONG", f"{name} 超过 {most} 字", f"its {name} is longer than {most} characters", record.id
            )
    if len(record.id) > 200:
        raise Bad("HARVEST_LONG", "标识超过 200 字", "its id is longer than 200 characters")


def merge(first: Record, second: Record) -> tuple[Record, list[str]]:
    """Two parts of one dataset as one: all files, what either says; where both say otherwise the first's holds."""
    names = [name for name in Record.__dataclass_fields__ if name not in ("id", "files", "other")]
    both = {name: (getattr(first, name), getattr(second, name)) for name in names}
    differing = [name for name, (one, two) in both.items() if None not in (one, two) and one != two]
    whole: dict[str, Any] = {name: two if one is None else one for name, (one, two) in both.items()}
    files = first.files + tuple(one for one in second.files if one not in first.files)
    differing += [key for key in first.other if key in second.other and first.other[key] != second.other[key]]
    return replace(first, **whole, files=files, other={**second.other, **first.other}), differing
