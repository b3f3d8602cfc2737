"""The parts of which proposals are made: schema fields, terms, tags, lineage of a column, the surroundings."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from catalogs.values.model import Edition, Item, Resource
from infra.crypto import sha256_hex
from infra.language import Text
from lake.describe.description import Described, Entry
from lake.describe.glossary import NODES, TERMS

PLATFORM = "delta-lake"
ACTOR = "urn:li:corpuser:cityhub"
_TYPES = {
    "string": "StringTypeClass",
    "integer": "NumberTypeClass",
    "number": "NumberTypeClass",
    "decimal": "NumberTypeClass",
    "boolean": "BooleanTypeClass",
    "date": "DateTypeClass",
    "timestamp": "TimeTypeClass",
    "json": "RecordTypeClass",
    "geometry": "RecordTypeClass",
}


class Parts:
    """Makes parts; `library` holds DataHub's modules (`lake.describe.describe.library`)."""

    def __init__(self, library: SimpleNamespace) -> None:
        self._lib = library
        self._m, self._u = library.model, library.urn

    def about(self, urn: str, *aspects: Any) -> list[Any]:
        """A proposal for each aspect of one entity."""
        return [self._lib.proposal(entityUrn=urn, aspect=aspect) for aspect in aspects]

    def places(self, one: Described | Entry) -> Iterator[Any]:
        """The unit as container, the domain, the department as group."""
        m = self._m
        unit, department = one.unit, one.department
        codes = {"gbt2260": unit.gbt2260_code, "statistics": unit.stat_code}
        yield from self.about(
            self.container(unit.id),
            m.ContainerPropertiesClass(
                name=f"{unit.name.zh} {unit.name.en}",
                qualifiedName=unit.id,
                customProperties={name: code for name, code in codes.items() if code},
            ),
            m.SubTypesClass(typeNames=["Unit"]),
            m.DataPlatformInstanceClass(platform=self._u.make_data_platform_urn(PLATFORM)),
        )
        yield from self.about(
            self._u.make_domain_urn(one.resource.domain),
            m.DomainPropertiesClass(name=f"{one.domain.zh} {one.domain.en}"),
        )
        yield from self.about(
            self._u.make_group_urn(department.id),
            m.CorpGroupInfoClass(admins=[], members=[], groups=[], displayName=both(department.name, " ")),
        )

    def words(self, resource: Resource) -> Iterator[Any]:
        """The glossary as far as this resource uses it, and the tags."""
        grades = {item.grade for item in resource.items} | {resource.grade}
        used = [f"grade.{one.id}" for one in sorted(grades)]
        used += [f"sharing.{resource.sharing_attribute}", f"openness.{resource.openness}"]
        yield from self.glossary(used)
        yield from self.tag_words()

    def glossary(self, used: Iterable[str] = tuple(TERMS)) -> Iterator[Any]:
        """Terms below their nodes, each with its definition in both languages."""
        m, terms = self._m, [TERMS[one] for one in used]
        for node in dict.fromkeys(one.node for one in terms):
            name = NODES[node]
            info = m.GlossaryNodeInfoClass(definition=both(name), name=both(name, " "))
            yield from self.about(_node(node), info)
        for one in terms:
            info = m.GlossaryTermInfoClass(
                definition=both(one.definition),
                name=both(one.name, " "),
                termSource="INTERNAL",
                parentNode=_node(one.node),
            )
            yield from self.about(self._u.make_term_urn(one.id), info)

    def tag_words(self) -> Iterator[Any]:
        """What the tags mean."""
        m = self._m
        for tag, words in _TAGS.items():
            yield from self.about(self._u.make_tag_urn(tag), m.TagPropertiesClass(name=tag, description=both(words)))

    def field(self, name: str, kind: str, native: str, title: Text, item: Item | None = None) -> Any:
        """One schema field, with the grade and tags of its register item."""
        m = self._m
        said = item.title if item else title
        tags = [tag for tag, holds in _item_tags(item) if holds] if item else []
        return m.SchemaFieldClass(
            fieldPath=name,
            type=m.SchemaFieldDataTypeClass(type=getattr(m, _TYPES.get(kind, "StringTypeClass"))()),
            nativeDataType=native,
            nullable=True,
            label=said.zh or None,
            description=both(said) or None,
            glossaryTerms=self.terms([f"grade.{item.grade.id}"]) if item else None,
            globalTags=self.tags(tags) if tags else None,
        )

    def schema(self, name: str, fields: list[Any], key: Iterable[str] = ()) -> Any:
        """A dataset's schema."""
        m = self._m
        return m.SchemaMetadataClass(
            schemaName=name,
            platform=self._u.make_data_platform_urn(PLATFORM),
            version=0,
            hash="",
            platformSchema=m.OtherSchemaClass(rawSchema=""),
            fields=fields,
            primaryKeys=list(key) or None,
        )

    def line(self, above: str, sources: Iterable[str], below: str, column: str, how: str) -> Any:
        """Which columns above one column below is made from, and how."""
        return self._m.FineGrainedLineageClass(
            upstreamType="FIELD_SET",
            upstreams=[self._u.make_schema_field_urn(above, source) for source in sources],
            downstreamType="FIELD",
            downstreams=[self._u.make_schema_field_urn(below, column)],
            transformOperation=how or None,
        )

    def terms(self, terms: Iterable[str]) -> Any:
        """Glossary terms, by id."""
        m = self._m
        made = [m.GlossaryTermAssociationClass(urn=self._u.make_term_urn(term)) for term in terms]
        return m.GlossaryTermsClass(terms=made, auditStamp=m.AuditStampClass(time=0, actor=ACTOR))

    def tags(self, tags: Iterable[str]) -> Any:
        """Tags, by name."""
        m = self._m
        return m.GlobalTagsClass(tags=[m.TagAssociationClass(tag=self._u.make_tag_urn(tag)) for tag in tags])

    def container(self, unit: str) -> str:
        """The URN of a unit's container."""
        return f"urn:li:container:{sha256_hex(f'cityhub|{unit}'.encode())[:32]}"


def _edition_tag(edition: Edition) -> str:
    return f"personal_by_{edition.name.lower()}"


_TAGS = {
    "example": Text("示例数据", "example data"),
    "personal": Text("个人信息", "personal information"),
    "sensitive": Text("敏感个人信息", "sensitive personal information"),
} | {_edition_tag(one): Text(f"个人信息判定依据 {one}", f"flagged as personal by {one}") for one in Edition}


def _item_tags(item: Item) -> tuple[tuple[str, bool], ...]:
    flag = item.personal
    if flag is None:
        return ()
    return ("personal", True), ("sensitive", flag.sensitive), (_edition_tag(flag.edition), True)


def _node(node: str) -> str:
    return f"urn:li:glossaryNode:{node}"


def both(text: Text, separator: str = "\n\n") -> str:
    """Chinese, then English, as far as there are both."""
    return separator.join(part for part in (text.zh, text.en) if part)


def millis(moment: datetime) -> int:
    """Milliseconds since 1970, as DataHub counts."""
    return int(moment.timestamp() * 1000)
