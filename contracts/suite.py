"""A contract as plain values for Great Expectations, which one module of the lake turns into a suite.

The suite proves the row rules again, independently, on the typed files that are about to be published, and judges what
only the whole delivery shows. Where Great Expectations has an expectation of its own for DuckDB, that one is used;
patterns, windows, expressions, keys and relations are SQL that returns one constant row per failure: no value leaves.
"""

# ruff: noqa: S608 - SQL is what this module makes: names go through quote_identifier, values through literal

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from contracts.casts import decimal_size
from contracts.model import Column, Contract, RowRule, Severity, TableRule
from contracts.rules import typed_fails_sql
from contracts.sentences import general
from contracts.steps import literal
from infra.errors import WrongUse
from infra.language import Text
from infra.text import quote_identifier

if TYPE_CHECKING:
    from contracts.compile import Compiled

DUCKDB_TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "json": "VARCHAR",
    "geometry": "VARCHAR",
}

# What SQLAlchemy's text() takes for a bind parameter: a colon before a word, as in '(?:abc)'.
_BIND = re.compile(r"(?<![:\w\\]):(?=\w+(?!:))")


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation as plain values.

    Attributes:
        type: its name in Great Expectations, snake case.
        kwargs: its arguments.
        severity: block or warn; a broken row rule of severity quarantine blocks here, for such a row must not be left.
        rule_id: the contract's rule, or `columns`, `types`.
        sentence: what it says when it fails, of records in general.
    """

    type: str
    kwargs: Mapping[str, Any]
    severity: Severity
    rule_id: str
    sentence: Text = field(default=Text("", ""))


def suite(compiled: "Compiled", now: datetime | None = None) -> tuple[Expectation, ...]:
    """Every expectation of the contract, in a stable order.

    Args:
        compiled: the contract.
        now: the instant against which freshness is judged, aware.

    Raises:
        WrongUse: the contract has a freshness rule and `now` is missing.
    """
    contract = compiled.contract
    made = [_columns(contract), _types(contract)]
    made += [_row(rule, contract) for rule in compiled.rules if rule.kind != "type"]
    if contract.duplicates.key:
        made.append(_unique_key(contract))
    made += [_table(rule, now) for rule in contract.table_rules]
    return tuple(replace(one, sentence=general(one.sentence)) for one in made)


def escape(sql: str) -> str:
    """`sql` as Great Expectations wants it: braces doubled for str.format, colons kept from SQLAlchemy's text()."""
    return _BIND.sub(r"\\:", sql.replace("{", "{{").replace("}", "}}"))


def _rows(where: str, contract: Contract) -> dict[str, str]:
    return {"unexpected_rows_query": f"SELECT 1 AS failed FROM {_batch(where, contract)} WHERE {escape(where)}"}


def _batch(sql: str, contract: Contract) -> str:
    # A rule compares instants with plain UTC timestamps, as in the split; a session's time zone must not move them.
    instants = [
        f"make_timestamp(epoch_us({quote_identifier(column.name)})) AS {quote_identifier(column.name)}"
        for column in contract.columns
        if column.type == "timestamp" and re.search(rf"(?<!\w){re.escape(column.name)}(?!\w)", sql)
    ]
    return f"(SELECT * REPLACE ({escape(', '.join(instants))}) FROM {{batch}}) AS utc" if instants else "{batch}"


def _columns(contract: Contract) -> Expectation:
    names = [column.name for column in contract.columns]
    said = Text("文件的列与契约不一致。", "The file's columns are not those of the contract.")
    kwargs = {"column_set": names, "exact_match": False}
    return Expectation("expect_table_columns_to_match_set", kwargs, "block", "columns", said)


def duckdb_type(column: Column) -> str:
    """The DuckDB type of the published column."""
    if column.type == "decimal":
        return "DECIMAL({},{})".format(*decimal_size(column.arrow))
    return DUCKDB_TYPES[column.type]


def _types(contract: Contract) -> Expectation:
    wrong = " OR ".join(
        f"typeof({quote_identifier(column.name)}) <> {literal(duckdb_type(column))}" for column in contract.columns
    )
    said = Text("文件的列类型与契约不一致。", "The file's column types are not those of the contract.")
    query = f"SELECT 1 AS failed FROM (SELECT * FROM {{batch}} LIMIT 1) AS one WHERE {escape(wrong)}"
    return Expectation("unexpected_rows_expectation", {"unexpected_rows_query": query}, "block", "types", said)


def _row(rule: RowRule, contract: Contract) -> Expectation:
    severity: Severity = "warn" if rule.severity == "warn" else "block"
    column = contract.column(rule.column) if rule.column else None
    kind, kwargs = "unexpected_rows_expectation", dict[str, Any]()
    if column and rule.kind == "required":
        kind, kwargs = "expect_column_values_to_not_be_null", {"column": column.name}
    elif column and rule.kind == "range" and column.type not in {"timestamp", "string", "decimal"}:
        kind, kwargs = "expect_column_values_to_be_between", {"column": column.name, **_bounds(rule.args, column)}
    elif column and rule.kind == "enumeration" and column.type in {"string", "integer"}:
        kind, kwargs = (
            "expect_column_values_to_be_in_set",
            {"column": column.name, "value_set": list(rule.args["values"])},
        )
    else:
        kwargs = _rows(typed_fails_sql(rule.kind, rule.args, column), contract)
    return Expectation(kind, kwargs, severity, rule.id, rule.sentence)


