"""The sequencer: gives durable entries their place in the log, stores the tiles, signs the checkpoint.

One process at a time holds the lease; the head row fences whoever lost it without knowing. Everything of one step
(places, tiles, checkpoint, head) is one transaction, so a crash at any line leaves the step done or not begun, and
the next step starts from what is stored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from infra.crypto import sha256
from infra.errors import Unavailable
from infra.language import Text
from infra.ledger import store
from infra.ledger.acts import Act
from infra.ledger.anchor import Anchor
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.entry import EntryRef, NewEntry, leaf_hash
from infra.ledger.holding import damaged, hold, incomplete
from infra.ledger.keys import LedgerKeys, Signer
from infra.ledger.note import sign_note
from infra.ledger.store import StoredEntry
from infra.ledger.tables import CHECKPOINT, ENTRY, HEAD, KEY
from infra.ledger.tiles import TilesIncomplete, Tree, extend

STEP = 16_384  # entries a transaction: bounds its memory and how long writers wait for it

Append = Callable[[Sequence[NewEntry], Connection], list[EntryRef]]


@dataclass(frozen=True, slots=True)
class Step:
    """What one transaction did: the newest checkpoint, and whether more entries wait."""

    checkpoint: Checkpoint
    more: bool


@dataclass(frozen=True, slots=True)
class Sequencer:
    """One step at a time, inside the caller's write transaction.

    Attributes:
        origin: the log's name in its checkpoints.
        keys: signs, and tells genuine entries from forged ones.
        anchor: the checkpoint kept outside the database, which the log must extend.
        append: writes the ledger's own entries inside the transaction.
        size: entries a step.
    """

    origin: str
    keys: LedgerKeys
    anchor: Anchor
    append: Append
    size: int = STEP

    def step(self, connection: Connection, token: int) -> Step:
        """Indexes what is durable, at most `size` entries.

        Raises:
            Unavailable: `LEDGER_FENCED` when a later sequencer has already taken over, `LEDGER_DAMAGED` when tiles that
                the proofs need are missing, `LEDGER_HISTORY_…` when signed history is: nothing is signed over that.
        """
        old = self._fence(connection, token)
        signer = self.keys.signer(self.origin)
        # Read behind the fence: nobody commits a checkpoint now, so the kept one cannot run ahead of what we see.
        kept = self.anchor.read()
        newest = hold(connection, self.origin, self.keys, kept)
        former = self._announce(connection, signer)
        if kept is None and newest is not None:
            self._adopt(connection, newest)
        waiting, more = self._genuine(connection)
        if not waiting and newest is not None:
            return Step(newest, more=False)
        if newest is not None:
            waiting.append(self._record_previous(connection, newest))
        root = self._extend(connection, old, waiting)
        unsigned = Checkpoint(self.origin, old + len(waiting), root)
        signers = [(each.verifier, each.sign) for each in (signer, former) if each is not None]
        note = str(sign_note(unsigned.text(), signers))
        self._store_checkpoint(connection, unsigned.size, note)
        self._advance(connection, old, unsigned.size, token)
        return Step(Checkpoint(self.origin, unsigned.size, root, note), more)

    def _fence(self, connection: Connection, token: int) -> int:
        statement = sa.update(HEAD).where(HEAD.c.one == 1, HEAD.c.token <= token).values(token=token)
        if connection.execute(statement).rowcount != 1:
            raise _fenced()
        return store.head_size(connection)

    def _announce(self, connection: Connection, signer: Signer) -> Signer | None:
        """Enters a key that signs for the first time into the log; returns its predecessor, who signs once more."""
        known = connection.execute(sa.select(KEY.c.id, KEY.c.verifier).order_by(KEY.c.position)).all()
        verifier = str(signer.verifier)
        if verifier in [row.verifier for row in known]:
            return None
        connection.execute(sa.insert(KEY).values(id=signer.id, verifier=verifier, position=len(known)))
        once = f"infra.ledger:key:{verifier}"
        announced = NewEntry(Act.LEDGER_KEY_ANNOUNCED, "infra.ledger", verifier, {"key": signer.id}, once)
        self.append([announced], connection)
        return self.keys.former(known[-1].id, known[-1].verifier) if known else None

    def _adopt(self, connection: Connection, newest: Checkpoint) -> None:
        """Enters that this log was taken on trust: none was kept beside the keys, or an operator laid it aside."""
        given_up = self.anchor.given_up()
        content = {"taken": _named(newest), "given_up": None if given_up is None else _named(given_up)}
        subject = f"checkpoint:{newest.size}:{_digest(newest)}"
        once = f"infra.ledger:adopted:{newest.size}" + ("" if given_up is None else f":{_digest(given_up)}")
        self.append([NewEntry(Act.LEDGER_ADOPTED, "infra.ledger", subject, content, once)], connection)

    def _genuine(self, connection: Connection) -> tuple[list[StoredEntry], bool]:
        """Waiting entries that our own processes wrote. Any other row stays without a place; `verify` reports it."""
        found: dict[bytes, StoredEntry] = {}
        after = 0
        while len(found) < self.size:
            page = store.pending(connection, after, self.size)
            standing = store.standing(connection, [row.hash for row in page])
            for row in page:
                # A copy of a genuine row bears a genuine mark: what stands already gets no second place.
                if row.hash not in standing and self._is_ours(row):
                    found.setdefault(row.hash, row)
            if len(page) < self.size:
                return list(found.values())[: self.size], len(found) > self.size
            after = page[-1].number
        return list(found.values())[: self.size], True

    def _is_ours(self, row: StoredEntry) -> bool:
        return row.hash == leaf_hash(row.body) and self.keys.is_genuine(row.body, row.mark)

    def _record_previous(self, connection: Connection, previous: Checkpoint) -> StoredEntry:
        """The log remembers each of its checkpoints: one that vanishes from the store is missed."""
        content, subject = _named(previous), f"checkpoint:{previous.size}:{_digest(previous)}"
        once = f"infra.ledger:checkpoint:{previous.size}"
        [ref] = self.append([NewEntry(Act.LEDGER_CHECKPOINTED, "infra.ledger", subject, content, once)], connection)
        row = store.entry(connection, ref.number)
        if row is None or row.leaf_index is not None or not self._is_ours(row):
            raise damaged(
                f"大小为 {previous.size} 的检查点已有一条不属于它的记录",
                f"the log already holds a record of the checkpoint at {previous.size} that is not ours",
            )
        return row

    def _extend(self, connection: Connection, old: int, waiting: Sequence[StoredEntry]) -> bytes:
        leaves = [leaf_hash(row.body) for row in waiting]

        def read(level: int, position: int) -> bytes:
            return store.read_tile(connection, level, position)

        try:
            written = extend(old, leaves, read)
            overlay = Tree(old + len(leaves), lambda *key: written[key] if key in written else read(*key))
            root = overlay.root()
        except TilesIncomplete as tile:
            raise incomplete(tile) from tile
        store.write_tiles(connection, written)
        places = [{"at": old + offset, "row": row.number} for offset, row in enumerate(waiting)]
        if places:
            statement = sa.update(ENTRY).where(ENTRY.c.number == sa.bindparam("row"))
            connection.execute(statement.values(leaf_index=sa.bindparam("at")), places)
        return root

    def _store_checkpoint(self, connection: Connection, size: int, note: str) -> None:
        last = connection.execute(sa.select(sa.func.max(CHECKPOINT.c.number))).scalar() or 0
        row = {"number": last + 1, "size": size, "note": note}
        connection.execute(sa.insert(CHECKPOINT).values(row))

    def _advance(self, connection: Connection, old: int, size: int, token: int) -> None:
        statement = sa.update(HEAD).where(HEAD.c.one == 1, HEAD.c.size == old, HEAD.c.token == token)
        if connection.execute(statement.values(size=size)).rowcount != 1:
            raise _fenced()


def _digest(checkpoint: Checkpoint) -> str:
    return sha256(checkpoint.note.encode()).hex()


def _named(checkpoint: Checkpoint) -> dict[str, Any]:
    return {"size": checkpoint.size, "root": checkpoint.root.hex(), "note_sha256": _digest(checkpoint)}


def _fenced() -> Unavailable:
    return Unavailable(
        "LEDGER_FENCED",
        "另一个进程已接手存证排序，本次未写入",
        "another process has taken over the sequencing of the ledger; nothing was written",
        remedy=Text("重试即可", "try again"),
    )
