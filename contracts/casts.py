"""From text to value: numbers, dates, instants, JSON and geometry, strictly.

A text that is no such value gives NULL, which the rule `<column>.type` sees. Nothing is rounded, guessed or read in
part: `1.5` is no integer, `2020042` no date, `1e400` no number; an instant without an offset is in the declared zone.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.model import Column, Step
from contracts.steps import TEXT_STEPS, TYPED_STEPS, literal, split_steps, text_sql

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


def lazy(column: Column) -> bool:
    """Whether the column's text need only be made where the value is missing.

    The texts that mean "no value" are then left out before the cast, for they could never become a value: one
    conversion less on every good row. Only numbers, dates and instants, and only steps that do not look at the texts.
    """
    simple = all(step.kind in {"trim", "half_width", "squeeze", "nulls"} for step in column.steps if _is_text(step))
    return simple and column.type in {"integer", "number", "decimal", "date", "timestamp"}


def _is_text(step: Step) -> bool:
    return step.kind in TEXT_STEPS


def before_cast(column: Column) -> tuple[Step, ...]:
    """The sure steps that a value needs before its cast."""
    sure = split_steps(column)[0]
    if not lazy(column):
        return sure
    kept = []
    for step in sure:
        # A text without a digit is no number and no date (nan and inf are refused as such).
        value = (
            [one for one in step.value if any(char.isdigit() for char in one)] if step.kind == "nulls" else step.value
        )
        if value:
            kept.append(Step(step.kind, value))
    return tuple(kept)


def cast_sql(column: Column, text: str) -> str:
    """The first half of the conversion, `"<column>__cast"`, computed once; `typed_sql` looks at it several times."""
    text = text_sql(text, split_steps(column)[1])
    match column.type:
        case "integer":
            return f"TRY_CAST({text} AS BIGINT)"
        case "number":
            return f"TRY_CAST({text} AS DOUBLE)"
        case "decimal":
            return _wide(column, text)
    return text


def typed_sql(column: Column, cast: str, text: str) -> str:
    """The value of the column's type; NULL where the text is no such value.

    Args:
        column: the column.
        cast: the name under which `cast_sql` stands.
        text: the text before the cast, for the second look that an integer needs.
    """
    options = {step.kind: step.value for step in column.steps if step.kind in TYPED_STEPS}
    if column.type == "integer":
        # DuckDB casts '1.5' to 2 and '0x10' to 16: only a text whose value as a number is the integer itself counts.
        return f"CASE WHEN {cast} = TRY_CAST({text_sql(text, split_steps(column)[1])} AS DOUBLE) THEN {cast} END"
    return _TYPED[column.type](column, cast, options)


def _string(_: Column, text: str, __: Mapping[str, Any]) -> str:
    return text


def _boolean(_: Column, text: str, __: Mapping[str, Any]) -> str:
    return f"TRY_CAST({text} AS BOOLEAN)"


def _date(_: Column, text: str, options: Mapping[str, Any]) -> str:
    return f"CAST({_guarded(text, _strptime(text, options.get('formats', DATE_FORMATS)))} AS DATE)"


def _json(_: Column, text: str, __: Mapping[str, Any]) -> str:
    return f"CASE WHEN json_valid({text}) THEN {text} END"


def _geometry(_: Column, text: str, __: Mapping[str, Any]) -> str:
    return f"CASE WHEN json_valid({text}) AND {_is_geometry(text)} THEN {text} END"


def _number(_: Column, cast: str, options: Mapping[str, Any]) -> str:
    value = f"{cast} / {float(options['divide'])}" if "divide" in options else cast
    return f"CASE WHEN isfinite({cast}) THEN {value} END"


def _wide(column: Column, text: str) -> str:
    # The wider cast keeps digits that the narrow one would round away: money is exact or it is refused.
    precision, scale = decimal_size(column.arrow)
    wide = f"TRY_CAST({text} AS DECIMAL(38, {min(scale + 8, 38 - precision + scale)}))"
    divisors = [step.value for step in column.steps if step.kind == "divide"]
    return f"({wide} / {int(divisors[0])})" if divisors else wide


def _decimal(column: Column, cast: str, _: Mapping[str, Any]) -> str:
    precision, scale = decimal_size(column.arrow)
    narrow = f"TRY_CAST({cast} AS DECIMAL({precision}, {scale}))"
    return f"CASE WHEN {narrow} = {cast} THEN {narrow} END"


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


def _guarded(text: str, found: str) -> str:
    # DuckDB takes the words epoch and infinity for dates: what begins with a letter or a sign is none.
    return f"CASE WHEN {text} < '-' OR ({text} >= '.' AND {text} < ':') THEN {found} END"


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
        local = f"{local} - INTERVAL '{hours} HOUR'"
    offsets = ", ".join(literal(form) for form in OFFSET_FORMATS)
    # make_timestamp gives plain UTC whatever the session's time zone is; strptime knows no Z.
    numeric = f"regexp_replace({text}, 'Z$', '+00:00')"
    return _guarded(text, f"coalesce({local}, make_timestamp(epoch_us(try_strptime({numeric}, [{offsets}]))))")


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
    return f"list_contains([{', '.join(literal(kind) for kind in kinds)}], json_extract_string({text}, '$.type'))"


_TYPED = {
    "string": _string,
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
