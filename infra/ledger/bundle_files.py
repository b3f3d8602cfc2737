"""How the check of a bundle opens its files: from a folder that may be hostile, or from inside an archive."""

import os
import stat
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from infra.ledger.archive import Member

Open = Callable[[], BinaryIO]


def folder_files(path: Path) -> dict[str, Open]:
    """The files of a folder by name, each with a function that opens it."""
    files: dict[str, Open] = {}
    for entry in os.scandir(path):
        # A link, a pipe or a device could lead anywhere or never end: it is listed, so it is found, and not opened.
        plain = stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
        files[entry.name] = _opens(Path(entry.path)) if plain else _empty
    return files


def _opens(path: Path) -> Open:
    return lambda: path.open("rb")


def _empty() -> BinaryIO:
    return BytesIO()


class _Part:
    """A window on the archive, read through the one open file."""

    def __init__(self, source: BinaryIO, member: Member) -> None:
        self._source = source
        self._at = member.start
        self._end = member.start + member.size

    def read(self, count: int) -> bytes:
        """At most `count` bytes."""
        self._source.seek(self._at)
        data = self._source.read(min(count, self._end - self._at))
        self._at += len(data)
        return data

    def readline(self, count: int) -> bytes:
        """At most `count` bytes, up to the end of the line."""
        self._source.seek(self._at)
        data = self._source.readline(min(count, self._end - self._at))
        self._at += len(data)
        return data

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *_: object) -> None:
        """The archive stays open for the other members."""


def inside(source: BinaryIO, member: Member) -> Open:
    """Opens a member of an archive."""
    return lambda: cast("BinaryIO", _Part(source, member))
