"""The register as DCAT-AP 3: a catalogue, a dataset a resource, its distributions, and services where one is shared.

Who publishes is the providing department. 开放属性 says the access right, for DCAT describes what the public may have:
unconditional is PUBLIC, conditional RESTRICTED, closed NON_PUBLIC. A distribution describes the format in which a
resource is kept; its access address is the entry's own link, else the dataset's address: no data stands behind it.
"""

from catalogs.exchange.rdf import DCAT, DCTERMS, FOAF, FREQUENCY, RDF, SKOS, XSD, BNode, Graph, Literal, Node, URIRef
from catalogs.values.model import City, DataFormat, Department, Openness, Resource, SharingMode, UpdateFrequency
from infra.language import Text

_EU = "http://publications.europa.eu/resource/authority/"
_RIGHTS = {Openness.UNCONDITIONAL: "PUBLIC", Openness.CONDITIONAL: "RESTRICTED", Openness.CLOSED: "NON_PUBLIC"}
_CYCLES = {
    UpdateFrequency.REALTIME: "UPDATE_CONT",
    UpdateFrequency.DAILY: "DAILY",
    UpdateFrequency.WEEKLY: "WEEKLY",
    UpdateFrequency.MONTHLY: "MONTHLY",
    UpdateFrequency.QUARTERLY: "QUARTERLY",
    UpdateFrequency.HALF_YEARLY: "ANNUAL_2",
    UpdateFrequency.YEARLY: "ANNUAL",
    UpdateFrequency.IRREGULAR: "IRREG",
    UpdateFrequency.NONE: "NEVER",
}
_TYPES = {
    DataFormat.CSV: "CSV",
    DataFormat.XLS: "XLS",
    DataFormat.XLSX: "XLSX",
    DataFormat.JSON: "JSON",
    DataFormat.GEOJSON: "GEOJSON",
    DataFormat.YAML: "YAML",
    DataFormat.SHAPEFILE: "SHP",
    DataFormat.PARQUET: "PARQUET",
    DataFormat.GTFS: "ZIP",
    DataFormat.TXT: "TXT",
    DataFormat.XML: "XML",
    DataFormat.PDF: "PDF",
}


def catalogue(city: City, base: str) -> Graph:
    """The city's whole register as a graph; every address begins with `base`, which ends in `/` or `#`."""
    graph = Graph(bind_namespaces="none")
    for name, space in (("dcat", DCAT), ("dct", DCTERMS), ("foaf", FOAF), ("skos", SKOS), ("xsd", XSD)):
        graph.bind(name, space)
    whole = URIRef(f"{base}catalogue")
    publishers = {department.id: URIRef(f"{base}department/{department.id}") for department in city.departments}
    graph.add((whole, RDF.type, DCAT.Catalog))
    _say(graph, whole, DCTERMS.title, Text(f"{city.name.zh}政务数据目录", f"Data catalogue of {city.name.en}"))
    said = Text(f"{city.name.zh}已登记的政务数据资源", f"The data resources registered in {city.name.en}")
    _say(graph, whole, DCTERMS.description, said)
    authority = next((one for one in city.departments if str(one.kind) == "authority"), city.departments[0])
    graph.add((whole, DCTERMS.publisher, publishers[authority.id]))
    for code in ("ZHO", "ENG"):
        language = URIRef(f"{_EU}language/{code}")
        graph.add((language, RDF.type, DCTERMS.LinguisticSystem))
        graph.add((whole, DCTERMS.language, language))
    _themes(graph, whole, city, base)
    for department in city.departments:
        _agent(graph, publishers[department.id], department)
    for resource in city.resources:
        _dataset(graph, whole, resource, (base, publishers[resource.provider]))
    return graph


def _themes(graph: Graph, whole: URIRef, city: City, base: str) -> None:
    scheme = URIRef(f"{base}domains")
    graph.add((scheme, RDF.type, SKOS.ConceptScheme))
    _say(graph, scheme, DCTERMS.title, Text("领域", "domains"))
    graph.add((whole, DCAT.themeTaxonomy, scheme))
    for domain in city.domains:
        concept = URIRef(f"{base}domain/{domain.id}")
        graph.add((concept, RDF.type, SKOS.Concept))
        graph.add((concept, SKOS.inScheme, scheme))
        _say(graph, concept, SKOS.prefLabel, domain.name)


