"""Quarantine read within the policy; compaction and retention; the commands."""

import json
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
from click.testing import CliRunner

from catalogs.people.people import person
from infra.errors import Refused
from infra.ground import Ground
from lake.cli import lake as lake_commands
from lake.cli import quarantine as quarantine_commands
from lake.ingest import Session, ingest
from lake.ingest_cli import ingest as ingest_command
from lake.query.quarantine import Question, listing, show
from lake.store.delta import Tables, curated_key
from lake.upkeep import maintain


@pytest.fixture
def filled(city_ground: Ground, tmp_path: Path) -> Ground:
    ground = city.stock(city_ground)
    with Session(ground) as session:
        for n in range(4):
            lines = [city.line(n * 10 + i) for i in range(10)] + [city.line(n * 10, flow="x", detector=f"Q{n}")]
            ingest(ground, city.FLOW, city.flow_file(tmp_path / f"{n}.csv", lines), actor="test", session=session)
    return ground


def plain(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, default=str) for row in rows)


def test_compaction_changes_no_row(filled: Ground) -> None:
    before, aside = plain(city.curated(filled)), plain(city.quarantined(filled))
    lake, key = Tables(filled.store), curated_key(city.FLOW)
    old = lake.version(key)
    done = maintain.compact(filled, city.FLOW, "test")
    assert [(one.before, one.after) for one in done] == [(4, 1), (4, 1)]
    assert (plain(city.curated(filled)), plain(city.quarantined(filled))) == (before, aside)
    assert len(lake.snapshot(key, version=old).files) == 4
    again = maintain.compact(filled, city.FLOW, "test")
    assert [one.version for one in again] == [one.version for one in done]
    assert [act for act, _ in city.acts(filled)].count("lake:table:compacted") == 2
    city.balanced(filled)


def test_a_delivery_after_compaction_is_still_recognised(filled: Ground, tmp_path: Path) -> None:
    maintain.compact(filled, city.FLOW, "test")
    again = city.flow_file(tmp_path / "again.csv", [city.line(0), city.line(99)])
    outcome = ingest(filled, city.FLOW, again, actor="test")
    assert (outcome.published, outcome.duplicates) == (1, 1)


def test_retention_deletes_what_no_version_needs(filled: Ground) -> None:
    before = plain(city.curated(filled))
    maintain.compact(filled, city.FLOW, "test")
    filled.store.put_bytes(f"{curated_key(city.FLOW)}/left-behind.parquet", b"x")
    assert maintain.expire(filled, city.FLOW, "test", days=30) == 0
    assert maintain.expire(filled, city.FLOW, "test", days=0) == 9
    assert plain(city.curated(filled)) == before
    assert "lake:table:expired" in [act for act, _ in city.acts(filled)]


def test_quarantine_is_shown_within_the_policy_and_recorded(filled: Ground) -> None:
    engineer = person(filled.engine, "engineer_li")
    page = show(filled, engineer, Question(city.FLOW, limit=3))
    assert [row.line for row in page.rows] == [12, 12, 12]
    assert page.rows[0].raw["flow"] == "x"
    assert page.rows[0].rules == ("flow.type",)
    assert {row.delivery for row in page.rows} == {one["delivery"] for one in listing(filled, engineer)[1:]}
    assert city.acts(filled)[-1] == ("lake:quarantine:read", city.FLOW)
    one = show(filled, engineer, Question(city.FLOW, delivery=listing(filled, engineer)[0]["delivery"]))
    assert len(one.rows) == 1
    assert show(filled, engineer, Question(city.FLOW, rule="nothing")).rows == ()
    count = len(city.acts(filled))
    with pytest.raises(Refused, match="QUARANTINE_DENIED"):
        show(filled, person(filled.engine, "officer_zhongyuan"), Question(city.FLOW))
    assert len(city.acts(filled)) == count
    with pytest.raises(Refused, match="QUARANTINE_EMPTY"):
        show(filled, engineer, Question("sample.health.hospitals"))
    assert [entry["quarantined"] for entry in listing(filled, engineer, city.FLOW)] == [1, 1, 1, 1]


def test_the_commands(ground: Ground, tmp_path: Path) -> None:
    city.stock(ground)
    path = city.flow_file(tmp_path / "a.csv", [city.line(0), city.line(1, flow="x")])
    environ = {"HUB_HOME": str(ground.home), "HUB_DEMO": "1", "HUB_LANG": "en"}
    runner = CliRunner()

    def run(command: Any, *arguments: str) -> Any:
        return runner.invoke(command, list(arguments), env=environ, catch_exceptions=False, standalone_mode=False)

    done = run(ingest_command, city.FLOW, str(path), "--json")
    told = json.loads(done.stdout)
    assert done.return_value == 0
    assert (told["read"], told["published"], told["quarantined"], told["duplicates"]) == (2, 1, 1, 0)
    assert {"dataset", "delivery", "version", "audit", "seconds"} <= told.keys()
    assert "repeated" in run(ingest_command, city.FLOW, str(path)).stdout
    with pytest.raises(Refused, match="LANDING_NOT_A_FILE"):
        run(ingest_command, city.FLOW, str(path), str(tmp_path / "missing.csv"))
    path.write_bytes(b"")
    assert run(ingest_command, city.FLOW, str(path)).return_value == 1
    assert json.loads(run(quarantine_commands, "list", "--json").stdout)["deliveries"][0]["rules"] == {"flow.type": 1}
    shown = run(quarantine_commands, "show", city.FLOW).stdout
    assert "flow=x" in shown
    assert told["delivery"] in shown, "by the id that `list` and `ingest` say"
    [row] = json.loads(run(quarantine_commands, "show", city.FLOW, "--json").stdout)["rows"]
    assert (row["delivery"], row["line"], row["rules"]) == (told["delivery"], 3, ["flow.type"])
    again = json.loads(run(quarantine_commands, "show", city.FLOW, "--delivery", row["delivery"], "--json").stdout)
    assert again["rows"] == [row], "what is shown can be asked for"
    versions = json.loads(run(lake_commands, "history", city.FLOW, "--json").stdout)["versions"]
    assert [one["version"] for one in versions] == [1, 0]
    assert "version" in run(lake_commands, "compact", city.FLOW).stdout
    assert "0 files" in run(lake_commands, "expire", city.FLOW).stdout
