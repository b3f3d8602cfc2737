"""What already stands under the ids of a sheet, and what the sheet carries to tell whether that moved on. Pure.

A form that the hub filled in carries, on a hidden sheet, the digest of what each row came from: a sheet and no property
of the file, since every office program keeps it when it saves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalogs.life.machine import State
from catalogs.values.model import Resource
from infra.language import Text

STAMPS = "填报版本"
HEADS = ("数据集标识", "核对码", "说明")
NOTE = "本表由平台使用，请勿改动或删除：交回时据此看出同事是否已改过同一目录"
_DIGEST = 64


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands under an id.

    Attributes:
        body: the open draft, else what is registered; None where neither is in force.
        digest: of `body`.
        revision: of the draft, as a save must name it; None where there was none.
        state: of the draft; None where there is none.
        moved: whether somebody else changed it since the sheet was written.
        base: what the sheet was written from, where it moved and that is known.
        who: who changed it and when, in words, where it moved.
    """

    body: Resource | None
    digest: str
    revision: int | None
    state: State | None
    moved: bool = False
    base: Resource | None = None
    who: Text | None = None

    @property
    def waits(self) -> bool:
        """Whether it lies with the authority and cannot be changed."""
        return self.state in (State.SUBMITTED, State.REVIEWED)


def stamps_of(rows: Sequence[Sequence[str | None]]) -> dict[str, str]:
    """The digests that the hidden sheet gives by id; what is no digest is not heeded."""
    found = {}
    for row in rows[1:]:
        identity, digest = (*row, None, None)[:2]
        if identity and digest and len(digest) == _DIGEST:
            found[identity] = digest
    return found


def stamp_rows(stamps: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The rows of the hidden sheet."""
    pairs = sorted(stamps.items())
    return [HEADS, *((identity, digest, "" if number else NOTE) for number, (identity, digest) in enumerate(pairs))]
