import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from lake.audit.later import load_later
load_later("heavy", "wide.part", "json", "not_there_at_all")
import heavy as known
from wide import part
assert "HEAVY" not in dir(sys) and not hasattr(sys, "loaded"), "nothing is loaded by importing"
{use}
assert sys.loaded == {loaded}, sys.loaded
import json
assert json.loads("1") == 1
assert "not_there_at_all" not in sys.modules
"""


@pytest.mark.parametrize(
    ("use", "loaded"),
    [
        ("assert known.answer() == 42 and known.answer() == 42", ["heavy"]),
        ("import heavy; assert heavy.answer() == 42 and known.answer() == 42", ["heavy"]),
        ("from heavy import answer; assert answer() == 42", ["heavy"]),
        ("assert part.NAME == 'part'; import wide.part; assert wide.part.NAME == 'part'", ["part"]),
    ],
)
def test_a_module_is_loaded_once_when_a_name_of_it_is_used(tmp_path: Path, use: str, loaded: list[str]) -> None:
    once = "import sys\nsys.loaded = [*getattr(sys, 'loaded', []), __name__.rpartition('.')[2]]\n"
    (tmp_path / "heavy.py").write_text(once + "def answer():\n    return 42\n")
    (tmp_path / "wide").mkdir()
    (tmp_path / "wide/__init__.py").write_text(
        "import importlib\ndef __getattr__(n):\n    return importlib.import_module(f'wide.{n}')\n"
    )
    (tmp_path / "wide/part.py").write_text(once + "NAME = 'part'\n")
    program = PROGRAM.format(use=use, loaded=loaded)
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_great_expectations_starts_without_what_no_suite_uses() -> None:
    program = (
        "import sys; from lake.audit.audit import _library; _library();"
        "print(*(name in sys.modules for name in ('great_expectations', 'scipy.stats._stats_py', 'altair.vegalite')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]
