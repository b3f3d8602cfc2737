"""Postings as they are kept: which documents of a block a token finds, and in which of their fields."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from catalogs.find.tables import BLOCK, POSTING

Masks = npt.NDArray[np.uint8]

_ASKED = 400  # how many tokens one statement names


def encode(found: Mapping[int, int]) -> bytes:
    """Places in a block with their fields, as bytes."""
    places = sorted(found)
    return np.array(places, "<u2").tobytes() + bytes(found[place] for place in places)


def decode(kept: bytes) -> tuple[npt.NDArray[np.uint16], Masks]:
    """Places and fields, out of `encode`."""
    count = len(kept) // 3
    return np.frombuffer(kept, "<u2", count), np.frombuffer(kept, np.uint8, count, offset=count * 2)


def merge(connection: Connection, block: int, wanted: Mapping[str, Mapping[int, int]]) -> None:
    """Lays changes over the postings of one block: fields by token and place; 0 takes the place out."""
    old = dict(_kept(connection, block, sorted(wanted)))
    new: list[dict[str, object]] = []
    for token, changes in wanted.items():
        found = dict(changes)
        if token in old:
            places, masks = decode(old[token])
            found = {**dict(zip(places.tolist(), masks.tolist(), strict=True)), **found}
        left = {place: mask for place, mask in found.items() if mask}
        if left:
            new.append({"token": token, "block": block, "found": encode(left)})
    if old:
        gone = sa.delete(POSTING).where(POSTING.c.token == sa.bindparam("t"), POSTING.c.block == sa.bindparam("b"))
        connection.execute(gone, [{"t": token, "b": block} for token in old])
    if new:
        connection.execute(sa.insert(POSTING), sorted(new, key=lambda row: str(row["token"])))


def _kept(connection: Connection, block: int, tokens: Sequence[str]) -> Iterable[tuple[str, bytes]]:
    query = sa.select(POSTING.c.token, POSTING.c.found).where(POSTING.c.block == block)
    for start in range(0, len(tokens), _ASKED):
        for row in connection.execute(query.where(POSTING.c.token.in_(tokens[start : start + _ASKED]))):
            yield row.token, row.found


class Postings:
    """The postings as a search sees them: for a token, the fields of every document at its number."""

    def __init__(self, connection: Connection, blocks: int) -> None:
        self._connection = connection
        self.size = blocks * BLOCK
        self._known: dict[str, Masks] = {}

    def load(self, tokens: Iterable[str]) -> None:
        """Reads what these tokens find, in one go."""
        wanted = sorted(set(tokens) - self._known.keys())
        for token in wanted:
            self._known[token] = np.zeros(self.size, np.uint8)
        query = sa.select(POSTING.c.token, POSTING.c.block, POSTING.c.found)
        for start in range(0, len(wanted), _ASKED):
            some = wanted[start : start + _ASKED]
            for token, block, kept in self._connection.execute(query.where(POSTING.c.token.in_(some))):
                places, masks = decode(kept)
                if block * BLOCK < self.size:
                    self._known[token][block * BLOCK + places.astype(np.int64)] = masks

    def of(self, token: str) -> Masks:
        """The fields in which the token stands, by number of the document."""
        if token not in self._known:
            self.load([token])
        return self._known[token]

    def any_of(self, tokens: Sequence[str]) -> Masks:
        """As `of`, for whichever of the tokens."""
        self.load(tokens)
        found = np.zeros(self.size, np.uint8)
        for token in tokens:
            found |= self._known[token]
        return found

    def beginning(self, start: str, limit: int) -> list[str]:
        """The tokens that begin with `start`, in order; `limit` at most."""
        query = sa.select(POSTING.c.token).distinct().where(POSTING.c.token >= start)
        query = query.where(POSTING.c.token < start + "\U0010ffff").order_by(POSTING.c.token).limit(limit)
        return list(self._connection.execute(query).scalars())

    def holding(self, kind: str, inside: str, limit: int) -> list[str]:
        """The tokens of a kind (`w:`) with `inside` in them, in order; `limit` at most."""
        token = POSTING.c.token
        query = sa.select(token).distinct().where(token >= kind, token < kind + "\U0010ffff")
        query = query.where(token.contains(inside, autoescape=True)).order_by(token).limit(limit)
        return list(self._connection.execute(query).scalars())
