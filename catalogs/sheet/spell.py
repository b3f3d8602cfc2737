"""A resource and its items as the cells of a form: what `catalogs.sheet.build` reads back as the same."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from catalogs.sheet.build import PLAIN
from catalogs.sheet.values import joined
from catalogs.values.model import Department, Domain, Impact, Item, Resource, Text
from catalogs.values.word import Word
from catalogs.values.words import GuideType, IdentifierRole, ItemType, Openness, Secrecy, format_class

Value = str | int | float | date | None
_CENSUS = ("storage_gb", "records", "shared_gb", "shared_records", "open_gb", "open_records")
_TYPES = {
    ItemType.STRING: GuideType.CHARACTER,
    ItemType.DECIMAL: GuideType.NUMERIC,
    ItemType.NUMBER: GuideType.DOUBLE,
    ItemType.INTEGER: GuideType.INTEGER,
    ItemType.DATE: GuideType.DATE,
    ItemType.TIMESTAMP: GuideType.TIME,
    ItemType.BOOLEAN: GuideType.LOGICAL,
    ItemType.JSON: GuideType.GENERAL,
}
_CLASSES = {"1": "基础信息资源", "2": "主题信息资源", "3": "部门信息资源"}


def resource_cells(
    resource: Resource, departments: Mapping[str, Department], domains: Mapping[str, Domain]
) -> dict[str, Value]:
    """The cells of a resource by the keys of columns; what says nothing is left out."""
    provider, conditions, basis = departments.get(resource.provider), resource.conditions, resource.conditions.basis
    domain = domains.get(resource.domain)
    found: dict[str, Value] = {
        **{key: getattr(resource, key) for key in PLAIN},
        **_both("title", resource.title),
        **_both("summary", resource.summary),
        **_both("openness_conditions", resource.openness_conditions),
        "provider": provider.name.zh if provider else resource.provider,
        "uscc": provider.uscc if provider else None,
        "id": resource.id,
        "domain": domain.name.zh if domain else resource.domain,
        "data_format": _word(resource.data_format),
        "format_class": _word(format_class(resource.data_format)),
        "format_type": resource.format_type,
        "update_frequency": _word(resource.update_frequency),
        "sharing_attribute": _word(resource.sharing_attribute),
        "sharing_mode": "、".join(mode.text.zh for mode in resource.sharing_mode),
        "classification.industry": resource.classification.industry,
        "classification.business": resource.classification.business,
        "classification.grade": resource.grade.text.zh,
        "openness": _word(resource.openness),
        "aliases": joined(resource.aliases),
        "related": joined(resource.related),
        "level": _word(resource.level),
        "published_on": resource.published_on,
        "secrecy": _word(resource.secrecy if resource.secrecy is not Secrecy.NONE else None),
        "impacts": _impacts(resource.impacts),
    }
    for key in ("scope", "purpose", "other", "reason"):
        found |= _both(f"conditions.{key}", getattr(conditions, key))
    if basis is not None:
        found |= {"conditions.basis.kind": _word(basis.kind), "conditions.basis.title": basis.title}
        found["conditions.basis.article"] = basis.article
    for key in ("certificate", "lead_source", "return_flow", "example"):
        found[key] = "是" if getattr(resource, key) else None
    for key in _CENSUS:
        found[f"census.{key}"] = _number(getattr(resource.census, key)) if resource.census else None
    found |= _of_vendor(resource)
    return {key: value for key, value in found.items() if value not in (None, "")}


def _of_vendor(resource: Resource) -> dict[str, Value]:
    third, _, fourth = resource.classification.business.partition("/")
    return {
        "class1": _CLASSES.get((resource.code or " ")[0]),
        "class2": resource.classification.industry,
        "class3": third,
        "class4": fourth,
        "is_open": "否" if resource.openness is Openness.CLOSED else "是",
    }


def item_cells(item: Item, departments: Mapping[str, Department]) -> dict[str, Value]:
    """The cells of an item by the keys of columns."""
    personal, department = item.personal, departments.get(item.department or "")
    found: dict[str, Value] = {
        "zh": item.zh,
        "en": item.en if item.en != item.zh else None,
        "type": f"{_TYPES[item.type].text.zh}{_TYPES[item.type]}" if item.type in _TYPES else item.type.text.zh,
        "grade": item.grade.text.zh,
        **{key: getattr(item, key) for key in ("name", "length", "unit_of_measure", "not_shared_reason", "origin")},
        "aliases": joined(item.aliases),
        "crs": _word(item.crs),
        "identifier": _word(item.identifier if item.identifier is not IdentifierRole.NONE else None),
        "content": "、".join(one.text.zh for one in sorted(item.content)),
        **_both("summary", item.summary),
        **{key: _word(getattr(item, key)) for key in ("sharing_attribute", "openness", "update_frequency")},
        "department": department.name.zh if department else item.department,
        "secrecy": _word(item.secrecy if item.secrecy is not Secrecy.NONE else None),
        "impacts": _impacts(item.impacts),
    }
    if personal is not None:
        found |= {"personal.class": _word(personal.kind), "personal.sensitive": "是" if personal.sensitive else "否"}
        found["personal.edition"] = _word(personal.edition)
    return {key: value for key, value in found.items() if value not in (None, "")}


def _word(word: Word | None) -> str | None:
    return None if word is None else word.text.zh


def _both(key: str, text: Text | None) -> dict[str, Value]:
    if text is None:
        return {}
    return {key: text.zh, f"{key}_en": text.en if text.en != text.zh else None}


def _impacts(impacts: tuple[Impact, ...]) -> str:
    return "；".join(f"{one.object.text.zh}:{one.degree.text.zh}" for one in impacts)


def _number(value: Any) -> Value:
    """A number as a number where that keeps it whole, else as its text."""
    if isinstance(value, Decimal):
        return float(value) if Decimal(repr(float(value))) == value else format(value, "f")
    return int(value) if value is not None else None
