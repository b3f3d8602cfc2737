"""A Merkle tree kept as tiles (C2SP tlog-tiles): 256 hashes wide, eight levels of the tree high. Pure.

Tile (level, position) holds the hashes of complete subtrees of 256**level leaves, from number 256·position on. Only the
rightmost tile of a level is narrower; it grows in place, and its beginning never changes. Every proof is computed from
the tiles on two paths of the tree: three or four tiles each for ten million leaves.
"""

from collections.abc import Callable, Sequence

from infra.ledger.merkle import EMPTY_ROOT, HASH_BYTES, fold, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT

TileKey = tuple[int, int]
ReadTile = Callable[[int, int], bytes]


class Tree:
    """A tree of `size` leaves whose tiles are read through `read`, each at most once.

    `read(level, position)` returns the tile's hashes, joined; it may return more than `size` needs.

    Raises:
        TilesIncomplete: from every method, when a tile is missing or too short.
    """

    def __init__(self, size: int, read: ReadTile) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[TileKey, bytes] = {}

    def root(self) -> bytes:
        """The root of the whole tree."""
        return self._range(0, self.size)

    def inclusion(self, index: int) -> list[bytes]:
        """The proof that the leaf at `index` is in the tree, from the leaf's sibling upwards (RFC 6962, 2.1.1)."""
        if not 0 <= index < self.size:
            message = f"no leaf {index} in a tree of {self.size}"
            raise ValueError(message)
        start, end, proof = 0, self.size, []
        while end - start > 1:
            split = start + _largest_power_below(end - start)
            if index < split:
                proof.append(self._range(split, end))
                end = split
            else:
                proof.append(self._range(start, split))
                start = split
        return proof[::-1]

    def consistency(self, old_size: int) -> list[bytes]:
        """The proof that the first `old_size` leaves are the beginning of this tree (RFC 6962, 2.1.2)."""
        if not 0 <= old_size <= self.size:
            message = f"no beginning of {old_size} in a tree of {self.size}"
            raise ValueError(message)
        if old_size in (0, self.size):
            return []
        start, end, proof, whole = 0, self.size, [], True
        while end != old_size:
            split = start + _largest_power_below(end - start)
            if old_size <= split:
                proof.append(self._range(split, end))
                end = split
            else:
                proof.append(self._range(start, split))
                start, whole = split, False
        if not whole:
            proof.append(self._range(start, end))
        return proof[::-1]

    def leaf(self, index: int) -> bytes:
        """The leaf hash at `index`."""
        return self._hashes(0, index, 1)[0]

    def _range(self, start: int, end: int) -> bytes:
        """The root over leaves [start, end); `start` is a multiple of every complete subtree inside."""
        edge = []
        while start < end:
            size = 1 << ((end - start).bit_length() - 1)
            edge.append(self._subtree(start, size))
            start += size
        return fold(edge) if edge else EMPTY_ROOT

    def _subtree(self, start: int, size: int) -> bytes:
        height = size.bit_length() - 1
        level, inside = divmod(height, HEIGHT)
        hashes = self._hashes(level, start >> (HEIGHT * level), 1 << inside)
        return _reduce(hashes)

    def _hashes(self, level: int, first: int, count: int) -> list[bytes]:
        position, offset = divmod(first, WIDTH)
        key = (level, position)
        if key not in self._tiles:
            self._tiles[key] = self._read(level, position)
        tile = self._tiles[key]
        if len(tile) < (offset + count) * HASH_BYTES:
            raise TilesIncomplete(level, position)
        return [tile[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(offset, offset + count)]


class TilesIncomplete(Exception):
    """A stored tile is missing or too short: the store is damaged."""

    def __init__(self, level: int, position: int) -> None:
        super().__init__(level, position)
        self.level = level
        self.position = position


def extend(size: int, leaves: Sequence[bytes], read: ReadTile) -> dict[TileKey, bytes]:
    """The tiles to write when `leaves` (leaf hashes) follow a tree of `size` leaves: new ones and grown ones."""
    written: dict[TileKey, bytes] = {}
    level, arriving = 0, list(leaves)
    while arriving:
        count = size >> (HEIGHT * level)
        position, width = divmod(count, WIDTH)
        tile = bytearray(read(level, position)[: width * HASH_BYTES] if width else b"")
        if len(tile) != width * HASH_BYTES:
            raise TilesIncomplete(level, position)
        completed, taken = [], 0
        while taken < len(arriving):
            part = arriving[taken : taken + WIDTH - len(tile) // HASH_BYTES]
            taken += len(part)
            tile += b"".join(part)
            written[level, position] = bytes(tile)
            if len(tile) == WIDTH * HASH_BYTES:
                completed.append(_reduce(split(bytes(tile))))
                position, tile = position + 1, bytearray()
        level, arriving = level + 1, completed
    return written


def split(tile: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def expected_tiles(size: int) -> dict[int, int]:
    """How many hashes each level of a tree of `size` leaves holds, by level."""
    levels, level = {}, 0
    while size >> (HEIGHT * level):
        levels[level] = size >> (HEIGHT * level)
        level += 1
    return levels


def _reduce(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def _largest_power_below(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)
