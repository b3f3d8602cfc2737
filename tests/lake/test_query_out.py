"""The forms of an answer, and `hub query` as a person and a program use it."""

import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from infra.ground import Ground
from lake.query import Result
from lake.query_out import document, text, write

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
