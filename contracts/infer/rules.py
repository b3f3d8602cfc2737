"""The rules that a column's values suggest: bounds, lists of values, forms. Pure.

What today's file shows is no law for tomorrow's: these rules warn and let the record through. Types and keys alone keep
records out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from contracts.infer.finding import share
from contracts.infer.profile import Measured
from infra.language import Text

_LISTED, _UNSAID, _KEYED, _ROWS = 30, 12, 8, 40
_KIND = re.compile(
    r"类型|类别|种类|等级|级别|年级|状态|性质|方向|性别|结果|方式|形式|程度|层次|阶段|[^数]类$"
    r"|(^|_)(is|has)_|(^|_)(type|status|kind|level|category|class|mode|sex|gender|direction|grade|result|quality|flag)(_|$)"
    r"|(type|status)$"
)
_THING = re.compile(
    r"名称|姓名|[^户]名$|编号|编码|代码|号$|站|线路|地址|地点|地区|城市|[省市区县国]$|国别|国家|街道|单位|机构|公司|企业|学校|医院|部门|规格|型号|备注|说明"
    r"|时间|时刻|(^|_)(id|code|no|name|title|station|stop|city|region|county|district|country|province|address|line|route"
    r"|note|remark|time|date|unit|company|school|location|place)(_|$)"
)
_HOUR = re.compile(r"小时$|(^|_)(hour|hh)(_|$)")
_MONTH = re.compile(r"月份?$|(^|_)(month|mm)(_|$)")
_LNG = re.compile(r"经度|东经|西经|(^|_)(lon|lng|longitude)(_|$)")
_LAT = re.compile(r"纬度|北纬|南纬|(^|_)(lat|latitude)(_|$)")
# Not bounded by nothing: degrees of heat, heights above a datum, changes; and what only numbers things or years.
_NO_BOUND = re.compile(
    r"温|℃|°F|水位|高程|海拔|同比|环比|增|差|余额|年份|年度|(^|_)年(_|$)|序号|编号|编码|代码|号$"
    r"|(^|_)(temp|temperature|level|altitude|elevation|growth|change|balance|diff|delta|year|id|no|code|key|index|x|y)(_|$)"
)
_FAULTS = 0.01
MICRO = 1_000_000
_LIST = re.compile(r"[^,;|]+([,;|][^,;|\s][^,;|]*)+")
_DRAWN = re.compile(r'\{"type":\s*"(Multi)?Point"')
_SIXTIETHS = re.compile(
    r"""[EWNS东西南北]?[经纬]?\s*\d{1,3}\s*[°度]\s*\d{1,2}(\.\d+)?\s*[′'’分]\s*(\d{1,2}(\.\d+)?\s*(″|"|”|''|秒))?\s*[EWNS]?"""
)


@dataclass(frozen=True, slots=True)
class Suggested:
    """A rule: its kind and values as the contract writes them, how sure, what shows it."""

    kind: str
    args: Mapping[str, Any]
    confidence: float
    evidence: Text


def axis(names: str) -> str | None:
    """Whether a name is that of a longitude (`lng`) or a latitude (`lat`)."""
    return "lng" if _LNG.search(names) else "lat" if _LAT.search(names) else None


