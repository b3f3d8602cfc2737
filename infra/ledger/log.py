"""The ledger as the house uses it: append, sequence, prove, verify, export."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy.engine import Connection, Engine

from infra.crypto import KeyRing, random_bytes
from infra.database import read, write
from infra.errors import Refused, Unavailable
from infra.language import Text
from infra.lease import lease
from infra.ledger import store
from infra.ledger.acts import Act
from infra.ledger.anchor import Anchor
from infra.ledger.appending import Marked, by_once, insert, suppress_collision
from infra.ledger.bundle import Exported, export_bundle
from infra.ledger.checkpoint import Checkpoint, parse_checkpoint
from infra.ledger.entry import SALT_BYTES, EntryRef, NewEntry, seal
from infra.ledger.group import GroupCommit
from infra.ledger.growth import Growth, Head
from infra.ledger.holding import hold, incomplete
from infra.ledger.keys import LedgerKeys, verifier_of, verifiers
from infra.ledger.note import Verifier
from infra.ledger.receipt import Receipt
from infra.ledger.report import Report
from infra.ledger.sequencer import STEP, Sequencer
from infra.ledger.store import StoredEntry
from infra.ledger.tiles import TilesIncomplete, Tree
from infra.ledger.verify import verify_rows

T = TypeVar("T")

LEASE = "ledger:sequencer"
_LEASE_SECONDS = 60
_WAIT_SECONDS = 120
_RETRIES = 5


class Ledger:
    """The append-only log of one city.

    One instance a process, shared by its threads: their appends join in one durable transaction.

    Args:
        engine: the governance database.
        keys: where the log's keys live.
        clock: the time of entries, aware.
        origin: the log's name; in demo mode `/demo` is put behind it, so that no demo key ever signs for a real log.
        demo: marks each entry.
    """

    def __init__(
        self, engine: Engine, keys: KeyRing, clock: Callable[[], datetime], *, origin: str, demo: bool = False
    ) -> None:
        self._named = f"{origin}/demo" if demo else origin
        self._demo = demo
        self._known_origin: str | None = None
        self._asked = False
        self._engine = engine
        self._clock = clock
        self._keys = LedgerKeys(keys, clock)
        self._anchor = Anchor(keys.folder)
        self._group: GroupCommit[NewEntry, Marked, EntryRef] = GroupCommit(self._seal, self._commit)

    @property
    def origin(self) -> str:
        """The log's name: the one under which it signed first, so that a demo log stays one whoever continues it."""
        if self._known_origin is None:
            checkpoint = self.checkpoint()
            if checkpoint is None:
                return self._named
            self._known_origin = checkpoint.origin
        return self._known_origin

    @property
    def demo(self) -> bool:
        """Whether entries written now bear the mark of the demo."""
        return self._demo or (self._known_origin or self._named).endswith("/demo")

    def append(self, entries: Sequence[NewEntry], *, connection: Connection | None = None) -> list[EntryRef]:
        """Stores entries; they are durable when this returns.

        With `connection` they join the caller's write transaction instead, and are durable exactly if it commits, so
        that state and entry are one. Do not call without `connection` while the same thread holds a write transaction.

        Returns:
            One reference per entry, in order. An entry whose `once` key is taken gets the reference of the first.

        Raises:
            WrongUse: an entry that cannot be canonical JSON, or ids out of bounds; nothing is stored.
            Unavailable: `DATABASE_…`, the database did not take them; nothing is stored.
        """
        if not entries:
            return []
        if not self._asked:
            # Once a process: a log that began as a demo marks every later entry too.
            self._asked = bool(self.origin)
        if connection is not None:
            return insert(connection, self._seal(entries))
        return self._group.submit(entries)

    def _seal(self, entries: Sequence[NewEntry]) -> list[Marked]:
        return [self._sealed(entry) for entry in entries]

    def _sealed(self, entry: NewEntry) -> Marked:
        sealed = seal(
            entry,
            pseudonym=self._keys.pseudonym(entry.actor),
            now=self._clock(),
            salt=random_bytes(SALT_BYTES),
            demo=self.demo,
        )
        return sealed, self._keys.mark(sealed.body)

    def _commit(self, entries: Sequence[Marked]) -> list[EntryRef]:
        for _ in range(_RETRIES):
            with suppress_collision(), write(self._engine) as connection:
                return insert(connection, entries)
        with write(self._engine) as connection:
            return insert(connection, entries)

    def sequence(self) -> Checkpoint:
        """Gives every durable entry its place, stores the tiles and signs the checkpoint; returns the newest one.

        Raises:
            Unavailable: another process sequences and did not end within two minutes, the store is damaged, or signed
                history is missing or changed.
        """
        origin = self.origin
        with lease(self._engine, LEASE, seconds=_LEASE_SECONDS, wait_seconds=_WAIT_SECONDS) as held:
            while True:
                with write(self._engine) as connection:
                    step = self._sequencer(origin).step(connection, held.token)
                self._anchor.advance(step.checkpoint)
                if not step.more:
                    return step.checkpoint
                held.renew()

    def _sequencer(self, origin: str, size: int = STEP) -> Sequencer:
        return Sequencer(
            origin, self._keys, self._anchor, lambda new, connection: self.append(new, connection=connection), size
        )

    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint as stored, or None before the first."""
        with read(self._engine) as connection:
            note = store.newest_note(connection)
        return None if note is None else parse_checkpoint(note)

    def prove(self, number: int) -> Receipt:
        """The receipt of entry `number` against the newest checkpoint, with its content; sequences first if need be.

        Raises:
            Refused: `LEDGER_UNKNOWN_ENTRY`.
            Unavailable: `LEDGER_DAMAGED`, tiles are missing; `LEDGER_FORGED`, our processes never wrote the entry;
                `LEDGER_HISTORY_…`, signed history is missing or changed.
        """
        kept = self._anchor.read()
        with read(self._engine) as connection:
            found = store.entry(connection, number)
        if found is None:
            raise unknown_entry(number)
        if found.leaf_index is None or kept is None:
            self.sequence()
            kept = self._anchor.read()
        with read(self._engine) as connection:
            receipt = self._receipt(connection, number)
            newest = None if kept and kept.note == receipt.checkpoint else self._held(connection, kept)
        if newest is not None:
            self._anchor.advance(newest)  # before anything that names it leaves the house
        return receipt

    def _held(self, connection: Connection, kept: Checkpoint | None) -> Checkpoint | None:
        return hold(connection, self.origin, self._keys, kept)

    def _receipt(self, connection: Connection, number: int) -> Receipt:
        found, note = store.entry(connection, number), store.newest_note(connection)
        if found is None or found.leaf_index is None or note is None:
            raise Unavailable(
                "LEDGER_FORGED",
                f"编号 {number} 的记录不是由本系统写入，未被编入存证树",
                f"entry number {number} was not written by this system and has no place in the log",
                remedy=Text("运行 hub ledger verify", "run hub ledger verify"),
            )
        checkpoint = parse_checkpoint(note)
        proof = self._tree(connection, checkpoint.size, lambda tree: tree.inclusion(found.leaf_index or 0))
        verifier = verifier_of(connection, checkpoint)
        return Receipt(
            number, found.body, found.leaf_index, tuple(proof), note, str(verifier), found.salt, found.content
        )

    def consistency(self, old_size: int, new_size: int | None = None) -> Growth:
        """The proof that the tree of `old_size` is the beginning of the tree of `new_size` (RFC 6962, 2.1.2).

        Without `new_size` everything that is durable is sequenced first, and the newest checkpoint is the end.

        Raises:
            Refused: `LEDGER_SIZE`, the log never had these sizes.
            Unavailable: `LEDGER_DAMAGED`.
        """
        if new_size is None:
            new_size = self.sequence().size
        with read(self._engine) as connection:
            if not 0 <= old_size <= new_size <= store.head_size(connection):
                raise Refused(
                    "LEDGER_SIZE",
                    f"存证树没有 {old_size} 到 {new_size} 这样的大小",
                    f"the log never grew from {old_size} to {new_size} entries",
                )
            proof = self._tree(connection, new_size, lambda tree: tree.consistency(old_size))
            return Growth(self._head(connection, old_size), self._head(connection, new_size), tuple(proof))

    def _head(self, connection: Connection, size: int) -> Head:
        root, note = self._tree(connection, size, Tree.root), store.note_at(connection, size)
        if note is None:
            return Head(size, root)
        return Head(size, root, note, str(verifier_of(connection, parse_checkpoint(note))))

    def _tree(self, connection: Connection, size: int, ask: Callable[[Tree], T]) -> T:
        try:
            return ask(Tree(size, lambda level, position: store.read_tile(connection, level, position)))
        except TilesIncomplete as tile:
            raise incomplete(tile) from tile

    def entries(self, *, before: int | None = None, count: int = 50) -> list[StoredEntry]:
        """The newest entries by number, newest first, below `before` when given."""
        with read(self._engine) as connection:
            return store.latest(connection, before, count)

    def verify(self, trusted: Iterable[Verifier] | None = None) -> Report:
        """Recomputes the whole log from the stored rows and says everything that does not fit, and where.

        Args:
            trusted: the keys the log must lead back to; our own key ring's by default.
        """
        origin = self.origin
        anchors = list(self._keys.own(origin) if trusted is None else trusted)
        kept = self._anchor.read()  # before the snapshot, which then covers it
        with read(self._engine) as connection:
            return verify_rows(connection, origin, self._keys, anchors, kept)

    def export(self, path: Path, *, contents: bool = True) -> Exported:
        """Writes everything that is durable now as an offline bundle; see `export_bundle`."""
        self.sequence()
        signer = self._keys.signer(self.origin)
        with read(self._engine) as connection:
            return export_bundle(connection, path, signer, contents=contents)

    def find(self, once: Sequence[str]) -> dict[str, EntryRef]:
        """The entries that bear these `once` keys, by key; a key that none bears is left out."""
        with read(self._engine) as connection:
            return by_once(connection, once)

    def erase(self, numbers: Sequence[int], *, actor: str, basis: str) -> list[EntryRef]:
        """Erases the contents and salts of entries for good and enters each erasure into the log; proofs stay valid.

        Args:
            numbers: which entries.
            actor: who erases.
            basis: why it is lawful; stands in the content of the erasing entry.

        Raises:
            Refused: `LEDGER_UNKNOWN_ENTRY`; then nothing is erased.
        """
        with write(self._engine) as connection:
            found = [(number, store.entry(connection, number)) for number in numbers]
            new = [self._erasure(number, row, actor, basis) for number, row in found]
            store.erase_contents(connection, numbers)
            refs = self.append(new, connection=connection)
        store.scrub(self._engine)
        return refs

    def _erasure(self, number: int, row: StoredEntry | None, actor: str, basis: str) -> NewEntry:
        if row is None:
            raise unknown_entry(number)
        subject = f"entry:{row.hash.hex()}"
        return NewEntry(Act.LEDGER_CONTENT_ERASED, actor, subject, {"basis": basis}, f"infra.ledger:{subject}")

    def pseudonym(self, actor: str) -> str:
        """The name under which `actor` stands in entries written now: lets an auditor find a known person's acts."""
        return self._keys.pseudonym(actor)

    def verifiers(self) -> list[Verifier]:
        """Every key that has signed for this log, oldest first."""
        with read(self._engine) as connection:
            return verifiers(connection)


def unknown_entry(number: int) -> Refused:
    """Nobody wrote an entry with this number."""
    return Refused("LEDGER_UNKNOWN_ENTRY", f"没有编号为 {number} 的存证", f"there is no entry number {number}")
