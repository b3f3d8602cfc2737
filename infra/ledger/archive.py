"""The ZIP form of a bundle: stored members, fixed dates, one possible encoding for given contents.

Reading is strict: an archive is taken apart only if every byte of it is what writing its members would give. So nothing
hides in comments, extra fields or gaps, no member is compressed (nothing can blow up), and a flipped byte is found
wherever it falls. Any ZIP tool opens the file. Limit: 4 GiB, that of plain ZIP; larger logs are bundled as folders.
"""

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_DATE = 0x0021  # 1980-01-01, the first day ZIP knows
_VERSION = 20
_MAX = (1 << 32) - 1
_MAX_MEMBERS = 16
_CHUNK = 1 << 20


class ArchiveFault(ValueError):
    """The file is no archive of this form."""


class ArchiveTooLarge(ValueError):
    """The members do not fit into a plain ZIP file."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside: its name, the CRC-32 and size of its data, and where its local header begins."""

    name: str
    crc: int
    size: int
    offset: int

    @property
    def start(self) -> int:
        """Where its data begins."""
        return self.offset + _LOCAL.size + len(self.name)

    def local(self) -> bytes:
        """Its local header."""
        name = self.name.encode("ascii")
        fields = (b"PK\x03\x04", _VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size, len(name), 0)
        return _LOCAL.pack(*fields) + name

    def central(self) -> bytes:
        """Its entry of the central directory."""
        name = self.name.encode("ascii")
        head = (b"PK\x01\x02", _VERSION, _VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size, len(name))
        return _CENTRAL.pack(*head, 0, 0, 0, 0, 0, self.offset) + name


def write_archive(target: BinaryIO, files: Mapping[str, Path]) -> None:
    """Writes `files` (name to path), by name, as an archive.

    Raises:
        ArchiveTooLarge: they need more than 4 GiB.
    """
    total = sum(path.stat().st_size for path in files.values())
    if total > _MAX - (1 << 16):
        raise ArchiveTooLarge
    members: list[Member] = []
    offset = 0
    for name, path in sorted(files.items()):
        crc, size = _crc(path)
        member = Member(name, crc, size, offset)
        target.write(member.local())
        with path.open("rb") as source:
            while chunk := source.read(_CHUNK):
                target.write(chunk)
        members.append(member)
        offset = member.start + size
    target.write(_directory(members, offset))


def read_archive(source: BinaryIO, size: int) -> list[Member]:
    """The members of the archive in `source`, a seekable file of `size` bytes.

    Raises:
        ArchiveFault: a byte of it is not what writing its members would give.
    """
    members: list[Member] = []
    offset = 0
    while _peek(source, offset) == b"PK\x03\x04":
        member = _member(source, offset, size)
        members.append(member)
        offset = member.start + member.size
        if len(members) > _MAX_MEMBERS:
            message = "too many members"
            raise ArchiveFault(message)
    names = [member.name for member in members]
    if names != sorted(set(names)):
        message = "the members are not in order, or one stands twice"
        raise ArchiveFault(message)
    expected = _directory(members, offset)
    source.seek(offset)
    if size - offset != len(expected) or source.read(len(expected)) != expected:
        message = "the directory at its end does not fit its members"
        raise ArchiveFault(message)
    return members


def _member(source: BinaryIO, offset: int, size: int) -> Member:
    source.seek(offset)
    head = source.read(_LOCAL.size)
    if len(head) != _LOCAL.size:
        message = "a member's header is cut off"
        raise ArchiveFault(message)
    *_, crc, length, _, name_length, _ = _LOCAL.unpack(head)
    raw = source.read(name_length)
    member = Member(raw.decode("ascii", "replace"), crc, length, offset)
    if not raw.isascii() or head + raw != member.local() or member.start + length > size:
        message = "a member's header is not in its one form"
        raise ArchiveFault(message)
    if _crc_of(source, member) != crc:
        message = f"the data of {member.name} does not fit its checksum"
        raise ArchiveFault(message)
    return member


def _crc_of(source: BinaryIO, member: Member) -> int:
    source.seek(member.start)
    left, crc = member.size, 0
    while left:
        chunk = source.read(min(left, _CHUNK))
        if not chunk:
            return -1
        crc = zlib.crc32(chunk, crc)
        left -= len(chunk)
    return crc


def _directory(members: Iterable[Member], offset: int) -> bytes:
    entries = [member.central() for member in members]
    directory = b"".join(entries)
    count = len(entries)
    return directory + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), offset, 0)


def _peek(source: BinaryIO, offset: int) -> bytes:
    source.seek(offset)
    return source.read(4)


def _crc(path: Path) -> tuple[int, int]:
    crc = size = 0
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
            size += len(chunk)
    return crc, size
