"""The benchmark runs and returns its figures; how large they are is nobody's assertion."""

from pathlib import Path

import pytest

from infra.ledger.bench import run


def test_it_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    steps: list[tuple[str, int, int]] = []
    figures = run(threads=4, each=5, pairs=2, entries=700, say=lambda *step: steps.append(step))
    assert steps == [("sqlite", 1, 2), ("sqlite", 2, 2), ("proof", 1, 1)]
    assert figures["sqlite"]["ours_per_second"] > 0
    assert figures["proof"]["entries"] == 700
    assert figures["fsync_ms"] > 0
    assert list((tmp_path / "tmp").iterdir()) == []
