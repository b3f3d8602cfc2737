"""A shapefile told with the struct module alone: no library, and nothing of ours."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BESIDE = frozenset({".dbf", ".shx", ".prj", ".qpj", ".cpg"})
_HEAD, _DESCRIPTOR = 100, 32


def features(path: Path) -> list[dict[str, Any]]:
    """Each feature of the .shp `path`: the texts of its row in the .dbf, and all its points in their order."""
    return [{**row, "geometry": points} for row, points in zip(_rows(path), _points(path), strict=True)]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    content = path.with_suffix(".dbf").read_bytes()
    count, first, width = struct.unpack("<LHH", content[4:12])
    described = range(_DESCRIPTOR, first - _DESCRIPTOR, _DESCRIPTOR)
    fields = [(content[at : at + 11].rstrip(b"\0").decode(), content[at + 16]) for at in described]
    for number in range(count):
        at, row = first + number * width + 1, {}
        for name, size in fields:
            row[name] = content[at : at + size].decode("utf-8").strip(" \0")
            at += size
        yield row


def _points(path: Path) -> Iterator[list[tuple[float, float]]]:
    content, at = path.read_bytes(), _HEAD
    while at < len(content):
        (words,) = struct.unpack(">i", content[at + 4 : at + 8])
        parts, count = struct.unpack("<ii", content[at + 44 : at + 52])
        begin = at + 52 + 4 * parts
        flat = struct.unpack(f"<{2 * count}d", content[begin : begin + 16 * count])
        yield list(zip(flat[::2], flat[1::2], strict=True))
        at += 8 + 2 * words
