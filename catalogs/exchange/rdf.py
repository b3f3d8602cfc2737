"""The one door to rdflib: DCAT documents read into plain datasets, and triples written as Turtle, JSON-LD or RDF/XML.

Reading reaches nothing outside the document: a JSON-LD context that stands elsewhere, and an XML document that declares
entities, are refused. It is read in a process of its own (`infra.apart`): a small hostile document can take a parser's
time and memory.
"""

import json
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rdflib import BNode, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF, SKOS, XSD
from rdflib.term import Node

from catalogs.exchange.portal import cycle, moment
from catalogs.exchange.records import Bad, File, Finding, Record
from infra.apart import Bounds, Kind, answer, ask
from infra.errors import Place, Refused
from infra.language import Text

BOUNDS = Bounds(memory=3 * 1024**3, seconds=300)
DOCUMENT = Kind(
    Text("RDF 文件", "RDF document"),
    Text("请来源按部分提供，或改用 CSV", "ask the source for it in parts, or for CSV"),
)
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/"
_CYCLES = {
    "UPDATE_CONT": "realtime", "CONT": "realtime", "DAILY": "daily", "WEEKLY": "weekly", "MONTHLY": "monthly",
    "QUARTERLY": "quarterly", "ANNUAL_2": "half_yearly", "ANNUAL": "yearly", "IRREG": "irregular", "NEVER": "none",
}  # fmt: skip
__all__ = [
    "DCAT", "DCATAP", "DCTERMS", "FOAF", "FREQUENCY", "RDF", "SKOS", "VCARD", "XSD", "BNode", "Graph", "Literal",
    "Namespace", "Node", "URIRef", "datasets", "read_dataset", "serialize",
]  # fmt: skip


def datasets(data: bytes, form: str) -> list[dict[str, Any]]:
    """Each `dcat:Dataset` of a document, by its IRI, as plain lists of values; `form` is rdflib's name of the format.

    Raises:
        Refused: HARVEST_RDF when it cannot be read; HARVEST_CONTEXT, HARVEST_ENTITY when it leads elsewhere;
            READ_MEMORY, READ_TIME, READ_DAMAGED.
        Unavailable: READ_PROCESS.
    """
    with tempfile.NamedTemporaryFile(prefix="hub-rdf-") as file:
        file.write(data)
        file.flush()
        found = ask("catalogs.exchange.rdf", {"path": file.name, "form": form}, BOUNDS, Place(), DOCUMENT)
    return list(found["datasets"])


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """The process's side."""
    data, form = Path(job["path"]).read_bytes(), job["form"]
    if form == "json-ld":
        _own_context(data)
    if form == "xml" and b"<!ENTITY" in data.replace(b"\0", b""):  # also where it is UTF-16
        raise Refused("HARVEST_ENTITY", "RDF/XML 中声明了实体，不予读取", "the RDF/XML declares entities: not read")
    graph = Graph()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # rdflib of its own JSON-LD parser
            graph.parse(data=data, format=form)
        found = [_plain(graph, node) for node in set(graph.subjects(RDF.type, DCAT.Dataset))]
    except MemoryError:
        raise
    except Exception as error:  # rdflib's parsers raise whatever their grammar raises
        place = type(error).__name__
        raise Refused(
            "HARVEST_RDF", f"不能按 {form} 读取（{place}）", f"it cannot be read as {form} ({place})"
        ) from None
    found.sort(key=lambda one: (one["id"] or "", json.dumps(one, ensure_ascii=False, sort_keys=True)))
    return {"datasets": found}


def _own_context(data: bytes) -> None:
    try:
        value = json.loads(data)
        outside = any(_elsewhere(context) for context in _contexts(value))
    except (ValueError, RecursionError):
        raise Refused("HARVEST_RDF", "不是 JSON-LD", "it is no JSON-LD") from None
    if outside:
        raise Refused(
            "HARVEST_CONTEXT",
            "JSON-LD 的 @context 在文件之外，不予下载",
            "the JSON-LD has a context that stands elsewhere: none is fetched",
            remedy=Text("请来源把 @context 写在文件内，或提供 Turtle", "ask the source to embed it, or for Turtle"),
        )


def _contexts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("@context", "@import"):
                yield inner
            yield from _contexts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _contexts(inner)


