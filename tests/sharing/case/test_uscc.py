"""The code of a body: public vectors, every single slip found, sample codes that no register issues."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.errors import Refused
from sharing.case import uscc

PUBLIC = ["91350100M000100Y43", "91110000600037341L", "91110108551385082Q", "53640000MJX173672F"]
WRONG = ["91350100M000100Y4Z", "91110000600037341X", "A1110000600037341L", "", "51824753556", "91350100M000100I43"]

codes = st.builds(
    lambda head, division, tail: head + division + tail,
    st.text(uscc.ALPHABET, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(uscc.ALPHABET, min_size=9, max_size=9),
).map(lambda first: first + uscc.check_character(first))


@pytest.mark.parametrize("code", PUBLIC)
def test_published_codes_pass(code):
    assert uscc.valid(code)


@pytest.mark.parametrize("code", WRONG)
def test_wrong_codes_are_refused_with_a_reason(code):
    with pytest.raises(Refused) as caught:
        uscc.checked(code)
    assert caught.value.code == "SHARE_USCC"
    assert caught.value.reasons[0].zh
    assert caught.value.reasons[0].en


def test_full_width_blanks_and_small_letters_are_the_same_code():
    assert uscc.checked("９１３５０１００ m000100y43") == "91350100M000100Y43"


@given(code=codes, position=st.integers(0, 17), character=st.sampled_from(uscc.ALPHABET))
@settings(deadline=None, max_examples=200)
def test_one_wrong_character_is_always_found(code, position, character):
    assert uscc.valid(code)
    slipped = code[:position] + character + code[position + 1 :]
    assert uscc.valid(slipped) == (slipped == code)


@given(code=codes, position=st.integers(0, 16))
@settings(deadline=None, max_examples=200)
def test_two_neighbours_swapped_are_always_found(code, position):
    swapped = code[:position] + code[position + 1] + code[position] + code[position + 2 :]
    assert uscc.valid(swapped) == (swapped == code)


@given(serial=st.integers(0, 10**8 - 1))
@settings(deadline=None, max_examples=50)
def test_sample_codes_pass_and_belong_to_no_division(serial):
    code = uscc.sample(serial)
    assert uscc.valid(code)
    assert code[2:8] == "990000"
