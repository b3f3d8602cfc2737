"""Ids that officers need not invent: `unit.domain.name` and the names of items, by pinyin.

The same words always give the same id. A resource that its provider registered under the same title keeps its id, so
that handing a sheet in again changes entries and adds none.
"""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence

from catalogs.find.fold import sound
from catalogs.values.model import Domain
from infra.text import fold

_LONG = 48
_WORD = re.compile(r"[a-z0-9]+")
_RUNS = re.compile(r"[\u3400-\u9fff]+|[^\u3400-\u9fff]+")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_HINTS: Mapping[str, tuple[str, ...]] = {
    "交通": ("停车", "公交", "道路", "车辆", "客运", "出租", "路况", "信号灯", "卡口", "运输", "驾驶", "地铁", "网联"),
    "物流": ("货运", "仓储", "仓库", "港口", "保税", "集装箱", "快递", "口岸", "通关", "配送"),
    "教育": ("学校", "学生", "教师", "学籍", "幼儿园", "中小学", "招生", "考试"),
    "健康": ("医院", "门诊", "诊疗", "疫苗", "病", "卫生", "医保", "药品", "体检", "急救"),
    "旅游": ("景区", "景点", "文物", "博物馆", "游客", "酒店", "民宿", "文化"),
    "环境": ("空气", "水质", "污染", "排污", "噪声", "扬尘", "监测站", "生态", "垃圾"),
    "城市管理": ("市容", "环卫", "部件", "城管", "占道", "井盖", "路灯", "绿化", "网格"),
    "农业": ("农村", "种植", "畜牧", "耕地", "粮食", "农机", "农产品", "乡村"),
    "民政": ("低保", "养老", "婚姻", "救助", "殡葬"),
    "应急": ("消防", "防汛", "安全生产", "灾害", "救援"),
    "市场": ("企业", "营业执照", "个体", "食品", "价格", "工商"),
}
"""Words that speak of a domain whose Chinese name holds the key."""
_GENERAL = {"管理", "服务", "信息", "数据", "公共", "城市", "综合", "工作", "资源"}


def name_of(text: str) -> str:
    """A name in lower snake case for a Chinese or Latin text; long ones by the initials."""
    runs = (sound(run) if "\u3400" <= run[0] <= "\u9fff" else (run,) for run in _RUNS.findall(fold(text)))
    words = [word for pieces in runs for piece in pieces for word in _WORD.findall(piece)]
    name = "_".join(words)
    if len(name) > _LONG:
        name = "".join(word[0] if word.isalpha() else word for word in words)[:_LONG]
    return name if name[:1].isalpha() else f"n_{name}" if name else "unnamed"


def column_name(text: str) -> str:
    """A written field name (PSN_NAME, psn-name, 姓名) as the house writes it."""
    folded = fold(text)
    if _NAME.fullmatch(folded):
        return folded
    if folded.isascii():
        plain = re.sub(r"[^a-z0-9_]+", "_", folded).strip("_")[:63]
        return plain if plain[:1].isalpha() else f"n_{plain}"[:63]
    return name_of(text)


def unique(name: str, text: str, is_taken: Callable[[str], bool]) -> str:
    """The name, or with a mark made of the text where another text has taken it."""
    if not is_taken(name):
        return name
    mark = f"{zlib.crc32(text.encode()):08x}"
    tried, number = f"{name[:_LONG]}_{mark}", 2
    while is_taken(tried):
        tried, number = f"{name[:_LONG]}_{mark}_{number}", number + 1
    return tried


def domain_of(domains: Sequence[Domain], written: str) -> Domain | None:
    """The domain that a cell names by id or name."""
    wanted = fold(written)
    return next((one for one in domains if wanted in (one.id, fold(one.name.zh), fold(one.name.en))), None)


def guessed_domain(domains: Sequence[Domain], texts: Sequence[str]) -> Domain | None:
    """The domain of which the texts speak most, the first of them loudest; None where none does or two do alike."""
    scores = [sum(_score(domain, text) * (len(texts) - at) for at, text in enumerate(texts)) for domain in domains]
    best = max(scores, default=0)
    return domains[scores.index(best)] if best and scores.count(best) == 1 else None


def _score(domain: Domain, text: str) -> int:
    name = domain.name.zh
    halves = {name[at : at + 2] for at in range(0, len(name) - 1, 2)} - _GENERAL
    hints = {hint for key, some in _HINTS.items() if key in name for hint in some}
    return 4 * (name in text) + 2 * sum(half in text for half in halves) + sum(hint in text for hint in hints)
