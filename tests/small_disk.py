"""A process on a disk of its own that runs full, for tests: `python -m small_disk FOLDER MIB`, in a mount namespace.

It makes a file system of so many MiB at FOLDER, a city on it, and takes a delivery again and again with ever more free
space, from nearly nothing to enough; then once more. It prints one JSON line a try: the free KiB, and how it ended.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import lake_city as city

from infra.errors import HubError
from infra.ground import Ground, open_ground
from lake.ingest import ingest

RECORDS = 20_000
FREE = (16, 512, 1024, 2048, *range(2560, 4864, 128))  # KiB


def main(folder: Path, size: int) -> None:
    """See the module."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "none", str(folder)], check=True)
    home, filler = folder / "home", folder / "filler"
    delivery = city.flow_file(Path.cwd() / "delivery.csv", _lines())
    environ = {
        "HUB_HOME": str(home),
        "HUB_DEMO": "1",
        "HUB_LANG": "en",
        "HUB_LAKE_MEMORY": "64MB",
        "HUB_LAKE_LEASE_SECONDS": "1",
    }
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        city.stock(ground)
        ingest(ground, city.FLOW, city.flow_file(Path.cwd() / "first.csv", [city.line(40_000)]), actor="test")
    for free in FREE:
        _leave(folder, filler, free)
        with open_ground(environ) as ground:
            _tell(free, _try(ground, delivery))
    filler.unlink()
    with open_ground(environ) as ground:
        _tell(None, _try(ground, delivery))
        city.balanced(ground)
        left = [path.name for path in (home / "tmp").iterdir()]
        _tell(None, f"{len(city.curated(ground))} rows, ledger {ground.ledger.verify().ok}, {left}")


def _lines() -> list[str]:
    chance = random.Random(1)
    return [
        city.line(number, flow=chance.randbytes(30).hex() if number % 2 else chance.randrange(1900))
        for number in range(RECORDS)
    ]


def _leave(folder: Path, filler: Path, free: int) -> None:
    """Fill the disk but for `free` KiB."""
    filler.unlink(missing_ok=True)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free - free * 1024)


def _try(ground: Ground, delivery: Path) -> str:
    try:
        outcome = ingest(ground, city.FLOW, delivery, actor="test")
    except HubError as error:
        return f"{type(error).__name__} {error.code}"
    return f"{outcome.state} {outcome.code or ''}".strip()


def _tell(free: int | None, said: str) -> None:
    print(json.dumps([free, said]), flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
    os._exit(0)
