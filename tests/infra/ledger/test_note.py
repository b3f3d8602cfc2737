"""Signed notes, verifier keys and checkpoints read strictly: only what writing them gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.crypto import public_key, sign
from infra.ledger.checkpoint import Checkpoint, parse_checkpoint
from infra.ledger.note import Note, NoteFault, Verifier, parse_note, sign_note

# The published example of golang.org/x/mod/sumdb/note.
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SECRET = bytes(range(32))
MINE = Verifier("cityhub/zhengzhou", public_key(SECRET))


def signed(text: str) -> Note:
    return sign_note(text, [(MINE, lambda data: sign(SECRET, data))])


def test_the_published_note_and_key_verify() -> None:
    key = Verifier.parse(KEY)
    assert str(key) == KEY
    note = parse_note(NOTE)
    assert str(note) == NOTE
    assert note.signers([key, MINE]) == (key,)


def test_a_wrong_signature_of_a_known_key_condemns_the_note() -> None:
    note = parse_note(NOTE)
    with pytest.raises(NoteFault):
        Note(note.text.replace("cryptography", "cryptographY"), note.signatures).signers([Verifier.parse(KEY)])


def test_a_signature_that_stands_twice_makes_no_second_note() -> None:
    with pytest.raises(NoteFault):
        parse_note(NOTE + NOTE.splitlines(keepends=True)[-1])


def test_unknown_keys_sign_nothing() -> None:
    assert parse_note(NOTE).signers([MINE]) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        KEY[:-1],
        KEY.replace("c74f20a3", "c74f20a4"),
        KEY.replace("c74f20a3", "C74F20A3"),
        KEY.replace("PeterNeumann", "PeterNeuman"),
        "a b+00000000+AA==",
        "",
        "++",
    ],
)
def test_a_key_that_is_not_in_its_one_form_is_refused(wrong: str) -> None:
    with pytest.raises(NoteFault):
        Verifier.parse(wrong)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_no_flipped_byte_of_a_note_passes(at: int, mask: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[at] ^= mask
    try:
        passed = bool(parse_note(raw.decode()).signers([Verifier.parse(KEY)]))
    except (NoteFault, UnicodeDecodeError):
        passed = False
    assert not passed


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**18), st.binary(min_size=32, max_size=32))
def test_checkpoints_read_back(size: int, root: bytes) -> None:
    unsigned = Checkpoint("cityhub/zhengzhou", size, root)
    raw = str(signed(unsigned.text()))
    read = parse_checkpoint(raw)
    assert (read.origin, read.size, read.root, read.note) == ("cityhub/zhengzhou", size, root, raw)
    assert read.signed().signers([MINE]) == (MINE,)


@pytest.mark.parametrize(
    "text",
    [
        "cityhub/zhengzhou\n01\n" + "A" * 43 + "=\n",
        "cityhub/zhengzhou\n-1\n" + "A" * 43 + "=\n",
        "cityhub/zhengzhou\n１\n" + "A" * 43 + "=\n",
        "cityhub/zhengzhou\n1\n" + "A" * 42 + "B=\n",
        "cityhub/zhengzhou\n1\nAAAA\n",
        "cityhub/zhengzhou\n1\n",
        "\n1\n" + "A" * 43 + "=\n",
        "cityhub/zhengzhou\n1\n" + "A" * 43 + "=\nextension\n",
    ],
)
def test_what_is_no_checkpoint_of_ours_is_refused(text: str) -> None:
    with pytest.raises(NoteFault):
        parse_checkpoint(str(signed(text)))
