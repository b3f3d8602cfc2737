"""The register's values as rows and as plain JSON, with the digest that the ledger and the versions keep."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any

import msgspec

from catalogs.values.model import Department, Domain, Item, Person, Resource, Unit
from catalogs.values.word import Word
from infra.crypto import sha256_hex


def plain(value: Unit | Department | Resource | Person | Domain) -> dict[str, Any]:
    """The value as plain JSON, sets in order: equal values give equal text."""
    # By way of JSON, so that it equals what the database gives back: to_builtins keeps tuples.
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value, order="sorted"))
    if isinstance(value, Resource):
        found = _said(found, Resource)
        found["items"] = [_said(item, Item) for item in found["items"]]
    return found


_FIRST = {
    Resource: frozenset({"example", "source", "lead_source"}),
    Item: frozenset({"aliases", "unit_of_measure", "crs", "personal", "identifier", "content", "summary"}),
}
"""What the first edition of a body held stands in every body, so that its digest stays what the ledger says."""


def _said(body: dict[str, Any], kind: type[Resource | Item]) -> dict[str, Any]:
    """The body without later fields that hold no more than their default."""
    later = [each for each in fields(kind) if each.default is not MISSING and each.name not in _FIRST[kind]]
    silent = {each.name for each in later if body[each.name] == _plain_default(each.default)}
    return {key: value for key, value in body.items() if key not in silent}


def _plain_default(value: object) -> object:
    return [] if value == () else str(value) if isinstance(value, Word) else value


def digest(value: Mapping[str, Any]) -> str:
    """SHA-256 of the plain form, in hexadecimal."""
    return sha256_hex(json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())


def unit_row(unit: Unit, position: int) -> dict[str, Any]:
    """The row of a unit."""
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


def department_row(department: Department, position: int) -> dict[str, Any]:
    """The row of a department."""
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


def resource_row(resource: Resource, version: int, sha256: str, now: datetime, body: dict[str, Any]) -> dict[str, Any]:
    """The row of a resource."""
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
        "code": resource.code,
        "level": None if resource.level is None else str(resource.level),
    }


def item_rows(resource: Resource) -> list[dict[str, Any]]:
    """The rows of its items."""
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
