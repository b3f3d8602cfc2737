"""The sample city is what domain knowledge says, and a faulty folder is told every fault, each with its line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.folder.city import check_city, load_city
from catalogs.rules.faults import Fault
from catalogs.values.model import Grade, IdentifierRole, Openness, UnitKind
from catalogs.values.uscc import uscc_fits
from infra.errors import Refused, WrongUse
from infra.ground import sample_city

UNITS = {  # 郑州市 and its sixteen: GB/T 2260 code, statistical code
    "zhengzhou": ("410100", "410100"),
    "zhongyuan": ("410102", "410102"),
    "erqi": ("410103", "410103"),
    "guancheng": ("410104", "410104"),
    "jinshui": ("410105", "410105"),
    "shangjie": ("410106", "410106"),
    "huiji": ("410108", "410108"),
    "zhongmu": ("410122", "410122"),
    "gongyi": ("410181", "410181"),
    "xingyang": ("410182", "410182"),
    "xinmi": ("410183", "410183"),
    "xinzheng": ("410184", "410184"),
    "dengfeng": ("410185", "410185"),
    "jingkai": (None, "410171"),
    "gaoxin": (None, "410172"),
    "hangkonggang": (None, "410173"),
    "zhengdong": (None, None),
    "sample": (None, None),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_city(), tmp_path / "city"))


def mend(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def codes(faults: list[Fault]) -> list[str]:
    return [found.code for found in faults]


def test_the_sample_city_has_no_fault() -> None:
    assert check_city(sample_city()) == []


def test_units_are_the_sixteen_the_city_and_the_example() -> None:
    city = load_city(sample_city())
    assert {unit.id: (unit.gbt2260_code, unit.stat_code) for unit in city.units} == UNITS
    reporting = [unit for unit in city.units if unit.kind not in (UnitKind.CITY, UnitKind.SAMPLE)]
    assert len(reporting) == 16
    assert all(unit.parent == "zhengzhou" for unit in reporting)
    assert sum(unit.gbt2260_code is not None for unit in reporting) == 12


def test_resources_are_complete() -> None:
    city = load_city(sample_city())
    promised = {path.stem for path in (sample_city() / "contracts").glob("*.yaml")}
    assert {resource.id for resource in city.resources} > promised
    assert {resource.unit for resource in city.resources} >= {"jinshui", "erqi", "zhongyuan", "zhengdong", "gaoxin"}
    for resource in city.resources:
        assert resource.grade >= max(item.grade for item in resource.items)
        assert resource.example == (resource.unit == "sample" or resource.id not in promised)
        if resource.example:
            assert resource.source
        assert resource.title.zh.startswith("示例") == (resource.unit == "sample")  # real, from elsewhere
    personal = {r.id for r in city.resources if any(item.personal for item in r.items)}
    delivered = {"erqi.education.pupils", "zhongyuan.health.visits", "guancheng.traffic.bus_gps"}
    assert personal & promised == delivered
    for resource in city.resources:
        assert (resource.subject is not None) == (resource.id in personal)


def test_invented_credit_codes_fit_and_belong_to_no_register() -> None:
    for department in load_city(sample_city()).departments:
        if department.uscc is not None:
            assert uscc_fits(department.uscc)
            assert department.uscc[0] == "X"  # no registering department has this character
            assert department.uscc[2:8] == "419900"  # no division has this code


NINE = {
    "title": "目录名称",
    "items": "数据项",
    "provider": "提供单位",
    "data_format": "数据格式",
    "update_frequency": "数据更新频率",
    "sharing_attribute": "共享属性",
    "sharing_mode": "共享方式",
    "conditions": "使用条件",
    "classification": "数据分类分级",
}


@pytest.mark.parametrize("key", NINE)
def test_requirement_1_each_of_the_nine_fields_is_missed_by_name(folder: Path, key: str) -> None:
    path = folder / "catalogues" / "jingkai.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    del content["resources"][0][key]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    (found,) = check_city(folder)
    assert found.code == "CATALOG_FIELD_MISSING"
    assert found.field == f"resources[0].{key}"
    assert NINE[key] in found.text.zh
    assert key in found.text.en
    assert found.remedy is not None
    assert "第十三条" in found.remedy.zh
    assert (found.place.file, found.place.dataset) == ("catalogues/jingkai.yaml", "jingkai.logistics.bonded_zones")
    assert found.place.row is not None


def test_all_faults_of_all_files_come_at_once_with_their_lines(folder: Path) -> None:
    mend(folder / "units.yaml", "parent: zhengzhou}", "parent: nowhere}")
    mend(folder / "departments.yaml", "X9419900990000017J", "X9419900990000017K")
    mend(folder / "people.yaml", "clearance: general_2", "clearance: general_9")
    mend(folder / "catalogues/jinshui.yaml", "provider: jinshui_transport", "provider: jinshui_police")
    mend(folder / "catalogues/erqi.yaml", "      scope:", "      skope:")
    (folder / "catalogues/gaoxin.yaml").write_text("unit: gaoxin\nresources: [\n", encoding="utf-8")
    found = check_city(folder)
    assert [(each.place.file, each.code) for each in found] == [
        ("catalogues/erqi.yaml", "CATALOG_KEY_UNKNOWN"),
        ("catalogues/erqi.yaml", "CATALOG_CONDITION_MISSING"),
        ("catalogues/gaoxin.yaml", "CATALOG_YAML_SYNTAX"),
        ("catalogues/jinshui.yaml", "CATALOG_REFERENCE_UNKNOWN"),
        ("departments.yaml", "CATALOG_USCC"),
        ("people.yaml", "CATALOG_WORD_UNKNOWN"),
        ("units.yaml", "CATALOG_REFERENCE_UNKNOWN"),
    ]
    for each in found:
        lines = (folder / str(each.place.file)).read_text(encoding="utf-8").splitlines()
        assert each.place.row is not None
        assert 1 <= each.place.row <= len(lines) + 1
        assert each.text.zh
        assert each.text.en
    unknown = next(each for each in found if each.code == "CATALOG_KEY_UNKNOWN")
    assert unknown.remedy is not None
    assert unknown.remedy.en == "did you mean scope?"
    with pytest.raises(Refused) as refused:
        load_city(folder)
    assert refused.value.code == "CATALOG_FAULTY"
    assert len(refused.value.reasons) == len(found)


NOT_SHARED = """    sharing_attribute: not_shared
    conditions: {conditions}
