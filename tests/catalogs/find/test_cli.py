"""`hub catalog search` and `hub catalog reindex`, as a person types them and as a program reads them."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from front_door import run_hub

from catalogs.find.tables import DOCUMENT
from infra.database import write
from infra.ground import open_ground


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    said = {"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "HUB_LANG": "zh"}
    assert run_hub(said, "catalog", "register", "--json").status == 0
    return said


def test_a_person_sees_the_matched_part_the_counts_and_what_was_meant(environ: dict[str, str]) -> None:
    said = run_hub(environ, "catalog", "search", "行政区划代码").out
    assert "示例·全国【行政区划代码】(2023)" in said
    assert "共 " in said
    assert "单位: sample" not in said.splitlines()[0]
    other = run_hub({**environ, "HUB_LANG": "en"}, "catalog", "search", "hospitls")
    assert "nothing for that; showing: hospitals" in other.out
    assert "【hospitals】" in other.out
    assert "没有找到" in run_hub(environ, "catalog", "search", "龘靐齉").out


def test_a_program_reads_one_document(environ: dict[str, str]) -> None:
    found = run_hub(environ, "catalog", "search", "代码", "--unit", "sample", "--limit", "2", "--json").document
    assert found["total"] >= 3
    assert len(found["hits"]) == 2
    hit = found["hits"][0]
    assert hit["matched"]["text"][hit["matched"]["start"] : hit["matched"]["end"]] == "代码"
    assert found["facets"]["unit"][0][0] == "sample"
    none = run_hub(environ, "catalog", "search", "代码", "--grade", "core", "--json").document
    assert (none["total"], none["hits"]) == (0, [])


def test_wrong_use_is_a_sentence(environ: dict[str, str]) -> None:
    long = run_hub(environ, "catalog", "search", "停" * 300)
    assert (long.status, "CATALOG_QUERY_LONG" in long.said) == (2, True)
    assert run_hub(environ, "catalog", "search", "停", "--limit", "1000").status == 2


def test_a_stale_index_is_found_and_made_again(environ: dict[str, str]) -> None:
    assert run_hub(environ, "catalog", "reindex", "--check").status == 0
    with open_ground(environ) as ground, write(ground.engine) as connection:
        connection.execute(sa.update(DOCUMENT).values(digest="0" * 64))
    compared = run_hub(environ, "catalog", "reindex", "--check", "--json")
    assert compared.status == 1
    assert compared.document["current"] is False
    assert "hub catalog reindex" in run_hub(environ, "catalog", "search", "代码").out
    made = run_hub(environ, "catalog", "reindex", "--json").document
    assert made["resources"] == len(compared.document["changed"])
    assert run_hub(environ, "catalog", "reindex", "--check").status == 0
