"""Objects in a local folder: temporary file beside the target, fsync, rename, fsync of the folder."""

import contextlib
import errno
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from infra.copying import copy
from infra.errors import HubError, Unavailable
from infra.language import Text
from infra.storage import RESERVED, ObjectStat, check_key, check_size, missing, open_source


class FolderStore:
    """An `ObjectStore` in the folder `root`."""

    def __init__(self, root: Path, *, max_bytes: int = 64 << 30) -> None:
        self.root = root
        self._max_bytes = max_bytes

    def __repr__(self) -> str:
        return f"FolderStore({str(self.root)!r})"

    def prepare(self) -> None:
        """Make the folder, for its owner alone."""
        with _disk("."):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put_file(self, key: str, path: Path, *, move: bool = False) -> None:
        """Copy `path` to `key` (the kernel copies where it can), or rename it where both stand on one file system."""
        check_key(key)
        with open_source(path, self._max_bytes) as (source, _), _disk(key):
            if not (move and self._renamed(key, path, source)):
                self._put(key, lambda target: copy(source, target))
                if move:
                    path.unlink()

    def put_bytes(self, key: str, data: bytes) -> None:
        """Write `data` to `key`."""
        check_key(key)
        check_size(len(data), self._max_bytes)
        with _disk(key):
            self._put(key, lambda target: _write_all(target, data))

    def open(self, key: str, offset: int = 0, length: int | None = None) -> BinaryIO:
        """A buffered stream of a part of the file."""
        path = self.path(key)
        with _disk(key):
            stream = path.open("rb")
            stream.seek(offset)
        return stream if length is None else io.BufferedReader(_Part(stream, length))

    def get_file(self, key: str, path: Path) -> None:
        """Copy the object out."""
        with _disk(key), self.path(key).open("rb") as source:
            _replace(path, lambda target: copy(source, target))

    def stat(self, key: str) -> ObjectStat | None:
        """Size and date of the file."""
        path = self.path(key)
        with _disk(key):
            try:
                found = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return _stat(key, found) if path.is_file() else None

    def list(self, prefix: str = "") -> Iterator[ObjectStat]:
        """All files below the folder `prefix`, in the order of their keys."""
        folder = self.path(prefix.rstrip("/")) if prefix.rstrip("/") else self.root
        with _disk(prefix or "."):
            found = sorted(self._walk(folder), key=lambda entry: entry.key)
        yield from found

    def delete(self, key: str) -> None:
        """Unlink the file, durably."""
        path = self.path(key)
        with _disk(key), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
            _sync_folder(path.parent)

    def sweep(self, prefix: str) -> int:
        """Unlink the temporary files below the folder, and remove the folders that are empty then."""
        gone = 0
        with _disk(prefix):
            for parent, _, names in os.walk(self.path(prefix), topdown=False):
                for name in names:
                    if name.startswith(RESERVED):
                        Path(parent, name).unlink(missing_ok=True)
                        gone += 1
                with contextlib.suppress(OSError):  # not empty
                    Path(parent).rmdir()
        return gone

    def uri(self, key: str) -> str:
        """`file:///…`."""
        return self.path(key).absolute().as_uri()

    def delta(self, key: str) -> tuple[str, dict[str, str]]:
        """The absolute path; a folder needs no options."""
        return str(self.path(key).absolute()), {}

    def local(self, key: str) -> Path | None:
        """The file's path."""
        return self.path(key)

    def path(self, key: str) -> Path:
        """The path of `key` below the root."""
        return self.root / check_key(key)

    def _put(self, key: str, fill: Callable[[BinaryIO], object]) -> None:
        path = self.path(key)
        _make_folders(path.parent)
        _replace(path, fill)

    def _renamed(self, key: str, path: Path, source: BinaryIO) -> bool:
        os.fchmod(source.fileno(), 0o600)
        os.fsync(source.fileno())
        target = self.path(key)
        _make_folders(target.parent)
        try:
            path.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        _sync_folder(target.parent)
        return True

    def _walk(self, folder: Path) -> Iterator[ObjectStat]:
        for parent, _, names in os.walk(folder):
            for name in names:
                if name.startswith(RESERVED):
                    continue
                path = Path(parent, name)
                with contextlib.suppress(FileNotFoundError):  # deleted since the folder was read
                    yield _stat(path.relative_to(self.root).as_posix(), path.stat())


class _Part(io.RawIOBase):
    """At most `length` bytes of a stream that it owns."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._stream = stream
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _stat(key: str, found: os.stat_result) -> ObjectStat:
    modified = datetime.fromtimestamp(found.st_mtime, UTC)
    return ObjectStat(key, found.st_size, modified, f"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ino:x}")


def _replace(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Let `fill` write a temporary file beside `path`, then put it in the place of `path`, durably."""
    handle, name = tempfile.mkstemp(prefix=RESERVED, suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb", buffering=0) as target:
            fill(target)
            os.fsync(target.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _write_all(target: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[target.write(view) :]


def _make_folders(folder: Path) -> None:
    """Make `folder` and its parents, each made durable in its own parent."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _disk(key: str) -> Iterator[None]:
    """Turn the disk's errors into ours."""
    try:
        yield
    except HubError:
        raise
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise missing(key) from error
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise Unavailable(
                "STORE_DENIED",
                f"无权读写存储中的 {key}",
                f"the store denies access to {key}",
                remedy=Text(
                    "检查存储目录的属主、权限，以及磁盘是否以只读方式挂载",
                    "check who owns the store's folder, its rights, and whether its disk is mounted read-only",
                ),
            ) from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable(
                "STORE_FULL",
                "存储空间已满",
                "the store is full",
                remedy=Text("清理磁盘后重试", "free space, then try again"),
            ) from error
        name = errno.errorcode.get(error.errno or 0, "?")
        raise Unavailable("STORE_FAILED", f"存储读写失败（{name}）", f"the store failed ({name})") from error
