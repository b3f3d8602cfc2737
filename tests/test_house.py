"""The rules of the house (design 1), each read from the code itself."""

import ast
import functools
import graphlib
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
    "deltalake": {"lake/store/delta.py"},
    "great_expectations": {"lake/audit/audit.py"},
    "datahub": {"lake/describe/describe.py", "lake/describe/lite.py"},
    "cedarpy": {"catalogs/permission/cedar.py"},
    "minio": {"infra/storage_s3.py"},
    "cryptography": {"infra/crypto.py"},
    "hashlib": {"infra/crypto.py", "infra/setup.py"},  # the set-up runs before anything is installed
    "hmac": {"infra/crypto.py"},
    "secrets": {"infra/crypto.py"},
    "argon2": {"infra/crypto.py"},
    "openpyxl": {"catalogs/sheet/guide.py", "catalogs/sheet/marking.py", "catalogs/sheet/writing.py"},
    "airflow": {"dags/ingest.py", "dags/compare.py"},
}


def sources() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    found = [ROOT / name for name in names] or [p for top in [*ORDER, "dags"] for p in (ROOT / top).rglob("*.py")]
    return [p for p in found if p.exists()]


@functools.cache
def imports(path: Path) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides where it points"
            found.append((node.module or "", node.lineno))
    return found


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


def _room(module: str, package: str) -> str | None:
    """The room of `package` that a module of it lies in; a module beside the rooms is a room of its own."""
    parts = module.split(".")
    return parts[1] if parts[0] == package and len(parts) > 1 else None


@pytest.mark.parametrize("package", ["lake", "sharing"])
def test_rooms_of_a_package_point_one_way(package: str) -> None:
    towards: dict[str, set[str]] = {}
    for path in sources():
        mine = _room(place(path).removesuffix(".py").replace("/", "."), package)
        if mine is None or mine == "__init__":
            continue
        named = {_room(name, package) for name, _ in imports(path)} | {
            alias.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module == package
            for alias in node.names
        }
        towards.setdefault(mine, set()).update(name for name in named if name not in {None, mine})
    assert len(list(graphlib.TopologicalSorter(towards).static_order())) > 5  # a circle raises, and names its rooms


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


# Rule 3: deciding is pure, and time is an argument. These modules decide, or are the values that deciding is made of;
# beside them every module whose docstring says "Pure". Behind each stand its functions that read files: a city's tables
# and policies, and those of the house, which are as much the program's own text as the code is.
DECIDING: dict[str, set[str]] = {
    "catalogs/permission/cedar.py": {"load", "policy_files", "_modified"},
    "catalogs/permission/decide.py": {"_loaded"},
    "catalogs/values/matrix.py": set(),
    "catalogs/values/model.py": set(),
    "catalogs/personal/personal.py": {"house_rules"},
    "catalogs/rules/rules.py": set(),
    "catalogs/values/uscc.py": set(),
    "catalogs/values/words.py": set(),
    "contracts/casts.py": set(),
    "contracts/compile.py": set(),
    "contracts/model.py": set(),
    "contracts/rules.py": set(),
    "contracts/steps.py": set(),
    "contracts/suite.py": set(),
    "contracts/values.py": set(),
    "infra/calendar.py": {"load", "_read"},
    "infra/errors.py": set(),
    "infra/language.py": set(),
    "infra/ledger/acts.py": set(),
    "infra/ledger/entry.py": set(),
    "infra/ledger/growth.py": set(),
    "infra/ledger/report.py": set(),
    "infra/local_time.py": set(),
    "infra/text.py": set(),
    "lake/audit/verdict.py": set(),
    "sharing/case/agreement.py": set(),
    "sharing/case/cases.py": set(),
    "sharing/extract/certificate.py": set(),
    "sharing/case/classes.py": set(),
    "sharing/plan/methods.py": set(),
    "sharing/plan/plan.py": set(),
    "sharing/case/policy.py": {"_loaded"},
    "sharing/case/reasons.py": set(),
    "sharing/case/uscc.py": set(),
}
# What they may import beside one another: libraries that reach nothing outside the process, pathlib for its paths, and
# of our cryptography what gives the same answer to the same question.
QUIET = {
    "base64", "binascii", "cedarpy", "collections", "dataclasses", "datetime", "decimal", "enum", "functools", "html",
    "itertools", "json", "math", "pathlib", "re", "rfc8785", "typing", "unicodedata", "zoneinfo",
}  # fmt: skip
STEADY = {"Key", "equal", "hasher", "mac", "sha256", "sha256_hex", "verify"}
NOISY = {
    "__import__", "eval", "exec", "exists", "fromtimestamp", "getenv", "glob", "input", "is_dir", "is_file", "iterdir",
    "mkdir", "monotonic", "now", "open", "perf_counter", "print", "read_bytes", "read_text", "rename", "rglob", "sleep",
    "stat", "time", "today", "touch", "unlink", "utcnow", "write_bytes", "write_text",
}  # fmt: skip


@functools.cache
def deciding() -> dict[str, set[str]]:
    says = [p for p in sources() if place(p).split("/")[0] in ORDER and _says_pure(p)]
    return {**{place(path): set() for path in says}, **DECIDING}


def _says_pure(path: Path) -> bool:
    return bool(re.search(r"\bPure\b", ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""))


def _at_work(node: ast.AST, readers: set[str]) -> Iterator[ast.AST]:
    """Everything that runs when something is decided: no function that reads files, nothing for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name in readers:
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _at_work(child, readers)


def _impure(node: ast.AST, pure: set[str]) -> Iterator[str]:
    """What this one node imports or calls that deciding may not."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.split(".")[0] not in QUIET)
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        if module == "infra.crypto":
            yield from (f"{module}.{alias.name}" for alias in node.names if alias.name not in STEADY)
        elif module.split(".")[0] in ORDER and (ROOT / (room := module.replace(".", "/"))).is_dir():
            yield from (f"{module}.{alias.name}" for alias in node.names if f"{room}/{alias.name}.py" not in pure)
        elif module.split(".")[0] not in QUIET and module.replace(".", "/") + ".py" not in pure:
            yield module
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in NOISY:
            yield f"{name}()"


@pytest.mark.parametrize("module", sorted(deciding()))
def test_deciding_is_pure_and_time_is_an_argument(module: str) -> None:
    pure = deciding()
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    found = [
        f"{module}:{getattr(node, 'lineno', 0)} {what}"
        for node in _at_work(tree, pure[module])
        for what in _impure(node, set(pure))
    ]
    assert found == []


def test_what_may_read_files_is_still_there() -> None:
    for module, readers in DECIDING.items():
        assert readers <= {function.name for function in functions(ROOT / module)}, module


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
