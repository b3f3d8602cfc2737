"""Commits of a table's log as values, and which versions each file belonged to. Pure.

`lake.store.delta_log` reads them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Lives = Mapping[str, Sequence[tuple[int, int | None]]]
"""Path → the spans of versions that held the file; the end, the first without it, is None while the newest holds it."""


@dataclass(frozen=True, slots=True)
class Added:
    """A file that a commit added: bytes, and the statistics that the log tells of it."""

    path: str
    size: int
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Logged:
    """One commit: what its writer said of it, the files that it added and removed, each removal in milliseconds."""

    version: int
    info: Mapping[str, Any]
    added: tuple[Added, ...]
    removed: tuple[tuple[str, int], ...]


def lives(logged: Iterable[Logged]) -> Lives:
    """Of every file that any version of the table held."""
    held: dict[str, list[tuple[int, int | None]]] = {}
    for commit in logged:
        for path, _ in commit.removed:
            spans = held.get(path, [])
            if spans and spans[-1][1] is None:
                spans[-1] = (spans[-1][0], commit.version)
        for file in commit.added:
            spans = held.setdefault(file.path, [])
            if not spans or spans[-1][1] is not None:
                spans.append((commit.version, None))
    return held


def versions_of(held: Lives, paths: Sequence[str], newest: int) -> list[int]:
    """The versions up to `newest` that held at least one of `paths`, rising."""
    found: set[int] = set()
    for path in paths:
        for begin, end in held.get(path, ()):
            found.update(range(begin, newest + 1 if end is None else end))
    return sorted(found)
