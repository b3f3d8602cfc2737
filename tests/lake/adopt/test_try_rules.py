"""A draft's rules tried on history: what they would have caught, as far as the reader may know it; nothing is kept."""

import json
from pathlib import Path

import lake_city as city
import pytest
from front_door import run_hub

from catalogs.people.people import person
from contracts.compare import read_contract
from infra.errors import Refused
from infra.ground import Ground
from lake.adopt.try_rules import Tried, try_rules
from lake.ingest import ingest
from lake.query.query import Asked


@pytest.fixture
def filled(city_ground: Ground, tmp_path: Path) -> Ground:
    ground = city.stock(city_ground)
    first = [city.line(at, flow=(at + 1) * 85) for at in range(10)]
    second = [city.line(20, flow=950, detector="E" * 20), city.line(21)]
    for name, lines in (("a", first), ("b", second)):
        ingest(ground, city.FLOW, city.flow_file(tmp_path / f"{name}.csv", lines), actor="test")
    return ground


def draft(ground: Ground, folder: Path, *changes: tuple[str, str], dataset: str = city.FLOW) -> Path:
    text = (
        (ground.city / "contracts" / f"{dataset}.yaml").read_text("utf-8").replace("version: 1.0.0", "version: 2.0.0")
    )
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / f"{dataset}.yaml"
    path.write_text(text, "utf-8")
    return path


def tried(ground: Ground, path: Path, reader: str = "engineer_li", purpose: str | None = None) -> Tried:
    return try_rules(ground, person(ground.engine, reader), read_contract(path), Asked("", purpose=purpose))


LOWER = ("max: 2000}", "max: 800}")


def test_it_counts_what_a_rule_would_have_caught_and_shows_where(filled: Ground, tmp_path: Path) -> None:
    before = [dict(row) for row in city.deliveries(filled)], len(city.acts(filled))
    found = tried(
        filled, draft(filled, tmp_path, LOWER, ("rule: length, min: 1, max: 32", "rule: length, min: 1, max: 9"))
    )
    caught = {one.rule: one for one in found.rules if one.count}
    assert {rule: one.count for rule, one in caught.items()} == {"detector_id.length": 1, "flow.range": 2}
    one, two = caught["flow.range"].samples
    ids = [row["id"] for row in city.deliveries(filled)]
    assert [(s.delivery, s.place.en, s.values) for s in (one, two)] == [
        (ids[0], "line 11", {"flow": "850"}),
        (ids[1], "line 2", {"flow": "950"}),
    ]
    assert (found.rows, found.whole, found.hidden) == (12, ("row_count",), {})
    assert city.quarantined(filled) == []
    # Two reads are in the ledger, and nothing else was done.
    assert ([dict(row) for row in city.deliveries(filled)], len(city.acts(filled))) == (before[0], before[1] + 2)


def test_a_changed_type_a_new_key_and_a_column_that_nobody_delivered(filled: Ground, tmp_path: Path) -> None:
    key = ("key: [detector_id, observed_at]", "key: [detector_id]")
    whole = (
        "logicalType: number\n        physicalType: number\n        classification: general_2\n",
        "logicalType: integer\n        physicalType: integer\n        classification: general_2\n",
    )
    text = draft(filled, tmp_path, key, whole)
    found = {one.rule: one.count for one in tried(filled, text).rules if one.count}
    assert found == {"duplicates.key": 10}
    required = (
        "      - name: note\n        businessName: 备注\n",
        "      - name: note\n        required: true\n        businessName: 备注\n",
    )
    found = {one.rule: one.count for one in tried(filled, draft(filled, tmp_path, required)).rules if one.count}
    assert found == {"note.required": 12}


def test_a_rule_on_a_hidden_column_is_not_tried(filled: Ground, tmp_path: Path) -> None:
    found = tried(filled, draft(filled, tmp_path, LOWER), "operator_sun")
    assert "flow.range" in found.hidden
    assert found.hidden["speed_of_flow"] == ("flow", "speed")
    assert {one.rule for one in found.rules}.isdisjoint(found.hidden)
    with pytest.raises(Refused):
        tried(filled, draft(filled, tmp_path, dataset=city.HOSPITALS))


def test_the_command_says_what_it_found_and_keeps_nothing(filled: Ground, tmp_path: Path) -> None:
    path = draft(filled, tmp_path, LOWER)
    environ = {**filled.environ, "HUB_LANG": "zh"}
    ran = run_hub(environ, "contract", "try", path, "--as", "engineer_li")
    assert ran.status == 0, ran.said
    assert "flow.range (quarantine) 2" in ran.out
    assert "什么都没有保留" in ran.out
    told = run_hub(environ, "contract", "try", path, "--as", "engineer_li", "--samples", "0", "--json").document
    assert [(one["count"], one["samples"]) for one in told["rules"] if one["rule"] == "flow.range"] == [(2, [])]
    entries = [json.loads(entry.content or b"{}") for entry in filled.ledger.entries(count=1)]
    assert entries[0]["export"] is True
