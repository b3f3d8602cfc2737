"""A city at full size, drawn from the words of real catalogues: for the benchmark, and for tests of finding.

The same seed gives the same city. Nothing in it is about anybody; no item is personal.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from catalogs.values.model import City, Classification, Conditions, Department, Item, ItemType, Resource, Unit
from catalogs.values.uscc import ALPHABET, uscc_fits
from catalogs.values.words import (
    DataFormat,
    DepartmentKind,
    Grade,
    Openness,
    SharingAttribute,
    SharingMode,
    UnitKind,
    UpdateFrequency,
)
from infra.language import Text

# Domain: what it is about, in Chinese and English.
SUBJECTS: dict[str, list[tuple[str, str]]] = {
    "traffic": [
        ("公共停车场", "public car parks"),
        ("机动车维修企业", "vehicle repair firms"),
        ("道路运输企业", "road transport firms"),
        ("公交线路", "bus lines"),
        ("共享单车停放点", "shared-bicycle stands"),
        ("出租汽车经营许可", "taxi licences"),
        ("交通信号灯", "traffic lights"),
        ("网约车平台", "ride-hailing platforms"),
        ("充电桩", "charging piles"),
        ("路段交通流量", "road traffic flow"),
    ],
    "logistics": [
        ("保税仓库", "bonded warehouses"),
        ("港口集装箱吞吐量", "port container throughput"),
        ("快递网点", "parcel offices"),
        ("冷链仓储企业", "cold-chain storage firms"),
        ("货运站场", "freight yards"),
    ],
    "education": [
        ("幼儿园", "kindergartens"),
        ("中小学校", "schools"),
        ("民办教育机构", "private education bodies"),
        ("校外培训机构", "after-school training"),
        ("高等院校专业", "university programmes"),
    ],
    "health": [
        ("医疗机构执业许可", "medical practice licences"),
        ("药品经营企业", "pharmacies"),
        ("疫苗接种单位", "vaccination sites"),
        ("公共场所卫生许可", "hygiene licences"),
        ("医保定点机构", "insured care providers"),
    ],
    "tourism": [
        ("A级旅游景区", "graded scenic areas"),
        ("星级饭店", "star-rated hotels"),
        ("旅行社", "travel agencies"),
        ("非物质文化遗产", "intangible heritage"),
        ("公共图书馆", "public libraries"),
    ],
    "environment": [
        ("排污许可", "discharge permits"),
        ("空气质量监测站", "air-quality stations"),
        ("地表水断面水质", "surface-water quality"),
        ("危险废物经营单位", "hazardous-waste firms"),
        ("噪声监测点", "noise stations"),
    ],
    "city_management": [
        ("城市部件", "city components"),
        ("行政处罚", "administrative penalties"),
        ("建筑工程施工许可", "building permits"),
        ("公共厕所", "public toilets"),
        ("市政井盖", "manhole covers"),
        ("证券期货机构", "securities firms"),
        ("燃气经营许可", "gas licences"),
        ("物业服务企业", "property managers"),
    ],
}
ENDINGS = (
    ("基本信息", "register"),
    ("名录", "list"),
    ("统计", "statistics"),
    ("监测数据", "monitoring data"),
    ("巡查记录", "inspections"),
    ("年度汇总", "yearly totals"),
    ("变更信息", "changes"),
    ("地理位置", "places"),
)
ITEMS: tuple[tuple[str, str, str, ItemType], ...] = (
    ("unit_name", "单位名称", "unit name", ItemType.STRING),
    ("credit_code", "统一社会信用代码", "credit code", ItemType.STRING),
    ("security_code", "证券代码", "security code", ItemType.STRING),
    ("division_code", "行政区划代码", "division code", ItemType.STRING),
    ("address", "详细地址", "address", ItemType.STRING),
    ("longitude", "经度", "longitude", ItemType.NUMBER),
    ("latitude", "纬度", "latitude", ItemType.NUMBER),
    ("approved_on", "批准日期", "approved on", ItemType.DATE),
    ("valid_until", "有效期至", "valid until", ItemType.DATE),
    ("licence_no", "许可证编号", "licence number", ItemType.STRING),
    ("category", "类别", "category", ItemType.STRING),
    ("level", "等级", "level", ItemType.STRING),
    ("capacity", "核定容量", "capacity", ItemType.INTEGER),
    ("spaces", "泊位数量", "parking spaces", ItemType.INTEGER),
    ("charge", "收费标准", "tariff", ItemType.STRING),
    ("opening_hours", "开放时间", "opening hours", ItemType.STRING),
    ("status", "状态", "status", ItemType.STRING),
    ("measured_at", "监测时间", "measured at", ItemType.TIMESTAMP),
    ("value", "监测值", "value", ItemType.NUMBER),
    ("pollutant", "污染物名称", "pollutant", ItemType.STRING),
    ("area", "占地面积", "area", ItemType.NUMBER),
    ("employees", "从业人数", "employees", ItemType.INTEGER),
    ("business_scope", "经营范围", "business scope", ItemType.STRING),
    ("authority", "发证机关", "issuing authority", ItemType.STRING),
    ("updated_at", "更新时间", "updated at", ItemType.TIMESTAMP),
    ("remark", "备注", "remark", ItemType.STRING),
)
_PLACES = """
    zhongyuan 中原区 erqi 二七区 guancheng 管城回族区 jinshui 金水区 shangjie 上街区 huiji 惠济区 zhongmu 中牟县
    gongyi 巩义市 xingyang 荥阳市 xinmi 新密市 xinzheng 新郑市 dengfeng 登封市 jingkai 经开区 gaoxin 高新区
    hangkonggang 航空港区 zhengdong 郑东新区
