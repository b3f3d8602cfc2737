"""A metadata file: one JSON array of proposals, one a line, that grows and stays readable whatever happens.

A process that dies while it writes leaves a torn last line; the next append drops it. `datahub check metadata-file` and
`datahub ingest` read the file at any moment between two appends.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_END = b"\n]\n"


def append(path: Path, proposals: Sequence[dict[str, Any]]) -> None:
    """Add `proposals` at the end of the array at `path`, durably.

    Raises:
        OSError: the file cannot be written.
    """
    lines = [json.dumps(one, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace") for one in proposals]
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if not _whole(path):
        _rewrite(path, _sound_lines(path))
    with path.open("r+b") as file:
        size = file.seek(-len(_END), os.SEEK_END)
        separator = b",\n" if size > 1 else b"\n"
        file.write(separator + b",\n".join(lines) + _END)
        file.flush()
        os.fsync(file.fileno())


def _whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-len(_END), os.SEEK_END)
            return file.read() == _END
    except OSError:
        return False


def _sound_lines(path: Path) -> list[bytes]:
    sound: list[bytes] = []
    if not path.exists():
        return sound
    with path.open("rb") as file:
        for line in file:
            text = line.strip().rstrip(b",")
            if text in (b"[", b"]", b""):
                continue
            try:
                json.loads(text)
            except ValueError:
                continue
            sound.append(text)
    return sound


def _rewrite(path: Path, lines: Sequence[bytes]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"[" + (b"\n" + b",\n".join(lines) if lines else b"") + _END)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
