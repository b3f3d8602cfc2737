"""The audit: parts and single expectations agree, errors count as broken, few rows are held, nothing is written."""

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.compile import compile as make
from contracts.odcs import load
from contracts.parse import parse
from contracts.suite import Expectation, suite
from infra.errors import Unavailable
from infra.ground import sample_city
from lake.audit.audit import Auditor
from lake.audit.verdict import ROWS, parts
from lake.store.duck import Duck, LakeSettings

SECRET = "CANARY-2e80"


@pytest.fixture(scope="module")
def auditor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Auditor]:
    with Duck(tmp_path_factory.mktemp("duck"), LakeSettings()) as duck, Auditor(duck) as made:
        yield made


def parquet(path: Path, **columns: list[object]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


BOUNDS = {"column": "a", "min_value": 0, "max_value": 9}
VALUES = {"column": "b", "value_set": ["x", "it's", "{y}"]}
EXPECTATIONS = (
    Expectation(
        "expect_table_columns_to_match_set", {"column_set": ["a", "b"], "exact_match": False}, "block", "columns"
    ),
    Expectation("expect_column_values_to_not_be_null", {"column": "a"}, "block", "a.required"),
    Expectation(
        "expect_column_values_to_be_between", {"column": "a", "min_value": 0, "max_value": 9}, "block", "a.range"
    ),
    Expectation(
        "expect_column_values_to_be_in_set", {"column": "b", "value_set": ["x", "it's", "{y}"]}, "warn", "b.values"
    ),
    Expectation(ROWS, {"unexpected_rows_query": "SELECT 1 AS failed FROM {batch} WHERE a = 7"}, "block", "seven"),
    Expectation(
        ROWS,
        {"unexpected_rows_query": "SELECT 1 AS failed FROM {batch} WHERE a IS NOT NULL GROUP BY a HAVING count(*) > 1"},
        "block",
        "unique",
    ),
    Expectation("expect_table_row_count_to_be_between", {"min_value": 2, "max_value": None}, "block", "rows"),
)


def test_a_suite_is_asked_in_few_parts() -> None:
    made = parts(EXPECTATIONS)
    assert len(made) == 3
    assert sorted(at for part in made for at in part.covers) == list(range(len(EXPECTATIONS)))


@pytest.mark.parametrize(
    ("a", "b", "broken"),
    [
        ([1, 2], ["x", "it's"], {}),
        ([1, 2], ["x", None], {}),
        ([1, 2], ["x", "{y}"], {}),
        ([1, None], ["x", "x"], {"a.required": 1}),
        ([1, 11], ["x", SECRET], {"a.range": 1, "b.values": 1}),
        ([7, 7], ["x", "x"], {"seven": 2, "unique": 1}),
        ([1], ["x"], {"rows": None}),
        (list(range(10)) * 500, ["z"] * 5000, {"b.values": 5000, "seven": 500, "unique": 10}),
    ],
)
def test_every_broken_rule_is_named_and_counted(
    auditor: Auditor, tmp_path: Path, a: list[object], b: list[object], broken: dict[str, int | None]
) -> None:
    verdict = auditor.audit(EXPECTATIONS, [parquet(tmp_path / "f.parquet", a=a, b=b)])
    assert {found.rule: found.count for found in verdict.findings if not found.kept} == broken
    assert {found.rule for found in verdict.warnings} == {"b.values"} & set(broken)
    assert SECRET not in repr(verdict)


def test_a_table_of_many_columns_is_audited_by_all_of_them(auditor: Auditor, tmp_path: Path) -> None:
    names = [f"c{at}" for at in range(1_200)]
    asked = Expectation("expect_table_columns_to_match_set", {"column_set": names, "exact_match": True}, "block", "set")
    path = parquet(tmp_path / "f.parquet", **{key: [1] for key in names})
    assert auditor.audit([asked], [path]).blocking == ()


def test_what_cannot_be_evaluated_counts_as_broken(auditor: Auditor, tmp_path: Path) -> None:
    wrong = (*EXPECTATIONS, Expectation("expect_column_values_to_not_be_null", {"column": "gone"}, "block", "gone"))
    verdict = auditor.audit(wrong, [parquet(tmp_path / "f.parquet", a=[1, 2], b=["x", "x"])])
    assert [(found.rule, found.error) for found in verdict.blocking] == [("gone", True)]


def test_no_verdict_is_an_error_without_values(auditor: Auditor, tmp_path: Path) -> None:
    path = tmp_path / f"{SECRET}.parquet"
    path.write_bytes(b"PAR1 no parquet")
    with pytest.raises(Unavailable, match="AUDIT_FAILED") as caught:
        auditor.audit(EXPECTATIONS, [path])
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("path", sorted((sample_city() / "contracts").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_contract_of_the_city_fits_few_parts(path: Path) -> None:
    contract = parse(load(path)[0])[0]  # type: ignore[arg-type]
    assert contract is not None
    from datetime import UTC, datetime

    assert len(parts(suite(make(contract), datetime(2026, 5, 1, tzinfo=UTC)))) <= 4


def test_nothing_is_written_outside(auditor: Auditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with Duck(tmp_path, LakeSettings()) as duck, Auditor(duck) as made:
        made.audit(EXPECTATIONS, [parquet(tmp_path / "f.parquet", a=[1, 2], b=["x", "x"])])
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert not (tmp_path / "nowhere").exists()
