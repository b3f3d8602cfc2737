"""How often inference is right: held against the contracts that people wrote for the same files.

The labels are the sample city's own contracts: of the real public sets (where they are at hand) and of the invented
deliveries with the faults of real ones. A label is a column that is made of one field of the file as it stands; what a
contract makes of a file's name, of two fields or of a part of one nobody can infer from the file, and wide tables and
tables without a header are turned by their contracts: they are counted apart and said.
"""

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from catalogs.city import load_city
from catalogs.model import Resource
from contracts.check import load_contracts
from contracts.infer.draft import Draft
from contracts.model import Column, Contract
from infra.errors import Refused
from infra.ground import Ground, open_ground, sample_city
from infra.text import fold
from lake.adopt import Wishes, propose
from lake.sample import REAL_DATASETS, deliveries, real_set_files
from lake.survey import Hints

# The sets that inference was written against. What came later it had not seen: told apart, and asked less of.
KNOWN = (
    "sample.environment.aqi_hourly", "sample.education.universities", "sample.traffic.bus_stops",
    "sample.tourism.domestic_trips", "sample.health.hospitals", "sample.city_management.district_boundaries",
    "sample.city_management.divisions", "sample.traffic.loop_sensors", "sample.tourism.scenic_areas",
    "sample.tourism.venues", "sample.education.schools", "sample.education.university_places",
    "sample.environment.weather_hourly", "sample.environment.city_annual", "sample.environment.city_codes",
)  # fmt: skip
KINDS = ("required", "enumeration", "range", "pattern", "unit", "personal", "coordinates", "instants")
_MADE = {"extract", "series"}


@dataclass
class Tally:
    """What was right and what was not, by kind."""

    types: Counter[bool] = field(default_factory=Counter)
    keys: Counter[bool] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    extra: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    apart: int = 0

    def share(self, counted: Counter[bool]) -> float:
        return counted[True] / max(1, counted.total())

    def lines(self) -> Iterator[str]:
        yield f"types {self.types[True]}/{self.types.total()} ({self.share(self.types):.3f})"
        yield f"keys {self.keys[True]}/{self.keys.total()} ({self.share(self.keys):.3f})"
        for kind in KINDS:
            hits = self.hits[kind]
            found, there = hits + self.extra[kind], hits + self.missed[kind]
            yield f"{kind} precision {hits}/{found} recall {hits}/{there}"
        yield f"columns that a contract makes itself, not counted: {self.apart}"


def labelled(contract: Contract) -> dict[str, Column]:
    """The columns that stand in the file as they are, by each spelling of their header."""
    made: dict[str, Column] = {}
    fields = {one.name: one for one in contract.fields}
    for column in contract.columns:
        source = fields[column.fields[0]]
        plain = len(column.fields) == 1 and column.template is None and source.given is None
        if plain and not any(step.kind in _MADE for step in column.steps):
            made |= {fold(name): column for name in source.names}
    return made


def key_headers(contract: Contract) -> set[str]:
    """The fields of the file that the contract's key is made of: a fact of the file's name is none."""
    given = {one.name for one in contract.fields if one.given is not None}
    columns = [contract.column(name) for name in contract.key]
    return {name for column in columns for name in column.fields if name not in given}


def tally(into: Tally, draft: Draft, contract: Contract, resource: Resource) -> None:
    labels = labelled(contract)
    into.apart += len(contract.columns) - len({column.name for column in labels.values()})
    seen: set[str] = set()
    for one in draft.columns:
        label = labels.get(fold(one.named.header))
        if label is None or label.name in seen:
            continue
        seen.add(label.name)
        right = one.typed.kind == label.type
        into.types[right] += 1
        if not right:
            into.wrong.append(f"{contract.id} {label.name}: {one.typed.kind}, not {label.type}")
        theirs = dict(truth(label, contract, resource))
        ours = {
            "required": one.required,
            "enumeration": any(rule.kind == "enumeration" for rule in one.rules),
            "range": any(rule.kind == "range" for rule in one.rules),
            "pattern": any(rule.kind == "pattern" for rule in one.rules),
            "unit": bool(one.named.unit or one.axis),
            "personal": one.personal is not None,
            "coordinates": one.axis is not None,
            "instants": one.typed.kind in ("date", "timestamp"),
        }
        for kind in KINDS:
            into.hits[kind] += ours[kind] and theirs[kind]
            into.extra[kind] += ours[kind] and not theirs[kind]
            into.missed[kind] += theirs[kind] and not ours[kind]
    for name in {column.name for column in labels.values()} - seen:
        into.types[False] += 1
        into.wrong.append(f"{contract.id} {name}: not found")
    spelled = {fold(name): one.name for one in contract.fields for name in one.names}
    wanted = key_headers(contract)
    headers = {column.name: fold(column.named.header) for column in draft.columns}
    found = {spelled.get(headers[name], headers[name]) for name in draft.key}
    into.keys[found == wanted] += 1
    if found != wanted:
        into.wrong.append(f"{contract.id} key: {sorted(found)}, not {sorted(wanted)}")


