"""The terms of a contract that are neither columns nor rules: mode, as of when, key, duplicates, reading hints."""

import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_args

from contracts.model import MODES, Column, Duplicates, Mode, Reading, Unpivot
from contracts.odcs import Path_

if TYPE_CHECKING:
    from contracts.parse import Parser


def mode(parser: "Parser", customs: Mapping[str, tuple[Any, Path_]], path: Path_) -> Mode:
    """How a delivery meets the table: append, snapshot or upsert."""
    value, where = customs.get("cityhub.mode", (None, path))
    if value not in MODES:
        parser.blame(
            where,
            "CONTRACT_MODE",
            "cityhub.mode 应为 append、snapshot 或 upsert",
            "cityhub.mode is append, snapshot or upsert",
        )
        return "append"
    mode: Mode = value
    return mode


def key(parser: "Parser", schema: Mapping[str, Any], path: Path_) -> tuple[str, ...]:
    """The primary key's columns in the order of their positions."""
    keyed = [
        (entry.get("primaryKeyPosition", at + 1), at, entry)
        for at, entry in enumerate(schema["properties"])
        if entry.get("primaryKey") is True
    ]
    for _, at, entry in keyed:
        if entry.get("required") is not True:
            said = f"主键列“{entry['name']}”应为必填", f"the key column “{entry['name']}” must be required"
            parser.blame((*path, "properties", at, "primaryKey"), "CONTRACT_KEY", *said)
    if len({position for position, _, _ in keyed}) != len(keyed):
        parser.blame((*path, "properties"), "CONTRACT_KEY", "主键顺序号重复", "key positions are not distinct")
    return tuple(str(entry["name"]) for _, _, entry in sorted(keyed, key=lambda one: one[:2]))


def duplicates(parser: "Parser", customs: Mapping[str, tuple[Any, Path_]], names: Mapping[str, Column]) -> Duplicates:
    """What a duplicate is and which row wins."""
    value, path = customs.get("cityhub.duplicates", (None, ()))
    if value is None:
        return Duplicates()
    choices = {"wins": ("first", "last"), "scope": ("delivery", "table"), "conflict": ("duplicate", "quarantine")}
    known = isinstance(value, dict) and set(value) <= {"key", *choices} and isinstance(value.get("key"), list)
    wrong = not known or any(value.get(word, options[0]) not in options for word, options in choices.items())
    missing = [] if wrong else [name for name in value["key"] if name not in names or not names[name].required]
    if wrong or missing or not value["key"]:
        said = f"（{'、'.join(map(str, missing))}）" if missing else ""
        zh = f"cityhub.duplicates 应写明 key（必填列）、wins、scope、conflict{said}"
        parser.blame(
            path, "CONTRACT_DUPLICATES", zh, "cityhub.duplicates names key (required columns), wins, scope, conflict"
        )
        return Duplicates()
    return Duplicates(tuple(value["key"]), *(value.get(word, options[0]) for word, options in choices.items()))


def upsert(
    parser: "Parser",
    customs: Mapping[str, tuple[Any, Path_]],
    path: Path_,
    keyed: tuple[str, ...],
    twice: Duplicates,
) -> Duplicates:
    """What a duplicate is to an upsert: by its primary key, and the contract chooses no more than which record wins."""
    value, where = customs.get("cityhub.duplicates", ({}, path))
    if not keyed:
        said = "upsert 需要主键（primaryKey: true）", "an upsert needs a primary key (primaryKey: true)"
        parser.blame(path, "CONTRACT_UPSERT", *said)
    elif twice.key and (set(twice.key) != set(keyed) or set(value) - {"key", "wins"}):
        said = (
            "upsert 的 cityhub.duplicates 只写 key（即主键）和 wins",
            "cityhub.duplicates of an upsert names its key, which is the primary key, and wins",
        )
        parser.blame(where, "CONTRACT_UPSERT", *said)
    return Duplicates(keyed, twice.wins if twice.key else "last", "table")


def as_of(
    parser: "Parser",
    customs: Mapping[str, tuple[Any, Path_]],
    names: Mapping[str, Column],
    how: Mode,
    keyed: tuple[str, ...],
) -> str | None:
    """The column that says as of when a row of an upsert is true."""
    value, where = customs.get("cityhub.as_of", (None, ()))
    if value is None:
        return None
    column = names.get(value) if isinstance(value, str) else None
    ordered = column is not None and column.required and column.type in ("timestamp", "date", "integer", "decimal")
    if how == "upsert" and column is not None and ordered and column.name not in keyed:
        return column.name
    zh = "cityhub.as_of 是 upsert 中主键以外的一个必填列，类型为 timestamp、date、integer 或 decimal"
    en = "cityhub.as_of is a required column of an upsert beside its key: a timestamp, date, integer or decimal"
    parser.blame(where, "CONTRACT_AS_OF", zh, en)
    return None


def reading(parser: "Parser", customs: Mapping[str, tuple[Any, Path_]], sources: Collection[str]) -> Reading:
    """The hints for the reader; `sources` are the contract's fields."""
    value, path = customs.get("cityhub.reading", ({}, ()))
    # Of each hint the types that it may have, or, where it is a choice, the words.
    types = {one.name: get_args(one.type) or (one.type,) for one in fields(Reading)}
    hints: dict[str, Any] = dict(value) if isinstance(value, dict) else {"": None}
    wide = hints.pop("unpivot", None)
    sound = all(
        key in types and (type(one) in types[key] or (isinstance(one, str) and one in types[key]))
        for key, one in hints.items()
    )
    if not sound:
        parser.blame(
            path, "CONTRACT_READING", f"cityhub.reading 只能有 {'、'.join(types)}", "cityhub.reading holds other hints"
        )
        return Reading()
    return Reading(**hints, unpivot=None if wide is None else _unpivot(parser, wide, path, sources))


def _unpivot(parser: "Parser", value: Any, path: Path_, sources: Collection[str]) -> Unpivot | None:
    known = {one.name for one in fields(Unpivot)}
    texts = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    if texts and {"columns", "name", "value"} <= set(value) <= known and _is_pattern(value["columns"]):
        made = Unpivot(**value)
        if len(set(made.fields)) == len(made.fields) and set(made.fields) <= set(sources):
            return made
    zh = "unpivot 应写明 columns（正则表达式）、name、value 和可选的 row；后三者是契约中不同的字段"
    en = "unpivot names columns (a regular expression) and name, value, maybe row: different fields of the contract"
    parser.blame(path, "CONTRACT_READING", zh, en)
    return None


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True
