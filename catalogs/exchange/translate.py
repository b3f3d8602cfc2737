"""A resource in the words of a map, and their words in ours. Nothing is read or written here.

Ours are the cells of the form (`catalogs.sheet.spell`), theirs a text by each key of the map. What the register holds
and the other side's form has no room for (grade, domain, English texts) is kept from the register: a text of theirs
that is just what the register's value is sent as says that nothing has changed, anything else replaces it.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from catalogs.exchange.mapping import DATES, ExchangeMap, Field
from catalogs.rules.faults import Fault, fault
from catalogs.sheet.column import Kind
from catalogs.sheet.spell import Value
from catalogs.sheet.values import parts, stripped
from infra.errors import Place

Cells = Mapping[str, Value]
_LABELS = {
    "conditions.scope": "共享范围",
    "conditions.purpose": "使用用途",
    "conditions.reason": "不予共享理由",
    "conditions.basis.kind": "依据类型",
    "conditions.basis.title": "法律依据",
    "conditions.basis.article": "依据条款",
    "conditions.other": "其他条件",
}
_KEYS = {label: key for key, label in _LABELS.items()}
_PART = re.compile(rf"(?:^|；)({'|'.join(_KEYS)})：")
_RESTS_ON = {
    "class2": ("classification.industry",),
    "class3": ("classification.business",),
    "class4": ("classification.business",),
    "is_open": ("openness",),
    "data_format": ("format_type",),
    "format_class": ("data_format", "format_type"),
    "conditions": tuple(name for key in _LABELS for name in (key, f"{key}_en")),
}
"""What of the register's no longer holds when the other side says something else for a key."""


class NoCode(Exception):
    """A word for which the map has no code: the field and the word."""

    def __init__(self, field: Field, word: str) -> None:
        super().__init__(field.key)
        self.field, self.word = field, word


def no_code(error: NoCode, used: ExchangeMap, subject: str) -> Fault:
    """The fault of a word without a code in the map, about the subject that has it."""
    said = f"映射 {used.name} 的“{error.field.key}”没有“{error.word}”的代码"
    english = f"the map {used.name} has no code for {error.word!r} in {error.field.key}"
    mend = "在城市文件夹的 maps/ 中放一份补上代码的映射", "put a map with the code into the city's maps/"
    place = Place(f"maps/{used.name}.yaml", dataset=subject)
    return fault("MAP_NO_CODE", said, english, place=place, field=error.field.key, remedy=mend)


def sent(cells: Cells, fields: Sequence[Field], used: ExchangeMap) -> dict[str, str]:
    """Our cells as theirs: a text for every field, empty where there is nothing to say.

    Raises:
        NoCode: a word has no code in the map.
    """
    return {field.key: _sent(cells, field, used) for field in fields}


def _sent(cells: Cells, field: Field, used: ExchangeMap) -> str:
    if field.of is None:
        return field.fixed or ""
    value = _conditions(cells) if field.of.key == "conditions" else cells.get(field.of.key)
    if value is None or value == "":
        # 否 stands in no cell of ours; where the other side has a code for it, it is said.
        return field.codes.get("否", "") if field.of.kind is Kind.FLAG else ""
    if isinstance(value, date):
        return used.day(value)
    text = str(value)
    if not field.codes:
        return text
    words = parts(text) if field.of.kind is Kind.WORDS else (text,)
    for word in words:
        if word not in field.codes:
            raise NoCode(field, word)
    return "、".join(field.codes[word] for word in words)


def received(theirs: Mapping[str, str], fields: Sequence[Field], used: ExchangeMap) -> dict[str, str]:
    """Their texts as our cells, by the keys of ours; a code that is none stays as written, for the reader to refuse."""
    found: dict[str, str] = {}
    for field in fields:
        text = stripped(theirs.get(field.key, ""))
        if field.of is None or not text:
            continue
        if field.of.key == "conditions":
            found |= _parted(text)
        else:
            found[field.of.key] = _received(text, field, used)
    return found


def _received(text: str, field: Field, used: ExchangeMap) -> str:
    if field.of is not None and field.of.kind is Kind.DATE:
        try:
            return datetime.strptime(text, DATES[used.date_form]).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            return text
    back: dict[str, str] = {}
    for word, code in field.codes.items():
        back.setdefault(code, word)
    if field.of is not None and field.of.kind is Kind.WORDS:
        return "、".join(back.get(part, part) for part in parts(text))
    return back.get(text, text)


def unknown_code(text: str, field: Field) -> str | None:
    """The part of a text that is no code of the field's list; None where all are, or the field has no list."""
    if not field.codes or not stripped(text):
        return None
    many = field.of is not None and field.of.kind is Kind.WORDS
    known = set(field.codes.values())
    return next((part for part in (parts(text) if many else (stripped(text),)) if part not in known), None)


def over(
    theirs: Mapping[str, str], registered: Cells | None, fields: Sequence[Field], used: ExchangeMap
) -> dict[str, Value]:
    """Their texts over what the register holds of the same: our cells."""
    if registered is None:
        return dict(received(theirs, fields, used))
    kept, mapped = dict(registered), {field.of.key for field in fields if field.of}
    changed: dict[str, Value] = {}
    for field in fields:
        text = stripped(theirs.get(field.key, ""))
        if field.of is None or _same(text, registered, field, used):
            continue
        key = field.of.key
        for gone in (key, f"{key}_en", *(one for one in _RESTS_ON.get(key, ()) if one not in mapped)):
            kept.pop(gone, None)
        changed |= received({field.key: text}, [field], used)
    return kept | changed


def _same(text: str, registered: Cells, field: Field, used: ExchangeMap) -> bool:
    try:
        return text == stripped(_sent(registered, field, used))
    except NoCode:
        return False


def _conditions(cells: Cells) -> str:
    """The parts of the conditions in one text, each behind its label; other conditions alone stand without one."""
    said = {label: str(cells[key]) for key, label in _LABELS.items() if cells.get(key)}
    if list(said) == ["其他条件"]:
        return said["其他条件"]
    return "；".join(f"{label}：{text}" for label, text in said.items())


def _parted(text: str) -> dict[str, str]:
    marks = list(_PART.finditer(text))
    if not marks or marks[0].start() > 0:
        return {"conditions.other": text}
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    found = {_KEYS[mark[1]]: stripped(text[mark.end() : end]) for mark, end in zip(marks, ends, strict=True)}
    return {key: part for key, part in found.items() if part}
