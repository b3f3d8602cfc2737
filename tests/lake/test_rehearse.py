"""A dry run tells exactly what the delivery then comes to, and leaves nothing: no file, no row, no entry, no table."""

from pathlib import Path
from typing import Any

import lake_city as city
import pytest
from front_door import run_hub

from infra.errors import Refused, WrongUse
from infra.ground import Ground
from lake.ingest import Session, ingest
from lake.rehearse import BLOCK, PUBLISH, REPEAT, rehearse


@pytest.fixture
def stocked(ground: Ground) -> Ground:
    return city.stock(ground)


def everything(ground: Ground) -> Any:
    """What the home holds: files with their sizes, deliveries, ledger entries."""
    files = sorted(str(path.relative_to(ground.home)) for path in (ground.home / "store").rglob("*") if path.is_file())
    scratch = [path.name for path in (ground.home / "tmp").iterdir()] if (ground.home / "tmp").exists() else []
    return files, city.deliveries(ground), [entry.number for entry in ground.ledger.entries(count=1000)], scratch


def mixed(path: Path) -> Path:
    return city.flow_file(
        path, [*(city.line(at) for at in range(30)), city.line(40, flow="x"), "torn,record", city.line(3)]
    )


def test_it_tells_what_then_comes_to_pass(stocked: Ground, tmp_path: Path) -> None:
    ingest(stocked, city.FLOW, city.flow_file(tmp_path / "before.csv", [city.line(0), city.line(1)]), actor="test")
    path, before = mixed(tmp_path / "a.csv"), everything(stocked)
    with Session(stocked) as session:
        told = rehearse(session, city.FLOW, path)
    assert everything(stocked) == before
    assert told.state == PUBLISH
    assert {one.rule: (one.count, [place.en for place in one.places]) for one in told.broken} == {
        "flow.type": (1, ["line 32"]),
        "record.ragged": (1, ["line 33"]),
    }
    outcome = ingest(stocked, city.FLOW, path, actor="test")
    counts = {"read": 33, "published": 28, "quarantined": 2, "duplicates": 3, "replaced": 0}
    assert told.counts == counts
    assert {name: getattr(outcome, name) for name in counts} == counts
    with Session(stocked) as session:
        again = rehearse(session, city.FLOW, path)
    assert (again.state, again.repeats) == (REPEAT, outcome.delivery)


def test_what_would_be_blocked_or_refused_says_so_and_leaves_nothing(stocked: Ground, tmp_path: Path) -> None:
    before = everything(stocked)
    with Session(stocked) as session:
        told = rehearse(session, city.FLOW, city.flow_file(tmp_path / "b.csv", [city.line(1, flow="x")]))
        assert told.state == BLOCK
        assert told.counts["published"] == 0
        wrong = tmp_path / "c.csv"
        wrong.write_text("a,b\n1,2\n")
        with pytest.raises(Refused) as refused:
            rehearse(session, city.FLOW, wrong)
    assert refused.value.code == "READ_HEADER_NOT_FOUND"
    assert everything(stocked) == before


def test_a_draft_contract_judges_without_being_registered(stocked: Ground, tmp_path: Path) -> None:
    draft = tmp_path / f"{city.FLOW}.yaml"
    source = (stocked.city / "contracts" / draft.name).read_text("utf-8")
    draft.write_text(source.replace("max: 2000}", "max: 5}").replace("version: 1.0.0", "version: 2.0.0"), "utf-8")
    path = city.flow_file(tmp_path / "d.csv", [city.line(at, flow=at) for at in range(10)])
    environ = {"HUB_HOME": str(stocked.home), "HUB_DEMO": "1", "HUB_LANG": "zh"}
    before = everything(stocked)
    ran = run_hub(environ, "ingest", city.FLOW, path, "--dry-run", "--contract", draft, "--as", "engineer_li", "--json")
    assert ran.status == 0, ran.said
    assert (ran.document["contract"], ran.document["published"], ran.document["quarantined"]) == ("2.0.0", 6, 4)
    assert ran.document["broken"][0]["places"] == ["第8行", "第9行", "第10行", "第11行"]
    said = run_hub(environ, "ingest", city.FLOW, path, "--dry-run", "--as", "engineer_li")
    assert "试运行 d.csv：将发布" in said.out
    assert "什么都没有留下" in said.out
    assert everything(stocked) == before
    other = run_hub(environ, "ingest", city.HOSPITALS, path, "--dry-run", "--contract", draft, "--as", "engineer_li")
    assert (other.status, "CONTRACT_DATASET" in other.err) == (2, True)
    with Session(stocked) as session, pytest.raises(WrongUse):
        from contracts.compare import read_contract

        rehearse(session, city.HOSPITALS, path, read_contract(draft))


def test_a_draft_goes_with_a_dry_run_only(stocked: Ground, tmp_path: Path) -> None:
    environ = {"HUB_HOME": str(stocked.home), "HUB_DEMO": "1", "HUB_LANG": "en"}
    ran = run_hub(environ, "ingest", city.FLOW, mixed(tmp_path / "e.csv"), "--contract", mixed(tmp_path / "f.csv"))
    assert ran.status == 2
    assert city.deliveries(stocked) == []


def test_several_files_are_rehearsed_as_one_delivery(stocked: Ground, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for number in range(3):
        city.flow_file(folder / f"{number}.csv", [city.line(number * 10 + at) for at in range(10)])
    with Session(stocked) as session:
        told = rehearse(session, city.FLOW, folder)
    assert told.counts == {"read": 30, "published": 30, "quarantined": 0, "duplicates": 0, "replaced": 0}
    assert city.deliveries(stocked) == []


@pytest.mark.parametrize(
    ("dataset", "code"),
    [("dengfeng.agriculture.fire_watch", "ARRIVAL_NO_CONTRACT"), ("dengfeng.x.nothing", "ARRIVAL_UNKNOWN_RESOURCE")],
)
def test_without_a_contract_it_is_refused_as_the_delivery_would_be_and_claims_to_keep_nothing(
    stocked: Ground, tmp_path: Path, dataset: str, code: str
) -> None:
    before = everything(stocked)
    ran = run_hub(stocked.environ, "ingest", dataset, str(mixed(tmp_path / "a.csv")), "--dry-run")
    assert (ran.status, ran.err.partition(":")[0]) == (1, code)
    assert "kept as it came" not in ran.err
    assert everything(stocked) == before
    outcome = ingest(stocked, dataset, tmp_path / "a.csv", actor="test")
    assert (outcome.state, outcome.code) == ("refused", code)
