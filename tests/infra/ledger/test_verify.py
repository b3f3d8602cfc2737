"""`verify` on the stored rows: whatever is changed, removed, added or moved in any table is found, and where."""

import random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from infra.database import write
from infra.ground import Ground
from infra.keys import KeyRing
from infra.ledger import Act, Ledger, NewEntry
from infra.ledger.report import Report
from infra.ledger.tables import CHECKPOINT, CONTENT, ENTRY, HEAD, KEY, TILE


@pytest.fixture
def log(city_ground: Ground) -> Ledger:
    """600 entries in three checkpoints (two full tiles and a part), and three that wait."""
    ledger = city_ground.ledger
    for count in (100, 300, 197):
        ledger.append([_new(number) for number in range(count)])
        ledger.sequence()
    ledger.append([_new(number) for number in range(3)])
    assert ledger.verify().ok
    return ledger


def _new(number: int) -> NewEntry:
    return NewEntry(Act.DELIVERY_PUBLISHED, "zhang.wei", f"jinshui.traffic.road_flow/{number}", {"rows": number})


def _tamper(ground: Ground, ledger: Ledger, statement: Any) -> Report:
    """The report on the log with `statement` done to it; undone afterwards."""
    connection = ground.engine.connect().execution_options(hub_begin="BEGIN IMMEDIATE")
    saved = {table: _rows(connection, table) for table in (ENTRY, CONTENT, TILE, CHECKPOINT, KEY, HEAD)}
    connection.close()
    with write(ground.engine) as writing:
        for each in statement if isinstance(statement, list) else [statement]:
            assert writing.execute(each).rowcount != 0
    report = ledger.verify()
    with write(ground.engine) as writing:
        for table, rows in saved.items():
            writing.execute(sa.delete(table))
            if rows:
                writing.execute(sa.insert(table), rows)
    return report


def _rows(connection: Connection, table: sa.Table) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def _kinds(report: Report) -> set[str]:
    return {fault.kind for fault in report.faults}


def _at(place: int) -> Any:
    return ENTRY.c.leaf_index == place


def _number_of(ground: Ground, place: int) -> int:
    with ground.engine.connect() as connection:
        return connection.execute(sa.select(ENTRY.c.number).where(_at(place))).scalar_one()


def test_a_changed_entry_is_named(log: Ledger, city_ground: Ground) -> None:
    number = _number_of(city_ground, 257)
    change = sa.update(ENTRY).where(_at(257)).values(body=sa.func.replace(ENTRY.c.body, "road_flow", "road_flov"))
    report = _tamper(city_ground, log, change)
    named = [fault for fault in report.faults if fault.kind == "entry_changed"]
    assert [(fault.number, fault.leaf_index) for fault in named] == [(number, 257)]
    assert "root_mismatch" in _kinds(report)
    assert "the first 101 do" in next(fault.text.en for fault in report.faults if fault.kind == "root_mismatch")


def test_a_removed_entry_is_named(log: Ledger, city_ground: Ground) -> None:
    report = _tamper(city_ground, log, sa.delete(ENTRY).where(_at(42)))
    assert ("entry_missing", 42) in {(fault.kind, fault.leaf_index) for fault in report.faults}
    assert "root_mismatch" not in _kinds(report)


def test_swapped_entries_are_named(log: Ledger, city_ground: Ground) -> None:
    swap = [
        sa.update(ENTRY).where(_at(10)).values(leaf_index=-1),
        sa.update(ENTRY).where(_at(400)).values(leaf_index=10),
        sa.update(ENTRY).where(_at(-1)).values(leaf_index=400),
    ]
    report = _tamper(city_ground, log, swap)
    moved = {fault.leaf_index for fault in report.faults if fault.kind == "entry_moved"}
    assert moved | {fault.leaf_index for fault in report.faults if fault.kind == "entry_changed"} == {10, 400}


def test_an_entry_taken_out_of_its_place_is_missed(log: Ledger, city_ground: Ground) -> None:
    report = _tamper(city_ground, log, sa.update(ENTRY).where(_at(599)).values(leaf_index=None))
    assert _kinds(report) & {"entry_missing"}


@pytest.mark.parametrize("place", [600, 700, 100_000])
def test_an_entry_added_behind_the_end_is_named(log: Ledger, city_ground: Ground, place: int) -> None:
    number = _number_of(city_ground, 3)
    copy = sa.insert(ENTRY).from_select(
        ["number", "body", "hash", "mark", "leaf_index"],
        sa.select(sa.literal(9_999), ENTRY.c.body, ENTRY.c.hash, ENTRY.c.mark, sa.literal(place)).where(
            ENTRY.c.number == number
        ),
    )
    assert _kinds(_tamper(city_ground, log, copy)) & {"entry_added", "entry_missing"}


