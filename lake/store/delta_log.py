"""The log of a Delta table as it lies in the store, read commit by commit.

Read from the commits themselves (`_delta_log/<version>.json`), for opening a table at every one of its versions would
take a read of the log each. https://github.com/delta-io/delta/blob/master/PROTOCOL.md, Actions.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from infra.errors import Unavailable
from infra.language import Text
from infra.storage import ObjectStore
from lake.store.logged import Added, Logged

LOG = "_delta_log"


def commits(store: ObjectStore, key: str) -> Iterator[Logged]:
    """The table's commits in their order.

    Raises:
        Unavailable: `LAKE_LOG_DAMAGED`, a commit cannot be read; STORE_….
    """
    for found in store.list(f"{key}/{LOG}"):
        name = found.key.rpartition("/")[2]
        if name.endswith(".json") and name[:20].isdigit() and len(name) == 25:
            with store.open(found.key) as stream:
                lines = stream.read().splitlines()
            try:
                yield _logged(int(name[:20]), [json.loads(line) for line in lines])
            except (ValueError, KeyError, TypeError, AttributeError):
                raise Unavailable(
                    "LAKE_LOG_DAMAGED",
                    f"表 {key} 的日志 {name} 已损坏",
                    f"the log of table {key} is damaged: {name}",
                    remedy=Text("从备份恢复", "restore it from a backup"),
                ) from None


def _logged(version: int, actions: Iterable[Mapping[str, Any]]) -> Logged:
    info: Mapping[str, Any] = {}
    added, removed = [], []
    for action in actions:
        if "add" in action:
            one = action["add"]
            added.append(Added(unquote(one["path"]), int(one["size"]), json.loads(one.get("stats") or "{}")))
        elif "remove" in action:
            one = action["remove"]
            removed.append((unquote(one["path"]), int(one.get("deletionTimestamp") or 0)))
        elif "commitInfo" in action:
            info = dict(action["commitInfo"])
    return Logged(version, info, tuple(added), tuple(removed))
