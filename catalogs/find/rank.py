"""Ranking: which documents a term finds, and how well.

A term finds a document when each of its characters stands in a piece that the document holds: 维修信息 finds
机动车维修企业信息 by 维修 and 信息, below what holds the four in a row. All terms must find it. The points of a term:

    title 60 · alias, code 50 · item 40 · provider 30 · summary 20    the term in a row, in its best field
    + 4 exact: the text is the term     + 2 prefix: the text begins with it     + 0 substring
    − 15 inside: a word of other letters holds it without beginning with it
    − 6 heard: by pinyin or initials, as the written ones of the same field otherwise
    10 apart: its pieces, not in a row  (+ 2 when the title holds them all)
    5 loosely: a title or an alias holds each single character (危废 in 危险废物); only where nothing else is found

Equal points: the shorter title first, then by id. The points of the best 200 are weighed with their whole texts;
behind them stand the rest by what the index alone knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from catalogs.find.fold import sound
from catalogs.find.postings import Masks, Postings
from catalogs.find.query import Term, grams, initials, syllable_tokens
from catalogs.find.syllables import SYLLABLES, divisions
from catalogs.find.tokens import In, fields, parts

Points = npt.NDArray[np.int32]

WORTH = {In.TITLE: 60, In.ALIAS: 50, In.CODE: 50, In.ITEM: 40, In.PROVIDER: 30, In.SUMMARY: 20}
EXACT, PREFIX, HEARD, INSIDE, APART, APART_IN_TITLE, LOOSE = 4, 2, -6, -15, 10, 12, 5
_START, _TITLE, _FIELDS = np.uint8(In.START), np.uint8(In.TITLE), np.uint8(0x3F)
_NAMES = np.uint8(In.TITLE | In.ALIAS)
EXPANDED = 200  # the words that one begun word may stand for

_WORTHS = np.array(
    [
        max((worth for field, worth in WORTH.items() if mask & field), default=0)
        + (PREFIX if mask & In.START and mask & In.TITLE else 0)
        for mask in range(128)
    ],
    np.int32,
)


@dataclass(frozen=True, slots=True)
class Match:
    """How one term was found in one document: in which field, in which text (folded), at which place; None: apart."""

    points: int
    field: In
    text: str
    start: int
    end: int
    heard: bool = False


def points(term: Term, postings: Postings) -> Points:
    """The points of every document by what the index knows; 0 where the term does not find it."""
    row, apart, title = _written(term, postings)
    best = _WORTHS[row]
    if term.letters:
        heard = _WORTHS[_heard(term.letters, postings)]
        best = np.maximum(best, np.where(heard > 0, heard + HEARD, 0))
    alone = np.where(apart, np.where(title, APART_IN_TITLE, APART), 0)
    found: Points = np.maximum(best, alone).astype(np.int32)
    return found


def loosely(term: Term, postings: Postings) -> Points:
    """As `points`, for a term that finds nothing: where a title or an alias holds each of its characters."""
    pieces = [postings.of(token) for part in term.parts for token in (part.text if part.han else ["w:" + part.text])]
    row = np.bitwise_and.reduce(pieces) & _NAMES
    found: Points = np.where(row, LOOSE, 0).astype(np.int32)
    return found


def _written(term: Term, postings: Postings) -> tuple[Masks, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The fields that hold the term in a row; whether its pieces are all there; whether all in the title."""
    row = np.full(postings.size, 0xFF, np.uint8)
    begins = np.zeros(postings.size, np.uint8)
    apart, title = np.ones(postings.size, np.bool_), np.ones(postings.size, np.bool_)
    mixed = len(term.parts) > 1
    for number, part in enumerate(term.parts):
        pieces = [postings.of(token) for token in grams(part.text)] if part.han else [_word(part.text, postings, mixed)]
        if number == 0:
            begins = pieces[0] & _START
        for piece in pieces:
            row &= piece
        apart &= _covered([piece != 0 for piece in pieces])
        title &= _covered([(piece & _TITLE) != 0 for piece in pieces])
    return (row & _FIELDS) | begins, apart, title


