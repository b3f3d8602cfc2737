"""The kinds of change between two versions of a contract: whom each breaks, what it asks of the version number. Pure.

A change is **breaking** (a new major version) when what was delivered yesterday may be kept out today, or when what a
reader relies on no longer holds: that a column is there, what it means, how rows are told apart. It is **compatible**
(a minor version) when both go on as before, and **editorial** (a patch) when only words change. What cannot be told
(one expression became another) counts as breaking. The kinds and their classes are `KINDS`, and nothing else decides.

Semantic versions: https://semver.org, 2.0.0, items 6 to 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from infra.language import Text


class Part(IntEnum):
    """The part of the version number that a change asks for."""

    PATCH = 0
    MINOR = 1
    MAJOR = 2

    @property
    def said(self) -> Text:
        """In words."""
        return _PARTS[self]


_PARTS = {
    Part.PATCH: Text("修订号（文字）", "patch (words alone)"),
    Part.MINOR: Text("次版本号（兼容）", "minor (compatible)"),
    Part.MAJOR: Text("主版本号（不兼容）", "major (breaking)"),
}
_BOTH, _READERS, _DELIVERERS = ("reader", "deliverer"), ("reader",), ("deliverer",)
_NOBODY: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of change asks for, whom it breaks, and its sentence with `{what}`, `{before}`, `{after}`."""

    part: Part
    breaks: tuple[str, ...]
    said: Text


def _major(breaks: tuple[str, ...], zh: str, en: str) -> Kind:
    return Kind(Part.MAJOR, breaks, Text(zh, en))


def _minor(zh: str, en: str) -> Kind:
    return Kind(Part.MINOR, _NOBODY, Text(zh, en))


