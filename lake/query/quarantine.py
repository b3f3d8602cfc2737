"""Quarantine, read: a guarded table like every other, and stricter, because its rows are raw.

Promises: the policy is asked for the whole dataset and for each column. A row was read under the contract of its day,
so that contract says which columns a raw field was: the field is shown only where today's contract and register still
know every one of them and the reader may see it. A column that was dropped has no grade any more, and what no field
matched (`_extra`: columns that nobody promised, records that could not be laid out) never had one: nobody is shown it.
The read is in the ledger before a row is given back. Rules, lines and sentences hold no value of the data and are shown
to whoever may read the table at all.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc
import sqlalchemy as sa

from catalogs.lookup import resource
from catalogs.own_city import own_city
from catalogs.permission.decide import city_policy, decide
from catalogs.values.model import Person
from contracts.register import contract
from infra.database import read
from infra.errors import Place, Refused
from infra.ground import Ground
from infra.ledger import Act, EntryRef, NewEntry
from lake import tables
from lake.read.place import decoded, sheet_of
from lake.records import record, tombstones
from lake.records.parts import names
from lake.store.delta import DELIVERY, LINE, Tables, quarantine_key
from lake.store.files import dataset_of

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
    """One row: its delivery's id, where it stood, which rules it broke, what to tell the officer, and what it was.

    Attributes:
        part: in which file of a delivery of several it stood; 0 where the delivery is one file.
        file: what that file is called, for who may see every column; None where the delivery is one file.
        sheet: in which sheet of a workbook it stood, where several are read; 0 else.
    """

    delivery: str
    line: int | None
    part: int
    file: str | None
    rules: tuple[str, ...]
    zh: str
    en: str
    raw: Mapping[str, Any]
    sheet: int = 0

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
    seen = _seen(ground, reader, question)
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
    versions = {_of(row) for row in rows}
    fields = {version: _fields(ground, question.dataset, version, seen) for version in versions}
    ids = _ids(ground, {row[DELIVERY] for row in rows})
    raws = [json.loads(row["raw"] or "{}") for row in rows]
    masked = sorted({name for row, raw in zip(rows, raws, strict=True) for name in raw.keys() - fields[_of(row)]})
    content = {
        "dataset": question.dataset,
        "version": snapshot.version,
        "delivery": question.delivery,
        "rule": question.rule,
        "rows": len(rows),
        "masked": masked,
        "purpose": question.purpose,
    }
    [entry] = ground.ledger.append([NewEntry(Act.QUARANTINE_READ, reader.id, question.dataset, content)])
    whole = seen == {column.name for column in contract(ground.engine, question.dataset).columns}
    files = _files(ground, rows, named=whole)
    shown = tuple(
        _quarantined(row, ids[row[DELIVERY]], raw, fields[_of(row)], files) for row, raw in zip(rows, raws, strict=True)
    )
    return Page(shown, tuple(masked), snapshot.version, entry)


def _seen(ground: Ground, reader: Person, question: Question) -> frozenset[str]:
    """The columns of today's contract that the register knows and the reader may see."""
    registered = resource(ground.engine, question.dataset)
    context = {"purpose": question.purpose}
    decision = decide(reader, "read_quarantine", registered, context, policy=city_policy(own_city(ground)))
    if not decision.allowed:
        raise Refused(
            "QUARANTINE_DENIED",
            "不得查看该数据集的问题数据",
            "you may not read this dataset's quarantine",
            place=Place(dataset=question.dataset),
            reasons=decision.reasons,
        )
    known = {item.name for item in registered.items} - set(decision.obligations.get("mask", ()))
    return frozenset(known & {column.name for column in contract(ground.engine, question.dataset).columns})


def _fields(ground: Ground, dataset: str, version: str, seen: frozenset[str]) -> frozenset[str]:
    """The raw fields of rows read under `version` of the contract that are nothing but columns seen."""
    try:
        columns = contract(ground.engine, dataset, version).columns
    except Refused:  # a version that nobody can read any more says nothing of what its fields were
        return frozenset()
    hidden = {field for column in columns if column.name not in seen for field in column.fields}
    return frozenset(field for column in columns for field in column.fields) - hidden


def _rows(ground: Ground, dataset: Any, question: Question) -> list[dict[str, Any]]:
    wanted = ~pc.field(DELIVERY).isin(tombstones.leaving(ground.engine, question.dataset))
    if question.delivery is not None:
        number = record.load(ground.engine, question.delivery)["number"]
        wanted &= pc.field(DELIVERY) == number
    rows: list[dict[str, Any]] = []
    most = max(0, min(question.limit, MOST))
    for batch in dataset.scanner(filter=wanted, batch_size=MOST).to_batches():
        rows += [row for row in batch.to_pylist() if question.rule is None or question.rule in row["rules"]]
        rows.sort(key=lambda row: (row[DELIVERY], row[LINE] or 0))
        del rows[most:]
    return rows


def _of(row: Mapping[str, Any]) -> str:
    version: str = row["contract_version"]
    return version


def _ids(ground: Ground, numbers: Collection[int]) -> dict[int, str]:
    """The ids by which everybody else calls the deliveries of these numbers."""
    table = tables.delivery
    with read(ground.engine) as connection:
        found = connection.execute(sa.select(table.c.number, table.c.id).where(table.c.number.in_(sorted(numbers))))
        return {row.number: row.id for row in found}


def _files(ground: Ground, rows: Collection[Mapping[str, Any]], *, named: bool) -> dict[tuple[int, int], str]:
    """What the files are called in which the rows stood, where their deliveries are of several."""
    places = {(row[DELIVERY], decoded(row[LINE] or 0)[0]) for row in rows}
    several = {place for place in places if place[1]}
    if not several:
        return {}
    found = names(ground.engine, several)
    return found if named else dict.fromkeys(found, HIDDEN)


def _quarantined(
    row: Mapping[str, Any],
    delivery: str,
    raw: Mapping[str, Any],
    fields: frozenset[str],
    files: Mapping[tuple[int, int], str],
) -> Quarantined:
    shown = {name: value if name in fields or value is None else HIDDEN for name, value in raw.items()}
    part, line = decoded(row[LINE] or 0)
    return Quarantined(
        delivery,
        line or None,
        part,
        files.get((row[DELIVERY], part)),
        tuple(row["rules"]),
        row["sentence_zh"],
        row["sentence_en"],
        shown,
        sheet_of(row[LINE] or 0),
    )


def listing(ground: Ground, reader: Person, dataset: str | None = None) -> list[dict[str, Any]]:
    """Deliveries with rows in quarantine, newest first: counts and rules, no values.

    The name of a file is its sender's own words, so it is shown to whoever may see every column of the dataset.
    """
    table = tables.delivery
    query = sa.select(table).where(table.c.quarantined > 0, table.c.state.in_(tables.FINAL))
    query = query.where(table.c.state != tables.PURGED)
    if dataset is not None:
        query = query.where(table.c.dataset == dataset)
    with read(ground.engine) as connection:
        rows = connection.execute(query.order_by(table.c.number.desc())).mappings().all()
    named = {one: may_see_all(ground, reader, one) for one in {row["dataset"] for row in rows}}
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


def may_see_all(ground: Ground, reader: Person, dataset: str) -> bool:
    """Whether the reader may see every column of the dataset, and with it what its files are called."""
    try:
        seen = _seen(ground, reader, Question(dataset))
    except Refused:
        return False
    return seen == {column.name for column in contract(ground.engine, dataset).columns}
