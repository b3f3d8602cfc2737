"""A log that only grew: the proof that its tree at one size is the beginning of its tree at a later one. Pure.

Who kept an old checkpoint learns from it that nothing of what it covered was changed, removed or moved since.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.errors import Refused
from infra.ledger.checkpoint import Checkpoint, parse_checkpoint
from infra.ledger.merkle import HASH_BYTES, verify_consistency
from infra.ledger.note import NoteFault, Verifier, decode_base64

FORMAT = "cityhub-ledger-consistency/1"
_HEAD = ("size", "root", "checkpoint", "key")


@dataclass(frozen=True, slots=True)
class Head:
    """The tree at one size.

    Attributes:
        size, root: how many leaves, and their root.
        checkpoint: the signed note of this size; None where none was signed.
        verifier: the key that signed it, as C2SP writes it.
    """

    size: int
    root: bytes
    checkpoint: str | None = None
    verifier: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        root = base64.b64encode(self.root).decode()
        return dict(zip(_HEAD, (self.size, root, self.checkpoint, self.verifier), strict=True))


@dataclass(frozen=True, slots=True)
class Growth:
    """The tree `old` is the beginning of the tree `new`, by the RFC 6962 consistency proof `proof`."""

    old: Head
    new: Head
    proof: tuple[bytes, ...]

    def verify(self, trusted: Sequence[Verifier] = ()) -> str | None:
        """Checks all of it offline; returns the log's name, None where neither size has a checkpoint.

        Args:
            trusted: the log's keys as known by another way. Without them each checkpoint's own key is used, which shows
                that the proof is whole, not who signed.

        Raises:
            Refused: `LEDGER_CONSISTENCY`, with the reason.
        """
        signed = list(self._signed(trusted))
        if trusted and self.new.checkpoint is None:
            raise _refused("较新的一端没有签名检查点", "the later size has no signed checkpoint")
        origins = {checkpoint.origin for checkpoint in signed}
        if len(origins) > 1:
            raise _refused("两个检查点不属于同一存证", "the two checkpoints are of different logs")
        if not verify_consistency(self.old.size, self.old.root, self.new.size, self.new.root, self.proof):
            raise _refused(
                "较早的树不是较新的树的开头，或证明被改动",
                "the earlier tree is not the beginning of the later one, or the proof was changed",
            )
        return origins.pop() if origins else None

    def _signed(self, trusted: Sequence[Verifier]) -> Iterator[Checkpoint]:
        for head in (self.old, self.new):
            if head.checkpoint is not None:
                yield _checked(head, head.checkpoint, trusted)
            elif head.verifier is not None:
                raise _refused("有公钥而无检查点", "there is a key without a checkpoint")

    def as_dict(self) -> dict[str, Any]:
        """The proof as JSON; `from_dict` reads it back."""
        return {
            "format": FORMAT,
            "old": self.old.as_dict(),
            "new": self.new.as_dict(),
            "proof": [base64.b64encode(hashed).decode() for hashed in self.proof],
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Growth":
        """The proof in `given`.

        Raises:
            Refused: `LEDGER_CONSISTENCY` when it is none.
        """
        try:
            if given["format"] != FORMAT:
                raise _refused("格式未知", "its format is unknown")
            if given.keys() != {"format", "old", "new", "proof"}:
                raise TypeError("keys")
            proof = tuple(_hash(line) for line in _list(given["proof"]))
            return cls(_head(given["old"]), _head(given["new"]), proof)
        except (KeyError, TypeError, ValueError) as wrong:
            raise _refused("缺少字段或字段有误", "a field is missing or wrong") from wrong


def _checked(head: Head, note: str, trusted: Sequence[Verifier]) -> Checkpoint:
    """The checkpoint of a head: of this size and root, signed by the key it names and by a trusted one."""
    try:
        own = Verifier.parse(head.verifier or "")
        checkpoint = parse_checkpoint(note)
        signers = [checkpoint.signed().signers(keys) for keys in ([own], trusted or [own])]
    except NoteFault as fault:
        raise _refused(f"检查点或密钥不可读（{fault}）", f"a checkpoint or key cannot be read: {fault}") from fault
    if (checkpoint.size, checkpoint.root) != (head.size, head.root):
        raise _refused("检查点与所列的大小或根不符", "a checkpoint is not of the size and root that are given")
    if not all(any(key.name == checkpoint.origin for key in keys) for keys in signers):
        raise _refused(
            f"大小为 {head.size} 的检查点没有可信密钥的签名",
            f"the checkpoint of size {head.size} is not signed by a trusted key",
        )
    return checkpoint


def _head(given: Any) -> Head:
    if not isinstance(given, dict) or given.keys() != set(_HEAD) or type(given["size"]) is not int:
        raise TypeError("head")
    texts = (given["checkpoint"], given["key"])
    if not all(text is None or isinstance(text, str) for text in texts):
        raise TypeError("head")
    return Head(given["size"], _hash(given["root"]), *texts)


def _list(given: Any) -> list[Any]:
    if not isinstance(given, list):
        raise TypeError("proof")
    return given


def _hash(given: Any) -> bytes:
    if not isinstance(given, str) or len(hashed := decode_base64(given)) != HASH_BYTES:
        raise TypeError("hash")
    return hashed


def _refused(zh: str, en: str) -> Refused:
    return Refused("LEDGER_CONSISTENCY", f"一致性证明不成立：{zh}", f"the consistency proof does not hold: {en}")
