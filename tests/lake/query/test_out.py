"""The forms of an answer, and `hub query` as a person and a program use it."""

import contextlib
import csv
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import lake_city
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from infra.ground import Ground, open_ground
from lake.ingest import ingest
from lake.query.out import document, text, write
from lake.query.query import Result

ROWS = pa.table(
    {
        "who": ["=1+1", "＠x", "plain", None],
        "n": pa.array([-1, 2, None, 4], pa.int64()),
        "cost": pa.array([Decimal("1.50"), None, Decimal("-0.10"), Decimal("3.00")], pa.decimal128(9, 2)),
        "at": pa.array([datetime(2026, 1, 1, 16, tzinfo=UTC)] * 4, pa.timestamp("us", "UTC")),
        "x": pa.array([1.5, float("nan"), float("inf"), None]),
    }
)
RESULT = Result(tuple(ROWS.schema.names), ROWS, {"a.b.c": 3}, ("a.b.c/secret",), (), False, None)


def written(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / f"answer.{kind}"
    write(RESULT, kind, path, "en")
    assert path.stat().st_mode & 0o077 == 0
    assert [path] == list(tmp_path.iterdir())
    return path


def test_csv_runs_nothing_in_a_spreadsheet_and_leaves_numbers_alone(tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(written(tmp_path, "csv").read_text("utf-8"))))
    assert rows[0] == ["who", "n", "cost", "at", "x"]
    assert rows[1] == ["'=1+1", "-1", "1.50", "2026-01-02 00:00:00+08:00", "1.5"]
    assert rows[2][0] == "'＠x"
    assert rows[3][2] == "-0.10"


def test_parquet_and_arrow_keep_every_value(tmp_path: Path) -> None:
    stored = pq.read_table(written(tmp_path, "parquet"))
    assert stored.drop_columns(["x"]).equals(ROWS.drop_columns(["x"]))
    (tmp_path / "answer.parquet").unlink()
    with pa.ipc.open_stream(written(tmp_path, "arrow")) as stream:
        assert stream.read_all().schema == ROWS.schema


def test_json_is_one_strict_document(tmp_path: Path) -> None:
    told = json.loads(written(tmp_path, "json").read_text("utf-8"), parse_constant=pytest.fail)
    assert told == document(RESULT, "en")
    assert told["rows"][1] == ["＠x", 2, None, "2026-01-02 00:00:00+08:00", None]
    assert told["rows"][0][2] == "1.50"
    assert told["masked"] == ["a.b.c/secret"]


def test_the_table_moves_no_cursor() -> None:
    evil = pa.table({"a": ["\x1b[2Jboo"]})
    assert "\x1b" not in text(Result(("a",), evil, {}, (), (), False, None))


def test_parquet_takes_a_name_that_comes_twice(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    write(Result(("a", "a"), twice, {}, (), (), False, None), "parquet", tmp_path / "t.parquet", "en")
    assert pq.read_table(tmp_path / "t.parquet").column_names == ["a", "a_2"]


def hub(ground: Ground, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "HUB_HOME": str(ground.home), "HUB_DEMO": "1", "HUB_LANG": "en"},
        check=False,
    )


