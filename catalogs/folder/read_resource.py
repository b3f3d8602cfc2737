"""A resource and its items out of YAML."""

import re
from dataclasses import dataclass

from catalogs.folder.fields import Fields
from catalogs.folder.read_further import item_further, resource_further
from catalogs.personal.personal import PersonalRules, house_rules, not_sensitive, spelled
from catalogs.rules.breach import Breach
from catalogs.rules.rules import breaches, highest, sharing_breaches
from catalogs.values.model import (
    BasisKind,
    Classification,
    Conditions,
    Content,
    Crs,
    DataFormat,
    Edition,
    Grade,
    IdentifierRole,
    Item,
    ItemType,
    LegalBasis,
    Openness,
    PersonalClass,
    PersonalKind,
    Resource,
    SharingAttribute,
    SharingMode,
    UpdateFrequency,
)

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
NAME_SAID = ("小写字母开头的小写字母、数字、下划线", "lower-case letters, digits and _, beginning with a letter")
DATASET = re.compile(r"[a-z][a-z0-9_]{0,62}(\.[a-z][a-z0-9_]{0,62}){2}")
DATASET_SAID = (
    "“单位.领域.名称”，小写字母、数字、下划线",
    "unit.domain.name in lower-case letters, digits and _",
)


@dataclass(frozen=True, slots=True)
class Found:
    """A resource as it stands in a file: its id and provider even where the rest could not be read."""

    id: str | None
    provider: str | None
    fields: Fields
    resource: Resource | None


def read_resource(fields: Fields, rules: PersonalRules | None = None) -> Found:
    """Reads one resource, noting every fault of form and every broken rule in `fields.faults`.

    `rules` are those of personal information with the edition in force; those of the house where None.
    """
    personal = rules or house_rules()
    before = len(fields.faults)
    dataset = fields.form("id", DATASET, DATASET_SAID)
    fields.dataset = dataset
    provider = fields.form("provider", NAME, NAME_SAID)
    title, summary = fields.both("title"), fields.both("summary")
    data_format = fields.word("data_format", DataFormat)
    frequency = fields.word("update_frequency", UpdateFrequency)
    attribute = fields.word("sharing_attribute", SharingAttribute)
    modes = fields.words("sharing_mode", SharingMode)
    conditions = _conditions(fields, attribute)
    classification, stated = _classification(fields)
    openness = fields.word("openness", Openness)
    example, lead = fields.flag("example"), fields.flag("lead_source")
    source = fields.text("source", required=False)
    further = resource_further(fields)
    read = [(inner, _item(inner, personal)) for inner in fields.children("items")]
    fields.finish()
    items = tuple(item for _, item in read if item is not None)
    if (
        not (dataset and provider and title and summary and data_format and frequency and attribute and openness)
        or conditions is None
        or classification is None
        or len(fields.faults) > before
    ):
        return Found(dataset, provider, fields, None)
    resource = Resource(
        id=dataset,
        title=title,
        summary=summary,
        provider=provider,
        data_format=data_format,
        update_frequency=frequency,
        sharing_attribute=attribute,
        sharing_mode=modes,
        conditions=conditions,
        classification=classification,
        grade=stated if stated is not None else highest(items),
        openness=openness,
        items=items,
        example=bool(example),
        source=source,
        lead_source=bool(lead),
        **further,
    )
    _note_breaches(fields, resource, {item.name: inner for inner, item in read if item is not None})
    return Found(dataset, provider, fields, resource)


def _note_breaches(fields: Fields, resource: Resource, inners: dict[str, Fields]) -> None:
    for breach in breaches(resource):
        at = inners.get(breach.item, fields) if breach.item else fields
        note_breach(at, breach)


def note_breach(fields: Fields, breach: Breach) -> None:
    """Notes a broken rule at its key."""
    said, remedy = (breach.text.zh, breach.text.en), (breach.remedy.zh, breach.remedy.en)
    _note(fields, breach.code, breach.key, said, remedy)


