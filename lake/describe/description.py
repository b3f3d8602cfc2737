"""What is told of a dataset to a metadata catalogue, as plain values: from the register, never from the data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from catalogs.register import city, departments, resource, units
from catalogs.tables import CITY
from catalogs.values.model import Department, Item, Resource, Unit
from contracts.compile import compile as compile_contract
from contracts.model import Contract
from contracts.register import contract
from contracts.suite import Expectation, duckdb_type, suite
from infra.database import read
from infra.errors import Refused
from infra.ground import Ground
from infra.language import Text
from lake.query.mask import duck_type
from lake.store.delta import Tables
from lake.tables import FINISHED, delivery


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation: its rule, kind, sentence, column where it has one, and how it ended.

    `result` is kept, broken or error; None where it was not run. `unexpected` counts the records that broke it.
    """

    rule: str
    kind: str
    severity: str
    sentence: Text
    column: str | None
    result: str | None
    unexpected: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One delivery's way through the lake, in counts."""

    delivery: str
    at: datetime
    state: str
    version: int | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Described:
    """A dataset with all that surrounds it, and one delivery's way through the lake."""

    resource: Resource
    unit: Unit
    department: Department
    domain: Text
    contract: Contract
    checks: tuple[Check, ...]
    run: Run

    def item(self, column: str) -> Item | None:
        """The register's item behind a column."""
        return self.resource.item(column)

    def native_types(self) -> dict[str, str]:
        """Column → the type it has in DuckDB."""
        return {column.name: duckdb_type(column) for column in self.contract.columns}


@dataclass(frozen=True, slots=True)
class ExtractColumn:
    """A column of an extract: from which items it was made, and how; `native` is its type in DuckDB."""

    name: str
    native: str
    sources: tuple[str, ...]
    method: str


@dataclass(frozen=True, slots=True)
class ExtractDescription:
    """What is told of an extract: no value, and no receiver. `resource` is the one it was made from, if still there."""

    extract: str
    dataset: str
    resource: Resource | None
    source_version: int
    rows: int
    at: datetime
    columns: tuple[ExtractColumn, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the register with what surrounds it; `published` tells whether data of it stands."""

    resource: Resource
    unit: Unit
    department: Department
    domain: Text
    published: bool


def gather_entry(ground: Ground, dataset: str) -> Entry | None:
    """All that is known around an entry; None when it is not registered."""
    stands = sa.select(delivery.c.number).where(delivery.c.dataset == dataset, delivery.c.state == FINISHED).limit(1)
    try:
        registered = resource(ground.engine, dataset)
    except Refused:
        return None
    with read(ground.engine) as connection:
        published = connection.execute(stands).first() is not None
        body = connection.execute(sa.select(CITY.c.body)).scalar() or {}
    names = {one["id"]: one["name"] for one in body.get("domains", ())}
    name = names.get(registered.domain, {"zh": registered.domain, "en": registered.domain})
    return Entry(
        registered,
        next(one for one in units(ground.engine) if one.id == registered.unit),
        next(one for one in departments(ground.engine) if one.id == registered.provider),
        Text(name["zh"], name["en"]),
        published,
    )


def gather_extract(ground: Ground, extract: str, payload: Mapping[str, Any], at: datetime) -> ExtractDescription:
    """All that is known of an extract.

    Args:
        ground: the register and the store.
        extract: its id.
        payload: of the outbox row: dataset, source_version, table (its key), rows, columns (names), unchanged (names),
            methods (each with items, columns and a sentence `en`).
        at: when it was issued.
    """
    try:
        registered = resource(ground.engine, payload["dataset"])
    except Refused:
        registered = None
    try:
        schema = {one.name: duck_type(one.type) for one in Tables(ground.store).snapshot(payload["table"]).schema}
    except Refused:
        schema = {}  # expired meanwhile: it is told all the same
    made = {name: (tuple(one["items"]), str(one["en"])) for one in payload["methods"] for name in one["columns"]}
    made |= {name: ((name,), "unchanged") for name in payload["unchanged"]}
    columns = tuple(
        ExtractColumn(name, schema.get(name, "VARCHAR"), *made.get(name, ((), ""))) for name in payload["columns"]
    )
    return ExtractDescription(
        extract, payload["dataset"], registered, payload["source_version"], payload["rows"], at, columns
    )


def gather(ground: Ground, payload: Mapping[str, Any]) -> Described | None:
    """All that is known around a delivery; None when its dataset or contract is not registered.

    Args:
        ground: the register and the contracts.
        payload: of the outbox row: dataset, delivery, state, version, counts, audit, contract_version, at.
    """
    try:
        registered = resource(ground.engine, payload["dataset"])
        promised = contract(ground.engine, registered.id, payload.get("contract_version"))
    except Refused:
        return None
    whole = city(ground.engine)
    at = datetime.fromisoformat(payload["at"])
    domain = next((one.name for one in whole.domains if one.id == registered.domain), None)
    return Described(
        registered,
        next(unit for unit in whole.units if unit.id == registered.unit),
        next(one for one in whole.departments if one.id == registered.provider),
        domain or Text(registered.domain, registered.domain),
        promised,
        _checks(suite(compile_contract(promised), at), payload.get("audit")),
        Run(
            payload["delivery"],
            at,
            payload["state"],
            payload.get("version"),
            {name: int(payload.get(name) or 0) for name in ("read", "published", "quarantined", "duplicates")},
        ),
    )


def _checks(expectations: tuple[Expectation, ...], audit: Mapping[str, Any] | None) -> tuple[Check, ...]:
    broken = {one["rule"]: one for one in [*audit["failed"], *audit["warnings"]]} if audit else {}
    return tuple(_check(one, broken.get(one.rule_id), ran=audit is not None) for one in expectations)


def _check(one: Expectation, broken: Mapping[str, Any] | None, *, ran: bool) -> Check:
    result = None if not ran else "kept" if broken is None else "error" if broken["error"] else "broken"
    count = broken["count"] if broken else None
    return Check(one.rule_id, one.type, one.severity, one.sentence, one.kwargs.get("column"), result, count)
