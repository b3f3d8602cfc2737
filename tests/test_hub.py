"""The front door: every command is there, speaks both languages, answers in JSON and starts lightly."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import hub

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("airflow", "duckdb", "deltalake", "great_expectations", "pandas", "pyarrow", "datahub", "fastapi", "minio")


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from leaves(inner, (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(leaves(hub.hub))


def run(*arguments: str, lang: str = "en", cwd: Path = ROOT, **more: str) -> "subprocess.CompletedProcess[str]":
    environ = {"PATH": os.environ["PATH"], "HUB_LANG": lang, "HOME": str(cwd), **more}
    command = [sys.executable, "-m", "hub", *arguments]
    environ["PYTHONPATH"] = str(ROOT)
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ, cwd=cwd, check=False)


def test_the_design_s_commands_are_there() -> None:
    assert {
        "demo", "up", "catalog check", "catalog register", "catalog list", "catalog show", "contract check",
        "contract list", "contract suite", "ingest", "run", "quarantine list", "quarantine show", "query",
        "lake history", "lake compact", "share apply", "share precheck", "share approve", "share refuse", "share sign",
        "share issue", "share revoke", "share list", "ledger show", "ledger verify", "ledger prove", "ledger export",
        "bench ingest", "bench extract", "bench ledger", "bench policy", "doctor",
    } <= set(COMMANDS)  # fmt: skip


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_answers_in_json_and_explains_itself(name: str) -> None:
    command = COMMANDS[name]
    flags = {flag for parameter in command.params for flag in parameter.opts}
    assert "--json" in flags
    assert command.help
    assert [p.opts for p in command.params if isinstance(p, click.Option) and not p.help] == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_help_names_every_command_in_the_person_s_language(lang: str) -> None:
    shown = run("--help", lang=lang).stdout
    for name, (_, zh, en) in hub.COMMANDS.items():
        assert re.search(rf"^  {name} ", shown, re.MULTILINE)
        assert (zh if lang == "zh" else en) in shown


SPEAKING = """
import json, click, hub
from test_hub import leaves
said = {}
for name, command in leaves(hub.hub):
    said[name] = command.help
    for option in command.params:
        if isinstance(option, click.Option) and "--help" not in option.opts:
            said[f"{name} {option.opts[0]}"] = option.help
print(json.dumps(said))
"""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_help_speaks_the_person_s_language(lang: str) -> None:
    environ = {"PATH": os.environ["PATH"], "HUB_LANG": lang, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    ran = subprocess.run([sys.executable, "-c", SPEAKING], capture_output=True, timeout=60, env=environ, check=True)
    said = json.loads(ran.stdout)
    assert len(said) > 100
    chinese = re.compile(r"[\u4e00-\u9fff]")
    other = {name: text for name, text in said.items() if bool(chinese.search(text)) != (lang == "zh")}
    assert set(other) <= {"share applicant --protection-grade"}, "等保 is the name of the thing"


@pytest.mark.parametrize("arguments", [("--help",), ("catalog", "list"), ("ingest", "--help"), ("share", "--help")])
def test_start_up_loads_no_heavy_library(arguments: tuple[str, ...], tmp_path: Path) -> None:
    code = (
        "import sys, hub\n"
        "try:\n    hub.main(sys.argv[1:])\n"
        "except SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    environ = {"PATH": os.environ["PATH"], "HUB_HOME": str(tmp_path / "home"), "HUB_DEMO": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ, check=False)
    assert ran.stderr.splitlines()[-1] == "[]"


def test_wrong_use_is_one_sentence_and_two(tmp_path: Path) -> None:
    ran = run("ingest", cwd=tmp_path)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    ran = run("query", "--json", "--nothing", cwd=tmp_path)
    assert ran.returncode == 2
    assert set(json.loads(ran.stdout)["error"]) == {"code", "message", "place", "remedy", "reasons"}


def test_a_home_that_nobody_named_is_told(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    made = run("catalog", "register", cwd=tmp_path)
    home = tmp_path / ".cityhub"
    assert made.stderr == f"made {home} (HUB_HOME names another)\n"
    assert run("catalog", "list", cwd=tmp_path).stderr == "", "it is where one stands"
    assert run("catalog", "list", cwd=deep).stderr == f"using {home}, found above (HUB_HOME names another)\n"
    assert run("catalog", "list", cwd=deep, lang="zh").stderr == f"使用上级目录中的 {home}（可用 HUB_HOME 另行指明）\n"
    assert run("catalog", "list", "--json", cwd=deep).stderr == ""
    named = run("catalog", "list", cwd=deep, HUB_HOME=str(home))
    assert (named.stderr, named.returncode) == ("", 0)


def test_completion_knows_the_commands() -> None:
    environ = {"PATH": os.environ["PATH"], "COMP_WORDS": "hub le", "COMP_CWORD": "1", "_HUB_COMPLETE": "bash_complete"}
    program = Path(sys.executable).with_name("hub")
    ran = subprocess.run([program], capture_output=True, text=True, timeout=60, env=environ, check=False)
    assert ran.stdout.split() == ["plain,ledger"]


def test_the_readme_names_only_commands_that_exist() -> None:
    groups = {name.split()[0] for name in COMMANDS}
    for readme in ("README.md", "README.zh-CN.md"):
        text = (ROOT / readme).read_text(encoding="utf-8")
        code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
        named = set(re.findall(r"(?<![\w/.-])hub ([a-z]+(?: [a-z-]+(?:\|[a-z-]+)*)?)", code))
        assert len(named) > 10
        for words in named:
            first, _, rest = words.partition(" ")
            assert first in groups, f"{readme}: hub {words}"
            known = {name.partition(" ")[2] for name in COMMANDS if name.split()[0] == first} - {""}
            if known and rest:
                assert set(rest.split("|")) <= known, f"{readme}: hub {words}"


LEAVING = """
import atexit, sys, threading, time
from infra.console import leave
atexit.register(lambda: print("atexit"))
threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
print("main")
leave({status})
"""


@pytest.mark.parametrize("status", [0, 2])
def test_leaving_waits_for_threads_runs_what_is_to_be_run_and_prints_all(status: int) -> None:
    program = LEAVING.format(status=status)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.split(), done.stderr, done.returncode) == (["main", "thread", "atexit"], "", status)


def test_output_that_was_lost_is_a_failure() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", LEAVING.format(status=0)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, env=environ, timeout=60, check=False)
    assert done.returncode == 120