KINDS: Mapping[str, Kind] = {
    "column.removed": _major(_READERS, "删除了列“{what}”", "column “{what}” is removed"),
    "column.added": _minor("新增可不提供的列“{what}”", "column “{what}” is added; a delivery may lack it"),
    "column.added_wanted": _major(
        _DELIVERERS, "新增必须提供的列“{what}”", "column “{what}” is added; a delivery must have it"
    ),
    "column.type": _major(
        _BOTH, "列“{what}”的类型由 {before} 改为 {after}", "the type of “{what}” changed from {before} to {after}"
    ),
    "column.meaning": _major(
        _READERS,
        "列“{what}”的{step}由 {before} 改为 {after}",
        "the {step} of “{what}” changed from {before} to {after}",
    ),
    "column.more_notations": _minor("列“{what}”多认可一些写法", "“{what}” takes more notations"),
    "column.required": _major(_DELIVERERS, "列“{what}”改为必填", "“{what}” must have a value now"),
    "column.optional": _major(_READERS, "列“{what}”可以为空了", "“{what}” may be empty now"),
    "column.personal": _minor("列“{what}”标为个人信息", "“{what}” is personal information now"),
    "column.not_personal": _major(_BOTH, "列“{what}”不再标为个人信息", "“{what}” is no longer personal information"),
    "header.dropped": _major(
        _DELIVERERS, "不再认可“{what}”的表头写法：{before}", "a header of “{what}” is no longer known: {before}"
    ),
    "header.added": _minor("“{what}”多认可表头写法：{after}", "“{what}” is known by more headers: {after}"),
    "header.wanted": _major(_DELIVERERS, "字段“{what}”不得缺列", "the field “{what}” may no longer be missing"),
    "header.optional": _minor("字段“{what}”可以缺列", "the field “{what}” may be missing"),
    "key": _major(_BOTH, "主键由 {before} 改为 {after}", "the key changed from {before} to {after}"),
    "mode": _major(_READERS, "发布方式由 {before} 改为 {after}", "the mode changed from {before} to {after}"),
    "as_of": _major(
        _BOTH,
        "判断新旧的列由 {before} 改为 {after}",
        "the column that says which row is newer changed from {before} to {after}",
    ),
    "duplicates": _major(
        _BOTH, "重复记录的约定由 {before} 改为 {after}", "what a duplicate is changed from {before} to {after}"
    ),
    "reading": _major(
        _DELIVERERS, "读取约定 {what} 由 {before} 改为 {after}", "the hint {what} changed from {before} to {after}"
    ),
    "reading.freed": _minor("不再限定读取约定 {what}", "the hint {what} is no longer set"),
    "rule.added": _major(_DELIVERERS, "新增规则 {what}", "the rule {what} is added"),
    "rule.added_warning": _minor("新增提示规则 {what}", "the warning {what} is added"),
    "rule.removed": _minor("取消规则 {what}", "the rule {what} is removed"),
    "rule.narrowed": _major(
        _DELIVERERS, "规则 {what} 收紧：{before} → {after}", "the rule {what} is stricter: {before} → {after}"
    ),
    "rule.widened": _minor("规则 {what} 放宽：{before} → {after}", "the rule {what} is laxer: {before} → {after}"),
    "rule.more_values": _major(_READERS, "规则 {what} 多出取值：{after}", "the rule {what} takes more values: {after}"),
    "rule.changed": _major(
        _BOTH, "规则 {what} 改变：{before} → {after}", "the rule {what} changed: {before} → {after}"
    ),
    "rule.severer": _major(
        _DELIVERERS, "规则 {what} 由 {before} 加重为 {after}", "the rule {what} went from {before} up to {after}"
    ),
    "rule.milder": _minor(
        "规则 {what} 由 {before} 减轻为 {after}", "the rule {what} went from {before} down to {after}"
    ),
    "words": Kind(Part.PATCH, _NOBODY, Text("{what}的文字有改动", "the words of {what} changed")),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change: its kind (a key of `KINDS`), what it is about, and its sentence."""

    kind: str
    what: str
    said: Text

    @property
    def part(self) -> Part:
        """The part of the version that it asks for."""
        return KINDS[self.kind].part

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape that commands print."""
        breaks = list(KINDS[self.kind].breaks)
        part = self.part.name.lower()
        return {"kind": self.kind, "what": self.what, "asks": part, "breaks": breaks, "message": self.said.say(lang)}


def asked(changes: list[Change]) -> Part:
    """The part of the version that the changes ask for together."""
    return max((change.part for change in changes), default=Part.PATCH)


def raised(before: str, after: str) -> Part | None:
    """The part of the version that was raised from `before` to `after`; None when nothing was."""
    old, new = _numbers(before), _numbers(after)
    for part, (was, now) in zip((Part.MAJOR, Part.MINOR, Part.PATCH), zip(old, new, strict=True), strict=True):
        if now != was:
            return part if now > was else None
    return None


def next_version(before: str, part: Part) -> str:
    """The first version after `before` that raises `part`."""
    major, minor, patch = _numbers(before)
    return {
        Part.MAJOR: f"{major + 1}.0.0",
        Part.MINOR: f"{major}.{minor + 1}.0",
        Part.PATCH: f"{major}.{minor}.{patch + 1}",
    }[part]


def _numbers(version: str) -> tuple[int, int, int]:
    core = version.partition("+")[0].partition("-")[0]
    parts = [int(part) if part.isdigit() else 0 for part in core.split(".")]
    major, minor, patch, *_ = [*parts, 0, 0, 0]
    return major, minor, patch


def change(kind: str, what: str, before: object = "", after: object = "", step: Text | None = None) -> Change:
    """The change of `kind`, said; `step` names which part of a column's conversion it is."""

    def filled(lang: str) -> str:
        text = KINDS[kind].said.say(lang).replace("{step}", step.say(lang) if step else "")
        for mark, value in (("{what}", what), ("{before}", _show(before)), ("{after}", _show(after))):
            text = text.replace(mark, value)
        return text

    return Change(kind, what, Text(filled("zh"), filled("en")))


def _show(value: object) -> str:
    if value is None or value in ((), {}, ""):
        return "∅"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_show(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, value))
    return str(value)
