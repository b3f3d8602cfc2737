import contextlib
import sqlite3

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.text import fold, quote_identifier


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("ＡＱＩ", "aqi"),
        ("  PM2.5\t(μg/m³) ", "pm2.5 (μg/m3)"),
        ("\ufeff监测点", "监测点"),
        ("监\u200b测点", "监测点"),
        ("监\u3000测点", "监 测点"),
        ("STRASSE", "strasse"),
        ("", ""),
    ],
)
def test_headers_are_compared_in_one_form(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_folding_twice_is_folding_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)


def test_a_quoted_name_is_that_name_in_every_engine() -> None:
    with duckdb.connect() as duck, contextlib.closing(sqlite3.connect(":memory:")) as lite:

        @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30))
        @settings(max_examples=200, deadline=None)
        def quoted(name: str) -> None:
            query = f"SELECT 1 AS {quote_identifier(name)}"
            assert lite.execute(query).description[0][0] == name
            assert duck.execute(query).description[0][0] == name

        quoted()


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_no_quoting_carries(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        quote_identifier(name)
