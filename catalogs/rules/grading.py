"""Grades: derived from harm, never below what they are made of, raised by what makes data more than it seems. Pure.

- `grade_of`: the table of GB/T 43697-2024 over pairs of 影响对象 and 影响程度, the highest of all (就高从严).
- `lineage_grades`: what is joined, united or otherwise made of other data is graded no lower than its highest input.
- `triggers`: what raises a grade until a person has looked: volume, precision, linkage, trade secrets, single surveyed
  objects, vehicle data (汽车数据安全管理若干规定 Art. 3; 统计法 Art. 28; Decree 809 Art. 25, 42).

Within 一般, the degree gives the level for what harms an organisation or a person: 特别严重 4, 严重 3, 一般 2, none 1
(as the health sector practises it). The standard leaves open which general level general harm to the economy, to
order or to the public has: the strictest is taken, 4.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from catalogs.values.model import Grade, IdentifierRole, Impact, Item, ItemType, Resource
from catalogs.values.words import ImpactDegree, ImpactObject
from infra.crypto import sha256_hex
from infra.language import Text

LONGEST_ID = 80  # characters of a trigger's id, as the register keeps it
_DEGREES = (ImpactDegree.GENERAL, ImpactDegree.SERIOUS, ImpactDegree.EXTREME)
_WIDE = (Grade.GENERAL_4, Grade.IMPORTANT, Grade.CORE)
_OWN = (Grade.GENERAL_2, Grade.GENERAL_3, Grade.GENERAL_4)
_ROWS = {
    ImpactObject.SECURITY: (Grade.IMPORTANT, Grade.CORE, Grade.CORE),
    ImpactObject.ECONOMY: _WIDE,
    ImpactObject.ORDER: _WIDE,
    ImpactObject.PUBLIC: _WIDE,
    ImpactObject.ORGANISATION: _OWN,
    ImpactObject.PERSON: _OWN,
}
TABLE: Mapping[tuple[ImpactObject, ImpactDegree], Grade] = {
    (harmed, degree): grade
    for harmed, row in _ROWS.items()
    for degree, grade in [(ImpactDegree.NONE, Grade.GENERAL_1), *zip(_DEGREES, row, strict=True)]
}
"""The grade of each pair."""


def grade_of(impacts: Iterable[Impact]) -> Grade | None:
    """The highest grade of the pairs; None where no harm was assessed."""
    return max((TABLE[impact.object, impact.degree] for impact in impacts), default=None)


def derived_grade(resource: Resource) -> Grade:
    """What the resource's own assessment and its items' grades and assessments make of it: the highest of all."""
    assessed = [grade_of(resource.impacts), *(grade_of(item.impacts) for item in resource.items)]
    return max([item.grade for item in resource.items] + [one for one in assessed if one], default=Grade.GENERAL_1)


class Circle(ValueError):
    """What is made of itself has no grade."""


def lineage_grades(
    sources: Mapping[str, Collection[str]], own: Mapping[str, Grade], regraded: Mapping[str, Grade] | None = None
) -> dict[str, Grade]:
    """The lowest grade that each may have: its own, or its highest input's.

    Args:
        sources: of each, what it is made of.
        own: the grade of each by itself; what stands only among the sources may be missing and counts as general 1.
        regraded: the recorded re-gradings, each of which holds instead of what its inputs say, and for what is made of
            it in turn.

    Raises:
        Circle: something is made of itself.
    """
    found: dict[str, Grade] = {}
    held = regraded or {}
    for start in {*sources, *own}:
        path, entered = [start], set[str]()
        while path:
            at = path[-1]
            waiting = [] if at in held else [one for one in sources.get(at, ()) if one not in found]
            if at in found or not waiting:
                inputs = [] if at in held else [found[one] for one in sources.get(at, ())]
                found.setdefault(at, held.get(at, max([own.get(at, Grade.GENERAL_1), *inputs])))
                path.pop()
                entered.discard(at)
            elif at in entered:
                raise Circle(at)
            else:
                entered.add(at)
                path.extend(waiting)
    return found


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What makes a trigger here; a city's `grading.yaml` sets other numbers and words. Counts are records."""

    records: int = 10_000_000
    personal: int = 1_000_000
    sensitive: int = 100_000
    vehicle_persons: int = 100_000
    linkage: int = 3
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


WORDS: Mapping[str, tuple[str, ...]] = {
    "precision": (
        "管网",
        "管线",
        "变电",
        "水源地",
        "储罐",
        "油库",
        "燃气站",
        "通信基站",
        "人防",
        "军事",
        "军用",
        "桥梁结构",
    ),
    "trade": (
        "商业秘密",
        "保密商务",
        "技术秘密",
        "经营秘密",
        "客户名单",
        "工艺参数",
        "配方",
        "采购价",
        "投标报价",
        "成本价",
    ),
    "survey": ("统计调查", "普查", "抽样调查", "入户调查", "统计报表", "经济调查"),
    "object": ("统一社会信用代码", "单位名称", "企业名称", "法人", "户主", "姓名", "调查对象", "单位详细名称"),
    "vehicle": ("车流", "车辆流量", "车辆轨迹", "行驶轨迹", "货运流量", "物流运行", "充电网", "充电桩运行", "充电运行"),
    "cars": ("网联汽车", "车联网", "智能汽车", "车辆位置", "车载"),
}
"""The words that each word trigger looks for where the city names none: of facilities, secrets, surveys, vehicles."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why a grade is in doubt: `raises` holds until a person has reviewed `id`."""

    id: str
    text: Text
    raises: Grade
    article: Text