def _covered(pieces: Sequence[npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
    """Whether each character stands in a piece that is there: piece n holds the characters n and n + 1."""
    found = pieces[0] & pieces[-1]
    for one, other in pairwise(pieces):
        found &= one | other
    return found


def _word(word: str, postings: Postings, mixed: bool) -> Masks:
    """The fields of the words that begin with it; where none does, and beside Chinese: of those that hold it."""
    token = "w:" + word
    known = postings.beginning(token, EXPANDED)
    if mixed or (not known and len(word) > 1):
        known = list({*known, *postings.holding("w:", word, EXPANDED)})
    if mixed and len(known) >= EXPANDED:
        return np.full(postings.size, 0xFF, np.uint8)  # says too little: the whole texts decide
    return postings.any_of([*known, token])


def _heard(letters: str, postings: Postings) -> Masks:
    found = np.zeros(postings.size, np.uint8)
    for said in divisions(letters):
        found |= _said(said, postings)
    return found | _in_a_row([postings.of(token) for token in initials(letters)])


def _said(said: tuple[str, ...], postings: Postings) -> Masks:
    """The fields that hold these syllables in a row, the last whole or begun."""
    if len(said) == 1:
        if len(said[0]) < 2:
            return np.zeros(postings.size, np.uint8)
        return postings.any_of(postings.beginning(f"s:{said[0]}", EXPANDED))
    pieces = [postings.of(token) for token in syllable_tokens(said[:-1])] if len(said) > 2 else []
    pieces.append(postings.any_of(postings.beginning(f"p:{said[-2]}.{said[-1]}", EXPANDED)))
    return _in_a_row(pieces)


def _in_a_row(pieces: Sequence[Masks]) -> Masks:
    """The fields that hold all pieces; that the title begins with them when it begins with the first."""
    row: Masks = np.bitwise_and.reduce(pieces) & _FIELDS
    return row | (pieces[0] & _START)


def weigh(term: Term, kept: str) -> Match | None:
    """The best match of a term in a document's whole texts, and its points; None: its pieces stand apart."""
    by_field = fields(kept)
    best: Match | None = None
    for field, worth in sorted(WORTH.items(), key=lambda each: -each[1]):
        if best is not None and best.points >= worth + EXACT:
            break
        for text in by_field[field]:
            match = _in_text(term, field, worth, text)
            if match is not None and (best is None or match.points > best.points):
                best = match
    return best


def _in_text(term: Term, field: In, worth: int, text: str) -> Match | None:
    start, inside = _place(term, text)
    if start >= 0 and not inside:
        return Match(worth + _kind(start, len(term.text), len(text)), field, text, start, start + len(term.text))
    heard = _heard_in(term, field, worth, text)
    if start >= 0 and heard is None:
        return Match(worth + INSIDE, field, text, start, start + len(term.text))
    return heard


def _heard_in(term: Term, field: In, worth: int, text: str) -> Match | None:
    if not term.letters or field not in (In.TITLE, In.ALIAS, In.ITEM, In.PROVIDER):
        return None
    span = heard_at(term.letters, text)
    if span is None:
        return None
    bonus = _kind(span[0], span[1] - span[0], len(text))
    return Match(worth + HEARD + bonus, field, text, *span, heard=True)


def _kind(start: int, length: int, whole: int) -> int:
    if start:
        return 0
    return EXACT if length == whole else PREFIX


def _place(term: Term, text: str) -> tuple[int, bool]:
    """Where the term stands in the text (-1: nowhere), and whether it only stands inside a word."""
    start = first = text.find(term.text)
    if start < 0 or len(term.parts) != 1 or term.parts[0].han:
        return start, False
    while start > 0 and text[start - 1].isalnum() and len(parts(text[start - 1 : start + 1])) == 1:
        start = text.find(term.text, start + 1)
    return (start, False) if start >= 0 else (first, True)


def heard_at(letters: str, text: str) -> tuple[int, int] | None:
    """Where in the text something sounds like these letters: as syllables, or by its initials."""
    at = 0
    for part in parts(text):
        at = text.index(part.text, at)
        if part.han:
            syllables = sound(part.text)
            for said in divisions(letters):
                begin = _row_of(said, syllables)
                if begin is not None:
                    return at + begin, at + begin + len(said)
            begin = "".join(each[:1] or "?" for each in syllables).find(letters)
            if begin >= 0:
                return at + begin, at + begin + len(letters)
        at += len(part.text)
    return None


def _row_of(said: tuple[str, ...], syllables: tuple[str, ...]) -> int | None:
    last = said[-1]
    if len(said) == 1 and len(last) < 2 and last not in SYLLABLES:
        return None
    for begin in range(len(syllables) - len(said) + 1):
        if syllables[begin : begin + len(said) - 1] == said[:-1] and syllables[begin + len(said) - 1].startswith(last):
            return begin
    return None
