"""The benchmark runs and returns its figures; how large they are is nobody's assertion."""

from pathlib import Path

import pytest

from infra.ledger.bench import run


def test_it_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    figures = run(threads=4, each=5, pairs=1, entries=700)
    assert figures["sqlite"]["ours_per_second"] > 0
    assert figures["proof"]["entries"] == 700
    assert figures["fsync_ms"] > 0
    assert "proof at 700 entries" in capsys.readouterr().out
    assert list((tmp_path / "tmp").iterdir()) == []
