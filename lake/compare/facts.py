"""What the register and the lake say of themselves, to be compared: a fixed number of queries, whatever the size."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.life.tables import WITHDRAWN
from catalogs.tables import ITEM, RESOURCE, RESOURCE_VERSION
from contracts.tables import VERSION
from lake.compare.rules import Held, Known, Stray
from lake.landing.unregistered import DATASET, UNKNOWN
from lake.tables import FINISHED, REPEATED, delivery, ticket

_LONGEST = 191  # of a dataset's id
_MOST_NAMED = 1000  # datasets that nobody registered; the rest is told of its unit
_NAMED = re.compile(r"^目录中没有登记数据资源“([a-z0-9_.]+)”")  # in the words of `lake.landing.unregistered`


def known(connection: Connection) -> list[Known]:
    """Every registered resource; `items` only of those with published data, for which alone they are compared."""
    first = RESOURCE_VERSION.alias("first")
    joined = RESOURCE.join(first, sa.and_(first.c.resource == RESOURCE.c.id, first.c.version == 1), isouter=True)
    joined = joined.join(WITHDRAWN, WITHDRAWN.c.resource == RESOURCE.c.id, isouter=True)
    query = sa.select(
        RESOURCE.c.id,
        RESOURCE.c.unit,
        RESOURCE.c.provider,
        RESOURCE.c.update_frequency,
        sa.func.coalesce(first.c.registered_at, RESOURCE.c.registered_at, type_=RESOURCE.c.registered_at.type),
        RESOURCE.c.registered_at,
        WITHDRAWN.c.at,
    )
    items = _items(connection)
    rows = connection.execute(query.select_from(joined).order_by(RESOURCE.c.id)).all()
    return [
        Known(id_, unit, provider, frequency, since, changed, items.get(id_, ()), gone)
        for id_, unit, provider, frequency, since, changed, gone in rows
    ]


def _items(connection: Connection) -> dict[str, tuple[tuple[str, str], ...]]:
    published = sa.select(delivery.c.dataset).where(delivery.c.state == FINISHED, delivery.c.dataset.is_not(None))
    query = sa.select(ITEM.c.resource, ITEM.c.name, ITEM.c.type).where(ITEM.c.resource.in_(published))
    rows = connection.execute(query.order_by(ITEM.c.resource, ITEM.c.position))
    return {
        dataset: tuple((name, kind) for _, name, kind in group) for dataset, group in groupby(rows, lambda row: row[0])
    }


def held(connection: Connection) -> dict[str, Held]:
    """Dataset → what came of it and what stands published."""
    stands = delivery.c.state == FINISHED
    came = delivery.c.state.in_((FINISHED, REPEATED))
    instant = delivery.c.arrived_at.type
    query = sa.select(
        delivery.c.dataset,
        sa.func.count(),
        sa.func.max(sa.case((stands, delivery.c.finished_at)), type_=instant),
        sa.func.max(sa.case((came, delivery.c.arrived_at)), type_=instant),
    )
    rows = connection.execute(query.where(delivery.c.dataset.is_not(None)).group_by(delivery.c.dataset)).all()
    columns = _columns(connection)
    return {dataset: Held(count, done, last, columns.get(dataset)) for dataset, count, done, last in rows}


def _columns(connection: Connection) -> dict[str, tuple[tuple[str, str], ...]]:
    """Dataset → the columns of the contract by which its newest standing delivery was published."""
    newest = (
        sa.select(sa.func.max(delivery.c.number).label("number"))
        .where(delivery.c.state == FINISHED, delivery.c.dataset.is_not(None))
        .group_by(delivery.c.dataset)
        .subquery()
    )
    by = sa.and_(VERSION.c.dataset == delivery.c.dataset, VERSION.c.version == delivery.c.contract_version)
    joined = delivery.join(newest, newest.c.number == delivery.c.number).join(VERSION, by)
    found = {}
    for dataset, body in connection.execute(sa.select(delivery.c.dataset, VERSION.c.body).select_from(joined)):
        columns = _promised(body)
        if columns is not None:
            found[dataset] = columns
    return found


def _promised(body: Mapping[str, Any]) -> tuple[tuple[str, str], ...] | None:
    """Names and types of a registered contract's columns; reading all of a contract would take a hundred times this."""
    try:
        return tuple((str(one["name"]), str(one["physicalType"])) for one in body["schema"][0]["properties"])
    except (KeyError, IndexError, TypeError):
        return None


def strays(connection: Connection, has: Mapping[str, Held], registered: Collection[str]) -> list[Stray]:
    """What came for no registered resource, since somebody last closed its unit's ticket of that."""
    closed = (
        sa.select(ticket.c.subject.label("unit"), sa.func.max(ticket.c.closed_at).label("at"))
        .where(ticket.c.cause == UNKNOWN, ticket.c.closed_at.is_not(None))
        .group_by(ticket.c.subject)
        .subquery()
    )
    unit = sa.func.coalesce(delivery.c.unit, "")
    instant = delivery.c.arrived_at.type
    query = (
        sa.select(unit, delivery.c.message_zh, sa.func.count(), sa.func.min(delivery.c.arrived_at, type_=instant))
        .select_from(delivery.join(closed, closed.c.unit == unit, isouter=True))
        .where(delivery.c.dataset.is_(None), delivery.c.code == UNKNOWN)
        .where(sa.or_(closed.c.at.is_(None), delivery.c.arrived_at > closed.c.at))
        .group_by(unit, delivery.c.message_zh)
    )
    found: dict[tuple[str, str], tuple[int, datetime]] = {}
    for of, message, count, since in connection.execute(query):
        named = _dataset(message)
        if named in registered:
            continue
        subject = named if named is not None and len(found) < _MOST_NAMED else of
        before = found.get((subject, of), (0, since))
        found[subject, of] = before[0] + count, min(before[1], since)
    gone = [(name, one) for name, one in has.items() if one.published is not None and name not in registered]
    for name, one in gone:
        if one.published is not None:
            found[name, name.split(".")[0]] = one.deliveries, one.published
    return [Stray(subject, of, count, since) for (subject, of), (count, since) in sorted(found.items())]


def _dataset(message: str | None) -> str | None:
    named = _NAMED.match(message or "")
    return named[1] if named and len(named[1]) <= _LONGEST and DATASET.fullmatch(named[1]) else None
