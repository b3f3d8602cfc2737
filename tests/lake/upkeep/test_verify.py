"""`hub lake verify`: what is whole passes; every file that is lost, changed or strange is told, each for real."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import lake_city as city
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from catalogs.people.people import person
from catalogs.tables import RESOURCE
from infra.database import write
from infra.errors import Unavailable
from infra.ground import Ground, open_ground
from lake import tables
from lake.cli import lake as lake_commands
from lake.ingest import Session, ingest
from lake.purge import purge, purging
from lake.store.delta import Tables, curated_key, quarantine_key
from lake.store.logged import Logged
from lake.upkeep import maintain
from lake.upkeep.verify import Verified, verify
from lake.upkeep.verify_rules import gaps
from sharing.ending.purging import Extracts

KEY = curated_key(city.FLOW)


@pytest.fixture
def filled(ground: Ground, tmp_path: Path) -> Ground:
    city.stock(ground)
    with Session(ground) as session:
        for n in range(3):
            lines = [city.line(n * 10 + i) for i in range(10)] + [city.line(n * 10, flow="x", detector=f"Q{n}")]
            ingest(ground, city.FLOW, city.flow_file(tmp_path / f"{n}.csv", lines), actor="test", session=session)
        for name, count in (("a", 5), ("b", 8)):
            path = city.hospital_file(tmp_path / f"{name}.csv", [city.hospital(n) for n in range(count)])
            ingest(ground, city.HOSPITALS, path, actor="test", session=session)
    return ground


def files(ground: Ground, key: str = KEY) -> list[Path]:
    found = [ground.store.local(name) for name in Tables(ground.store).snapshot(key).keys()]  # noqa: SIM118
    return [path for path in found if path is not None]


def codes(done: Verified) -> list[str]:
    return sorted({flaw.code for flaw in done.flaws})


def test_what_is_whole_passes_and_the_act_is_in_the_ledger(filled: Ground) -> None:
    done = verify(filled, city.FLOW, "test")
    assert (done.flaws, done.files, done.rows, done.deliveries) == ([], 6, 33, 3)
    assert city.acts(filled)[-1] == ("lake:table:verified", city.FLOW)
    hospitals = verify(filled, city.HOSPITALS, "test")
    assert (hospitals.flaws, hospitals.rows) == ([], 13), "the version before the newest is kept and read too"


def test_it_passes_after_every_act_that_moves_files(filled: Ground) -> None:
    maintain.compact(filled, city.FLOW, "test")
    assert verify(filled, city.FLOW, "test").flaws == []
    maintain.expire(filled, city.FLOW, "test", days=0)
    maintain.expire(filled, city.HOSPITALS, "test", days=0)
    assert verify(filled, city.FLOW, "test").flaws == []
    assert verify(filled, city.HOSPITALS, "test").flaws == []
    doomed = city.deliveries(filled)[0]["id"]
    one = purge.propose(filled, doomed, "illegal_collection", "2026-17", person(filled.engine, "engineer_li"))
    purge.approve(filled, one.id, person(filled.engine, "reviewer_authority"), Extracts())
    purging.carry_out(filled, one.id, Extracts())
    done = verify(filled, city.FLOW, "test")
    assert (done.flaws, done.deliveries) == ([], 2)


def test_a_lost_file_is_told_with_the_delivery_whose_rows_it_held(filled: Ground) -> None:
    files(filled)[0].unlink()
    done = verify(filled, city.FLOW, "test")
    assert codes(done) == ["VERIFY_MISSING", "VERIFY_ROWS_OF_DELIVERY"]
    lost = {row["id"] for row in city.deliveries(filled) if any(row["id"] in flaw.said.en for flaw in done.flaws)}
    assert len(lost) == 1


def test_a_lost_file_of_an_older_kept_version_is_told(filled: Ground) -> None:
    old = Tables(filled.store).snapshot(curated_key(city.HOSPITALS), version=1)
    filled.store.delete(old.keys()[0])
    assert codes(verify(filled, city.HOSPITALS, "test")) == ["VERIFY_MISSING"]


def test_a_single_changed_bit_is_told(filled: Ground) -> None:
    path = files(filled)[1]
    data = bytearray(path.read_bytes())
    first = pq.ParquetFile(path).metadata.row_group(0).column(8)  # longitude: no page of texts, nothing to parse wrong
    data[first.dictionary_page_offset or first.data_page_offset + first.total_compressed_size // 2] ^= 1
    data[first.data_page_offset + first.total_compressed_size - 1] ^= 1
    path.write_bytes(data)
    assert "VERIFY_DAMAGED" in codes(verify(filled, city.FLOW, "test"))


def test_a_file_of_another_size_or_with_other_rows_is_told(filled: Ground) -> None:
    path, other = files(filled)[:2]
    pq.write_table(pq.read_table(other).slice(1), path)
    found = codes(verify(filled, city.FLOW, "test"))
    assert found == ["VERIFY_ROWS", "VERIFY_ROWS_OF_DELIVERY", "VERIFY_SIZE"]


def test_a_quarantine_that_lost_a_row_and_counts_that_do_not_add_up_are_told(filled: Ground) -> None:
    files(filled, quarantine_key(city.FLOW))[0].unlink()
    assert codes(verify(filled, city.FLOW, "test")) == ["VERIFY_MISSING", "VERIFY_ROWS_OF_DELIVERY"]
    with write(filled.engine) as connection:
        wrong = tables.delivery.update().where(tables.delivery.c.dataset == city.HOSPITALS)
        connection.execute(wrong.values(duplicates=sa.text("duplicates + 1")))
    done = verify(filled, city.HOSPITALS, "test")
    assert [flaw.code for flaw in done.flaws] == ["VERIFY_BALANCE", "VERIFY_BALANCE"]


def test_statistics_of_a_personal_column_are_told(filled: Ground) -> None:
    # Somebody sees, late, what the column is: files that tell its extremes are told until they are rewritten.
    with write(filled.engine) as connection:
        body = connection.execute(sa.select(RESOURCE.c.body).where(RESOURCE.c.id == city.FLOW)).scalar_one()
        for item in body["items"]:
            item["grade"] = 4 if item["name"] == "speed" else item["grade"]
        connection.execute(RESOURCE.update().where(RESOURCE.c.id == city.FLOW).values(body=body))
    done = verify(filled, city.FLOW, "test")
    assert codes(done) == ["VERIFY_STATISTICS"]
    assert all("speed" in flaw.said.en for flaw in done.flaws)
    maintain.compact(filled, city.FLOW, "test")
    maintain.expire(filled, city.FLOW, "test", days=0)
    assert verify(filled, city.FLOW, "test").flaws == []


def test_a_stray_file_is_told_once_it_is_older_than_what_is_kept(filled: Ground) -> None:
    filled.store.put_bytes(f"{KEY}/left-behind.parquet", b"x")
    assert verify(filled, city.FLOW, "test").flaws == []
    stray = filled.store.local(f"{KEY}/left-behind.parquet")
    assert stray is not None
    old = (filled.now() - timedelta(days=31)).timestamp()
    os.utime(stray, (old, old))
    assert codes(verify(filled, city.FLOW, "test")) == ["VERIFY_STRAY"]


def test_a_lost_or_damaged_commit_is_told(filled: Ground) -> None:
    filled.store.put_bytes(f"{KEY}/_delta_log/{2:020d}.json", b"{}}")
    with pytest.raises(Unavailable, match=r"LAKE_TABLE_FAILED|LAKE_LOG_DAMAGED"):
        verify(filled, city.FLOW, "test")
    filled.store.delete(f"{KEY}/_delta_log/{2:020d}.json")
    with pytest.raises(Unavailable, match=r"LAKE_TABLE_FAILED"):
        verify(filled, city.FLOW, "test")
    behind_a_checkpoint = [Logged(version, {}, (), ()) for version in (0, 1, 3)]
    assert gaps(behind_a_checkpoint) == [2]


@pytest.fixture
def environ(filled: Ground) -> dict[str, str]:
    filled.close()
    return {"HUB_HOME": str(filled.home), "HUB_DEMO": "1", "HUB_LANG": "en"}


def test_the_command_exits_1_with_a_sentence_a_fault(environ: dict[str, str]) -> None:
    def run(*arguments: str) -> Any:
        command = ["verify", city.FLOW, *arguments]
        return CliRunner().invoke(lake_commands, command, env=environ, catch_exceptions=False, standalone_mode=False)

    good = run()
    assert good.return_value == 0
    assert good.stdout == f"{city.FLOW}: everything fits; 6 files, 33 rows, 3 deliveries\n"
    with open_ground(environ) as ground:
        files(ground)[0].unlink()
    bad = run("--json")
    assert bad.return_value == 1
    told = json.loads(bad.stdout)
    assert (told["ok"], {one["code"] for one in told["faults"]}) == (
        False,
        {"VERIFY_MISSING", "VERIFY_ROWS_OF_DELIVERY"},
    )
    with pytest.raises(Exception, match="PERSON_ROLE"):
        run("--as", "officer_zhongyuan")
