"""Open Data Contract Standard v3.1 documents: read with the line of every value, checked for structure, written back.

Reading keeps the whole document, also what the house does not use; writing gives back every key in its order, so that
import and export lose nothing but comments and layout. The structural check is ours and reports every fault with its
line; what the public schema refuses in the parts that the house reads, it refuses too.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from catalogs.folder import yamltree
from catalogs.rules.faults import Fault, fault
from infra.errors import Place

API_VERSION = "v3.1.0"

_ELEMENT = "id name physicalType description businessName authoritativeDefinitions tags customProperties"
_MUST = (
    "mustBe mustNotBe mustBeGreaterThan mustBeGreaterOrEqualTo mustBeLessThan mustBeLessOrEqualTo mustBeBetween "
    "mustNotBeBetween"
)
OPERATORS = tuple(_MUST.split())
_TOP = (
    "version kind apiVersion id name tenant tags status servers dataProduct description domain schema support price "
    "team roles slaDefaultElement slaProperties authoritativeDefinitions customProperties contractCreatedTs"
)
_OBJECT = f"{_ELEMENT} logicalType physicalName dataGranularityDescription properties relationships quality"
_PROPERTY = (
    f"{_ELEMENT} primaryKey primaryKeyPosition logicalType logicalTypeOptions physicalName required unique partitioned "
    "partitionKeyPosition classification encryptedName transformSourceObjects transformLogic transformDescription "
    "examples criticalDataElement relationships quality"
)
_QUALITY = (
    "id authoritativeDefinitions businessImpact customProperties description dimension method name schedule scheduler "
    "severity tags type unit"
)
_QUALITY_MORE = {
    "library": f"metric rule arguments {_MUST}",
    "sql": f"query {_MUST}",
    "custom": "engine implementation",
    "text": "",
}
_QUALITY_MUST = {"library": ("metric",), "sql": ("query",), "custom": ("engine", "implementation"), "text": ()}
DIMENSIONS = ("accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness")
METRICS = ("nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount")
LOGICAL_TYPES = ("string", "date", "timestamp", "time", "number", "integer", "object", "array", "boolean")
_STABLE_ID = re.compile(r"[A-Za-z0-9_-]+")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?")
_TEXTS = ("version", "kind", "apiVersion", "id", "status", "name", "domain", "tenant", "dataProduct")


Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ContractDocument:
    """One contract as its YAML says it.

    Attributes:
        raw: the document, every key in its order.
        file: the name under which faults speak of it.
        lines: the line of each value, by its path from the root.
    """

    raw: Mapping[str, Any]
    file: str
    lines: Mapping[Path_, int]

    def place(self, path: Path_) -> Place:
        """Where `path`, or the nearest thing around it, stands."""
        while path and path not in self.lines:
            path = path[:-1]
        dataset = self.raw.get("id")
        return Place(file=self.file, row=self.lines.get(path), dataset=dataset if isinstance(dataset, str) else None)


def load(source: Path | str, name: str | None = None) -> tuple[ContractDocument | None, list[Fault]]:
    """The document of a file (Path) or of a text, with every fault of its YAML and of its structure.

    The document is None when there is nothing to go on with.
    """
    if isinstance(source, Path):
        file = name or source.name
        tree, faults = yamltree.read_file(source, file)
    else:
        file = name or "contract"
        tree, faults = yamltree.read_bytes(source.encode(), file)
    if tree is None:
        return None, faults or [_fault(Place(file=file), "契约文件是空的", "the contract file is empty")]
    if not isinstance(tree, yamltree.Mapping):
        return None, [*faults, _fault(Place(file=file, row=tree.line), "契约应是键值结构", "a contract is a mapping")]
    lines: dict[Path_, int] = {}
    raw = _value(tree, (), lines)
    document = ContractDocument(raw, file, lines)
    return document, [*faults, *structure_faults(document)]


def dump(raw: Mapping[str, Any]) -> str:
    """The document as YAML text, keys in their order."""
    plain = yaml.dump(raw, Dumper=yamltree.Dumper, allow_unicode=True, sort_keys=False, width=120)
    return str(plain)


def _value(node: yamltree.Node, path: Path_, lines: dict[Path_, int]) -> Any:
    lines[path] = node.line
    if isinstance(node, yamltree.Mapping):
        made = {}
        for key, child in node.values.items():
            made[key] = _value(child, (*path, key), lines)
            lines[(*path, key)] = node.lines.get(key, child.line)
        return made
    if isinstance(node, yamltree.Sequence):
        return [_value(child, (*path, at), lines) for at, child in enumerate(node.values)]
    return _scalar(node)


def _scalar(node: yamltree.Scalar) -> Any:
    """A plain scalar much as YAML 1.2 has it: `on`, `2020-01-01` and `0123` are texts.

    A number with an exponent has a point and a sign, `1.0e+3`, or it is text: that is how PyYAML writes and quotes.
    """
    if not node.plain:
        return node.text
    text = node.text.strip()
    if node.missing:
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text[0] in "tT"
    if _INTEGER.fullmatch(text) and len(text) < 20:
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return node.text


def _fault(place: Place, zh: str, en: str, field: str | None = None) -> Fault:
    remedy = ("对照 ODCS v3.1 标准改正", "mend it by the ODCS v3.1 standard")
    return fault("CONTRACT_STRUCTURE", zh, en, place=place, field=field, remedy=remedy)


def structure_faults(document: ContractDocument) -> list[Fault]:
    """Every departure from the structure of ODCS v3.1, in the parts that the house reads."""
    return list(_structure(document))


def _structure(document: ContractDocument) -> Iterator[Fault]:
    raw = document.raw
    yield from _keys(document, (), raw, _TOP, required=("version", "apiVersion", "kind", "id", "status"))
    for key in _TEXTS:
        if key in raw and not isinstance(raw[key], str):
            yield _fault(document.place((key,)), f"“{key}”应是文本", f"“{key}” must be text", key)
    if raw.get("kind", "DataContract") != "DataContract":
        yield _fault(document.place(("kind",)), "kind 应为 DataContract", "kind must be DataContract", "kind")
    if raw.get("apiVersion", API_VERSION) != API_VERSION:
        said = f"apiVersion 应为 {API_VERSION}", f"apiVersion must be {API_VERSION}"
        yield _fault(document.place(("apiVersion",)), *said, field="apiVersion")
    yield from _customs(document, (), raw)
    objects = raw.get("schema")
    if not isinstance(objects, list) or len(objects) != 1:
        said = "schema 应恰好有一个对象", "schema must hold exactly one object"
        yield _fault(document.place(("schema",)), *said, field="schema")
    for at, entry in enumerate(objects if isinstance(objects, list) else []):
        yield from _object(document, ("schema", at), entry)


def _object(document: ContractDocument, path: Path_, entry: Any) -> Iterator[Fault]:
    if not isinstance(entry, dict):
        yield _fault(document.place(path), "应是键值结构", "must be a mapping")
        return
    yield from _keys(document, path, entry, _OBJECT, required=("name", "properties"))
    yield from _customs(document, path, entry)
    yield from _qualities(document, path, entry)
    if entry.get("logicalType", "object") != "object":
        yield _fault(document.place((*path, "logicalType")), "logicalType 应为 object", "logicalType must be object")
    properties = entry.get("properties")
    for at, one in enumerate(properties if isinstance(properties, list) else []):
        yield from _property(document, (*path, "properties", at), one)
    if not isinstance(properties, list) or not properties:
        yield _fault(document.place((*path, "properties")), "没有任何列", "there are no properties", "properties")


def _property(document: ContractDocument, path: Path_, entry: Any) -> Iterator[Fault]:
    if not isinstance(entry, dict):
        yield _fault(document.place(path), "应是键值结构", "must be a mapping")
        return
    yield from _keys(document, path, entry, _PROPERTY, required=("name",))
    yield from _customs(document, path, entry)
    yield from _qualities(document, path, entry)
    logical = entry.get("logicalType")
    if logical is not None and logical not in LOGICAL_TYPES:
        said = f"logicalType “{logical}”不存在", f"there is no logicalType “{logical}”"
        yield _fault(document.place((*path, "logicalType")), *said, field="logicalType")
    for key in ("primaryKey", "required", "unique", "partitioned", "criticalDataElement"):
        if key in entry and not isinstance(entry[key], bool):
            yield _fault(document.place((*path, key)), f"{key} 应为 true 或 false", f"{key} must be true or false", key)


def _qualities(document: ContractDocument, path: Path_, holder: Mapping[str, Any]) -> Iterator[Fault]:
    entries = holder.get("quality", [])
    if not isinstance(entries, list):
        yield _fault(document.place((*path, "quality")), "quality 应是列表", "quality must be a list", "quality")
        return
    for at, entry in enumerate(entries):
        yield from _quality(document, (*path, "quality", at), entry)


def _quality(document: ContractDocument, path: Path_, entry: Any) -> Iterator[Fault]:
    if not isinstance(entry, dict):
        yield _fault(document.place(path), "应是键值结构", "must be a mapping")
        return
    kind = entry.get("type", "library")
    if kind not in _QUALITY_MORE:
        yield _fault(document.place((*path, "type")), f"规则类型“{kind}”不存在", f"there is no quality type “{kind}”")
        return
    yield from _keys(document, path, entry, f"{_QUALITY} {_QUALITY_MORE[kind]}", required=_QUALITY_MUST[kind])
    yield from _customs(document, path, entry)
    if "dimension" in entry and entry["dimension"] not in DIMENSIONS:
        yield _fault(document.place((*path, "dimension")), "dimension 不在标准之内", "dimension is not in the standard")
    if kind == "library" and entry.get("metric") not in METRICS:
        yield _fault(
            document.place((*path, "metric")), "metric 不在标准之内", "metric is not in the standard", "metric"
        )
    if kind in {"library", "sql"} and sum(key in entry for key in OPERATORS) != 1:
        yield _fault(document.place(path), "应恰好有一个 mustBe… 条件", "there must be exactly one mustBe… condition")
    identity = entry.get("id")
    if identity is not None and not (isinstance(identity, str) and _STABLE_ID.fullmatch(identity)):
        said = "id 只能用字母、数字、下划线和连字符", "an id holds letters, digits, underscores and hyphens only"
        yield _fault(document.place((*path, "id")), *said, field="id")


def _customs(document: ContractDocument, path: Path_, holder: Mapping[str, Any]) -> Iterator[Fault]:
    entries = holder.get("customProperties", [])
    where = (*path, "customProperties")
    if not isinstance(entries, list):
        yield _fault(document.place(where), "customProperties 应是列表", "customProperties must be a list")
        return
    for at, entry in enumerate(entries):
        if not isinstance(entry, dict):
            yield _fault(document.place((*where, at)), "应是键值结构", "must be a mapping")
        else:
            keys = "id property value description"
            yield from _keys(document, (*where, at), entry, keys, required=("property", "value"))


def _keys(
    document: ContractDocument, path: Path_, entry: Mapping[str, Any], known: str, *, required: tuple[str, ...]
) -> Iterator[Fault]:
    allowed = known.split()
    for key in entry:
        if key not in allowed:
            said = f"标准中没有“{key}”", f"the standard knows no “{key}” here"
            yield _fault(document.place((*path, key)), *said, field=key)
    for key in required:
        if key not in entry:
            yield _fault(document.place(path), f"缺少“{key}”", f"“{key}” is missing", key)
