"""What a resource is found by: its texts by field, folded, and the tokens of them that stand in the index.

Tokens, the same on every database:

    代, 代码        each Chinese character and each two that follow one another
    w:traffic      each word or number of other letters (`_`, `.`, `/` and blanks divide words)
    s:dai, p:dai.ma, i:dm     how the Chinese of titles, aliases, items and providers sounds: syllables, two of them
                   that follow one another, and the initials of two

A token carries the fields in which it stands; `START` says that the title begins with it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntFlag
from functools import lru_cache

from catalogs.find.fold import fold, sound
from catalogs.values.model import Department, Resource, Unit

VERSION = "1"
"""Changes whenever the same resource would be given other tokens: an index of another version is stale."""

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PARTS = re.compile(f"(?P<han>[{HAN}]+)|(?P<word>[^\\W_{HAN}]+)")
_FIELD, _TEXT = "\x1e", "\n"
LONGEST_WORD = 40


class In(IntFlag):
    """Where a token stands."""

    TITLE = 1
    ALIAS = 2
    ITEM = 4
    CODE = 8
    PROVIDER = 16
    SUMMARY = 32
    START = 64


FIELDS = (In.TITLE, In.ALIAS, In.ITEM, In.CODE, In.PROVIDER, In.SUMMARY)
_START = int(In.START)
_SOUNDED = {In.TITLE, In.ALIAS, In.ITEM, In.PROVIDER}


@dataclass(frozen=True, slots=True)
class Part:
    """A run of Chinese characters, or a word of other letters."""

    text: str
    han: bool


@lru_cache(maxsize=200_000)
def parts(folded: str) -> tuple[Part, ...]:
    """The runs and words of a folded text, in order; whatever else stands between them is no part."""
    return tuple(Part(found.group(), found.lastgroup == "han") for found in _PARTS.finditer(folded))


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids of a resource's provider and unit stand for."""

    units: Mapping[str, Unit]
    departments: Mapping[str, Department]


def texts(resource: Resource, names: Names) -> dict[In, list[str]]:
    """The texts by which a resource is found, as written."""
    provider, unit = names.departments.get(resource.provider), names.units.get(resource.unit)
    named = [resource.provider]
    if provider:
        named += [provider.name.zh, provider.name.en, provider.uscc or ""]
    if unit:
        named += [unit.name.zh, unit.name.en, *unit.aliases]
    return {
        In.TITLE: _both(resource.title.zh, resource.title.en),
        In.ALIAS: list(resource.aliases),
        In.ITEM: [
            text for item in resource.items for text in (*_both(item.zh, item.en), item.name, *item.aliases) if text
        ],
        In.CODE: [resource.id, *([resource.code] if resource.code else [])],
        In.PROVIDER: [text for text in named if text],
        In.SUMMARY: _both(resource.summary.zh, resource.summary.en),
    }


def _both(zh: str, en: str) -> list[str]:
    return [zh] if zh == en else [zh, en]


def written(found: Mapping[In, Iterable[str]]) -> str:
    """The folded texts of all fields in one text, as the index keeps it."""
    return _FIELD.join(_TEXT.join(_one_line(text) for text in found[field]) for field in FIELDS)


@lru_cache(maxsize=200_000)
def _one_line(text: str) -> str:
    return " ".join(fold(text).replace(_FIELD, " ").split())


def fields(kept: str) -> dict[In, list[str]]:
    """The folded texts by field, out of `written`."""
    return {field: each.split(_TEXT) if each else [] for field, each in zip(FIELDS, kept.split(_FIELD), strict=True)}


def tokens(kept: str) -> dict[str, int]:
    """Every token of a document with the fields in which it stands."""
    found: dict[str, int] = {}
    for field, each in fields(kept).items():
        sounded, bit = field in _SOUNDED, int(field)  # flags are joined a million times: as plain numbers
        for text in each:
            plain, first = _text_tokens(text, sounded)
            for token in plain:
                found[token] = found.get(token, 0) | bit
            if field is In.TITLE:
                for token in first:
                    found[token] |= _START
    return found


@lru_cache(maxsize=200_000)
def _text_tokens(folded: str, sounded: bool) -> tuple[frozenset[str], frozenset[str]]:
    """The tokens of one text, and those of them that begin it."""
    every: set[str] = set()
    first: set[str] = set()
    for number, part in enumerate(parts(folded)):
        own = list(_han_tokens(part.text, sounded) if part.han else [("w:" + part.text[:LONGEST_WORD], True)])
        every.update(token for token, _ in own)
        if number == 0:
            first.update(token for token, begins in own if begins)
    return frozenset(every), frozenset(first)


def _han_tokens(run: str, sounded: bool) -> Iterator[tuple[str, bool]]:
    for at, character in enumerate(run):
        yield character, at == 0
        if at:
            yield run[at - 1 : at + 1], at == 1
    if not sounded:
        return
    said = sound(run)
    for at, syllable in enumerate(said):
        if not syllable:
            continue
        yield f"s:{syllable}", at == 0
        if at and said[at - 1]:
            yield f"p:{said[at - 1]}.{syllable}", at == 1
            yield f"i:{said[at - 1][0]}{syllable[0]}", at == 1
