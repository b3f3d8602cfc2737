"""What a contract may say to the reader: values of the right kind, choices among those that there are."""

from typing import Any

import pytest

from contracts.model import Reading
from contracts.odcs import dump, load
from contracts.parse import parse_as_far
from infra.ground import sample_city


def read(value: Any) -> tuple[Reading, list[str]]:
    document, _ = load(sample_city() / "contracts/jinshui.traffic.road_flow.yaml")
    assert document is not None
    raw = document.raw
    schema = raw["schema"][0]
    schema["customProperties"] = [*schema["customProperties"], {"property": "cityhub.reading", "value": value}]
    again, _ = load(dump(raw))
    assert again is not None
    contract, faults = parse_as_far(again, trusted=True)
    return contract.reading, [fault.code for fault in faults]


def test_hints_are_taken_as_they_are_said() -> None:
    said = {"member": "stops.txt", "faulty_members": "leave_out", "header_row": 3, "skip_merged": False, "sheet": None}
    assert read(said) == (Reading(**said), [])


@pytest.mark.parametrize(
    "value",
    [{"faulty_members": "ignore"}, {"member": 3}, {"member": ["a"]}, {"header_row": True}, {"other": "x"}, "stops.txt"],
)
def test_anything_else_is_a_fault(value: Any) -> None:
    assert read(value) == (Reading(), ["CONTRACT_READING"])
