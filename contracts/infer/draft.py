"""From a measured table to a draft: `look` at every column, count the keys it asks for, `conclude`. Pure.

looked = look(table)
draft = conclude(looked, counts_of(looked.keys))
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from catalogs.personal.personal import PersonalRules, house_rules
from contracts.infer.finding import Finding, share
from contracts.infer.keys import Candidate, Key, Ranked, candidates, choose, has_time
from contracts.infer.names import Named, named
from contracts.infer.notations import spans
from contracts.infer.personal import Personal, around, by_name, by_values, organisations
from contracts.infer.profile import Measured, Table
from contracts.infer.rules import Suggested, as_float, axis, degrees, one_form, points, sentences, sixtieths, suggested
from contracts.infer.types import Typed, numbered, typed
from contracts.infer.units import supposed, unit_of
from infra.language import Text
from infra.text import fold

_REQUIRED_FROM = 20
_MARKS = re.compile(r"[^0-9a-z_\u3400-\u9fff%]+")
_WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ]")


@dataclass(frozen=True, slots=True)
class Drafted:
    """One column of the draft."""

    named: Named
    typed: Typed
    measured: Measured
    personal: Personal | None
    required: bool
    steps: tuple[Any, ...]
    rules: tuple[Suggested, ...] = ()
    axis: str | None = None

    @property
    def name(self) -> str:
        """The column's name."""
        return self.named.name

    @property
    def unit(self) -> str | None:
        """The unit that it counts in."""
        return self.named.unit or ("°" if self.axis and self.typed.kind == "number" else None)