def degrees(column: Measured, names: str) -> int | None:
    """1 when the values are degrees of their axis, `MICRO` when they are millionths of them, None when neither."""
    side = axis(names)
    least, most = column.numbers.least, column.numbers.most
    if side is None or least is None or most is None or column.numbers.all < column.filled * 0.95 or column.written:
        return None
    bound = 180 if side == "lng" else 90
    # A few points of nowhere are common; the bulk decides, and the bulk lies between the bounds or far beyond them.
    middle = sorted(value for value in map(as_float, column.sample) if value is not None)
    typical = abs(middle[len(middle) // 2]) if middle else abs(most)
    if typical <= bound:
        return 1
    return MICRO if 1000 * bound < typical <= MICRO * bound else None


def sixtieths(column: Measured, names: str) -> bool:
    """Whether the values are degrees of an axis in minutes and seconds, which are texts: `113°37′12″`."""
    fits = sum(_SIXTIETHS.fullmatch(text) is not None for text in column.sample)
    return axis(names) is not None and fits > 0 and fits >= len(column.sample) * 0.95


def as_float(text: str) -> float | None:
    """The number that a text is, None when it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def suggested(column: Measured, names: str, kind: str, *, code: bool, in_key: bool) -> Iterator[Suggested]:
    """The rules of a column that holds nothing personal."""
    listed = _listed(column, names, kind, in_key=in_key) if not code else None
    if listed is not None:
        yield listed
    elif kind in ("integer", "number", "decimal"):
        yield from _bounds(column, names)
    elif kind == "string":
        yield from _form(column)


def _bounds(column: Measured, names: str) -> Iterator[Suggested]:
    least, most = column.numbers.least, column.numbers.most
    if least is None or most is None or column.filled < 20:
        return
    shown = Text(f"在 {least:g} 与 {most:g} 之间", f"between {least:g} and {most:g}")
    for pattern, low, high in ((_HOUR, 0, 23), (_MONTH, 1, 12)):
        if pattern.search(names) and low <= least and most <= high:
            yield Suggested("range", {"min": low, "max": high}, 0.95, shown)
            return
    if axis(names) is not None:
        return
    if "%" in names and least >= 0 and most <= 100:
        yield Suggested("range", {"min": 0, "max": 100}, 0.9, shown)
    elif column.numbers.negative <= column.filled * _FAULTS and not _NO_BOUND.search(names):
        # Of so many that count something the few below nothing are faults.
        yield Suggested("range", {"min": 0}, share(column.filled - column.numbers.negative, column.filled) * 0.9, shown)


def _listed(column: Measured, names: str, kind: str, *, in_key: bool) -> Suggested | None:
    """A closed list of words: few of them, all of which come back again and again all over the file.

    Names of things are none (more things come), nor is what a key tells many things by, nor what is measured; a column
    whose name says that it is of kinds needs less to show it. Of whole numbers only such a column is a list.
    """
    says = _KIND.search(names) is not None
    few = 1 < column.distinct <= (_LISTED if says else _UNSAID) and column.longest <= (40 if says else 24)
    if not few or column.filled < _ROWS or len(column.top) < column.distinct:
        return None
    words = _codes(column) if kind == "integer" else kind == "string" and _words(column)
    if not words or (not says and (kind == "integer" or (in_key and column.distinct > _KEYED) or _THING.search(names))):
        return None
    # A value that stands once among thousands is as likely a slip as a word of the list.
    values = [value for value, count in column.top.items() if count > 1 or column.filled < 500]
    once = sum(count == 1 for count in column.top.values())
    back = column.runs >= len(values) * (2 if says else 4)
    if len(values) < 2 or not back or column.filled < len(values) * (5 if says else 12) or (once and not says):
        return None
    part = sum(column.top[value] for value in values)
    said = Text(
        f"{part} 个值只有 {len(values)} 种，在文件中反复出现",
        f"{part} values are of {len(values)} kinds, which come again",
    )
    sure = share(part, column.filled) * (0.95 if says else 0.8)
    made: list[Any] = sorted(map(int, values)) if kind == "integer" else sorted(values)
    return Suggested("enumeration", {"values": made}, sure, said)


def _codes(column: Measured) -> bool:
    """Whether whole numbers may stand for kinds: few and small, from 0 or 1 on."""
    return column.distinct <= 10 and column.longest <= 2 and column.numbers.least in (0, 1)


def _words(column: Measured) -> bool:
    return sum(any(map(str.isdigit, text)) for text in column.top) * 2 <= column.distinct


def one_form(column: Measured) -> bool:
    """Whether (nearly) all values are codes of one form: letters and digits, as many of them, more than a word has."""
    if not column.shapes or column.distinct < 5:
        return False
    shape, count = next(iter(column.shapes.items()))
    return count >= column.filled * 0.98 and shape.count("9") >= 3 and re.fullmatch(r"[9a_-]{5,40}", shape) is not None


def points(column: Measured) -> bool:
    """Whether geometries are those of points."""
    return all(_DRAWN.match(text) for text in column.sample)


def sentences(column: Measured) -> bool:
    """Whether the values are free text: long ones of all lengths, with the marks of sentences, or lists, `1,1,3`."""
    marked = sum(bool(re.search(r"[，。；！？]|, |; ", text) or _LIST.fullmatch(text)) for text in column.sample)
    long = column.longest > 200 or (column.longest > 80 and column.longest > 4 * column.shortest)
    return long or marked > len(column.sample) * 0.3


def _form(column: Measured) -> Iterator[Suggested]:
    """One shape of letters and digits that (nearly) all values have: an identifier's form."""
    if not column.shapes or column.filled < 10 or column.distinct < 5:
        return
    shape, count = next(iter(column.shapes.items()))
    if count < column.filled * 0.98 or not re.fullmatch(r"[9a._/-]{3,32}", shape) or "9" not in shape:
        return
    parts = []
    for char, run in groupby(shape):
        size = len(list(run))
        parts.append(
            ({"9": "[0-9]", "a": "[A-Za-z]"}.get(char) or re.escape(char)) + (f"{{{size}}}" if size > 1 else "")
        )
    said = Text(f"{column.filled} 个值中 {count} 个写法相同", f"{count} of {column.filled} values are of one form")
    yield Suggested("pattern", {"pattern": "".join(parts)}, share(count, column.filled), said)
