"""What it means that a log does not extend a checkpoint that was kept outside of it: the sentences. Pure.

The sequencer refuses to sign such a log, `verify` reports it; both say the same.
"""

from dataclasses import dataclass

from infra.language import Text
from infra.ledger.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Breach:
    """One way in which signed history is not what it was: a stable kind, what is so, and what to do."""

    kind: str
    text: Text
    remedy: Text


_RESTORE = Text(
    "从最近的备份恢复数据库；若有意恢复较早的备份，见 infra/ledger/README.md 的 Restoring a backup 一节",
    "restore the database from its newest backup; if an older one was restored on purpose, see Restoring a backup in "
    "infra/ledger/README.md",
)


def breach(kept: Checkpoint, origin: str, size: int, root: bytes | None) -> Breach | None:
    """How the log `origin` of `size` entries fails to extend `kept`; None when it does extend it.

    Args:
        kept: the newest checkpoint that was kept.
        origin: the log's name.
        size: the size of the log's newest checkpoint.
        root: the root over the log's first `kept.size` entries; not asked for when there are fewer.
    """
    if kept.origin != origin:
        text = Text(
            f"密钥旁留存的检查点属于存证 {kept.origin}，数据库中的是 {origin}",
            f"the checkpoint kept beside the keys is of the log {kept.origin}, the database holds {origin}",
        )
        remedy = Text("检查 HUB_HOME 与 HUB_DATABASE 是否配对", "check that HUB_HOME and HUB_DATABASE belong together")
        return Breach("history_foreign", text, remedy)
    if size < kept.size:
        text = Text(
            f"密钥旁留存的检查点已签署 {kept.size} 条，数据库中最新的检查点只有 {size} 条：已签署的历史被截去",
            f"the checkpoint kept beside the keys signs {kept.size} entries, the newest in the database only {size}: "
            "signed history was cut off",
        )
        return Breach("history_cut", text, _RESTORE)
    if root != kept.root:
        text = Text(
            f"前 {kept.size} 条与密钥旁留存的检查点不符：已签署的历史被改写",
            f"the first {kept.size} entries are not those that the checkpoint kept beside the keys signs: "
            "signed history was rewritten",
        )
        return Breach("history_rewritten", text, _RESTORE)
    return None
