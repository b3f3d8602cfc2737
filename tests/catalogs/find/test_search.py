"""Finding: labelled queries, every part of every title, facets, marks, what was meant, and text that is not trusted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from found_city import register
from hypothesis import given
from hypothesis import strategies as st
from labelled import LABELLED

from catalogs.find.search import MOST, Found, search
from catalogs.tables import RESOURCE
from catalogs.values.model import City
from infra.database import read
from infra.errors import WrongUse
from infra.ground import Ground, open_ground


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("found") / "home"


@pytest.fixture(scope="module")
def city(place: Path) -> City:
    with open_ground({"HUB_HOME": str(place), "HUB_DEMO": "1"}, create=True) as ground:
        ground.prepare()
        return register(ground, 2_000)


@pytest.fixture(scope="module")
def big(city: City, place: Path) -> Iterator[Ground]:
    assert city.resources
    with open_ground({"HUB_HOME": str(place), "HUB_DEMO": "1"}) as ground:
        yield ground


def titles(found: Found) -> list[str]:
    return [hit.title.zh for hit in found.hits]


def recall(found: Found, wanted: set[str]) -> float:
    """Of the first ten hits, how many were wanted, of those that ten hits could hold."""
    if not wanted:
        return float(not found.hits)
    return len(set(titles(found)[:10]) & wanted) / min(10, len(wanted))


def test_requirement_search_finds_what_was_meant_among_the_first_ten(
    big: Ground, record_property: pytest.FixtureRequest
) -> None:
    reached = {query: recall(search(big.engine, query, limit=10), wanted) for query, wanted in LABELLED}
    mean = sum(reached.values()) / len(reached)
    record_property("figure", f"recall@10 {mean:.3f} over {len(reached)} queries")
    assert len(reached) >= 60
    assert {query: got for query, got in reached.items() if got < 0.8} == {}
    assert mean >= 0.97


@given(data=st.data())
def test_every_part_of_every_title_finds_it(big: Ground, city: City, data: st.DataObject) -> None:
    resource = data.draw(st.sampled_from(city.resources))
    title = resource.title.zh
    start = data.draw(st.integers(0, len(title) - 1))
    part = title[start : data.draw(st.integers(start + 1, len(title)))]
    if not any("\u4e00" <= character <= "\u9fff" for character in part):
        return
    found = search(big.engine, part, filters={"unit": resource.unit, "domain": resource.domain}, limit=MOST)
    assert resource.id in {hit.id for hit in found.hits}


@given(st.text(max_size=60))
def test_no_query_is_an_error(big: Ground, text: str) -> None:
    found = search(big.engine, text, limit=5)
    assert len(found.hits) <= 5
    assert found.total >= len(found.hits)


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE catalogs_resource; --", '"', "停车*", "NEAR(停车 场)", "%", "_", "\\", "\x00", "w:停", "title:"],
)
def test_text_is_never_a_statement(big: Ground, text: str) -> None:
    search(big.engine, text)
    with read(big.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(RESOURCE)).scalar_one() > 2_000


def test_title_before_alias_before_item_before_provider_before_summary(big: Ground) -> None:
    found = search(big.engine, "地址", limit=5)
    first, *others = [hit.matched.field for hit in found.hits if hit.matched]
    assert first == "title"  # 标准地址库门楼牌
    assert set(others) == {"item"}
    points = [hit.points for hit in search(big.engine, "街道", limit=MOST).hits]
    assert points == sorted(points, reverse=True)
    fields = [hit.matched.field for hit in search(big.engine, "教育", limit=MOST).hits if hit.matched]
    assert fields.index("title") < fields.index("provider")


def test_the_whole_title_stands_first_then_what_begins_with_it(big: Ground) -> None:
    first = titles(search(big.engine, "示例·深圳市区界"))[0]
    assert first == "示例·深圳市区界"
    found = search(big.engine, "金水区")
    assert all(hit.title.zh.startswith("金水区") for hit in found.hits)


def test_the_matched_part_is_marked_as_it_was_written(big: Ground) -> None:
    hit = search(big.engine, "停車場", limit=1).hits[0]
    assert hit.matched is not None
    assert hit.matched.cut(40, "【", "】").endswith("公共【停车场】" + hit.title.zh.partition("停车场")[2])
    heard = search(big.engine, "tingche", limit=1).hits[0]
    assert heard.matched is not None
    assert heard.matched.text[heard.matched.start : heard.matched.end] == "停车"


def test_facets_count_all_hits_and_filter(big: Ground) -> None:
    whole = search(big.engine, "停车场", limit=1)
    assert sum(count for _, count in whole.facets["unit"]) == whole.total
    unit, count = whole.facets["unit"][0]
    some = search(big.engine, "停车场", filters={"unit": unit}, limit=MOST)
    assert some.total == count == len(some.hits)
    assert {hit.unit for hit in some.hits} == {unit}
    assert dict(some.facets["unit"]) == dict(whole.facets["unit"])  # a facet is counted without its own filter
    assert sum(number for _, number in some.facets["grade"]) == some.total
    two = search(
        big.engine, "停车场", filters={"unit": [unit, whole.facets["unit"][1][0]], "format": "csv"}, limit=MOST
    )
    assert {hit.data_format for hit in two.hits} == {"csv"}
    assert search(big.engine, "停车场", filters={"unit": "nowhere"}).total == 0


def test_no_words_browse_the_whole_register(big: Ground, city: City) -> None:
    found = search(big.engine, "", limit=3)
    assert found.total == len(city.resources)
    assert sum(count for _, count in found.facets["example"]) == found.total
    assert search(big.engine, "", filters={"domain": "health"}).total == sum(
        resource.domain == "health" for resource in city.resources
    )


def test_pages_neither_repeat_nor_leave_out(big: Ground, city: City) -> None:
    ids: list[str] = []
    for offset in range(0, 400, 80):
        ids += [hit.id for hit in search(big.engine, "区", limit=80, offset=offset).hits]
    assert len(ids) == len(set(ids)) == 400
    assert ids[:10] == [hit.id for hit in search(big.engine, "区", limit=10).hits]


def test_what_was_probably_meant_is_told(big: Ground) -> None:
    found = search(big.engine, "停车厂")
    assert (found.meant, found.instead) == ("停车场", True)
    assert search(big.engine, "停车场").meant is None
    english = search(big.engine, "pharmcies")
    assert (english.meant, english.instead) == ("pharmacies", True)
    some = search(big.engine, "停车场 龘靐齉")
    assert (some.some, some.instead) == (True, False)
    assert "停车场" in some.hits[0].title.zh
    assert search(big.engine, "龘靐齉").hits == ()


def test_what_cannot_be_asked_is_said(big: Ground) -> None:
    with pytest.raises(WrongUse, match="CATALOG_QUERY_FACET"):
        search(big.engine, "停车", filters={"colour": "red"})
    with pytest.raises(WrongUse, match="CATALOG_QUERY_PAGE"):
        search(big.engine, "停车", limit=MOST + 1)
    with pytest.raises(WrongUse, match="CATALOG_QUERY_LONG"):
        search(big.engine, "停" * 201)
