"""What `hub demo` tells a person of the files that arrived."""

from pathlib import Path
from typing import Any

from infra.language import Text
from sharing.demo import Story
from sharing.demo_cli import _arrived


def file(name: str, dataset: str, reason: str | None = None) -> dict[str, Any]:
    return {"file": name, "dataset": dataset, "data": reason is None, "reason": reason}


def test_a_file_arrives_once_and_each_reason_is_told_once() -> None:
    files = [
        file("metro/data.xlsx", "u.d.cities"),
        file("metro/data.xlsx", "u.d.stations"),
        file("metro/SOURCE.md", "u.d.cities", "a note"),
        *(file(f"covid/{day}.yaml", "u.h.daily", "a notice") for day in (1, 2, 3)),
        file("covid/1.csv", "u.h.daily"),
    ]
    told = [
        " ".join(line.split()) for line in _arrived(Story(Path(), files=files), lambda zh, en: Text(zh, en).say("en"))
    ]
    assert told[0] == "2 arrive 2 files of data, 4 of none"
    assert told[-2:] == ["metro 1 SOURCE.md a note", "covid 1 1.yaml and 2 more a notice"]
