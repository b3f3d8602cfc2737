"""A column's type from what was measured of it. Pure.

The order of the questions is the rule: nothing at all, true or false, geometry and JSON, dates and instants, texts that
only look like numbers (leading zeros, codes, telephones), whole numbers, decimals, numbers, texts. A type is taken when
nearly all values are of it (`_NEARLY`; all of them where there are few): what is not goes to quarantine and is told.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.casts import DATE_FORMATS, TIMESTAMP_FORMATS
from contracts.infer.finding import share
from contracts.infer.notations import (
    either,
    has_offset,
    notation,
    notations,
    shape_of,
    valid,
    without_offset,
    zone_words,
)
from contracts.infer.profile import Measured
from infra.language import Text

_NEARLY, _FEW = 0.95, 40
_GEOMETRIES = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
# A code is no quantity: nobody adds it up, and a zero at its beginning counts.
_CODE = re.compile(
    r"(编号|编码|代码|标识|证号|证件|号码|学号|学籍号|流水号|电话|手机|邮编|邮政编码|区划|卡号|账号|帐号|工号|车牌|信用代码)"
    r"|(^|_)(code|adcode|zip|postcode|phone|mobile|tel|telephone|fax|uscc|id_?card|plate|isbn|barcode|fips|serial)(_|$)"
    r"|(code|编号)$"
)
# A thing that is a number is called by it.
_ID = re.compile(
    r"(^|_)(id|uid|uuid|guid|key|no|station|stop|site|sensor|device|meter|detector|node)(_|$)|标识$|号$|[^数]码$|站点$|测点$"
)
_ORDINAL = re.compile(r"序号|站序|(^|_)(seq|sequence|rank|order|index|label_no|row_?no)(_|$)")
_COUNTED = re.compile(r"(小时|时|月份?|日|年份?|季度|周)$|(^|_)(hour|month|day|year|week|minute|hh|mm)(_|$)")
_WHOLE = re.compile(r"(数|数量|流量|人次|人口|户)$|(^|_)(count|quantity|num|flow|persons|visits|passengers)(_|$)")
# Of a low income are persons and households, which are counted.
_MONEY = re.compile(
    r"金额|费用|票价|价格|单价|收入|支出|工资|(^|_)(fee|fare|carfare|price|cost|amount|salary|tax)(_|$)"
    r"|(?<!low)(?<!middle)(?<!high)(^|_)income(_|$)"
)
# What is measured is continuous, even where today's file happens to hold whole numbers.
_MEASURE = re.compile(
    r"浓度|温度|气温|湿度|气压|风速|风向|速度|车速|面积|长度|高度|身高|体重|重量|距离|里程|能见度|雨量|降水|占比|比例|率$"
    r"|(^|_)(pm2_?5|pm10|so2|no2|co|o3|nox|tsp|o3_(1|8)_?h|temp|temperature|humidity|pressure|speed|weight|height|width"
    r"|length|distance|area|rain|snow|wind|visibility|sea_level|grnd_level|clouds?|dust|ph|ratio|rate|percent|pct"
    r"|concentration|lon|lng|lat|longitude|latitude|score)(_|$)"
)
_CURRENCY, _AMOUNT = re.compile(r"元(/|$)"), "amount"
_PHYSICAL = re.compile(r"([µmk]?g|t|[ckm]?m[²³]?|ha|亩|℃|°F|%|‰|[hkM]?Pa|[kM]?Wh?|m?L|dB|V|A|km²|万吨)(/|$)")
_RATIO = "ratio"
_ASKS = re.compile(r"是否|(^|_)(is|has|yn|flag|can|enabled?|active)(_|$)")
# Where 0 and 1 can only say no and yes: a direction or a kind may be numbered by them as well.
_WHETHER = re.compile(
    r"是否|(^|_)(yn|has|can)_|(^|_)(mon|tues|wednes|thurs|fri|satur|sun)day(_|$)|(星期|周)[一二三四五六日天](_|$)"
)
_NUMBER = re.compile(r"(.+)_(no|number)")
_CALLED = re.compile(r"(.+)_(id|code|name)")
_DAY = re.compile(r"日期|年月日|时间|时刻|(^|_)(date|day|time|datetime|dt|birth|birthday|at|on)(_|$)")


@dataclass(frozen=True, slots=True)
class Typed:
    """A column's type.

    Attributes:
        kind: one of `contracts.model.COLUMN_TYPES`; `physical` as the contract writes it.
        steps: conversions that the type needs.
        confidence: how sure.
        evidence: counts.
        forms: the notations of dates and instants.
        code: a text that only looks like a number.
    """

    kind: str
    confidence: float
    evidence: Text
    steps: tuple[dict[str, Any], ...] = ()
    forms: tuple[str, ...] = ()
    code: bool = False
    size: tuple[int, int] = field(default=(18, 4))

    @property
    def physical(self) -> str:
        """As ODCS' physicalType."""
        return f"decimal({self.size[0]},{self.size[1]})" if self.kind == "decimal" else self.kind


