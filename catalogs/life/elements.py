"""When two departments register the same data element, so that one of them must be the lead source (数源). Pure.

Decree 809 Art. 19 speaks of the same data collected by several departments. An item of one resource and an item of
another are the same data element when

- their providers are two departments of one unit (each district answers for its own area);
- they are about the same subject: both resources declare a data-subject key of the same name (both count the same
  persons, enterprises …), or they are of one domain and one business class (数据分类的业务属性), or they share `ALIKE`
  data elements or more, whatever they are classed as;
- they share a Chinese name or alias, folded (width, case, blanks and brackets do not matter), and are of one type;
- the item says something: identifiers (numbers by which records are joined) and `GENERIC` names, which every table has,
  are no data element of their own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations

from catalogs.values.model import IdentifierRole, Item, Resource
from infra.crypto import sha256_hex
from infra.text import fold

_GENERIC = """
序号 编号 代码 编码 名称 类型 类别 状态 时间 日期 年份 年度 月份 年 月 日 备注 说明 描述 单位 数量 合计 总数
地址 位置 经度 纬度 坐标 高程 区县 区域 所属区县 所属区域 行政区划 行政区划代码 街道 省份 城市 来源 数据来源
更新时间 更新日期 创建时间 采集时间 统计时间 统计日期 统计年份 记录编号 主键 标识 标题 简介 链接 网址
"""
GENERIC = frozenset(_GENERIC.split())
ALIKE = 3  # data elements that two resources share, from which on they are about the same things
_COMMON = 20  # resources of a unit; a name that more of them have is generic there
_BRACKETS = str.maketrans("", "", " \t　()（）[]【】")


@dataclass(frozen=True, slots=True)
class Element:
    """One data element as one item registers it: whose, about what, and under which folded name."""

    unit: str
    subject: str
    name: str
    type: str
    resource: str
    item: str
    provider: str
    said: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What two items must share."""
        return self.unit, self.subject, self.name, self.type


@lru_cache(maxsize=1 << 16)  # the same names come again and again
def folded(name: str) -> str:
    """A name as it is compared."""
    return fold(name).translate(_BRACKETS)


def elements(resource: Resource) -> Iterator[Element]:
    """Every data element that a resource registers, under each of its names and subjects."""
    subjects = [f"class:{resource.domain}:{folded(resource.classification.business)}"]
    if resource.subject is not None:
        subjects.append(f"key:{folded(resource.subject.zh)}")
    for item in resource.items:
        for name in sorted(_names(item)):
            for subject in subjects:
                yield Element(
                    resource.unit, subject, name, str(item.type), resource.id, item.name, resource.provider, item.zh
                )


def _names(item: Item) -> set[str]:
    if item.identifier in (IdentifierRole.DIRECT, IdentifierRole.SUBJECT):
        return set()
    return {name for name in map(folded, (item.zh, *item.aliases)) if name and name not in GENERIC}


def shared(resources: Iterable[Resource]) -> Mapping[tuple[str, str, str, str], list[Element]]:
    """The data elements that two or more departments register, by their key, each with all who do."""
    found: dict[tuple[str, str, str, str], list[Element]] = {}
    for resource in resources:
        for element in elements(resource):
            found.setdefault(element.key, []).append(element)
    for element in _alike(found):
        found.setdefault(element.key, []).append(element)
    return {key: parties for key, parties in found.items() if len({one.provider for one in parties}) > 1}


def _alike(found: Mapping[tuple[str, str, str, str], list[Element]]) -> list[Element]:
    """The elements of each two resources that share many, under a subject that is theirs alone."""
    named: dict[tuple[str, str, str], dict[str, Element]] = {}
    for (unit, _, name, kind), parties in found.items():
        for one in parties:
            named.setdefault((unit, name, kind), {}).setdefault(one.resource, one)
    pairs: dict[tuple[str, str], list[tuple[Element, Element]]] = {}
    for by_resource in named.values():
        if len(by_resource) <= _COMMON:
            for one, other in combinations(sorted(by_resource.values(), key=lambda each: each.resource), 2):
                if one.provider != other.provider:
                    pairs.setdefault((one.resource, other.resource), []).append((one, other))
    alike = []
    for ids, both in pairs.items():
        if min(len({one.item for one, _ in both}), len({other.item for _, other in both})) >= ALIKE:
            subject = f"alike:{sha256_hex('|'.join(ids).encode())[:32]}"
            alike += [replace(each, subject=subject) for two in both for each in two]
    return alike
