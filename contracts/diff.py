"""What changed between two versions of a contract. Pure: two contracts in, changes out (`contracts.changes`)."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from contracts.changes import Change, change
from contracts.model import Column, Contract, RowRule, TableRule
from infra.language import Text

_MEANING = {
    "unit": Text("计量单位", "unit"),
    "timezone": Text("时区", "time zone"),
    "divide": Text("换算除数", "divisor"),
    "source": Text("来源字段", "source fields"),
    "steps": Text("转换步骤", "conversion"),
}
_GROWING = ("formats", "nulls")  # more of these let more texts in and change no value that there was
_STRICT = {"warn": 0, "quarantine": 1, "block": 2}


def diff(before: Contract, after: Contract) -> list[Change]:
    """The changes from `before` to `after`, the breaking ones first."""
    looks = (_columns, _headers, _terms, _rules, _words)
    found = itertools.chain.from_iterable(look(before, after) for look in looks)
    return sorted(found, key=lambda one: -one.part)


def _columns(before: Contract, after: Contract) -> Iterator[Change]:
    old, new = ({column.name: column for column in one.columns} for one in (before, after))
    wanted = {field.name for field in after.fields if field.required}
    for name in old.keys() - new.keys():
        yield change("column.removed", name)
    for name in new.keys() - old.keys():
        yield change("column.added_wanted" if wanted & set(new[name].fields) else "column.added", name)
    for name in sorted(old.keys() & new.keys()):
        yield from _column(old[name], new[name])


def _column(old: Column, new: Column) -> Iterator[Change]:
    if (old.type, old.arrow) != (new.type, new.arrow):
        yield change("column.type", new.name, _type(old), _type(new))
    if old.required != new.required:
        yield change("column.required" if new.required else "column.optional", new.name)
    if old.personal != new.personal:
        yield change("column.personal" if new.personal else "column.not_personal", new.name)
    if (old.fields, old.template) != (new.fields, new.template):
        yield change(
            "column.meaning", new.name, old.template or old.fields, new.template or new.fields, _MEANING["source"]
        )
    yield from _steps(old, new)


def _type(column: Column) -> str:
    return column.arrow if column.type == "decimal" else column.type


def _steps(old: Column, new: Column) -> Iterator[Change]:
    was, now = ([(step.kind, step.value) for step in one.steps] for one in (old, new))
    for kind in ("unit", "timezone", "divide"):
        before, after = ([value for name, value in steps if name == kind] for steps in (was, now))
        if before != after:
            yield change("column.meaning", new.name, before, after, _MEANING[kind])
    others = [[step for step in steps if step[0] not in ("unit", "timezone", "divide")] for steps in (was, now)]
    if others[0] == others[1]:
        return
    if _grown(*others):
        yield change("column.more_notations", new.name)
    else:
        names = [[name for name, _ in steps] for steps in others]
        yield change("column.meaning", new.name, names[0], names[1], _MEANING["steps"])


def _grown(was: list[tuple[str, Any]], now: list[tuple[str, Any]]) -> bool:
    """Whether the steps differ by further notations alone, each behind those that there were."""
    fixed = [[step for step in steps if step[0] not in _GROWING] for steps in (was, now)]
    listed = [[step for step in steps if step[0] in _GROWING] for steps in (was, now)]
    kept = [
        any(name == kind and value[: len(before)] == before for name, value in listed[1]) for kind, before in listed[0]
    ]
    return fixed[0] == fixed[1] and all(kept)


def _headers(before: Contract, after: Contract) -> Iterator[Change]:
    old, new = ({field.name: field for field in one.fields} for one in (before, after))
    for name in sorted(old.keys() & new.keys()):
        was, now = old[name], new[name]
        if dropped := [one for one in was.names if one not in now.names]:
            yield change("header.dropped", name, dropped)
        if added := [one for one in now.names if one not in was.names]:
            yield change("header.added", name, "", added)
        if was.required != now.required:
            yield change("header.wanted" if now.required else "header.optional", name)


def _terms(before: Contract, after: Contract) -> Iterator[Change]:
    if before.key != after.key:
        yield change("key", "key", before.key, after.key)
    if before.mode != after.mode:
        yield change("mode", "mode", before.mode, after.mode)
    if before.as_of != after.as_of:
        yield change("as_of", "as_of", before.as_of, after.as_of)
    if before.duplicates != after.duplicates:
        yield change("duplicates", "duplicates", _values(before.duplicates), _values(after.duplicates))
    was, now = _values(before.reading), _values(after.reading)
    for name in now:
        if was[name] != now[name]:
            yield change("reading.freed" if now[name] is None else "reading", name, was[name], now[name])


def _values(of: Any) -> dict[str, Any]:
    return {name: getattr(of, name) for name in of.__slots__}


def _rules(before: Contract, after: Contract) -> Iterator[Change]:
    old, new = (_told(one) for one in (before, after))
    for name in sorted(old.keys() - new.keys()):
        yield change("rule.removed", name)
    for name in sorted(new.keys() - old.keys()):
        yield change("rule.added_warning" if new[name].severity == "warn" else "rule.added", name)
    for name in sorted(old.keys() & new.keys()):
        was, now = old[name], new[name]
        if was.severity != now.severity:
            severer = _STRICT[now.severity] > _STRICT[was.severity]
            yield change("rule.severer" if severer else "rule.milder", name, was.severity, now.severity)
        if was.kind != now.kind or dict(was.args) != dict(now.args):
            yield _rule(name, was, now)


def _told(contract: Contract) -> dict[str, RowRule | TableRule]:
    """The rules that somebody wrote, by id: what follows from a column's type and need is told of the column."""
    rules: list[RowRule | TableRule] = [rule for rule in contract.row_rules if rule.kind not in ("type", "required")]
    return {rule.id: rule for rule in [*rules, *contract.table_rules]}


