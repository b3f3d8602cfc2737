"""ODCS `quality` entries as row rules and table rules.

- `type: custom, engine: cityhub`: `implementation: {rule: <kind>, …}`, kinds of `contracts.rules` and `TABLE_KINDS`;
- `type: library`: `rowCount`, `duplicateValues` (mustBe 0) and `nullValues` are table rules;
- `type: sql`: `SELECT COUNT(*) FROM ${table} WHERE <expression>` with `mustBe: 0` is a row rule;
- `type: text` is for people and runs nothing.

What cannot be run is a fault: a promise that nobody checks is none. Every rule has a severity and a sentence in both
languages; `type` and `required`, which come of themselves, may be named to give them another severity or sentence.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from contracts.casts import can_fail
from contracts.expression import Expressions
from contracts.model import PLACEHOLDER, SEVERITIES, Column, RowRule, Severity, TableRule
from contracts.odcs import OPERATORS, Path_
from contracts.rules import ROW_KINDS, fill, row_rule
from contracts.steps import literal
from contracts.suite import duckdb_type
from contracts.values import TABLE_KINDS, value_fault
from infra.language import Text
from infra.text import quote_identifier

if TYPE_CHECKING:
    from contracts.parse import Parser

_SQL = re.compile(r"\s*SELECT\s+COUNT\(\*\)\s+FROM\s+\$\{(?:table|object)\}\s+WHERE\s+(.+)", re.IGNORECASE | re.DOTALL)
_UNIQUE = Text("“{column}”有重复的值。", "“{column}” holds a value twice.")


class _Rules:
    """Gathers the rules of one contract; ids are unique, expressions are checked together at the end."""

    def __init__(self, parser: "Parser", columns: Mapping[str, Column]) -> None:
        self.parser = parser
        self.columns = columns
        self.rows: list[RowRule] = []
        self.tables: list[TableRule] = []
        self.expressions: dict[Path_, str] = {}
        self._ids: set[str] = set()

    def take(self, identity: str, path: Path_) -> None:
        if identity in self._ids:
            said = f"规则“{identity}”重复", f"the rule “{identity}” stands twice"
            self.parser.blame(path, "CONTRACT_RULE_TWICE", *said)
        self._ids.add(identity)

    def add(self, entry: Mapping[str, Any], path: Path_, column: Column | None) -> None:
        """One declared rule."""
        found = _translate(entry, column)
        if found is None:
            self.parser.blame(path, "CONTRACT_RULE_KIND", "这条规则无法执行", "this rule cannot be run")
            return
        kind, args = found
        severity, sentence = self._severity(entry, path, kind), self._sentence(entry, path, args)
        said = value_fault(kind, args, column, self.columns)
        if said:
            self.parser.blame(path, "CONTRACT_RULE_VALUE", said.zh, said.en)
            return
        local = str(entry.get("id") or kind)
        identity = f"{column.name}.{local}" if column else local
        self.take(identity, path)
        self._watch(kind, args, path, column)
        if kind in ROW_KINDS:
            self.rows.append(row_rule(identity, kind, args, column=column, severity=severity, sentence=sentence))
        else:
            self.tables.append(TableRule(identity, kind, args, severity, fill(sentence, args, column)))

    def _watch(self, kind: str, args: Mapping[str, Any], path: Path_, column: Column | None) -> None:
        if kind == "expression":
            self.expressions[path] = args["holds"]
        elif kind == "pattern" and column:
            self.expressions[path] = f"regexp_full_match({quote_identifier(column.name)}, {literal(args['pattern'])})"

    def _severity(self, entry: Mapping[str, Any], path: Path_, kind: str) -> Severity:
        value = entry.get("severity")
        if value not in SEVERITIES:
            said = "severity 应为 block、quarantine 或 warn", "the severity is block, quarantine or warn"
            self.parser.blame((*path, "severity"), "CONTRACT_SEVERITY", *said)
            return "block"
        if kind in TABLE_KINDS and value == "quarantine":
            said = "整批规则只能是 block 或 warn", "a rule over the whole delivery blocks or warns"
            self.parser.blame((*path, "severity"), "CONTRACT_SEVERITY", *said)
        severity: Severity = value
        return severity

    def _sentence(self, entry: Mapping[str, Any], path: Path_, args: Mapping[str, Any]) -> Text:
        customs = self.parser.customs(entry, path, ("cityhub.sentence",))
        value, where = customs.get("cityhub.sentence", (None, path))
        given = [value.get(lang) for lang in ("zh", "en")] if isinstance(value, dict) else []
        parts = [part for part in given if isinstance(part, str) and part.strip()]
        if len(parts) != 2:
            said = (
                "规则没有中英文说明句 cityhub.sentence",
                "the rule has no sentence in both languages (cityhub.sentence)",
            )
            self.parser.blame(where, "CONTRACT_SENTENCE_MISSING", *said)
            return Text("", "")
        sentence = Text(parts[0], parts[1])
        unknown = {name for part in parts for name in PLACEHOLDER.findall(part)} - {"line", "column", *args}
        if unknown:
            said = (
                f"说明句中没有占位符 {'、'.join(sorted(unknown))}",
                f"unknown placeholder {', '.join(sorted(unknown))}",
            )
            self.parser.blame(where, "CONTRACT_SENTENCE_PLACEHOLDER", *said)
        return sentence


def rules(
    parser: "Parser",
    schema: Mapping[str, Any],
    path: Path_,
    columns: Mapping[str, Column],
    expressions: Expressions | None,
) -> tuple[tuple[RowRule, ...], tuple[TableRule, ...]]:
    """All rules of the contract: of each column in order, then those of the whole.

    What its expressions say is checked by `expressions`, or not at all: they passed when the contract was registered.
    """
    made = _Rules(parser, columns)
    for at, entry in enumerate(schema["properties"]):
        where = (*path, "properties", at)
        column = columns[str(entry["name"])]
        declared = list(_entries(entry, where))
        for kind in _implied(column, [_kind(one) for one, _ in declared]):
            made.take(f"{column.name}.{kind}", where)
            made.rows.append(
                row_rule(f"{column.name}.{kind}", kind, {}, column=column, severity="quarantine", sentence=None)
            )
        for one, one_path in declared:
            made.add(one, one_path, column)
        if entry.get("unique") is True:
            made.take(f"{column.name}.unique", where)
            said = Text(
                _UNIQUE.zh.replace("{column}", column.title.zh), _UNIQUE.en.replace("{column}", column.title.en)
            )
            made.tables.append(TableRule(f"{column.name}.unique", "unique", {"columns": [column.name]}, "block", said))
        if entry.get("logicalTypeOptions"):
            said = Text(
                "请把 logicalTypeOptions 写成带说明句的 quality 规则",
                "write logicalTypeOptions as a quality entry with a sentence",
            )
            parser.blame((*where, "logicalTypeOptions"), "CONTRACT_OPTION", said.zh, said.en)
    for one, one_path in _entries(schema, path):
        made.add(one, one_path, None)
    if expressions is None:
        return tuple(made.rows), tuple(made.tables)
    types = {column.name: duckdb_type(column).replace(" WITH TIME ZONE", "") for column in columns.values()}
    keyed = {str(at): sql for at, sql in enumerate(made.expressions.values())}
    for key, said in expressions.faults(keyed, types).items():
        parser.blame(list(made.expressions)[int(key)], "CONTRACT_EXPRESSION", said.zh, said.en)
    return tuple(made.rows), tuple(made.tables)


def _entries(holder: Mapping[str, Any], path: Path_) -> Iterator[tuple[Mapping[str, Any], Path_]]:
    for at, entry in enumerate(holder.get("quality") or []):
        if entry.get("type") != "text":
            yield entry, (*path, "quality", at)


def _kind(entry: Mapping[str, Any]) -> str:
    implementation = entry.get("implementation")
    return str(implementation.get("rule", "")) if isinstance(implementation, dict) else ""


def _implied(column: Column, declared: list[str]) -> list[str]:
    wanted = [("type", can_fail(column)), ("required", column.required)]
    return [kind for kind, needed in wanted if needed and kind not in declared]


def _translate(entry: Mapping[str, Any], column: Column | None) -> tuple[str, dict[str, Any]] | None:
    kind = entry.get("type", "library")
    if kind == "custom":
        implementation = entry["implementation"]
        if entry["engine"] != "cityhub" or not isinstance(implementation, dict):
            return None
        rule = implementation.get("rule")
        args = {key: value for key, value in implementation.items() if key != "rule"}
        if column and rule in {"null_share", "distinct", "sum", "freshness", "gaps", "complete", "total"}:
            args.setdefault("column", column.name)
        return (rule, args) if isinstance(rule, str) and (rule in ROW_KINDS or rule in TABLE_KINDS) else None
    if kind == "sql":
        match = _SQL.fullmatch(str(entry["query"]))
        return ("expression", {"holds": f"NOT ({match[1].strip()})"}) if match and entry.get("mustBe") == 0 else None
    return _library(entry, column)


def _library(entry: Mapping[str, Any], column: Column | None) -> tuple[str, dict[str, Any]] | None:
    operator = next(key for key in OPERATORS if key in entry)
    value, metric = entry[operator], entry["metric"]
    if metric == "rowCount" and column is None:
        bounds = {
            "mustBe": lambda: {"min": value, "max": value},
            "mustBeBetween": lambda: {"min": value[0], "max": value[1]},
            "mustBeGreaterOrEqualTo": lambda: {"min": value},
            "mustBeGreaterThan": lambda: {"min": value + 1},
            "mustBeLessOrEqualTo": lambda: {"max": value},
            "mustBeLessThan": lambda: {"max": value - 1},
        }.get(operator)
        return ("row_count", bounds()) if bounds else None
    if metric == "duplicateValues" and operator == "mustBe" and value == 0:
        columns = [column.name] if column else (entry.get("arguments") or {}).get("properties")
        return "unique", {"columns": columns}
    if metric == "nullValues" and column and operator in {"mustBe", "mustBeLessOrEqualTo"}:
        share = value / 100 if entry.get("unit") == "percent" else value
        return (
            ("null_share", {"column": column.name, "max": share})
            if share == 0 or entry.get("unit") == "percent"
            else None
        )
    return None
