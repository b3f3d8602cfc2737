"""Whether a table is wide: some of its columns are one measure, and their headers the values of one more column. Pure.

The headers of such columns are of one family: years, months, days, hours, quarters, numbers behind one word, codes of
one shape, names of places of one kind. A family alone proves nothing (`addr1`, `addr2`): what the columns hold has to
be of one kind as well, and the fewer the columns are and the more figures stand beside them, the less sure it is.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from contracts.infer.finding import Finding
from contracts.infer.profile import Measured, Table
from contracts.infer.units import unit_of
from contracts.infer.words import CHINESE
from infra.language import Text
from infra.text import fold

SURE = 0.9
"""From here on a table is turned where nobody can be asked."""

_Y, _M, _H = r"(?:19|20)\d\d", r"(?:0?[1-9]|1[0-2])", r"(?:[01]?\d|2[0-4])"
_NAMES = "(?i:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)"
_YEARS = rf"(?:FY)?{_Y}(?:年度?)?"
_MONTHS = rf"{_Y}(?:年|[-/.]){_M}月?|{_Y}(?:0[1-9]|1[0-2])"
_DATES = (
    rf"{_Y}(?:年|[-/.])\d{{1,2}}(?:月|[-/.])\d{{1,2}}日?|{_Y}[01]\d[0-3]\d|\d{{1,2}}/\d{{1,2}}/\d{{2,4}}"
    r"|\d{1,2}月\d{1,2}日"
)
_QUARTERS = rf"(?:{_Y}(?:年|[-_ ])?)?(?:[Qq][1-4]|第?[一二三四1-4]季度)"
_HOURS = rf"{_H}(?:时|点|h|:00)|{_H}(?::00)?\s*[-~—至]\s*{_H}(?::00|时|点)?|(?:hour|hr|h|H)_?{_H}"
_PARTS = rf"(?:1[0-2]|[1-9])月份?|(?:[一二三四五六七八九]|十[一二]?)月份?|{_NAMES}"
# pattern of a header, how the new column is called, fewest columns, whether its members follow one another
_FAMILIES: tuple[tuple[str, Text, int, bool], ...] = (
    (_YEARS, Text("年份", "year"), 3, True),
    (_MONTHS, Text("月份", "month"), 3, True),
    (_DATES, Text("日期", "date"), 3, False),
    (_QUARTERS, Text("季度", "quarter"), 4, False),
    (_HOURS, Text("小时", "hour"), 6, False),
    (_PARTS, Text("月份", "month"), 6, False),
    (r"(?:[12]?\d|3[01])[日号]", Text("日", "day"), 6, False),
)
_STEM = re.compile(r"(?s)(.*?)(\d+)(\D*)")
_WHEN = re.compile(r"时间|日期|时刻|年份?$|月份?$|小时|(^|[ _])(date|time|datetime|hour|year|month|day)([ _]|$)")
_NUMBERED, _CODES, _PLACES = 5, 8, 8
_ONE_KIND, _NUMERIC = 0.9, 0.9


@dataclass(frozen=True, slots=True)
class Wide:
    """A way of turning the table.

    Attributes:
        columns: a regular expression that the headers of the columns match, and of no other one.
        name: what the column is called that takes their headers; `value` the one that takes what they hold.
        number: the name of a column for the wide record's number, None where the other columns tell records apart.
        kept: the headers of the other columns, in their order.
        headers: those of the columns.
        confidence: how sure it is; `evidence` what shows it.
    """

    columns: str
    name: str
    value: str
    number: str | None
    kept: tuple[str, ...]
    headers: tuple[str, ...]
    confidence: float
    evidence: Text

    @property
    def long(self) -> tuple[str, ...]:
        """The headers of the long table: the other columns, then the new ones."""
        return (*self.kept, self.name, self.value, *([self.number] if self.number else []))

    def reading(self, names: Sequence[str]) -> dict[str, str]:
        """What `cityhub.reading` has under `unpivot`, when the long table's columns are called `names`."""
        return {"columns": self.columns, **dict(zip(("name", "value", "row"), names[len(self.kept) :], strict=False))}

    def finding(self, names: Sequence[str] | None) -> Finding:
        """The finding: how it is turned where `names` are the long table's columns, or else how it could be."""
        value = {**self.reading(names or self.long), "turned": names is not None}
        return Finding("wide", None, value, self.confidence, self.evidence)


@dataclass(frozen=True, slots=True)
class _Family:
    headers: tuple[str, ...]
    pattern: str
    name: Text
    sure: float


def wide(table: Table, distinct: Callable[[Sequence[str]], int]) -> Wide | None:
    """How the table would be turned, None where it is long already.

    Args:
        table: as it stands.
        distinct: how many different values columns of these headers have together.
    """
    if not table.rows:
        return None
    byname = {column.header: column for column in table.columns}
    found = [(_sure(family, byname), family) for family in _families(table, byname)]
    sure, family = max(found, key=lambda one: one[0], default=(0.0, None))
    if family is None or sure <= 0:
        return None
    first, last, count = family.headers[0], family.headers[-1], len(family.headers)
    kept = tuple(header for header in byname if header not in family.headers)
    taken = {fold(header) for header in kept}
    return Wide(
        columns=family.pattern,
        name=_free(family.name.zh, taken),
        value=_free("数值", taken),
        number=None if kept and distinct(kept) >= table.distinct else _free("行号", taken),
        kept=kept,
        headers=family.headers,
        confidence=round(sure, 2),
        evidence=Text(
            f"{count} 列的列名是{family.name.zh}（{first} 至 {last}），所填的是同一种值",
            f"the headers of {count} columns are values of one ({family.name.en}: {first} to {last}), and what stands "
            "in them is of one kind",
        ),
    )


