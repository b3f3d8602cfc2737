"""What a file shows becomes a proposal, and a person decides: nothing of its values is told or kept."""

import json
from pathlib import Path
from unittest.mock import patch

import lake_city as city
import pytest
from click.testing import CliRunner
from front_door import run_hub

from catalogs.life.drafts import draft
from catalogs.register import resource
from catalogs.values.model import Grade, IdentifierRole
from hub import hub
from infra.ground import Ground

PHONES = [f"1380000{n:04d}" for n in range(40)]


@pytest.fixture
def ground(city_ground: Ground) -> Ground:
    """On SQLite with a folder, and on PostgreSQL with an S3."""
    return city_ground


def phones(path: Path) -> Path:
    """Road flow whose detectors are called by mobile numbers, all invented."""
    return city.flow_file(path, [city.line(n, detector=phone) for n, phone in enumerate(PHONES)])


def test_requirement_11_a_class_is_proposed_with_its_edition_evidence_and_confidence(
    ground: Ground, tmp_path: Path
) -> None:
    city.stock(ground)
    ran = run_hub(
        ground.environ, "catalog", "suggest", str(phones(tmp_path / "a.csv")), "--dataset", city.FLOW, "--json"
    )
    assert ran.status == 0, ran.said
    items = {one["item"]: one for one in ran.document["items"]}
    assert items["detector_id"]["personal"] is not None
    assert items["detector_id"]["edition"] == "GB/T 45574-2025"
    assert items["detector_id"]["confidence"] > 0.7
    assert items["detector_id"]["evidence"]["zh"]
    assert items["occupancy"]["personal"] is None
    assert ran.document["grade"] == max(Grade[one["grade"].upper()] for one in items.values()).id
    assert draft(ground.engine, city.FLOW) is None, "nothing is changed until a person accepts"
    assert [phone for phone in PHONES if phone in ran.said] == []


def test_what_a_person_accepts_is_a_draft_and_the_ledger_says_what_was_proposed(ground: Ground, tmp_path: Path) -> None:
    city.stock(ground)
    path = str(phones(tmp_path / "a.csv"))
    accepting = ["--dataset", city.FLOW, "--accept", "detector_id", "--as", "officer_jinshui"]
    ran = run_hub(ground.environ, "catalog", "suggest", path, *accepting)
    assert ran.status == 0, ran.said
    saved = draft(ground.engine, city.FLOW)
    assert saved is not None
    item, before = saved.body.item("detector_id"), resource(ground.engine, city.FLOW)
    assert item is not None
    assert item.personal is not None
    assert item.identifier is not IdentifierRole.NONE
    assert saved.body.grade >= item.grade
    assert saved.body.item("flow") == before.item("flow"), "what was not accepted stays"
    assert "detector_id=" in saved.why
    kept = json.dumps([entry.body.decode() for entry in ground.ledger.entries(count=1000)]) + saved.why
    assert [phone for phone in PHONES if phone in kept] == []


def test_an_item_that_was_not_proposed_and_an_entry_that_is_not_there_are_refused(
    ground: Ground, tmp_path: Path
) -> None:
    city.stock(ground)
    path = str(phones(tmp_path / "a.csv"))
    wrong = run_hub(ground.environ, "catalog", "suggest", path, "--dataset", city.FLOW, "--accept", "nothing")
    assert (wrong.status, wrong.err.partition(":")[0]) == (2, "SUGGEST_ITEM")
    none = run_hub(
        ground.environ, "catalog", "suggest", path, "--dataset", "jinshui.traffic.new_one", "--accept", "all"
    )
    assert (none.status, none.err.partition(":")[0]) == (1, "SUGGEST_ENTRY")


def asked(ground: Ground, path: Path, answers: str, *more: str, terminal: bool = True) -> str:
    """The command on a terminal where a person types `answers`; what it said."""
    given = ["catalog", "suggest", str(phones(path)), "--dataset", city.FLOW, "--as", "officer_jinshui", *more]
    with patch("lake.adopt.suggest_cli.on_terminal", lambda: terminal):
        done = CliRunner().invoke(hub, given, input=answers, env=dict(ground.environ), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_on_a_terminal_each_item_is_asked_about_and_what_is_left_stays(ground: Ground, tmp_path: Path) -> None:
    city.stock(ground)
    said = asked(ground, tmp_path / "a.csv", "n\n" * 20)
    assert "detector_id" in said
    assert [phone for phone in PHONES if phone in said] == []
    assert draft(ground.engine, city.FLOW) is None
    asked(ground, tmp_path / "a.csv", "q\n")
    assert draft(ground.engine, city.FLOW) is None
    asked(ground, tmp_path / "a.csv", "y\n" * 20)
    saved = draft(ground.engine, city.FLOW)
    assert saved is not None
    item = saved.body.item("detector_id")
    assert item is not None
    assert item.personal is not None


def test_other_words_are_taken_as_given_and_the_ledger_says_both(ground: Ground, tmp_path: Path) -> None:
    city.stock(ground)
    asked(ground, tmp_path / "a.csv", "e\ndevice\ny\nquasi\ngeneral_4\n" + "n\n" * 20)
    saved = draft(ground.engine, city.FLOW)
    assert saved is not None
    item = saved.body.item("detector_id")
    assert item is not None
    assert item.personal is not None
    assert (str(item.personal.kind), item.personal.sensitive) == ("device", True)
    assert (str(item.identifier), item.grade.id, saved.body.grade.id) == ("quasi", "general_4", "general_4")
    assert "as [detector_id=device/quasi/general_4" in saved.why


def test_yes_takes_no_personal_class_without_a_person(ground: Ground, tmp_path: Path) -> None:
    city.stock(ground)
    before = resource(ground.engine, city.FLOW).item("detector_id")
    asked(ground, tmp_path / "a.csv", "", "--yes", terminal=False)
    saved = draft(ground.engine, city.FLOW)
    assert saved is None or saved.body.item("detector_id") == before
    said = asked(ground, tmp_path / "a.csv", "y\n" * 20, "--yes")
    assert "[1/" in said
    after = draft(ground.engine, city.FLOW)
    assert after is not None
    assert after.body.item("detector_id") != before