@dataclass(frozen=True, slots=True)
class Looked:
    """Every column, and the sets of columns that could be the key."""

    table: Table
    columns: tuple[Drafted, ...]
    keys: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a contract and a resource are written from.

    Attributes:
        key: the primary key, empty when none was found.
        mode: append, snapshot or, where it was asked for, upsert.
        window: longitude, latitude and the box that the points lie in, None without points.
    """

    table: Table
    columns: tuple[Drafted, ...]
    key: Key
    mode: str
    window: Mapping[str, Any] | None
    findings: tuple[Finding, ...]


def look(table: Table, measure: str | None = None, rules: PersonalRules | None = None) -> Looked:
    """What each column is; `measure` is the header of one that tells nothing apart."""
    personal = rules or house_rules()
    names = named([column.header for column in table.columns])
    if not table.header:
        names = tuple(_unnamed(one, at) for at, one in enumerate(names, 1))
    things = numbered([one.name for one in names])
    pairs = zip(names, table.columns, strict=True)
    columns = [_column(one, measured, table.rows, personal, thing=one.name in things) for one, measured in pairs]
    forms = {column.personal.form for column in columns if column.personal}
    if forms:
        columns = [_beside(column, forms, personal) for column in columns]
    asked = [_for_key(column, at) for at, column in enumerate(columns) if column.named.header != measure]
    return Looked(table, tuple(columns), tuple(candidates(asked, table.rows)))


def _unnamed(one: Named, number: int) -> Named:
    return replace(one, name=f"column_{number}", zh=f"第{number}列", en=f"column {number}", unit=None)


def spelled(name: str, header: str) -> str:
    """How a column is called, for patterns over names."""
    return f"{name}_{_MARKS.sub('_', fold(header))}"


def _column(one: Named, measured: Measured, rows: int, rules: PersonalRules, *, thing: bool) -> Drafted:
    names = spelled(one.name, one.header)
    found = typed(measured, names, one.unit, thing=thing)
    whose = by_values(measured, rules) or by_name(names, rules, beside=False)
    if whose is not None and whose.form in ("name", "patient", "pupil") and found.kind not in ("string", "integer"):
        whose = None
    if whose is not None and whose.form in ("id_card", "mobile", "bank_card") and found.kind == "integer":
        found = replace(found, kind="string", code=True)
    per = degrees(measured, names)
    if per is not None:
        steps = found.steps if per == 1 else (*found.steps, {"divide": per})
        found = replace(found, kind="number", steps=steps, code=False)
    required = measured.filled == rows >= _REQUIRED_FROM
    side = axis(names) if per or sixtieths(measured, names) else None
    if one.unit is None and found.kind in ("integer", "number", "decimal"):
        one = replace(one, unit=_unsaid(measured, names))
    return Drafted(one, found, measured, whose, required, _steps(measured, found), axis=side)


def _unsaid(measured: Measured, names: str) -> str | None:
    """The unit where the header names none: that in the values, or that in which such things are reported."""
    if measured.written is not None:
        return measured.written.unit
    numbers = sorted(number for number in map(as_float, measured.sample) if number is not None)
    return supposed(names, numbers[len(numbers) // 2] if numbers else None)


def _beside(column: Drafted, forms: Set[str], rules: PersonalRules) -> Drafted:
    """What a column says of the persons that another one names."""
    if column.personal is not None or column.typed.kind in ("json", "geometry"):
        return column
    found = by_name(spelled(column.name, column.named.header), rules, beside=True)
    when = column.typed.kind == "timestamp"
    return replace(column, personal=found or around(forms, rules, where=column.axis is not None, when=when))


def _steps(measured: Measured, found: Typed) -> tuple[Any, ...]:
    steps: list[Any] = []
    if measured.blanks:
        steps.append("trim")
    if measured.absent:
        steps.append({"nulls": list(measured.absent)})
    if found.kind == "string" and any(_WIDE.search(text) and _narrow(text).isascii() for text in measured.sample):
        steps.append("half_width")
    return (*steps, *found.steps)


def _narrow(text: str) -> str:
    return "".join(chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char for char in text)


def _for_key(column: Drafted, position: int) -> Candidate:
    measured, whose = column.measured, column.personal
    names = spelled(column.name, column.named.header)
    form = whose.form if whose else None
    numbers, text = measured.numbers, column.typed.kind == "string"
    first = numbers.least if column.typed.kind == "integer" else None
    counts = first in (0, 1) and numbers.most == measured.distinct - 1 + (first or 0)
    return Candidate(
        column.name, names, column.typed.kind, measured.distinct, measured.filled, form, position,
        coded=text and one_form(measured), counter=counts and measured.distinct == measured.filled,
        order=counts and measured.distinct * 2 <= measured.filled,
        free=text and sentences(measured),
        span=text and spans(measured.shapes), point=column.typed.kind == "geometry" and points(measured),
        figure=column.typed.kind == "integer" and column.named.unit not in (None, "年", "月", "d", "h"),
    )  # fmt: skip


def conclude(looked: Looked, counts: Mapping[Key, int], mode: str | None = None) -> Draft:
    """The draft, when `counts` says how many different values each candidate of the key has."""
    table = looked.table
    key = choose(counts, looked.keys, table.distinct)
    chosen = mode or _mode(looked.columns, key)
    columns = tuple(
        replace(
            column,
            required=column.required or column.name in key,
            steps=_with_absent(column, table.rows) if column.name in key else column.steps,
            rules=tuple(_rules(column, in_key=column.name in key)),
        )
        for column in looked.columns
    )
    window = _window(columns)
    draft = Draft(table, columns, key, chosen, window, ())
    return replace(draft, findings=tuple(_findings(draft, counts, given=mode is not None)))


def _with_absent(column: Drafted, rows: int) -> tuple[Any, ...]:
    """A part of a key is never missing: where whole rows are told apart, a word stands for what is."""
    if column.measured.filled == rows or column.typed.kind != "string" or column.measured.filled > rows * 0.995:
        return column.steps
    return (*column.steps, {"absent": "未注明"})


def _rules(column: Drafted, *, in_key: bool) -> Iterator[Suggested]:
    if column.personal and column.personal.form != "gender":  # whose words are no one's own
        return
    names = spelled(column.name, column.named.header) + (f" {column.named.unit}" if column.named.unit else "")
    if not any("divide" in step for step in column.typed.steps):  # after a division the file's bounds are others
        yield from suggested(column.measured, names, column.typed.kind, code=column.typed.code, in_key=in_key)


def _mode(columns: Sequence[Drafted], key: Key) -> str:
    asked = [_for_key(column, at) for at, column in enumerate(columns)]
    return "append" if has_time(asked, key) else "snapshot"


def _window(columns: Sequence[Drafted]) -> Mapping[str, Any] | None:
    """The box of the points where a longitude and a latitude are degrees: a degree beyond what was seen."""
    sides: dict[str, Drafted] = {}
    for column in columns:
        if column.axis:
            sides.setdefault(column.axis, column)
    if len(sides) < 2 or any(column.typed.steps or column.typed.kind == "string" for column in sides.values()):
        return None
    if any(column.personal for column in sides.values()):
        return None
    box: dict[str, Any] = {"longitude": sides["lng"].name, "latitude": sides["lat"].name}
    for side, low, high, bound in (("lng", "west", "east", 180), ("lat", "south", "north", 90)):
        numbers = sides[side].measured.numbers
        least, most = numbers.least or 0.0, numbers.most or 0.0
        box[low], box[high] = max(-bound, int(least // 1) - 1), min(bound, int(most // 1) + 2)
    return box


def _findings(draft: Draft, counts: Mapping[Key, int], *, given: bool) -> Iterator[Finding]:
    table = draft.table
    for column in draft.columns:
        yield from _of_column(column, draft)
    if draft.key:
        count = counts[draft.key]
        said = Text(
            f"{table.distinct} 条不同记录中可分辨 {count} 条",
            f"tells {count} of {table.distinct} different records apart",
        )
        yield Finding("key", None, list(draft.key), min(1.0, count / table.distinct) * share(count, count), said)
    elif table.rows:
        said = Text(f"试过 {len(counts)} 种列的组合", f"{len(counts)} sets of columns were counted")
        yield Finding("key", None, [], 0.5, said)
    again = table.rows - table.distinct
    if again:
        said = Text(
            f"{table.rows} 条中 {again} 条与另一条完全相同", f"{again} of {table.rows} records repeat another one whole"
        )
        yield Finding("duplicates", None, again, 1.0, said)
    why = Text(
        "主键含时间" if draft.mode == "append" else "主键不含时间",
        f"the key {'says' if draft.mode == 'append' else 'does not say'} when",
    )
    yield Finding("mode", None, draft.mode, 1.0 if given else 0.6, Text("已指定", "as given") if given else why)
    if draft.window:
        said = Text("经纬度成对，数值是度", "longitude and latitude in degrees")
        yield Finding("coordinates", None, dict(draft.window), 0.9, said)
    if not table.header:
        yield Finding("header", None, "none", 0.8, Text("首行已是数据", "the first row is data already"))


def _of_column(column: Drafted, draft: Draft) -> Iterator[Finding]:
    measured, rows = column.measured, draft.table.rows
    yield Finding("type", column.name, column.typed.physical, column.typed.confidence, column.typed.evidence)
    if column.typed.forms:
        yield Finding("notation", column.name, list(column.typed.forms), column.typed.confidence, column.typed.evidence)
    if column.required:
        said = Text(f"{rows} 条中 {measured.filled} 条有值", f"{measured.filled} of {rows} records have a value")
        yield Finding("required", column.name, True, share(measured.filled, rows), said)
    if measured.absent:
        count = sum(measured.absent.values())
        said = Text(f"{count} 个值写作“无”", f"{count} values say that there is none")
        yield Finding("absent", column.name, list(measured.absent), 0.9, said)
    if column.unit:
        yield _unit(column)
    if column.personal:
        whose = column.personal
        value = {"form": whose.form, "class": whose.kind, "sensitive": whose.sensitive, "grade": whose.grade}
        value["edition"] = str(whose.edition)
        yield Finding("personal", column.name, value, whose.confidence, whose.evidence)
    elif (found := organisations(measured)) is not None:
        said = Text(
            f"{found[1]} 个抽样值中 {found[0]} 个校验码相符",
            f"{found[0]} of {found[1]} sampled values have a right check character",
        )
        yield Finding("identifier", column.name, "uscc", found[0] / found[1], said)
    for rule in column.rules:
        yield Finding(rule.kind, column.name, dict(rule.args), rule.confidence, rule.evidence)


def _unit(column: Drafted) -> Finding:
    if column.axis or unit_of(column.named.header) == column.unit:
        return Finding("unit", column.name, column.unit, 0.9, Text("写在列名中", "it stands in the name"))
    if column.measured.written is not None:
        return Finding("unit", column.name, column.unit, 0.9, Text("写在每个值中", "it stands in each value"))
    said = Text("污染物按 HJ 633 报告的单位，依数值大小推断", "as HJ 633 reports the pollutant, by the values' size")
    return Finding("unit", column.name, column.unit, 0.6, said)
