import ast
import importlib
import re
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
import pytest

from infra.errors import WrongUse
from infra.settings import Secret, Settings, declared, load, variable

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("infra", "catalogs", "contracts", "lake", "sharing", "dags")
# Read where no settings class stands: by the last door, by the file that Airflow parses, by a bench, by the
# demo's firm.
READ_DIRECTLY = {"HUB_DEBUG", "HUB_CLOCK_TICKING", "HUB_BENCH_POSTGRES", "HUB_FIRM_PYTHON"}


class Probe(Settings, frozen=True):
    section: ClassVar[str] = "probe"

    probe: str | None = None
    port: int = 80
    seconds: float = 1.5
    on: bool = False
    folder: Path | None = None
    key: Secret | None = None
    mode: Literal["a", "b"] = "a"


class Needs(Settings, frozen=True):
    section: ClassVar[str] = "needs"

    key: Secret


def test_values_come_from_their_variables() -> None:
    given = {
        "HUB_PROBE": "x",
        "HUB_PROBE_PORT": " 8080 ",
        "HUB_PROBE_SECONDS": "2",
        "HUB_PROBE_ON": "True",
        "HUB_PROBE_FOLDER": "/data",
        "HUB_PROBE_KEY": "s3cret",
        "HUB_PROBE_MODE": "b",
        "HUB_OTHER": "ignored",
    }
    assert load(Probe, given) == Probe("x", 8080, 2.0, True, Path("/data"), Secret("s3cret"), "b")
    assert load(Probe, {"HUB_PROBE_PORT": "", "HUB_PROBE_ON": "0"}) == Probe()


@pytest.mark.parametrize(
    ("name", "value"),
    [("HUB_PROBE_PORT", "eighty-s3cret"), ("HUB_PROBE_ON", "perhaps-s3cret"), ("HUB_PROBE_MODE", "s3cret")],
)
def test_a_wrong_value_names_its_variable_and_is_not_repeated(name: str, value: str) -> None:
    with pytest.raises(WrongUse) as caught:
        load(Probe, {name: value})
    assert caught.value.code == "SETTING_WRONG"
    said = caught.value.sentence("en") + caught.value.sentence("zh")
    assert name in said
    assert "s3cret" not in said
    assert caught.value.__cause__ is None


def test_a_missing_value_names_its_variable() -> None:
    with pytest.raises(WrongUse, match="HUB_NEEDS_KEY") as caught:
        load(Needs, {})
    assert caught.value.code == "SETTING_MISSING"


def test_a_secret_shows_itself_to_whoever_asks_for_it_alone() -> None:
    settings = load(Probe, {"HUB_PROBE_KEY": "s3cret"})
    assert settings.key is not None
    assert settings.key.reveal() == "s3cret"
    assert "s3cret" not in f"{settings!r} {settings.key} {settings.key!r} {[settings.key]}"
    assert settings.key == Secret("s3cret") != Secret("other")


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        load(Probe, {}).port = 1  # type: ignore[misc]


def _sources() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")] + [ROOT / "hub.py"]


def _house() -> list[type[msgspec.Struct]]:
    """Every settings class of the house: the modules that derive one are found in their text and imported."""
    for path in _sources():
        tree = ast.parse(path.read_text("utf-8"))
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        if any(isinstance(base, ast.Name) and base.id == "Settings" for node in classes for base in node.bases):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return [cls for cls in declared() if cls.__module__.split(".")[0] in PACKAGES]


def _documented() -> dict[str, str]:
    text = (ROOT / "infra" / "env.example").read_text("utf-8")
    return dict(re.findall(r"^#?(HUB_[A-Z_]+)=(.*)$", text, re.MULTILINE))


def _written(default: object) -> str:
    """A default as the file of examples writes it."""
    if default is None:
        return ""
    return str(int(default)) if isinstance(default, bool) else str(default)


def test_every_variable_is_documented_with_its_default() -> None:
    house, documented = _house(), _documented()
    fields = [(variable(cls, field.name), field) for cls in house for field in msgspec.structs.fields(cls)]
    assert len(house) >= 3
    assert {name for name, _ in fields} | READ_DIRECTLY == set(documented)
    assert len(fields) == len({name for name, _ in fields}), "two classes read one variable"
    for name, field in fields:
        assert documented[name] == _written(None if field.required else field.default), name


def test_settings_classes_are_small() -> None:
    assert [cls.__name__ for cls in _house() if len(msgspec.structs.fields(cls)) > 12] == []


def test_no_code_reads_a_variable_that_is_not_documented() -> None:
    read = {
        name
        for path in _sources()
        for name in re.findall(r"""environ(?:\.get\(|\[)["'](HUB_[A-Z_]+)["']""", path.read_text("utf-8"))
    }
    assert read - set(_documented()) == set()
