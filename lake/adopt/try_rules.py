"""A draft contract's rules tried on history: what of the published data would they have caught; nothing is kept.

The rules become two guarded queries (`lake.query.query`) of whoever asks: judged by the policy, limited, in the ledger
first. A rule that needs a column which the reader may not see is not tried at all, for its count would tell of the
column. A sample shows where a row came from and the columns that its rule speaks of, nothing else.

Published rows hold typed values: whether a text could have been converted is asked only where the draft changes a
column's type. Rules of a delivery as a whole are not asked of a table of many: `hub ingest --dry-run --contract` does.
"""

# ruff: noqa: S608 - names go through quote_identifier, values through literal; lake.query.guard judges the whole text

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from catalogs.lookup import resource
from catalogs.own_city import own_city
from catalogs.permission.decide import city_policy, decide
from catalogs.values.model import Person
from contracts.model import Column, Contract, RowRule
from contracts.rules import typed_fails_sql
from contracts.sentences import general
from contracts.steps import literal
from contracts.suite import duckdb_type
from infra.database import read
from infra.ground import Ground
from infra.language import Text
from infra.text import quote_identifier
from lake.query.mask import duck_type
from lake.query.query import Asked, query
from lake.read.place import filled
from lake.store.delta import DELIVERY, LINE, Tables, curated_key
from lake.tables import delivery

KEY = "duplicates.key"
MOST_SAMPLES = 20
_LENGTH = 50_000  # characters of one query; `lake.query.guard` takes twice as many
_PLACE = Text("第{line}行", "line {line}")
_TWICE = Text("主键相同的记录多于一条。", "Several records have the same key.")


@dataclass(frozen=True, slots=True)
class Sample:
    """A row that a rule would have caught: its delivery, its place, the columns that the rule speaks of."""

    delivery: str
    place: Text
    values: Mapping[str, Any]


@dataclass(slots=True)
class Caught:
    """What one rule would have caught."""

    rule: str
    severity: str
    said: Text
    count: int = 0
    samples: list[Sample] = field(default_factory=list)

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape that commands print."""
        samples = [
            {"delivery": one.delivery, "place": one.place.say(lang), "values": dict(one.values)} for one in self.samples
        ]
        return {
            "rule": self.rule,
            "severity": self.severity,
            "count": self.count,
            "message": self.said.say(lang),
            "samples": samples,
        }


@dataclass(frozen=True, slots=True)
class Tried:
    """What the draft's rules come to on the newest version of the published table.

    Attributes:
        rules: those that were tried, in the contract's order.
        hidden: rule → the columns that it needs and the reader may not see.
        whole: rules of a delivery as a whole, which were not tried.
    """

    dataset: str
    contract: str
    version: int
    rows: int
    rules: tuple[Caught, ...]
    hidden: Mapping[str, tuple[str, ...]]
    whole: tuple[str, ...]

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape that commands print."""
        return {
            "dataset": self.dataset,
            "contract": self.contract,
            "version": self.version,
            "rows": self.rows,
            "rules": [one.as_dict(lang) for one in self.rules],
            "not_shown": {rule: list(columns) for rule, columns in self.hidden.items()},
            "of_deliveries": list(self.whole),
        }


@dataclass(frozen=True, slots=True)
class _Question:
    """One rule as SQL: true where a row breaks it, over these columns."""

    caught: Caught
    fails: str
    columns: tuple[str, ...]


def try_rules(ground: Ground, reader: Person, draft: Contract, asked: Asked, *, samples: int = 3) -> Tried:
    """Try the rules of `draft` on what its dataset has published; of `asked` all but the text counts.

    Raises:
        Refused: `CATALOG_UNKNOWN_RESOURCE`, `LAKE_TABLE_UNKNOWN`, `QUERY_DENIED`, `QUERY_TIMEOUT`, `QUERY_MEMORY`, ….
        WrongUse: `QUERY_…`, a rule does not fit the published columns.
    """
    registered = resource(ground.engine, draft.id)
    published = Tables(ground.store).snapshot(curated_key(draft.id)).schema
    act = "export" if asked.export else "query"
    decision = decide(reader, act, registered, {"purpose": asked.purpose}, policy=city_policy(own_city(ground)))
    known = {item.name for item in registered.items} - set(decision.obligations.get("mask", ()))
    questions = list(_questions(draft, published))
    hidden = {
        one.caught.rule: lacking
        for one in questions
        if (lacking := tuple(name for name in one.columns if name in published.names and name not in known))
    }
    open_ = [one for one in questions if one.caught.rule not in hidden]
    unit, _, name = draft.id.partition(".")
    source = _source(
        draft, published, {name for one in open_ for name in one.columns}, f"{unit}.{name.replace('.', '_')}"
    )

    def ask(sql: str, limit: int) -> tuple[list[dict[str, Any]], int]:
        result = query(ground, reader, Asked(sql, None, limit, asked.timeout, asked.purpose, asked.export))
        return result.rows.to_pylist(), result.versions[draft.id]

    rows, version = _count(open_, source, ask)
    _look(ground, [one for one in open_ if one.caught.count], source, ask, max(0, min(samples, MOST_SAMPLES)))
    caught = tuple(one.caught for one in open_)
    whole = tuple(rule.id for rule in draft.table_rules)
    return Tried(draft.id, draft.version, version, rows, caught, hidden, whole)


