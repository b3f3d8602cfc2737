"""The ledger on SQLite and on PostgreSQL: appending, sequencing, proving, rotating, erasing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from infra.database import write
from infra.errors import Refused, Unavailable, WrongUse
from infra.ground import Ground, open_ground
from infra.keys import KeyRing
from infra.ledger import Act, EntryRef, Ledger, NewEntry, Receipt
from infra.ledger import log as log_module
from infra.ledger.keys import SIGN
from infra.ledger.merkle import verify_consistency
from infra.ledger.tables import CHECKPOINT, CONTENT, ENTRY, HEAD


def new(subject: str = "jinshui.traffic.road_flow", once: str | None = None, **content: object) -> NewEntry:
    return NewEntry(Act.DELIVERY_PUBLISHED, "zhang.wei", subject, content, once)


def count(ground: Ground, table: sa.Table = ENTRY) -> int:
    with ground.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


@pytest.fixture
def log(city_ground: Ground) -> Ledger:
    return city_ground.ledger


def test_what_is_appended_is_proven_by_a_receipt_alone(log: Ledger) -> None:
    refs = log.append([new(rows=1), new(rows=2)])
    receipt = log.prove(refs[1].number)
    again = Receipt.from_dict(receipt.as_dict())
    assert again == receipt
    checkpoint = again.verify(log.verifiers()[0])
    assert checkpoint.origin == "cityhub/zhengzhou/demo"
    assert again.entry["act"] == "lake:delivery:published"
    assert again.entry["demo"] is True
    assert again.content == b'{"rows":2}'
    assert "zhang.wei" not in str(again.as_dict())
    assert again.entry["actor"] == log.pseudonym("zhang.wei")
    again.without_content().verify(log.verifiers()[0])


def test_an_altered_receipt_does_not_hold(log: Ledger) -> None:
    [ref] = log.append([new(rows=1)])
    log.append([new(rows=at) for at in range(5)])
    good = log.prove(ref.number).as_dict()
    key = log.verifiers()[0]
    wrong: list[dict[str, object]] = [
        {"leaf_index": good["leaf_index"] + 1},
        {"entry": {**good["entry"], "time": "2026-01-01T00:00:00.000000Z"}},
        {"proof": good["proof"][:-1]},
        {"proof": good["proof"][::-1]},
        {"checkpoint": good["checkpoint"].replace("\n7\n", "\n8\n")},
        {"content": {"rows": 2}},
        {"salt": "00" * 32},
        {"format": "other"},
        {"proof": "x"},
        {"leaf_index": "0"},
    ]
    for change in wrong:
        with pytest.raises(Refused) as refused:
            Receipt.from_dict({**good, **change}).verify(key)
        assert refused.value.code == "LEDGER_RECEIPT"


def test_the_same_key_twice_is_one_entry(log: Ledger, city_ground: Ground) -> None:
    [first] = log.append([new(once="a", rows=1)])
    assert log.append([new(once="a", rows=2)]) == [first]
    refs = log.append([new(once="b"), new(once="a"), new(), new(once="b")])
    assert refs[0] == refs[3]
    assert refs[1] == first
    assert count(city_ground) == count(city_ground, CONTENT) == 3
    with write(city_ground.engine) as connection:
        assert log.append([new(once="a"), new(once="c")], connection=connection)[0] == first
    assert count(city_ground) == 4


def test_an_entry_joins_the_state_it_speaks_of(log: Ledger, city_ground: Ground) -> None:
    with pytest.raises(RuntimeError), write(city_ground.engine) as connection:
        log.append([new(once="x")], connection=connection)
        raise RuntimeError
    assert count(city_ground) == count(city_ground, CONTENT) == 0
    with write(city_ground.engine) as connection:
        log.append([new(once="x")], connection=connection)
    assert count(city_ground) == 1


def test_nothing_is_stored_when_one_entry_is_wrong(log: Ledger, city_ground: Ground) -> None:
    with pytest.raises(WrongUse):
        log.append([new(), new(value=float("inf"))])
    assert count(city_ground) == 0


def test_checkpoints_follow_from_one_another(log: Ledger) -> None:
    checkpoints = [log.sequence()]
    for step in (1, 5, 300, 2, 700):
        log.append([new(rows=at) for at in range(step)])
        checkpoints.append(log.sequence())
    for old in checkpoints:
        for later in checkpoints:
            if old.size <= later.size:
                growth = log.consistency(old.size, later.size)
                assert verify_consistency(old.size, old.root, later.size, later.root, growth.proof)
                assert (growth.old.checkpoint, growth.new.checkpoint) == (old.note, later.note)
    assert log.sequence() == checkpoints[-1]
    assert log.verify().ok
    with pytest.raises(Refused):
        log.consistency(1, checkpoints[-1].size + 1)


def test_many_small_steps_sign_the_same_tree(log: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    log.append([new(rows=at) for at in range(50)])
    make = Ledger._sequencer
    monkeypatch.setattr(log_module.Ledger, "_sequencer", lambda self, origin: make(self, origin, 7))
    log.sequence()
    report = log.verify()
    assert report.ok
    assert report.pending == 0
    assert report.checkpoints == 8


def test_unknown_entries_have_no_receipt(log: Ledger) -> None:
    with pytest.raises(Refused) as refused:
        log.prove(99)
    assert refused.value.code == "LEDGER_UNKNOWN_ENTRY"


def test_a_later_sequencer_fences_the_earlier(log: Ledger, city_ground: Ground) -> None:
    log.append([new()])
    log.sequence()
    with write(city_ground.engine) as connection:
        connection.execute(sa.update(HEAD).values(token=1_000_000))
    log.append([new()])
    with pytest.raises(Unavailable) as fenced:
        log.sequence()
    assert fenced.value.code == "LEDGER_FENCED"
    assert log.verify().pending == 1


def test_a_crash_at_any_statement_leaves_the_log_whole(log: Ledger, city_ground: Ground) -> None:
    """Every statement of a sequencing step is made to fail in turn; the step is then not begun or done."""
    log.append([new(rows=at) for at in range(3)])
    log.sequence()
    log.append([new(rows=at) for at in range(300)])
    before, crashes = log.checkpoint(), 0
    for at in range(1, 200):
        if _sequence_failing_at(log, city_ground, at):
            break
        crashes += 1
        report = log.verify()
        assert report.ok
        assert log.checkpoint() == before
        assert report.pending == 300
    assert crashes > 8
    report = log.verify()
    assert report.ok
    assert (report.pending, report.size) == (0, 305)


class _CrashError(Exception):
    pass


def _sequence_failing_at(log: Ledger, ground: Ground, at: int) -> bool:
    """Whether sequencing needed fewer than `at` statements, and so was done undisturbed."""
    seen = 0

    def crash(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal seen
        if "infra_ledger" in statement:
            seen += 1
            if seen == at:
                raise _CrashError

    event.listen(ground.engine, "before_cursor_execute", crash)
    try:
        log.sequence()
    except _CrashError:
        return False
    finally:
        event.remove(ground.engine, "before_cursor_execute", crash)
    return True


def test_a_lower_number_that_commits_later_is_not_skipped(city_environ: dict[str, str], backend: str) -> None:
    """PostgreSQL hands out numbers before commit; SQLite's one writer cannot, and simply queues."""
    with open_ground(city_environ, create=True) as ground:
        ground.prepare()
        log = ground.ledger
        slow = ground.engine.connect()
        if backend == "folder":
            slow = slow.execution_options(hub_begin="BEGIN IMMEDIATE")
        with slow.begin():
            [low] = log.append([new(rows=1)], connection=slow)
            if backend != "folder":
                [high] = log.append([new(rows=2)])
                assert high.number > low.number
                assert log.prove(high.number).index < 2
        slow.close()
        receipt = log.prove(low.number)
        receipt.verify(log.verifiers()[0])
        report = log.verify()
        assert report.ok
        assert report.pending == 0


