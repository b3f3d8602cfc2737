"""What the columns of a file may be called: the spellings of a contract's fields, folded. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from infra.text import fold

Row = Sequence[str | None]


class Wanted(Protocol):
    """The part of a contract's field that matching looks at."""

    @property
    def name(self) -> str:
        """The handed-over column's name."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every spelling."""

    @property
    def required(self) -> bool:
        """Refused without it."""


def chinese(wanted: Wanted) -> str:
    """A field for a Chinese sentence: the contract's first other spelling, its Chinese name as a rule, and its name."""
    title = next((spelling for spelling in wanted.names if spelling != wanted.name), None)
    return wanted.name if title is None else f"{title}（{wanted.name}）"


def spellings(fields: Sequence[Wanted]) -> dict[str, str]:
    """Folded spelling → field name."""
    return {fold(spelling): wanted.name for wanted in fields for spelling in (wanted.name, *wanted.names)}


def numbered(name: str | None, position: int) -> str:
    """What a contract calls a column whose name does not tell: `#2` without one, `a#2` where `a` came before."""
    return f"{(name or '').strip()}#{position + 1}"


@dataclass(frozen=True, slots=True)
class Names:
    """What a header may say: the folded spellings of the fields, and the pattern of columns that are unpivoted."""

    fields: dict[str, str]
    wide: re.Pattern[str] | None = None

    def has(self, name: str) -> bool:
        """Whether the contract speaks of a column of this name."""
        return fold(name) in self.fields or (self.wide is not None and self.wide.fullmatch(name.strip()) is not None)

    def hits(self, names: Row) -> tuple[int, int]:
        """How many fields the names stand for, and how many columns that are unpivoted; each counts once."""
        found: dict[str, bool] = {}
        unclear: list[str] = []
        for position, name in enumerate(names):
            if name and self.has(name):
                called = self.fields.get(fold(name)) or name
                if called in found:
                    unclear.append(numbered(name, position))
                found[called] = fold(name) in self.fields
            elif not name or not name.strip():
                unclear.append(numbered(name, position))
        fields = sum(found.values())
        by_number = {self.fields[fold(name)] for name in unclear if fields and fold(name) in self.fields}
        return fields + len(by_number - found.keys()), len(found) - fields


def names_of(fields: Sequence[Wanted], wide: str | None = None) -> Names:
    """What a header may say."""
    return Names(spellings(fields), re.compile(wide) if wide else None)
