"""What officers write in a cell, as the value that is meant; None where it is none. Pure.

Blanks and invisible marks at the ends are dropped; words, numbers and codes are compared in half-width; running texts
keep their full-width punctuation. Dates are read in the notations that are in use: 2026-03-31, 2026/3/31, 2026.3.31,
20260331, 2026年3月31日, 二〇二六年三月三十一日, and as the number that Excel keeps.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from catalogs.values.guide_words import CONCRETE, GuideType, ItemType
from catalogs.values.model import Impact, ImpactDegree, ImpactObject
from catalogs.values.word import Word, find
from catalogs.values.words import (
    BasisKind,
    Content,
    DataFormat,
    FormatClass,
    Grade,
    Openness,
    Secrecy,
    SharingAttribute,
    SharingMode,
    UpdateFrequency,
    find_grade,
)
from infra.text import fold

W = TypeVar("W", bound=Word)
_KIND_OF_FILE = re.compile(r"(?:数据库|表格|电子表格|工作簿|文件|格式)$")

_ENDS = " \t\r\n\u3000\u00a0\ufeff\u200b\u200c\u200d\u2060"
_MARKS = ("\n", "；;", "、，,")
_DIGITS = {char: str(at) for at, char in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0", "Ｏ": "0"}
_ISO = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]0{1,2}:00(?::00(?:\.0+)?)?)?")
_CHINESE = re.compile(r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,6})?")
_SERIAL_FROM, _SERIAL_TO = 36_526, 73_050  # 2000-01-01 to 2099-12-31 as Excel counts days


def stripped(text: str) -> str:
    """Without blanks and invisible marks at its ends."""
    return text.strip(_ENDS)


def half(text: str) -> str:
    """In half-width, without blanks at its ends."""
    return stripped(unicodedata.normalize("NFKC", text))


_ALSO: Mapping[type[Word], Mapping[str, Word]] = {
    UpdateFrequency: {
        "实时更新": UpdateFrequency.REALTIME, "每天": UpdateFrequency.DAILY, "日": UpdateFrequency.DAILY,
        "按日": UpdateFrequency.DAILY, "每星期": UpdateFrequency.WEEKLY, "周": UpdateFrequency.WEEKLY,
        "月": UpdateFrequency.MONTHLY, "按月": UpdateFrequency.MONTHLY, "季": UpdateFrequency.QUARTERLY,
        "按周": UpdateFrequency.WEEKLY, "按季": UpdateFrequency.QUARTERLY, "按季度": UpdateFrequency.QUARTERLY,
        "按半年": UpdateFrequency.HALF_YEARLY, "按年": UpdateFrequency.YEARLY, "按年度": UpdateFrequency.YEARLY,
        "每年度": UpdateFrequency.YEARLY, "按天": UpdateFrequency.DAILY, "逐日": UpdateFrequency.DAILY,
        "季度": UpdateFrequency.QUARTERLY, "每季": UpdateFrequency.QUARTERLY, "半年": UpdateFrequency.HALF_YEARLY,
        "年": UpdateFrequency.YEARLY, "年度": UpdateFrequency.YEARLY, "不定时": UpdateFrequency.IRREGULAR,
        "不定期更新": UpdateFrequency.IRREGULAR,
    },
    SharingAttribute: {
        "无条件": SharingAttribute.UNCONDITIONAL, "1": SharingAttribute.UNCONDITIONAL,
        "有条件": SharingAttribute.CONDITIONAL,
        "2": SharingAttribute.CONDITIONAL, "不共享": SharingAttribute.NOT_SHARED, "3": SharingAttribute.NOT_SHARED,
    },
    SharingMode: {
        "接口": SharingMode.API, "api接口": SharingMode.API, "数据库": SharingMode.BATCH, "库表": SharingMode.BATCH,
        "库表交换": SharingMode.BATCH, "批量": SharingMode.BATCH, "文件": SharingMode.FILE,
        "文件交换": SharingMode.FILE,
    },
    BasisKind: {"行政法规规定": BasisKind.REGULATION, "国务院文件": BasisKind.DECISION},
    Secrecy: {"否": Secrecy.NONE, "不涉密": Secrecy.NONE, "无": Secrecy.NONE, "公开": Secrecy.NONE,
    "是": Secrecy.STATE},
    Openness: {"不开放": Openness.CLOSED, "无条件": Openness.UNCONDITIONAL, "有条件": Openness.CONDITIONAL},
    Content: {"未成年人": Content.MINOR, "车牌号": Content.PLATE},
    FormatClass: {str(kind.number): kind for kind in FormatClass},
}  # fmt: skip
_GRADES = {
    **{str(n): Grade(n) for n in range(1, 5)},
    **{f"{n}级": Grade(n) for n in range(1, 5)},
    **{f"l{n}": Grade(n) for n in range(1, 5)},
    **{f"一般数据{n}级": Grade(n) for n in range(1, 5)},
    **{f"一般{n}": Grade(n) for n in range(1, 5)},
    **{word: Grade(n) for n, word in enumerate(("一级", "二级", "三级", "四级"), 1)},
    "重要数据": Grade.IMPORTANT,
    "核心数据": Grade.CORE,
}
_YES = {"是", "有", "y", "yes", "true", "√", "1", "✓"}
_NO = {"否", "无", "n", "no", "false", "×", "0", "不是", "没有", "x"}


def word(vocabulary: type[W], text: str) -> W | None:
    """The value of a closed vocabulary, by its own word, its id, or another word in use."""
    found = find(vocabulary, text)
    if found is not None:
        return found
    folded = fold(half(text))
    other: Word | None = _ALSO.get(vocabulary, {}).get(folded)
    if other is None and vocabulary is DataFormat:
        plain = folded.lstrip(".")
        # Oracle数据库 is Oracle, Excel表格 is Excel; 数据库 by itself is a format.
        other = CONCRETE.get(plain) or CONCRETE.get(_KIND_OF_FILE.sub("", plain).strip())
    return other if isinstance(other, vocabulary) else None


def grade(text: str) -> Grade | None:
    """The grade that a word means; 一般 alone says none."""
    folded = fold(half(text)).replace(" ", "")
    return find_grade(folded) or _GRADES.get(folded)


def item_type(text: str) -> ItemType | None:
    """The type that a word or code of the guide means (字符型C, 字符型, C, 文本)."""
    plain = half(text).replace(" ", "")
    found = find(ItemType, plain)
    if found is not None:
        return found
    for kind in GuideType:
        name = kind.text.zh
        code = str(kind)
        if plain.upper() in (code, f"{name}{code}", f"{name}({code})", f"{code}{name}", name, name.removesuffix("型")):
            return kind.item_type
    return _TYPES.get(plain.casefold())


_TYPES = {
    **dict.fromkeys(("varchar", "varchar2", "char", "nvarchar", "text", "字符串", "字符", "string"), ItemType.STRING),
    **dict.fromkeys(("int", "bigint", "integer", "整数型", "整型"), ItemType.INTEGER),
    **dict.fromkeys(("number", "decimal", "numeric", "数字", "数字型", "数值"), ItemType.DECIMAL),
    **dict.fromkeys(("float", "double", "双精度", "浮点"), ItemType.NUMBER),
    **dict.fromkeys(("datetime", "timestamp", "时间型", "日期时间"), ItemType.TIMESTAMP),
    **dict.fromkeys(("boolean", "布尔型", "布尔"), ItemType.BOOLEAN),
}


def flag(text: str) -> bool | None:
    """是 or 否, in the words in use."""
    folded = fold(half(text))
    return True if folded in _YES else False if folded in _NO else None


def number(text: str) -> Decimal | None:
    """A number not below zero; thousands may be parted by commas, a unit is none."""
    plain = half(text).replace(",", "").replace(" ", "")
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def day(text: str) -> date | None:
    """The day that a text means in one of the notations above."""
    plain = half(text)
    if re.fullmatch(r"\d{8}", plain):
        plain = f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"
    if re.fullmatch(r"\d{5}", plain) and _SERIAL_FROM <= int(plain) <= _SERIAL_TO:
        return date(1899, 12, 30) + timedelta(days=int(plain))
    found = _ISO.fullmatch(plain)
    parts = [int(part) for part in found.groups()] if found else []
    written = _CHINESE.fullmatch(plain)
    if written is not None:
        parts = [int("".join(_DIGITS[char] for char in written[1])), _tens(written[2]), _tens(written[3])]
    try:
        return date(*parts) if parts else None
    except ValueError:
        return None


def _tens(text: str) -> int:
    """A Chinese number below a hundred."""
    before, ten, after = text.rpartition("十")
    tens = int(_DIGITS.get(before, "1")) * 10 if ten else 0
    return tens + int(_DIGITS.get(after, "0"))


def parts(text: str) -> tuple[str, ...]:
    """The values of a list in one cell: parted by lines, else by semicolons, else by commas of any width."""
    marks = next((some for some in _MARKS if any(mark in text for mark in some)), "")
    pieces = re.split(f"[{marks}]", text) if marks else [text]
    return tuple(piece for piece in map(stripped, pieces) if piece)


def joined(values: tuple[str, ...]) -> str:
    """A list as one cell which `parts` reads as the same."""
    every = "".join(values)
    if not any(mark in every for some in _MARKS for mark in some):
        return "、".join(values)
    mark = "；" if not any(one in every for one in "\n；;") else "\n"
    # A mark at the end says that the value has no marks of a list in it, also where it is the only one.
    return mark.join(values) + (mark if len(values) == 1 else "")


def impacts(text: str) -> tuple[Impact, ...] | None:
    """影响对象:影响程度 pairs; None where one is none."""
    found = []
    for pair in parts(text):
        harmed, _, degree = half(pair).partition(":")
        subject, much = find(ImpactObject, harmed), find(ImpactDegree, degree)
        if subject is None or much is None:
            return None
        found.append(Impact(subject, much))
    return tuple(found)
