"""Breaking or not, by written rules: each kind of change is made on a real contract, and told as what it is."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from front_door import run_hub
from lake_city import stock

from contracts.changes import KINDS, Part, asked, next_version, raised
from contracts.diff import diff
from contracts.model import Contract
from contracts.odcs import dump, load
from contracts.parse import parse
from contracts.register import contract as registered
from contracts.register import register_contracts
from infra.errors import Refused
from infra.ground import Ground, sample_city

DATASET = "jinshui.traffic.road_flow"
Edit = Callable[[dict[str, Any]], object]


def raw() -> dict[str, Any]:
    document, _ = load(sample_city() / "contracts" / f"{DATASET}.yaml")
    assert document is not None
    return dict(document.raw)


def made(edit: Edit = lambda _: None) -> Contract:
    document, _ = load(sample_city() / "contracts" / f"{DATASET}.yaml")
    assert document is not None
    edit(document.raw)  # type: ignore[arg-type]
    contract, faults = parse(document)
    assert not faults, faults
    assert contract is not None
    return contract


def columns(of: dict[str, Any]) -> list[dict[str, Any]]:
    return list(of["schema"][0]["properties"])


def column(of: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in columns(of) if one["name"] == name)


def custom(of: dict[str, Any], name: str, value: Any) -> None:
    properties = of.setdefault("customProperties", [])
    properties[:] = [one for one in properties if one["property"] != f"cityhub.{name}"]
    properties.append({"property": f"cityhub.{name}", "value": value})


def rule(of: dict[str, Any], name: str, rule_id: str) -> dict[str, Any]:
    return next(one for one in column(of, name)["quality"] if one["id"] == rule_id)


def implementation(name: str, rule_id: str, **values: Any) -> Edit:
    return lambda of: rule(of, name, rule_id)["implementation"].update(values)


def new_column(**more: Any) -> dict[str, Any]:
    return {"name": "lane", "businessName": "车道", "logicalType": "string", "physicalType": "string", **more}


EDITS: dict[str, Edit] = {
    "column.removed": lambda of: of["schema"][0]["properties"].remove(column(of, "note")),
    "column.added_wanted": lambda of: of["schema"][0]["properties"].append(new_column()),
    "column.added": lambda of: of["schema"][0]["properties"].append(
        new_column(customProperties=[{"property": "cityhub.optional_header", "value": True}])
    ),
    "column.type": lambda of: column(of, "note").update(physicalType="json"),
    "column.meaning": lambda of: custom(column(of, "observed_at"), "steps", [{"timezone": "UTC"}]),
    "column.required": lambda of: column(of, "speed").update(required=True),
    "column.optional": lambda of: column(of, "flow").update(required=False),
    "column.personal": lambda of: custom(column(of, "note"), "personal", True),
    "header.dropped": lambda of: custom(column(of, "detector_id"), "aliases", ["设备编号"]),
    "header.added": lambda of: custom(column(of, "detector_id"), "aliases", ["设备编号", "检测点编号", "机号"]),
    "mode": lambda of: custom(of["schema"][0], "mode", "snapshot"),
    "duplicates": lambda of: custom(
        of["schema"][0], "duplicates", {"key": ["detector_id", "observed_at"], "wins": "last"}
    ),
    "reading": lambda of: custom(of["schema"][0], "reading", {"delimiter": ";"}),
    "rule.narrowed": implementation("flow", "range", max=1000),
    "rule.widened": implementation("flow", "range", max=9000),
    "rule.removed": lambda of: column(of, "flow")["quality"].remove(rule(of, "flow", "range")),
    "rule.milder": lambda of: rule(of, "flow", "range").update(severity="warn"),
    "rule.severer": lambda of: rule(of, "flow", "range").update(severity="block"),
    "rule.more_values": lambda of: rule(of, "direction", "values")["implementation"]["values"].append("环形"),
    "words": lambda of: column(of, "flow").update(businessName="车流"),
}


@pytest.mark.parametrize("kind", EDITS)
def test_a_change_is_told_as_what_it_is(kind: str) -> None:
    changes = diff(made(), made(EDITS[kind]))
    assert kind in {one.kind for one in changes}, [one.said.en for one in changes]
    assert all("{" not in one.said.zh + one.said.en for one in changes)


@pytest.mark.parametrize("kind", [kind for kind in EDITS if kind not in ("words", "header.added")])
def test_going_back_is_told_too(kind: str) -> None:
    forth, back = diff(made(), made(EDITS[kind])), diff(made(EDITS[kind]), made())
    assert {one.kind for one in back} != set()
    assert {one.what for one in back} == {one.what for one in forth}


def test_nothing_changed_asks_for_nothing() -> None:
    assert diff(made(), made()) == []
    assert asked([]) is Part.PATCH


def test_who_is_broken_needs_a_major_version_and_nobody_else_does() -> None:
    for kind in KINDS.values():
        assert (kind.part is Part.MAJOR) == bool(kind.breaks)


def test_more_notations_are_compatible_and_fewer_are_not() -> None:
    two: list[Any] = [{"formats": ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M"]}]

    def notations(count: int) -> Contract:
        steps = [{"formats": two[0]["formats"][:count]}]
        return made(lambda of: custom(column(of, "observed_at"), "steps", steps))

    assert [one.kind for one in diff(notations(1), notations(2))] == ["column.more_notations"]
    assert [one.kind for one in diff(notations(2), notations(1))] == ["column.meaning"]


@pytest.mark.parametrize(
    ("before", "after", "part"),
    [
        ("1.2.3", "2.0.0", Part.MAJOR),
        ("1.2.3", "1.3.0", Part.MINOR),
        ("1.2.3", "1.2.4", Part.PATCH),
        ("1.9.0", "1.10.0", Part.MINOR),
        ("1.2.3", "1.2.3", None),
        ("2.0.0", "1.9.9", None),
        ("1.2", "1.3", Part.MINOR),
    ],
)
def test_the_part_that_was_raised(before: str, after: str, part: Part | None) -> None:
    assert raised(before, after) is part
    if part is not None:
        assert raised(before, next_version(before, part)) is part


def write(folder: Path, version: str, edit: Edit) -> Path:
    body = raw()
    edit(body)
    body["version"] = version
    path = folder / f"{DATASET}.yaml"
    path.write_text(dump(body), "utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_city() / "contracts", tmp_path / "contracts"))


@pytest.mark.parametrize(
    ("change", "versions", "code", "named"),
    [
        ("column.removed", ("1.1.0", "2.0.0"), "CONTRACT_BREAKING", "“note”"),
        ("rule.widened", ("1.0.1", "1.1.0"), "CONTRACT_VERSION_TOO_LOW", "flow"),
    ],
)
def test_a_change_that_asks_for_more_than_was_raised_is_refused(
    ground: Ground, folder: Path, change: str, versions: tuple[str, str], code: str, named: str
) -> None:
    too_low, enough = versions
    register_contracts(ground, folder, "tester")
    write(folder, too_low, EDITS[change])
    with pytest.raises(Refused) as refused:
        register_contracts(ground, folder, "tester")
    assert refused.value.code == code
    assert named in refused.value.sentence("zh")
    assert enough in refused.value.sentence("en")
    assert registered(ground.engine, DATASET).version == "1.0.0"
    write(folder, enough, EDITS[change])
    assert register_contracts(ground, folder, "tester").changed == (DATASET,)


def test_a_file_is_compared_with_what_is_registered(ground: Ground, folder: Path) -> None:
    stock(ground)
    path = write(folder, "1.0.1", EDITS["rule.narrowed"])
    environ = {"HUB_HOME": str(ground.home), "HUB_DEMO": "1", "HUB_LANG": "en"}
    done = run_hub(environ, "contract", "diff", path, "--json")
    assert done.status == 1, done.said
    assert done.document.get("asks") == "major", done.said
    assert done.document["least_version"] == "2.0.0"
    assert done.document["changes"][0]["breaks"] == ["deliverer"]
    said = run_hub(environ | {"HUB_LANG": "zh"}, "contract", "diff", path)
    assert "收紧" in said.out
    assert "2.0.0" in said.out
