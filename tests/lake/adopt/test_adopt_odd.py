"""Files that no one prepared go the whole way of `hub adopt`: taken with the right number of records, or refused."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from odd_files import Odd, odd_files, written

from infra.errors import HubError, Refused
from infra.ground import Ground, open_ground
from lake.adopt.adopt import Wishes, begin, propose, settle
from lake.ingest import Session, ingest

ODD = odd_files()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    environ = {"HUB_HOME": str(tmp_path_factory.mktemp("odd") / "home"), "HUB_DEMO": "1"}
    with open_ground(environ, create=True) as ground:
        ground.prepare()
        begin(ground, "odd.files.any")
    with open_ground(environ) as ground, Session(ground) as opened:
        opened.auditor()  # a slow start would outlive the setting of warnings under which it began
        yield opened


@pytest.fixture
def small_city(session: Session, tmp_path: Path) -> Iterator[None]:
    """What was adopted stays registered, not in the folder: reading it all for each file would take the most time."""
    shutil.copytree(session.ground.city, tmp_path / "city")
    yield
    shutil.rmtree(session.ground.city)
    shutil.copytree(tmp_path / "city", session.ground.city)


def adopted(session: Session, path: Path, dataset: str) -> tuple[int, int, int, int]:
    """Records read, published, quarantined, duplicates; raises what it is refused for."""
    ground: Ground = session.ground
    proposal = propose(ground, [path], dataset, Wishes(unpivot=False))
    with ground.scratch() as scratch:
        settle(ground, proposal, scratch, None)
    outcome = ingest(ground, dataset, path, actor="local", session=session)
    if outcome.code is not None:
        said = outcome.message
        raise Refused(outcome.code, said.zh if said else "", said.en if said else "")
    assert outcome.state == "finished", outcome
    counts = (outcome.read, outcome.published, outcome.quarantined, outcome.duplicates)
    assert all(isinstance(count, int) for count in counts)
    return counts  # type: ignore[return-value]


@pytest.mark.parametrize("odd", ODD, ids=[odd.name for odd in ODD])
def test_a_file_that_no_one_prepared(odd: Odd, session: Session, small_city: None, tmp_path: Path) -> None:
    path = written(odd, tmp_path)
    dataset = f"odd.files.f{ODD.index(odd)}"
    try:
        read, published, aside, doubles = adopted(session, path, dataset)
    except HubError as error:
        assert error.code.startswith(odd.codes or ("none",)), error.sentence("en")
        assert error.text.zh
        assert error.text.en
        assert "Traceback" not in error.sentence("en")
        return
    assert odd.records is not None, f"{odd.name} should have been refused"
    assert read == odd.records
    assert read == published + aside + doubles


def test_there_are_enough_of_them() -> None:
    assert len(ODD) >= 100
    assert len({odd.name for odd in ODD}) == len(ODD)
