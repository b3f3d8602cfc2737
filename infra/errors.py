"""One family of errors: a stable code, a sentence in Chinese and in English, the place, the remedy.

- `Refused` (exit 1): data or policy says no.
- `WrongUse` (exit 2): the caller asked for something that cannot be asked.
- `Unavailable` (exit 1): a service, a disk or a lock is not there; asking again later may succeed.

Codes are UPPER_SNAKE with the prefix of what raised them (`STORE_KEY`, `READ_ENCODING`) and never change their meaning.
A sentence holds no secret and no value above the reader's clearance: whoever writes one keeps to names and counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from infra.language import Text

_WORDS = {
    "file": Text("文件 {}", "file {}"),
    "sheet": Text("工作表 {}", "sheet {}"),
    "row": Text("第 {} 行", "row {}"),
    "column": Text("列 {}", "column {}"),
    "dataset": Text("数据集 {}", "dataset {}"),
    "delivery": Text("归集批次 {}", "delivery {}"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happened. Rows count from 1, as the file's own editor shows them."""

    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | int | None = None
    dataset: str | None = None
    delivery: str | None = None

    def _parts(self) -> Iterator[tuple[str, str | int]]:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                yield field.name, value

    def say(self, lang: str) -> str:
        """The place in words, empty when nothing is known of it."""
        separator = "，" if lang == "zh" else ", "
        return separator.join(_WORDS[name].say(lang).format(value) for name, value in self._parts())

    def as_dict(self) -> dict[str, str | int]:
        """The known parts alone."""
        return dict(self._parts())


class HubError(Exception):
    """The base of all errors that a person or a program may see.

    Attributes:
        code: stable, UPPER_SNAKE.
        text: one sentence in both languages.
        place: where, or None.
        remedy: what to do next, or None.
        reasons: why, each in both languages, when there is more than one reason.
        exit_status: the exit status of the command that ends with it.
    """

    exit_status = 1

    def __init__(
        self,
        code: str,
        zh: str,
        en: str,
        *,
        place: Place | None = None,
        remedy: Text | None = None,
        reasons: Sequence[Text] = (),
    ) -> None:
        super().__init__(code, zh, en)
        self.code = code
        self.text = Text(zh, en)
        self.place = place
        self.remedy = remedy
        self.reasons = tuple(reasons)

    def __str__(self) -> str:
        return self.sentence("en")

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders (Airflow, worker processes): keep what keyword arguments carried.
        return _rebuild, (type(self), self.code, self.text, self.place, self.remedy, self.reasons)

    def sentence(self, lang: str) -> str:
        """Code, sentence, place, reasons and remedy as one paragraph for a person."""
        opening, closing = ("（", "）") if lang == "zh" else (" (", ")")
        said = f"{self.code}: {self.text.say(lang)}"
        where = self.place.say(lang) if self.place else ""
        if where:
            said += f"{opening}{where}{closing}"
        for reason in self.reasons:
            said += f"\n  - {reason.say(lang)}"
        if self.remedy:
            said += f"\n  {'处理办法：' if lang == 'zh' else 'what to do: '}{self.remedy.say(lang)}"
        return said

    def as_dict(self, lang: str) -> dict[str, Any]:
        """The shape every door shows: code, message, place, remedy, reasons."""
        return {
            "code": self.code,
            "message": self.text.say(lang),
            "place": self.place.as_dict() if self.place else None,
            "remedy": self.remedy.say(lang) if self.remedy else None,
            "reasons": [reason.say(lang) for reason in self.reasons],
        }


def _rebuild(
    kind: type[HubError], code: str, text: Text, place: Place | None, remedy: Text | None, reasons: tuple[Text, ...]
) -> HubError:
    return kind(code, text.zh, text.en, place=place, remedy=remedy, reasons=reasons)


class Refused(HubError):
    """Data or policy says no."""


class WrongUse(HubError):
    """The caller asked for something that cannot be asked."""

    exit_status = 2


class Unavailable(HubError):
    """A service, a disk or a lock is not there."""