def _note(fields: Fields, code: str, key: str, said: tuple[str, str], remedy: tuple[str, str]) -> None:
    first = key.split(".", maxsplit=1)[0]
    line_key = first if first in fields.node.values else None
    fields.note(code, said[0], said[1], key=line_key, remedy=remedy)


def _conditions(fields: Fields, attribute: SharingAttribute | None) -> Conditions | None:
    inner = fields.child("conditions")
    if inner is None:
        return None
    basis_fields = inner.child("basis", required=False)
    basis = None
    before = len(fields.faults)
    if basis_fields is not None:
        kind = basis_fields.word("kind", BasisKind)
        title, article = basis_fields.text("title"), basis_fields.text("article")
        basis_fields.finish()
        basis = LegalBasis(kind, title, article) if kind and title and article else None
    conditions = Conditions(
        scope=inner.both("scope", required=False),
        purpose=inner.both("purpose", required=False),
        other=inner.both("other", required=False),
        reason=inner.both("reason", required=False),
        basis=basis,
    )
    inner.finish()
    if not inner.node.values:
        fields.missing("conditions")
    if attribute is not None and len(fields.faults) > before:
        # The resource will not be built; what its conditions lack is told all the same, unless told already.
        for breach in sharing_breaches(attribute, conditions):
            key = breach.key.split(".")[1]
            if key not in inner.node.values:
                _note(inner, breach.code, key, (breach.text.zh, breach.text.en), (breach.remedy.zh, breach.remedy.en))
    return conditions


def _classification(fields: Fields) -> tuple[Classification | None, Grade | None]:
    inner = fields.child("classification")
    if inner is None:
        return None, None
    industry, business = inner.text("industry"), inner.text("business")
    grade = inner.grade("grade", required=False)
    inner.finish()
    return (Classification(industry, business) if industry and business else None), grade


def _item(fields: Fields, rules: PersonalRules) -> Item | None:
    before = len(fields.faults)
    name = fields.form("name", NAME, NAME_SAID)
    zh = fields.text("zh")
    en = fields.text("en", required=False) or zh
    kind = fields.word("type", ItemType)
    grade = fields.grade("grade")
    aliases = fields.texts("aliases")
    measure = fields.text("unit_of_measure", required=False, longest=40)
    crs = fields.word("crs", Crs, required=False)
    identifier = fields.word("identifier", IdentifierRole, required=False) or IdentifierRole.NONE
    content = frozenset(fields.words("content", Content, required=False))
    personal = _personal(fields, rules, (name or "", zh or "", *aliases), content)
    summary = fields.both("summary", required=False)
    further = item_further(fields)
    fields.finish()
    if not (name and zh and en and kind and grade) or len(fields.faults) > before:
        return None
    return Item(name, zh, en, kind, grade, aliases, measure, crs, personal, identifier, content, summary, **further)


def _personal(
    fields: Fields, rules: PersonalRules, called: tuple[str, ...], content: frozenset[Content]
) -> PersonalClass | None:
    """The flag that the rules give under the edition in force; what the department states makes it stricter alone."""
    inner = fields.child("personal", required=False)
    if inner is None:
        return None
    kind = inner.word("class", PersonalKind)
    said = inner.flag("sensitive") if "sensitive" in inner.node.values else None
    under = inner.word("edition", Edition, required=False)
    inner.finish()
    if kind is None:
        return None
    names = spelled(*called)
    flag = rules.flag(kind, names, content, said=said, under=under)
    if flag is None:
        inner.note(
            "CATALOG_FIELD_MISSING",
            f"缺少 sensitive：{rules.edition} 对“{kind.text.zh}”不一概而论，须由提供单位认定",
            f"sensitive is missing: {rules.edition} leaves open whether “{kind.text.en}” is sensitive",
            remedy=("写明 sensitive: true 或 false", "state sensitive: true or false"),
        )
    elif under is rules.edition and said is False and flag.sensitive:
        inner.note("CATALOG_PERSONAL_SENSITIVE", *not_sensitive(rules, kind, names, content), key="sensitive")
    return flag