def _sure(family: _Family, byname: dict[str, Measured]) -> float:
    """How sure it is that these columns are one measure, 0 when they are not."""
    kept = [header for header in byname if header not in family.headers]
    alike = _one_measure([byname[header] for header in family.headers])
    if not alike or any(re.fullmatch(family.pattern, header.strip()) for header in kept):
        return 0.0
    # A figure beside them stands once in the wide table and many times in the long one.
    figures = sum(_numeric(byname[header]) and not _tells(header) for header in kept)
    few = len(family.headers) < min(len(kept), 6)
    return max(0.1, family.sure - 0.15 * min(figures, 3) - (0.15 if few else 0))


def _families(table: Table, byname: dict[str, Measured]) -> Iterator[_Family]:
    headers = tuple(byname)
    if not table.header:
        if table.rows == len(headers) >= _CODES:  # a matrix
            yield _Family(tuple(headers), r"\d+", Text("列号", "column"), 0.6)
        return
    for pattern, name, least, ordered in _FAMILIES:
        some = tuple(header for header in headers if re.fullmatch(pattern, header.strip()))
        if len(some) >= least:
            yield _Family(some, pattern, name, 0.97 if len(some) > least or (ordered and _follow(some)) else 0.85)
    yield from _stems(headers)
    yield from _shapes(headers)
    yield from _places(headers, byname)


def _follow(headers: Sequence[str]) -> bool:
    """Whether years or months come one after another, each as far from the last as the next."""
    numbers = [int("".join(re.findall(r"\d", header))[:6]) for header in headers]
    steps = {second - first for first, second in pairwise(numbers)}
    return len(steps) == 1 and 0 not in steps


def _stems(headers: Sequence[str]) -> Iterator[_Family]:
    """One word with numbers: `Station1`, `Station2`, …; a year or an hour with a word: `2019年人口`."""
    stems: dict[tuple[str, str], list[str]] = {}
    for header in headers:
        found = _STEM.fullmatch(header.strip())
        if found and (found[1] or found[3]):
            stems.setdefault((found[1], found[3]), []).append(header)
    for (before, behind), some in sorted(stems.items(), key=lambda one: -len(one[1])):
        numbers = [int(_STEM.fullmatch(header.strip())[2]) for header in some]  # type: ignore[index]
        years = all(1900 <= one < 2100 for one in numbers)
        if len(some) < (3 if years else _NUMBERED) or len(set(numbers)) < len(some):
            continue
        name = Text("年份", "year") if years else Text("序号", "number")
        follow = max(numbers) - min(numbers) == len(some) - 1
        pattern = f"{re.escape(before)}\\d+{re.escape(behind)}"
        yield _Family(tuple(some), pattern, name, 0.9 if follow and years else 0.8 if follow else 0.7)


def _shapes(headers: Sequence[str]) -> Iterator[_Family]:
    """Codes of one shape: `1001A`, `1002A`, …, or bare numbers of one length."""
    counted = Counter(_shape(header) for header in headers)
    for shape, count in counted.most_common(1):
        digits = shape.count("9")
        if count < _CODES or digits < 3:
            continue
        some = tuple(header for header in headers if _shape(header) == shape)
        letters = re.escape(shape).replace("a", "[A-Za-z]")
        pattern = re.sub("9+", lambda run: rf"\d{{{len(run[0])}}}", letters)
        yield _Family(some, pattern, Text("编号", "code"), 0.9)


def _shape(header: str) -> str:
    return re.sub("[A-Za-z]", "a", re.sub(r"\d", "9", header.strip()))


def _places(headers: Sequence[str], byname: dict[str, Measured]) -> Iterator[_Family]:
    """Names beside a time: every column but it holds numbers, and no header is a word for what one measures."""
    some = [header for header in headers if _numeric(byname[header]) and not _WHEN.search(fold(header))]
    rest = [header for header in headers if header not in some]
    if len(some) < _PLACES or not rest or not all(_WHEN.search(fold(header)) for header in rest):
        return
    if any(unit_of(header) or re.search(r"\d", header) or _measures(header) for header in some):
        return
    ends = Counter(header.strip()[-1] for header in some).most_common(1)[0][1]
    pattern = "|".join(re.escape(header.strip()) for header in some)
    yield _Family(tuple(some), pattern, Text("名称", "name"), 0.75 if ends >= len(some) * 0.6 else 0.5)


def _measures(header: str) -> bool:
    plain = header.strip()
    return plain.isascii() or any(plain.endswith(word) for word in CHINESE if len(word) > 1)


def _tells(header: str) -> bool:
    """Whether a number stands for a thing or a time, and is no figure."""
    return bool(re.search(r"编号|编码|代码|序号|号$|(^|_)(id|code|no|lat|long?|lng)$|经度|纬度", fold(header))) or bool(
        _WHEN.search(fold(header))
    )


def _numeric(column: Measured) -> bool:
    return column.filled > 0 and column.numbers.all >= column.filled * _NUMERIC


def _one_measure(columns: Sequence[Measured]) -> bool:
    """Whether the columns hold numbers, or else texts that stand in several of them."""
    held = [column for column in columns if column.filled]
    if len(held) * 2 < len(columns):
        return False
    if sum(map(_numeric, held)) >= len(held) * _ONE_KIND:
        return True
    return not any(map(_numeric, held)) and max(column.longest for column in held) <= 80


def _free(name: str, taken: set[str]) -> str:
    return next(one for one in (name, *(f"{name}{at}" for at in range(2, 99))) if fold(one) not in taken)
