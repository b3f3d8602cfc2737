"""A contract with other columns than the published table: taken without a loss, or refused with what to do next."""

import itertools
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import lake_city as city
import pyarrow as pa
import pytest
from front_door import run_hub
from hypothesis import given
from hypothesis import strategies as st

from catalogs.people.people import person
from catalogs.register import register_city
from catalogs.values.model import Item, PersonalClass
from catalogs.values.words import Content, Grade, IdentifierRole, ItemType, PersonalKind
from infra.errors import Refused, Unavailable, WrongUse
from infra.ground import Ground
from lake.evolve import evolve
from lake.evolve.evolve import Asked, plan, wider
from lake.evolve.evolving import decided, exactly, may_evolve
from lake.ingest import Session, ingest
from lake.query.query import Asked as Question
from lake.query.query import query
from lake.records.record import Outcome, reopen
from lake.rehearse import rehearse
from lake.replay.replay import replay
from lake.restore import restore as table_restore
from lake.restore.restore import restore
from lake.store import rewrite
from lake.store.delta import Tables, curated_key
from lake.store.files import dataset_of
from lake.upkeep.verify import verify

KEY = curated_key(city.FLOW)
WIDE = "decimal(24,2)"
NOTE = "      - name: note\n        businessName: 备注\n"
RENAMED = (NOTE, NOTE.replace("note", "remark"))
_VERSIONS = itertools.count(2)


@pytest.fixture(scope="module")
def city_of_module(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Ground]:
    with city.standing(tmp_path_factory.mktemp("evolve") / "home", sqlite_template) as one:
        yield one


@pytest.fixture
def ground(city_of_module: Ground, tmp_path: Path) -> Ground:
    """Nothing delivered yet, the contract as it was at first."""
    for dataset in (city.FLOW, city.HOSPITALS):
        city.emptied(city_of_module, dataset)
        promised(city_of_module, dataset=dataset)
    return city_of_module


def promised(ground: Ground, *changes: tuple[str, str], dataset: str = city.FLOW) -> None:
    """A newer version of the contract, the first one with `changes`."""
    with tempfile.TemporaryDirectory() as folder:
        city.corrected(ground, Path(folder), f"{next(_VERSIONS)}.0.0", *changes, dataset=dataset)


def took(ground: Ground, path: Path, *lines: str) -> Outcome:
    return ingest(ground, city.FLOW, city.flow_file(path, lines), actor="test")


def types(ground: Ground, version: int | None = None) -> dict[str, pa.DataType]:
    schema = Tables(ground.store).snapshot(KEY, version=version).schema
    return {field.name: field.type for field in schema}


def rows(ground: Ground, version: int) -> list[dict[str, Any]]:
    snapshot = Tables(ground.store).snapshot(KEY, version=version)
    found: list[dict[str, Any]] = dataset_of(ground.store, snapshot).to_table().to_pylist()
    return found


def sound(ground: Ground, dataset: str = city.FLOW) -> None:
    assert [flaw.said.en for flaw in verify(ground, dataset, "test").flaws] == []


def test_a_number_gets_wider_and_the_version_before_keeps_its_own(ground: Ground, tmp_path: Path) -> None:
    first = took(ground, tmp_path / "1.csv", city.line(1), city.line(2, flow=20))
    promised(ground, city.typed(WIDE))
    second = took(ground, tmp_path / "2.csv", city.line(3, flow="30.25"), city.line(1, flow="10.00"))
    assert (second.state, second.published, second.duplicates) == ("finished", 1, 1), "10 is published, and is 10.00"
    assert [first.version, second.version] == [1, 3]
    assert [types(ground, version)["flow"] for version in (1, 2, 3)] == [pa.int64(), *[pa.decimal128(24, 2)] * 2]
    assert sorted(row["flow"] for row in city.curated(ground)) == [10, 20, Decimal("30.25")]
    assert sorted(row["flow"] for row in rows(ground, 1)) == [10, 20]
    files = [str(ground.store.local(key)) for key in Tables(ground.store).snapshot(KEY).keys()]  # noqa: SIM118
    assert duckdb.read_parquet(files).aggregate("sum(flow), typeof(any_value(flow))").fetchall() == [
        (Decimal("60.25"), "DECIMAL(24,2)")
    ]
    reader = person(ground.engine, "engineer_li")
    asked = "SELECT sum(flow) AS s FROM jinshui.traffic_road_flow"
    assert query(ground, reader, Question(asked, as_of=1)).rows.to_pylist() == [{"s": 30}]
    assert query(ground, reader, asked).rows.to_pylist() == [{"s": Decimal("60.25")}]
    assert [act for act, _ in city.acts(ground)].count("lake:table:evolved") == 1
    city.balanced(ground)
    sound(ground)
    promised(ground, city.typed("decimal(30,4)"))
    third = took(ground, tmp_path / "3.csv", city.line(4, flow="0.1234"))
    assert (third.version, types(ground)["flow"]) == (5, pa.decimal128(30, 4))
    sound(ground)
    with pytest.raises(Refused, match="RESTORE_COLUMNS"):
        restore(ground, reader, table_restore.Asked(city.FLOW, 1, "the wrong files"))


