"""Restricted SQL expressions in contracts: one scalar, true-or-false expression over the contract's columns.

DuckDB's own parser reads it, so what is checked is what runs. Refused: more than one expression, comments, subqueries,
aggregates, windows, stars, parameters, lambdas, table functions, every function outside `FUNCTIONS`, every name that is
no column, and what DuckDB cannot bind to a boolean.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from infra.language import Text
from infra.text import quote_identifier

_FUNCTIONS = """
+ - * / // % ~~ !~~ || abs round floor ceil ceiling greatest least sqrt power sign isfinite isnan
length strlen lower upper trim ltrim rtrim substr substring left right contains starts_with ends_with prefix suffix
replace concat coalesce nullif regexp_matches regexp_full_match like_escape not_like_escape
year month day hour minute second quarter dayofweek date_trunc date_part date_diff datediff epoch
json_extract_string json_array_length json_valid
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
_CLASSES = frozenset(
    ("COLUMN_REF", "CONSTANT", "COMPARISON", "CONJUNCTION", "FUNCTION", "OPERATOR", "CASE", "TYPE", "CAST", "BETWEEN")
)


class Expressions:
    """Checks expressions, all in one database: opening it takes longer than a contract does. `with` closes it."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._connection: Any = None

    def __enter__(self) -> "Expressions":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def faults(self, expressions: Mapping[str, str], columns: Mapping[str, str]) -> dict[str, Text]:
        """What is wrong with each expression, by its key; keys of sound ones are absent.

        Args:
            expressions: the expressions by any key.
            columns: the DuckDB type of each column by its name.
        """
        if not expressions:
            return {}
        import duckdb  # noqa: PLC0415 - heavy; commands that only list contracts do not need it

        if self._connection is None:
            opened = duckdb.connect(":memory:", config={"enable_external_access": False})
            self._connection = self._open.enter_context(opened)
        found: dict[str, Text] = {}
        for key, sql in expressions.items():
            said = _fault(self._connection, sql, columns, duckdb.Error)
            if said:
                found[key] = said
        return found


def _fault(connection: Any, sql: str, columns: Mapping[str, str], error: type[Exception]) -> Text | None:
    return _parse_fault(connection, sql, columns) or _bind_fault(connection, sql, columns, error)


def _parse_fault(connection: Any, sql: str, columns: Mapping[str, str]) -> Text | None:
    if "--" in sql or "/*" in sql:
        return Text("表达式中不能有注释", "an expression holds no comment")
    row = connection.execute("SELECT json_serialize_sql($1)", [f"SELECT ({sql}\n)"]).fetchone()
    tree = json.loads(row[0])
    if tree.get("error"):
        return Text("表达式有语法错误", "the expression has a syntax error")
    statements = tree["statements"]
    node = statements[0]["node"]
    plain = node["type"] == "SELECT_NODE" and len(node["select_list"]) == 1 and node["from_table"]["type"] == "EMPTY"
    clauses = any(
        node.get(part) for part in ("where_clause", "having", "qualify", "sample", "group_expressions", "modifiers")
    )
    if len(statements) != 1 or not plain or clauses or node["cte_map"]["map"]:
        return Text("只能写一个表达式", "there must be one expression and nothing else")
    return next(_tree_faults(node["select_list"][0], columns), None)


def _tree_faults(node: Any, columns: Mapping[str, str]) -> Iterator[Text]:
    if isinstance(node, list):
        for child in node:
            yield from _tree_faults(child, columns)
        return
    if not isinstance(node, dict):
        return
    kind = node.get("class")
    if kind is not None and kind not in _CLASSES:
        yield Text(f"不能使用 {kind}", f"{kind} is not allowed")
        return
    if kind == "COLUMN_REF":
        name = ".".join(node["column_names"])
        if name not in columns:
            yield Text(f"没有列“{name}”", f"there is no column “{name}”")
    if kind == "FUNCTION" and (
        node["function_name"].lower() not in FUNCTIONS or node.get("schema") or node.get("distinct")
    ):
        yield Text(f"不能使用函数 {node['function_name']}", f"the function {node['function_name']} is not allowed")
    for key, child in node.items():
        if key not in {"literal", "value"}:
            yield from _tree_faults(child, columns)


def _bind_fault(connection: Any, sql: str, columns: Mapping[str, str], error: type[Exception]) -> Text | None:
    row = ", ".join(f"CAST(NULL AS {kind}) AS {quote_identifier(name)}" for name, kind in columns.items())
    try:
        kind = connection.execute(f"SELECT ({sql}\n) FROM (SELECT {row}) LIMIT 0").description[0][1]  # noqa: S608 - parsed above
    except error as failed:
        return Text(f"表达式不能执行：{_first(failed)}", f"the expression does not bind: {_first(failed)}")
    if str(kind) != "BOOLEAN":
        return Text("表达式应得出真或假", "the expression must be true or false")
    return None


def _first(error: Exception) -> str:
    return str(error).splitlines()[0][:160]
