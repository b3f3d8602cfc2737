"""The draft as documents: the contract (ODCS) and the resource of the catalogue, as they stand in YAML.

Both are drafts: the resource says what nobody has decided in the safest words (shared under conditions that are still
to be named, not open), and the contract's rules over values warn.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.infer.draft import Draft, Drafted
from contracts.infer.rules import Suggested
from contracts.odcs import API_VERSION
from contracts.parse import LOGICAL
from infra.text import fold

VERSION = "1.0.0"
_TO_DO = {"zh": "草稿：待提供单位确认", "en": "draft: the provider has yet to say"}
_SENTENCES: Mapping[str, tuple[str, str]] = {
    "range": ("第{line}行“{column}”超出以往的范围。", "Line {line}: “{column}” is beyond what was seen so far."),
    "enumeration": (
        "第{line}行“{column}”不在以往的取值中。",
        "Line {line}: “{column}” is none of the values seen so far.",
    ),
    "pattern": ("第{line}行“{column}”的写法与以往不同。", "Line {line}: “{column}” is not written as it was so far."),
}
_DIMENSIONS = {"range": "conformity", "enumeration": "conformity", "pattern": "conformity"}
_SPARSE = {"json", "jsonl", "geojson", "yaml"}  # a record without a value need not name the key
_FORMATS = {"ods": "xlsx", "xlsb": "xlsx", "et": "xls"}
# By the last part of what a file states: `urn:ogc:def:crs:OGC:1.3:CRS84` as well as `EPSG:4326`.
_CRS = {"4490": "CGCS2000", "4480": "CGCS2000", "4326": "WGS84", "4979": "WGS84", "CRS84": "WGS84", "3395": "EPSG:3395"}
# Their projections: CGCS2000 in Gauss-Krüger zones, WGS84 in UTM zones and as web maps have it.
_PROJECTED = ((range(4491, 4555), "CGCS2000"), (range(32601, 32761), "WGS84"), (range(3857, 3858), "WGS84"))


@dataclass(frozen=True, slots=True)
class About:
    """What a file does not say of itself.

    Attributes:
        dataset: the dataset's id.
        zh: its title; `en` the English one.
        provider: the department that provides it.
        format: the format that was read.
        reading: hints for the reader that differ from what it does by itself.
    """

    dataset: str
    zh: str
    en: str
    provider: str
    format: str
    reading: Mapping[str, Any]


def contract_document(draft: Draft, about: About) -> dict[str, Any]:
    """The contract's ODCS document."""
    _, domain, name = about.dataset.split(".")
    customs: list[dict[str, Any]] = [_custom("cityhub.mode", draft.mode)]
    if draft.key:
        scope = "table" if draft.mode == "append" else "delivery"
        value: dict[str, Any] = {"key": list(draft.key)}
        value |= (
            {"wins": "last"} if draft.mode == "upsert" else {"wins": "first", "scope": scope, "conflict": "quarantine"}
        )
        customs.append(_custom("cityhub.duplicates", value))
    if about.reading:
        customs.append(_custom("cityhub.reading", dict(about.reading)))
    return {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": about.dataset,
        "name": about.zh,
        "version": VERSION,
        "status": "draft",
        "domain": domain,
        "dataProduct": about.dataset,
        "customProperties": [_custom("cityhub.english", about.en)],
        "schema": [
            {
                "name": name,
                "physicalName": about.dataset.replace(".", "_").replace("_", ".", 1),
                "logicalType": "object",
                "physicalType": "table",
                "businessName": about.zh,
                "customProperties": customs,
                "properties": [_property(column, draft, about) for column in draft.columns],
                "quality": list(_table_rules(draft)),
            }
        ],
    }


def _custom(name: str, value: Any) -> dict[str, Any]:
    return {"property": name, "value": value}


