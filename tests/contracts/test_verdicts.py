"""The split and the audit reach the same verdict, rule by rule and to the count, whatever the rows are."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts import compile as compiling
from contracts.casts import typed_sql
from contracts.compile import Compiled, split_sql, suite
from contracts.model import Column, Step
from contracts.odcs import load
from contracts.parse import parse
from lake.audit.audit import Auditor, Finding
from lake.store.duck import Duck, LakeSettings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SAID = "customProperties: [{property: cityhub.sentence, value: {zh: 不对。, en: Wrong.}}]"


def _rule(text: str, severity: str = "quarantine", name: str = "") -> str:
    named = f"id: {name}, " if name else ""
    return f"{{{named}type: custom, engine: cityhub, severity: {severity}, implementation: {{{text}}}, {SAID}}}"


def _property(name: str, kind: str, *rules: str, more: str = "") -> str:
    logical = {"decimal(8,2)": "number", "json": "string"}.get(kind, kind)
    listed = ", ".join(rules)
    return f"      - {{name: {name}, logicalType: {logical}, physicalType: '{kind}'{more}, quality: [{listed}]}}"


YAML = "\n".join(
    [
        "version: 1.0.0\nkind: DataContract\napiVersion: v3.1.0\nid: a.b.c\nstatus: active\nschema:\n  - name: c",
        "    customProperties: [{property: cityhub.mode, value: append}]\n    properties:",
        _property(
            "word",
            "string",
            _rule("rule: pattern, pattern: '[a-z]{1,3}(?:\\d|é)?'"),
            _rule("rule: length, min: 2, max: 3"),
            _rule("rule: enumeration, values: [ab, 'x:y', \"it's\", '50%', abc, '{n}']"),
            more=", required: true",
        ),
        _property(
            "whole", "integer", _rule("rule: range, min: -5, max: 10"), _rule("rule: enumeration, values: [1, 2, 3]")
        ),
        _property("real", "number", _rule("rule: range, exclusive_min: 0, max: 1.5")),
        _property("money", "decimal(8,2)", _rule("rule: range, min: 0, exclusive_max: 100.5")),
        _property("day", "date", _rule("rule: range, min: '2020-01-01', max: '2020-12-31'")),
        _property("seen", "timestamp", _rule("rule: range, min: '2020-01-01 00:00:00'"), more=", required: true"),
        _property("lng", "number"),
        _property("lat", "number"),
        _property("sure", "boolean"),
        "    quality:",
        *(
            f"      - {rule}"
            for rule in (
                _rule(
                    "rule: window, longitude: lng, latitude: lat, west: 1, east: 2, south: 3, north: 4", "warn", "box"
                ),
                _rule('rule: expression, holds: "whole * 2 >= real OR sure"', "quarantine", "relation"),
                _rule("rule: expression, holds: \"seen < TIMESTAMP '2020-06-01 00:30:00'\"", "block", "before"),
                _rule('rule: expression, holds: "whole + 9223372036854775800 > 0"', "quarantine", "overflow"),
                _rule("rule: row_count, min: 1, max: 250", "block"),
                _rule("rule: unique, columns: [word, whole]", "warn"),
                _rule("rule: null_share, column: real, max: 0.25", "warn"),
                _rule("rule: distinct, column: word, min: 1, max: 3", "warn"),
                _rule("rule: sum, column: whole, min: -10, max: 50", "warn"),
                _rule("rule: sum_relation, left: [lng], right: [lat], tolerance: 1.5", "warn"),
                _rule("rule: freshness, column: seen, max_age_hours: 48", "warn"),
                _rule("rule: gaps, column: seen, max_minutes: 90", "warn"),
                _rule("rule: gaps, column: day, max_minutes: 1440", "warn", "days"),
                _rule(
                    "rule: total, column: whole, of: word, total: ab, by: [day], when: {column: sure, is: true}", "warn"
                ),
                _rule('rule: complete, column: word, values: [ab, "it\'s"], when: {column: sure, is: true}', "warn"),
            )
        ),
    ]
)
COLUMNS = ("word", "whole", "real", "money", "day", "seen", "lng", "lat", "sure")
GOOD = ("ab", "1", "1.0", "5.25", "2020-05-05", "2020-05-05 08:00:00", "1.5", "3.5", "true")


def _text(*choices: str) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(choices)


ROWS = st.lists(
    st.tuples(
        _text("ab", "abc", "x:y", "it's", "50%", "{n}", "a", "abcd", "é", "郑州", "aé", "'; --"),
        _text("1", "2", "3", "-5", "10", "-6", "11", "007", "2.0", "1.5", "x", "9223372036854775807"),
        _text("1", "1.5", "1.50001", "0", "-0.1", "nan", "inf", "1e400", "x"),
        _text("0", "100.49", "100.50", "-0.01", "5.555", "x"),
        _text("2020-01-01", "2019-12-31", "2020-12-31", "2021-01-01", "2020-02-30", "1899-01-01"),
        _text(
            "2020-01-01 07:59:59",
            "2020-01-01 08:00:00",
            "2020-06-01 08:29:59",
            "2020-06-01 08:30:00",
            "2026-02-28 12:00:00",
            "2020-01-01T00:00:00Z",
            "x",
        ),
        _text("1", "1.5", "2", "2.1", "0.9"),
        _text("3", "3.5", "4", "4.1", "2.9"),
        _text("true", "false", "?"),
    ),
    max_size=30,
)


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    document, faults = load(YAML)
    assert faults == []
    assert document is not None
    contract, faults = parse(document)
    assert [one.sentence("en") for one in faults] == []
    assert contract is not None
    return compiling.compile(contract)


@pytest.fixture(scope="module")
def auditor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Auditor]:
    with Duck(tmp_path_factory.mktemp("audit"), LakeSettings()) as duck, Auditor(duck) as made:
        yield made


class Both:
    """Rows through the split, and what of them could be typed as a file for the audit."""

    def __init__(self, compiled: Compiled, rows: list[tuple[str | None, ...]], file: Path) -> None:
        self.compiled = compiled
        self.connection = duckdb.connect(":memory:")
        raw = pa.table({name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(COLUMNS)})
        self.connection.register("raw", raw)
        source = "SELECT *, NULL::VARCHAR AS _extra, NULL::VARCHAR AS _fault FROM raw"
        self.connection.execute(f"CREATE TABLE split AS {split_sql(compiled, source)}")
        types = sum(1 << at for at, rule in enumerate(compiled.rules) if rule.kind == "type")
        self.connection.execute(f"DELETE FROM split WHERE (_mask0 & {types}::UBIGINT) <> 0")
        columns = ", ".join(f"{name}::TIMESTAMPTZ AS {name}" if name == "seen" else name for name in COLUMNS)
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute(f"COPY (SELECT {columns} FROM split) TO '{file}' (FORMAT parquet)")

    def broken(self, at: int) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM split WHERE (_mask0 >> {at}) & 1 = 1").fetchone()
        assert row is not None
        return int(row[0])

    def rows(self) -> list[dict[str, Any]]:
        found = self.connection.execute(f"SELECT {', '.join(COLUMNS)} FROM split").fetchall()
        return [dict(zip(COLUMNS, row, strict=True)) for row in found]


def _check(compiled: Compiled, auditor: Auditor, rows: list[tuple[str | None, ...]], folder: Path) -> list[Finding]:
    file = folder / "batch.parquet"
    both = Both(compiled, rows, file)
    verdict = auditor.audit(suite(compiled, NOW), [file])
    found = {one.rule: one for one in verdict.findings}
    assert not [one for one in verdict.findings if one.error]
    for at, rule in enumerate(compiled.rules):
        if rule.kind != "type":
            assert found[rule.id].kept == (both.broken(at) == 0), rule.id
            assert found[rule.id].count in (both.broken(at), None), rule.id
            assert found[rule.id].severity == ("warn" if rule.severity == "warn" else "block")
    assert {rule: found[rule].kept for rule in _tables(both.rows())} == _tables(both.rows())
    assert found["types"].kept
    assert found["columns"].kept
    both.connection.close()
    return list(verdict.findings)


def _tables(rows: list[dict[str, Any]]) -> dict[str, bool]:
    """The table rules once more, in Python."""
    pairs = [(row["word"], row["whole"]) for row in rows if row["word"] is not None and row["whole"] is not None]
    wholes = [row["whole"] for row in rows if row["whole"] is not None]
    lngs, lats = ([row[name] for row in rows if row[name] is not None] for name in ("lng", "lat"))
    ats = sorted({row["seen"] for row in rows if row["seen"] is not None})
    days = sorted({row["day"] for row in rows if row["day"] is not None})
    words = {row["word"] for row in rows}

    def summed(day: Any) -> bool:
        group = [row for row in rows if row["day"] == day and row["sure"] and row["word"] and row["whole"] is not None]
        parts, whole = ([row["whole"] for row in group if (row["word"] == "ab") is total] for total in (False, True))
        return not parts or not whole or sum(parts) == sum(whole)

    steps = [later - earlier for earlier, later in itertools.pairwise(ats)]
    return {
        "row_count": 1 <= len(rows) <= 250,
        "unique": len(set(pairs)) == len(pairs),
        "null_share": sum(row["real"] is None for row in rows) <= 0.25 * len(rows),
        "distinct": 1 <= len(words - {None}) <= 3,
        "sum": not wholes or -10 <= sum(wholes) <= 50,
        "sum_relation": not lngs or not lats or abs(sum(lngs) - sum(lats)) <= 1.5,
        "freshness": not ats or ats[-1].replace(tzinfo=UTC) >= NOW - timedelta(hours=48),
        "gaps": all(step <= timedelta(minutes=90) for step in steps),
        "days": all(step <= timedelta(days=1) for step in (b - a for a, b in itertools.pairwise(days))),
        "total": all(summed(day) for day in {row["day"] for row in rows}),
        "complete": not any(row["sure"] for row in rows) or {"ab", "it's"} <= words,
    }


@settings(deadline=None, max_examples=30)
@given(rows=ROWS)
@example(rows=[])
@example(rows=[GOOD, ("abc", *GOOD[1:]), ("abcd", "2", *GOOD[2:])])
@example(rows=[(None,) * 9])
@example(rows=[(None,) * 9] * 250)
@example(rows=[GOOD])
@example(rows=[("zzzz", "99", "9", "999", "1999-01-01", "2031-01-01 00:00:00", "9", "9", "false")] * 21)
@example(rows=[("zzzz", "99", "9", "999", "1999-01-01", "2031-01-01 00:00:00", "9", "9", "false")] * 201 + [GOOD] * 3)
@example(rows=[("ab", "9223372036854775807", "1", None, None, "2020-05-05 08:00:00", None, None, None)])
def test_split_and_audit_reach_the_same_verdict(
    compiled: Compiled,
    auditor: Auditor,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str | None, ...]],
) -> None:
    _check(compiled, auditor, rows, tmp_path_factory.mktemp("batch"))


def test_a_row_corrupted_after_the_split_is_found_by_the_audit(
    compiled: Compiled, auditor: Auditor, tmp_path: Path
) -> None:
    findings = _check(compiled, auditor, [GOOD], tmp_path)
    assert not [one for one in findings if not one.kept and one.severity == "block"]
    broken = tmp_path / "broken.parquet"
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        batch = f"SELECT * REPLACE (11::BIGINT AS whole) FROM '{tmp_path}/batch.parquet'"
        connection.execute(f"COPY ({batch}) TO '{broken}' (FORMAT parquet)")
    verdict = auditor.audit(suite(compiled, NOW), [broken])
    assert {one.rule for one in verdict.blocking} == {"whole.range", "whole.enumeration"}


def test_a_file_of_other_types_is_found_by_the_audit(compiled: Compiled, auditor: Auditor, tmp_path: Path) -> None:
    _check(compiled, auditor, [GOOD], tmp_path)
    other = tmp_path / "other.parquet"
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        batch = f"SELECT * REPLACE (whole::VARCHAR AS whole) FROM '{tmp_path}/batch.parquet'"
        connection.execute(f"COPY ({batch}) TO '{other}' (FORMAT parquet)")
    assert "types" in {one.rule for one in auditor.audit(suite(compiled, NOW), [other]).blocking}


TEXTS = {
    "whole": {"1.5": None, "2.0": 2, "1e2": 100, "0x10": None, " 7 ": 7, "007": 7, "１２": None, "": None},
    "real": {"nan": None, "inf": None, "1e400": None, "1.": 1.0, "1,000": None},
    "money": {"5.25": "5.25", "5.255": None, "1234567.00": None},
    "day": {
        "2020-05-05": date(2020, 5, 5),
        "2020/5/5": date(2020, 5, 5),
        "2020-02-30": None,
        "20200505": None,
        "epoch": None,
    },
    "seen": {
        "2020-05-05 08:00:00": "2020-05-05 00:00:00",
        "2020-05-05T08:00:00+08:00": "2020-05-05 00:00:00",
        "2020-05-05T00:00:00Z": "2020-05-05 00:00:00",
        "2020-05-05 08:00:00.250": "2020-05-05 00:00:00.250000",
        "infinity": None,
        "-infinity": None,
        "epoch": None,
        "2020-05-05 25:00:00": None,
    },
}


@pytest.mark.parametrize(("column", "text"), [(column, text) for column, texts in TEXTS.items() for text in texts])
def test_texts_become_values_strictly_in_any_session_time_zone(compiled: Compiled, column: str, text: str) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        fields = ", ".join("$1 AS " + name if name == column else f"NULL::VARCHAR AS {name}" for name in COLUMNS)
        source = f"SELECT {fields}, NULL::VARCHAR AS _extra, NULL::VARCHAR AS _fault"
        row = connection.execute(
            f"SELECT {column}, _mask0, _raw FROM ({split_sql(compiled, source)})", [text]
        ).fetchone()
    assert row is not None
    wanted = TEXTS[column][text]
    assert row[0] is None if wanted is None else str(row[0]) == str(wanted)
    broken = {rule.id for rule in compiled.failed([row[1]])}
    assert (f"{column}.type" in broken) == (wanted is None)
    assert row[2] is not None  # `word` is missing: the record is kept as it came


@pytest.mark.parametrize(("zone", "utc"), [("-08:00", "16:00:00"), ("+08:00", "00:00:00"), ("UTC", "08:00:00")])
def test_a_text_without_a_zone_is_of_the_declared_one(zone: str, utc: str) -> None:
    column = Column("at", ("at",), "timestamp", "timestamp[us, UTC]", fields=("at",), steps=(Step("timezone", zone),))
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(
            f"SELECT {typed_sql(column, 'said', 'said')} FROM (SELECT $1 AS said)", ["2012-03-01 08:00:00"]
        ).fetchone()
    assert found is not None
    assert str(found[0]) == f"2012-03-01 {utc}"
