"""The newest checkpoint is kept beside the keys: who writes the database alone cannot cut signed history off."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from infra import doctor
from infra.database import write
from infra.errors import Unavailable
from infra.ground import Ground, open_ground
from infra.keys import KeyRing
from infra.ledger import Act, Checkpoint, Ledger, NewEntry
from infra.ledger.anchor import GIVEN_UP, KEPT, Anchor
from infra.ledger.checkpoint import parse_checkpoint
from infra.ledger.entry import canonical_object, leaf_hash
from infra.ledger.keys import SIGN
from infra.ledger.merkle import HASH_BYTES, root_of
from infra.ledger.note import Verifier, sign_note
from infra.ledger.tables import CHECKPOINT, CONTENT, ENTRY, HEAD, KEY, TILE
from infra.ledger.tiles import expected_tiles, extend

STEPS = (3, 300, 2, 1)


def _grow(ledger: Ledger, count: int) -> Checkpoint:
    ledger.append([NewEntry(Act.FILE_READ, "firm", "grant-1", {"file": number}) for number in range(count)])
    return ledger.sequence()


@pytest.fixture
def log(city_ground: Ground) -> Ledger:
    """Four checkpoints, at 4, 305, 308 and 310 entries: the key's announcement, and a record of each before."""
    ledger = city_ground.ledger
    assert [_grow(ledger, count).size for count in STEPS] == [4, 305, 308, 310]
    assert ledger.verify().ok
    return ledger


def _kept(ground: Ground) -> Path:
    return ground.home / "keys" / KEPT


def _cut(ground: Ground, size: int) -> None:
    """What one who writes to the database can do without a key: put the log back to its checkpoint at `size`."""
    with write(ground.engine) as connection:
        leaves = [
            bytes(leaf)
            for leaf in connection.execute(
                sa.select(ENTRY.c.hash).where(ENTRY.c.leaf_index < size).order_by(ENTRY.c.leaf_index)
            ).scalars()
        ]
        after = sa.select(ENTRY.c.number).where(sa.or_(ENTRY.c.leaf_index >= size, ENTRY.c.leaf_index.is_(None)))
        connection.execute(sa.delete(CONTENT).where(CONTENT.c.number.in_(after)))
        connection.execute(sa.delete(ENTRY).where(sa.or_(ENTRY.c.leaf_index >= size, ENTRY.c.leaf_index.is_(None))))
        connection.execute(sa.delete(CHECKPOINT).where(CHECKPOINT.c.size > size))
        connection.execute(sa.update(HEAD).values(size=size))
        _put_tiles(connection, leaves)
        if size == 0:
            connection.execute(sa.delete(KEY))


def _put_tiles(connection: Connection, leaves: list[bytes]) -> None:
    connection.execute(sa.delete(TILE))
    tiles = extend(0, leaves, lambda *_: b"")
    assert {level for level, _ in tiles} == set(expected_tiles(len(leaves)))
    rows = [{"level": level, "position": at, "hashes": hashes} for (level, at), hashes in tiles.items()]
    if rows:
        connection.execute(sa.insert(TILE), rows)


def _refused(act: Callable[[], Any]) -> str:
    with pytest.raises(Unavailable) as refused:
        act()
    assert refused.value.remedy is not None
    return refused.value.code


@pytest.mark.parametrize("size", [308, 305, 4, 0])
def test_history_that_is_cut_off_is_missed_and_nothing_is_signed_over_it(
    log: Ledger, city_ground: Ground, tmp_path: Path, size: int
) -> None:
    _cut(city_ground, size)
    [fault] = log.verify().faults
    assert fault.kind == "history_cut"
    assert f"signs 310 entries, the newest in the database only {size}" in fault.text.en
    assert "restore the database" in fault.text.en
    [ref] = log.append([NewEntry(Act.CASE_APPLIED, "firm", "case-2", {})])
    assert _refused(log.sequence) == "LEDGER_HISTORY_CUT"
    assert _refused(lambda: log.prove(ref.number)) == "LEDGER_HISTORY_CUT"
    assert _refused(lambda: log.export(tmp_path / "bundle.zip")) == "LEDGER_HISTORY_CUT"
    if size:
        first = log.entries(before=ref.number)[-1].number
        assert _refused(lambda: log.prove(first)) == "LEDGER_HISTORY_CUT", "also for what stands"
    assert parse_checkpoint(_kept(city_ground).read_text()).size == 310


