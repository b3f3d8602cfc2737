"""Every map, the kit's and a city's, for each kind of record that it has: out and back equal, cell for cell."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from catalogs.exchange import flat, wire
from catalogs.exchange.kinds import KINDS, RecordKind
from catalogs.exchange.mapping import FOLDER, OWN, ExchangeMap, read_map
from catalogs.sheet.column import Kind
from catalogs.sheet.fill import choices
from catalogs.values import uscc
from infra.errors import WrongUse
from infra.ground import sample_city

MAPS = sorted([*OWN.glob("*.yaml"), *(sample_city() / FOLDER).glob("*.yaml")])
CODES = ("uscc", "applicant_uscc", "asker_uscc", "user_uscc")


def the_map(path: Path) -> ExchangeMap:
    found, faults = read_map(path)
    assert found is not None, faults
    return found


def filled(kind: RecordKind, at: int, *, whole: bool = True) -> dict[str, str]:
    """A record with every cell, or with those alone that it must have; every word of a list is met in turn."""
    record = {}
    for key, one in kind.columns.items():
        if not (whole or one.needed):
            continue
        words = choices(one)
        if key in CODES:
            record[key] = uscc.sample(at)
        elif one.kind is Kind.WORDS:
            record[key] = "、".join(dict.fromkeys((words[at % len(words)], words[(at + 1) % len(words)])))
        elif words:
            record[key] = words[at % len(words)]
        elif one.kind is Kind.DATE:
            record[key] = date(2026, 1 + at % 12, 1 + at).isoformat()
        elif one.kind is Kind.COUNT:
            record[key] = str(30 + at)
        else:
            record[key] = ("=1+1", "'@甲", "-5、“乙”,；\n丙", f"第 {at} 条")[at % 4] + key
    return record | {"number": f"n-{at}"}


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.id)
@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.stem)
def test_records_of_every_kind_come_back_cell_for_cell_and_are_sent_again_byte_for_byte(
    path: Path, kind: RecordKind, form: str
) -> None:
    used = the_map(path)
    if kind.id not in used.records or not used.records[kind.id]:
        pytest.skip("the map has no fields for this kind")
    records = [filled(kind, at, whole=at % 3 > 0) for at in range(12)]
    write = wire.as_json if form == "json" else wire.as_csv
    lines, faults = flat.send(records, kind, used)
    assert faults == []
    data = write(lines, used.of(kind))
    back, faulty = flat.receive(data, f"all.{form}", kind, used)
    assert faulty == ()
    mapped = {field.of.key for field in used.of(kind).resource if field.of}
    assert [dict(row.cells) for row in back] == [{k: v for k, v in one.items() if k in mapped} for one in records]
    assert write(flat.send([row.cells for row in back], kind, used)[0], used.of(kind)) == data
    assert all(flat.different(one, row.cells, kind, used) == [] for one, row in zip(records, back, strict=True))


def test_the_kits_own_maps_have_every_kind() -> None:
    assert len(MAPS) >= 3
    for path in MAPS[:3]:
        assert all(the_map(path).records[kind] for kind in KINDS), path.stem


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.id)
def test_every_fault_of_a_record_is_told_at_its_line_and_key(kind: RecordKind) -> None:
    used = the_map(OWN / "national.yaml")
    keys = {field.of.key: field.key for field in used.of(kind).resource if field.of}
    records = [filled(kind, at) for at in range(4)]
    lines, _ = flat.send(records, kind, used)
    lines[1].texts[keys["title"]] = ""
    day = next(key for key, one in kind.columns.items() if one.kind is Kind.DATE)
    lines[2].texts[keys[day]] = "不久前"
    lines[2].texts[keys["provider"]] = "长" * 201
    lines[3].texts[keys["number"]] = "n-0"
    data = wire.as_csv(lines, used.of(kind))
    rows, faults = flat.receive(data, "a.csv", kind, used)
    assert rows == ()
    starts, line = [], 2
    for texts in list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))[1:]:
        starts.append(line)
        line += 1 + sum(cell.count("\n") for cell in texts)
    assert {(one.code, one.place.row, one.place.column) for one in faults} == {
        ("MAP_EMPTY_CELL", starts[1], keys["title"]),
        ("MAP_DAY", starts[2], keys[day]),
        ("MAP_LONG", starts[2], keys["provider"]),
        ("MAP_NUMBER_TWICE", starts[3], keys["number"]),
    }


def test_a_code_that_is_none_and_a_credit_code_with_a_wrong_check_digit_are_told() -> None:
    used, kind = the_map(OWN / "national.yaml"), KINDS["requests"]
    lines, _ = flat.send([filled(kind, 1)], kind, used)
    lines[0].texts |= {"申请渠道": "9", "需求单位代码": "X9419900990000017K", "使用时限（天）": "-3"}
    _, faults = flat.receive(wire.as_json(lines, used.of(kind)), "a.json", kind, used)
    assert {one.field: one.code for one in faults} == {
        "申请渠道": "MAP_CODE",
        "需求单位代码": "MAP_USCC",
        "使用时限（天）": "MAP_COUNT",
    }


def test_a_map_without_fields_for_a_kind_says_so_and_one_that_leaves_out_what_is_needed_is_faulty(
    tmp_path: Path,
) -> None:
    text = (OWN / "vendor.yaml").read_text(encoding="utf-8").replace("name: vendor", "name: own")
    path = tmp_path / "own.yaml"
    path.write_text(text.split("\nrequests:")[0] + "\n", encoding="utf-8")
    with pytest.raises(WrongUse, match="MAP_KIND"):
        the_map(path).of(KINDS["uses"])
    path.write_text(text.replace("  - {key: 疑义内容, of: what}\n", ""), encoding="utf-8")
    found, faults = read_map(path)
    assert found is None
    assert [(one.code, "what" in one.text.en) for one in faults] == [("MAP_NEEDED", True)]
