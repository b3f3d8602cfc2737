"""A watched folder as it lies on the disk: what stands in it, and what was seen of it before.

It is the unit's own to write in, so nothing in it is believed: links are not followed, a spoilt note is as none.
"""

import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from infra import crypto
from infra.errors import Place, Refused
from infra.language import Text
from lake.landing.bundle import NOTHING, Bundle
from lake.landing.delivery import file_name

MARKER = ".done"
LOOKS = ".looks.json"
DISORDERED = "ARRIVAL_FOLDER"
_UNFINISHED = (".part", ".tmp", ".filepart", ".partial", ".crdownload", ".swp")


def is_folder(path: Path) -> bool:
    """Whether it is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


Entries = list[tuple[Path, os.stat_result]]


def arrived(folder: Path, most: int, is_one: Callable[[Path], bool]) -> tuple[Entries, list[Path]]:
    """What may be a delivery, oldest first, and what is neither file nor folder.

    Args:
        folder: the unit's.
        most: how much of it is taken at once.
        is_one: whether a folder is one delivery as a whole; of another one the files are, and the folders in it.
    """
    found_ones: Entries = []
    others: list[Path] = []
    for candidate in _candidates(folder, is_one):
        if unfinished(candidate.name):
            continue
        try:
            found = candidate.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISREG(found.st_mode) or (stat.S_ISDIR(found.st_mode) and is_one(candidate)):
            found_ones.append((candidate, found))
        elif not stat.S_ISDIR(found.st_mode):
            others.append(candidate)
    found_ones.sort(key=lambda entry: (entry[1].st_mtime_ns, entry[0].name))
    return found_ones[:most], others


def _candidates(folder: Path, is_one: Callable[[Path], bool]) -> Iterator[Path]:
    for path in _entries(folder):
        if is_folder(path) and not is_one(path):
            yield from _entries(path)
        else:
            yield path


def is_filling(bundle: Bundle, most: int) -> bool:
    """Whether a folder has nothing in it yet, or files that are still under the name of unfinished ones."""
    try:
        pieces = bundle.pieces(most)
    except Refused as error:
        if error.code != NOTHING:
            raise
        return True
    return any(unfinished(step) for piece in pieces for step in piece.steps)


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def unfinished(name: str) -> bool:
    """Whether what is called so is not for taking: hidden, still being written, or a marker."""
    return name.startswith(".") or name.lower().endswith((*_UNFINISHED, MARKER))


def linked(path: Path) -> Refused:
    """The refusal of a link or a device."""
    return Refused(
        "ARRIVAL_NOT_A_FILE",
        "到达目录只接收普通文件，不接收链接和设备",
        "a watched folder takes plain files, no links and no devices",
        place=Place(file=path.name),
        remedy=Text("放入文件本身", "put the file itself there"),
    )


def disordered(path: Path) -> Refused:
    """The refusal of what cannot be handled at all."""
    return Refused(
        DISORDERED,
        "到达目录中有无法处理的内容（名称、权限，或“.taken”下不是本系统放入的文件）",
        "something in the watched folder cannot be handled (its name, its mode, or under .taken what is not the hub's)",
        place=Place(file=file_name(path)),
        remedy=Text("由管理员检查该目录", "have the administrator look at the folder"),
    )


def read_looks(path: Path) -> dict[str, list[float]]:
    """Earlier looks. The first one has none, nor has one whose record was lost or spoilt: the file waits once more."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return {}
        looks = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    fits = isinstance(looks, dict) and all(
        isinstance(look, list) and look and all(isinstance(number, int | float) for number in look)
        for look in looks.values()
    )
    return looks if fits else {}


def write_looks(path: Path, seen: Mapping[str, Sequence[float]]) -> None:
    """Keep this look for the next one."""
    if not seen and not path.exists():
        return
    temporary = path.with_name(f"{LOOKS}.{crypto.random_token(4)}.part")
    temporary.write_text(json.dumps(seen), encoding="utf-8")
    temporary.replace(path)
