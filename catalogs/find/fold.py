"""How a text is made comparable, and how it sounds: the one door to opencc and pypinyin.

Folding goes character by character, so that a part of a text folds to a part of the folded text: compatibility form
(full width to half width), case, traditional to simplified. What a phrase would decide (乾隆, 乾燥) is not asked.
"""

import unicodedata
from functools import lru_cache
from typing import Any

_HELD = 200_000  # texts of a register repeat: names of items, departments


@lru_cache(maxsize=1)
def _simplifier() -> Any:
    import opencc  # noqa: PLC0415 - its dictionaries are not for commands that search nothing

    return opencc.OpenCC("t2s")


@lru_cache(maxsize=_HELD)
def _folded_character(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character).casefold()
    return plain if plain.isascii() else str(_simplifier().convert(plain))


@lru_cache(maxsize=_HELD)
def fold(text: str) -> str:
    """The text in its comparable form; folding again changes nothing."""
    return "".join(map(_folded_character, text))


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the place in `text` that it comes from."""
    folded = [_folded_character(character) for character in text]
    return "".join(folded), [place for place, some in enumerate(folded) for _ in some]


@lru_cache(maxsize=_HELD)
def sound(run: str) -> tuple[str, ...]:
    """The syllables of a run of Chinese characters, without tones, `ü` as `v`: one a character, "" where unknown.

    A character of several readings is read as its phrase in the dictionary says.
    """
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - a quarter of a second

    # A list stands for each of the unknown characters; pypinyin's types know of one text alone.
    found = lazy_pinyin(run, errors=lambda unknown: [""] * len(unknown))  # type: ignore[arg-type, return-value]
    return tuple(each if each.isascii() else "" for each in found)