def _property(column: Drafted, draft: Draft, about: About) -> dict[str, Any]:
    kind = column.typed.kind
    made: dict[str, Any] = {
        "name": column.name,
        "businessName": column.named.zh,
        "logicalType": LOGICAL[kind],
        "physicalType": column.typed.physical,
    }
    if column.required:
        made["required"] = True
    if column.name in draft.key:
        made |= {"primaryKey": True, "primaryKeyPosition": draft.key.index(column.name) + 1}
    made["classification"] = grade(column)
    customs = [_custom("cityhub.english", column.named.en)]
    aliases = _aliases(column, draft)
    if aliases:
        customs.append(_custom("cityhub.aliases", aliases))
    if not column.required and about.format in _SPARSE:
        customs.append(_custom("cityhub.optional_header", True))
    if column.steps:
        customs.append(_custom("cityhub.steps", list(column.steps)))
    if column.personal:
        customs.append(_custom("cityhub.personal", True))
    made["customProperties"] = customs
    if column.rules:
        made["quality"] = [_quality(rule) for rule in column.rules]
    return made


def _aliases(column: Drafted, draft: Draft) -> list[str]:
    """The file's own header where it is neither the column's name nor its Chinese one."""
    known = {fold(column.name), fold(column.named.zh)}
    return [column.named.header] if draft.table.header and fold(column.named.header) not in known else []


def _quality(rule: Suggested) -> dict[str, Any]:
    zh, en = _SENTENCES[rule.kind]
    return {
        "id": rule.kind,
        "type": "custom",
        "engine": "cityhub",
        "dimension": _DIMENSIONS[rule.kind],
        "severity": "warn",
        "implementation": {"rule": rule.kind, **rule.args},
        "customProperties": [_custom("cityhub.sentence", {"zh": zh, "en": en})],
    }


def _table_rules(draft: Draft) -> Iterator[dict[str, Any]]:
    sentence = {
        "zh": "本批没有一条可以发布的记录。",
        "en": "The delivery holds no record that could be published.",
    }
    yield {
        "id": "row_count",
        "type": "library",
        "dimension": "completeness",
        "severity": "block",
        "metric": "rowCount",
        "mustBeGreaterOrEqualTo": 1,
        "customProperties": [_custom("cityhub.sentence", sentence)],
    }
    if draft.window:
        sentence = {
            "zh": "第{line}行的坐标超出以往的范围。",
            "en": "Line {line}: the point lies outside the area seen so far.",
        }
        yield {
            "id": "window",
            "type": "custom",
            "engine": "cityhub",
            "dimension": "accuracy",
            "severity": "warn",
            "implementation": {"rule": "window", **draft.window},
            "customProperties": [_custom("cityhub.sentence", sentence)],
        }


def grade(column: Drafted) -> str:
    """A column's grade: that of its personal class, else general 2: nobody has said that anyone may see it."""
    return column.personal.grade if column.personal else "general_2"


def resource_document(draft: Draft, about: About) -> dict[str, Any]:
    """The resource as it stands in a catalogue."""
    domain = about.dataset.split(".")[1]
    return {
        "id": about.dataset,
        "title": {"zh": about.zh, "en": about.en},
        "summary": {"zh": f"{about.zh}（由文件推断的草稿）", "en": f"{about.en} (a draft, inferred from a file)"},
        "provider": about.provider,
        "data_format": _FORMATS.get(about.format, about.format),
        "update_frequency": "irregular",
        "sharing_attribute": "conditional",
        "sharing_mode": ["file"],
        "conditions": {"scope": dict(_TO_DO), "purpose": dict(_TO_DO)},
        "classification": {"industry": domain, "business": "待分类"},
        "openness": "closed",
        "items": [_item(column, draft) for column in draft.columns],
    }


def coordinates(stated: str | None) -> str:
    """The catalogue's word for the coordinate system that a file states."""
    if stated is None:
        return "WGS84"
    code = stated.upper().rpartition(":")[2]
    number = int(code) if code.isdecimal() else 0
    return _CRS.get(code) or next((word for codes, word in _PROJECTED if number in codes), "local")


def _item(column: Drafted, draft: Draft) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": column.name,
        "zh": column.named.zh,
        "en": column.named.en,
        "type": column.typed.kind,
        "grade": grade(column),
    }
    aliases = _aliases(column, draft)
    if aliases:
        made["aliases"] = aliases
    if column.unit:
        made["unit_of_measure"] = column.unit
    if column.typed.kind == "geometry":
        made["crs"] = coordinates(draft.table.crs)
    if column.personal:
        whose = column.personal
        made["personal"] = {"class": whose.kind, "sensitive": whose.sensitive, "edition": str(whose.edition)}
        if whose.identifier != "none":
            made["identifier"] = whose.identifier
        if whose.content:
            made["content"] = list(whose.content)
    return made
