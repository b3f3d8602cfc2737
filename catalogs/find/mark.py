"""The matched part of a text, marked in the text as it was written."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalogs.find.fold import fold_with_places
from catalogs.find.rank import Match
from catalogs.find.tokens import In


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with its matched part: characters `start` to `end` (without) of `text`, of the named field."""

    field: str
    text: str
    start: int
    end: int

    def cut(self, width: int, before: str, after: str) -> str:
        """The text around the matched part, `width` characters at most, with `before` and `after` at its sides."""
        room = max(0, width - (self.end - self.start)) // 2
        left = max(0, self.start - room)
        right = min(len(self.text), self.end + room + max(0, room - self.start))
        ends = ("…" if left else "", "…" if right < len(self.text) else "")
        inner = self.text[self.start : self.end]
        return f"{ends[0]}{self.text[left : self.start]}{before}{inner}{after}{self.text[self.end : right]}{ends[1]}"


def marked(match: Match, originals: Sequence[str]) -> Marked | None:
    """The match in the first of the original texts that holds it; None where none does."""
    piece = match.text[match.start : match.end]
    whole = match.text
    for exact in (True, False):
        for original in originals:
            folded, places = fold_with_places(original)
            if exact and " ".join(folded.split()) != whole:
                continue
            at = folded.find(whole) + match.start if whole in folded else folded.find(piece)
            if at >= 0 and piece:
                return Marked(name(match.field), original, places[at], places[at + len(piece) - 1] + 1)
    return None


def name(field: In) -> str:
    """The field's name, as answers give it."""
    return str(field.name).lower()
