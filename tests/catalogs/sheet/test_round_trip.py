"""What the register writes as Excel it reads back as the same in every layout, and writes again cell for cell."""

import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from catalogs.folder.city import load_city
from catalogs.sheet.layout import LAYOUTS
from catalogs.sheet.reading import read_sheet
from catalogs.sheet.register import Register
from catalogs.sheet.values import joined, parts, stripped
from catalogs.sheet.writing import write_book
from catalogs.values.model import Census, City, Classification, Conditions, Item, Resource, Text
from catalogs.values.words import (
    Crs,
    DataFormat,
    Grade,
    ItemType,
    Level,
    Openness,
    SharingAttribute,
    SharingMode,
    UpdateFrequency,
)
from infra.ground import sample_city


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(sample_city())


@pytest.fixture(scope="module")
def register(city: City) -> Register:
    titles = {(each.provider, each.title.zh): each.id for each in city.resources}
    return Register(city.departments, city.units, city.domains, titles)


def cells(path: Path) -> dict[str, list[list[object]]]:
    book = openpyxl.load_workbook(path)
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_requirement_11_the_sample_city_comes_back_and_its_export_is_cell_equal(
    tmp_path: Path, city: City, register: Register, layout: str
) -> None:
    write_book(tmp_path / "a.xlsx", register, city.resources, layout=layout, providers=city.departments)
    read = read_sheet(tmp_path / "a.xlsx", register)
    assert read.faults == ()
    assert read.resources == city.resources
    write_book(tmp_path / "b.xlsx", register, read.resources, layout=layout, providers=city.departments)
    assert cells(tmp_path / "a.xlsx") == cells(tmp_path / "b.xlsx")


# What YAML can hold in one field: any text without control characters; `_x0041_` is how a workbook writes one of those.
_WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co", "Cf", "Zl", "Zp")), min_size=1, max_size=40)
texts = _WORDS.map(stripped).filter(lambda text: bool(text) and "_x" not in text)
both = st.builds(Text, texts, texts)
optional = st.none() | texts


@st.composite
def resources(draw: st.DrawFn) -> Resource:
    grade = draw(st.sampled_from([Grade.GENERAL_1, Grade.GENERAL_2, Grade.GENERAL_3]))
    names = draw(st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), min_size=1, max_size=4, unique=True))
    items = tuple(
        Item(
            name=name,
            zh=f"项{number}甲",
            en=draw(texts),
            type=draw(st.sampled_from([kind for kind in ItemType if kind is not ItemType.GEOMETRY])),
            grade=Grade.GENERAL_1,
            unit_of_measure=draw(optional),
            crs=draw(st.none() | st.sampled_from(Crs)),
            summary=draw(st.none() | both),
            length=draw(st.none() | st.sampled_from(["50", "10,2", "1～3"])),
            origin=draw(optional),
        )
        for number, name in enumerate(names)
    )
    number = st.none() | st.decimals(0, 10**9, places=3)
    return Resource(
        id="jinshui.traffic.drawn",
        title=Text("停车泊位", draw(texts)),
        summary=draw(both),
        provider="jinshui_transport",
        data_format=DataFormat.CSV,
        update_frequency=draw(st.sampled_from([one for one in UpdateFrequency if one is not UpdateFrequency.NONE])),
        sharing_attribute=SharingAttribute.CONDITIONAL,
        sharing_mode=tuple(draw(st.lists(st.sampled_from(SharingMode), min_size=1, max_size=3, unique=True))),
        conditions=Conditions(scope=draw(both), purpose=draw(both), other=draw(st.none() | both)),
        classification=Classification("交通", "静态交通"),
        grade=grade,
        openness=Openness.CLOSED,
        items=items,
        aliases=tuple(draw(st.lists(texts, max_size=3, unique=True))),
        level=draw(st.none() | st.sampled_from(Level)),
        scenario=draw(optional),
        field=draw(optional),
        system=draw(st.none() | st.just("泊位管理系统")),
        link=draw(optional),
        published_on=draw(st.none() | st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31))),
        census=draw(st.none() | st.builds(Census, st.decimals(0, 10**9, places=3), st.integers(0, 10**12), number)),
    )


@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(found=resources(), layout=st.sampled_from(LAYOUTS))
def test_requirement_11_import_of_export_is_the_same(
    tmp_path: Path, register: Register, found: Resource, layout: str
) -> None:
    write_book(tmp_path / "x.xlsx", register, [found], layout=layout, providers=register.departments)
    read = read_sheet(tmp_path / "x.xlsx", register)
    assert [fault.text.zh for fault in read.faults] == []
    assert read.resources == (found,)


@given(st.lists(texts, max_size=5).map(tuple))
def test_a_list_in_one_cell_is_the_same_list(values: tuple[str, ...]) -> None:
    if not any("\n" in value for value in values) and not (
        len(values) > 1 and any(mark in "".join(values) for mark in ";；") and "\n" in "".join(values)
    ):
        assert parts(joined(values)) == values


def test_a_text_that_begins_like_a_formula_stays_a_text(tmp_path: Path, city: City, register: Register) -> None:
    from dataclasses import replace

    found = replace(city.resources[0], summary=Text("=1+1", "=HYPERLINK(1)"), scenario="@SUM(A1)")
    write_book(tmp_path / "f.xlsx", register, [found], providers=city.departments)
    assert read_sheet(tmp_path / "f.xlsx", register).resources == (found,)
    sheet = openpyxl.load_workbook(tmp_path / "f.xlsx")["目录"]
    assert not [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_numbers_keep_their_digits(tmp_path: Path, city: City, register: Register) -> None:
    from dataclasses import replace

    census = Census(Decimal("123456789012345.123456"), 10**15 - 1)
    found = replace(city.resources[0], census=census)
    write_book(tmp_path / "n.xlsx", register, [found], providers=city.departments)
    assert read_sheet(tmp_path / "n.xlsx", register).resources[0].census == census