def truth(column: Column, contract: Contract, resource: Resource) -> Iterator[tuple[str, bool]]:
    item = resource.item(column.name)
    assert item is not None
    rules = {rule.kind for rule in contract.row_rules if rule.column == column.name}
    yield "required", column.required
    yield from ((kind, kind in rules) for kind in ("enumeration", "range", "pattern"))
    yield "unit", item.unit_of_measure is not None
    yield "personal", column.personal
    yield "coordinates", column.type == "number" and item.zh.endswith(("经度", "纬度"))
    yield "instants", column.type in ("date", "timestamp")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    environ = {"HUB_HOME": str(tmp_path_factory.mktemp("measure") / "home"), "HUB_DEMO": "1"}
    with open_ground(environ, create=True) as ground:
        yield ground


CITY = load_city(sample_city())
RESOURCES = {resource.id: resource for resource in CITY.resources}
CONTRACTS = {promise.contract.id: promise.contract for promise in load_contracts(sample_city())}


def measured(ground: Ground, into: Tally, dataset: str, paths: list[Path]) -> None:
    reading = CONTRACTS[dataset].reading
    hints = Hints(sheet=reading.sheet, member=reading.member)
    proposal = propose(ground, paths, dataset, Wishes(hints=hints))
    tally(into, proposal.draft, CONTRACTS[dataset], RESOURCES[dataset])


def told(into: Tally, record_property: Callable[[str, object], None]) -> None:
    for line in (*into.lines(), *(f"not as the contract has it: {one}" for one in into.wrong)):
        record_property("figure", line)


@pytest.fixture(scope="module")
def invented(lake: Ground, tmp_path_factory: pytest.TempPathFactory) -> Tally:
    into = Tally()
    for sample in deliveries(7, tmp_path_factory.mktemp("invented"), rows=600):
        measured(lake, into, sample.dataset, [sample.path])
    return into


def test_the_invented_deliveries(invented: Tally, record_property: Callable[[str, object], None]) -> None:
    into = invented
    told(into, record_property)
    assert into.share(into.types) >= 0.95, into.wrong
    assert into.share(into.keys) >= 0.95, into.wrong
    assert into.hits["personal"] >= 0.95 * (into.hits["personal"] + into.missed["personal"])
    assert into.extra["personal"] == into.extra["coordinates"] == into.extra["instants"] == 0


def test_the_real_public_sets(
    lake: Ground, shared: Path, invented: Tally, record_property: Callable[[str, object], None]
) -> None:
    """With the invented ones, for each set gives one key and twenty are few to take a share of."""
    into, unseen, turned = copy.deepcopy(invented), Tally(), []
    for dataset in REAL_DATASETS:
        files = [one for one in real_set_files(shared / "data", dataset) if one.data]
        reading = CONTRACTS[dataset].reading
        if reading.unpivot is not None or reading.header == "none":
            turned.append(dataset)
            continue
        paths = [one.path for one in files if one.together == files[-1].together] if files[-1].together else []
        if dataset in KNOWN:
            measured(lake, into, dataset, paths or [files[-1].path])
            continue
        try:
            measured(lake, unseen, dataset, paths or [files[-1].path])
        except Refused as error:
            unseen.wrong.append(f"{dataset}: {error.code}")
    told(into, record_property)
    for line in (*list(unseen.lines())[:2], *unseen.wrong):
        record_property("figure", f"sets not seen before: {line}")
    record_property("figure", f"turned by their contracts, not counted: {', '.join(turned)}")
    assert into.share(into.types) >= 0.95, into.wrong
    assert into.share(into.keys) >= 0.95, into.wrong
    assert not unseen.types or unseen.share(unseen.types) >= 0.8, unseen.wrong
