"""What a check of the ledger found, as values: each fault with its place, in both languages."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from infra.language import Text


@dataclass(frozen=True, slots=True)
class At:
    """Where something was read: an entry's number in the database, or file and line of a bundle, lines from 1."""

    number: int | None = None
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        kind: stable, e.g. `entry_changed`, `entry_missing`, `root_mismatch`.
        text: one sentence.
        number: the entry's number in the database, when it is about one entry.
        leaf_index: its place in the log.
        file, line: where in a bundle, lines from 1.
    """

    kind: str
    text: Text
    number: int | None = None
    leaf_index: int | None = None
    file: str | None = None
    line: int | None = None

    def as_dict(self, lang: str) -> dict[str, Any]:
        """For `--json`: the known parts alone."""
        known = {"kind": self.kind, "message": self.text.say(lang)}
        places = {"number": self.number, "leaf_index": self.leaf_index, "file": self.file, "line": self.line}
        return known | {name: value for name, value in places.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check.

    Attributes:
        origin: the log's name.
        entries: how many entries were read and hashed.
        size: the size of the newest checkpoint whose root was recomputed.
        root: that root, hex.
        pending: durable entries that no checkpoint covers yet: deleting one of them leaves no trace.
        checkpoints: how many checkpoints were checked.
        erased: entries whose content was erased, each erasure standing in the log.
        faults: everything that was found, the first `MAX_FAULTS` of it.
        keys: verifier keys that signed checkpoints, oldest first.
        trusted: whether they lead to a key the caller brought along; None when no key was given.
        unwitnessed_since: time of the oldest entry that no outside witness has co-signed; None for an empty log.
        demo: entries or keys bear the mark of the demo.
    """

    origin: str
    entries: int = 0
    size: int = 0
    root: str = ""
    pending: int = 0
    checkpoints: int = 0
    erased: int = 0
    faults: tuple[Fault, ...] = ()
    keys: tuple[str, ...] = ()
    trusted: bool | None = None
    unwitnessed_since: str | None = None
    demo: bool = False

    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return not self.faults

    def with_pending(self, pending: int) -> "Report":
        """The same with the number of waiting entries."""
        return replace(self, pending=pending)

    def with_faults(self, faults: Sequence[Fault]) -> "Report":
        """The same with these faults."""
        return replace(self, faults=tuple(faults))

    def as_dict(self, lang: str) -> dict[str, Any]:
        """For `--json`."""
        return {
            "ok": self.ok,
            "origin": self.origin,
            "entries": self.entries,
            "size": self.size,
            "root": self.root,
            "pending": self.pending,
            "checkpoints": self.checkpoints,
            "erased": self.erased,
            "keys": list(self.keys),
            "trusted": self.trusted,
            "witnesses": 0,
            "unwitnessed_since": self.unwitnessed_since,
            "demo": self.demo,
            "faults": [fault.as_dict(lang) for fault in self.faults],
        }


MAX_FAULTS = 1000


@dataclass(slots=True)
class Findings:
    """Collects faults, a bounded number of them."""

    faults: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Keeps `fault` unless there are too many already: the first thousand show the extent."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)

    def fault(self, kind: str, zh: str, en: str, at: At, index: int | None = None) -> None:
        """Adds what is wrong with what was read at `at`, or with the entry at place `index`."""
        self.add(Fault(kind, Text(zh, en), at.number, index, at.file, at.line))
