"""An entry of the register in DataHub's words, whether or not anything was delivered for it; and its withdrawal."""

from collections.abc import Iterator
from typing import Any

from catalogs.values.words import Openness, SharingAttribute, UpdateFrequency, Word
from infra.language import Text
from lake.describe.description import Entry
from lake.describe.proposal_parts import ACTOR, PLATFORM, Parts, both

_DATASET = "urn:li:entityType:datahub.dataset"
_TEXT = "urn:li:dataType:datahub.string"
_PROPERTIES: dict[str, tuple[Text, type[Word] | None]] = {
    "sharing_attribute": (Text("共享属性", "sharing attribute"), SharingAttribute),
    "openness": (Text("开放属性", "openness"), Openness),
    "update_frequency": (Text("更新周期", "update cycle"), UpdateFrequency),
    "code": (Text("资源代码", "resource code"), None),
}


class Entries(Parts):
    """Turns entries into proposals; `library` holds DataHub's modules (`lake.describe.describe.library`)."""

    def vocabulary(self) -> Iterator[Any]:
        """The whole glossary as a tree, and what the structured properties are."""
        yield from self.glossary()
        m = self._m
        for name, (said, words) in _PROPERTIES.items():
            allowed = [m.PropertyValueClass(value=str(one), description=both(one.text, " ")) for one in words or ()]
            definition = m.StructuredPropertyDefinitionClass(
                qualifiedName=f"cityhub.{name}",
                valueType=_TEXT,
                entityTypes=[_DATASET],
                displayName=both(said, " "),
                cardinality="SINGLE",
                allowedValues=allowed or None,
            )
            yield from self.about(_property(name), definition)

    def entry(self, one: Entry) -> list[Any]:
        """A resource as registered: what it is, whose, its terms, structured properties and data product.

        Schema and figures are told here only while nothing is published: from then on deliveries tell them.
        """
        m, resource = self._m, one.resource
        urn = str(self._u.make_dataset_urn(PLATFORM, resource.id))
        owner = m.OwnerClass(owner=self._u.make_group_urn(one.department.id), type="DATAOWNER")
        owners = m.OwnershipClass(owners=[owner], lastModified=m.AuditStampClass(time=0, actor=ACTOR))
        domain = m.DomainsClass(domains=[self._u.make_domain_urn(resource.domain)])
        kinds = sorted({str(item.personal.kind) for item in resource.items if item.personal})
        terms = [f"grade.{resource.grade.id}", f"sharing.{resource.sharing_attribute}", f"openness.{resource.openness}"]
        told = [] if one.published else [*self._unpublished(one, urn)]
        told += self.about(
            urn,
            owners,
            domain,
            self.terms([*terms, *(f"personal.{kind}" for kind in kinds)]),
            self.tags(["example"] if resource.example else []),
            m.ContainerClass(container=self.container(one.unit.id)),
            m.StructuredPropertiesClass(properties=list(self._assigned(one))),
            m.StatusClass(removed=False),
        )
        product = m.DataProductPropertiesClass(
            name=both(resource.title, " "),
            description=both(resource.summary),
            assets=[m.DataProductAssociationClass(destinationUrn=urn)],
        )
        told += self.about(_product(resource.id), product, owners, domain, m.StatusClass(removed=False))
        return [*self.places(one), *self.tag_words(), *told]

    def withdrawn(self, dataset: str) -> list[Any]:
        """What was withdrawn is removed softly and may come back: dataset, landing, data product."""
        m = self._m
        urns = (
            str(self._u.make_dataset_urn(PLATFORM, dataset)),
            str(self._u.make_dataset_urn("file", f"landing.{dataset}")),
            _product(dataset),
        )
        return [one for urn in urns for one in self.about(urn, m.StatusClass(removed=True))]

    def _unpublished(self, one: Entry, urn: str) -> list[Any]:
        m, resource = self._m, one.resource
        fields = [self.field(item.name, str(item.type), str(item.type), item.title, item) for item in resource.items]
        return self.about(
            urn,
            m.DatasetPropertiesClass(
                name=both(resource.title, " "),
                qualifiedName=resource.id,
                description=both(resource.summary),
                customProperties={"dataset": resource.id, "data_format": str(resource.data_format)},
            ),
            self.schema(resource.id, fields),
            m.SubTypesClass(typeNames=["Table"]),
        )

    def _assigned(self, one: Entry) -> Iterator[Any]:
        for name in _PROPERTIES:
            value = getattr(one.resource, name)
            if value is not None:
                yield self._m.StructuredPropertyValueAssignmentClass(propertyUrn=_property(name), values=[str(value)])


def _property(name: str) -> str:
    return f"urn:li:structuredProperty:cityhub.{name}"


def _product(dataset: str) -> str:
    return f"urn:li:dataProduct:{dataset}"
