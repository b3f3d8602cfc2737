"""Where rows of a person stand: found in every place, told as counts, entered first, and to nobody else."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import planted
import pytest
from front_door import run_hub
from lake_city import deliveries, stock
from planted import ALL, CASES

from catalogs.people.people import person
from infra.errors import Refused, WrongUse
from infra.ground import Ground, open_ground
from lake.ingest import ingest
from lake.purge import subject
from lake.upkeep.maintain import compact

CARD = "41010519870319123X"


@pytest.fixture
def lake(ground: Ground, tmp_path: Path) -> Ground:
    environ = {**ground.environ, "HUB_CITY_DIR": str(planted.city(tmp_path / "city"))}
    with open_ground(environ) as opened:
        return stock(opened)


def take(ground: Ground, tmp_path: Path, name: str, rows: list[Any], dataset: str = CASES) -> str:
    path = tmp_path / f"{name}.csv"
    path.write_bytes(planted.table(dataset, rows))
    return ingest(ground, dataset, path, actor="test").delivery


def seek(ground: Ground, value: str = CARD, who: str = "reviewer_authority", dataset: str | None = None) -> Any:
    found = subject.find(ground, person(ground.engine, who), value, "review", dataset)
    return {one.delivery: (one.dataset, one.rows, one.quarantined, one.older) for one in found.standings}, found


def test_every_row_of_the_person_is_counted_where_it_stands(lake: Ground, tmp_path: Path) -> None:
    one = planted.record
    first = take(lake, tmp_path, "a", [one(CASES, 1, id_card=CARD), one(CASES, 2, id_card=CARD.lower()), one(CASES, 3)])
    second = take(lake, tmp_path, "b", [one(CASES, 11), one(CASES, 12, id_card=CARD, day_3="no day")])
    third = take(lake, tmp_path, "c", [one(ALL, 1, phone=f" {CARD}")], ALL)
    take(lake, tmp_path, "d", [one(CASES, 30)])
    expected = {
        first: (CASES, 2, 0, False),
        second: (CASES, 0, 1, False),
        third: (ALL, 1, 0, False),
    }
    told, found = seek(lake)
    assert told == expected
    assert found.searched[CASES] == ("person_name", "id_card", "phone", "plate")
    assert seek(lake, "４１０１０５１９８７０３１９１２３x ")[0] == expected
    assert seek(lake, dataset=ALL)[0] == {third: expected[third]}
    assert seek(lake, "410105198703191230")[0] == {}
    compact(lake, CASES, "test")
    assert seek(lake)[0] == expected | {first: (CASES, 2, 0, True), second: (CASES, 0, 1, False)}


def test_what_was_not_searched_is_told(lake: Ground, tmp_path: Path) -> None:
    take(lake, tmp_path, "a", [planted.record(CASES, 1)])
    (tmp_path / "q.csv").write_text("not,this\n1,2\n")
    assert ingest(lake, CASES, tmp_path / "q.csv", actor="test").state == "refused"
    import lake_city

    ingest(lake, lake_city.FLOW, lake_city.flow_file(tmp_path / "f.csv", [lake_city.line(1)]), actor="test")
    _, found = seek(lake)
    assert found.unread == {CASES: 1}
    assert found.left_out == (lake_city.FLOW,)


def test_the_search_is_entered_first_and_the_entry_tells_nobody_whom(lake: Ground, tmp_path: Path) -> None:
    take(lake, tmp_path, "a", [planted.record(CASES, 1, id_card=CARD)])
    before = lake.ledger.entries(count=1)[0].number
    seek(lake)
    [entry] = [one for one in lake.ledger.entries(count=3) if one.number > before]
    assert json.loads(entry.body)["act"] == "lake:subject:sought"
    content = json.loads(entry.content or b"")
    assert content["purpose"] == "review"
    assert CASES in content["datasets"]
    assert CARD.lower() not in (entry.content or b"").decode().lower()


@pytest.mark.parametrize(
    ("who", "purpose", "code"),
    [
        ("engineer_li", "quality", "SUBJECT_ROLE"),
        ("officer_huiji", "registry", "SUBJECT_ROLE"),
        ("auditor_zhao", "audit", "SUBJECT_ROLE"),
        ("reviewer_authority", None, "SUBJECT_PURPOSE"),
        ("reviewer_authority", "demo", "SUBJECT_PURPOSE"),
    ],
)
def test_reviewers_alone_seek_and_say_why(lake: Ground, who: str, purpose: str | None, code: str) -> None:
    before = len(lake.ledger.entries(count=1000))
    with pytest.raises(Refused, match=code):
        subject.find(lake, person(lake.engine, who), CARD, purpose)
    assert len(lake.ledger.entries(count=1000)) == before


def test_a_providers_reviewer_seeks_in_the_own_unit_alone(lake: Ground, tmp_path: Path) -> None:
    take(lake, tmp_path, "a", [planted.record(CASES, 1, id_card=CARD)])
    told, found = seek(lake, who="reviewer_jinshui")
    assert (told, found.searched) == ({}, {})


@pytest.mark.parametrize("value", ["", " ", "1", "x" * 101, "a\nb", "a\0b"])
def test_what_identifies_nobody_is_refused(lake: Ground, value: str) -> None:
    with pytest.raises(WrongUse, match="SUBJECT_VALUE"):
        seek(lake, value)


def test_the_command_reads_the_identifier_and_prints_none(
    lake: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(lake, tmp_path, "a", [planted.record(CASES, 1, id_card=CARD)])
    [row] = [one for one in deliveries(lake) if one["dataset"] == CASES]
    for more in ([], ["--json"]):
        for lang in ("zh", "en"):
            monkeypatch.setattr(sys, "stdin", io.StringIO(f"{CARD}\n"))
            call = ("subject", "find", "--purpose", "review", "--as", "reviewer_authority", *more)
            ran = run_hub({**lake.environ, "HUB_LANG": lang}, *call)
            assert ran.status == 0, ran.said
            assert row["id"] in ran.out
            assert CARD.lower() not in ran.said.lower()
            assert planted.found(ran.said) == set()
