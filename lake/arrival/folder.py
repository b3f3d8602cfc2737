"""Arrival by watched folder: `<home>/arrivals/<unit>/…`, one folder a unit, filled by SFTP in practice.

Promises:

- a half-written file is never taken. The unit's rule says when a file is complete: `rename` (written under a name that
  begins with a dot or ends in `.part` or the like, then renamed), `marker` (`<file>.done` beside it), `stable` (size
  and times unchanged over two looks at least `settle_seconds` apart);
- links, devices and whatever does not lie plainly in the unit's folder are refused, never followed;
- a file leaves the folder only after its bytes are durable in landing, and only if it is still the file that landed;
- two scans at once double nothing, and a killed scan is finished by the next one;
- one file's trouble keeps no other file waiting.

Which dataset a file is for: `<domain>.<name>/anything`, or a file name that begins with `<domain>.<name>`, with the
whole id or with the resource's Chinese title, ended by `.`, `-` or `_`. A file of none lands as it is and is refused
there. A folder called as such a file (`<domain>.<name>-20260601/`), and a folder in `<domain>.<name>/`, is one delivery
of all the files in it; the unit's rule is asked of the folder as a whole. What is called by a name that datasets share
(`<domain>.gtfs.zip`) lands for each of them, see `lake.landing.groups`.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

from catalogs.register import listing, units
from catalogs.values.model import Arrival as Rule
from infra import crypto
from infra.errors import HubError, Unavailable
from infra.ground import Ground
from infra.lease import lease
from infra.settings import Settings, load
from lake.arrival.folder_files import (
    LOOKS,
    MARKER,
    arrived,
    disordered,
    is_filling,
    is_folder,
    linked,
    read_looks,
    write_looks,
)
from lake.arrival.folder_taken import TAKEN, finish_taken, put_back, seen
from lake.landing.bundle import bundled
from lake.landing.delivery import file_name
from lake.landing.groups import shared_names, sharing
from lake.landing.landing import Arrival, Delivery, LandingSettings, land_arrival

FOLDER = "arrivals"
CHANNEL = "folder"
_ENDS = frozenset(".-_")


class ArrivalSettings(Settings, frozen=True):
    """How patient a scan is, and how much it takes."""

    section: ClassVar[str] = "arrival"

    settle_seconds: float = 5.0
    most_files: int = 10_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was not taken, and why."""

    path: Path
    error: HubError


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a scan did. Its length is the number of deliveries.

    Attributes:
        deliveries: landed now, each once, oldest file first.
        waiting: files that are not complete yet.
        refused: files that cannot be taken; they stay where they are.
        settling: some of `waiting` wait for nothing but a second look, `settle_seconds` later.
    """

    deliveries: tuple[Delivery, ...] = ()
    waiting: tuple[Path, ...] = ()
    refused: tuple[Refusal, ...] = ()
    settling: bool = False

    def __len__(self) -> int:
        return len(self.deliveries)

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self.deliveries)


@dataclass(slots=True)
class _Scan:
    """One unit's folder under one scan."""

    ground: Ground
    unit: str
    rule: Rule
    folder: Path
    names: Mapping[str, str]
    now: datetime
    settings: ArrivalSettings
    landing: LandingSettings
    looks: dict[str, list[float]] = field(default_factory=dict)
    seen: dict[str, list[float]] = field(default_factory=dict)


def watched(ground: Ground, unit: str) -> Path:
    """The unit's watched folder."""
    return ground.home / FOLDER / unit


def arrive(ground: Ground, now: datetime, *, unit: str | None = None) -> Arrived:
    """Lands every complete file of every unit's folder, or of `unit`'s alone; see the module.

    Raises:
        Unavailable: DATABASE_…; a file's own trouble is in `refused`.
    """
    done: list[Delivery] = []
    waiting: list[Path] = []
    refused: list[Refusal] = []
    settling = False
    for scan in _scans(ground, now, unit):
        try:
            with lease(ground.engine, f"arrival:{scan.unit}", seconds=600):
                found = _scan(scan)
        except Unavailable as error:
            if error.code != "LEASE_TAKEN":
                raise
            continue  # another scan is at work on this folder: what is complete is landed by it
        except OSError:
            refused.append(Refusal(scan.folder, disordered(scan.folder)))
            continue
        done += found.deliveries
        waiting += found.waiting
        refused += found.refused
        settling = settling or found.settling
    return Arrived(tuple(done), tuple(waiting), tuple(refused), settling)


def standing(ground: Ground, now: datetime, *, unit: str | None = None) -> dict[str, dict[str, datetime]]:
    """What stands in the watched folders at this moment, by unit and name, and since when; nothing is taken or noted.

    A folder that cannot be read is not among them.
    """
    found: dict[str, dict[str, datetime]] = {}
    for scan in _scans(ground, now, unit):
        with contextlib.suppress(OSError):
            files, others = arrived(scan.folder, scan.settings.most_files, partial(_is_one, scan))
            names = {path.name: datetime.fromtimestamp(seen.st_ctime, UTC) for path, seen in files}
            found[scan.unit] = dict.fromkeys((path.name for path in others), now) | names
    return found


