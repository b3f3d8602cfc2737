"""Reading ahead: in order, beside the present delivery, and never the end of a batch."""

import threading
from pathlib import Path

from infra.ground import Ground
from lake.ahead import read_ahead


def test_the_next_is_read_while_the_present_one_is_worked_on(ground: Ground) -> None:
    begun = {name: threading.Event() for name in "abc"}

    def separate(delivery: str, scratch: Path) -> None:
        (scratch / delivery).touch()
        begun[delivery].set()

    seen = []
    for delivery, _ in read_ahead(ground, separate, "abc"):
        following = {"a": "b", "b": "c"}.get(delivery)
        assert following is None or begun[following].wait(10)
        seen.append(delivery)
    assert seen == ["a", "b", "c"]


def test_a_folder_lives_while_its_delivery_is_worked_on_and_no_longer(ground: Ground) -> None:
    folders: dict[str, Path] = {}

    def separate(delivery: str, scratch: Path) -> None:
        folders[delivery] = scratch

    for delivery, _ in read_ahead(ground, separate, "ab"):
        assert folders[delivery].is_dir()
    assert not any(folder.exists() for folder in folders.values())


def test_what_fails_ahead_is_left_to_its_turn(ground: Ground) -> None:
    def separate(delivery: str, scratch: Path) -> None:
        raise OSError(f"{delivery} cannot be read into {scratch.name}")

    assert list(read_ahead(ground, separate, "ab")) == [("a", None), ("b", None)]


def test_a_batch_that_is_given_up_leaves_no_folder(ground: Ground) -> None:
    folders: list[Path] = []

    def separate(_: str, scratch: Path) -> None:
        folders.append(scratch)

    batch = read_ahead(ground, separate, "abc")
    next(batch)
    batch.close()
    assert folders
    assert not any(folder.exists() for folder in folders)