def _elsewhere(ground: Ground, name: str) -> Ledger:
    """The same log with the same keys from another home, which has not kept a checkpoint."""
    folder = ground.home / name
    shutil.copytree(ground.home / "keys", folder, ignore=shutil.ignore_patterns(f"{KEPT}*"))
    return Ledger(ground.engine, KeyRing(folder), ground.clock, origin="cityhub/zhengzhou", demo=True)


def test_a_log_that_grew_another_way_is_not_ours_however_long(log: Ledger, city_ground: Ground) -> None:
    _cut(city_ground, 305)
    other = _elsewhere(city_ground, "others")
    assert _grow(other, 20).size > 310
    assert other.verify().ok
    assert [fault.kind for fault in log.verify().faults] == ["history_rewritten"]
    log.append([NewEntry(Act.CASE_APPLIED, "firm", "case-2", {})])
    assert _refused(log.sequence) == "LEDGER_HISTORY_REWRITTEN"
    assert _refused(lambda: log.prove(log.entries()[-1].number)) == "LEDGER_HISTORY_REWRITTEN"


def test_homes_that_share_a_log_each_keep_what_they_saw(log: Ledger, city_ground: Ground) -> None:
    other = _elsewhere(city_ground, "others")
    _grow(other, 2)
    _grow(other, 2)
    assert log.verify().ok
    newest = _grow(log, 1)
    assert other.verify().ok
    assert other.sequence() == newest
    assert (city_ground.home / "others" / KEPT).read_text() == newest.note == _kept(city_ground).read_text()


_CHILD = """
import os, signal, sys
from pathlib import Path
from infra.ground import open_ground
from infra.ledger import Act, NewEntry
from infra.ledger import anchor

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def die_after(done):
    return lambda *given: (done(*given), die())

point = sys.argv[1]
if point == "before":
    anchor.Anchor.advance = die
elif point == "while writing":
    os.fsync = die
elif point == "before the rename":
    Path.replace = die
elif point == "after the rename":
    Path.replace = die_after(Path.replace)
with open_ground() as ground:
    ledger = ground.ledger
    ledger.append([NewEntry(Act.FILE_READ, "firm", "grant-1", {"file": number}) for number in range(5)])
    ledger.sequence()
"""
POINTS = ["before", "while writing", "before the rename", "after the rename"]


@pytest.mark.parametrize("point", POINTS)
def test_killed_between_database_and_file_there_is_no_false_alarm_and_no_cut_is_hidden(
    ground: Ground, point: str
) -> None:
    ledger = ground.ledger
    for _ in range(3):
        before = _grow(ledger, 3)
    _killed(ground, point)
    newest = ledger.checkpoint()
    assert newest is not None
    assert newest.size == before.size + 6, "the database had committed"
    kept = parse_checkpoint(_kept(ground).read_text())
    assert kept == (newest if point == "after the rename" else before)
    assert ledger.verify().ok

    _with_a_cut_log(ground, before.size - 4)
    assert ledger.sequence() == newest, "nothing waits, and the file is moved on all the same"
    assert _kept(ground).read_text() == newest.note
    assert ledger.verify().ok
    _with_a_cut_log(ground, before.size)


