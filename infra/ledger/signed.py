"""The checkpoints of a log, taken up one by one as the walk over its entries comes to their sizes. Pure.

Each must be signed over just the entries before it, and all but the newest be recorded by the log itself, so one that
vanishes is missed. What is kept in memory is one checkpoint, and the digests of those not yet matched to their record.
"""

from collections.abc import Iterable, Iterator

from infra.crypto import sha256
from infra.language import Text
from infra.ledger.checkpoint import Checkpoint, parse_checkpoint
from infra.ledger.extension import breach
from infra.ledger.merkle import EMPTY_ROOT, Frontier
from infra.ledger.note import NoteFault
from infra.ledger.report import At, Fault, Findings
from infra.ledger.trust import Trust


class Checkpoints:
    """Feed the tree after each leaf and each record of a checkpoint, in the order of the log, then call `finish`.

    Args:
        origin: the log's name.
        notes: the stored notes, oldest first, each with where it stands; read as they are needed.
        trust: is told who signed them.
        findings: takes the faults.
        kept: a checkpoint known from elsewhere, which the log must extend.
    """

    def __init__(
        self,
        origin: str,
        notes: Iterable[tuple[str, At]],
        trust: Trust,
        findings: Findings,
        kept: Checkpoint | None = None,
    ) -> None:
        self.count = 0
        self.newest = 0
        self.due: Checkpoint | None = None  # the checkpoint that ends exactly here
        self.last_good = Checkpoint(origin, 0, b"")
        self._origin = origin
        self._trust = trust
        self._findings = findings
        self._kept = kept
        self._beginning = EMPTY_ROOT  # over as many entries as `kept` signs
        self._stored: bytes | None = None  # the root of the stored checkpoint of that size
        self._unrecorded: dict[int, str] = {}
        self._recorded: dict[int, str] = {}
        self._notes = self._read(notes)
        self._next = next(self._notes, None)

    @property
    def held(self) -> int:
        """How many things are kept in memory."""
        return len(self._unrecorded) + len(self._recorded)

    def reach(self, tree: Frontier) -> None:
        """The walk has come to the size of `tree`."""
        if self._kept is not None and self._kept.size == tree.size:
            self._beginning = tree.root()
        self.due = None
        if self._next is None or self._next.size != tree.size:
            return
        due = self.due = self._next
        self._match(due.size, self._unrecorded, self._recorded, sha256(due.note.encode()).hex())
        self._next = next(self._notes, None)
        if due.root == tree.root():
            self.last_good = due
            return
        since = self.last_good.size
        self._findings.fault(
            "root_mismatch",
            f"前 {due.size} 条记录与已签署的根不符；前 {since} 条相符，差异在其后",
            f"the first {due.size} entries do not give the signed root; the first {since} do",
            At(),
        )

    def record(self, size: int, digest: str) -> None:
        """The log records that it had a checkpoint of this size and digest."""
        self._match(size, self._recorded, self._unrecorded, digest)

    def finish(self, entries: int) -> None:
        """The walk has ended after `entries`."""
        while self._next is not None:
            self._beyond(self._next.size, entries)
            self._next = next(self._notes, None)
        for size in sorted(self._recorded):
            self._findings.fault(
                "checkpoint_missing",
                f"存证中有大小为 {size} 的检查点的记录，但该检查点缺失",
                f"the log remembers a checkpoint at {size} that is missing",
                At(),
            )
        for size in sorted(self._unrecorded.keys() - {self.newest}):
            self._changed(size)
        self._finish_kept()
        if entries > self.newest:
            self._findings.fault(
                "entry_added",
                f"有 {entries - self.newest} 条记录没有检查点覆盖",
                f"{entries - self.newest} entries are beyond the newest checkpoint",
                At(),
            )

    def _read(self, notes: Iterable[tuple[str, At]]) -> Iterator[Checkpoint]:
        """The checkpoints that are this log's own and in order; the others are faults."""
        for raw, at in notes:
            try:
                read = parse_checkpoint(raw)
            except NoteFault as fault:
                said = f"检查点不可读（{fault}）", f"a checkpoint cannot be read: {fault}"
                self._findings.fault("checkpoint_unreadable", *said, at)
                continue
            if read.origin != self._origin:
                said = f"检查点属于另一存证 {read.origin}", f"a checkpoint is of another log, {read.origin}"
                self._findings.fault("checkpoint_foreign", *said, at)
            elif read.size <= self.newest:
                said = f"大小为 {read.size} 的检查点次序不对", f"the checkpoint at {read.size} is out of order"
                self._findings.fault("checkpoint_order", *said, at)
            else:
                self.count, self.newest = self.count + 1, read.size
                if self._kept is not None and self._kept.size == read.size:
                    self._stored = read.root
                self._trust.checkpoint(read)
                yield read

    def _match(self, size: int, own: dict[int, str], other: dict[int, str], digest: str) -> None:
        """Holds a checkpoint against its record, whichever comes first."""
        found = other.pop(size, None)
        if found is None:
            own[size] = digest
        elif found != digest:
            self._changed(size)

    def _changed(self, size: int) -> None:
        self._findings.fault(
            "checkpoint_changed",
            f"大小为 {size} 的检查点与存证中的记录不符",
            f"the checkpoint at {size} is not the one that the log remembers",
            At(),
        )

    def _beyond(self, size: int, entries: int) -> None:
        self._findings.fault(
            "entry_missing",
            f"检查点签署了 {size} 条记录，只有 {entries} 条",
            f"a checkpoint signs {size} entries, only {entries} are there",
            At(),
        )

    def _finish_kept(self) -> None:
        """The stored checkpoint of that size speaks for its entries, which were held against it already."""
        if self._kept is None:
            return
        root = self._beginning if self._stored is None else self._stored
        found = breach(self._kept, self._origin, self.newest, root)
        if found is not None:
            said = Text(f"{found.text.zh}；{found.remedy.zh}", f"{found.text.en}; {found.remedy.en}")
            self._findings.add(Fault(found.kind, said))
