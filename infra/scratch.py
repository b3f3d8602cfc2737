"""Folders for temporary files, which hold plaintext while a delivery is worked on: gone with the block or the next one.

A folder is its process's own by a lock on a file in it, which the system lets go of however the process ends. Whoever
makes a new folder first removes those that nobody holds any more, so that what a killed process left is not kept.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_LOCK = ".held"
_PREFIX = "hub-"


@contextlib.contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A new folder below `parent`, for its owner alone (0700), gone when the block ends.

    Raises:
        OSError: the disk cannot be written.
    """
    parent.mkdir(mode=0o700, exist_ok=True)
    sweep(parent)
    with _locked(_door(parent)):  # until its own lock is held, a new folder looks like one that nobody holds
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        held = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def sweep(parent: Path) -> int:
    """Remove the folders that nobody holds; how many."""
    gone = 0
    with _locked(_door(parent)):
        for folder in parent.glob(f"{_PREFIX}*"):
            if not _held(folder / _LOCK):
                shutil.rmtree(folder, ignore_errors=True)
                gone += 1
    return gone


def _held(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _door(parent: Path) -> Path:
    """The lock beside `parent`: the folder itself is empty when nobody works."""
    return parent.with_name(f"{parent.name}.lock")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
