"""What is due goes into batches; what was half written to a metadata file harms nothing."""

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from lake_city import stock

from infra.ground import Ground
from lake.clock.schedule import DELIVERY_BYTES, Due, batches, due, write_schedule
from lake.describe import metadata_file

waiting = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 20 << 20)), max_size=60).map(
    lambda many: [Due(number, f"d{number}", f"u.x.{name}", size) for number, (name, size) in enumerate(many)]
)


@settings(deadline=None, max_examples=100)
@given(waiting)
def test_every_delivery_stands_in_one_batch_its_dataset_in_order(many: list[Due]) -> None:
    made = batches(many, most_bytes=16 << 20)
    of = {one.id: one for one in many}
    assert sorted(identity for batch in made for identity in batch) == sorted(of)
    where: dict[str, set[int]] = {}
    for number, batch in enumerate(made):
        assert batch
        for identity in batch:
            where.setdefault(of[identity].dataset, set()).add(number)
        for dataset in {of[identity].dataset for identity in batch}:
            numbers = [of[identity].number for identity in batch if of[identity].dataset == dataset]
            assert numbers == sorted(numbers)
        weight = sum(of[identity].size + DELIVERY_BYTES for identity in batch)
        assert weight <= 16 << 20 or len({of[identity].dataset for identity in batch}) == 1
    assert all(len(numbers) == 1 for numbers in where.values())


def test_an_empty_register_has_no_dags_and_nothing_is_due(ground: Ground) -> None:
    assert write_schedule(ground) == []
    assert due(ground) == []


def test_only_what_has_a_contract_has_a_dag(ground: Ground) -> None:
    stock(ground)
    told = " ".join(dag.doc for dag in write_schedule(ground))
    assert "jinshui.traffic.road_flow" in told
    assert "huiji." not in told  # catalogued, nothing promised


def test_a_torn_line_is_dropped_and_the_rest_kept(tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    metadata_file.append(path, [{"a": 1}, {"b": "二"}])
    metadata_file.append(path, [{"c": 3}])
    assert json.loads(path.read_bytes()) == [{"a": 1}, {"b": "二"}, {"c": 3}]
    whole = path.read_bytes()
    for cut in range(1, len(whole)):
        path.write_bytes(whole[:-cut])
        metadata_file.append(path, [{"d": 4}])
        kept = json.loads(path.read_bytes())
        assert kept[-1] == {"d": 4}
        assert kept[:-1] == [{"a": 1}, {"b": "二"}, {"c": 3}][: len(kept) - 1]
