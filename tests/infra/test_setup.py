"""The set-up installs what is pinned, keeps to the clone, and does nothing twice."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra import setup


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with pins for one environment, in which nothing is really installed."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "pins.txt").write_text("click==8\n")
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.delenv("PIP_CACHE_DIR", raising=False)

    def create(home: Path, **_: Any) -> None:
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "python").touch()

    monkeypatch.setattr(setup.venv, "create", create)
    return tmp_path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """Every command that is run, with its environment."""
    commands: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], *, env: dict[str, str], **_: Any) -> "subprocess.CompletedProcess[str]":
        commands.append((command, env))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(setup.subprocess, "run", run)
    return commands


Ran = list[tuple[list[str], dict[str, str]]]


def test_pip_keeps_to_the_pins_and_its_cache_to_the_clone(clone: Path, ran: Ran) -> None:
    python = setup.environment(".venv", "pins.txt", ["-e", "."])
    [(command, environ)] = ran
    assert command[0] == str(python)
    assert command[command.index("-c") + 1] == str(clone / "infra" / "pins.txt")
    assert Path(environ["PIP_CACHE_DIR"]).is_relative_to(clone)


def test_a_cache_that_somebody_named_is_used(clone: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CACHE_DIR", "/var/cache/pip")
    setup.environment(".venv", "pins.txt", ["-e", "."])
    assert ran[0][1]["PIP_CACHE_DIR"] == "/var/cache/pip"
    assert clone


def test_what_is_right_is_left_alone_until_its_pins_change(clone: Path, ran: Ran) -> None:
    for _ in range(2):
        setup.environment(".venv", "pins.txt", ["-e", "."])
    assert len(ran) == 1
    (clone / "infra" / "pins.txt").write_text("click==9\n")
    setup.environment(".venv", "pins.txt", ["-e", "."])
    assert len(ran) == 2


def test_the_cache_is_no_part_of_the_clone_s_history() -> None:
    root = Path(__file__).resolve().parent.parent.parent
    assert ".pip-cache/" in (root / ".gitignore").read_text(encoding="utf-8").splitlines()