def _bounds(args: Mapping[str, Any], column: Column) -> dict[str, Any]:
    given: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
    if column.type == "date":
        given = {key: date.fromisoformat(str(value)) for key, value in given.items()}
    return {
        "min_value": given.get("min", given.get("exclusive_min")),
        "max_value": given.get("max", given.get("exclusive_max")),
        "strict_min": "exclusive_min" in given,
        "strict_max": "exclusive_max" in given,
    }


def _unique_key(contract: Contract) -> Expectation:
    rule = TableRule(
        "duplicates.key",
        "unique",
        {"columns": list(contract.duplicates.key)},
        "block",
        Text("去重以后仍有主键相同的记录。", "Records with the same key are left after duplicates were set aside."),
    )
    return _table(rule, None)


def _table(rule: TableRule, now: datetime | None) -> Expectation:
    args = rule.args
    if rule.kind == "row_count":
        kwargs: dict[str, Any] = {"min_value": args.get("min"), "max_value": args.get("max")}
        return Expectation("expect_table_row_count_to_be_between", kwargs, rule.severity, rule.id, rule.sentence)
    kwargs = {"unexpected_rows_query": table_failure_sql(rule, now)}
    return Expectation("unexpected_rows_expectation", kwargs, rule.severity, rule.id, rule.sentence)


def table_failure_sql(rule: TableRule, now: datetime | None) -> str:
    """A query over `{batch}` that returns rows when the delivery breaks the rule.

    An empty delivery and a column without values break only `row_count` and `distinct`: nothing is there to be wrong.

    Raises:
        WrongUse: freshness without `now`.
    """
    args = rule.args
    quoted = [quote_identifier(name) for name in args.get("columns", ())]
    one = quote_identifier(args["column"]) if "column" in args else ""
    match rule.kind:
        case "unique":
            keys = ", ".join(quoted)
            known = " AND ".join(f"{name} IS NOT NULL" for name in quoted)
            # Counting hashes takes two thirds of what counting keys takes; equal keys have equal hashes, and of the few
            # rows whose hashes are equal the keys themselves decide.
            twice = f"SELECT hash({keys}) FROM @ WHERE {known} GROUP BY ALL HAVING count(*) > 1"
            sql = f"SELECT 1 AS failed FROM @ WHERE {known} AND hash({keys}) IN ({twice}) "
            sql += f"GROUP BY {keys} HAVING count(*) > 1"
        case "null_share":
            sql = f"SELECT 1 AS failed FROM @ HAVING count(*) - count({one}) > {literal(args['max'])} * count(*)"
        case "distinct":
            sql = f"SELECT 1 AS failed FROM @ HAVING {_outside(f'count(DISTINCT {one})', args)}"
        case "sum":
            sql = f"SELECT 1 AS failed FROM @ HAVING {_outside(f'sum({one})', args)}"
        case "sum_relation":
            left, right = (
                " + ".join(f"sum({quote_identifier(name)})" for name in args[side]) for side in ("left", "right")
            )
            sql = f"SELECT 1 AS failed FROM @ HAVING abs(({left}) - ({right})) > {literal(args.get('tolerance', 0))}"
        case "freshness":
            if now is None:
                raise WrongUse(
                    "CONTRACT_CLOCK_MISSING", "时效规则需要当前时间。", "A freshness rule needs the present time."
                )
            oldest = now.astimezone(UTC) - timedelta(hours=float(args["max_age_hours"]))
            micros = int(oldest.timestamp()) * 1_000_000
            sql = f"SELECT 1 AS failed FROM @ HAVING epoch_us(max({one})) < {micros}"
        case "row_count":
            sql = f"SELECT 1 AS failed FROM @ HAVING {_outside('count(*)', args)}"
        case "gaps":
            steps = f"SELECT epoch_us({one}) - lag(epoch_us({one})) OVER (ORDER BY {one}) AS step"
            longest = int(float(args["max_minutes"]) * 60_000_000)
            sql = f"SELECT 1 AS failed FROM ({steps} FROM (SELECT DISTINCT {one} FROM @)) WHERE step > {longest}"
        case "complete":
            wanted = ", ".join(literal(value) for value in args["values"])
            there = f"SELECT {one} FROM @ WHERE {one} IS NOT NULL"
            sql = f"SELECT 1 AS failed FROM (SELECT unnest([{wanted}]) AS wanted) WHERE wanted NOT IN ({there})"
            sql += f" AND EXISTS (SELECT 1 FROM @{_when(args)})"
        case "total":
            of, by = quote_identifier(args["of"]), ", ".join(quote_identifier(name) for name in args["by"])
            parts, whole = (f"sum({one}) FILTER (WHERE {of} {sign} {literal(args['total'])})" for sign in ("<>", "="))
            # A group without parts or without its sum has nothing to compare: NULL keeps the rule.
            sql = f"SELECT 1 AS failed FROM @{_when(args)} GROUP BY {by} "
            sql += f"HAVING abs(({parts}) - ({whole})) > {literal(args.get('tolerance', 0))}"
        case _:
            raise KeyError(rule.kind)
    return escape(sql).replace("FROM @", "FROM {batch}")


def _when(args: Mapping[str, Any]) -> str:
    when = args.get("when")
    return f" WHERE {quote_identifier(when['column'])} = {literal(when['is'])}" if when else ""


def _outside(value: str, args: Mapping[str, Any]) -> str:
    parts = []
    if args.get("min") is not None:
        parts.append(f"{value} < {literal(args['min'])}")
    if args.get("max") is not None:
        parts.append(f"{value} > {literal(args['max'])}")
    return " OR ".join(parts)