def test_an_upsert_replaces_rows_of_the_type_before(ground: Ground, tmp_path: Path) -> None:
    took(ground, tmp_path / "1.csv", *(city.line(n) for n in range(3)), city.line(9, flow=3000))
    name = f"{next(_VERSIONS)}.0.0"
    city.upserting(ground, tmp_path / "new", version=name, most=5000, flow=WIDE)
    with Session(ground) as session:
        done = replay(session, person(ground.engine, "engineer_li"), city.FLOW)
        assert [one.published for one in done.deliveries] == [1]
        path = city.flow_file(tmp_path / "2.csv", [city.line(1, flow="7.5"), city.line(2, flow="10.0")])
        second = ingest(ground, city.FLOW, path, actor="test", session=session)
    assert (second.published, second.duplicates, second.replaced) == (1, 1, 1)
    assert sorted(row["flow"] for row in city.curated(ground)) == [Decimal("7.5"), 10, 10, 3000]
    sound(ground)


def test_a_value_that_has_no_place_in_the_wider_type_refuses(ground: Ground, tmp_path: Path) -> None:
    most = ("max: 2000}", "max: 9000000000000000000}")
    promised(ground, most)
    took(ground, tmp_path / "1.csv", city.line(1, flow=2**53), city.line(2, flow=2**53 + 1))
    promised(ground, most, city.typed("number"))
    refused = took(ground, tmp_path / "2.csv", city.line(3))
    assert (refused.state, refused.code, refused.version) == ("refused", "EVOLVE_VALUES", None)
    assert refused.message is not None
    assert "1 values of flow (int64) would not be the same as double" in refused.message.en
    assert str(2**53 + 1) not in refused.message.en, "a value of the data is told to nobody"
    assert sorted(row["flow"] for row in city.curated(ground)) == [2**53, 2**53 + 1]
    sound(ground)


def test_a_version_before_a_column_took_another_name_does_not_come_back_as_a_new_one_of_the_old(
    ground: Ground, tmp_path: Path
) -> None:
    path = tmp_path / "1.csv"
    path.write_text(f"{city.HEADER},note\n{city.line(1)},修路\n", "utf-8")
    ingest(ground, city.FLOW, path, actor="test")
    promised(ground, RENAMED)
    decided(ground, city.FLOW, Asked(rename={"note": "remark"}), "engineer_li")
    lane = (
        "      - name: remark\n        businessName: 车道\n        logicalType: string\n        physicalType: string\n"
    )
    promised(ground, (NOTE, f"{lane}{NOTE}"))
    path = tmp_path / "2.csv"
    path.write_text(f"{city.HEADER},note,车道\n{city.line(2)},左转道,\n", "utf-8")
    assert ingest(ground, city.FLOW, path, actor="test").state == "finished"
    assert types(ground)["note"] == types(ground)["remark"] == types(ground, 1)["note"]
    before = sorted(map(repr, city.curated(ground)))
    with pytest.raises(Refused, match="RESTORE_COLUMNS") as refused:
        restore(ground, person(ground.engine, "engineer_li"), table_restore.Asked(city.FLOW, 1, "试验"))
    assert "note" in refused.value.text.en
    assert sorted(map(repr, city.curated(ground))) == before
    put_back = table_restore.Asked(city.FLOW, Tables(ground.store).version(KEY) - 1, "试验")
    restore(ground, person(ground.engine, "engineer_li"), put_back)  # since then nothing was called otherwise
    assert [(row["remark"], row["note"]) for row in city.curated(ground)] == [("修路", None)]
    sound(ground)


