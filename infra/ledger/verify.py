"""The check of the stored rows: everything is read and hashed again, and held against tiles, checkpoints, keys."""

from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from infra.ledger import store
from infra.ledger.audit import Audit
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.entry import canonical_object, leaf_hash
from infra.ledger.keys import LedgerKeys
from infra.ledger.merkle import HASH_BYTES, Frontier
from infra.ledger.note import Verifier
from infra.ledger.report import At, Findings, Report
from infra.ledger.signed import Checkpoints
from infra.ledger.store import StoredEntry
from infra.ledger.tables import CONTENT, ENTRY, KEY, TILE
from infra.ledger.tiles import WIDTH, expected_tiles, extend, split
from infra.ledger.trust import Trust

_PAGE = 2 * WIDTH


def verify_rows(
    connection: Connection,
    origin: str,
    keys: LedgerKeys,
    trusted: Iterable[Verifier] | None,
    kept: Checkpoint | None = None,
) -> Report:
    """Recomputes the whole log in one snapshot; its memory grows by some twenty bytes an entry.

    Args:
        connection: a reading transaction.
        origin: the log's name.
        keys: tell genuine waiting entries from forged ones.
        trusted: the keys that the log must lead back to; None takes the database's word for them.
        kept: a checkpoint kept outside the database, read before the transaction began: the log must extend it.
    """
    findings = Findings()
    texts = connection.execute(sa.select(KEY.c.verifier).order_by(KEY.c.position)).scalars()
    trust = Trust(origin, list(texts), trusted, findings)
    checkpoints = Checkpoints(origin, _notes(connection, findings), trust, findings, kept)
    return _Rows(connection, Audit(origin, checkpoints, trust, findings), keys).run()


def _notes(connection: Connection, findings: Findings) -> Iterator[tuple[str, At]]:
    for expected, (number, size, note) in enumerate(store.checkpoints(connection), start=1):
        if number != expected or f"\n{size}\n" not in note:
            findings.fault(
                "checkpoint_order",
                f"第 {expected} 个检查点的编号或大小不对",
                f"checkpoint {expected} has a wrong number or size",
                At(),
            )
        yield note, At()


