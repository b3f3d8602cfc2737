"""What the metadata catalogue is told: everything of the register, nothing of the data, to each sink."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from lake_city import stock

from catalogs.life.tables import WITHDRAWN
from catalogs.register import resources
from catalogs.tables import RESOURCE
from infra.database import read, write
from infra.errors import Refused, Unavailable, WrongUse
from infra.ground import Ground, open_ground
from infra.lease import lease
from lake.cli import lake as lake_commands
from lake.describe.outbox import MOST_ATTEMPTS, Standing, drain, drain_quietly, retry, standing
from lake.describe.register import enqueue
from lake.tables import delivery, outbox

FLOW, VISITS, PUPILS = "jinshui.traffic.road_flow", "zhongyuan.health.visits", "erqi.education.pupils"
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def put_delivery(ground: Ground, dataset: str, identity: str, *, broken: str | None = None) -> None:
    audit = {"passed": not broken, "expectations": 9, "failed": [], "warnings": [], "library": "x"}
    if broken:
        finding = {"rule": broken, "expectation": "e", "severity": "block", "count": 3, "error": False}
        audit["failed"] = [{**finding, "zh": "", "en": ""}]
    payload = {
        "dataset": dataset,
        "delivery": identity,
        "state": "blocked" if broken else "finished",
        "version": None if broken else 4,
        "read": 10,
        "published": 7,
        "quarantined": 2,
        "duplicates": 1,
        "audit": audit,
        "contract_version": None,
        "at": AT.isoformat(),
    }
    row = {"kind": "delivery", "subject": identity, "payload": payload, "created_at": AT, "attempts": 0}
    with write(ground.engine) as connection:
        connection.execute(outbox.insert().values(**row))


@pytest.fixture
def city(tmp_path: Path, sqlite_template: Path) -> Iterator[Ground]:
    """A registered city whose metadata goes to a file."""
    environ = {
        "HUB_HOME": str(tmp_path / "home"),
        "HUB_DEMO": "1",
        "HUB_DATAHUB_SINK": f"file:{tmp_path / 'home' / 'told.json'}",
    }
    (tmp_path / "home").mkdir(mode=0o700)
    shutil.copyfile(sqlite_template, tmp_path / "home" / "hub.db")
    with open_ground(environ) as ground:
        ground.prepare()
        yield stock(ground)


@pytest.fixture
def anywhere(city_environ: dict[str, str], tmp_path: Path) -> Iterator[Ground]:
    """The same, on SQLite with a folder and on PostgreSQL with an S3."""
    with open_ground(city_environ | {"HUB_DATAHUB_SINK": f"file:{tmp_path / 'home' / 'told.json'}"}) as ground:
        ground.prepare()
        yield stock(ground)


def told(ground: Ground) -> list[dict[str, Any]]:
    return list(json.loads((ground.home / "told.json").read_text("utf-8")))


def aspects(proposals: list[dict[str, Any]], urn_part: str, name: str) -> list[dict[str, Any]]:
    return [one["aspect"]["json"] for one in proposals if urn_part in one["entityUrn"] and one["aspectName"] == name]


EXTRACT = {
    "extract": "x-1",
    "dataset": VISITS,
    "source_version": 4,
    "table": "extracts/x-1",
    "columns": ["age_band", "gender"],
    "methods": [{"items": ["age"], "columns": ["age_band"], "zh": "十岁一段", "en": "band of 10"}],
    "unchanged": ["gender"],
    "rows": 90,
}


def put_extract(ground: Ground) -> None:
    with write(ground.engine) as connection:
        row = {"kind": "extract", "subject": "x-1", "payload": EXTRACT, "created_at": AT, "attempts": 0}
        connection.execute(outbox.insert().values(**row))


def test_everything_of_the_register_is_told(anywhere: Ground) -> None:
    put_delivery(anywhere, VISITS, "d-1")
    put_extract(anywhere)
    assert drain(anywhere).sent == 2
    all_told = told(anywhere)
    curated = f"dataPlatform:delta-lake,{VISITS},"
    (schema,) = aspects(all_told, curated, "schemaMetadata")
    age = next(field for field in schema["fields"] if field["fieldPath"] == "age")
    assert (age["nativeDataType"], age["label"]) == ("BIGINT", "年龄")
    assert "age" in age["description"]
    assert "urn:li:tag:sensitive" in json.dumps(age)
    assert "grade.general_3" in json.dumps(age)
    (owner,) = aspects(all_told, curated, "ownership")
    assert owner["owners"][0]["owner"] == "urn:li:corpGroup:zhongyuan_health"
    (domain,) = aspects(all_told, curated, "domains")
    assert domain["domains"] == ["urn:li:domain:health"]
    (terms,) = aspects(all_told, curated, "glossaryTerms")
    assert {one["urn"].split(":")[-1] for one in terms["terms"]} == {
        "grade.general_4",
        "sharing.conditional",
        "openness.conditional",
    }
    (lineage,) = aspects(all_told, curated, "upstreamLineage")
    assert {
        (up, line["downstreams"][0])
        for line in lineage["fineGrainedLineages"]
        for up in line["upstreams"]
        if "landing" in up
    }
    assert len(lineage["fineGrainedLineages"]) == len(schema["fields"])
    (extract,) = aspects(all_told, "extracts.x-1", "upstreamLineage")
    assert extract["fineGrainedLineages"][0]["transformOperation"] == "band of 10"
    assert curated in extract["fineGrainedLineages"][0]["upstreams"][0]
    (container,) = aspects(all_told, curated, "container")
    assert any(one["entityUrn"] == container["container"] for one in all_told)


def test_each_expectation_is_an_assertion_with_its_result(city: Ground) -> None:
    put_delivery(city, FLOW, "d-1")
    put_delivery(city, FLOW, "d-2", broken="columns")
    assert drain(city).sent == 2
    all_told = told(city)
    infos = [one for one in all_told if one["aspectName"] == "assertionInfo"]
    runs = [one["aspect"]["json"] for one in all_told if one["aspectName"] == "assertionRunEvent"]
    assert len(infos) > 5
    assert len({one["entityUrn"] for one in infos}) == len(infos)
    assert len(runs) == 2 * len(infos)
    failed = [run for run in runs if run["result"]["type"] != "SUCCESS"]
    assert [(run["runId"], run["result"]["type"], run["result"]["unexpectedCount"]) for run in failed] == [
        ("d-2", "FAILURE", 3)
    ]


def test_datahub_itself_accepts_the_file(city: Ground, tmp_path: Path) -> None:
    for number, dataset in enumerate(resource.id for resource in resources(city.engine)):
        put_delivery(city, dataset, f"d-{number}")
    put_extract(city)
    enqueue(city)
    drained = drain(city)
    assert (drained.failed, drained.left) == (0, 0)
    subjects = {one["entityUrn"] for one in told(city)}
    assert any("extracts.x-1" in subject for subject in subjects)
    said = [one["aspect"]["json"]["description"] for one in told(city) if one["aspectName"] == "assertionInfo"]
    assert len(said) > 100
    assert [one for one in said if set("{?") & set(one)] == [], "an assertion knows no line"
    home = tmp_path / "nobody"
    home.mkdir()
    checked = subprocess.run(
        [sys.executable, "-m", "datahub", "check", "metadata-file", str(city.home / "told.json")],
        env={**os.environ, "DATAHUB_TELEMETRY_ENABLED": "false", "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_is_registered_is_told_without_data_and_once_a_version(anywhere: Ground) -> None:
    count = len(resources(anywhere.engine))
    assert enqueue(anywhere) == count
    assert enqueue(anywhere) == 0
    assert (drain(anywhere).sent, standing(anywhere).waiting) == (count, 0)
    all_told = told(anywhere)
    curated = f"dataPlatform:delta-lake,{VISITS},"
    (schema,) = aspects(all_told, curated, "schemaMetadata")
    assert "urn:li:tag:sensitive" in json.dumps(schema["fields"])
    (assigned,) = aspects(all_told, curated, "structuredProperties")
    values = {one["propertyUrn"].rpartition(".")[2]: json.dumps(one["values"]) for one in assigned["properties"]}
    assert "conditional" in values["sharing_attribute"]
    assert {"openness", "update_frequency"} <= set(values)
    (definition,) = aspects(all_told, "structuredProperty:cityhub.openness", "propertyDefinition")
    assert len(definition["allowedValues"]) == 3
    (product,) = aspects(all_told, f"dataProduct:{VISITS}", "dataProductProperties")
    assert [VISITS in one["destinationUrn"] for one in product["assets"]] == [True]
    (owner,) = aspects(all_told, f"dataProduct:{VISITS}", "ownership")
    assert owner["owners"][0]["owner"] == "urn:li:corpGroup:zhongyuan_health"
    (term,) = aspects(all_told, "glossaryTerm:sharing.not_shared", "glossaryTermInfo")
    assert "Decree 809" in term["definition"]
    assert term["parentNode"] == "urn:li:glossaryNode:sharing"
    assert "corpuser:officer" not in json.dumps(all_told), "no person is named"


def test_what_a_delivery_told_is_not_taken_back_by_the_entry(anywhere: Ground) -> None:
    put_delivery(anywhere, FLOW, "d-1")
    values = {"id": "d-1", "dataset": FLOW, "unit": "jinshui", "sha256": "0" * 64, "size": 1, "file_name": "f"}
    values |= {"channel": "t", "arrived_at": AT, "ordinal": 0, "state": "finished", "finished_at": AT}
    with write(anywhere.engine) as connection:
        connection.execute(delivery.insert().values(**values))
    enqueue(anywhere)
    drain(anywhere)
    curated = f"dataPlatform:delta-lake,{FLOW},"
    assert len(aspects(told(anywhere), curated, "schemaMetadata")) == 1
    assert len(aspects(told(anywhere), curated, "structuredProperties")) == 1
    (contract,) = aspects(told(anywhere), f"dataContract:{FLOW}", "dataContractProperties")
    asserted = {one["entityUrn"] for one in told(anywhere) if one["aspectName"] == "assertionInfo"}
    assert {one["assertion"] for one in contract["dataQuality"]} == asserted


def test_what_is_withdrawn_is_removed_and_its_next_version_is_there_again(anywhere: Ground) -> None:
    enqueue(anywhere)
    drain(anywhere)
    with write(anywhere.engine) as connection:
        gone = {"resource": FLOW, "version": 1, "by": "t", "at": AT, "why": "t"}
        connection.execute(WITHDRAWN.insert().values(**gone))
    assert enqueue(anywhere) == 1
    drain(anywhere)
    for urn in (f"dataPlatform:delta-lake,{FLOW},", f"dataProduct:{FLOW}"):
        assert [one["removed"] for one in aspects(told(anywhere), urn, "status")] == [False, True]
    put_delivery(anywhere, FLOW, "d-late")  # begun before, told after
    drain(anywhere)
    assert aspects(told(anywhere), f"dataPlatform:delta-lake,{FLOW},", "status")[-1]["removed"] is True
    with write(anywhere.engine) as connection:
        connection.execute(WITHDRAWN.delete())
        connection.execute(RESOURCE.update().where(RESOURCE.c.id == FLOW).values(version=2))
    assert enqueue(anywhere) == 1
    drain(anywhere)
    assert aspects(told(anywhere), f"dataPlatform:delta-lake,{FLOW},", "status")[-1]["removed"] is False


def test_lite_holds_entries_products_and_structured_properties(city: Ground) -> None:
    del city.environ["HUB_DATAHUB_SINK"]
    count = enqueue(city)
    drained = drain(city)
    assert (drained.sent, drained.left) == (count, 0)
    import duckdb

    with duckdb.connect(str(city.home / "datahub" / "lite.duckdb"), read_only=True) as lite:
        found = lite.sql("SELECT DISTINCT aspect_name FROM metadata_aspect_v2").fetchall()
    wanted = {"structuredProperties", "propertyDefinition", "dataProductProperties", "glossaryTermInfo"}
    assert wanted <= {name for (name,) in found}


def test_lite_keeps_it_and_is_told_again_without_harm(city: Ground) -> None:
    del city.environ["HUB_DATAHUB_SINK"]
    for identity in ("d-1", "d-2"):
        put_delivery(city, FLOW, identity)
        assert drain(city).sent == 1
    import duckdb

    with duckdb.connect(str(city.home / "datahub" / "lite.duckdb"), read_only=True) as lite:
        found = lite.sql(
            "SELECT aspect_name, max(version) FROM metadata_aspect_v2 WHERE urn LIKE '%delta-lake,jinshui%' GROUP BY 1"
        ).fetchall()
    versions = dict(found)
    assert versions["schemaMetadata"] == 1  # told twice, kept once
    assert versions["datasetProperties"] == 2


def test_being_described_is_recorded_once(city: Ground) -> None:
    put_delivery(city, FLOW, "d-1")
    assert drain(city).sent == 1
    assert drain(city).sent == 0
    assert sum("lake:delivery:described" in str(entry) for entry in city.ledger.entries(count=20)) == 1


def test_a_sink_that_is_down_holds_back_its_dataset_and_harms_nothing(city: Ground, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    city.environ["HUB_DATAHUB_SINK"] = f"file:{blocked / 'below' / 'told.json'}"
    put_delivery(city, FLOW, "d-1")
    put_delivery(city, FLOW, "d-2")
    put_delivery(city, VISITS, "d-3")
    first = drain(city)
    assert (first.sent, first.left) == (0, 3)
    with read(city.engine) as connection:
        attempts = dict(connection.execute(sa.select(outbox.c.subject, outbox.c.attempts)).all())
    assert attempts == {"d-1": 1, "d-2": 0, "d-3": 1}
    again = drain(city)  # too early: it waits longer and longer
    assert again.left == 3
    assert retry(city) == 3
    city.environ["HUB_DATAHUB_SINK"] = f"file:{city.home / 'told.json'}"
    assert drain(city).sent == 3


MALFORMED: dict[str, Any] = {
    "names no dataset": {"delivery": "d-x"},
    "holds nothing": None,
    "is a list": [1],
    "lacks its time": {"dataset": PUPILS, "delivery": "d-x", "state": "finished"},
    "lacks its counts": {"dataset": PUPILS, "delivery": "d-x", "state": "finished", "at": AT.isoformat(), "read": "x"},
    "has an audit without findings": {
        "dataset": PUPILS,
        "delivery": "d-x",
        "state": "finished",
        "at": AT.isoformat(),
        "audit": {"passed": True},
    },
}


@pytest.mark.parametrize("kind", ["delivery", "extract"])
@pytest.mark.parametrize("payload", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_row_stops_nothing_but_its_own_dataset(city: Ground, kind: str, payload: Any) -> None:
    put_delivery(city, FLOW, "d-1")
    with write(city.engine) as connection:
        row = {"kind": kind, "subject": "d-x", "payload": payload, "created_at": AT, "attempts": 0}
        connection.execute(outbox.insert().values(**row))
    put_delivery(city, FLOW, "d-2")
    put_delivery(city, VISITS, "d-3")
    drained = drain(city)
    assert (drained.sent, drained.failed, drained.left) == (3, 1, 1)
    with read(city.engine) as connection:
        [(subject, attempts, error)] = connection.execute(
            sa.select(outbox.c.subject, outbox.c.attempts, outbox.c.error).where(outbox.c.sent_at.is_(None))
        ).all()
    assert (subject, attempts, json.loads(error)["code"]) == ("d-x", 1, "DESCRIBE_ROW")
    assert drain(city).failed == 0, "it waits longer and longer, and is not tried before"


def test_what_was_given_up_is_told_of_and_told_by_the_command(city: Ground) -> None:
    enqueue(city)
    drain(city)  # the register is known: what follows counts deliveries
    blocked = city.home / "file"
    blocked.write_text("")
    environ = {**city.environ, "HUB_LANG": "en"}
    broken = {**environ, "HUB_DATAHUB_SINK": f"file:{blocked / 'below' / 'told.json'}"}

    def run(environ: dict[str, str], *arguments: str) -> Result:
        return CliRunner().invoke(
            lake_commands, ["describe", *arguments], env=environ, catch_exceptions=False, standalone_mode=False
        )

    put_delivery(city, FLOW, "d-1")
    put_delivery(city, FLOW, "d-2")
    ran = run(broken)
    assert (ran.return_value, ran.stdout.splitlines()[:2]) == (
        1,
        ["0 told, 1 failed, 2 waiting, 0 given up", "  because: DESCRIBE_FAILED 1"],
    )
    with write(city.engine) as connection:
        connection.execute(sa.update(outbox).where(outbox.c.subject == "d-1").values(attempts=MOST_ATTEMPTS))
    assert standing(city) == Standing(waiting=1, given_up=1, oldest=AT, codes={"DESCRIBE_FAILED": 1})
    ran = run(environ, "--json")
    told_now = {"told": 0, "failed": 0, "waiting": 1, "given_up": 1, "codes": {"DESCRIBE_FAILED": 1}}
    assert (ran.return_value, json.loads(ran.stdout)) == (1, told_now), "not by itself, though the sink takes it now"
    ran = run(environ, "--retry", "--json")
    told_now = {"told": 2, "failed": 0, "waiting": 0, "given_up": 0, "codes": {}}
    assert (ran.return_value, json.loads(ran.stdout)) == (0, told_now)
    assert standing(city) == Standing(0, 0, None, {})


def test_only_an_engineer_has_it_told(city: Ground) -> None:
    arguments = ["describe", "--retry", "--as", "officer_jinshui"]
    with pytest.raises(Refused):
        CliRunner().invoke(lake_commands, arguments, env=city.environ, catch_exceptions=False, standalone_mode=False)


def test_one_owner_at_a_time(city: Ground) -> None:
    put_delivery(city, FLOW, "d-1")
    with lease(city.engine, "lake:outbox", seconds=60):
        with pytest.raises(Unavailable, match="LEASE_TAKEN"):
            drain(city)
        assert drain_quietly(city) is None
    assert drain(city).sent == 1


@pytest.mark.parametrize("sink", ["", "nothing", "file:", "rest", "lite:x"])
def test_a_wrong_sink_is_one_sentence(city: Ground, sink: str) -> None:
    city.environ["HUB_DATAHUB_SINK"] = sink or "ftp"
    put_delivery(city, FLOW, "d-1")
    with pytest.raises(WrongUse, match="DESCRIBE_SINK"):
        drain(city)


class _Gms(BaseHTTPRequestHandler):
    seen: list[tuple[str, str]]

    def do_GET(self) -> None:
        self._answer({"models": {}, "versions": {"acryldata/datahub": {"version": "v1.3.0"}}, "noCode": "true"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers.get("Authorization", "")))
        self._answer({})

    def _answer(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        return


def test_rest_speaks_to_gms_with_the_token(city: Ground) -> None:
    seen: list[tuple[str, str]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Gms", (_Gms,), {"seen": seen}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        city.environ.update(HUB_DATAHUB_SINK="rest", HUB_DATAHUB_URL=url, HUB_DATAHUB_TOKEN="secret-token")
        put_delivery(city, FLOW, "d-1")
        assert drain(city).sent == 1
    finally:
        server.shutdown()
        server.server_close()
    assert {authorization for _, authorization in seen} == {"Bearer secret-token"}
    assert len(seen) > 20
