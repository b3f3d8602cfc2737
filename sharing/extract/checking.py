"""A certificate file that somebody handed on: whether it holds, and who says so. Offline; no database is opened.

A document that is whole in itself proves nothing: whoever makes a key can make one. It holds when its checkpoint is
signed by a key that is known by another way: given with the question, or one of the signing keys kept here.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import Refused
from infra.language import Text
from infra.ledger.note import Verifier
from infra.ledger.receipt import Receipt
from sharing.extract import extract


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that is whole. `key` is the one that it names; `trusted` is None when nobody here knows the signer."""

    extract: str
    key: Verifier
    trusted: bool | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values; `valid` is None, never true, for an unknown signer."""
        names = {"key": str(self.key), "fingerprint": self.key.fingerprint}
        return {"valid": self.trusted, "extract": self.extract, **names, "trusted": self.trusted}

    def said(self) -> Text:
        """The verdict for a person."""
        if self.trusted:
            return Text("证书有效", "the certificate holds")
        return Text(
            f"未能确认证书：文件自身完整，但签名者未知；公钥指纹 {self.key.fingerprint}。"
            f"请用其他途径核对指纹后以 --key 给出公钥：--key '{self.key}'",
            f"not confirmed: the file is whole in itself, its signer is unknown; fingerprint {self.key.fingerprint}. "
            f"Compare the fingerprint by another way, then pass the key: --key '{self.key}'",
        )


def check_file(path: Path, key: str | None = None) -> Checked:
    """Checks a certificate document.

    Args:
        path: the file, as `hub share show --json` prints it.
        key: the ledger's key as known by another way; without it the signing keys kept in this home are asked.

    Raises:
        Refused: SHARE_CERTIFICATE, LEDGER_RECEIPT.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        document = document.get("extract") or document  # as `hub share show --json` and as `hub share issue --json` say
        receipt = extract.check(document, key)
        named = str(document["certificate"]["extract"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(
            "SHARE_CERTIFICATE",
            "这不是证书文件",
            "this is no certificate document",
            remedy=Text("用 hub share show 案件号 --json 取得证书", "get it with `hub share show CASE --json`"),
        ) from error
    signer = Verifier.parse(key or receipt.verifier)
    return Checked(named, signer, True if key or _signed_here(receipt) else None)


def _signed_here(receipt: Receipt) -> bool:
    """Whether a signing key that is kept in this home signed the checkpoint."""
    from infra.ground import open_ground  # noqa: PLC0415 - only where no key was given
    from infra.keys import KeyRing  # noqa: PLC0415
    from infra.ledger.checkpoint import parse_checkpoint  # noqa: PLC0415
    from infra.ledger.keys import LedgerKeys  # noqa: PLC0415

    checkpoint = parse_checkpoint(receipt.checkpoint)
    with open_ground() as ground:
        folder = ground.home / "keys"
        if not folder.is_dir():
            return False
        kept = LedgerKeys(KeyRing(folder, clock=ground.clock), ground.clock).own(checkpoint.origin)
    return bool(checkpoint.signed().signers(kept))
