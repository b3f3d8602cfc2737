"""Flat records (`catalogs.exchange.kinds`) in the words of a map, and what comes judged cell by cell; I/O on bytes."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalogs.exchange.kinds import RecordKind
from catalogs.exchange.mapping import ExchangeMap, Field
from catalogs.exchange.translate import NoCode, no_code, received, sent, unknown_code
from catalogs.exchange.wire import Theirs, read
from catalogs.rules.faults import Fault, fault
from catalogs.sheet.column import Column, Kind
from catalogs.sheet.fill import choices
from catalogs.sheet.values import parts, stripped
from catalogs.values import uscc
from infra.errors import Place

BYTES = 32 * 1024 * 1024
MOST = 50_000
_CODES = ("uscc", "applicant_uscc", "asker_uscc", "user_uscc")
Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it came: where it begins, and our cells; a day is an ISO date, what is empty is left out."""

    line: int
    cells: Cells

    @property
    def number(self) -> str:
        """What the other side calls it."""
        return self.cells["number"]


def cells_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as cells: days as ISO dates, lists joined, numbers as text; what is empty is left out."""
    found = {}
    for key, value in values.items():
        text = value.isoformat() if isinstance(value, date) else "" if value is None else stripped(str(value))
        if text:
            found[key] = text
    return found


def send(records: Iterable[Cells], kind: RecordKind, used: ExchangeMap) -> tuple[list[Theirs], list[Fault]]:
    """The records in the other side's words, and a fault for each word that its lists have no code for."""
    form, found, faults = used.of(kind), [], []
    for record in records:
        days = {key for key, one in kind.columns.items() if one.kind is Kind.DATE}
        cells = {key: date.fromisoformat(text) if key in days else text for key, text in record.items()}
        try:
            found.append(Theirs(0, sent(cells, form.resource, form)))
        except NoCode as error:
            faults.append(no_code(error, used, record["number"]))
    return found, faults


def receive(data: bytes, name: str, kind: RecordKind, used: ExchangeMap) -> tuple[tuple[Row, ...], tuple[Fault, ...]]:
    """The records of the file called `name` (.csv or .json), or its faults by line and key.

    Raises:
        WrongUse: MAP_KIND.
    """
    form, faults = used.of(kind), list[Fault]()
    if len(data) > BYTES:
        said = "文件超过 32 MiB", "the file is larger than 32 MiB"
        return (), (fault("MAP_FILE_LARGE", *said, place=Place(name)),)
    records = read(data, name, form, faults)
    if len(records) > MOST:
        said = f"记录超过 {MOST} 条", f"there are more than {MOST} records"
        faults.append(fault("MAP_FILE_LARGE", *said, place=Place(name)))
    if faults:
        return (), tuple(faults)
    rows = [Row(record.line, _cells(record, name, form, faults)) for record in records]
    faults += _twice(rows, name, form)
    return (tuple(rows), ()) if not faults else ((), tuple(faults))


def different(ours: Cells, theirs: Cells, kind: RecordKind, used: ExchangeMap) -> list[str]:
    """The keys, of those that the map has, in which two records differ; what one says later is no difference."""
    mapped = [field.of.key for field in used.of(kind).resource if field.of]
    return [
        key
        for key in mapped
        if key != "number"
        and ours.get(key, "") != theirs.get(key, "")
        and not (key in kind.later and (key not in ours or key not in theirs))
    ]


def _cells(record: Theirs, name: str, form: ExchangeMap, faults: list[Fault]) -> dict[str, str]:
    found = received(record.texts, form.resource, form)
    for field in form.resource:
        wrong = _wrong(record, field, found)
        if wrong is not None:
            code, zh, en = wrong
            place = Place(name, row=record.at(field.key), column=field.key)
            faults.append(fault(code, f"“{field.key}”{zh}", f"{field.key} {en}", place=place, field=field.key))
    return found


def _wrong(record: Theirs, field: Field, found: Cells) -> tuple[str, str, str] | None:
    """What is wrong with one field of a record: code, Chinese and English, without its name."""
    text = record.texts.get(field.key, "")
    if field.fixed is not None and text != field.fixed:
        return "MAP_FIXED", f"应为“{field.fixed}”", f"is to be {field.fixed!r}"
    if field.of is None:
        return None
    said = found.get(field.of.key, "")
    if not said:
        return ("MAP_EMPTY_CELL", "不能为空", "may not be empty") if field.of.needed else None
    code = unknown_code(text, field)
    if code is not None:
        listed = "、".join(dict.fromkeys(field.codes.values()))
        return "MAP_CODE", f"没有代码“{code[:40]}”，只能是：{listed}", f"has no code {code[:40]!r}; one of: {listed}"
    return _value(field.of, said)


def _value(column: Column, said: str) -> tuple[str, str, str] | None:
    if len(said) > column.longest:
        return "MAP_LONG", f"超过 {column.longest} 字", f"is longer than {column.longest} characters"
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\t\r\n" for char in said):
        return "MAP_CHARACTER", "含有控制字符", "holds a control character"
    words = choices(column)
    if words and any(part not in words for part in (parts(said) if column.kind is Kind.WORDS else (said,))):
        return "MAP_CODE", f"只能是：{'、'.join(words)}", f"is one of: {'、'.join(words)}"
    if column.kind is Kind.COUNT and not (said.isascii() and said.isdecimal() and 0 < int(said) < 2**31):
        return "MAP_COUNT", "应为大于 0 的整数", "is to be a whole number above 0"
    if column.kind is Kind.DATE and not _day(said):
        return "MAP_DAY", "不是映射所写格式的日期", "is no day as the map writes days"
    wrong = uscc.fault(uscc.normal(said)) if column.key in _CODES else None
    return ("MAP_USCC", f"不正确：{wrong.zh}", f"is not valid: {wrong.en}") if wrong is not None else None


def _day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _twice(rows: Sequence[Row], name: str, form: ExchangeMap) -> list[Fault]:
    key = next(field.key for field in form.resource if field.of and field.of.key == "number")
    first: dict[str, int] = {}
    found = []
    for row in rows:
        number = row.cells.get("number", "")
        line = first.setdefault(number, row.line)
        if number and line != row.line:
            said = f"编号“{number}”与第 {line} 行相同", f"the number {number!r} is that of line {line} too"
            found.append(fault("MAP_NUMBER_TWICE", *said, place=Place(name, row=row.line, column=key), field=key))
    return found
