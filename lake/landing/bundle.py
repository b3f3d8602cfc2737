"""Several files as one delivery: written into one ZIP, the same files into the same bytes, and that lands.

- The order is that of the names, nothing is compressed, no time and no mode is kept: the digest is one of names and
  contents alone, so that the same files again are the same delivery, and what landed can be compared with what lies in
  a folder.
- Every file is opened without following a link and read once; one that changes, grows or goes while it is read, and a
  folder to which something is added meanwhile, is told and nothing lands.
- Names are kept below the folder as they are (`lake.read.archive.text_of_name` where they are not UTF-8). What begins
  with a dot and what operating systems leave in folders is nobody's data and is left out.
"""

import contextlib
import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from infra import crypto
from infra.errors import Place, Refused, Unavailable
from infra.language import Text
from lake.read.archive import is_litter, printable, text_of_name

NOTHING = "LANDING_FOLDER_EMPTY"
_BLOCK = 1 << 20
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = (stat.S_IFREG | 0o600) << 16
_UNIX = 3
_ZIP64_FROM = 1 << 31
_DEPTH = 16
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = _FILE | os.O_DIRECTORY


@dataclass(frozen=True, slots=True)
class Piece:
    """One file on its way.

    Attributes:
        name: in the delivery.
        steps: the way to it: folders from the bundle's own on, and the file.
        looked: size, time of change and number of the file when it was found.
    """

    name: str
    steps: tuple[str, ...]
    looked: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What lands as one: a folder, or files that were named together."""

    paths: tuple[Path, ...]
    is_folder: bool

    @property
    def name(self) -> str:
        """What the delivery's file is called: the folder, or the first file and how many more."""
        first = printable(text_of_name(os.fsencode(self.paths[0].name)))
        return first if self.is_folder or len(self.paths) == 1 else f"{first} +{len(self.paths) - 1}"

    def pieces(self, most: int) -> list[Piece]:
        """The files in their order, as they lie there now.

        Raises:
            Refused: LANDING_NOT_A_FILE (a link, a device, a folder among files), LANDING_NAMES, LANDING_FILES,
                LANDING_FOLDER_EMPTY.
            Unavailable: LANDING_CHANGED.
        """
        found: dict[str, Piece] = {}
        for steps, status in self._found():
            name = text_of_name(os.fsencode("/".join(steps) if self.is_folder else Path(steps[-1]).name))
            if not stat.S_ISREG(status.st_mode):
                raise not_a_file(printable(name))
            if name in found:
                raise _twins(name)
            found[name] = Piece(name, steps, _looked(status))
            if len(found) > most:
                raise _too_many(most)
        if not found:
            raise _nothing(self.name)
        return [found[name] for name in sorted(found)]

    def look(self, most: int) -> list[float]:
        """What changes when anything in it does: how many files, their bytes, the newest, a digest of all that is seen.

        Raises:
            As `pieces`.
        """
        pieces = self.pieces(most)
        digest = int(crypto.sha256_hex(repr(pieces).encode("utf-8", "surrogateescape"))[:12], 16)
        newest = max(piece.looked[1] for piece in pieces)
        return [len(pieces), sum(piece.looked[0] for piece in pieces), newest, digest]

    def _found(self) -> Iterator[tuple[tuple[str, ...], os.stat_result]]:
        if self.is_folder:
            with _folder(str(self.paths[0])) as handle:
                yield from _walk(handle, ())
            return
        for path in self.paths:
            try:
                yield (str(path),), path.lstat()
            except OSError:
                raise not_a_file(path.name) from None

    @contextlib.contextmanager
    def opened(self, piece: Piece) -> Iterator[BinaryIO]:
        """The piece to read, which is what was found; no link on the way to it is followed."""
        with contextlib.ExitStack() as stack:
            handle: int | None = None
            for folder in (str(self.paths[0]), *piece.steps[:-1]) if self.is_folder else ():
                handle = stack.enter_context(_folder(folder, handle))
            try:
                source = os.fdopen(os.open(piece.steps[-1], _FILE, dir_fd=handle), "rb", buffering=0)
            except OSError:
                raise changed(printable(piece.name)) from None
            with source:
                if _looked(os.fstat(source.fileno())) != piece.looked:
                    raise changed(printable(piece.name))
                yield source


def bundled(path: Path, together: Sequence[Path] = ()) -> Bundle | None:
    """What lands as one of several; None: a file by itself."""
    if together:
        return Bundle(tuple(together), is_folder=False)
    try:
        folder = stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return None
    return Bundle((path,), is_folder=True) if folder else None


