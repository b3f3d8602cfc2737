"""Every fault of a contract is found at once, with its code and its line; a sound one has none."""

import re
import shutil
from functools import cache
from pathlib import Path

import pytest

from catalogs.folder.city import load_city
from catalogs.values.model import Resource
from contracts.check import check_contracts, load_contracts
from contracts.expression import Expressions
from infra.errors import Refused, WrongUse
from infra.ground import sample_city

DATASET = "jinshui.traffic.road_flow"


@cache
def resources() -> tuple[Resource, ...]:
    return load_city(sample_city()).resources


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(sample_city() / "contracts" / f"{DATASET}.yaml", tmp_path)
    return tmp_path


def _line(text: str, part: str) -> int:
    return next(at for at, line in enumerate(text.splitlines(), 1) if part in line)


def test_the_sample_city_has_no_fault() -> None:
    assert check_contracts(sample_city(), resources()) == []


FLOW = "      - name: flow\n"
FAULTS = {
    "a column that the catalogue lacks": (FLOW, "      - name: flux\n", "CONTRACT_COLUMN_UNKNOWN", "name: flux"),
    "an unknown dataset": (f"id: {DATASET}", "id: jinshui.traffic.nothing", "CONTRACT_DATASET_UNKNOWN", "id: jinshui"),
    "a strange severity": ("severity: quarantine", "severity: fatal", "CONTRACT_SEVERITY", "severity: fatal"),
    "a rule without a sentence": (
        "cityhub.sentence",
        "cityhub.sentences",
        "CONTRACT_SENTENCE_MISSING",
        "cityhub.sentences",
    ),
    "a type that differs": (
        "logicalType: integer\n        physicalType: integer",
        "logicalType: string\n        physicalType: string",
        "CONTRACT_TYPE_DIFFERS",
        "name: flow",
    ),
    "another type than the catalogue's": (
        "logicalType: integer\n        physicalType: integer",
        "logicalType: number\n        physicalType: number",
        "CONTRACT_TYPE_DIFFERS",
        "name: flow",
    ),
    "a strange mode": ("value: append", "value: merge", "CONTRACT_MODE", "value: merge"),
    "an upsert that chooses what its duplicates are": (
        "value: append",
        "value: upsert",
        "CONTRACT_UPSERT",
        "wins: first",
    ),
    "an age of rows that are added": (
        "value: append",
        "value: append\n      - property: cityhub.as_of\n        value: observed_at",
        "CONTRACT_AS_OF",
        "cityhub.as_of",
    ),
    "an upsert with an age that is part of its key": (
        "value: append",
        "value: upsert\n      - property: cityhub.as_of\n        value: observed_at",
        "CONTRACT_AS_OF",
        "cityhub.as_of",
    ),
    "a key that is not required": (
        "required: true\n        primaryKey: true",
        "required: false\n        primaryKey: true",
        "CONTRACT_KEY",
        "primaryKey: true",
    ),
    "duplicates by a missing column": (
        "{key: [detector_id, observed_at]",
        "{key: [detector, observed_at]",
        "CONTRACT_DUPLICATES",
        "{key: [detector,",
    ),
    "duplicates won by nobody": ("wins: first", "wins: best", "CONTRACT_DUPLICATES", "wins: best"),
    "an unknown rule": (
        "{rule: range, min: 0, max: 2000}",
        "{rule: about, max: 1}",
        "CONTRACT_RULE_KIND",
        "rule: about",
    ),
    "a bound of another type": ("min: 0, max: 2000", "min: low, max: 2000", "CONTRACT_RULE_VALUE", "min: low"),
    "a sum by no group": (
        "{rule: range, min: 0, max: 2000}",
        "{rule: total, of: direction, total: 合计, by: []}",
        "CONTRACT_RULE_VALUE",
        "rule: total",
    ),
    "an unknown step": ("- property: cityhub.mode", "- property: cityhub.moods", "CONTRACT_PROPERTY", "cityhub.moods"),
    "an expression with a subquery": (
        "speed IS NULL OR flow > 0 OR speed = 0",
        "(SELECT count(*) FROM other) > 0",
        "CONTRACT_EXPRESSION",
        "SELECT count",
    ),
    "an expression over a missing column": ("flow > 0 OR", "flux > 0 OR", "CONTRACT_EXPRESSION", "flux > 0"),
    "a broken pattern": (
        "{rule: length, min: 1, max: 32}",
        "{rule: pattern, pattern: '('}",
        "CONTRACT_EXPRESSION",
        "'('",
    ),
    "an alias of two columns": (
        "value: [设备编号, 检测点编号]",
        "value: [设备编号, 路段名称]",
        "CONTRACT_ALIAS_TWICE",
        "properties:",
    ),
    "a foreign rule": ("engine: cityhub", "engine: soda", "CONTRACT_RULE_KIND", "engine: soda"),
    "no standard at all": ("apiVersion: v3.1.0", "apiVersion: v2.0.0", "CONTRACT_STRUCTURE", "apiVersion"),
    "a table rule that quarantines": (
        "severity: block",
        "severity: quarantine",
        "CONTRACT_SEVERITY",
        "metric: rowCount",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_with_its_code_and_near_its_line(name: str, folder: Path) -> None:
    old, new, code, near = FAULTS[name]
    file = folder / f"{DATASET}.yaml"
    text = file.read_text("utf-8")
    assert old in text
    broken = text.replace(old, new, 1)
    file.write_text(broken, "utf-8")
    found = [fault for fault in check_contracts(folder, resources()) if fault.code == code]
    assert found, [fault.sentence("en") for fault in check_contracts(folder, resources())]
    rows = [fault.place.row or 0 for fault in found]
    assert min(abs(row - _line(broken, near)) for row in rows) <= 8
    for fault in found:
        assert fault.place.file == file.name
        assert fault.text.zh
        assert fault.text.en


def test_all_faults_of_all_files_come_at_once(folder: Path) -> None:
    file = folder / f"{DATASET}.yaml"
    text = file.read_text("utf-8")
    file.write_text(
        text.replace("severity: quarantine", "severity: fatal").replace("value: append", "value: x"), "utf-8"
    )
    (folder / "second.yaml").write_text("a: [1", "utf-8")
    found = check_contracts(folder, resources())
    assert {fault.place.file for fault in found} == {file.name, "second.yaml"}
    assert sum(fault.code == "CONTRACT_SEVERITY" for fault in found) == text.count("severity: quarantine")
    with pytest.raises(Refused) as refused:
        load_contracts(folder, resources())
    assert refused.value.code == "CONTRACT_FAULTY"


def test_two_contracts_of_one_dataset_are_a_fault(folder: Path) -> None:
    shutil.copy(folder / f"{DATASET}.yaml", folder / "other.yaml")
    assert [fault.code for fault in check_contracts(folder, resources())] == ["CONTRACT_TWICE"]


def test_a_folder_that_is_none_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse):
        check_contracts(tmp_path / "nowhere", None)


def test_every_sentence_has_its_line_and_no_open_placeholder() -> None:
    for promise in load_contracts(sample_city(), resources()):
        for rule in promise.contract.row_rules:
            for lang in ("zh", "en"):
                assert re.findall(r"\{[a-z_]+\}", rule.sentence.say(lang)) in ([], ["{line}"])


REFUSED = (
    "a",
    "a > 1) --",
    "a > 1 -- so",
    "(SELECT 1) = 1",
    "random() > 1",
    "sum(a) > 1",
    "row_number() OVER () = 1",
    "*",
    "a = 1; DROP TABLE x",
    "$1 = a",
    "read_text('/etc/passwd') = s",
    "getenv('HOME') = s",
    "a > 1), (a < 2",
    "a > 1) FROM (SELECT 1",
    "a = ANY(SELECT 1)",
    "list_filter([1], lambda x: x > 1) = [1]",
    "COLUMNS('a') > 1",
    "zz = 1",
)
TAKEN = (
    "a > 1",
    "a IN (1, 2) AND s LIKE 'x%'",
    "a BETWEEN 1 AND 3 OR b",
    "CASE WHEN a = 1 THEN b ELSE TRUE END",
    "length(s) = a",
)


def test_expressions_are_one_scalar_truth_over_the_columns_and_nothing_else() -> None:
    columns = {"a": "BIGINT", "s": "VARCHAR", "b": "BOOLEAN"}
    with Expressions() as expressions:
        found = expressions.faults({one: one for one in (*REFUSED, *TAKEN)}, columns)
    assert set(found) == set(REFUSED)