def _killed(ground: Ground, point: str) -> None:
    environ = {**os.environ, **{name: value for name, value in ground.environ.items() if name.startswith("HUB_")}}
    done = subprocess.run([sys.executable, "-c", _CHILD, point], env=environ, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def _with_a_cut_log(ground: Ground, size: int) -> None:
    """The cut is found; the database is put back afterwards."""
    ground.engine.dispose()
    saved = {path: path.read_bytes() for path in ground.home.glob("hub.db*")}
    _cut(ground, size)
    assert [fault.kind for fault in ground.ledger.verify().faults] == ["history_cut"]
    ground.engine.dispose()
    for path in ground.home.glob("hub.db*"):
        path.unlink()
    for path, data in saved.items():
        path.write_bytes(data)


def test_no_receipt_names_a_checkpoint_that_is_not_kept(
    log: Ledger, city_ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process was killed between database and file; another one gives receipts before anybody sequences again."""
    with monkeypatch.context() as patch:
        patch.setattr(Anchor, "advance", lambda *_: None)
        newest = _grow(log, 2)
    assert parse_checkpoint(_kept(city_ground).read_text()).size == 310
    assert log.prove(log.entries()[-1].number).checkpoint == newest.note
    assert _kept(city_ground).read_text() == newest.note
    _cut(city_ground, 310)
    assert "history_cut" in {fault.kind for fault in log.verify().faults}


def _adoptions(ledger: Ledger) -> list[dict[str, Any]]:
    found = [(canonical_object(row.body) or {}, row.content) for row in ledger.entries(count=1000)]
    return [canonical_object(content or b"") or {} for body, content in found if body["act"] == Act.LEDGER_ADOPTED]


def test_a_home_without_the_file_takes_the_log_on_trust_once_and_records_it(log: Ledger, city_ground: Ground) -> None:
    _kept(city_ground).unlink()
    assert log.verify().ok
    newest = log.sequence()
    assert newest.size == 312, "the adoption and the record of the checkpoint before"
    assert log.sequence() == newest
    assert _kept(city_ground).read_text() == newest.note
    [adoption] = _adoptions(log)
    assert (adoption["taken"]["size"], adoption["given_up"]) == (310, None)
    assert log.verify().ok
    assert _kept(city_ground).stat().st_mode & 0o777 == 0o600


def test_a_receipt_from_a_home_without_the_file_keeps_and_records_first(log: Ledger, city_ground: Ground) -> None:
    _kept(city_ground).unlink()
    receipt = log.prove(log.entries()[-1].number)
    assert _kept(city_ground).read_text() == receipt.checkpoint
    assert len(_adoptions(log)) == 1


def test_restoring_an_older_backup_on_purpose_is_recorded_with_what_it_gives_up(
    log: Ledger, city_ground: Ground
) -> None:
    lost = log.checkpoint()
    assert lost is not None
    _cut(city_ground, 305)
    assert _refused(log.sequence) == "LEDGER_HISTORY_CUT"
    _kept(city_ground).rename(city_ground.home / "keys" / GIVEN_UP)
    newest = _grow(log, 2)
    [adoption] = _adoptions(log)
    assert adoption["taken"]["size"] == 305
    assert adoption["given_up"]["size"] == 310
    assert adoption["given_up"]["root"] == lost.root.hex()
    assert _kept(city_ground).read_text() == newest.note
    assert log.verify().ok
    _cut(city_ground, 305)
    assert [fault.kind for fault in log.verify().faults] == ["history_cut"], "given up once, not for ever"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"x" * 100, b"cityhub/zhengzhou\n1\nAAAA\n\n"])
def test_a_damaged_file_is_one_error(log: Ledger, city_ground: Ground, data: bytes) -> None:
    _kept(city_ground).write_bytes(data)
    assert _refused(log.verify) == "LEDGER_KEPT"
    assert _refused(log.sequence) == "LEDGER_KEPT"


def test_the_file_of_another_log_is_told_apart(log: Ledger, city_ground: Ground) -> None:
    other = Ledger(city_ground.engine, city_ground.keys, city_ground.clock, origin="cityhub/luoyang")
    note = sign_note(f"cityhub/luoyang\n310\n{'A' * 43}=\n", [_signer(other, "cityhub/luoyang")])
    _kept(city_ground).write_text(str(note))
    [fault] = log.verify().faults
    assert fault.kind == "history_foreign"
    assert "cityhub/luoyang" in fault.text.zh
    log.append([NewEntry(Act.CASE_APPLIED, "firm", "case-2", {})])
    assert _refused(log.sequence) == "LEDGER_HISTORY_FOREIGN"


def _signer(ledger: Ledger, origin: str) -> tuple[Verifier, Callable[[bytes], bytes]]:
    signer = ledger._keys.signer(origin)
    return signer.verifier, signer.sign


@pytest.mark.parametrize("noted", [False, True])
def test_a_leaf_put_into_the_tree_by_hand_is_not_signed(log: Ledger, city_ground: Ground, noted: bool) -> None:
    """A forged entry with its place, its hash in the tile, the size of the head and even an unsigned checkpoint."""
    body = '{"act":"sharing:case:approved","subject":"case-9"}'
    leaf = leaf_hash(body.encode())
    with write(city_ground.engine) as connection:
        connection.execute(sa.insert(ENTRY).values(body=body, hash=leaf, mark=b"\1" * 32, leaf_index=310))
        tile = sa.and_(TILE.c.level == 0, TILE.c.position == 1)
        hashes = bytes(connection.execute(sa.select(TILE.c.hashes).where(tile)).scalar_one())
        connection.execute(sa.update(TILE).where(tile).values(hashes=hashes + leaf))
        connection.execute(sa.update(HEAD).values(size=311))
        if noted:
            _note_by_hand(connection)
    log.append([NewEntry(Act.CASE_APPLIED, "firm", "case-2", {})])
    assert _refused(log.sequence) == "LEDGER_DAMAGED"
    assert not log.verify().ok
    if noted:
        assert _refused(lambda: log.prove(log.entries(count=400)[-1].number)) == "LEDGER_DAMAGED"
    assert parse_checkpoint(_kept(city_ground).read_text()).size == 310


def _note_by_hand(connection: Connection) -> None:
    leaves = connection.execute(
        sa.select(ENTRY.c.hash).where(ENTRY.c.leaf_index.is_not(None)).order_by(ENTRY.c.leaf_index)
    ).scalars()
    unsigned = Checkpoint("cityhub/zhengzhou/demo", 311, root_of(map(bytes, leaves)))
    note = sign_note(unsigned.text(), [(Verifier(unsigned.origin, b"\1" * 32), lambda _: b"\1" * 64)])
    connection.execute(sa.insert(CHECKPOINT).values(number=5, size=311, note=str(note)))


def test_a_changed_edge_of_the_tree_is_not_signed_over(log: Ledger, city_ground: Ground) -> None:
    tile = sa.and_(TILE.c.level == 0, TILE.c.position == 1)
    with write(city_ground.engine) as connection:
        hashes = bytes(connection.execute(sa.select(TILE.c.hashes).where(tile)).scalar_one())
        connection.execute(sa.update(TILE).where(tile).values(hashes=b"\1" * HASH_BYTES + hashes[HASH_BYTES:]))
    log.append([NewEntry(Act.CASE_APPLIED, "firm", "case-2", {})])
    assert _refused(log.sequence) == "LEDGER_HISTORY_REWRITTEN"


def test_a_signing_key_that_is_gone_stops_nothing_that_was_kept(log: Ledger, city_ground: Ground) -> None:
    old = city_ground.keys.current(SIGN)
    city_ground.keys.rotate(SIGN, life=None)
    city_ground.keys.destroy(old.id)
    assert _grow(log, 1).size > 310
    assert log.verify(log.verifiers()).ok


def test_the_file_only_ever_moves_to_a_larger_log(log: Ledger, tmp_path: Path, city_ground: Ground) -> None:
    with city_ground.engine.connect() as connection:
        notes = connection.execute(sa.select(CHECKPOINT.c.note).order_by(CHECKPOINT.c.size)).scalars().all()
    checkpoints = [parse_checkpoint(note) for note in notes]
    folder = tmp_path / "many"
    folder.mkdir()
    seen: list[int] = []
    writers = [threading.Thread(target=_advance_all, args=(folder, checkpoints, at)) for at in range(8)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        kept = Anchor(folder).read()
        seen.append(0 if kept is None else kept.size)
    assert seen == sorted(seen)
    assert Anchor(folder).read() == checkpoints[-1]


def _advance_all(folder: Path, checkpoints: list[Checkpoint], at: int) -> None:
    for offset in range(40):
        Anchor(folder).advance(checkpoints[(at * 7 + offset * 3) % len(checkpoints)])


def test_the_demo_and_the_doctor_do_not_mind_the_file(ground: Ground) -> None:
    _grow(ground.ledger, 1)
    assert doctor._keys(ground).state.value == "ok"
    with open_ground(ground.environ) as again:
        assert again.ledger.verify().ok