def test_a_rotated_key_is_announced_and_old_checkpoints_still_verify(log: Ledger, city_ground: Ground) -> None:
    [ref] = log.append([new()])
    old_receipt = log.prove(ref.number)
    city_ground.keys.rotate(SIGN, life=None)
    log.append([new()])
    log.sequence()
    log.append([new()])
    log.sequence()
    first, second = log.verifiers()
    assert first != second
    old_receipt.verify(first)
    log.prove(ref.number).verify(second)
    for trusted in ([first], [second], None):
        report = log.verify(trusted)
        assert report.ok
        assert report.trusted is True
    stranger = Ledger(city_ground.engine, KeyRing(city_ground.home / "others"), city_ground.clock, origin="x")
    report = log.verify([stranger._keys.signer(log.origin).verifier])
    assert {fault.kind for fault in report.faults} == {"key_untrusted"}


def test_erased_contents_leave_every_proof_valid(log: Ledger, city_ground: Ground) -> None:
    secret = "SECRET-9f8e7d6c5b4a"
    refs = log.append([new(name=secret, pad="x" * 200), new(name="kept")])
    before = log.prove(refs[0].number)
    log.erase([refs[0].number], actor="li.na", basis="个人信息保护法第四十七条")
    after = log.prove(refs[0].number)
    assert before.content is not None
    assert after.content is None
    assert after.salt is None
    after.verify(log.verifiers()[0])
    before.without_content().verify(log.verifiers()[0])
    report = log.verify()
    assert report.ok
    assert report.erased == 1
    if city_ground.engine.dialect.name == "sqlite":
        stored = b"".join(path.read_bytes() for path in city_ground.home.glob("hub.db*"))
        assert b"kept" in stored
        assert secret.encode() not in stored
    with pytest.raises(Refused):
        log.erase([12345], actor="li.na", basis="")


