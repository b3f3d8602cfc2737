"""`hub catalog harvest|harvested|export-dcat` as a person and a program use them."""

import json
from pathlib import Path

import pytest
from front_door import run_hub

LINES = [{"name": "公交站_0.csv", "topic": "交通", "info": {"来源部门": "交通局", "更新频率": "每天"}}, {"no": "name"}]


@pytest.fixture
def environ(city_environ: dict[str, str]) -> dict[str, str]:
    """On SQLite with a folder, and on PostgreSQL with an S3."""
    found = city_environ | {"HUB_LANG": "zh"}
    assert run_hub(found, "catalog", "register").status == 0
    return found


def test_harvest_says_what_became_of_every_object(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "portal.json"
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in LINES), encoding="utf-8")
    dry = run_hub(environ, "catalog", "harvest", file, "--dry-run")
    assert (dry.status, "试运行" in dry.out) == (0, True)
    assert "没有采集记录" in run_hub(environ, "catalog", "harvested").out
    done = run_hub(environ, "catalog", "harvest", file)
    assert "共 2 条 = 采集 1 + 并入同一数据集 0 + 完全重复 0 + 未采集 1" in done.out
    assert "不是含 name 的对象" in done.out
    listed = run_hub(environ, "catalog", "harvested", "--source", "portal", "--json").document["records"]
    assert [(one["title"], one["provider"], one["state"]) for one in listed] == [("公交站", "交通局", "present")]
    lines = run_hub(environ, "catalog", "harvested", "--source", "portal", "--lines", "--json").document["lines"]
    assert [line["outcome"] for line in lines] == ["harvested", "refused"]
    shown = run_hub(environ, "catalog", "harvested", "--source", "portal", "--show", listed[0]["id"], "--json").document
    assert shown["parts"] == LINES[:1]
    assert run_hub(environ, "catalog", "harvested", "--lines").status == 2


def test_an_officer_harvests_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    people = run_hub(environ, "people", "list", "--as", "reviewer_authority", "--json").document["people"]
    officer = next(one["id"] for one in people if one["roles"] == ["district_officer"])
    refused = run_hub(environ, "catalog", "harvest", tmp_path / "a.json", "--as", officer)
    assert (refused.status, "PERSON_ROLE" in refused.said) == (1, True)


def test_export_dcat(environ: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "city.ttl"
    done = run_hub(environ, "catalog", "export-dcat", out, "--json").document
    assert done["bytes"] == out.stat().st_size
    assert done["datasets"] == out.read_text("utf-8").count("a dcat:Dataset")
    assert run_hub(environ, "catalog", "export-dcat", tmp_path / "city.doc").status == 2
    assert run_hub(environ, "catalog", "export-dcat", out, "--base", "https://x.example/a").status == 2
    assert run_hub(environ, "catalog", "export-dcat", tmp_path / "none" / "a.ttl").status == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["city.ttl", "home"]


def test_dossier(environ: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "a.md"
    said = run_hub(environ, "catalog", "dossier", "zhongyuan.health.visits", out)
    assert (said.status, "证明文件" in said.out) == (0, True)
    assert out.read_text("utf-8").count("## ") == 7
    assert run_hub(environ, "catalog", "dossier", "no.such.thing", out).status == 1
