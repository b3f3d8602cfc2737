"""What the national guide and the platforms add to the nine fields, out of YAML: see `catalogs.values.model`."""

import re
from typing import Any

from catalogs.folder.fields import Fields
from catalogs.values.model import Census, Impact, ImpactDegree, ImpactObject, Level, Openness, Secrecy
from catalogs.values.model import SharingAttribute as Attribute
from catalogs.values.model import UpdateFrequency as Frequency

_DEPARTMENT = re.compile(r"[a-z][a-z0-9_]{0,62}")
_DEPARTMENT_SAID = ("已登记部门的编号", "the id of a registered department")


def resource_further(fields: Fields) -> dict[str, Any]:
    """The further metadata of a resource, by the names of `Resource`."""

    def text(key: str, longest: int = 1000) -> str | None:
        return fields.text(key, required=False, longest=longest)

    return {
        "code": text("code", 64),
        "aliases": fields.texts("aliases"),
        "openness_conditions": fields.both("openness_conditions", required=False),
        "level": fields.word("level", Level, required=False),
        "related": fields.texts("related"),
        "service_item": text("service_item"),
        "scenario": text("scenario"),
        "field": text("field", 200),
        "certificate": bool(fields.flag("certificate")),
        "system": text("system", 200),
        "ownership": text("ownership", 200),
        "management": text("management", 200),
        "generation": text("generation", 200),
        "link": text("link"),
        "published_on": fields.date("published_on"),
        "not_updated_reason": text("not_updated_reason"),
        "not_published_reason": text("not_published_reason"),
        "census": _census(fields),
        "return_flow": bool(fields.flag("return_flow")),
        "secrecy": fields.word("secrecy", Secrecy, required=False) or Secrecy.NONE,
        "format_type": text("format_type", 80),
        "impacts": _impacts(fields),
        "derived_from": fields.texts("derived_from"),
    }


def item_further(fields: Fields) -> dict[str, Any]:
    """What an item overrides or adds, by the names of `Item`."""
    return {
        "length": fields.text("length", required=False, longest=40),
        "sharing_attribute": fields.word("sharing_attribute", Attribute, required=False),
        "openness": fields.word("openness", Openness, required=False),
        "update_frequency": fields.word("update_frequency", Frequency, required=False),
        "not_shared_reason": fields.text("not_shared_reason", required=False),
        "department": fields.form("department", _DEPARTMENT, _DEPARTMENT_SAID, required=False),
        "origin": fields.text("origin", required=False),
        "secrecy": fields.word("secrecy", Secrecy, required=False) or Secrecy.NONE,
        "impacts": _impacts(fields),
    }


def _impacts(fields: Fields) -> tuple[Impact, ...]:
    found = []
    for inner in fields.children("impacts", required=False):
        harmed, degree = inner.word("object", ImpactObject), inner.word("degree", ImpactDegree)
        inner.finish()
        if harmed and degree:
            found.append(Impact(harmed, degree))
    return tuple(found)


def _census(fields: Fields) -> Census | None:
    inner = fields.child("census", required=False)
    if inner is None:
        return None
    storage, shared, open_ = (inner.number(key) for key in ("storage_gb", "shared_gb", "open_gb"))
    counts = [_count(inner, key) for key in ("records", "shared_records", "open_records")]
    inner.finish()
    return Census(storage, counts[0], shared, counts[1], open_, counts[2])


def _count(fields: Fields, key: str) -> int | None:
    value = fields.number(key)
    if value is not None and value != int(value):
        fields.note("CATALOG_NUMBER", f"{key} 应为整数", f"{key} must be a whole number", key=key)
        return None
    return None if value is None else int(value)