def test_a_column_that_is_gone_is_refused_until_somebody_says_what_it_is(ground: Ground, tmp_path: Path) -> None:
    path = tmp_path / "1.csv"
    path.write_text(f"{city.HEADER},note\n{city.line(1)},修路\n{city.line(2)},\n", "utf-8")
    ingest(ground, city.FLOW, path, actor="test")
    promised(ground, RENAMED)
    second = took(ground, tmp_path / "2.csv", city.line(3))
    assert (second.state, second.code) == ("refused", "LAKE_TABLE_SCHEMA")
    assert second.message is not None
    assert f"hub lake evolve {city.FLOW} --rename note=remark" in second.message.en
    assert f"hub lake evolve {city.FLOW} --rename note=remark" in second.message.zh
    with Session(ground) as session, pytest.raises(Refused, match="LAKE_TABLE_SCHEMA"):
        rehearse(session, city.FLOW, city.flow_file(tmp_path / "3.csv", [city.line(3)]))
    for wrong in (Asked(rename={"note": "flow"}), Asked(drop=frozenset({"flow"})), Asked(retype=frozenset({"none"}))):
        with pytest.raises(WrongUse, match="EVOLVE_COLUMN"):
            decided(ground, city.FLOW, wrong, "test")
    _, told, at = decided(ground, city.FLOW, Asked(rename={"note": "remark"}), "test", dry_run=True)
    assert (told.renamed, at, "note" in types(ground)) == ({"remark": "note"}, 1, True)
    decided(ground, city.FLOW, Asked(rename={"note": "remark"}), "engineer_li")
    assert sorted(str(row["remark"]) for row in city.curated(ground)) == ["None", "修路"]
    assert "note" not in types(ground)
    reopen(ground, city.deliveries(ground)[1])
    assert took(ground, tmp_path / "4.csv", city.line(4)).state == "finished"
    sound(ground)


def catalogued(ground: Ground, folder: Path, item: str) -> None:
    """The sample city registered with another item in the place of road flow's `note`."""
    shutil.copytree(ground.city, folder)
    path = folder / "catalogues" / "jinshui.yaml"
    text = path.read_text("utf-8")
    assert ITEM in text
    path.write_text(text.replace(ITEM, item, 1), "utf-8")
    register_city(ground, folder, "test")


ITEM = "{name: note, zh: 备注, en: note, type: string, grade: general_2}"


def test_a_new_name_guards_the_values_no_less_than_the_old_one(ground: Ground, tmp_path: Path) -> None:
    path = tmp_path / "1.csv"
    path.write_text(f"{city.HEADER},note\n{city.line(1)},修路\n", "utf-8")
    ingest(ground, city.FLOW, path, actor="test")
    promised(ground, RENAMED)
    asked, entries = Asked(rename={"note": "remark"}), city.acts(ground)
    try:
        lower = "{name: remark, zh: 说明, en: remark, type: string, grade: general_1}"  # other words: another column
        catalogued(ground, tmp_path / "lower", lower)
        for dry_run in (True, False):
            with pytest.raises(Refused, match="EVOLVE_GUARD") as refused:
                decided(ground, city.FLOW, asked, "engineer_li", dry_run=dry_run)
            assert "remark" in refused.value.text.en
        assert "note" in types(ground)
        assert [one for one in city.acts(ground) if one not in entries and one[0] == "lake:table:evolved"] == []
        register_city(ground, ground.city, "test")  # it left the register, and may come back as it was
        with pytest.raises(Refused, match="EVOLVE_GUARD"):
            decided(ground, city.FLOW, asked, "engineer_li")
        catalogued(ground, tmp_path / "same", ITEM.replace("note,", "remark,", 1))
        assert decided(ground, city.FLOW, asked, "engineer_li")[1].renamed == {"remark": "note"}
    finally:
        register_city(ground, ground.city, "test")


BASIC = PersonalClass(PersonalKind.BASIC, sensitive=False)


@pytest.mark.parametrize(
    ("was", "then", "less"),
    [
        ({}, {}, False),
        ({"grade": Grade.GENERAL_3}, {}, True),
        ({}, {"grade": Grade.GENERAL_3}, False),
        ({"identifier": IdentifierRole.QUASI}, {}, True),
        ({"identifier": IdentifierRole.QUASI}, {"identifier": IdentifierRole.DIRECT}, False),
        ({"content": frozenset({Content.PLATE})}, {}, True),
        ({}, {"content": frozenset({Content.PLATE})}, False),
        ({"personal": BASIC}, {}, True),
        ({"personal": replace(BASIC, sensitive=True)}, {"personal": BASIC}, True),
        ({"personal": BASIC}, {"personal": replace(BASIC, sensitive=True)}, False),
    ],
)
def test_what_guards_less(was: dict[str, Any], then: dict[str, Any], less: bool) -> None:
    plain = Item("a", "甲", "a", ItemType.STRING, Grade.GENERAL_1)
    assert evolve.guarded_less(replace(plain, **was), replace(plain, **then)) is less


