"""One walk over a log, entry by entry, that recomputes everything; the database and a bundle are both read by it. Pure.

What it holds true: every body is canonical JSON; the entries up to each checkpoint give its signed root; each content
is what its entry commits to; a content that is gone was erased by an act in the log; every checkpoint but the newest is
remembered by the log; every key that signed was announced in it; no entry stands twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.crypto import sha256
from infra.language import Text
from infra.ledger.acts import Act
from infra.ledger.checkpoint import Checkpoint, parse_checkpoint
from infra.ledger.entry import canonical_object, commitment, leaf_hash
from infra.ledger.merkle import Frontier
from infra.ledger.note import NoteFault, Verifier
from infra.ledger.repeats import Repeats
from infra.ledger.report import Fault, Findings, Report


@dataclass(frozen=True, slots=True)
class At:
    """Where an entry was read: its number in the database, or file and line of a bundle."""

    number: int | None = None
    file: str | None = None
    line: int | None = None


class Audit:
    """Feed the checkpoints, then each entry in the order of the log, then call `finish`.

    Args:
        origin: the log's name.
        findings: takes the faults.
    """

    def __init__(self, origin: str, findings: Findings) -> None:
        self.origin = origin
        self.demo = origin.endswith("/demo")
        self.first_time: str | None = None
        self.last_good = Checkpoint(origin, 0, b"")
        self.erased = 0
        self.reached: list[Verifier] = []
        self._findings = findings
        self._tree = Frontier()
        self._checkpoints: dict[int, Checkpoint] = {}
        self._remembered: dict[int, str] = {}
        self._announced: dict[str, int] = {}
        self._without: dict[str, tuple[int | None, At]] = {}
        self._erasures: set[str] = set()
        self._repeats = Repeats()

    @property
    def size(self) -> int:
        """How many entries were walked."""
        return self._tree.size

    def checkpoints(self, notes: Iterable[tuple[str, At]]) -> None:
        """Takes the stored checkpoints, oldest first."""
        last = 0
        for raw, at in notes:
            try:
                read = parse_checkpoint(raw)
            except NoteFault as fault:
                self.fault(
                    "checkpoint_unreadable", f"检查点不可读（{fault}）", f"a checkpoint cannot be read: {fault}", at
                )
                continue
            if read.origin != self.origin:
                self.fault(
                    "checkpoint_foreign",
                    f"检查点属于另一存证 {read.origin}",
                    f"a checkpoint is of another log, {read.origin}",
                    at,
                )
            elif read.size <= last:
                self.fault(
                    "checkpoint_order",
                    f"大小为 {read.size} 的检查点次序不对",
                    f"the checkpoint at {read.size} is out of order",
                    at,
                )
            else:
                self._checkpoints[read.size] = read
                last = read.size

    def entry(self, body: bytes, at: At, content: tuple[bytes, bytes] | None, *, contents: bool = True) -> bytes:
        """The next entry, with its salt and content; returns its leaf hash. `contents` False: they were withheld."""
        leaf = leaf_hash(body)
        index = self.size
        fields = canonical_object(body)
        if fields is None:
            self.fault("entry_unreadable", "记录不是规范 JSON", "the entry is no canonical JSON", at, index)
        else:
            self._act(fields, index)
            if contents:
                self._content(leaf, fields, content, at)
        self._repeats.add(leaf, index)
        self.leaf(leaf)
        return leaf

    def leaf(self, leaf: bytes) -> None:
        """The next leaf by its hash alone: an entry that is missing, whose tile still stands."""
        self._tree.add(leaf)
        due = self._checkpoints.get(self.size)
        if due is None:
            return
        if due.root == self._tree.root():
            self.last_good = due
            return
        since = self.last_good.size if self.last_good.root else 0
        self.fault(
            "root_mismatch",
            f"前 {due.size} 条记录与已签署的根不符；前 {since} 条相符，差异在其后",
            f"the first {due.size} entries do not give the signed root; the first {since} do",
            At(),
        )

    def due(self) -> Checkpoint | None:
        """The checkpoint that ends exactly here."""
        return self._checkpoints.get(self.size)

    def check_content(self, fields: Mapping[str, Any], content: tuple[bytes, bytes], at: At, index: int | None) -> None:
        """Whether salt and content are what the entry commits to."""
        salt, text = content
        if canonical_object(text) is None or commitment(salt, text) != fields.get("commitment"):
            self.fault(
                "content_changed", "内容与记录中的承诺不符", "the content is not what the entry commits to", at, index
            )

    def _content(self, leaf: bytes, fields: Mapping[str, Any], content: tuple[bytes, bytes] | None, at: At) -> None:
        if content is None:
            self.without_content(leaf, self.size, at)
        else:
            self.check_content(fields, content, at, self.size)

    def _act(self, fields: Mapping[str, Any], index: int) -> None:
        act, subject = fields.get("act"), str(fields.get("subject"))
        self._heed(fields)
        self.demo = self.demo or fields.get("demo") is True
        if act == Act.LEDGER_CHECKPOINTED:
            _, size, digest = [*subject.split(":"), "", ""][:3]
            if size.isascii() and size.isdigit():
                self._remembered[int(size)] = digest
        elif act == Act.LEDGER_KEY_ANNOUNCED:
            self._announced.setdefault(subject, index)

    def waits(self, body: bytes, number: int) -> Mapping[str, Any]:
        """An entry that waits for its place under `number`; returns its fields."""
        fields = canonical_object(body) or {}
        self._repeats.add(leaf_hash(body), number, waiting=True)
        self._heed(fields)
        return fields

    def _heed(self, fields: Mapping[str, Any]) -> None:
        """What counts even while an entry waits for its place: its time, and that it erased a content."""
        if self.first_time is None:
            self.first_time = str(fields.get("time"))
        if fields.get("act") == Act.LEDGER_CONTENT_ERASED:
            self._erasures.add(str(fields.get("subject")).removeprefix("entry:"))

    def without_content(self, leaf: bytes, index: int | None, at: At) -> None:
        """Notes an entry whose content is gone: `finish` asks whether it was erased."""
        self._without[leaf.hex()] = (index, at)

    def finish(self, keys: Sequence[str], trusted: Iterable[Verifier] | None) -> Report:
        """Checks what spans the whole log: erasures, remembered checkpoints, keys and their trust.

        Args:
            keys: the verifier keys that came with the log.
            trusted: keys known by another way; None when there are none.
        """
        for fault in self._repeats.faults():
            self._findings.add(fault)
        self._finish_contents()
        self._finish_checkpoints()
        verifiers = self._finish_keys(keys)
        reached = self._finish_trust(verifiers, trusted)
        newest = max(self._checkpoints, default=0)
        good = self.last_good
        return Report(
            origin=self.origin,
            entries=self.size,
            size=newest,
            root=good.root.hex() if good.size == newest else "",
            checkpoints=len(self._checkpoints),
            erased=self.erased,
            faults=tuple(self._findings.faults),
            keys=tuple(str(key) for key in verifiers),
            trusted=reached,
            unwitnessed_since=self.first_time,
            demo=self.demo,
        )

    def _finish_contents(self) -> None:
        for key, (index, at) in self._without.items():
            if key in self._erasures:
                self.erased += 1
            else:
                self.fault(
                    "content_missing",
                    "内容缺失，且存证中没有清除记录",
                    "the content is missing and no act of the log erased it",
                    at,
                    index,
                )

    def _finish_checkpoints(self) -> None:
        newest = max(self._checkpoints, default=0)
        for size in sorted(self._checkpoints.keys() | self._remembered.keys()):
            stored, digest = self._checkpoints.get(size), self._remembered.get(size)
            if stored is None:
                self.fault(
                    "checkpoint_missing",
                    f"存证中有大小为 {size} 的检查点的记录，但该检查点缺失",
                    f"the log remembers a checkpoint at {size} that is missing",
                    At(),
                )
            elif size > self.size:
                self.fault(
                    "entry_missing",
                    f"检查点签署了 {size} 条记录，只有 {self.size} 条",
                    f"a checkpoint signs {size} entries, only {self.size} are there",
                    At(),
                )
            elif size != newest and sha256(stored.note.encode()).hex() != digest:
                self.fault(
                    "checkpoint_changed",
                    f"大小为 {size} 的检查点与存证中的记录不符",
                    f"the checkpoint at {size} is not the one that the log remembers",
                    At(),
                )
        if self.size > newest:
            self.fault(
                "entry_added",
                f"有 {self.size - newest} 条记录没有检查点覆盖",
                f"{self.size - newest} entries are beyond the newest checkpoint",
                At(),
            )

    def _finish_keys(self, keys: Sequence[str]) -> list[Verifier]:
        found: list[Verifier] = []
        for text in keys:
            try:
                found.append(Verifier.parse(text))
            except NoteFault as fault:
                self.fault("key_unreadable", f"公钥不可读（{fault}）", f"a public key cannot be read: {fault}", At())
        if [str(key) for key in found] != list(self._announced):
            self.fault(
                "key_list",
                "公钥清单与存证中公告的公钥不符",
                "the list of keys is not the one that the log announces",
                At(),
            )
        return found

    def _finish_trust(self, known: Sequence[Verifier], trusted: Iterable[Verifier] | None) -> bool | None:
        """Follows trust from the given keys: what a trusted key signed may announce further keys, older or newer."""
        reached = {str(key) for key in (known if trusted is None else trusted)}
        everyone = {str(key): key for key in known} | {str(key): key for key in trusted or ()}
        signers: dict[int, set[str]] = {}
        for size, checkpoint in self._checkpoints.items():
            signers[size] = self._signers(checkpoint, everyone)
        grown = True
        while grown:
            covered = max((size for size, names in signers.items() if names & reached), default=0)
            more = {name for name, index in self._announced.items() if index < covered}
            grown = not more <= reached
            reached |= more
        self.reached = [everyone[name] for name in everyone if name in reached]
        for size, names in signers.items():
            if not names & reached:
                self.fault(
                    "key_untrusted",
                    f"大小为 {size} 的检查点没有可信密钥的签名",
                    f"the checkpoint at {size} is not signed by a trusted key",
                    At(),
                )
        if trusted is None:
            return None
        return bool(signers) and all(names & reached for names in signers.values())

    def _signers(self, checkpoint: Checkpoint, everyone: Mapping[str, Verifier]) -> set[str]:
        try:
            return {str(key) for key in checkpoint.signed().signers(everyone.values()) if key.name == self.origin}
        except NoteFault:
            return set()

    def fault(self, kind: str, zh: str, en: str, at: At, index: int | None = None) -> None:
        """Notes one fault."""
        self._findings.add(Fault(kind, Text(zh, en), at.number, index, at.file, at.line))