def _rule(name: str, was: RowRule | TableRule, now: RowRule | TableRule) -> Change:
    old, new = dict(was.args), dict(now.args)
    if was.kind == now.kind == "enumeration":
        fewer, more = ([one for one in a["values"] if one not in b["values"]] for a, b in ((old, new), (new, old)))
        if fewer:
            return change("rule.narrowed", name, old["values"], new["values"])
        if more:
            return change("rule.more_values", name, "", more)
        return change("words", name)
    fixed = [{key: value for key, value in one.items() if key not in _BOUNDS} for one in (old, new)]
    if was.kind != now.kind or fixed[0] != fixed[1]:
        return change("rule.changed", name, old, new)
    ways = {_way(key, old.get(key), new.get(key)) for key in _BOUNDS if old.get(key) != new.get(key)}
    narrower = "narrowed" in ways
    return change("rule.narrowed" if narrower else "rule.widened", name, old, new)


# Which bounds of a rule let less through when they grow (1) or when they shrink (-1).
_BOUNDS = {
    "min": 1,
    "exclusive_min": 1,
    "west": 1,
    "south": 1,
    "max": -1,
    "exclusive_max": -1,
    "east": -1,
    "north": -1,
    "max_age_hours": -1,
    "max_minutes": -1,
    "tolerance": -1,
}


def _way(bound: str, old: Any, new: Any) -> str:
    if new is None:
        return "widened"
    if old is None:
        return "narrowed"
    grew = new > old
    return "narrowed" if grew == (_BOUNDS[bound] > 0) else "widened"


def _words(before: Contract, after: Contract) -> Iterator[Change]:
    if before.title != after.title:
        yield change("words", after.id)
    old = {column.name: column.title for column in before.columns}
    for column in after.columns:
        if column.name in old and old[column.name] != column.title:
            yield change("words", column.name)
    was, now = _told(before), _told(after)
    for name in sorted(was.keys() & now.keys()):
        quiet = replace(was[name], sentence=now[name].sentence)
        if was[name].sentence != now[name].sentence and dict(quiet.args) == dict(now[name].args):
            yield change("words", name)
