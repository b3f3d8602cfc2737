"""What was asked, as terms: bounded, folded, and of nothing that a database could take for a statement of its own.

A term is what stands between blanks; punctuation and quotes divide and mean nothing. It holds runs of Chinese
characters and words of other letters. A term of letters alone may also be pinyin, whole or begun, or initials.
"""

from dataclasses import dataclass
from itertools import pairwise

from catalogs.find.fold import fold
from catalogs.find.syllables import divisions
from catalogs.find.tokens import LONGEST_WORD, Part, parts
from infra.errors import WrongUse
from infra.language import Text

LONGEST = 200
TERMS = 12


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its folded text and its parts."""

    text: str
    parts: tuple[Part, ...]

    @property
    def letters(self) -> str | None:
        """The letters, where the term is one word of Latin letters, which may be pinyin."""
        if len(self.parts) != 1 or self.parts[0].han:
            return None
        word = self.parts[0].text.replace("ü", "v")
        return word if word.isascii() and word.isalpha() and 2 <= len(word) <= LONGEST_WORD else None

    def tokens(self) -> list[str]:
        """The tokens that the term surely asks for."""
        found = [token for part in self.parts for token in (grams(part.text) if part.han else ["w:" + part.text])]
        if self.letters:
            found += initials(self.letters)
            for said in divisions(self.letters):
                found += syllable_tokens(said[:-1])
        return found


def grams(run: str) -> list[str]:
    """The tokens of a run of Chinese characters: itself when it is one, else each two that follow one another."""
    return [run] if len(run) == 1 else [run[at : at + 2] for at in range(len(run) - 1)]


def initials(letters: str) -> list[str]:
    """The tokens of initials: each two that follow one another."""
    return [f"i:{letters[at : at + 2]}" for at in range(len(letters) - 1)]


def syllable_tokens(said: tuple[str, ...]) -> list[str]:
    """The tokens of whole syllables."""
    if len(said) == 1:
        return [f"s:{said[0]}"]
    return [f"p:{one}.{other}" for one, other in pairwise(said)]


def terms(query: str) -> list[Term]:
    """The terms of a query; none where it holds no letter, digit or Chinese character.

    Raises:
        WrongUse: CATALOG_QUERY_LONG when it is longer than 200 characters or has more than 12 terms.
    """
    if len(query) > LONGEST:
        raise _long()
    found: list[Term] = []
    for word in fold(query).split():
        group: list[Part] = []
        rest = word
        for part in parts(word):
            before, _, rest = rest.partition(part.text)
            if before and group:
                found.append(_term(group))
                group = []
            group.append(Part(part.text[:LONGEST_WORD], part.han) if not part.han else part)
        if group:
            found.append(_term(group))
    unique = list(dict.fromkeys(found))
    if len(unique) > TERMS:
        raise _long()
    return unique


def _term(group: list[Part]) -> Term:
    return Term("".join(part.text for part in group), tuple(group))


def _long() -> WrongUse:
    return WrongUse(
        "CATALOG_QUERY_LONG",
        f"查找词太长：最多 {LONGEST} 个字、{TERMS} 个词",
        f"too much to look for: at most {LONGEST} characters and {TERMS} words",
        remedy=Text("只写最要紧的词", "write the words that matter most"),
    )