def _elsewhere(context: Any) -> bool:
    return isinstance(context, str) or (isinstance(context, list) and any(_elsewhere(one) for one in context))


def _plain(graph: Graph, node: Node) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": str(node) if isinstance(node, URIRef) else None,
        "title": _words(graph, node, DCTERMS.title),
        "description": _words(graph, node, DCTERMS.description),
        "identifier": _words(graph, node, DCTERMS.identifier),
        "keyword": _words(graph, node, DCAT.keyword),
        "issued": _words(graph, node, DCTERMS.issued),
        "modified": _words(graph, node, DCTERMS.modified),
        "page": _words(graph, node, DCAT.landingPage),
        "frequency": _words(graph, node, DCTERMS.accrualPeriodicity),
        "rights": _words(graph, node, DCTERMS.accessRights),
    }
    said["theme"] = [word for theme in graph.objects(node, DCAT.theme) for word in _named(graph, theme, SKOS.prefLabel)]
    said["publisher"] = [
        word for agent in graph.objects(node, DCTERMS.publisher) for word in _named(graph, agent, FOAF.name)
    ]
    files = [_file(graph, each) for each in graph.objects(node, DCAT.distribution)]
    said["files"] = sorted(files, key=lambda one: json.dumps(one, ensure_ascii=False, sort_keys=True))
    return said


def _file(graph: Graph, node: Node) -> dict[str, Any]:
    urls = _words(graph, node, DCAT.downloadURL) or _words(graph, node, DCAT.accessURL)
    forms = _words(graph, node, DCTERMS["format"]) or _words(graph, node, DCAT.mediaType)
    return {"title": _words(graph, node, DCTERMS.title), "url": urls, "format": forms}


def _words(graph: Graph, node: Node, predicate: URIRef) -> list[list[str]]:
    """The values as [language, text], Chinese first."""
    found = [
        [(one.language or "") if isinstance(one, Literal) else "", str(one)] for one in graph.objects(node, predicate)
    ]
    return sorted(found, key=lambda pair: (not pair[0].startswith("zh"), *pair))


def _named(graph: Graph, node: Node, predicate: URIRef) -> list[list[str]]:
    return (
        _words(graph, node, predicate) or [["", str(node)]] if isinstance(node, URIRef | BNode) else [["", str(node)]]
    )


def read_dataset(raw: Any) -> tuple[Record, list[Finding]]:
    """The record of a dataset; where it has several titles, the Chinese one.

    Raises:
        Bad: HARVEST_OBJECT for one without IRI and identifier; HARVEST_TITLE.
    """
    identity = raw["id"] or _first(raw["identifier"])
    if identity is None:
        raise Bad("HARVEST_OBJECT", "数据集没有 IRI 也没有标识", "the dataset has neither IRI nor identifier")
    title = _first(raw["title"])
    if title is None:
        raise Bad("HARVEST_TITLE", "没有名称", "it has no title", identity)
    word = _first(raw["frequency"])
    frequency = None if word is None else _CYCLES.get(word.removeprefix(FREQUENCY)) or cycle(word)
    other = {"frequency": word} if word is not None and frequency is None else {}
    for name in ("rights", "keyword", "identifier"):
        if raw[name]:
            other[name] = "、".join(text for _, text in raw[name])
    issued, modified = _first(raw["issued"]), _first(raw["modified"])
    record = Record(
        identity,
        " ".join(title.split()),
        provider=_first(raw["publisher"]),
        summary=_first(raw["description"]),
        topic=_first(raw["theme"]),
        update_frequency=frequency,
        published=moment(issued) or issued,
        updated=moment(modified) or modified,
        page=_first(raw["page"]),
        files=tuple(
            File(
                _first(one["title"]) or "", (_first(one["format"]) or "").rpartition("/")[2].lower(), _first(one["url"])
            )
            for one in raw["files"]
        ),
        other=other,
    )
    return record, []


def _first(pairs: Sequence[Sequence[str]]) -> str | None:
    return next((text.strip() for _, text in pairs if text.strip()), None)


def serialize(graph: Graph, form: str) -> bytes:
    """The graph as `turtle`, `json-ld` or `xml` (RDF/XML), UTF-8; equal graphs give equal Turtle."""
    return graph.serialize(format=form, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(answer(run))
