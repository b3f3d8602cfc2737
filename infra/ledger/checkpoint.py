"""A checkpoint (C2SP tlog-checkpoint): origin, size and root of the tree, as a signed note. Pure."""

import base64
import re
from dataclasses import dataclass

from infra.ledger.merkle import HASH_BYTES
from infra.ledger.note import Note, NoteFault, decode_base64, parse_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree as it was signed.

    Attributes:
        origin: which log; the name of the keys that sign it.
        size: how many leaves.
        root: their root, 32 bytes.
        note: the whole signed note as text, "" before it is signed.
    """

    origin: str
    size: int
    root: bytes
    note: str = ""

    def text(self) -> str:
        """What is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self) -> Note:
        """The note with its signatures."""
        return parse_note(self.note)


def parse_checkpoint(raw: str) -> Checkpoint:
    """The checkpoint in the signed note `raw`; its signatures are not checked here.

    Raises:
        NoteFault: it is no checkpoint of ours, or not in its one canonical form.
    """
    note = parse_note(raw)
    lines = note.text.split("\n")
    if len(lines) != 4 or not lines[0] or not _SIZE.fullmatch(lines[1]):
        message = "this is no checkpoint"
        raise NoteFault(message)
    root = decode_base64(lines[2])
    if len(root) != HASH_BYTES:
        message = "the root of a checkpoint has 32 bytes"
        raise NoteFault(message)
    return Checkpoint(lines[0], int(lines[1]), root, raw)