def test_the_command(ground: Ground, tmp_path: Path) -> None:
    from catalogs.register import register_city

    register_city(ground, ground.city, "test")
    told = hub(ground, "query", "SELECT 1 AS one, 'zwei' AS two", "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["columns"] == ["one", "two"]
    assert json.loads(told.stdout)["rows"] == [[1, "zwei"]]
    refused = hub(ground, "query", "COPY (SELECT 1) TO 'x'", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error"]["code"]) == (2, "QUERY_NOT_SELECT")
    assert "Traceback" not in refused.stderr
    person = hub(ground, "query", "SELECT 1 AS one", "--out", str(tmp_path / "a.csv"))
    assert (tmp_path / "a.csv").read_bytes() == b"one\r\n1\r\n"
    assert "1 row" in person.stderr
    wrong = hub(ground, "query", "SELECT 1", "--as-of", "yesterday")
    assert (wrong.returncode, wrong.stderr.split(":")[0]) == (2, "QUERY_AS_OF")


@pytest.fixture(scope="module")
def flowing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A city with 300 rows of road flow, which its tests only read."""
    folder = tmp_path_factory.mktemp("flowing")
    with open_ground({"HUB_HOME": str(folder / "home"), "HUB_DEMO": "1"}, create=True) as ground:
        ground.prepare()
        lake_city.stock(ground)
        path = lake_city.flow_file(folder / "a.csv", [lake_city.line(i) for i in range(300)])
        assert ingest(ground, lake_city.FLOW, path, actor="test").published == 300
        yield ground


FLOW = "SELECT detector_id, road_name FROM jinshui.traffic_road_flow"
# To a file, to a pipe or to a terminal: which of them takes data away.
TAKEN = [
    (["--out", "OUT.parquet"], "pipe"), (["--out", "OUT.txt", "--limit", "1"], "terminal"),
    (["--format", "parquet"], "file"), (["--format", "arrow"], "pipe"), (["--format", "csv"], "pipe"),
    (["--format", "csv"], "terminal"), (["--json"], "pipe"), (["--json"], "file"), (["--format", "json"], "file"),
    (["--limit", "300"], "file"), (["--format", "table", "--limit", "201"], "pipe"),
]  # fmt: skip
READ = [
    ([], "pipe"), ([], "terminal"), (["--limit", "200"], "file"), (["--limit", "300"], "terminal"),
    (["--json"], "terminal"),
]  # fmt: skip


def answered(ground: Ground, folder: Path, asked: tuple[list[str], str], reader: str) -> tuple[str, int]:
    """What the command left in `folder` or printed, and its status."""
    words, where = asked
    words = [str(folder / word) if word.startswith("OUT") else word for word in words]
    command = [sys.executable, "-m", "hub", "query", FLOW, *words, "--as", reader]
    environ = {**os.environ, "HUB_HOME": str(ground.home), "HUB_DEMO": "1", "HUB_LANG": "en"}
    if where == "terminal":
        ours, theirs = pty.openpty()
        with subprocess.Popen(command, env=environ, stdout=theirs, stderr=subprocess.PIPE) as ran:
            os.close(theirs)
            said = b""
            with contextlib.suppress(OSError):  # a terminal whose other side is gone says so by an error
                while part := os.read(ours, 65536):
                    said += part
            told = ran.stderr.read() if ran.stderr else b""
        os.close(ours)
        status = ran.returncode
    else:
        target = folder / "stdout"
        with target.open("wb") as file:
            out = file if where == "file" else subprocess.PIPE
            done = subprocess.run(command, env=environ, stdout=out, stderr=subprocess.PIPE, check=False)
        said, told, status = done.stdout or target.read_bytes(), done.stderr, done.returncode
    left = b"".join(path.read_bytes() for path in folder.glob("OUT*"))
    return (said + left).decode("utf-8", "replace") + (told.decode() if status else ""), status


def entered(ground: Ground) -> list[bool]:
    """Whether each read that the ledger holds was an export, in their order."""
    reads = [one for one in reversed(ground.ledger.entries(count=1000)) if b"lake:table:read" in one.body]
    return [bool(json.loads(one.content or b"{}")["export"]) for one in reads]


@pytest.mark.parametrize("asked", TAKEN, ids=lambda asked: f"{' '.join(asked[0])} {asked[1]}")
def test_what_is_taken_away_is_an_export(flowing: Ground, tmp_path: Path, asked: tuple[list[str], str]) -> None:
    """The sample city's operators look at screens and export nothing; its engineers may, and the ledger says so."""
    before = entered(flowing)
    (tmp_path / "no").mkdir()
    said, status = answered(flowing, tmp_path / "no", asked, "operator_sun")
    assert (status, "QUERY_DENIED" in said) == (1, True)
    assert "export nothing" in said
    assert "look at it as a table" in said
    assert "中州大道" not in said
    assert entered(flowing) == before
    said, status = answered(flowing, tmp_path, asked, "engineer_li")
    assert status == 0, said
    assert entered(flowing) == [*before, True]


@pytest.mark.parametrize("asked", READ, ids=lambda asked: f"{' '.join(asked[0])} {asked[1]}")
def test_what_is_read_on_a_screen_is_not(flowing: Ground, tmp_path: Path, asked: tuple[list[str], str]) -> None:
    before = entered(flowing)
    said, status = answered(flowing, tmp_path, asked, "operator_sun")
    assert status == 0, said
    assert "中州大道" in said
    assert entered(flowing) == [*before, False]
