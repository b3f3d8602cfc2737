"""Of what resources are made: sources that are nowhere, circles, grades below a source's, across files."""

import shutil
from dataclasses import replace
from pathlib import Path

from catalogs.folder.city import check_city, load_city
from catalogs.rules.lineage import lineage_findings
from catalogs.values.model import Grade, Resource
from infra.ground import sample_city

PLAIN = next(each for each in load_city(sample_city()).resources if each.id == "jingkai.logistics.bonded_zones")


def made(name: str, *sources: str, grade: Grade = Grade.GENERAL_2) -> Resource:
    return replace(PLAIN, id=f"jingkai.logistics.{name}", grade=grade, derived_from=_ids(*sources))


def _ids(*names: str) -> tuple[str, ...]:
    return tuple(f"jingkai.logistics.{name}" for name in names)


def told(*resources: Resource) -> list[tuple[str, str]]:
    found = lineage_findings(resources)
    return [(resources[each.index].name, each.breach.code) for each in found]


def test_what_is_made_of_others_names_sources_that_are_there() -> None:
    assert told(made("a"), made("b", "a")) == []
    assert told(made("a"), made("b", "a", "gone")) == [("b", "CATALOG_REFERENCE_UNKNOWN")]


def test_what_is_made_of_itself_is_told_at_each_that_is_in_the_circle_and_at_no_other() -> None:
    circle = made("a", "c"), made("b", "a"), made("c", "b")
    assert told(*circle, made("d", "a"), made("e")) == [(name, "CATALOG_GRADE_CIRCLE") for name in "abc"]
    assert told(made("a", "a")) == [("a", "CATALOG_GRADE_CIRCLE")]
    two = made("a", "b"), made("b", "a"), made("m", "a"), made("x", "m", "y"), made("y", "x")
    assert [name for name, _ in told(*two)] == ["a", "b", "x", "y"], "what stands between two circles is in neither"


def test_a_grade_below_its_source_s_is_told_through_any_number_of_steps() -> None:
    high = made("a", grade=Grade.GENERAL_4)
    assert told(high, made("b", "a")) == [("b", "CATALOG_GRADE_LINEAGE")]
    assert told(high, made("b", "a", grade=Grade.GENERAL_4)) == []
    assert told(high, made("b", "a"), made("c", "b")) == [(name, "CATALOG_GRADE_LINEAGE") for name in "bc"]


def test_the_check_of_a_city_tells_the_lineage_across_files_at_its_line(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sample_city(), tmp_path / "zhengzhou"))
    page = folder / "catalogues/jingkai.yaml"
    text = page.read_text(encoding="utf-8")
    line = "    sharing_attribute:"
    page.write_text(text.replace(line, f"    derived_from: [zhongyuan.health.visits, erewhon.x.y]\n{line}", 1), "utf-8")
    at = page.read_text(encoding="utf-8").splitlines().index("    derived_from: [zhongyuan.health.visits, erewhon.x.y]")
    found = {(fault.code, fault.place.file, fault.place.row) for fault in check_city(folder)}
    assert ("CATALOG_REFERENCE_UNKNOWN", "catalogues/jingkai.yaml", at + 1) in found
    assert "CATALOG_GRADE_LINEAGE" in {code for code, _, _ in found}
