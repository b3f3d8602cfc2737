"""The benchmarks run, say what they are at, and tell their figures in the person's language. How large the figures are
is nobody's assertion."""

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from front_door import environment, run_hub
from lake_city import at_once

from sharing.bench import cli
from sharing.bench.cli import CHINESE, figures


def names(found: dict[str, Any]) -> Iterator[str]:
    for name, value in found.items():
        yield name
        if isinstance(value, dict):
            yield from names(value)


def ingest(folder: Path, say: Any) -> dict[str, Any]:
    """Its processes are real but for two, which would only load the libraries that this one has loaded."""
    from lake.bench import ingest as bench

    def here(command: list[str], *, env: dict[str, str], **more: Any) -> Any:
        given = json.loads(command[-1])
        if given["kind"] not in ("warm", "sealed"):
            return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with environment(env):
            return SimpleNamespace(stdout=json.dumps(bench.child(given)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "subprocess", SimpleNamespace(**{**vars(subprocess), "run": here}))
        return bench.run(rows=1_000, pairs=1, folder=folder, say=say)


def deliveries(folder: Path, say: Any) -> dict[str, Any]:
    """Its `hub run` is that of this process and takes what is due without Airflow; with one it is tested elsewhere."""
    from lake.bench import deliveries as bench_deliveries
    from lake.clock import run as clock_run

    def here(command: list[str], *, env: dict[str, str], **_: Any) -> SimpleNamespace:
        return SimpleNamespace(stdout=run_hub(env, *command[3:]).out)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench_deliveries, "subprocess", SimpleNamespace(run=here, PIPE=None, DEVNULL=None))
        patch.setattr(clock_run, "run_due", at_once)
        return bench_deliveries.run(count=2, airflow=3, resources=200, folder=folder, say=say)


def extract(folder: Path, say: Any) -> dict[str, Any]:
    from sharing.bench.extract import run

    return run(rows=20_000, pairs=1, home=folder, say=say)


def ledger(folder: Path, say: Any) -> dict[str, Any]:
    from infra.ledger.bench import run

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUB_HOME", str(folder))
        return run(threads=2, each=2, pairs=1, entries=20, say=say)


def policy(folder: Path, say: Any) -> dict[str, Any]:
    from sharing.bench.policy import run

    return run(grants=5, decisions=5, rounds=2, folder=folder, say=say)


def catalog(folder: Path, say: Any) -> dict[str, Any]:
    from catalogs.find.bench import run

    return run(resources=100, folder=folder, say=say)


@pytest.mark.parametrize(
    ("measure", "steps"),
    [
        (ingest, ["data", "baseline", "warm", "sealed", "cold", "fixed_seconds"]),
        (deliveries, ["one_process", "airflow", "register"]),
        (extract, ["data", "search", "baseline", "governed"]),
        (ledger, ["sqlite", "proof"]),
        (catalog, ["data", "check", "load", "list", "search"]),
        (policy, ["data", "access", "gate", "access", "gate", "reading"]),
    ],
)
def test_every_step_and_every_figure_has_its_word(
    measure: Callable[[Path, Any], dict[str, Any]], steps: list[str], tmp_path: Path
) -> None:
    told: list[str] = []
    found = measure(tmp_path, lambda what, *_: told.append(what))
    assert told == steps
    assert set(names(found)) | set(told) <= set(CHINESE)
    chinese, english = figures(found, "zh"), figures(found, "en")
    assert len(chinese) == len(english) == len(list(names(found)))
    assert not any("_" in line.split("  ")[0] for line in (*chinese, *english))


def test_progress_names_the_measurement_and_its_round(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    @contextlib.contextmanager
    def terminal(description: str) -> Iterator[Callable[[str], None]]:
        shown.append(description)
        yield shown.append

    monkeypatch.setattr(cli, "progress", terminal)
    for lang in ("zh", "en"):
        monkeypatch.setenv("HUB_LANG", lang)
        with cli._showing() as say:
            say("data", 1, 1)
            say("cold", 2, 5)
    assert shown == ["准备", "准备数据", "第 2/5 轮  冷启动命令", "preparing", "data", "round 2 of 5: cold"]


def test_figures_are_told_to_people_and_given_whole_to_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    from sharing.bench import policy as bench_policy

    found = {"grants": 7, "access": {"p50_ms": 0.123456, "p99_ms": 2.0}, "methods": ["keep", "band 5"]}
    monkeypatch.setattr(bench_policy, "run", lambda **_: found)
    assert json.loads(run_hub({}, "bench", "policy", "--json").out) == found
    assert run_hub({"HUB_LANG": "zh"}, "bench", "policy").out.splitlines() == [
        "使用许可数                  7",
        "访问判定",
        "  中位毫秒                  0.1235",
        "  第 99 百分位毫秒          2",
        "去标识方法                  keep, band 5",
    ]
    assert run_hub({"HUB_LANG": "en"}, "bench", "policy").out.splitlines()[2].split() == ["p50", "ms", "0.1235"]
