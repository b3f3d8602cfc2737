"""The unit of measure that stands in a header, in the way that catalogues write it. Pure.

A header names its unit in brackets, behind a mark, as the last words of a snake-case name, or right behind Chinese
words: `流量(辆/h)`, `户数/万户`, `no2_ug_m3`, `水温℃`. A unit is a counter or a base unit with its prefix, or one of
them by another; what is none of these is no unit.
"""

import re

from infra.text import fold

_BRACKETS = re.compile(r"[(（\[【]\s*([^()（）\[\]【】]{1,24})\s*[)）\]】]")
_COUNTS = re.compile(r"(人次|人|户|辆次|辆|次|天|件|床|家|册|栋|班)数$")
_GLUED = re.compile(r"[\u3400-\u9fff]\s*([a-zµ°%‰²³0-9][a-zµ°%‰²³0-9/^.·-]*)$")
_SAID = re.compile(r"^(计量)?(单位|unit)\s*[:：]?\s*")
_MARKS = re.compile(r"[-/,，、;；:：|\s]+")

# counters and whole words, folded → as catalogues write them
_WORDS = {
    "公里/小时": "km/h", "千米/时": "km/h", "公里/时": "km/h", "米/秒": "m/s", "毫米": "mm", "厘米": "cm", "米": "m",
    "公里": "km", "千米": "km", "千克": "kg", "公斤": "kg", "克": "g", "毫克": "mg", "微克": "µg", "吨": "t",
    "公顷": "ha", "hm2": "ha", "亩": "亩", "㎡": "m²", "平方米": "m²", "平米": "m²", "平方公里": "km²",
    "平方千米": "km²", "立方米": "m³", "升": "L", "毫升": "mL", "百分比": "%", "百分点": "pp", "pct": "%",
    "percent": "%", "%": "%", "‰": "‰", "℃": "℃", "°c": "℃", "摄氏度": "℃", "celsius": "℃", "degc": "℃", "°f": "°F",
    "百帕": "hPa", "千帕": "kPa", "帕": "Pa", "°": "°", "度": "°", "deg": "°", "degrees": "°", "分贝": "dB",
    "千瓦时": "kWh", "千瓦": "kW", "兆瓦": "MW", "瓦": "W", "伏": "V", "安": "A", "赫兹": "Hz", "岁": "岁",
    "天": "d", "日": "d", "day": "d", "小时": "h", "时": "h", "hour": "h", "hr": "h", "分钟": "min", "分": "min",
    "min": "min", "minute": "min", "minutes": "min", "秒": "s", "sec": "s", "seconds": "s", "年": "年", "year": "年",
    "月": "月", "ppm": "ppm", "ppb": "ppb", "kmh": "km/h", "kph": "km/h", "mph": "mile/h", "mps": "m/s",
    "cny": "元", "rmb": "元", "yuan": "元", "人民币": "元", "人民币元": "元", "usd": "美元", "dollars": "美元",
    "persons": "人", "people": "人", "tons": "t", "tonnes": "t", "hectares": "ha", "acres": "acre",
    "miles": "mile", "ntu": "NTU", "teu": "TEU", "标箱": "TEU", "吨标准煤": "tce", "tce": "tce",
}  # fmt: skip
_POLLUTANT = re.compile(
    r"(^|_)(pm2_?5|pm10|so2|no2|nox|o3)(_[0-9]+_?h)?(_|$)|颗粒物|二氧化硫|二氧化氮|臭氧|(?P<co>(^|_)co(_[0-9]+_?h)?(_|$)|一氧化碳)"
)
_LIST = """
元 美元 欧元 港元 人 人次 户 辆 辆次 车次 列 班 班次 件 个 家 所 张 床 台 套 只 头 株 册 场 次 起 宗 笔 间 名 位 条 块
项 份 艘 架 例 户次 件次 标准车 盘 座 处 栋 幢 层 席 座位 公顷 亩 平方米 平方公里 立方米 千瓦时 千瓦 度电 吨 吨公里
人公里 公里 台次 架次 箱 桶 吨标准煤 泊位 股 本 篇 支 枚 卷 期 课时 学时 分
"""
_COUNTERS = frozenset(_LIST.split())
_TIMES = ("百万", "千万", "十万", "万", "亿", "千", "百", "十")
_ENGLISH_TIMES = (
    (r"(100m|100 ?million|1e8|亿)", "亿"), (r"(10k|10,?000|1e4|万)", "万"),
    (r"(m|million|1e6|百万)", "百万"), (r"(k|1,?000|thousand|千)", "千"),
)  # fmt: skip
# base units, folded → as written; a prefix may stand before those of the first list
_BASES = {
    "m": "m", "g": "g", "l": "L", "pa": "Pa", "w": "W", "wh": "Wh", "v": "V", "a": "A", "hz": "Hz", "s": "s", "j": "J",
    "b": "B", "bq": "Bq", "sv": "Sv", "bar": "bar", "mol": "mol", "va": "VA", "ω": "Ω",
}  # fmt: skip
_PREFIXES = {"k": "k", "c": "c", "d": "d", "u": "µ", "µ": "µ", "n": "n", "g": "G", "h": "h", "m": "m"}
_BIG = ("w", "wh", "pa", "hz", "v", "va", "j", "b")  # of which nobody counts thousandths
_PLAIN = {"ha": "ha", "t": "t", "d": "d", "h": "h", "db": "dB", "dba": "dB(A)", "k": "K", "mile": "mile", "kn": "kn"}
# last words of a snake-case name that are a unit; a letter by itself is none
_ENDS = """
cm mm km kg mg ug ha m2 m3 km2 pct percent celsius degc kmh kph mph hpa kpa sec seconds minutes min hours days yuan cny
rmb usd degrees deg kwh mwh kw mw tons tonnes ppm ppb db dba hz khz ml
"""
_SUFFIXES = frozenset(_ENDS.split())
_UNDER = "m2 m3 km2 l ml h hr hour s sec min d day kwh kg g t km m year month ha"
_BELOW = frozenset(_UNDER.split())


