"""How each door is, for `hub doctor`: credentials there, reachable, readable, and what is left of the quotas.

Nothing is taken, moved or written. All doors are asked at once and have one limit of time together.
"""

import os
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from catalogs.folder.doors import Bucket, Pull, load_doors
from infra.doctor import Finding, State
from infra.errors import HubError, Unavailable
from infra.ground import Ground
from infra.language import Text
from lake.arrival.bucket import CHANNEL as S3
from lake.arrival.bucket import open_bucket
from lake.arrival.folder import CHANNEL as FOLDER
from lake.arrival.folder import FOLDER as ROOT
from lake.arrival.pull import CHANNEL as PULL
from lake.arrival.pull_source import Limits, reach
from lake.landing import quota

_SECONDS = 3.0  # for one answer of a door
_LONGEST = 12.0  # for all of them

Look = Callable[[], None]


def doors(ground: Ground) -> Finding:
    """The finding on all doors and quotas of the city."""
    rules = load_doors(ground.city)
    looks: dict[tuple[str, str], Look] = {}
    root = ground.home / ROOT
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        looks[path.name, FOLDER] = partial(_folder, path.name, path)
    looks |= {(one.unit, S3): partial(_bucket, ground, one) for one in rules.buckets}
    looks |= {(one.dataset, PULL): partial(_pull, ground, one) for one in rules.pulls}
    broken = _asked(looks)
    uses = quota.uses(ground, ground.now())
    full = [one for one in uses if one.used >= one.most]
    detail: dict[str, Any] = {
        "doors": [{"of": of, "door": door, "code": _code(broken.get((of, door)))} for of, door in looks],
        "quotas": uses,
    }
    if broken:
        zh = "\n  ".join(f"{of}：{error.sentence('zh')}" for (of, _), error in broken.items())
        en = "\n  ".join(f"{of}: {error.sentence('en')}" for (of, _), error in broken.items())
        return Finding(State.FAILED, Text(zh, en), detail)
    if full:
        names = ", ".join(f"{one.unit} {one.limit} {one.used}/{one.most}" for one in full)
        text = Text(f"限额已用完，不再接收：{names}", f"quotas that are used up, so that nothing is taken: {names}")
        return Finding(State.WARNING, text, detail)
    if not looks:
        return Finding(State.OK, Text("没有配置渠道", "no door is set up"), detail)
    count = len(looks)
    return Finding(State.OK, Text(f"{count} 个渠道，均可读取", f"{count} doors, all can be read"), detail)


def _code(error: HubError | None) -> str | None:
    return None if error is None else error.code


def _asked(looks: dict[tuple[str, str], Look]) -> dict[tuple[str, str], HubError]:
    """What went wrong with which door; one that does not answer in time is as one that is broken."""
    over: dict[tuple[str, str], HubError | None] = {}

    def look(name: tuple[str, str]) -> None:
        try:
            looks[name]()
            over[name] = None
        except HubError as error:
            over[name] = error

    # Threads of the process's own end with it: a door that hangs holds up nobody.
    running = {name: threading.Thread(target=look, args=(name,), daemon=True) for name in looks}
    for one in running.values():
        one.start()
    until = time.monotonic() + _LONGEST
    for one in running.values():
        one.join(max(0.0, until - time.monotonic()))
    return {name: found for name in looks if (found := over.get(name, _silent(*name))) is not None}


def _silent(of: str, door: str) -> Unavailable:
    return Unavailable(
        "DOOR_SILENT", f"{of} 的渠道（{door}）未在时限内应答", f"the {door} of {of} did not answer in time"
    )


def _folder(unit: str, path: Path) -> None:
    if not path.is_dir() or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise Unavailable(
            "DOOR_FOLDER",
            f"{unit} 的到达目录不可读写",
            f"the watched folder of {unit} cannot be read and written",
            remedy=Text("检查目录的所有者与权限", "check its owner and mode"),
        )


def _bucket(ground: Ground, rule: Bucket) -> None:
    open_bucket(ground, rule, seconds=_SECONDS).first(1)


def _pull(ground: Ground, rule: Pull) -> None:
    reach(ground, rule, Limits(_SECONDS, _SECONDS))
