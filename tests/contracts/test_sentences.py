"""What a rule says of records in general: nothing is left to fill, whatever the contract's own words are."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalogs.enter import register_city
from catalogs.folder.city import load_city
from catalogs.lookup import resources
from contracts.check import load_contracts
from contracts.cli import contract as command
from contracts.compile import compile as compiled
from contracts.compile import suite
from contracts.odcs import load
from contracts.parse import parse
from contracts.register import contract, register_contracts
from contracts.sentences import general
from infra.ground import Ground, sample_city
from infra.language import Text
from lake.audit.docs import page
from lake.audit.verdict import Verdict, finding
from lake.read.source import FAULTS

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FLOW = "jinshui.traffic.road_flow"
CITIES = [folder for folder in sorted(sample_city().parent.iterdir()) if (folder / "city.yaml").is_file()]


@pytest.mark.parametrize(
    ("zh", "en", "general_zh", "general_en"),
    [
        ("第{line}行“流量”没有填写。", "Line {line}: “flow” is empty.",
         "部分记录的“流量”没有填写。", "Some records: “flow” is empty."),
        ("第{line}条“载客数”应不小于0。", "Record {line}: “passengers” must be at least 0.",
         "部分记录的“载客数”应不小于0。", "Some records: “passengers” must be at least 0."),
        ("第{line}行的坐标超出规定范围。", "Line {line}: the coordinates lie outside.",
         "部分记录的坐标超出规定范围。", "Some records: the coordinates lie outside."),
        ("第{line}条记录嵌套过深。", "Record {line} is nested too deeply.",
         "部分记录嵌套过深。", "A record is nested too deeply."),
        ("请核对第{line}行。", "Please look at row {line}.", "请核对部分记录。", "Please look at a record."),
        ("站点{line}不存在。", "Stop no. {line} does not exist.", "站点n不存在。", "Stop no. n does not exist."),
        ("本批没有记录。", "The delivery is empty.", "本批没有记录。", "The delivery is empty."),
    ],
)  # fmt: skip
def test_a_sentence_is_said_of_records_in_general(zh: str, en: str, general_zh: str, general_en: str) -> None:
    assert general(Text(zh, en)) == Text(general_zh, general_en)


def whole(said: str) -> bool:
    return bool(said) and not set("{}?？") & set(said)


def test_every_fault_of_a_record_is_said_whole() -> None:
    assert [fault for fault, said in FAULTS.items() if not whole(general(said).zh) or not whole(general(said).en)] == []


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.name)
def test_every_sentence_of_every_contract_is_whole_in_suite_verdict_and_page(city: Path) -> None:
    looked_at = 0
    for promise in load_contracts(city, load_city(city).resources):
        expectations = suite(compiled(promise.contract), NOW)
        found = tuple(finding(one, kept=False, count=1) for one in expectations)
        for one in found:
            assert whole(one.zh), (promise.contract.id, one.rule)
            assert whole(one.en), (promise.contract.id, one.rule)
        looked_at += len(found)
        verdict = Verdict(found, "x")
        row = {"dataset": promise.contract.id, "id": "d-1"}
        cells = page(row, verdict.summary(), verdict).split("<table>")[1]
        assert not set("{?？") & set(cells.split("<script")[0]), promise.contract.id
    assert looked_at > 100


def test_a_rule_over_the_whole_delivery_fills_its_own_values() -> None:
    said = "customProperties: [{property: cityhub.sentence, value: {zh: '不足{min}条。', en: 'Under {min}, {line}.'}}]"
    document, faults = load(
        "version: 1.0.0\nkind: DataContract\napiVersion: v3.1.0\nid: a.b.c\nstatus: active\nschema:\n  - name: c\n"
        "    customProperties: [{property: cityhub.mode, value: append}]\n"
        "    properties: [{name: word, logicalType: string, physicalType: string}]\n"
        "    quality: [{type: custom, engine: cityhub, severity: block, "
        f"implementation: {{rule: row_count, min: 3}}, {said}}}]\n",
        "c.yaml",
    )
    assert document is not None
    assert faults == []
    made, faults = parse(document)
    assert made is not None
    assert faults == []
    said_of_all = {one.rule_id: one.sentence for one in suite(compiled(made), NOW)}
    assert said_of_all["row_count"] == Text("不足3条。", "Under 3, n.")


def test_the_suite_shows_the_contract_s_severity_beside_the_audit_s(ground: Ground) -> None:
    register_city(ground, ground.city, "test")
    register_contracts(ground, ground.city, "test", resources(ground.engine))
    environ = {**ground.environ, "HUB_HOME": str(ground.home), "HUB_LANG": "en"}
    told = CliRunner().invoke(command, ["suite", FLOW, "--json"], env=environ, catch_exceptions=False)
    shown = {one["rule"]: one for one in json.loads(told.output)["expectations"]}
    made = contract(ground.engine, FLOW)
    for rule in (*made.row_rules, *made.table_rules):
        if rule.id in shown:
            assert shown[rule.id]["rule_severity"] == rule.severity
            assert shown[rule.id]["severity"] == ("warn" if rule.severity == "warn" else "block")
    assert {one["rule_severity"] for one in shown.values()} == {"block", "quarantine", "warn"}
    assert "{" not in "".join(one["sentence"][lang] for one in shown.values() for lang in ("zh", "en"))
    lines = CliRunner().invoke(command, ["suite", FLOW], env=environ, catch_exceptions=False).output.splitlines()
    [line] = [line for line in lines if line.startswith("flow.range ")]
    assert line.split()[1:3] == ["quarantine", "block"]