def _scans(ground: Ground, now: datetime, unit: str | None) -> Iterator[_Scan]:
    """Every unit's folder that is there, or `unit`'s alone."""
    settings, landing = load(ArrivalSettings, ground.environ), load(LandingSettings, ground.environ)
    for one in units(ground.engine):
        folder = watched(ground, one.id)
        if unit in (None, one.id) and is_folder(folder):
            yield _Scan(ground, one.id, one.arrival, folder, names_of(ground, one.id), now, settings, landing)


def names_of(ground: Ground, unit: str) -> dict[str, str]:
    """How a file or folder may be called → the dataset it is for."""
    names: dict[str, str] = {}
    for resource in listing(ground.engine, unit=unit):
        names[resource.id] = names[resource.id.partition(".")[2]] = resource.id
        if resource.title.zh:
            names[resource.title.zh] = resource.id
    return names


def _scan(scan: _Scan) -> Arrived:
    is_one = partial(_is_one, scan)
    scan.looks = read_looks(scan.folder / LOOKS)
    refused = [Refusal(path, disordered(path)) for path in finish_taken(scan.ground, scan.folder, scan.landing, is_one)]
    deliveries: list[Delivery] = []
    waiting: list[Path] = []
    found_ones, links = arrived(scan.folder, scan.settings.most_files, is_one)
    refused += [Refusal(path, linked(path)) for path in links]
    for path, found in found_ones:
        try:
            if _complete(scan, path, found):
                deliveries += _take(scan, path)
            else:
                waiting.append(path)
        except FileNotFoundError:
            continue  # taken back by its sender, or taken by another scan whose lease ran out
        except HubError as error:
            if error.code == "LANDING_CHANGED":
                waiting.append(path)
            else:
                refused.append(Refusal(path, error))
        except OSError:
            refused.append(Refusal(path, disordered(path)))
    write_looks(scan.folder / LOOKS, scan.seen)
    settling = bool(waiting) and scan.rule is Rule.STABLE
    return Arrived(tuple(deliveries), tuple(waiting), tuple(refused), settling)


def _complete(scan: _Scan, path: Path, found: os.stat_result) -> bool:
    """Whether the file, or the folder as a whole, is complete by the unit's rule."""
    bundle = bundled(path)
    if bundle is not None and is_filling(bundle, scan.landing.max_files):
        return False
    if scan.rule is Rule.RENAME:
        return True
    if scan.rule is Rule.MARKER:
        try:
            return stat.S_ISREG(_marker(path).lstat().st_mode)
        except OSError:
            return False
    key = path.relative_to(scan.folder).as_posix()
    same: list[float] = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
    if bundle is not None:
        same = bundle.look(scan.landing.max_files)
    before = scan.looks.get(key)
    first = before[0] if before is not None and before[1:] == same else scan.now.timestamp()
    scan.seen[key] = [first, *same]
    return scan.now.timestamp() - first >= scan.settings.settle_seconds


def _is_one(scan: _Scan, path: Path) -> bool:
    """Whether a folder is one delivery: it lies in a dataset's folder, or is called as a file of a dataset is."""
    if path.parent != scan.folder:
        return path.parent.name in scan.names
    return path.name not in scan.names and _datasets(scan, path)[0] in scan.names.values()


def _marker(path: Path) -> Path:
    return path.with_name(path.name + MARKER)


def _datasets(scan: _Scan, path: Path) -> tuple[str, ...]:
    inside = path.parent != scan.folder
    said = path.parent.name if inside else path.name
    return named_datasets(scan.ground, scan.names, scan.unit, said, folder=inside)


def named_datasets(ground: Ground, names: Mapping[str, str], unit: str, said: str, *, folder: bool) -> tuple[str, ...]:
    """The datasets that a folder or a file called `said` names; else a name that nobody can have registered."""
    for name in sorted(names, key=len, reverse=True):
        if _says(said, name, folder):
            return (names[name],)
    ids = set(names.values())
    for short in sorted(shared_names(ids), key=len, reverse=True):
        spelled = (short, short.partition(".")[2])
        fed = sharing(ground, short, ids) if any(_says(said, name, folder) for name in spelled) else ()
        if fed:
            return fed
    return (f"{unit}/{file_name(Path(said))}",)


def _says(said: str, name: str, folder: bool) -> bool:
    return said == name or (said.startswith(name) and said[len(name)] in _ENDS and not folder)


def _take(scan: _Scan, path: Path) -> list[Delivery]:
    """Lands the file or folder, then moves it away if it is still the one that landed."""
    before = seen(path, scan.landing)
    deliveries = [_land(scan, path, dataset) for dataset in _datasets(scan, path)]
    taken = scan.folder / TAKEN / f"{deliveries[0].id}-{crypto.random_token(6)}"
    away = taken / path.relative_to(scan.folder)
    away.parent.mkdir(mode=0o700, parents=True)
    path.rename(away)
    if before != seen(away, scan.landing):
        # A new file came under the same name in this very moment: it goes back, and the next look takes it.
        put_back(away, path)
    elif scan.rule is Rule.MARKER:
        _marker(path).unlink(missing_ok=True)
    shutil.rmtree(taken)
    return deliveries


def _land(scan: _Scan, path: Path, dataset: str) -> Delivery:
    arrival = Arrival(dataset, path, CHANNEL, scan.now, f"unit:{scan.unit}", scan.unit)
    with scan.ground.scratch() as scratch:
        return land_arrival(scan.ground, arrival, scratch)
