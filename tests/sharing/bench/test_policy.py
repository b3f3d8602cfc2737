from pathlib import Path

import pytest

from infra.errors import Refused
from infra.ground import open_ground
from sharing.access.gate import Gate
from sharing.bench import policy


def test_every_stored_grant_is_asked_for_and_decided(tmp_path: Path) -> None:
    found = policy.run(grants=30, decisions=60, rounds=2, folder=tmp_path)
    assert (found["grants"], found["decisions"]) == (30, 120)
    for figures in (found["access"], found["gate"], found["reading"]["item"], found["reading"]["resource"]):
        assert 0 < figures["p50_ms"] <= figures["p99_ms"]
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_what_is_timed_is_the_gate_that_refuses(tmp_path: Path) -> None:
    with open_ground({"HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1"}, create=True) as ground:
        ground.prepare()
        policy._store(ground, 3)
        gate = Gate(ground)
        assert gate.admit(f"Bearer {policy._secret(2)}").grant == "g-bench-2"
        with pytest.raises(Refused) as caught:
            gate.admit(f"Bearer {policy._secret(3)}")
        assert caught.value.code == "SHARE_TOKEN"