def _questions(draft: Contract, published: pa.Schema) -> Iterator[_Question]:
    for rule in draft.row_rules:
        column = draft.column(rule.column) if rule.column else None
        caught = Caught(rule.id, rule.severity, general(rule.sentence))
        if rule.kind != "type":
            fails = f"coalesce(({typed_fails_sql(rule.kind, rule.args, column)}), false)"
            yield _Question(caught, fails, _spoken_of(rule, draft))
        elif column is not None and not _same(column, published):
            name = quote_identifier(column.name)
            fails = f"({name} IS NULL AND {quote_identifier(column.name + '__was')})"
            yield _Question(caught, fails, (column.name,))
    keys = draft.duplicates.key
    if keys:
        across = draft.duplicates.scope == "table" or draft.mode == "snapshot"
        names = ", ".join([*map(quote_identifier, keys), *(() if across else (DELIVERY,))])
        known = " AND ".join(f"{quote_identifier(name)} IS NOT NULL" for name in keys)
        fails = f"(row_number() OVER (PARTITION BY {names} ORDER BY {DELIVERY}, {LINE}) > 1 AND {known})"
        yield _Question(Caught(KEY, "block", _TWICE), fails, keys)


def _spoken_of(rule: RowRule, draft: Contract) -> tuple[str, ...]:
    """The columns that a rule reads: its own, and each whose name stands in what it says."""
    said = " ".join(str(value) for value in rule.args.values())
    names = (one.name for one in draft.columns)
    return tuple(
        name
        for name in names
        if name == rule.column or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said, re.IGNORECASE)
    )


def _same(column: Column, published: pa.Schema) -> bool:
    return column.name not in published.names or duck_type(published.field(column.name).type) == duckdb_type(column)


def _source(draft: Contract, published: pa.Schema, names: set[str], table: str) -> str:
    """The published rows as the draft types them. Instants are plain UTC ones there, as in the split."""
    shown = [DELIVERY, LINE]
    for column in (one for one in draft.columns if one.name in names):
        name, kind = quote_identifier(column.name), duckdb_type(column)
        value = name
        if column.name not in published.names:
            value = f"CAST(NULL AS {kind})"
        elif not _same(column, published):
            value = f"TRY_CAST({name} AS {kind})"
            shown.append(f"{name} IS NOT NULL AS {quote_identifier(column.name + '__was')}")
        if column.type == "timestamp":
            value = f"make_timestamp(epoch_us({value}))"
        shown.append(f"{value} AS {name}")
    return f"SELECT {', '.join(shown)} FROM {table}"


def _count(questions: Sequence[_Question], source: str, ask: Any) -> tuple[int, int]:
    """Count what each rule catches; the rows of the table, and its version."""
    rows, version = 0, 0
    for some in _portions(questions) or [[]]:
        judged = ", ".join(["1 AS _one", *(f"{one.fails} AS _r{at}" for at, one in enumerate(some))])
        counts = ", ".join(f"count(*) FILTER (WHERE _r{at}) AS _r{at}" for at in range(len(some)))
        [found], version = ask(
            f"SELECT count(*) AS _rows{counts and ', '}{counts} FROM (SELECT {judged} FROM ({source}))", 1
        )
        rows = found["_rows"]
        for at, one in enumerate(some):
            one.caught.count = found[f"_r{at}"]
    return rows, version


def _look(ground: Ground, questions: Sequence[_Question], source: str, ask: Any, most: int) -> None:
    for some in _portions(questions) if most else []:
        parts = []
        for at, one in enumerate(some):
            pairs = ", ".join(f"{literal(name)}, CAST({quote_identifier(name)} AS VARCHAR)" for name in one.columns)
            seen = f"json_object({pairs})::VARCHAR AS _seen, {one.fails} AS _fails"
            judged = f"SELECT {DELIVERY}, {LINE}, {seen} FROM ({source})"
            parts.append(f"(SELECT {at} AS _rule, {DELIVERY}, {LINE}, _seen FROM ({judged}) WHERE _fails LIMIT {most})")
        rows, _ = ask(f"{' UNION ALL '.join(parts)} ORDER BY _rule, {DELIVERY}, {LINE}", most * len(some))
        numbers = {row[DELIVERY] for row in rows}
        with read(ground.engine) as connection:
            found = connection.execute(
                sa.select(delivery.c.number, delivery.c.id).where(delivery.c.number.in_(numbers))
            )
            ids = {row.number: row.id for row in found}
        for row in rows:
            place = filled(_PLACE, row[LINE] or 0)
            sample = Sample(ids.get(row[DELIVERY], "?"), place, json.loads(row["_seen"]))
            some[row["_rule"]].caught.samples.append(sample)


def _portions(questions: Sequence[_Question]) -> list[list[_Question]]:
    """The questions in groups that fit one query."""
    groups: list[list[_Question]] = []
    length = _LENGTH
    for one in questions:
        length += len(one.fails) + 200
        if length > _LENGTH:
            groups.append([])
            length = len(one.fails)
        groups[-1].append(one)
    return groups