def _agent(graph: Graph, node: URIRef, department: Department) -> None:
    graph.add((node, RDF.type, FOAF.Agent))
    _say(graph, node, FOAF.name, department.name)
    if department.uscc is not None:
        graph.add((node, DCTERMS.identifier, Literal(department.uscc)))


def _dataset(graph: Graph, whole: URIRef, resource: Resource, at: tuple[str, URIRef]) -> None:
    base, publisher = at
    node = URIRef(f"{base}dataset/{resource.id}")
    graph.add((whole, DCAT.dataset, node))
    graph.add((node, RDF.type, DCAT.Dataset))
    _say(graph, node, DCTERMS.title, resource.title)
    _say(graph, node, DCTERMS.description, resource.summary)
    graph.add((node, DCTERMS.identifier, Literal(resource.id)))
    if resource.code is not None:
        graph.add((node, DCTERMS.identifier, Literal(resource.code)))
    graph.add((node, DCTERMS.publisher, publisher))
    graph.add((node, DCAT.theme, URIRef(f"{base}domain/{resource.domain}")))
    for alias in resource.aliases:
        graph.add((node, DCAT.keyword, Literal(alias)))
    rights = _typed(graph, f"{_EU}access-right/{_RIGHTS[resource.openness]}", DCTERMS.RightsStatement)
    graph.add((node, DCTERMS.accessRights, rights))
    cycle = _typed(graph, f"{FREQUENCY}{_CYCLES[resource.update_frequency]}", DCTERMS.Frequency)
    graph.add((node, DCTERMS.accrualPeriodicity, cycle))
    if resource.published_on is not None:
        graph.add((node, DCTERMS.issued, Literal(resource.published_on.isoformat(), datatype=XSD.date)))
    if resource.source is not None:
        provenance = BNode(f"source-{resource.id.replace('.', '-')}")
        graph.add((provenance, RDF.type, DCTERMS.ProvenanceStatement))
        graph.add((provenance, DCTERMS.description, Literal(resource.source)))
        graph.add((node, DCTERMS.provenance, provenance))
    if resource.lead_source:
        lead = BNode(f"lead-{resource.id.replace('.', '-')}")
        graph.add((lead, RDF.type, DCTERMS.ProvenanceStatement))
        _say(
            graph,
            lead,
            DCTERMS.description,
            Text("数源（政务数据共享条例第十九条）", "lead source (Decree 809 Art. 19)"),
        )
        graph.add((node, DCTERMS.provenance, lead))
    access = URIRef(resource.link) if resource.link is not None and _address(resource.link) else node
    file = URIRef(f"{base}dataset/{resource.id}/distribution")
    _distribution(graph, file, resource, access)
    graph.add((node, DCAT.distribution, file))
    if SharingMode.API in resource.sharing_mode:
        service = URIRef(f"{base}service/{resource.id}")
        graph.add((service, RDF.type, DCAT.DataService))
        _say(graph, service, DCTERMS.title, resource.title)
        graph.add((service, DCAT.endpointURL, access))
        graph.add((service, DCAT.servesDataset, node))
        graph.add((service, DCTERMS.accessRights, rights))
        graph.add((service, DCTERMS.publisher, publisher))
        graph.add((whole, DCAT.service, service))
        graph.add((file, DCAT.accessService, service))


def _distribution(graph: Graph, file: URIRef, resource: Resource, access: Node) -> None:
    graph.add((file, RDF.type, DCAT.Distribution))
    _say(graph, file, DCTERMS.title, resource.data_format.text)
    graph.add((file, DCAT.accessURL, access))
    if resource.data_format in _TYPES:
        kind = _typed(graph, f"{_EU}file-type/{_TYPES[resource.data_format]}", DCTERMS.MediaTypeOrExtent)
        graph.add((file, DCTERMS["format"], kind))


def _typed(graph: Graph, address: str, kind: URIRef) -> URIRef:
    node = URIRef(address)
    graph.add((node, RDF.type, kind))
    return node


def _address(link: str) -> bool:
    """Whether it can be written as an IRI."""
    return link.startswith(("http://", "https://")) and not any(
        char in ' <>"{}|\\^`' or ord(char) <= 32 for char in link
    )


def _say(graph: Graph, node: URIRef | BNode, predicate: URIRef, text: Text) -> None:
    graph.add((node, predicate, Literal(text.zh, lang="zh")))
    if text.en != text.zh:
        graph.add((node, predicate, Literal(text.en, lang="en")))