def test_who_may_not_change_columns_is_refused_by_the_rules(ground: Ground) -> None:
    with pytest.raises(Refused, match="EVOLVE_DENIED") as refused:
        may_evolve(ground, person(ground.engine, "officer_jinshui"), city.FLOW)
    assert refused.value.reasons
    may_evolve(ground, person(ground.engine, "engineer_li"), city.FLOW)


def test_a_dropped_column_goes_by_command_and_stays_in_older_versions(ground: Ground, tmp_path: Path) -> None:
    path = tmp_path / "1.csv"
    path.write_text(f"{city.HEADER},note\n{city.line(1)},修路\n", "utf-8")
    ingest(ground, city.FLOW, path, actor="test")
    text = (ground.city / "contracts" / f"{city.FLOW}.yaml").read_text("utf-8")
    begin = text.index(NOTE)
    promised(ground, (text[begin : text.index("    quality:\n      - id: row_count")], ""))
    environ = {**ground.environ, "HUB_LANG": "en"}
    refused = run_hub(environ, "lake", "evolve", city.FLOW, "--as", "engineer_li")
    assert refused.status == 1
    assert "--drop note" in refused.err
    done = run_hub(environ, "lake", "evolve", city.FLOW, "--drop", "note", "--as", "engineer_li", "--json")
    assert (done.document["dropped"], done.document["version"]) == (["note"], 2)
    assert "note" not in types(ground)
    assert [row["note"] for row in rows(ground, 1)] == ["修路"]
    assert took(ground, tmp_path / "2.csv", city.line(2)).version == 3
    sound(ground)
    again = run_hub(environ, "lake", "evolve", city.FLOW, "--as", "engineer_li")
    assert (again.status, "table and contract agree" in again.out) == (0, True)
    assert Tables(ground.store).version(KEY) == 3


