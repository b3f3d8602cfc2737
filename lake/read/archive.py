"""What is inside a ZIP: its files one by one, unpacked into scratch within limits, under names of ours; and a gzip's.

A delivery of several files lands as a ZIP too (`lake.landing.bundle`), so that this is the one way to all of them.
Names inside an archive are somebody's words: none becomes a path, wherever it may lead. An archive in which a name
stands twice or belongs to a link is refused, for nobody packs data so. What an archive claims about its sizes is not
believed: unpacking stops at the limits. Names that are not marked as UTF-8 are UTF-8 where that is possible and GB18030
else, as Windows packs in China.
"""

import contextlib
import gzip
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from infra import crypto
from infra.errors import Place, Refused
from infra.language import Text
from lake.read.source import Limits

_BLOCK = 1 << 20
_IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_REPACK = Text("重新打包后报送，或直接报送其中的数据文件", "pack it again, or deliver the data files themselves")
_RATIO_FROM = 64 * 1024 * 1024
_DIRECTORY_MOST = 256 * 1024 * 1024
_UTF8_NAME, _ENCRYPTED = 0x800, 0x1
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_NAME_MOST = 255


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive; `name` is as its sender wrote it, made printable."""

    info: zipfile.ZipInfo
    name: str

    @property
    def base(self) -> str:
        """The last part of the name."""
        return PurePosixPath(self.name).name


@contextlib.contextmanager
def opened(path: Path, place: Place) -> Iterator[zipfile.ZipFile]:
    """The archive; whatever is wrong with its bytes ends the block in one sentence.

    Raises:
        Refused: READ_DAMAGED, READ_ARCHIVE (an unknown compression).
    """
    with guarded(place):
        archive = zipfile.ZipFile(path)
    with archive:
        yield archive


def members(archive: zipfile.ZipFile, limits: Limits, place: Place) -> list[Member]:
    """The files inside in the order of their names, without what operating systems put beside them.

    Raises:
        Refused: READ_ARCHIVE_NAME, READ_PARTS.
    """
    found: dict[str, Member] = {}
    for info in archive.infolist():
        name = _name(info)
        if info.is_dir() or name.endswith("/") or is_litter(name):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _name_refused("压缩包内有符号链接", "the archive holds a link", place)
        if name in found:
            raise _name_refused("压缩包内有两个文件同名", "two files in the archive have one name", place)
        found[name] = Member(info, printable(name))
        if len(found) > limits.max_parts:
            raise too_many(len(archive.infolist()), limits.max_parts, place)
    return [found[name] for name in sorted(found)]


class Unpacking:
    """Unpacks members of one archive within the limits that all of them share."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits, place: Place) -> None:
        self._archive, self._limits, self._place = archive, limits, place
        self._left = limits.max_unpacked

    def take(self, member: Member, target: Path, place: Place) -> crypto.Sealed:
        """The member's bytes as the new file `target`; their digest and size.

        Raises:
            Refused: READ_ENCRYPTED, READ_DAMAGED, READ_ARCHIVE, which are the member's own; READ_ARCHIVE_SIZE, which
                is the archive's.
        """
        if member.info.flag_bits & _ENCRYPTED:
            raise _encrypted(place)
        digest, size = crypto.hasher(), 0
        with guarded(place), self._archive.open(member.info) as source, target.open("xb") as made:
            target.chmod(0o600)
            while block := source.read(_BLOCK):
                self._left -= len(block)
                size += len(block)
                if self._left < 0:
                    raise _too_large(self._limits.max_unpacked, self._place)
                if size > _RATIO_FROM and size > self._limits.max_ratio * max(1, member.info.compress_size):
                    raise _too_dense(self._limits.max_ratio, self._place)
                digest.update(block)
                made.write(block)
        return crypto.Sealed(digest.hexdigest(), size)


def gunzip(path: Path, target: Path, limits: Limits, place: Place) -> Path:
    """The one file that a gzip holds, as the new file `target`.

    Raises:
        Refused: READ_DAMAGED, READ_ARCHIVE_SIZE.
    """
    packed, size = path.stat().st_size, 0
    with guarded(place), gzip.open(path) as source, target.open("xb") as made:
        target.chmod(0o600)
        while block := source.read(_BLOCK):
            size += len(block)
            if size > limits.max_unpacked:
                raise _too_large(limits.max_unpacked, place)
            if size > _RATIO_FROM and size > limits.max_ratio * packed:
                raise _too_dense(limits.max_ratio, place)
            made.write(block)
    return target


