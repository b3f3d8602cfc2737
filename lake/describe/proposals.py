"""A dataset, a delivery, an extract in DataHub's words: proposals, made from plain values alone.

A dataset with its schema (native types, Chinese and English names), owner, domain, container, glossary terms for grade,
sharing attribute and openness, tags, lineage landing → curated → extract column by column, every expectation as an
assertion and its result as a run event. DataHub's modules are handed in by `lake.describe.describe`, its one door.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from infra.crypto import sha256_hex
from infra.language import Text
from lake.describe.description import Check, Described, ExtractDescription
from lake.describe.proposal_parts import ACTOR, PLATFORM, Parts, both, millis

_KINDS = {
    "BIGINT": "integer",
    "INTEGER": "integer",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}
_RESULTS = {"kept": "SUCCESS", "broken": "FAILURE", "error": "ERROR"}


class Teller(Parts):
    """Turns descriptions into proposals; `library` holds DataHub's modules (`lake.describe.describe.library`)."""

    def dataset_urn(self, dataset: str) -> str:
        """The URN of a published dataset."""
        return str(self._u.make_dataset_urn(PLATFORM, dataset))

    def landing_urn(self, dataset: str) -> str:
        """The URN of what a unit delivers for a dataset."""
        return str(self._u.make_dataset_urn("file", f"landing.{dataset}"))

    def extract_urn(self, extract: str) -> str:
        """The URN of an extract."""
        return str(self._u.make_dataset_urn(PLATFORM, f"extracts.{extract}"))

    def surroundings(self, one: Described) -> list[Any]:
        """What stands still from delivery to delivery: places, people, words, both datasets and their lineage."""
        checks = [proposal for check in one.checks for proposal in self._assertion(one, check)]
        return [
            *self.places(one),
            *self.words(one.resource),
            *self._landing(one),
            *self._curated(one),
            *checks,
            *self._contract(one),
        ]

    def run(self, one: Described) -> list[Any]:
        """What this delivery adds: the dataset's newest figures, each expectation's result, what was written."""
        return [*self._figures(one), *self._written(one)]

    def _figures(self, one: Described) -> list[Any]:
        results = [self._result(one, check) for check in one.checks if check.result is not None]
        properties = self._m.DatasetPropertiesClass(
            name=both(one.resource.title, " "),
            qualifiedName=one.resource.id,
            description=both(one.resource.summary),
            customProperties=_properties(one),
        )
        return [*self.about(self.dataset_urn(one.resource.id), properties), *results]

    def extract(self, one: ExtractDescription) -> list[Any]:
        """An extract: schema, and which column comes from which by what method. No receiver is named."""
        m, urn, source = self._m, self.extract_urn(one.extract), self.dataset_urn(one.dataset)
        fields = []
        for column in one.columns:
            item = one.resource.item(column.name) if one.resource and column.sources == (column.name,) else None
            fields.append(
                self.field(column.name, _KINDS.get(column.native, "string"), column.native, Text("", ""), item)
            )
        lineage = [
            self.line(source, column.sources, urn, column.name, column.method)
            for column in one.columns
            if column.sources
        ]
        title = one.resource.title if one.resource else Text(one.dataset, one.dataset)
        return self.about(
            urn,
            m.DatasetPropertiesClass(
                name=one.extract,
                description=f"{title.zh}·交付数据集\n\n{title.en}: extract",
                customProperties={"source_version": str(one.source_version), "rows": str(one.rows)},
                created=m.TimeStampClass(time=millis(one.at)),
            ),
            self.schema(one.extract, fields),
            m.UpstreamLineageClass(
                upstreams=[m.UpstreamClass(dataset=source, type="TRANSFORMED")], fineGrainedLineages=lineage or None
            ),
            m.SubTypesClass(typeNames=["Extract"]),
            m.StatusClass(removed=False),
        )

    def purged(self, purge: str, payload: Mapping[str, Any]) -> list[Any]:
        """A purge: the extracts made from what it erased are removed, and the dataset lost rows."""
        m = self._m
        told = []
        for extract in payload["extracts"]:
            told += self.about(self.extract_urn(extract), m.StatusClass(removed=True))
        if payload["dataset"] is not None:
            at = millis(datetime.fromisoformat(payload["at"]))
            operation = m.OperationClass(
                timestampMillis=at,
                lastUpdatedTimestamp=at,
                operationType="DELETE",
                actor=ACTOR,
                customProperties={"purge": purge, "deliveries": ", ".join(payload["deliveries"])},
            )
            told += self.about(self.dataset_urn(payload["dataset"]), operation)
        return told

    def restored(self, restore: str, payload: Mapping[str, Any], standing: Described | None) -> list[Any]:
        """A restore: the figures of the delivery that is the newest to stand again, if one does, and the act."""
        at = millis(datetime.fromisoformat(payload["at"]))
        told = {"restore": restore, "to": str(payload["to"]), "version": str(payload["version"])}
        told |= {name: ", ".join(payload[name]) for name in ("reverted", "returned")}
        operation = self._m.OperationClass(
            timestampMillis=at,
            lastUpdatedTimestamp=at,
            operationType="CUSTOM",
            customOperationType="RESTORE",
            actor=ACTOR,
            customProperties=told,
        )
        figures = [] if standing is None else self._figures(standing)
        return [*figures, *self.about(self.dataset_urn(payload["dataset"]), operation)]

    def _landing(self, one: Described) -> list[Any]:
        m = self._m
        fields = [self.field(part.name, "string", "text", Text("", "")) for part in one.contract.fields]
        title = one.resource.title
        return self.about(
            self.landing_urn(one.resource.id),
            m.DatasetPropertiesClass(
                name=f"landing.{one.resource.id}",
                description=f"{title.zh}·归集批次\n\n{title.en}: deliveries as they come",
            ),
            self.schema(one.resource.id, fields),
            m.SubTypesClass(typeNames=["Landing"]),
            m.ContainerClass(container=self.container(one.unit.id)),
            m.StatusClass(removed=False),
        )

    def _curated(self, one: Described) -> list[Any]:
        m, resource = self._m, one.resource
        urn, native = self.dataset_urn(resource.id), one.native_types()
        fields = [
            self.field(column.name, column.type, native[column.name], column.title, one.item(column.name))
            for column in one.contract.columns
        ]
        lineage = [
            self.line(
                self.landing_urn(resource.id), column.fields, urn, column.name, ", ".join(s.kind for s in column.steps)
            )
            for column in one.contract.columns
            if column.fields
        ]
        stamp = m.AuditStampClass(time=0, actor=ACTOR)
        terms = [f"grade.{resource.grade.id}", f"sharing.{resource.sharing_attribute}", f"openness.{resource.openness}"]
        tags = ["example"] if resource.example else []
        return self.about(
            urn,
            self.schema(resource.id, fields, one.contract.key),
            m.OwnershipClass(
                owners=[m.OwnerClass(owner=self._u.make_group_urn(one.department.id), type="DATAOWNER")],
                lastModified=stamp,
            ),
            m.DomainsClass(domains=[self._u.make_domain_urn(resource.domain)]),
            self.terms(terms),
            self.tags(tags),
            m.ContainerClass(container=self.container(one.unit.id)),
            m.SubTypesClass(typeNames=["Table"]),
            m.UpstreamLineageClass(
                upstreams=[m.UpstreamClass(dataset=self.landing_urn(resource.id), type="TRANSFORMED")],
                fineGrainedLineages=lineage or None,
            ),
            m.StatusClass(removed=False),
        )

    def _contract(self, one: Described) -> list[Any]:
        """The data contract: what is expected of the dataset, assertion by assertion."""
        m = self._m
        expected = [m.DataQualityContractClass(assertion=self._assertion_urn(one, check)) for check in one.checks]
        return self.about(
            f"urn:li:dataContract:{one.resource.id}",
            m.DataContractPropertiesClass(entity=self.dataset_urn(one.resource.id), dataQuality=expected),
            m.DataContractStatusClass(state="ACTIVE", customProperties={"version": one.contract.version}),
        )

    def _assertion(self, one: Described, check: Check) -> list[Any]:
        m, dataset = self._m, self.dataset_urn(one.resource.id)
        field = self._u.make_schema_field_urn(dataset, check.column) if check.column else None
        return self.about(
            self._assertion_urn(one, check),
            m.AssertionInfoClass(
                type="CUSTOM",
                customAssertion=m.CustomAssertionInfoClass(type=check.kind, entity=dataset, field=field),
                source=m.AssertionSourceClass(type="EXTERNAL"),
                description=both(check.sentence) or check.rule,
                customProperties={"rule": check.rule, "severity": check.severity},
                entityUrn=dataset,
            ),
            m.DataPlatformInstanceClass(platform=self._u.make_data_platform_urn("great-expectations")),
        )

    def _assertion_urn(self, one: Described, check: Check) -> str:
        identity = sha256_hex(f"{one.resource.id}|{check.rule}|{check.kind}".encode())[:32]
        return str(self._u.make_assertion_urn(identity))

    def _result(self, one: Described, check: Check) -> Any:
        m, urn = self._m, self._assertion_urn(one, check)
        event = m.AssertionRunEventClass(
            timestampMillis=millis(one.run.at),
            runId=one.run.delivery,
            asserteeUrn=self.dataset_urn(one.resource.id),
            status="COMPLETE",
            assertionUrn=urn,
            result=m.AssertionResultClass(type=_RESULTS[check.result or ""], unexpectedCount=check.unexpected),
        )
        return self.about(urn, event)[0]

    def _written(self, one: Described) -> list[Any]:
        if one.run.version is None:
            return []
        return self.about(
            self.dataset_urn(one.resource.id),
            self._m.OperationClass(
                timestampMillis=millis(one.run.at),
                lastUpdatedTimestamp=millis(one.run.at),
                operationType="UPDATE" if one.contract.mode != "append" else "INSERT",
                actor=ACTOR,
                numAffectedRows=one.run.counts["published"],
                customProperties={"delivery": one.run.delivery, "version": str(one.run.version)},
            ),
        )


def _properties(one: Described) -> dict[str, str]:
    resource, run = one.resource, one.run
    told = {
        "dataset": resource.id,
        "contract_version": one.contract.version,
        "update_frequency": str(resource.update_frequency),
        "data_format": str(resource.data_format),
        "sharing_mode": ", ".join(str(mode) for mode in resource.sharing_mode),
        "industry": resource.classification.industry,
        "business": resource.classification.business,
        "source": resource.source or "",
        "version": "" if run.version is None else str(run.version),
        "last_delivery": run.delivery,
        "last_state": run.state,
        **{f"last_{name}": str(count) for name, count in run.counts.items()},
    }
    return {name: value for name, value in told.items() if value}