def test_the_ledger_names_what_was_carried_out_and_who_decided_it(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "1.csv"
    path.write_text(f"{city.HEADER},note\n{city.line(1)},修路\n", "utf-8")
    ingest(ground, city.FLOW, path, actor="test")
    promised(ground, (NOTE, NOTE.replace("note", "remark")))
    before = [act for act, _ in city.acts(ground)].count("lake:table:evolved")
    with monkeypatch.context() as away:
        away.setattr(rewrite, "swap", _away)
        for _ in range(2):
            with pytest.raises(Unavailable, match="STORE_AWAY"):
                decided(ground, city.FLOW, Asked(drop=frozenset({"note"})), "engineer_li")
    decided(ground, city.FLOW, Asked(rename={"note": "remark"}), "engineer_wang")
    assert [act for act, _ in city.acts(ground)].count("lake:table:evolved") == before + 2, "each decision, once"


def _away(*_: Any) -> int:
    raise Unavailable("STORE_AWAY", "存储不可用", "the store is away")


def test_a_narrower_type_is_taken_when_every_value_comes_back_the_same(ground: Ground, tmp_path: Path) -> None:
    promised(ground, city.typed(WIDE))
    took(ground, tmp_path / "1.csv", city.line(1, flow="10.00"), city.line(2, flow="20.50"))
    promised(ground)
    second = took(ground, tmp_path / "2.csv", city.line(3))
    assert (second.state, second.code) == ("refused", "LAKE_TABLE_SCHEMA")
    assert second.message is not None
    assert "--retype flow" in second.message.en
    asked = Asked(retype=frozenset({"flow"}))
    with pytest.raises(Refused, match="EVOLVE_VALUES"):
        decided(ground, city.FLOW, asked, "test")
    assert types(ground)["flow"] == pa.decimal128(24, 2)
    promised(ground, city.typed("decimal(5,1)"))
    _, _, version = decided(ground, city.FLOW, asked, "test")
    assert (version, types(ground)["flow"]) == (2, pa.decimal128(5, 1))
    assert sorted(row["flow"] for row in city.curated(ground)) == [Decimal("10.0"), Decimal("20.5")]
    sound(ground)


def test_a_snapshot_brings_its_own_columns(ground: Ground, tmp_path: Path) -> None:
    key = curated_key(city.HOSPITALS)
    first = city.hospital_file(tmp_path / "a.csv", [city.hospital(1)])
    ingest(ground, city.HOSPITALS, first, actor="test")
    kind = "      - name: lat\n        businessName: 纬度\n        logicalType: number\n        physicalType: {}\n"
    promised(ground, (kind.format("number"), kind.format("decimal(9,6)")), dataset=city.HOSPITALS)
    second = ingest(ground, city.HOSPITALS, city.hospital_file(tmp_path / "b.csv", [city.hospital(2)]), actor="test")
    assert (second.state, second.version) == ("finished", 2), "one commit brings rows and columns"
    assert [note["code"] for note in second.notes].count("table_columns") == 1
    lake = Tables(ground.store)
    found = [lake.snapshot(key, version=version).schema.field("lat").type for version in (1, 2)]
    assert found == [pa.float64(), pa.decimal128(9, 6)]
    sound(ground, city.HOSPITALS)


def test_who_still_holds_the_older_contract_refuses_nothing(ground: Ground, tmp_path: Path) -> None:
    took(ground, tmp_path / "1.csv", city.line(1))
    with Session(ground) as session:
        session.compiled(city.FLOW)
        promised(ground, city.typed(WIDE))
        took(ground, tmp_path / "2.csv", city.line(2))
        path = city.flow_file(tmp_path / "3.csv", [city.line(3)])
        with pytest.raises(Unavailable, match="LAKE_CONTRACT_NEWER"):
            ingest(ground, city.FLOW, path, actor="test", session=session)
    assert city.deliveries(ground)[2]["state"] == "landed"
    assert took(ground, tmp_path / "3.csv", city.line(3)).state == "finished"


INT, FLOAT, TEXT = pa.int64(), pa.float64(), pa.string()


@pytest.mark.parametrize(
    ("was", "then", "so"),
    [
        (INT, FLOAT, True),
        (INT, pa.decimal128(18, 4), True),
        (pa.decimal128(18, 4), pa.decimal128(20, 4), True),
        (pa.decimal128(18, 4), pa.decimal128(20, 6), True),
        (pa.decimal128(18, 4), pa.decimal128(19, 6), False),
        (pa.decimal128(18, 4), pa.decimal128(20, 2), False),
        (pa.decimal128(18, 4), FLOAT, False),
        (FLOAT, pa.decimal128(38, 10), False),
        (INT, TEXT, False),
        (pa.date32(), pa.timestamp("us", "UTC"), False),
    ],
)
def test_what_is_wider(was: pa.DataType, then: pa.DataType, so: bool) -> None:
    assert wider(was, then) is so


VALUES = {
    INT: st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9),
    FLOAT: st.floats(allow_nan=False) | st.integers(-9, 9).map(float),
    pa.decimal128(18, 4): st.decimals(-(10**13), 10**13, places=4, allow_nan=False),
    TEXT: st.sampled_from(["007", "7", "-1", "1.50", "x", "", "1e400", "2026-02-30", "2026-05-01", "true"]),
}
KINDS = [*VALUES, pa.decimal128(10, 2), pa.date32(), pa.bool_()]


@given(data=st.data(), was=st.sampled_from(list(VALUES)), then=st.sampled_from(KINDS))
def test_what_does_not_come_back_the_same_is_counted(data: st.DataObject, was: pa.DataType, then: pa.DataType) -> None:
    values = pa.array(data.draw(st.lists(st.none() | VALUES[was], max_size=6)), was)
    made, lost = exactly(values, then)
    assert (made.type, len(made)) == (then, len(values))
    if lost == 0 and made.null_count < len(made):
        # Arrow takes whole numbers into a decimal of 19 digits before the point alone.
        whole = pa.types.is_decimal(was) and pa.types.is_integer(then)
        back = made.cast(pa.decimal128(38, was.scale)) if whole else made
        assert back.cast(was, safe=False).to_pylist() == values.to_pylist()
    single = sum(exactly(values.slice(at, 1), then)[1] for at in range(len(values)))
    assert lost == single, "one value has no part in what becomes of another"


def test_a_plan_says_everything_and_decides_nothing_by_itself() -> None:
    there = pa.schema([("a", INT), ("b", TEXT), ("c", TEXT)])
    wanted = pa.schema([("a", FLOAT), ("b", INT), ("d", TEXT)])
    found = plan(there, wanted)
    assert (found.added, list(found.typed), list(found.changed), found.gone) == (("d",), ["a"], ["b"], ("c",))
    asked = Asked(rename={"c": "d"}, retype=frozenset({"b"}))
    done = plan(there, wanted, asked)
    assert (done.added, list(done.typed), done.changed, done.gone, dict(done.renamed)) == (
        (),
        ["a", "b"],
        {},
        (),
        {"d": "c"},
    )
    assert json.loads(json.dumps(done.as_dict())) == done.as_dict()
    assert not evolve.plan(there, there).any
