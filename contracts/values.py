"""The plain values that each kind of rule and of step takes, checked before any SQL is made of them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from contracts.casts import offset_hours
from contracts.model import Column, Step
from contracts.rules import ROW_KINDS
from infra.language import Text

TABLE_KINDS: Mapping[str, tuple[str, ...]] = {
    "row_count": ("min", "max"),
    "unique": ("columns",),
    "freshness": ("column", "max_age_hours"),
    "distinct": ("column", "min", "max"),
    "sum": ("column", "min", "max"),
    "sum_relation": ("left", "right", "tolerance"),
    "null_share": ("column", "max"),
    "gaps": ("column", "max_minutes"),
    "complete": ("column", "values", "when"),
    "total": ("column", "of", "total", "by", "tolerance", "when"),
}
NUMERIC = ("integer", "decimal", "number")
_ON_COLUMN = ("type", "required", "range", "enumeration", "pattern", "length")


def value_fault(
    kind: str, args: Mapping[str, Any], column: Column | None, columns: Mapping[str, Column]
) -> Text | None:
    """What is wrong with the values of a rule, or None."""
    known = ROW_KINDS.get(kind) or TABLE_KINDS.get(kind) or ()
    strange = [key for key in args if key not in known]
    if strange:
        return Text(f"规则 {kind} 没有 {'、'.join(strange)}", f"the rule {kind} takes no {', '.join(strange)}")
    if kind in _ON_COLUMN and column is None:
        return Text(f"规则 {kind} 应写在列上", f"the rule {kind} belongs to a column")
    return _CHECKS[kind](args, column, columns)


def _nothing(_: Mapping[str, Any], __: Column | None, ___: Mapping[str, Column]) -> Text | None:
    return None


def _range(args: Mapping[str, Any], column: Column | None, _: Mapping[str, Column]) -> Text | None:
    if column is None or column.type not in (*NUMERIC, "date", "timestamp"):
        return Text("range 用于数值、日期和时间", "range is for numbers, dates and instants")
    if not args:
        return Text("range 至少要有一个界限", "range needs a bound")
    return None if all(_value_of(value, column) for value in args.values()) else _bad("range")


def _value_of(value: Any, column: Column) -> bool:
    if column.type in NUMERIC:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if column.type in {"date", "timestamp"}:
        try:
            made = date.fromisoformat(value) if column.type == "date" else datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return False
        return getattr(made, "tzinfo", None) is None
    return isinstance(value, str)


def _bad(kind: str) -> Text:
    return Text(f"规则 {kind} 的值与列类型不符", f"the values of {kind} are not of the column's type")


def _enumeration(args: Mapping[str, Any], column: Column | None, _: Mapping[str, Column]) -> Text | None:
    values = args.get("values")
    if column is None or column.type not in ("string", *NUMERIC):
        return Text("enumeration 用于文本和数值", "enumeration is for texts and numbers")
    if not isinstance(values, list) or not values or not all(_value_of(value, column) for value in values):
        return _bad("enumeration")
    return None


def _pattern(args: Mapping[str, Any], column: Column | None, _: Mapping[str, Column]) -> Text | None:
    text = column is not None and column.type == "string" and isinstance(args.get("pattern"), str)
    return None if text else Text("pattern 用于文本列", "pattern is for text columns")


def _length(args: Mapping[str, Any], column: Column | None, _: Mapping[str, Column]) -> Text | None:
    sound = args and all(_count(value) for value in args.values())
    text = column is not None and column.type in {"string", "json", "geometry"}
    return (
        None if sound and text else Text("length 用于文本列，值为非负整数", "length is for text columns, with counts")
    )


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _expression(args: Mapping[str, Any], _: Column | None, __: Mapping[str, Column]) -> Text | None:
    return None if isinstance(args.get("holds"), str) else Text("expression 缺少 holds", "expression lacks holds")


def _window(args: Mapping[str, Any], _: Column | None, columns: Mapping[str, Column]) -> Text | None:
    points = [args.get("longitude"), args.get("latitude")]
    if not all(isinstance(name, str) and name in columns and columns[name].type in NUMERIC for name in points):
        return Text("window 的 longitude 和 latitude 应是数值列", "longitude and latitude of window are number columns")
    sides = [args.get(side) for side in ("west", "east", "south", "north")]
    if not all(_number(side) for side in sides):
        return Text("window 缺少 west、east、south、north", "window lacks west, east, south, north")
    west, east, south, north = (float(side or 0) for side in sides)
    ordered = west < east and south < north
    return None if ordered else Text("window 的界限颠倒", "the sides of window are the wrong way round")


def _bounds(args: Mapping[str, Any]) -> Text | None:
    low, high = args.get("min"), args.get("max")
    given = [value for value in (low, high) if value is not None]
    if not given or not all(_number(value) for value in given) or (len(given) == 2 and given[0] > given[1]):
        return Text("min、max 应是数，且 min 不大于 max", "min and max are numbers, min not above max")
    return None


def _row_count(args: Mapping[str, Any], _: Column | None, __: Mapping[str, Column]) -> Text | None:
    return _bounds(args)


def _of_column(args: Mapping[str, Any], columns: Mapping[str, Column], types: tuple[str, ...] = ()) -> Text | None:
    column = columns.get(str(args.get("column")))
    if column is None:
        return Text(f"没有列“{args.get('column')}”", f"there is no column “{args.get('column')}”")
    if types and column.type not in types:
        return Text(f"列“{column.name}”的类型不适用", f"the column “{column.name}” is of another type")
    return None


def _distinct(args: Mapping[str, Any], _: Column | None, columns: Mapping[str, Column]) -> Text | None:
    return _of_column(args, columns) or _bounds(args)


def _sum(args: Mapping[str, Any], _: Column | None, columns: Mapping[str, Column]) -> Text | None:
    return _of_column(args, columns, NUMERIC) or _bounds(args)


def _unique(args: Mapping[str, Any], _: Column | None, columns: Mapping[str, Column]) -> Text | None:
    names = args.get("columns")
    sound = isinstance(names, list) and names and all(isinstance(name, str) and name in columns for name in names)
    return None if sound else Text("unique 的 columns 应是已有的列", "the columns of unique must exist")


def _freshness(args: Mapping[str, Any], _: Column | None, columns: Mapping[str, Column]) -> Text | None:
    if not _number(args.get("max_age_hours")) or args["max_age_hours"] <= 0:
        return Text("freshness 缺少 max_age_hours", "freshness lacks max_age_hours")
    return _of_column(args, columns, ("date", "timestamp"))


def _null_share(args: Mapping[str, Any], _: Column | None, columns: Mapping[str, Column]) -> Text | None:
    if not _number(args.get("max")) or not 0 <= args["max"] <= 1:
        return Text("null_share 的 max 应在 0 与 1 之间", "the max of null_share lies between 0 and 1")
    return _of_column(args, columns)


def _sum_relation(args: Mapping[str, Any], _: Column | None, columns: Mapping[str, Column]) -> Text | None:
    sides = [args.get("left"), args.get("right")]
    sound = all(isinstance(side, list) and side for side in sides) and all(
        isinstance(name, str) and name in columns and columns[name].type in NUMERIC
        for side in sides
        for name in side or ()
    )
    tolerant = _number(args.get("tolerance", 0)) and args.get("tolerance", 0) >= 0
    return (
        None
        if sound and tolerant
        else Text("sum_relation 的 left、right 应是数值列", "left and right are number columns")
    )


def _gaps(args: Mapping[str, Any], _: Column | None, columns: Mapping[str, Column]) -> Text | None:
    if not _number(args.get("max_minutes")) or args["max_minutes"] <= 0:
        return Text("gaps 缺少 max_minutes", "gaps lacks max_minutes")
    return _of_column(args, columns, ("date", "timestamp"))


def _complete(args: Mapping[str, Any], _: Column | None, columns: Mapping[str, Column]) -> Text | None:
    column = columns.get(str(args.get("column")))
    if column is None or _enumeration({"values": args.get("values")}, column, columns):
        return Text("complete 应写明列和应有的值", "complete names a column and the values that must be there")
    return _when("complete", args, columns)


def _when(kind: str, args: Mapping[str, Any], columns: Mapping[str, Column]) -> Text | None:
    when = args.get("when")
    if when is None or (isinstance(when, dict) and set(when) == {"column", "is"} and when["column"] in columns):
        return None
    return Text(f"{kind} 的 when 应写明 column 和 is", f"the when of {kind} names column and is")


def _total(args: Mapping[str, Any], _: Column | None, columns: Mapping[str, Column]) -> Text | None:
    of, by = columns.get(str(args.get("of"))), args.get("by")
    grouped = isinstance(by, list) and by and all(isinstance(name, str) and name in columns for name in by)
    tolerant = _number(args.get("tolerance", 0)) and args.get("tolerance", 0) >= 0
    if of is None or not grouped or not tolerant or _enumeration({"values": [args.get("total")]}, of, columns):
        return Text(
            "total 应写明 column、of（分项所在列）、total（合计行的值）和 by（分组列）",
            "total names column, of (where the parts are told), total (what marks the sum) and by (the groups)",
        )
    return _of_column(args, columns, NUMERIC) or _when("total", args, columns)


_Check = Callable[[Mapping[str, Any], Column | None, Mapping[str, Column]], Text | None]
_CHECKS: Mapping[str, _Check] = {
    "type": _nothing,
    "required": _nothing,
    "range": _range,
    "enumeration": _enumeration,
    "pattern": _pattern,
    "length": _length,
    "expression": _expression,
    "window": _window,
    "row_count": _row_count,
    "unique": _unique,
    "freshness": _freshness,
    "distinct": _distinct,
    "sum": _sum,
    "sum_relation": _sum_relation,
    "null_share": _null_share,
    "gaps": _gaps,
    "complete": _complete,
    "total": _total,
}


def step_fault(step: Step, kind: str) -> Text | None:
    """What is wrong with a declared step for a column of type `kind`, or None."""
    value = step.value
    sound = {
        "trim": value is True,
        "half_width": value is True,
        "squeeze": value is True,
        "nulls": _texts(value),
        "replace": _table(value),
        "map": _table(value),
        "absent": isinstance(value, str) and bool(value),
        "rewrite": _table(value) and set(value) == {"pattern", "with"},
        "series": _series(value),
        "extract": isinstance(value, Mapping) and isinstance(value.get("pattern"), str),
        "formats": _texts(value) and kind in {"date", "timestamp"} and all("%Y" in form for form in value),
        "timezone": kind == "timestamp" and isinstance(value, str) and _zone(value),
        "divide": kind in {"number", "decimal"} and isinstance(value, int) and value > 1,
        "unit": _table(value) and set(value) == {"from", "to"},
    }[step.kind]
    return None if sound else Text(f"步骤 {step.kind} 的值不适用", f"the value of the step {step.kind} does not fit")


def _series(value: Any) -> bool:
    if not isinstance(value, Mapping) or set(value) != {"start", "seconds"}:
        return False
    try:
        start = datetime.fromisoformat(str(value["start"]))
    except ValueError:
        return False
    return start.tzinfo is None and type(value["seconds"]) is int and value["seconds"] > 0


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _table(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and all(isinstance(one, str) for one in value.values())


def _zone(value: str) -> bool:
    try:
        offset_hours(value)
    except ValueError:
        return False
    return True
