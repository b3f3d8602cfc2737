"""One door to raw objects and to the place of Delta tables: a folder, or any S3.

Promises, the same for every store (`tests/behaviours/test_storage.py` runs over all of them):

- a put is atomic and durable when it returns; an object is seen whole or not at all; a put over an object replaces it;
- keys are relative paths of NFC segments; nothing that climbs (`..`), starts at the root, or could be read as a
  pattern;
- every failure is a `HubError` with a `STORE_…` code, and no sentence holds a credential;
- every waiting has a limit (`HUB_STORE_TIMEOUT_SECONDS`), and so has an object's size (`HUB_STORE_MAX_BYTES`).
"""

import contextlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from infra.errors import Refused, Unavailable, WrongUse
from infra.language import Text
from infra.settings import Secret, Settings

_FORBIDDEN = frozenset('*?[]{}\\:|<>"')
_SEGMENT_BYTES = 200  # ext4 and most S3 gateways stop at 255; the folder store adds a temporary name's ending
_KEY_BYTES = 900  # S3 stops at 1024 with the bucket's prefix
RESERVED = ".hub-"  # names of unfinished files


class StoreSettings(Settings, frozen=True):
    """Where raw objects and Delta tables live."""

    section: ClassVar[str] = "store"

    store: str | None = None
    endpoint: str | None = None
    access_key: Secret | None = None
    secret_key: Secret | None = None
    region: str = "us-east-1"
    timeout_seconds: float = 60.0
    max_bytes: int = 64 << 30


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What a store knows of an object without reading it. `size` in bytes, `modified` aware."""

    key: str
    size: int
    modified: datetime
    etag: str


class ObjectStore(Protocol):
    """Raw objects under keys."""

    def prepare(self) -> None:
        """Make the folder or the bucket when it is not there; changes nothing when it is."""

    def put_file(self, key: str, path: Path, *, move: bool = False) -> None:
        """Store the bytes of `path` under `key`; with `move` the file at `path` is gone afterwards."""

    def put_bytes(self, key: str, data: bytes) -> None:
        """Store `data` under `key`."""

    def open(self, key: str, offset: int = 0, length: int | None = None) -> BinaryIO:
        """A stream of the object's bytes from `offset`, at most `length` of them. The caller closes it."""

    def get_file(self, key: str, path: Path) -> None:
        """Write the object to `path`, whole or not at all."""

    def stat(self, key: str) -> ObjectStat | None:
        """Size and date, or None when there is no such object."""

    def list(self, prefix: str = "") -> Iterator[ObjectStat]:
        """All objects below the folder `prefix` (all of the store when empty), in the order of their keys."""

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""

    def sweep(self, prefix: str) -> int:
        """Remove what is no object any more below the folder `prefix`, in which nobody may be putting; how many.

        That is what killed puts left unfinished, and where a store keeps versions, those of what was deleted or
        replaced. Of a local folder the inner folders that are empty go too.
        """

    def uri(self, key: str) -> str:
        """The object's address for people and metadata; holds no credential."""

    def delta(self, key: str) -> tuple[str, dict[str, str]]:
        """The table's address and storage options for delta-rs. The options hold credentials: never log them."""

    def local(self, key: str) -> Path | None:
        """The object's path when the store is a folder, else None."""


def check_key(key: str) -> str:
    """`key` itself when it is one.

    Raises:
        WrongUse: `STORE_KEY`.
    """
    segments = key.split("/")
    wrong = (
        not key
        or unicodedata.normalize("NFC", key) != key
        or len(key.encode("utf-8", "surrogatepass")) > _KEY_BYTES
        or any(_bad_segment(segment) for segment in segments)
    )
    if wrong:
        shown = key[:80].encode("ascii", "backslashreplace").decode()
        raise WrongUse(
            "STORE_KEY",
            f"对象键不合规：{shown!r}",
            f"not an object key: {shown!r}",
            remedy=Text(
                "使用相对路径，不含 .. 、通配符和控制字符",
                "use a relative path without .., wildcards or control characters",
            ),
        )
    return key


def is_key(name: str) -> bool:
    """Whether `check_key` takes it: others put objects under any names."""
    try:
        check_key(name)
    except WrongUse:
        return False
    return True


def _bad_segment(segment: str) -> bool:
    return (
        segment in ("", ".", "..")
        or segment.startswith(RESERVED)
        or segment != segment.strip()
        or len(segment.encode("utf-8", "surrogatepass")) > _SEGMENT_BYTES
        or any(char in _FORBIDDEN or unicodedata.category(char) in ("Cc", "Cs") for char in segment)
    )


def missing(key: str) -> Unavailable:
    """The error for an object that is not there."""
    return Unavailable("STORE_MISSING", f"存储中没有对象 {key}", f"the store has no object {key}")


@contextlib.contextmanager
def open_source(path: Path, limit: int) -> Iterator[tuple[BinaryIO, int]]:
    """A file that is to be stored, and its size.

    Raises:
        Unavailable: `STORE_SOURCE` when it cannot be opened.
        Refused: `STORE_TOO_LARGE`.
    """
    try:
        source = path.open("rb")
    except OSError as error:
        raise Unavailable("STORE_SOURCE", "待存文件无法读取", "the file to store cannot be read") from error
    with source:
        size = os.fstat(source.fileno()).st_size
        check_size(size, limit)
        yield source, size


def check_size(size: int, limit: int) -> None:
    """Refuse an object larger than the store takes.

    Raises:
        Refused: `STORE_TOO_LARGE`.
    """
    if size > limit:
        raise Refused(
            "STORE_TOO_LARGE",
            f"对象有 {size} 字节，超过上限 {limit} 字节",
            f"the object has {size} bytes, more than the limit of {limit}",
            remedy=Text("拆分文件，或调高 HUB_STORE_MAX_BYTES", "split the file, or raise HUB_STORE_MAX_BYTES"),
        )


def open_store(settings: StoreSettings, home: Path) -> ObjectStore:
    """The store that `settings` name; `<home>/store` when they name none. Touches no disk and no network.

    Raises:
        WrongUse: `STORE_ADDRESS`, `STORE_BUCKET`.
    """
    address = settings.store or f"file:{home / 'store'}"
    parts = urlsplit(address)
    if parts.scheme == "file" and not parts.netloc and parts.path:
        from infra.storage_folder import FolderStore  # noqa: PLC0415 - only the chosen store is loaded

        path = Path(url2pathname(parts.path) if "%" in parts.path else parts.path).expanduser()
        return FolderStore(path if path.is_absolute() else home / path, max_bytes=settings.max_bytes)
    if parts.scheme == "s3" and parts.netloc and not (parts.username or parts.query):
        from infra.storage_s3 import S3Store  # noqa: PLC0415 - only the chosen store is loaded

        return S3Store(settings, bucket=parts.netloc, prefix=parts.path.strip("/"))
    raise WrongUse(
        "STORE_ADDRESS",
        "HUB_STORE 不是可用的存储地址",
        "HUB_STORE is not an address of a store",
        remedy=Text("写成 file:<路径> 或 s3://桶/前缀", "write file:<path> or s3://bucket/prefix"),
    )