class _Rows:
    def __init__(self, connection: Connection, audit: Audit, keys: LedgerKeys) -> None:
        self.connection = connection
        self.keys = keys
        self.audit = audit
        self.size = store.head_size(connection)
        # Leaves that differ from their tile since the last good root: by place, the row's and the tile's hash.
        self.differing: dict[int, tuple[int, bytes, bytes]] = {}
        self.by_tiles = Frontier()

    def run(self) -> Report:
        self._head()
        self._entries()
        self._upper_tiles()
        pending = self._pending()
        self._strays()
        return self.audit.finish().with_pending(pending)

    def _head(self) -> None:
        if store.newest_size(self.connection) != self.size:
            self.audit.fault(
                "head_changed",
                f"存证树大小记为 {self.size}，与最新检查点不符",
                f"the log's size is noted as {self.size}, which is not that of the newest checkpoint",
                At(),
            )

    def _entries(self) -> None:
        position, first = 0, 0
        while True:
            tile = store.read_tile(self.connection, 0, position)
            rows = store.indexed(self.connection, first, WIDTH)
            width = max(0, min(WIDTH, self.size - first))
            if len(tile) != width * HASH_BYTES:
                self._tile_fault(0, position)
            if not rows and width == 0:
                break
            self._tile_of_entries(first, width, tile, {row.leaf_index: row for row in rows})
            position, first = position + 1, first + WIDTH
        if store.indexed(self.connection, first, 1 << 62):
            self.audit.fault(
                "entry_added", "存证树之外有已编号的记录", "entries have places far beyond the end of the log", At()
            )

    def _tile_of_entries(self, first: int, width: int, tile: bytes, rows: Mapping[int | None, StoredEntry]) -> None:
        last = max((place for place in rows if place is not None), default=first - 1)
        for index in range(first, max(first + width, last + 1)):
            kept = tile[(index - first) * HASH_BYTES :][:HASH_BYTES]
            row = rows.get(index)
            if row is None:
                self.audit.fault("entry_missing", "记录缺失", "an entry is missing", At(), index)
                self.audit.leaf(kept.ljust(HASH_BYTES, b"\0"))
            else:
                leaf = self._row(row)
                if leaf != kept and index < self.size:
                    self.differing[index] = (row.number, leaf, kept)
            self.by_tiles.add(kept.ljust(HASH_BYTES, b"\0"))
            self._settle()

    def _row(self, row: StoredEntry) -> bytes:
        at = At(number=row.number)
        content = None if row.salt is None or row.content is None else (row.salt, row.content)
        leaf = self.audit.entry(row.body, at, content)
        self._columns(row, leaf)
        if self.audit.size > self.size:
            self.audit.fault(
                "entry_added",
                "该记录在存证树之外",
                "the entry is beyond the end of the log",
                at,
                row.leaf_index,
            )
        return leaf

    def _columns(self, row: StoredEntry, leaf: bytes) -> None:
        fields = canonical_object(row.body) or {}
        if row.hash != leaf or row.once != fields.get("once"):
            self.audit.fault(
                "entry_columns",
                "记录旁的散列或幂等键与记录不符",
                "the hash or the once key beside the entry is not the entry's own",
                At(number=row.number),
                row.leaf_index,
            )

    def _settle(self) -> None:
        """At each checkpoint: says of the leaves that differ from their tile which of the two is wrong."""
        due = self.audit.checkpoints.due
        if due is None or not self.differing:
            return
        tiles_hold = self.by_tiles.root() == due.root
        homes = {kept: index for index, (_, _, kept) in self.differing.items()}
        for index, (number, leaf, _) in self.differing.items():
            if not tiles_hold and self.audit.checkpoints.last_good is due:
                self._tile_fault(0, index // WIDTH)
            elif leaf in homes:
                self.audit.fault(
                    "entry_moved",
                    f"记录被移动，原在第 {homes[leaf]} 位",
                    f"the entry was moved here from place {homes[leaf]}",
                    At(number=number),
                    index,
                )
            else:
                self.audit.fault("entry_changed", "记录被改动", "the entry was changed", At(number=number), index)
        self.differing.clear()

    def _upper_tiles(self) -> None:
        """Recomputes each level from the one below, tile by tile."""
        levels = expected_tiles(self.size)
        for level in range(1, max(levels, default=0) + 1):
            for position in range(-(-levels[level] // WIDTH)):
                count = min(WIDTH, levels[level] - position * WIDTH)
                if store.read_tile(self.connection, level, position) != self._parents(level, position, count):
                    self._tile_fault(level, position)
        expected = {level: -(-count // WIDTH) for level, count in levels.items()}
        stored = sa.select(TILE.c.level, sa.func.count(), sa.func.max(TILE.c.position)).group_by(TILE.c.level)
        for level, count, last in self.connection.execute(stored):
            if count != expected.get(level, 0) or last != expected.get(level, 0) - 1:
                self._tile_fault(level, last)

    def _parents(self, level: int, position: int, count: int) -> bytes:
        hashes = []
        for child in range(position * WIDTH, position * WIDTH + count):
            below = store.read_tile(self.connection, level - 1, child)
            if len(below) != WIDTH * HASH_BYTES:
                return b""
            hashes.append(extend(0, split(below), _none)[1, 0])
        return b"".join(hashes)

    def _tile_fault(self, level: int, position: int) -> None:
        self.audit.fault(
            "tile_changed",
            f"存储块 {level}/{position} 被改动或缺失",
            f"tile {level}/{position} was changed or is missing",
            At(),
        )

    def _pending(self) -> int:
        """Waiting entries: each must bear our mark. Returns how many do."""
        count, after = 0, 0
        while page := store.pending(self.connection, after, _PAGE, contents=True):
            after = page[-1].number
            for row in page:
                at = At(number=row.number)
                if not self.keys.is_genuine(row.body, row.mark):
                    self.audit.fault("entry_added", "该记录不是本系统写入", "we never wrote this entry", at)
                    continue
                count += 1
                self._columns(row, leaf_hash(row.body))
                self._pending_content(row, at)
        return count

    def _pending_content(self, row: StoredEntry, at: At) -> None:
        fields = self.audit.waits(row.body, row.number)
        if row.salt is None or row.content is None:
            self.audit.without_content(row.hash, None, at)
        else:
            self.audit.check_content(fields, (row.salt, row.content), at, None)

    def _strays(self) -> None:
        known = sa.select(ENTRY.c.number).where(ENTRY.c.number == CONTENT.c.number).exists()
        for number in self.connection.execute(sa.select(CONTENT.c.number).where(~known).limit(100)).scalars():
            self.audit.fault("content_added", "内容没有对应的记录", "a content belongs to no entry", At(number=number))


def _none(_level: int, _position: int) -> bytes:
    return b""
