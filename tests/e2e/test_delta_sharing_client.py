"""The unmodified `delta-sharing` client, in an environment of its own, against our server: on a folder and on S3."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lake_city as city
import pytest
from shared_table import a_shared_table

from catalogs.people.people import person
from infra.database import write
from infra.ground import Ground
from lake.ingest import Session, ingest
from lake.restore.restore import Asked, restore
from lake.store.delta import curated_key
from sharing.access.serving import Serving, serve_in_thread
from sharing.tables import extract, grant, token

FIRM = Path(__file__).resolve().parents[2] / ".firm/bin/python"
ROWS = 2_000

pytestmark = [
    pytest.mark.judge,
    pytest.mark.skipif(not FIRM.exists(), reason="the firm's environment is made by `infra/setup.py test`"),
]


@pytest.fixture
def served(city_ground: Ground, tmp_path: Path) -> Iterator[tuple[Ground, Serving, Path]]:
    bearer = a_shared_table(city_ground, files=4, rows=ROWS)
    with serve_in_thread(city_ground) as serving:
        profile = tmp_path / "grant.share"
        said = {"shareCredentialsVersion": 1, "endpoint": serving.endpoint, "bearerToken": bearer}
        profile.write_text(json.dumps(said))
        yield city_ground, serving, profile


def firm(profile: Path, code: str) -> Any:
    """Run `code` as the firm does: their Python, their client, nothing of ours; it prints one JSON document."""
    script = f"import json, delta_sharing as ds\nprofile = {str(profile)!r}\nclient = ds.SharingClient(profile)\n{code}"
    environ = {"HOME": str(profile.parent), "PATH": "/usr/bin:/bin"}
    ran = subprocess.run([FIRM, "-c", script], capture_output=True, text=True, timeout=120, check=False, env=environ)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_it_lists_what_was_granted(served: tuple[Ground, Serving, Path]) -> None:
    *_, profile = served
    code = """
shares = client.list_shares()
schemas = [s for share in shares for s in client.list_schemas(share)]
tables = [t for schema in schemas for t in client.list_tables(schema)]
assert tables == client.list_all_tables()
print(json.dumps([[t.share, t.schema, t.name] for t in tables]))
"""
    assert firm(profile, code) == [["case-1", "zhongyuan", "visits"]]


def test_it_loads_the_table_as_pandas_and_the_rows_are_the_stored_rows(served: tuple[Ground, Serving, Path]) -> None:
    *_, profile = served
    code = """
frame = ds.load_as_pandas(profile + "#case-1.zhongyuan.visits")
print(json.dumps([len(frame), list(frame.columns), int(frame.visits.sum()), str(frame.visits.dtype), str(frame.day[0]),
                  ds.get_table_version(profile + "#case-1.zhongyuan.visits")]))
"""
    columns = ["day", "visits", "note"]
    assert firm(profile, code) == [ROWS, columns, ROWS * (ROWS - 1) // 2, "int64", "1970-01-01", 1]


def test_limits_hints_and_batches_are_understood(served: tuple[Ground, Serving, Path]) -> None:
    *_, profile = served
    code = """
url = profile + "#case-1.zhongyuan.visits"
hint = json.dumps({"op": "equal", "children": [{"op": "column", "name": "visits", "valueType": "int"},
                                               {"op": "literal", "value": "3", "valueType": "int"}]})
print(json.dumps([len(ds.load_as_pandas(url, limit=7)), len(ds.load_as_pandas(url, limit=0)),
                  len(ds.load_as_pandas(url, limit=700)), len(ds.load_as_pandas(url, jsonPredicateHints=hint)),
                  len(ds.load_as_pandas(url, convert_in_batches=True)), ds.get_table_metadata(url).format.provider]))
"""
    assert firm(profile, code) == [7, 0, 700, ROWS, ROWS, "parquet"]


def test_it_is_told_why_it_is_refused(served: tuple[Ground, Serving, Path]) -> None:
    ground, _, profile = served
    code = """
try:
    ds.load_as_pandas(profile + "#%s.zhongyuan.visits")
    said = "loaded"
except Exception as error:
    said = str(error)
print(json.dumps(said))
"""
    assert "SHARE_UNKNOWN" in firm(profile, code % "case-2")
    with write(ground.engine) as connection:
        connection.execute(grant.update().values(revoked_at=ground.now()))
    assert "SHARE_REVOKED" in firm(profile, code % "case-1")
    with write(ground.engine) as connection:
        connection.execute(token.update().values(hash="0" * 64))
    assert "SHARE_TOKEN" in firm(profile, code % "case-1")


def test_history_and_changes_are_refused_in_words(served: tuple[Ground, Serving, Path]) -> None:
    *_, profile = served
    code = """
said = []
for call in (lambda: ds.load_as_pandas(profile + "#case-1.zhongyuan.visits", version=0),
             lambda: ds.load_table_changes_as_pandas(profile + "#case-1.zhongyuan.visits", starting_version=0)):
    try:
        call()
        said.append("loaded")
    except Exception as error:
        said.append(str(error))
print(json.dumps(said))
"""
    said = firm(profile, code)
    assert "history is not" in said[0]
    assert "SHARE_UNSUPPORTED" in said[1]


def test_a_table_that_was_upserted_and_put_back_is_read_as_it_stands(ground: Ground, tmp_path: Path) -> None:
    bearer = a_shared_table(city.stock(ground), files=1, rows=1)
    city.upserting(ground, tmp_path / "contracts")
    with Session(ground) as session:
        for at, lines in enumerate(([city.line(n) for n in range(6)], [city.line(2, flow=7)], [city.line(3, flow=9)])):
            path = city.flow_file(tmp_path / f"{at}.csv", lines)
            ingest(ground, city.FLOW, path, actor="test", session=session)
    done = restore(ground, person(ground.engine, "engineer_li"), Asked(city.FLOW, 2, "the third was wrong")).done
    assert done is not None
    with write(ground.engine) as connection:
        connection.execute(extract.update().values(table_key=curated_key(city.FLOW), version=done["version"]))
    with serve_in_thread(ground) as serving:
        profile = tmp_path / "grant.share"
        said = {"shareCredentialsVersion": 1, "endpoint": serving.endpoint, "bearerToken": bearer}
        profile.write_text(json.dumps(said))
        code = """
frame = ds.load_as_pandas(profile + "#case-1.zhongyuan.visits").sort_values("observed_at")
print(json.dumps([frame.flow.tolist(), ds.get_table_version(profile + "#case-1.zhongyuan.visits")]))
"""
        assert firm(profile, code) == [[10, 10, 7, 10, 10, 10], done["version"]]
