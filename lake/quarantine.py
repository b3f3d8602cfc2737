"""Quarantine, read: a guarded table like every other, and stricter, because its rows are raw.

Promises: the policy is asked for the whole dataset and for each field; a raw field is shown only where every column
that is made of it may be seen, and whatever no field matched only where all may; the read is in the ledger before a row
is given back. Rules, lines and sentences hold no value of the data and are shown to whoever may read the table at all.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc
import sqlalchemy as sa

from catalogs.decide import city_policy, decide
from catalogs.lookup import resource
from catalogs.model import Person
from contracts.model import Contract
from contracts.register import contract
from infra.database import read
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.ledger import Act, EntryRef, NewEntry
from lake import record, tables
from lake.delta import DELIVERY, LINE, Tables, quarantine_key
from lake.store_files import dataset_of

MOST = 10_000
HIDDEN = "＊"


@dataclass(frozen=True, slots=True)
class Question:
    """What of a dataset's quarantine is wanted, and why.

    Attributes:
        delivery: one delivery's rows; None: all.
        rule: rows that broke this rule; None: any.
        purpose: what the policy may ask for.
    """

    dataset: str
    delivery: str | None = None
    rule: str | None = None
    limit: int = 50
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One row: where it stood, which rules it broke, what to tell the officer, and what it was."""

    delivery: int
    line: int | None
    rules: tuple[str, ...]
    zh: str
    en: str
    raw: Mapping[str, Any]

    def say(self, lang: str) -> str:
        """The sentence, in the person's language."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of deliveries and lines; the fields that the reader may not see; the ledger's entry."""

    rows: tuple[Quarantined, ...]
    masked: tuple[str, ...]
    version: int
    ledger: EntryRef


def show(ground: Ground, reader: Person, question: Question) -> Page:
    """Rows of a dataset's quarantine, as far as `reader` may see them.

    Raises:
        Refused: `CATALOG_UNKNOWN_RESOURCE`, `QUARANTINE_DENIED`, `QUARANTINE_EMPTY`.
        WrongUse: `LANDING_UNKNOWN`.
    """
    masked = _masked(ground, reader, question)
    lake, key = Tables(ground.store), quarantine_key(question.dataset)
    try:
        snapshot = lake.snapshot(key)
    except Refused:
        raise Refused(
            "QUARANTINE_EMPTY",
            "该数据集没有问题数据",
            "this dataset has nothing in quarantine",
            place=Place(dataset=question.dataset),
        ) from None
    rows = _rows(ground, dataset_of(ground.store, snapshot), question)
    content = {
        "dataset": question.dataset,
        "version": snapshot.version,
        "delivery": question.delivery,
        "rule": question.rule,
        "rows": len(rows),
        "masked": sorted(masked),
        "purpose": question.purpose,
    }
    [entry] = ground.ledger.append([NewEntry(Act.QUARANTINE_READ, reader.id, question.dataset, content)])
    shown = tuple(_quarantined(row, masked) for row in rows)
    return Page(shown, tuple(sorted(masked)), snapshot.version, entry)


def _masked(ground: Ground, reader: Person, question: Question) -> frozenset[str]:
    """The raw fields that the reader may not see."""
    registered = resource(ground.engine, question.dataset)
    context = {"purpose": question.purpose}
    decision = decide(reader, "read_quarantine", registered, context, policy=city_policy(ground.city))
    if not decision.allowed:
        raise Refused(
            "QUARANTINE_DENIED",
            "不得查看该数据集的问题数据",
            "you may not read this dataset's quarantine",
            place=Place(dataset=question.dataset),
            reasons=decision.reasons,
        )
    hidden = frozenset(decision.obligations.get("mask", ()))
    if not hidden and {item.name for item in registered.items} >= {
        column.name for column in contract(ground.engine, question.dataset).columns
    }:
        return frozenset()
    return _fields(contract(ground.engine, question.dataset), hidden, {item.name for item in registered.items})


def _fields(promised: Contract, hidden: frozenset[str], known: set[str]) -> frozenset[str]:
    """The fields of hidden columns and of columns that the register does not know, and everything unmatched."""
    fields = {
        field
        for column in promised.columns
        if column.name in hidden or column.name not in known
        for field in column.fields
    }
    return frozenset(fields | {"_extra"})


def _rows(ground: Ground, dataset: Any, question: Question) -> list[dict[str, Any]]:
    wanted = None
    if question.delivery is not None:
        number = record.load(ground.engine, question.delivery)["number"]
        wanted = pc.field(DELIVERY) == number
    rows: list[dict[str, Any]] = []
    most = max(0, min(question.limit, MOST))
    for batch in dataset.scanner(filter=wanted, batch_size=MOST).to_batches():
        rows += [row for row in batch.to_pylist() if question.rule is None or question.rule in row["rules"]]
        rows.sort(key=lambda row: (row[DELIVERY], row[LINE] or 0))
        del rows[most:]
    return rows


def _quarantined(row: Mapping[str, Any], masked: frozenset[str]) -> Quarantined:
    raw = json.loads(row["raw"]) if row["raw"] else {}
    # A record that could not be laid out has its cells in "_extra" alone: whoever may not see all sees none of them.
    shown = {name: HIDDEN if name in masked and value is not None else value for name, value in raw.items()}
    return Quarantined(row[DELIVERY], row[LINE], tuple(row["rules"]), row["sentence_zh"], row["sentence_en"], shown)


def listing(ground: Ground, reader: Person, dataset: str | None = None) -> list[dict[str, Any]]:
    """Deliveries with rows in quarantine, newest first: counts and rules, no values.

    The name of a file is its sender's own words, so it is shown to whoever may see all of the dataset's raw rows.
    """
    table = tables.delivery
    query = sa.select(table).where(table.c.quarantined > 0, table.c.state.in_(tables.FINAL))
    if dataset is not None:
        query = query.where(table.c.dataset == dataset)
    with read(ground.engine) as connection:
        rows = connection.execute(query.order_by(table.c.number.desc())).mappings().all()
    named = {one: _may_see_all(ground, reader, one) for one in {row["dataset"] for row in rows}}
    return [
        {
            "dataset": row["dataset"],
            "delivery": row["id"],
            "number": row["number"],
            "file": row["file_name"] if named[row["dataset"]] else HIDDEN,
            "state": row["state"],
            "quarantined": row["quarantined"],
            "rules": dict((row["audit"] or {}).get("broken", {})),
        }
        for row in rows
    ]


def _may_see_all(ground: Ground, reader: Person, dataset: str) -> bool:
    try:
        return not _masked(ground, reader, Question(dataset))
    except Refused:
        return False
