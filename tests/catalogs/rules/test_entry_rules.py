"""What an entry breaks by itself: each rule told by code, sentence and remedy, and no false alarm."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from catalogs.folder.city import load_city
from catalogs.rules.basis import basis_doubt
from catalogs.rules.entry_rules import format_breach, mode_breach
from catalogs.rules.names import dragged, is_system_name, squeezed
from catalogs.rules.rules import breaches
from catalogs.values.model import BasisKind, Conditions, Item, LegalBasis, Resource
from catalogs.values.words import (
    DataFormat,
    FormatClass,
    Grade,
    Openness,
    Secrecy,
    SharingAttribute,
    SharingMode,
    UpdateFrequency,
)
from infra.ground import sample_city
from infra.language import Text


@cache
def sound() -> Resource:
    """An entry without a fault: unconditional, conditionally open, of a file."""
    return next(each for each in load_city(sample_city()).resources if each.id == "jingkai.logistics.bonded_zones")


def item(**values: object) -> Callable[[Resource], Resource]:
    def change(resource: Resource) -> Resource:
        first: Item = replace(resource.items[0], **values)  # type: ignore[arg-type]
        return replace(resource, items=(first, *resource.items[1:]))

    return change


def with_(**values: object) -> Callable[[Resource], Resource]:
    return lambda resource: replace(resource, **values)  # type: ignore[arg-type]


BROKEN = {
    "a state secret": (with_(secrecy=Secrecy.STATE), "CATALOG_SECRET"),
    "a work secret in an item": (item(secrecy=Secrecy.WORK), "CATALOG_SECRET"),
    "an IT system": (with_(title=Text("园区综合管理平台", "x")), "CATALOG_NAME_SYSTEM"),
    "the name of its own system": (with_(title=Text("保税通", "x"), system="保税通"), "CATALOG_NAME_SYSTEM"),
    "a long name": (with_(title=Text("区" * 129, "x")), "CATALOG_FIELD_LONG"),
    "a long summary": (with_(summary=Text("区" * 1001, "x")), "CATALOG_FIELD_LONG"),
    "a long condition": (with_(conditions=Conditions(other=Text("区" * 501, "x"))), "CATALOG_FIELD_LONG"),
    "long related codes": (with_(related=("306005/1" * 200,)), "CATALOG_FIELD_LONG"),
    "a format of another class": (with_(format_type="Oracle"), "CATALOG_FORMAT_CLASS"),
    "a database as files": (
        with_(data_format=DataFormat.DATABASE, sharing_mode=(SharingMode.FILE,)),
        "CATALOG_MODE_FORMAT",
    ),
    "an interface as files": (
        with_(data_format=DataFormat.API, sharing_mode=(SharingMode.FILE,)),
        "CATALOG_MODE_FORMAT",
    ),
    "not updated": (with_(update_frequency=UpdateFrequency.NONE, not_updated_reason=None), "CATALOG_NOT_UPDATED"),
    "open on conditions unsaid": (with_(openness_conditions=None), "CATALOG_OPENNESS_CONDITIONS"),
    "an item not shared in what all get": (
        item(sharing_attribute=SharingAttribute.NOT_SHARED, not_shared_reason="《统计法》第二十八条"),
        "CATALOG_OVERRIDE",
    ),
    "an item open to all in what has conditions": (
        item(openness=Openness.UNCONDITIONAL, grade=Grade.GENERAL_1),
        "CATALOG_OVERRIDE",
    ),
}


def test_the_entry_that_is_broken_below_is_sound() -> None:
    assert list(breaches(sound())) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_told_once_in_both_languages(name: str) -> None:
    change, code = BROKEN[name]
    (found,) = breaches(change(sound()))
    assert found.code == code
    assert found.text.zh
    assert found.text.en
    assert found.remedy.zh
    assert found.remedy.en


CONDITIONAL = Conditions(scope=Text("全市", "all"), purpose=Text("招商", "x"))


def test_an_item_may_be_stricter_where_the_resource_has_conditions() -> None:
    whole = replace(sound(), sharing_attribute=SharingAttribute.CONDITIONAL, conditions=CONDITIONAL)
    stricter = item(sharing_attribute=SharingAttribute.NOT_SHARED, not_shared_reason="《统计法》第二十八条")(whole)
    assert list(breaches(stricter)) == []
    unfounded = item(sharing_attribute=SharingAttribute.NOT_SHARED)(whole)
    assert [each.code for each in breaches(unfounded)] == ["CATALOG_BASIS_MISSING"]
    looser = item(sharing_attribute=SharingAttribute.UNCONDITIONAL)(whole)
    assert [each.code for each in breaches(looser)] == ["CATALOG_OVERRIDE"]


@pytest.mark.parametrize(
    ("kind", "title", "refused"),
    [
        (BasisKind.LAW, "中华人民共和国统计法", False),
        (BasisKind.LAW, "《中华人民共和国个人信息保护法》", False),
        (BasisKind.LAW, "香港特别行政区基本法", False),
        (BasisKind.LAW, "中华人民共和国网络安全法（2025修正）", False),
        (BasisKind.REGULATION, "城市道路管理条例", False),
        (BasisKind.REGULATION, "公共安全视频图像信息系统管理条例", False),
        (BasisKind.REGULATION, "全国经济普查条例", False),
        (BasisKind.REGULATION, "市场主体登记管理条例", False),
        (BasisKind.REGULATION, "城市市容和环境卫生管理条例", False),
        (BasisKind.DECISION, "国务院关于加强数字政府建设的决定", False),
        (BasisKind.LAW, "Statistics Law of the PRC", False),
        (BasisKind.REGULATION, "河南省数字经济促进条例", True),
        (BasisKind.REGULATION, "郑州市政务数据安全管理暂行办法", True),
        (BasisKind.LAW, "上海市数据条例", True),
        (BasisKind.DECISION, "国务院办公厅关于印发政务信息资源共享管理暂行办法的通知", True),
        (BasisKind.REGULATION, "交通运输部关于道路运输数据的规定", True),
        (BasisKind.REGULATION, "国家卫生健康委员会关于健康医疗数据的管理办法", True),
        (BasisKind.LAW, "关于规范数据共享的意见", True),
        (BasisKind.LAW, "数据安全技术规范", True),
        (BasisKind.LAW, "公共数据登记管理暂行办法", True),
    ],
)
def test_requirement_2_what_is_no_law_cannot_forbid_sharing(kind: BasisKind, title: str, refused: bool) -> None:
    assert (basis_doubt(LegalBasis(kind, title, "第三条")) is not None) is refused
    conditions = Conditions(reason=Text("法律禁止", "x"), basis=LegalBasis(kind, title, "第三条"))
    closed = replace(sound(), sharing_attribute=SharingAttribute.NOT_SHARED, conditions=conditions)
    assert [each.code for each in breaches(closed)] == (["CATALOG_BASIS_KIND"] if refused else [])


@pytest.mark.parametrize(
    "title",
    ["不动产登记信息系统", "智慧停车管理系统", "政务服务平台", "郑好办APP", "河长制小程序", "综合执法办公系统V2.0",
     "视频共享交换平台", "排水管理系统", "公交智能调度系统", "数字城管平台", "企业信用信息系统"],
)  # fmt: skip
def test_a_system_s_name_is_seen(title: str) -> None:
    assert is_system_name(title)


@pytest.mark.parametrize(
    "title",
    ["城区排水系统", "智慧排水系统", "轨道交通系统", "供热系统", "湿地生态系统", "观景平台", "卸货平台", "人口基础信息",
     "消防系统", "信息系统清单", "平台企业名录", "公交站台", "系统性风险企业名单", "雨污水管网系统", "综合管廊排水系统",
     "全市停车场信息"],
)  # fmt: skip
def test_what_only_looks_like_a_system_s_name_raises_no_alarm(title: str) -> None:
    assert not is_system_name(title)


def test_names_that_a_person_reads_as_one_are_one() -> None:
    assert squeezed("停车场 信息（2024）") == squeezed("停车场信息(2024)") == squeezed("停车场，信息2024")
    assert squeezed("ＰＭ2.5 浓度") == squeezed("pm2.5浓度")
    assert squeezed("PM2.5浓度") != squeezed("PM25浓度")
    assert squeezed("小学名单") != squeezed("中学名单")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("停车场信息3", ("停车场信息", 3)),
        ("停车场信息 ３", ("停车场信息", 3)),
        ("停车场信息", None),
        ("公交客流2024", None),
        ("国道107", None),
        ("地铁线路1", None),
        ("空气质量PM10", None),
        ("G107", None),
        ("第3", None),
    ],
)
def test_a_number_that_dragging_makes_is_told_from_a_name_s_own(name: str, found: tuple[str, int] | None) -> None:
    assert dragged(name) == found


@pytest.mark.parametrize(
    ("data_format", "written", "fits"),
    [
        (DataFormat.CSV, "文件", True),
        (DataFormat.CSV, "数据库", False),
        (DataFormat.PDF, "数据库", False),
        (DataFormat.DATABASE, "数据库", True),
        (DataFormat.DATABASE, "服务接口", True),
        (DataFormat.DATABASE, "文件", False),
        (DataFormat.API, "服务接口", True),
        (DataFormat.API, "文件", False),
    ],
)
def test_a_form_s_way_of_sharing_fits_its_format(data_format: DataFormat, written: str, fits: bool) -> None:
    found = mode_breach(data_format, written)
    assert (found is None) is fits
    assert found is None or written in found.text.zh


def test_a_form_s_class_is_that_of_its_format() -> None:
    assert format_breach(DataFormat.XLS, FormatClass.SHEET) is None
    found = format_breach(DataFormat.XLS, FormatClass.DATABASE)
    assert found is not None
    assert "电子表格(2)" in found.text.zh
