"""Facets: a few closed values of each document, by which hits are counted and filtered.

A block keeps a facet as the names that occur in it and one two-byte code a document (0: no document stands there). The
length of the title stands beside them as one more column: it orders hits that are equal otherwise.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.find.tables import BLOCK, FACET
from catalogs.values.model import Resource

FACETS = ("unit", "domain", "provider", "grade", "sharing", "openness", "frequency", "format", "example")
_LENGTH = "length"


def values(resource: Resource) -> dict[str, str]:
    """The value of every facet of a resource."""
    return {
        "unit": resource.unit,
        "domain": resource.domain,
        "provider": resource.provider,
        "grade": resource.grade.id,
        "sharing": str(resource.sharing_attribute),
        "openness": str(resource.openness),
        "frequency": str(resource.update_frequency),
        "format": str(resource.data_format),
        "example": "yes" if resource.example else "no",
    }


def merge(connection: Connection, block: int, wanted: Mapping[int, Resource | None]) -> None:
    """Lays documents over the facets of one block, by place; None takes the document out."""
    kept = {
        row.facet: (list(row.names), np.frombuffer(row.codes, "<u2").copy())
        for row in connection.execute(sa.select(FACET).where(FACET.c.block == block))
    }
    connection.execute(sa.delete(FACET).where(FACET.c.block == block))
    of = {place: values(resource) if resource else None for place, resource in wanted.items()}
    rows = []
    for facet in FACETS:
        names, codes = kept.get(facet, ([], np.zeros(BLOCK, "<u2")))
        known = {name: code for code, name in enumerate(names, 1)}
        for place, said in of.items():
            codes[place] = known.setdefault(said[facet], len(known) + 1) if said else 0
        rows.append({"block": block, "facet": facet, "names": list(known), "codes": codes.tobytes()})
    _, lengths = kept.get(_LENGTH, ([], np.zeros(BLOCK, "<u2")))
    for place, resource in wanted.items():
        lengths[place] = min(len(resource.title.zh), 60_000) + 1 if resource else 0
    rows.append({"block": block, "facet": _LENGTH, "names": [], "codes": lengths.tobytes()})
    connection.execute(sa.insert(FACET), rows)


@dataclass(frozen=True, slots=True)
class _Column:
    names: list[str]
    codes: npt.NDArray[np.uint16]


class Facets:
    """The facets of all documents, as a search sees them."""

    def __init__(self, connection: Connection) -> None:
        rows: list[Any] = list(connection.execute(sa.select(FACET)))
        self.blocks = 1 + max((row.block for row in rows), default=-1)
        self._columns: dict[tuple[str, int], _Column] = {
            (row.facet, row.block): _Column(row.names, np.frombuffer(row.codes, "<u2")) for row in rows
        }

    def lengths(self) -> npt.NDArray[np.uint16]:
        """The length of each document's title, plus one; 0 where there is no document."""
        found = np.zeros(self.blocks * BLOCK, np.uint16)
        for block in range(self.blocks):
            column = self._columns.get((_LENGTH, block))
            if column is not None:
                found[block * BLOCK : (block + 1) * BLOCK] = column.codes
        return found

    def having(self, facet: str, wanted: frozenset[str]) -> npt.NDArray[np.bool_]:
        """Whether each document has one of the wanted values."""
        found = np.zeros(self.blocks * BLOCK, np.bool_)
        for block in range(self.blocks):
            column = self._columns.get((facet, block))
            if column is None:
                continue
            codes = [code for code, name in enumerate(column.names, 1) if name in wanted]
            found[block * BLOCK : (block + 1) * BLOCK] = np.isin(column.codes, codes)
        return found

    def count(self, facet: str, among: npt.NDArray[np.bool_]) -> list[tuple[str, int]]:
        """How many documents of `among` have each value, most first, then by name."""
        found: Counter[str] = Counter()
        for block in range(self.blocks):
            column = self._columns.get((facet, block))
            if column is None:
                continue
            some = column.codes[among[block * BLOCK : (block + 1) * BLOCK]]
            counts = np.bincount(some, minlength=len(column.names) + 1)
            found.update({name: int(counts[code]) for code, name in enumerate(column.names, 1) if counts[code]})
        return sorted(found.items(), key=lambda each: (-each[1], each[0]))