def numbered(names: Sequence[str]) -> frozenset[str]:
    """The columns that number a thing which others of the table call.

    >>> sorted(numbered(["route_name", "route_number", "passengers_number"]))
    ['route_number']
    """
    things = {found[1] for found in map(_CALLED.fullmatch, names) if found}
    return frozenset(found[0] for found in map(_NUMBER.fullmatch, names) if found and found[1] in things)


def typed(column: Measured, names: str, unit: str | None = None, *, thing: bool = False) -> Typed:
    """The type of a column; `names` are its name in the draft and its header, joined for patterns.

    `thing`: it numbers a thing (`numbered`). Numbers without a gap are places in a list all the same.
    """
    least, most = column.numbers.least, column.numbers.most
    if thing and least is not None and most is not None and most - least >= column.distinct:
        names += "_code"
    if column.written is not None:
        unit = unit or column.written.unit
    if unit is not None and _CURRENCY.search(unit):
        names += f"_{_AMOUNT}"
    elif unit is not None and _PHYSICAL.match(unit):
        names += f"_{_RATIO}"
    if not column.filled:
        measure = _MEASURE.search(names) is not None
        said = Text("没有一个值，名称是测量值", "not one value, the name is one of a measure")
        return Typed("number", 0.5, said) if measure else Typed("string", 0.5, Text("没有一个值", "not one value"))
    for question in (_boolean, _nested, _time, _number):
        found = question(column, names)
        if found is not None:
            return found
    counted = Text(f"{column.filled} 个值，不全是数或日期", f"{column.filled} values, not all numbers or dates")
    return Typed("string", share(column.filled, column.filled), counted)


def _enough(part: int, of: int) -> bool:
    return part == of or (of >= _FEW and part >= of * _NEARLY)


def _of(part: int, column: Measured, zh: str, en: str) -> Text:
    return Text(f"{column.filled} 个值中 {part} 个是{zh}", f"{part} of {column.filled} values are {en}")


def _boolean(column: Measured, names: str) -> Typed | None:
    digits = column.numbers
    if _WHETHER.search(names) and digits.integers == column.filled and column.longest == 1:
        if digits.least in (0, 1) and digits.most in (0, 1):
            said = _of(column.filled, column, " 0 或 1，名称问是否", "0 or 1, the name asks whether")
            return Typed("boolean", share(column.filled, column.filled) * 0.9, said)
        return None
    if column.booleans != column.filled:
        return None
    # One letter alone may be a sex or a grade: both answers, or a name that asks.
    firsts = {text[0].lower() for text in column.top}
    answers = bool(firsts & set("ty是")) and bool(firsts & set("fn否"))
    if not answers and column.longest == 1 and not _ASKS.search(names):
        return None
    chinese = ({"map": {"是": "true", "否": "false"}},) if firsts & set("是否") else ()
    said = _of(column.booleans, column, "真假", "true or false")
    return Typed("boolean", share(column.booleans, column.filled), said, chinese)


def _nested(column: Measured, _: str) -> Typed | None:
    texts = [text for text in column.sample if text[:1] in "{["]
    if not texts or len(texts) != len(column.sample):
        return None
    whole = [text for text in texts if len(text) < 400]
    single = not _json(whole)
    if single and not (whole and _json([text.replace("'", '"') for text in whole])):
        return None
    kinds = [re.match(r'\{"type":\s*"(\w+)"', text) for text in texts]
    drawn = all(kind is not None and kind[1] in _GEOMETRIES for kind in kinds)
    said = _of(column.filled, column, "空间图形" if drawn else "JSON", "geometries" if drawn else "JSON")
    steps = ({"replace": {"'": '"'}},) if single else ()
    return Typed("geometry" if drawn else "json", share(len(texts), len(texts)), said, steps)


def _json(texts: Sequence[str]) -> bool:
    try:
        return all(json.loads(text) is not None for text in texts)
    except ValueError:
        return False


