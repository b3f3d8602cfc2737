from pathlib import Path

import pytest

from infra.demo import MODE, mark
from infra.errors import WrongUse
from infra.storage import ObjectStat
from infra.storage_folder import FolderStore


class Raced(FolderStore):
    """A store that another process marks and writes to just after it was first looked at."""

    other: bytes | None = None

    def stat(self, key: str) -> ObjectStat | None:
        found = super().stat(key)
        if self.other is not None:
            mode, self.other = self.other, None
            self.put_bytes(MODE, mode)
            self.put_bytes("landing/x", b"another's first object")
        return found


def raced(folder: Path, other: bytes) -> Raced:
    store = Raced(folder)
    store.prepare()
    store.other = other
    return store


def test_of_demos_that_prepare_one_store_at_once_none_is_refused(tmp_path: Path) -> None:
    mark(raced(tmp_path, b"demo"), demo=True)
    assert (tmp_path / MODE).read_bytes() == b"demo"


def test_a_demo_is_refused_when_real_data_came_first_by_a_hair(tmp_path: Path) -> None:
    with pytest.raises(WrongUse) as caught:
        mark(raced(tmp_path, b"real"), demo=True)
    assert caught.value.code == "HOME_NOT_DEMO"
    assert (tmp_path / MODE).read_bytes() == b"real"