def printable(name: str) -> str:
    """A name that a terminal, a database and JSON can hold, whatever it was."""
    shown = "".join(char if char.isprintable() else "\ufffd" for char in name)
    return shown.encode("utf-8", "replace").decode("utf-8")[-_NAME_MOST:]


def text_of_name(raw: bytes) -> str:
    """A file's name from bytes of which nobody says how they are encoded."""
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return raw.decode("utf-8", "replace")


def _name(info: zipfile.ZipInfo) -> str:
    name = info.orig_filename
    if not info.flag_bits & _UTF8_NAME:
        name = text_of_name(name.encode("cp437"))  # which is what Python reads such names as, byte by byte
    return name.replace("\\", "/")


def is_litter(name: str) -> bool:
    """What operating systems put beside the files that a person packed."""
    base = PurePosixPath(name).name
    return name.startswith(_IGNORED[0]) or base in _IGNORED or base.startswith("._")


def check_directory(path: Path, place: Place) -> None:
    """Refuse an archive whose list of names is too long to be loaded, as it is whenever it is opened.

    Raises:
        Refused: READ_PARTS.
    """
    if _directory_size(path) > _DIRECTORY_MOST:
        raise too_many(None, None, place)


def _directory_size(path: Path) -> int:
    """How many bytes the archive's list of names takes, 0 when that is not found."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 65_557 - 20))
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < _END.size:
            return 0
        found: int = _END.unpack_from(tail, at)[5]
        if found != 0xFFFFFFFF or tail[at - 20 : at - 16] != b"PK\x06\x07":
            return found
        file.seek(min(size, int.from_bytes(tail[at - 12 : at - 4], "little")))
        end = file.read(_END_64.size)
    return int(_END_64.unpack(end)[8]) if len(end) == _END_64.size else 0


def too_many(count: int | None, most: int | None, place: Place) -> Refused:
    """The refusal of an archive with more files than a delivery may have."""
    zh, en = (f"有 {count} 个文件，", f"{count} files, ") if count is not None else ("文件过多，", "too many files, ")
    return Refused(
        "READ_PARTS",
        f"{zh}超过一个批次的上限" + (f" {most} 个" if most else ""),
        f"{en}more than the {most or 'number'} that one delivery may have",
        place=place,
        remedy=Text("分成几批报送，或调高 HUB_READ_MAX_PARTS", "deliver it in parts, or raise HUB_READ_MAX_PARTS"),
    )


def _name_refused(zh: str, en: str, place: Place) -> Refused:
    return Refused("READ_ARCHIVE_NAME", zh, en, place=place, remedy=_REPACK)


def _encrypted(place: Place) -> Refused:
    return Refused(
        "READ_ENCRYPTED",
        "压缩包设有密码，不能读取",
        "the archive is protected by a password and cannot be read",
        place=place,
        remedy=Text("去掉密码后重新报送", "remove the password and deliver it again"),
    )


def _too_large(most: int, place: Place) -> Refused:
    return Refused(
        "READ_ARCHIVE_SIZE",
        f"解压后超过上限 {most} 字节",
        f"unpacked it has more than the {most} bytes allowed",
        place=place,
        remedy=Text("拆分后报送，或调高 HUB_READ_MAX_UNPACKED", "split it, or raise HUB_READ_MAX_UNPACKED"),
    )


def _too_dense(most: int, place: Place) -> Refused:
    return Refused(
        "READ_ARCHIVE_SIZE",
        f"解压后超过压缩前的 {most} 倍，可能是压缩炸弹",
        f"it unpacks to more than {most} times its size, as archives made to fill disks do",
        place=place,
        remedy=Text(
            "直接报送其中的数据文件，或调高 HUB_READ_MAX_RATIO", "deliver the files, or raise HUB_READ_MAX_RATIO"
        ),
    )


@contextlib.contextmanager
def guarded(place: Place) -> Iterator[None]:
    """What the library says of a broken archive, in our words."""
    try:
        yield
    except NotImplementedError:
        raise Refused(
            "READ_ARCHIVE",
            "压缩包用了不支持的压缩方法",
            "the archive uses a compression that is not read here",
            place=place,
            remedy=_REPACK,
        ) from None
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, ValueError, RuntimeError):
        raise Refused(
            "READ_DAMAGED",
            "压缩包已损坏，可能没有传完",
            "the archive is damaged; it may be cut off",
            place=place,
            remedy=_REPACK,
        ) from None
