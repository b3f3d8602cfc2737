"""The seam for national cryptography and for hardware: what a family of algorithms offers (`infra.crypto` has ours)."""

from typing import Any, Protocol

from infra.sealing import Cipher


class Hasher(Protocol):
    """A running digest."""

    def update(self, data: Any, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """The digest of all bytes taken."""

    def hexdigest(self) -> str:
        """The same in hexadecimal."""


class Signatures(Protocol):
    """Deterministic signatures under a 32-byte secret."""

    def public(self, secret: bytes) -> bytes:
        """The public key of `secret`, raw."""

    def sign(self, secret: bytes, data: bytes) -> bytes:
        """The signature of `data`."""

    def verify(self, public: bytes, signature: bytes, data: bytes) -> bool:
        """Whether `signature` is one of `data` under `public`."""


class Suite(Protocol):
    """A family of algorithms: the seam for national cryptography and for hardware."""

    hash_name: str  # what OpenSSL calls the hash

    def hasher(self, data: bytes = b"") -> Hasher:
        """A new running digest, begun with `data`."""

    def cipher(self, key: bytes) -> Cipher:
        """Authenticated encryption under a 32-byte key."""

    def signatures(self) -> Signatures:
        """The signature scheme."""
