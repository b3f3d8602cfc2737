"""The ledger's keys: one pair signs checkpoints, one key makes pseudonyms, one marks entries as written by us.

The mark (a MAC beside each entry) is what the sequencer asks before it indexes: whoever can write to the database but
not read the keys can add no entry. The pseudonym key stands apart, so that destroying it cuts every actor's trail
without touching a proof.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from infra.crypto import Key, KeyRing, equal, mac, public_key, sign
from infra.errors import Unavailable
from infra.language import Text
from infra.ledger.checkpoint import Checkpoint
from infra.ledger.note import NoteFault, Verifier
from infra.ledger.tables import KEY

SIGN = "ledger-sign"
ACTOR = "ledger-actor"
ENTRY = "ledger-entry"
_PSEUDONYM_BYTES = 16


@dataclass(frozen=True, slots=True)
class Signer:
    """A signing key: its id in the key ring, its public half, and the act of signing."""

    id: str
    verifier: Verifier
    sign: Callable[[bytes], bytes]


class LedgerKeys:
    """The keys of one ledger, kept in memory while they live: appending reads no file."""

    def __init__(self, ring: KeyRing, clock: Callable[[], datetime]) -> None:
        self._ring = ring
        self._clock = clock
        self._kept: dict[str, Key] = {}

    def _current(self, purpose: str) -> Key:
        kept = self._kept.get(purpose)
        if kept is None or not kept.alive(self._clock()):
            kept = self._kept[purpose] = self._ring.current(purpose, life=None)
        return kept

    def pseudonym(self, actor: str) -> str:
        """`actor` under the current key: `<key id>:<HMAC, hex>`."""
        key = self._current(ACTOR)
        return f"{key.id}:{mac(key, actor.encode())[:_PSEUDONYM_BYTES].hex()}"

    def mark(self, body: bytes) -> bytes:
        """The mark of an entry that we write."""
        return mac(self._current(ENTRY), body)

    def is_genuine(self, body: bytes, mark: bytes) -> bool:
        """Whether one of our processes wrote `body`."""
        if equal(mac(self._current(ENTRY), body), mark):
            return True
        return any(equal(mac(key, body), mark) for key in self._ring.of(ENTRY))

    def signer(self, origin: str) -> Signer:
        """The key that signs for `origin` now; read afresh, so that a rotation counts from the next checkpoint on."""
        return _signer(self._ring.current(SIGN, life=None), origin)

    def own(self, origin: str) -> list[Verifier]:
        """The public halves of every signing key in the key ring."""
        return [_signer(key, origin).verifier for key in self._ring.of(SIGN)]

    def former(self, key_id: str, verifier: str) -> Signer | None:
        """An earlier signer, None when its private half is gone."""
        try:
            found = _signer(self._ring.by_id(key_id), Verifier.parse(verifier).name)
        except (Unavailable, NoteFault):
            return None
        return found if str(found.verifier) == verifier else None


def verifiers(connection: Connection) -> list[Verifier]:
    """Every key that has signed, oldest first, as the database tells; unreadable rows are left out."""
    found = []
    for text in connection.execute(sa.select(KEY.c.verifier).order_by(KEY.c.position)).scalars():
        try:
            found.append(Verifier.parse(text))
        except NoteFault:
            continue
    return found


def verifier_of(connection: Connection, checkpoint: Checkpoint) -> Verifier:
    """The newest key that signed `checkpoint`.

    Raises:
        Unavailable: `LEDGER_DAMAGED`, none of the known keys did.
    """
    try:
        signed = checkpoint.signed().signers(verifiers(connection))
    except NoteFault:
        signed = ()
    if not signed:
        raise Unavailable(
            "LEDGER_DAMAGED",
            "检查点没有已知密钥的签名",
            "no known key has signed the checkpoint that is stored",
            remedy=Text("运行 hub ledger verify 查看损坏位置", "run hub ledger verify to see where the damage is"),
        )
    return signed[0]


def _signer(key: Key, origin: str) -> Signer:
    return Signer(key.id, Verifier(origin, public_key(key)), lambda data: sign(key, data))
