"""What a closed vocabulary is: values with an id and words in both languages, found by either. Pure."""

from enum import Enum
from functools import cache
from typing import Self, TypeVar

from infra.language import Text
from infra.text import fold


class Word(Enum):
    """A value of a closed vocabulary: `.value` is its id, `.text` its words."""

    text: Text

    def __new__(cls, value: str, zh: str, en: str) -> Self:  # noqa: D102 - Python's own
        word = object.__new__(cls)
        word._value_ = value
        word.text = Text(zh, en)
        return word

    def __str__(self) -> str:
        return str(self.value)

    def __lt__(self, other: Self) -> bool:
        # So that sets of words have one order when written out.
        return str(self.value) < str(other.value)


V = TypeVar("V", bound=Word)


@cache
def _table(vocabulary: type[V]) -> dict[str, V]:
    """Every value by its id and Chinese word, folded."""
    return {fold(word): value for value in vocabulary for word in (value.text.zh, str(value))}


def find(vocabulary: type[V], word: str) -> V | None:
    """The value whose id or Chinese word is `word` (compared folded), or None."""
    known = _table(vocabulary)
    return known.get(word) or known.get(fold(word))
