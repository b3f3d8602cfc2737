"""Row rules: each kind's SQL, and the sentence it speaks when the contract writes none.

A rule says what must hold; NULL keeps every rule but `required`, as in a SQL CHECK. The kinds:

| kind | values | holds when |
|---|---|---|
| `type` | – | the text could be converted (made for every column whose conversion can fail) |
| `required` | – | there is a value (made for every required column) |
| `range` | min, max, exclusive_min, exclusive_max | the value lies within; dates and instants as ISO text |
| `enumeration` | values | the value is one of these |
| `pattern` | pattern | the whole text matches (RE2) |
| `length` | min, max | the text has so many characters |
| `expression` | holds | a scalar SQL expression over the columns is true (`contracts.expression`) |
| `window` | longitude, latitude, west, south, east, north | the point lies in the box |
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from contracts.model import Column, RowRule, Severity
from contracts.steps import literal
from infra.language import Text
from infra.text import quote_identifier

ROW_KINDS: Mapping[str, tuple[str, ...]] = {
    "type": (),
    "required": (),
    "range": ("min", "max", "exclusive_min", "exclusive_max"),
    "enumeration": ("values",),
    "pattern": ("pattern",),
    "length": ("min", "max"),
    "expression": ("holds",),
    "window": ("longitude", "latitude", "west", "south", "east", "north"),
}

TYPE_WORDS = {
    "string": Text("要求的文本", "the expected text"),
    "integer": Text("整数", "a whole number"),
    "decimal": Text("规定位数以内的小数", "a decimal number within the agreed digits"),
    "number": Text("数值", "a number"),
    "boolean": Text("是或否", "yes or no"),
    "date": Text("有效日期", "a valid date"),
    "timestamp": Text("有效的日期时间", "a valid date and time"),
    "json": Text("有效的JSON", "valid JSON"),
    "geometry": Text("有效的空间图形", "a valid geometry"),
}


_SENTENCES = {
    "required": Text("第{line}行“{column}”没有填写。", "Line {line}: “{column}” is empty."),
    "enumeration": Text("第{line}行“{column}”只能是：{values}。", "Line {line}: “{column}” must be one of: {values}."),
    "pattern": Text("第{line}行“{column}”的格式不符合要求。", "Line {line}: “{column}” is not written as agreed."),
    "window": Text("第{line}行的坐标超出规定范围。", "Line {line}: the coordinates lie outside the agreed area."),
    "expression": Text("第{line}行不符合约定的规则。", "Line {line} breaks an agreed rule."),
}


def row_rule(
    rule_id: str,
    kind: str,
    args: Mapping[str, Any],
    *,
    column: Column | None,
    severity: Severity,
    sentence: Text | None,
) -> RowRule:
    """The rule with its SQL and its sentence; placeholders other than `{line}` are filled here.

    Raises:
        KeyError: an unknown kind or a value the kind needs is missing (`contracts.check` finds these first).
    """
    name = column.name if column else None
    spoken = fill(sentence or default_sentence(kind, args, column), args, column)
    return RowRule(rule_id, name, severity, fails_sql(kind, args, column), spoken, kind, dict(args))


def fill(sentence: Text, args: Mapping[str, Any], column: Column | None) -> Text:
    """`sentence` with `{column}` and the rule's own values filled; `{line}` stays."""
    zh, en = sentence.zh, sentence.en
    if column:
        zh = zh.replace("{column}", column.title.zh or column.name)
        en = en.replace("{column}", column.title.en or column.name)
    for key, value in args.items():
        shown = "、".join(map(str, value)) if isinstance(value, list) else str(value)
        zh, en = zh.replace("{" + key + "}", shown), en.replace("{" + key + "}", shown.replace("、", ", "))
    return Text(zh, en)


def default_sentence(kind: str, args: Mapping[str, Any], column: Column | None) -> Text:
    """What a rule says when its contract gives no sentence."""
    if kind == "type" and column:
        word = TYPE_WORDS[column.type]
        return Text(f"第{{line}}行“{{column}}”不是{word.zh}。", f"Line {{line}}: “{{column}}” is not {word.en}.")
    return _bounds_sentence(kind, args) if kind in {"range", "length"} else _SENTENCES[kind]


