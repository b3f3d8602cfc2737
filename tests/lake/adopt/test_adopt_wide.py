"""A wide table is adopted as a long one: by itself where it is sure to be one, else when somebody says so."""

import json
from pathlib import Path

import pytest
import yaml
from front_door import run_hub

HOURS = [f"{hour}时" for hour in range(24)]
FLOWS = "own.traffic.flows"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en"}


def written(path: Path, rows: list[list[str]]) -> Path:
    path.write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    """A crossing on a day a row, an hour a column."""
    rows = [
        [f"云桥路口{at % 3}", f"2026-01-{at // 3 + 1:02d}", *(str(at * 7 + hour) for hour in range(24))]
        for at in range(60)
    ]
    return written(tmp_path / "flows.csv", [["路口", "日期", *HOURS], *rows])


@pytest.fixture
def ranks(tmp_path: Path) -> Path:
    """Stations by rank: numbers behind a word, which may be one measure or as well be a questionnaire."""
    rows = [[f"city{at}", *(f"站{at * 8 + rank}" for rank in range(6))] for at in range(30)]
    return written(tmp_path / "ranks.csv", [["Key", *(f"Station{rank}" for rank in range(1, 7))], *rows])


def contract(out: Path, dataset: str) -> tuple[list[str], dict[str, object]]:
    """The columns of a draft, and its hints for reading."""
    [table] = yaml.safe_load((out / "contracts" / f"{dataset}.yaml").read_text(encoding="utf-8"))["schema"]
    customs = {one["property"]: one["value"] for one in table["customProperties"]}
    return [one["name"] for one in table["properties"]], customs.get("cityhub.reading", {})


def test_from_a_wide_file_to_a_query(environ: dict[str, str], flows: Path) -> None:
    ran = run_hub(environ, "adopt", flows, "--dataset", FLOWS, "--yes", "--json")
    assert ran.status == 0, ran.said
    told = ran.document
    assert (told["delivery"]["read"], told["delivery"]["published"]) == (60 * 24, 60 * 24)
    assert told["key"] == ["lk", "date", "hour"]
    [found] = [one for one in told["findings"] if one["kind"] == "wide"]
    assert found["value"]["turned"] is True
    assert found["confidence"] >= 0.9
    sql = "SELECT count(*), count(DISTINCT hour), sum(value) FROM own.traffic_flows WHERE hour BETWEEN 7 AND 9"
    expected = sum(at * 7 + hour for at in range(60) for hour in (7, 8, 9))
    assert run_hub(environ, "query", sql, "--json").document["rows"] == [[180, 3, str(expected)]]


def test_what_is_not_sure_stays_wide_until_somebody_says_so(
    environ: dict[str, str], ranks: Path, tmp_path: Path
) -> None:
    ask = ("contract", "infer", ranks, "--dataset", "own.traffic.ranks", "--json", "--out")
    told = run_hub(environ, *ask, tmp_path / "a").document
    [found] = [one for one in told["findings"] if one["kind"] == "wide"]
    assert found["value"]["turned"] is False
    assert found["confidence"] < 0.9
    assert len(told["columns"]) == 7
    told = run_hub(environ, *ask, tmp_path / "b", "--unpivot").document
    names, reading = contract(tmp_path / "b", "own.traffic.ranks")
    assert (told["looked_at"], told["key"]) == (180, ["key", names[1]])
    assert reading == {"unpivot": {"columns": r"Station\d+", "name": names[1], "value": "value"}}


def test_whoever_is_asked_decides(
    environ: dict[str, str], flows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def no(text: str, *_: object) -> bool:
        asked.append(text)
        return False

    monkeypatch.setattr("click.confirm", no)
    ran = run_hub(environ, "adopt", flows, "--dataset", FLOWS)
    assert ran.status == 1
    assert "24 columns (0时 to 23时)" in asked[0]
    assert "looked at 60 records" in ran.out
    run_hub(environ, "contract", "infer", flows, "--dataset", FLOWS, "--out", tmp_path / "c", "--no-unpivot")
    names, reading = contract(tmp_path / "c", FLOWS)
    assert (len(names), json.dumps(reading)) == (26, "{}")
