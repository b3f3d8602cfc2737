"""Keys in files: each with an id, a purpose, an algorithm and a life; readable by their owner alone.

`<folder>/<purpose>.<n>.json` (mode 0600) holds one key. Of several processes that need a purpose's first key at once,
or the next one after its life, one makes it and all get it. A key past its life makes nothing new; it still opens and
verifies what it made.
"""

import base64
import contextlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.errors import HubError, Unavailable, WrongUse
from infra.language import Text

LIFE = timedelta(days=365)
_BYTES = 32
_PURPOSE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class Key:
    """32 secret bytes and what they are for. `not_after` is None for a key without an end."""

    id: str
    purpose: str
    algorithm: str
    not_before: datetime
    not_after: datetime | None
    secret: bytes = field(repr=False)

    def alive(self, now: datetime) -> bool:
        """Whether it may make something new at `now`.

        `not_before` is no bar: a process whose clock is a little behind must take the key that another has just made.
        """
        return self.not_after is None or now < self.not_after


def _wall() -> datetime:
    return datetime.now(UTC)


class KeyRing:
    """The keys in one folder. `clock` gives the time that lives are judged by."""

    def __init__(self, folder: Path, *, suite: str = "standard", clock: Callable[[], datetime] = _wall) -> None:
        self.folder = folder
        self._suite = suite
        self._clock = clock

    def current(self, purpose: str, *, life: timedelta | None = LIFE) -> Key:
        """The newest living key for `purpose`; the first call makes one that lives for `life` (None: without end).

        Raises:
            WrongUse: `KEY_PURPOSE`.
            Unavailable: `KEY_STORE` when the folder cannot be read or written.
        """
        now = self._clock()
        for _ in range(_ATTEMPTS):
            files = self._files_of(purpose)
            living = [key for key in self._keys_in(files) if key.alive(now)]
            if living:
                return living[-1]
            # The number follows from the very listing that showed no living key: if another process has made one
            # since, this number is taken, and the next round finds that process's key.
            self._make(purpose, _after(files), now, life)
        raise _unusable()

    def rotate(self, purpose: str, *, life: timedelta | None = LIFE) -> Key:
        """A new key for `purpose`, current from now on. The older ones still open and verify."""
        for _ in range(_ATTEMPTS):
            number = _after(self._files_of(purpose))
            if self._make(purpose, number, self._clock(), life):
                return next(key for key in self.of(purpose) if key.id.split(".")[1] == str(number))
        raise _unusable()

    def by_id(self, id: str) -> Key:  # noqa: A002 - the field's own name
        """The key with this id, living or not.

        Raises:
            Unavailable: `KEY_UNKNOWN`.
        """
        parts = id.split(".")
        if len(parts) == 3 and _PURPOSE.fullmatch(parts[0]) and parts[1].isascii() and parts[1].isdigit():
            with _files():
                found = self._read(self.folder / f"{parts[0]}.{parts[1]}.json")
            if found is not None and found.id == id:
                return found
        raise Unavailable(
            "KEY_UNKNOWN",
            "没有该编号的密钥",
            "there is no key with this id",
            remedy=Text("从备份恢复 HUB_HOME 下的 keys", "restore keys below HUB_HOME from the backup"),
        )

    def destroy(self, id: str) -> None:  # noqa: A002 - the field's own name
        """Erase a key for good: what only it could open or recompute is gone. The number is never used again.

        Raises:
            Unavailable: `KEY_UNKNOWN`.
        """
        self.by_id(id)
        purpose, number, _ = id.split(".")
        path = self.folder / f"{purpose}.{number}.json"
        with _files(), path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
            file.truncate(0)
            os.fsync(file.fileno())

    def all(self) -> list[Key]:
        """Every key, by purpose and age."""
        with _files():
            purposes = {path.name.split(".")[0] for path in self.folder.glob("*.*.json")}
        return [key for purpose in sorted(purposes) for key in self.of(purpose)]

    def of(self, purpose: str) -> list[Key]:
        """The keys for `purpose`, by age, living or not.

        Raises:
            WrongUse: `KEY_PURPOSE`.
            Unavailable: `KEY_STORE`.
        """
        return self._keys_in(self._files_of(purpose))

    def _files_of(self, purpose: str) -> list[Path]:
        """The files of `purpose` by number, those of destroyed keys among them."""
        if not _PURPOSE.fullmatch(purpose):
            raise WrongUse("KEY_PURPOSE", f"密钥用途不合规：{purpose!r}", f"not a key's purpose: {purpose!r}")
        with _files():
            return sorted(self.folder.glob(f"{purpose}.*.json"), key=_number)

    def _keys_in(self, files: Sequence[Path]) -> list[Key]:
        with _files():
            found = [self._read(path) for path in files]
        return [key for key in found if key is not None]

    def _read(self, path: Path) -> Key | None:
        """The key in `path`, None when it was destroyed or is not there."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        if not text.strip("\0"):
            return None
        raw = json.loads(text)
        end = raw["not_after"]
        return Key(
            raw["id"],
            raw["purpose"],
            raw["algorithm"],
            datetime.fromisoformat(raw["not_before"]),
            datetime.fromisoformat(end) if end else None,
            base64.b64decode(raw["secret"]),
        )

    def _make(self, purpose: str, number: int, now: datetime, life: timedelta | None) -> bool:
        """Write key `number` of `purpose` unless another process was first; whether it was us."""
        content = {
            "id": f"{purpose}.{number}.{os.urandom(6).hex()}",
            "purpose": purpose,
            "algorithm": self._suite,
            "not_before": now.isoformat(),
            "not_after": (now + life).isoformat() if life is not None else None,
            "secret": base64.b64encode(os.urandom(_BYTES)).decode(),
        }
        with _files():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.folder)  # mode 0600
            temporary = Path(name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(content, file)
                    file.flush()
                    os.fsync(file.fileno())
                # A link is made whole or not at all, and refuses to replace: the first one wins.
                os.link(temporary, self.folder / f"{purpose}.{number}.json")
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return True


def _number(path: Path) -> int:
    return int(path.name.split(".")[1])


def _after(files: Sequence[Path]) -> int:
    """The first number behind those of `files`."""
    return max((_number(path) for path in files), default=0) + 1


@contextlib.contextmanager
def _files() -> Iterator[None]:
    try:
        yield
    except HubError:
        raise
    except (OSError, ValueError, KeyError) as error:
        raise _unusable() from error


def _unusable() -> Unavailable:
    return Unavailable(
        "KEY_STORE",
        "密钥目录不可用",
        "the folder of keys cannot be used",
        remedy=Text("检查 HUB_HOME 下的 keys 及其权限", "check keys below HUB_HOME and its permissions"),
    )
