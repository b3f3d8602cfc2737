"""The metadata of the national guide beside the nine fields: in, out, kept, no version of what says nothing."""

import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from catalogs.folder.city import check_city, load_city
from catalogs.folder.write import resource_document, write_city
from catalogs.register import register_city
from catalogs.register import resource as registered
from catalogs.rows import plain
from catalogs.values.model import Census, City, Impact, Resource
from catalogs.values.words import (
    DataFormat,
    FormatClass,
    Grade,
    GuideType,
    ImpactDegree,
    ImpactObject,
    ItemType,
    Level,
    Openness,
    SharingAttribute,
    UpdateFrequency,
    find,
    format_class,
    guide_type,
)
from infra.errors import Refused
from infra.ground import Ground, sample_city
from infra.language import Text

ZONES = "jingkai.logistics.bonded_zones"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_city(), tmp_path / "city"))


def full(resource: Resource) -> Resource:
    """The resource with every further field set, on itself and on its first item."""
    item = replace(
        resource.items[0],
        length="C..64",
        sharing_attribute=SharingAttribute.UNCONDITIONAL,
        openness=Openness.CLOSED,
        update_frequency=UpdateFrequency.NONE,
        not_shared_reason="规章未定",
        department=resource.provider,
        origin="企业填报",
        grade=Grade.GENERAL_2,
        impacts=(Impact(ImpactObject.ORGANISATION, ImpactDegree.GENERAL),),
    )
    return replace(
        resource,
        title=Text("保税区", "保税区"),
        items=(item, *resource.items[1:]),
        code="306005/0001",
        aliases=("综保区",),
        openness_conditions=Text("签订协议", "an agreement"),
        level=Level.NATIONAL,
        related=("306005/0002",),
        service_item="11410100MB0X/入区备案",
        scenario="招商",
        field="交通运输",
        certificate=True,
        system="海关辅助管理",
        ownership="政府所有",
        management="自建",
        generation="业务办理",
        link="https://example.org/a",
        published_on=date(2026, 3, 31),
        not_updated_reason="一次性普查",
        not_published_reason="待评估",
        census=Census(Decimal("1.50"), 10, Decimal(0), 0, Decimal(0), 0),
        return_flow=True,
        format_type="shp",
        impacts=(Impact(ImpactObject.ECONOMY, ImpactDegree.GENERAL),),
        grade=Grade.GENERAL_4,
        derived_from=("gaoxin.logistics.nowhere",),
    )


def city_with(resource: Resource) -> City:
    city = load_city(sample_city())
    return replace(city, resources=tuple(resource if each.id == resource.id else each for each in city.resources))


def bonded() -> Resource:
    return next(each for each in load_city(sample_city()).resources if each.id == ZONES)


def test_every_field_of_the_guide_goes_out_and_comes_back_the_same(folder: Path) -> None:
    wanted = full(bonded())
    write_city(city_with(wanted), folder)
    assert next(each for each in load_city(folder).resources if each.id == ZONES) == wanted


def test_every_field_of_the_guide_is_kept_by_the_register(ground: Ground, folder: Path) -> None:
    wanted = full(bonded())
    write_city(city_with(wanted), folder)
    register_city(ground, folder, "tester")
    assert registered(ground.engine, ZONES) == wanted


def test_fields_that_say_nothing_leave_the_body_as_it_was_before_they_existed() -> None:
    silent = set(plain(bonded()))
    assert silent.isdisjoint({"code", "census", "secrecy", "return_flow", "impacts"})
    override = replace(bonded().items[0], update_frequency=UpdateFrequency.NONE)
    body = plain(replace(bonded(), items=(override,)))
    assert body["items"][0]["update_frequency"] == "none"  # the word, not an absence


def test_a_text_alone_stands_for_both_languages(folder: Path) -> None:
    document = resource_document(bonded()) | {"title": "保税区", "summary": "一览"}
    del document["items"][0]["en"]
    path = folder / "catalogues/jingkai.yaml"
    path.write_text(yaml.safe_dump({"unit": "jingkai", "resources": [document]}, allow_unicode=True), encoding="utf-8")
    found = next(each for each in load_city(folder).resources if each.id == ZONES)
    assert (found.title, found.summary) == (Text("保税区", "保税区"), Text("一览", "一览"))
    assert found.items[0].en == found.items[0].zh


@pytest.mark.parametrize(
    ("further", "code", "said"),
    [
        ({"census": {"storage_gb": "12GB"}}, "CATALOG_NUMBER", "不带单位"),
        ({"census": {"records": "1.5"}}, "CATALOG_NUMBER", "整数"),
        ({"census": {"records": "-3"}}, "CATALOG_NUMBER", "只填数字"),
        ({"published_on": "2026/3/31"}, "CATALOG_FIELD_KIND", "日期"),
        ({"level": "市级"}, "CATALOG_WORD_UNKNOWN", "level"),
        ({"impacts": [{"object": "国家安全", "degree": "很大"}]}, "CATALOG_WORD_UNKNOWN", "degree"),
    ],
)
def test_a_further_field_of_the_wrong_form_is_told(
    folder: Path, further: dict[str, object], code: str, said: str
) -> None:
    document = resource_document(bonded()) | further
    path = folder / "catalogues/jingkai.yaml"
    path.write_text(yaml.safe_dump({"unit": "jingkai", "resources": [document]}, allow_unicode=True), encoding="utf-8")
    (fault,) = check_city(folder)
    assert fault.code == code
    assert said in fault.text.zh


def test_two_resources_exchange_codes_but_none_takes_another_ones(ground: Ground, folder: Path) -> None:
    city = load_city(sample_city())
    provider = bonded().provider
    first, second = (
        replace(bonded(), id=f"jingkai.logistics.{name}", title=Text(name, name), code=code, provider=provider)
        for name, code in (("one_zone", "306005/1"), ("two_zone", "306005/2"))
    )
    write_city(replace(city, resources=(first, second)), folder)
    for extra in (folder / "catalogues").iterdir():
        if extra.name != "jingkai.yaml":
            extra.unlink()
    register_city(ground, folder, "tester")
    exchanged = (replace(first, code=second.code), replace(second, code=first.code))
    write_city(replace(city, resources=exchanged), folder)
    assert len(register_city(ground, folder, "tester").changed) == 2
    write_city(replace(city, resources=(replace(first, code=first.code),)), folder)  # the other stays registered
    with pytest.raises(Refused) as refused:
        register_city(ground, folder, "tester")
    assert refused.value.code == "CATALOG_CODE_TAKEN"
    assert registered(ground.engine, first.id).code == second.code


def test_a_format_has_a_class_and_a_type_a_letter() -> None:
    assert [each.number for each in FormatClass] == [1, 2, 3, 4, 5, 6, 7]
    assert format_class(DataFormat.XLSX) is FormatClass.SHEET
    assert format_class(DataFormat.SHAPEFILE) is FormatClass.OWN
    assert format_class(DataFormat.PDF) is FormatClass.FILE
    assert {format_class(each) for each in DataFormat} == set(FormatClass)
    assert {guide_type(each).item_type for each in ItemType} >= set(ItemType) - {ItemType.GEOMETRY}
    assert find(GuideType, "字符型") is find(GuideType, "c") is GuideType.CHARACTER
