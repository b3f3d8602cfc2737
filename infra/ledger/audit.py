"""One walk over a log, entry by entry, that recomputes everything; the database and a bundle are both read by it. Pure.

What it holds true: every body is canonical JSON; the entries up to each checkpoint give its signed root; each content
is what its entry commits to; a content that is gone was erased by an act in the log; every checkpoint but the newest is
remembered by the log; every key that signed was announced in it; no entry stands twice.
"""

import re
from collections.abc import Mapping
from typing import Any

from infra.ledger.acts import Act
from infra.ledger.entry import MAX_ID_CHARS, canonical_object, commitment, leaf_hash
from infra.ledger.merkle import Frontier
from infra.ledger.note import Verifier
from infra.ledger.repeats import Repeats
from infra.ledger.report import At, Findings, Report
from infra.ledger.signed import Checkpoints
from infra.ledger.trust import Trust

_SIZE = re.compile(r"[0-9]{1,19}", re.ASCII)


class Audit:
    """Feed each entry in the order of the log, then call `finish`.

    Args:
        origin: the log's name.
        checkpoints: the stored checkpoints.
        trust: the keys that came with the log.
        findings: takes the faults.
    """

    def __init__(self, origin: str, checkpoints: Checkpoints, trust: Trust, findings: Findings) -> None:
        self.origin = origin
        self.demo = origin.endswith("/demo")
        self.first_time: str | None = None
        self.erased = 0
        self.reached: list[Verifier] = []
        self.checkpoints = checkpoints
        self._trust = trust
        self._findings = findings
        self._tree = Frontier()
        self._without: dict[str, tuple[int | None, At]] = {}
        self._erasures: set[str] = set()
        self._repeats = Repeats()

    @property
    def size(self) -> int:
        """How many entries were walked."""
        return self._tree.size

    @property
    def held(self) -> int:
        """How many things are kept in memory, beside a few bytes an entry."""
        return len(self._without) + len(self._erasures) + self.checkpoints.held + self._trust.held

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
        self.checkpoints.reach(self._tree)

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
        act, subject = fields.get("act"), _subject(fields)
        self._heed(fields)
        self.demo = self.demo or fields.get("demo") is True
        if act == Act.LEDGER_CHECKPOINTED:
            _, size, digest = [*subject.split(":"), "", ""][:3]
            if _SIZE.fullmatch(size):
                self.checkpoints.record(int(size), digest)
        elif act == Act.LEDGER_KEY_ANNOUNCED:
            self._trust.announced(subject, index)

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
            self._erasures.add(_subject(fields).removeprefix("entry:"))

    def without_content(self, leaf: bytes, index: int | None, at: At) -> None:
        """Notes an entry whose content is gone: `finish` asks whether it was erased."""
        self._without[leaf.hex()] = (index, at)

    def finish(self) -> Report:
        """Checks what spans the whole log: copies, erasures, remembered checkpoints, keys and their trust."""
        for fault in self._repeats.faults():
            self._findings.add(fault)
        self._finish_contents()
        self.checkpoints.finish(self.size)
        self.reached, trusted = self._trust.finish()
        newest, good = self.checkpoints.newest, self.checkpoints.last_good
        return Report(
            origin=self.origin,
            entries=self.size,
            size=newest,
            root=good.root.hex() if good.size == newest else "",
            checkpoints=self.checkpoints.count,
            erased=self.erased,
            faults=tuple(self._findings.faults),
            keys=tuple(str(key) for key in self._trust.known),
            trusted=trusted,
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

    def fault(self, kind: str, zh: str, en: str, at: At, index: int | None = None) -> None:
        """Notes one fault."""
        self._findings.fault(kind, zh, en, at, index)


def _subject(fields: Mapping[str, Any]) -> str:
    """A longer one is not ours, and is not worth its memory."""
    return str(fields.get("subject"))[: MAX_ID_CHARS + 1]
