"""The one door to cryptography: hash, MAC, signature, sealing, key derivation, randomness.

No other module of the house imports `cryptography`, `hashlib`, `hmac` or `secrets`. The algorithms stand behind one
seam, `Suite`, of three methods: SM3, SM4 and SM2, or an HSM, come as another suite. Keys are `infra.keys.Key`.
"""

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra import sealing
from infra.errors import Unavailable
from infra.keys import Key, KeyRing
from infra.sealing import Cipher
from infra.suite import Hasher, Signatures, Suite

__all__ = [
    "Hasher",
    "Key",
    "KeyRing",
    "Sealed",
    "StandardSuite",
    "Suite",
    "derive",
    "equal",
    "hasher",
    "mac",
    "public_key",
    "random_bytes",
    "random_token",
    "seal_file",
    "sha256",
    "sha256_file",
    "sha256_hex",
    "sign",
    "stretch",
    "unseal_file",
    "unwrap",
    "verify",
    "wrap",
]

_NONCE = 12
_PIECE = 32 << 20


class _Ed25519:
    def public(self, secret: bytes) -> bytes:
        private = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
        return private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    def sign(self, secret: bytes, data: bytes) -> bytes:
        return ed25519.Ed25519PrivateKey.from_private_bytes(secret).sign(data)

    def verify(self, public: bytes, signature: bytes, data: bytes) -> bool:
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True


class StandardSuite:
    """SHA-256, AES-256-GCM, Ed25519."""

    hash_name = "sha256"

    def hasher(self, data: bytes = b"") -> Hasher:
        """SHA-256."""
        return hashlib.sha256(data)

    def cipher(self, key: bytes) -> Cipher:
        """AES-256-GCM."""
        return AESGCM(key)

    def signatures(self) -> Signatures:
        """Ed25519."""
        return _Ed25519()


# By the name in a key's file and by the number in a sealed file's header; neither is ever used again for another.
_SUITES: dict[str, Suite] = {"standard": StandardSuite()}
_NUMBERS: dict[int, str] = {1: "standard"}
_STANDARD = 1


@dataclass(frozen=True, slots=True)
class Sealed:
    """What went through sealing: SHA-256 (hexadecimal) and size in bytes of the plaintext."""

    sha256: str
    size: int


def sha256(data: bytes) -> bytes:
    """SHA-256 of `data`."""
    return hashlib.sha256(data).digest()


def sha256_hex(data: bytes) -> str:
    """SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hasher() -> Hasher:
    """A running SHA-256."""
    return hashlib.sha256()


def sha256_file(path: Path) -> Sealed:
    """SHA-256 and size of a file.

    In few large pieces: hashing lets go of the interpreter, and whoever imports beside it gives it back late.
    """
    digest, size = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        piece = memoryview(bytearray(min(_PIECE, max(1, os.fstat(file.fileno()).st_size))))
        while count := file.readinto(piece):
            digest.update(piece[:count])
            size += count
    return Sealed(digest.hexdigest(), size)


def mac(key: Key | bytes, data: bytes) -> bytes:
    """HMAC of `data` over the hash of the key's suite; HMAC-SHA-256, 32 bytes, by the standard one."""
    return hmac.digest(_secret(key), data, _suite(key).hash_name)


def equal(a: bytes | str, b: bytes | str) -> bool:
    """Whether two values are equal, in a time that does not tell where they differ."""
    left = a.encode() if isinstance(a, str) else a
    right = b.encode() if isinstance(b, str) else b
    return hmac.compare_digest(left, right)


def derive(key: Key | bytes, label: str, length: int = 32) -> bytes:
    """A key for `label` alone, from `key` (HKDF-SHA-256)."""
    return HKDF(hashes.SHA256(), length, None, label.encode()).derive(_secret(key))


def stretch(passphrase: str, salt: bytes) -> bytes:
    """A key from what a person can remember, slow to guess: scrypt, N = 2¹⁷, r = 8, 128 MiB."""
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=1 << 17, r=8, p=1, maxmem=1 << 28, dklen=32)


def random_bytes(n: int = 32) -> bytes:
    """`n` unpredictable bytes."""
    return secrets.token_bytes(n)