def _bounds_sentence(kind: str, args: Mapping[str, Any]) -> Text:
    low = args.get("min", args.get("exclusive_min"))
    high = args.get("max", args.get("exclusive_max"))
    of_zh, of_en = ("的字数", "the length of ") if kind == "length" else ("", "")
    if low is None:
        zh, en = f"应不大于{high}", f"must be at most {high}"
    elif high is None:
        zh, en = f"应不小于{low}", f"must be at least {low}"
    else:
        zh, en = f"应在{low}与{high}之间", f"must lie between {low} and {high}"
    return Text(f"第{{line}}行“{{column}}”{of_zh}{zh}。", f"Line {{line}}: {of_en}“{{column}}” {en}.")


def fails_sql(kind: str, args: Mapping[str, Any], column: Column | None) -> str:
    """The expression that is true where a row breaks the rule."""
    if column is None:
        return _window(args) if kind == "window" else _expression("", args, None)
    name, text = quote_identifier(column.name), quote_identifier(f"{column.name}__text")
    if kind == "type":
        return f"{name} IS NULL AND {text} IS NOT NULL"
    if kind == "required":
        return f"{name} IS NULL AND {text} IS NULL"
    return typed_fails_sql(kind, args, column)


def typed_fails_sql(kind: str, args: Mapping[str, Any], column: Column | None) -> str:
    """The same for published rows, which hold typed columns alone."""
    if column is None:
        return fails_sql(kind, args, None)
    return _FAILS[kind](quote_identifier(column.name), args, column)


def _required(name: str, _: Mapping[str, Any], __: Column) -> str:
    return f"{name} IS NULL"


def _enumeration(name: str, args: Mapping[str, Any], _: Column) -> str:
    # Not NOT IN: DuckDB makes a join of a long list, which costs more than the comparisons.
    return "(" + " AND ".join(f"{name} <> {literal(value)}" for value in args["values"]) + ")"


def _pattern(name: str, args: Mapping[str, Any], _: Column) -> str:
    return f"NOT regexp_full_match({name}, {literal(args['pattern'])})"


def _length(name: str, args: Mapping[str, Any], _: Column) -> str:
    # Bytes are counted at no cost and bound the characters, which are counted only where that leaves a doubt.
    low, high = args.get("min"), args.get("max")
    parts = []
    if low:
        parts.append(f"(strlen({name}) < {low * 4} AND length({name}) < {low})" if low > 1 else f"strlen({name}) < 1")
    if high is not None:
        parts.append(f"(strlen({name}) > {high} AND length({name}) > {high})")
    return " OR ".join(parts) or "FALSE"


def _expression(_: str, args: Mapping[str, Any], __: Column | None) -> str:
    # TRY: one row that overflows a sum must not end the delivery.
    return f"NOT TRY({args['holds']})"


def _range(name: str, args: Mapping[str, Any], column: Column) -> str:
    return _compare(name, {key: typed_literal(value, column) for key, value in args.items() if value is not None})


def typed_literal(value: Any, column: Column) -> str:
    """`value` as a literal of the column's type; dates and instants are written as ISO text, instants in UTC."""
    if column.type == "date":
        return f"DATE {literal(date.fromisoformat(str(value)))}"
    if column.type == "timestamp":
        return f"TIMESTAMP {literal(datetime.fromisoformat(str(value)).replace(tzinfo=None).isoformat(sep=' '))}"
    return literal(value)


def _compare(name: str, bounds: Mapping[str, str]) -> str:
    signs = {"min": "<", "max": ">", "exclusive_min": "<=", "exclusive_max": ">="}
    return " OR ".join(f"{name} {signs[key]} {bound}" for key, bound in bounds.items())


def _window(args: Mapping[str, Any]) -> str:
    longitude, latitude = quote_identifier(args["longitude"]), quote_identifier(args["latitude"])
    west, east, south, north = (literal(args[side]) for side in ("west", "east", "south", "north"))
    return f"{longitude} < {west} OR {longitude} > {east} OR {latitude} < {south} OR {latitude} > {north}"


_FAILS = {
    "required": _required,
    "range": _range,
    "enumeration": _enumeration,
    "pattern": _pattern,
    "length": _length,
    "expression": _expression,
}
