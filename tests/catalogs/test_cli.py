"""`hub catalog` and `hub people` as a person and a program use them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from catalogs.folder.city import load_city
from infra.ground import sample_city

ROOT = Path(__file__).resolve().parents[2]
ALL = len(load_city(sample_city()).resources)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "en", "PYTHONPATH": str(ROOT)}


def hub(environ: dict[str, str], *arguments: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout if status == 0 or "--json" in arguments else done.stdout + done.stderr


def test_register_list_show_export(environ: dict[str, str], tmp_path: Path) -> None:
    assert json.loads(hub(environ, "catalog", "register", "--json"))["resources"] == ALL
    listed = json.loads(hub(environ, "catalog", "list", "--unit", "sample", "--json"))["resources"]
    assert {each["data_format"] for each in listed} >= {"csv", "xls", "json"}
    shown = json.loads(hub(environ, "catalog", "show", "zhongyuan.health.visits", "--json"))
    assert shown["sharing_attribute"] == "conditional"
    assert shown["items"][0]["name"] == "visit_id"
    zh = hub({**environ, "HUB_LANG": "zh"}, "catalog", "show", "sample.health.hospitals")
    for word in ("目录名称", "提供单位", "共享属性", "使用条件", "真实来源"):
        assert word in zh
    hub(environ, "catalog", "export", str(tmp_path / "out"))
    assert json.loads(hub(environ, "catalog", "check", str(tmp_path / "out"), "--json"))["faults"] == []
    refused = json.loads(hub(environ, "catalog", "show", "no.such.thing", "--json", status=1))
    assert refused["error"]["code"] == "CATALOG_UNKNOWN_RESOURCE"


def test_check_prints_every_fault_and_exits_1(environ: dict[str, str], tmp_path: Path) -> None:
    city = Path(shutil.copytree(sample_city(), tmp_path / "city"))
    text = (city / "catalogues/erqi.yaml").read_text(encoding="utf-8")
    (city / "catalogues/erqi.yaml").write_text(text.replace("    provider: erqi_education\n", ""), encoding="utf-8")
    (city / "units.yaml").write_text("units: {}\n", encoding="utf-8")
    said = json.loads(hub(environ, "catalog", "check", str(city), "--json", status=1))
    assert said["count"] == len(said["faults"]) > 1
    assert {"catalogues/erqi.yaml", "units.yaml"} <= {each["place"]["file"] for each in said["faults"]}
    human = hub({**environ, "HUB_LANG": "zh"}, "catalog", "check", str(city), status=1)
    assert "缺少“提供单位”" in human
    assert "CATALOG_NO_CITY" in hub(environ, "catalog", "check", str(tmp_path), status=2)


def test_people_and_keys(environ: dict[str, str]) -> None:
    real = {name: value for name, value in environ.items() if name != "HUB_DEMO"}
    hub(real, "catalog", "register")
    # The first key needs nobody's; from then on only the authority's reviewer issues any.
    first = json.loads(hub(real, "people", "key", "reviewer_authority", "--json"))["key"]
    assert "PERSON_UNKNOWN" in hub(real, "people", "key", "auditor_zhao", status=1)
    authority = {**real, "HUB_API_KEY": first}
    assert len(json.loads(hub(authority, "people", "list", "--json"))["people"]) == len(load_city(sample_city()).people)
    key = json.loads(hub(authority, "people", "key", "auditor_zhao", "--json"))["key"]
    assert "PERSON_ROLE" in hub({**real, "HUB_API_KEY": key}, "people", "key", "local", status=1)
    assert "PERSON_UNKNOWN" in hub({**real, "HUB_API_KEY": key[:-1]}, "people", "key", "local", status=1)
    add = ("people", "add", "wang", "--name", "王", "--department", "jinshui_transport", "--clearance", "general_2")
    hub(authority, *add, "--role", "engineer")
    assert "PERSON_WORD" in hub(authority, *add, "--role", "king", status=2)
    assert json.loads(hub(authority, "people", "revoke", "auditor_zhao", "--json"))["revoked"] == 1
    assert "KEY_EXPIRED" in hub({**real, "HUB_API_KEY": key}, "people", "key", "local", status=1)


def test_who_the_people_are_is_told_to_nobody_unknown_and_to_no_other_role(
    environ: dict[str, str], tmp_path: Path
) -> None:
    """`catalog export` writes them too. The catalogue itself is announced to all departments, and stays open."""
    real = {name: value for name, value in environ.items() if name != "HUB_DEMO"}
    hub(real, "catalog", "register")
    asked = [("people", "list"), ("catalog", "export", str(tmp_path / "out"))]
    first = json.loads(hub(real, "people", "key", "reviewer_authority", "--json"))["key"]
    authority = {**real, "HUB_API_KEY": first}
    keys = {
        who: json.loads(hub(authority, "people", "key", who, "--json"))["key"]
        for who in ("engineer_li", "auditor_zhao")
    }
    for arguments in asked:
        assert "PERSON_UNKNOWN" in hub(real, *arguments, status=1)
        refused = hub({**real, "HUB_API_KEY": keys["engineer_li"]}, *arguments, status=1)
        assert "RECORDS_DENIED" in refused
        assert "李工" not in refused
        assert not (tmp_path / "out").exists()
    hub({**real, "HUB_API_KEY": keys["auditor_zhao"]}, *asked[0])
    hub(authority, *asked[1])
    assert "engineer_li" in (tmp_path / "out/people.yaml").read_text(encoding="utf-8")
    assert len(json.loads(hub(real, "catalog", "list", "--json"))["resources"]) == ALL
    assert "road_name" in hub(real, "catalog", "show", "jinshui.traffic.road_flow")


def test_listing_loads_nothing_heavy(environ: dict[str, str]) -> None:
    hub(environ, "catalog", "register")
    code = (
        "import sys, hub\n"
        "try: hub.main(['catalog', 'list'])\n"
        "except SystemExit: pass\n"
        "heavy = {'duckdb', 'deltalake', 'pandas', 'pyarrow', 'great_expectations', 'datahub', 'airflow', 'minio',"
        " 'cedarpy', 'alembic', 'fastapi', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.strip() == "[]"
