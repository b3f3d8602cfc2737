"""Typed fields out of a YAML mapping, collecting a fault for each that is missing, unknown or of the wrong kind.

A `Fields` stands for one mapping. Its readers return None (or nothing) where they noted a fault, so that reading goes
on and one check finds all faults. `finish` notes the keys that nobody asked for.
"""

import difflib
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TypeVar

from catalogs.folder.yamltree import NULLS, Mapping, Node, Scalar, Sequence
from catalogs.rules.faults import Fault, fault
from catalogs.values.words import Grade, Word, find, find_grade
from infra.errors import Place
from infra.language import Text

V = TypeVar("V", bound=Word)

LABELS = {
    "title": Text("目录名称", "catalogue title"),
    "items": Text("数据项", "items"),
    "provider": Text("提供单位", "provider"),
    "data_format": Text("数据格式", "data format"),
    "update_frequency": Text("数据更新频率", "update frequency"),
    "sharing_attribute": Text("共享属性", "sharing attribute"),
    "sharing_mode": Text("共享方式", "sharing mode"),
    "conditions": Text("使用条件", "conditions of use"),
    "classification": Text("数据分类分级", "classification and grading"),
}
"""The nine fields of Decree 809 Art. 13 by their keys."""

_LONGEST = 60
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")


def _shown(value: str) -> str:
    flat = " ".join(value.split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"


class Fields:
    """One mapping of a file, read field by field; `path` says where in the file it stands."""

    def __init__(self, node: Mapping, file: str, path: str, faults: list[Fault]) -> None:
        self.node = node
        self.file = file
        self.path = path
        self.faults = faults
        self.dataset: str | None = None
        self._asked: set[str] = set()

    def place(self, key: str | None = None) -> Place:
        """The line of a key, or of the mapping itself."""
        line = self.node.lines.get(key, self.node.line) if key else self.node.line
        return Place(file=self.file, row=line, dataset=self.dataset)

    def note(
        self, code: str, zh: str, en: str, *, key: str | None = None, remedy: tuple[str, str] | None = None
    ) -> None:
        """Notes a fault at a key of this mapping."""
        where = f"{self.path}.{key}" if key and self.path else key or self.path or None
        self.faults.append(fault(code, zh, en, place=self.place(key), field=where, remedy=remedy))

    def _get(self, key: str, required: bool) -> Node | None:
        self._asked.add(key)
        node = self.node.values.get(key)
        if node is None or (isinstance(node, Scalar) and (node.missing or not node.text.strip())):
            if required:
                self.missing(key)
            return None
        return node

    def missing(self, key: str) -> None:
        """Notes that a key has no value, by its name in the Decree where it has one."""
        label = LABELS.get(key)
        zh = f"缺少“{label.zh}”({key})" if label else f"缺少 {key}"
        en = f"{label.en} ({key}) is missing" if label else f"{key} is missing"
        remedy = ("补上该字段；政务数据共享条例第十三条", "fill it in: Decree 809 Art. 13") if label else None
        self.note("CATALOG_FIELD_MISSING", zh, en, key=key, remedy=remedy)

    def _kind(self, key: str, zh: str, en: str) -> None:
        self.note("CATALOG_FIELD_KIND", f"{key} 应为{zh}", f"{key} must be {en}", key=key)

    def text(self, key: str, *, required: bool = True, longest: int = 1000) -> str | None:
        """A text of at most `longest` characters."""
        # As `_get`, without a call for each of the millions of texts of a large city.
        self._asked.add(key)
        node = self.node.values.get(key)
        if node is not None and type(node) is not Scalar:
            self._kind(key, "文本", "a text")
            return None
        value = node.text.strip() if node is not None else ""
        if node is None or not value or (node.plain and value in NULLS):
            if required:
                self.missing(key)
            return None
        if len(value) > longest:
            self.note(
                "CATALOG_FIELD_LONG",
                f"{key} 超过 {longest} 字",
                f"{key} is longer than {longest} characters",
                key=key,
            )
            return None
        return value

    def form(self, key: str, pattern: re.Pattern[str], said: tuple[str, str], *, required: bool = True) -> str | None:
        """A text that `pattern` matches whole; `said` describes the form in both languages."""
        value = self.text(key, required=required)
        if value is None or pattern.fullmatch(value):
            return value
        self.note(
            "CATALOG_ID_FORM",
            f"{key} “{_shown(value)}”格式不对，应为{said[0]}",
            f"{key} {_shown(value)!r} has the wrong form: {said[1]}",
            key=key,
        )
        return None

    def both(self, key: str, *, required: bool = True) -> Text | None:
        """A text in both languages: `{zh: …, en: …}`, or one text that stands for both."""
        node = self._get(key, required)
        if node is None:
            return None
        if isinstance(node, Scalar):
            same = self.text(key)
            return Text(same, same) if same else None
        if not isinstance(node, Mapping):
            self._kind(key, "文本或 {zh: …, en: …}", "a text or {zh: …, en: …}")
            return None
        inner = self._inside(node, key)
        zh, en = inner.text("zh"), inner.text("en")
        inner.finish()
        return Text(zh, en) if zh and en else None

    def word(self, key: str, vocabulary: type[V], *, required: bool = True) -> V | None:
        """A value of a closed vocabulary, by id or Chinese word."""
        value = self.text(key, required=required)
        return None if value is None else self._word(key, vocabulary, value)

    def _word(self, key: str, vocabulary: type[V], value: str) -> V | None:
        found = find(vocabulary, value)
        if found is None:
            choices = "、".join(f"{word}({word.text.zh})" for word in vocabulary)
            self.note(
                "CATALOG_WORD_UNKNOWN",
                f"{key} 不能是“{_shown(value)}”",
                f"{key} cannot be {_shown(value)!r}",
                key=key,
                remedy=(f"可选：{choices}", "one of: " + ", ".join(str(word) for word in vocabulary)),
            )
        return found

    def words(self, key: str, vocabulary: type[V], *, required: bool = True) -> tuple[V, ...]:
        """Several values of a closed vocabulary, each once; a single value may stand alone."""
        found = [self._word(key, vocabulary, value) for value in self.texts(key, required=required)]
        return tuple(dict.fromkeys(word for word in found if word is not None))

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """Several texts; a single one may stand alone."""
        node = self._get(key, required)
        if node is None:
            return ()
        values = node.values if isinstance(node, Sequence) else [node]
        if not all(isinstance(value, Scalar) and value.text.strip() and not value.missing for value in values):
            self._kind(key, "文本列表", "a list of texts")
            return ()
        if not values and required:
            self.missing(key)
        return tuple(value.text.strip() for value in values if isinstance(value, Scalar))

    def grade(self, key: str, *, required: bool = True) -> Grade | None:
        """A grade, by id or Chinese word."""
        value = self.text(key, required=required)
        if value is None:
            return None
        found = find_grade(value)
        if found is None:
            self.note(
                "CATALOG_WORD_UNKNOWN",
                f"{key} 不能是“{_shown(value)}”",
                f"{key} cannot be {_shown(value)!r}",
                key=key,
                remedy=(
                    "可选：" + "、".join(grade.text.zh for grade in Grade),
                    "one of: " + ", ".join(grade.id for grade in Grade),
                ),
            )
        return found

    def flag(self, key: str, *, default: bool | None = False) -> bool | None:
        """`true` or `false`; `default` where the key is absent, a fault when that is None."""
        value = self.text(key, required=default is None)
        if value is None:
            return default
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        self._kind(key, " true 或 false", "true or false")
        return default

    def date(self, key: str) -> date | None:
        """A day as `CCYY-MM-DD`; None where the key is absent."""
        value = self.text(key, required=False)
        if value is None:
            return None
        try:
            if len(value) == 10:
                return date.fromisoformat(value)
        except ValueError:
            pass
        self._kind(key, "日期，如 2026-03-31", "a day, as 2026-03-31")
        return None

    def number(self, key: str) -> Decimal | None:
        """A number not below zero, without a unit; None where the key is absent."""
        value = self.text(key, required=False, longest=40)
        if value is None:
            return None
        if _NUMBER.fullmatch(value):
            return Decimal(value)
        self.note(
            "CATALOG_NUMBER",
            f"{key} 只填数字，不带单位：“{_shown(value)}”",
            f"{key} takes a number without a unit, not {_shown(value)!r}",
            key=key,
            remedy=("只填数字；不清楚填 0", "write the number alone; 0 where unknown"),
        )
        return None

    def child(self, key: str, *, required: bool = True) -> "Fields | None":
        """A mapping inside this one."""
        node = self._get(key, required)
        if node is None:
            return None
        if not isinstance(node, Mapping):
            self._kind(key, "一组键值", "a mapping")
            return None
        return self._inside(node, key)

    def children(self, key: str, *, required: bool = True) -> Iterator["Fields"]:
        """The mappings of a sequence, in order."""
        node = self._get(key, required)
        if node is None:
            return
        if not isinstance(node, Sequence):
            self._kind(key, "列表", "a list")
            return
        if not node.values and required:
            self.missing(key)
        for number, value in enumerate(node.values):
            if isinstance(value, Mapping):
                yield self._inside(value, f"{key}[{number}]")
            else:
                self._kind(f"{key}[{number}]", "一组键值", "a mapping")

    def _inside(self, node: Mapping, key: str) -> "Fields":
        inner = Fields(node, self.file, f"{self.path}.{key}" if self.path else key, self.faults)
        inner.dataset = self.dataset
        return inner

    def finish(self) -> None:
        """Notes every key that was not asked for, with the nearest known one."""
        for key in self.node.values:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, n=1)
                self.note(
                    "CATALOG_KEY_UNKNOWN",
                    f"不认识的键 {_shown(key)}",
                    f"the key {_shown(key)!r} is unknown",
                    key=key,
                    remedy=(f"是否为 {near[0]}？", f"did you mean {near[0]}?") if near else ("删去它", "remove it"),
                )
