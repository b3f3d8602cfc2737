"""What `hub demo` prints is what the READMEs show, and each command that it names shows something to who types it.

The demo runs here as it is, but for two parts that have tests of their own: its deliveries are taken in this process
and not by Airflow, and no firm's client is installed.
"""

import functools
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
from front_door import Ran, run_hub
from lake_city import FLOW, at_once

import hub
from infra.ground import open_ground
from infra.local_time import local_time
from lake import sample
from lake.query.quarantine import HIDDEN
from sharing import demo
from sharing.demo_cli import lines

ROOT = Path(__file__).resolve().parent.parent.parent
README = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
UTC_TEXT = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


@dataclass(frozen=True)
class Told:
    """A demo's home, and its story."""

    environ: dict[str, str]
    story: demo.Story

    def hub(self, *arguments: str, lang: str = "en") -> Ran:
        return run_hub({**self.environ, "HUB_LANG": lang}, *arguments)

    def looks(self, lang: str) -> list[str]:
        """The commands of the closing lines."""
        found = (re.match(r"  (hub .*?)  +\S", line) for line in lines(self.story, lang))
        return [line[1] for line in found if line]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    environ = {"HUB_HOME": str(tmp_path_factory.mktemp("demo") / "home"), "HUB_DEMO": "1"}
    environ["HUB_CLOCK"] = "2026-11-23T15:55:00+08:00"
    with pytest.MonkeyPatch.context() as patch, open_ground(environ, create=True) as ground:
        patch.setattr(demo, "run_due", at_once)
        ground.prepare()
        story = demo.tell(ground, data=None, seed=1, rows=sample.ROWS, say=lambda _said: None)
    return Told(environ, story)


def test_the_reader_of_the_demo_is_sent_where_something_is_to_be_seen(told: Told) -> None:
    looks = told.looks("en")
    assert [look.split()[1] for look in looks] == ["query", "quarantine", "share", "ledger", "ledger", "up"]
    assert told.looks("zh") == looks
    for look in looks:
        words = shlex.split(look)[1:]
        if words == ["up"]:
            assert "up" in hub.COMMANDS, "a service, which answers nobody: its tests stand elsewhere"
            continue
        for lang in ("en", "zh"):
            ran = told.hub(*words, lang=lang)
            assert (ran.status, ran.out.strip() != "") == (0, True), (look, ran.said)
            assert "hidden from you" not in ran.said
            # What no field matched is shown to nobody: a record that could not be laid out has its sentence alone.
            assert HIDDEN not in ran.said.replace(f"_extra={HIDDEN}", "")
        document = told.hub(*words, "--json").document
        if words[0] == "query":
            assert len(document["rows"]) == 5
            assert any(cell not in (None, "") for row in document["rows"] for cell in row)
        if words[0] == "quarantine":
            assert document["rows"]
            assert all(any(row["raw"].values()) for row in document["rows"] if row["raw"])
        if words[0] == "share":
            assert document["extract"]["certificate"]["result"]["rows"] > 0


def test_what_the_reader_may_not_see_is_never_the_example(told: Told) -> None:
    first = told.story.deliveries[0]
    assert first["quarantined"] > 0
    assert first["dataset"] not in told.story.looks.values(), "the first delivery is about persons"
    unit, domain, name = first["dataset"].split(".")
    assert "hidden from you" in told.hub("query", f"FROM {unit}.{domain}_{name} LIMIT 1").err
    assert told.hub("quarantine", "show", first["dataset"]).err.startswith("QUARANTINE_DENIED")


VOLATILE = (
    (re.compile(r"started in [\d.]+ s|启动用时 [\d.]+ 秒"), "STARTED"),
    (re.compile(r"^[\d.]+ s\. The demo's home is \S+|^用时 [\d.]+ 秒。演示目录 [^（]+"), "HOME"),
    (re.compile(r": \d+ entries|的 \d+ 条记录"), "ENTRIES"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d$"), "WHEN"),
    (re.compile(r"x-[0-9a-f]{24}"), "EXTRACT"),  # another attempt makes another one
)


def steady(text: list[str]) -> list[str]:
    """The lines without what differs from run to run, and without the firm's own reading."""
    kept, skipped = [], False
    for line in text:
        skipped = line.startswith("6 ") or (skipped and not line.startswith("7 "))
        if not skipped:
            kept.append(functools.reduce(lambda said, known: known[0].sub(known[1], said), VOLATILE, line))
    return kept


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_readme_shows_what_the_demo_prints(told: Told, lang: str) -> None:
    shown = README[lang].read_text(encoding="utf-8").split("$ python3.11 infra/setup.py demo\n")[1].split("```")[0]
    assert steady(shown.splitlines()) == steady(list(lines(told.story, lang)))


def test_people_read_the_citys_time_and_programs_utc(told: Told) -> None:
    for words, entries, key in (
        (["lake", "history", FLOW], "versions", "at"),
        (["ledger", "show"], "entries", "time"),
    ):
        said = told.hub(*words).out
        assert UTC_TEXT.search(said) is None
        for one in told.hub(*words, "--json").document[entries]:
            assert UTC_TEXT.search(one[key])
            assert local_time(one[key]) in said
    said = told.hub("share", "revoke", told.story.case, "--reason", "test").out
    revoked = told.hub("share", "revoke", told.story.case, "--reason", "test", "--json").document["revoked_at"]
    assert UTC_TEXT.search(said) is None
    assert local_time(revoked) in said
