"""Keys that a session remembers: what it says is surely apart is apart, whatever happened to the table meanwhile."""

from dataclasses import replace
from pathlib import Path

import duckdb
import lake_city as city
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.ground import Ground
from infra.storage_folder import FolderStore
from lake.ingest import Session, ingest
from lake.split import known_keys
from lake.split.known_keys import KnownKeys
from lake.store.duck import Duck, LakeSettings
from lake.store.parquet import ParquetFiles, Written
from lake.store.versions import DataFile, Snapshot
from lake.upkeep.maintain import compact

TYPES = pa.schema([("place", pa.string()), ("at", pa.int64()), ("value", pa.int64())])
KEY = ("place", "at")
Rows = list[tuple[str | None, int | None]]
ROWS = st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 5) | st.none()), min_size=1, max_size=4)


class Table:
    """A folder of Parquet files that comes and goes as files of a Delta table do."""

    def __init__(self, folder: Path) -> None:
        self.store, self.folder = FolderStore(folder), folder
        self.files: dict[str, Rows] = {}
        (folder / "t").mkdir()

    def add(self, name: str, rows: Rows) -> Written:
        columns = list(zip(*((place, at, number) for number, (place, at) in enumerate(rows)), strict=True))
        with ParquetFiles(self.folder / "t", name, TYPES, (), rows_per_file=100) as writer:
            writer.write(pa.record_batch(list(map(list, columns)), schema=TYPES))
        self.files[writer.files[0].path.name] = rows
        return writer.files[0]

    def snapshot(self) -> Snapshot:
        sizes = ((name, (self.folder / "t" / name).stat().st_size, len(rows)) for name, rows in self.files.items())
        return Snapshot("t", len(self.files), tuple(DataFile(*one) for one in sizes), TYPES, "id", "")

    def holds_one_of(self, rows: Rows) -> bool:
        there = {row for held in self.files.values() for row in held if None not in row}
        return not there.isdisjoint(rows)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(ROWS, st.booleans()), min_size=1, max_size=6))
def test_it_says_apart_exactly_when_no_whole_key_is_published(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Rows, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    table = Table(folder)
    with Duck(folder, LakeSettings()) as duck:
        known = KnownKeys(table.store, duck)
        for number, (rows, goes) in enumerate(steps):
            before = table.snapshot()
            met = table.holds_one_of(rows)
            file = table.add(f"f{number}", rows)
            if before.files:
                assert known.surely_apart(before, KEY, TYPES, [file]) is not met
            if goes:  # as a purge or a compaction takes it away
                del table.files[next(iter(table.files))]


def test_what_is_too_large_to_remember_is_never_called_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(tmp_path)
    table.add("f", [("a", 1), ("b", 2)])
    before = table.snapshot()
    file = table.add("g", [("c", 3)])
    with Duck(tmp_path, LakeSettings()) as duck:
        known = KnownKeys(table.store, duck)
        assert known.surely_apart(before, KEY, TYPES, [file])
        monkeypatch.setattr(known_keys, "MOST_ROWS", 1)
        assert not known.surely_apart(before, KEY, TYPES, [file])
        monkeypatch.setattr(known_keys, "MOST_ROWS", 9)
        monkeypatch.setattr(known_keys, "FEW_ROWS", 0)
        assert not known.surely_apart(before, KEY, TYPES, [file])


def test_a_read_that_fails_costs_no_other_table_its_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = Table(tmp_path / "a"), Table(tmp_path / "b")
    one.add("f", [("a", 1)])
    other.add("f", [("b", 1)])
    ours, theirs = one.snapshot(), replace(other.snapshot(), key="t", table_id="other")
    fresh, double = one.add("g", [("a", 9)]), other.add("g", [("b", 1)])
    with Duck(tmp_path, LakeSettings()) as duck:
        known = KnownKeys(one.store, duck)
        assert known.surely_apart(ours, KEY, TYPES, [fresh])
        monkeypatch.setattr(known, "_store", other.store)
        assert not known.surely_apart(theirs, KEY, TYPES, [double])
        monkeypatch.setattr(known, "_store", FolderStore(tmp_path / "nowhere"))
        with pytest.raises(duckdb.Error, match="STORE_MISSING"):
            known.surely_apart(one.snapshot(), KEY, TYPES, [fresh])
        monkeypatch.setattr(known, "_store", one.store)
        known.surely_apart(one.snapshot(), KEY, TYPES, [fresh])
        assert not known.surely_apart(theirs, KEY, TYPES, [double])


def test_a_session_sees_duplicates_of_its_own_deliveries_and_of_others(city_ground: Ground, tmp_path: Path) -> None:
    lake = city.stock(city_ground)

    def take(name: str, first: int, session: Session | None = None) -> tuple[int | None, int | None]:
        path = city.flow_file(tmp_path / f"{name}.csv", [city.line(n) for n in range(first, first + 10)])
        outcome = ingest(lake, city.FLOW, path, actor="test", session=session)
        return outcome.published, outcome.duplicates

    with Session(lake) as session:
        assert take("a", 0, session) == (10, 0)
        assert take("b", 10, session) == (10, 0)
        assert take("c", 15, session) == (5, 5)
        assert take("other", 30) == (10, 0)
        assert take("d", 35, session) == (5, 5)
        compact(lake, city.FLOW, actor="test")
        assert take("e", 20, session) == (5, 5)
        assert take("f", 60, session) == (10, 0)