def unit_of(header: str) -> str | None:
    """The unit in a header, None where it names none.

    >>> unit_of("流量(辆/h)"), unit_of("no2_ug_m3"), unit_of("水温℃"), unit_of("amount (CNY 10k)"), unit_of("站点")
    ('辆/h', 'µg/m³', '℃', '万元', None)
    """
    folded = _micro(fold(header))
    for inside in reversed(_BRACKETS.findall(folded)):
        found = unit(_SAID.sub("", inside))
        if found:
            return found
    bare = _BRACKETS.sub("", folded).strip()
    counts = _COUNTS.search(bare)
    return _snake(bare) or _behind(bare) or (counts[1] if counts else None)


def supposed(names: str, typical: float | None) -> str | None:
    """The unit in which air is reported (HJ 633), where the name is a pollutant's: the values' size tells which."""
    found = _POLLUTANT.search(names)
    if found is None or typical is None or typical < 0:
        return None
    if found["co"]:
        return "mg/m³" if typical < 30 else None
    return "µg/m³" if typical > 1 else "mg/m³"


def _snake(name: str) -> str | None:
    words = [word for word in re.split(r"[_\s]+", name) if word]
    if len(words) < 2:
        return None
    if words[-1] == "ms":
        # Thousandths of a second or metres a second: the name tells.
        return "m/s" if re.search(r"speed|wind|velocity|风速|流速", name) else "ms"
    if len(words) > 2 and words[-1] in _BELOW and unit(words[-2]) and (words[-2] in _SUFFIXES or words[-2] == "m"):
        return unit(f"{words[-2]}/{words[-1]}")
    return unit(words[-1]) if words[-1] in _SUFFIXES else None


def _behind(name: str) -> str | None:
    """A unit right behind Chinese words, or behind a mark."""
    glued = _GLUED.search(name)
    if glued and (len(glued[1]) > 1 or not glued[1].isascii() or glued[1] in "%mt"):
        return unit(glued[1])
    parts = _MARKS.split(name)
    for at in range(1, len(parts)):
        tail = name[-len("/".join(parts[at:])) :]
        if unit(parts[at - 1]) is None and (len(tail) > 1 or tail in "%‰元人户辆个吨米亩张家所件") and unit(tail):
            return unit(tail)
    return None


def unit(text: str) -> str | None:
    """A text as a unit, None when it is none.

    >>> unit("万人次"), unit("μg/m3"), unit("元/平方米"), unit("kWh"), unit("mm"), unit("备注")
    ('万人次', 'µg/m³', '元/m²', 'kWh', 'mm', None)
    """
    text = _micro(fold(text)).replace("每", "/").replace(" per ", "/")
    if text in _WORDS:
        return _WORDS[text]
    if "/" in text:
        return _quotient(text)
    power = re.fullmatch(r"(.+?)\s*(\^?-[123])", text)
    if power and " " in power[1]:  # ug m-3
        return unit(f"{'/'.join(power[1].rsplit(' ', 1))}{power[2][-1].replace('1', '')}")
    return _counted(text) or _in_english(text) or _measured(text)


def _micro(text: str) -> str:
    return text.replace("\u03bc", "\u00b5")


def _quotient(text: str) -> str | None:
    above, _, below = text.rpartition("/")
    first, second = unit(above), unit(below)
    return f"{first}/{second}" if first and second else None


def _counted(text: str) -> str | None:
    for times in ("", *_TIMES):
        if text.startswith(times) and text.removeprefix(times) in _COUNTERS:
            word = text.removeprefix(times)
            # Of a thing with a symbol the symbol, but for what is counted in ten thousands of it.
            return f"{times}{word}" if times else _WORDS.get(word, word)
    return None


def _in_english(text: str) -> str | None:
    for pattern, times in _ENGLISH_TIMES:
        found = re.fullmatch(rf"{pattern}\s*([a-z]+)|([a-z]+)[\s,]*{pattern}", text)
        word = found and (found[2] or found[3])
        if word and word in _WORDS and _WORDS[word] in _COUNTERS:
            return f"{times}{_WORDS[word]}"
    return None


def _measured(text: str) -> str | None:
    found = re.fullmatch(r"([a-zµω]+)\^?([23²³]?)", text)
    if found is None:
        return None
    symbol, power = found[1], found[2].translate(str.maketrans("23", "²³"))
    made = _PLAIN.get(symbol) or _BASES.get(symbol)
    if made is None and symbol[1:] in _BASES and symbol[0] in _PREFIXES:
        big = symbol[0] == "m" and symbol[1:] in _BIG
        made = ("M" if big else _PREFIXES[symbol[0]]) + _BASES[symbol[1:]]
    return f"{made}{power}" if made and (not power or made.endswith("m")) else None
