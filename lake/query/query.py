"""The guarded question: one SELECT of a person over the lake, masked by clearance, limited, recorded first.

Promises:
- what `lake.query.guard` refuses never runs; what runs has a process of its own, a closed file system but for the
  snapshot's own files, a locked configuration, and limits on memory, threads, spilling, time, rows and bytes that no
  single call of a function can break (`lake.query.child`);
- columns above the reader's clearance are empty inside the views (`lake.query.mask`);
- the read stands in the ledger before the first row is fetched: datasets, versions, the columns that the query may have
  read, and a keyed digest of its text, never the text, which may hold a person's data;
- an error tells neither a path nor a value of the data.
"""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from catalogs.own_city import own_city
from catalogs.permission.decide import city_policy, decide
from catalogs.register import listing, resource
from catalogs.values.model import Person
from infra.crypto import mac
from infra.errors import Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, EntryRef, NewEntry
from infra.settings import load
from lake.query import engine as query_engine
from lake.query import guard, mask
from lake.records.tombstones import refuse_lost
from lake.store.delta import Tables, curated_key

KEY = "query-digest"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question.

    Attributes:
        sql: its text.
        as_of: a version, for a query of one dataset, or an instant.
        limit, timeout: its own limits, never above the settings'.
        purpose: what the policy may ask for: a duty of the reader.
        export: the answer goes to a file or a program, not to a person's screen: the policy may judge that differently.
    """

    sql: str
    as_of: int | datetime | None = None
    limit: int | None = None
    timeout: float | None = None
    purpose: str | None = None
    export: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The answer.

    Attributes:
        columns: names, as the query gives them.
        rows: the values, one Arrow table; instants in UTC.
        versions: dataset → version read.
        masked: "dataset/column" of every hidden column that the query may have asked for.
        notes: what the reader should know.
        truncated: there were more rows than the limit.
        ledger: the entry of this read; None when it read no dataset.
    """

    columns: tuple[str, ...]
    rows: pa.Table
    versions: dict[str, int]
    masked: tuple[str, ...]
    notes: tuple[Text, ...]
    truncated: bool
    ledger: EntryRef | None


def query(ground: Ground, reader: Person, asked: Asked | str) -> Result:
    """Ask the lake.

    Raises:
        WrongUse: `QUERY_…` when the text may not be run, or does not fit the tables.
        Refused: `QUERY_UNKNOWN_TABLE`, `QUERY_DENIED`, `QUERY_TIMEOUT`, `QUERY_TOO_LARGE`, `QUERY_MEMORY`,
            `LAKE_TABLE_UNKNOWN`, `LAKE_TABLE_VERSION`, `LAKE_VERSION_PURGED`.
    """
    question = Asked(asked) if isinstance(asked, str) else asked
    settings = load(query_engine.QuerySettings, ground.environ)
    seconds = min(question.timeout or settings.seconds, settings.seconds)
    limit = min(settings.rows if question.limit is None else max(question.limit, 0), settings.rows)
    with query_engine.started() as engine:
        checked = guard.check(question.sql)
        plan = _plan(ground, reader, checked, question)
        with ground.scratch() as scratch:
            engine.prepare(query_engine.job(ground, plan, checked, scratch, settings, limit), seconds)
            entry = _record(ground, reader, question, checked, plan)
            rows, truncated = engine.fetch(limit)
    masked = tuple(
        f"{one.resource.id}/{name}"
        for one in plan.sources
        for name in one.columns
        if name in one.hidden and (checked.star or name.casefold() in checked.columns)
    )
    versions = {one.resource.id: one.snapshot.version for one in plan.sources}
    return Result(tuple(rows.schema.names), rows, versions, masked, plan.notes, truncated, entry)


def _plan(ground: Ground, reader: Person, checked: guard.Checked, question: Asked) -> mask.Plan:
    views: dict[guard.Relation, tuple[mask.Source, ...]] = {}
    notes: list[Text] = []
    tables = Tables(ground.store)
    known = listing(ground.engine) if checked.relations else []
    for relation in checked.relations:
        ids = mask.candidates(relation, known)
        if isinstance(question.as_of, int) and (len(ids) > 1 or len(checked.relations) > 1):
            raise WrongUse(
                "QUERY_AS_OF",
                "版本号只能用于单个数据集，多个数据集请用时间",
                "a version belongs to one dataset; give a time for several",
            )
        found: list[mask.Source] = []
        for dataset in ids:
            try:
                found.append(_source(ground, reader, tables, dataset, question))
            except Refused as error:
                if relation.schema != mask.CITY or len(ids) == 1:
                    raise
                notes.append(_left_out(dataset, error.text))
        kept, others = mask.same_shape(found)
        different = Text("字段与其他单位不同", "its columns differ from those of the other units")
        notes += [_left_out(one.resource.id, different) for one in others]
        if not kept:
            raise Refused(
                "QUERY_DENIED", f"{relation} 中没有可查询的数据集", f"nothing in {relation} may be queried by you"
            )
        views[relation] = tuple(kept)
    return mask.Plan(views, tuple(notes))


def _left_out(dataset: str, why: Text) -> Text:
    return Text(f"未包括 {dataset}：{why.zh}", f"{dataset} is left out: {why.en}")


def _source(ground: Ground, reader: Person, tables: Tables, dataset: str, question: Asked) -> mask.Source:
    registered = resource(ground.engine, dataset)
    context = {"purpose": question.purpose}
    act, policy = "export" if question.export else "query", city_policy(own_city(ground))
    decision = decide(reader, act, registered, context, policy=policy)
    if not decision.allowed:
        readable = question.export and decide(reader, "query", registered, context, policy=policy).allowed
        raise mask.denied(registered, decision, readable=readable)
    as_of = question.as_of
    version, at = (as_of, None) if isinstance(as_of, int) else (None, as_of)
    try:
        snapshot = tables.snapshot(curated_key(dataset), version=version, at=at)
    except Refused as error:
        if error.code == "LAKE_TABLE_UNKNOWN":
            raise Refused(
                "QUERY_NO_DATA", f"{dataset} 尚未发布数据", f"nothing of {dataset} is published yet"
            ) from None
        raise
    refuse_lost(ground.engine, dataset, snapshot.version)
    return mask.source(registered, snapshot, decision)


def _record(
    ground: Ground, reader: Person, question: Asked, checked: guard.Checked, plan: mask.Plan
) -> EntryRef | None:
    if not plan.sources:
        return None
    read = [
        {
            "dataset": one.resource.id,
            "version": one.snapshot.version,
            "columns": [
                name
                for name in one.columns
                if name not in one.hidden and (checked.star or name.casefold() in checked.columns)
            ],
        }
        for one in plan.sources
    ]
    # Without end: the digest must be comparable as long as the entry stands.
    digest = mac(ground.keys.current(KEY, life=None), question.sql.encode("utf-8", "surrogatepass")).hex()
    content = {"tables": read, "query": digest, "purpose": question.purpose, "export": question.export}
    subject = plan.sources[0].resource.id if len(plan.sources) == 1 else "city"
    return ground.ledger.append([NewEntry(Act.TABLE_READ, reader.id, subject, content)])[0]