def pack(bundle: Bundle, target: Path, most_files: int, most_bytes: int) -> None:
    """Write the bundle's files into the new file `target`.

    Raises:
        Refused: as `Bundle.pieces`; LANDING_TOO_LARGE.
        Unavailable: LANDING_CHANGED.
    """
    pieces = bundle.pieces(most_files)
    size = sum(piece.looked[0] for piece in pieces)
    if size > most_bytes:
        raise too_large(size, most_bytes, bundle.name)
    with target.open("xb") as made:
        target.chmod(0o600)
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
            for piece in pieces:
                _write(archive, bundle, piece)
    if bundle.pieces(most_files) != pieces:
        raise changed(bundle.name)


def too_large(size: int, most: int, name: str) -> Refused:
    """The refusal of more bytes than may land."""
    return Refused(
        "LANDING_TOO_LARGE",
        f"文件有 {size} 字节，超过上限 {most} 字节",
        f"the file has {size} bytes, more than the limit of {most}",
        place=Place(file=name),
        remedy=Text("拆分后报送，或调高 HUB_LANDING_MAX_BYTES", "split it, or raise HUB_LANDING_MAX_BYTES"),
    )


def changed(name: str) -> Unavailable:
    """What is written to while it lands does not land."""
    return Unavailable(
        "LANDING_CHANGED",
        "文件在接收期间仍在写入",
        "the file was written to while it landed",
        place=Place(file=name),
        remedy=Text("写完后再报送", "deliver it when it is complete"),
    )


def not_a_file(name: str) -> Refused:
    """The refusal of what is no plain file."""
    return Refused(
        "LANDING_NOT_A_FILE",
        "不是可读的普通文件（符号链接、目录和设备不接收）",
        "not a readable plain file (links, folders and devices are not taken)",
        place=Place(file=name),
        remedy=Text("放入文件本身，再报送", "put the file itself there and deliver it"),
    )


@contextlib.contextmanager
def _folder(name: str, within: int | None = None) -> Iterator[int]:
    """The folder, opened; what became a link or went since it was seen is told as a change."""
    try:
        handle = os.open(name, _FOLDER, dir_fd=within)
    except OSError:
        raise changed(printable(Path(name).name)) from None
    try:
        yield handle
    finally:
        os.close(handle)


def _walk(handle: int, steps: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], os.stat_result]]:
    """Every entry below the folder that is no folder, and the way to it; links are met, not followed."""
    if len(steps) > _DEPTH:
        raise _too_deep(steps[-1])
    for name in sorted(os.listdir(handle), key=os.fsencode):
        if name.startswith(".") or is_litter(name):
            continue
        try:
            status = os.stat(name, dir_fd=handle, follow_symlinks=False)
        except FileNotFoundError:
            raise changed(printable(name)) from None
        if stat.S_ISDIR(status.st_mode):
            with _folder(name, handle) as inner:
                yield from _walk(inner, (*steps, name))
        else:
            yield (*steps, name), status


def _looked(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def _write(archive: zipfile.ZipFile, bundle: Bundle, piece: Piece) -> None:
    info = zipfile.ZipInfo(piece.name, _TIME)
    info.create_system, info.external_attr = _UNIX, _MODE
    size = left = piece.looked[0]
    with bundle.opened(piece) as source, archive.open(info, "w", force_zip64=size >= _ZIP64_FROM) as made:
        while left and (block := source.read(min(left, _BLOCK))):
            made.write(block)
            left -= len(block)
        after = os.fstat(source.fileno())
    if left or _looked(after) != piece.looked:
        raise changed(printable(piece.name))


def _twins(name: str) -> Refused:
    return Refused(
        "LANDING_NAMES",
        "一起报送的文件中有两个同名",
        "two of the files delivered together have one name",
        place=Place(file=printable(name)),
        remedy=Text("改名，或放在一个目录下按目录报送", "rename one, or deliver the folder that holds them"),
    )


def _too_many(most: int) -> Refused:
    return Refused(
        "LANDING_FILES",
        f"一个批次的文件超过上限 {most} 个",
        f"more than {most} files in one delivery",
        remedy=Text(
            "分成几批报送，或调高 HUB_LANDING_MAX_FILES", "deliver them in parts, or raise HUB_LANDING_MAX_FILES"
        ),
    )


def _too_deep(name: str) -> Refused:
    return Refused(
        "LANDING_NAMES", f"目录超过 {_DEPTH} 层", f"folders more than {_DEPTH} deep", place=Place(file=printable(name))
    )


def _nothing(name: str) -> Refused:
    return Refused(
        NOTHING,
        "目录中没有文件",
        "the folder holds no file",
        place=Place(file=name),
        remedy=Text("放入文件后再报送", "put the files into it, then deliver it"),
    )
