"""The split and the duplicates: every record in one place, whatever the lines and batches; who wins, who loses."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.values.model import Grade, Item, PersonalClass
from catalogs.values.words import ItemType, PersonalKind
from contracts.compile import compile as make
from contracts.model import Column, Contract, Duplicates, Field
from contracts.rules import row_rule
from lake.read.reading import read
from lake.split import split as splitting
from lake.split.duplicates import Staged, remove
from lake.split.split import Job, Split, split
from lake.store import schema
from lake.store.delta import LINE
from lake.store.duck import Duck, LakeSettings
from lake.store.parquet import ParquetFiles

SETTINGS = LakeSettings(rows_per_file=1_000)


def contract(**rule: Any) -> Contract:
    columns = (
        Column("k", ("k",), "integer", "int64", required=True, fields=("k",)),
        Column("v", ("v",), "string", "string", personal=True, fields=("v",)),
    )
    rules = [
        row_rule("k.type", "type", {}, column=columns[0], severity="quarantine", sentence=None),
        row_rule("k.required", "required", {}, column=columns[0], severity="quarantine", sentence=None),
        row_rule("k.range", "range", {"max": 900}, column=columns[0], severity="warn", sentence=None),
        row_rule("v.length", "length", {"max": 20}, column=columns[1], severity="block", sentence=None),
    ]
    fields = tuple(Field(column.name, column.names) for column in columns)
    return Contract(
        "a.b.c", "1.0.0", columns, fields, tuple(rules), (), "append", duplicates=Duplicates(key=("k",), **rule)
    )


def item(name: str, grade: Grade = Grade.GENERAL_1, personal: PersonalClass | None = None) -> Item:
    return Item(name, name, name, ItemType.STRING, grade, personal=personal)


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duck]:
    with Duck(tmp_path_factory.mktemp("duck"), SETTINGS) as made:
        yield made


def run(duck: Duck, folder: Path, text: str, promised: Contract | None = None) -> tuple[Job, Split]:
    path = folder / "in.csv"
    path.write_text(text, encoding="utf-8", newline="")
    compiled = make(promised or contract())
    plain = schema.plain_columns(compiled.contract, [item("k"), item("v")])
    job = Job(compiled, read(path, compiled, folder), 7, "d-1", folder, duck, SETTINGS, statistics=plain)
    return job, split(job)


def rows(files: Any) -> list[dict[str, Any]]:
    return [row for file in files for row in pq.read_table(file.path).to_pylist()]


def test_every_record_is_in_one_place_and_warnings_pass(duck: Duck, tmp_path: Path) -> None:
    lines = ["k,v", *(f"{i},x" for i in range(1000)), "oops,x", ",x", f"5,{'y' * 21}"]
    _, done = run(duck, tmp_path, "\n".join(lines) + "\n")
    assert (done.read, done.kept_rows, done.aside_rows) == (1003, 1000, 3)
    assert dict(done.broken) == {"k.type": 1, "k.required": 1, "k.range": 99, "v.length": 1}
    assert done.blocking == ("v.length",)
    assert [row[LINE] for row in rows(done.kept)] == list(range(2, 1002))
    aside = rows(done.aside)
    assert [(row[LINE], row["rules"]) for row in aside] == [
        (1002, ["k.type"]),
        (1003, ["k.required"]),
        (1004, ["v.length"]),
    ]
    assert aside[0]["raw"] == '{"k":"oops","v":"x"}'


def test_places_are_right_where_records_have_several_lines(duck: Duck, tmp_path: Path) -> None:
    _, done = run(duck, tmp_path, 'k,v\n1,"a\nb"\n2,c\n\nbad,"d\r\ne"\n4,f\n')
    assert [(row["k"], row[LINE]) for row in rows(done.kept)] == [(1, 2), (2, 4), (4, 8)]
    assert [row[LINE] for row in rows(done.aside)] == [6]


def test_files_end_after_so_many_rows_and_hold_no_personal_statistics(
    duck: Duck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.store.parquet._ROW_GROUP", 500)
    monkeypatch.setattr(splitting, "BATCH", 2048)
    _, done = run(duck, tmp_path, "k,v\n" + "".join(f"{i},x\n" for i in range(5000)))
    assert sum(file.rows for file in done.kept) == 5000
    assert len(done.kept) > 1
    assert [row["k"] for row in rows(done.kept)] == list(range(5000))
    for file in done.kept:
        meta = pq.read_metadata(file.path)
        names = {meta.row_group(0).column(at).path_in_schema: meta.row_group(0).column(at) for at in range(4)}
        assert names["k"].is_stats_set
        assert not names["v"].is_stats_set
        assert file.size == file.path.stat().st_size


def test_a_column_is_plain_when_register_and_contract_say_so() -> None:
    person = PersonalClass(PersonalKind.BASIC, sensitive=False)
    promised, ours = contract(), ("_delivery", "_line")
    for grade in Grade:
        low = grade in (Grade.GENERAL_1, Grade.GENERAL_2)
        assert schema.plain_columns(promised, [item("k", grade)]) == (*ours, *(["k"] if low else []))
    assert schema.plain_columns(promised, [item("k", personal=person)]) == ours
    assert schema.plain_columns(promised, [item("v")]) == ours, "the contract calls it personal"
    assert schema.plain_columns(promised, []) == ours, "nobody has graded it"


def staged(
    duck: Duck, folder: Path, promised: Contract, values: list[tuple[int | None, str]], published: Any = None
) -> Staged:
    columns = [
        pa.array([k for k, _ in values], pa.int64()),
        pa.array([v for _, v in values], pa.string()),
        pa.array([7] * len(values), pa.int64()),
        pa.array(range(2, len(values) + 2), pa.int64()),
    ]
    of = schema.curated(promised)
    writer = ParquetFiles(folder, "d-1", of, [], rows_per_file=100)
    with writer:
        writer.write(pa.RecordBatch.from_arrays(columns, schema=of))
    return Staged(promised, tuple(writer.files), "d-1", folder, duck, SETTINGS, published)


VALUES = st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 6)), st.sampled_from("ab")), max_size=30)


@settings(max_examples=40, deadline=None)
@given(
    values=VALUES,
    published=st.dictionaries(st.integers(0, 6), st.sampled_from("ab"), max_size=4),
    wins=st.sampled_from(["first", "last"]),
    conflict=st.sampled_from(["duplicate", "quarantine"]),
    table=st.booleans(),
)
def test_duplicates_are_those_that_the_contract_says(
    duck: Duck,
    tmp_path_factory: pytest.TempPathFactory,
    *,
    values: list[tuple[int | None, str]],
    published: dict[int, str],
    wins: Any,
    conflict: Any,
    table: bool,
) -> None:
    folder = tmp_path_factory.mktemp("dup")
    promised = contract(wins=wins, conflict=conflict, scope="table" if table else "delivery")
    theirs = None
    if table and published:
        theirs = [folder / "published.parquet"]
        pq.write_table(pa.table({"k": pa.array(published, pa.int64()), "v": list(published.values())}), theirs[0])
    removed = remove(staged(duck, folder, promised, values, theirs))
    # The same, told slowly.
    winners = dict(published) if theirs else {}
    kept: list[tuple[int | None, str]] = []
    lost: list[bool] = []
    for k, v in values if wins == "first" else reversed(values):
        if k is None or k not in winners:
            kept.append((k, v))
            if k is not None:
                winners[k] = v
        else:
            lost.append(v != winners[k])
    expected = Counter(kept)
    assert Counter((row["k"], row["v"]) for row in rows(removed.files)) == expected
    contradicting = sum(lost) if conflict == "quarantine" else 0
    assert (removed.duplicates, removed.conflict_rows) == (len(lost) - contradicting, contradicting)
    assert sum(pq.read_metadata(path).num_rows for path in removed.conflicts) == contradicting


def test_what_the_audit_counts_need_not_be_measured(duck: Duck, tmp_path: Path) -> None:
    one = staged(duck, tmp_path, contract(scope="table"), [(1, "a"), (1, "a"), (2, "b")])
    assert remove(one, within=False).files == one.files
    theirs = tmp_path / "published.parquet"
    pq.write_table(pa.table({"k": pa.array([2], pa.int64()), "v": ["b"]}), theirs)
    removed = remove(replace(one, published=[theirs]), within=False)
    assert (removed.duplicates, [row["k"] for row in rows(removed.files)]) == (2, [1])


def test_nothing_is_removed_without_a_key(duck: Duck, tmp_path: Path) -> None:
    promised = replace(contract(), duplicates=Duplicates())
    one = staged(duck, tmp_path, promised, [(1, "a"), (1, "a")])
    assert remove(one).files == one.files


def test_a_table_of_many_columns_gets_the_memory_that_they_take(tmp_path: Path) -> None:
    names = [f"c{at}" for at in range(250)]
    columns = tuple(Column(name, (name,), "integer", "int64", fields=(name,)) for name in names)
    rules = tuple(
        row_rule(f"{one.name}.type", "type", {}, column=one, severity="quarantine", sentence=None) for one in columns
    )
    fields = tuple(Field(name, (name,)) for name in names)
    wide = Contract("a.b.c", "1.0.0", columns, fields, rules, (), "append")
    with Duck(tmp_path, LakeSettings(memory="40MB")) as duck:
        text = ",".join(names) + "\n" + "\n".join([",".join("7" * 250), ",".join(["8"] * 249 + ["x"])]) + "\n"
        _, done = run(duck, tmp_path, text, wide)
        assert (done.read, done.kept_rows, done.aside_rows) == (2, 1, 1)
        assert not duck.widen(1), "never less than before"
