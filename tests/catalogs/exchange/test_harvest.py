"""A harvest on both databases: conservation, change, deletion, the guard, conflicts, a kill at any line."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalogs.exchange import harvest as module
from catalogs.exchange.harvest import Harvest, How, Wish, harvest
from catalogs.exchange.listing import body, harvested, lines
from catalogs.exchange.tables import HARVESTED, LINE, RUN, SOURCE
from catalogs.register import register_city, resources
from infra.database import read
from infra.errors import HubError
from infra.ground import Ground, sample_city


def rows(*titles: str, **more: str) -> list[dict[str, Any]]:
    return [{"name": f"{title}.xls", "time": "2017", **more} for title in titles]


def give(path: Path, objects: list[Any]) -> Wish:
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects), encoding="utf-8")
    return Wish(str(path), "portal")


def state(ground: Ground) -> list[Any]:
    with read(ground.engine) as connection:
        return [
            sorted(map(repr, connection.execute(sa.select(*columns))))
            for columns in (
                [HARVESTED.c[name] for name in ("source", "id", "state", "title", "digest")],
                [LINE],
                [SOURCE.c.name, SOURCE.c.kind],
            )
        ]


def total(done: Harvest) -> int:
    return done.harvested + done.merged + done.duplicates + done.refused


def test_harvest_again_changes_only_what_changed(city_ground: Ground, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    first = harvest(city_ground, give(file, rows("甲", "乙", "丙")), "tester")
    assert (first.objects, total(first), len(first.change.new)) == (3, 3, 3)
    again = harvest(city_ground, give(file, rows("甲", "乙", "丙")), "tester")
    assert (again.run, again.change.same, again.change.new, again.change.changed) == (2, 3, (), ())
    third = harvest(city_ground, give(file, rows("甲") + rows("乙", note="新") + rows("丁")), "tester")
    assert [len(getattr(third.change, name)) for name in ("new", "changed", "gone")] == [1, 1, 1]
    assert [one.title for one in harvested(city_ground.engine, state="gone")] == ["丙"]
    back = harvest(city_ground, give(file, rows("甲", "丙")), "tester")
    assert len(back.change.back) == 1
    assert sorted(one.title for one in harvested(city_ground.engine, state="present")) == ["丙", "甲"]


def test_a_source_that_shrank_is_not_believed_at_once(city_ground: Ground, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    harvest(city_ground, give(file, rows("甲", "乙", "丙")), "tester")
    before = state(city_ground)
    for left in (rows("甲"), []):
        with pytest.raises(HubError) as caught:
            harvest(city_ground, give(file, left), "tester")
        assert caught.value.code == "HARVEST_SHRUNK"
        assert state(city_ground) == before
    done = harvest(city_ground, give(file, rows("甲")), "tester", How(believe=True))
    assert len(done.change.gone) == 2


def test_who_was_refused_has_not_vanished(city_ground: Ground, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,名称\n1,甲\n2,乙\n3,丙\n", encoding="utf-8")
    harvest(city_ground, Wish(str(file)), "tester")
    file.write_text("id,名称\n1,甲\n2,\n", encoding="utf-8")
    with pytest.raises(HubError):
        harvest(city_ground, Wish(str(file)), "tester")
    done = harvest(city_ground, Wish(str(file)), "tester", How(believe=True))
    assert (done.change.kept, done.change.gone) == (("2",), ("3",))
    file.write_text("id,名称\n1,甲\nhalf a row\n", encoding="utf-8")
    done = harvest(city_ground, Wish(str(file)), "tester", How(believe=True))
    assert (done.change.kept, done.change.gone, done.refused) == (("2",), (), 1)


def test_a_dry_run_writes_nothing(ground: Ground, tmp_path: Path) -> None:
    done = harvest(ground, give(tmp_path / "a.json", rows("甲", "甲")), "tester", How(dry=True))
    assert (done.dry, done.harvested, done.duplicates) == (True, 1, 1)
    assert state(ground) == [[], [], []]


@pytest.mark.parametrize("at", ["_source", "_weigh", "_put", "_report", "_close"])
def test_a_harvest_that_dies_anywhere_and_runs_again_ends_the_same(
    at: str, ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.json"
    harvest(ground, give(file, rows("甲", "乙")), "tester")
    before = state(ground)
    wanted = give(file, rows("甲", "丙", "丙"))
    real = getattr(module, at)

    def die(*arguments: Any, **named: Any) -> None:
        real(*arguments, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, at, die)
        with pytest.raises(KeyboardInterrupt):
            harvest(ground, wanted, "tester")
    assert state(ground) == before
    done = harvest(ground, wanted, "tester")
    assert (len(done.change.new), len(done.change.gone), done.duplicates) == (1, 1, 1)
    with read(ground.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(RUN)).scalar() == 2


def test_conflicts_are_shown_and_nothing_is_governed_by_a_harvest(city_ground: Ground, tmp_path: Path) -> None:
    register_city(city_ground, sample_city(), "tester")
    before = resources(city_ground.engine)
    one = before[0]
    from catalogs.register import departments

    provider = next(each.name.zh for each in departments(city_ground.engine) if each.id == one.provider)
    info = {"来源部门": provider, "开放状态": "无条件开放"}
    raw = [{"name": f"{one.title.zh}.csv", "topic": topic, "info": info} for topic in ("甲", "乙")]
    first = harvest(city_ground, give(tmp_path / "a.json", raw), "tester")
    assert {(each.meets, each.other) for each in first.conflicts} >= {("register", one.id)}
    assert "a" in {each.meets for each in first.conflicts}
    second = harvest(city_ground, give(tmp_path / "b.json", raw[:1]), "tester")
    assert {each.meets for each in second.conflicts} == {"register", "a"}
    assert resources(city_ground.engine) == before


def test_a_source_keeps_its_kind_and_a_name_is_needed(ground: Ground, tmp_path: Path) -> None:
    wish = give(tmp_path / "a.json", rows("甲"))
    harvest(ground, wish, "tester")
    (tmp_path / "a.csv").write_text("id,名称\n1,甲\n2,乙\n", encoding="utf-8")
    for wrong, code in (
        (Wish(str(tmp_path / "a.csv")), "HARVEST_OTHER_KIND"),
        (Wish(wish.source, "portal", ""), "HARVEST_NAME"),
        (Wish(str(tmp_path / "none.json")), "HARVEST_SOURCE"),
        (Wish("https://user:secret@127.0.0.1/x"), "HARVEST_ADDRESS"),
    ):
        with pytest.raises(HubError) as caught:
            harvest(ground, wrong, "tester")
        assert caught.value.code == code


def test_done_when_3_the_real_portal_catalogue_comes_in_with_nothing_dropped(
    city_ground: Ground, shared: Path, record_property: Any
) -> None:
    folder = shared / "data" / "catalog-guangxi-open-data"
    done = [harvest(city_ground, Wish(str(folder / f"{name}.json")), "tester") for name in ("guangxi", "henan")]
    assert [one.objects for one in done] == [5411, 2063]
    assert sum(map(total, done)) == 7474
    found = [{each.code: each.count for each in one.findings} for one in done]
    assert done[0].duplicates == 30
    assert found[0]["HARVEST_OUT_OF_STEP"] == 3079
    assert found[0]["HARVEST_JSON_LINES"] == found[1]["HARVEST_JSON_LINES"] == 1
    assert found[0]["HARVEST_COUNT_COMMAS"] > 800
    assert "HARVEST_STEP_UNPROVED" not in found[0]
    assert found[1]["HARVEST_BLANKS"] == 2053
    # Every line of the files is found again: in a record's parts, or as the repeat of one that is.
    for name, one in zip(("guangxi", "henan"), done, strict=True):
        wanted = [json.loads(line) for line in (folder / f"{name}.json").read_text("utf-8").splitlines()]
        with read(city_ground.engine) as connection:
            query = sa.select(HARVESTED.c.body).where(HARVESTED.c.source == name)
            parts = {
                json.dumps(part, sort_keys=True) for row in connection.execute(query) for part in row.body["parts"]
            }
        assert {json.dumps(each, sort_keys=True) for each in wanted} == parts
        assert [line["position"] for line in lines(city_ground.engine, name)] == list(range(1, one.objects + 1))
    again = [harvest(city_ground, Wish(str(folder / f"{name}.json")), "tester") for name in ("guangxi", "henan")]
    assert [one.change.same for one in again] == [one.records for one in done]
    rain = next(one for one in harvested(city_ground.engine, source="guangxi") if one.title == "广西24小时雨量")
    assert rain.provider == "自治区气象局"
    assert body(city_ground.engine, "guangxi", rain.id)["update_frequency"] == "daily"
    record_property("figure", f"7,474 objects: {sum(one.records for one in done)} records; " + str(found))
