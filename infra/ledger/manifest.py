"""The manifest of a bundle: which files it holds, their digests, and the signature of the log over all of it. Pure.

    cityhub-ledger-bundle/1
    <origin>
    contents included | contents withheld
    <SHA-256, hex> <bytes> <name>     one line a file, by name

as a C2SP signed note. Its first line can never be that of a checkpoint of ours, so neither passes for the other.
"""

import re
from dataclasses import dataclass

from infra.ledger.note import NoteFault

HEAD = "cityhub-ledger-bundle/1"
MANIFEST = "MANIFEST"
ENTRIES = "entries.jsonl"
CONTENTS = "contents.jsonl"
CHECKPOINTS = "checkpoints.jsonl"
NEWEST = "checkpoint"
KEYS = "keys.txt"
FILES = tuple(sorted((ENTRIES, CONTENTS, CHECKPOINTS, NEWEST, KEYS)))

_WORDS = {True: "contents included", False: "contents withheld"}
_LINE = re.compile(r"([0-9a-f]{64}) (0|[1-9][0-9]{0,18}) ([a-z.]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as the manifest lists it."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the bundle holds. `contents` False: contents and salts were withheld, not lost."""

    origin: str
    contents: bool
    files: dict[str, Listed]

    def text(self) -> str:
        """What is signed."""
        lines = [HEAD, self.origin, _WORDS[self.contents]]
        lines += [f"{listed.digest} {listed.size} {name}" for name, listed in sorted(self.files.items())]
        return "\n".join(lines) + "\n"


def parse_manifest(text: str) -> Manifest:
    """The manifest in the text of a note.

    Raises:
        NoteFault: it is none, or does not list exactly the files of a bundle.
    """
    lines = text.split("\n")
    matches = [_LINE.fullmatch(line) for line in lines[3:-1]]
    files = {match[3]: Listed(match[1], int(match[2])) for match in matches if match}
    manifest = Manifest(lines[1] if len(lines) > 1 else "", lines[2:3] == [_WORDS[True]], files)
    if manifest.text() != text or tuple(sorted(files)) != FILES:
        message = "this is no manifest of a ledger bundle"
        raise NoteFault(message)
    return manifest
