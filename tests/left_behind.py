"""Which processes work for a home: for tests that nothing is left of what they started."""

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

import psutil


def group_of(process: psutil.Process) -> int | None:
    """The group of a process that lives; what nobody has collected yet lives no more."""
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        return None if process.status() == psutil.STATUS_ZOMBIE else os.getpgid(process.pid)
    return None


def working_for(home: Path, sessions: Collection[int] = ()) -> list[psutil.Process]:
    """Whoever has `home` in the environment or stands in one of `sessions`, and all below them; not this process.

    A program that renames itself writes over its environment: that is what the sessions are for.
    """
    found = set()
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            mine = os.getsid(one.pid) in sessions or one.environ().get("HUB_HOME") == str(home)
            if mine and one.pid != os.getpid():
                found |= {one, *one.children(recursive=True)}
    return [one for one in found if group_of(one) is not None]
