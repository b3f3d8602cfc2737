"""The benchmark measures a city that is without fault, and asks the same queries each time."""

from pathlib import Path

from catalogs.find.bench import queries, run
from catalogs.find.big_city import big_city, write_big_city
from catalogs.folder.city import check_city, load_city
from infra.ground import sample_city


def test_the_drawn_city_is_read_back_as_it_was_drawn(tmp_path: Path) -> None:
    drawn = big_city(load_city(sample_city()), 800)
    write_big_city(drawn, tmp_path)
    assert check_city(tmp_path) == []
    read = load_city(tmp_path)
    assert {each.id: each for each in read.resources} == {each.id: each for each in drawn.resources}
    assert big_city(load_city(sample_city()), 800).resources == drawn.resources


def test_the_queries_are_many_and_the_same_each_time() -> None:
    assert len(queries()) >= 200
    assert queries() == queries()
    assert len(set(queries())) > 100


def test_a_small_run_gives_every_figure(tmp_path: Path) -> None:
    found = run(resources=100, folder=tmp_path)
    assert found["resources"] == 100
    assert {"seconds", "baseline"} <= found["check"].keys() & found["load"].keys()
    assert {"p50_ms", "p95_ms", "baseline_p95_ms"} <= found["search"].keys()
    assert list(tmp_path.iterdir()) == []
