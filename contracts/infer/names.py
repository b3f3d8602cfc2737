"""A header as a column: its name, its Chinese and English names, and the unit that stands in it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.infer.words import ENGLISH, english
from infra.text import fold

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_BRACKETS = re.compile(r"[(（\[【]\s*([^()（）\[\]【】]{1,20})\s*[)）\]】]")
_WORD = re.compile(r"[\u3400-\u9fff]+|[A-Za-z]+[0-9]*(?:[.,][0-9]+)?|[0-9]+[A-Za-z]*")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAME_MOST = 60

UNITS = {
    "km/h": "km/h", "公里/小时": "km/h", "千米/时": "km/h", "m/s": "m/s", "米/秒": "m/s", "mm": "mm",
    "毫米": "mm", "cm": "cm", "厘米": "cm", "m": "m", "米": "m", "km": "km", "公里": "km", "千米": "km",
    "kg": "kg", "千克": "kg", "公斤": "kg", "g": "g", "克": "g", "t": "t", "吨": "t", "万吨": "万吨",
    "ha": "ha", "公顷": "ha", "hm2": "ha", "亩": "亩", "m2": "m²", "㎡": "m²", "m²": "m²", "平方米": "m²",
    "km2": "km²", "km²": "km²", "平方公里": "km²", "平方千米": "km²", "m3": "m³", "m³": "m³", "立方米": "m³",
    "元": "元", "万元": "万元", "亿元": "亿元", "千元": "千元", "人": "人", "万人": "万人", "人次": "人次",
    "万人次": "万人次", "千人次": "千人次", "辆": "辆", "个": "个", "家": "家", "所": "所", "张": "张",
    "%": "%", "％": "%", "百分比": "%", "pct": "%", "percent": "%", "℃": "℃", "°c": "℃", "摄氏度": "℃",
    "celsius": "℃", "°f": "°F", "hpa": "hPa", "百帕": "hPa", "pa": "Pa", "kpa": "kPa", "°": "°", "度": "°",
    "deg": "°", "μg/m3": "µg/m³", "μg/m³": "µg/m³", "ug/m3": "µg/m³", "微克/立方米": "µg/m³", "mg/m3": "mg/m³",
    "mg/m³": "mg/m³", "毫克/立方米": "mg/m³", "mg/l": "mg/L", "db": "dB", "分贝": "dB", "kwh": "kWh",
    "千瓦时": "kWh", "kw": "kW", "岁": "岁", "天": "d", "日": "d", "小时": "h", "分钟": "min", "分": "min",
    "秒": "s", "min": "min", "s": "s", "h": "h", "ms": "ms",
}  # fmt: skip
_SUFFIXES = {
    "cm": "cm", "mm": "mm", "km": "km", "kg": "kg", "ha": "ha", "m2": "m²", "m3": "m³", "km2": "km²",
    "pct": "%", "percent": "%", "celsius": "℃", "kmh": "km/h", "hpa": "hPa", "ms": "ms", "sec": "s",
    "seconds": "s", "minutes": "min", "yuan": "元", "degrees": "°", "kwh": "kWh", "kw": "kW", "mg": "mg",
    "tons": "t",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """How a column is called.

    Attributes:
        header: as the file has it.
        name: lower snake case, unique in the table.
        zh: the Chinese name; `en` the English one.
        unit: the unit that stands in the header.
        known: every word of a Chinese header is in the list.
    """

    header: str
    name: str
    zh: str
    en: str
    unit: str | None
    known: bool


def unit_of(header: str) -> str | None:
    """The unit in a header: in brackets, or the last word of a snake-case name."""
    for inside in _BRACKETS.findall(header):
        found = UNITS.get(fold(inside).removeprefix("单位:").removeprefix("单位：").strip())
        if found:
            return found
    words = re.split(r"[_\s]+", fold(header))
    return _SUFFIXES.get(words[-1]) if len(words) > 1 else None


def named(headers: Sequence[str]) -> tuple[Named, ...]:
    """The columns of a table, no two of them and no header of another one under one name."""
    folded = {fold(header): at for at, header in enumerate(headers)}
    taken: set[str] = set()
    titles: set[str] = set()
    made = []
    for at, header in enumerate(headers):
        stem, words, known = _stem(header)
        name, number = stem, 2
        while name in taken or folded.get(name, at) != at or name in titles:
            tail = f"_{number}"
            name, number = stem[: _NAME_MOST - len(tail)] + tail, number + 1
        taken.add(name)
        zh = _title(header, words, name, taken | titles | (folded.keys() - {fold(header)}))
        if fold(zh) in titles or fold(zh) in taken - {name}:  # long headers that differ at their ends
            zh = name
        titles.add(fold(zh))
        made.append(Named(header, name, zh, " ".join(words) or name, unit_of(header), known))
    return tuple(made)


def _stem(header: str) -> tuple[str, list[str], bool]:
    """The name that the header makes by itself, its English words, whether they were all known."""
    bare = _BRACKETS.sub(lambda found: "" if fold(found[1]) in UNITS else f" {found[1]} ", header)
    words: list[str] = []
    known = True
    for part in _WORD.findall(bare if bare.strip() else header):
        if _CHINESE.match(part):
            found = english(part)
            words += [word for word, _ in found]
            known = known and all(sure for _, sure in found)
        else:
            words += [piece.lower() for piece in _CAMEL.split(part)]
    stem = re.sub(r"[^a-z0-9]+", "_", "_".join(words)).strip("_")[:_NAME_MOST].strip("_")
    if not stem:
        stem = "column"
    return (stem if stem[0].isalpha() else f"c_{stem}"), [word.replace("_", " ") for word in words], known


def _title(header: str, words: Sequence[str], name: str, others: set[str]) -> str:
    """The Chinese name: the header where it is Chinese or nothing better is known; no name of another column."""
    plain = " ".join(header.split())[:200] or name
    if _CHINESE.search(header):
        return plain
    found = [ENGLISH.get(word) for word in words]
    made = "".join(word for word in found if word)
    return made if made and all(found) and fold(made) not in others else plain
