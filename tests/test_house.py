"""The rules of the house (design 1), each read from the code itself."""

import ast
import importlib.metadata
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDER = ["infra", "catalogs", "contracts", "lake", "sharing"]
TOP = {"README.md", "README.zh-CN.md", "pyproject.toml", "LICENSE", "hub.py", "dags", "tests", *ORDER}
DOORS = {
    "deltalake": {"lake/delta.py"},
    "great_expectations": {"lake/audit.py"},
    "datahub": {"lake/describe.py"},
    "cedarpy": {"catalogs/cedar.py"},
    "minio": {"infra/storage_s3.py"},
    "cryptography": {"infra/crypto.py"},
    "hashlib": {"infra/crypto.py", "infra/setup.py"},  # the set-up runs before anything is installed
    "hmac": {"infra/crypto.py"},
    "secrets": {"infra/crypto.py"},
    "argon2": {"infra/crypto.py"},
    "airflow": {"dags/ingest.py"},
}


def sources() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    found = [ROOT / name for name in names] or [p for top in [*ORDER, "dags"] for p in (ROOT / top).rglob("*.py")]
    return [p for p in found if p.exists()]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides where it points"
            yield node.module or "", node.lineno


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_imports_point_left() -> None:
    wrong = []
    for path in sources():
        room = place(path).split("/")[0]
        if room not in ORDER:
            continue
        barred = {"hub", "dags", "tests", *ORDER[ORDER.index(room) + 1 :]}
        wrong += [
            f"{place(path)}:{line} imports {name}" for name, line in imports(path) if name.split(".")[0] in barred
        ]
    assert wrong == []


def test_dags_and_hub_are_imported_by_nobody() -> None:
    callers = [p for p in sources() if place(p).split("/")[0] in ORDER]
    assert callers
    assert [place(p) for p in callers if {n.split(".")[0] for n, _ in imports(p)} & {"hub", "dags", "tests"}] == []


@pytest.mark.parametrize("library", sorted(DOORS))
def test_one_library_one_door(library: str) -> None:
    users = {
        place(p)
        for p in sources()
        if not place(p).startswith("tests/") and library in {n.split(".")[0] for n, _ in imports(p)}
    }
    assert users <= DOORS[library], f"{library} is imported beside its door"


def test_top_level_holds_the_house_and_nothing_else() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    if not listed:
        pytest.skip("not a git checkout")
    assert {name.split("/")[0] for name in listed if not name.startswith(".")} <= TOP


def test_no_other_distribution_claims_our_names() -> None:
    owners = importlib.metadata.packages_distributions()
    assert {name: owners[name] for name in [*ORDER, "dags", "hub"] if set(owners.get(name, [])) - {"cityhub"}} == {}


def test_rooms_are_small() -> None:
    long_rooms = {
        place(p): n
        for p in sources()
        if place(p).split("/")[0] in ORDER and (n := len(p.read_text("utf-8").splitlines())) > 300
    }
    assert long_rooms == {}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_functions_are_small() -> None:
    rooms = [path for path in sources() if place(path).split("/")[0] in [*ORDER, "dags", "hub.py"]]
    # A migration is a list of what was done once, in one function, and never changes again.
    ours = [path for path in rooms if "migrations" not in path.parts]
    sized = {f"{place(p)}:{f.lineno} {f.name}": (f.end_lineno or 0) - f.lineno for p in ours for f in functions(p)}
    assert {name: lines for name, lines in sized.items() if lines > 60} == {}


def test_every_pin_is_exact_and_names_no_host() -> None:
    for path in (ROOT / "infra").glob("constraints*.txt"):
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
        assert lines
        assert [line for line in lines if "==" not in line or "://" in line] == [], path.name


def test_judges_are_not_older_than_their_files_say() -> None:
    for wanted in (ROOT / "infra").glob("judge-*.in"):
        judge = wanted.stem.removeprefix("judge-")
        home = ROOT / (".firm" if judge == "delta-sharing" else f".judges/{judge}")
        if not (home / "bin/python").exists():
            continue
        pins = (ROOT / f"infra/constraints-judge-{judge}.txt").read_text()
        for line in wanted.read_text().split():
            name = re.split("[=><]", line)[0]
            pinned = re.search(rf"^{re.escape(name)}==(\S+)", pins, re.MULTILINE)
            asked = f"from importlib.metadata import version; print(version('{name}'))"
            installed = subprocess.run(
                [home / "bin/python", "-c", asked], capture_output=True, text=True, check=True
            ).stdout.strip()
            assert pinned
            assert installed == pinned[1], f"the {judge} judge is not the pinned one"


def test_the_wheel_carries_every_room() -> None:
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*ORDER, "dags"} <= set(built["packages"])
    assert "hub.py" in built["include"]
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    assert "Private :: Do Not Upload" in classifiers
