import errno
import os
from pathlib import Path

import pytest

from infra.copying import copy

BYTES = bytes(range(256)) * 40_000


def refusing(*_: object) -> int:
    raise OSError(errno.EXDEV, "not between these two")


def after_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that copies a first part and then refuses."""
    real = os.copy_file_range
    told: list[int] = []

    def once(source: int, target: int, count: int) -> int:
        if told:
            refusing()
        told.append(count)
        return real(source, target, min(count, 1000))

    monkeypatch.setattr(os, "copy_file_range", once)


@pytest.mark.parametrize("kernel", ["copies", "refuses", "refuses later"])
@pytest.mark.parametrize(
    ("size", "expected"), [(None, len(BYTES)), (0, 0), (5_000_000, 5_000_000), (99**9, len(BYTES))]
)
def test_the_first_bytes_are_copied_whoever_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: str, size: int | None, expected: int
) -> None:
    (tmp_path / "source").write_bytes(BYTES)
    if kernel == "refuses":
        monkeypatch.setattr(os, "copy_file_range", refusing)
    elif kernel == "refuses later":
        after_one(monkeypatch)
    with (
        (tmp_path / "source").open("rb", buffering=0) as source,
        (tmp_path / "target").open("wb", buffering=0) as target,
    ):
        assert copy(source, target, size) == expected
    assert (tmp_path / "target").read_bytes() == BYTES[:expected]


def test_a_full_disk_is_no_reason_to_copy_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    (tmp_path / "source").write_bytes(b"x")
    monkeypatch.setattr(os, "copy_file_range", full)
    with (
        (tmp_path / "source").open("rb") as source,
        (tmp_path / "target").open("wb") as target,
        pytest.raises(OSError, match="full"),
    ):
        copy(source, target)
