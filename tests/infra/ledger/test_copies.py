"""A copy of a genuine entry bears a genuine mark: it gets no place in the log, and the check says what it copies."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from infra.database import write
from infra.errors import Unavailable
from infra.ground import Ground
from infra.ledger import Act, Ledger, NewEntry, verify_bundle
from infra.ledger import sequencer as sequencer_module
from infra.ledger.repeats import Repeats
from infra.ledger.report import Fault
from infra.ledger.tables import CONTENT, ENTRY

COPY = 7_000


@pytest.fixture
def log(city_ground: Ground) -> Ledger:
    """An approval at place 0, a grant that waits."""
    ledger = city_ground.ledger
    ledger.append([NewEntry(Act.CASE_APPROVED, "wang.fang", "case-1", {"side": "authority"}, "case-1:approved")])
    ledger.sequence()
    ledger.append([NewEntry(Act.GRANT_ISSUED, "li.na", "grant-1", {"ends": "2027-01-01"})])
    assert ledger.verify().ok
    return ledger


def _copy(ground: Ground, number: int, to: int = COPY, **changed: object) -> None:
    """What one who writes to the database can do without a key; `changed` are the copy's own columns."""
    with write(ground.engine) as connection:
        row = dict(connection.execute(sa.select(ENTRY).where(ENTRY.c.number == number)).mappings().one())
        content = dict(connection.execute(sa.select(CONTENT).where(CONTENT.c.number == number)).mappings().one())
        row |= {"number": to, "once": None, "leaf_index": None, **changed}
        connection.execute(sa.insert(ENTRY).values(**row))
        connection.execute(sa.insert(CONTENT).values(**content | {"number": to}))


def _number(ledger: Ledger, subject: str) -> int:
    return next(row.number for row in ledger.entries() if f'"{subject}"'.encode() in row.body)


def _copies(ledger: Ledger) -> list[Fault]:
    return [fault for fault in ledger.verify().faults if fault.kind == "entry_repeated"]


def test_a_copy_of_what_stands_gets_no_place(log: Ledger, city_ground: Ground) -> None:
    _copy(city_ground, _number(log, "case-1"))
    for _ in range(2):
        [fault] = _copies(log)
        assert (fault.number, fault.leaf_index) == (COPY, None)
        assert fault.text.en == "this entry is a copy of the entry at place 0"
        size = log.sequence().size
    assert [row.leaf_index for row in log.entries() if row.number == COPY] == [None]
    assert size == log.verify().entries == 4, "approval, key, grant and the record of the first checkpoint"
    with pytest.raises(Unavailable) as refused:
        log.prove(COPY)
    assert refused.value.code == "LEDGER_FORGED"


def test_of_copies_that_wait_together_one_gets_a_place(log: Ledger, city_ground: Ground) -> None:
    number = _number(log, "grant-1")
    for offset in range(3):
        _copy(city_ground, number, COPY + offset)
    log.sequence()
    assert [row.leaf_index for row in log.entries() if COPY <= row.number < COPY + 3] == [None] * 3
    faults = _copies(log)
    assert [fault.number for fault in faults] == [COPY, COPY + 1, COPY + 2]
    assert {fault.text.en for fault in faults} == {"this entry is a copy of the entry at place 2"}


def test_another_hash_beside_a_copy_does_not_help_it(log: Ledger, city_ground: Ground) -> None:
    _copy(city_ground, _number(log, "case-1"), hash=b"\1" * 32)
    log.sequence()
    assert [row.leaf_index for row in log.entries() if row.number == COPY] == [None]
    assert {fault.kind for fault in log.verify().faults} >= {"entry_repeated", "entry_columns"}


def test_a_copy_that_has_a_place_is_named_in_the_rows_and_in_a_bundle(
    log: Ledger, city_ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that was added to before copies were refused, and signed."""
    _copy(city_ground, _number(log, "case-1"))
    with monkeypatch.context() as patch:
        patch.setattr(sequencer_module.store, "standing", lambda *_: set())
        log.sequence()
    [fault] = _copies(log)
    assert fault.leaf_index == 3
    log.export(tmp_path / "bundle.zip")
    report = verify_bundle(tmp_path / "bundle.zip", log.verifiers())
    assert [(fault.kind, fault.leaf_index) for fault in report.faults] == [("entry_repeated", 3)]


def test_nobody_takes_the_place_of_a_checkpoints_record(log: Ledger, city_ground: Ground) -> None:
    """Its once key is known beforehand: a forged row under it must not be signed as if it were the record."""
    checkpoint = log.checkpoint()
    assert checkpoint is not None
    once = f"infra.ledger:checkpoint:{checkpoint.size}"
    body = '{"act":"sharing:case:approved","subject":"case-2"}'
    with write(city_ground.engine) as connection:
        connection.execute(sa.insert(ENTRY).values(body=body, hash=b"\1" * 32, once=once, mark=b"\1" * 32))
    with pytest.raises(Unavailable) as refused:
        log.sequence()
    assert refused.value.code == "LEDGER_DAMAGED"
    assert log.checkpoint() == checkpoint
    assert "entry_added" in {fault.kind for fault in log.verify().faults}


def test_repeats_are_told_whatever_their_number() -> None:
    repeats = Repeats()
    leaves = [number.to_bytes(32, "big") for number in range(1000)]
    for number, leaf in enumerate(leaves):
        repeats.add(leaf[::-1], number)
    assert list(repeats.faults()) == []
    for number in (-(2**63), -1, 0, 2**63 - 1):
        repeats.add(leaves[5][::-1], number, waiting=True)
    faults = list(repeats.faults())
    assert [fault.number for fault in faults] == [-(2**63), -1, 0, 2**63 - 1]
    assert {fault.text.zh for fault in faults} == {"该记录是第 5 位记录的复制品"}
