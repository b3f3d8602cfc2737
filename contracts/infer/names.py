"""A header as a column: its name, its Chinese and English names, and the unit that stands in it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.infer.units import unit, unit_of
from contracts.infer.words import ENGLISH, english
from infra.text import fold

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_BRACKETS = re.compile(r"[(（\[【]\s*([^()（）\[\]【】]{1,20})\s*[)）\]】]")
_WORD = re.compile(r"[\u3400-\u9fff]+|[A-Za-z]+[0-9]*(?:[.,][0-9]+)?|[0-9]+[A-Za-z]*")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAME_MOST = 60


@dataclass(frozen=True, slots=True)
class Named:
    """How a column is called.

    Attributes:
        header: as the file has it.
        name: lower snake case, unique in the table.
        zh: the Chinese name; `en` the English one.
        unit: the unit that stands in the header.
        known: every word of a Chinese header is in the list.
    """

    header: str
    name: str
    zh: str
    en: str
    unit: str | None
    known: bool


def named(headers: Sequence[str]) -> tuple[Named, ...]:
    """The columns of a table, no two of them and no header of another one under one name."""
    folded = {fold(header): at for at, header in enumerate(headers)}
    taken: set[str] = set()
    titles: set[str] = set()
    made = []
    for at, header in enumerate(headers):
        stem, words, known = _stem(header)
        name, number = stem, 2
        while name in taken or folded.get(name, at) != at or name in titles:
            tail = f"_{number}"
            name, number = stem[: _NAME_MOST - len(tail)] + tail, number + 1
        taken.add(name)
        zh = _title(header, words, name, taken | titles | (folded.keys() - {fold(header)}))
        if fold(zh) in titles or fold(zh) in taken - {name}:  # long headers that differ at their ends
            zh = name
        titles.add(fold(zh))
        made.append(Named(header, name, zh, " ".join(words) or name, unit_of(header), known))
    return tuple(made)


def _stem(header: str) -> tuple[str, list[str], bool]:
    """The name that the header makes by itself, its English words, whether they were all known."""
    bare = _BRACKETS.sub(lambda found: "" if unit(found[1]) else f" {found[1]} ", header)
    words: list[str] = []
    known = True
    for part in _WORD.findall(bare if bare.strip() else header):
        if _CHINESE.match(part):
            found = english(part)
            words += [word for word, _ in found]
            known = known and all(sure for _, sure in found)
        else:
            words += [piece.lower() for piece in _CAMEL.split(part)]
    stem = re.sub(r"[^a-z0-9]+", "_", "_".join(words)).strip("_")[:_NAME_MOST].strip("_")
    if not stem:
        stem = "column"
    return (stem if stem[0].isalpha() else f"c_{stem}"), [word.replace("_", " ") for word in words], known


def _title(header: str, words: Sequence[str], name: str, others: set[str]) -> str:
    """The Chinese name: the header where it is Chinese or nothing better is known; no name of another column."""
    plain = " ".join(header.split())[:200] or name
    if _CHINESE.search(header):
        return plain
    found = [ENGLISH.get(word) for word in words]
    made = "".join(word for word in found if word)
    return made if made and all(found) and fold(made) not in others else plain
