"""Declared conversions: how a field's text becomes a column's value, as DuckDB expressions.

Text steps, in declared order:

| step | value | does |
|---|---|---|
| `trim` | true | drops blanks at both ends (space, tab, line break, full-width blank) |
| `half_width` | true | full-width ASCII becomes half-width: `６：３０` → `6:30` |
| `squeeze` | true | runs of blanks and line breaks become one space, ends dropped |
| `nulls` | list of texts | these texts mean "no value" |
| `replace` | {from: to} | literal replacements |
| `rewrite` | {pattern, with} | regular expression replaced everywhere (RE2, `\\1` refers to a group) |
| `map` | {from: to} | whole values by a table; others stay |
| `extract` | {pattern, group=1, optional=false} | the first match's group; none breaks `<column>.type`, or is NULL |

Typed steps, at the end: `formats` (date and time notations, strptime, tried in order, strict), `timezone` (of texts
that name none), `divide` (micro-degrees: 1000000). `unit` ({from, to}) declares a unit and converts nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.model import Column, Step
from infra.text import quote_identifier

TEXT_STEPS = ("trim", "half_width", "squeeze", "nulls", "replace", "rewrite", "map", "extract")
TYPED_STEPS = ("formats", "timezone", "divide", "unit")

DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d")
TIMESTAMP_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
)
OFFSET_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S%z",
    "%Y-%m-%dT%H:%M%z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
)

# China has one time without daylight saving since 1992: a fixed offset is exact and 15 times cheaper than AT TIME ZONE.
OFFSET_HOURS = {"Asia/Shanghai": 8, "UTC": 0}

_WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
_HALF_WIDTH = "".join(chr(code) for code in range(0x21, 0x7F)) + " "
_BLANKS = " \t\r\n\u3000"


def literal(value: Any) -> str:
    """`value` as a DuckDB literal. Texts are quoted; a NUL, which SQL text cannot carry, raises `ValueError`."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    if "\0" in text:
        message = "a text in SQL holds no NUL"
        raise ValueError(message)
    return "'" + text.replace("'", "''") + "'"


def source_sql(column: Column) -> str:
    """The column's text as delivered: one field, or several joined by the template (NULL when one part is missing)."""
    if column.template is None:
        return _raw(column.fields[0])
    parts: list[str] = []
    rest = column.template
    while rest:
        before, brace, after = rest.partition("{")
        if before:
            parts.append(literal(before))
        if not brace:
            break
        name, _, rest = after.partition("}")
        parts.append(_raw(name))
    return "(" + " || ".join(parts) + ")"


def _raw(field: str) -> str:
    return quote_identifier(f"{field}__raw")


def split_steps(column: Column) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps that cannot fail, and those from the first that can (an `extract` that must match) on."""
    texts = [step for step in column.steps if step.kind in TEXT_STEPS]
    for at, step in enumerate(texts):
        if step.kind == "extract" and not step.value.get("optional", False):
            return tuple(texts[:at]), tuple(texts[at:])
    return tuple(texts), ()


def text_sql(text: str, steps: Iterable[Step]) -> str:
    """`text`, an expression, after the text steps."""
    for step in steps:
        text = _TEXT[step.kind](text, step.value)
    return text


def _trim(text: str, _: Any) -> str:
    return f"trim({text}, {literal(_BLANKS)})"


def _half_width(text: str, _: Any) -> str:
    # A text whose bytes equal its characters is ASCII: the costly translation is left to the others.
    turned = f"translate({text}, {literal(_FULL_WIDTH)}, {literal(_HALF_WIDTH)})"
    return f"CASE WHEN strlen({text}) = length({text}) THEN {text} ELSE {turned} END"


def _squeeze(text: str, _: Any) -> str:
    return f"trim(regexp_replace({text}, '[\\s\\x{{3000}}]+', ' ', 'g'))"


def _nulls(text: str, value: Iterable[str]) -> str:
    for one in value:
        text = f"nullif({text}, {literal(one)})"
    return text


def _replace(text: str, value: Mapping[str, str]) -> str:
    for old, new in value.items():
        text = f"replace({text}, {literal(old)}, {literal(new)})"
    return text


def _rewrite(text: str, value: Mapping[str, str]) -> str:
    return f"regexp_replace({text}, {literal(value['pattern'])}, {literal(value['with'])}, 'g')"


def _map(text: str, value: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in value.items())
    return f"CASE {text} {cases} ELSE {text} END"


def _extract(text: str, value: Mapping[str, Any]) -> str:
    return f"nullif(regexp_extract({text}, {literal(value['pattern'])}, {int(value.get('group', 1))}), '')"


_TEXT = {
    "trim": _trim,
    "half_width": _half_width,
    "squeeze": _squeeze,
    "nulls": _nulls,
    "replace": _replace,
    "rewrite": _rewrite,
    "map": _map,
    "extract": _extract,
}


def typed_sql(column: Column, text: str) -> str:
    """The value of the column's type made from `text`, an expression; NULL where the text is no such value."""
    options = {step.kind: step.value for step in column.steps if step.kind in TYPED_STEPS}
    text = text_sql(text, split_steps(column)[1])
    return _TYPED[column.type](column, text, options)


