"""Install cityhub from a clone with nothing but Python 3.11 and pip, then do one thing with it.

    python3.11 infra/setup.py demo [options of `hub demo`]   install, then show the main job, start to end
    python3.11 infra/setup.py test [options of pytest]       install the test tools too, then prove the promises
    python3.11 infra/setup.py install                        install only, and after an upgrade

It promises: only the standard library is imported; versions are those of `infra/constraints*.txt`; nothing is left
outside the clone (pip's cache is `.pip-cache`, unless PIP_CACHE_DIR names another); running it again changes nothing
that is already right. Three environments come to be: `.venv` (cityhub), `.firm` (an AI firm's own, with the stock
`delta-sharing` client and nothing of ours) and, for `test`, `.judges/*` (public validators whose pinned versions do not
fit beside ours).
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JUDGES = ("datacontract", "pycanon")


def main(arguments: list[str]) -> int:
    """Install what the first argument needs, then run it with the rest; the exit status is that of the last command."""
    task, *rest = arguments or ["install"]
    if task not in {"demo", "test", "install"}:
        print(__doc__, file=sys.stderr)
        return 2
    if sys.version_info[:2] != (3, 11):
        print(f"cityhub needs Python 3.11 (需要 Python 3.11); this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    extra = "[test]" if task == "test" else ""
    python = environment(".venv", "constraints.txt", ["-e", f"{ROOT}{extra}"])
    firm = environment(
        ".firm", "constraints-judge-delta-sharing.txt", ["-r", str(ROOT / "infra/judge-delta-sharing.in")]
    )
    if task == "install":
        print(f". {python.parent / 'activate'}; hub --help")
        return 0
    settings = {**os.environ, "HUB_FIRM_PYTHON": str(firm)}
    command = [str(python.parent / "hub"), "demo"]
    if task == "test":
        command = [str(python), "-m", "pytest"]
        for judge in JUDGES:
            wanted = ["-r", str(ROOT / f"infra/judge-{judge}.in")]
            environment(f".judges/{judge}", f"constraints-judge-{judge}.txt", wanted)
    status = subprocess.run([*command, *rest], cwd=ROOT, env=settings, check=False).returncode
    if task == "demo" and status == 0 and sys.stderr.isatty():
        print(f"$ . {python.parent / 'activate'}", file=sys.stderr)  # `hub`, which was named all along, is there
    return status


def environment(folder: str, constraints: str, wanted: list[str]) -> Path:
    """Return the interpreter of the virtual environment `folder`, made or brought up to date when its pins changed."""
    home = ROOT / folder
    python = home / "bin" / "python"
    pins = ROOT / "infra" / constraints
    sources = pins.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + repr(wanted).encode()
    stamp, digest = home / "installed", hashlib.sha256(sources).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == digest:
        return python
    print(f"installing {folder}, some minutes (安装，需几分钟) ...", file=sys.stderr, flush=True)
    if not python.exists():
        venv.create(home, with_pip=True, symlinks=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", str(pins), *wanted]
    subprocess.run(pip, cwd=ROOT, env={"PIP_CACHE_DIR": str(ROOT / ".pip-cache"), **os.environ}, check=True)
    stamp.write_text(digest)
    return python


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
