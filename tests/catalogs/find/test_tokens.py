"""Folding, sounds and terms: what makes two texts comparable, and what a query is taken for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogs.find.fold import fold, fold_with_places, sound
from catalogs.find.query import Term, terms
from catalogs.find.syllables import SYLLABLES, divisions
from catalogs.find.tokens import FIELDS, In, tokens, written
from infra.errors import WrongUse

CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=12)


@given(st.text(max_size=60))
def test_folding_again_changes_nothing_and_knows_where_each_character_came_from(text: str) -> None:
    folded, places = fold_with_places(text)
    assert folded == fold(text)
    assert len(places) == len(folded)
    assert places == sorted(places)
    assert fold(folded) == folded


@given(CHINESE, CHINESE)
def test_a_part_of_a_text_folds_to_a_part_of_the_folded_text(one: str, other: str) -> None:
    assert fold(one + other) == fold(one) + fold(other)


def test_traditional_full_width_and_case_fold_away() -> None:
    assert fold("證券代碼") == fold("证券代码") == "证券代码"
    assert fold("ＧＰＳ停車場") == "gps停车场"


def test_a_character_of_several_readings_is_read_as_its_phrase_says() -> None:
    assert sound("银行") == ("yin", "hang")
    assert sound("旅游") == ("lv", "you")
    assert sound("〇㐀")[1:] == ("qiu",)


def test_letters_divide_into_syllables_in_every_way() -> None:
    assert divisions("xian")[:2] == [("xian",), ("xi", "an")]
    assert divisions("zhengquandai")[0] == ("zheng", "quan", "dai")
    assert divisions("zhengq") == [("zheng", "q")]
    assert divisions("zqdm") == []
    assert divisions("trafic") == []


@given(st.lists(st.sampled_from(sorted(SYLLABLES)), min_size=1, max_size=4))
def test_the_syllables_themselves_are_a_division_or_there_are_too_many(said: list[str]) -> None:
    found = divisions("".join(said))
    assert tuple(said) in found or len(found) == 8
    assert all("".join(each) == "".join(said) for each in found)


@given(st.text(max_size=200))
def test_any_text_is_a_query(text: str) -> None:
    try:
        found = terms(text)
    except WrongUse as refused:
        assert refused.code == "CATALOG_QUERY_LONG"
    else:
        assert all(term.text == "".join(part.text for part in term.parts) for term in found)
        assert all(isinstance(token, str) and token for term in found for token in term.tokens())


def test_a_query_has_its_limits() -> None:
    with pytest.raises(WrongUse, match="CATALOG_QUERY_LONG"):
        terms("停" * 201)
    with pytest.raises(WrongUse, match="CATALOG_QUERY_LONG"):
        terms(" ".join(str(number) for number in range(13)))


def test_punctuation_divides_and_means_nothing() -> None:
    assert [term.text for term in terms('"停车场" AND (费用 OR *)  NEAR/2')] == [
        "停车场",
        "and",
        "费用",
        "or",
        "near",
        "2",
    ]
    assert [term.text for term in terms("A级景区")] == ["a级景区"]
    assert terms("。、“”") == []


def test_tokens_know_their_fields() -> None:
    found = tokens(written({field: ["证券代码"] if field is In.TITLE else ["代码"] for field in FIELDS}))
    assert found["证券"] == In.TITLE | In.START
    assert found["代码"] & In.TITLE
    assert found["代码"] & In.SUMMARY
    assert not found["代码"] & In.START
    assert found["i:dm"] & In.TITLE
    assert found["p:dai.ma"] & In.ITEM
    assert "i:zq" in found


def test_a_term_of_letters_may_be_pinyin_and_others_may_not() -> None:
    assert Term("a级", terms("a级")[0].parts).letters is None
    assert terms("zqdm")[0].letters == "zqdm"
    assert terms("lü")[0].letters == "lv"
    assert terms("2023")[0].letters is None
