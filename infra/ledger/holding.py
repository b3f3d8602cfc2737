"""Whether the stored log may be built upon: its newest checkpoint is ours and the tree's, and nothing is cut off.

The sequencer asks before it signs what follows, a receipt before it names a checkpoint. Who can write to the database
but not read the keys has no checkpoint of ours for leaves that he added, and no way back behind the one that is kept.
"""

from collections.abc import Callable

from sqlalchemy.engine import Connection

from infra.errors import Unavailable
from infra.language import Text
from infra.ledger import store
from infra.ledger.checkpoint import Checkpoint, parse_checkpoint
from infra.ledger.extension import breach
from infra.ledger.keys import LedgerKeys
from infra.ledger.note import NoteFault
from infra.ledger.tiles import TilesIncomplete, Tree


def hold(connection: Connection, origin: str, keys: LedgerKeys, kept: Checkpoint | None) -> Checkpoint | None:
    """The newest checkpoint of a log that may be built upon; None for a log without one.

    Args:
        connection: a transaction begun after `kept` was read, or one that holds the head.
        origin: the log's name.
        keys: tell whether the checkpoint is ours.
        kept: the checkpoint kept outside the database, None when there is none.

    Raises:
        Unavailable: `LEDGER_HISTORY_…` when the log does not extend `kept`; `LEDGER_DAMAGED`.
    """

    def root(size: int) -> bytes:
        return Tree(size, lambda level, position: store.read_tile(connection, level, position)).root()

    size, newest = store.head_size(connection), _newest(connection)
    signed = 0 if newest is None else newest.size
    try:
        if kept is not None:
            _extends(kept, origin, min(size, signed), root)
        if signed != size or (newest is not None and root(size) != newest.root):
            raise damaged("最新的检查点与存证树不符", "the newest checkpoint is not that of the stored tree")
    except TilesIncomplete as tile:
        raise incomplete(tile) from tile
    # The one kept beside the keys was checked before it was kept, and its key may be gone since.
    if newest is not None and not _same(newest, kept) and not _ours(newest, keys):
        raise damaged("最新的检查点没有本系统的签名", "the newest checkpoint is not signed by a key of ours")
    return newest


def _newest(connection: Connection) -> Checkpoint | None:
    note = store.newest_note(connection)
    try:
        return None if note is None else parse_checkpoint(note)
    except NoteFault as fault:
        raise damaged("最新的检查点不可读", "the newest checkpoint cannot be read") from fault


def _extends(kept: Checkpoint, origin: str, size: int, root: Callable[[int], bytes]) -> None:
    found = breach(kept, origin, size, root(kept.size) if kept.size <= size else None)
    if found is not None:
        code = f"LEDGER_{found.kind.upper()}"
        raise Unavailable(code, found.text.zh, found.text.en, remedy=found.remedy)


def _same(newest: Checkpoint, kept: Checkpoint | None) -> bool:
    return kept is not None and (newest.size, newest.root) == (kept.size, kept.root)


def _ours(newest: Checkpoint, keys: LedgerKeys) -> bool:
    try:
        return bool(newest.signed().signers(keys.own(newest.origin)))
    except NoteFault:
        return False


def incomplete(tile: TilesIncomplete) -> Unavailable:
    """A stored tile is missing or too short."""
    return damaged(
        f"存证树的存储块 {tile.level}/{tile.position} 缺失或不完整",
        f"tile {tile.level}/{tile.position} of the ledger's tree is missing or too short",
    )


def damaged(zh: str, en: str) -> Unavailable:
    """What is stored does not fit together: nothing is signed over it."""
    return Unavailable(
        "LEDGER_DAMAGED",
        zh,
        en,
        remedy=Text("运行 hub ledger verify 查看损坏位置", "run hub ledger verify to see where the damage is"),
    )