def test_every_column_of_every_table_is_held(log: Ledger, city_ground: Ground) -> None:
    """One statement each; what no checkpoint or key can vouch for is not among them and is named in the README."""
    newest = sa.select(sa.func.max(CHECKPOINT.c.number)).scalar_subquery()
    third = CHECKPOINT.c.number == 3
    salt = sa.update(CONTENT).where(CONTENT.c.number == 5).values(salt=b"\0" * 32)
    cases = [
        sa.update(ENTRY).where(_at(9)).values(hash=b"\0" * 32),
        sa.update(ENTRY).where(_at(9)).values(once="else"),
        sa.update(ENTRY).where(ENTRY.c.leaf_index.is_(None)).values(mark=b"\0" * 32),
        sa.update(ENTRY).where(ENTRY.c.leaf_index.is_(None)).values(body=ENTRY.c.body + " "),
        sa.update(ENTRY).where(_at(0)).values(body="{}"),
        salt,
        sa.update(CONTENT).where(CONTENT.c.number == 5).values(content='{"rows":99}'),
        sa.update(CONTENT).where(CONTENT.c.number == 601).values(content='{"rows":99}'),
        sa.delete(CONTENT).where(CONTENT.c.number == 601),
        sa.delete(CONTENT).where(CONTENT.c.number == 5),
        sa.update(CONTENT).where(CONTENT.c.number == 5).values(number=70_000),
        sa.delete(TILE).where(TILE.c.level == 0, TILE.c.position == 1),
        sa.delete(TILE).where(TILE.c.level == 1),
        sa.update(TILE).where(TILE.c.level == 1).values(hashes=b"\0" * 64),
        sa.update(TILE).where(TILE.c.level == 0, TILE.c.position == 0).values(hashes=b"\0" * 8192),
        sa.update(TILE).where(TILE.c.level == 1).values(level=2),
        sa.insert(TILE).values(level=3, position=0, hashes=b"\0" * 32),
        sa.insert(TILE).values(level=0, position=3, hashes=b"\0" * 32),
        sa.delete(CHECKPOINT).where(CHECKPOINT.c.number == 2),
        sa.delete(CHECKPOINT).where(CHECKPOINT.c.number == newest),
        [
            sa.delete(CHECKPOINT).where(CHECKPOINT.c.number == 2),
            sa.update(CHECKPOINT).where(third).values(number=2),
        ],
        sa.update(CHECKPOINT).where(CHECKPOINT.c.number == 1).values(size=99),
        sa.update(CHECKPOINT).where(CHECKPOINT.c.number == 2).values(note=CHECKPOINT.c.note + "x"),
        sa.update(CHECKPOINT)
        .where(CHECKPOINT.c.number == 3)
        .values(note=sa.func.replace(CHECKPOINT.c.note, "zhengzhou", "zhengzhov")),
        sa.delete(CHECKPOINT),
        sa.delete(KEY),
        sa.update(KEY).values(verifier=KEY.c.verifier + "x"),
        sa.insert(KEY).values(verifier="x", id="y", position=7),
        sa.update(HEAD).values(size=599),
        sa.update(HEAD).values(size=601),
        sa.delete(HEAD),
        [sa.delete(ENTRY), sa.delete(CONTENT)],
    ]
    for number, case in enumerate(cases):
        report = _tamper(city_ground, log, case)
        assert not report.ok, f"case {number} was not found"
    assert log.verify().ok


COLUMNS = [(ENTRY, "body"), (ENTRY, "hash"), (CONTENT, "salt"), (CONTENT, "content"), (TILE, "hashes")]


def test_random_bytes_anywhere_in_the_rows_are_found(log: Ledger, city_ground: Ground) -> None:
    seed = random.Random(20261123)
    for _ in range(30):
        table, column = seed.choice(COLUMNS)
        with city_ground.engine.connect() as connection:
            rows = _rows(connection, table)
        row = seed.choice(rows)
        raw = row[column].encode() if isinstance(row[column], str) else bytes(row[column])
        at = seed.randrange(len(raw))
        changed: Any = raw[:at] + bytes([raw[at] ^ seed.choice([1, 2, 4])]) + raw[at + 1 :]
        if isinstance(row[column], str):
            changed = changed.decode("latin-1")
        keys = [each == row[each.name] for each in table.primary_key]
        report = _tamper(city_ground, log, sa.update(table).where(*keys).values({column: changed}))
        assert not report.ok, f"{table.name}.{column} at {at} of {keys}"


def test_a_log_rewritten_under_another_key_is_not_ours(log: Ledger, city_ground: Ground) -> None:
    trusted = log.verifiers()
    with write(city_ground.engine) as connection:
        for table in (ENTRY, CONTENT, TILE, CHECKPOINT, KEY):
            connection.execute(sa.delete(table))
        connection.execute(sa.update(HEAD).values(size=0))
    ring = KeyRing(city_ground.home / "stolen")
    other = Ledger(city_ground.engine, ring, city_ground.clock, origin="cityhub/zhengzhou", demo=True)
    other.append([_new(1)])
    other.sequence()
    assert other.verify().ok
    assert "key_untrusted" in _kinds(log.verify())
    assert "key_untrusted" in _kinds(other.verify(trusted))


def test_an_empty_log_has_nothing_wrong(city_ground: Ground) -> None:
    report = city_ground.ledger.verify()
    assert report.ok
    assert report.entries == 0
    assert report.unwitnessed_since is None
