"""The sealed file: authenticated encryption in chunks, so that a file of any size is opened in little memory.

    "HUBSEAL1" · suite (1 byte) · chunk size (4 bytes, big-endian) · nonce prefix (7 bytes) · chunk · chunk · …

A chunk is `chunk size` bytes of plaintext (the last one 0 to that many) encrypted under nonce = prefix · counter (4
bytes) · last flag (1 byte), the STREAM construction: a chunk moved, dropped, doubled or cut off does not open. The
header and the caller's associated data (the delivery's id) are bound into every chunk. A data key seals one file only.
"""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from infra.errors import Refused
from infra.language import Text

MAGIC = b"HUBSEAL1"
CHUNK = 4 << 20
TAG = 16
_HEADER = struct.Struct(">8sBI7s")
_LARGEST_CHUNK = 64 << 20
_LITTLE = 256 << 10


class Cipher(Protocol):
    """Authenticated encryption with a 12-byte nonce and a 16-byte tag behind the text."""

    def encrypt_into(self, nonce: bytes, data: memoryview, associated_data: bytes, buf: memoryview) -> int:
        """Encrypt into `buf`, which is 16 bytes longer than `data`."""

    def decrypt_into(self, nonce: bytes, data: memoryview, associated_data: bytes, buf: memoryview) -> int:
        """Decrypt into `buf`, which is 16 bytes shorter than `data`; raises when anything was changed."""


def broken() -> Refused:
    """The error for a sealed file that does not open."""
    return Refused(
        "SEAL_BROKEN",
        "封存文件已损坏、被篡改，或密钥不符",
        "the sealed file is damaged, was changed, or is not of this key",
        remedy=Text("从备份恢复该对象", "restore the object from the backup"),
    )


def header(suite: int) -> bytes:
    """A new file's header, with a random nonce prefix."""
    return _HEADER.pack(MAGIC, suite, CHUNK, os.urandom(7))


def read_header(source: BinaryIO) -> tuple[bytes, int, int]:
    """Header, suite and chunk size of a sealed file.

    Raises:
        Refused: `SEAL_BROKEN`.
    """
    head = _read(source, memoryview(bytearray(_HEADER.size)))
    if len(head) != _HEADER.size:
        raise broken()
    magic, suite, chunk, _ = _HEADER.unpack(head)
    if magic != MAGIC or not 0 < chunk <= _LARGEST_CHUNK:
        raise broken()
    return bytes(head), suite, chunk


def seal(source: BinaryIO, head: bytes, cipher: Cipher, bound: bytes) -> Iterator[tuple[memoryview, memoryview]]:
    """Pairs of plaintext chunk and sealed chunk. Both are overwritten by the pair after the next."""
    counter = 0
    chunk, spare = _first(source, CHUNK), memoryview(b"")
    sealed = memoryview(bytearray(len(chunk) + TAG))
    while True:
        following = chunk[:0]
        if len(chunk) == CHUNK:
            spare = spare or memoryview(bytearray(CHUNK))
            following = _read(source, spare)
        target = sealed[: len(chunk) + TAG]
        cipher.encrypt_into(_nonce(head, counter, last=not following), chunk, bound, target)
        yield chunk, target
        if not following:
            return
        chunk, spare = following, chunk
        counter += 1


def unseal(source: BinaryIO, head: bytes, chunk_size: int, cipher: Cipher, bound: bytes) -> Iterator[memoryview]:
    """The plaintext chunks, each given only after it was verified; overwritten by the next.

    Raises:
        Refused: `SEAL_BROKEN`.
    """
    size = chunk_size + TAG
    counter = 0
    chunk, spare = _first(source, size), memoryview(b"")
    clear = memoryview(bytearray(max(0, len(chunk) - TAG)))
    while True:
        following = chunk[:0]
        if len(chunk) == size:
            spare = spare or memoryview(bytearray(size))
            following = _read(source, spare)
        if len(chunk) < TAG:
            raise broken()
        target = clear[: len(chunk) - TAG]
        cipher.decrypt_into(_nonce(head, counter, last=not following), chunk, bound, target)
        yield target
        if not following:
            return
        chunk, spare = following, chunk
        counter += 1


def _nonce(head: bytes, counter: int, *, last: bool) -> bytes:
    return head[-7:] + struct.pack(">IB", counter, last)


def _first(source: BinaryIO, size: int) -> memoryview:
    """The first `size` bytes, or fewer; of a small file in a small buffer, for zeroing a large one takes longer."""
    little = _read(source, memoryview(bytearray(min(size, _LITTLE))))
    if len(little) < min(size, _LITTLE):
        return little
    buffer = memoryview(bytearray(size))
    buffer[: len(little)] = little
    rest = _read(source, buffer[len(little) :])
    return buffer[: len(little) + len(rest)]


def _read(source: BinaryIO, buffer: memoryview) -> memoryview:
    """Fill `buffer` from `source` as far as it goes."""
    filled = 0
    while filled < len(buffer):
        data = source.readinto(buffer[filled:])  # type: ignore[attr-defined]
        if not data:
            break
        filled += data
    return buffer[:filled]