def triggers(resource: Resource, thresholds: Thresholds | None = None) -> tuple[Trigger, ...]:
    """What raises the resource above its grade until it is reviewed; nothing that its grade already answers.

    An id carries what it depends on, so that a review of less does not lift it: whose data and the power of ten of a
    volume, the quasi-identifiers, every word.
    """
    limits = thresholds or Thresholds()
    found = [*_volume(resource, limits), *_linkage(resource, limits), *_worded(resource, limits)]
    return tuple(each for each in found if each.raises > resource.grade)


def effective_grade(resource: Resource, found: Iterable[Trigger], reviewed: Collection[str]) -> Grade:
    """The grade that holds: the resource's, or what a trigger that nobody reviewed raises it to."""
    return max([resource.grade, *(each.raises for each in found if each.id not in reviewed)])


def _volume(resource: Resource, limits: Thresholds) -> Iterable[Trigger]:
    records = resource.census.records if resource.census else None
    if not records:
        return
    sensitive = any(item.personal and item.personal.sensitive for item in resource.items)
    personal = any(item.personal for item in resource.items)
    bound, of, said = limits.records, "", Text("数据", "data")
    if sensitive:
        bound, of, said = limits.sensitive, "sensitive:", Text("敏感个人信息", "sensitive personal information")
    elif personal:
        bound, of, said = limits.personal, "personal:", Text("个人信息", "personal information")
    if records >= bound:
        yield Trigger(
            f"volume:{of}{len(str(records)) - 1}",
            Text(f"{said.zh}达 {records} 条，不少于 {bound} 条", f"{records} records of {said.en}, {bound} or more"),
            Grade.IMPORTANT,
            Text("GB/T 43697-2024 规模", "GB/T 43697-2024, scale"),
        )
    if personal and records >= limits.vehicle_persons and _says(_words(resource), limits, "cars"):
        yield Trigger(
            f"vehicle_persons:{len(str(records)) - 1}",
            Text(
                f"涉及个人信息主体超过 {limits.vehicle_persons} 人的汽车数据",
                "vehicle data of very many persons",
            ),
            Grade.IMPORTANT,
            Text("汽车数据安全管理若干规定第三条", "provisions on vehicle data, Art. 3"),
        )


def _linkage(resource: Resource, limits: Thresholds) -> Iterable[Trigger]:
    quasi = [item.name for item in resource.items if item.identifier is IdentifierRole.QUASI]
    keyed = any(item.identifier is IdentifierRole.SUBJECT for item in resource.items)
    if len(quasi) >= limits.linkage and keyed:
        yield Trigger(
            _id("linkage", sorted(quasi)),
            Text(
                f"数据主体键与 {len(quasi)} 个准标识符同在，可与其他数据关联：{'、'.join(quasi)[:200]}",
                f"a subject key with {len(quasi)} quasi-identifiers can be linked: {', '.join(quasi)[:200]}",
            ),
            Grade.GENERAL_4,
            Text("政务数据共享条例第二十五条", "Decree 809 Art. 25"),
        )


def _worded(resource: Resource, limits: Thresholds) -> Iterable[Trigger]:
    texts = _words(resource)
    placed = any(item.type is ItemType.GEOMETRY or re.search("经度|纬度|坐标", item.zh) for item in resource.items)
    objects = _says([text for item in resource.items for text in _item_words(item)], limits, "object")
    said = (
        ("precision", _says(texts, limits, "precision") if placed else [], Grade.IMPORTANT,
         ("含关键设施的精确位置", "exact places of key facilities"),
         ("GB/T 43697-2024 精度", "GB/T 43697-2024, precision")),
        ("trade_secret", _says(texts, limits, "trade"), Grade.GENERAL_4,
         ("可能含商业秘密", "may hold trade secrets"), ("政务数据共享条例第四十二条", "Decree 809 Art. 42")),
        ("survey", _says(texts, limits, "survey") if objects else [], Grade.GENERAL_4,
         ("可识别单个统计调查对象", "single surveyed objects can be identified"),
         ("统计法第二十八条", "Statistics Law Art. 28")),
        ("vehicle", _says(texts, limits, "vehicle"), Grade.IMPORTANT,
         ("可能反映经济运行的车辆流量、物流、充电数据", "vehicle flow, logistics or charging of the economy"),
         ("汽车数据安全管理若干规定第三条", "provisions on vehicle data, Art. 3")),
    )  # fmt: skip
    for name, words, raises, text, article in said:
        if words:
            shown = Text(f"{text[0]}（“{'、'.join(words)}”）", f"{text[1]} ({', '.join(words)})")
            yield Trigger(_id(name, words), shown, raises, Text(*article))


def _words(resource: Resource) -> list[str]:
    own = [resource.title.zh, resource.summary.zh, *resource.aliases]
    return own + [text for item in resource.items for text in _item_words(item)]


def _item_words(item: Item) -> list[str]:
    return [item.zh, *([item.summary.zh] if item.summary else [])]


def _says(texts: Iterable[str], limits: Thresholds, kind: str) -> list[str]:
    """The words of the kind that the texts hold."""
    whole = "\n".join(texts)
    return [word for word in limits.words.get(kind, WORDS[kind]) if word in whole]


def _id(name: str, parts: Sequence[str]) -> str:
    """An id that names the parts, or has a digest of them where they are many."""
    whole = f"{name}:{'+'.join(parts)}"
    return whole if len(whole) <= LONGEST_ID else f"{name}:{sha256_hex(whole.encode())[:16]}"
