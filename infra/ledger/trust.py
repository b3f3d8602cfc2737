"""Which keys signed the checkpoints of a log, and whether they lead back to a trusted one. Pure.

Who trusts one key, old or new, trusts what it signed, and so the keys that were announced in there. It costs a few
signatures a checkpoint, however many keys there are.
"""

from collections.abc import Iterable, Sequence

from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import NoteFault, Verifier
from infra.ledger.report import MAX_FAULTS, At, Findings


class Trust:
    """Takes each checkpoint and each announced key in the order of the log, then says what is reached.

    Args:
        origin: the log's name.
        keys: the verifier keys that came with the log.
        trusted: keys known by another way; None when there are none.
        findings: takes the faults.
    """

    def __init__(
        self, origin: str, keys: Sequence[str], trusted: Iterable[Verifier] | None, findings: Findings
    ) -> None:
        self._findings = findings
        self.known: list[Verifier] = []
        for text in keys:
            try:
                self.known.append(Verifier.parse(text))
            except NoteFault as fault:
                findings.fault(
                    "key_unreadable", f"公钥不可读（{fault}）", f"a public key cannot be read: {fault}", At()
                )
        self._trusted = None if trusted is None else list(trusted)
        self._everyone = {str(key): key for key in (*self.known, *(self._trusted or ()))}
        self._by_id = {(key.name, key.key_id): key for key in self._everyone.values() if key.name == origin}
        self._announced: dict[str, int] = {}
        self._signed: dict[frozenset[str], list[int]] = {}  # by who signed: the first sizes, enough to report
        self._last: dict[str, int] = {}  # by key: the largest size that it signed
        self._noted = 0

    @property
    def held(self) -> int:
        """How many things are kept in memory."""
        return len(self._announced) + len(self._signed) + self._noted

    def announced(self, verifier: str, index: int) -> None:
        """The entry at `index` announces this key."""
        self._announced.setdefault(verifier, index)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """The next checkpoint; they come by size."""
        names = self._signers(checkpoint)
        sizes = self._signed.setdefault(names, [])
        if len(sizes) < MAX_FAULTS:
            sizes.append(checkpoint.size)
            self._noted += 1
        self._last.update(dict.fromkeys(names, checkpoint.size))

    def _signers(self, checkpoint: Checkpoint) -> frozenset[str]:
        try:
            note = checkpoint.signed()
            named = {(line.name, line.key_id) for line in note.signatures}
            return frozenset(map(str, note.signers(self._by_id[name] for name in named & self._by_id.keys())))
        except NoteFault:
            return frozenset()

    def finish(self) -> tuple[list[Verifier], bool | None]:
        """The keys that are reached, and whether every checkpoint is signed by one; None when none were given."""
        if [str(key) for key in self.known] != list(self._announced):
            self._findings.fault(
                "key_list",
                "公钥清单与存证中公告的公钥不符",
                "the list of keys is not the one that the log announces",
                At(),
            )
        reached = self._reached()
        unsigned = sorted(size for names, sizes in self._signed.items() if not names & reached for size in sizes)
        for size in unsigned[:MAX_FAULTS]:
            self._findings.fault(
                "key_untrusted",
                f"大小为 {size} 的检查点没有可信密钥的签名",
                f"the checkpoint at {size} is not signed by a trusted key",
                At(),
            )
        keys = [key for name, key in self._everyone.items() if name in reached]
        return keys, None if self._trusted is None else bool(self._signed) and not unsigned

    def _reached(self) -> set[str]:
        reached = {str(key) for key in (self.known if self._trusted is None else self._trusted)}
        covered = max((self._last.get(name, 0) for name in reached), default=0)
        for name, index in self._announced.items():  # in the order of the log
            if index >= covered:
                break
            reached.add(name)
            covered = max(covered, self._last.get(name, 0))
        return reached
