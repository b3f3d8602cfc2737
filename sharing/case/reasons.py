"""A reason: the rule that decided, the article it rests on, and a sentence in both languages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.language import Text


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused, asked for or done. `article` is empty where a rule is the house's own."""

    rule: str
    text: Text
    article: str = ""

    def as_dict(self) -> dict[str, str]:
        """Plain values, for the database, the ledger and JSON."""
        return {"rule": self.rule, "article": self.article, "zh": self.text.zh, "en": self.text.en}

    def sentence(self) -> Text:
        """The sentence with rule and article, as a person reads it."""
        cited = f"{self.rule}: {self.article}" if self.article else self.rule
        return Text(f"{self.text.zh}（{cited}）", f"{self.text.en} ({cited})")


def from_dict(stored: Mapping[str, str]) -> Reason:
    """The reason that `as_dict` stored."""
    return Reason(stored["rule"], Text(stored["zh"], stored["en"]), stored.get("article", ""))


def sentences(reasons: Iterable[Reason]) -> tuple[Text, ...]:
    """The sentences of `reasons`, in order."""
    return tuple(reason.sentence() for reason in reasons)
