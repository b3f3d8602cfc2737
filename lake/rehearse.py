"""A dry run: what would become of a delivery, with nothing landed, published or remembered.

It goes the way of a delivery up to the point where something would be stored: copied to scratch, read, split, compared
with the published table, audited by Great Expectations. What it tells holds no value of the data: rules, counts and
places in the file, which is in the hands of whoever asks.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts import compile as compilation
from contracts.compile import Compiled
from contracts.model import Contract
from contracts.sentences import general
from infra.errors import Place, WrongUse
from infra.language import Text
from lake import prepare
from lake.evolve import evolving
from lake.ingest import Given, Session
from lake.landing.delivery import Arrival, file_name
from lake.landing.landing import plain_copy
from lake.landing.unregistered import unregistered
from lake.read.place import filled
from lake.read.source import FAULTS
from lake.records import record
from lake.split.duplicates import CONFLICT
from lake.store.delta import curated_key
from lake.store.duck import Duck, file_list
from lake.store.parquet import Written

PUBLISH, BLOCK, REPEAT = "would_publish", "would_block", "would_repeat"
SAID: Mapping[str, Text] = {
    PUBLISH: Text("将发布", "would be published"),
    BLOCK: Text("整批不会发布", "would be blocked"),
    REPEAT: Text("与已发布的批次内容相同，不会再发布", "would be a repeat of what is published"),
}
_PLACES = 5
_LINE = Text("第{line}行", "line {line}")


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that records break: how many, and where the first of those that would be kept out stand."""

    rule: str
    severity: str
    count: int
    said: Text
    places: tuple[Text, ...]

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape that commands print."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "count": self.count,
            "message": self.said.say(lang),
            "places": [place.say(lang) for place in self.places],
        }


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would become of a delivery: one of the words of `SAID`, its counts, what is broken, what reading noticed."""

    dataset: str
    file: str
    contract: str
    state: str
    counts: Mapping[str, int]
    broken: tuple[Broken, ...]
    notes: tuple[Text, ...]
    repeats: str | None
    seconds: float

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape that commands print."""
        return {
            "dataset": self.dataset,
            "file": self.file,
            "dry_run": True,
            "contract": self.contract,
            "state": self.state,
            **self.counts,
            "repeated": self.repeats,
            "broken": [one.as_dict(lang) for one in self.broken],
            "notes": [note.say(lang) for note in self.notes],
            "seconds": round(self.seconds, 3),
        }


def rehearse(session: Session, dataset: str, path: Path | tuple[Path, ...], draft: Contract | None = None) -> Rehearsal:
    """The dry run of a file, a folder or several files together, by the registered contract or by `draft`.

    Raises:
        Refused: it would be refused, in the same words.
        WrongUse: `CONTRACT_DATASET`, the draft is of another dataset.
        Unavailable: a service was not there.
    """
    if draft is not None and draft.id != dataset:
        raise WrongUse(
            "CONTRACT_DATASET",
            f"契约属于 {draft.id}，不是 {dataset}",
            f"the contract is of {draft.id}, not of {dataset}",
            place=Place(dataset=dataset),
        )
    ground, began = session.ground, time.monotonic()
    now = ground.now()
    if draft is None and (unready := unregistered(ground, dataset, None, kept=False)) is not None:
        raise unready
    first, together = (path, ()) if isinstance(path, Path) else (path[0], path)
    compiled = session.compiled(dataset) if draft is None else compilation.compile(draft)
    with ground.scratch() as scratch:
        plain = scratch / "plain"
        taken = plain_copy(ground, Arrival(dataset, first, "command", now, "", together=together), plain)
        row: dict[str, Any] = {"id": "dry-run", "number": 0, "dataset": dataset, "file_name": file_name(first)}
        row |= {"size": taken.size, "sha256": taken.sha256}
        task = session.task(row, compiled, Given(plain, scratch))
        separated = prepare.separate(task)
        evolving.refuse(session.lake, compiled.contract)
        key = curated_key(dataset)
        base = session.lake.version(key) if session.lake.exists(key) else 0
        weighed = prepare.weigh(task, separated, base, now)
        broken = _broken(compiled, weighed, session.duck)
    same = record.repeats(ground.engine, row, compiled.contract.mode)
    return Rehearsal(
        dataset,
        row["file_name"],
        compiled.contract.version,
        REPEAT if same else BLOCK if weighed.blocked else PUBLISH,
        weighed.counts,
        broken,
        tuple(note.text for note in separated.done.source.notes),
        same,
        time.monotonic() - began,
    )


def _broken(compiled: Compiled, weighed: prepare.Weighed, duck: Duck) -> tuple[Broken, ...]:
    places = _places(duck, weighed.aside)
    rules = {rule.id: (rule.severity, general(rule.sentence)) for rule in compiled.rules}
    rules |= {f"record.{name}": ("quarantine", general(said)) for name, said in FAULTS.items()}
    rules[CONFLICT.rules[0]] = ("quarantine", CONFLICT.said)
    found = [Broken(rule, *_known(rules, rule, count), places.get(rule, ())) for rule, count in weighed.broken.items()]
    tables = (*weighed.verdict.blocking, *weighed.verdict.warnings)
    found += [
        Broken(one.rule, one.severity, one.count or 1, Text(one.zh, one.en), ())
        for one in tables
        if one.rule not in weighed.broken
    ]
    return tuple(found)


def _known(rules: Mapping[str, tuple[str, Text]], rule: str, count: int) -> tuple[str, int, Text]:
    severity, said = rules[rule]
    return severity, count, said


def _places(duck: Duck, aside: Iterable[Written]) -> dict[str, tuple[Text, ...]]:
    files = [file.path for file in aside]
    if not files:
        return {}
    query = f"""
        SELECT rule, list(_line ORDER BY _line)[1:{_PLACES}]
        FROM (SELECT unnest(rules) AS rule, _line FROM read_parquet({file_list(files)})) GROUP BY rule
    """  # noqa: S608 - paths of ours, quoted
    with duck.cursor() as connection:
        found = connection.execute(query).fetchall()
    return {rule: tuple(filled(_LINE, place) for place in places) for rule, places in found}
