"""What a reader's SQL may be: one SELECT over the lake's views, and nothing that reaches outside them.

Promises: a text passes only if it is exactly one statement of DuckDB's kind SELECT; every table it names is a view of
the lake or a name that it defines itself; table functions are a short list that makes rows out of nothing; functions
that tell settings, variables, plans or definitions, that wait or that write, are refused. What passes is judged on
DuckDB's own syntax tree, not on the text. Beside it stand a locked configuration and a file system of which only the
snapshot's own files are open (`lake.query.query`). That second wall keeps a question from every other file; against
writing to the snapshot's own files this one stands alone, since DuckDB opens a permitted path for both.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from infra.errors import WrongUse
from infra.language import Text

MOST_CHARACTERS = 100_000
TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree"})
DENIED = frozenset(
    {
        "current_setting",
        "currval",
        "getenv",
        "getvariable",
        "in_search_path",
        "json_serialize_plan",
        "json_serialize_sql",
        "json_deserialize_sql",
        "nextval",
        "parse_duckdb_log_message",
        "setseed",
        "setval",
        "setvariable",
        "sleep_ms",
        "stats",
        "vector_type",
        "write_log",
    }
)
# DuckDB takes a writing statement as the body of a WITH and still calls the whole a SELECT.
_READING_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_DENIED_FAMILIES = re.compile(r"^(pg_(?!typeof$|size_pretty$)|has_|duckdb_|pragma_|__internal|read_|parquet_|sniff_)")
_SIMPLE_NAME = re.compile(r"^\w+$")


@dataclass(frozen=True, slots=True)
class Relation:
    """A view that the SQL names: the schema, which is a unit or `city`, and the table within it."""

    schema: str
    table: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class Checked:
    """SQL that passed.

    Attributes:
        sql: the one statement.
        relations: the views it names, in order.
        columns: every column name that it mentions, case folded.
        star: it asks for all columns somewhere, so that `columns` is not the whole.
    """

    sql: str
    relations: tuple[Relation, ...]
    columns: frozenset[str]
    star: bool


def check(sql: str) -> Checked:
    """Judge `sql`.

    Raises:
        WrongUse: `QUERY_SYNTAX`, `QUERY_NOT_ONE`, `QUERY_NOT_SELECT`, `QUERY_TABLE`, `QUERY_FUNCTION`,
            `QUERY_TOO_LONG`.
    """
    if len(sql) > MOST_CHARACTERS or "\0" in sql:
        raise _wrong("TOO_LONG", "查询语句过长或含 NUL", "the query is too long or holds a NUL")
    with duckdb.connect(config={"enable_external_access": "false"}) as parser:
        tree = _parse(parser, sql)
        internal = {str(row[0]).casefold() for row in parser.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    nodes = list(_walk(tree))
    if any("cte_map" in node and node.get("type") not in _READING_NODES for node in nodes):
        raise _wrong("NOT_SELECT", "只允许 SELECT", "only SELECT is allowed")
    own_names = _own_names(nodes, internal)
    relations: dict[Relation, None] = {}
    for node in nodes:
        match node.get("type"):
            case "BASE_TABLE":
                found = _relation(node, own_names)
                if found:
                    relations[found] = None
            case "TABLE_FUNCTION":
                _check_table_function(node)
            case "SHOW_REF" if not node.get("query"):
                raise _wrong(
                    "NOT_SELECT",
                    "不支持 SHOW",
                    "SHOW is not supported",
                    Text(
                        "用 hub catalog list 列出数据集，用 DESCRIBE 单位.领域_名称 看字段",
                        "use `hub catalog list`, or DESCRIBE unit.domain_name",
                    ),
                )
            case _:
                if node.get("class") in ("FUNCTION", "WINDOW") or "function_name" in node:
                    _check_function(str(node.get("function_name", "")))
    names, star = _columns(nodes)
    return Checked(sql, tuple(relations), names, star)


def _parse(parser: duckdb.DuckDBPyConnection, sql: str) -> Any:
    try:
        statements = parser.extract_statements(sql)
    except duckdb.Error as error:
        raise _wrong("SYNTAX", f"SQL 语法有误：{said(error)}", f"the SQL cannot be read: {said(error)}") from None
    if len(statements) != 1:
        raise _wrong("NOT_ONE", "只能有一条语句", "exactly one statement is allowed")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise _wrong("NOT_SELECT", "只允许 SELECT", "only SELECT is allowed")
    text = parser.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    try:
        tree: dict[str, Any] = json.loads(text[0]) if text else {"error": True}
    except RecursionError:
        raise _wrong("TOO_LONG", "查询嵌套过深", "the query is nested too deeply") from None
    if tree.get("error") or len(tree.get("statements", ())) != 1:
        raise _wrong("NOT_SELECT", "只允许 SELECT", "only SELECT is allowed")
    return tree


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    waiting = [node]
    while waiting:
        this = waiting.pop()
        if isinstance(this, dict):
            yield this
            waiting.extend(this.values())
        elif isinstance(this, list):
            waiting.extend(this)


def _own_names(nodes: list[dict[str, Any]], internal: set[str]) -> set[str]:
    """The names that WITH defines. None may be that of an internal view or look like a file.

    A name counts wherever it stands, also outside the WITH that defines it: so it must mean nothing there.
    """
    names = {str(entry["key"]).casefold() for node in nodes if "cte_map" in node for entry in node["cte_map"]["map"]}
    for name in sorted(names):
        if name in internal or not _SIMPLE_NAME.match(name) or _DENIED_FAMILIES.match(name):
            shown = name[:100] if _SIMPLE_NAME.match(name) else "…"
            raise _wrong("TABLE", f"WITH 不能定义名称 {shown}", f"WITH may not define the name {shown}")
    return names


def _relation(node: dict[str, Any], own_names: set[str]) -> Relation | None:
    catalog, schema, table = (str(node.get(part) or "") for part in ("catalog_name", "schema_name", "table_name"))
    if node.get("at_clause"):
        raise _wrong("TABLE", "不支持 AT，请用 --as-of", "AT is not supported", Text("用 --as-of", "use --as-of"))
    if catalog:
        hint = f"{catalog}.{schema}_{table}"
        raise _wrong("TABLE", f"表名写作 {hint}", f"write the table as {hint}", Text(f"用 {hint}", f"use {hint}"))
    if not schema:
        if table.casefold() in own_names:
            return None
        # A path given as a table is not repeated: the sentence may be logged.
        shown = table[:100] if _SIMPLE_NAME.match(table) else "…"
        raise _wrong(
            "TABLE",
            f"表 {shown} 须写明单位",
            f"the table {shown} lacks its unit",
            Text("写作 单位.领域_名称 或 city.领域_名称", "write unit.domain_name or city.domain_name"),
        )
    return Relation(schema.casefold(), table.casefold())


def _check_table_function(node: dict[str, Any]) -> None:
    function = node.get("function") or {}
    name = str(function.get("function_name", "")).casefold()
    if name not in TABLE_FUNCTIONS or function.get("schema") or function.get("catalog"):
        raise _denied(name)


def _check_function(name: str) -> None:
    plain = name.casefold()
    if plain in DENIED or _DENIED_FAMILIES.match(plain):
        raise _denied(plain)


def _columns(nodes: list[dict[str, Any]]) -> tuple[frozenset[str], bool]:
    """Every name that may be a column, and whether columns are read that are not named."""
    names: set[str] = set()
    tables: set[str] = set()
    star = False
    for node in nodes:
        if node.get("class") == "COLUMN_REF":
            # t.x.y may be a column x with a field y: every part counts as a column, so that none is left out.
            names.update(str(part).casefold() for part in node.get("column_names", ()))
        if "query_location" in node and "column_name_alias" in node:
            tables.update(str(node.get(part) or "").casefold() for part in ("alias", "table_name"))
        names.update(str(name).casefold() for name in node.get("using_columns") or ())
        star = (
            star
            or node.get("class") in ("STAR", "POSITIONAL_REFERENCE")
            or node.get("type") in ("SHOW_REF", "PIVOT")
            or node.get("ref_type") == "NATURAL"
            or bool(node.get("column_name_alias"))
        )
    # A table's name where a column stands means its whole row.
    return frozenset(names), star or not names.isdisjoint(tables - {""})


def said(error: duckdb.Error) -> str:
    """The first sentence of DuckDB's message on the reader's own text, short, without anything like a path."""
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return re.sub(r"\S*[/\\]\S*", "…", first)[:300]


def _denied(name: str) -> WrongUse:
    return _wrong("FUNCTION", f"不允许使用函数 {name[:100]}", f"the function {name[:100]} is not allowed")


def _wrong(code: str, zh: str, en: str, remedy: Text | None = None) -> WrongUse:
    return WrongUse(f"QUERY_{code}", zh, en, remedy=remedy)
