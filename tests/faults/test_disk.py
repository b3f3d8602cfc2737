"""A disk that runs full at whatever act: one sentence, nothing lost, and the same call goes on when there is room.

The disk is real: a small file system in a mount namespace of its own, which needs no rights on Linux.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ALONE = ("unshare", "--map-root-user", "--mount")
ENDS = {"Unavailable LANDING_DISK", "Unavailable DATABASE_DISK", "Unavailable LAKE_ROOM", "Unavailable STORE_DISK"}


def may_mount(folder: Path) -> bool:
    try:
        done = subprocess.run([*ALONE, "mount", "-t", "tmpfs", "none", str(folder)], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    disk, work = tmp_path / "disk", tmp_path / "work"
    disk.mkdir()
    work.mkdir()
    if not may_mount(disk):
        pytest.skip("this system gives no mount namespace to its users")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [*ALONE, sys.executable, "-m", "small_disk", str(disk), "48"],
        cwd=work,
        env=os.environ | {"PYTHONPATH": f"{root}:{root / 'tests'}"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *tries, last, state = [json.loads(line) for line in done.stdout.splitlines()]
    said = [how for _, how in tries]
    taken = said.index("finished")
    assert set(said[:taken]) <= ENDS, said
    assert {"Unavailable LANDING_DISK", "Unavailable LAKE_ROOM"} <= set(said[:taken]), "it filled up at several stages"
    assert set(said[taken + 1 :]) <= {"repeated"}
    assert last == [None, "repeated"]
    assert state == [None, "10001 rows, ledger True, []"]
