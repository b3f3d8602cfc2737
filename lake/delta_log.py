"""The log of a Delta table as it lies in the store: which versions each file belonged to.

Read from the commits themselves (`_delta_log/<version>.json`), for opening a table at every one of its versions would
take a read of the log each. Paths and versions are all that is taken from them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote

from infra.storage import ObjectStore

LOG = "_delta_log"
Lives = Mapping[str, Sequence[tuple[int, int | None]]]
"""Path → the spans of versions that held the file; the end, the first without it, is None while the newest holds it."""


def lives(store: ObjectStore, key: str) -> Lives:
    """Of every file that any version of the table held."""
    held: dict[str, list[tuple[int, int | None]]] = {}
    for version, lines in _commits(store, key):
        for line in lines:
            action = json.loads(line)
            if "add" in action:
                spans = held.setdefault(unquote(action["add"]["path"]), [])
                if not spans or spans[-1][1] is not None:
                    spans.append((version, None))
            elif "remove" in action:
                spans = held.get(unquote(action["remove"]["path"]), [])
                if spans and spans[-1][1] is None:
                    spans[-1] = (spans[-1][0], version)
    return held


def versions_of(held: Lives, paths: Sequence[str], newest: int) -> list[int]:
    """The versions up to `newest` that held at least one of `paths`, rising."""
    found: set[int] = set()
    for path in paths:
        for begin, end in held.get(path, ()):
            found.update(range(begin, newest + 1 if end is None else end))
    return sorted(found)


def _commits(store: ObjectStore, key: str) -> Iterator[tuple[int, list[bytes]]]:
    """Each commit's version and lines, in their order."""
    for found in store.list(f"{key}/{LOG}"):
        name = found.key.rpartition("/")[2]
        if name.endswith(".json") and name[:20].isdigit() and len(name) == 25:
            with store.open(found.key) as stream:
                yield int(name[:20]), stream.read().splitlines()
