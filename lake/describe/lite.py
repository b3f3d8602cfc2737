"""DataHub Lite as the outbox needs it: what is told together is one transaction, and costs what it tells.

The library commits each aspect and each edge of its browsing tree by itself, and makes the whole tree anew whenever it
is closed, which takes the longer the more is described. Here the tree grows by what was told: a thing's place in it
follows from its own id, so that none ever moves.

Import it after `lake.describe.describe.library`, which switches off what the library would report.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datahub.lite.duckdb_lite import DuckDBLite
from datahub.lite.duckdb_lite_config import DuckDBLiteConfig

_OPTIONS = {"threads": 1, "memory_limit": "256MB"}


class Lite(DuckDBLite):
    """DataHub Lite, for one process at a time."""

    def __init__(self, config: DuckDBLiteConfig) -> None:
        super().__init__(config)
        self._edges: dict[tuple[str, str, str | None], tuple[str, str | None]] = {}

    def write_all(self, proposals: Sequence[Any]) -> None:
        """Store all of `proposals` and their places in the tree, or nothing of them."""
        super()._begin()
        try:
            for proposal in proposals:
                self.write(proposal)
            for urn in dict.fromkeys(proposal.entityUrn for proposal in proposals):
                aspects: Any = self.get(urn, None, typed=True) or {}
                self.global_post_update_hook(urn, {name: one for name, one in aspects.items() if name != "urn"})
        except BaseException:
            self._edges.clear()
            super()._rollback()
            raise
        super()._commit()

    def add_edge(
        self, src: Any, relnship: str, dst: Any, dst_label: str | None = None, remove_existing: bool = False
    ) -> None:
        """Add an edge of the tree once: things beside each other ask for the same ones above them."""
        key, new = (str(src), relnship, None if remove_existing else str(dst)), (str(dst), dst_label)
        if self._edges.get(key) != new:
            super().add_edge(src, relnship, dst, dst_label, remove_existing)
            self._edges[key] = new

    def close(self) -> None:
        """Give back the file."""
        self._close_connection()

    def _begin(self) -> None:
        return

    def _commit(self) -> None:
        return

    def _rollback(self) -> None:
        return


def open_lite(file: Path) -> Lite:
    """The catalogue in `file`, made when it is not there."""
    return Lite(DuckDBLiteConfig.model_validate({"file": str(file), "options": _OPTIONS}))