def _string(_: Column, text: str, __: Mapping[str, Any]) -> str:
    return text


def _boolean(_: Column, text: str, __: Mapping[str, Any]) -> str:
    return f"TRY_CAST({text} AS BOOLEAN)"


def _date(_: Column, text: str, options: Mapping[str, Any]) -> str:
    return f"CAST({_strptime(text, options.get('formats', DATE_FORMATS))} AS DATE)"


def _json(_: Column, text: str, __: Mapping[str, Any]) -> str:
    return f"CASE WHEN json_valid({text}) THEN {text} END"


def _geometry(_: Column, text: str, __: Mapping[str, Any]) -> str:
    return f"CASE WHEN json_valid({text}) AND {_is_geometry(text)} THEN {text} END"


def _integer(_: Column, text: str, __: Mapping[str, Any]) -> str:
    # DuckDB casts '1.5' to 2 and '0x10' to 16: only a text whose value as a number is the integer itself counts.
    whole = f"TRY_CAST({text} AS BIGINT)"
    return f"CASE WHEN {whole} = TRY_CAST({text} AS DOUBLE) THEN {whole} END"


def _number(_: Column, text: str, options: Mapping[str, Any]) -> str:
    value = f"TRY_CAST({text} AS DOUBLE)"
    finite = f"CASE WHEN isfinite({value}) THEN {value} END"
    return f"({finite}) / {float(options['divide'])}" if "divide" in options else finite


def _decimal(column: Column, text: str, options: Mapping[str, Any]) -> str:
    precision, scale = decimal_size(column.arrow)
    # The wider cast keeps digits that the narrow one would round away: money is exact or it is refused.
    wide = f"TRY_CAST({text} AS DECIMAL(38, {min(scale + 8, 38 - precision + scale)}))"
    if "divide" in options:
        wide = f"({wide} / {int(options['divide'])})"
    narrow = f"TRY_CAST({wide} AS DECIMAL({precision}, {scale}))"
    return f"CASE WHEN {narrow} = {wide} THEN {narrow} END"


def decimal_size(arrow: str) -> tuple[int, int]:
    """Precision and scale of an Arrow type name: `decimal128(18,4)` → (18, 4)."""
    precision, scale = arrow.removeprefix("decimal128(").rstrip(")").split(",")
    return int(precision), int(scale)


def _strptime(text: str, formats: Iterable[str]) -> str:
    parts = [_one_format(text, form) for form in formats if _fixed_width(form)]
    free = [form for form in formats if not _fixed_width(form)]
    if free:
        parts.append(f"try_strptime({text}, [{', '.join(literal(form) for form in free)}])")
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def _fixed_width(form: str) -> int:
    """How long a text of this format must be, 0 when separators make it plain.

    `%Y%m%d` would read `2020042` as 2 April: where two directives touch, every digit must be there.
    """
    touching = any(form[at + 2 : at + 3] == "%" for at in range(len(form) - 2) if form[at] == "%")
    width, at = 0, 0
    while at < len(form):
        width += _WIDTHS.get(form[at + 1], 0) if form[at] == "%" else 1
        at += 2 if form[at] == "%" else 1
    return width if touching else 0


def _one_format(text: str, form: str) -> str:
    return f"CASE WHEN length({text}) = {_fixed_width(form)} THEN try_strptime({text}, {literal(form)}) END"


def _timestamp(_: Column, text: str, options: Mapping[str, Any]) -> str:
    hours = offset_hours(options.get("timezone", "Asia/Shanghai"))
    local = _strptime(text, options.get("formats", TIMESTAMP_FORMATS))
    if hours:
        local = f"{local} - INTERVAL {hours} HOUR"
    offsets = ", ".join(literal(form) for form in OFFSET_FORMATS)
    # make_timestamp gives plain UTC whatever the session's time zone is.
    return f"coalesce({local}, make_timestamp(epoch_us(try_strptime({text}, [{offsets}]))))"


def offset_hours(zone: str) -> int:
    """Hours east of UTC: Asia/Shanghai, UTC, or a whole offset such as `+08:00`.

    Raises:
        ValueError: another zone; daylight saving would need a table that changes.
    """
    if zone in OFFSET_HOURS:
        return OFFSET_HOURS[zone]
    sign, digits = zone[:1], zone[1:].removesuffix(":00")
    if sign in "+-" and digits.isdigit() and int(digits) <= 14:
        return int(sign + digits)
    raise ValueError(zone)


def _is_geometry(text: str) -> str:
    kinds = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")
    return f"json_extract_string({text}, '$.type') IN ({', '.join(literal(kind) for kind in kinds)})"


_TYPED = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "json": _json,
    "geometry": _geometry,
}


def can_fail(column: Column) -> bool:
    """Whether a text may fail to become a value of the column, so that a rule `<column>.type` is needed."""
    return column.type != "string" or bool(split_steps(column)[1])