@pytest.fixture
def real_home(tmp_path: Path) -> Iterator[Ground]:
    with open_ground({"HUB_HOME": str(tmp_path / "real")}, create=True) as opened:
        opened.prepare()
        yield opened


def test_a_log_keeps_the_name_and_the_mark_it_began_with(real_home: Ground, ground: Ground) -> None:
    real_home.ledger.append([new()])
    assert real_home.ledger.sequence().origin == "cityhub/zhengzhou"
    ground.ledger.append([new()])
    assert ground.ledger.sequence().origin == "cityhub/zhengzhou/demo"
    later = Ledger(ground.engine, ground.keys, ground.clock, origin="cityhub/zhengzhou")
    [ref] = later.append([new()])
    assert later.prove(ref.number).entry["demo"] is True
    assert later.origin == "cityhub/zhengzhou/demo"
    assert later.verify().ok
    assert later.verify().demo


def test_no_row_written_without_our_key_enters_the_log(log: Ledger, city_ground: Ground) -> None:
    [ref] = log.append([new()])
    with write(city_ground.engine) as connection:
        row = connection.execute(sa.select(ENTRY).where(ENTRY.c.number == ref.number)).one()
        forged = {"number": 500, "body": row.body.replace("road_flow", "bus_flows"), "hash": row.hash, "mark": row.mark}
        connection.execute(sa.insert(ENTRY).values(**forged))
    log.sequence()
    with pytest.raises(Unavailable) as refused:
        log.prove(500)
    assert refused.value.code == "LEDGER_FORGED"
    report = log.verify()
    assert [(fault.kind, fault.number) for fault in report.faults] == [("entry_added", 500)]
    assert report.pending == 0


def test_references_tell_number_and_hash(log: Ledger, city_ground: Ground) -> None:
    refs = log.append([new(), new()])
    assert all(isinstance(ref, EntryRef) and len(ref.entry_hash) == 64 for ref in refs)
    assert refs[0].number < refs[1].number
    assert [row.number for row in log.entries(count=2)] == [refs[1].number, refs[0].number]
    assert log.append([]) == []
    assert count(city_ground, CHECKPOINT) == 0
