"""One entry's cells as values: each reader gives the value or None, and tells the fault at the cell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from catalogs.sheet import columns, item_columns, values
from catalogs.sheet.column import Column, Kind
from catalogs.sheet.likeness import likeness
from catalogs.sheet.table import Cell, Entry
from catalogs.sheet.telling import Told, shown
from catalogs.values.word import Word
from catalogs.values.words import Grade, GuideType, ItemType
from infra.text import fold

_GUESS = 50
_TYPES = [f"{kind.text.zh}{kind}" for kind in GuideType] + [ItemType.GEOMETRY.text.zh]


def choices(column: Column) -> list[str]:
    """The words that a column's list offers."""
    if column.words is not None:
        return [one.text.zh for one in column.words]
    if column.kind is Kind.GRADE:
        return [one.text.zh for one in Grade]
    if column.kind is Kind.TYPE:
        return list(_TYPES)
    if column.kind is Kind.FLAG:
        return ["是", "否"]
    if column.kind is Kind.OPEN:
        return ["无条件开放", "有条件开放", "不予开放"]
    return []


@dataclass(slots=True)
class Reader:
    """Reads the cells of one entry; `faulty` are the keys whose value is missing or none."""

    entry: Entry
    told: Told
    known: Mapping[str, Column]
    faulty: set[str] = field(default_factory=set)

    def value(self, key: str) -> Any:
        """The value of a column by its kind; None where the cell is empty or at fault."""
        cell = self.entry.cells.get(key)
        if cell is None:
            return None
        column = self.known[key]
        reader = _READERS.get(column.kind, _text)
        return reader(self, column, cell)

    def text(self, key: str) -> str | None:
        """The text of a column, None where empty or too long."""
        cell = self.entry.cells.get(key)
        return None if cell is None else _text(self, self.known[key], cell)

    def wrong(self, key: str, code: str, said: tuple[str, str], remedy: tuple[str, str]) -> None:
        """A fault at the cell of a key."""
        self.faulty.add(key)
        self.told.cell(self.entry.cells[key], code, said, remedy, key)

    def need(self, key: str, *, value: object, where: str | None = None) -> None:
        """Tells that a needed value is missing, unless its column is (which is told once) or its fault is told."""
        if value not in (None, ()) or key in self.faulty:
            return
        self.faulty.add(key)
        header = self.entry.header
        at = where or key
        if at in header.resource or at in header.item:
            self.told.missing(self.entry, self.known[key], at)


def _text(reader: Reader, column: Column, cell: Cell) -> str | None:
    text = values.stripped(cell.text)
    if len(text) > column.longest:
        reader.wrong(
            column.key,
            "SHEET_TOO_LONG",
            (
                f"“{column.zh}”有 {len(text)} 字，最多 {column.longest} 字",
                f"{len(text)} characters, at most {column.longest}",
            ),
            ("写短一些", "shorten it"),
        )
        return None
    return text


_NEGATIVE = "不无未否非"
_TERMS = {"学期": "每半年", "寒暑假": "每半年"}
_WHY = {
    "conditions.basis.kind": "规章、地方性法规和部门文件不能作不予共享的依据（条例第十五条）。",
}
"""Why a list is as short as it is, where officers ask."""


def meant(text: str, allowed: Sequence[str]) -> str | None:
    """The allowed word that a text most likely means; what denies is never guessed of what does not."""
    said = next((word for term, word in _TERMS.items() if term in text and word in allowed), None)
    denies = any(mark in text for mark in _NEGATIVE)
    alike = likeness(text, [one for one in allowed if denies or one[0] not in _NEGATIVE], _GUESS)
    return said or (alike[0] if alike else None)


def unknown_word(reader: Reader, column: Column, text: str, allowed: Sequence[str]) -> None:
    """Tells that a word is not of the list, with the one that is most like it."""
    near = meant(values.half(text), allowed)
    hint = (f"是不是“{near}”？", f"did you mean {near}? ") if near else ("", "")
    listed = "、".join(allowed[:20])
    reader.wrong(
        column.key,
        "SHEET_WORD",
        (f"“{column.zh}”不能填“{shown(text)}”", f"{column.en} cannot be {shown(text)!r}"),
        (f"{hint[0]}{_WHY.get(column.key, '')}从这些中选：{listed}", f"{hint[1]}choose one of: {listed}"),
    )


