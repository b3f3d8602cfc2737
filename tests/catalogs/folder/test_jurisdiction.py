"""Requirement 10 of the domain: deadlines, chain and levels come from the city's own files."""

import shutil
from datetime import date
from pathlib import Path

from catalogs.folder.city import check_city, load_city
from catalogs.folder.jurisdiction import load_jurisdiction
from infra.calendar import WorkingDays
from infra.ground import sample_city

GUIYANG = """\
count_start: false
deadlines:
  - {id: answer_conditional, days: 10, article: 贵州省政府数据共享开放条例}
  - {id: answer_open, days: 15, extension: 15, article: 贵州省政府数据共享开放条例}
"""


def test_requirement_10_a_second_city_with_other_numbers_loads_without_code(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sample_city(), tmp_path / "guiyang"))
    head = (folder / "city.yaml").read_text("utf-8").replace("id: zhengzhou", "id: guiyang", 1)
    (folder / "city.yaml").write_text(head, "utf-8")
    (folder / "jurisdiction.yaml").write_text(GUIYANG, "utf-8")
    assert check_city(folder) == []
    assert load_city(folder).id == "guiyang"
    own, ours = load_jurisdiction(folder), load_jurisdiction(sample_city())
    assert (own.terms["answer_open"].days, own.terms["answer_open"].extension) == (15, 15)
    assert "answer_open" not in ours.terms
    assert "catalogue_review" not in own.terms  # what a city does not set is not taken from another
    days = WorkingDays.load(folder)
    assert days.add(date(2026, 9, 18), own.terms["answer_open"].days).date == date(2026, 10, 15)
