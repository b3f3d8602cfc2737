"""How often inference is right, kind by kind: on what it was written for, and on what it had not seen.

Tuned: the invented deliveries, the public sets that it was written against, and `described_known`. Held out:
`described_unseen`. The public sets that came later (`LATER`) and last (`LAST`) were, until misses in them were mended:
what they show now is no measure of the unseen. The labels of a public set are its contract, which people wrote.
The figures are printed by

    python -m pytest tests/contracts/infer/test_measure.py
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from described import Described
from described_known import KNOWN
from described_unseen import UNSEEN
from infer_score import Tally, of_contract, of_description, tally

from catalogs.folder.city import load_city
from contracts.check import load_contracts
from contracts.model import Contract
from infra.errors import Refused
from infra.ground import Ground, open_ground, sample_city
from lake.adopt.adopt import Wishes, propose
from lake.adopt.survey import Hints
from lake.sample import REAL_DATASETS, deliveries, real_set_files

LATER = frozenset(
    {
        "sample.city_management.open_catalogue", "sample.city_management.shenzhen_districts",
        "sample.city_management.townships", "sample.city_management.yearbook_tables",
        "sample.health.epidemic_areas", "sample.health.epidemic_daily", "sample.traffic.metro_cities",
        "sample.traffic.shanghai_metro2_flow", "sample.traffic.shanghai_metro2_lines",
        "sample.traffic.shanghai_metro2_stops", "sample.traffic.shenzhen_bus_lines",
        "sample.traffic.shenzhen_taxi_trips",
    }
)  # fmt: skip
# The sets that came last: what they showed was mended by rules that name none of them.
LAST = frozenset(one for one in REAL_DATASETS if "muroran" in one or one.endswith("epidemic_notices"))
RESOURCES = {resource.id: resource for resource in load_city(sample_city()).resources}
CONTRACTS = {promise.contract.id: promise.contract for promise in load_contracts(sample_city())}
Say = Callable[[str, object], None]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    environ = {"HUB_HOME": str(tmp_path_factory.mktemp("measure") / "home"), "HUB_DEMO": "1"}
    with open_ground(environ, create=True) as ground:
        yield ground


def described(ground: Ground, tables: Iterable[Described], folder: Path) -> Tally:
    into = Tally()
    for one in tables:
        draft = propose(ground, [one.write(folder)], f"own.data.{one.name}", Wishes()).draft
        tally(into, draft, of_description(one))
    return into


def delivered(ground: Ground, into: Tally, contract: Contract, paths: list[Path]) -> None:
    hints = Hints(sheet=contract.reading.sheet, member=contract.reading.member)
    try:
        draft = propose(ground, paths, contract.id, Wishes(hints=hints)).draft
    except Refused as error:
        into.wrong.append(f"refused: {contract.id}: {error.code}")
        into.keys[False] += 1
        return
    tally(into, draft, of_contract(contract, RESOURCES[contract.id]))


def public(ground: Ground, data: Path, sets: Iterable[str]) -> Tally:
    into = Tally()
    for dataset in sets:
        contract = CONTRACTS[dataset]
        turned = contract.reading.unpivot is not None or contract.reading.header == "none"
        if turned:
            continue
        files = [one for one in real_set_files(data, dataset) if one.data]
        together = [one.path for one in files if one.together == files[-1].together] if files[-1].together else []
        # Of a delivery of hundreds of files a few show what its columns are.
        delivered(ground, into, contract, (together if len(together) <= 20 else together[:3]) or [files[-1].path])
    return into


def told(into: Tally, record_property: Say) -> None:
    for line in into.lines():
        record_property("figure", line)


@pytest.fixture(scope="module")
def invented(lake: Ground, tmp_path_factory: pytest.TempPathFactory) -> Tally:
    into = Tally()
    for sample in deliveries(7, tmp_path_factory.mktemp("invented"), rows=600):
        delivered(lake, into, CONTRACTS[sample.dataset], [sample.path])
    return into


@pytest.fixture(scope="module")
def known(lake: Ground, tmp_path_factory: pytest.TempPathFactory) -> Tally:
    return described(lake, KNOWN, tmp_path_factory.mktemp("known"))


@pytest.fixture(scope="module")
def unseen(lake: Ground, tmp_path_factory: pytest.TempPathFactory) -> Tally:
    return described(lake, UNSEEN, tmp_path_factory.mktemp("unseen"))


@pytest.fixture(scope="module")
def against(lake: Ground, shared: Path) -> Tally:
    return public(lake, shared / "data", [one for one in REAL_DATASETS if one not in LATER | LAST])


@pytest.fixture(scope="module")
def later(lake: Ground, shared: Path) -> Tally:
    return public(lake, shared / "data", sorted(LATER))


@pytest.fixture(scope="module")
def last(lake: Ground, shared: Path) -> Tally:
    return public(lake, shared / "data", sorted(LAST))


def right(into: Tally) -> float:
    """The share of types, or of keys, that is right: the smaller one; 0 of nothing."""
    return min(into.share(into.types), into.share(into.keys))


def test_what_it_was_written_for(invented: Tally, known: Tally, record_property: Say) -> None:
    into = Tally()
    into.add(invented)
    into.add(known)
    told(into, record_property)
    assert right(into) >= 0.95, into.wrong
    assert invented.extra["personal"] == invented.extra["coordinates"] == invented.extra["instants"] == 0


def test_what_it_had_not_seen(unseen: Tally, record_property: Say) -> None:
    told(unseen, record_property)
    assert right(unseen) >= 0.95, unseen.wrong


def test_the_public_sets_that_it_was_written_against(against: Tally, record_property: Say) -> None:
    told(against, record_property)
    assert right(against) >= 0.95, against.wrong


def test_the_public_sets_that_came_later(later: Tally, record_property: Say) -> None:
    """Each set gives one key, and a dozen are few to take a share of: one may be wrong."""
    told(later, record_property)
    assert later.share(later.types) >= 0.95, later.wrong
    assert later.keys[False] <= 1, later.wrong


def test_the_public_sets_that_came_last(last: Tally, record_property: Say) -> None:
    told(last, record_property)
    assert right(last) >= 0.95, last.wrong


def test_all_public_sets(against: Tally, later: Tally, last: Tally, record_property: Say) -> None:
    into = Tally()
    for one in (against, later, last):
        into.add(one)
    told(into, record_property)
    assert right(into) >= 0.95, into.wrong
