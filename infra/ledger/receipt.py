"""A receipt: everything one needs to check, without us, that an entry is in the log. Pure."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.errors import Refused
from infra.ledger.checkpoint import Checkpoint, parse_checkpoint
from infra.ledger.entry import canonical, canonical_object, commitment, leaf_hash
from infra.ledger.merkle import verify_inclusion
from infra.ledger.note import NoteFault, Verifier, decode_base64

FORMAT = "cityhub-ledger-receipt/1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry's proof.

    Attributes:
        number: the entry's number in the database it came from; not part of the proof.
        body: the entry as canonical JSON.
        index: its place in the log, from 0.
        proof: the inclusion proof, from the leaf's sibling upwards.
        checkpoint: the signed note the proof leads to.
        verifier: the key that signed it, as C2SP writes it. Who trusts the receipt gets this key by another way.
        salt, content: what the entry commits to; None when withheld or erased, and the proof holds all the same.
    """

    number: int
    body: bytes
    index: int
    proof: tuple[bytes, ...]
    checkpoint: str
    verifier: str
    salt: bytes | None = None
    content: bytes | None = None

    @property
    def entry(self) -> Mapping[str, Any]:
        """The entry's fields."""
        return canonical_object(self.body) or {}

    @property
    def size(self) -> int:
        """The size of the checkpointed tree."""
        return parse_checkpoint(self.checkpoint).size

    def without_content(self) -> "Receipt":
        """The same proof, for readers who may not see the content."""
        return Receipt(self.number, self.body, self.index, self.proof, self.checkpoint, self.verifier)

    def verify(self, trusted: Verifier | str | None = None) -> Checkpoint:
        """Checks the whole receipt offline; returns the checkpoint it leads to.

        Args:
            trusted: the log's key as known by another way. Without it the receipt's own key is used, which shows that
                the receipt is whole, not who signed it.

        Raises:
            Refused: `LEDGER_RECEIPT`, with the reason.
        """
        try:
            given = trusted if trusted is not None else self.verifier
            key = given if isinstance(given, Verifier) else Verifier.parse(given)
            checkpoint = parse_checkpoint(self.checkpoint)
            signed = checkpoint.signed().signers([key])
        except NoteFault as fault:
            raise _refused("检查点或密钥不可读", str(fault)) from fault
        if not signed or key.name != checkpoint.origin:
            raise _refused("检查点没有可信密钥的签名", "the checkpoint is not signed by the trusted key")
        if not verify_inclusion(leaf_hash(self.body), self.index, checkpoint.size, self.proof, checkpoint.root):
            raise _refused("包含证明不成立", "the inclusion proof does not lead to the checkpoint")
        fields = canonical_object(self.body)
        if fields is None:
            raise _refused("记录不是规范 JSON", "the entry is no canonical JSON")
        if (self.salt is None) != (self.content is None):
            raise _refused("内容与盐须同时给出", "content and salt come together or not at all")
        if self.salt is not None and self.content is not None:
            self._check_content(self.salt, self.content, fields)
        return checkpoint

    def _check_content(self, salt: bytes, content: bytes, fields: Mapping[str, Any]) -> None:
        if canonical_object(content) is None or commitment(salt, content) != fields.get("commitment"):
            raise _refused("内容与承诺不符", "the content is not what the entry commits to")

    def as_dict(self) -> dict[str, Any]:
        """The receipt as JSON; `from_dict` reads it back."""
        shown: dict[str, Any] = {
            "format": FORMAT,
            "number": self.number,
            "entry": self.entry,
            "leaf_index": self.index,
            "proof": [base64.b64encode(hashed).decode() for hashed in self.proof],
            "checkpoint": self.checkpoint,
            "key": self.verifier,
        }
        if self.salt is not None and self.content is not None:
            shown["salt"] = self.salt.hex()
            shown["content"] = canonical_object(self.content)
        return shown

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Receipt":
        """The receipt in `given`.

        Raises:
            Refused: `LEDGER_RECEIPT` when it is none.
        """
        try:
            if given["format"] != FORMAT:
                raise _refused("回执格式未知", "the format of the receipt is unknown")
            number, index = given["number"], given["leaf_index"]
            if type(number) is not int or type(index) is not int:
                raise TypeError("number")
            return cls(
                number,
                canonical(dict(given["entry"])),
                index,
                tuple(decode_base64(line) for line in _texts(given["proof"])),
                str(given["checkpoint"]),
                str(given["key"]),
                bytes.fromhex(given["salt"]) if "salt" in given else None,
                canonical(dict(given["content"])) if "content" in given else None,
            )
        except (KeyError, TypeError, ValueError) as wrong:
            raise _refused("回执缺少字段或字段有误", "a field of the receipt is missing or wrong") from wrong

    def tlog_proof(self) -> str:
        """The proof in the C2SP tlog-proof format, for tools of others; the data it proves is `body`."""
        lines = ["c2sp.org/tlog-proof@v1", f"index {self.index}"]
        lines += [base64.b64encode(hashed).decode() for hashed in self.proof]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def _texts(values: Any) -> Sequence[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("proof")
    return values


def _refused(zh: str, en: str) -> Refused:
    return Refused("LEDGER_RECEIPT", f"存证回执不成立：{zh}", f"the receipt does not hold: {en}")
