"""A resource out of the cells of its entry, whole or with stand-ins for what is missing or wrong.

The stand-ins let the rules of the register look at the rest of an entry, so that an officer hears everything at once;
an entry with a fault is never handed on.
"""

import re
from dataclasses import dataclass
from typing import Any

from catalogs.rules.rules import highest
from catalogs.sheet.build_item import BuiltItem, both, build_items
from catalogs.sheet.fill import Reader, resource_reader
from catalogs.sheet.formats import read_format, read_modes
from catalogs.sheet.identity import dataset_id, provider_of
from catalogs.sheet.register import Register
from catalogs.sheet.table import Entry
from catalogs.sheet.telling import Told
from catalogs.values.model import Census, Classification, Conditions, LegalBasis, Resource, Text
from catalogs.values.words import (
    BasisKind,
    DataFormat,
    Grade,
    Openness,
    Secrecy,
    SharingAttribute,
    SharingMode,
    UpdateFrequency,
)

PLAIN = (
    "code", "service_item", "scenario", "field", "system", "ownership", "management", "generation", "link",
    "not_updated_reason", "not_published_reason", "source",
)  # fmt: skip
_CENSUS = ("storage_gb", "records", "shared_gb", "shared_records", "open_gb", "open_records")
_LABELS = re.compile(r"(共享范围|范围|使用用途|用途|不予共享理由|理由|法律依据|依据)\s*(?:为|是)?\s*[:：]")
_MEANT = {"共享范围": "scope", "范围": "scope", "使用用途": "purpose", "用途": "purpose"} | {
    "不予共享理由": "reason", "理由": "reason", "法律依据": "basis", "依据": "basis"
}  # fmt: skip
_CITED = re.compile(
    r"《(?P<title>[^》]{2,100})》[^第]{0,10}(?P<article>第[一二三四五六七八九十百零〇\d]+条[^，。；;]{0,30})"
)


@dataclass(frozen=True, slots=True)
class Built:
    """A resource with the entry it came from; `faulty` are the keys that hold stand-ins."""

    entry: Entry
    resource: Resource
    items: list[BuiltItem]
    faulty: frozenset[str]

    @property
    def whole(self) -> bool:
        """Whether nothing in it is a stand-in."""
        return not self.faulty and not any(item.faulty for item in self.items)


def build(entry: Entry, told: Told, register: Register, taken: dict[str, str]) -> Built:
    """The resource of an entry; `taken` are the ids given so far, with what took them, and gets this one's."""
    read = resource_reader(entry, told)
    title, summary = both(read, "title"), both(read, "summary")
    read.need("title", value=title)
    read.need("summary", value=summary)
    data_format, format_type = read_format(read)
    frequency, attribute = read.value("update_frequency"), read.value("sharing_attribute")
    modes = read_modes(read, data_format)
    for key, value in (("data_format", data_format), ("update_frequency", frequency), ("sharing_attribute", attribute)):
        read.need(key, value=value)
    read.need("sharing_mode", value=modes)
    stated = read.value("classification.grade")
    wrong = "classification.grade" in read.faulty
    items = build_items(entry.items, told, register, Grade.GENERAL_1 if wrong else stated)
    openness = _openness(read)
    conditions = _conditions(read, attribute)
    classification = _classification(read)
    if stated is None and (not items or any("grade" in one.faulty for one in items)):
        read.need("classification.grade", value=None)
    provider = provider_of(read, register)
    identity = dataset_id(read, register, provider, taken)
    resource = Resource(
        id=identity,
        title=title or Text(f"{entry.row}", f"{entry.row}"),
        summary=summary or Text("?", "?"),
        provider=provider.id if provider else "",
        data_format=data_format or DataFormat.CSV,
        update_frequency=frequency or UpdateFrequency.DAILY,
        sharing_attribute=attribute or SharingAttribute.UNCONDITIONAL,
        sharing_mode=modes or (SharingMode.API, SharingMode.BATCH),
        conditions=conditions,
        classification=classification,
        grade=stated or highest(tuple(one.item for one in items)),
        openness=openness or Openness.CLOSED,
        items=tuple(one.item for one in items),
        format_type=format_type,
        **_further(read),
    )
    return Built(entry, resource, items, frozenset(read.faulty))


def _further(read: Reader) -> dict[str, Any]:
    census = [read.value(f"census.{key}") for key in _CENSUS]
    return {
        **{key: read.text(key) for key in PLAIN if key != "code"},
        "code": _code(read),
        **{key: bool(read.value(key)) for key in ("certificate", "lead_source", "return_flow", "example")},
        "aliases": read.value("aliases") or (),
        "related": read.value("related") or (),
        "level": read.value("level"),
        "published_on": read.value("published_on"),
        "secrecy": read.value("secrecy") or Secrecy.NONE,
        "impacts": read.value("impacts") or (),
        "openness_conditions": both(read, "openness_conditions"),
        "census": Census(*census) if any(value is not None for value in census) else None,
    }