"""
_UNITS, _NAMES = _PLACES.split()[::2], _PLACES.split()[1::2]
_OFFICES = {
    "traffic": ("交通运输局", "transport bureau"),
    "logistics": ("商务局", "commerce bureau"),
    "education": ("教育局", "education bureau"),
    "health": ("卫生健康委员会", "health commission"),
    "tourism": ("文化广电和旅游局", "culture and tourism bureau"),
    "environment": ("生态环境局", "environment bureau"),
    "city_management": ("城市管理局", "city management bureau"),
}


_FREE = Conditions(other=Text("无", "none"))
_ASKED = Conditions(Text("市、区各部门", "departments of city and districts"), Text("行政管理", "administration"))


def big_city(model: City, count: int, seed: int = 7) -> City:
    """A city of 16 units, a department for each unit and domain, and `count` resources of 10 items.

    Args:
        model: whose domains, time zone and language it takes.
        count: how many resources.
        seed: of the drawing.
    """
    units = [Unit(unit, Text(name, unit.title()), UnitKind.DISTRICT) for unit, name in zip(_UNITS, _NAMES, strict=True)]
    departments = [
        Department(
            f"{unit.id}_{domain}",
            unit.id,
            Text(unit.name.zh + said[0], f"{said[1]} of {unit.name.en}"),
            DepartmentKind.DEPARTMENT,
            _uscc(number * 10 + place),
        )
        for number, unit in enumerate(units)
        for place, (domain, said) in enumerate(_OFFICES.items())
    ]
    domains = tuple(domain for domain in model.domains if domain.id in SUBJECTS)
    found = tuple(big_resources(count, seed))
    return City(
        "big_city", Text("大城市", "Big City"), model.timezone, "zh", domains, tuple(units), tuple(departments), found
    )


def big_resources(count: int, seed: int = 7) -> Iterator[Resource]:
    """Resources in turn of every unit, with drawn subjects, endings, years and items."""
    draw = random.Random(seed)  # noqa: S311 - a sample
    every = [(domain, *said) for domain, subjects in SUBJECTS.items() for said in subjects]
    for number in range(count):
        unit, name = _UNITS[number % 16], _NAMES[number % 16]
        domain, zh, en = every[number // 16 % len(every)]
        ending = ENDINGS[number // (16 * len(every)) % len(ENDINGS)]
        again = number // (16 * len(every) * len(ENDINGS))
        part = f"（{2026 - again % 20}年第{again // 20 + 1}批）" if again else ""
        yield _resource(
            f"{unit}.{domain}.r{number:06}",
            Text(f"{name}{zh}{ending[0]}{part}", f"{en.capitalize()} of {unit.title()}: {ending[1]} {again}".strip()),
            Text(f"{name}{zh}的{ending[0]}，由主管部门按规定采集、更新。", f"{ending[1]} of {en} in {unit.title()}"),
            draw,
        )


def _resource(dataset: str, title: Text, summary: Text, draw: random.Random) -> Resource:
    unit, domain, _ = dataset.split(".")
    shared = draw.random() < 0.7
    return Resource(
        id=dataset,
        title=title,
        summary=summary,
        provider=f"{unit}_{domain}",
        data_format=draw.choice((DataFormat.CSV, DataFormat.XLSX)),
        update_frequency=draw.choice(tuple(UpdateFrequency)[:4]),
        sharing_attribute=SharingAttribute.UNCONDITIONAL if shared else SharingAttribute.CONDITIONAL,
        sharing_mode=(SharingMode.FILE,),
        conditions=_FREE if shared else _ASKED,
        classification=Classification("政务", "监督管理"),
        grade=Grade.GENERAL_1,
        openness=Openness.UNCONDITIONAL if shared else Openness.CONDITIONAL,
        openness_conditions=None if shared else Text("实名登记", "by registered users"),
        items=tuple(_item(*each) for each in sorted(draw.sample(ITEMS, 10))),
    )


def _item(name: str, zh: str, en: str, kind: ItemType) -> Item:
    return Item(name, zh, en, kind, Grade.GENERAL_1)


def _uscc(number: int) -> str:
    """An invented code of no register (`X`, 419900), with the right check digit."""
    base = f"X941990088{number:07}"
    return next(base + last for last in ALPHABET if uscc_fits(base + last))


def write_big_city(city: City, folder: Path) -> None:
    """The city as its folder of YAML, written line by line: for so many resources a dumper takes minutes."""
    from catalogs.folder.write import write_city  # noqa: PLC0415 - YAML is for whoever writes a folder

    write_city(replace(city, resources=()), folder)
    (folder / "catalogues").mkdir(exist_ok=True)
    for unit in city.units:
        lines = [f"unit: {unit.id}", "resources:"]
        lines += [line for resource in city.resources if resource.unit == unit.id for line in _lines(resource)]
        (folder / f"catalogues/{unit.id}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _both(text: Text) -> str:
    return f'{{zh: "{text.zh}", en: "{text.en}"}}'


def _lines(each: Resource) -> Iterator[str]:
    parts = ((name, getattr(each.conditions, name)) for name in ("scope", "purpose", "other"))
    said = ", ".join(f"{name}: {_both(text)}" for name, text in parts if text)
    yield f"  - id: {each.id}"
    yield f"    title: {_both(each.title)}"
    yield f"    summary: {_both(each.summary)}"
    yield f"    provider: {each.provider}"
    yield f"    data_format: {each.data_format}"
    yield f"    update_frequency: {each.update_frequency}"
    yield f"    sharing_attribute: {each.sharing_attribute}"
    yield "    sharing_mode: [file]"
    yield f"    conditions: {{{said}}}"
    yield f"    classification: {{industry: {each.classification.industry}, business: {each.classification.business}}}"
    yield f"    openness: {each.openness}"
    if each.openness_conditions:
        yield f"    openness_conditions: {_both(each.openness_conditions)}"
    yield "    items:"
    for item in each.items:
        yield (
            f"      - {{name: {item.name}, zh: {item.zh}, en: {item.en}, type: {item.type}, grade: {item.grade.id}}}"
        )
