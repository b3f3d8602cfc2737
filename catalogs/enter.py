"""Into the register: a city goes from its folder into the database, which then is the truth.

Registering is one transaction: what changed and the ledger entries that say so are durable together or not at all.
Registering again changes only what changed: a resource whose content is the same keeps its version. What the folder no
longer holds stays registered and is named in the result: withdrawing is an act of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.folder.city import load_city
from catalogs.life.disputes import decided, raise_disputes
from catalogs.lookup import in_force
from catalogs.own_city import SAMPLE, is_sample
from catalogs.personal.personal import Rejudged, differences
from catalogs.regrade.lowering import derive, guard
from catalogs.rows import department_row, digest, item_rows, person_row, plain, resource_row, unit_row
from catalogs.tables import CITY, DEPARTMENT, ITEM, PERSON, RESOURCE, RESOURCE_VERSION, UNIT
from catalogs.values.model import City, Person, Resource
from infra.database import lock, write
from infra.errors import Place, Refused, WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration did. `absent` are registered resources that the folder no longer holds.

    `rejudged` are items whose flag of personal information another edition makes, or another reading of it.
    """

    city: str
    units: int
    departments: int
    people: int
    resources: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    absent: tuple[str, ...]
    rejudged: tuple[Rejudged, ...] = ()


def register_city(ground: Ground, folder: Path, actor: str) -> Registered:
    """Registers the city in `folder`, recorded in the ledger in the same transaction.

    Raises:
        Refused: CATALOG_FAULTY with every fault of the folder; nothing is registered.
        WrongUse: CATALOG_NO_CITY; CATALOG_OTHER_CITY when the database holds another city.
        Unavailable: DATABASE_….
    """
    return enter_city(ground, load_city(folder), actor, sample=is_sample(folder))


def enter_city(ground: Ground, city: City, actor: str, *, sample: bool) -> Registered:
    """As `register_city`, of a city that was read and found without fault; `sample`: whether it is the sample city.

    Raises:
        Refused: CATALOG_CODE_TAKEN.
        WrongUse: CATALOG_OTHER_CITY.
        Unavailable: DATABASE_….
    """
    with write(ground.engine) as connection:
        lock(connection, "catalogs")
        _one_city(connection, city)
        touched = _put_city(connection, city, sample)
        touched |= _put_all(connection, UNIT, city.units, unit_row)
        touched |= _put_all(connection, DEPARTMENT, city.departments, department_row)
        new_people = _put_people(connection, city.people)
        added, changed = put_resources(connection, ground, city.resources, actor)
        known = {row.id for row in connection.execute(sa.select(RESOURCE.c.id).where(in_force()))}
        written = {*added, *changed}
        _find(connection, city.resources, written, renamed=touched)
        if written:
            raise_disputes(connection, ground, actor, [one for one in city.resources if one.id in written])
        done = Registered(
            city=city.id,
            units=len(city.units),
            departments=len(city.departments),
            people=len(city.people),
            resources=len(city.resources),
            added=tuple(added),
            changed=tuple(changed),
            absent=tuple(sorted(known - {resource.id for resource in city.resources})),
            rejudged=tuple(_rejudged(connection, city.resources, set(changed))),
        )
        entries = [
            NewEntry(
                Act.PERSON_REGISTERED, actor, "people", {"person": person.id, "digest": digest(plain(person))}, None
            )
            for person in new_people
        ]
        if touched or added or changed or new_people:
            entries.append(NewEntry(Act.CITY_REGISTERED, actor, city.id, _counts(done), None))
        ground.ledger.append(entries, connection=connection)
    return done


def _counts(done: Registered) -> dict[str, int]:
    """The act in numbers: the ids stand in an entry of each resource's own."""
    counts = {"units": done.units, "departments": done.departments, "people": done.people, "resources": done.resources}
    return counts | {"added": len(done.added), "changed": len(done.changed), "absent": len(done.absent)}


def _rejudged(connection: Connection, found: Sequence[Resource], changed: set[str]) -> Iterator[Rejudged]:
    """What became of the flags of the resources that got a new version."""
    for new in found:
        if new.id in changed and any(item.personal for item in new.items):
            query = sa.select(RESOURCE_VERSION.c.body).where(RESOURCE_VERSION.c.resource == new.id)
            old = connection.execute(query.order_by(RESOURCE_VERSION.c.version.desc()).limit(1).offset(1)).scalar_one()
            yield from differences(msgspec.convert(old, Resource), new)


def _one_city(connection: Connection, city: City) -> None:
    other = connection.execute(sa.select(CITY.c.id).where(CITY.c.id != city.id)).scalar()
    if other is not None:
        raise WrongUse(
            "CATALOG_OTHER_CITY",
            f"数据库中已登记城市 {other}，不能再登记 {city.id}",
            f"the database holds the city {other}; {city.id} cannot be registered beside it",
            remedy=Text("为该城市另设 HUB_HOME 或 HUB_DATABASE", "give that city its own HUB_HOME or HUB_DATABASE"),
        )


def _put_city(connection: Connection, city: City, sample: bool) -> bool:
    body = {
        SAMPLE: sample,
        "timezone": city.timezone,
        "language": city.language,
        **({"coordinates": str(city.coordinates)} if city.coordinates else {}),
        "domains": [plain(domain) for domain in city.domains],
    }
    row = {"id": city.id, "name_zh": city.name.zh, "name_en": city.name.en, "body": body}
    return _put(connection, CITY, [row]) > 0


