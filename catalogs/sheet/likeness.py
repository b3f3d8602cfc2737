"""How alike two short texts are: the one door to the library that judges typing errors."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process


def likeness(text: str, names: Iterable[str], floor: float) -> tuple[str, float] | None:
    """The name that is most like the text and by how much of 100; None where none reaches the floor."""
    found = process.extractOne(text, list(names), scorer=fuzz.ratio, score_cutoff=floor)
    return (found[0], float(found[1])) if found else None
