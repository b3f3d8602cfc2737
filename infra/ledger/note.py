"""Signed notes and their keys, as C2SP signed-note writes them, for Ed25519 (signature type 0x01). Pure.

    <text, ending in a newline>
    <empty line>
    — <key name> base64(key id ‖ signature)

    key id       = SHA-256(key name ‖ 0x0A ‖ 0x01 ‖ public key)[:4]
    verifier key = <key name>+<key id, hex>+base64(0x01 ‖ public key)

Reading is strict: whatever reads is what writing the same values gives, byte for byte.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from infra.crypto import sha256, verify

_ED25519 = b"\x01"
_DASH = "— "
_MAX_SIGNATURES = 16
_PUBLIC_BYTES = 32
_SIGNATURE_BYTES = 64

Sign = Callable[[bytes], bytes]


class NoteFault(ValueError):
    """The bytes are no note, or no verifier key."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under the name of what it signs for."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(char.isspace() or ord(char) < 0x20 for char in self.name):
            message = "a key name is not empty and holds no space, plus sign or control character"
            raise NoteFault(message)
        if len(self.public) != _PUBLIC_BYTES:
            message = "an Ed25519 public key has 32 bytes"
            raise NoteFault(message)

    @property
    def key_id(self) -> bytes:
        """The four bytes that a signature line begins with."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public)[:4]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, hex in groups of four: what two people compare by telephone."""
        digest = sha256(self.public).hex()
        return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """The key written as `text`.

        Raises:
            NoteFault: it is none, or not in its one canonical form.
        """
        parts = text.split("+", 2)
        encoded = decode_base64(parts[2]) if len(parts) == 3 else b""
        if encoded[:1] != _ED25519:
            message = "this is no Ed25519 verifier key"
            raise NoteFault(message)
        key = cls(parts[0], encoded[1:])
        if str(key) != text:
            message = "the verifier key does not match its key id"
            raise NoteFault(message)
        return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(str(line) for line in self.signatures)

    def signers(self, known: Iterable[Verifier]) -> tuple[Verifier, ...]:
        """Those of `known` that signed the text.

        Raises:
            NoteFault: a signature under the name and id of a known key is wrong, which condemns the whole note.
        """
        by_id = {(key.name, key.key_id): key for key in known}
        found = []
        for line in self.signatures:
            key = by_id.get((line.name, line.key_id))
            if key is None:
                continue
            if not verify(key.public, line.signature, self.text.encode()):
                message = f"the signature of {key.name} is wrong"
                raise NoteFault(message)
            found.append(key)
        return tuple(found)


def sign_note(text: str, signers: Iterable[tuple[Verifier, Sign]]) -> Note:
    """`text` signed by each of `signers` (a key and the function that signs with its private half)."""
    return Note(text, tuple(Signature(key.name, key.key_id, sign(text.encode())) for key, sign in signers))


def parse_note(raw: str) -> Note:
    """The note written as `raw`.

    Raises:
        NoteFault: it is none, or not in its one canonical form.
    """
    head, middle, tail = raw.rpartition("\n\n")
    lines = tail.split("\n")
    if not middle or not head or lines[-1] != "" or not 2 <= len(lines) <= _MAX_SIGNATURES + 1:
        message = "this is no signed note"
        raise NoteFault(message)
    note = Note(head + "\n", tuple(_parse_signature(line) for line in lines[:-1]))
    if len({(line.name, line.key_id) for line in note.signatures}) != len(note.signatures):
        message = "a key has signed the note twice"
        raise NoteFault(message)
    if str(note) != raw or any(ord(char) < 0x20 and char != "\n" for char in raw):
        message = "the note is not in its canonical form"
        raise NoteFault(message)
    return note


def _parse_signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    payload = decode_base64(encoded)
    if not line.startswith(_DASH) or not name or len(payload) != 4 + _SIGNATURE_BYTES:
        message = "this is no Ed25519 signature line"
        raise NoteFault(message)
    return Signature(name, payload[:4], payload[4:])


def decode_base64(text: str) -> bytes:
    """The bytes whose one canonical base64 form is `text`.

    Raises:
        NoteFault: `text` is no canonical base64.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as wrong:
        message = "this is no base64"
        raise NoteFault(message) from wrong
    if base64.b64encode(data).decode() != text:
        message = "this base64 is not in its canonical form"
        raise NoteFault(message)
    return data
