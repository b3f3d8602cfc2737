"""What a column of the form is, as a value. Pure."""

from dataclasses import dataclass
from enum import Enum, auto

from catalogs.values.word import Word
from infra.language import Text


class Kind(Enum):
    """How the cells of a column are read and written."""

    TEXT = auto()
    WORD = auto()
    WORDS = auto()
    GRADE = auto()
    TYPE = auto()
    LIST = auto()
    FLAG = auto()
    DATE = auto()
    DECIMAL = auto()
    COUNT = auto()
    OPEN = auto()
    IMPACTS = auto()
    PROVIDER = auto()
    DOMAIN = auto()
    NAME = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the key of what it holds, its heading, one plain sentence with an example, and other headings.

    `part` is the place in the resource that `key` names where both differ; `longest` in characters; `first` marks the
    nine fields of Decree 809 Art. 13 and what belongs to them; `needed` what every entry must have.
    """

    key: str
    zh: str
    en: str
    note: str
    kind: Kind = Kind.TEXT
    words: type[Word] | None = None
    also: tuple[str, ...] = ()
    longest: int = 1000
    first: bool = False
    needed: bool = False
    width: int = 16

    @property
    def title(self) -> Text:
        """Its name in both languages."""
        return Text(self.zh, self.en)

    @property
    def asked(self) -> str:
        """Whether it has to be filled in, in the words of the form."""
        if self.needed:
            return "必填"
        return "按情况填" if self.first or "的必填" in self.note else "可空着"

    @property
    def explained(self) -> str:
        """Its sentence without what `asked` says already."""
        return "" if self.note == "可空着" else self.note.removesuffix("，可空着").removeprefix("可空着。")
