"""What of the register leaves as a file, and to whom: with a key whole, without one what is announced to everybody."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from front_door import Ran, run_hub
from life_city import FLOW, stock

from catalogs.people.asking import announced
from catalogs.people.people import issue_key
from catalogs.register import register_city, resources
from infra.ground import Ground, open_ground, sample_city

CITY_RULE = """
@id("own-unit")
@zh("本市规定：只看本单位目录")
@en("city rule: entries of one's own unit alone")
forbid (principal, action == Action::"describe", resource) unless { principal.unit == resource.unit };
"""
FILES = {
    "export-dcat": ("a.ttl",),
    "export-excel": ("a.xlsx",),
    "template": ("a.xlsx", "--prefill"),
    "send": ("a.csv", "--map", "national"),
}


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """A home that is no demo: nobody is there without a key."""
    with open_ground({"HUB_HOME": str(tmp_path / "real"), "HUB_LANG": "zh"}, create=True) as opened:
        opened.prepare()
        yield opened


@pytest.fixture
def environ(ground: Ground) -> dict[str, str]:
    stock(ground)
    return {"HUB_HOME": str(ground.home), "HUB_LANG": "zh"}


def ask(environ: dict[str, str], name: str, tmp_path: Path, *, key: str | None = None) -> Ran:
    out, *more = FILES[name]
    return run_hub(environ | ({"HUB_API_KEY": key} if key else {}), "catalog", name, tmp_path / out, *more)


def test_without_a_key_nothing_that_is_not_announced_leaves(environ: dict[str, str], tmp_path: Path) -> None:
    for name, (out, *_) in FILES.items():
        refused = ask(environ, name, tmp_path)
        assert (refused.status, "PERSON_UNKNOWN" in refused.err, (tmp_path / out).exists()) == (1, True, False), name
    asked = (("dossier", FLOW, tmp_path / "a.md"), ("draft", FLOW), ("drafts",), ("history", FLOW), ("diff", FLOW))
    for command in asked:
        assert "PERSON_UNKNOWN" in run_hub(environ, "catalog", *command).err, command
    assert run_hub(environ, "catalog", "template", tmp_path / "empty.xlsx").status == 0  # the empty form is anybody's


def test_what_is_shared_or_open_without_condition_is_anybodys_to_export(
    environ: dict[str, str], ground: Ground, tmp_path: Path
) -> None:
    out = tmp_path / "public.ttl"
    assert run_hub(environ, "catalog", "export-dcat", out, "--public").status == 0
    text = out.read_text("utf-8")
    named = {one.id: f'"{one.id}"' in text for one in resources(ground.engine)}
    assert named == {one.id: announced(one) for one in resources(ground.engine)}
    assert {True, False} == set(named.values())


@pytest.mark.parametrize("who", ["officer_jinshui", "deputy_jinshui", "head_jinshui", "auditor_zhao"])
def test_the_citys_people_take_it_out_whole(environ: dict[str, str], ground: Ground, tmp_path: Path, who: str) -> None:
    key = issue_key(ground, who, "tester")
    assert ask(environ, "send", tmp_path, key=key).status == 0
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len({row["信息资源名称"] for row in csv.DictReader(file)}) == len(resources(ground.engine))


def test_a_citys_rule_stops_a_file_that_it_would_make_partial(ground: Ground, tmp_path: Path) -> None:
    city = tmp_path / "city"
    shutil.copytree(sample_city(), city)
    (city / "policies/reading-own.cedar").write_text(CITY_RULE, encoding="utf-8")
    register_city(ground, city, "tester")
    environ = {"HUB_HOME": str(ground.home), "HUB_LANG": "zh", "HUB_CITY_DIR": str(city)}
    key = issue_key(ground, "officer_jinshui", "tester")
    whole = ask(environ, "send", tmp_path, key=key)
    assert (whole.status, (tmp_path / "a.csv").exists()) == (1, False)
    assert "CATALOG_DENIED" in whole.err
    assert "只看本单位目录" in whole.err
    own = run_hub(environ | {"HUB_API_KEY": key}, "catalog", "send", tmp_path / "a.csv", "--map", "national",
                  "--unit", "jinshui")  # fmt: skip
    assert own.status == 0
