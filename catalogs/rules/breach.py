"""What a broken rule is: its code, where, and the sentences. Pure."""

from dataclasses import dataclass

from infra.language import Text


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that is broken: its code, the key at fault, the item (or None) and the sentences."""

    code: str
    key: str
    text: Text
    remedy: Text
    item: str | None = None
