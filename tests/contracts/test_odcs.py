"""Documents: the public schema accepts ours, import and export lose nothing, a fault knows its line."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalogs.folder.city import load_city
from contracts.odcs import dump, load
from infra.ground import sample_city

CONTRACTS = sorted((sample_city() / "contracts").glob("*.yaml"))


@pytest.fixture(scope="module")
def schema(shared: Path) -> dict[str, object]:
    return dict(json.loads((shared / "judges" / "odcs-json-schema-v3.1.0.json").read_text("utf-8")))


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_the_public_schema_accepts_each_contract(path: Path, schema: dict[str, object]) -> None:
    document, faults = load(path)
    assert faults == []
    assert document is not None
    judge = jsonschema.Draft201909Validator(schema)
    assert [error.message for error in judge.iter_errors(document.raw)] == []
    assert list(judge.iter_errors(yaml.safe_load(path.read_text("utf-8")))) == []


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_import_and_export_keep_every_key_and_order(path: Path) -> None:
    document, _ = load(path)
    assert document is not None
    again, faults = load(dump(document.raw))
    assert faults == []
    assert again is not None
    assert json.dumps(again.raw, ensure_ascii=False) == json.dumps(document.raw, ensure_ascii=False)
    assert dump(again.raw) == dump(document.raw)


def test_each_contract_is_of_a_catalogued_resource() -> None:
    assert {path.stem for path in CONTRACTS} < {one.id for one in load_city(sample_city()).resources}


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS
    | st.sampled_from(["0123", "1e3", "yes", "on", "~", "null", "2020-01-01", "1:30", "0x1F", "<<", ".5", "- a"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(bool), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(TEXTS.filter(bool), VALUES, min_size=1, max_size=5))
@example({"0": "\xa0"})
@example({"0": "\u30005"})
def test_any_value_survives_export_and_import(value: dict[str, object]) -> None:
    document, _ = load(dump(value))
    assert document is not None
    assert document.raw == value
    assert json.dumps(document.raw) == json.dumps(value)


HEAD = "version: 1.0.0\nkind: DataContract\napiVersion: v3.1.0\nid: a.b.c\nstatus: active\n"
BROKEN = {
    "unknown key": (HEAD + "colour: red\nschema: [{name: c, properties: [{name: a}]}]\n", 6),
    "no properties": (HEAD + "schema:\n  - name: c\n    properties: []\n", 8),
    "two objects": (
        HEAD + "schema:\n  - {name: c, properties: [{name: a}]}\n  - {name: d, properties: [{name: a}]}\n",
        6,
    ),
    "strange type": (
        HEAD + "schema:\n  - name: c\n    properties:\n      - name: a\n        logicalType: varchar\n",
        10,
    ),
    "rule of no type": (
        HEAD + "schema:\n  - name: c\n    properties: [{name: a}]\n    quality:\n      - type: magic\n",
        10,
    ),
    "custom rule without engine": (
        HEAD + "schema:\n  - name: c\n    properties: [{name: a}]\n    quality:\n      - type: custom\n",
        10,
    ),
    "id with a dot": (
        HEAD + "schema:\n  - name: c\n    properties: [{name: a}]\n    quality:\n      - {type: text, id: a.b}\n",
        10,
    ),
    "number for a version": (HEAD.replace("1.0.0", "1") + "schema: [{name: c, properties: [{name: a}]}]\n", 1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_public_schema_refuses_is_a_fault_with_its_line(name: str, schema: dict[str, object]) -> None:
    text, line = BROKEN[name]
    document, faults = load(text)
    assert document is not None
    assert line in [fault.place.row for fault in faults]
    assert {fault.code for fault in faults} == {"CONTRACT_STRUCTURE"}
    if name not in ("no properties", "two objects"):  # stricter than the standard: one object with columns
        assert list(jsonschema.Draft201909Validator(schema).iter_errors(document.raw))


@pytest.mark.parametrize("text", ["", "just text", "- a\n- b\n", "a: [1, 2", "a: &x 1\nb: *x\n", "a: 1\na: 2\n"])
def test_what_is_no_document_is_one_clear_fault(text: str) -> None:
    _, faults = load(text)
    assert faults
    assert all(fault.place.file == "contract" for fault in faults)