def _time(column: Measured, names: str) -> Typed | None:
    found = notations(column.shapes)
    mixed = either(column.sample) if not found else None
    if mixed is not None:
        said = _of(column.filled, column, f"日期 {mixed}", f"dates {mixed}")
        return Typed("date", share(column.filled, column.filled) * 0.95, said, ({"formats": [mixed]},), (mixed,))
    part = sum(found.values())
    if zoned := sum(count for shape, count in column.shapes.items() if zone_words(shape)):
        return _zoned(column, zoned)
    if not found or not _enough(part, column.filled):
        return None
    if not _calendar(column, found, names):
        return None
    forms = tuple(sorted(found, key=lambda form: (-found[form], form)))
    instants = any("%H" in form for form in forms)
    zh, en = ("日期时间", "instants") if instants else ("日期", "dates")
    evidence = _of(part, column, f"{zh}（{'、'.join(forms)}）", f"{en} ({', '.join(forms)})")
    usual = TIMESTAMP_FORMATS if instants else DATE_FORMATS
    steps: list[dict[str, Any]] = []
    if any(form not in usual for form in forms):
        steps.append({"formats": [*forms, *(form for form in usual if form not in forms and instants)]})
    if instants and not all(has_offset(shape) for shape in column.shapes):
        steps.append({"timezone": "Asia/Shanghai"})
    return Typed("timestamp" if instants else "date", share(part, column.filled), evidence, tuple(steps), forms)


def _calendar(column: Measured, found: dict[str, int], names: str) -> bool:
    """Whether the values are days of the calendar, and digits alone not numbers of another meaning."""
    packed = [form for form in found if form in ("%Y%m%d", "%Y%m%d%H%M%S")]
    if packed and not _DAY.search(names) and (_CODE.search(names) or column.distinct < 3):
        return False
    shaped = {text: count for text, count in column.top.items() if notation(shape_of(text)) in found}
    good = sum(n for text, n in shaped.items() if any(valid([without_offset(text)], form) for form in found))
    return _enough(good, sum(shaped.values()))


def _zoned(column: Measured, part: int) -> Typed | None:
    if not _enough(part, column.filled):
        return None
    steps = ({"rewrite": {"pattern": r" ?([+-]\d{2})(\d{2}) [A-Za-z]{2,5}$", "with": r"\1:\2"}},)
    said = _of(part, column, "带时区名的日期时间", "instants with a zone's name")
    return Typed("timestamp", share(part, column.filled), said, steps, ("%Y-%m-%d %H:%M:%S%z",))


def _number(column: Measured, names: str) -> Typed | None:
    numbers = column.numbers
    if not numbers.all or not _enough(numbers.all, column.filled):
        return None
    sure = share(numbers.all, column.filled)
    steps = column.written.steps if column.written else ()
    # A decimal among whole numbers is a number too, and a mistake only where things are counted or put in order.
    counted = any(kind.search(names) for kind in (_WHOLE, _COUNTED, _ORDINAL))
    whole = _enough(numbers.integers, column.filled) and (counted or numbers.integers == numbers.all)
    if column.written is None and (code := _code(column, names)):
        return code
    if _MONEY.search(names) and numbers.scale <= 4 and not numbers.exponents and numbers.whole + numbers.scale <= 16:
        said = _of(
            numbers.all, column, f"至多 {numbers.scale} 位小数的金额", f"amounts, {numbers.scale} decimals at most"
        )
        return Typed("decimal", sure, said, steps, size=(18, max(2, numbers.scale)))
    if whole and (_ORDINAL.search(names) or not _MEASURE.search(names)):
        return Typed("integer", sure, _of(numbers.integers, column, "整数", "whole numbers"), steps)
    if whole:
        said = _of(numbers.all, column, "数，名称是测量值", "numbers, the name is one of a measure")
        return Typed("number", sure * 0.9, said, steps)
    return Typed("number", sure, _of(numbers.all, column, "数", "numbers"), steps)


def _code(column: Measured, names: str) -> Typed | None:
    """A text of digits: a zero at the beginning counts, or its name says that it is none of a quantity."""
    numbers = column.numbers
    clock = bool(_COUNTED.search(names)) and (numbers.most or 0) <= 9999 and column.longest <= 4
    if numbers.integers < column.filled * _NEARLY:
        # A spreadsheet writes codes as numbers: `4111010001.0` is the code still.
        return None
    if numbers.padded and not clock:
        said = _of(numbers.padded, column, "以 0 开头", "with a zero at the beginning")
        return Typed("string", share(column.filled, column.filled), said, code=True)
    if numbers.whole > 18:
        return Typed(
            "string", 0.95, _of(numbers.integers, column, "超过 18 位的数字", "digits, more than 18"), code=True
        )
    fixed = column.shortest == column.longest and column.longest >= 5
    coded = _CODE.search(names) or (_ID.search(names) and fixed and column.distinct > 1)
    if coded and not _ORDINAL.search(names) and not clock:
        said = _of(numbers.integers, column, "数字，名称是编码", "digits, the name is one of codes")
        return Typed("string", 0.9 if fixed else 0.8, said, code=True)
    return None