"""


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ("{other: {zh: 无, en: none}}", ["CATALOG_BASIS_MISSING", "CATALOG_BASIS_MISSING"]),
        ("{reason: {zh: 涉密, en: secret}}", ["CATALOG_BASIS_MISSING"]),
        (
            "{reason: {zh: 规定, en: rule}, basis: {kind: 部门规章, title: 某办法, article: 第三条}}",
            ["CATALOG_WORD_UNKNOWN"],
        ),
        (
            "{reason: {zh: 规定, en: rule}, basis: {kind: 法律, title: 某法}}",
            ["CATALOG_FIELD_MISSING"],
        ),
        ("{reason: {zh: 规定, en: rule}, basis: {kind: 法律, title: 保守国家秘密法, article: 第九条}}", []),
        ("{reason: {zh: 规定, en: rule}, basis: {kind: 国务院决定, title: 某决定, article: 第一条}}", []),
    ],
)
def test_not_shared_needs_a_law(folder: Path, conditions: str, expected: list[str]) -> None:
    path = folder / "catalogues/jingkai.yaml"
    mend(path, "    sharing_attribute: unconditional\n", "    sharing_attribute: 不予共享\n")
    line = next(line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("    conditions:"))
    mend(path, line, f"    conditions: {conditions}")
    assert codes(check_city(folder)) == expected


def test_conditional_needs_scope_and_purpose(folder: Path) -> None:
    mend(folder / "catalogues/jingkai.yaml", "sharing_attribute: unconditional", "sharing_attribute: 有条件共享")
    found = check_city(folder)
    assert codes(found) == ["CATALOG_CONDITION_MISSING"] * 2
    assert "共享范围" in found[0].text.zh
    assert "使用用途" in found[1].text.zh


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("jingkai", "business: 物流园区}", "business: 物流园区, grade: general_1}", "CATALOG_GRADE_TOO_LOW"),
        ("jingkai", "openness: conditional", "openness: unconditional", "CATALOG_OPENNESS"),
        ("jingkai", "crs: CGCS2000, grade: general_2", "grade: general_2", "CATALOG_CRS_MISSING"),
        ("jingkai", "crs: CGCS2000", "crs: Beijing54", "CATALOG_WORD_UNKNOWN"),
        ("jingkai", "name: zone_type", "name: zone_id", "CATALOG_ITEM_AMBIGUOUS"),
        ("jingkai", "zh: 园区类型", "zh: 园区名称", "CATALOG_ITEM_AMBIGUOUS"),
        ("jingkai", "name: zone_type", "name: Zone-Type", "CATALOG_ID_FORM"),
        ("jingkai", "id: jingkai.logistics.bonded_zones", "id: jingkai.logistics", "CATALOG_ID_FORM"),
        ("jingkai", "id: jingkai.logistics.bonded_zones", "id: gaoxin.logistics.zones", "CATALOG_UNIT_DIFFERS"),
        ("jingkai", "id: jingkai.logistics.bonded_zones", "id: jingkai.ports.zones", "CATALOG_REFERENCE_UNKNOWN"),
        ("jingkai", "id: jingkai.logistics.bonded_zones", "id: erewhon.logistics.z", "CATALOG_REFERENCE_UNKNOWN"),
        ("jingkai", "type: number", "type: numeric", "CATALOG_WORD_UNKNOWN"),
        ("jingkai", "update_frequency: yearly", "update_frequency: 每月", ""),
        ("jingkai", "update_frequency: yearly", "update_frequency: fortnightly", "CATALOG_WORD_UNKNOWN"),
        ("jingkai", "    openness:", "    openess: conditional\n    openness:", "CATALOG_KEY_UNKNOWN"),
        ("jingkai", "    openness:", "    openness: closed\n    openness:", "CATALOG_YAML_DUPLICATE_KEY"),
        ("erqi", "content: [minor], grade: general_4", "content: [minor], grade: general_2", "CATALOG_GRADE_PERSONAL"),
        ("guancheng", "identifier: direct, content: [plate], grade: general_3", "identifier: direct, grade: general_2", "CATALOG_GRADE_PERSONAL"),  # noqa: E501
        ("erqi", "identifier: direct", "identifier: subject", "CATALOG_SUBJECT_TWICE"),
        ("erqi", "personal: {class: basic, sensitive: true}, ", "", "CATALOG_IDENTIFIER_NOT_PERSONAL"),
        ("erqi", "personal: {class: basic, sensitive: true}", "personal: {class: soul, sensitive: true}", "CATALOG_WORD_UNKNOWN"),  # noqa: E501
        ("erqi", "personal: {class: basic, sensitive: true}", "personal: {class: basic}", ""),
        ("erqi", "personal: {class: basic, sensitive: true}", "personal: {sensitive: true}", "CATALOG_FIELD_MISSING"),
        ("sample", "    example: true\n    source:", "    example: true\n    lead_source: false\n    # source:", "CATALOG_SOURCE_MISSING"),  # noqa: E501
        ("zhengdong", "data_format: jsonl", "data_format: database", ""),
        ("jingkai", "data_format: geojson", "data_format: database", "CATALOG_MODE_FORMAT"),
        ("../city", "language: zh", "language: zh\ncoordinates: CGCS2000", ""),
        ("../city", "language: zh", "language: zh\ncoordinates: GCJ-02", "CATALOG_WORD_UNKNOWN"),
        ("jinshui", "unit: jinshui", "unit: jinshui\n---\nunit: x", "CATALOG_YAML_DOCUMENTS"),
        ("jinshui", "unit: jinshui", "unit: &a jinshui", "CATALOG_YAML_ALIAS"),
        ("jinshui", "unit: jinshui", "unit: !!python/name:os.system x", "CATALOG_YAML_TAG"),
    ],
)  # fmt: skip
def test_each_rule_has_its_code(folder: Path, file: str, old: str, new: str, code: str) -> None:
    path = folder / "catalogues" / f"{file}.yaml"
    mend(path, old, new)
    assert set(codes(check_city(folder))) == ({code} if code else set())


def test_same_resource_in_two_places_is_told_with_the_first(folder: Path) -> None:
    shutil.copy(folder / "catalogues/jingkai.yaml", folder / "catalogues/jingkai_again.yaml")
    held = sum(resource.unit == "jingkai" for resource in load_city(sample_city()).resources)
    twice = [found for found in check_city(folder) if found.code == "CATALOG_ID_TWICE"]
    assert len(twice) == held
    assert all("catalogues/jingkai.yaml" in found.text.en for found in twice)


def test_a_folder_without_a_city_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="CATALOG_NO_CITY"):
        check_city(tmp_path)


def test_faulty_rules_of_reading_are_a_fault_of_the_city(folder: Path) -> None:
    (folder / "policies/reading_more.cedar").write_text('@id("x") forbid (principal, action, resource);')
    (found,) = check_city(folder)
    assert found.code == "POLICY_INVALID"


def test_deadlines_are_checked_too(folder: Path) -> None:
    mend(folder / "jurisdiction.yaml", "days: 2,", "days: two,")
    assert codes(check_city(folder)) == ["CATALOG_FIELD_KIND"]


def test_grades_are_ordered() -> None:
    assert list(Grade) == sorted(Grade)
    assert Grade.CORE > Grade.IMPORTANT > Grade.GENERAL_4 > Grade.GENERAL_1


def test_a_grade_may_be_raised_above_its_items(folder: Path) -> None:
    mend(folder / "catalogues/jingkai.yaml", "business: 物流园区}", "business: 物流园区, grade: 重要}")
    city = load_city(folder)
    raised = next(resource for resource in city.resources if resource.unit == "jingkai")
    assert raised.grade is Grade.IMPORTANT
    assert raised.openness is Openness.CONDITIONAL
    assert all(item.identifier is IdentifierRole.NONE for item in raised.items)


# Whatever happens to the YAML, the check answers with faults or none, never with a traceback.

SOURCE = {path.relative_to(sample_city()): path.read_bytes() for path in sample_city().rglob("*.yaml")}
CHECKED = sorted(name for name in SOURCE if name.parts[0] not in ("calendar", "contracts"))
PIECES = (
    b"[",
    b"]",
    b"{",
    b"}",
    b":",
    b"- ",
    b"&a ",
    b"*a",
    b"!!set ",
    b"\n",
    b"\t",
    b"'",
    b'"',
    b"|",
    b"~",
    b"\x00",
    b"\xff",
)


def _cut(data: bytes, at: float, width: int, _: bytes) -> bytes:
    place = int(at * len(data))
    return data[:place] + data[place + width :]


def _insert(data: bytes, at: float, width: int, piece: bytes) -> bytes:
    place = int(at * len(data))
    return data[:place] + piece * width + data[place:]


def _replace_value(data: bytes, at: float, _: int, piece: bytes) -> bytes:
    lines = data.split(b"\n")
    number = int(at * len(lines))
    key, colon, _value = lines[number].partition(b":")
    lines[number] = key + colon + b" " + piece
    return b"\n".join(lines)


MUTATIONS: tuple[Callable[[bytes, float, int, bytes], bytes], ...] = (_cut, _insert, _replace_value)


@settings(deadline=None, max_examples=120)
@given(
    name=st.sampled_from(CHECKED),
    mutation=st.sampled_from(MUTATIONS),
    at=st.floats(0, 1, exclude_max=True),
    width=st.integers(1, 40),
    piece=st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)),
)
def test_no_mutation_of_the_files_is_a_traceback(
    tmp_path_factory: pytest.TempPathFactory,
    name: Path,
    mutation: Callable[[bytes, float, int, bytes], bytes],
    at: float,
    width: int,
    piece: bytes,
) -> None:
    folder = tmp_path_factory.mktemp("mutated")
    for other in CHECKED:
        (folder / other).parent.mkdir(exist_ok=True)
        (folder / other).write_bytes(SOURCE[other])
    (folder / name).write_bytes(mutation(SOURCE[name], at, width, piece))
    faults = check_city(folder)
    for found in faults:
        assert found.sentence("zh")
        assert found.as_dict("en")["code"] == found.code
    if not faults:
        load_city(folder)
    shutil.rmtree(folder)
