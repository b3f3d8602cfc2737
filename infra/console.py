"""What every command shares: one way to print, to fail, to show progress, and to speak the person's language.

A command prints for a person by default and one JSON document with `--json`. It exits 0 when done, 1 when data or
policy refused (or a service is not there), 2 on wrong use. An error is one sentence with a code and a remedy, never a
traceback.
"""

import atexit
import contextlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, NoReturn, TypeVar

import click

from infra.click_words import wrong_use
from infra.errors import HubError, Refused, WrongUse
from infra.language import Text, language

F = TypeVar("F", bound=Callable[..., Any])
Step = Callable[[str, int, int], None]
"""Told by long work of several rounds: what begins, which round of it, of how many."""

_JSON = "hub.json"
_REMARKS = "hub.remarks"


def help_text(zh: str, en: str) -> str:
    """The half of a help text that the person at the terminal reads."""
    return Text(zh, en).say(language(os.environ))


def json_option(command: F) -> F:
    """Give a command the flag `--json`; `emit` heeds it, so that the command's function does not see it."""

    def remember(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
        if value:
            context.find_root().meta[_JSON] = True

    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=remember,
        help=help_text("输出一个 JSON 文档", "print one JSON document"),
    )(command)


def wants_json() -> bool:
    """Whether the running command was asked for JSON."""
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().meta.get(_JSON))


def emit(_ground: object, value: Any, human: Callable[[Any], str | Iterable[str] | None]) -> None:
    """Print `value`: one JSON document, or what `human(value)` gives (text or lines; None when it printed itself).

    The first argument is the ground or the click context at hand; neither is needed, None will do.
    """
    if wants_json():
        click.echo(json_text(value))
        return
    said = human(value)
    if said is None:
        return
    for line in [said] if isinstance(said, str) else said:
        click.echo(line)


def remark(said: Text) -> None:
    """Tell the person at a command something beside its answer: a line on standard error, once, and none with `--json`.

    Where no command runs (a service's own process, a test, a task of the schedule) nobody is told.
    """
    context = click.get_current_context(silent=True)
    if context is None or wants_json():
        return
    told = context.find_root().meta.setdefault(_REMARKS, set())
    if said not in told:
        told.add(said)
        click.echo(said.say(language(os.environ)), err=True)


def json_text(value: Any) -> str:
    """`value` as one indented JSON document: dataclasses, enums, paths, dates and bilingual texts included."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain, allow_nan=False)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    return str(value)


_CONVERSIONS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (HubError, lambda error: error.as_dict(language(os.environ))),
    (Enum, lambda member: member.value),
    (datetime | date, lambda instant: instant.isoformat()),
    (set | frozenset, sorted),
    (Mapping, dict),
)


def table(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> str:
    """`rows` under `columns` as aligned text, numbers to the right; wide characters count twice, nothing is cut."""
    from rich.cells import cell_len  # noqa: PLC0415 - only where a table is printed

    held = [list(row) for row in rows]
    cells = [[str(column) for column in columns], *([_cell(value) for value in row] for row in held)]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(columns))]
    right = [{type(row[i]) for row in held} - {type(None)} in ({int}, {float}) for i in range(len(columns))]

    def line(row: Sequence[str]) -> str:
        blanks = [" " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)]
        padded = (gap + text if end else text + gap for text, gap, end in zip(row, blanks, right, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join([line(cells[0]), "  ".join("─" * width for width in widths), *map(line, cells[1:])])


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    # A control character in data must not move the terminal's cursor or change its colours.
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def confirmed(question: Text, *, default: bool = False) -> bool:
    """What the person answers to `question`; where nobody can answer, how to say it beforehand.

    Raises:
        click.UsageError: no terminal, and no answer on standard input.
    """
    try:
        return click.confirm(question.say(language(os.environ)), default)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.UsageError(help_text("无人回答；加 --yes 不再询问", "nobody answers; --yes does not ask")) from None


@contextlib.contextmanager
def progress(description: str) -> Iterator[Callable[[str], None]]:
    """Show that work goes on: a spinner on standard error, on a terminal alone.

    Gives a function that changes the description.
    """
    if not sys.stderr.isatty() or wants_json():
        yield lambda _text: None
        return
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.text import Text as Styled  # noqa: PLC0415

    with Console(stderr=True).status(Styled(description)) as status:
        yield lambda text: status.update(Styled(text))


def command_errors(run: Callable[[], Any], arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command and turn whatever it raises into one sentence, or one JSON document, and an exit status.

    `HUB_DEBUG=1` adds the traceback of an unexpected error, for developers.
    """
    try:
        status = run()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as bare:
        click.echo(bare.format_message(), err=True)
        return bare.exit_code
    except BrokenPipeError:
        # The reader of our output has gone; nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:
        ours, exit_status = _as_ours(error)
        if ours.code == "INTERNAL" and environ.get("HUB_DEBUG") == "1":
            traceback.print_exc()
        lang = language(environ)
        if "--json" in arguments:
            click.echo(json_text({"error": ours.as_dict(lang)}))
        else:
            click.echo(ours.sentence(lang), err=True)
        return exit_status
    return status if isinstance(status, int) else 0


def leave(status: int) -> NoReturn:
    """End the process as the interpreter would, but for taking its modules apart, which takes up to a second."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:  # whoever read it has gone
            continue
        except (OSError, ValueError):
            status = status or 120  # what the interpreter says when its output was lost
    os._exit(status)


def _as_ours(error: BaseException) -> tuple[HubError, int]:
    """The error of our family that says the same, and the exit status."""
    if isinstance(error, HubError):
        return error, error.exit_status
    if isinstance(error, click.ClickException):
        said = wrong_use(error)
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "hub"
        return WrongUse("USAGE", said.zh, said.en, remedy=Text(f"参见 {where} --help", f"see {where} --help")), 2
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return Refused("INTERRUPTED", "已中断", "interrupted"), 130
    kind = type(error).__name__
    remedy = Text("设 HUB_DEBUG=1 重试，并附输出报告", "try again with HUB_DEBUG=1 and report what it prints")
    return Refused("INTERNAL", f"程序内部错误（{kind}）", f"an error inside the program ({kind})", remedy=remedy), 1