def _put_all(connection: Connection, table: sa.Table, values: Sequence[Any], row: Any) -> bool:
    return _put(connection, table, [row(value, position) for position, value in enumerate(values)]) > 0


def _put(connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> int:
    """Inserts what is new and updates what differs; returns how many rows were touched."""
    names = [column.name for column in table.columns]
    old = {row.id: dict(zip(names, row, strict=True)) for row in connection.execute(sa.select(table))}
    new = [row for row in rows if row["id"] not in old]
    differing = [row for row in rows if row["id"] in old and old[row["id"]] != row]
    if new:
        connection.execute(sa.insert(table), new)
    _change(connection, table, differing)
    return len(new) + len(differing)


def _change(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Updates the rows by their ids, with one statement for all of them."""
    if rows:
        values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in rows[0] if name != "id"}
        change = sa.update(table).where(table.c.id == sa.bindparam("new_id")).values(values)
        connection.execute(change, [{f"new_{name}": value for name, value in row.items()} for row in rows])


def _put_people(connection: Connection, people: Sequence[Person]) -> list[Person]:
    old = {row.id: row.body for row in connection.execute(sa.select(PERSON.c.id, PERSON.c.body))}
    touched = [person for person in people if old.get(person.id) != plain(person)]
    _put(connection, PERSON, [person_row(person) for person in touched])
    return touched


def put_resources(
    connection: Connection, ground: Ground, found: Sequence[Resource], actor: str
) -> tuple[list[str], list[str]]:
    """Writes the next versions of resources inside the transaction that holds the lock `catalogs`; new and changed ids.

    Which of them is the lead source is as the authority settled it, where it did.

    Raises:
        Refused: CATALOG_CODE_TAKEN.
    """
    old = {
        row.id: (row.version, row.digest)
        for row in connection.execute(sa.select(RESOURCE.c.id, RESOURCE.c.version, RESOURCE.c.digest))
    }
    found = decided(connection, found)
    bodies = {resource.id: plain(resource) for resource in found}
    digests = {name: digest(body) for name, body in bodies.items()}
    differing = [resource for resource in found if old.get(resource.id, (0, ""))[1] != digests[resource.id]]
    if not differing:
        return [], []
    now = ground.now()
    versions = {resource.id: old.get(resource.id, (0, ""))[0] + 1 for resource in differing}
    entries = ground.ledger.append(
        [
            NewEntry(
                Act.RESOURCE_REGISTERED,
                actor,
                resource.id,
                {"version": versions[resource.id], "digest": digests[resource.id], "grade": resource.grade.id},
                None,
            )
            for resource in differing
        ],
        connection=connection,
    )
    rows = [resource_row(each, versions[each.id], digests[each.id], now, bodies[each.id]) for each in differing]
    new = [row for row in rows if row["id"] not in old]
    changed = [row for row in rows if row["id"] in old]
    _codes_free(connection, rows)
    guard(connection, differing, versions)
    if changed:
        # Two resources may exchange their codes: none stands in the other's way while they do.
        freed = sa.update(RESOURCE).where(RESOURCE.c.id == sa.bindparam("one")).values(code=None)
        gone = sa.delete(ITEM).where(ITEM.c.resource == sa.bindparam("one"))
        for cleared in (freed, gone):
            connection.execute(cleared, [{"one": row["id"]} for row in changed])
    if new:
        connection.execute(sa.insert(RESOURCE), new)
    _change(connection, RESOURCE, changed)
    derive(connection, differing)
    connection.execute(sa.insert(ITEM), [row for resource in differing for row in item_rows(resource)])
    history = [_version(row, entry.number, now) for row, entry in zip(rows, entries, strict=True)]
    connection.execute(sa.insert(RESOURCE_VERSION), history)
    return [row["id"] for row in new], [row["id"] for row in changed]


def _version(row: Mapping[str, Any], entry: int, now: datetime) -> dict[str, Any]:
    kept = {name: row[name] for name in ("version", "digest", "body")}
    return {"resource": row["id"], "registered_at": now, "entry": entry} | kept


def _find(connection: Connection, found: Sequence[Resource], written: set[str], *, renamed: bool) -> None:
    """Lays what was written into the index; all of them where a unit or a department may be called otherwise now."""
    from catalogs.find.index import update  # noqa: PLC0415 - arrays and dictionaries are for those who register

    gone = set(connection.execute(sa.select(RESOURCE.c.id).where(~in_force())).scalars())
    wanted = (resource for resource in found if renamed or resource.id in written)
    update(connection, [resource for resource in wanted if resource.id not in gone])


def _codes_free(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuses a code that a resource of the same provider holds which is not written in this act."""
    wanted = {(row["provider"], row["code"]): row["id"] for row in rows if row["code"] is not None}
    written = {row["id"] for row in rows}
    held = connection.execute(
        sa.select(RESOURCE.c.id, RESOURCE.c.provider, RESOURCE.c.code).where(RESOURCE.c.code.is_not(None))
    )
    taken = [row for row in held if row.id not in written and (row.provider, row.code) in wanted]
    if taken:
        raise Refused(
            "CATALOG_CODE_TAKEN",
            "资源代码已属于同一提供单位的其他资源",
            "another resource of the same provider has the code already",
            place=Place(dataset=wanted[taken[0].provider, taken[0].code]),
            reasons=[Text(f"{row.code}：{row.id}", f"{row.code}: {row.id}") for row in taken],
            remedy=Text("为新资源另编代码", "give the new resource a code of its own"),
        )
