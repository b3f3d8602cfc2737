"""From a document to a `Contract`: columns, fields, steps, key, mode, duplicates, reading hints.

Everything the house adds to ODCS stands under `customProperties`, named `cityhub.…`:

| where | property | value |
|---|---|---|
| schema object | `cityhub.mode` | append, snapshot, upsert |
| | `cityhub.as_of` | of an upsert: the required column that says as of when a row is true |
| | `cityhub.duplicates` | {key, wins: first/last, scope: delivery/table, conflict: duplicate/quarantine} |
| | `cityhub.reading` | the hints of `contracts.model.Reading` |
| | `cityhub.steps` | steps of every column, before its own |
| property | `cityhub.english` | the English name (`businessName` is the Chinese one) |
| | `cityhub.aliases` | further header spellings |
| | `cityhub.steps` | conversions, see `contracts.steps` |
| | `cityhub.from` | {fields: [{name, aliases}], template} of a derived column, or {given: file_name} |
| | `cityhub.optional_header` | true: a delivery may come without it |
| | `cityhub.personal` | true: personal information |
| quality entry | `cityhub.sentence` | {zh, en} |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalogs.rules.faults import Fault, fault
from contracts import quality
from contracts.expression import Expressions
from contracts.model import COLUMN_TYPES, Column, Contract, Field, Step
from contracts.odcs import ContractDocument, Path_
from contracts.steps import TEXT_STEPS, TYPED_STEPS
from contracts.terms import as_of, duplicates, key, mode, reading, upsert
from contracts.values import step_fault
from infra.language import Text
from infra.text import fold

OBJECT_PROPERTIES = ("cityhub.mode", "cityhub.as_of", "cityhub.duplicates", "cityhub.reading", "cityhub.steps")
COLUMN_PROPERTIES = (
    "cityhub.english",
    "cityhub.aliases",
    "cityhub.steps",
    "cityhub.from",
    "cityhub.optional_header",
    "cityhub.personal",
)
GIVEN = ("file_name",)

# The physical type is the house's type; the logical type is what ODCS knows of it.
LOGICAL = {
    "string": "string",
    "integer": "integer",
    "decimal": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "json": "string",
    "geometry": "string",
}
ARROW = {
    "string": "string",
    "integer": "int64",
    "number": "float64",
    "boolean": "bool",
    "date": "date32",
    "timestamp": "timestamp[us, UTC]",
    "json": "string",
    "geometry": "string",
}


@dataclass(slots=True)
class Parser:
    """Collects faults while it reads; every method goes on after a fault."""

    document: ContractDocument
    faults: list[Fault] = field(default_factory=list)

    def blame(self, path: Path_, code: str, zh: str, en: str) -> None:
        """Note a fault at `path`."""
        last = next((part for part in reversed(path) if isinstance(part, str)), None)
        self.faults.append(fault(code, zh, en, place=self.document.place(path), field=last))

    def customs(self, holder: Mapping[str, Any], path: Path_, known: tuple[str, ...]) -> dict[str, tuple[Any, Path_]]:
        """Our properties of `holder` by name, each with its path; an unknown one of ours is a fault."""
        found: dict[str, tuple[Any, Path_]] = {}
        for at, entry in enumerate(holder.get("customProperties") or []):
            name, where = entry.get("property"), (*path, "customProperties", at, "value")
            if not isinstance(name, str) or not name.startswith("cityhub."):
                continue
            if name not in known:
                self.blame(where, "CONTRACT_PROPERTY", f"没有属性“{name}”", f"there is no property “{name}” here")
            elif name in found:
                self.blame(where, "CONTRACT_PROPERTY", f"属性“{name}”重复", f"the property “{name}” stands twice")
            else:
                found[name] = entry.get("value"), where
        return found


def parse(document: ContractDocument, *, trusted: bool = False) -> tuple[Contract | None, list[Fault]]:
    """The contract of a structurally sound document, or every fault of what it says.

    `trusted` skips the checks that need DuckDB, for documents that passed them when they were registered.
    """
    contract, faults = parse_as_far(document, trusted=trusted)
    return (None if faults else contract), faults


def parse_as_far(
    document: ContractDocument, expressions: Expressions | None = None, *, trusted: bool = False
) -> tuple[Contract, list[Fault]]:
    """As `parse`, with what could be understood of a faulty contract, to look for more faults.

    Who parses many hands over one `expressions`.
    """
    if expressions is None and not trusted:
        with Expressions() as own:
            return parse_as_far(document, own)
    parser = Parser(document)
    path: Path_ = ("schema", 0)
    schema = document.raw["schema"][0]
    customs = parser.customs(schema, path, OBJECT_PROPERTIES)
    shared = _steps(parser, *customs.get("cityhub.steps", ((), path)))
    columns: list[Column] = []
    sources: dict[str, Field] = {}
    for at, entry in enumerate(schema["properties"]):
        where = (*path, "properties", at)
        column = _column(parser, entry, where, shared, sources)
        if any(column.name == other.name for other in columns):
            parser.blame(
                where, "CONTRACT_COLUMN_TWICE", f"列“{column.name}”重复", f"column “{column.name}” stands twice"
            )
        columns.append(column)
    names = {column.name: column for column in columns}
    row_rules, table_rules = quality.rules(parser, schema, path, names, None if trusted else expressions)
    how, keyed, twice = mode(parser, customs, path), key(parser, schema, path), duplicates(parser, customs, names)
    contract = Contract(
        id=str(document.raw["id"]),
        version=str(document.raw["version"]),
        columns=tuple(columns),
        fields=tuple(sources.values()),
        row_rules=row_rules,
        table_rules=table_rules,
        mode=how,
        key=keyed,
        duplicates=upsert(parser, customs, path, keyed, twice) if how == "upsert" else twice,
        reading=reading(parser, customs, sources),
        title=Text(str(document.raw.get("name") or document.raw["id"]), _english(document.raw)),
        as_of=as_of(parser, customs, names, how, keyed),
    )
    _check_names(parser, contract, path)
    return contract, parser.faults


def _english(raw: Mapping[str, Any]) -> str:
    for entry in raw.get("customProperties") or []:
        if entry.get("property") == "cityhub.english":
            return str(entry.get("value"))
    return str(raw["id"])


def _column(
    parser: Parser, entry: Mapping[str, Any], path: Path_, shared: tuple[Step, ...], sources: dict[str, Field]
) -> Column:
    name = str(entry["name"])
    customs = parser.customs(entry, path, COLUMN_PROPERTIES)
    kind, arrow = _type(parser, entry, path)
    aliases = _texts(parser, *customs.get("cityhub.aliases", ([], path)))
    title, physical = entry.get("businessName"), entry.get("physicalName")
    names = tuple(dict.fromkeys(str(one) for one in (name, title, physical, *aliases) if one))
    used, template = _sources(parser, name, names, customs, path, sources)
    steps = shared + _steps(parser, *customs.get("cityhub.steps", ((), path)))
    for step in steps:
        said = step_fault(step, kind)
        if said:
            where = customs.get("cityhub.steps", (None, path))[1]
            parser.blame(where, "CONTRACT_STEP", f"列“{name}”：{said.zh}", f"column “{name}”: {said.en}")
    return Column(
        name=name,
        names=names,
        type=kind,
        arrow=arrow,
        required=bool(entry.get("required", False)),
        personal=customs.get("cityhub.personal", (False, path))[0] is True,
        title=Text(str(title or name), str(customs.get("cityhub.english", (name, path))[0])),
        fields=used,
        template=template,
        steps=steps,
    )


def _type(parser: Parser, entry: Mapping[str, Any], path: Path_) -> tuple[Any, str]:
    logical = entry.get("logicalType")
    written = str(entry.get("physicalType") or logical or "string")
    kind, _, size = written.partition("(")
    if kind not in COLUMN_TYPES:
        said = (
            f"类型“{written}”不在 {'、'.join(COLUMN_TYPES)} 之中",
            f"“{written}” is none of {', '.join(COLUMN_TYPES)}",
        )
        parser.blame((*path, "physicalType"), "CONTRACT_TYPE", *said)
        return "string", "string"
    if logical is not None and LOGICAL[kind] != logical:
        said = f"{kind} 的 logicalType 应为 {LOGICAL[kind]}", f"the logicalType of {kind} is {LOGICAL[kind]}"
        parser.blame((*path, "logicalType"), "CONTRACT_TYPE", *said)
    if kind != "decimal":
        return kind, ARROW[kind]
    digits = size.rstrip(")").split(",") if size else ["18", "4"]
    if len(digits) != 2 or not all(part.strip().isdigit() for part in digits) or not _fits(digits):
        said = (
            "小数应写作 decimal(位数, 小数位)，位数至多 38",
            "a decimal is decimal(precision, scale), precision at most 38",
        )
        parser.blame((*path, "physicalType"), "CONTRACT_TYPE", *said)
        return kind, "decimal128(18,4)"
    return kind, f"decimal128({int(digits[0])},{int(digits[1])})"


def _fits(digits: list[str]) -> bool:
    precision, scale = int(digits[0]), int(digits[1])
    return 1 <= precision <= 38 and scale <= precision


def _sources(
    parser: Parser,
    name: str,
    names: tuple[str, ...],
    customs: Mapping[str, tuple[Any, Path_]],
    path: Path_,
    sources: dict[str, Field],
) -> tuple[tuple[str, ...], str | None]:
    wanted = customs.get("cityhub.optional_header", (False, path))[0] is not True
    if "cityhub.from" not in customs:
        sources[name] = Field(name, names, wanted)
        return (name,), None
    value, where = customs["cityhub.from"]
    if isinstance(value, dict) and value.get("given") in GIVEN and len(value) == 1:
        sources[name] = Field(name, names, required=False, given=value["given"])
        return (name,), None
    listed = value.get("fields") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) and "name" in one for one in listed):
        said = "cityhub.from 应写明 fields 和 template，或 given", "cityhub.from names fields and template, or given"
        parser.blame(where, "CONTRACT_FROM", *said)
        sources[name] = Field(name, names, wanted)
        return (name,), None
    used = [str(one["name"]) for one in listed]
    for one in listed:
        spellings = (str(one["name"]), *(str(alias) for alias in one.get("aliases", ())))
        sources.setdefault(str(one["name"]), Field(str(one["name"]), spellings, wanted))
    template = value.get("template")
    if template is None and len(used) == 1:
        return (used[0],), None
    if not isinstance(template, str) or [part for part in used if "{" + part + "}" not in template]:
        parser.blame(where, "CONTRACT_FROM", "template 应含每个字段", "the template must hold every field")
        template = " ".join("{" + part + "}" for part in used)
    return tuple(used), template


def _steps(parser: Parser, value: Any, path: Path_) -> tuple[Step, ...]:
    made: list[Step] = []
    for at, entry in enumerate(value if isinstance(value, list | tuple) else [None]):
        pairs = [(entry, True)] if isinstance(entry, str) else list(entry.items()) if isinstance(entry, dict) else []
        if len(pairs) != 1 or pairs[0][0] not in TEXT_STEPS + TYPED_STEPS:
            said = f"没有这样的步骤：{'、'.join(TEXT_STEPS + TYPED_STEPS)}", "there is no such step"
            parser.blame((*path, at), "CONTRACT_STEP", *said)
        else:
            made.append(Step(*pairs[0]))
    return tuple(made)


def _texts(parser: Parser, value: Any, path: Path_) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        parser.blame(path, "CONTRACT_PROPERTY", "应是文本列表", "must be a list of texts")
        return []
    return list(value)


def _check_names(parser: Parser, contract: Contract, path: Path_) -> None:
    clash = {"_mask", "_raw", "_line", "_fault", "_extra", "_delivery"}
    for at, column in enumerate(contract.columns):
        if column.name in clash or column.name.startswith("_") or column.name.endswith(("__raw", "__text")):
            said = f"列名“{column.name}”是保留的", f"the column name “{column.name}” is reserved"
            parser.blame((*path, "properties", at), "CONTRACT_COLUMN_NAME", *said)
    spelled: dict[str, str] = {}
    for source in contract.fields:
        for name in source.names:
            owner = spelled.setdefault(fold(name), source.name)
            if owner != source.name:
                said = f"表头“{name}”同属 {owner} 和 {source.name}", f"“{name}” names both {owner} and {source.name}"
                parser.blame((*path, "properties"), "CONTRACT_ALIAS_TWICE", *said)