def random_token(n: int = 32) -> str:
    """`n` unpredictable bytes as URL-safe text without padding."""
    return base64.urlsafe_b64encode(secrets.token_bytes(n)).rstrip(b"=").decode()


def sign(key: Key | bytes, data: bytes) -> bytes:
    """The signature of `data` by the key's suite; Ed25519, 64 bytes, by the standard one."""
    return _suite(key).signatures().sign(_secret(key), data)


def public_key(key: Key | bytes) -> bytes:
    """The raw public key (32 bytes) that verifies what `key` signs."""
    return _suite(key).signatures().public(_secret(key))


def verify(public: bytes, signature: bytes, data: bytes, *, suite: str = "standard") -> bool:
    """Whether `signature` is one of `data` under the raw public key; never for a suite that nobody knows."""
    return suite in _SUITES and _SUITES[suite].signatures().verify(public, signature, data)


def wrap(master: Key | bytes, data_key: bytes, aad: bytes) -> bytes:
    """`data_key` sealed under `master` and bound to `aad`: what may be stored beside the data."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(derive(master, "wrap")).encrypt(nonce, data_key, aad)


def unwrap(master: Key | bytes, wrapped: bytes, aad: bytes) -> bytes:
    """The data key inside `wrapped`.

    Raises:
        Refused: `SEAL_BROKEN` when it was changed, or is of another master key or `aad`.
    """
    try:
        return AESGCM(derive(master, "wrap")).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], aad)
    except (InvalidTag, ValueError):
        raise sealing.broken() from None


def seal_file(src: Path | BinaryIO, dst: Path, key: bytes, aad: bytes) -> Sealed:
    """Seal `src` into the new file `dst` under a data key used for nothing else; one pass hashes and seals.

    `dst` is a scratch file: it is not synced, and removed when sealing fails. Format: `infra.sealing`.
    """
    suite = _SUITES[_NUMBERS[_STANDARD]]
    head = sealing.header(_STANDARD)
    digest, size = suite.hasher(), 0
    with ExitStack() as stack:
        source = stack.enter_context(src.open("rb", buffering=0)) if isinstance(src, Path) else src
        target = stack.enter_context(_new(dst))
        target.write(head)
        for clear, sealed in sealing.seal(source, head, suite.cipher(key), _bound(head, aad)):
            digest.update(clear)
            size += len(clear)
            target.write(sealed)
    return Sealed(digest.hexdigest(), size)


def unseal_file(src: Path | BinaryIO, dst: Path, key: bytes, aad: bytes) -> Sealed:
    """Open a sealed file into the new file `dst`; no byte reaches `dst` before it was verified.

    Raises:
        Refused: `SEAL_BROKEN`; `dst` is then gone.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with ExitStack() as stack:
            source = stack.enter_context(src.open("rb", buffering=0)) if isinstance(src, Path) else src
            target = stack.enter_context(_new(dst))
            head, number, chunk = sealing.read_header(source)
            if number not in _NUMBERS:
                raise sealing.broken()
            suite = _SUITES[_NUMBERS[number]]
            digest = suite.hasher()  # type: ignore[assignment]
            for clear in sealing.unseal(source, head, chunk, suite.cipher(key), _bound(head, aad)):
                digest.update(clear)
                size += len(clear)
                target.write(clear)
    except BaseException as error:
        dst.unlink(missing_ok=True)
        if isinstance(error, InvalidTag):
            raise sealing.broken() from None
        raise
    return Sealed(digest.hexdigest(), size)


def _new(path: Path) -> BinaryIO:
    """A new file for its owner alone."""
    return open(path, "xb", buffering=0, opener=lambda name, flags: os.open(name, flags, 0o600))


def _bound(head: bytes, aad: bytes) -> bytes:
    return sha256(head + aad)


def _suite(key: Key | bytes) -> Suite:
    name = key.algorithm if isinstance(key, Key) else "standard"
    if name not in _SUITES:
        raise Unavailable("KEY_SUITE", "本程序不支持该密钥的算法", "this program does not know the key's algorithms")
    return _SUITES[name]


def _secret(key: Key | bytes) -> bytes:
    return key.secret if isinstance(key, Key) else key