def _code(read: Reader) -> str | None:
    from catalogs.sheet.values import half  # noqa: PLC0415

    text = read.text("code")
    return half(text) if text else None


def _openness(read: Reader) -> Openness | None:
    """开放属性; on the forms that ask 是否开放 first, from both."""
    text, is_open = read.entry.text("openness"), read.value("is_open")
    found = None
    if text:
        found = read_openness(read, text)
    elif is_open is False:
        found = Openness.CLOSED
    elif is_open and read.entry.text("openness_conditions"):
        found = Openness.CONDITIONAL
    elif is_open and "openness" not in read.entry.header.resource:
        said = ("“是”没有写明无条件开放还是有条件开放", "是 does not say whether on conditions")
        remedy = ("改填“无条件开放”或“有条件开放”，或增加一列“开放条件”", "write 无条件开放 or 有条件开放")
        read.wrong("is_open", "SHEET_WORD", said, remedy)
        read.faulty.add("openness")
    if text and found is not None and is_open is not None and is_open is (found is Openness.CLOSED):
        said = (f"“是否开放”填{'是' if is_open else '否'}，与开放类型“{text}”矛盾", "whether open and how contradict")
        read.wrong("openness", "SHEET_CONTRADICTS", said, ("改正其中一个", "mend one of the two"))
    read.need("openness", value=found, where=None if "openness" in read.entry.header.resource else "is_open")
    return found


def read_openness(read: Reader, text: str) -> Openness | None:
    """The word of 开放属性; a bare 是 does not say on which conditions."""
    from catalogs.sheet.fill import unknown_word  # noqa: PLC0415
    from catalogs.sheet.values import flag, word  # noqa: PLC0415

    found = word(Openness, text)
    if found is None and flag(text) is False:
        return Openness.CLOSED
    if found is None and flag(text) and read.entry.text("openness_conditions"):
        return Openness.CONDITIONAL
    if found is None:
        unknown_word(read, read.known["openness"], text, [one.text.zh for one in Openness])
    return found


def _conditions(read: Reader, attribute: SharingAttribute | None) -> Conditions:
    parts: dict[str, Text | None] = {
        key: both(read, f"conditions.{key}") for key in ("scope", "purpose", "other", "reason")
    }
    basis = _basis(read)
    other = parts["other"]
    if attribute in (SharingAttribute.CONDITIONAL, SharingAttribute.NOT_SHARED) and other is not None:
        said = _labelled(other.zh)
        for key in ("scope", "purpose", "reason"):
            if parts[key] is None and key in said:
                parts[key] = Text(said[key], said[key])
        if basis is None and attribute is SharingAttribute.NOT_SHARED:
            basis = _cited(other.zh)
    return Conditions(parts["scope"], parts["purpose"], other, parts["reason"], basis)


def _labelled(text: str) -> dict[str, str]:
    """共享范围：…；使用用途：… in one cell, by its labels."""
    marks = list(_LABELS.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)][: len(marks)]
    pieces = {
        _MEANT[mark[1]]: text[mark.end() : end].strip(" ；;。，,\n") for mark, end in zip(marks, ends, strict=True)
    }
    return {key: piece for key, piece in pieces.items() if piece}


def _cited(text: str) -> LegalBasis | None:
    """A law or regulation cited by its full title in a running text; what else it may be, the officer must say."""
    found = _CITED.search(text)
    if found is None or not found["title"].startswith("中华人民共和国"):
        return None
    kind = BasisKind.REGULATION if found["title"].endswith("条例") else BasisKind.LAW
    return LegalBasis(kind, found["title"], found["article"]) if found["title"].endswith(("法", "条例")) else None


def _basis(read: Reader) -> LegalBasis | None:
    kind = read.value("conditions.basis.kind")
    title, article = (read.text(f"conditions.basis.{key}") for key in ("title", "article"))
    if kind and title and article:
        return LegalBasis(kind, title.strip("《》"), article)
    if (kind or title or article) and not {"conditions.basis.kind", "conditions.basis.title"} & read.faulty:
        for key, value in (("kind", kind), ("title", title), ("article", article)):
            if not value:
                read.faulty.add("conditions.basis")
                read.told.missing(read.entry, read.known[f"conditions.basis.{key}"])
    return None


def _classification(read: Reader) -> Classification:
    """行业 and 业务; on the vendor's form from 项 and 目."""
    industry = read.text("classification.industry") or read.text("class2") or read.text("class1")
    below = "/".join(text for text in (read.text("class3"), read.text("class4")) if text)
    business = read.text("classification.business") or below or None
    header = read.entry.header.resource
    read.need(
        "classification.industry", value=industry, where=None if "classification.industry" in header else "class2"
    )
    read.need(
        "classification.business", value=business, where=None if "classification.business" in header else "class3"
    )
    return Classification(industry or "?", business or "?")
