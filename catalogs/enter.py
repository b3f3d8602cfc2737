"""Into the register: a city goes from its folder into the database, which then is the truth.

Registering is one transaction: what changed and the ledger entries that say so are durable together or not at all.
Registering again changes only what changed: a resource whose content is the same keeps its version. What the folder no
longer holds stays registered and is named in the result: withdrawing is an act of its own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.city import load_city
from catalogs.model import City, Department, Domain, Person, Resource, Unit
from catalogs.own_city import SAMPLE, is_sample
from catalogs.tables import CITY, DEPARTMENT, ITEM, PERSON, RESOURCE, RESOURCE_VERSION, UNIT
from infra.crypto import sha256_hex
from infra.database import lock, write
from infra.errors import WrongUse
from infra.ground import Ground
from infra.language import Text
from infra.ledger import Act, NewEntry


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration did. `absent` are registered resources that the folder no longer holds."""

    city: str
    units: int
    departments: int
    people: int
    resources: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    absent: tuple[str, ...]


def plain(value: Unit | Department | Resource | Person | Domain) -> dict[str, Any]:
    """The value as plain JSON, sets in order: equal values give equal text."""
    # By way of JSON, so that it equals what the database gives back: to_builtins keeps tuples.
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value, order="sorted"))
    return found


def digest(value: Mapping[str, Any]) -> str:
    """SHA-256 of the plain form, in hexadecimal."""
    return sha256_hex(json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())


def register_city(ground: Ground, folder: Path, actor: str) -> Registered:
    """Registers the city in `folder`, recorded in the ledger in the same transaction.

    Raises:
        Refused: CATALOG_FAULTY with every fault of the folder; nothing is registered.
        WrongUse: CATALOG_NO_CITY; CATALOG_OTHER_CITY when the database holds another city.
        Unavailable: DATABASE_….
    """
    city = load_city(folder)
    with write(ground.engine) as connection:
        lock(connection, "catalogs")
        _one_city(connection, city)
        touched = _put_city(connection, city, folder)
        touched |= _put_all(connection, UNIT, city.units, _unit_row)
        touched |= _put_all(connection, DEPARTMENT, city.departments, _department_row)
        new_people = _put_people(connection, city.people)
        added, changed = _put_resources(connection, ground, city.resources, actor)
        known = {row.id for row in connection.execute(sa.select(RESOURCE.c.id))}
        done = Registered(
            city=city.id,
            units=len(city.units),
            departments=len(city.departments),
            people=len(city.people),
            resources=len(city.resources),
            added=tuple(added),
            changed=tuple(changed),
            absent=tuple(sorted(known - {resource.id for resource in city.resources})),
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


def _one_city(connection: Connection, city: City) -> None:
    other = connection.execute(sa.select(CITY.c.id).where(CITY.c.id != city.id)).scalar()
    if other is not None:
        raise WrongUse(
            "CATALOG_OTHER_CITY",
            f"数据库中已登记城市 {other}，不能再登记 {city.id}",
            f"the database holds the city {other}; {city.id} cannot be registered beside it",
            remedy=Text("为该城市另设 HUB_HOME 或 HUB_DATABASE", "give that city its own HUB_HOME or HUB_DATABASE"),
        )


def _put_city(connection: Connection, city: City, folder: Path) -> bool:
    body = {
        SAMPLE: is_sample(folder),
        "timezone": city.timezone,
        "language": city.language,
        **({"coordinates": str(city.coordinates)} if city.coordinates else {}),
        "domains": [plain(domain) for domain in city.domains],
    }
    row = {"id": city.id, "name_zh": city.name.zh, "name_en": city.name.en, "body": body}
    return _put(connection, CITY, [row]) > 0


def _unit_row(unit: Unit, position: int) -> dict[str, Any]:
    return {
        "id": unit.id,
        "position": position,
        "name_zh": unit.name.zh,
        "name_en": unit.name.en,
        "kind": str(unit.kind),
        "gbt2260_code": unit.gbt2260_code,
        "stat_code": unit.stat_code,
        "parent": unit.parent,
        "body": plain(unit),
    }


def _department_row(department: Department, position: int) -> dict[str, Any]:
    return {
        "id": department.id,
        "position": position,
        "unit": department.unit,
        "name_zh": department.name.zh,
        "name_en": department.name.en,
        "kind": str(department.kind),
        "uscc": department.uscc,
        "body": plain(department),
    }


def person_row(person: Person) -> dict[str, Any]:
    """The row of a person."""
    return {
        "id": person.id,
        "name": person.name,
        "unit": person.unit,
        "department": person.department,
        "clearance": int(person.clearance),
        "local": person.local,
        "body": plain(person),
    }


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
    for row in differing:
        connection.execute(sa.update(table).where(table.c.id == row["id"]).values(row))
    return len(new) + len(differing)


def _put_people(connection: Connection, people: Sequence[Person]) -> list[Person]:
    old = {row.id: row.body for row in connection.execute(sa.select(PERSON.c.id, PERSON.c.body))}
    touched = [person for person in people if old.get(person.id) != plain(person)]
    _put(connection, PERSON, [person_row(person) for person in touched])
    return touched


def _put_resources(
    connection: Connection, ground: Ground, found: Sequence[Resource], actor: str
) -> tuple[list[str], list[str]]:
    old = {
        row.id: (row.version, row.digest)
        for row in connection.execute(sa.select(RESOURCE.c.id, RESOURCE.c.version, RESOURCE.c.digest))
    }
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
    rows = [_resource_row(each, versions[each.id], digests[each.id], now, bodies[each.id]) for each in differing]
    new = [row for row in rows if row["id"] not in old]
    changed = [row for row in rows if row["id"] in old]
    if new:
        connection.execute(sa.insert(RESOURCE), new)
    for row in changed:
        connection.execute(sa.update(RESOURCE).where(RESOURCE.c.id == row["id"]).values(row))
        connection.execute(sa.delete(ITEM).where(ITEM.c.resource == row["id"]))
    connection.execute(sa.insert(ITEM), [row for resource in differing for row in _item_rows(resource)])
    history = [
        {
            "resource": row["id"],
            "version": row["version"],
            "digest": row["digest"],
            "registered_at": now,
            "entry": entry.number,
            "body": row["body"],
        }
        for row, entry in zip(rows, entries, strict=True)
    ]
    connection.execute(sa.insert(RESOURCE_VERSION), history)
    return [row["id"] for row in new], [row["id"] for row in changed]


def _resource_row(resource: Resource, version: int, sha256: str, now: datetime, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": resource.id,
        "unit": resource.unit,
        "domain": resource.domain,
        "provider": resource.provider,
        "title_zh": resource.title.zh,
        "title_en": resource.title.en,
        "data_format": str(resource.data_format),
        "update_frequency": str(resource.update_frequency),
        "sharing_attribute": str(resource.sharing_attribute),
        "openness": str(resource.openness),
        "grade": int(resource.grade),
        "example": resource.example,
        "item_count": len(resource.items),
        "version": version,
        "digest": sha256,
        "registered_at": now,
        "body": body,
    }


def _item_rows(resource: Resource) -> list[dict[str, Any]]:
    return [
        {
            "resource": resource.id,
            "name": item.name,
            "position": position,
            "zh": item.zh,
            "en": item.en,
            "type": str(item.type),
            "grade": int(item.grade),
            "personal": str(item.personal.kind) if item.personal else None,
            "sensitive": bool(item.personal and item.personal.sensitive),
            "identifier": str(item.identifier),
        }
        for position, item in enumerate(resource.items)
    ]