def _word(reader: Reader, column: Column, cell: Cell) -> Word | None:
    vocabulary = column.words
    found = values.word(vocabulary, values.stripped(cell.text)) if vocabulary else None
    if found is None:
        unknown_word(reader, column, values.stripped(cell.text), choices(column))
    return found


def _words(reader: Reader, column: Column, cell: Cell) -> tuple[Word, ...] | None:
    found: dict[Word, None] = {}
    for part in values.parts(cell.text.replace("/", "、").replace("+", "、").replace(" ", "、")):
        one = values.word(column.words, part) if column.words else None
        if one is None:
            unknown_word(reader, column, part, choices(column))
            return None
        found[one] = None
    return tuple(found)


def _grade(reader: Reader, column: Column, cell: Cell) -> Grade | None:
    found = values.grade(cell.text)
    if found is None and fold(values.half(cell.text)) in ("一般", "一般数据"):
        said = ("“一般”没有写明是几级", "“general” states no level")
        reader.wrong(column.key, "SHEET_WORD", said, ("写成一般1级至一般4级之一", "write 一般1级 to 一般4级"))
    elif found is None:
        unknown_word(reader, column, values.stripped(cell.text), choices(column))
    return found


def _type(reader: Reader, column: Column, cell: Cell) -> ItemType | None:
    found = values.item_type(cell.text)
    if found is None:
        unknown_word(reader, column, values.stripped(cell.text), _TYPES)
    return found


def _flag(reader: Reader, column: Column, cell: Cell) -> bool | None:
    found = values.flag(cell.text)
    if found is None:
        unknown_word(reader, column, values.stripped(cell.text), ["是", "否"])
    return found


def _day(reader: Reader, column: Column, cell: Cell) -> Any:
    found = values.day(cell.text)
    if found is None:
        reader.wrong(
            column.key,
            "SHEET_DATE",
            (f"“{shown(cell.text)}”不是能认出的日期", f"{shown(cell.text)!r} is no date that can be told"),
            ("写明年、月、日，例：2026-03-31", "write year, month and day, as in 2026-03-31"),
        )
    return found


def _number(reader: Reader, column: Column, cell: Cell) -> Decimal | int | None:
    found = values.number(cell.text)
    whole = column.kind is Kind.COUNT
    if found is None or (whole and found != int(found)):
        zh = f"“{column.zh}”只能填{'整数' if whole else '数字'}，不能填“{shown(cell.text)}”"
        en = f"{column.en} takes a {'whole ' if whole else ''}number, not {shown(cell.text)!r}"
        reader.wrong(
            column.key, "SHEET_NUMBER", (zh, en), ("只填数字，不带单位；不清楚填0", "the number alone; 0 if unknown")
        )
        return None
    return int(found) if whole else found


def _impacts(reader: Reader, column: Column, cell: Cell) -> Any:
    found = values.impacts(cell.text)
    if found is None:
        reader.wrong(
            column.key,
            "SHEET_WORD",
            (f"“{column.zh}”不能填“{shown(cell.text)}”", f"{column.en} cannot be {shown(cell.text)!r}"),
            ("写成“影响对象:影响程度”，如 个人权益:一般危害", "write object:degree, as 个人权益:一般危害"),
        )
    return found


_READERS: Mapping[Kind, Callable[[Reader, Column, Cell], Any]] = {
    Kind.WORD: _word,
    Kind.WORDS: _words,
    Kind.GRADE: _grade,
    Kind.TYPE: _type,
    Kind.FLAG: _flag,
    Kind.DATE: _day,
    Kind.DECIMAL: _number,
    Kind.COUNT: _number,
    Kind.IMPACTS: _impacts,
    Kind.LIST: lambda _, __, cell: values.parts(cell.text),
}


def resource_reader(entry: Entry, told: Told) -> Reader:
    """A reader of a resource's cells."""
    return Reader(entry, told, columns.EVERY)


def item_reader(entry: Entry, told: Told) -> Reader:
    """A reader of an item's cells."""
    return Reader(entry, told, item_columns.EVERY)
