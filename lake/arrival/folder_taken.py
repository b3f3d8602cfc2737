"""What a scan moved out of a watched folder: on its way out, and what of it a killed scan left.

A file or folder that landed is moved below `.taken/<delivery>-…` and removed there, so that one that came under its
name in that very moment is never removed: it is told from what landed, and gets its place again.
"""

import errno
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from infra import crypto
from infra.errors import HubError, WrongUse
from infra.ground import Ground
from lake.arrival.folder_files import is_folder
from lake.landing.bundle import Bundle, bundled, pack
from lake.landing.landing import LandingSettings, find

TAKEN = ".taken"


def seen(path: Path, landing: LandingSettings) -> Sequence[float]:
    """What tells the file or folder from another one under its name."""
    bundle = bundled(path)
    if bundle is not None:
        return bundle.look(landing.max_files)
    found = path.lstat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def put_back(away: Path, path: Path) -> None:
    """Gives it its place again, or one beside it when that is taken; the caller removes what is left."""
    target, move = path, is_folder(away)
    while True:
        try:
            if not move:
                return target.hardlink_to(away)
            away.rename(target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
            target = path.with_name(f"{path.stem}-{crypto.random_token(4)}{path.suffix}")
        else:
            return None


def finish_taken(ground: Ground, folder: Path, landing: LandingSettings, is_one: Callable[[Path], bool]) -> list[Path]:
    """What a killed scan had moved away: removed when it is the landed file, put back when it is another.

    The folder is the unit's own to write in: what no scan put there is left alone, and told.
    """
    root = folder / TAKEN
    foreign = []
    for taken in sorted(root.iterdir()) if is_folder(root) else ():
        if not is_folder(taken) or not _known(ground, taken.name[:26]):
            foreign.append(taken)
            continue
        for away, place in _moved_away(folder, taken, is_one):
            if _digest(ground, away, landing) != find(ground, taken.name[:26]).sha256:
                put_back(away, place)
        shutil.rmtree(taken)
    return foreign


def _moved_away(folder: Path, taken: Path, is_one: Callable[[Path], bool]) -> list[tuple[Path, Path]]:
    """The files, and the folders that are one delivery, below `taken`, and where each came from."""
    moved: list[Path] = []
    for top in sorted(taken.iterdir()):
        inner = is_folder(top) and not is_one(folder / top.name)
        moved += sorted(top.iterdir()) if inner else [top]
    return [(away, folder / away.relative_to(taken)) for away in moved if is_folder(away) or away.is_file()]


def _digest(ground: Ground, away: Path, landing: LandingSettings) -> str | None:
    """The digest under which the file or folder would land; None when it would not."""
    if not is_folder(away):
        return crypto.sha256_file(away).sha256
    with ground.scratch() as scratch:
        packed = scratch / "taken.zip"
        try:
            pack(Bundle((away,), is_folder=True), packed, landing.max_files, landing.max_bytes)
        except HubError:
            return None
        return crypto.sha256_file(packed).sha256


def _known(ground: Ground, identity: str) -> bool:
    try:
        find(ground, identity.encode("utf-8", "replace").decode())
    except WrongUse:
        return False
    return True
