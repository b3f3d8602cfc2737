import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import click
import pytest

from infra.console import command_errors, emit, help_text, json_option, progress, remark, table
from infra.errors import Place, Refused, Unavailable, WrongUse
from infra.language import Text

REFUSAL = Refused(
    "PROBE_NO", "不行", "no", place=Place(row=3), remedy=Text("重做", "again"), reasons=[Text("因", "why")]
)


def command(body: Callable[[], None]) -> click.Command:
    @click.group()
    def root() -> None:
        """Stand for the front door."""

    @root.command()
    @click.option("--n", type=int)
    @json_option
    def probe(n: int | None) -> None:
        """Run the body."""
        body()

    return root


def run(body: Callable[[], None], *arguments: str, environ: Mapping[str, str] | None = None) -> int:
    given = ["probe", *arguments]
    root = command(body)
    return command_errors(lambda: root.main(given, prog_name="hub", standalone_mode=False), given, environ or {})


class Colour(Enum):
    RED = "red"


@dataclass
class Value:
    name: str
    at: datetime
    day: date
    colour: Colour
    where: Path
    said: Text
    some: frozenset[str]


VALUE = Value(
    "表", datetime(2026, 5, 1, tzinfo=UTC), date(2026, 5, 1), Colour.RED, Path("/x"), Text("是", "yes"), frozenset("ba")
)


def test_for_a_person_by_default_and_one_document_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    def body() -> None:
        emit(None, VALUE, lambda value: [f"name {value.name}", "second"])

    assert run(body) == 0
    assert capsys.readouterr().out == "name 表\nsecond\n"
    assert run(body, "--json") == 0
    out = capsys.readouterr().out
    assert "表" in out, "Chinese stays readable"
    assert json.loads(out) == {
        "name": "表",
        "at": "2026-05-01T00:00:00+00:00",
        "day": "2026-05-01",
        "colour": "red",
        "where": "/x",
        "said": {"zh": "是", "en": "yes"},
        "some": ["a", "b"],
    }


def test_a_value_that_json_cannot_hold_is_an_error_not_a_wrong_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lambda: emit(None, float("nan"), str), "--json") == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "INTERNAL"


def _raise(error: BaseException) -> Callable[[], None]:
    def body() -> None:
        raise error

    return body


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (REFUSAL, 1, "PROBE_NO"),
        (WrongUse("PROBE_USE", "用错", "wrong"), 2, "PROBE_USE"),
        (Unavailable("PROBE_GONE", "没有", "gone"), 1, "PROBE_GONE"),
        (click.BadParameter("bad"), 2, "USAGE"),
        (click.Abort(), 130, "INTERRUPTED"),
        (KeyboardInterrupt(), 130, "INTERRUPTED"),
        (RuntimeError("s3cretword"), 1, "INTERNAL"),
    ],
)
def test_every_failure_is_one_shape(
    error: BaseException, status: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(_raise(error), "--json") == status
    told = capsys.readouterr()
    shape = json.loads(told.out)
    assert list(shape) == ["error"]
    assert set(shape["error"]) == {"code", "message", "place", "remedy", "reasons"}
    assert shape["error"]["code"] == code
    assert told.err.strip() == ""
    assert run(_raise(error)) == status
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.lstrip().startswith(f"{code}: ")
    assert "Traceback" not in told.err
    assert "s3cretword" not in told.err + json.dumps(shape)


def test_wrong_options_are_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lambda: None, "--n", "many") == 2
    assert "hub probe --help" in capsys.readouterr().err
    assert run(lambda: None, "--nothing") == 2


def test_developers_see_the_traceback_when_they_ask(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(_raise(RuntimeError("x")), environ={"HUB_DEBUG": "1"}) == 1
    assert "Traceback" in capsys.readouterr().err


def test_errors_speak_the_persons_language(capsys: pytest.CaptureFixture[str]) -> None:
    run(_raise(REFUSAL), environ={"HUB_LANG": "zh"})
    assert capsys.readouterr().err == "PROBE_NO: 不行（第 3 行）\n  - 因\n  处理办法：重做\n"


def test_help_speaks_the_persons_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_LANG", "zh")
    assert help_text("帮助", "help") == "帮助"
    monkeypatch.setenv("HUB_LANG", "en")
    assert help_text("帮助", "help") == "help"


def test_a_table_is_aligned_with_wide_characters_and_cuts_nothing() -> None:
    long = "x" * 300
    rows: list[list[Any]] = [["金水区", 1], ["a", None], [long, "\x1b[31mred\r\n"]]
    lines = table(rows, ["单位", "n"]).splitlines()
    assert len(lines) == 5
    assert lines[2] == "金水区" + " " * (300 - 6) + "  1"
    assert lines[3] == "a"
    assert lines[4] == f"{long}  �[31mred��"


def test_numbers_stand_to_the_right() -> None:
    assert table([["a", 7], ["b", 1234], ["c", None]], ["set", "读入"]).splitlines() == [
        "set  读入",
        "───  ────",
        "a       7",
        "b    1234",
        "c",
    ]


def test_a_remark_is_made_once_to_a_person_and_never_to_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    def body() -> None:
        remark(Text("说", "said"))
        remark(Text("说", "said"))
        emit(None, {"x": 1}, lambda _: "x")

    assert run(body) == 0
    assert capsys.readouterr() == ("x\n", "said\n")
    assert run(body, "--json") == 0
    assert capsys.readouterr().err == ""
    remark(Text("说", "said"))
    assert capsys.readouterr() == ("", ""), "where no command runs, nobody is told"


def test_progress_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("working") as say:
        say("more")
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    script = (
        "import sys, click; from infra.console import command_errors\n"
        "def run():\n    for n in range(100000): click.echo('line %d' % n)\n"
        "sys.exit(command_errors(run, [], {}))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(timeout=30) == 0
