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
| `absent` | a text | stands where there is no value, so that it can be part of a key |
| `series` | {start, seconds} | the number n becomes the n-th time from `start` on, `seconds` apart, the first being 1 |
| `extract` | {pattern, group=1, optional=false} | the first match's group; none breaks `<column>.type`, or is NULL |

Typed steps, at the end: `formats` (date and time notations, strptime, tried in order, strict), `timezone` (of texts
that name none), `divide` (micro-degrees: 1000000). `unit` ({from, to}) declares a unit and converts nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from contracts.model import Column, Step
from infra.text import quote_identifier

TEXT_STEPS = ("trim", "half_width", "squeeze", "nulls", "replace", "rewrite", "map", "absent", "series", "extract")
TYPED_STEPS = ("formats", "timezone", "divide", "unit")

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


def _nulls(text: str, value: Sequence[str]) -> str:
    # These texts are short and values are not: counting bytes is cheap and spares nearly every comparison. A list after
    # IN would become a join with a table of constants, at many times the cost.
    longest = max(len(one.encode()) for one in value)
    among = " OR ".join(f"{text} = {literal(one)}" for one in value)
    return f"CASE WHEN strlen({text}) <= {longest} AND ({among}) THEN NULL ELSE {text} END"


def _replace(text: str, value: Mapping[str, str]) -> str:
    for old, new in value.items():
        text = f"replace({text}, {literal(old)}, {literal(new)})"
    return text


def _rewrite(text: str, value: Mapping[str, str]) -> str:
    return f"regexp_replace({text}, {literal(value['pattern'])}, {literal(value['with'])}, 'g')"


def _map(text: str, value: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in value.items())
    return f"CASE {text} {cases} ELSE {text} END"


def _absent(text: str, value: str) -> str:
    return f"coalesce({text}, {literal(value)})"


def _series(text: str, value: Mapping[str, Any]) -> str:
    start = f"TIMESTAMP {literal(value['start'])}"
    passed = f"to_seconds((TRY_CAST({text} AS BIGINT) - 1) * {int(value['seconds'])})"
    return f"coalesce(strftime({start} + {passed}, '%Y-%m-%d %H:%M:%S'), {text})"


def _extract(text: str, value: Mapping[str, Any]) -> str:
    return f"nullif(regexp_extract({text}, {literal(value['pattern'])}, {int(value.get('group', 1))}), '')"


_TEXT: Mapping[str, Callable[[str, Any], str]] = {
    "trim": _trim,
    "half_width": _half_width,
    "squeeze": _squeeze,
    "nulls": _nulls,
    "replace": _replace,
    "rewrite": _rewrite,
    "map": _map,
    "absent": _absent,
    "series": _series,
    "extract": _extract,
}
